//! Overload, failing providers, an orderly end, and what is told of it all.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::desk::{Desk, Pace};
use crate::server::{Server, Site, holds};
use crate::turns::event;

pub(crate) fn said(text: &str) -> Value {
    json!({"event": "said", "text": text})
}

#[test]
fn more_turns_than_there_is_room_for_get_the_fallback_at_once() {
    let desk = Desk::start(Pace::After(Duration::from_secs(3)));
    let site = Site::desk(desk.url(), "20s")
        .set("DIALGRAPH_TURNS__AT_ONCE", "1")
        .set("DIALGRAPH_TURNS__WAITING", "1")
        .set("DIALGRAPH_TURNS__WAIT", "100ms");
    let server = site.start();
    server.call("c-1", json!({}));
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| server.event("c-1", 1, said("The printer burns")));
        server.wait_until("the provider works", |_| desk.requests() == 1);
        let shed = server.post("/v1/connect/turn", &event("contact-1", json!({})));
        assert_eq!(shed.status, 200);
        let map = shed.json();
        assert_eq!((&map["action"], &map["queue"]), (&json!("fallback"), &json!("general")));
        assert_eq!(map["reason"], "overload");
        let refused = server.post("/v1/calls", &json!({"id": "c-2"}));
        assert_eq!(
            (refused.status, &refused.json()["type"]),
            (503, &json!("urn:dialgraph:problem:busy"))
        );
        assert!(refused.head.contains("retry-after: "), "{refused:?}");
        assert_eq!(slow.join().unwrap().json()["say"][0]["text"], "Your ticket is 1000.");
    });
    assert_eq!(server.get("/v1/calls/contact-1").status, 404, "what was refused has not begun");
    assert_eq!(server.call("c-2", json!({}))["turn"], 1, "there is room again");
}

#[test]
fn a_turn_that_takes_longer_than_its_answer_may_goes_on_to_its_end() {
    let desk = Desk::start(Pace::After(Duration::from_secs(2)));
    // When the caller is gone, the record of the call is waited for as long as its node allows.
    let site = ticket_at_the_end(&desk)
        .set("DIALGRAPH_TURNS__BUDGET", "400ms")
        .set("DIALGRAPH_TURNS__ANSWER_WITHIN", "500ms")
        .set("DIALGRAPH_TURNS__WAIT", "100ms");
    let server = site.start();
    server.call("c-1", json!({}));
    let gone = json!({"event": "hung_up"});
    let late = server.event("c-1", 1, gone.clone());
    assert_eq!((late.status, &late.json()["type"]), (503, &json!("urn:dialgraph:problem:late")));
    server.wait_until("the turn is over", |server| {
        server.get("/v1/calls/c-1").json()["call"]["status"] == "ended"
    });
    let again = server.event("c-1", 1, gone).json();
    assert_eq!((&again["repeated"], &again["status"]), (&json!(true), &json!("ended")));
    assert_eq!(desk.requests(), 1);
}

/// Asks over a connection that the client would keep; gives the head of the answer once the server
/// has closed it.
fn head_over_a_kept_connection(server: &Server, path: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).unwrap();
    crate::server::reply(stream).head
}

/// The desk's site, with a ticket to be opened at the end of each call.
fn ticket_at_the_end(desk: &Desk) -> Site {
    let wrapup = format!(
        "flow: wrapup\nsummary: Opens a ticket at the end.\nlocales: [en-US]\nstart: log\nnodes:\n  log:\n    use: ticketing-zendesk\n    timeout: 20s\n    config: {{base_url: \"{}\", email: bot@example.com, timeout_ms: 20000}}\n    with: {{request: '\"x\"'}}\n    on: {{created: done, error: done}}\n  done:\n    end: {{disposition: logged}}\n",
        desk.url()
    );
    Site::desk(desk.url(), "20s").file("wrapup.flow.yaml", &wrapup)
}

