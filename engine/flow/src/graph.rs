//! Pictures of a flow: Mermaid for documents and chats, DOT for Graphviz.
//!
//! Both are deterministic: nodes in the order of the file, edges in the order of the ports; ports that lead to
//! the same node share an edge.

use std::fmt::Write as _;

use crate::model::{Ending, Flow, Node, NodeIndex, NodeKind, Ports};

/// A Mermaid flowchart.
///
/// Shapes: rounded `say`, slanted `ask`, diamond `switch`, box `set`, double-sided box `use`, hexagon `call`,
/// flag `goto`, stadium `queue`/`callback`/`transfer`, double circle `end`.
pub fn mermaid(flow: &Flow) -> String {
    let mut out = String::from("flowchart TD\n");
    // Writing to a String cannot fail, so the results of `write!` are dropped here and below.
    let _ = writeln!(out, "    start(( )) --> n{}", flow.start.0);
    for (at, node) in flow.nodes.iter().enumerate() {
        let (open, close) = mermaid_shape(&node.kind);
        let label = label(node).map(|line| mermaid_text(&line)).join("<br/>");
        let _ = writeln!(out, "    n{at}{open}\"{label}\"{close}");
    }
    for (at, node) in flow.nodes.iter().enumerate() {
        for (to, ports) in edges(node) {
            let _ = match ports.as_str() {
                "" => writeln!(out, "    n{at} --> n{}", to.0),
                ports => writeln!(out, "    n{at} -- \"{}\" --> n{}", mermaid_text(ports), to.0),
            };
        }
    }
    out
}

/// A Graphviz digraph.
pub fn dot(flow: &Flow) -> String {
    let mut out = format!("digraph {} {{\n", dot_text(&flow.name));
    out.push_str("    rankdir=TB\n    node [fontname=\"sans-serif\"]\n");
    out.push_str("    edge [fontname=\"sans-serif\", fontsize=10]\n");
    out.push_str("    \"\" [shape=point]\n");
    for node in &flow.nodes {
        let lines = label(node).join("\n");
        let _ = writeln!(
            out,
            "    {} [shape={}, label={}]",
            dot_text(&node.id),
            dot_shape(&node.kind),
            dot_text(&lines)
        );
    }
    let _ = writeln!(out, "    \"\" -> {}", dot_text(&flow.node(flow.start).id));
    for node in &flow.nodes {
        for (to, ports) in edges(node) {
            let (from, to) = (dot_text(&node.id), dot_text(&flow.node(to).id));
            let _ = match ports.as_str() {
                "" => writeln!(out, "    {from} -> {to}"),
                ports => writeln!(out, "    {from} -> {to} [label={}]", dot_text(ports)),
            };
        }
    }
    out.push_str("}\n");
    out
}

/// Name, and what it does.
fn label(node: &Node) -> [String; 2] {
    let word = node.kind.word();
    let does = match &node.kind {
        NodeKind::Use(plugin) => format!("{word} {}", plugin.plugin),
        NodeKind::Call(call) => format!("{word} {}", call.flow),
        NodeKind::Goto(goto) => format!("{word} {}", goto.flow),
        NodeKind::Queue(queue) => format!("{word} {}", queue.queue.name),
        NodeKind::Callback(callback) => format!("{word} {}", callback.queue.name),
        NodeKind::Transfer(transfer) => format!("{word} {}", transfer.number.source()),
        NodeKind::Set(set) => {
            let names: Vec<&str> = set.assign.iter().map(|(name, _)| &**name).collect();
            format!("{word} {}", names.join(", "))
        }
        NodeKind::End(end) => match &end.how {
            Ending::Return { port, .. } => format!("return {port}"),
            Ending::HangUp { disposition } => format!("{word} {disposition}"),
        },
        NodeKind::Say(_) | NodeKind::Ask(_) | NodeKind::Switch(_) => word.to_owned(),
    };
    [node.id.to_string(), does]
}

/// Where a node leads, each target once, with the names of the ports that lead there.
fn edges(node: &Node) -> Vec<(NodeIndex, String)> {
    let mut edges: Vec<(NodeIndex, Vec<&str>)> = Vec::new();
    let mut add = |to: NodeIndex, port| match edges.iter_mut().find(|(known, _)| *known == to) {
        Some((_, ports)) => ports.push(port),
        None => edges.push((to, vec![port])),
    };
    let wired = |ports: &'_ Ports| -> Vec<(NodeIndex, String)> {
        let pairs = ports.iter();
        pairs.map(|(port, to)| (*to, port.to_string())).collect()
    };
    let ports = match &node.kind {
        NodeKind::Say(say) => vec![(say.next, String::new())],
        NodeKind::Set(set) => vec![(set.next, String::new())],
        NodeKind::Switch(switch) => {
            let cases = switch.cases.iter();
            let mut all: Vec<_> = cases.map(|(when, to)| (*to, when.source().to_owned())).collect();
            all.push((switch.otherwise, "otherwise".to_owned()));
            all
        }
        NodeKind::Ask(ask) => wired(&ask.ports),
        NodeKind::Use(plugin) => wired(&plugin.ports),
        NodeKind::Call(call) => wired(&call.ports),
        NodeKind::Queue(queue) => vec![(queue.error, "error".to_owned())],
        NodeKind::Callback(callback) => vec![(callback.error, "error".to_owned())],
        NodeKind::Transfer(transfer) => vec![(transfer.error, "error".to_owned())],
        NodeKind::Goto(_) | NodeKind::End(_) => Vec::new(),
    };
    for (to, port) in &ports {
        add(*to, port.as_str());
    }
    edges.into_iter().map(|(to, ports)| (to, ports.join(", "))).collect()
}

fn mermaid_shape(kind: &NodeKind) -> (&'static str, &'static str) {
    match kind {
        NodeKind::Say(_) => ("(", ")"),
        NodeKind::Ask(_) => ("[/", "/]"),
        NodeKind::Switch(_) => ("{", "}"),
        NodeKind::Set(_) => ("[", "]"),
        NodeKind::Use(_) => ("[[", "]]"),
        NodeKind::Call(_) => ("{{", "}}"),
        NodeKind::Goto(_) => (">", "]"),
        NodeKind::Queue(_) | NodeKind::Callback(_) | NodeKind::Transfer(_) => ("([", "])"),
        NodeKind::End(_) => ("(((", ")))"),
    }
}

fn dot_shape(kind: &NodeKind) -> &'static str {
    match kind {
        NodeKind::Say(_) => "box, style=rounded",
        NodeKind::Ask(_) => "parallelogram",
        NodeKind::Switch(_) => "diamond",
        NodeKind::Set(_) => "box",
        NodeKind::Use(_) => "box, peripheries=2",
        NodeKind::Call(_) => "hexagon",
        NodeKind::Goto(_) => "cds",
        NodeKind::Queue(_) | NodeKind::Callback(_) | NodeKind::Transfer(_) => "ellipse",
        NodeKind::End(_) => "doublecircle",
    }
}

/// Mermaid writes special signs as entities that begin with `#`.
fn mermaid_text(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '&' => out.push_str("#amp;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
        out
    })
}

fn dot_text(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
