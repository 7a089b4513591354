//! Every directive has its answer by voice and in a chat, and no answer is larger than Connect
//! takes, holds an empty string or lacks an attribute that the flow wants.

use super::*;

use std::collections::BTreeMap;
use std::sync::Arc;

use dialgraph_base::{CallId, Channel, Digest, Digits, Medium, Source, Timestamp};
use dialgraph_flow::model::Queue;
use dialgraph_kernel::call::NewCall;
use dialgraph_kernel::directive::Directives;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::plugin::Speech;
use dialgraph_kernel::show::{Card, Choice, Link, Shown};
use insta::assert_yaml_snapshot;
use proptest::prelude::*;

use crate::event::What;
use crate::flat::MAX_BYTES;

fn call(medium: Medium) -> Call {
    let mut call = Call::new(NewCall {
        id: CallId("11111111-2222-4333-8444-555555555555".into()),
        release: Digest::of(b"release"),
        channel: Channel { medium, source: Source::Connect },
        locale: "ko-KR".into(),
        from: None,
        to: None,
        at: Timestamp(0),
        seed: 1,
        attributes: BTreeMap::from([
            ("company".into(), "푸른별상사".into()),
            ("tries".into(), 2.into()),
            ("known".into(), Value::Null),
        ]),
    });
    call.turn = 7;
    call
}

fn incoming(medium: Medium, wanted: &[&str]) -> Incoming {
    Incoming {
        call: CallId("11111111-2222-4333-8444-555555555555".into()),
        channel: Channel { medium, source: Source::Connect },
        else_of: Vec::new(),
        token: "6".to_owned(),
        turn: Some(6),
        what: What::Event(Event::Silent),
        wanted: wanted.iter().map(|name| (*name).into()).collect(),
        language: Some("ko-KR".to_owned()),
        shows_choices: false,
    }
}

fn turn(say: &[&str], then: Then) -> TurnRecord {
    let speech = |text: &&str| Speech::new((*text).to_owned(), text.starts_with("<speak"));
    TurnRecord {
        turn: 7,
        at: Timestamp(0),
        event: Event::Silent,
        sensitive: false,
        sensitive_say: Vec::new(),
        sensitive_then: false,
        entries: Vec::new(),
        arrived: Vec::new(),
        steps: Vec::new(),
        directives: Directives { say: say.iter().map(speech).collect(), then },
    }
}

fn answer(medium: Medium, say: &[&str], then: Then) -> Answer {
    Answer::of_turn(&incoming(medium, &[]), &turn(say, then), &call(medium))
}

fn accept(speech: bool, digits: Option<Digits>) -> Then {
    Then::Ask(Accept {
        speech,
        digits,
        timeout_ms: 6_500,
        sensitive: false,
        hints: Vec::new(),
        choices: Vec::new(),
    })
}

fn queue() -> Arc<Queue> {
    Arc::new(Queue {
        name: "msp-general".into(),
        title: BTreeMap::new(),
        priority: 2,
        sla: None,
        staff: None,
    })
}

fn directives() -> Vec<(&'static str, Vec<&'static str>, Then)> {
    let number = Some(Digits { min: 12, max: 12, terminator: Some('*') });
    let key = Some(Digits { min: 1, max: 1, terminator: None });
    vec![
        ("menu", vec!["1번을 눌러 주세요."], accept(false, key.clone())),
        (
            "digits",
            vec!["<speak>계정 번호를 <emphasis>눌러</emphasis> 주세요.</speak>"],
            accept(false, number),
        ),
        ("listen", vec!["회사 이름을 말씀해 주세요."], accept(true, None)),
        ("listen_or_press", vec!["말씀하시거나 눌러 주세요."], accept(true, key)),
        ("ask_without_words", vec![], accept(true, None)),
        ("wait", vec!["잠시만 기다려 주세요."], Then::Wait { ms: 2_000 }),
        ("queue", vec!["연결해 드리겠습니다.", "기다려 주세요."], Then::Queue(queue())),
        ("callback", vec![], Then::Callback { queue: queue(), number: "+821000000101".to_owned() }),
        (
            "transfer",
            vec!["연결합니다."],
            Then::Transfer { number: "+12025550123".to_owned(), within_ms: None },
        ),
        ("ring", vec!["연결합니다."], ring(17_000)),
        ("ring_for_long", vec![], ring(60_000)),
        (
            "flow",
            vec![],
            Then::Transfer { number: "connect-flow:survey".to_owned(), within_ms: None },
        ),
        ("disconnect", vec!["감사합니다."], Then::HangUp),
    ]
}

