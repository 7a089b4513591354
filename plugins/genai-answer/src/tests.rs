//! Answers come from passages that fit or not at all, a guardrail is never spoken over, a person is
//! offered at every step, and words are kept out of the log.

use dialgraph_plugin::HostError;
use dialgraph_plugin::genai::{Citation, Response, Usage};
use dialgraph_plugin::knowledge::Passage;
use dialgraph_plugin::testing::{TestCall, check_holds, check_schemas};
use serde_json::{Value, json};

use crate::GenaiAnswer;

fn passage(id: &str, score: f64) -> Passage {
    Passage {
        id: id.to_owned(),
        title: "백업과 복구".to_owned(),
        text: "데이터베이스는 매일 새벽 세 시에 백업하고 서른다섯 날 동안 보관합니다.".to_owned(),
        source: format!("{id}.md"),
        score,
        extra: Vec::new(),
    }
}

fn response(text: &str, stop_reason: &str, citations: &[&str]) -> Response {
    Response {
        text: text.to_owned(),
        stop_reason: stop_reason.to_owned(),
        usage: Usage { input_tokens: 120, output_tokens: 20, total_tokens: 140 },
        citations: citations
            .iter()
            .map(|passage| Citation { passage: (*passage).to_owned(), start: 0, end: 5 })
            .collect(),
        model: "local-extractive".to_owned(),
        trace: None,
        extra: Vec::new(),
    }
}

/// Articles about backups, and a model that answers from them.
fn call(config: Value) -> TestCall<GenaiAnswer> {
    let call = TestCall::new(config);
    call.host().knowledge(|query| {
        Ok(if query.text.contains("백업") {
            vec![passage("backup#1", 0.8), passage("backup#2", 0.1)]
        } else {
            vec![passage("hours#1", 0.05)]
        })
    });
    call.host()
        .genai(|_| Ok(response("**매일** 새벽 세 시에 백업합니다.", "end-turn", &["backup#1"])));
    call
}

fn model(call: &TestCall<GenaiAnswer>, text: &'static str, stop_reason: &'static str) {
    call.host().genai(move |_| Ok(response(text, stop_reason, &[])));
}

#[test]
fn the_schemas_are_those_of_the_types() {
    check_schemas::<GenaiAnswer>();
}

#[test]
fn a_question_is_answered_from_the_passages_and_its_sources_are_logged() {
    let mut call = call(json!({}));
    assert!(call.enter().heard().starts_with("궁금하신 점을"));
    let answer = call.say("백업은 언제 하나요?");
    assert!(
        answer.heard().starts_with("매일 새벽 세 시에 백업합니다. 더 궁금하신"),
        "{}",
        answer.heard()
    );

    let converse = call.host().calls().into_iter().find(|call| call.starts_with("genai")).unwrap();
    assert!(
        converse.contains("backup#1") && !converse.contains("backup#2"),
        "what fits alone: {converse}"
    );

    let logs = call.host().logs();
    let line = logs.iter().find(|line| line.message == "answered").unwrap();
    let field = |name: &str| line.fields.iter().find(|(field, _)| field == name).unwrap().1.clone();
    assert_eq!((field("citations"), field("sources")), ("backup#1".into(), "backup#1.md".into()));
    assert!(!format!("{logs:?}").contains("언제"), "no words: {logs:?}");

    let done = call.say("없어요");
    assert_eq!(done.port(), "answered");
    assert_eq!(
        *done.output(),
        json!({
            "answered": 1, "question": "백업은 언제 하나요?", "reason": null,
            "citations": [{"id": "backup#1", "title": "백업과 복구", "source": "backup#1.md"}]
        })
    );
}

#[test]
fn the_question_may_come_from_the_flow() {
    let mut call = call(json!({})).input(json!({"question": "백업 보관 기간"}));
    assert!(call.enter().heard().starts_with("매일"));
}

#[test]
fn the_conversation_is_remembered_and_bounded() {
    let mut call = call(json!({"max_questions": 20}));
    call.enter();
    for number in 0..5 {
        call.say(&format!("백업 질문 {number}"));
    }
    let calls = call.host().calls();
    let last = calls.iter().rfind(|call| call.starts_with("genai")).unwrap();
    assert!(last.contains("백업 질문 4") && last.contains("백업 질문 1"), "{last}");
    assert!(!last.contains("백업 질문 0"), "the oldest is forgotten: {last}");
    assert!(last.contains("assistant"), "{last}");
}

#[test]
fn the_longest_conversation_fits_into_the_state() {
    let mut call = call(json!({"max_questions": 20}));
    let long = "가".repeat(900);
    model(&call, Box::leak(long.clone().into_boxed_str()), "end-turn");
    call.enter();
    for _ in 0..6 {
        // The harness refuses a state above 16 KiB.
        call.say(&format!("백업 {long}")).asked();
    }
}

#[test]
fn a_question_that_leans_on_the_one_before_is_searched_with_it() {
    let mut call = call(json!({}));
    call.enter();
    call.say("백업은 언제 하나요?");
    let answer = call.say("보관은 얼마나 하죠?");
    assert!(answer.heard().starts_with("매일"), "{}", answer.heard());
    assert_eq!(call.host().count("knowledge.search"), 3);
}

