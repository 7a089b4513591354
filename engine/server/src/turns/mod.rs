//! Turns of live calls: admitted, one at a time for each call, answered in time or refused in time.
//!
//! A turn runs as a task of its own, on threads of its own ([`Workers`]), because plugins compute:
//! a client that goes away does not stop it, and the threads that talk to clients stay free to
//! refuse. Before it begins it may be refused without a trace; once begun it goes on to its end,
//! and whoever asks again with the same token gets its answer.

mod activity;
mod locks;
mod precedence;
mod workers;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument as _;

use dialgraph_base::CallId;
use dialgraph_deploy::Deploy;
use dialgraph_kernel::call::Call;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::turn::TurnError;
use dialgraph_runtime::{
    Answer, Engine, EngineError, LateReply, SystemClock, Trigger, TurnRequest,
};

pub use self::activity::Activity;
use self::locks::Locks;
pub use self::workers::Workers;
use crate::telemetry::Metrics;

/// The answer to an event.
#[derive(Debug)]
pub struct Answered {
    pub record: TurnRecord,
    pub call: Call,
    /// The event had been answered before; this is that answer.
    pub repeated: bool,
}

/// Why an event got no answer of the engine.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Nothing happened; the same event may come again.
    #[error("too many turns are waiting to begin; try again in a second")]
    Busy,
    /// Nothing happened; another process may take the event.
    #[error(
        "this engine is about to stop and begins no more turns; try another one, or try again in a \
        few seconds"
    )]
    Draining,
    /// The turn goes on; its answer can be had with the same token.
    #[error("the turn takes too long; send the event again with the same token")]
    Late,
    /// The event belongs to another moment of the call than the present one.
    #[error("the event answers turn {given}, but the call's last turn is {last}")]
    OutOfOrder { given: u32, last: u32 },
    #[error(transparent)]
    Engine(EngineError),
    /// A defect of the engine; its log says more.
    #[error("the turn broke down; the engine's log says where")]
    Broken,
}

/// Runs turns.
pub struct Turns {
    engine: Arc<Engine>,
    workers: Workers,
    rules: dialgraph_config::TurnsSection,
    metrics: Arc<Metrics>,
    activity: Activity,
    locks: Arc<Locks>,
    slots: Arc<Semaphore>,
    /// Turns that were let in and are not over.
    inside: AtomicUsize,
    /// Replies that outlasted their turn and are still awaited.
    awaited: AtomicUsize,
    /// Calls whose `after` flows are under way or about to begin, and how many may run at a time:
    /// callers who are asked something come first.
    after: Mutex<HashSet<CallId>>,
    after_slots: Arc<Semaphore>,
    draining: AtomicBool,
    changed: Notify,
    /// Told of each turn, for its canary.
    deploy: OnceLock<Deploy>,
}

impl std::fmt::Debug for Turns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turns").field("load", &self.load()).finish_non_exhaustive()
    }
}

/// How busy it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Turns that wait or run.
    pub turns: usize,
    /// Most of them at a time.
    pub most: usize,
    /// Late replies awaited.
    pub late_replies: usize,
    /// `after` flows that wait or run.
    pub after: usize,
}

/// A turn has not begun; it and whoever waits for it decide which of the two comes first.
const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const GIVEN_UP: u8 = 2;

/// The part of the time for an answer that is kept back for storing the turn and for the way: a
/// tenth.
const KEPT_BACK: u32 = 10;

/// How much longer than the time for an answer a thread may be busy with one turn before it is
/// taken for lost.
const STUCK: Duration = Duration::from_secs(5);

/// `after` flows that run at a time.
const AFTER_AT_ONCE: usize = 4;

/// `after` flows that wait or run at most; a round finds further ones later.
const AFTER_MOST: usize = 1_000;

/// The token of the turn in which the `after` flow of a call runs: it has but one.
const AFTER_TOKEN: &str = "after";

/// Tries to store a late reply before it is given up; the host call is then made again by a later
/// turn.
const KEEP_TRIES: u32 = 5;

