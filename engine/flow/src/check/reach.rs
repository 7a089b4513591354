//! The graph of nodes: everything is reached, everything can end, nothing goes round for ever.
//!
//! ## What counts as waiting
//!
//! An `ask` waits for the caller. A plugin may, and only the plugin knows: leaving a `use` by one of its own
//! ports counts as waiting, leaving it by `error` does not, because a plugin that fails at once fails at once
//! again. The caller is not heard between a `queue`, `callback` or `transfer` that fails and its `error` port.
//! A `call` waits if every way through the called flow to that return does.
//!
//! A loop without waiting is allowed if every way round it passes a counter: a `switch` that can leave the loop
//! and reads an attribute that the loop sets. That the counter gets there is not proved; the limit on nodes per
//! turn stands behind it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex as At};

use super::{Checker, ports};
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::{Expr, TypeEnv, VarType};
use crate::model::Type;
use crate::project::FlowFile;
use crate::syntax::flow::{KindTree, NodeTree, Value, Word};

/// Places named beside the first.
const MAX_LABELS: usize = 5;

/// A flow as a graph of positions of nodes.
struct Graph<'p> {
    flow: &'p FlowFile,
    start: Option<usize>,
    /// Of each node: port (none for `next`) and where it leads.
    edges: Vec<Vec<(Option<&'p str>, usize)>>,
    /// A wire is missing or leads to no node: what looks unreachable may only be unwired.
    holes: BTreeSet<usize>,
}

pub(crate) fn flows(checker: &mut Checker<'_>) {
    let graphs: BTreeMap<&str, Graph<'_>> = checker
        .flows
        .iter()
        .filter(|(_, flow)| !flow.broken)
        .map(|(name, flow)| (*name, Graph::new(checker, flow)))
        .collect();
    let mut stuck = BTreeSet::new();
    for graph in graphs.values() {
        let reached = graph.reached();
        unreachable(checker, graph, &reached);
        if no_path_to_end(checker, graph, &reached) {
            stuck.insert(&*graph.flow.name);
        }
    }
    let ways = ways(&graphs, &stuck);
    endless_recursion(checker, &graphs, &ways, &stuck);
    busy_loops(checker, &graphs);
}

impl<'p> Graph<'p> {
    fn new(checker: &Checker<'p>, flow: &'p FlowFile) -> Self {
        let nodes = &flow.tree.nodes;
        let mut index: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, node) in nodes.iter().enumerate() {
            index.entry(&*node.id.value).or_insert(at);
        }
        let mut graph = Self {
            flow,
            start: None,
            edges: vec![Vec::new(); nodes.len()],
            holes: BTreeSet::new(),
        };
        let find = |word: &Word| {
            let name = &*word.value;
            let exact = index.get(name);
            let near = || index.get(crate::suggest::nearest(name, index.keys().copied())?);
            exact.or_else(near).copied()
        };
        graph.start = flow.tree.start.as_ref().and_then(&find);
        for (at, node) in nodes.iter().enumerate() {
            for (port, word) in wires(checker, flow, node, &mut graph.holes, at) {
                match find(word) {
                    Some(to) => {
                        if let Some(edges) = graph.edges.get_mut(at) {
                            edges.push((port, to));
                        }
                    }
                    None => {
                        graph.holes.insert(at);
                    }
                }
            }
        }
        graph
    }

    fn node(&self, at: usize) -> Option<&'p NodeTree> {
        self.flow.tree.nodes.get(at)
    }

    fn edges(&self, at: usize) -> &[(Option<&'p str>, usize)] {
        self.edges.get(at).map_or(&[], Vec::as_slice)
    }

    fn reached(&self) -> BTreeSet<usize> {
        let starts = self.start.into_iter();
        self.reached_from(starts)
    }

    fn reached_from(&self, starts: impl Iterator<Item = usize>) -> BTreeSet<usize> {
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        let mut open: Vec<usize> = starts.collect();
        while let Some(at) = open.pop() {
            if seen.insert(at) {
                open.extend(self.edges(at).iter().map(|(_, to)| *to));
            }
        }
        seen
    }

    fn is_end(&self, at: usize) -> bool {
        let kind = self.node(at).map(|node| &node.kind);
        let leaves = matches!(
            kind,
            Some(
                KindTree::Goto { .. }
                    | KindTree::Queue { .. }
                    | KindTree::Callback { .. }
                    | KindTree::Transfer { .. }
                    | KindTree::Return { .. }
                    | KindTree::HangUp { .. }
            )
        );
        // A flow that declares no return ends the call itself.
        let never_back = matches!(kind, Some(KindTree::Call { .. })) && self.edges(at).is_empty();
        leaves || never_back || self.holes.contains(&at)
    }

    fn names(&self, of: impl IntoIterator<Item = usize>) -> Vec<&'p str> {
        let nodes = of.into_iter().filter_map(|at| self.node(at));
        nodes.map(|node| &*node.id.value).collect()
    }
}

