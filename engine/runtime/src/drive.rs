//! Drives one turn: gets the replies that it misses until it is over, or its time is.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Either, select};

use dialgraph_base::{Digest, Locale, Timestamp};
use dialgraph_kernel::journal::Step;
use dialgraph_kernel::plugin::{FailureKind, Speech};
use dialgraph_kernel::ports::{HostCall, HostResult};
use dialgraph_kernel::provider::{Caller, Records};
use dialgraph_kernel::turn::{Finished, Progress, Turn, TurnHost};

use crate::Clock;
use crate::spans::{NodeSpan, NodeTime, NodeTimes, Walking};

/// Everything outside the engine that a plugin can ask.
pub trait World: Send + Sync {
    /// Answers a host call. Must be finished at the first poll when no waiting is needed: the
    /// plugin then goes on without being run again.
    fn call(&self, caller: Caller, call: HostCall) -> BoxFuture<'static, HostResult>;

    /// Which collections of a release live outside the engine's store; none: all live within.
    fn sources(&self, _release: &Digest) -> Option<Arc<Sources>> {
        None
    }
}

/// The collections of a release that live outside the engine's store.
pub struct Sources {
    /// By collection, the name of its source.
    pub by_collection: BTreeMap<String, Arc<str>>,
    /// What answers for all collections of the release, for whoever needs no grant.
    pub records: Arc<dyn Records>,
    /// What is wrong with a source, by collection, as far as it is known at once.
    pub troubles: Box<dyn Fn() -> BTreeMap<String, String> + Send + Sync>,
    /// The same once all sources were asked.
    pub look: Box<dyn Fn() -> BoxFuture<'static, BTreeMap<String, String>> + Send + Sync>,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources")
            .field("by_collection", &self.by_collection)
            .finish_non_exhaustive()
    }
}

/// How long a turn may wait, and what the caller hears when it waits longer.
#[derive(Debug, Clone)]
pub struct WaitRules {
    /// A turn is answered after so many milliseconds, come what may.
    pub turn_ms: u32,
    /// How long the caller waits after a comfort prompt before the engine looks again.
    pub comfort_wait_ms: u32,
    /// By locale, where the project has no `comfort` of its own.
    pub comfort: HashMap<Locale, Speech>,
}

impl Default for WaitRules {
    fn default() -> Self {
        let speech = |text: &str| Speech::new(text.to_owned(), false);
        Self {
            turn_ms: 5_000,
            comfort_wait_ms: 2_000,
            comfort: HashMap::from([
                ("ko-KR".into(), speech("확인하고 있습니다. 잠시만 기다려 주세요.")),
                ("en-US".into(), speech("One moment please, I am checking.")),
            ]),
        }
    }
}

/// A turn that was driven to its end.
pub(crate) struct Driven {
    pub finished: Box<Finished>,
    /// Host calls that the call's record no longer waits for. What they do must be done all the
    /// same: whoever drives must see to it that they go on.
    pub left_behind: Vec<InFlight>,
    /// A host call that outlasted the turn. Whoever drives must see to it that it goes on, and give
    /// its reply to a later turn.
    pub in_flight: Option<InFlight>,
    /// Of the nodes that ran plugins and were left in this turn, in order.
    pub node_times: Vec<NodeTime>,
}

/// A host call under way without a turn that waits for it.
pub(crate) struct InFlight {
    /// The call's idempotency key.
    pub key: Arc<str>,
    pub reply: BoxFuture<'static, HostResult>,
}

impl std::fmt::Debug for InFlight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InFlight").field("key", &self.key).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Driven {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driven").field("in_flight", &self.in_flight).finish_non_exhaustive()
    }
}

/// The host of one turn: replies that are there, and calls under way.
struct Replies<'w> {
    world: &'w dyn World,
    /// By idempotency key.
    known: HashMap<Arc<str>, HostResult>,
    under_way: Option<(Arc<str>, BoxFuture<'static, HostResult>)>,
}

impl Replies<'_> {
    fn reply(&mut self, caller: &Caller, call: &HostCall) -> Option<HostResult> {
        let key = &caller.idempotency_key;
        if let Some(result) = self.known.remove(key) {
            return Some(result);
        }
        if self.under_way.as_ref().is_some_and(|(under_way, _)| under_way == key) {
            return None;
        }
        let mut reply = self.world.call(caller.clone(), call.clone());
        // Most local answers need no waiting; one look saves running the plugin again.
        match reply.poll_unpin(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => Some(result),
            Poll::Pending => {
                self.under_way = Some((key.clone(), reply));
                None
            }
        }
    }
}

/// The host while the walk goes on.
struct Walk<'r, 'w> {
    replies: &'r mut Replies<'w>,
    walking: Walking<'r>,
    patience: &'r mut Patience,
}

/// Whether a turn is to be made again later when a node of it fails for what may pass.
#[derive(Debug)]
pub(crate) enum Patience {
    /// It goes on by the node's `error` port.
    Never,
    /// None has failed yet.
    UntilItFails,
    /// This one has. Nothing more is asked of the world: what the way by the `error` port did would
    /// stand, and the same host calls of a later run be answered with it.
    Failed(String),
}

