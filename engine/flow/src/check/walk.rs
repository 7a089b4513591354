//! A walk through all flows at once: which nodes can be reached when a call goes on behind a called
//! flow only by the returns that the flow has.
//!
//! Every node and every wire is looked at once, however flows call each other: a wire behind a
//! return that is not known to happen waits until it is.

use std::collections::{BTreeMap, BTreeSet};

use super::ports;
use super::reach::Graph;
use crate::kinds::{Leaving, Waiting};
use crate::syntax::flow::Word;
use crate::work::Work;

/// All flows as one graph. A node of it is the node of a flow, counted through all flows in the
/// order of their names.
pub(super) struct Walk<'g, 'p> {
    graphs: &'g [Graph<'p>],
    by_name: BTreeMap<&'p str, usize>,
    /// Of each flow the number of its first node; at last the number of all nodes.
    first: Vec<usize>,
    work: &'g Work<'g>,
}

/// Which wires a call can go along.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gait {
    /// Whatever happens.
    Any,
    /// Without waiting for the caller.
    Quick,
}

/// How a flow can be left.
#[derive(Debug, Default, Clone)]
pub(super) struct Ways {
    /// The call can end in it.
    ends: bool,
    returns: bool,
}

impl Ways {
    pub(super) fn is_endless(&self) -> bool {
        !self.ends && !self.returns
    }
}

/// What is known of the flows: of each the returns by which it can be left, and which nodes can be
/// reached.
struct Reached<'p> {
    nodes: Vec<bool>,
    returns: Vec<BTreeSet<&'p str>>,
}

