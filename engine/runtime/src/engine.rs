//! Calls from their first event to their last.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};

use dialgraph_base::{CallId, Timestamp};
use dialgraph_flow::Release;
use dialgraph_kernel::call::{Call, NewCall, Waits};
use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::plugin::Plugins;
use dialgraph_kernel::ports::{HostError, HostErrorKind, HostResult};
use dialgraph_kernel::turn::{Turn, TurnError};
use dialgraph_store::Store;

use crate::calls::{Before, Calls, CallsError, Loaded, Mark, Saved};
use crate::drive::{Drive, InFlight, Patience, WaitRules, World};
use crate::outside::Addressing;
use crate::request::{Start, Trigger, TurnRequest};
use crate::spans::NodeTime;
use crate::{Clock, Releases};

/// How often a turn is tried again when another process changed the call meanwhile.
const RACES: u32 = 5;

/// Why an event got no answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Turn(#[from] TurnError),
    #[error(transparent)]
    Calls(#[from] CallsError),
    #[error("there is no call {call}; its first event must start it")]
    NoCall { call: String },
    #[error("call {call} exists already")]
    Exists { call: String },
    #[error("call {call} is pinned to release {release}, which is not loaded here")]
    NoRelease { call: String, release: String },
    #[error("call {call} is pinned to release {release}, which cannot be loaded now: {why}")]
    ReleaseOut { call: String, release: String, why: String },
    #[error("the event answers turn {given} of call {call}, but the last turn is {last}")]
    OutOfOrder { call: String, given: u32, last: u32 },
    #[error(
        "the `after` flow of call {call} could not do all that it has to: {why}; it runs again"
    )]
    AfterLater { call: String, why: String },
    #[error("call {call} was changed by others {RACES} times while the engine handled this event")]
    Raced { call: String },
}

/// What came of an event.
#[derive(Debug)]
pub struct Answer {
    pub record: TurnRecord,
    /// The call as it stands after the turn.
    pub call: Call,
    /// The event had come before with the same token, and this is the answer it got then.
    pub repeated: bool,
    /// How the call stood before the turn; none: it began with it. Of a repeated answer, how it
    /// stands.
    pub before: Option<Before>,
    /// A host call that outlasted the turn. Poll it, in the background, and give its reply to
    /// [`Engine::keep_reply`]; a later turn waits for it by itself if it runs in this process.
    pub in_flight: Option<(Arc<str>, LateReply)>,
    /// Host calls that the record of a call that ended no longer waited for. Poll them, in the
    /// background; nobody needs their replies.
    pub left_behind: Vec<LateReply>,
    /// Of the nodes that ran plugins and were left in this turn, in order; none of a repeated
    /// answer.
    pub node_times: Vec<NodeTime>,
}

/// A reply that may still come.
pub type LateReply = Shared<BoxFuture<'static, HostResult>>;

/// Runs calls.
pub struct Engine {
    calls: Calls,
    releases: Arc<Releases>,
    plugins: Arc<dyn Plugins>,
    world: Arc<dyn World>,
    pub(crate) clock: Arc<dyn Clock>,
    rules: WaitRules,
    pub(crate) addressing: Addressing,
    /// For so many milliseconds an `after` flow that fails for what may pass is run again.
    after_patience: u64,
    /// Host calls under way without a turn.
    in_flight: Mutex<HashMap<CallId, (Arc<str>, LateReply)>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("releases", &self.releases).finish_non_exhaustive()
    }
}

impl Engine {
    pub fn new(
        store: Arc<dyn Store>,
        releases: Arc<Releases>,
        plugins: Arc<dyn Plugins>,
        world: Arc<dyn World>,
        clock: Arc<dyn Clock>,
        rules: WaitRules,
    ) -> Self {
        Self {
            calls: Calls::new(store),
            releases,
            plugins,
            world,
            clock,
            rules,
            addressing: Addressing::default(),
            after_patience: 0,
            in_flight: Mutex::default(),
        }
    }

    /// Has what it writes of calls expire so many milliseconds after the turn; none: never.
    #[must_use]
    pub fn keeping(mut self, millis: Option<u64>) -> Self {
        self.calls = self.calls.keeping(millis);
        self
    }

    /// Has an `after` flow run again, up to so many milliseconds after the contact is over, while a
    /// node of it fails for what may pass: a provider that is down or slow. What such a run did is
    /// not kept; its requests have the same idempotency keys when it is made again.
    #[must_use]
    pub fn retrying_after(mut self, millis: u64) -> Self {
        self.after_patience = millis;
        self
    }

