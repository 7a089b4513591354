//! The step `contact`: what the channel reports of a contact after its flow.

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

impl ContactSpec {
    pub(super) fn event(&self) -> ContactEvent {
        let (stage, agent, callback) = match self {
            Self::Stage(stage) => (*stage, None, false),
            Self::Full { stage, agent, callback } => (*stage, agent.clone(), *callback),
        };
        let stage = match stage {
            StageWord::Queued => ContactStage::Queued,
            StageWord::Connected => ContactStage::Connected,
            StageWord::Ended => ContactStage::Ended,
            StageWord::Lost => ContactStage::Lost,
        };
        ContactEvent { agent, callback, ..ContactEvent::new(stage) }
    }
}
