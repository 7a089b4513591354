//! The graph of nodes: everything is reached, everything can end, nothing goes round for ever.
//!
//! ## What counts as waiting
//!
//! An `ask` waits for the caller. A plugin may, and only the plugin knows: leaving a `use` by one
//! of its own ports counts as waiting, leaving it by `error` does not, because a plugin that fails
//! at once fails at once again. The caller is not heard between a `queue`, `callback` or `transfer`
//! that fails and its `error` port; leaving a `transfer` that rang by another port counts as
//! waiting. A `call` waits if every way through the called flow to that return does.
//!
//! A loop without waiting is allowed if every way round it passes a counter: a `switch` that can
//! leave the loop and reads an attribute that the loop sets. That the counter gets there is not
//! proved; the limit on nodes per turn stands behind it.
//!
//! `on_error` is also taken when an expression fails in a call. Any node that computes something
//! can be left so, and what comes after it counts as reached; loops are not looked for that way,
//! where that limit stands behind it, too.

use std::collections::{BTreeMap, BTreeSet};

use super::walk::{self, Walk};
use super::{Checker, ports};
use crate::diagnostic::{Code, Diagnostic, listed};
use crate::kinds::Leaving;
use crate::project::FlowFile;
use crate::syntax::flow::{NodeTree, Texts, Value, Word};

/// Places named beside the first.
const MAX_LABELS: usize = 5;

/// A flow as a graph of positions of nodes.
pub(super) struct Graph<'p> {
    pub(super) flow: &'p FlowFile,
    pub(super) start: Option<usize>,
    on_error: Option<usize>,
    /// Of each node: port (none for `next`) and where it leads.
    edges: Vec<Vec<(Option<&'p str>, usize)>>,
    /// A wire is missing or leads to no node: what looks unreachable may only be unwired.
    holes: BTreeSet<usize>,
}

pub(crate) fn flows(checker: &mut Checker<'_>) {
    let mut graphs = Vec::new();
    let flows: Vec<&FlowFile> = checker.flows.values().copied().collect();
    for flow in flows.into_iter().filter(|flow| !flow.broken) {
        if !checker.work.goes_on(1) {
            return;
        }
        graphs.push(Graph::new(checker, flow));
    }
    let mut stuck = vec![false; graphs.len()];
    for (graph, stuck) in graphs.iter().zip(&mut stuck) {
        checker.work.count(graph.edges.iter().map(|edges| 1 + edges.len()).sum());
        let reached = graph.reached();
        unreachable(checker, graph, &reached);
        *stuck = no_path_to_end(checker, graph, &reached);
    }
    let walk = Walk::new(&graphs, checker.work);
    let ways = walk.ways(&stuck);
    endless_recursion(checker, &walk, &ways, &stuck);
    super::loops::busy(checker, &walk);
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
            on_error: None,
            edges: vec![Vec::new(); nodes.len()],
            holes: BTreeSet::new(),
        };
        // A name that is nearly right leads where it was meant to, so that nothing else is said of
        // that. Where many are wrong, nothing is guessed.
        let find = |word: &Word| {
            let name = &*word.value;
            let exact = index.get(name);
            let near = || {
                checker.work.may_compare(index.len()).then_some(())?;
                index.get(dialgraph_base::nearest(name, index.keys().copied())?)
            };
            exact.or_else(near).copied()
        };
        graph.start = flow.tree.start.as_ref().and_then(find);
        graph.on_error = flow.tree.on_error.as_ref().and_then(find);
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

    pub(super) fn len(&self) -> usize {
        self.edges.len()
    }

    pub(super) fn has_hole(&self, at: usize) -> bool {
        self.holes.contains(&at)
    }

    pub(super) fn node(&self, at: usize) -> Option<&'p NodeTree> {
        self.flow.tree.nodes.get(at)
    }

    pub(super) fn edges(&self, at: usize) -> &[(Option<&'p str>, usize)] {
        self.edges.get(at).map_or(&[], Vec::as_slice)
    }

    fn reached(&self) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        self.reach(self.start.into_iter(), &mut seen);
        let computing = |at: &usize| self.node(*at).is_some_and(computes);
        if self.on_error.is_some_and(|to| !seen.contains(&to)) && seen.iter().any(computing) {
            self.reach(self.on_error.into_iter(), &mut seen);
        }
        seen
    }

    /// Adds to `seen` what is reached from `starts` without passing what is there already; gives
    /// what was added.
    fn reach(&self, starts: impl Iterator<Item = usize>, seen: &mut BTreeSet<usize>) -> Vec<usize> {
        let mut added = Vec::new();
        let mut open: Vec<usize> = starts.collect();
        while let Some(at) = open.pop() {
            if seen.insert(at) {
                added.push(at);
                open.extend(self.edges(at).iter().map(|(_, to)| *to));
            }
        }
        added
    }

    fn is_end(&self, at: usize) -> bool {
        let leaves = match self.node(at).map(|node| node.kind.leaves()) {
            Some(Leaving::GoesTo(_) | Leaving::Returns(_) | Leaving::Ends) => true,
            // A flow that declares no return ends the call itself.
            Some(Leaving::Runs(_)) => self.edges(at).is_empty(),
            Some(Leaving::Stays) | None => false,
        };
        leaves || self.holes.contains(&at)
    }

    fn names(&self, of: impl IntoIterator<Item = usize>) -> Vec<&'p str> {
        let nodes = of.into_iter().filter_map(|at| self.node(at));
        nodes.map(|node| &*node.id.value).collect()
    }
}