    /// The calls in its store.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Runs the turn that `request` asks for and stores it. A request whose token has been answered
    /// gets the same answer without a second execution.
    ///
    /// # Errors
    /// When the call is not there, or there already; when the event answers another turn than the
    /// last; when the release or the store cannot be read, or the store takes nothing.
    pub async fn turn(&self, request: TurnRequest) -> Result<Answer, EngineError> {
        let TurnRequest { trigger, token, within } = request;
        let until = within.map(|left| self.clock.now().after(left));
        match trigger {
            Trigger::Start(start) => self.begin(*start, &token, until).await,
            Trigger::Event { call, event, after } => {
                self.go_on(&call, event, after, &token, until).await
            }
        }
    }

    async fn begin(
        &self,
        start: Start,
        token: &str,
        until: Option<Timestamp>,
    ) -> Result<Answer, EngineError> {
        let id = start.id.clone();
        if let Some(answer) = self.answered(&id, token).await? {
            return Ok(answer);
        }
        if self.calls.load(&id).await?.is_some() {
            return self.started_meanwhile(&id, token).await;
        }
        // Held until the call is stored: what nobody holds and no stored call has may be let go.
        let release = self.releases.for_call(&id);
        let locale = start
            .locale
            .or_else(|| release.locales.first().cloned())
            .unwrap_or_else(|| "en-US".into());
        let call = Call::new(NewCall {
            id: start.id,
            release: release.digest,
            channel: start.channel,
            locale,
            from: start.from,
            to: start.to,
            at: self.clock.now(),
            seed: start.seed,
            attributes: start.attributes,
        });
        let flow = start.flow.as_deref();
        match self.execute(None, call, flow, Event::Entered, token, until).await? {
            Some(answer) => Ok(answer),
            None => self.started_meanwhile(&id, token).await,
        }
    }

    /// Another delivery has begun the call: with this token, whose answer is then the answer, or as
    /// another call.
    async fn started_meanwhile(&self, id: &CallId, token: &str) -> Result<Answer, EngineError> {
        match self.answered(id, token).await? {
            Some(answer) => Ok(answer),
            None => Err(EngineError::Exists { call: id.to_string() }),
        }
    }

    async fn go_on(
        &self,
        id: &CallId,
        event: Event,
        after: Option<u32>,
        token: &str,
        until: Option<Timestamp>,
    ) -> Result<Answer, EngineError> {
        for _ in 0..RACES {
            if let Some(answer) = self.answered(id, token).await? {
                return Ok(answer);
            }
            let Loaded { call, mark } = self
                .calls
                .load(id)
                .await?
                .ok_or_else(|| EngineError::NoCall { call: id.to_string() })?;
            if let Some(given) = after.filter(|after| *after != call.answers_turn()) {
                // Another process may have answered this very event between the two looks.
                if let Some(answer) = self.answered(id, token).await? {
                    return Ok(answer);
                }
                let (call, last) = (id.to_string(), call.answers_turn());
                return Err(EngineError::OutOfOrder { call, given, last });
            }
            let done = self.execute(Some(mark), call, None, event.clone(), token, until).await?;
            if let Some(answer) = done {
                return Ok(answer);
            }
        }
        Err(EngineError::Raced { call: id.to_string() })
    }

    /// Keeps a reply that came after its turn, so that any process can go on with the call.
    pub async fn keep_reply(
        &self,
        id: &CallId,
        key: &Arc<str>,
        result: HostResult,
    ) -> Result<(), EngineError> {
        self.calls.keep_reply(id, key, result, self.clock.now()).await?;
        let mut under_way = self.under_way();
        if under_way.get(id).is_some_and(|(waited, _)| waited == key) {
            under_way.remove(id);
        }
        Ok(())
    }

    /// Lets go of host calls of `id` that are under way; their effects, if any, happen all the
    /// same. For a simulation that takes back what it did.
    pub fn forget_in_flight(&self, id: &CallId) {
        self.under_way().remove(id);
    }

    async fn answered(&self, id: &CallId, token: &str) -> Result<Option<Answer>, EngineError> {
        let Some(turn) = self.calls.answered(id, token).await? else { return Ok(None) };
        let record = self.calls.turn(id, turn).await?;
        let loaded = self.calls.load(id).await?;
        Ok(match (record, loaded) {
            (Some(record), Some(loaded)) => {
                let before = Some(loaded.mark.before());
                let call = loaded.call;
                let left_behind = Vec::new();
                Some(Answer {
                    record,
                    call,
                    repeated: true,
                    before,
                    in_flight: None,
                    left_behind,
                    node_times: Vec::new(),
                })
            }
            _ => None,
        })
    }