impl Turns {
    pub fn new(
        engine: Arc<Engine>,
        workers: Workers,
        rules: dialgraph_config::TurnsSection,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        Arc::new(Self {
            engine,
            metrics,
            workers,
            activity: Activity::default(),
            locks: Arc::default(),
            slots: Arc::new(Semaphore::new(rules.at_once as usize)),
            inside: AtomicUsize::new(0),
            awaited: AtomicUsize::new(0),
            after: Mutex::default(),
            after_slots: Arc::new(Semaphore::new(AFTER_AT_ONCE)),
            draining: AtomicBool::new(false),
            changed: Notify::new(),
            deploy: OnceLock::new(),
            rules,
        })
    }

    /// From now on `deploy` is told of each turn.
    pub fn tell(&self, deploy: Deploy) {
        // Whoever was first is told.
        let _ = self.deploy.set(deploy);
    }

    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// When calls last had an event here.
    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// Threads for turns, and those that have not come back at `now` from what they do: though the
    /// time for its answer is over, and a moment more.
    pub fn stuck(&self, now: std::time::Instant) -> (usize, usize) {
        self.workers.stuck(now, self.rules.answer_within + STUCK)
    }

    pub fn load(&self) -> Load {
        Load {
            turns: self.inside.load(Ordering::Relaxed),
            most: self.most(),
            late_replies: self.awaited.load(Ordering::Relaxed),
            after: self.after().len(),
        }
    }

    fn most(&self) -> usize {
        self.rules.at_once as usize + self.rules.waiting as usize
    }

    /// Handles an event; how long its turn may take is the server's to say.
    pub async fn handle(self: &Arc<Self>, request: TurnRequest) -> Result<Answered, Refused> {
        let began = Instant::now();
        let known = match &request.trigger {
            Trigger::Start(start) => Some(start.channel),
            Trigger::Event { call, .. } => self.activity.channel(call),
        };
        let result = self.admit(request).await;
        let (channel, outcome) = match &result {
            Ok(answered) if answered.repeated => (Some(answered.call.channel()), "repeated"),
            Ok(answered) => (Some(answered.call.channel()), "answered"),
            Err(refused) => (known, refused.word()),
        };
        let channel = channel.map_or("unknown", |channel| channel.medium.as_str());
        self.metrics.event(channel, outcome, began.elapsed());
        result
    }

