//! The ports of a node, and whether each is wired.

use super::{Checker, Nodes};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Name, NodeIndex, Ports};
use crate::project::FlowFile;
use crate::syntax::flow::{AskTree, KindTree, NodeTree, Word};

/// The port that every node has which can fail.
pub(crate) const ERROR: &str = "error";

/// A port and when it is taken.
#[derive(Debug, Clone)]
pub(crate) struct PortInfo {
    pub name: Name,
    pub why: String,
}

/// The ports of `node`; none when they cannot be known because of a mistake elsewhere.
pub(crate) fn of(checker: &Checker<'_>, node: &NodeTree) -> Option<Vec<PortInfo>> {
    let error = || PortInfo { name: ERROR.into(), why: "it could not be done".into() };
    Some(match &node.kind {
        KindTree::Ask(ask) => of_ask(ask),
        KindTree::Use { plugin, .. } => {
            let (_, descriptor) = checker.plugins.get(&plugin.value)?;
            let declared = descriptor
                .ports
                .iter()
                .map(|port| PortInfo { name: port.name.clone(), why: port.summary.clone() });
            declared.chain([error()]).collect()
        }
        KindTree::Call { flow, .. } => {
            let called = checker.flows.get(&*flow.value)?;
            let returns = called.tree.returns.iter().map(|(port, _)| PortInfo {
                name: port.value.clone(),
                why: format!("`{}` returns it", called.name),
            });
            let ports: Vec<PortInfo> = returns.collect();
            if called.broken && ports.is_empty() {
                return None;
            }
            ports
        }
        KindTree::Queue { .. } | KindTree::Callback { .. } | KindTree::Transfer { .. } => {
            vec![error()]
        }
        _ => Vec::new(),
    })
}

fn of_ask(ask: &AskTree) -> Vec<PortInfo> {
    let mut ports: Vec<PortInfo> = Vec::new();
    let mut add = |name: &Name, why: String| {
        if !ports.iter().any(|port| port.name == *name) {
            ports.push(PortInfo { name: name.clone(), why });
        }
    };
    for (key, port) in &ask.menu {
        add(&port.value, format!("the caller presses `{}`", key.value));
    }
    for (port, _) in &ask.phrases {
        add(&port.value, "the caller says one of its phrases".into());
    }
    if ask.digits.is_some() {
        add(&"digits".into(), "the caller keys in a number".into());
    }
    if ask.speech {
        add(&"said".into(), "the caller says something".into());
    }
    add(&"no_input".into(), "the caller stays silent to the last try".into());
    add(&"no_match".into(), "the caller's last answer fits nothing".into());
    ports
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
    let ports = of(checker, node)?;
    for (port, _) in &node.on {
        if !ports.iter().any(|known| known.name == port.value) {
            unknown(checker, node, port, &ports);
            good = false;
        }
    }
    let mut open = Vec::new();
    for port in &ports {
        if node.on.iter().any(|(given, _)| given.value == port.name) {
            continue;
        }
        match &flow.tree.on_error {
            // Whether that node is there is checked once for the flow.
            Some(to) if &*port.name == ERROR => match nodes.get(&to.value) {
                Some(to) => {
                    wired.insert(port.name.clone(), to);
                }
                None => good = false,
            },
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
    let names: Vec<&str> = open.iter().map(|port| &*port.name).collect();
    let list = names.join("`, `");
    let message = match names.as_slice() {
        [one] => format!("port `{one}` of node `{}` leads nowhere", node.id.value),
        _ => format!("ports `{list}` of node `{}` lead nowhere", node.id.value),
    };
    let mut diagnostic = Diagnostic::new(Code::UnwiredPort, node.on_span, message);
    for port in open {
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
    if found.is_none() && !nodes.torn {
        let message = format!("there is no node `{}`", word.value);
        let known = nodes.positions.keys().copied();
        checker.push(Diagnostic::new(Code::DanglingTarget, word.span, message).suggest(
            &word.value,
            known,
            "the nodes of this flow are",
        ));
    }
    found
}