    /// One turn, driven and stored; none when the call changed meanwhile.
    async fn execute(
        &self,
        before: Option<Mark>,
        call: Call,
        flow: Option<&str>,
        event: Event,
        token: &str,
        until: Option<Timestamp>,
    ) -> Result<Option<Answer>, EngineError> {
        let id = call.id.clone();
        let release = self.release_of(&call).await?;
        let arrived = self.calls.arrivals(&call).await?;
        let misses = call.frames.iter().find_map(|frame| match &frame.waits {
            Waits::Reply(parked) => Some(parked.misses.clone()),
            _ => None,
        });
        let mut late = HashMap::new();
        let mut under_way = None;
        if let Some(key) = misses {
            // In this order: what has left the list by the time it is looked at is in the store
            // already.
            under_way = self.under_way().get(&id).filter(|(waited, _)| *waited == key).cloned();
            match self.calls.reply(&id, &key).await {
                Ok(Some(result)) => drop(late.insert(key, result)),
                Ok(None) => {}
                Err(error) if error.is_damage() => {
                    // It will not become readable, and the call must go on.
                    tracing::error!(call = %id, %error, "a late reply cannot be read");
                    let message = format!("the reply came and cannot be read: {error}");
                    let lost = HostError::new(HostErrorKind::Other, "unreadable-reply", message);
                    late.insert(key, Err(lost));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let since_its_end = self.clock.now().0.saturating_sub(call.last_turn_at.0);
        let patience = match &event {
            Event::After if since_its_end < self.after_patience => Patience::UntilItFails,
            _ => Patience::Never,
        };
        let transcript = match &event {
            Event::After => Some(self.calls.transcript(&call).await?),
            _ => None,
        };
        let mut turn = Turn::begin(
            release.clone(),
            self.plugins.clone(),
            call,
            flow,
            event,
            self.clock.now(),
        )?;
        if let Some(transcript) = transcript {
            turn = turn.with_transcript(transcript);
        }
        if !release.hooks.is_empty() {
            turn = turn.with_addresses(self.addresses().await?).with_arrived(arrived);
        }
        let under_way = under_way.map(|(key, reply)| InFlight { key, reply: reply.boxed() });
        let drive = Drive {
            turn,
            world: &*self.world,
            clock: &*self.clock,
            rules: &self.rules,
            answer_by: until,
            late,
            under_way,
            patience,
        };
        let mut driven = drive
            .run()
            .await
            .map_err(|why| EngineError::AfterLater { call: id.to_string(), why })?;
        let mut saved = self.calls.save(before, &driven.finished, token).await;
        if let Err(error) = &saved
            && error.is_of_turn()
        {
            // Tried again it would be the same, and its call would be open for ever.
            let turn = driven.finished.record.turn;
            tracing::error!(call = %id, turn, %error, "a turn cannot be saved as it is; its call ends");
            driven.finished.give_up(&release, &error.to_string());
            driven.left_behind.extend(driven.in_flight.take());
            saved = self.calls.save(before, &driven.finished, token).await;
        }
        match saved? {
            // What this turn waited for is over; a turn that did not take place leaves it to the
            // one that will.
            Saved::Done => drop(self.under_way().remove(&id)),
            Saved::Repeated => return self.answered(&id, token).await,
            Saved::Conflict => return Ok(None),
        }
        let in_flight = driven.in_flight.map(|InFlight { key, reply }| {
            let reply = reply.shared();
            self.under_way().insert(id, (key.clone(), reply.clone()));
            (key, reply)
        });
        let finished = *driven.finished;
        Ok(Some(Answer {
            record: finished.record,
            call: finished.call,
            repeated: false,
            before: before.map(|mark| mark.before()),
            in_flight,
            left_behind: driven.left_behind.into_iter().map(|left| left.reply.shared()).collect(),
            node_times: driven.node_times,
        }))
    }

    /// The release that a call is pinned to.
    pub(crate) async fn release_of(&self, call: &Call) -> Result<Arc<Release>, EngineError> {
        let names = || (call.id.to_string(), call.release.to_string());
        match self.releases.find(&call.release).await {
            Ok(Some(release)) => Ok(release),
            Ok(None) => {
                let (call, release) = names();
                Err(EngineError::NoRelease { call, release })
            }
            Err(why) => {
                let (call, release) = names();
                Err(EngineError::ReleaseOut { call, release, why })
            }
        }
    }

    fn under_way(&self) -> std::sync::MutexGuard<'_, HashMap<CallId, (Arc<str>, LateReply)>> {
        // Only inserts and removals happen under the lock; none can leave it half done.
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
