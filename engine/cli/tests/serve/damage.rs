//! A server's store is damaged, and it says so; backups that it makes; what brings a store back.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::server::{Server, Site};

fn stop(server: Server) {
    server.terminate();
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.is_file() && path.file_name().unwrap() != "lock" {
            all.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    all.sort();
    all
}

fn calls(server: &Server) -> usize {
    (0..60).filter(|n| server.get(&format!("/v1/calls/c-{n}")).status == 200).count()
}

/// One bit in the file of a stopped store: the server does not start on what is left, says what is
/// missing, and everything comes back, by itself as well as from a backup.
#[test]
fn one_flipped_bit_costs_no_call_and_is_not_passed_over() {
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let server = site.start();
    for n in 0..60 {
        server.call(&format!("c-{n}"), json!({}));
    }
    stop(server);
    let folder = site.path().join("store");
    let db = std::fs::read(folder.join("db")).unwrap();
    let end = db.iter().rposition(|&byte| byte != 0).unwrap();
    for percent in [10, 50, 90] {
        let mut bytes = db.clone();
        bytes[end * percent / 100] ^= 1;
        std::fs::write(folder.join("db"), &bytes).unwrap();
        let before = files(&folder);
        let server = match site.try_start() {
            // What was hit is on no page that counts.
            Ok(server) => {
                // Or a machine that is too busy did not let it close in order: then the log is gone
                // through.
                let log = server.log();
                let said =
                    log.contains("`db` was changed") || log.contains("not shut down cleanly");
                assert!(said, "{log}");
                server
            }
            Err(said) => {
                assert!(said.contains("is damaged and was left as it is"), "{said}");
                assert!(said.contains("dialgraph store recover"), "{said}");
                assert!(files(&folder) == before, "something was changed");
                let export = site.run(&["store", "export", "-o", "not.jsonl"]);
                assert_eq!(export.code, Some(2), "{export:?}");
                let recovered = site.run(&["store", "recover"]);
                assert_eq!(recovered.code, Some(0), "{recovered:?}");
                assert!(
                    recovered.out.contains("no acknowledged commit is missing"),
                    "{recovered:?}"
                );
                site.start()
            }
        };
        assert_eq!(calls(&server), 60, "{percent} %");
        stop(server);
        std::fs::remove_dir_all(&folder).ok();
        for (path, bytes) in before {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}

#[test]
fn a_server_backs_its_store_up_with_calls_up_and_a_store_is_made_of_that() {
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let backup = site.path().join("backup");
    let site = site
        .set("DIALGRAPH_STORE__BACKUP", backup.to_str().unwrap())
        .set("DIALGRAPH_STORE__BACKUP_EVERY", "1h");
    let server = site.start();
    server.wait_until("the first backup is made", |server| {
        server.log().contains("the store was backed up")
    });
    server.call("c-1", json!({}));
    let url = format!("http://{}", server.address());
    let ran = site.run(&["store", "backup", "--incremental", "--json", "--server", &url]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let done: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(done["full"], false, "{done}");
    let verified = site.run(&["store", "verify", "--server", &url]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert!(verified.out.contains("nothing is wrong"), "{verified:?}");
    server.call("c-2", json!({}));
    server.kill();

    // The disk is lost; the call before the backup is not.
    std::fs::remove_dir_all(site.path().join("store")).unwrap();
    let restored = site.run(&["store", "restore", "--from", "backup", "--json"]);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    let restored: Value = serde_json::from_str(&restored.out).unwrap();
    assert_eq!(restored["commit"], done["commit"]);
    let server = site.start();
    let shown = server.get("/v1/calls/c-1").json();
    assert_eq!(shown["call"]["status"], "active");
    assert_eq!(server.get("/v1/calls/c-2").status, 404);
    let audit = server.get("/v1/audit").json();
    assert!(
        audit["audit"].as_array().unwrap().iter().any(|line| line["action"] == "recover"),
        "{audit}"
    );
    assert_eq!(server.event("c-1", 1, json!({"event": "hung_up"})).status, 200);
}

#[test]
fn a_loss_is_given_up_only_when_somebody_says_so_and_is_told_in_the_audit_log() {
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let server = site.start();
    server.call("c-1", json!({}));
    stop(server);
    let server = site.start();
    server.call("c-2", json!({}));
    stop(server);
    let folder = site.path().join("store");
    std::fs::remove_file(folder.join("db")).unwrap();
    let mut logs: Vec<PathBuf> = std::fs::read_dir(folder.join("commit-log"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "log"))
        .collect();
    logs.sort();
    std::fs::remove_file(logs.last().unwrap()).unwrap();

    let said = site.try_start().err().unwrap();
    assert!(said.contains("are missing here"), "{said}");
    let refused = site.run(&["store", "recover"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("--accept-loss"), "{refused:?}");
    let planned = site.run(&["store", "recover", "--accept-loss", "--dry-run"]);
    assert!(planned.out.contains("would be given up"), "{planned:?}");
    let done = site.run(&["store", "recover", "--accept-loss"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let server = site.start();
    assert_eq!(server.get("/v1/calls/c-1").status, 200);
    assert_eq!(server.get("/v1/calls/c-2").status, 404);
    let audit = server.get("/v1/audit").json();
    let line = audit["audit"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["action"] == "recover")
        .unwrap_or_else(|| panic!("{audit}"));
    assert!(line["removed"]["commits"].as_u64() > Some(0), "{line}");
    assert!(line["why"].as_str().unwrap().contains("were given up"), "{line}");
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in files(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, bytes).unwrap();
    }
}

/// The store is refused, with these words, and left as it is.
fn refused(site: &Site, words: &str) {
    let folder = site.path().join("store");
    let before = files(&folder);
    let said = site.try_start().err().unwrap();
    assert!(said.contains(words), "{said}");
    assert!(said.contains("dialgraph store recover"), "{said}");
    assert!(files(&folder) == before, "something was changed: {said}");
}

#[test]
fn the_database_of_another_store_is_refused_and_the_right_one_comes_from_its_log() {
    let site = Site::desk("http://127.0.0.1:9", "1s").set("DIALGRAPH_STORE__FOLDER", "other");
    let server = site.start();
    server.call("b-1", json!({}));
    stop(server);
    let site = site.set("DIALGRAPH_STORE__FOLDER", "store");
    let server = site.start();
    server.call("a-1", json!({}));
    stop(server);
    let (folder, other) = (site.path().join("store"), site.path().join("other"));
    let is_of_database = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        matches!(name, "db" | "conf" | "stopped") || name.starts_with("snap.")
    };
    for (path, _) in files(&folder).iter().filter(|(path, _)| is_of_database(path)) {
        std::fs::remove_file(path).unwrap();
    }
    for (path, bytes) in files(&other).iter().filter(|(path, _)| is_of_database(path)) {
        std::fs::write(folder.join(path.file_name().unwrap()), bytes).unwrap();
    }
    refused(&site, "the database belongs to another store");
    let planned = site.run(&["store", "recover", "--dry-run"]);
    assert!(planned.out.contains("would be as of commit"), "{planned:?}");
    let recovered = site.run(&["store", "recover"]);
    assert_eq!(recovered.code, Some(0), "{recovered:?}");
    let server = site.start();
    assert_eq!(server.get("/v1/calls/a-1").status, 200);
    assert_eq!(server.get("/v1/calls/b-1").status, 404);
}

#[test]
fn after_a_kill_a_store_without_log_and_watermark_is_used_only_when_somebody_says_so() {
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let server = site.start();
    server.call("c-1", json!({}));
    stop(server);
    let (folder, older) = (site.path().join("store"), site.path().join("older"));
    copy(&folder, &older);
    let server = site.start();
    server.call("c-2", json!({}));
    server.kill();
    // With everything there it starts by itself.
    let killed = site.path().join("killed");
    copy(&folder, &killed);
    let server = site.start();
    assert_eq!(server.get("/v1/calls/c-2").status, 200);
    server.kill();

    std::fs::remove_dir_all(folder.join("commit-log")).unwrap();
    std::fs::remove_file(folder.join("watermark")).unwrap();
    refused(&site, "was not shut down cleanly");
    copy(&older.join("commit-log"), &folder.join("commit-log"));
    std::fs::copy(older.join("watermark"), folder.join("watermark")).unwrap();
    refused(&site, "the end of the commit log is missing");
    let asked = site.run(&["store", "recover"]);
    assert_eq!(asked.code, Some(2), "{asked:?}");
    assert!(asked.err.contains("--accept-loss"), "{asked:?}");
    let done = site.run(&["store", "recover", "--accept-loss"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(!done.out.contains("no acknowledged commit is missing"), "{done:?}");
    let server = site.start();
    let audit = server.get("/v1/audit").json();
    let lines = audit["audit"].as_array().unwrap();
    let line = lines.iter().find(|line| line["action"] == "recover").unwrap();
    assert!(line["why"].as_str().unwrap().contains("it is unknown whether"), "{line}");
}

#[test]
fn content_that_is_gone_or_damaged_is_named_by_every_command_and_comes_from_a_backup() {
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let server = site.start();
    server.call("c-1", json!({}));
    stop(server);
    let backup = site.run(&["store", "backup", "backup"]);
    assert_eq!(backup.code, Some(0), "{backup:?}");
    let content = site.path().join("store/content");
    let flip = || {
        let (path, mut bytes) = files(&content).pop().unwrap();
        bytes[0] ^= 1;
        std::fs::write(path, bytes).unwrap();
    };
    let remove = || std::fs::remove_dir_all(&content).unwrap();
    for (damage, words) in [(&flip as &dyn Fn(), "is damaged"), (&remove, "needs, is missing")] {
        damage();
        refused(&site, words);
        for (command, code) in [
            (&["store", "verify"][..], 1),
            (&["store", "export", "-o", "not.jsonl"], 2),
            (&["store", "backup", "partial"], 1),
            (&["store", "recover"], 1),
            (&["store", "recover", "--dry-run"], 1),
        ] {
            let ran = site.run(command);
            assert_eq!(ran.code, Some(code), "{command:?}: {ran:?}");
            let said = format!("{}{}", ran.out, ran.err);
            assert!(said.contains("sha256:") && !said.contains("is whole,"), "{ran:?}");
        }
        assert!(!site.path().join("not.jsonl").exists());
        let healed = site.run(&["store", "recover", "--from", "backup"]);
        assert_eq!(healed.code, Some(0), "{healed:?}");
        assert!(healed.out.contains("files of releases restored"), "{healed:?}");
        assert_eq!(site.run(&["store", "verify"]).code, Some(0));
        let server = site.start();
        assert_eq!(server.get("/v1/calls/c-1").status, 200);
        stop(server);
    }
}

#[test]
fn what_is_no_file_is_refused_by_name_and_remains_are_not_taken_for_a_new_store() {
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let server = site.start();
    server.call("c-1", json!({}));
    stop(server);
    let folder = site.path().join("store");
    for name in ["watermark", "stopped", "db", "commit-log/00000000000000000999.log"] {
        for program in ["mkfifo", "mkdir"] {
            let path = folder.join(name);
            std::fs::remove_file(&path).ok();
            let made = std::process::Command::new(program).arg(&path).status().unwrap();
            assert!(made.success());
            refused(&site, &format!("`{name}` is a"));
            let recovered = site.run(&["store", "recover"]);
            assert_eq!(recovered.code, Some(0), "{name}: {recovered:?}");
            let server = site.start();
            assert_eq!(server.get("/v1/calls/c-1").status, 200, "{name}");
            stop(server);
        }
    }
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("content") {
            std::fs::remove_dir_all(path).unwrap();
        } else if path.is_file() {
            std::fs::remove_file(path).unwrap();
        }
    }
    refused(&site, "of the store, only `content` is left");
    let recovered = site.run(&["store", "recover"]);
    assert_eq!(recovered.code, Some(2), "{recovered:?}");
    assert_eq!(site.run(&["store", "recover", "--accept-loss"]).code, Some(0));
    let server = site.start();
    assert_eq!(server.get("/v1/calls/c-1").status, 404);
}