    async fn admit(self: &Arc<Self>, request: TurnRequest) -> Result<Answered, Refused> {
        if self.draining.load(Ordering::SeqCst) {
            return Err(Refused::Draining);
        }
        let inside = Inside::enter(self);
        if self.inside.load(Ordering::SeqCst) > self.most() {
            return Err(Refused::Busy);
        }
        let until = Instant::now() + self.rules.answer_within;
        let state = Arc::new(AtomicU8::new(WAITING));
        let span = tracing::info_span!(
            "turn",
            call = %request.call(),
            event = request.word(),
            turn = tracing::field::Empty,
            then = tracing::field::Empty,
            outcome = tracing::field::Empty,
            otel.status_code = tracing::field::Empty,
        );
        let task = {
            let (turns, state) = (self.clone(), state.clone());
            let task = async move {
                let _inside = inside;
                turns.run(request, &state, until).await
            };
            self.workers.spawn(task.instrument(span))
        };
        match timeout_at(until, task).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Refused::Broken),
            Err(_) => {
                let given_up =
                    state.compare_exchange(WAITING, GIVEN_UP, Ordering::SeqCst, Ordering::SeqCst);
                Err(if given_up.is_ok() { Refused::Busy } else { Refused::Late })
            }
        }
    }

    async fn run(
        self: &Arc<Self>,
        request: TurnRequest,
        state: &AtomicU8,
        until: Instant,
    ) -> Result<Answered, Refused> {
        let id = request.call().clone();
        let _lock = self.locks.lock(&id).await;
        let slot = timeout(self.rules.wait, self.slots.acquire()).await;
        // The semaphore is never closed.
        let Ok(Ok(_slot)) = slot else { return Err(Refused::Busy) };
        // As long as whoever asked waits: what is under way comes to its end.
        self.workers.begin().await;
        if state.compare_exchange(WAITING, BEGUN, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            return Err(Refused::Busy);
        }
        let span = tracing::Span::current();
        // Whatever waiting for its beginning took is no longer there for the turn itself.
        let left = until.saturating_duration_since(Instant::now());
        let left = left.saturating_sub(self.rules.answer_within / KEPT_BACK);
        match self.execute(request, left).await {
            Ok(answer) => {
                span.record("turn", i64::from(answer.record.turn));
                span.record("then", answer.record.directives.then.word());
                span.record("outcome", if answer.repeated { "repeated" } else { "answered" });
                Ok(self.answered(&id, answer))
            }
            Err(refused) => {
                span.record("outcome", refused.word());
                span.record("otel.status_code", "ERROR");
                Err(refused)
            }
        }
    }

    async fn execute(&self, mut request: TurnRequest, left: Duration) -> Result<Answer, Refused> {
        // Who hung up waits for nothing; the record of the call is worth the time that its nodes
        // allow.
        let is_gone = matches!(&request.trigger, Trigger::Event { event, .. } if event.is_end());
        request.within = (!is_gone).then_some(left);
        self.engine.turn(request).await.map_err(|error| match error {
            EngineError::OutOfOrder { given, last, .. } => Refused::OutOfOrder { given, last },
            error => Refused::Engine(error),
        })
    }

    fn answered(self: &Arc<Self>, id: &CallId, answer: Answer) -> Answered {
        if answer.call.is_settled() {
            self.activity.forget(id);
        } else {
            self.activity.note(id, answer.call.channel(), SystemClock.millis());
        }
        if answer.call.is_after_due() {
            self.run_after(id.clone());
        }
        if !answer.repeated {
            self.metrics.turn(&answer.call, &answer.record, answer.before);
            self.metrics.node_times(&answer.node_times);
            if let Some(deploy) = self.deploy.get() {
                deploy.observe(&answer.call.release, &answer.record);
            }
        }
        if let Some((key, reply)) = answer.in_flight {
            self.await_reply(id.clone(), key, reply);
        }
        for reply in answer.left_behind {
            let awaited = Awaited::enter(self);
            drop(self.workers.spawn(async move {
                let _awaited = awaited;
                // What it did is done; the record that wanted to know is written.
                let _ = reply.await;
            }));
        }
        Answered { record: answer.record, call: answer.call, repeated: answer.repeated }
    }

    /// Has the `after` flow of a call run in the background, with all the time that its nodes
    /// allow. One that does not come to its end here, whatever stops it, is found by the next
    /// round of any process: the store keeps that it is due until it has run.
    pub fn run_after(self: &Arc<Self>, id: CallId) {
        if self.is_draining() {
            return;
        }
        let Some(counted) = UnderWay::enter(self, &id) else { return };
        let turns = self.clone();
        let span = tracing::info_span!("after", call = %id);
        let task = async move {
            let _counted = counted;
            let _lock = turns.locks.lock(&id).await;
            // The semaphore is never closed.
            let Ok(_slot) = turns.after_slots.acquire().await else { return };
            turns.workers.begin().await;
            if turns.is_draining() {
                return;
            }
            let request = TurnRequest::event(id.clone(), Event::After, AFTER_TOKEN);
            match turns.engine.turn(request).await {
                Ok(answer) => drop(turns.answered(&id, answer)),
                // It was due, and another process was faster.
                Err(EngineError::Turn(TurnError::NoAfter { .. })) => {}
                Err(error @ EngineError::AfterLater { .. }) => {
                    turns.metrics.after_failed();
                    tracing::info!(call = %id, %error, "the `after` flow of a call runs again later");
                }
                Err(error) => {
                    turns.metrics.after_failed();
                    tracing::warn!(call = %id, %error, "the `after` flow of a call could not run yet");
                }
            }
        };
        drop(self.workers.spawn(task.instrument(span)));
    }

    /// Sees to it that a host call goes on though its turn is over, and that its reply is kept.
    fn await_reply(self: &Arc<Self>, id: CallId, key: Arc<str>, reply: LateReply) {
        let awaited = Awaited::enter(self);
        let turns = self.clone();
        drop(self.workers.spawn(async move {
            let _awaited = awaited;
            let result = reply.await;
            for tried in 1..=KEEP_TRIES {
                match turns.engine.keep_reply(&id, &key, result.clone()).await {
                    Ok(()) => return,
                    Err(error) if tried == KEEP_TRIES => {
                        tracing::error!(call = %id, %error, "a late reply could not be kept; its request will be made again");
                    }
                    Err(error) => {
                        tracing::warn!(call = %id, %error, tried, "a late reply could not be kept yet");
                        tokio::time::sleep(Duration::from_millis(100 << tried)).await;
                    }
                }
            }
        }));
    }

    fn after(&self) -> MutexGuard<'_, HashSet<CallId>> {
        // Every change under it is whole.
        self.after.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when no `after` flow is under way.
    pub async fn after_done(&self) {
        self.until(|load| load.after == 0).await;
    }

    /// Begins no more turns.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Ends when no turn is under way.
    pub async fn settled(&self) {
        self.until(|load| load.turns == 0).await;
    }

    /// Ends when no late reply is awaited and no `after` flow runs, either.
    pub async fn replied(&self) {
        self.until(|load| load.turns == 0 && load.late_replies == 0 && load.after == 0).await;
    }

    async fn until(&self, holds: impl Fn(Load) -> bool) {
        loop {
            let changed = self.changed.notified();
            if holds(self.load()) {
                return;
            }
            changed.await;
        }
    }
}