#[test]
fn without_a_fitting_passage_the_model_is_not_even_asked() {
    let mut call = call(json!({}));
    call.enter();
    let again = call.say("오늘 날씨 어때요?");
    assert!(again.heard().contains("찾지 못했습니다"), "{}", again.heard());
    let done = call.say("날씨 말이에요");
    assert_eq!(done.port(), "no_answer");
    assert!(done.heard().contains("안내해 드릴 수 없습니다"), "{}", done.heard());
    assert_eq!(done.output()["reason"], "nothing-found");
    assert_eq!(call.host().count("genai.converse"), 0);
}

#[test]
fn a_guardrail_or_a_filter_is_never_spoken_over() {
    for stop in ["guardrail-intervened", "content-filtered"] {
        let mut call = call(json!({"rephrase": 0, "guardrail": "desk"}));
        model(&call, "secret words", stop);
        call.enter();
        let done = call.say("백업");
        assert_eq!((done.port(), &done.output()["reason"]), ("no_answer", &json!("refused")));
        assert!(!done.heard().contains("secret"));
        assert!(call.host().calls().iter().any(|call| call.contains(r#"guardrail: Some("desk")"#)));
    }
}

#[test]
fn a_model_that_finds_no_answer_is_believed() {
    for (text, stop) in [("", "end-turn"), ("모르겠습니다", "no-answer")] {
        let mut call = call(json!({"rephrase": 0}));
        model(&call, text, stop);
        call.enter();
        let done = call.say("백업");
        assert_eq!(
            (done.port(), &done.output()["reason"]),
            ("no_answer", &json!("not-in-articles"))
        );
    }
}

#[test]
fn citations_can_be_demanded() {
    let mut call = call(json!({"require_citations": true, "rephrase": 0}));
    model(&call, "지어낸 답", "end-turn");
    call.enter();
    assert_eq!(call.say("백업").port(), "no_answer");
}

#[test]
fn an_unanswered_question_does_not_spoil_the_next() {
    let mut call = call(json!({}));
    call.enter();
    call.say("날씨");
    let answer = call.say("백업은요?");
    assert!(answer.heard().starts_with("매일"));
    let done = call.silence();
    assert_eq!((done.port(), &done.output()["reason"]), ("answered", &Value::Null));
}

#[test]
fn a_person_is_offered_and_given_at_every_step() {
    let mut call = call(json!({}));
    assert!(call.enter().heard().contains("0번"));
    assert_eq!(call.press("0").port(), "agent");
    call.enter();
    assert!(call.say("백업").heard().contains("상담원 연결은 0번"));
    assert_eq!(call.say("상담원이요").port(), "agent");
    call.enter();
    assert!(call.say("날씨").heard().contains("상담원 연결은 0번"));
    assert_eq!(call.press("0").port(), "agent");
}

#[test]
fn a_bare_yes_to_anything_else_asks_for_the_question() {
    let mut call = call(json!({})).locale("en-US");
    call.enter();
    call.say("백업");
    assert_eq!(call.say("yes").heard(), "What would you like to know? For an agent, press 0.");
}

#[test]
fn silence_ends_the_conversation() {
    let mut silent = call(json!({}));
    silent.enter();
    assert!(silent.silence().heard().starts_with("말씀이 들리지"));
    let done = silent.silence();
    assert_eq!((done.port(), &done.output()["reason"]), ("no_answer", &json!("no-question")));
}

#[test]
fn the_last_question_that_is_allowed_ends_with_its_answer() {
    let mut call = call(json!({"max_questions": 1}));
    call.enter();
    let done = call.say("백업");
    assert_eq!((done.port(), &*done.heard()), ("answered", "매일 새벽 세 시에 백업합니다."));
}

#[test]
fn a_chat_has_buttons_for_a_person_and_for_nothing_else() {
    let mut chat = call(json!({})).channel("chat");
    assert_eq!(chat.enter().asked().hints, ["상담원 연결"]);
    assert_eq!(chat.say("백업").asked().hints, ["아니요", "상담원 연결"]);
    assert_eq!(chat.say("아니요").port(), "answered");
    chat.enter();
    assert_eq!(chat.say("상담원 연결").port(), "agent");
    assert_eq!(call(json!({})).enter().asked().hints, [""; 0], "on a telephone");
}

#[test]
fn what_a_model_writes_is_never_markup() {
    let mut call = call(json!({})).channel("chat");
    model(&call, "<speak>hello</speak>", "end-turn");
    call.enter();
    assert!(!call.say("백업").asked().say[0].ssml);
}

#[test]
fn a_provider_that_is_down_is_an_error_of_the_node() {
    let down = || HostError::unavailable("throttled", "too many requests");
    let mut search = call(json!({}));
    search.host().knowledge(move |_| Err(down()));
    search.enter();
    assert_eq!(search.say("백업").error().info().code, "throttled");
    let mut converse = call(json!({}));
    converse.host().genai(move |_| Err(down()));
    converse.enter();
    assert_eq!(converse.say("백업").error().info().code, "throttled");
}

#[test]
fn a_configuration_that_passes_is_never_a_bad_one() {
    let seeds = [json!({}), json!({"base": "help", "rephrase": 0, "max_questions": 1})];
    check_holds::<GenaiAnswer>(&seeds, |call| {
        call.host().knowledge(|_| Ok(vec![passage("backup", 0.9)]));
        call.host().genai(|_| Ok(response("매일 백업합니다.", "end-turn", &["backup"])));
        call
    });
}
