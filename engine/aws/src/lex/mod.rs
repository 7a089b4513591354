//! Amazon Lex V2 as the recogniser: `RecognizeText`.
//!
//! * **One conversation, one Lex session.** A request without a session begins a new one, whose id
//!   is made of the call and of what began it; the id goes with the session that is handed back. So
//!   two questions of one call do not find each other's half-filled slots in Lex, and a request
//!   that is repeated finds its own session.
//! * **Nothing is lost on the way.** What the port has no field for (active contexts, runtime
//!   hints, how a slot is spelled) is kept in the session's `rest` (`session`). Slots that are not
//!   filled are told as such, though the SDK refuses the answers that have them (`nulls`).
//! * **Never asked twice.** `RecognizeText` moves the conversation on, so a request that may have
//!   reached Lex is not repeated: not here, and not by the server, which goes by the failure's code
//!   (see [`crate::error`]).
//!
//! Limits: a text has at most 1,024 characters, an answer comes within three quarters of the turn's
//! budget.

mod nulls;
mod session;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lexruntimev2::Client;
use aws_sdk_lexruntimev2::config::{Builder, retry::RetryConfig};
use aws_sdk_lexruntimev2::operation::recognize_text::RecognizeTextOutput;
use aws_sdk_lexruntimev2::types as lex;
use dialgraph_kernel::ports::nlu::{Interpretation, Message, Recognition, Request, Sentiment};
use dialgraph_kernel::ports::{Extra, HostError, HostErrorKind};
use dialgraph_kernel::provider::{Caller, Nlu};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::connection::{Connection, within};
use crate::error::{AwsError, ServiceFailure};
use crate::names::{entries, known};

/// Bot that answers when a request names none.
pub const DEFAULT_BOT: &str = "default";

/// Longest text that Lex takes, in characters.
pub const MAX_TEXT_CHARS: usize = 1024;

/// Longest id of a session that Lex takes.
const SESSION_ID_CHARS: usize = 100;

const SERVICE: &str = "Amazon Lex";

/// A bot of Lex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bot {
    pub bot_id: String,
    pub alias_id: String,
}

/// Recognises by the bots of an account.
#[derive(Debug, Clone)]
pub struct Lex {
    client: Client,
    bots: BTreeMap<String, Bot>,
}

/// Reads `aws.lex_bots`: `NAME=BOT_ID/ALIAS_ID` each.
///
/// ```
/// use dialgraph_aws::lex::bots;
/// let bots = bots(&["default=ABCDEFGHIJ/TSTALIASID".to_owned()])?;
/// assert_eq!(bots["default"].bot_id, "ABCDEFGHIJ");
/// # Ok::<(), dialgraph_aws::AwsError>(())
/// ```
///
/// # Errors
/// Which entry is wrong, and how it is written.
pub fn bots(setting: &[String]) -> Result<BTreeMap<String, Bot>, AwsError> {
    entries("aws.lex_bots", setting, "default=ABCDEFGHIJ/TSTALIASID", |value| {
        let (bot, alias) = value.split_once('/').ok_or("there is no `/` before the alias's id")?;
        // https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_RecognizeText.html
        let id = |text: &str| text.len() == 10 && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if !id(bot) || !id(alias) {
            return Err("the ids of a bot and of an alias have 10 letters and digits each");
        }
        Ok(Bot { bot_id: bot.to_owned(), alias_id: alias.to_owned() })
    })
}

impl Lex {
    /// `budget` is the time that a turn has for its providers.
    pub fn new(connection: &Connection, bots: BTreeMap<String, Bot>, budget: Duration) -> Self {
        let mut config = Builder::from(connection.sdk())
            .retry_config(RetryConfig::disabled())
            .timeout_config(within(budget.mul_f64(0.75)));
        if let Some(http) = connection.sdk().http_client() {
            config = config.http_client(nulls::Tolerant::new(http));
        }
        Self { client: Client::from_conf(config.build()), bots }
    }
}

