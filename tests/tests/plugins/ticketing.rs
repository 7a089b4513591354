//! `ticketing`, as the component that is shipped.

use dialgraph_kernel::plugin::RunResult;
use dialgraph_kernel::ports::{HostCall, HostError};
use serde_json::json;

use crate::components::{Visit, answer, done, load};

#[test]
fn a_ticket_is_opened_under_the_key_of_the_visit() {
    let plugin = load("ticketing", &["tickets"]);
    let config = json!({"priority": {"rules": [{"class": "msp", "priority": "high"}]}});
    let input = json!({"customer_class": "msp", "company": "푸른별", "intent": "Billing", "assignee": "e-101"});
    let mut visit = Visit::new(&plugin, config, |call| {
        let HostCall::TicketsCreate(create) = call else { panic!("{call:?}") };
        assert_eq!(create.idempotency_key, "call-1/1");
        assert_eq!(create.ticket.subject, "[푸른별] Billing");
        assert_eq!(create.ticket.priority, "high");
        assert_eq!(create.ticket.assignee.as_deref(), Some("e-101"));
        assert_eq!(create.ticket.requester_phone.as_deref(), Some("+821000000999"));
        answer("tickets.create", json!({"id": "T-1", "url": null, "duplicate": false}))
    })
    .input(input);
    let created = done(visit.enter());
    assert_eq!((&*created.port, &created.output["ticket_id"]), ("created", &json!("T-1")));
}

#[test]
fn a_desk_that_is_down_can_be_tried_again() {
    let plugin = load("ticketing", &["tickets"]);
    let mut visit = Visit::new(&plugin, json!({}), |_| {
        Err(HostError::unavailable("down", "the desk does not answer"))
    });
    let RunResult::Failed(failure) = visit.enter() else { panic!("an error was expected") };
    assert_eq!((failure.kind.as_str(), &*failure.code), ("retryable", "down"));
}
