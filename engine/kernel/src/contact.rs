//! A contact after its flow: waiting in a queue, with an agent, over.
//!
//! A flow ends when it gives the caller away; the contact does not. What the channel then tells of
//! it ([`ContactEvent`]) is kept in the call, and when the contact is over, the release's `after`
//! flow runs.

use serde::{Deserialize, Serialize};

use dialgraph_base::Timestamp;

use crate::call::{Call, Frame, Status, Waits};

/// Longest name of an agent that is kept, in characters.
pub const MAX_AGENT: usize = 256;

/// The disposition of a call whose caller is to be called back.
const CALLBACK: &str = "callback";

/// What is known of a contact beyond its flow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// When the flow gave it away, for the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_at: Option<Timestamp>,
    /// When its wait for an agent began, as the channel tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued_at: Option<Timestamp>,
    /// When an agent took it first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_at: Option<Timestamp>,
    /// The agent who had it last, as the channel names agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Somebody outside took it whom the flow had rung.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reached: bool,
    /// When the caller, who is to be called back, left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_at: Option<Timestamp>,
    /// Calls back in which nobody talked to the caller.
    #[serde(default, skip_serializing_if = "is_none")]
    pub attempts: u32,
    /// When the last of them was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vain_at: Option<Timestamp>,
    /// When it was over; of a contact that nobody told of any more, when it was last heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

/// How it is known that a contact is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The flow hung up.
    Flow,
    /// The channel told.
    Channel,
    /// Nobody told, for longer than contacts last.
    Limit,
}

impl EndedBy {
    /// Its word in flows and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Channel => "channel",
            Self::Limit => "limit",
        }
    }
}

/// News of a contact that its flow has given away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactEvent {
    pub stage: ContactStage,
    /// None: when the engine is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The agent who has it, or had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// When its wait began, if the channel tells of that late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued_at: Option<Timestamp>,
    /// When an agent took it, if the channel tells of that late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_at: Option<Timestamp>,
    /// It is the contact in which the caller is called back, and not the one that called.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub callback: bool,
    /// Of a call back that is over: nobody talked to the caller in it, and the channel makes so
    /// many attempts in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
}

/// How far a contact has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactStage {
    /// It waits in a queue.
    Queued,
    /// An agent has taken it.
    Connected,
    /// It is over.
    Ended,
    /// Nobody has told of it for longer than contacts last.
    Lost,
}

impl ContactStage {
    /// The word of its events in journals and traces.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "contact_queued",
            Self::Connected => "contact_connected",
            Self::Ended => "contact_ended",
            Self::Lost => "contact_lost",
        }
    }
}

impl ContactEvent {
    /// The contact has come so far.
    pub fn new(stage: ContactStage) -> Self {
        Self {
            stage,
            at: None,
            agent: None,
            queued_at: None,
            connected_at: None,
            callback: false,
            attempts: None,
        }
    }
}

/// Whether the release's `after` flow is to run when the contact is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// The release has none.
    #[default]
    None,
    /// It has not run yet.
    Due,
    /// It has run.
    Done,
}

impl Contact {
    /// Whether anybody took it: an agent, or somebody outside whom the flow had rung.
    pub fn answered(&self) -> bool {
        self.reached || self.connected_at.is_some()
    }

    /// How long the caller waited for an agent, in milliseconds: until one took the contact, or
    /// else until it was over. None before that, and if nobody was to take it.
    pub fn waited(&self) -> Option<u64> {
        let began = self.queued_at.or(self.handed_at)?;
        let ended = self.connected_at.or(self.ended_at)?;
        // The clocks of a channel's parts need not agree to the millisecond.
        Some(ended.0.saturating_sub(began.0))
    }

    /// When it was last heard of.
    fn last_heard_of(&self) -> Option<Timestamp> {
        let moments = [self.handed_at, self.queued_at, self.connected_at, self.left_at];
        moments.into_iter().flatten().max()
    }

    /// Takes in what the channel tells; moments that it told before stand.
    fn take(&mut self, event: &ContactEvent, now: Timestamp) {
        let at = event.at.unwrap_or(now);
        let at = |stage: ContactStage| (event.stage == stage).then_some(at);
        let queued = event.queued_at.or_else(|| at(ContactStage::Queued));
        let connected = event.connected_at.or_else(|| at(ContactStage::Connected));
        self.queued_at = self.queued_at.or(queued);
        // News of an attempt to call back may come after its end, and it was in vain.
        if self.vain_at.is_some_and(|vain| connected.is_some_and(|connected| connected <= vain)) {
            return;
        }
        self.connected_at = self.connected_at.or(connected);
        if let Some(agent) = &event.agent {
            self.agent = Some(agent.chars().take(MAX_AGENT).collect());
        }
    }
}

