//! What a process finds that another one left behind.

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
