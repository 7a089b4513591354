//! The one contact flow on Connect's side.
//!
//! It asks the Lambda function what to do, does it, and tells the Lambda what came of it, for ever.
//! It decides nothing. Whatever fails is told to the engine, which knows a way out; and when the
//! engine cannot be reached, the caller hears an apology and is put into the fallback queue.
//!
//! ```
//! use dialgraph_contact_flow::bridge::{Bridge, SpokenLanguage, QueueTarget};
//!
//! let arn = |name: &str| format!("arn:aws:connect:ap-northeast-2:111122223333:instance/i/queue/{name}");
//! let bridge = Bridge {
//!     name: "Dialgraph".to_owned(),
//!     lambda_arn: "arn:aws:lambda:ap-northeast-2:111122223333:function:dialgraph".to_owned(),
//!     queues: vec![QueueTarget { name: "general".to_owned(), arn: arn("general"), priority: 3 }],
//!     fallback_queue: "general".to_owned(),
//!     languages: vec![SpokenLanguage::of("en-US").unwrap()],
//!     ..Bridge::default()
//! };
//! let flow = bridge.flow().unwrap();
//! assert_eq!(dialgraph_contact_flow::lint::lint(&flow), []);
//! ```

mod arns;
mod blocks;
mod draw;

use serde_json::Value;

use dialgraph_connect::protocol::MAX_ATTRIBUTES;

use self::arns::arn;
use crate::lint::{self, MAX_ACTIONS};
use crate::voices::{self, ENGINES};

/// Characters of the name of a contact flow.
const MAX_NAME: usize = 127;

/// What the flow is made for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bridge {
    /// What the flow is called in Connect.
    pub name: String,
    pub lambda_arn: String,
    pub queues: Vec<QueueTarget>,
    /// The queue for callers whom the engine cannot serve; one of `queues`.
    pub fallback_queue: String,
    /// The first is the one of callers whose language is not known.
    pub languages: Vec<SpokenLanguage>,
    /// Attributes of the call that are set on the contact before it is given away.
    pub attributes: Vec<String>,
    /// Attributes of the contact that the call begins with.
    pub pass: Vec<String>,
    /// Contact flows that the engine may send callers to.
    pub flows: Vec<FlowTarget>,
    /// The flow in which calls begin; none: the project's entry.
    pub start_flow: Option<String>,
    /// The language in which calls begin, or a reference such as `$.Attributes.language`; none: the
    /// project's first.
    pub start_locale: Option<String>,
    /// Whether Connect may log what callers say and press.
    pub logging: bool,
    /// The chats' client shows no interactive messages: what can be chosen is listed in words.
    pub plain_chat: bool,
}

/// A queue of the project and the one of Connect that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueTarget {
    pub name: String,
    pub arn: String,
    /// 1 is served first.
    pub priority: u32,
}

/// A contact flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowTarget {
    /// As in `transfer: connect-flow:NAME`.
    pub name: String,
    pub arn: String,
}

/// A language that callers may be served in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpokenLanguage {
    /// As in flows: `ko-KR`.
    pub locale: String,
    /// Voice of Amazon Polly, in any case.
    pub voice: String,
    /// `Standard`, `Neural`, `Long-form` or `Generative`, in any case.
    pub engine: String,
    /// The Lex V2 bot that listens in this language; none: callers can only press keys, and chats
    /// only be given away.
    pub lex_bot_alias_arn: Option<String>,
    /// Said when the engine cannot be reached; plain text.
    pub apology: String,
}

impl SpokenLanguage {
    /// With the usual voice of a language, where we know one.
    pub fn of(locale: &str) -> Option<Self> {
        let (voice, apology) = match locale {
            "ko-KR" => {
                ("Seoyeon", "죄송합니다. 상담원을 연결해 드리겠습니다. 끊지 말고 기다려 주세요.")
            }
            "en-US" => {
                ("Joanna", "We are sorry. We are connecting you to an agent. Please hold the line.")
            }
            _ => return None,
        };
        Some(Self {
            locale: locale.to_owned(),
            voice: voice.to_owned(),
            engine: "Neural".to_owned(),
            lex_bot_alias_arn: None,
            apology: apology.to_owned(),
        })
    }
}

/// Why there can be no such flow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BridgeError {
    #[error("no language is given; a caller must hear something when the engine cannot be reached")]
    NoLanguage,
    #[error("the fallback queue `{0}` is none of the queues with an ARN")]
    FallbackQueue(String),
    #[error("`{value}` is no ARN of {what}: {expected} is expected")]
    Arn { what: &'static str, value: String, expected: &'static str },
    #[error("`{value}` is the ARN of {found}, where one of {what} is needed: {expected}")]
    OtherArn { what: &'static str, value: String, found: &'static str, expected: &'static str },
    #[error("{locale}: Amazon Polly has no voice `{voice}`{}", near(*near_voice))]
    Voice { locale: String, voice: String, near_voice: Option<&'static str> },
    #[error(
        "{locale}: the voice `{voice}` of Amazon Polly speaks another language ({speaks}); take one that speaks this one"
    )]
    OtherLanguage { locale: String, voice: &'static str, speaks: String },
    #[error(
        "`{name}` cannot be the name of a contact flow: 1 to {MAX_NAME} characters that can be seen"
    )]
    FlowName { name: String },
    #[error(
        "`{given}` is no reference to what Connect knows of a contact, such as `$.Attributes.locale` or `$.LanguageCode`"
    )]
    Reference { given: String },
    #[error(
        "Amazon Polly has no engine `{engine}` for {locale}; there are {}",
        ENGINES.join(", ")
    )]
    Engine { locale: String, engine: String },
    #[error("{count} attributes are asked for; the engine gives back {MAX_ATTRIBUTES} at most")]
    TooManyAttributes { count: usize },
    #[error("{what} `{name}` is given twice")]
    Twice { what: &'static str, name: String },
    #[error(
        "{what} cannot be called `{name}`: letters from a to z, digits, `_`, `-` and `.` only, at most 64 of them"
    )]
    Name { what: &'static str, name: String },
    #[error(
        "the flow would have {count} actions, and Connect takes {MAX_ACTIONS}; each queue takes two, each contact flow one, each bot eleven"
    )]
    TooManyActions { count: usize },
    #[error("the flow would be refused: {0}")]
    Refused(String),
}

