//! The ports of a node, and whether each is wired.

use std::collections::BTreeSet;

use dialgraph_base::Name;

use super::{Checker, Nodes};
use crate::diagnostic::{Code, Diagnostic, MAX_LISTED, listed};

use crate::model::{NodeIndex, Ports};
use crate::project::FlowFile;
use crate::syntax::flow::{NodeTree, Word};

/// The port that every node has which can fail.
pub(crate) const ERROR: &str = "error";

/// A port and when it is taken.
#[derive(Debug, Clone)]
pub(crate) struct PortInfo {
    pub name: Name,
    pub why: String,
    /// It need not be wired.
    pub(super) is_optional: bool,
}

impl PortInfo {
    pub(crate) fn new(name: &Name, why: String) -> Self {
        Self { name: name.clone(), why, is_optional: false }
    }

    pub(crate) fn optional(name: &str, why: String) -> Self {
        Self { name: name.into(), why, is_optional: true }
    }

    pub(crate) fn error() -> Self {
        Self::new(&ERROR.into(), "it could not be done".into())
    }
}

/// Ports of `ports` that `node` does not wire itself.
pub(crate) fn unwired_of<'i>(node: &NodeTree, ports: &'i [PortInfo]) -> Vec<&'i PortInfo> {
    let given: BTreeSet<&str> = node.on.iter().map(|(port, _)| &*port.value).collect();
    ports.iter().filter(|port| !given.contains(&*port.name)).collect()
}

/// Resolves the wiring of `node`; none after a mistake.
pub(crate) fn wire(
    checker: &mut Checker<'_>,
    flow: &FlowFile,
    node: &NodeTree,
    nodes: &Nodes<'_>,
) -> Option<Ports> {
    let mut wired = Ports::new();
    let mut good = true;
    for (port, to) in &node.on {
        match target(checker, to, nodes) {
            Some(to) => {
                wired.insert(port.value.clone(), to);
            }
            None => good = false,
        }
    }
    let ports = node.kind.ports(checker)?;
    checker.work.count(ports.len() + node.on.len());
    let known: BTreeSet<&str> = ports.iter().map(|port| &*port.name).collect();
    for (port, _) in &node.on {
        if !known.contains(&*port.value) {
            unknown(checker, node, port, &ports);
            good = false;
        }
    }
    let mut open = Vec::new();
    for port in unwired_of(node, &ports) {
        match &flow.tree.on_error {
            // Whether that node is there is checked once for the flow.
            Some(to) if &*port.name == ERROR => match nodes.get(&to.value) {
                Some(to) => {
                    wired.insert(port.name.clone(), to);
                }
                None => good = false,
            },
            _ if port.is_optional => {}
            _ => open.push(port),
        }
    }
    if !open.is_empty() {
        unwired(checker, node, &open, &ports);
        good = false;
    }
    good.then_some(wired)
}

fn unknown(checker: &mut Checker<'_>, node: &NodeTree, port: &Word, ports: &[PortInfo]) {
    if checker.only_counts(Code::UnknownPort, port.span) {
        return;
    }
    let message = format!("node `{}` has no port `{}`", node.id.value, port.value);
    let known: Vec<&str> = ports.iter().map(|port| &*port.name).collect();
    let mut diagnostic = Diagnostic::new(Code::UnknownPort, port.span, message);
    diagnostic = if known.is_empty() {
        diagnostic.help("it has none: take this line out")
    } else {
        diagnostic.suggest(&port.value, known, "its ports are")
    };
    checker.push(diagnostic);
}

fn unwired(checker: &mut Checker<'_>, node: &NodeTree, open: &[&PortInfo], ports: &[PortInfo]) {
    if checker.only_counts(Code::UnwiredPort, node.on_span) {
        return;
    }
    let names: Vec<&str> = open.iter().map(|port| &*port.name).collect();
    let message = match names.as_slice() {
        [one] => format!("port `{one}` of node `{}` leads nowhere", node.id.value),
        _ => format!("ports {} of node `{}` lead nowhere", listed(&names), node.id.value),
    };
    let mut diagnostic = Diagnostic::new(Code::UnwiredPort, node.on_span, message);
    for port in open.iter().take(MAX_LISTED) {
        // A port that is misspelt under `on` has been reported with the right name.
        diagnostic = diagnostic.help(format!(
            "add `{}: NODE` under `on:`, for when {}",
            port.name,
            lower(&port.why)
        ));
    }
    if names.contains(&ERROR) && ports.len() > 1 {
        diagnostic = diagnostic.help("or give the whole flow a way out: `on_error: NODE`");
    }
    checker.push(diagnostic);
}

/// A sentence as a part of another.
fn lower(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let mut chars = sentence.chars();
    match chars.next() {
        Some(first) if !chars.as_str().starts_with(char::is_uppercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => sentence.to_owned(),
    }
}

/// The node that `word` names.
pub(crate) fn target(
    checker: &mut Checker<'_>,
    word: &Word,
    nodes: &Nodes<'_>,
) -> Option<NodeIndex> {
    let found = nodes.get(&word.value);
    checker.work.count(1);
    if found.is_none() && !nodes.torn && !checker.only_counts(Code::DanglingTarget, word.span) {
        let message = format!("there is no node `{}`", word.value);
        let known = nodes.positions.keys().copied();
        let diagnostic = Diagnostic::new(Code::DanglingTarget, word.span, message);
        let what = "the nodes of this flow are";
        checker.push(diagnostic.suggest_among(&word.value, known, what, checker.work));
    }
    found
}
