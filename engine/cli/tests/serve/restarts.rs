//! What a process finds that another one left behind.

use std::sync::Arc;

use dialgraph_store::{
    CommitToken, Expect, Key, Op, Part, SledOptions, SledStore, Sort, Store as _, UnixMillis,
};
use serde_json::json;

use crate::server::Site;

#[test]
fn a_call_of_an_earlier_release_is_listed_and_wrapped_up_after_a_restart() {
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let server = site.start();
    server.call("c-1", json!({}));
    let flow = "flow: extra\nstart: bye\nnodes:\n  bye: {end: {disposition: resolved}}\n";
    let pushed = server.post("/v1/releases", &json!({"flows": {"extra": flow}}));
    assert_eq!(pushed.json()["changed"], true, "{pushed:?}");
    server.kill();

    let server = site.start();
    let listed = server.get("/v1/calls").json();
    assert_eq!(listed["calls"][0]["id"], "c-1", "{listed}");
    assert_ne!(
        listed["calls"][0]["release"],
        server.get("/v1/releases/live").json()["live"]["release"]
    );
    drop(server);

    let site = site
        .set("DIALGRAPH_CALLS__IDLE_LIMIT", "500ms")
        .set("DIALGRAPH_CALLS__IDLE_CHECK", "100ms");
    let server = site.start();
    server.wait_until("the call is over", |server| {
        server.get("/v1/calls/c-1").json()["call"]["status"] == "ended"
    });
    let shown = server.get("/v1/calls/c-1").json();
    assert_eq!(shown["path"], json!(["desk/ask", "wrapup/log", "wrapup/done"]));
    assert_eq!(server.get("/v1/calls").json()["calls"], json!([]));
}

#[test]
fn a_call_that_cannot_be_read_keeps_no_other_from_being_wrapped_up() {
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let server = site.start();
    for call in ["c-1", "c-2", "c-3"] {
        server.call(call, json!({}));
    }
    server.terminate();
    assert_eq!(server.ended().0, Some(0));
    spoil(&site, "c-2");

    let site = site
        .set("DIALGRAPH_CALLS__IDLE_LIMIT", "500ms")
        .set("DIALGRAPH_CALLS__IDLE_CHECK", "100ms");
    let server = site.start();
    server.wait_until("the others are over", |server| {
        ["c-1", "c-3"].iter().all(|call| {
            server.get(&format!("/v1/calls/{call}")).json()["call"]["status"] == "ended"
        })
    });
    server.wait_until("both are counted", |server| {
        server.figure("dialgraph_calls_reaped_total", "") >= 2.0
    });
    assert_eq!(server.get("/v1/calls/c-2").status, 500);
    server.wait_until("the log names the other", |server| {
        let log = server.log();
        log.contains("a call in progress cannot be read") && log.contains("c-2")
    });
    assert_eq!(server.figure("dialgraph_calls_reaped_total", ""), 2.0);
}

#[test]
fn a_call_that_cannot_be_read_is_named_beside_the_others() {
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let server = site.start();
    for call in ["c-1", "c-2", "c-3"] {
        server.call(call, json!({}));
    }
    server.terminate();
    assert_eq!(server.ended().0, Some(0));
    spoil(&site, "c-2");

    let server = site.start();
    // Page by page as well: what cannot be read takes room on a page.
    let (mut listed, mut lost, mut after) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/v1/calls?limit=1{after}")).json();
        let ids = |of: &str| -> Vec<String> {
            let calls = page[of].as_array().cloned().unwrap_or_default();
            calls.iter().map(|call| call["id"].as_str().unwrap().to_owned()).collect()
        };
        assert!(ids("calls").len() + ids("unreadable").len() <= 1, "{page}");
        listed.extend(ids("calls"));
        lost.extend(ids("unreadable"));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    listed.sort();
    assert_eq!((listed, lost), (vec!["c-1".to_owned(), "c-3".to_owned()], vec!["c-2".to_owned()]));
    let shown = server.get("/v1/calls/c-2");
    assert_eq!(
        (shown.status, &shown.json()["type"]),
        (500, &json!("urn:dialgraph:problem:unreadable-call"))
    );
}

/// Puts something else where a call's state was, as a disk that forgets would.
fn spoil(site: &Site, call: &str) {
    let clock = Arc::new(|| UnixMillis(1_700_000_000_000));
    let store = SledStore::open(site.path().join("store"), clock, &SledOptions::default()).unwrap();
    let key =
        Key::new(&Part::new(format!("call/{call}")).unwrap(), Sort::text("state").then_number(0))
            .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert!(store.get(&key).await.unwrap().is_some());
        let token = CommitToken::new("spoilt").unwrap();
        store.commit(&[Op::put(key, "spoilt", Expect::Any)], &token).await.unwrap();
    });
}