impl<'g, 'p> Walk<'g, 'p> {
    pub(super) fn new(graphs: &'g [Graph<'p>], work: &'g Work<'g>) -> Self {
        let names = graphs.iter().enumerate();
        let by_name = names.map(|(at, graph)| (&*graph.flow.name, at)).collect();
        let mut first = vec![0];
        let mut sum = 0;
        for graph in graphs {
            sum += graph.len();
            first.push(sum);
        }
        Self { graphs, by_name, first, work }
    }

    pub(super) fn graphs(&self) -> &'g [Graph<'p>] {
        self.graphs
    }

    /// The flow that `word` names, if it is in good form.
    pub(super) fn flow(&self, word: &Word) -> Option<usize> {
        self.by_name.get(&*word.value).copied()
    }

    /// How many nodes there are in all.
    pub(super) fn len(&self) -> usize {
        self.first.last().copied().unwrap_or_default()
    }

    /// The flow of a node, and its place in it.
    pub(super) fn place(&self, node: usize) -> Option<(&'g Graph<'p>, usize)> {
        let flow = self.first.partition_point(|first| *first <= node).checked_sub(1)?;
        Some((self.graphs.get(flow)?, node - self.first.get(flow)?))
    }

    fn id(&self, flow: usize, at: usize) -> usize {
        self.first.get(flow).map_or(usize::MAX, |first| first + at)
    }

    /// Where the flow that `word` names begins.
    fn begin(&self, word: &Word) -> Option<usize> {
        let flow = self.flow(word)?;
        Some(self.id(flow, self.graphs.get(flow)?.start?))
    }

    /// By which ways each flow can be left: the least solution over all flows.
    ///
    /// A flow that is `stuck` by itself has been reported; its callers are not stuck by their own
    /// fault.
    pub(super) fn ways(&self, stuck: &[bool]) -> Vec<Ways> {
        let reached = self.reached(Gait::Any, stuck);
        let mut ways: Vec<Ways> = reached
            .returns
            .iter()
            .zip(stuck)
            .map(|(returns, stuck)| Ways { ends: *stuck, returns: !returns.is_empty() })
            .collect();
        // Which flows can end if one can.
        let mut runs: Vec<Vec<usize>> = vec![Vec::new(); self.graphs.len()];
        let mut open: Vec<usize> = Vec::new();
        for (flow, graph) in self.graphs.iter().enumerate() {
            let mut ends = graph.start.is_none();
            for at in 0..graph.len() {
                if !reached.nodes.get(self.id(flow, at)).is_some_and(|reached| *reached) {
                    continue;
                }
                ends |= graph.has_hole(at);
                let Some(node) = graph.node(at) else { continue };
                let leaves = node.kind.leaves();
                ends |= match leaves {
                    Leaving::Ends => true,
                    Leaving::GoesTo(to) | Leaving::Runs(to) => match self.flow(to) {
                        None => true,
                        Some(called) => {
                            if let Some(runs) = runs.get_mut(called) {
                                runs.push(flow);
                            }
                            let goes = matches!(leaves, Leaving::GoesTo(_));
                            goes && ways.get(called).is_some_and(|ways| ways.returns)
                        }
                    },
                    Leaving::Stays | Leaving::Returns(_) => false,
                };
            }
            if let Some(ways) = ways.get_mut(flow) {
                ways.ends |= ends;
                if ways.ends {
                    open.push(flow);
                }
            }
        }
        while let Some(flow) = open.pop() {
            for caller in runs.get_mut(flow).map(std::mem::take).unwrap_or_default() {
                if let Some(ways) = ways.get_mut(caller)
                    && !ways.ends
                {
                    ways.ends = true;
                    open.push(caller);
                }
            }
        }
        ways
    }

    /// Of each node those at which a call can be next without having waited for the caller.
    pub(super) fn quick_edges(&self) -> Vec<Vec<usize>> {
        let returns = self.reached(Gait::Quick, &vec![false; self.graphs.len()]).returns;
        let mut all = Vec::with_capacity(self.len());
        for (flow, graph) in self.graphs.iter().enumerate() {
            for at in 0..graph.len() {
                let mut next = Vec::new();
                for (port, to) in self.wires(Gait::Quick, flow, at) {
                    let passes = match port {
                        Behind::Nothing => true,
                        Behind::Return(called, port) => {
                            returns.get(called).is_some_and(|returns| returns.contains(port))
                        }
                    };
                    if passes {
                        next.push(to);
                    }
                }
                if let Some(Leaving::GoesTo(flow) | Leaving::Runs(flow)) =
                    graph.node(at).map(|node| node.kind.leaves())
                {
                    next.extend(self.begin(flow));
                }
                next.sort_unstable();
                next.dedup();
                all.push(next);
            }
        }
        all
    }

    /// Walks every flow from its start.
    fn reached(&self, gait: Gait, stuck: &[bool]) -> Reached<'p> {
        let declared = |(graph, stuck): (&Graph<'p>, &bool)| match stuck {
            true => graph.flow.tree.returns.iter().map(|(port, _)| &*port.value).collect(),
            false => BTreeSet::new(),
        };
        let returns = self.graphs.iter().zip(stuck).map(declared).collect();
        let mut reached = Reached { nodes: vec![false; self.len()], returns };
        // What lies behind a return of a flow that is not known to happen.
        let mut waiting: BTreeMap<(usize, &'p str), Vec<usize>> = BTreeMap::new();
        let starts = self.graphs.iter().enumerate();
        let mut open: Vec<usize> =
            starts.filter_map(|(flow, graph)| Some(self.id(flow, graph.start?))).collect();
        while let Some(id) = open.pop() {
            match reached.nodes.get_mut(id) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            let flow = self.first.partition_point(|first| *first <= id).saturating_sub(1);
            let at = id - self.first.get(flow).copied().unwrap_or_default();
            let Some(graph) = self.graphs.get(flow) else { continue };
            if !self.work.goes_on(1 + graph.edges(at).len()) {
                break;
            }
            if let Some(Leaving::Returns(port)) = graph.node(at).map(|node| node.kind.leaves())
                && reached.returns.get_mut(flow).is_some_and(|known| known.insert(&port.value))
            {
                open.extend(waiting.remove(&(flow, &*port.value)).unwrap_or_default());
            }
            for (behind, to) in self.wires(gait, flow, at) {
                match behind {
                    Behind::Return(called, port)
                        if !reached.returns.get(called).is_some_and(|r| r.contains(port)) =>
                    {
                        waiting.entry((called, port)).or_default().push(to);
                    }
                    Behind::Return(..) | Behind::Nothing => open.push(to),
                }
            }
        }
        reached
    }

    /// Where a node leads within its flow, and what has to happen before.
    fn wires(&self, gait: Gait, flow: usize, at: usize) -> Vec<(Behind<'p>, usize)> {
        let Some(graph) = self.graphs.get(flow) else { return Vec::new() };
        let Some(node) = graph.node(at) else { return Vec::new() };
        let edges = graph.edges(at).iter();
        let all = edges.map(|(port, to)| (*port, self.id(flow, *to)));
        let free = |(_, to)| (Behind::Nothing, to);
        let quick = gait == Gait::Quick;
        match (node.kind.waits(), node.kind.leaves()) {
            (Waiting::Always, _) if quick => Vec::new(),
            (Waiting::UnlessItFails, _) if quick => {
                all.filter(|(port, _)| *port == Some(ports::ERROR)).map(free).collect()
            }
            (_, Leaving::Runs(called)) => match self.flow(called) {
                Some(called) => {
                    all.filter_map(|(port, to)| Some((Behind::Return(called, port?), to))).collect()
                }
                None if quick => Vec::new(),
                None => all.map(free).collect(),
            },
            (_, Leaving::GoesTo(_)) if quick => Vec::new(),
            (Waiting::Never | Waiting::Always | Waiting::UnlessItFails, _) => {
                all.map(free).collect()
            }
        }
    }
}

/// What has to happen before a wire is gone along.
enum Behind<'p> {
    Nothing,
    /// The flow of this number is left by this return.
    Return(usize, &'p str),
}
