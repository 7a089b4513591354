//! Every capability from the plugin's side and from the driver's, and a run stopped and resumed at
//! each call.

use dialgraph_base::{Digest, Timestamp};
use dialgraph_host::Host;
use dialgraph_kernel::plugin::{FailureKind, PluginEvent, Plugins as _, RunReport, RunResult};
use dialgraph_kernel::ports::genai::{Citation, Response, Usage};
use dialgraph_kernel::ports::http::{self, Body};
use dialgraph_kernel::ports::nlu::{
    Intent, Interpretation, Message, Recognition, RecognizerSession, Sentiment, Slot, SlotValue,
};
use dialgraph_kernel::ports::records::{Page, Record, Written};
use dialgraph_kernel::ports::tickets::Receipt;
use dialgraph_kernel::ports::{HostAnswer, HostError, HostErrorKind, HostResult, knowledge};
use serde_json::json;

use crate::support::{Script, all_grants, counting_host, failure, guest, host, invocation};

fn probe(host: &Host) -> Digest {
    host.load("probe", guest("probe"), &all_grants()).unwrap().digest
}

fn record(key: &str) -> Record {
    Record {
        key: key.to_owned(),
        version: 3,
        updated_at: Timestamp(1_795_000_000_000),
        data: json!({"name": "가온전자", "address": {"city": "Seoul"}}),
        extra: vec![("origin".to_owned(), "crm".to_owned())],
    }
}

