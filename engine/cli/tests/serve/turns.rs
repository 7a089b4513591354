//! One execution and one answer for each event, however often and in whatever order it comes.

use serde_json::{Value, json};

use crate::desk::{Desk, Pace};
use crate::server::{Server, Site, holds};

/// Connect's event for a contact, with what the bridge flow passes.
pub(crate) fn event(contact: &str, parameters: Value) -> Value {
    json!({
        "Name": "ContactFlowEvent",
        "Details": {
            "ContactData": {
                "Attributes": {},
                "AwsRegion": "ap-northeast-2",
                "Channel": "VOICE",
                "ContactId": contact,
                "CustomerEndpoint": {"Address": "+821000000101", "Type": "TELEPHONE_NUMBER"},
                "CustomerId": null,
                "InitialContactId": contact,
                "InitiationMethod": "INBOUND",
                "InstanceARN": "arn:aws:connect:ap-northeast-2:111122223333:instance/x",
                "LanguageCode": "ko-KR",
                "MediaStreams": {"Customer": {"Audio": null}},
                "Queue": null,
                "SystemEndpoint": {"Address": "+82200000000", "Type": "TELEPHONE_NUMBER"}
            },
            "Parameters": parameters
        }
    })
}

fn turn(server: &Server, contact: &str, parameters: Value) -> Value {
    let reply = server.post("/v1/connect/turn", &event(contact, parameters));
    assert_eq!(reply.status, 200, "{reply:?}");
    let map = reply.json();
    assert!(reply.text.len() < 32 << 10);
    for (key, value) in map.as_object().unwrap() {
        assert!(value.as_str().is_some_and(|value| !value.is_empty()), "{key} = {value}");
    }
    map
}

#[test]
fn a_contact_is_led_through_the_shipped_flows_to_a_queue() {
    let server = Site::shipped().start();
    let first = turn(&server, "contact-1", json!({}));
    assert_eq!((&first["action"], &first["turn"]), (&json!("listen"), &json!("1")));
    let did = json!({"did": "said", "input": "상담원 연결해 주세요", "turn": "1"});
    let second = turn(&server, "contact-1", did.clone());
    assert_eq!((&second["action"], &second["turn"]), (&json!("queue"), &json!("2")));

    assert_eq!(turn(&server, "contact-1", did), second, "delivered again, answered again");
    let failed = json!({"did": "failed", "input": "no such queue", "turn": "2"});
    let third = turn(&server, "contact-1", failed);
    assert_eq!(third["turn"], "3");
    let shown = server.get("/v1/calls/contact-1").json();
    assert_eq!(shown["call"]["turn"], 3);
    assert_eq!(shown["call"]["from"], "+821000000101");
}

#[test]
fn a_contact_that_comes_back_goes_on_or_begins_anew_and_never_in_a_circle() {
    let server = Site::desk("http://127.0.0.1:9", "1s").start();
    let silent = |turn: &str| json!({"did": "silent", "turn": turn});
    let first = turn(&server, "contact-1", json!({}));
    assert_eq!(turn(&server, "contact-1", json!({})), first, "delivered again, answered again");
    let second = turn(&server, "contact-1", silent("1"));
    assert_eq!((&second["action"], &second["turn"]), (&json!("listen"), &json!("2")));
    assert_eq!(turn(&server, "contact-1", json!({})), second, "the call goes on where it was");
    turn(&server, "contact-1", silent("2"));
    let last = turn(&server, "contact-1", silent("3"));
    assert_eq!((&last["action"], &last["turn"]), (&json!("queue"), &json!("4")));

    let anew = turn(&server, "contact-1", json!({}));
    assert_eq!((&anew["action"], &anew["turn"]), (&json!("listen"), &json!("2.1")));
    assert_eq!(anew["prompt"], first["prompt"]);
    assert_eq!(turn(&server, "contact-1", json!({})), anew, "delivered again, answered again");
    let next = turn(&server, "contact-1", silent("2.1"));
    assert_eq!((&next["turn"], &next["prompt"]), (&json!("2.2"), &second["prompt"]));
    assert_eq!(server.get("/v1/calls/contact-1").json()["call"]["turn"], 4, "it is as it was");

    let gone = json!({
        "detail-type": "Amazon Connect Contact Event",
        "detail": {"eventType": "DISCONNECTED", "contactId": "contact-1", "channel": "VOICE"}
    });
    let gone = server.post("/v1/connect/turn", &gone).json();
    assert_eq!((&gone["action"], &gone["turn"]), (&json!("disconnect"), &json!("2.3")));
    for (id, disposition) in [("contact-1", "queued"), ("contact-1.2", "abandoned")] {
        let call = server.get(&format!("/v1/calls/{id}")).json()["call"].clone();
        assert_eq!((&call["status"], &call["disposition"]), (&json!("ended"), &json!(disposition)));
    }
}

