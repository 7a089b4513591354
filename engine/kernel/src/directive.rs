//! What the channel must do next.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use dialgraph_flow::model::Queue;

use crate::plugin::{Accept, Speech};

/// The answer to one event: things to say, and then exactly one thing that waits or ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Directives {
    /// Spoken or shown in this order.
    pub say: Vec<Speech>,
    pub then: Then,
}

/// The last directive of a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Wait for the caller's answer.
    Ask(Accept),
    /// Something slow is under way: come back after this many milliseconds with [`Event::Resumed`].
    ///
    /// [`Event::Resumed`]: crate::event::Event::Resumed
    Wait { ms: u32 },
    /// Put the caller into this queue.
    Queue(Arc<Queue>),
    /// Have this number called back from this queue, then hang up.
    Callback { queue: Arc<Queue>, number: String },
    /// Connect the caller with this number outside.
    ///
    /// With `within_ms` the flow keeps the call: the number rings for so long, and then
    /// [`Event::Unanswered`] is told if nobody answered, or [`Event::Resumed`] when whoever
    /// answered has hung up and the caller is still there.
    ///
    /// [`Event::Unanswered`]: crate::event::Event::Unanswered
    /// [`Event::Resumed`]: crate::event::Event::Resumed
    Transfer {
        number: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        within_ms: Option<u32>,
    },
    /// End the call.
    HangUp,
}

impl Then {
    /// Its word in traces.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ask(_) => "ask",
            Self::Wait { .. } => "wait",
            Self::Queue(_) => "queue",
            Self::Callback { .. } => "callback",
            Self::Transfer { .. } => "transfer",
            Self::HangUp => "hang_up",
        }
    }

    /// True when the flow has nothing more to do unless the directive fails.
    pub fn ends(&self) -> bool {
        !matches!(
            self,
            Self::Ask(_) | Self::Wait { .. } | Self::Transfer { within_ms: Some(_), .. }
        )
    }
}