impl Patience {
    fn note(&mut self, step: &Step) {
        let Some(failure) = &step.failure else { return };
        let may_pass = matches!(failure.kind, FailureKind::Retryable | FailureKind::Timeout);
        if may_pass && matches!(self, Self::UntilItFails) {
            *self = Self::Failed(format!("{}: {}", step.at, failure.message));
        }
    }
}

impl TurnHost for Walk<'_, '_> {
    fn call(&mut self, caller: &Caller, call: &HostCall) -> Option<HostResult> {
        match self.patience {
            Patience::Failed(_) => None,
            Patience::Never | Patience::UntilItFails => self.replies.reply(caller, call),
        }
    }

    fn step_begins(&mut self, step: &Step) {
        self.walking.begins(step);
    }

    fn step_ends(&mut self, step: &Step) {
        self.patience.note(step);
        self.walking.ends(step);
    }
}

/// Walks as far as the replies allow, within the span of the node where the turn stands.
fn walk(
    turn: &mut Turn,
    replies: &mut Replies<'_>,
    node: &mut Option<NodeSpan>,
    clock: &dyn Clock,
    times: &mut NodeTimes,
    patience: &mut Patience,
) -> Progress {
    let walking = Walking::go_on(node.take(), clock, times);
    let mut walk = Walk { replies, walking, patience };
    let progress = turn.run(&mut walk);
    *node = walk.walking.pause();
    progress
}

/// A turn and what it takes to drive it.
pub(crate) struct Drive<'d> {
    pub(crate) turn: Turn,
    pub(crate) world: &'d dyn World,
    pub(crate) clock: &'d dyn Clock,
    pub(crate) rules: &'d WaitRules,
    /// When the turn must be answered, none where nobody waits. A turn that can be parked is parked
    /// by then; the record of a call that ends, for which there is no later turn, is given up.
    pub(crate) answer_by: Option<Timestamp>,
    /// Replies that came after an earlier turn had given up waiting, by idempotency key.
    pub(crate) late: HashMap<Arc<str>, HostResult>,
    /// Such a reply that has not come yet, so that its host call must not be made a second time.
    pub(crate) under_way: Option<InFlight>,
    pub(crate) patience: Patience,
}

impl Drive<'_> {
    /// Drives the turn until it is over.
    ///
    /// # Errors
    /// Why the turn is to be made again later, if its [`Patience`] asks for that.
    pub(crate) async fn run(self) -> Result<Driven, String> {
        let Self { mut turn, world, clock, rules, answer_by, late, under_way, mut patience } = self;
        let now = clock.now().0;
        let answer = answer_by.unwrap_or(Timestamp::NEVER);
        let give_up = Timestamp(now + u64::from(rules.turn_ms)).min(answer);
        let mut left_behind = Vec::new();
        let under_way = under_way.map(|in_flight| (in_flight.key, in_flight.reply));
        let mut replies = Replies { world, known: late, under_way };
        let mut node = None;
        let mut times = NodeTimes::of(&turn);
        loop {
            let progress =
                walk(&mut turn, &mut replies, &mut node, clock, &mut times, &mut patience);
            if let Patience::Failed(why) = patience {
                return Err(why);
            }
            match progress {
                Progress::Finished(finished) => {
                    let node_times = times.all;
                    return Ok(Driven { finished, left_behind, in_flight: None, node_times });
                }
                Progress::Waiting => {}
            }
            let (Some(pending), Some((key, reply))) =
                (turn.waiting_for(), replies.under_way.take())
            else {
                // The kernel waits only for calls that this host left without a reply.
                turn.expire();
                continue;
            };
            let deadline = pending.deadline;
            // The record of a call that ends is worth more time than a turn usually has, since no
            // later turn can write it. It is not worth the caller: who gets no answer in time goes
            // elsewhere.
            let until = deadline.min(if turn.can_park() { give_up } else { answer });
            match select(reply, clock.sleep_until(until)).await {
                Either::Left((result, _)) => {
                    replies.known.insert(key, result);
                }
                Either::Right(((), _)) if deadline <= until => turn.expire(),
                Either::Right(((), reply)) if !turn.can_park() => {
                    turn.expire_early();
                    left_behind.push(InFlight { key, reply });
                }
                Either::Right(((), reply)) => {
                    let usual = || rules.comfort.get(&turn.call().locale).cloned();
                    let comfort = turn.comfort().or_else(usual);
                    match turn.park(comfort, rules.comfort_wait_ms) {
                        Ok(finished) => {
                            if let (Some(node), Some(step)) = (node, finished.record.steps.last()) {
                                node.end(step, clock);
                            }
                            let in_flight = Some(InFlight { key, reply });
                            let (finished, node_times) = (Box::new(finished), times.all);
                            return Ok(Driven { finished, left_behind, in_flight, node_times });
                        }
                        Err(again) => {
                            turn = *again;
                            replies.under_way = Some((key, reply));
                        }
                    }
                }
            }
        }
    }
}
