//! The little that must be known of an event to answer without the engine.

use dialgraph_connect::fallback::Listener;
use dialgraph_connect::protocol::{CONTACT_EVENT, medium};
use serde_json::Value;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvocationKind {
    /// The bridge flow, for the next turn. Whatever is not from Lex counts as this: the engine says
    /// if it is not.
    Turn,
    /// Lex, whether the dialog goes on.
    Lex,
    /// Amazon EventBridge, with news of a contact. Nobody waits for the answer.
    News,
}

/// An event, looked at from outside.
#[derive(Debug, Clone)]
pub struct Event(Value);

impl Event {
    pub fn new(event: Value) -> Self {
        Self(event)
    }

    pub fn kind(&self) -> InvocationKind {
        let lex = self.0["invocationSource"].is_string() && self.0["sessionState"].is_object();
        if lex {
            InvocationKind::Lex
        } else if self.0["detail-type"] == CONTACT_EVENT {
            InvocationKind::News
        } else {
            InvocationKind::Turn
        }
    }

    /// Whom the fallback must speak to, if it comes to that.
    pub fn listener(&self) -> Listener<'_> {
        let details = &self.0["Details"];
        Listener {
            medium: details["ContactData"]["Channel"].as_str().and_then(medium).unwrap_or_default(),
            locale: details["Parameters"]["locale"].as_str(),
            language: details["ContactData"]["LanguageCode"].as_str(),
        }
    }

    /// The id by which Connect's own logs name the contact; none if it does not look like one.
    pub fn contact(&self) -> Option<&str> {
        let id = match self.kind() {
            InvocationKind::News => &self.0["detail"]["contactId"],
            InvocationKind::Turn | InvocationKind::Lex => {
                &self.0["Details"]["ContactData"]["ContactId"]
            }
        };
        let id = id.as_str()?;
        let plain = id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        (id.len() == 36 && plain).then_some(id)
    }

    pub fn value(&self) -> &Value {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CONTACT: &str = "11111111-2222-3333-4444-555555555555";

    #[test]
    fn a_turn_tells_its_contact_channel_and_languages() {
        let event = Event::new(json!({"Name": "ContactFlowEvent", "Details": {
            "ContactData": {"ContactId": CONTACT, "Channel": "CHAT", "LanguageCode": "en-US", "Queue": null},
            "Parameters": {"locale": "ko-KR"}}}));
        assert_eq!(event.kind(), InvocationKind::Turn);
        assert_eq!(event.contact(), Some(CONTACT));
        let listener = event.listener();
        assert!(!listener.medium.speaks());
        assert_eq!((listener.locale, listener.language), (Some("ko-KR"), Some("en-US")));
    }

    #[test]
    fn news_of_a_contact_are_told_from_a_turn() {
        let news = json!({"detail-type": "Amazon Connect Contact Event", "source": "aws.connect",
            "detail": {"eventType": "DISCONNECTED", "contactId": CONTACT, "channel": "VOICE"}});
        let event = Event::new(news);
        assert_eq!((event.kind(), event.contact()), (InvocationKind::News, Some(CONTACT)));
    }

    #[test]
    fn a_question_of_lex_is_told_from_a_turn() {
        let event = json!({"messageVersion": "1.0", "invocationSource": "DialogCodeHook", "sessionState": {}});
        assert_eq!(Event::new(event).kind(), InvocationKind::Lex);
    }

    #[test]
    fn nothing_is_known_of_what_is_no_event() {
        for value in [
            json!(null),
            json!([]),
            json!("x"),
            json!({"Details": 1}),
            json!({"Details": {"ContactData": []}}),
        ] {
            let event = Event::new(value);
            assert_eq!(event.kind(), InvocationKind::Turn);
            assert_eq!(event.contact(), None);
            assert!(event.listener().medium.speaks());
        }
        // A number of a caller in the wrong place does not reach the log.
        let event = json!({"Details": {"ContactData": {"ContactId": "+12025550123"}}});
        assert_eq!(Event::new(event).contact(), None);
    }
}
