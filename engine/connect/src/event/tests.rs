//! Connect's events become the start or event that they stand for; what is none is refused by what
//! it lacks, and no input makes the reader panic.

use dialgraph_base::{Channel, Medium, Source};

use super::*;

use proptest::prelude::*;
use serde_json::json;

macro_rules! event {
    ($name:literal) => {
        Incoming::parse(include_bytes!(concat!("../../tests/events/", $name, ".json")))
    };
}

const CONTACT: &str = "11111111-2222-4333-8444-555555555555";

fn start_of(incoming: Incoming) -> Start {
    match incoming.what {
        What::Start(start) => *start,
        What::Event(event) => panic!("not a start: {event:?}"),
    }
}

fn with(parameters: Value) -> Result<Incoming, EventError> {
    Incoming::read(&json!({"Details": {
        "ContactData": {"ContactId": CONTACT, "Channel": "VOICE"},
        "Parameters": parameters,
    }}))
}

fn happened(parameters: Value) -> Event {
    match with(parameters).unwrap().what {
        What::Event(event) => event,
        What::Start(start) => panic!("a start: {start:?}"),
    }
}

#[test]
fn an_inbound_call_starts_with_its_numbers() {
    let incoming = event!("voice_inbound").unwrap();
    assert_eq!(&*incoming.call.0, CONTACT);
    assert_eq!(incoming.channel, Channel { medium: Medium::Voice, source: Source::Connect });
    assert_eq!(incoming.token, "start");
    assert_eq!(incoming.turn, None);
    assert_eq!(incoming.language.as_deref(), Some("ko-KR"));
    assert_eq!(incoming.wanted, ["customer_class".into(), "company".into()] as [Name; 2]);
    let start = start_of(incoming);
    assert_eq!(start.from.as_deref(), Some("+821000000101"));
    assert_eq!(start.to.as_deref(), Some("+8220000000"));
    assert_eq!((start.flow, start.locale), (None, None));
}

#[test]
fn words_come_with_the_turn_they_answer() {
    let incoming = event!("voice_said").unwrap();
    assert_eq!((incoming.turn, incoming.token.as_str()), (Some(3), "3"));
    let said = Event::Said { text: "푸른별상사입니다".to_owned(), confidence: Some(0.87) };
    assert_eq!(incoming.what, What::Event(said));
}

#[test]
fn keys_come_as_keys() {
    let incoming = event!("voice_pressed").unwrap();
    assert_eq!(incoming.what, What::Event(Event::Pressed("111122223333".to_owned())));
}

#[test]
fn a_transferred_contact_starts_with_its_queue_and_stream_passed_over() {
    assert_eq!(start_of(event!("transfer").unwrap()).from.as_deref(), Some("+821000000101"));
}

#[test]
fn a_call_back_starts_in_the_flow_and_language_that_the_bridge_names() {
    let start = start_of(event!("callback").unwrap());
    assert_eq!(start.flow.as_deref(), Some("msp-customer"));
    assert_eq!(start.locale.as_deref(), Some("en-US"));
    assert_eq!(start.attributes.get("promised"), Some(&json!("15m")));
}

#[test]
fn a_chat_has_no_numbers_and_its_own_attributes_are_left_alone() {
    let incoming = event!("chat").unwrap();
    assert_eq!(incoming.channel, Channel { medium: Medium::Chat, source: Source::Connect });
    assert_eq!(incoming.language, None);
    assert_eq!(start_of(incoming), Start::default());
}

#[test]
fn tasks_and_e_mails_are_refused_in_a_way_that_a_fallback_can_answer() {
    for (event, channel) in [(event!("task"), "TASK"), (event!("email"), "EMAIL")] {
        let error = event.unwrap_err();
        assert!(error.is_refusal());
        assert!(error.to_string().contains(channel), "{error}");
    }
}

#[test]
fn the_least_event_starts_a_call() {
    let incoming = event!("minimal").unwrap();
    assert_eq!(incoming.channel, Channel { medium: Medium::Voice, source: Source::Connect });
    assert_eq!(start_of(incoming), Start::default());
}