/// The wires out of `node`; notes a hole where one is missing.
fn wires<'p>(
    checker: &Checker<'p>,
    flow: &'p FlowFile,
    node: &'p NodeTree,
    holes: &mut BTreeSet<usize>,
    at: usize,
) -> Vec<(Option<&'p str>, &'p Word)> {
    let mut wires: Vec<(Option<&str>, &Word)> =
        node.on.iter().map(|(port, to)| (Some(&*port.value), to)).collect();
    match &node.kind {
        KindTree::Say { next, .. } | KindTree::Set { next, .. } => wires.push((None, next)),
        KindTree::Switch { cases, next } => {
            wires.extend(cases.iter().map(|(_, to)| (None, to)));
            wires.push((None, next));
        }
        _ => {}
    }
    let Some(known) = ports::of(checker, node) else {
        holes.insert(at);
        return wires;
    };
    for port in known {
        if node.on.iter().any(|(given, _)| given.value == port.name) {
            continue;
        }
        match &flow.tree.on_error {
            Some(to) if &*port.name == ports::ERROR => wires.push((Some(ports::ERROR), to)),
            _ => {
                holes.insert(at);
            }
        }
    }
    wires
}

fn unreachable(checker: &mut Checker<'_>, graph: &Graph<'_>, reached: &BTreeSet<usize>) {
    if graph.start.is_none() || !graph.holes.is_empty() {
        return;
    }
    let lost: BTreeSet<usize> = (0..graph.edges.len()).filter(|at| !reached.contains(at)).collect();
    let led_to: BTreeSet<usize> = lost
        .iter()
        .flat_map(|at| {
            let others = graph.edges(*at).iter().map(|(_, to)| *to);
            others.filter(move |to| to != at)
        })
        .collect();
    let heads = lost.iter().filter(|at| !led_to.contains(at));
    let mut told: BTreeSet<usize> = BTreeSet::new();
    for head in heads.chain(&lost).copied() {
        if told.contains(&head) {
            continue;
        }
        let mut behind = graph.reached_from(std::iter::once(head));
        behind.retain(|at| lost.contains(at));
        told.extend(&behind);
        behind.remove(&head);
        let Some(node) = graph.node(head) else { continue };
        let message = format!("node `{}` is never reached", node.id.value);
        let mut diagnostic = Diagnostic::new(Code::UnreachableNode, node.id.span, message)
            .help("wire a port to it, or take it out");
        if !behind.is_empty() {
            let names = graph.names(behind).join("`, `");
            diagnostic =
                diagnostic.help(format!("the same goes for what comes after it: `{names}`"));
        }
        checker.push(diagnostic);
    }
}

fn no_path_to_end(checker: &mut Checker<'_>, graph: &Graph<'_>, reached: &BTreeSet<usize>) -> bool {
    let mut into: Vec<Vec<usize>> = vec![Vec::new(); graph.edges.len()];
    for (from, edges) in graph.edges.iter().enumerate() {
        for (_, to) in edges {
            if let Some(sources) = into.get_mut(*to) {
                sources.push(from);
            }
        }
    }
    let mut ends: BTreeSet<usize> = BTreeSet::new();
    let mut open: Vec<usize> = (0..graph.edges.len()).filter(|at| graph.is_end(*at)).collect();
    while let Some(at) = open.pop() {
        if ends.insert(at) {
            open.extend(into.get(at).into_iter().flatten());
        }
    }
    let mut caught = reached.iter().copied().filter(|at| !ends.contains(at));
    let Some(first) = caught.next().and_then(|at| graph.node(at)) else {
        return false;
    };
    let message = format!("from node `{}` on, the call can never end", first.id.value);
    let mut diagnostic = Diagnostic::new(Code::NoPathToEnd, first.id.span, message);
    for node in caught.filter_map(|at| graph.node(at)).take(MAX_LABELS) {
        diagnostic = diagnostic.label(node.id.span, "nor from here");
    }
    checker.push(
        diagnostic
            .help("let some port lead to an `end`, `queue`, `transfer`, `callback` or `goto`"),
    );
    true
}

