//! `lex-intent`, as the component that is shipped.

use dialgraph_kernel::ports::{HostCall, HostError, HostErrorKind, HostResult};
use serde_json::{Value, json};

use crate::components::{Visit, answer, ask, done, heard, load};

fn config() -> Value {
    json!({
        "bot": "desk",
        "menu": {"1": {"intent": "Outage", "label": {"ko-KR": "장애 신고", "en-US": "an outage"}}}
    })
}

/// A bot that is sure of outages and of nothing else.
fn bot(call: &HostCall) -> HostResult {
    let HostCall::NluRecognize(request) = call else { panic!("{call:?}") };
    assert_eq!(request.bot.as_deref(), Some("desk"));
    let interpretation = if request.text.contains("장애") {
        json!({"confidence": 0.93, "intent": {"name": "Outage", "slots": [
            {"path": "Service", "value": {"original": "디비", "interpreted": "RDS", "resolved": ["RDS"]}},
            {"path": "When", "value": null}
        ]}})
    } else {
        json!({"intent": {"name": "Fallback"}})
    };
    answer("nlu.recognize", json!({"interpretations": [interpretation]}))
}

#[test]
fn an_intent_and_its_slots_come_out_of_the_component() {
    let plugin = load("lex-intent", &["log", "nlu"]);
    let mut visit = Visit::new(&plugin, config(), bot);
    ask(visit.enter());
    let done = done(visit.say("디비 장애가 났어요"));
    assert_eq!(&*done.port, "matched");
    assert_eq!(
        (&done.output["intent"], &done.output["slots"]),
        (&json!("Outage"), &json!({"Service": "RDS"}))
    );
}

#[test]
fn vain_words_lead_to_the_menu_of_keys() {
    let plugin = load("lex-intent", &["log", "nlu"]);
    let mut visit = Visit::new(&plugin, config(), bot);
    ask(visit.enter());
    ask(visit.say("글쎄요"));
    ask(visit.say("음 그게"));
    let menu = ask(visit.silence());
    assert!(heard(&menu).contains("장애 신고, 1번."), "{}", heard(&menu));
    assert!(!menu.accept.speech);
    let done = done(visit.press("1"));
    assert_eq!((&*done.port, &done.output["method"]), ("matched", &json!("menu")));
}

#[test]
fn a_recogniser_that_is_down_leads_to_the_menu_at_once() {
    let plugin = load("lex-intent", &["log", "nlu"]);
    let mut visit = Visit::new(&plugin, config(), |_| {
        Err(HostError {
            kind: HostErrorKind::Unavailable,
            code: "throttled".to_owned(),
            message: "too many requests".to_owned(),
            retry_after_ms: Some(1_000),
        })
    });
    ask(visit.enter());
    assert!(heard(&ask(visit.say("장애요"))).contains("1번"));
    assert_eq!(&*done(visit.press("0")).port, "agent");
}
