//! Calls whose caller is gone, and what is left to do for them.
//!
//! A channel tells of most hang-ups, but not of all: flows of Amazon Connect are not told. A call
//! that has had no event for longer than any question waits gets one, `hung_up`, so that its
//! `finally` flow writes the call log and its release can go. A contact that its flow gave away,
//! and that nobody has told of for longer than contacts last, is taken for over. An `after` flow
//! that is due and has not run, for its process ended before, runs.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use dialgraph_base::{CallId, Digest, Timestamp};
use dialgraph_kernel::contact::{ContactEvent, ContactStage};
use dialgraph_kernel::event::Event;
use dialgraph_runtime::{CallsError, OpenCall, Stage, TurnRequest};

use crate::state::App;
use crate::turns::Refused;
use crate::waits;

/// The token of that event; a hang-up that the channel tells of has the same.
pub const HUNG_UP: &str = dialgraph_connect::event::HUNG_UP_TOKEN;

/// The token of the event that a contact is taken for over.
const LOST: &str = "contact-lost";

/// Calls read at once.
const PAGE: u32 = 100;

/// What one round found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Calls in the hands of their flows before it.
    pub open: usize,
    pub ended: usize,
    /// There was no time for all of them.
    pub broken_off: bool,
}

/// Makes rounds for as long as the server lives.
pub(crate) async fn run(app: Weak<App>) {
    loop {
        let Some(every) = app.upgrade().map(|app| app.config.calls.idle_check) else { return };
        tokio::time::sleep(every).await;
        let Some(app) = app.upgrade() else { return };
        if app.turns.is_draining() {
            return;
        }
        match round(&app, None).await {
            Ok(Round { ended: 0, .. }) => {}
            Ok(round) => {
                tracing::info!(round.open, round.ended, "calls whose caller had left were ended");
            }
            Err(error) => tracing::warn!(%error, "calls in progress could not be checked"),
        }
    }
}

/// Counts the calls that earlier processes have left. Before the first turn, for turns count from
/// there.
///
/// # Errors
/// If the store fails.
pub(crate) async fn count(app: &App) -> Result<(), CallsError> {
    let mut open = 0;
    for release in app.releases_with_calls().await? {
        let mut from = None;
        loop {
            let page = app.turns.engine().calls().open_calls(&release, from, PAGE).await?;
            open += in_flow(&page.calls);
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    app.metrics.counted_calls(open);
    Ok(())
}

/// Looks through all calls in progress once, and ends those whose caller is gone. Begins with no
/// further call at `until`; the next round gets further, for what this one has read it need not
/// read again.
///
/// # Errors
/// If the store fails.
pub async fn round(app: &Arc<App>, until: Option<Instant>) -> Result<Round, CallsError> {
    let is_late = || until.is_some_and(|until| Instant::now() >= until);
    let mut round = Round::default();
    for release in app.releases_with_calls().await? {
        let mut from = None;
        loop {
            let page = app.turns.engine().calls().open_calls(&release, from, PAGE).await?;
            round.open += in_flow(&page.calls);
            for OpenCall { id, stage, since, .. } in page.calls {
                if is_late() {
                    round.broken_off = true;
                    return Ok(round);
                }
                match due(app, &id, (stage, since), release).await {
                    Ok(Due::Nothing) => {}
                    Ok(Due::HangUp) => round.ended += usize::from(hang_up(app, id).await),
                    Ok(Due::Close) => close(app, id).await,
                    Ok(Due::After) => app.turns.run_after(id),
                    // The others can be, and their callers are gone all the same.
                    Err(error) if error.is_of_call() => {
                        tracing::error!(call = %id, %error, "a call in progress cannot be read");
                    }
                    Err(error) => return Err(error),
                }
            }
            match page.next {
                Some(next) => from = Some(next),
                None => break,
            }
            // Rounds have time; turns have not.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let limit = u64::try_from(app.config.calls.idle_limit.as_millis()).unwrap_or(u64::MAX);
    let forgotten = app.clock.millis().saturating_sub(limit.saturating_mul(2));
    app.turns.activity().forget_before(forgotten);
    app.metrics.counted_calls(round.open - round.ended);
    Ok(round)
}

/// What is to be done for a call now.
enum Due {
    Nothing,
    /// Its caller has left the flow.
    HangUp,
    /// Its contact is taken for over.
    Close,
    /// Its `after` flow is to run.
    After,
}

/// Calls that their flows have in hand.
fn in_flow(calls: &[OpenCall]) -> usize {
    calls.iter().filter(|call| call.stage == Stage::Flow).count()
}

async fn due(
    app: &App,
    id: &CallId,
    (stage, since): (Stage, Option<Timestamp>),
    release: Digest,
) -> Result<Due, CallsError> {
    let before = |limit: Duration| {
        let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        app.clock.millis().saturating_sub(limit)
    };
    let (idle, lost) =
        (before(app.config.calls.idle_limit), before(app.config.calls.contact_limit));
    let activity = app.turns.activity();
    // Most calls need not be read: they had their last event here, or what they wait for is younger
    // than its limit. An `after` flow runs where its contact ended; others leave it a round's time.
    let (last, limit) = match stage {
        Stage::Flow => (activity.last(id), idle),
        Stage::Contact => (since.map(|since| since.0), lost),
        Stage::After => (since.map(|since| since.0), before(app.config.calls.idle_check)),
    };
    if last.is_some_and(|last| last > limit) {
        return Ok(Due::Nothing);
    }
    let calls = app.turns.engine().calls();
    let Some(loaded) = calls.load(id).await? else {
        calls.forget_open(id, release).await?;
        return Ok(Due::Nothing);
    };
    let call = loaded.call;
    if call.is_after_due() {
        return Ok(Due::After);
    }
    if call.is_settled() {
        return Ok(Due::Nothing);
    }
    let last = call.last_turn_at.max(call.started_at);
    activity.note(id, call.channel(), last.0);
    // Nobody tells of a conversation outside before it is over: like a contact that was given away.
    let is_left_alone = !call.is_in_flow() || call.is_rung();
    Ok(match is_left_alone {
        true if last.0 <= lost => Due::Close,
        false if last.0 <= idle => Due::HangUp,
        _ => Due::Nothing,
    })
}

/// Takes the contact for over. A later round, or another process, does if this cannot.
async fn close(app: &Arc<App>, id: CallId) {
    let event = Event::Contact(ContactEvent::new(ContactStage::Lost));
    match app.turns.handle(TurnRequest::event(id.clone(), event, LOST)).await {
        Ok(_) => {
            tracing::warn!(call = %id, "nothing was heard of a contact for `calls.contact_limit`: it is taken for over");
        }
        Err(Refused::Busy | Refused::Draining | Refused::Late) => {}
        Err(error) => tracing::warn!(call = %id, %error, "a contact could not be taken for over"),
    }
}

async fn hang_up(app: &Arc<App>, id: CallId) -> bool {
    match app.turns.handle(TurnRequest::event(id.clone(), Event::HungUp, HUNG_UP)).await {
        // Told before, by the channel or another process, and answered then.
        Ok(answered) if answered.repeated => false,
        Ok(answered) => {
            waits::note(app, &answered).await;
            app.metrics.reaped();
            true
        }
        // A later round, or another process, will.
        Err(Refused::Busy | Refused::Draining | Refused::Late) => false,
        Err(error) => {
            tracing::warn!(call = %id, %error, "a call without a caller could not be ended");
            false
        }
    }
}
