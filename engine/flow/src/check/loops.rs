//! Loops that never wait for the caller: see [`reach`](super::reach).

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::Checker;
use super::walk::Walk;
use crate::diagnostic::{Code, Diagnostic, MAX_LISTED};
use crate::expr::{Expr, TypeEnv, VarType};
use crate::model::Type;
use crate::syntax::flow::{NodeTree, Value, Word};

/// Places named beside the first.
const MAX_LABELS: usize = 5;

/// Tells of every loop through which a call can go round without waiting and without counting.
pub(super) fn busy(checker: &mut Checker<'_>, walk: &Walk<'_, '_>) {
    let edges = walk.quick_edges();
    let all: Vec<usize> = (0..edges.len()).collect();
    for group in groups(&edges, &all) {
        if !checker.work.goes_on(group.len()) {
            return;
        }
        let counters = counters(walk, &edges, &group);
        let rest: Vec<usize> = group.into_iter().filter(|node| !counters.contains(node)).collect();
        for group in groups(&edges, &rest) {
            let round = round(&edges, &group);
            tell(checker, walk, &round);
        }
    }
}

/// Those of `nodes`, which are sorted, that can reach each other within them: groups of several, or
/// one that leads to itself. Each is sorted.
fn groups(edges: &[Vec<usize>], nodes: &[usize]) -> Vec<Vec<usize>> {
    // Iterative, unlike petgraph's other algorithm for this: a flow can be a chain of any length.
    let mut graph: DiGraph<usize, ()> = DiGraph::new();
    for node in nodes {
        graph.add_node(*node);
    }
    let place = |node: &usize| nodes.binary_search(node).ok().map(NodeIndex::new);
    let mut itself = BTreeSet::new();
    for (at, node) in nodes.iter().enumerate() {
        for to in edges.get(*node).into_iter().flatten() {
            if let Some(to) = place(to) {
                graph.add_edge(NodeIndex::new(at), to, ());
                if to.index() == at {
                    itself.insert(*node);
                }
            }
        }
    }
    let mut found = Vec::new();
    for group in kosaraju_scc(&graph) {
        let mut group: Vec<usize> =
            group.into_iter().filter_map(|at| graph.node_weight(at).copied()).collect();
        group.sort_unstable();
        match group.as_slice() {
            [one] if !itself.contains(one) => {}
            _ => found.push(group),
        }
    }
    found
}

/// Nodes of a loop, such as `switch`, which can leave it by what they read of what the loop sets.
fn counters(walk: &Walk<'_, '_>, edges: &[Vec<usize>], group: &[usize]) -> BTreeSet<usize> {
    let nodes: Vec<(usize, &NodeTree)> = group
        .iter()
        .filter_map(|id| {
            let (graph, at) = walk.place(*id)?;
            Some((*id, graph.node(at)?))
        })
        .collect();
    let set: BTreeSet<&str> =
        nodes.iter().flat_map(|(_, node)| assigned(node)).map(|word| &*word.value).collect();
    let leaves = |node: usize| {
        edges.get(node).into_iter().flatten().any(|to| group.binary_search(to).is_err())
    };
    let counts = |node: &NodeTree| {
        node.kind.conditions().into_iter().any(|when| match when {
            Value::Expr(source) => Expr::compile(&source.value, &Anything)
                .is_ok_and(|(expr, _)| expr.roots().iter().any(|root| set.contains(&**root))),
            Value::Literal { .. } => false,
        })
    };
    let is_counter =
        |(id, node): &(usize, &NodeTree)| !set.is_empty() && leaves(*id) && counts(node);
    nodes.iter().filter(|node| is_counter(node)).map(|(id, _)| *id).collect()
}

fn assigned(node: &NodeTree) -> impl Iterator<Item = &Word> {
    node.kind.assigns().iter().chain(&node.save).map(|(name, _)| name)
}

/// Every variable there could be, to ask an expression which it reads.
struct Anything;

impl TypeEnv for Anything {
    fn root(&self, _: &str) -> Option<VarType> {
        Some(VarType::of(Type::Any))
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn zone(&self) -> Option<&str> {
        Some("UTC")
    }
}

/// A shortest way round within a group of nodes that all reach each other, from its first node.
fn round(edges: &[Vec<usize>], group: &[usize]) -> Vec<usize> {
    let Some(first) = group.first().copied() else {
        return Vec::new();
    };
    let mut from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut open = VecDeque::from([first]);
    while let Some(at) = open.pop_front() {
        let next = edges.get(at).into_iter().flatten().copied();
        for to in next.filter(|to| group.binary_search(to).is_ok()) {
            if to == first {
                let mut way = vec![at];
                while let Some(before) = way.last().and_then(|at| from.get(at)) {
                    way.push(*before);
                }
                way.reverse();
                return way;
            }
            if let Entry::Vacant(entry) = from.entry(to) {
                entry.insert(at);
                open.push_back(to);
            }
        }
    }
    Vec::new()
}

fn tell(checker: &mut Checker<'_>, walk: &Walk<'_, '_>, round: &[usize]) {
    let nodes: Vec<(&str, &NodeTree)> = round
        .iter()
        .filter_map(|id| {
            let (graph, at) = walk.place(*id)?;
            Some((&*graph.flow.name, graph.node(at)?))
        })
        .collect();
    let Some((home, first)) = nodes.first() else {
        return;
    };
    if checker.only_counts(Code::BusyLoop, first.id.span) {
        return;
    }
    let shown = |flow: &str, node: &NodeTree| match flow == *home {
        true => format!("`{}`", node.id.value),
        false => format!("`{flow}/{}`", node.id.value),
    };
    let mut way: Vec<String> =
        nodes.iter().take(MAX_LISTED).map(|(flow, node)| shown(flow, node)).collect();
    if nodes.len() > MAX_LISTED {
        way.push(format!("{} more", nodes.len() - MAX_LISTED));
    }
    way.push(shown(home, first));
    let message = format!("this loop never waits for the caller: {}", way.join(" → "));
    let mut diagnostic = Diagnostic::new(Code::BusyLoop, first.id.span, message);
    for (_, node) in nodes.iter().skip(1).take(MAX_LABELS) {
        diagnostic = diagnostic.label(node.id.span, "part of the loop");
    }
    checker.push(diagnostic.help(
        "add an `ask`, or count the rounds: `set` a number, and leave the loop by a `switch` on it",
    ));
}