#[test]
fn a_slow_record_of_a_call_does_not_send_its_caller_elsewhere() {
    let desk = Desk::start(Pace::After(Duration::from_secs(8)));
    let server = ticket_at_the_end(&desk).set("DIALGRAPH_TURNS__ANSWER_WITHIN", "5s").start();
    let turn = |parameters: Value| {
        let reply = server.post("/v1/connect/turn", &event("contact-1", parameters));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    };
    let mut map = turn(json!({}));
    while map["action"] == "listen" {
        map = turn(json!({"did": "silent", "turn": map["turn"]}));
    }
    assert_eq!((&map["action"], &map["queue"]), (&json!("queue"), &json!("general")), "{map}");
    let shown = server.get("/v1/calls/contact-1").json();
    assert_eq!(shown["call"]["disposition"], "queued", "the call and its caller are in one place");
    let steps = shown["turns"].as_array().unwrap().last().unwrap()["record"]["steps"].clone();
    let log = steps.as_array().unwrap().iter().find(|step| step["at"]["flow"] == "wrapup").unwrap();
    assert_eq!((&log["port"], &log["failure"]["kind"]), (&json!("error"), &json!("timeout")));
    server.wait_until("what was under way is done all the same", |_| desk.answered() == 1);
    assert_eq!(server.figure("dialgraph_fallback_answers_total", ""), 0.0);
}

#[test]
fn a_stop_finishes_what_is_under_way_and_refuses_the_rest() {
    let desk = Desk::start(Pace::After(Duration::from_secs(3)));
    let site = Site::desk(desk.url(), "20s").set("DIALGRAPH_SERVER__DRAIN_DELAY", "1s");
    let server = site.start();
    server.call("c-1", json!({}));
    std::thread::scope(|scope| {
        let under_way = scope.spawn(|| server.event("c-1", 1, said("The printer burns")));
        server.wait_until("the provider works", |_| desk.requests() == 1);
        server.terminate();
        server.wait_until("it is unready", |server| server.get("/readyz").status == 503);
        assert_eq!(server.get("/readyz").json()["parts"]["server"], "about to stop");
        let head = head_over_a_kept_connection(&server, "/healthz");
        assert!(head.contains("200 ok") && head.contains("connection: close"), "{head}");
        server
            .wait_until("nobody is let in", |server| TcpStream::connect(server.address()).is_err());
        let answer = under_way.join().unwrap().json();
        assert_eq!(answer["say"][0]["text"], "Your ticket is 1000.");
    });
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
    let again = site.start();
    assert_eq!(again.get("/v1/calls/c-1").json()["call"]["status"], "ended");
}

#[test]
fn a_stop_does_not_wait_for_replies_that_nobody_waits_for() {
    let desk = Desk::start(Pace::Never);
    let site = Site::desk(desk.url(), "60s")
        .set("DIALGRAPH_TURNS__BUDGET", "200ms")
        .set("DIALGRAPH_TURNS__COMFORT_WAIT", "100ms");
    let server = site.start();
    server.call("c-1", json!({}));
    let answer = server.event("c-1", 1, said("The printer burns")).json();
    assert_eq!(answer["then"]["action"], "wait", "{answer}");
    assert_eq!(server.figure("dialgraph_late_replies", ""), 1.0);
    server.terminate();
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("later turns ask again"), "{log}");
    let again = site.start();
    again.event("c-1", 2, json!({"event": "resumed"}));
    again.wait_until("it is asked for again", |_| desk.requests() == 2);
    assert_eq!(desk.tickets(), 1, "under the same key");
}

#[test]
fn a_provider_that_keeps_failing_is_left_alone_and_readiness_says_so() {
    // Nobody listens there, nor will: a port that was free a moment ago may be another test's by
    // now.
    let port = 1;
    let site = Site::desk(&format!("http://127.0.0.1:{port}"), "20s")
        .set("DIALGRAPH_PROVIDERS__BREAKER_FAILURES", "2")
        .set("DIALGRAPH_PROVIDERS__BREAKER_PAUSE", "1h")
        .set("DIALGRAPH_PROVIDERS__BACKOFF", "10ms");
    let server = site.start();
    assert_eq!(server.get("/readyz").json()["parts"]["providers"], "ok");
    server.call("c-1", json!({}));
    let answer = server.event("c-1", 1, said("The printer burns")).json();
    assert_eq!(answer["then"]["queue"], "general", "{answer}");
    assert!(server.figure("dialgraph_host_call_retries_total", "provider=\"http\"") >= 1.0);
    let ready = server.get("/readyz");
    assert_eq!(ready.status, 200, "calls go other ways");
    let providers = ready.json()["parts"]["providers"].to_string();
    assert!(providers.contains(&format!("http 127.0.0.1:{port} skipped")), "{providers}");
    assert_eq!(server.figure("dialgraph_breaker_open", "http"), 1.0);
}

