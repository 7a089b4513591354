//! What Kakao posts to a skill server: somebody's message to the bot.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::limits::USER;

/// Bytes of a payload that is read. Kakao's own have a few thousand.
pub const MAX_BYTES: usize = 64 << 10;
/// Characters of a message that are kept; KakaoTalk sends no longer ones.
const MAX_WORDS: usize = 5_000;

/// A message of somebody who writes to a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Which bot, without the `!` that the draft of one has in its id.
    pub bot: String,
    /// Who writes, as this bot knows them.
    pub user: String,
    /// What they wrote, or what is on the button that they pressed.
    pub words: String,
    /// The name of the block that they reached.
    pub block: Option<String>,
    /// What the block knows: its parameters, and over them what the pressed button carries along.
    pub parameters: Map<String, Value>,
}

/// Why a payload is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    #[error("the payload has {bytes} bytes, and Kakao's have less than {MAX_BYTES}")]
    TooLarge { bytes: usize },
    #[error("this is no payload of a Kakao skill: {why}")]
    Unreadable { why: String },
    #[error(
        "the payload says not who writes: `userRequest.user.id` has {characters} characters, and must have 1 to {USER}"
    )]
    User { characters: usize },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    user_request: UserRequest,
    bot: Bot,
    #[serde(default)]
    action: Action,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserRequest {
    #[serde(default)]
    utterance: String,
    user: User,
    #[serde(default)]
    block: Block,
}

#[derive(Deserialize)]
struct User {
    id: String,
}

#[derive(Default, Deserialize)]
struct Block {
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
struct Bot {
    id: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    #[serde(default)]
    params: Option<Map<String, Value>>,
    #[serde(default)]
    client_extra: Option<Map<String, Value>>,
}

impl Message {
    /// Reads what Kakao posts. What it may add to its payloads is no mistake.
    ///
    /// # Errors
    /// When it is no payload, or does not say who writes to which bot.
    ///
    /// ```
    /// let payload = r#"{
    ///     "userRequest": {"utterance": "아메리카노\n", "user": {"id": "u-1"}, "block": {"id": "b", "name": "order"}},
    ///     "bot": {"id": "5f0!"},
    ///     "action": {"params": {"size": "large"}, "clientExtra": {"shop": "south"}}
    /// }"#;
    /// let message = dialgraph_kakao::Message::parse(payload.as_bytes()).unwrap();
    /// assert_eq!((&*message.bot, &*message.user, &*message.words), ("5f0", "u-1", "아메리카노"));
    /// assert_eq!(message.parameters["shop"], "south");
    /// ```
    pub fn parse(payload: &[u8]) -> Result<Self, PayloadError> {
        if payload.len() > MAX_BYTES {
            return Err(PayloadError::TooLarge { bytes: payload.len() });
        }
        let Payload { user_request: said, bot, action } = serde_json::from_slice(payload)
            .map_err(|error| PayloadError::Unreadable { why: error.to_string() })?;
        let characters = said.user.id.chars().count();
        if characters == 0 || characters > USER {
            return Err(PayloadError::User { characters });
        }
        let mut parameters = action.params.unwrap_or_default();
        parameters.extend(action.client_extra.unwrap_or_default());
        Ok(Self {
            bot: bot.id.trim_end_matches('!').to_owned(),
            user: said.user.id,
            words: said.utterance.trim().chars().take(MAX_WORDS).collect(),
            block: said.block.name,
            parameters,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_payload_is_told_with_what_is_missing() {
        for (payload, why) in [
            ("", "EOF"),
            ("[]", "userRequest"),
            (r#"{"userRequest":{"user":{"id":"u"}}}"#, "missing field `bot`"),
            (r#"{"userRequest":{"user":{"id":""}},"bot":{"id":"b"}}"#, "0 characters"),
        ] {
            let error = Message::parse(payload.as_bytes()).unwrap_err().to_string();
            let told = error.contains(why) || why == "userRequest";
            assert!(told, "{payload}: {error}");
        }
        let long = format!(
            r#"{{"userRequest":{{"user":{{"id":"{}"}}}},"bot":{{"id":"b"}}}}"#,
            "가".repeat(71)
        );
        assert_eq!(Message::parse(long.as_bytes()), Err(PayloadError::User { characters: 71 }));
        let huge = vec![b' '; MAX_BYTES + 1];
        assert!(matches!(Message::parse(&huge), Err(PayloadError::TooLarge { .. })));
    }

    #[test]
    fn what_a_payload_may_leave_out_is_not_missed() {
        let payload = br#"{"userRequest":{"user":{"id":"u"},"callbackUrl":"","new":1},"bot":{"id":"b","name":null},
            "action":{"params":null,"clientExtra":null},"flow":{}}"#;
        let message = Message::parse(payload).unwrap();
        assert_eq!(message.words, "");
        assert!(message.parameters.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Message::parse(&bytes);
        }
    }
}
