//! What becomes of a contact beyond its flow is kept, and its `after` flow runs once, whatever
//! happens to the process.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::desk::{Desk, Pace};
use crate::server::{Reply, Server, Site};
use crate::turns::event;

/// A flow that opens a ticket and writes the log when the contact is over.
fn site(desk: &Desk) -> Site {
    let url = desk.url();
    let flow = format!(
        "flow: closed\nsummary: Opens a ticket and writes the log.\nlocales: [en-US]\nattributes:\n  ticket_id: {{type: string, default: \"\"}}\nstart: ticket\nnodes:\n  ticket:\n    use: ticketing-zendesk\n    timeout: 60s\n    config: {{base_url: \"{url}\", email: bot@example.com, timeout_ms: 60000}}\n    with: {{request: 'default(call.transcript, \"\")'}}\n    save: {{ticket_id: 'default(output.ticket_id, \"\")'}}\n    on: {{created: log, error: log}}\n  log:\n    use: call-log\n    config: {{collection: call_logs}}\n    with: {{path: call.path, resolution: call.disposition, ticket_id: ticket_id, notes: 'default(call.transcript, \"\")', ended_by: 'default(call.ended_by, \"\")', answered: call.answered, answered_by: 'default(call.agent, \"\")', waited_seconds: call.waited}}\n    on: {{logged: done, error: done}}\n  done:\n    end: {{disposition: closed}}\n"
    );
    let site = Site::desk(url, "1s").file("closed.flow.yaml", &flow);
    site.add_to_project("after: closed\n");
    site
}

fn log(server: &Server, call: &str) -> Value {
    server.get(&format!("/v1/collections/call_logs/records/{call}")).json()["data"].clone()
}

fn after(server: &Server, result: &str) -> f64 {
    server.figure("dialgraph_after_total", &format!("result=\"{result}\""))
}

/// A caller who says nothing and is given to the queue; by which turn.
fn queued(server: &Server, call: &str) -> u64 {
    let mut answer = server.call(call, json!({}));
    while answer["then"]["action"] != "queue" {
        assert_eq!(answer["then"]["action"], "ask", "{answer}");
        let turn = answer["turn"].as_u64().unwrap();
        answer = server.event(call, turn, json!({"event": "silent"})).json();
    }
    answer["turn"].as_u64().unwrap()
}

/// As [`Server::post`], of a server that may be gone; whether it answered.
fn post_to(address: SocketAddr, path: &str, body: &Value) -> bool {
    let Ok(mut stream) = std::net::TcpStream::connect(address) else { return false };
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut answer = String::new();
    stream.write_all(head.as_bytes()).is_ok() && stream.read_to_string(&mut answer).is_ok()
}

fn tell(server: &Server, call: &str, news: Value) -> Reply {
    server.post(&format!("/v1/calls/{call}/contact"), &news)
}