#[test]
fn what_a_queue_promises_is_held_against_what_connect_tells_of_the_wait() {
    let server = Site::desk("http://127.0.0.1:9", "1s").start();
    for contact in ["contact-1", "contact-2", "contact-3"] {
        for turns in ["", "1", "2", "3"] {
            let did =
                if turns.is_empty() { json!({}) } else { json!({"did": "silent", "turn": turns}) };
            turn(&server, contact, did);
        }
    }
    let over = |contact: &str, waited: &str, answered: bool| {
        let agent = json!({"connectedToAgentTimestamp": waited});
        let detail = json!({
            "eventType": "DISCONNECTED", "contactId": contact, "channel": "VOICE",
            "queueInfo": {"enqueueTimestamp": "2026-11-20T01:00:00.000Z"},
            "agentInfo": if answered { agent } else { Value::Null },
            "disconnectTimestamp": waited,
        });
        let news = json!({"detail-type": "Amazon Connect Contact Event", "detail": detail});
        assert_eq!(server.post("/v1/connect/turn", &news).status, 200);
    };
    let left = |promise: &str| {
        let labels = format!("queue=\"general\",promise=\"{promise}\"");
        server.figure("dialgraph_queue_left_total", &labels)
    };
    // The queue promises a quarter of an hour.
    over("contact-1", "2026-11-20T01:14:00.000Z", true);
    over("contact-1", "2026-11-20T01:14:00.000Z", true);
    over("contact-2", "2026-11-20T01:16:00.000Z", true);
    over("contact-3", "2026-11-20T01:02:00.000Z", false);
    over("contact-9", "2026-11-20T01:02:00.000Z", false);
    assert_eq!((left("met"), left("missed"), left("abandoned")), (1.0, 1.0, 1.0));
    assert_eq!(server.figure("dialgraph_queue_wait_seconds_sum", "queue=\"general\""), 1920.0);
}

#[test]
fn an_event_of_another_moment_gets_the_latest_answer_and_changes_nothing() {
    let server = Site::shipped().start();
    turn(&server, "contact-1", json!({}));
    let second = turn(&server, "contact-1", json!({"did": "pressed", "input": "1", "turn": "1"}));
    assert_eq!(second["turn"], "2");
    for wrong in ["7", "0"] {
        let answer =
            turn(&server, "contact-1", json!({"did": "pressed", "input": "2", "turn": wrong}));
        assert_eq!(answer, second, "turn {wrong}");
    }
    assert_eq!(server.get("/v1/calls/contact-1").json()["call"]["turn"], 2);
}

#[test]
fn concurrent_deliveries_of_one_event_are_executed_once() {
    let desk = Desk::start(Pace::After(std::time::Duration::from_millis(500)));
    let server = Site::desk(desk.url(), "20s").start();
    turn(&server, "contact-1", json!({}));
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let deliveries: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let did = json!({"did": "said", "input": "The printer burns", "turn": "1"});
                    turn(&server, "contact-1", did)
                })
            })
            .collect();
        deliveries.into_iter().map(|delivery| delivery.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(answers[0]["turn"], "2");
    assert_eq!(desk.requests(), 1);
    assert_eq!(server.figure("dialgraph_turns_total", "outcome=\"repeated\""), 7.0);
}

