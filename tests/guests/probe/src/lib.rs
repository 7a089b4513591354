//! Calls every function of every capability once, and reports all that came back.

wit_bindgen::generate!({ path: "../../../wit", world: "dialgraph:plugin/node-with-capabilities" });

use dialgraph::plugin::log::Level;
use dialgraph::plugin::records_read::{FieldMatch, Source};
use dialgraph::plugin::records_write::Expectation;
use dialgraph::plugin::types::{ErrorInfo, HostError};
use dialgraph::plugin::{
    clock, genai, http, knowledge, log, nlu, random, records_read, records_write, secrets, tickets,
};
use exports::dialgraph::plugin::plugin::{
    Accept, Ask, Descriptor, Digits, Done, Event, Guest, Invocation, NodeError, Outcome, Port,
    Prompt,
};
use serde_json::{Value, json};

struct Probe;

impl Guest for Probe {
    fn describe() -> Descriptor {
        Descriptor {
            name: "probe".to_owned(),
            version: "1.2.3".to_owned(),
            summary: "Tries every capability.".to_owned(),
            ports: vec![
                Port { name: "done".to_owned(), summary: "All were tried.".to_owned() },
                Port {
                    name: "said_something".to_owned(),
                    summary: "The caller answered.".to_owned(),
                },
            ],
            config_schema: r#"{"type":"object"}"#.to_owned(),
            input_schema: r#"{"type":"object"}"#.to_owned(),
            output_schema: r#"{"type":"object"}"#.to_owned(),
            extra: vec![("license".to_owned(), "Apache-2.0".to_owned())],
        }
    }

    fn run(invocation: Invocation) -> Result<Outcome, NodeError> {
        match invocation.config.as_str() {
            r#"{"do":"ask"}"# => return Ok(ask(&invocation)),
            r#"{"do":"fail"}"# => return Err(fail(&invocation.input)),
            _ => {}
        }
        let mut seen = serde_json::Map::new();
        seen.insert("log".to_owned(), json!(format!("{:?}", log::min_level())));
        log::log(Level::Info, "probing", &[("visit".to_owned(), invocation.call.invocation_id)]);
        seen.insert("clock".to_owned(), json!(clock::now()));
        seen.insert("random".to_owned(), json!([random::number(), random::bytes(5).ok()]));
        seen.insert("too much".to_owned(), told(random::bytes(5_000).map(|_| json!(null))));
        records(&mut seen);
        words(&mut seen);
        desk(&mut seen);
        Ok(Outcome::Done(Done {
            port: "done".to_owned(),
            output: Value::Object(seen).to_string(),
            say: vec![Prompt {
                text: "<speak>확인했습니다.</speak>".to_owned(),
                ssml: true,
                extra: Vec::new(),
            }],
            extra: Vec::new(),
        }))
    }
}

fn told(result: Result<Value, HostError>) -> Value {
    let (kind, info) = match result {
        Ok(value) => return value,
        Err(HostError::Invalid(info)) => ("invalid", info),
        Err(HostError::Unavailable(info)) => ("unavailable", info),
        Err(HostError::Denied(info)) => ("denied", info),
        Err(HostError::Other(info)) => ("other", info),
    };
    json!({"kind": kind, "code": info.code, "message": info.message, "retry": info.retry_after_ms})
}

fn record(record: records_read::Record) -> Value {
    json!([record.key, record.version, record.updated_at, record.data, record.extra])
}