#[test]
fn what_connect_tells_of_a_contact_completes_its_log_in_any_order() {
    let server = Site::shipped().start();
    let turn = |parameters: Value| {
        let reply = server.post("/v1/connect/turn", &event("contact-1", parameters));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    };
    turn(json!({}));
    let queued = turn(json!({"did": "said", "input": "상담원 연결해 주세요", "turn": "1"}));
    assert_eq!(queued["action"], "queue");
    assert_eq!(log(&server, "contact-1")["resolution"], "queued");

    let agent = json!({
        "agentArn": "arn:aws:connect:ap-northeast-2:111122223333:instance/x/agent/agent-7",
        "connectedToAgentTimestamp": "2026-11-20T01:02:30.000Z",
    });
    let queue = json!({"enqueueTimestamp": "2026-11-20T01:00:30.000Z", "queueType": "STANDARD"});
    let news = |kind: &str, agent: &Value| {
        let detail = json!({
            "eventType": kind, "contactId": "contact-1", "channel": "VOICE",
            "queueInfo": queue, "agentInfo": agent,
            "disconnectTimestamp": if kind == "DISCONNECTED" { json!("2026-11-20T01:10:00.000Z") } else { Value::Null },
        });
        let news = json!({"detail-type": "Amazon Connect Contact Event", "detail": detail});
        let reply = server.post("/v1/connect/turn", &news);
        assert_eq!(reply.status, 200, "{reply:?}");
    };
    news("CONNECTED_TO_AGENT", &agent);
    news("QUEUED", &Value::Null);
    news("QUEUED", &Value::Null);
    let waiting = server.get("/v1/calls?stage=contact").json();
    assert_eq!(waiting["calls"][0]["contact"]["agent"], "agent-7", "{waiting}");
    assert_eq!(server.get("/v1/calls").json()["calls"], json!([]), "its flow no longer has it");

    news("DISCONNECTED", &agent);
    news("DISCONNECTED", &agent);
    server.wait_until("the after flow has run", |server| after(server, "done") == 1.0);
    // News that come later still change nothing.
    news("CONNECTED_TO_AGENT", &agent);
    let log = log(&server, "contact-1");
    for (field, wanted) in [
        ("answered_by", json!("agent-7")),
        ("waited_seconds", json!(120)),
        ("answered", json!(true)),
        ("ended_by", json!("channel")),
        ("call_end_time", json!("2026-11-20T01:10:00Z")),
    ] {
        assert_eq!(log[field], wanted, "{field}: {log}");
    }
    assert_eq!(server.get("/v1/calls?stage=contact").json()["calls"], json!([]));
    assert_eq!(server.figure("dialgraph_calls_ended_total", "disposition=\"queued\""), 1.0);
    let over = server.figure("dialgraph_contacts_ended_total", "by=\"channel\",answered=\"yes\"");
    assert_eq!((over, after(&server, "done")), (1.0, 1.0));
}

#[test]
fn any_channel_can_tell_what_becomes_of_a_contact() {
    let desk = Desk::start(Pace::After(Duration::ZERO));
    let server = site(&desk).start();
    let given_away = queued(&server, "c-1");
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
    let connected = json!({"stage": "connected", "agent": "kim", "at_ms": now});
    let first = tell(&server, "c-1", connected.clone()).json();
    assert_eq!(first["contact"]["agent"], "kim", "{first}");
    assert_eq!(tell(&server, "c-1", connected).json()["turn"], first["turn"], "told twice");
    // Whoever acts on the flow's last answer may still say that it failed.
    assert_eq!(first["turn"], given_away + 1);
    let back = server.event("c-1", given_away, json!({"event": "failed"})).json();
    assert_eq!((&back["status"], &back["then"]["action"]), (&json!("ended"), &json!("hang_up")));
    server.wait_until("the after flow has run", |server| after(server, "done") == 1.0);
    assert_eq!(log(&server, "c-1")["resolution"], "nobody");
    assert!(log(&server, "c-1")["notes"].as_str().unwrap().starts_with("flow: What happened?"));

    server.call("c-2", json!({}));
    let refused = tell(&server, "c-2", json!({"stage": "queued"}));
    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(refused.text.contains("only its end can be told"), "{refused:?}");
    for (wrong, words) in [
        (json!({"stage": "connected", "agent": ""}), "`agent` must have 1 to 256"),
        (json!({"stage": "connected", "agent": "x".repeat(257)}), "`agent` must have 1 to 256"),
        (json!({"stage": "ended", "at_ms": u64::MAX}), "`at_ms` must be within"),
        (json!({"stage": "ended", "at_ms": 0}), "`at_ms` must be within"),
        (json!({"stage": "lost"}), "unknown variant `lost`"),
        (json!({}), "missing field `stage`"),
    ] {
        let reply = tell(&server, "c-2", wrong);
        assert_eq!(reply.status, 400, "{reply:?}");
        assert!(reply.text.contains(words), "{words}: {reply:?}");
    }
    assert_eq!(tell(&server, "c-9", json!({"stage": "ended"})).status, 404);
    let over = tell(&server, "c-2", json!({"stage": "ended"})).json();
    assert_eq!((&over["status"], &over["disposition"]), (&json!("ended"), &json!("abandoned")));
    // What somebody says when the flow has given the call away is refused, and costs nothing.
    let given_away = queued(&server, "c-3");
    let said = server.event("c-3", given_away, json!({"event": "said", "text": "hello?"}));
    assert_eq!(said.status, 409, "{said:?}");
    assert_eq!(server.get("/v1/calls/c-3").json()["call"]["disposition"], "queued");
}

