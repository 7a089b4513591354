//! A span for each node that is walked, within the turn's; and the time of those that run a plugin.
//!
//! It holds names from the release and words of the engine; what a step knows of the caller (why,
//! values set, a failure's message) stays in the journal. Where nobody listens no span is made, and
//! the clock is read for plugins only.

use tracing::Span;
use tracing::field::Empty;
use tracing::span::EnteredSpan;

use dialgraph_base::{Name, Timestamp};
use dialgraph_kernel::call::Waits;
use dialgraph_kernel::journal::Step;
use dialgraph_kernel::turn::Turn;

use crate::Clock;

/// Word of the nodes that run a plugin. They take time and can fail, so they are told at a higher
/// level.
const USE: &str = "use";

/// How long the visit of a node that runs a plugin took, once it is over: from its first turn on if
/// providers kept it waiting over several, but without the time in which the caller was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeTime {
    pub plugin: Name,
    /// The port taken, or the kind of failure.
    pub outcome: Name,
    pub ms: u64,
}

impl NodeTime {
    fn of(step: &Step, ms: u64) -> Option<Self> {
        let run = step.run.as_ref()?;
        let failure = step.failure.as_ref().map(|failure| Name::from(failure.kind.as_str()));
        let outcome = failure.or_else(|| step.port.clone())?;
        Some(Self { plugin: run.plugin.clone(), outcome, ms })
    }
}

/// The span of the node at which a turn stands; kept while the turn waits.
#[derive(Debug)]
pub(crate) struct NodeSpan {
    span: Span,
    began: Timestamp,
}

impl NodeSpan {
    fn begin(step: &Step, clock: &dyn Clock) -> Option<Self> {
        let (flow, node, kind) = (&*step.at.flow, &*step.at.node, &*step.kind);
        // Two places, because a level belongs to a place.
        let span = if kind == USE {
            tracing::info_span!(
                "node",
                kind,
                flow,
                node,
                plugin = Empty,
                port = Empty,
                failure = Empty,
                ms = Empty,
                otel.status_code = Empty
            )
        } else {
            tracing::debug_span!(
                "node",
                kind,
                flow,
                node,
                port = Empty,
                failure = Empty,
                ms = Empty,
                otel.status_code = Empty
            )
        };
        if span.is_disabled() && kind != USE {
            return None;
        }
        Some(Self { span, began: clock.now() })
    }

    /// Closes the span with what came of the step.
    pub(crate) fn end(self, step: &Step, clock: &dyn Clock) {
        let Self { span, began } = self;
        if let Some(run) = &step.run {
            span.record("plugin", &*run.plugin);
        }
        if let Some(port) = &step.port {
            span.record("port", &**port);
        }
        if let Some(failure) = &step.failure {
            span.record("failure", failure.kind.as_str());
            span.record("otel.status_code", "ERROR");
        }
        let ms = clock.now().0.saturating_sub(began.0);
        // As the kind of number that exporters know.
        span.record("ms", i64::try_from(ms).unwrap_or(i64::MAX));
    }
}

/// The same while the walk goes on: what happens now, happens within the node. Must not outlive a
/// moment in which the turn waits, for the thread then serves others.
pub(crate) struct Walking<'c> {
    clock: &'c dyn Clock,
    node: Option<(EnteredSpan, Timestamp)>,
    times: &'c mut NodeTimes,
}

/// The times of a turn's nodes.
#[derive(Debug)]
pub(crate) struct NodeTimes {
    /// The visit that an earlier turn left waiting, and since when. The event may be for another
    /// one: a caller who hangs up ends it, and what wraps the call up has not waited.
    parked: Option<(u32, Timestamp)>,
    pub(crate) all: Vec<NodeTime>,
}

impl NodeTimes {
    pub(crate) fn of(turn: &Turn) -> Self {
        let parked = turn.call().frames.last().and_then(|frame| match &frame.waits {
            Waits::Reply(parked) => Some((frame.visit, parked.since)),
            _ => None,
        });
        Self { parked, all: Vec::new() }
    }

    /// A step of this turn is over that began at `began`.
    fn note(&mut self, step: &Step, began: Timestamp, now: Timestamp) {
        let parked = self.parked.filter(|(visit, _)| *visit == step.visit);
        let since = parked.map_or(began, |(_, since)| since);
        self.all.extend(NodeTime::of(step, now.0.saturating_sub(since.0)));
    }
}

impl<'c> Walking<'c> {
    pub(crate) fn go_on(
        node: Option<NodeSpan>,
        clock: &'c dyn Clock,
        times: &'c mut NodeTimes,
    ) -> Self {
        Self { clock, node: node.map(|node| (node.span.entered(), node.began)), times }
    }

    pub(crate) fn begins(&mut self, step: &Step) {
        let node = NodeSpan::begin(step, self.clock);
        self.node = node.map(|node| (node.span.entered(), node.began));
    }

    pub(crate) fn ends(&mut self, step: &Step) {
        if let Some((entered, began)) = self.node.take() {
            self.times.note(step, began, self.clock.now());
            NodeSpan { span: entered.exit(), began }.end(step, self.clock);
        }
    }

    pub(crate) fn pause(self) -> Option<NodeSpan> {
        self.node.map(|(entered, began)| NodeSpan { span: entered.exit(), began })
    }
}