#[test]
fn a_contact_event_tells_of_a_hang_up() {
    let incoming = event!("disconnected").unwrap();
    assert!(matches!(&incoming.what, What::Event(event) if event.is_end()), "{incoming:?}");
    assert_eq!(incoming.token, "hung-up");
    // When that was, however late the news come.
    assert_eq!(news(&incoming).at, Some(dialgraph_base::Timestamp(1_795_136_523_000)));
}

/// What an event that queued the contact tells, with changes to its details.
fn told(change: impl FnOnce(&mut Value)) -> Incoming {
    let queued = include_str!("../../tests/events/disconnected_queued.json");
    let mut event: Value = serde_json::from_str(queued).unwrap();
    change(&mut event["detail"]);
    Incoming::read(&event).unwrap()
}

fn news(incoming: &Incoming) -> &ContactEvent {
    match &incoming.what {
        What::Event(Event::Contact(event)) => event,
        other => panic!("news of a contact are expected, not {other:?}"),
    }
}

#[test]
fn a_contact_event_tells_how_long_the_queue_was_and_who_answered() {
    let at = |text: &str| {
        let at: jiff::Timestamp = text.parse().unwrap();
        Some(dialgraph_base::Timestamp(at.as_millisecond() as u64))
    };
    let ended = told(|_| ());
    assert_eq!(ended.token, "hung-up");
    assert_eq!(
        *news(&ended),
        ContactEvent {
            stage: ContactStage::Ended,
            at: at("2026-11-20T01:04:15.250Z"),
            agent: Some("someone".into()),
            queued_at: at("2026-11-20T01:01:00.250Z"),
            connected_at: at("2026-11-20T01:02:15.250Z"),
            callback: false,
            attempts: None,
        }
    );
    let gone = told(|detail| detail["agentInfo"] = Value::Null);
    assert_eq!((&news(&gone).agent, news(&gone).connected_at), (&None, None));
    // Moments that are none, and those before 1970.
    let never = told(|detail| {
        detail["queueInfo"]["enqueueTimestamp"] = "soon".into();
        detail["disconnectTimestamp"] = "1969-07-20T20:17:40Z".into();
    });
    assert_eq!((news(&never).queued_at, news(&never).at), (None, at("1970-01-01T00:00:00Z")));
}

#[test]
fn each_stage_has_its_token_and_a_call_back_is_told_of_the_call_that_asked_for_it() {
    let queued = told(|detail| detail["eventType"] = "QUEUED".into());
    assert_eq!(news(&queued).stage, ContactStage::Queued);
    assert_eq!(news(&queued).at, news(&queued).queued_at);
    let connected = told(|detail| detail["eventType"] = "CONNECTED_TO_AGENT".into());
    assert_eq!(news(&connected).stage, ContactStage::Connected);
    assert_ne!(queued.token, connected.token);
    let called_back = |kind: &str| {
        told(|detail| {
            detail["eventType"] = kind.into();
            detail["contactId"] = "the-call-back".into();
            detail["initiationMethod"] = "CALLBACK".into();
            detail["previousContactId"] = "the-caller".into();
        })
    };
    let over = called_back("DISCONNECTED");
    assert_eq!((&*over.call.0, &*over.token), ("the-caller", "callback-over"));
    assert!(news(&over).callback);
    assert_eq!(news(&over).attempts, None);
    assert_ne!(called_back("CONNECTED_TO_AGENT").token, connected.token);
    // An agent took it, but the caller did not: each attempt is news of its own.
    let vain = |contact: &str| {
        told(|detail| {
            detail["contactId"] = contact.into();
            detail["initiationMethod"] = "CALLBACK".into();
            detail["initialContactId"] = "the-caller".into();
            detail["connectedToSystemTimestamp"] = Value::Null;
        })
    };
    assert_eq!(news(&vain("one")).attempts, Some(3));
    assert_ne!(vain("one").token, vain("two").token);
    // One that no agent took was cancelled.
    let cancelled = told(|detail| {
        detail["initiationMethod"] = "CALLBACK".into();
        detail["previousContactId"] = "the-caller".into();
        detail["connectedToSystemTimestamp"] = Value::Null;
        detail["agentInfo"] = Value::Null;
    });
    assert_eq!((news(&cancelled).attempts, &*cancelled.token), (None, "callback-over"));
    // A second attempt follows from the first, which was never a call.
    let second = told(|detail| {
        detail["initiationMethod"] = "CALLBACK".into();
        detail["previousContactId"] = "first-attempt".into();
        detail["initialContactId"] = "the-caller".into();
    });
    assert_eq!((&*second.call.0, &*second.else_of[0].0), ("first-attempt", "the-caller"));
    // One that says of no other contact is its own.
    let alone = told(|detail| detail["initiationMethod"] = "CALLBACK".into());
    assert_eq!(alone.call.0, told(|_| ()).call.0);
}