#[test]
fn an_after_flow_that_a_kill_stops_runs_to_its_end_elsewhere_and_does_nothing_twice() {
    let desk = Desk::start(Pace::After(Duration::from_millis(1_500)));
    let site = site(&desk).set("DIALGRAPH_CALLS__IDLE_CHECK", "100ms");
    let server = site.start();
    for call in ["c-1", "c-2", "c-3"] {
        queued(&server, call);
        assert_eq!(tell(&server, call, json!({"stage": "ended"})).status, 200);
    }
    server.wait_until("tickets are asked for", |_| desk.requests() == 3);
    server.kill();

    let server = site.start();
    let waits = |server: &Server| {
        !server.get("/v1/calls?stage=after").json()["calls"].as_array().unwrap().is_empty()
    };
    server.wait_until("all have run", |server| after(server, "done") == 3.0);
    assert!(!waits(&server));
    assert_eq!(desk.tickets(), 3, "each once");
    for call in ["c-1", "c-2", "c-3"] {
        assert_ne!(log(&server, call)["ticket_id"], Value::Null);
        let shown = server.get(&format!("/v1/calls/{call}")).json();
        assert_eq!(shown["call"]["contact"]["after"], "done", "{shown}");
    }
}

#[test]
fn a_contact_of_which_nothing_is_heard_is_closed_and_its_log_says_so() {
    let desk = Desk::start(Pace::After(Duration::ZERO));
    let site = site(&desk)
        .set("DIALGRAPH_CALLS__CONTACT_LIMIT", "1s")
        .set("DIALGRAPH_CALLS__IDLE_CHECK", "100ms");
    let server = site.start();
    queued(&server, "c-1");
    server.wait_until("it is taken for over", |server| after(server, "done") == 1.0);
    assert_eq!(log(&server, "c-1")["ended_by"], "limit");
    assert!(server.log().contains("nothing was heard of a contact for `calls.contact_limit`"));
}

#[test]
fn a_call_of_which_nothing_is_heard_while_it_rings_is_closed_and_has_reached_nobody() {
    let desk = Desk::start(Pace::After(Duration::ZERO));
    let site = site(&desk)
        .file(
            "ring.flow.yaml",
            "flow: ring\nlocales: [en-US]\nstart: ring\nnodes:\n  ring:\n    transfer: {number: '\"+82-2-0000-0000\"', within: 20s}\n    on: {no_answer: done, error: done}\n  done:\n    end: {disposition: done}\n",
        )
        .set("DIALGRAPH_CALLS__IDLE_LIMIT", "500ms")
        .set("DIALGRAPH_CALLS__CONTACT_LIMIT", "1s")
        .set("DIALGRAPH_CALLS__IDLE_CHECK", "100ms");
    let server = site.start();
    let begun = server.call("c-1", json!({"flow": "ring"}));
    assert_eq!(begun["then"]["action"], "transfer");
    server.wait_until("it is taken for over", |server| after(server, "done") == 1.0);
    let log = log(&server, "c-1");
    assert_eq!((&log["resolution"], &log["ended_by"]), (&json!("abandoned"), &json!("limit")));
    assert_eq!(log["answered"], false);
}