#[test]
fn a_call_whose_caller_is_gone_is_wrapped_up() {
    let site = Site::desk("http://127.0.0.1:9", "1s")
        .set("DIALGRAPH_CALLS__IDLE_LIMIT", "500ms")
        .set("DIALGRAPH_CALLS__IDLE_CHECK", "100ms");
    let server = site.start();
    server.call("c-1", json!({}));
    server.wait_until("the call is over", |server| {
        server.get("/v1/calls/c-1").json()["call"]["status"] == "ended"
    });
    let shown = server.get("/v1/calls/c-1").json();
    assert_eq!(shown["path"], json!(["desk/ask", "wrapup/log", "wrapup/done"]));
    server.wait_until("it is counted", |server| {
        server.figure("dialgraph_calls_reaped_total", "") == 1.0
            && server.figure("dialgraph_open_calls", "") == 0.0
    });
    assert_eq!(server.get("/v1/calls").json()["calls"], json!([]));
}

#[test]
fn calls_in_progress_are_listed() {
    let server = Site::desk("http://127.0.0.1:9", "1s").start();
    for call in ["c-1", "c-2", "c-3"] {
        server.call(call, json!({}));
    }
    server.event("c-2", 1, json!({"event": "hung_up"}));
    let listed = server.get("/v1/calls").json();
    let mut ids: Vec<&str> = listed["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, ["c-1", "c-3"]);
    assert_eq!(listed["more"], false);
    assert_eq!(server.get("/v1/calls?limit=1").json()["more"], true);
    assert_eq!(server.get("/v1/calls?limit=0").status, 400);
    assert_eq!(server.get("/v1/calls?after=nowhere").status, 400);
    assert_eq!(server.get("/v1/calls?limt=1").status, 400);
}

#[test]
fn pages_of_calls_together_hold_each_call_once_and_stay_good_when_calls_end() {
    let server = Site::desk("http://127.0.0.1:9", "1s").start();
    let ids: Vec<String> = (0..7).map(|n| format!("c-{n}")).collect();
    for id in &ids {
        server.call(id, json!({}));
    }
    let mut seen = Vec::new();
    let mut path = "/v1/calls?limit=3".to_owned();
    let mut pages = 0;
    loop {
        let page = server.get(&path).json();
        let listed = page["calls"].as_array().unwrap();
        assert!(listed.len() <= 3, "{page}");
        seen.extend(listed.iter().map(|call| call["id"].as_str().unwrap().to_owned()));
        pages += 1;
        assert_eq!(page["more"], page["next"].is_string(), "{page}");
        let Some(next) = page["next"].as_str() else { break };
        if pages == 1 {
            // The call at which the page ended is gone when the next one is asked for.
            server.event(seen.last().unwrap(), 1, json!({"event": "hung_up"}));
        }
        path = format!("/v1/calls?limit=3&after={next}");
    }
    assert_eq!(pages, 3);
    seen.sort();
    assert_eq!(seen, ids);
}

#[test]
fn neither_logs_nor_figures_hold_what_a_caller_says_or_who_it_is() {
    let desk = Desk::start(Pace::After(Duration::from_millis(300)));
    let site = Site::desk(desk.url(), "20s")
        .set("DIALGRAPH_LOG__LEVEL", "trace")
        .set("DIALGRAPH_TURNS__BUDGET", "100ms")
        .set("DIALGRAPH_TURNS__COMFORT_WAIT", "100ms");
    let server = site.start();
    server.call("c-1", json!({"from": "+821000000101", "to": "+82200000000", "channel": "voice"}));
    let waiting = server.event("c-1", 1, said("The marigold printer burns")).json();
    server.resume("c-1", waiting);
    server.call("c-2", json!({"flow": "pin", "channel": "voice"}));
    server.event("c-2", 1, json!({"event": "pressed", "keys": "8352"}));
    server.event("c-2", 2, said("marigold"));
    server.event("c-2", 9, said("marigold too late"));
    server.post("/v1/connect/turn", &event("contact-1", json!({})));
    let metrics = server.get("/metrics").text;
    // Only when it has ended is all there that it wrote.
    server.terminate();
    let told = metrics + &server.ended().1;
    assert!(told.contains("\"plugin\":\"ticketing-zendesk\""), "nodes are traced: {told}");
    assert!(told.contains("\"call\":\"c-2\""), "turns are traced: {told}");
    for secret in ["marigold", "8352", "821000000101", "82200000000", "s3cret"] {
        assert!(!holds(&told, secret), "{secret} is in\n{told}");
    }
}

#[test]
fn every_node_has_a_span_within_its_turns() {
    let desk = Desk::start(Pace::After(Duration::from_millis(300)));
    let site = Site::desk(desk.url(), "20s")
        .set("DIALGRAPH_LOG__LEVEL", "info,dialgraph_runtime=debug,dialgraph_server=debug")
        .set("DIALGRAPH_TURNS__BUDGET", "100ms")
        .set("DIALGRAPH_TURNS__COMFORT_WAIT", "100ms");
    let server = site.start();
    server.call("c-1", json!({}));
    let waiting = server.event("c-1", 1, said("The printer burns")).json();
    let (_, waits) = server.resume("c-1", waiting);
    assert!(waits >= 1, "the provider outlasts a turn");
    server.terminate();
    let (_, log) = server.ended();
    let ended: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["message"] == "close")
        .collect();
    let nodes: Vec<String> = ended
        .iter()
        .filter(|line| line["span"]["name"] == "node")
        .map(|line| {
            let (turn, node) = (&line["spans"][0], &line["span"]);
            assert_eq!((&turn["name"], &turn["call"]), (&json!("turn"), &json!("c-1")), "{line}");
            assert!(node["ms"].is_u64(), "{line}");
            let word = |key: &str| node[key].as_str().unwrap_or("-").to_owned();
            format!("{} {}/{} by {}", word("kind"), word("flow"), word("node"), word("port"))
        })
        .collect();
    let mut expected = vec!["ask desk/ask by -", "ask desk/ask by said"];
    // The turn in which the provider is asked, those that wait for it, and the one that goes on.
    expected.extend(std::iter::repeat_n("use desk/ticket by -", waits));
    expected.extend([
        "use desk/ticket by created",
        "say desk/told by -",
        "end desk/done by -",
        "use wrapup/log by logged",
        "end wrapup/done by -",
    ]);
    assert_eq!(nodes, expected, "{log}");
    let runs = ended.iter().filter(|line| line["span"]["name"] == "plugin");
    assert!(runs.clone().count() >= 3, "{log}");
    for run in runs {
        assert_eq!(run["spans"][1]["name"], "node", "{run}");
    }
}

