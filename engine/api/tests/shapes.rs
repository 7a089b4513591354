//! Requests are read strictly and answers kindly, and both are written as they are read.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use dialgraph_api::access::AccessQuery;
use dialgraph_api::calls::{Answer, CallList, Event, ListQuery, ShowQuery, Start};
use dialgraph_api::changes::{Back, CanaryChange, ChangeQuery, Component, Outcome, Push};
use dialgraph_api::documents;
use dialgraph_api::engineers::{DutyChange, EngineerChange};
use dialgraph_api::problem::{Problem, Refusal, title};
use dialgraph_api::records::{FindRecords, ImportRecords, ImportedRecord, RecordQuery};
use dialgraph_api::releases::{ContentQuery, PageQuery, Status};
use dialgraph_api::store::{Backup, Erase, Purge, StoreDone, StoreJob, Verify};
use dialgraph_api::tickets::{TicketChange, TicketQuery};
use dialgraph_api::tokens::{MadeToken, NewToken};

fn is_strict<T: DeserializeOwned + Serialize>(request: Value) {
    let read: T = serde_json::from_value(request.clone()).unwrap();
    let written = serde_json::to_value(&read).unwrap();
    let again: T = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(again).unwrap(), written);
    let mut more = request;
    more["nobody_knows"] = true.into();
    assert!(serde_json::from_value::<T>(more.clone()).is_err(), "{more}");
}

#[test]
fn a_request_with_a_field_that_nobody_knows_is_refused() {
    is_strict::<Start>(json!({}));
    is_strict::<Event>(json!({"turn": 1, "event": "hung_up"}));
    is_strict::<ListQuery>(json!({}));
    is_strict::<ShowQuery>(json!({}));
    is_strict::<Push>(json!({"flows": {"desk": null}}));
    is_strict::<Component>(json!({"component": ""}));
    is_strict::<ChangeQuery>(json!({}));
    is_strict::<Back>(json!({}));
    for change in [json!({"do": "share", "percent": 5}), json!({"do": "promote"})] {
        is_strict::<CanaryChange>(change);
    }
    is_strict::<PageQuery>(json!({}));
    is_strict::<ContentQuery>(json!({}));
    is_strict::<NewToken>(json!({"name": "ann", "role": "viewer"}));
    is_strict::<Purge>(json!({"older_than_ms": 1}));
    is_strict::<Erase>(json!({"customer": "c-1"}));
    is_strict::<Backup>(json!({}));
    is_strict::<Verify>(json!({}));
    is_strict::<RecordQuery>(json!({}));
    is_strict::<TicketQuery>(json!({}));
    is_strict::<AccessQuery>(json!({}));
    for change in [
        json!({"do": "assign", "to": "e-1"}),
        json!({"do": "comment", "text": "called"}),
        json!({"do": "close"}),
        json!({"do": "reopen"}),
    ] {
        is_strict::<TicketChange>(change);
    }
    is_strict::<FindRecords>(json!({"index": "phone", "values": ["1"]}));
    is_strict::<EngineerChange>(json!({"available": true}));
    is_strict::<DutyChange>(json!({"engineer": "e-101"}));
    is_strict::<ImportRecords>(json!({"records": [{"key": "a", "data": {}}]}));
    is_strict::<ImportedRecord>(json!({"key": "a", "data": {}}));
}

#[test]
fn the_documents_let_no_request_hold_more_than_is_read() {
    for document in [documents::calls(), documents::admin()] {
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for operation in document["paths"].as_object().unwrap().values() {
            for method in operation.as_object().unwrap().values() {
                let schema = &method["requestBody"]["content"]["application/json"]["schema"];
                let Some(name) = schema["$ref"].as_str() else { continue };
                let name = name.rsplit('/').next().unwrap();
                // Amazon's events and Kakao's payloads grow without asking us.
                // A record holds what its project puts into it.
                // A hook takes what its project says.
                const OPEN: [&str; 4] = ["ConnectEvent", "SkillPayload", "RecordData", "HookValue"];
                if OPEN.contains(&name) {
                    continue;
                }
                let schema = &schemas[name];
                let whole = std::slice::from_ref(schema);
                for part in schema["oneOf"].as_array().map_or(whole, Vec::as_slice) {
                    assert_eq!(part["additionalProperties"], false, "{name}");
                }
            }
        }
    }
}