#[test]
fn news_that_are_not_wanted_tell_which_rule_to_change() {
    let mut event: Value =
        serde_json::from_str(include_str!("../../tests/events/disconnected.json")).unwrap();
    let told = |event: &Value| Incoming::read(event).unwrap_err().to_string();
    event["detail"]["eventType"] = "INITIATED".into();
    let unnamed = told(&event);
    for word in [
        "`INITIATED`",
        "only QUEUED, CONNECTED_TO_AGENT and DISCONNECTED",
        "account 111122223333",
        "\"eventType\": [\"QUEUED\", \"CONNECTED_TO_AGENT\", \"DISCONNECTED\"]",
    ] {
        assert!(unnamed.contains(word), "{word}: {unnamed}");
    }
    let arn = "arn:aws:events:ap-northeast-2:111122223333:rule/all-of-connect";
    event["resources"] = json!(["arn:aws:connect:x", arn]);
    assert!(told(&event).contains(&format!("rule {arn} sent")), "{}", told(&event));
    event["detail"]["eventType"] = Value::Null;
    event["account"] = json!({});
    event["resources"] = json!("x");
    assert!(told(&event).contains("account ?"), "{}", told(&event));
}

#[test]
fn nothing_stored_is_silence_and_no_words_are_silence() {
    assert_eq!(happened(json!({"did": "pressed", "turn": "1", "input": "Timeout"})), Event::Silent);
    assert_eq!(happened(json!({"did": "said", "turn": "1", "input": " "})), Event::Silent);
    assert_eq!(happened(json!({"did": "silent", "turn": 1})), Event::Silent);
    assert_eq!(happened(json!({"did": "pressed", "turn": "1"})), Event::Pressed(String::new()));
}

#[test]
fn a_failure_tells_its_reason_and_a_wait_its_end() {
    let failed = happened(json!({"did": "failed", "turn": "2", "input": "queue-at-capacity"}));
    assert_eq!(failed, Event::DirectiveFailed("queue-at-capacity".to_owned()));
    assert_eq!(happened(json!({"did": "resumed", "turn": "2"})), Event::Resumed);
    assert_eq!(happened(json!({"did": "unanswered", "turn": "2"})), Event::Unanswered);
}

#[test]
fn confidence_off_its_scale_is_no_confidence() {
    for confidence in ["NaN", "1.5", "-1", "high", ""] {
        let event =
            happened(json!({"did": "said", "turn": "1", "input": "x", "confidence": confidence}));
        assert_eq!(event, Event::Said { text: "x".to_owned(), confidence: None }, "{confidence}");
    }
}

#[test]
fn withheld_numbers_are_none() {
    for address in [json!("anonymous"), json!(""), json!(null), json!("+"), json!({})] {
        let start = Incoming::read(&json!({"Details": {"ContactData": {
            "ContactId": CONTACT,
            "CustomerEndpoint": {"Address": address, "Type": "TELEPHONE_NUMBER"},
        }}}));
        assert_eq!(start_of(start.unwrap()).from, None);
    }
}

