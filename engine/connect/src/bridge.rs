//! The one contact flow on Connect's side.
//!
//! It asks the Lambda function what to do, does it, and tells the Lambda what came of it, for ever. It decides
//! nothing. Whatever fails is told to the engine, which knows a way out; and when the engine cannot be reached, the
//! caller hears an apology and is put into the fallback queue.
//!
//! ```
//! use dialgraph_connect::bridge::{Bridge, Language, QueueTarget};
//!
//! let arn = |name: &str| format!("arn:aws:connect:ap-northeast-2:111122223333:instance/i/queue/{name}");
//! let bridge = Bridge {
//!     name: "Dialgraph".to_owned(),
//!     lambda_arn: "arn:aws:lambda:ap-northeast-2:111122223333:function:dialgraph".to_owned(),
//!     queues: vec![QueueTarget { name: "general".to_owned(), arn: arn("general"), priority: 3 }],
//!     fallback_queue: "general".to_owned(),
//!     languages: vec![Language::of("en-US").unwrap()],
//!     ..Bridge::default()
//! };
//! let flow = bridge.flow().unwrap();
//! assert_eq!(dialgraph_connect::lint::lint(&flow), []);
//! ```

mod blocks;
mod draw;

use serde_json::Value;

use crate::lint::{self, MAX_ACTIONS};

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
    pub languages: Vec<Language>,
    /// Attributes of the call that are set on the contact before it is given away.
    pub attributes: Vec<String>,
    /// Attributes of the contact that the call begins with.
    pub pass: Vec<String>,
    /// Contact flows that the engine may send callers to.
    pub flows: Vec<FlowTarget>,
    /// The flow in which calls begin; none: the project's entry.
    pub start_flow: Option<String>,
    /// The language in which calls begin, or a reference such as `$.Attributes.language`; none: the project's first.
    pub start_locale: Option<String>,
    /// Whether Connect may log what callers say and press.
    pub logging: bool,
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
pub struct Language {
    /// As in flows: `ko-KR`.
    pub locale: String,
    /// Voice of Amazon Polly.
    pub voice: String,
    /// `standard`, `neural`, `long-form` or `generative`.
    pub engine: String,
    /// The Lex V2 bot that listens in this language; none: callers can only press keys, and chats only be given away.
    pub lex_bot_alias_arn: Option<String>,
    /// Said when the engine cannot be reached; plain text.
    pub apology: String,
}

impl Language {
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
            engine: "neural".to_owned(),
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
    #[error("`{value}` is no ARN of {what}")]
    Arn { what: &'static str, value: String },
    #[error("{what} `{name}` is given twice")]
    Twice { what: &'static str, name: String },
    #[error(
        "{what} cannot be called `{name}`: letters, digits, `_`, `-` and `.` only, at most 64 of them"
    )]
    Name { what: &'static str, name: String },
    #[error(
        "the flow would have {count} actions, and Connect takes {MAX_ACTIONS}; each queue takes two, each contact flow one, each bot six"
    )]
    TooManyActions { count: usize },
    #[error("the flow would be refused: {0}")]
    Refused(String),
}

impl Bridge {
    /// The flow as JSON of flow language 2019-10-30, ready to be imported or given to `CreateContactFlow`.
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

    fn check(&self) -> Result<(), BridgeError> {
        if self.languages.is_empty() {
            return Err(BridgeError::NoLanguage);
        }
        if !self.queues.iter().any(|queue| queue.name == self.fallback_queue) {
            return Err(BridgeError::FallbackQueue(self.fallback_queue.clone()));
        }
        arn("a Lambda function", "arn:aws:lambda:", &self.lambda_arn)?;
        let mut names = Vec::new();
        for queue in &self.queues {
            arn("a queue", "arn:aws:connect:", &queue.arn)?;
            names.push(("queue", &queue.name));
        }
        for flow in &self.flows {
            arn("a contact flow", "arn:aws:connect:", &flow.arn)?;
            names.push(("contact flow", &flow.name));
        }
        for language in &self.languages {
            if let Some(alias) = &language.lex_bot_alias_arn {
                arn("an alias of a Lex V2 bot", "arn:aws:lex:", alias)?;
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

/// That `value` looks like an ARN; partitions such as `aws-us-gov` are fine.
fn arn(what: &'static str, like: &str, value: &str) -> Result<(), BridgeError> {
    let service = like.split(':').nth(2).unwrap_or_default();
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    let fits = matches!(
        parts.as_slice(),
        ["arn", partition, found, region, account, resource]
            if partition.starts_with("aws")
                && *found == service
                && !region.is_empty()
                && account.len() == 12
                && account.bytes().all(|digit| digit.is_ascii_digit())
                && !resource.is_empty()
    );
    let plain = value.chars().all(|c| c.is_ascii_graphic());
    if fits && plain { Ok(()) } else { Err(BridgeError::Arn { what, value: value.to_owned() }) }
}

#[cfg(test)]
mod tests;