/// Whether an expression of `node` can fail in a call.
fn computes(node: &NodeTree) -> bool {
    let is_expr = |value: &Value| matches!(value, Value::Expr(_));
    let inserts =
        |texts: &Texts| texts.all().any(|text| crate::template::inserts_values(&text.value));
    let fails = || {
        node.kind.expressions().into_iter().any(is_expr)
            || node.kind.prompts().into_iter().any(inserts)
    };
    node.save.iter().any(|(_, value)| is_expr(value)) || (!node.kind.catches_failures() && fails())
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
    wires.extend(node.kind.targets().into_iter().map(|to| (None, to)));
    let Some(known) = node.kind.ports(checker) else {
        holes.insert(at);
        return wires;
    };
    for port in ports::unwired_of(node, &known) {
        match &flow.tree.on_error {
            Some(to) if &*port.name == ports::ERROR => wires.push((Some(ports::ERROR), to)),
            _ if port.is_optional => {}
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
    // What is reached from the start or was told before is not told again.
    let mut told = reached.clone();
    for head in heads.chain(&lost).copied() {
        if told.contains(&head) {
            continue;
        }
        let mut behind = graph.reach(std::iter::once(head), &mut told);
        behind.retain(|at| *at != head);
        behind.sort_unstable();
        let Some(node) = graph.node(head) else { continue };
        if checker.only_counts(Code::UnreachableNode, node.id.span) {
            continue;
        }
        let message = format!("node `{}` is never reached", node.id.value);
        let mut diagnostic = Diagnostic::new(Code::UnreachableNode, node.id.span, message)
            .help("connect a port to it, or remove it");
        if !behind.is_empty() {
            let names = listed(&graph.names(behind));
            diagnostic =
                diagnostic.help(format!("the nodes after it are not reached either: {names}"));
        }
        // Engines before this one took an unwired port for a reason to say nothing.
        diagnostic.severity = checker.configs.severity(diagnostic.severity);
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

fn endless_recursion(
    checker: &mut Checker<'_>,
    walk: &Walk<'_, '_>,
    ways: &[walk::Ways],
    stuck: &[bool],
) {
    let endless = |flow: usize| ways.get(flow).is_some_and(walk::Ways::is_endless);
    for (flow, graph) in walk.graphs().iter().enumerate() {
        if !endless(flow) || stuck.get(flow).is_none_or(|stuck| *stuck) {
            continue;
        }
        let name = &graph.flow.name;
        let into = graph.reached().into_iter().find_map(|at| match graph.node(at)?.kind.leaves() {
            Leaving::Runs(flow) | Leaving::GoesTo(flow) => {
                walk.flow(flow).is_some_and(endless).then_some(flow)
            }
            Leaving::Stays | Leaving::Returns(_) | Leaving::Ends => None,
        });
        let Some(word) = into else { continue };
        if checker.only_counts(Code::EndlessRecursion, word.span) {
            continue;
        }
        let message = if word.value == *name {
            format!("flow `{name}` runs itself without end")
        } else {
            format!("flows `{name}` and `{}` run each other without end", word.value)
        };
        checker.push(
            Diagnostic::new(Code::EndlessRecursion, word.span, message)
                .help("give the flow one path that ends without running the other"),
        );
    }
}
