//! What plugins can ask the world for, as scripts name it: functions, what their requests hold and
//! what they answer.
//!
//! The shapes are those of `dialgraph_kernel::ports`, as JSON; a test holds the two against each
//! other.

use crate::form::{Field, Form, instead, may, must};

/// A function of a provider.
#[derive(Debug)]
pub(crate) struct Function {
    /// `provider.function`.
    pub(crate) name: &'static str,
    /// What its requests hold.
    pub(crate) request: &'static [Field],
    pub(crate) answer: Form,
}

const WHOLE: Form = Form::Whole(u64::MAX);
const WHOLE_32: Form = Form::Whole(0xFFFF_FFFF);
/// Fields that the contract does not know yet: pairs of texts.
const EXTRA: Form = Form::List(&Form::Tuple(&[Form::Quoted, Form::Quoted]));
const TEXTS: Form = Form::List(&Form::Quoted);
const SOURCE: Form = Form::Words(&["current", "last_known"]);
const EXPECT: Form =
    Form::Either(&[Form::Words(&["any", "absent"]), Form::Object(&[must("version", WHOLE)])]);

const RECORD: Form = Form::Object(&[
    must("key", Form::Quoted),
    must("version", WHOLE),
    must("updated_at", WHOLE),
    must("data", Form::Any),
    may("extra", EXTRA),
]);

const INTENT: Form = Form::Object(&[
    must("name", Form::Quoted),
    may("state", Form::Quoted),
    may("confirmation", Form::Quoted),
    may(
        "slots",
        Form::List(&Form::Object(&[
            must("path", Form::Quoted),
            may("shape", Form::Words(&["scalar", "list", "composite"])),
            may(
                "value",
                Form::Object(&[
                    may("original", Form::Quoted),
                    must("interpreted", Form::Quoted),
                    may("resolved", TEXTS),
                ]),
            ),
        ])),
    ),
]);

const SESSION: Form = Form::Object(&[
    may("attributes", EXTRA),
    may("intent", INTENT),
    may("action", Form::Quoted),
    may("slot_to_elicit", Form::Quoted),
    may("rest", Form::Any),
]);

const RECOGNITION: Form = Form::Object(&[
    must(
        "interpretations",
        Form::List(&Form::Object(&[
            must("intent", INTENT),
            may("confidence", Form::Number),
            may(
                "sentiment",
                Form::Object(&[
                    must("label", Form::Words(&["positive", "negative", "neutral", "mixed"])),
                    must("positive", Form::Number),
                    must("negative", Form::Number),
                    must("neutral", Form::Number),
                    must("mixed", Form::Number),
                ]),
            ),
            may("source", Form::Quoted),
            may("extra", EXTRA),
        ])),
    ),
    may("session", SESSION),
    may(
        "messages",
        Form::List(&Form::Object(&[
            must("content_type", Form::Quoted),
            must("content", Form::Quoted),
            may("card", Form::Any),
        ])),
    ),
    may("request_attributes", EXTRA),
    may("session_id", Form::Quoted),
    may("member", Form::Tuple(&[Form::Quoted, Form::Quoted])),
    may("extra", EXTRA),
]);

const RESPONSE: Form = Form::Object(&[
    must("text", Form::Quoted),
    may("stop_reason", Form::Quoted),
    may(
        "usage",
        Form::Object(&[
            must("input_tokens", WHOLE_32),
            must("output_tokens", WHOLE_32),
            must("total_tokens", WHOLE_32),
        ]),
    ),
    may(
        "citations",
        Form::List(&Form::Object(&[
            must("passage", Form::Quoted),
            must("start", WHOLE_32),
            must("end", WHOLE_32),
        ])),
    ),
    may("model", Form::Quoted),
    may("trace", Form::Any),
    may("extra", EXTRA),
]);

/// Bytes: a text, or in base64.
const BODY: Form =
    Form::Either(&[Form::Nothing, Form::Object(&[must("base64", Form::Quoted)]), Form::Quoted]);

/// Fields of a ticket.
pub(crate) const TICKET: &[Field] = &[
    may("subject", Form::Any),
    may("body", Form::Any),
    may("priority", Form::Any),
    may("requester_name", Form::Any),
    may("requester_email", Form::Any),
    may("requester_phone", Form::Any),
    may("assignee", Form::Any),
    may("tags", Form::Any),
    may("fields", Form::Any),
];