#[async_trait]
impl Nlu for Lex {
    async fn recognize(
        &self,
        caller: &Caller,
        request: &Request,
    ) -> Result<Recognition, HostError> {
        let length = request.text.chars().count();
        if request.text.trim().is_empty() || length > MAX_TEXT_CHARS {
            return Err(HostError::invalid(
                "bad-text",
                format!("the text has {length} characters; send 1 to {MAX_TEXT_CHARS}"),
            ));
        }
        let name = request.bot.as_deref().unwrap_or(DEFAULT_BOT);
        let bot = self.bots.get(name).ok_or_else(|| {
            HostError::invalid(
                "unknown-bot",
                format!(
                    "there is no bot `{name}`; known: {}; add `{name}=BOT_ID/ALIAS_ID` to aws.lex_bots",
                    known(&self.bots)
                ),
            )
        })?;
        let locale = caller.locale.replace('-', "_");
        let (session_id, state) = match &request.session {
            Some(session) => session::to_lex(session, || session_id(caller))?,
            None => (session_id(caller), session::fresh()),
        };
        let answer = self
            .client
            .recognize_text()
            .bot_id(&bot.bot_id)
            .bot_alias_id(&bot.alias_id)
            .locale_id(&locale)
            .session_id(&session_id)
            .text(&request.text)
            .session_state(state)
            .set_request_attributes(attributes(&request.request_attributes))
            .send()
            .await
            .map_err(|error| ServiceFailure::of(SERVICE, &error).hiding([request.text.as_str()]))?;
        recognition(answer, session_id)
    }
}

/// The same for every repetition of a request, another for each conversation, and with the call's
/// id in it.
fn session_id(caller: &Caller) -> String {
    let digest = Sha256::digest(format!("{}\n{}", caller.call_id, caller.idempotency_key));
    let mark: String = hex::encode(&digest[..6]);
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "._:-".contains(c) { c } else { '_' };
    let room = SESSION_ID_CHARS - mark.len() - 1;
    let call: String = caller.call_id.chars().map(allowed).take(room).collect();
    format!("{call}.{mark}")
}

fn recognition(answer: RecognizeTextOutput, asked_as: String) -> Result<Recognition, HostError> {
    let session_id = answer.session_id.unwrap_or(asked_as);
    let mut interpretations: Vec<Interpretation> =
        answer.interpretations.into_iter().flatten().filter_map(interpretation).collect();
    let session = session::from_lex(answer.session_state, &session_id);
    // A bot whose function closes the dialogue may tell the intent in the state alone.
    if let (true, Some(intent)) = (interpretations.is_empty(), &session.intent) {
        interpretations.push(Interpretation {
            intent: intent.clone(),
            confidence: None,
            sentiment: None,
            source: Some("lex".to_owned()),
            extra: Vec::new(),
        });
    }
    if interpretations.is_empty() {
        let message = format!("{SERVICE}: its answer has neither an interpretation nor an intent");
        return Err(HostError::new(HostErrorKind::Other, "bad-answer", message));
    }
    Ok(Recognition {
        interpretations,
        session,
        messages: answer.messages.into_iter().flatten().map(message).collect(),
        request_attributes: sorted(answer.request_attributes),
        session_id: Some(session_id),
        member: answer
            .recognized_bot_member
            .map(|member| (member.bot_id, member.bot_name.unwrap_or_default())),
        extra: Vec::new(),
    })
}

fn interpretation(found: lex::Interpretation) -> Option<Interpretation> {
    let sentiment = found.sentiment_response.and_then(|told| {
        let score = told.sentiment_score;
        let part = |of: fn(&lex::SentimentScore) -> f64| score.as_ref().map_or(0.0, of);
        Some(Sentiment {
            label: told.sentiment?.as_str().to_lowercase(),
            positive: part(|score| score.positive),
            negative: part(|score| score.negative),
            neutral: part(|score| score.neutral),
            mixed: part(|score| score.mixed),
        })
    });
    Some(Interpretation {
        intent: session::intent_from_lex(found.intent?),
        // Absent for FallbackIntent, which means that there is none.
        confidence: found.nlu_confidence.map(|confidence| confidence.score),
        sentiment,
        source: Some(
            found
                .interpretation_source
                .map_or_else(|| "lex".to_owned(), |source| source.as_str().to_lowercase()),
        ),
        extra: Vec::new(),
    })
}

fn message(message: lex::Message) -> Message {
    let card = message.image_response_card.map(|card| {
        let buttons: Vec<Value> = card
            .buttons
            .into_iter()
            .flatten()
            .map(|button| json!({"text": button.text, "value": button.value}))
            .collect();
        json!({
            "title": card.title,
            "subtitle": card.subtitle,
            "imageUrl": card.image_url,
            "buttons": buttons,
        })
    });
    Message {
        content_type: session::kebab(message.content_type.as_str()),
        content: message.content.unwrap_or_default(),
        card,
    }
}

fn attributes(extra: &Extra) -> Option<HashMap<String, String>> {
    (!extra.is_empty()).then(|| extra.iter().cloned().collect())
}

/// By name, so that the same answer is the same journal.
fn sorted(map: Option<HashMap<String, String>>) -> Extra {
    let mut pairs: Extra = map.into_iter().flatten().collect();
    pairs.sort();
    pairs
}

#[cfg(test)]
mod tests;
