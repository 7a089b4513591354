//! An intent counts when it is sure enough, confirmed or picked from the menu; vain tries lead on,
//! a person is always in reach, and words are never logged.

use std::collections::BTreeMap;

use dialgraph_plugin::HostError;
use dialgraph_plugin::nlu::{Intent, Interpretation, Recognition, Session, Slot, SlotValue};
use dialgraph_plugin::testing::{TestCall, check, check_holds, check_schemas};
use serde_json::{Value, json};

use crate::LexIntent;

fn interpretation(
    name: &str,
    confidence: Option<f64>,
    slots: &[(&str, Option<&str>)],
) -> Interpretation {
    Interpretation {
        intent: Intent {
            name: name.to_owned(),
            state: "ready-for-fulfillment".to_owned(),
            confirmation: "none".to_owned(),
            slots: slots
                .iter()
                .map(|(path, value)| Slot {
                    path: (*path).to_owned(),
                    shape: "scalar".to_owned(),
                    value: value.map(|value| SlotValue {
                        original: None,
                        interpreted: value.to_owned(),
                        resolved: Vec::new(),
                    }),
                })
                .collect(),
        },
        confidence,
        sentiment: None,
        source: Some("local".to_owned()),
        extra: Vec::new(),
    }
}

fn recognition(interpretations: Vec<Interpretation>) -> Recognition {
    Recognition {
        interpretations,
        session: Session {
            attributes: vec![("seen".to_owned(), "yes".to_owned())],
            intent: None,
            action: None,
            slot_to_elicit: None,
            rest: None,
        },
        messages: Vec::new(),
        request_attributes: Vec::new(),
        session_id: None,
        member: None,
        extra: Vec::new(),
    }
}

/// A bot that knows outages (surely), bills (hardly) and the wish for a person.
fn call(config: Value) -> TestCall<LexIntent> {
    let call = TestCall::new(config);
    call.host().nlu(|request| {
        let text = &request.text;
        let best = if text.contains("장애") {
            interpretation("Outage", Some(0.93), &[("Service", Some("RDS")), ("When", None)])
        } else if text.contains("요금") {
            interpretation("Billing", Some(0.42), &[])
        } else if text.contains("사람") {
            interpretation("SpeakToAgent", Some(0.9), &[])
        } else {
            interpretation("Fallback", None, &[])
        };
        Ok(recognition(vec![best, interpretation("Other", Some(0.41), &[])]))
    });
    call
}

fn menu() -> Value {
    json!({
        "1": {"intent": "Outage", "label": {"ko-KR": "장애 신고", "en-US": "an outage"}},
        "2": {"intent": "Billing", "label": {"ko-KR": "요금 문의", "en-US": "billing"}}
    })
}

#[test]
fn the_schemas_are_those_of_the_types() {
    check_schemas::<LexIntent>();
}

#[test]
fn an_intent_that_is_sure_enough_is_matched_with_its_slots() {
    let mut call = call(json!({"prompt": {"ko-KR": "무엇을 도와드릴까요?"}}));
    let ask = call.enter();
    assert_eq!(ask.heard(), "무엇을 도와드릴까요?");
    assert!(ask.asked().speech);
    let done = call.say("RDS 장애가 났어요");
    assert_eq!(done.port(), "matched");
    assert_eq!(
        *done.output(),
        json!({
            "intent": "Outage", "confidence": 0.93, "slots": {"Service": "RDS"}, "text": "RDS 장애가 났어요",
            "method": "speech", "sentiment": null, "failures": 0
        })
    );
}

#[test]
fn words_that_the_flow_has_already_are_recognised_without_a_question() {
    let mut known = call(json!({})).input(json!({"text": "장애입니다"}));
    assert_eq!(known.enter().port(), "matched");
    let mut vague = call(json!({"tries": 1})).input(json!({"text": "글쎄요"}));
    assert!(vague.enter().heard().starts_with("무엇을"), "asked, and no try is used up");
    let mut none = call(json!({})).input(json!({"text": ""}));
    none.enter().asked();
}

#[test]
fn confidence_below_the_threshold_is_no_match_and_each_intent_may_have_its_own() {
    let mut strict = call(json!({"threshold": 0.5}));
    strict.enter();
    assert!(strict.say("요금이요").heard().starts_with("죄송합니다. 이해하지"));

    let mut lenient =
        call(json!({"threshold": 0.5, "intents": {"Billing": {"min_confidence": 0.4}}}));
    lenient.enter();
    assert_eq!(lenient.say("요금이요").output()["intent"], "Billing");
}

#[test]
fn only_listed_intents_count_and_the_next_best_of_them_is_taken() {
    let mut call = call(json!({"intents": {"Other": {"min_confidence": 0.4}}}));
    call.enter();
    assert_eq!(call.say("장애가 났어요").output()["intent"], "Other");
}

