//! The steps `rings` and `contact`: what the channel reports of whoever is rung, and of a contact
//! after its flow.

use schemars::JsonSchema;
use serde::Deserialize;

use dialgraph_kernel::contact::{ContactEvent, ContactStage};

use crate::form::Form;

/// A stage, or a stage and what goes with it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ContactSpec {
    Stage(StageWord),
    Full {
        stage: StageWord,
        /// The agent who has the contact, as the channel names agents.
        #[serde(default)]
        agent: Option<String>,
        /// It is the contact in which the caller is called back.
        #[serde(default)]
        callback: bool,
        /// Nobody talked to the caller, who is called back, and the channel makes so many attempts
        /// in all.
        #[serde(default)]
        attempts: Option<u32>,
    },
}

/// How far a contact has come.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StageWord {
    Queued,
    Connected,
    Ended,
    Lost,
}

pub(super) const STAGES: Form = Form::Words(&["queued", "connected", "ended", "lost"]);

/// The word of a stage in scripts.
pub(crate) fn stage_word(stage: ContactStage) -> &'static str {
    match stage {
        ContactStage::Queued => "queued",
        ContactStage::Connected => "connected",
        ContactStage::Ended => "ended",
        ContactStage::Lost => "lost",
    }
}

/// What comes of a telephone that rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RingWord {
    Answered,
    NoAnswer,
}

pub(super) const RINGS: Form = Form::Words(&["answered", "no_answer"]);

impl RingWord {
    pub(super) fn answered(self) -> bool {
        matches!(self, Self::Answered)
    }
}

/// The word in scripts for what comes of a telephone that rings.
pub(crate) fn ring_word(answered: bool) -> &'static str {
    if answered { "answered" } else { "no_answer" }
}

impl ContactSpec {
    pub(super) fn event(&self) -> ContactEvent {
        let (stage, agent, callback, attempts) = match self {
            Self::Stage(stage) => (*stage, None, false, None),
            Self::Full { stage, agent, callback, attempts } => {
                (*stage, agent.clone(), *callback, *attempts)
            }
        };
        let stage = match stage {
            StageWord::Queued => ContactStage::Queued,
            StageWord::Connected => ContactStage::Connected,
            StageWord::Ended => ContactStage::Ended,
            StageWord::Lost => ContactStage::Lost,
        };
        ContactEvent { agent, callback, attempts, ..ContactEvent::new(stage) }
    }
}