/// How urgent a ticket can be.
pub(crate) const PRIORITIES: &[&str] = &["urgent", "high", "normal", "low"];

/// All that plugins can ask for.
pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "records.get",
        request: &[
            may("collection", Form::Quoted),
            may("key", Form::Quoted),
            may("source", SOURCE),
        ],
        answer: Form::Either(&[Form::Nothing, RECORD]),
    },
    Function {
        name: "records.find",
        request: &[
            may("collection", Form::Quoted),
            may("matches", Form::List(&Form::Any)),
            may("limit", WHOLE_32),
            may("source", SOURCE),
        ],
        answer: Form::Object(&[
            must("records", Form::List(&RECORD)),
            must("more", Form::Flag),
            may("as_of", WHOLE),
        ]),
    },
    Function {
        name: "records.search",
        request: &[
            may("collection", Form::Quoted),
            may("index", Form::Quoted),
            may("values", Form::List(&Form::Any)),
            may("limit", WHOLE_32),
            may("cursor", Form::Quoted),
            may("source", SOURCE),
        ],
        answer: Form::Object(&[
            must(
                "hits",
                Form::List(&Form::Object(&[must("record", RECORD), must("score", Form::Number)])),
            ),
            may("next", Form::Quoted),
            must("complete", Form::Flag),
            may("as_of", WHOLE),
        ]),
    },
    Function {
        name: "records.put",
        request: &[
            may("collection", Form::Quoted),
            may("key", Form::Quoted),
            may("data", Form::Any),
            may("expect", EXPECT),
        ],
        answer: Form::Object(&[must("version", WHOLE)]),
    },
    Function {
        name: "records.delete",
        request: &[
            may("collection", Form::Quoted),
            may("key", Form::Quoted),
            may("expect", EXPECT),
        ],
        answer: Form::Nothing,
    },
    Function {
        name: "nlu.recognize",
        request: &[
            may("text", Form::Quoted),
            may("bot", Form::Quoted),
            may("session", SESSION),
            may("request_attributes", EXTRA),
        ],
        answer: RECOGNITION,
    },
    Function {
        name: "genai.converse",
        request: &[
            may("model", Form::Quoted),
            may("system", TEXTS),
            may(
                "messages",
                Form::List(&Form::Object(&[
                    may("role", Form::Words(&["user", "assistant"])),
                    may("text", Form::Quoted),
                ])),
            ),
            may(
                "passages",
                Form::List(&Form::Object(&[
                    may("id", Form::Quoted),
                    may("title", Form::Quoted),
                    may("text", Form::Quoted),
                    may("source", Form::Quoted),
                ])),
            ),
            may(
                "inference",
                Form::Object(&[
                    may("max_tokens", WHOLE_32),
                    may("temperature", Form::Number),
                    may("top_p", Form::Number),
                    may("stop_sequences", TEXTS),
                ]),
            ),
            may("guardrail", Form::Quoted),
        ],
        answer: RESPONSE,
    },
    Function {
        name: "knowledge.search",
        request: &[may("text", Form::Quoted), may("base", Form::Quoted), may("limit", WHOLE_32)],
        answer: Form::List(&Form::Object(&[
            must("id", Form::Quoted),
            must("title", Form::Quoted),
            must("text", Form::Quoted),
            must("source", Form::Quoted),
            must("score", Form::Number),
            may("extra", EXTRA),
        ])),
    },
    Function {
        name: "tickets.create",
        request: &[may("ticket", Form::Object(TICKET)), may("idempotency_key", Form::Quoted)],
        answer: Form::Object(&[
            must("id", Form::Quoted),
            may("url", Form::Quoted),
            may("duplicate", Form::Flag),
        ]),
    },
    Function { name: "secrets.open", request: &[may("name", Form::Quoted)], answer: Form::Nothing },
    Function {
        name: "http.send",
        request: &[
            may("method", Form::Quoted),
            may("url", Form::Quoted),
            may("headers", EXTRA),
            may(
                "credential",
                Form::OneOf(
                    "kind of credential",
                    &[
                        may("bearer", Form::Object(&[may("secret", Form::Quoted)])),
                        may(
                            "basic",
                            Form::Object(&[may("user", Form::Quoted), may("secret", Form::Quoted)]),
                        ),
                        may(
                            "header",
                            Form::Object(&[may("name", Form::Quoted), may("secret", Form::Quoted)]),
                        ),
                    ],
                ),
            ),
            may("body", BODY),
            may("timeout_ms", WHOLE_32),
        ],
        answer: Form::Object(&[
            must("status", Form::Whole(999)),
            may("headers", EXTRA),
            may("body", BODY),
        ]),
    },
];

