//! What a guardrail found, as JSON: policies and names, but never the words that it found them in.

use aws_sdk_bedrockruntime::types as sdk;
use serde_json::{Value, json};

/// `{guardrail, on, topic, reason, findings: [{on, policy, name, action}]}`; `on` and `topic` are
/// of the first that blocked, as the local provider has them.
pub(super) fn shown(guardrail: &str, trace: &sdk::GuardrailTraceAssessment) -> Value {
    let mut findings = Vec::new();
    let mut inputs: Vec<_> = trace.input_assessment.iter().flatten().collect();
    inputs.sort_by_key(|(id, _)| id.as_str());
    for (_, assessment) in inputs {
        find("input", assessment, &mut findings);
    }
    let mut outputs: Vec<_> = trace.output_assessments.iter().flatten().collect();
    outputs.sort_by_key(|(id, _)| id.as_str());
    for assessment in outputs.into_iter().flat_map(|(_, assessments)| assessments) {
        find("output", assessment, &mut findings);
    }
    let blocked = findings.iter().find(|finding| finding["action"] == "BLOCKED");
    let of_blocked = |field: &str| blocked.map(|finding| finding[field].clone());
    json!({
        "guardrail": guardrail,
        "on": of_blocked("on"),
        "topic": of_blocked("name"),
        "reason": trace.action_reason,
        "findings": findings,
    })
}

fn find(on: &str, assessment: &sdk::GuardrailAssessment, into: &mut Vec<Value>) {
    let mut add = |policy: &str, name: &str, action: &str| {
        into.push(json!({"on": on, "policy": policy, "name": name, "action": action}));
    };
    for topic in assessment.topic_policy.iter().flat_map(|policy| &policy.topics) {
        add("topic", &topic.name, topic.action.as_str());
    }
    for filter in assessment.content_policy.iter().flat_map(|policy| &policy.filters) {
        add("content", filter.r#type.as_str(), filter.action.as_str());
    }
    if let Some(policy) = &assessment.word_policy {
        for word in &policy.custom_words {
            add("word", "custom", word.action.as_str());
        }
        for word in &policy.managed_word_lists {
            add("word", word.r#type.as_str(), word.action.as_str());
        }
    }
    if let Some(policy) = &assessment.sensitive_information_policy {
        for entity in &policy.pii_entities {
            add("sensitive-information", entity.r#type.as_str(), entity.action.as_str());
        }
        for regex in &policy.regexes {
            let name = regex.name.as_deref().unwrap_or("regex");
            add("sensitive-information", name, regex.action.as_str());
        }
    }
    let grounding = assessment.contextual_grounding_policy.iter();
    for filter in grounding.flat_map(|policy| policy.filters.iter().flatten()) {
        add("contextual-grounding", filter.r#type.as_str(), filter.action.as_str());
    }
}
