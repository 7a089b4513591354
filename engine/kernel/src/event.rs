//! What the caller's side did.

use serde::{Deserialize, Serialize};

use crate::contact::{ContactEvent, ContactStage};
use crate::plugin::PluginEvent;

/// Something that happened on the channel: the reason for a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The contact arrived.
    Entered,
    /// The caller spoke or wrote.
    Said {
        text: String,
        /// Of speech recognition, 0 to 1; none for typed text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confidence: Option<f64>,
    },
    /// The caller pressed keys; the terminating key is left out.
    Pressed(String),
    /// The caller neither spoke nor pressed for as long as was allowed.
    Silent,
    /// The caller hung up.
    HungUp,
    /// The channel could not do the last directive.
    DirectiveFailed(String),
    /// The wait of the last directive is over; where somebody was rung: they answered and have hung
    /// up, and the caller is still there.
    Resumed,
    /// Whoever was rung did not answer in time.
    Unanswered,
    /// Something became of the contact after its flow gave it away.
    Contact(ContactEvent),
    /// The contact is over, and its `after` flow is to run: nobody's doing, but the engine's.
    After,
}

impl Event {
    /// Whether the caller is gone with it, or has been.
    pub fn is_end(&self) -> bool {
        match self {
            Self::HungUp | Self::After => true,
            Self::Contact(event) => {
                matches!(event.stage, ContactStage::Ended | ContactStage::Lost)
            }
            _ => false,
        }
    }

    /// Its word in journals and traces.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::Said { .. } => "said",
            Self::Pressed(_) => "pressed",
            Self::Silent => "silent",
            Self::HungUp => "hung_up",
            Self::DirectiveFailed(_) => "directive_failed",
            Self::Resumed => "resumed",
            Self::Unanswered => "unanswered",
            Self::Contact(event) => event.stage.word(),
            Self::After => "after",
        }
    }
}

/// What one run of a plugin starts from, apart from the call itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PluginInput {
    pub event: PluginEvent,
    /// The evaluated `with`, as JSON text.
    pub input: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Runs of this visit that ended in an ask.
    pub turn: u32,
    /// Host calls of this visit before this run.
    pub host_calls: u32,
}