/// The beginning of what somebody gave, as it can be shown.
fn shortened(given: &str) -> String {
    let shown: String = given.chars().take(40).collect();
    let end = if shown.len() < given.len() { "…" } else { "" };
    format!("{}{end}", dialgraph_visible::line(&shown))
}

fn near(voice: Option<&str>) -> String {
    match voice {
        Some(voice) => format!("; did you mean `{voice}`?"),
        None => "; see Amazon Polly's list of voices".to_owned(),
    }
}

impl Bridge {
    /// The flow as JSON of flow language 2019-10-30, ready to be imported or given to
    /// `CreateContactFlow`.
    ///
    /// # Errors
    /// When names or ARNs are wrong or missing, or there are too many of them for one flow.
    pub fn flow(&self) -> Result<Value, BridgeError> {
        self.check()?;
        let flow = blocks::flow(self);
        let count = flow["Actions"].as_array().map_or(0, Vec::len);
        if count > MAX_ACTIONS {
            return Err(BridgeError::TooManyActions { count });
        }
        match lint::lint(&flow).first() {
            Some(finding) => Err(BridgeError::Refused(finding.to_string())),
            None => Ok(flow),
        }
    }

    /// Whether anybody listens, or reads what a chat writes.
    fn has_bot(&self) -> bool {
        self.languages.iter().any(|language| language.lex_bot_alias_arn.is_some())
    }

    fn check(&self) -> Result<(), BridgeError> {
        if self.languages.is_empty() {
            return Err(BridgeError::NoLanguage);
        }
        if !self.queues.iter().any(|queue| queue.name == self.fallback_queue) {
            return Err(BridgeError::FallbackQueue(self.fallback_queue.clone()));
        }
        if self.attributes.len() > MAX_ATTRIBUTES {
            return Err(BridgeError::TooManyAttributes { count: self.attributes.len() });
        }
        if self.name.trim().is_empty()
            || self.name.chars().count() > MAX_NAME
            || dialgraph_visible::line(&self.name) != self.name
        {
            return Err(BridgeError::FlowName { name: shortened(&self.name) });
        }
        if let Some(given) = self.start_locale.as_ref().filter(|given| given.starts_with('$')) {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            let mut parts = given.split('.');
            if parts.next() != Some("$")
                || parts.clone().next().is_none()
                || parts.any(|part| part.is_empty() || !part.chars().all(fits))
            {
                return Err(BridgeError::Reference { given: shortened(given) });
            }
        }
        arn(&arns::FUNCTION, &self.lambda_arn)?;
        let mut names = Vec::new();
        for queue in &self.queues {
            arn(&arns::QUEUE, &queue.arn)?;
            names.push(("queue", &queue.name));
        }
        for flow in &self.flows {
            arn(&arns::FLOW, &flow.arn)?;
            names.push(("contact flow", &flow.name));
        }
        for language in &self.languages {
            if let Some(alias) = &language.lex_bot_alias_arn {
                arn(&arns::BOT_ALIAS, alias)?;
            }
            let locale = || language.locale.clone();
            let Some(voice) = voices::voice(&language.voice) else {
                let voice = language.voice.clone();
                let near_voice = voices::near_voice(&voice);
                return Err(BridgeError::Voice { locale: locale(), voice, near_voice });
            };
            let spoken = language.locale.split(['-', '_']).next().unwrap_or_default();
            let speaks = voices::languages(voice);
            if !speaks.is_empty() && !speaks.iter().any(|one| one.eq_ignore_ascii_case(spoken)) {
                let speaks = speaks.join(" and ");
                return Err(BridgeError::OtherLanguage { locale: locale(), voice, speaks });
            }
            if voices::engine(&language.engine).is_none() {
                let engine = language.engine.clone();
                return Err(BridgeError::Engine { locale: locale(), engine });
            }
            names.push(("language", &language.locale));
        }
        names.extend(self.attributes.iter().map(|name| ("attribute", name)));
        names.extend(self.pass.iter().map(|name| ("attribute to pass", name)));
        for (index, (what, name)) in names.iter().enumerate() {
            if names[..index].iter().any(|(other, known)| other == what && known == name) {
                return Err(BridgeError::Twice { what, name: (*name).clone() });
            }
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            if !(1..=64).contains(&name.len()) || !name.chars().all(fits) {
                return Err(BridgeError::Name { what, name: (*name).clone() });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