#[test]
fn three_vain_tries_lead_to_the_menu_and_two_more_fail() {
    let mut call = call(json!({"menu": menu()}));
    call.enter();
    assert!(call.say("글쎄요").heard().starts_with("죄송합니다. 이해하지"));
    assert!(call.silence().heard().starts_with("여전히"));
    let menu = call.say("음");
    assert!(
        menu.heard()
            .ends_with("버튼으로 골라 주세요. 장애 신고, 1번. 요금 문의, 2번. 상담원 연결, 0번."),
        "{}",
        menu.heard()
    );
    assert!(!menu.asked().speech, "keys only");
    assert!(call.press("7").heard().starts_with("없는 번호입니다."));
    let done = call.silence();
    assert_eq!((done.port(), &done.output()["failures"]), ("failed", &json!(5)));
}

#[test]
fn a_key_of_the_menu_is_an_intent_even_during_the_question() {
    let mut call = call(json!({"menu": menu(), "tries": 1})).locale("en-US");
    call.enter();
    let done = call.press("2");
    assert_eq!(
        (&done.output()["intent"], &done.output()["method"]),
        (&json!("Billing"), &json!("menu"))
    );
    call.enter();
    let menu = call.silence();
    assert!(menu.heard().contains("For an outage, press 1."), "{}", menu.heard());
    assert_eq!(call.press("1").output()["intent"], "Outage");
}

#[test]
fn in_a_chat_the_menu_takes_typed_keys_and_labels() {
    let mut call = call(json!({"menu": menu(), "tries": 1})).channel("chat");
    for (typed, intent) in
        [("2", "Billing"), ("장애신고 부탁해요", "Outage"), ("2번이요", "Billing")]
    {
        call.enter();
        assert!(call.say("글쎄요").asked().speech);
        let done = call.say(typed);
        assert_eq!(done.output()["intent"], intent, "{typed}");
    }
}

#[test]
fn a_chat_has_buttons_for_the_menu_for_a_person_and_for_yes_and_no() {
    let config = json!({"menu": menu(), "confirm_from": 0.4});
    let mut call = call(config.clone()).channel("chat");
    assert_eq!(call.enter().asked().hints, ["장애 신고", "요금 문의", "상담원 연결"]);
    assert_eq!(call.say("요금이요").asked().hints, ["네", "아니요"]);
    let waits = call.say("잠깐만요");
    assert_eq!(waits.asked().hints, ["네", "아니요"], "still the same question");
    assert_eq!(call.say("네").output()["intent"], "Billing");
    call.enter();
    assert_eq!(call.say("상담원 연결").port(), "agent");
    // Nobody sees a button on a telephone.
    let mut telephone = self::call(config);
    assert_eq!(telephone.enter().asked().hints, ["장애 신고", "요금 문의"]);
}

#[test]
fn without_a_menu_three_vain_tries_fail() {
    let mut call = call(json!({}));
    call.enter();
    call.say("글쎄요");
    call.say("음");
    assert_eq!(call.silence().port(), "failed");
}

#[test]
fn a_person_is_asked_for_by_key_by_words_or_by_an_intent() {
    let mut call = call(json!({"agent_intents": ["SpeakToAgent"], "menu": menu(), "tries": 1}));
    call.enter();
    assert_eq!(call.press("0").port(), "agent");
    call.enter();
    assert_eq!(call.say("상담원 바꿔 주세요").port(), "agent");
    assert_eq!(call.host().count("nlu.recognize"), 0);
    call.enter();
    assert_eq!(call.say("거기 계신 사람하고 무언가를 하려고 하는데요").port(), "agent");
    call.enter();
    call.silence();
    assert_eq!(call.press("0").port(), "agent");
}

#[test]
fn a_recogniser_that_is_down_leads_to_the_menu_or_to_an_error() {
    let down = || HostError::unavailable("throttled", "too many requests");
    let mut with_menu = call(json!({"menu": menu()}));
    with_menu.host().nlu(move |_| Err(down()));
    with_menu.enter();
    assert!(with_menu.say("장애요").heard().contains("1번"));
    assert_eq!(with_menu.press("1").port(), "matched");

    let mut without = call(json!({}));
    without.host().nlu(move |_| Err(down()));
    without.enter();
    assert_eq!(without.say("장애요").error().info().code, "throttled");
}

