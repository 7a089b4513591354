//! What a channel asks the engine for: one turn of one call.

use std::collections::BTreeMap;
use std::time::Duration;

use dialgraph_base::{CallId, Channel, Locale, Name};
use dialgraph_kernel::event::Event;
use serde_json::Value;

/// One turn, as a channel asks for it.
///
/// ```
/// use std::time::Duration;
/// use dialgraph_base::CallId;
/// use dialgraph_kernel::event::Event;
/// use dialgraph_runtime::TurnRequest;
///
/// let pressed = Event::Pressed("1".into());
/// let request = TurnRequest::event(CallId("c-17".into()), pressed, "delivery-4")
///     .after(3)
///     .within(Duration::from_secs(5));
/// ```
#[derive(Debug, Clone)]
pub struct TurnRequest {
    pub trigger: Trigger,
    /// Names this delivery of the event: the same token gets the same answer without a second
    /// execution.
    pub token: String,
    /// Time until the answer is needed; none: nobody waits for it.
    pub within: Option<Duration>,
}

/// What the turn is about.
#[derive(Debug, Clone)]
pub enum Trigger {
    /// The call begins.
    Start(Box<Start>),
    /// Something happens in a call in progress.
    Event {
        call: CallId,
        event: Event,
        /// The turn that the event answers, and no other: the turn that is stored is the one that
        /// was looked at, whoever else has the call in hand. None: whichever was the last.
        after: Option<u32>,
    },
}

/// A call that begins.
#[derive(Debug, Clone)]
pub struct Start {
    pub id: CallId,
    pub channel: Channel,
    /// None: the release's first.
    pub locale: Option<Locale>,
    pub from: Option<String>,
    pub to: Option<String>,
    /// None: the release's entry.
    pub flow: Option<Name>,
    pub seed: u64,
    pub attributes: BTreeMap<Name, Value>,
}

impl TurnRequest {
    /// The first turn of a call.
    pub fn start(start: Start, token: impl Into<String>) -> Self {
        Self { trigger: Trigger::Start(Box::new(start)), token: token.into(), within: None }
    }

    /// The turn that an event of a call in progress leads to.
    pub fn event(call: CallId, event: Event, token: impl Into<String>) -> Self {
        Self {
            trigger: Trigger::Event { call, event, after: None },
            token: token.into(),
            within: None,
        }
    }

    /// Only if `turn`, where there is one, is still the last of its call. A call that begins has
    /// none.
    #[must_use]
    pub fn after(mut self, turn: impl Into<Option<u32>>) -> Self {
        if let Trigger::Event { after, .. } = &mut self.trigger {
            *after = turn.into();
        }
        self
    }

    /// To be answered within `left`.
    #[must_use]
    pub fn within(mut self, left: Duration) -> Self {
        self.within = Some(left);
        self
    }

    /// The call that the turn is of.
    pub fn call(&self) -> &CallId {
        match &self.trigger {
            Trigger::Start(start) => &start.id,
            Trigger::Event { call, .. } => call,
        }
    }

    /// The word of the event.
    pub fn word(&self) -> &'static str {
        match &self.trigger {
            Trigger::Start(_) => Event::Entered.word(),
            Trigger::Event { event, .. } => event.word(),
        }
    }
}