/// A reply to each host call of the probe, in order.
fn replies() -> Vec<HostResult> {
    let mut replies = vec![
        Ok(HostAnswer::RecordsGet(Some(record("c-001")))),
        Ok(HostAnswer::RecordsFind(Page {
            records: vec![record("c-002")],
            more: true,
            as_of: Some(Timestamp(1_794_000_000_000)),
        })),
        Ok(HostAnswer::RecordsPut(Written { version: 5 })),
        Err(HostError::denied("conflict", "The record is there.")),
        Ok(HostAnswer::NluRecognize(recognition())),
        Ok(HostAnswer::KnowledgeSearch(vec![knowledge::Passage {
            id: "p-1".to_owned(),
            title: "재부팅".to_owned(),
            text: "콘솔에서 재부팅을 누릅니다.".to_owned(),
            source: "reboot.md".to_owned(),
            score: 0.75,
            extra: Vec::new(),
        }])),
        Ok(HostAnswer::GenaiConverse(Response {
            text: "재부팅을 누르세요.".to_owned(),
            stop_reason: "end-turn".to_owned(),
            usage: Usage { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
            citations: vec![Citation { passage: "p-1".to_owned(), start: 0, end: 3 }],
            model: "local".to_owned(),
            trace: Some(json!({"guardrail": "none"})),
            extra: vec![("latency".to_owned(), "12".to_owned())],
        })),
        Ok(HostAnswer::TicketsCreate(Receipt {
            id: "T-1".to_owned(),
            url: Some("https://desk.example.com/T-1".to_owned()),
            duplicate: true,
        })),
        Ok(HostAnswer::SecretsOpen),
        Ok(HostAnswer::HttpSend(http::Response {
            status: 201,
            headers: vec![("location".to_owned(), "/T-1".to_owned())],
            body: Body::Bytes { base64: "/wA=".to_owned() },
        })),
    ];
    replies.extend(std::iter::repeat_n(Ok(HostAnswer::SecretsOpen), 20));
    replies
}

fn recognition() -> Recognition {
    let intent = Intent {
        name: "Urgent".to_owned(),
        state: "ready-for-fulfillment".to_owned(),
        confirmation: "confirmed".to_owned(),
        slots: vec![Slot {
            path: "Server".to_owned(),
            shape: "list".to_owned(),
            value: Some(SlotValue {
                original: None,
                interpreted: "web".to_owned(),
                resolved: vec!["web".to_owned(), "was".to_owned()],
            }),
        }],
    };
    Recognition {
        interpretations: vec![Interpretation {
            intent: intent.clone(),
            confidence: Some(0.875),
            sentiment: Some(Sentiment {
                label: "negative".to_owned(),
                positive: 0.125,
                negative: 0.5,
                neutral: 0.25,
                mixed: 0.125,
            }),
            source: Some("local".to_owned()),
            extra: Vec::new(),
        }],
        session: RecognizerSession {
            attributes: vec![("a".to_owned(), "b".to_owned())],
            intent: Some(intent),
            action: Some("close".to_owned()),
            slot_to_elicit: None,
            rest: Some(json!({"contexts": []})),
        },
        messages: vec![Message {
            content_type: "image-response-card".to_owned(),
            content: "고르세요".to_owned(),
            card: Some(json!({"title": "x"})),
        }],
        request_attributes: vec![("c".to_owned(), "d".to_owned())],
        session_id: Some("s-1".to_owned()),
        member: Some(("m-1".to_owned(), "first".to_owned())),
        extra: Vec::new(),
    }
}

fn run(host: &Host, script: &mut Script) -> RunReport {
    host.run(&probe(host), &invocation("{}"), script)
}

#[test]
fn what_a_plugin_asks_reaches_the_driver_whole() {
    let mut script = Script::of(replies());
    run(host(), &mut script);
    let asked: Vec<_> =
        script.asked[..11].iter().map(|call| serde_json::to_string_pretty(call).unwrap()).collect();
    insta::assert_snapshot!(asked.join("\n"));
}

#[test]
fn what_the_driver_replies_reaches_the_plugin_whole() {
    let report = run(host(), &mut Script::of(replies()));
    let RunResult::Done(done) = report.result else {
        panic!("it failed: {report:?}");
    };
    assert_eq!(done.port, "done");
    assert!(done.say[0].ssml);
    assert_eq!(report.logs[0].fields[0].1, "call-1/3");
    insta::assert_snapshot!(serde_json::to_string_pretty(&done.output).unwrap());
}

/// Its bytes are kept, so that it is never built against anything later.
#[test]
fn a_plugin_built_against_the_first_contract_works_unchanged() {
    let kept = include_bytes!("../../../../tests/contract/1.0.0/probe.wasm");
    let plugin = host().load("probe", kept, &all_grants()).unwrap();
    let (mut then, mut now) = (Script::of(replies()), Script::of(replies()));
    let report = host().run(&plugin.digest, &invocation("{}"), &mut then);
    let RunResult::Done(done) = report.result else { panic!("it failed: {report:?}") };
    let RunResult::Done(fresh) = run(host(), &mut now).result else { panic!("it failed") };
    assert_eq!((done.port, done.output), (fresh.port, fresh.output));
    assert_eq!(serde_json::to_value(then.asked).unwrap(), serde_json::to_value(now.asked).unwrap());
}

#[test]
fn every_kind_of_error_reaches_the_plugin() {
    let kinds = [
        HostErrorKind::Invalid,
        HostErrorKind::Unavailable,
        HostErrorKind::Denied,
        HostErrorKind::Other,
    ];
    let errors: Vec<HostResult> = (0..30)
        .map(|number| {
            let mut error = HostError::new(kinds[number % 4], format!("code-{number}"), "No.");
            error.retry_after_ms = (number % 2 == 1).then_some(1_500);
            Err(error)
        })
        .collect();
    let report = run(host(), &mut Script::of(errors));
    let RunResult::Done(done) = report.result else {
        panic!("it failed: {report:?}");
    };
    insta::assert_snapshot!(serde_json::to_string_pretty(&done.output).unwrap());
}

#[test]
fn a_reply_to_another_question_is_a_failure_of_the_engine() {
    let failure = failure(run(host(), &mut Script::of([Ok(HostAnswer::RecordsDelete)])));
    assert_eq!(failure.kind, FailureKind::Engine);
    insta::assert_snapshot!(failure.message);
}

#[test]
fn errors_of_the_plugin_keep_their_kind() {
    let plugin = probe(host());
    for (kind, expected) in [
        ("bad-config", FailureKind::BadConfig),
        ("retryable", FailureKind::Retryable),
        ("refused", FailureKind::Refused),
        ("other", FailureKind::Other),
    ] {
        let input = format!(r#"{{"kind":"{kind}"}}"#);
        let mut invocation = invocation(r#"{"do":"fail"}"#);
        invocation.input = &input;
        let failure = failure(host().run(&plugin, &invocation, &mut Script::default()));
        assert_eq!(failure.kind, expected);
        assert_eq!(failure.code, "desk-closed");
        assert_eq!(failure.message, "The desk is closed.");
    }
}

#[test]
fn a_dialogue_goes_on_from_the_state_of_its_last_ask() {
    let plugin = probe(host());
    let mut state: Option<String> = None;
    let said = PluginEvent::Said { text: "네".to_owned(), confidence: Some(0.5) };
    let pressed = PluginEvent::Pressed("12#".to_owned());
    for (turn, event) in [PluginEvent::Entered, PluginEvent::Silent].iter().enumerate() {
        let mut invocation = invocation(r#"{"do":"ask"}"#);
        invocation.state = state.as_deref();
        invocation.event = event;
        invocation.turn = turn as u32;
        let RunResult::Ask(ask) = host().run(&plugin, &invocation, &mut Script::default()).result
        else {
            panic!("it did not ask");
        };
        assert_eq!(ask.say[0].text, format!("{}번째 질문입니다.", turn + 1));
        assert!(ask.accept.sensitive);
        state = Some(ask.state);
    }
    for (event, heard) in
        [(&said, json!({"said": "네", "confidence": 0.5})), (&pressed, json!({"pressed": "12#"}))]
    {
        let mut invocation = invocation(r#"{"do":"ask"}"#);
        invocation.state = state.as_deref();
        invocation.event = event;
        invocation.turn = 2;
        let RunResult::Done(done) = host().run(&plugin, &invocation, &mut Script::default()).result
        else {
            panic!("it is not done");
        };
        assert_eq!(done.port, "said_something");
        assert_eq!(done.output, json!({"heard": heard, "times": 3, "turn": 2}));
    }
}

#[test]
fn a_run_stopped_at_each_of_its_host_calls_and_made_again_is_the_same_run() {
    let host = counting_host();
    let mut whole = Script::of(replies());
    let expected = run(host, &mut whole);
    assert!(matches!(expected.result, RunResult::Done(_)));
    assert!(expected.cost.instructions > Some(10_000));

    let all = replies();
    let mut spent = 0;
    for known in 0..all.len() {
        let mut script = Script::of(&all[..known]);
        let report = run(host, &mut script);
        assert_eq!(report.result, RunResult::Suspended, "with {known} replies");
        // The same requests in the same order, up to the one without a reply.
        assert_eq!(script.asked, whole.asked[..=known]);
        let instructions = report.cost.instructions.unwrap();
        assert!(instructions > spent, "each run goes further than the last");
        spent = instructions;
    }
    let mut script = Script::of(all);
    let resumed = run(host, &mut script);
    assert_eq!(resumed, expected);
    assert_eq!(script.asked, whole.asked);
}

#[test]
fn counting_changes_nothing_but_the_count() {
    let plain = run(host(), &mut Script::of(replies()));
    let counted = run(counting_host(), &mut Script::of(replies()));
    assert_eq!(plain.cost.instructions, None);
    assert_eq!(plain.result, counted.result);
    assert_eq!(plain.logs, counted.logs);
    assert_eq!(plain.cost.memory_bytes, counted.cost.memory_bytes);
}

#[test]
fn another_seed_draws_other_numbers_and_nothing_else_changes() {
    let plugin = probe(host());
    let drawn = |seed| {
        let mut invocation = invocation("{}");
        invocation.seed = seed;
        let report = host().run(&plugin, &invocation, &mut Script::of(replies()));
        let RunResult::Done(mut done) = report.result else {
            panic!("it failed: {report:?}");
        };
        let random = done.output["random"].take();
        (random, done)
    };
    let (one, rest) = drawn(1);
    assert_eq!(drawn(1), (one.clone(), rest.clone()));
    let (two, other) = drawn(2);
    assert_ne!(one, two);
    assert_eq!(rest, other);
}

#[test]
fn runs_on_many_threads_do_not_see_one_another() {
    let plugin = probe(host());
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            scope.spawn(move || {
                for _ in 0..20 {
                    let visit = format!("call-{thread}/1");
                    let mut invocation = invocation("{}");
                    invocation.invocation_id = &visit;
                    let report = host().run(&plugin, &invocation, &mut Script::of(replies()));
                    assert!(matches!(report.result, RunResult::Done(_)));
                    assert_eq!(report.logs[0].fields[0].1, visit);
                }
            });
        }
    });
}