#[test]
fn figures_count_turns_nodes_plugins_providers_queues_and_the_store() {
    let desk = Desk::start(Pace::After(Duration::ZERO));
    let server = Site::desk(desk.url(), "20s").start();
    server.call("c-1", json!({"channel": "voice"}));
    server.event("c-1", 1, said("The printer burns"));
    server.call("c-2", json!({}));
    server.event("c-2", 1, json!({"event": "silent"}));
    server.event("c-2", 2, json!({"event": "silent"}));
    server.event("c-2", 3, json!({"event": "silent"}));
    for (name, labels, least) in [
        ("dialgraph_turns_total", "channel=\"voice\",outcome=\"answered\"", 2.0),
        ("dialgraph_turn_seconds_count", "channel=\"voice\"", 2.0),
        ("dialgraph_nodes_total", "flow=\"desk\",node=\"ticket\",port=\"created\"", 1.0),
        (
            "dialgraph_plugin_run_seconds_count",
            "plugin=\"ticketing-zendesk\",outcome=\"created\"",
            1.0,
        ),
        (
            "dialgraph_host_calls_total",
            "provider=\"http\",function=\"http.send\",result=\"ok\"",
            1.0,
        ),
        ("dialgraph_host_call_seconds_count", "provider=\"http\"", 1.0),
        ("dialgraph_queue_entries_total", "queue=\"general\"", 1.0),
        ("dialgraph_queue_sla_seconds", "queue=\"general\"", 900.0),
        ("dialgraph_store_commits_total", "", 5.0),
        ("dialgraph_store_groups_total", "", 1.0),
        ("dialgraph_store_commit_seconds_count", "result=\"applied\"", 5.0),
        ("dialgraph_store_bytes", "", 1.0),
        ("dialgraph_calls_ended_total", "disposition=\"ticket-opened\"", 1.0),
        ("dialgraph_http_requests_total", "route=\"/v1/calls/{id}/turns\",status=\"200\"", 3.0),
        ("dialgraph_turns_most", "", 1.0),
    ] {
        // A figure of what goes on behind an answer may come after it.
        server.wait_until(&format!("{name}{{{labels}}} is {least}"), |server| {
            server.figure(name, labels) >= least
        });
    }
    assert_eq!(server.figure("dialgraph_plugin_runs", ""), 0.0);
    assert_eq!(server.figure("dialgraph_plugin_runs_most", ""), 120.0 + 16.0);
    // A refused event is one of its call's channel, unless nobody knows the call.
    server.call("c-3", json!({"channel": "voice"}));
    server.event("c-3", 7, json!({"event": "silent"}));
    server.event("c-9", 1, json!({"event": "silent"}));
    let refused = |labels: &str| server.figure("dialgraph_turns_total", &format!("{labels}\""));
    assert_eq!(refused("channel=\"voice\",outcome=\"out-of-order"), 1.0);
    assert_eq!(refused("channel=\"unknown\",outcome=\"no-call"), 1.0);
    assert_eq!(refused("channel=\"unknown\",outcome=\"out-of-order"), 0.0);
}