#[test]
fn the_bot_is_named_and_its_session_handed_back() {
    let mut call = call(json!({"bot": "desk"}));
    call.enter();
    call.say("글쎄요");
    call.say("음");
    let calls = call.host().calls();
    assert!(
        calls[0].contains(r#"bot: Some("desk")"#) && calls[0].contains("session: None"),
        "{}",
        calls[0]
    );
    assert!(calls[1].contains(r#"("seen", "yes")"#), "{}", calls[1]);
}

#[test]
fn a_session_too_large_for_the_state_is_forgotten() {
    let mut call = TestCall::<LexIntent>::new(json!({}));
    call.host().nlu(|_| {
        let mut huge = recognition(vec![interpretation("Fallback", None, &[])]);
        huge.session.rest = Some("x".repeat(20_000));
        Ok(huge)
    });
    call.enter();
    assert_eq!(call.say("글쎄요").asked().state["session"], Value::Null);
}

#[test]
fn words_are_never_logged() {
    let mut call = call(json!({}));
    call.enter();
    call.say("비밀스러운 장애");
    let logs = call.host().logs();
    let fields: BTreeMap<_, _> = logs.iter().flat_map(|line| line.fields.clone()).collect();
    assert_eq!(fields.get("intent").map(String::as_str), Some("Outage"));
    assert!(!format!("{logs:?}").contains("비밀"), "{logs:?}");
}

#[test]
fn a_configuration_that_passes_is_never_a_bad_one() {
    let label = |ko: &str, en: &str| json!({"ko-KR": ko, "en-US": en});
    let seeds = [
        json!({}),
        json!({
            "intents": {"Outage": {"min_confidence": 0.7}, "Billing": {}},
            "agent_intents": ["SpeakToAgent"],
            "menu": {
                "1": {"intent": "Outage", "label": label("장애", "an outage")},
                "2": {"intent": "Billing", "label": label("요금", "a bill")},
            },
        }),
    ];
    check_holds::<LexIntent>(&seeds, |call| {
        call.host().nlu(|_| Err(HostError::unavailable("down", "the recogniser rests")));
        call
    });
}

#[test]
fn keys_that_a_caller_cannot_tell_apart_and_intents_that_do_not_count_are_found() {
    let config = json!({
        "intents": {"Outage": {}},
        "agent_intents": ["Agent", "Agent", " "],
        "menu": {
            "1": {"intent": "Outage", "label": {"ko-KR": "장애", "en-US": "An outage"}},
            "2": {"intent": "Billing", "label": {"ko-KR": "요금", "en-US": "an  outage!"}},
        },
        "prompts": {"menu_item": {"ko-KR": "{lable} {key}", "en-US": "{label}, {key}"}},
    });
    let found = check::<LexIntent>(&config, &["ko-KR", "en-US"]);
    let places: Vec<_> = found.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(
        places,
        [
            "/agent_intents/2",
            "/agent_intents/1",
            "/menu/2/intent",
            "/menu/2/label",
            "/prompts/menu_item/ko-KR",
        ],
        "{found:#?}"
    );
}

#[test]
fn an_uncertain_intent_is_confirmed_before_it_is_given_up() {
    let enter = || {
        let mut call = call(json!({"menu": menu()}));
        call.enter();
        let ask = call.say("요금이 좀");
        assert_eq!(ask.heard(), "요금 문의, 맞으실까요?");
        call
    };
    let done = enter().say("네 맞아요");
    assert_eq!(done.port(), "matched");
    assert_eq!(
        (&done.output()["intent"], &done.output()["confidence"], &done.output()["text"]),
        (&json!("Billing"), &json!(0.42), &json!("요금이 좀"))
    );
    assert_eq!(enter().say("아니요 장애요").output()["intent"], "Outage");
    // What was denied is not asked about again.
    let mut call = enter();
    assert_eq!(
        call.say("아니요 요금 아니에요").heard(),
        "죄송합니다. 이해하지 못했습니다. 무엇을 도와드릴까요? 편하게 말씀해 주세요. 상담원 연결은 0번입니다."
    );
    assert!(call.say("요금").heard().contains("짧게"), "and counts as a try each time");
}

#[test]
fn an_intent_without_a_label_is_not_asked_about() {
    let mut call = call(json!({}));
    call.enter();
    assert!(call.say("요금이 좀").heard().starts_with("죄송합니다"));
    let mut call = self::call(json!({"intents": {"Billing": {"label": {"ko-KR": "요금"}}}}));
    call.enter();
    assert_eq!(call.say("요금이 좀").heard(), "요금, 맞으실까요?");
}

#[test]
fn who_is_angry_reaches_a_person_and_who_thinks_gets_time() {
    let mut call = call(json!({}));
    call.enter();
    assert_eq!(call.say("잠깐만요").heard(), "네, 기다리겠습니다.");
    assert_eq!(call.say("진짜 짜증나네 책임자 바꿔요").port(), "agent");
}
