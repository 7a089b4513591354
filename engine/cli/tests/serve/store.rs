//! Backups that are made and come back, and what is removed from a store.

use std::path::Path;

use serde_json::{Value, json};

use crate::server::{Server, Site};

fn silent() -> Value {
    json!({"event": "silent"})
}

fn stop(server: Server) {
    server.terminate();
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn text(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap()
}

#[test]
fn a_call_goes_on_in_the_store_that_an_export_was_imported_into() {
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let server = site.start();
    server.call("c-1", json!({}));
    server.event("c-1", 1, silent());
    stop(server);

    let exported = site.run(&["store", "export", "-o", "backup.jsonl", "--json"]);
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let exported: Value = serde_json::from_str(&exported.out).unwrap();
    assert!(exported["rows"].as_u64() > Some(10) && exported["blobs"].as_u64() > Some(5));
    let file = site.path().join("backup.jsonl");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let again = site.run(&["store", "export", "-o", "backup.jsonl"]);
    insta::assert_snapshot!(format!("{:?}\n{}", again.code, again.err));

    // Cut in the middle of a line, refused by an import, and gone on with.
    let whole = text(&file);
    std::fs::write(&file, &whole.as_bytes()[..whole.len() / 2]).unwrap();
    let elsewhere = site.set("DIALGRAPH_STORE__FOLDER", "elsewhere");
    let refused = elsewhere.run(&["store", "import", "backup.jsonl"]);
    insta::assert_snapshot!(format!("{:?}\n{}", refused.code, refused.err));
    let site = elsewhere.set("DIALGRAPH_STORE__FOLDER", "store");
    let resumed = site.run(&["store", "export", "-o", "backup.jsonl", "--resume", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&resumed.out).unwrap(), exported, "{resumed:?}");
    assert!(text(&file) == whole, "the file is not what it was");

    let site = site.set("DIALGRAPH_STORE__FOLDER", "elsewhere");
    for written in [&exported["rows"], &json!(0)] {
        let ran = site.run(&["store", "import", "backup.jsonl", "--json"]);
        let imported: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!((&imported["written"], &imported["digest"]), (written, &exported["digest"]));
    }
    let server = site.start();
    let shown = server.get("/v1/calls/c-1").json();
    assert_eq!((&shown["call"]["status"], &shown["call"]["turn"]), (&json!("active"), &json!(2)));
    let answer = server.event("c-1", 2, json!({"event": "hung_up"}));
    assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("ended")));
}

#[test]
fn a_cold_copy_takes_the_place_of_a_damaged_store() {
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let (store, kept) = (site.path().join("store"), site.path().join("copy"));
    let server = site.start();
    server.call("c-1", json!({}));
    stop(server);
    copy(&store, &kept);
    site.start().kill();

    let log = store.join("db");
    let length = usize::try_from(log.metadata().unwrap().len()).unwrap();
    std::fs::write(&log, vec![0xa5; length]).unwrap();
    let said = site.try_start().expect_err("the store is damaged");
    assert!(said.contains("is damaged") && said.contains("dialgraph store recover"), "{said}");

    std::fs::rename(&store, site.path().join("damaged")).unwrap();
    copy(&kept, &store);
    let server = site.start();
    let answer = server.event("c-1", 1, json!({"event": "hung_up"}));
    assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("ended")));
}

#[test]
fn a_sealed_store_is_exported_sealed_and_wants_its_key_again() {
    let key = "5a".repeat(32);
    let site = Site::desk("http://127.0.0.1:9", "1s").set("DIALGRAPH_STORE_KEY", &key);
    let server = site.start();
    server.call("c-1", json!({"from": "+821000000101"}));
    stop(server);
    let exported = site.run(&["store", "export", "-o", "backup.jsonl"]);
    assert!(exported.out.contains("sealed with key "), "{exported:?}");
    let file = text(&site.path().join("backup.jsonl"));
    assert!(file.contains("call/c-1") && !file.contains("821000000101"));

    let site = site.set("DIALGRAPH_STORE__FOLDER", "elsewhere");
    assert_eq!(site.run(&["store", "import", "backup.jsonl"]).code, Some(0));
    assert_eq!(site.start().get("/v1/calls/c-1").status, 200);
    let clear = site.set("DIALGRAPH_STORE_KEY", "").set("DIALGRAPH_STORE__FOLDER", "third");
    assert_eq!(clear.run(&["store", "import", "backup.jsonl"]).code, Some(2));
}

#[test]
fn a_store_is_purged_by_its_server_while_calls_are_up_and_by_the_command_when_it_is_not() {
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let server = site.start();
    for call in ["over-1", "over-2", "up"] {
        server.call(call, json!({}));
    }
    server.event("over-1", 1, json!({"event": "hung_up"}));
    let purge = ["store", "purge", "--older-than", "0s"];
    let taken = site.run(&purge);
    insta::assert_snapshot!(format!("{:?}\n{}", taken.code, taken.err));

    let url = format!("http://{}", server.address());
    let by_server = [&purge[..], &["--server", &url]].concat();
    let would = site.run(&[&by_server[..], &["--dry-run"]].concat());
    assert!(would.out.contains("1 call would be removed"), "{would:?}");
    assert_eq!(server.get("/v1/calls/over-1").status, 200);
    let done = site.run(&by_server);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.out.contains("1 call removed"), "{done:?}");
    assert_eq!(server.get("/v1/calls/over-1").status, 404);
    let audit = server.get("/v1/audit?limit=1").json();
    assert_eq!(
        (&audit["audit"][0]["action"], &audit["audit"][0]["removed"]["calls"]),
        (&json!("purge"), &json!(1))
    );
    let nowhere = [&["store", "erase", "--customer", "c-1", "--server"][..], &[&url]].concat();
    let refused = site.run(&nowhere);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("does not say which fields name a customer"), "{refused:?}");

    server.event("over-2", 1, json!({"event": "hung_up"}));
    stop(server);
    let here = site.run(&[&purge[..], &["--records", "call_logs", "--json"]].concat());
    let here: Value = serde_json::from_str(&here.out).unwrap();
    assert_eq!((&here["removed"]["calls"], &here["removed"]["records"]), (&json!(1), &json!(2)));
    let server = site.start();
    assert_eq!(server.event("up", 1, silent()).status, 200, "the call in progress goes on");
    assert_eq!(server.get("/v1/audit?limit=1").json()["audit"][0]["who"]["name"], "command/ann");
}

#[test]
fn what_is_no_store_or_no_age_is_said_to_be() {
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let none = site.run(&["store", "export", "-o", "x.jsonl"]);
    let age = site.run(&["store", "purge", "--older-than", "soon"]);
    insta::assert_snapshot!(format!("{:?}\n{}{:?}\n{}", none.code, none.err, age.code, age.err));
    assert!(!site.path().join("store").exists(), "looking for a store made one");
}
