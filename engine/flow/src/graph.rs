//! Pictures of a flow: Mermaid for documents and chats, DOT for Graphviz.
//!
//! Both are deterministic: nodes in the order of the file, edges in the order of the ports; ports
//! that lead to the same node share an edge.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::{Flow, Node, NodeIndex, Picture};

/// A Mermaid flowchart.
///
/// Shapes: rounded `say`, slanted `ask`, diamond `switch`, box `set`, double-sided box `use`,
/// hexagon `call`, flag `goto`, stadium `queue`/`callback`/`transfer`, double circle `end`.
pub fn mermaid(flow: &Flow) -> String {
    let mut out = String::from("flowchart TD\n");
    // Writing to a String cannot fail, so the results of `write!` are dropped here and below.
    let _ = writeln!(out, "    start(( )) --> n{}", flow.start.0);
    for (at, node) in flow.nodes.iter().enumerate() {
        let Picture { does, mermaid: (open, close), .. } = node.kind.picture();
        let label = [&*node.id, &*does].map(mermaid_text).join("<br/>");
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
        let Picture { does, dot, .. } = node.kind.picture();
        let lines = format!("{}\n{does}", node.id);
        let _ =
            writeln!(out, "    {} [shape={}, label={}]", dot_text(&node.id), dot, dot_text(&lines));
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

/// Where a node leads, each target once, with the names of the ports that lead there.
fn edges(node: &Node) -> Vec<(NodeIndex, String)> {
    let mut edges: Vec<(NodeIndex, Vec<&str>)> = Vec::new();
    let mut known: BTreeMap<u32, usize> = BTreeMap::new();
    let mut add = |to: NodeIndex, port| {
        let at = *known.entry(to.0).or_insert(edges.len());
        match edges.get_mut(at) {
            Some((_, ports)) => ports.push(port),
            None => edges.push((to, vec![port])),
        }
    };
    let targets = node.kind.targets();
    for (to, port) in &targets {
        add(*to, port.as_str());
    }
    edges.into_iter().map(|(to, ports)| (to, ports.join(", "))).collect()
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
