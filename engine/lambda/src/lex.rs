//! The code hook of the Lex bot by which the bridge flow listens.
//!
//! Lex is asked to hear, not to understand: whatever it makes of an utterance, the dialog is closed
//! at once and the words go on as session attributes, which the bridge flow passes to the engine
//! with the next turn:
//!
//! | session attribute | value |
//! |---|---|
//! | `did` | `said`, `pressed`, or `silent` when nothing was heard: the parameter that the turn takes |
//! | `transcript` | the words or the digits; one space when there are none |
//! | `input_mode` | `speech`, `dtmf` or `text` |
//! | `confidence` | 0 to 1, with two decimals; absent when Lex does not say |
//!
//! All other session attributes are left as they are.
//!
//! Where the flow has buttons to show, it says so first, in the place of the customer, and gives
//! the message with them as a session attribute: the hook sends that message and has Lex wait.

use serde_json::{Map, Value, json};

use dialgraph_connect::protocol::{BUTTONS, SHOW_BUTTONS};

/// Where Connect puts the keys that were pressed.
const KEYS: &str = "x-amz-lex:dtmf-transcript";

/// Lex accepts no utterance that is longer; a longer one is cut, so that no answer grows without
/// bound.
const MAX_TRANSCRIPT: usize = 1_024;

/// What to answer to `event`, which comes from a code hook of Lex V2.
pub fn answer(event: &Value) -> Value {
    show_buttons(event).unwrap_or_else(|| close(event))
}

/// Sends the buttons, once: what comes next is the customer's.
fn show_buttons(event: &Value) -> Option<Value> {
    let mut attributes = event["sessionState"]["sessionAttributes"].as_object()?.clone();
    let asked = event["inputTranscript"].as_str()?.trim() == SHOW_BUTTONS;
    let message = attributes.remove(BUTTONS).filter(|_| asked)?;
    Some(json!({
        "sessionState": {
            "sessionAttributes": attributes,
            "dialogAction": {"type": "ElicitIntent"},
        },
        "messages": [{"contentType": "CustomPayload", "content": message.as_str()?}],
    }))
}

fn close(event: &Value) -> Value {
    let state = &event["sessionState"];
    let heard = Heard::of(event);
    let mut attributes = match &state["sessionAttributes"] {
        Value::Object(attributes) => attributes.clone(),
        _ => Map::new(),
    };
    attributes.insert("did".to_owned(), json!(heard.did()));
    attributes.insert("transcript".to_owned(), json!(heard.transcript()));
    attributes.insert("input_mode".to_owned(), json!(heard.mode));
    // One of an earlier utterance must not stand for this one.
    attributes.remove("confidence");
    if let Some(confidence) = heard.confidence {
        attributes.insert("confidence".to_owned(), json!(format!("{confidence:.2}")));
    }

    let mut intent = Map::new();
    let name = state["intent"]["name"].as_str().unwrap_or("FallbackIntent");
    intent.insert("name".to_owned(), json!(name));
    if let Value::Object(slots) = &state["intent"]["slots"] {
        intent.insert("slots".to_owned(), json!(slots));
    }
    intent.insert("state".to_owned(), json!("Fulfilled"));
    json!({
        "sessionState": {
            "sessionAttributes": attributes,
            "dialogAction": {"type": "Close"},
            "intent": intent,
        }
    })
}

struct Heard {
    words: String,
    mode: &'static str,
    confidence: Option<f64>,
}

impl Heard {
    fn of(event: &Value) -> Self {
        let mode = match event["inputMode"].as_str() {
            Some("DTMF") => "dtmf",
            Some("Text") => "text",
            _ => "speech",
        };
        let words = |value: &Value| -> Option<String> {
            let text = value.as_str()?.trim();
            (!text.is_empty()).then(|| text.chars().take(MAX_TRANSCRIPT).collect())
        };
        let best = &event["transcriptions"][0];
        let keys = if mode == "dtmf" { words(&event["requestAttributes"][KEYS]) } else { None };
        let words = keys
            .or_else(|| words(&event["inputTranscript"]))
            .or_else(|| words(&best["transcription"]))
            .unwrap_or_default();
        let confidence = best["transcriptionConfidence"]
            .as_f64()
            .filter(|confidence| mode == "speech" && (0.0..=1.0).contains(confidence));
        Self { words, mode, confidence }
    }