#[test]
fn a_conversation_outside_outlasts_the_limit_of_calls_without_events() {
    let desk = Desk::start(Pace::After(Duration::ZERO));
    let site = site(&desk)
        .file(
            "ring.flow.yaml",
            "flow: ring\nlocales: [en-US]\nstart: ring\nnodes:\n  ring:\n    transfer: {number: '\"+82-2-0000-0000\"', within: 20s}\n    on: {no_answer: again, error: again}\n  again:\n    transfer: {number: '\"+82-2-0000-0001\"', within: 20s}\n    on: {error: done}\n  done:\n    end: {disposition: done}\n",
        )
        .set("DIALGRAPH_CALLS__IDLE_LIMIT", "1s")
        .set("DIALGRAPH_CALLS__IDLE_CHECK", "100ms");
    let server = site.start();
    let begun = server.call("c-1", json!({"flow": "ring"}));
    let ring = |number: &str| json!({"action": "transfer", "number": number, "within_ms": 20_000});
    assert_eq!((&begun["then"], &begun["status"]), (&ring("+82200000000"), &json!("active")));
    let again = server.event("c-1", 1, json!({"event": "unanswered"})).json();
    assert_eq!(again["then"], ring("+82200000001"));
    let repeated = server.event("c-1", 1, json!({"event": "unanswered"})).json();
    assert_eq!((&repeated["repeated"], &repeated["then"]), (&json!(true), &again["then"]));
    // Somebody answers; a caller who begins later and says nothing is gone before they are done.
    assert_eq!(tell(&server, "c-1", json!({"stage": "connected", "agent": "kim"})).status, 200);
    assert_eq!(tell(&server, "c-1", json!({"stage": "queued"})).status, 409);
    server.call("c-2", json!({}));
    server.wait_until("the other caller is gone", |server| after(server, "done") == 1.0);
    assert_eq!(log(&server, "c-2")["resolution"], "abandoned");
    let over = server.event("c-1", 2, json!({"event": "resumed"})).json();
    assert_eq!(over["status"], "ended", "{over}");
    server.wait_until("the after flow has run", |server| after(server, "done") == 2.0);
    let log = log(&server, "c-1");
    assert_eq!((&log["resolution"], &log["answered"]), (&json!("transferred"), &json!(true)));
    assert_eq!(log["answered_by"], "kim");
}

/// What engineers work on: calls, and calls that opened their tickets.
fn work(server: &Server) -> [BTreeMap<String, BTreeSet<String>>; 2] {
    let listed = server.get("/v1/collections/assignments/records?limit=500").json();
    let mut work = [BTreeMap::new(), BTreeMap::new()];
    for record in listed["records"].as_array().unwrap() {
        let text = |field: &str| record["data"][field].as_str().unwrap().to_owned();
        let is_ticket = record["key"].as_str().unwrap().starts_with("ticket/");
        let of: &mut BTreeSet<String> =
            work[usize::from(is_ticket)].entry(text("engineer_id")).or_default();
        assert!(of.insert(text("call_id")), "counted twice: {record}");
    }
    work
}

/// How much each engineer has to do, as the server counts it.
fn loads(server: &Server) -> BTreeMap<String, u64> {
    let listed = server.get("/v1/engineers").json();
    let load = |engineer: &Value| {
        let load = engineer["load"].as_u64().unwrap();
        (load > 0).then(|| (engineer["key"].as_str().unwrap().to_owned(), load))
    };
    listed["engineers"].as_array().unwrap().iter().filter_map(load).collect()
}

/// Does something for each of the calls, many at once.
fn for_each(calls: &[String], what: impl Fn(&str) + Sync) {
    std::thread::scope(|scope| {
        for some in calls.chunks(calls.len().div_ceil(16)) {
            let what = &what;
            scope.spawn(move || some.iter().for_each(|call| what(call)));
        }
    });
}

/// Does something for each of these until some of it is done, and kills the process on the way.
fn killed_on_the_way(
    server: Server,
    all: &[String],
    path: impl Fn(&str) -> (String, Value) + Sync,
    is_under_way: impl Fn(&Server) -> bool,
) {
    std::thread::scope(|scope| {
        let address = server.address();
        for some in all.chunks(all.len().div_ceil(8)) {
            let path = &path;
            scope.spawn(move || {
                for one in some {
                    let (path, body) = path(one);
                    // The process may be gone already.
                    let _ = post_to(address, &path, &body);
                }
            });
        }
        server.wait_until("some of it is done", is_under_way);
        server.kill();
    });
}

