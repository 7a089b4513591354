//! `call`: runs another flow and goes on by the port it returns.

use std::collections::BTreeSet;

use dialgraph_base::Name;

use super::{
    Compiled, FLOW_NAME, Leaving, NodeKind, NodePrompt, ON, Picture, SAVE, WITH, Waiting, Written,
    targets_of,
};
use crate::check::Checker;
use crate::check::names::Output;
use crate::check::nodes::Place;
use crate::check::ports::PortInfo;
use crate::check::saves::Wrong;
use crate::check::subflows;
use crate::expr::{Expr, MemberRead};
use crate::limits::MAX_DECLARED;

use crate::model::{Assignments, NodeIndex, Ports, Queue, Type};
use crate::syntax::flow::{NodeTree, Texts, Value, Word, values, word, word_at};
use crate::syntax::shape::Kind;
use crate::syntax::yaml::{Entry, Node};

/// `call`: runs another flow and goes on by the port it returns. `save` sees what it returned as
/// `output`.
#[derive(Debug)]
pub struct CallFlow {
    pub flow: Name,
    pub with: Vec<(Name, Expr)>,
    pub save: Assignments,
    pub ports: Ports,
}

pub(super) const KIND: Kind = Kind {
    word: "call",
    doc: "Runs another flow and goes on by the port it returns.",
    shape: FLOW_NAME,
    beside: &[WITH, SAVE, ON],
    ports: &[("those of the flow's `returns`", "The flow returns by it.")],
    example: r#"{"call": "customer-auth", "with": {"reason": "\"billing\""}, "on": {"msp": "msp", "general": "general"}}"#,
    read,
};

#[derive(Debug)]
struct Tree {
    flow: Word,
    with: Vec<(Word, Value)>,
}

fn read(head: &Entry, node: &Node) -> Option<Box<dyn Written>> {
    let flow = word(&head.value).or_else(|| word_at(&head.value, "flow"))?;
    Some(Box::new(Tree { flow, with: values(node, "with") }))
}

impl Written for Tree {
    fn ports(&self, checker: &Checker<'_>) -> Option<Vec<PortInfo>> {
        let called = checker.flows.get(&*self.flow.value)?;
        if called.tree.returns.len() > MAX_DECLARED {
            return None;
        }
        let returns = called.tree.returns.iter();
        let ports: Vec<PortInfo> = returns
            .map(|(port, _)| PortInfo::new(&port.value, format!("`{}` returns it", called.name)))
            .collect();
        (!called.broken || !ports.is_empty()).then_some(ports)
    }

    fn targets(&self) -> Vec<&Word> {
        Vec::new()
    }

    fn prompts(&self) -> Vec<&Texts> {
        Vec::new()
    }

    fn expressions(&self) -> Vec<&Value> {
        self.with.iter().map(|(_, value)| value).collect()
    }

    fn catches_failures(&self) -> bool {
        false
    }

    fn waits(&self) -> Waiting {
        Waiting::Never
    }

    fn speaks(&self) -> Option<&'static str> {
        None
    }

    fn leaves(&self) -> Leaving<'_> {
        Leaving::Runs(&self.flow)
    }

    fn assigns(&self) -> &[(Word, Value)] {
        &[]
    }

    fn conditions(&self) -> Vec<&Value> {
        Vec::new()
    }

    fn plugin(&self) -> Option<&Word> {
        None
    }

    fn never_given<'r>(&self, checker: &Checker<'_>, reads: &'r [MemberRead]) -> Option<Wrong<'r>> {
        let flow = &self.flow.value;
        let called = checker.flows.get(&**flow).filter(|called| !called.broken)?;
        let returns = &called.tree.returns;
        for read in reads.iter().filter(|read| !read.expects_none) {
            let gives =
                |values: &[(Word, Type)]| values.iter().any(|(name, _)| *name.value == *read.name);
            let without = returns.iter().filter(|(_, values)| !gives(values));
            let without: BTreeSet<&str> = without.map(|(port, _)| &*port.value).collect();
            // Where no return gives it, it is no member at all.
            if without.is_empty() || without.len() == returns.len() {
                continue;
            }
            let ports: Vec<&str> = without.into_iter().collect();
            let list = ports.join("`, `");
            return Some(Wrong {
                read,
                message: format!("`{flow}` does not give `output.{}` on port `{list}`", read.name),
                help: format!("give a value for that case: `default(output.{}, …)`", read.name),
            });
        }
        None
    }

    fn compile(
        &self,
        checker: &mut Checker<'_>,
        at: &Place<'_>,
        node: &NodeTree,
    ) -> Option<NodeKind> {
        let Some(called) = checker.flow(&self.flow) else {
            at.unknown_callee(checker, node, &self.with);
            return None;
        };
        let with = subflows::inputs(checker, &self.flow, called, &self.with, &at.env);
        let output = checker.output_of_flow(called);
        let save = at.save(checker, node, output, Output::Returned(called.name.clone()));
        let ports = at.wire(checker, node);
        Some(NodeKind::Call(CallFlow {
            flow: self.flow.value.clone(),
            with: with?,
            save: save?,
            ports: ports?,
        }))
    }
}

impl Compiled for CallFlow {
    fn word(&self) -> &'static str {
        KIND.word
    }

    fn targets(&self) -> Vec<(NodeIndex, String)> {
        targets_of(&self.ports)
    }

    fn prompts(&self) -> Vec<NodePrompt<'_>> {
        Vec::new()
    }

    fn expressions(&self) -> Vec<&Expr> {
        self.with.iter().map(|(_, expr)| expr).collect()
    }

    fn recorded(&self) -> Vec<&Name> {
        Vec::new()
    }

    fn on_failure(&self) -> Option<NodeIndex> {
        None
    }

    fn on_channel_failure(&self) -> Option<NodeIndex> {
        None
    }

    fn asks_in_secret(&self) -> bool {
        false
    }

    fn calls_back(&self) -> Option<&Queue> {
        None
    }

    fn disposition(&self) -> Option<&Name> {
        None
    }

    fn picture(&self) -> Picture {
        let does = format!("{} {}", self.word(), self.flow);
        Picture { does, mermaid: ("{{", "}}"), dot: "hexagon" }
    }
}