impl Call {
    /// Whether its flow has it in hand: neither over nor given away.
    pub fn is_in_flow(&self) -> bool {
        matches!(self.status, Status::New | Status::Active)
    }

    /// Whether somebody outside is rung for it, or talks to its caller: it stays in its flow, but
    /// nobody tells of it before that is over.
    pub fn is_rung(&self) -> bool {
        self.is_in_flow() && matches!(self.waits(), Some(Waits::Ring { .. }))
    }

    /// What its innermost node waits for.
    fn waits(&self) -> Option<&Waits> {
        self.frames.last().map(|frame| &frame.waits)
    }

    /// Notes that somebody outside has its caller.
    pub(crate) fn reached(&mut self) {
        self.contact.get_or_insert_default().reached = true;
    }

    /// Notes that whoever is rung has answered, by the name that the channel gives them.
    pub(crate) fn ring_taken(&mut self, agent: Option<&str>) {
        self.reached();
        if let (Some(contact), Some(agent)) = (&mut self.contact, agent) {
            contact.agent = Some(agent.chars().take(MAX_AGENT).collect());
        }
        if let Some(Frame { waits: Waits::Ring { taken, .. }, .. }) = self.frames.last_mut() {
            *taken = true;
        }
    }

    /// Whether its caller, who left at this moment, had talked to somebody who was rung.
    pub(crate) fn left_a_conversation(&self, at: Timestamp) -> bool {
        matches!(self.waits(), Some(Waits::Ring { until, taken }) if *taken || at > *until)
    }

    /// Whether nothing more is to be done for it: its flow no longer has it in hand, and no `after`
    /// flow is to run.
    pub fn is_settled(&self) -> bool {
        !self.is_in_flow() && self.after != After::Due
    }

    /// Whether its contact is over.
    pub fn is_over(&self) -> bool {
        matches!(self.status, Status::Ended { .. })
    }

    /// Whether its contact is over and its `after` flow can run.
    pub fn is_after_due(&self) -> bool {
        self.is_over() && self.after == After::Due
    }

    /// Whether its caller, who was to be called back, left before the flow had it again: whom the
    /// flow asks, nobody answers.
    pub(crate) fn caller_left(&self) -> bool {
        self.contact.as_ref().is_some_and(|contact| contact.left_at.is_some())
    }

    /// Takes in news of an attempt to call back in which nobody talked to the caller, and tells
    /// whether it was the last.
    fn attempted(&mut self, of: u32, at: Timestamp) -> bool {
        let contact = self.contact.get_or_insert_default();
        contact.attempts = contact.attempts.saturating_add(1);
        contact.vain_at = contact.vain_at.max(Some(at));
        // An agent took the call back before the caller was dialled, and talked to nobody.
        (contact.connected_at, contact.agent) = (None, None);
        contact.attempts >= of
    }

    /// Notes that the flow gives the call away now.
    pub(crate) fn handed(&mut self, at: Timestamp) {
        let contact = self.contact.get_or_insert_default();
        contact.handed_at = Some(at);
    }

    /// Notes that the contact is over; what was known of its end before stands.
    pub(crate) fn over(&mut self, at: Timestamp, by: EndedBy) {
        let contact = self.contact.get_or_insert_default();
        contact.ended_at.get_or_insert(at);
        contact.ended_by.get_or_insert(by);
    }

    /// Takes in news of the contact, and tells whether it is over now.
    ///
    /// A caller who is to be called back may leave: their contact goes on until the call back is
    /// over, if an `after` flow waits for that, or until the channel has tried as often as it does.
    pub(crate) fn told(&mut self, event: &ContactEvent, now: Timestamp) -> bool {
        let at = event.at.unwrap_or(now);
        let promised = matches!(&self.status, Status::Handed { disposition, .. } if &**disposition == CALLBACK);
        let called_back = promised && self.after == After::Due;
        if let (ContactStage::Ended, true, Some(of)) = (event.stage, promised, event.attempts) {
            let is_last = self.attempted(of, at);
            if is_last {
                self.over(at, EndedBy::Channel);
            }
            return is_last;
        }
        let rang_until = match self.waits() {
            Some(Waits::Ring { until, .. }) => Some(*until),
            _ => None,
        };
        let contact = self.contact.get_or_insert_default();
        contact.take(event, now);
        match event.stage {
            ContactStage::Queued | ContactStage::Connected => false,
            ContactStage::Ended if called_back && !event.callback => {
                contact.left_at.get_or_insert(at);
                false
            }
            ContactStage::Ended => {
                self.over(at, EndedBy::Channel);
                true
            }
            ContactStage::Lost => {
                let at = contact.last_heard_of().max(rang_until).unwrap_or(at);
                self.over(at, EndedBy::Limit);
                true
            }
        }
    }
}
