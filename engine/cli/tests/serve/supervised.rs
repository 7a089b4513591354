//! What tells whether the engine is well: `dialgraph health`, and a supervisor's socket.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::desk::{Desk, Pace};
use crate::server::{Server, Site};

fn health(server: &str, more: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .args(["health", "--server", server])
        .args(more)
        .env_remove("DIALGRAPH_SERVER")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn url(server: &Server) -> String {
    format!("http://{}", server.address())
}

#[test]
fn health_tells_life_from_readiness() {
    let desk = Desk::start(Pace::After(Duration::from_secs(3)));
    // After that it takes no connection any more.
    let site = Site::desk(desk.url(), "20s").set("DIALGRAPH_SERVER__DRAIN_DELAY", "10s");
    let server = site.start();
    let here = url(&server);
    assert_eq!(health(&here, &[]), (0, "ok".to_owned(), String::new()));
    assert_eq!(health(&here, &["--ready"]).0, 0);
    let (code, told, _) = health(&here, &["--ready", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((code, &told["parts"]["store"]), (0, &json!("ok")));
    server.call("c-1", json!({}));
    std::thread::scope(|scope| {
        let under_way = scope.spawn(|| {
            server.event("c-1", 1, json!({"event": "said", "text": "The printer burns"}))
        });
        server.wait_until("the provider works", |_| desk.requests() == 1);
        server.terminate();
        server.wait_until("it is unready", |server| server.get("/readyz").status == 503);
        assert_eq!(health(&here, &[]).0, 0, "it still lives");
        let (code, told, _) = health(&here, &["--ready"]);
        assert_eq!((code, told.as_str()), (1, "not-ready: server: about to stop"));
        under_way.join().unwrap();
    });
    let _ = server.ended();
    let (code, told, _) = health(&here, &[]);
    assert_eq!(code, 1);
    assert!(told.starts_with("no-answer: ") && told.contains("no server answers there"), "{told}");
}

#[test]
fn what_cannot_be_asked_is_no_finding() {
    let (code, told, why) = health("engine.example.com", &[]);
    assert_eq!((code, told.as_str()), (2, ""));
    assert!(why.contains("not the address of a server"), "{why}");
    let (code, _, why) = health("https://127.0.0.1:1", &["--ca", "/nowhere/ca.pem"]);
    assert_eq!(code, 2);
    assert!(why.contains("/nowhere/ca.pem cannot be used"), "{why}");
}

#[test]
fn a_supervisor_is_told_when_calls_are_taken_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    // Long enough for any machine; nothing is concluded from it.
    socket.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    let told = || {
        let mut text = [0; 64];
        let length = socket.recv(&mut text).unwrap();
        String::from_utf8(text[..length].to_vec()).unwrap().trim().to_owned()
    };
    let site = Site::desk("http://127.0.0.1:9", "1s").set("NOTIFY_SOCKET", path.to_str().unwrap());
    let server = site.start();
    assert_eq!(told(), "READY=1");
    server.terminate();
    assert_eq!(told(), "STOPPING=1");
    assert_eq!(server.ended().0, Some(0));
}