fn ring(ms: u32) -> Then {
    Then::Transfer { number: "+12025550123".to_owned(), within_ms: Some(ms) }
}

#[test]
fn every_directive_of_a_voice_call_has_its_answer() {
    let answers: BTreeMap<_, _> = directives()
        .into_iter()
        .map(|(name, say, then)| (name, answer(Medium::Voice, &say, then)))
        .collect();
    assert_yaml_snapshot!(answers);
}

#[test]
fn every_directive_of_a_chat_has_its_answer() {
    let answers: BTreeMap<_, _> = directives()
        .into_iter()
        .map(|(name, say, then)| (name, answer(Medium::Chat, &say, then)))
        .collect();
    assert_yaml_snapshot!(answers);
}

#[test]
fn a_call_that_is_over_is_hung_up_on() {
    assert_yaml_snapshot!(Answer::over(&call(Medium::Voice)));
}

#[test]
fn the_attributes_that_the_flow_wants_come_back_and_are_never_missing() {
    let incoming = incoming(Medium::Voice, &["company", "tries", "known", "never_set"]);
    let answer = Answer::of_turn(&incoming, &turn(&[], Then::HangUp), &call(Medium::Voice));
    let found =
        ["company", "tries", "known", "never_set"].map(|name| answer.get(&attribute_key(name)));
    assert_eq!(found, [Some("푸른별상사"), Some("2"), Some(" "), Some(" ")]);
}

#[test]
fn the_language_is_named_only_when_the_contact_has_another() {
    let mut incoming = incoming(Medium::Voice, &[]);
    let record = turn(&[], Then::HangUp);
    let language = |incoming: &Incoming| {
        Answer::of_turn(incoming, &record, &call(Medium::Voice)).get("language").unwrap().to_owned()
    };
    assert_eq!(language(&incoming), "same");
    incoming.language = Some("en-US".to_owned());
    assert_eq!(language(&incoming), "ko-KR");
    incoming.language = None;
    assert_eq!(language(&incoming), "ko-KR");
}

#[test]
fn several_pieces_are_numbered_downwards_and_the_question_is_the_prompt() {
    let long = vec!["문장을 하나 더 말합니다."; 300].join(" ");
    let answer = answer(Medium::Voice, &[&long, "어떻게 할까요?"], accept(true, None));
    assert_eq!(answer.get("say"), Some("voice-1"));
    assert!(answer.get("say_1").unwrap().starts_with("<speak>문장을"));
    assert!(answer.get("prompt").unwrap().ends_with("어떻게 할까요?</speak>"));
    let chat = self::answer(Medium::Chat, &["a", "b", "c"], Then::HangUp);
    assert_eq!(chat.get("say"), Some("chat-3"));
    assert_eq!([3, 2, 1].map(|n| chat.get(&format!("say_{n}"))), [Some("a"), Some("b"), Some("c")]);
}