    fn did(&self) -> &'static str {
        match self.mode {
            _ if self.words.is_empty() => "silent",
            "dtmf" => "pressed",
            _ => "said",
        }
    }

    fn transcript(&self) -> &str {
        if self.words.is_empty() { " " } else { &self.words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hook(change: impl Fn(&mut Value)) -> Value {
        let mut event = json!({
            "messageVersion": "1.0",
            "invocationSource": "DialogCodeHook",
            "inputMode": "Speech",
            "responseContentType": "audio/pcm",
            "sessionId": "11111111-2222-3333-4444-555555555555",
            "inputTranscript": "서버가 안 돼요",
            "bot": {"id": "ABCDEFGHIJ", "name": "listen", "localeId": "ko_KR", "version": "1"},
            "interpretations": [{"intent": {"name": "FallbackIntent", "state": "InProgress"}}],
            "proposedNextState": {"dialogAction": {"type": "ElicitIntent"}},
            "requestAttributes": {"x-amz-lex:channels:platform": "Connect"},
            "sessionState": {
                "sessionAttributes": {"x-amz-lex:audio:start-timeout-ms:*:*": "5000", "confidence": "0.11"},
                "intent": {"name": "FallbackIntent", "slots": {}, "state": "InProgress", "confirmationState": "None"},
                "originatingRequestId": "abc",
            },
            "transcriptions": [
                {"transcription": "서버가 안 돼요", "transcriptionConfidence": 0.876, "resolvedSlots": {}},
                {"transcription": "서버가 안 대요", "transcriptionConfidence": 0.4},
            ],
        });
        change(&mut event);
        event
    }

    fn attributes(event: &Value) -> Value {
        let mut answer = close(event);
        answer["sessionState"]["sessionAttributes"].take()
    }

    #[test]
    fn an_utterance_comes_back_as_words() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&close(&hook(|_| ()))).unwrap());
    }

    #[test]
    fn keys_come_back_as_digits() {
        let said = attributes(&hook(|event| {
            event["inputMode"] = json!("DTMF");
            event["inputTranscript"] = json!("1 2 3");
            event["requestAttributes"][KEYS] = json!("123");
        }));
        assert_eq!(
            said,
            json!({"x-amz-lex:audio:start-timeout-ms:*:*": "5000", "did": "pressed", "transcript": "123", "input_mode": "dtmf"})
        );
        let without = attributes(&hook(|event| {
            event["inputMode"] = json!("DTMF");
            event["inputTranscript"] = json!("7#");
        }));
        assert_eq!(without["transcript"], "7#");
    }

    #[test]
    fn what_is_written_in_a_chat_has_no_confidence() {
        let said = attributes(&hook(|event| event["inputMode"] = json!("Text")));
        assert_eq!(said["did"], "said");
        assert_eq!(said["input_mode"], "text");
        assert_eq!(said.get("confidence"), None);
    }

    #[test]
    fn the_buttons_of_a_question_are_sent_once_and_then_the_customer_answers() {
        let told = |words: &str, buttons: Option<&str>| {
            hook(|event| {
                event["inputMode"] = json!("Text");
                event["inputTranscript"] = json!(words);
                if let Some(buttons) = buttons {
                    event["sessionState"]["sessionAttributes"]["buttons"] = json!(buttons);
                }
            })
        };
        let shown = answer(&told("show-buttons", Some("{}")));
        assert_eq!(shown["sessionState"]["dialogAction"], json!({"type": "ElicitIntent"}));
        assert_eq!(shown["messages"], json!([{"contentType": "CustomPayload", "content": "{}"}]));
        let left = &shown["sessionState"]["sessionAttributes"];
        assert_eq!(left.get("buttons"), None, "{left}");
        // Somebody may write the very words, and then they are words.
        for said in [told("show-buttons", None), told("네", Some("{}"))] {
            let closed = answer(&said);
            assert_eq!(closed["sessionState"]["dialogAction"]["type"], "Close");
            let attributes = &closed["sessionState"]["sessionAttributes"];
            assert_eq!(
                (&attributes["did"], &attributes["transcript"]),
                (&json!("said"), &said["inputTranscript"])
            );
        }
    }

    #[test]
    fn silence_is_told_from_words_and_is_never_an_empty_string() {
        for empty in [json!(""), json!("  "), json!(null)] {
            let said = attributes(&hook(|event| {
                event["inputTranscript"] = empty.clone();
                event["transcriptions"] = json!([]);
            }));
            assert_eq!((&said["did"], &said["transcript"]), (&json!("silent"), &json!(" ")));
        }
    }

    #[test]
    fn a_session_of_any_shape_is_closed() {
        let answer = close(
            &json!({"invocationSource": "FulfillmentCodeHook", "sessionState": {"sessionAttributes": null}}),
        );
        let state = &answer["sessionState"];
        assert_eq!(state["dialogAction"]["type"], "Close");
        assert_eq!(state["intent"], json!({"name": "FallbackIntent", "state": "Fulfilled"}));
        assert_eq!(state["sessionAttributes"]["did"], "silent");
    }

    #[test]
    fn unfilled_slots_stay_null() {
        let answer =
            close(&hook(|event| event["sessionState"]["intent"]["slots"] = json!({"Words": null})));
        assert_eq!(answer["sessionState"]["intent"]["slots"], json!({"Words": null}));
    }

    proptest! {
        #[test]
        fn every_attribute_that_is_set_is_a_string_with_something_in_it(
            text in ".{0,1100}",
            mode in "Speech|DTMF|Text|Thought",
            confidence in proptest::option::of(any::<f64>()),
        ) {
            let said = attributes(&hook(|event| {
                event["inputTranscript"] = json!(text);
                event["inputMode"] = json!(mode);
                event["transcriptions"] = json!([{"transcriptionConfidence": confidence}]);
            }));
            let set = said.as_object().unwrap();
            prop_assert!(set.values().all(|value| value.as_str().is_some_and(|text| !text.is_empty())));
            prop_assert!(set["transcript"].as_str().unwrap().chars().count() <= MAX_TRANSCRIPT);
        }
    }
}