#[test]
fn loads_are_exact_with_many_calls_at_once_and_through_kills() {
    let site = Site::shipped().set("DIALGRAPH_CALLS__IDLE_CHECK", "100ms");
    let server = site.start();
    // What the records of engineers say of work that the engine does not know.
    let own = loads(&server);
    let of_own = |engineer: &str| own.get(engineer).copied().unwrap_or(0);
    let calls: Vec<String> = (0..128).map(|n| format!("c-{n}")).collect();
    let engineer_of = |call: &str| if call.ends_with('7') { "e-202" } else { "e-101" };
    let start = |call: &str| {
        let attributes = json!({"customer_class": "msp", "assigned_engineer": engineer_of(call)});
        json!({"id": call, "flow": "emergency", "attributes": attributes})
    };
    // Calls begin, and the process is killed on the way; whoever began them begins them again.
    killed_on_the_way(
        server,
        &calls,
        |call| ("/v1/calls".to_owned(), start(call)),
        |server| work(server)[1].values().map(BTreeSet::len).sum::<usize>() >= 20,
    );
    let server = site.start();
    for_each(&calls, |call| {
        let begun = server.call(call, start(call));
        let (begun, _) = server.resume(call, begun);
        // They write, so their engineer is not rung.
        assert_eq!(begun["then"]["action"], "queue", "{begun}");
    });
    let all_of = |engineer: &str, of: &[String]| -> BTreeSet<String> {
        of.iter().filter(|call| engineer_of(call) == engineer).cloned().collect()
    };
    let by_engineer = |of: &[String]| -> BTreeMap<String, BTreeSet<String>> {
        let of = ["e-101", "e-202"].map(|engineer| (engineer.to_owned(), all_of(engineer, of)));
        of.into_iter().filter(|(_, calls)| !calls.is_empty()).collect()
    };
    // Each call has opened a ticket for its engineer: both together are one piece of work.
    assert_eq!(work(&server), [by_engineer(&calls), by_engineer(&calls)]);
    let of_202 = all_of("e-202", &calls).len() as u64;
    let pieces = |server: &Server, engineer: &str| {
        loads(server).get(engineer).copied().unwrap_or(0) - of_own(engineer)
    };
    assert_eq!([pieces(&server, "e-101"), pieces(&server, "e-202")], [128 - of_202, of_202]);

    // The contacts end, and the process is killed on the way; whoever told them tells them again.
    let ended = |call: &str| (format!("/v1/calls/{call}/contact"), json!({"stage": "ended"}));
    killed_on_the_way(server, &calls, ended, |server| after(server, "done") >= 5.0);
    let server = site.start();
    for_each(&calls, |call| {
        let told = tell(&server, call, json!({"stage": "ended"}));
        assert!(matches!(told.status, 200 | 409), "{told:?}");
    });
    server.wait_until("nobody works on a call", |server| work(server)[0].is_empty());
    assert_eq!(work(&server)[1], by_engineer(&calls), "the tickets are still open");
    for call in &calls {
        server
            .wait_until("the log is written", |server| log(server, call)["ended_by"] == "channel");
    }

    // Half of the tickets go to somebody else, the others are closed, and the process is killed on
    // the way.
    let mut tickets = BTreeMap::new();
    for ticket in
        server.get("/v1/tickets?status=open&limit=500").json()["tickets"].as_array().unwrap()
    {
        let text = |field: &str| ticket[field].as_str().unwrap().to_owned();
        tickets.insert(text("id"), text("call"));
    }
    assert_eq!(tickets.len(), 128);
    let ids: Vec<String> = tickets.keys().cloned().collect();
    let (moved, closed) = ids.split_at(64);
    let deed = |id: &str| {
        let is_moved = moved.iter().any(|moved| moved == id);
        let deed =
            if is_moved { json!({"do": "assign", "to": "e-301"}) } else { json!({"do": "close"}) };
        (format!("/v1/tickets/{id}"), deed)
    };
    let counted = |server: &Server| -> usize {
        work(server)[1].iter().filter(|(who, _)| *who != "e-301").map(|(_, of)| of.len()).sum()
    };
    killed_on_the_way(server, &ids, deed, |server| counted(server) <= 108);
    let server = site.start();
    for_each(&ids, |id| {
        let (path, deed) = deed(id);
        let done = server.post(&path, &deed);
        assert!(matches!(done.status, 200 | 409), "{done:?}");
    });
    let of_moved: BTreeSet<String> = moved.iter().map(|id| tickets[id].clone()).collect();
    assert_eq!(work(&server)[1], BTreeMap::from([("e-301".to_owned(), of_moved)]));
    for_each(closed, |id| {
        let again = server.post(&format!("/v1/tickets/{id}"), &json!({"do": "reopen"}));
        assert_eq!(again.status, 200, "{again:?}");
    });
    let of_all: usize = work(&server)[1].values().map(BTreeSet::len).sum();
    assert_eq!(of_all, 128);
    for_each(&ids, |id| {
        let closed = server.post(&format!("/v1/tickets/{id}"), &json!({"do": "close"}));
        assert_eq!(closed.status, 200, "{closed:?}");
    });
    assert_eq!(work(&server), [BTreeMap::new(), BTreeMap::new()]);
    assert_eq!(loads(&server), own);
}