#[test]
fn a_contact_that_nobody_can_talk_to_is_given_to_people() {
    let server = Site::shipped().start();
    let mut task = event("contact-1", json!({}));
    task["Details"]["ContactData"]["Channel"] = json!("TASK");
    task["Details"]["ContactData"]["CustomerEndpoint"] = Value::Null;
    let reply = server.post("/v1/connect/turn", &task);
    assert_eq!(reply.status, 200);
    let map = reply.json();
    assert_eq!((&map["action"], &map["queue"]), (&json!("fallback"), &json!("general")));
    assert_eq!(map["reason"], "channel-not-served");
    assert_eq!(server.figure("dialgraph_fallback_answers_total", "channel-not-served"), 1.0);
}

#[test]
fn an_event_of_a_call_that_is_over_ends_the_contact() {
    let server = Site::shipped().start();
    turn(&server, "contact-1", json!({}));
    let gone = json!({
        "detail-type": "Amazon Connect Contact Event",
        "detail": {"eventType": "DISCONNECTED", "contactId": "contact-1", "channel": "VOICE"}
    });
    assert_eq!(server.post("/v1/connect/turn", &gone).status, 200);
    let late = turn(&server, "contact-1", json!({"did": "pressed", "input": "1", "turn": "1"}));
    assert_eq!(late["action"], "disconnect");
}

#[test]
fn news_of_contacts_that_are_no_calls_are_nobody_given_to_people() {
    let server = Site::shipped().start();
    for channel in ["VOICE", "CHAT", "TASK", "EMAIL"] {
        let gone = json!({
            "detail-type": "Amazon Connect Contact Event",
            "detail": {"eventType": "DISCONNECTED", "contactId": "contact-9", "channel": channel}
        });
        let reply = server.post("/v1/connect/turn", &gone);
        assert_eq!((reply.status, &reply.json()["action"]), (200, &json!("disconnect")));
    }
    assert_eq!(server.figure("dialgraph_fallback_answers_total", ""), 0.0);
    server.terminate();
    let (_, log) = server.ended();
    assert!(!log.contains("fallback queue"), "{log}");
}