/// How a flow can be left.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Ways<'p> {
    /// The call can end in it.
    ends: bool,
    returns: BTreeSet<&'p str>,
}

/// By which ways each flow can be left: the least solution over all flows.
fn ways<'p>(
    graphs: &BTreeMap<&'p str, Graph<'p>>,
    stuck: &BTreeSet<&str>,
) -> BTreeMap<&'p str, Ways<'p>> {
    let mut ways: BTreeMap<&str, Ways<'_>> = graphs
        .iter()
        .map(|(name, graph)| {
            // A flow that is stuck by itself has been reported; its callers are not stuck by their own fault.
            let all = graph.flow.tree.returns.iter().map(|(port, _)| &*port.value);
            let known = Ways { ends: true, returns: all.collect() };
            let known = if stuck.contains(name) { known } else { Ways::default() };
            (*name, known)
        })
        .collect();
    loop {
        let mut changed = false;
        for (name, graph) in graphs {
            let now = ways_of(graph, &ways);
            if let Some(known) = ways.get_mut(name) {
                let grown = Ways {
                    ends: known.ends || now.ends,
                    returns: known.returns.union(&now.returns).copied().collect(),
                };
                changed |= *known != grown;
                *known = grown;
            }
        }
        if !changed {
            return ways;
        }
    }
}

fn ways_of<'p>(graph: &Graph<'p>, ways: &BTreeMap<&str, Ways<'p>>) -> Ways<'p> {
    let mut found = Ways::default();
    let mut seen = BTreeSet::new();
    let mut open: Vec<usize> = graph.start.into_iter().collect();
    found.ends |= graph.start.is_none();
    while let Some(at) = open.pop() {
        let (true, Some(node)) = (seen.insert(at), graph.node(at)) else {
            continue;
        };
        found.ends |= graph.holes.contains(&at);
        let mut passable: Option<&BTreeSet<&str>> = None;
        match &node.kind {
            KindTree::Return { port, .. } => {
                found.returns.insert(&port.value);
            }
            KindTree::HangUp { .. }
            | KindTree::Queue { .. }
            | KindTree::Callback { .. }
            | KindTree::Transfer { .. } => found.ends = true,
            KindTree::Goto { flow } => match ways.get(&*flow.value) {
                Some(there) => found.ends |= there.ends || !there.returns.is_empty(),
                None => found.ends = true,
            },
            KindTree::Call { flow, .. } => match ways.get(&*flow.value) {
                Some(there) => {
                    found.ends |= there.ends;
                    passable = Some(&there.returns);
                }
                None => found.ends = true,
            },
            _ => {}
        }
        for (port, to) in graph.edges(at) {
            if passable.is_none_or(|ports| port.is_some_and(|port| ports.contains(port))) {
                open.push(*to);
            }
        }
    }
    found
}

fn endless_recursion(
    checker: &mut Checker<'_>,
    graphs: &BTreeMap<&str, Graph<'_>>,
    ways: &BTreeMap<&str, Ways<'_>>,
    stuck: &BTreeSet<&str>,
) {
    let endless =
        |name: &str| ways.get(name).is_some_and(|ways| !ways.ends && ways.returns.is_empty());
    let mut found = Vec::new();
    for (name, graph) in graphs {
        if !endless(name) || stuck.contains(name) {
            continue;
        }
        let into = graph.reached().into_iter().find_map(|at| match &graph.node(at)?.kind {
            KindTree::Call { flow, .. } | KindTree::Goto { flow } if endless(&flow.value) => {
                Some(flow)
            }
            _ => None,
        });
        if let Some(word) = into {
            let message = if *word.value == **name {
                format!("flow `{name}` runs itself again and again and never comes to an end")
            } else {
                format!(
                    "flows `{name}` and `{}` run each other and never come to an end",
                    word.value
                )
            };
            found.push(
                Diagnostic::new(Code::EndlessRecursion, word.span, message)
                    .help("let one way through the flow reach an end without running the other"),
            );
        }
    }
    checker.diagnostics.append(&mut found);
}