impl Refused {
    /// All words.
    pub const WORDS: [&'static str; 10] = [
        "busy",
        "draining",
        "late",
        "out-of-order",
        "no-call",
        "exists",
        "ended",
        "refused",
        "failed",
        "broken",
    ];

    /// Its word in logs and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Draining => "draining",
            Self::Late => "late",
            Self::OutOfOrder { .. } => "out-of-order",
            Self::Engine(EngineError::NoCall { .. }) => "no-call",
            Self::Engine(EngineError::Exists { .. }) => "exists",
            Self::Engine(EngineError::Turn(TurnError::Ended { .. })) => "ended",
            Self::Engine(EngineError::Turn(_)) => "refused",
            Self::Engine(_) => "failed",
            Self::Broken => "broken",
        }
    }
}

/// Counts what is under way for as long as it lives.
struct Counted {
    turns: Arc<Turns>,
    counter: fn(&Turns) -> &AtomicUsize,
}

struct Inside;
struct Awaited;

impl Inside {
    fn enter(turns: &Arc<Turns>) -> Counted {
        Counted::enter(turns, |turns| &turns.inside)
    }
}

impl Awaited {
    fn enter(turns: &Arc<Turns>) -> Counted {
        Counted::enter(turns, |turns| &turns.awaited)
    }
}

/// The `after` flow of a call, for as long as it is under way.
struct UnderWay {
    turns: Arc<Turns>,
    id: CallId,
}

impl UnderWay {
    /// None: it is under way already, or too many are.
    fn enter(turns: &Arc<Turns>, id: &CallId) -> Option<Self> {
        let mut after = turns.after();
        let fits = after.len() < AFTER_MOST && after.insert(id.clone());
        drop(after);
        fits.then(|| Self { turns: turns.clone(), id: id.clone() })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.turns.after().remove(&self.id);
        self.turns.changed.notify_waiters();
    }
}

impl Counted {
    fn enter(turns: &Arc<Turns>, counter: fn(&Turns) -> &AtomicUsize) -> Self {
        counter(turns).fetch_add(1, Ordering::SeqCst);
        Self { turns: turns.clone(), counter }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.counter)(&self.turns).fetch_sub(1, Ordering::SeqCst);
        self.turns.changed.notify_waiters();
    }
}