/// The functions that `on` means: one, or by the name of a provider all of it.
///
/// # Errors
/// When there is no such function or provider: what was meant perhaps.
pub(crate) fn meant(on: &str) -> Result<Vec<&'static Function>, String> {
    let meant: Vec<_> = FUNCTIONS
        .iter()
        .filter(|function| function.name == on || provider(function.name) == on)
        .collect();
    if !meant.is_empty() {
        return Ok(meant);
    }
    let mut providers: Vec<&str> =
        FUNCTIONS.iter().map(|function| provider(function.name)).collect();
    providers.dedup();
    let names = || FUNCTIONS.iter().map(|function| function.name);
    Err(match on.contains('.') {
        true => format!("there is no function `{on}`{}", instead(on, names())),
        false => format!("there is no provider `{on}`{}", instead(on, providers)),
    })
}

fn provider(name: &'static str) -> &'static str {
    name.split_once('.').map_or(name, |(provider, _)| provider)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use dialgraph_flow::source::Sources;
    use dialgraph_flow::syntax::yaml;
    use dialgraph_kernel::ports::{HostAnswer, HostCall};

    use super::*;
    use crate::world::Mock;

    /// JSON as the tree of a script has it.
    fn misfits(form: &Form, value: &Value) -> Vec<String> {
        let mut sources = Sources::default();
        let text = value.to_string();
        let file = sources.add("x", text.as_str());
        let root = yaml::parse(file, &text).root.unwrap();
        let mut out = Vec::new();
        form.read(&root, "answer", &mut out);
        out.into_iter().map(|misfit| misfit.message).collect()
    }

    /// An answer with everything in it, by function.
    fn whole_answers() -> Vec<(&'static str, Value)> {
        let extra = json!([["a", "b"]]);
        let intent = json!({"name": "A", "state": "failed", "confirmation": "none", "slots": [
            {"path": "P", "shape": "scalar", "value": {"original": "o", "interpreted": "i", "resolved": ["r"]}}]});
        let record =
            json!({"key": "k", "version": 1, "updated_at": 1, "data": {"a": 1}, "extra": extra});
        vec![
            ("records.get", record.clone()),
            ("records.get", Value::Null),
            ("records.find", json!({"records": [record], "more": true, "as_of": 5})),
            (
                "records.search",
                json!({"hits": [{"record": record, "score": 0.5}], "next": "a", "complete": true, "as_of": 5}),
            ),
            ("records.put", json!({"version": 2})),
            ("records.delete", Value::Null),
            (
                "nlu.recognize",
                json!({
                    "interpretations": [{"intent": intent, "confidence": 0.5, "sentiment":
                        {"label": "mixed", "positive": 0.1, "negative": 0.2, "neutral": 0.3, "mixed": 0.4},
                        "source": "lex", "extra": extra}],
                    "session": {"attributes": extra, "intent": intent, "action": "a", "slot_to_elicit": "s", "rest": {"x": 1}},
                    "messages": [{"content_type": "plain-text", "content": "c", "card": {"x": 1}}],
                    "request_attributes": extra, "session_id": "s", "member": ["a", "b"], "extra": extra,
                }),
            ),
            (
                "genai.converse",
                json!({"text": "t", "stop_reason": "end-turn", "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
                    "citations": [{"passage": "p", "start": 0, "end": 1}], "model": "m", "trace": {"x": 1}, "extra": extra}),
            ),
            (
                "knowledge.search",
                json!([{"id": "i", "title": "t", "text": "x", "source": "s", "score": 0.5, "extra": extra}]),
            ),
            ("tickets.create", json!({"id": "T-1", "url": "u", "duplicate": true})),
            ("secrets.open", Value::Null),
            ("http.send", json!({"status": 200, "headers": extra, "body": "b"})),
            ("http.send", json!({"status": 200, "headers": extra, "body": {"base64": "AA=="}})),
        ]
    }

    #[test]
    fn a_form_knows_every_field_of_an_answer_and_its_function_reads_what_fits() {
        for (name, answer) in whole_answers() {
            let function = FUNCTIONS.iter().find(|function| function.name == name).unwrap();
            assert_eq!(misfits(&function.answer, &answer), [""; 0], "{name}");
            let read: HostAnswer = Mock::answer(name, answer.clone()).unwrap();
            // Every field came through, so that the form names no field that the function does not
            // know.
            let back = serde_json::to_value(&read).unwrap();
            assert_eq!(back.get("answer").cloned().unwrap_or_default(), answer, "{name}");
        }
        for function in FUNCTIONS {
            assert!(whole_answers().iter().any(|(name, _)| *name == function.name));
        }
    }

    #[test]
    fn a_request_has_the_fields_that_scripts_can_name() {
        let requests = [
            json!({"function": "records.get", "request": {"collection": "c", "key": "k", "source": "last_known"}}),
            json!({"function": "records.find", "request": {"collection": "c", "matches": [["a", 1]], "limit": 1, "source": "current"}}),
            json!({"function": "records.search", "request": {"collection": "c", "index": "i", "values": [1], "limit": 1, "cursor": "x", "source": "current"}}),
            json!({"function": "records.put", "request": {"collection": "c", "key": "k", "data": {}, "expect": {"version": 1}}}),
            json!({"function": "records.delete", "request": {"collection": "c", "key": "k", "expect": "absent"}}),
            json!({"function": "nlu.recognize", "request": {"text": "t", "bot": "b", "session": {"action": "a"}, "request_attributes": [["a", "b"]]}}),
            json!({"function": "genai.converse", "request": {"model": "m", "system": ["s"], "messages": [{"role": "user", "text": "t"}],
                "passages": [{"id": "i", "title": "t", "text": "x", "source": "s"}],
                "inference": {"max_tokens": 1, "temperature": 0.5, "top_p": 0.5, "stop_sequences": ["s"]}, "guardrail": "g"}}),
            json!({"function": "knowledge.search", "request": {"text": "t", "base": "b", "limit": 1}}),
            json!({"function": "tickets.create", "request": {"ticket": {"subject": "s", "body": "b", "priority": "low",
                "requester_name": "n", "requester_email": "e", "requester_phone": "p", "assignee": "a", "tags": ["t"], "fields": [["a", "b"]]},
                "idempotency_key": "k"}}),
            json!({"function": "secrets.open", "request": {"name": "n"}}),
            json!({"function": "http.send", "request": {"method": "GET", "url": "u", "headers": [["a", "b"]],
                "credential": {"basic": {"user": "u", "secret": "s"}}, "body": "b", "timeout_ms": 1}}),
        ];
        assert_eq!(requests.len(), FUNCTIONS.len());
        for (request, function) in requests.iter().zip(FUNCTIONS) {
            let call: HostCall = serde_json::from_value(request.clone()).unwrap();
            assert_eq!(call.function(), function.name);
            assert_eq!(&serde_json::to_value(&call).unwrap(), request);
            assert_eq!(misfits(&Form::Object(function.request), &request["request"]), [""; 0]);
            let known: Vec<&str> =
                request["request"].as_object().unwrap().keys().map(String::as_str).collect();
            let mut named: Vec<&str> = function.request.iter().map(|field| field.key).collect();
            named.sort_unstable();
            let mut known = known;
            known.sort_unstable();
            assert_eq!(named, known);
        }
    }

    #[test]
    fn a_function_that_is_none_is_told_with_the_one_that_was_meant() {
        assert_eq!(meant("records").unwrap().len(), 5);
        assert_eq!(meant("http.send").unwrap().len(), 1);
        insta::assert_snapshot!(meant("recrds.fnd").unwrap_err(), @"there is no function `recrds.fnd`; did you mean `records.find`?");
        insta::assert_snapshot!(meant("ticket").unwrap_err(), @"there is no provider `ticket`; did you mean `tickets`?");
        insta::assert_snapshot!(meant("sms").unwrap_err(), @"there is no provider `sms`; there are records, nlu, genai, knowledge, tickets, secrets, http");
    }
}