/// A node of a flow.
type Global<'p> = (&'p str, usize);

fn busy_loops(checker: &mut Checker<'_>, graphs: &BTreeMap<&str, Graph<'_>>) {
    let quick = quick_returns(graphs);
    let mut whole: DiGraph<Global<'_>, ()> = DiGraph::new();
    let mut at: BTreeMap<Global<'_>, At> = BTreeMap::new();
    for (name, graph) in graphs {
        for node in 0..graph.edges.len() {
            at.insert((name, node), whole.add_node((name, node)));
        }
    }
    for (name, graph) in graphs {
        for node in 0..graph.edges.len() {
            for to in quick_edges(graphs, &quick, name, graph, node) {
                if let (Some(from), Some(to)) = (at.get(&(*name, node)), at.get(&to)) {
                    whole.update_edge(*from, *to, ());
                }
            }
        }
    }
    for group in tarjan_scc(&whole) {
        if !goes_round(&whole, &group) {
            continue;
        }
        let members: BTreeSet<Global<'_>> =
            group.iter().filter_map(|at| whole.node_weight(*at).copied()).collect();
        let counters: BTreeSet<Global<'_>> = members
            .iter()
            .copied()
            .filter(|member| is_counter(graphs, &members, *member))
            .collect();
        let rest = whole.filter_map(
            |_, weight| (members.contains(weight) && !counters.contains(weight)).then_some(*weight),
            |_, ()| Some(()),
        );
        for group in tarjan_scc(&rest) {
            if goes_round(&rest, &group) {
                let round = round(&rest, &group);
                busy_loop(checker, graphs, &round);
            }
        }
    }
}

/// Whether a strongly connected group holds a loop.
fn goes_round(graph: &DiGraph<Global<'_>, ()>, group: &[At]) -> bool {
    match group {
        [one] => graph.contains_edge(*one, *one),
        _ => true,
    }
}

/// Where a call can be next after a node without having waited for the caller.
fn quick_edges<'p>(
    graphs: &BTreeMap<&'p str, Graph<'p>>,
    quick: &BTreeMap<&str, BTreeSet<&str>>,
    name: &'p str,
    graph: &Graph<'p>,
    at: usize,
) -> Vec<Global<'p>> {
    let Some(node) = graph.node(at) else {
        return Vec::new();
    };
    let begin = |flow: &Word| {
        let (name, graph) = graphs.get_key_value(&*flow.value)?;
        Some((*name, graph.start?))
    };
    let by = |passes: &dyn Fn(&str) -> bool| -> Vec<Global<'p>> {
        let edges = graph.edges(at).iter();
        edges.filter(|(port, _)| port.is_none_or(passes)).map(|(_, to)| (name, *to)).collect()
    };
    match &node.kind {
        KindTree::Ask(_) => Vec::new(),
        KindTree::Use { .. } => by(&|port| port == ports::ERROR),
        KindTree::Goto { flow } => begin(flow).into_iter().collect(),
        KindTree::Call { flow, .. } => {
            let returns = quick.get(&*flow.value);
            let mut next = by(&|port| returns.is_some_and(|ports| ports.contains(port)));
            next.extend(begin(flow));
            next
        }
        _ => by(&|_| true),
    }
}

/// By which returns each flow can be left without having waited for the caller.
fn quick_returns<'p>(
    graphs: &BTreeMap<&'p str, Graph<'p>>,
) -> BTreeMap<&'p str, BTreeSet<&'p str>> {
    let mut quick: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    loop {
        let mut changed = false;
        for (name, graph) in graphs {
            let mut seen = BTreeSet::new();
            let mut open: Vec<usize> = graph.start.into_iter().collect();
            let mut returns = BTreeSet::new();
            while let Some(at) = open.pop() {
                if !seen.insert(at) {
                    continue;
                }
                if let Some(KindTree::Return { port, .. }) = graph.node(at).map(|n| &n.kind) {
                    returns.insert(&*port.value);
                }
                let next = quick_edges(graphs, &quick, name, graph, at);
                open.extend(next.iter().filter(|(flow, _)| flow == name).map(|(_, at)| *at));
            }
            let known = quick.entry(name).or_default();
            changed |= !returns.is_subset(known);
            known.append(&mut returns);
        }
        if !changed {
            return quick;
        }
    }
}