/// The answer, read with a field more and written again, is as it was.
fn is_kind<T: DeserializeOwned + Serialize>(answer: Value) -> T {
    let mut more = answer.clone();
    more["of_a_newer_server"] = json!({"deep": [1]});
    let read: T = serde_json::from_value(more).unwrap();
    // As text, for the order of fields is to stay, too.
    assert_eq!(serde_json::to_string(&read).unwrap(), answer.to_string());
    read
}

#[test]
fn an_answer_of_a_newer_server_is_read_past_what_is_not_known() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let by = json!({"name": "ann", "role": "designer"});
    is_kind::<Answer>(json!({
        "call": "c-1", "turn": 1, "status": "active", "repeated": false, "say": [{"text": "Hi."}],
        "then": {
            "action": "ask", "speech": true, "digits": null, "timeout_ms": 5000,
            "sensitive": false, "hints": [],
        },
    }));
    is_kind::<CallList>(json!({"calls": [], "more": false}));
    let live = json!({"number": 2, "release": digest, "since": 5, "by": by});
    let mut canary = live.clone();
    let tally = json!({"calls": 1, "visits": 2, "errors": 0, "traps": 0});
    canary["percent"] = 5.into();
    canary["rules"] = json!({"min_calls": 20, "more_errors": 0.05, "traps": 0});
    canary["seen"] = tally.clone();
    canary["live_meanwhile"] = tally;
    is_kind::<Status>(json!({"live": live, "canary": canary, "pins": [], "held": []}));
    is_kind::<Outcome>(json!({
        "changed": true, "dry_run": false, "release": digest, "number": 3, "before": null,
        "changes": [{"item": "flow desk", "before": null, "after": digest}], "widened": [],
        "left_out": [], "warnings": [],
    }));
    is_kind::<Refusal>(json!({
        "reasons": [{"code": "bad-flows", "message": "no"}], "report": null, "rendered": null,
        "type": "urn:dialgraph:problem:refused", "title": "Unprocessable Content", "status": 422,
        "detail": "refused",
    }));
    is_kind::<Problem>(json!({
        "type": "urn:dialgraph:problem:out-of-order", "title": "Conflict", "status": 409,
        "detail": "the event answers turn 5", "turn": 2,
    }));
    is_kind::<MadeToken>(json!({
        "id": "1", "name": "kim", "role": "viewer", "made_at": 1, "made_by": "ann",
        "expires_at": null, "token": "dgt_x",
    }));
}

#[test]
fn what_came_of_a_task_is_told_apart_by_what_it_holds() {
    let job = |task: &str, done: Value| {
        is_kind::<StoreJob>(json!({
            "task": task, "by": "ann", "begun_at": 1, "dry_run": false, "seen": 9,
            "state": "done", "done": done,
        }))
        .done
    };
    let removed = json!({"dry_run": false, "seen": 9, "removed": {"calls": 2}});
    assert!(matches!(job("purge", removed), Some(StoreDone::Removed(_))));
    let made = json!({
        "folder": "/backups", "full": true, "commit": 3, "at": 5, "bytes": 7, "blobs": 1,
    });
    assert!(matches!(job("backup", made), Some(StoreDone::Backup(_))));
    let verified = json!({"rows": 9, "kinds": {}, "blobs": 1, "findings": [], "more": 0});
    assert!(matches!(job("verify", verified), Some(StoreDone::Verified(_))));
}

#[test]
fn every_status_of_a_failure_has_the_name_that_http_gives_it() {
    for document in [documents::calls(), documents::admin()] {
        for (path, methods) in document["paths"].as_object().unwrap() {
            for operation in methods.as_object().unwrap().values() {
                for status in operation["responses"].as_object().unwrap().keys() {
                    let status: u16 = status.parse().unwrap();
                    let named = status < 400 || status == 500 || title(status) != title(500);
                    assert!(named, "{status} at {path}");
                }
            }
        }
    }
}