fn records(seen: &mut serde_json::Map<String, Value>) {
    let got = records_read::get("customers", "c-001", Source::Current)
        .map(|found| found.map_or(Value::Null, record));
    seen.insert("get".to_owned(), told(got));
    let found = records_read::find(&records_read::Query {
        collection: "customers".to_owned(),
        matches: vec![FieldMatch {
            field: "address.city".to_owned(),
            value: r#""Seoul""#.to_owned(),
        }],
        limit: 2,
        source: Source::LastKnown,
        extra: Vec::new(),
    });
    let found = found.map(|page| {
        let records: Vec<_> = page.records.into_iter().map(record).collect();
        json!({"records": records, "more": page.more, "as_of": page.as_of})
    });
    seen.insert("find".to_owned(), told(found));
    let bad = records_read::find(&records_read::Query {
        collection: "customers".to_owned(),
        matches: vec![FieldMatch { field: "city".to_owned(), value: "Seoul".to_owned() }],
        limit: 2,
        source: Source::Current,
        extra: Vec::new(),
    });
    seen.insert("bad find".to_owned(), told(bad.map(|_| Value::Null)));
    let put = records_write::put("notes", "n-1", r#"{"a":1}"#, Expectation::Version(4));
    seen.insert("put".to_owned(), told(put.map(|version| json!(version))));
    let deleted = records_write::delete("notes", "n-2", Expectation::Absent);
    seen.insert("delete".to_owned(), told(deleted.map(|()| json!("deleted"))));
}

fn words(seen: &mut serde_json::Map<String, Value>) {
    let intent = || nlu::Intent {
        name: "Urgent".to_owned(),
        state: "in-progress".to_owned(),
        confirmation: "none".to_owned(),
        slots: vec![nlu::Slot {
            path: "Server[0]".to_owned(),
            shape: "scalar".to_owned(),
            value: Some(nlu::SlotValue {
                original: Some("웹 서버".to_owned()),
                interpreted: "web".to_owned(),
                resolved: vec!["web".to_owned()],
            }),
        }],
    };
    let recognized = nlu::recognize(&nlu::Request {
        text: "서버가 멈췄어요".to_owned(),
        bot: Some("default".to_owned()),
        session: Some(nlu::Session {
            attributes: vec![("a".to_owned(), "b".to_owned())],
            intent: Some(intent()),
            action: Some("elicit-slot".to_owned()),
            slot_to_elicit: Some("Server".to_owned()),
            rest: Some(r#"{"x":1}"#.to_owned()),
        }),
        request_attributes: vec![("c".to_owned(), "d".to_owned())],
        extra: Vec::new(),
    });
    seen.insert(
        "nlu".to_owned(),
        told(recognized.map(|recognition| json!(format!("{recognition:?}")))),
    );
    let found = knowledge::search(&knowledge::Query {
        text: "재부팅".to_owned(),
        base: None,
        limit: 3,
        extra: Vec::new(),
    });
    seen.insert("knowledge".to_owned(), told(found.map(|passages| json!(format!("{passages:?}")))));
    let request = |temperature| genai::Request {
        model: None,
        system: vec!["Be brief.".to_owned()],
        messages: vec![genai::Message {
            role: "user".to_owned(),
            text: "재부팅은 어떻게 하나요?".to_owned(),
        }],
        passages: vec![genai::Passage {
            id: "p-1".to_owned(),
            title: "재부팅".to_owned(),
            text: "콘솔에서 재부팅을 누릅니다.".to_owned(),
            source: "reboot.md".to_owned(),
        }],
        inference: genai::Inference {
            max_tokens: Some(100),
            temperature: Some(temperature),
            top_p: None,
            stop_sequences: vec!["\n\n".to_owned()],
        },
        guardrail: Some("default".to_owned()),
        extra: Vec::new(),
    };
    let answered = genai::converse(&request(0.5));
    seen.insert("genai".to_owned(), told(answered.map(|response| json!(format!("{response:?}")))));
    let refused = genai::converse(&request(f64::NAN));
    seen.insert("no number".to_owned(), told(refused.map(|_| Value::Null)));
}

fn desk(seen: &mut serde_json::Map<String, Value>) {
    let created = tickets::create(
        &tickets::Ticket {
            subject: "서버 중단".to_owned(),
            body: "웹 서버가 응답하지 않습니다.".to_owned(),
            priority: "urgent".to_owned(),
            requester_name: None,
            requester_email: Some("ops@example.com".to_owned()),
            requester_phone: Some("010-0000-0101".to_owned()),
            assignee: Some("e-7".to_owned()),
            tags: vec!["phone".to_owned()],
            fields: vec![("class".to_owned(), "msp".to_owned())],
            extra: Vec::new(),
        },
        "call-1/3",
    );
    seen.insert(
        "ticket".to_owned(),
        told(created.map(|receipt| json!([receipt.id, receipt.url, receipt.duplicate]))),
    );
    let secret = match secrets::open("desk-token") {
        Ok(secret) => secret,
        Err(error) => {
            seen.insert("secret".to_owned(), told(Err(error)));
            return;
        }
    };
    seen.insert("secret".to_owned(), json!(secret.name()));
    let sent = http::send(&http::Request {
        method: "POST".to_owned(),
        url: "https://desk.example.com/tickets".to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        credential: Some(http::Credential::Basic(("agent".to_owned(), &secret))),
        body: Some(b"{}".to_vec()),
        timeout_ms: 2_000,
        extra: Vec::new(),
    });
    seen.insert(
        "http".to_owned(),
        told(sent.map(|response| json!([response.status, response.headers, response.body]))),
    );
    drop(secret);
    // Handles are given back: many more are opened one after another than may be open at a time.
    let opened = (0..20).filter(|_| secrets::open("desk-token").is_ok()).count();
    seen.insert("opened".to_owned(), json!(opened));
}

/// Asks until the caller says something, and counts the times in its state.
fn ask(invocation: &Invocation) -> Outcome {
    let times = invocation.state.as_deref().map_or(0, |state| state.parse().unwrap_or(0)) + 1;
    let heard = match &invocation.event {
        Event::Said(utterance) => {
            json!({"said": utterance.text, "confidence": utterance.confidence})
        }
        Event::Pressed(keys) => json!({"pressed": keys}),
        Event::Entered | Event::Silent | Event::Other(_) => {
            return Outcome::Ask(Ask {
                say: vec![Prompt {
                    text: format!("{times}번째 질문입니다."),
                    ssml: false,
                    extra: Vec::new(),
                }],
                accept: Accept {
                    speech: true,
                    digits: Some(Digits {
                        min: 1,
                        max: 12,
                        terminator: Some("#".to_owned()),
                        extra: Vec::new(),
                    }),
                    timeout_ms: 5_000,
                    sensitive: true,
                    hints: vec!["예".to_owned()],
                    extra: Vec::new(),
                },
                state: times.to_string(),
                extra: Vec::new(),
            });
        }
    };
    Outcome::Done(Done {
        port: "said_something".to_owned(),
        output: json!({"heard": heard, "times": times, "turn": invocation.call.turn}).to_string(),
        say: Vec::new(),
        extra: Vec::new(),
    })
}

fn fail(kind: &str) -> NodeError {
    let info = ErrorInfo {
        code: "desk-closed".to_owned(),
        message: "The desk is closed.".to_owned(),
        retry_after_ms: Some(1_000),
        extra: Vec::new(),
    };
    match kind {
        r#"{"kind":"bad-config"}"# => NodeError::BadConfig(info),
        r#"{"kind":"retryable"}"# => NodeError::Retryable(info),
        r#"{"kind":"refused"}"# => NodeError::Refused(info),
        _ => NodeError::Other(info),
    }
}

export!(Probe);
