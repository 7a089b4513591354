//! What became of a queue's promise, when a contact that was in the queue is over.

use std::time::Duration;

use dialgraph_kernel::contact::ContactStage;
use dialgraph_kernel::event::Event;

use crate::state::App;
use crate::turns::Answered;

/// Compares the time in a queue with what the queue promised when the call was given to it, once:
/// with the event that ends the contact.
pub(crate) async fn note(app: &App, answered: &Answered) {
    let ends = match &answered.record.event {
        Event::HungUp => true,
        Event::Contact(event) => event.stage == ContactStage::Ended,
        _ => false,
    };
    let call = &answered.call;
    if answered.repeated || !ends || !call.is_over() {
        return;
    }
    let (Some(queue), Some(contact)) = (call.status.queue(), &call.contact) else { return };
    let Some(waited) = contact.waited() else { return };
    let release = app.release_of(call).await;
    let sla = release.and_then(|release| release.queues.get(queue)?.sla);
    let answered = contact.connected_at.is_some();
    app.metrics.queue_wait(queue, sla, Duration::from_millis(waited), answered);
}