#[test]
fn calls_in_progress_are_counted_from_the_start_and_when_they_come_back() {
    // Nobody listens there.
    let port = 1;
    let site = Site::desk(&format!("http://127.0.0.1:{port}"), "20s")
        .set("DIALGRAPH_CALLS__IDLE_CHECK", "1h");
    let server = site.start();
    server.call("c-1", json!({}));
    server.call("c-2", json!({}));
    let open = |server: &Server| server.figure("dialgraph_open_calls", "");
    assert_eq!(open(&server), 2.0);
    // To a queue, which is full; back to the flow, and to its end.
    let given = server.event("c-1", 1, said("The printer burns")).json();
    assert_eq!((&given["then"]["action"], open(&server)), (&json!("queue"), 1.0), "{given}");
    let back = server.event("c-1", 2, json!({"event": "failed", "reason": "queue-full"})).json();
    assert_eq!((&back["status"], open(&server)), (&json!("ended"), 1.0), "{back}");
    drop(server);

    let server = site.start();
    assert_eq!(open(&server), 1.0, "what is left of before is counted");
    server.event("c-2", 1, json!({"event": "hung_up"}));
    assert_eq!(open(&server), 0.0);
}

#[test]
fn what_is_no_text_in_the_environment_stops_nothing() {
    use std::os::unix::ffi::OsStrExt as _;
    let bytes = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let site = site.set_bytes("SOMETHING_ELSE", bytes).set_bytes("DIALGRAPH_SECRET_NO_TEXT", bytes);
    assert_eq!(site.start().get("/healthz").status, 200);
    let log =
        site.set_bytes("DIALGRAPH_TURNS__BUDGET", bytes).try_start().expect_err("no duration");
    assert!(log.contains("DIALGRAPH_TURNS__BUDGET"), "{log}");
}

#[test]
fn a_store_that_is_taken_is_said_to_be() {
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let _first = site.start();
    let log = site.try_start().expect_err("the first has the store");
    assert!(log.contains("store"), "{log}");
}

#[test]
fn a_sealed_store_opens_with_its_key_only() {
    let key = "5a".repeat(32);
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let sealed = site.set("DIALGRAPH_STORE_KEY", &key);
    let server = sealed.start();
    server.call("c-1", json!({}));
    server.kill();
    assert_eq!(sealed.start().get("/v1/calls/c-1").status, 200);
    let clear = sealed.set("DIALGRAPH_STORE_KEY", "");
    assert!(clear.try_start().is_err());
}

#[test]
fn every_key_is_printed_with_its_meaning() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .args(["serve", "--print-config"])
        .current_dir(folder.path())
        .env_remove("DIALGRAPH_PROJECT")
        .output()
        .unwrap();
    assert!(output.status.success());
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}
