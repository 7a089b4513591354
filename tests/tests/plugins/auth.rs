//! `auth`, as the component that is shipped.

use dialgraph_kernel::plugin::RunResult;
use dialgraph_kernel::ports::{HostCall, HostError, HostErrorKind, HostResult};
use serde_json::json;

use crate::components::{Visit, ask, collection, done, heard, is_current, load};

/// One customer; found by the account number only.
fn customers() -> impl Fn(&HostCall) -> HostResult + Send + Sync {
    collection("customers", &[("c-001", json!({"aws_account_id": "111122223333"}))])
}

#[test]
fn a_spoken_number_is_confirmed_and_verified_by_the_component() {
    let auth = load("auth", &["log", "records-read"]);
    let mut visit = Visit::new(&auth, json!({"collection": "customers"}), customers());
    assert!(heard(&ask(visit.enter())).contains("12자리"));
    assert_eq!(visit.calls.len(), 1, "the caller's number, however it is spelled");
    let confirm = ask(visit.say("일일일일 둘둘둘둘 3333이요"));
    assert!(
        heard(&confirm).contains("일 일 일 일, 이 이 이 이, 삼 삼 삼 삼"),
        "{}",
        heard(&confirm)
    );
    let done = done(visit.say("네 맞아요"));
    assert_eq!(&*done.port, "verified");
    assert_eq!(done.output["customer"], "c-001");
    assert!(!visit.logs.is_empty() && !visit.logs.concat().contains("1111"), "{:?}", visit.logs);
}

#[test]
fn last_known_records_stand_in_for_records_that_are_down() {
    let auth = load("auth", &["log", "records-read"]);
    let config = json!({"collection": "customers", "confirm": "never", "recognize_caller": false});
    let customers = customers();
    let mut visit = Visit::new(&auth, config, move |call| match call {
        call if is_current(call) => Err(HostError {
            kind: HostErrorKind::Unavailable,
            code: "down".to_owned(),
            message: "the records are being serviced".to_owned(),
            retry_after_ms: None,
        }),
        other => customers(other),
    });
    ask(visit.enter());
    let verified = done(visit.press("111122223333"));
    assert_eq!((&*verified.port, &verified.output["cached"]), ("verified", &json!(true)));
    ask(visit.enter());
    assert_eq!(&*done(visit.press("999988887777")).port, "unchecked");
}

#[test]
fn three_tries_by_speech_and_three_by_keys_end_in_failed() {
    let auth = load("auth", &["log", "records-read"]);
    let mut visit = Visit::new(&auth, json!({"collection": "customers"}), customers());
    visit.locale = "en-US";
    visit.caller = None;
    ask(visit.enter());
    ask(visit.silence());
    ask(visit.say("hello?"));
    let keys = ask(visit.say("one two three"));
    assert!(
        !keys.accept.speech && heard(&keys).contains("keys of your telephone"),
        "{}",
        heard(&keys)
    );
    ask(visit.silence());
    ask(visit.press("12"));
    assert_eq!(&*done(visit.silence()).port, "failed");
}

#[test]
fn a_refused_collection_leaves_by_error_with_its_code() {
    let auth = load("auth", &["log", "records-read"]);
    let mut visit = Visit::new(&auth, json!({"collection": "customers"}), |_| {
        Err(HostError {
            kind: HostErrorKind::Denied,
            code: "not-granted".to_owned(),
            message: "collection `customers` is not granted".to_owned(),
            retry_after_ms: None,
        })
    });
    let RunResult::Failed(failure) = visit.enter() else { panic!("an error was expected") };
    assert_eq!((failure.kind.as_str(), &*failure.code), ("refused", "not-granted"));
}