/// Whether a node is a `switch` that can leave the loop and reads what the loop sets.
fn is_counter(
    graphs: &BTreeMap<&str, Graph<'_>>,
    members: &BTreeSet<Global<'_>>,
    (name, at): Global<'_>,
) -> bool {
    let Some(graph) = graphs.get(name) else {
        return false;
    };
    let Some(KindTree::Switch { cases, .. }) = graph.node(at).map(|node| &node.kind) else {
        return false;
    };
    let leaves = graph.edges(at).iter().any(|(_, to)| !members.contains(&(name, *to)));
    let sets = |attribute: &str| {
        members.iter().any(|(flow, at)| {
            let node = graphs.get(flow).and_then(|graph| graph.node(*at));
            node.is_some_and(|node| assigned(node).any(|word| *word.value == *attribute))
        })
    };
    leaves
        && cases.iter().any(|(when, _)| match when {
            Value::Expr(source) => Expr::compile(&source.value, &Anything)
                .is_ok_and(|(expr, _)| expr.roots().iter().any(|root| sets(root))),
            Value::Literal(_) => false,
        })
}

fn assigned(node: &NodeTree) -> impl Iterator<Item = &Word> {
    let set = match &node.kind {
        KindTree::Set { assign, .. } => assign.as_slice(),
        _ => &[],
    };
    set.iter().chain(&node.save).map(|(name, _)| name)
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
}

/// A shortest way round within a group of nodes that all reach each other, from its first node.
fn round<'p>(graph: &DiGraph<Global<'p>, ()>, group: &[At]) -> Vec<Global<'p>> {
    let Some(first) = group.iter().copied().min_by_key(|at| graph.node_weight(*at)) else {
        return Vec::new();
    };
    let within: BTreeSet<At> = group.iter().copied().collect();
    let mut from: BTreeMap<At, At> = BTreeMap::new();
    let mut open = VecDeque::from([first]);
    while let Some(at) = open.pop_front() {
        let mut next: Vec<At> = graph.neighbors(at).filter(|n| within.contains(n)).collect();
        next.sort_by_key(|at| graph.node_weight(*at));
        if next.contains(&first) {
            let mut way = vec![at];
            while let Some(before) = way.last().and_then(|at| from.get(at)) {
                way.push(*before);
            }
            let way = way.iter().rev();
            return way.filter_map(|at| graph.node_weight(*at).copied()).collect();
        }
        for to in next {
            if to != first && !from.contains_key(&to) {
                from.insert(to, at);
                open.push_back(to);
            }
        }
    }
    Vec::new()
}

fn busy_loop(checker: &mut Checker<'_>, graphs: &BTreeMap<&str, Graph<'_>>, round: &[Global<'_>]) {
    let nodes: Vec<(&str, &NodeTree)> =
        round.iter().filter_map(|(flow, at)| Some((*flow, graphs.get(flow)?.node(*at)?))).collect();
    let Some((home, first)) = nodes.first() else {
        return;
    };
    let shown = |flow: &str, node: &NodeTree| match flow == *home {
        true => format!("`{}`", node.id.value),
        false => format!("`{flow}/{}`", node.id.value),
    };
    let mut way: Vec<String> = nodes.iter().map(|(flow, node)| shown(flow, node)).collect();
    way.push(shown(home, first));
    let message = format!("this loop never waits for the caller: {}", way.join(" → "));
    let mut diagnostic = Diagnostic::new(Code::BusyLoop, first.id.span, message);
    for (_, node) in nodes.iter().skip(1).take(MAX_LABELS) {
        diagnostic = diagnostic.label(node.id.span, "part of the loop");
    }
    checker.push(diagnostic.help(
        "put an `ask` into it, or count the rounds: `set` a number and leave by a `switch` on it",
    ));
}
