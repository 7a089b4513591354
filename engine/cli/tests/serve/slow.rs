//! Providers that outlast the turn: the caller hears so, and gets the answer later, from whichever
//! process.

use std::time::Duration;

use serde_json::json;

use crate::desk::{Desk, Pace};
use crate::server::Site;

fn said(text: &str) -> serde_json::Value {
    json!({"event": "said", "text": text})
}

#[test]
fn a_provider_that_takes_fifteen_seconds_is_waited_for_through_comfort_prompts() {
    let desk = Desk::start(Pace::After(Duration::from_secs(15)));
    let site = Site::desk(desk.url(), "40s");
    let server = site.start();
    server.call("c-1", json!({}));
    let first = server.event("c-1", 1, said("The printer burns")).json();
    assert_eq!(first["then"]["action"], "wait", "{first}");
    assert_eq!(first["say"][0]["text"], "One moment please, I am checking.");
    let (last, waits) = server.resume("c-1", first);
    assert_eq!(last["say"][0]["text"], "Your ticket is 1000.");
    assert_eq!(last["status"], "ended");
    assert!(waits >= 2, "{waits}");
    assert_eq!((desk.requests(), desk.tickets()), (1, 1));
    let node =
        |figure: &str| server.figure(figure, "plugin=\"ticketing-zendesk\",port=\"created\"");
    assert_eq!(node("dialgraph_node_seconds_count"), 1.0);
    let took = node("dialgraph_node_seconds_sum");
    assert!(took >= 15.0, "waiting over several turns is the node's: {took} s");
}

#[test]
fn a_reply_that_came_after_its_turn_is_used_by_another_process() {
    let desk = Desk::start(Pace::After(Duration::from_secs(3)));
    let site = Site::desk(desk.url(), "50s").set("DIALGRAPH_TURNS__BUDGET", "500ms");
    site.add_to_project("comfort: {en-US: Let me look.}\n");
    let first = site.start();
    first.call("c-1", json!({}));
    let waiting = first.event("c-1", 1, said("The printer burns")).json();
    assert_eq!(waiting["then"]["action"], "wait");
    assert_eq!(waiting["say"][0]["text"], "Let me look.");
    first.wait_until("the late reply is kept", |server| {
        desk.answered() == 1 && server.figure("dialgraph_late_replies", "") == 0.0
    });
    first.kill();

    let second = site.start();
    let (last, _) = second.resume("c-1", waiting);
    assert_eq!(last["say"][0]["text"], "Your ticket is 1000.");
    assert_eq!(desk.requests(), 1, "nobody was asked a second time");
}

#[test]
fn the_first_process_is_killed_while_the_provider_works_and_another_goes_on() {
    let desk = Desk::start(Pace::After(Duration::from_secs(15)));
    let site = Site::desk(desk.url(), "50s");
    let first = site.start();
    first.call("c-1", json!({}));
    let waiting = first.event("c-1", 1, said("The printer burns")).json();
    assert_eq!(waiting["then"]["action"], "wait");
    assert_eq!(desk.requests(), 1);
    first.kill();

    let second = site.start();
    let (last, waits) = second.resume("c-1", waiting);
    assert_eq!(last["say"][0]["text"], "Your ticket is 1000.");
    assert!(waits >= 2, "{waits}");
    assert_eq!(desk.tickets(), 1, "asked again with the same key: one ticket");
    let shown = second.get("/v1/calls/c-1").json();
    assert_eq!(shown["call"]["disposition"], "ticket-opened");
    assert_eq!(shown["call"]["attributes"]["ticket_id"], "1000");
}

#[test]
fn a_provider_that_never_answers_ends_by_the_nodes_own_limit_at_its_error_port() {
    let desk = Desk::start(Pace::Never);
    let site = Site::desk(desk.url(), "6s").set("DIALGRAPH_TURNS__BUDGET", "1s");
    let server = site.start();
    server.call("c-1", json!({}));
    let first = server.event("c-1", 1, said("The printer burns")).json();
    let (last, waits) = server.resume("c-1", first);
    assert!(waits >= 1, "{waits}");
    assert_eq!(last["then"]["action"], "queue", "{last}");
    assert_eq!(last["then"]["queue"], "general");
    let shown = server.get("/v1/calls/c-1").json();
    let turns = shown["turns"].as_array().unwrap();
    let failed = turns
        .iter()
        .flat_map(|turn| turn["record"]["steps"].as_array().unwrap())
        .find(|step| step["failure"].is_object())
        .unwrap();
    assert_eq!(failed["at"], json!({"flow": "desk", "node": "ticket"}));
    assert_eq!(failed["failure"]["kind"], "timeout");
    assert_eq!(failed["port"], "error");
}