#[test]
fn a_call_of_another_channel_goes_by_turns() {
    let server = Site::shipped().start();
    let first = server.post("/v1/calls", &json!({"channel": "voice", "id": "c-1"}));
    assert_eq!(first.status, 201);
    assert!(first.head.contains("location: /v1/calls/c-1"), "{}", first.head);
    let again = server.post("/v1/calls", &json!({"channel": "voice", "id": "c-1"}));
    assert_eq!((again.status, &again.json()["repeated"]), (200, &json!(true)));

    let pressed = json!({"event": "pressed", "keys": "1"});
    let second = server.event("c-1", 1, pressed.clone()).json();
    assert_eq!((&second["turn"], &second["repeated"]), (&json!(2), &json!(false)));
    let again = server.event("c-1", 1, pressed).json();
    assert_eq!((&again["turn"], &again["repeated"]), (&json!(2), &json!(true)));
    let early = server.event("c-1", 5, json!({"event": "silent"}));
    assert_eq!(early.status, 409);
    insta::assert_json_snapshot!(early.json(), @r#"
    {
      "type": "urn:dialgraph:problem:out-of-order",
      "title": "Conflict",
      "status": 409,
      "detail": "the event answers turn 5, but the call's last turn is 2",
      "turn": 2
    }
    "#);
    let gone = server.event("c-1", 1, json!({"event": "hung_up"})).json();
    assert_eq!(gone["status"], "ended");
    let over = server.event("c-1", 3, json!({"event": "silent"}));
    assert_eq!(
        (over.status, &over.json()["type"]),
        (409, &json!("urn:dialgraph:problem:call-ended"))
    );
    let unknown = server.event("c-2", 1, json!({"event": "silent"}));
    assert_eq!(unknown.status, 404);
    assert_eq!(server.get("/v1/calls/c-2").status, 404);
}

#[test]
fn what_a_flow_marks_as_sensitive_is_not_shown() {
    let server = Site::desk("http://127.0.0.1:9", "1s").start();
    server.call("c-1", json!({"flow": "pin", "channel": "voice"}));
    server.event("c-1", 1, json!({"event": "pressed", "keys": "8352"}));
    server.event("c-1", 2, json!({"event": "said", "text": "marigold"}));
    let reply = server.get("/v1/calls/c-1");
    let shown = reply.json();
    assert_eq!(shown["call"]["attributes"]["pin"], Value::Null);
    assert_eq!(shown["call"]["attributes"]["word"], "marigold");
    assert_eq!(shown["turns"][1]["record"]["event"]["pressed"], "");
    assert_eq!(shown["turns"][2]["record"]["event"]["said"]["text"], "marigold");
    assert!(!holds(&reply.text, "8352"), "{}", reply.text);
    assert_eq!(
        shown["path"],
        json!(["pin/pin", "pin/word", "pin/done", "wrapup/log", "wrapup/done"])
    );
}

#[test]
fn what_is_asked_of_the_world_about_a_sensitive_answer_is_not_shown_either() {
    let server = Site::shipped().start();
    let began = json!({"flow": "customer-auth", "channel": "voice", "locale": "en-US"});
    server.call("c-1", began);
    let events = [
        json!({"event": "said", "text": "Blue Star"}),
        json!({"event": "said", "text": "Marigold"}),
        json!({"event": "pressed", "keys": "111122223333"}),
        json!({"event": "said", "text": "yes"}),
    ];
    let answers: Vec<Value> =
        (1..).zip(events).map(|(turn, event)| server.event("c-1", turn, event).json()).collect();
    assert!(answers[2].to_string().contains("three three three three"), "{}", answers[2]);
    let reply = server.get("/v1/calls/c-1");
    let shown = reply.json();
    let last = shown["turns"].as_array().unwrap().last().unwrap();
    assert_eq!(last["hidden"], json!(["records.search", "records.search"]));
    let together: String = reply.text.chars().filter(|c| !c.is_whitespace()).collect();
    for secret in ["111122223333", "threethree", "Marigold", "@"] {
        assert!(!together.contains(secret), "{secret} is in {}", reply.text);
    }
}

#[test]
fn what_a_turn_that_was_parked_asks_about_a_sensitive_answer_is_not_shown_either() {
    let desk = Desk::start(Pace::After(std::time::Duration::from_secs(1)));
    let site = Site::desk(desk.url(), "20s")
        .file(
            "pin.flow.yaml",
            &format!(
                "flow: pin\nsummary: Opens a ticket with what nobody else may know.\nlocales: [en-US]\nattributes:\n  pin: {{type: string, default: \"\", sensitive: true}}\nstart: pin\nnodes:\n  pin:\n    ask:\n      prompt: {{en-US: Your PIN?}}\n      digits: {{min: 4, max: 4}}\n      sensitive: true\n    save: {{pin: 'default(output.digits, \"\")'}}\n    on: {{digits: ticket, no_input: done, no_match: done}}\n  ticket:\n    use: ticketing-zendesk\n    timeout: 20s\n    config: {{base_url: \"{}\", email: bot@example.com, timeout_ms: 20000}}\n    with: {{request: pin}}\n    on: {{created: done, error: done}}\n  done:\n    end: {{disposition: done}}\n",
                desk.url()
            ),
        )
        .set("DIALGRAPH_TURNS__BUDGET", "200ms");
    let server = site.start();
    server.call("c-1", json!({"flow": "pin", "channel": "voice"}));
    let waiting = server.event("c-1", 1, json!({"event": "pressed", "keys": "8352"})).json();
    assert_eq!(waiting["then"]["action"], "wait", "{waiting}");
    let (last, _) = server.resume("c-1", waiting);
    assert_eq!(last["status"], "ended");
    let reply = server.get("/v1/calls/c-1");
    let turns = reply.json()["turns"].clone();
    let hidden =
        turns.as_array().unwrap().iter().flat_map(|turn| turn["hidden"].as_array().unwrap());
    assert!(hidden.clone().any(|function| function == "http.send"), "{turns}");
    assert!(!holds(&reply.text, "8352"), "{}", reply.text);
}