#[test]
fn a_chat_shows_what_can_be_chosen_where_its_flow_can_and_lists_it_elsewhere() {
    let asked = |labels: &[&str]| {
        let Then::Ask(accept) = accept(true, None) else { panic!("a question") };
        let choices = labels.iter().copied().map(Choice::of).collect();
        Then::Ask(Accept { choices, ..accept })
    };
    let told = |shows_choices, say: &[&str], labels: &[&str]| {
        let incoming = Incoming { shows_choices, ..incoming(Medium::Chat, &[]) };
        let answer = Answer::of_turn(&incoming, &turn(say, asked(labels)), &call(Medium::Chat));
        let key = |key: &str| match (key, answer.get(key)) {
            (_, None) => "-".to_owned(),
            ("buttons", Some(message)) => {
                let message: Value = serde_json::from_str(message).unwrap();
                let content = &message["data"]["content"];
                format!("{} {} {}", message["templateType"], content["title"], content["elements"])
            }
            (_, Some(value)) => value.to_owned(),
        };
        ["action", "say", "say_1", "prompt", "buttons", "timeout"].map(key).join("\n")
    };
    let say = ["안녕하세요.", "<speak>맞으신가요?</speak>"];
    insta::assert_snapshot!(told(true, &say, &["예", "아니요"]), @r#"
    choose
    chat-1
    안녕하세요.
    -
    "QuickReply" "맞으신가요?" [{"title":"예"},{"title":"아니요"}]
    120
    "#);
    insta::assert_snapshot!(told(false, &say, &["예", "아니요"]), @r"
    read
    chat-1
    안녕하세요.
    맞으신가요?
    • 예
    • 아니요
    -
    120
    ");
    // Too many for a template; a question too long for its title; none at all.
    let eleven: Vec<String> = (0..11).map(|n| n.to_string()).collect();
    let eleven: Vec<&str> = eleven.iter().map(String::as_str).collect();
    assert!(told(true, &say, &eleven).starts_with("read\nchat-1\n안녕하세요.\n맞으신가요?\n• 0\n"));
    let long = format!("{}?", "가".repeat(400));
    let asked = told(true, &["안녕하세요.", &long], &["예", "아니요"]);
    assert!(asked.starts_with(&format!("choose\nchat-2\n{long}\n-\n")), "{asked}");
    assert!(asked.contains("선택해 주세요."), "{asked}");
    assert!(told(true, &[], &["예", "아니요"]).starts_with("choose\nnone\n"));
}

#[test]
fn what_is_shown_with_words_is_written_where_it_cannot_be_shown() {
    let link = Link { url: "https://x.example".into(), label: "더 보기".into() };
    let card = Card {
        title: "아메리카노".into(),
        text: Some("4,500원".into()),
        image: Some("https://x.example/a.jpg".into()),
        buttons: vec![link.clone()],
    };
    let mut record = turn(&["여기 있습니다."], Then::HangUp);
    record.directives.say[0].shown = vec![Shown::Link(link), Shown::Card(card)];
    let answer = Answer::of_turn(&incoming(Medium::Chat, &[]), &record, &call(Medium::Chat));
    let said = ["say_3", "say_2", "say_1"].map(|key| answer.get(key).unwrap());
    assert_eq!(
        said,
        [
            "여기 있습니다.",
            "더 보기: https://x.example",
            "아메리카노\n4,500원\n더 보기: https://x.example"
        ]
    );
}

#[test]
fn timeouts_are_rounded_up_to_what_the_flow_has() {
    assert_eq!(round_up(1, &KEY_TIMEOUTS), 3);
    assert_eq!(round_up(3_000, &KEY_TIMEOUTS), 3);
    assert_eq!(round_up(3_001, &KEY_TIMEOUTS), 5);
    assert_eq!(round_up(7_000, &KEY_TIMEOUTS), 8);
    assert_eq!(round_up(u32::MAX, &KEY_TIMEOUTS), 60);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_answer_is_too_large_or_has_an_empty_string(
        say in proptest::collection::vec(".{0,60}", 0..5),
        names in proptest::collection::vec("[a-z_]{1,30}", 0..64),
        value in ".{0,30}",
        times in 1_usize..150,
        number in ".{0,300}",
        voice in any::<bool>(),
        kind in 0_u8..4,
    ) {
        let channel = if voice { Medium::Voice } else { Medium::Chat };
        let then = match kind {
            0 => accept(true, None),
            1 => Then::Wait { ms: u32::MAX },
            2 => Then::Transfer { number, within_ms: Some(20_000) },
            _ => Then::HangUp,
        };
        let mut call = call(channel);
        let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
        for name in &wanted {
            call.attributes.insert((*name).into(), value.repeat(times).into());
        }
        let say: Vec<String> = say.iter().map(|text| text.repeat(times)).collect();
        let say: Vec<&str> = say.iter().map(String::as_str).collect();
        let answer = Answer::of_turn(&incoming(channel, &wanted), &turn(&say, then), &call);
        let json = serde_json::to_vec(&answer).unwrap();
        prop_assert!(json.len() <= MAX_BYTES);
        prop_assert!(answer.map().iter().all(|(_, value)| !value.is_empty()));
        for name in &wanted {
            prop_assert!(answer.get(&attribute_key(name)).is_some());
        }
    }
}