#[test]
fn an_after_flow_whose_provider_is_down_runs_again_and_does_nothing_twice() {
    let desk = Desk::start(Pace::Never);
    let site = site(&desk).set("DIALGRAPH_CALLS__IDLE_CHECK", "200ms");
    let flow = site.path().join("project/closed.flow.yaml");
    let text = std::fs::read_to_string(&flow).unwrap();
    std::fs::write(&flow, text.replace("timeout: 60s", "timeout: 500ms")).unwrap();
    let server = site.start();
    queued(&server, "c-1");
    tell(&server, "c-1", json!({"stage": "ended"}));
    server.wait_until("it was tried twice", |server| after(server, "retried") >= 2.0);
    let waiting = server.get("/v1/calls?stage=after").json();
    assert_eq!(waiting["calls"][0]["id"], "c-1", "{waiting}");
    assert_eq!(waiting["calls"][0]["contact"]["after"], "due", "{waiting}");
    assert_eq!((after(&server, "done"), desk.tickets()), (0.0, 1), "asked under one key");
}

#[test]
fn a_caller_who_left_before_the_call_back_failed_is_not_asked_again() {
    let desk = Desk::start(Pace::After(Duration::ZERO));
    let site = site(&desk)
        .file(
            "back.flow.yaml",
            "flow: back\nlocales: [en-US]\nstart: call\nnodes:\n  call:\n    callback: {queue: general, number: '\"+82-10-0000-0101\"'}\n    on: {error: again, no_number: again}\n  again:\n    ask:\n      prompt: {en-US: Anything else?}\n      speech: true\n    on: {said: done, no_input: done, no_match: done}\n  done:\n    end: {disposition: done}\n",
        )
        .set("DIALGRAPH_CALLS__IDLE_CHECK", "100ms");
    let server = site.start();
    let begun = server.call("c-1", json!({"flow": "back"}));
    assert_eq!(begun["then"]["action"], "callback", "{begun}");
    let left = server.event("c-1", 1, json!({"event": "hung_up"})).json();
    assert_eq!(left["status"], "handed", "{left}");
    let failed = server.event("c-1", 1, json!({"event": "failed"})).json();
    assert_eq!(
        (&failed["status"], &failed["then"]["action"]),
        (&json!("ended"), &json!("hang_up"))
    );
    server.wait_until("the after flow has run", |server| after(server, "done") == 1.0);
    assert_eq!(log(&server, "c-1")["resolution"], "abandoned");
}
