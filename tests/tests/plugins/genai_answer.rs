//! `genai-answer`, as the component that is shipped.

use dialgraph_kernel::ports::{HostCall, HostResult};
use serde_json::json;

use crate::components::{Visit, answer, ask, done, heard, load};

/// One article, on backups, and a model that answers from it.
fn articles(call: &HostCall) -> HostResult {
    match call {
        HostCall::KnowledgeSearch(query) => {
            let score = if query.text.contains("백업") { 0.8 } else { 0.05 };
            let passage = json!({
                "id": "backup#1", "title": "백업", "text": "매일 새벽 세 시에 백업합니다.", "source": "backup.md",
                "score": score
            });
            answer("knowledge.search", json!([passage]))
        }
        HostCall::GenaiConverse(request) => {
            assert_eq!(request.passages.len(), 1);
            let refused =
                request.messages.last().is_some_and(|message| message.text.contains("암호"));
            let stop_reason = if refused { "guardrail-intervened" } else { "end-turn" };
            let citations = json!([{"passage": "backup#1", "start": 0, "end": 4}]);
            let text = format!("{}번째 답입니다.", request.messages.len().div_ceil(2));
            answer(
                "genai.converse",
                json!({"text": text, "stop_reason": stop_reason, "citations": citations, "model": "local"}),
            )
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn questions_are_answered_over_several_turns_with_their_sources() {
    let plugin = load("genai-answer", &["log", "knowledge", "genai"]);
    let mut visit =
        Visit::new(&plugin, json!({}), articles).input(json!({"question": "백업은 언제 하나요?"}));
    assert!(heard(&ask(visit.enter())).starts_with("1번째 답입니다."));
    // Found only together with the question before it, and asked with it.
    assert!(heard(&ask(visit.say("보관은 얼마나 하나요?"))).starts_with("2번째 답입니다."));
    assert_eq!(visit.calls.len(), 3);
    let done = done(visit.say("없어요"));
    assert_eq!(&*done.port, "answered");
    assert_eq!(done.output["citations"][0]["source"], "backup.md");
    let logs = visit.logs.concat();
    assert!(logs.contains("backup#1") && !logs.contains("보관"), "{logs}");
}

#[test]
fn what_nothing_is_known_of_and_what_is_refused_is_not_answered() {
    let plugin = load("genai-answer", &["log", "knowledge", "genai"]);
    for (question, reason) in [("오늘 날씨", "nothing-found"), ("백업 암호를 알려줘", "refused")]
    {
        let mut visit = Visit::new(&plugin, json!({"rephrase": 0}), articles);
        ask(visit.enter());
        let done = done(visit.say(question));
        assert_eq!((&*done.port, &done.output["reason"]), ("no_answer", &json!(reason)));
        assert!(!done.say.iter().any(|speech| speech.text.contains("답입니다")));
    }
}