#[test]
fn what_is_long_is_cut() {
    let long = "가".repeat(MAX_TEXT + 10);
    let Event::Said { text, .. } = happened(json!({"did": "said", "turn": "1", "input": long}))
    else {
        panic!("words were expected");
    };
    assert_eq!(text.chars().count(), MAX_TEXT);
    let names: Vec<String> = (0..200).map(|number| format!("a{number}")).collect();
    let incoming = with(json!({"did": "entered", "attributes": names.join(",")})).unwrap();
    assert_eq!(incoming.wanted.len(), MAX_ATTRIBUTES);
}

#[test]
fn attributes_of_the_contact_come_whole_and_under_any_name() {
    let long = "x".repeat(20_000);
    let mut parameters = json!({
        "attr_vip": " true ",
        "attr_blank": " ",
        "attr_null": null,
        "attr_orders": 12,
        "attr_lines": ["a", 1],
        "attr_no name": "x",
        "attr_long": long,
        "vip": "not passed",
    });
    for number in 0..200 {
        parameters[format!("attr_a{number}")] = "x".into();
    }
    let attributes = start_of(with(parameters).unwrap()).attributes;
    assert_eq!(attributes.len(), 205);
    assert_eq!(attributes.get("vip"), Some(&json!("true")));
    assert_eq!(attributes.get("orders"), Some(&json!("12")));
    assert_eq!(attributes.get("lines"), Some(&json!(["a", 1])));
    assert_eq!(
        attributes.get("no name"),
        Some(&json!("x")),
        "the engine tells that nobody declares it"
    );
    assert_eq!(attributes.get("long"), Some(&json!(long)));
}

#[test]
fn errors_name_what_is_missing() {
    let told = |body: &str| Incoming::parse(body.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        told("{}"),
        "the event is not from Amazon Connect: `Details.ContactData` is missing"
    );
    assert!(told("{").starts_with("the event is not JSON"));
    assert_eq!(
        told(r#"{"Details":{"ContactData":{"Channel":"VOICE"}}}"#),
        "the event is not from Amazon Connect: `Details.ContactData.ContactId` is missing"
    );
    let wrong = with(json!({"did": "danced", "turn": "1"})).unwrap_err().to_string();
    assert!(wrong.contains("`did` is `danced`"), "{wrong}");
    let wrong = with(json!({"did": "said", "input": "x"})).unwrap_err().to_string();
    assert!(wrong.contains("`turn` is missing"), "{wrong}");
    let wrong = with(json!({"did": "said", "turn": "soon"})).unwrap_err().to_string();
    assert!(wrong.contains("`turn` is `soon`"), "{wrong}");
    let large = vec![b' '; MAX_EVENT_BYTES + 1];
    assert!(matches!(Incoming::parse(&large), Err(EventError::TooLarge { .. })));
    let path = json!({"Details": {"ContactData": {"ContactId": "../x"}}});
    assert_eq!(Incoming::read(&path), Err(EventError::ContactId("other characters")));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        "(Details|ContactData|Parameters|ContactId|Channel|did|turn|input|attributes|CustomerEndpoint|Address|detail)",
        ".{0,10}",
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(key.clone(), inner, 0..8)
                .prop_map(|map| map.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_it_panic(event in any_json()) {
        let _ = Incoming::read(&event);
    }

    #[test]
    fn no_contact_data_and_parameters_make_it_panic(contact in any_json(), parameters in any_json()) {
        let mut event = json!({"Details": {"ContactData": contact, "Parameters": parameters}});
        let _ = Incoming::read(&event);
        if event["Details"]["ContactData"].is_object() {
            event["Details"]["ContactData"]["ContactId"] = CONTACT.into();
            if let Ok(incoming) = Incoming::read(&event) {
                prop_assert!(!incoming.token.is_empty());
                prop_assert!(incoming.wanted.len() <= MAX_ATTRIBUTES);
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Incoming::parse(&bytes);
    }
}
