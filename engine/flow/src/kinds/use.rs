//! `use`: runs a plugin.

use std::sync::Arc;
use std::time::Duration;

use dialgraph_base::Name;

use super::{
    Compiled, Leaving, NodeKind, NodePrompt, ON, Picture, SAVE, WITH, Waiting, Written, targets_of,
};
use crate::check::Checker;
use crate::check::names::Output;
use crate::check::nodes::Place;
use crate::check::ports::{ERROR, PortInfo};
use crate::check::saves::Wrong;
use crate::check::{config, marks};
use crate::expr::{Expr, MemberRead};

use crate::model::{Assignments, NodeIndex, Ports, Queue};
use crate::source::Span;
use crate::syntax::flow::{NodeTree, Texts, Value, Word, time, values, word};
use crate::syntax::shape::{Kind, Shape};
use crate::syntax::tables::may;
use crate::syntax::yaml::{Entry, Node};

/// `use`: runs a plugin. `save` sees the plugin's `output`; on port `error`, `output.error.code`,
/// `output.error.kind` and `output.error.message`.
#[derive(Debug)]
pub struct Use {
    pub plugin: Name,
    /// JSON object, valid by the plugin's schema, with references to calendars replaced by their
    /// content.
    pub config: Arc<str>,
    pub with: Vec<(Name, Expr)>,
    /// For all host calls of one visit together.
    pub timeout: Duration,
    pub save: Assignments,
    /// Every port of the plugin and `error`.
    pub ports: Ports,
}

pub(super) const KIND: Kind = Kind {
    word: "use",
    doc: "Runs a plugin and leaves by one of its ports, or by `error`.",
    shape: Shape::Name,
    beside: &[
        may(
            "config",
            Shape::Map(&Shape::Text, &Shape::Any),
            "Configuration, as the plugin's schema says. Static: no expressions.",
            r#"{"calendar": "seoul-office"}"#,
        ),
        WITH,
        may(
            "timeout",
            Shape::Time(Duration::from_millis(100), Duration::from_secs(60)),
            "For everything that the plugin waits for in one visit. Default: 8s.",
            r#""8s""#,
        ),
        SAVE,
        ON,
    ],
    ports: &[
        ("those of the plugin", "As `dialgraph plugin inspect NAME` tells."),
        ("`error`", "The run failed, or took too long. The flow's `on_error` may stand for it."),
    ],
    example: r#"{"use": "hours-check", "config": {"calendar": "seoul-office"}, "on": {"open": "menu", "closed": "closed", "error": "to-agent"}}"#,
    read,
};

#[derive(Debug)]
struct Tree {
    plugin: Word,
    config: Option<Node>,
    with: Vec<(Word, Value)>,
    with_span: Span,
    timeout: Duration,
}

fn read(head: &Entry, node: &Node) -> Option<Box<dyn Written>> {
    Some(Box::new(Tree {
        plugin: word(&head.value)?,
        config: node.get("config").cloned(),
        with: values(node, "with"),
        with_span: node.entry("with").map_or(head.value.span, |entry| entry.key.span),
        timeout: time(node, "timeout", Duration::from_secs(8)),
    }))
}

impl Written for Tree {
    fn ports(&self, checker: &Checker<'_>) -> Option<Vec<PortInfo>> {
        let (_, descriptor) = checker.plugins.get(&self.plugin.value)?;
        let declared = descriptor.ports.iter();
        let declared = declared.map(|port| PortInfo::new(&port.name, port.summary.clone()));
        Some(declared.chain([PortInfo::error()]).collect())
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
        true
    }

    fn waits(&self) -> Waiting {
        Waiting::UnlessItFails
    }

    fn speaks(&self) -> Option<&'static str> {
        None
    }

    fn leaves(&self) -> Leaving<'_> {
        Leaving::Stays
    }

    fn assigns(&self) -> &[(Word, Value)] {
        &[]
    }

    fn conditions(&self) -> Vec<&Value> {
        Vec::new()
    }

    fn plugin(&self) -> Option<&Word> {
        Some(&self.plugin)
    }

    fn never_given<'r>(&self, _: &Checker<'_>, reads: &'r [MemberRead]) -> Option<Wrong<'r>> {
        // What reads `output.error` is saved on port `error`, and there is nothing else.
        reads.iter().find(|read| read.name == ERROR)?;
        let read = reads.iter().find(|read| read.name != ERROR)?;
        Some(Wrong {
            read,
            message: format!(
                "`output.{}` does not exist on port `error`, the only port on which this is saved",
                read.name
            ),
            help: "an expression with `output.error` is saved on port `error` only, any other on \
                the other ports: save the two to separate attributes"
                .to_owned(),
        })
    }

    fn compile(
        &self,
        checker: &mut Checker<'_>,
        at: &Place<'_>,
        node: &NodeTree,
    ) -> Option<NodeKind> {
        let Some((digest, descriptor)) = checker.plugin(&self.plugin) else {
            at.unknown_callee(checker, node, &self.with);
            return None;
        };
        let used = config::Used { plugin: &self.plugin, digest: *digest, descriptor };
        let (config, named) =
            config::config(checker, &used, self.config.as_ref(), &at.locales, &at.env);
        let with = config::input(
            checker,
            &self.plugin,
            descriptor,
            &self.with,
            self.with_span,
            &at.env,
            &named,
        );
        let intents = marks::intents(&descriptor.output_schema);
        let output = checker.output_of_plugin(&self.plugin, descriptor);
        let from = Output::Plugin { intents, bots: named.bots };
        let save = at.save(checker, node, output, from);
        let ports = at.wire(checker, node);
        Some(NodeKind::Use(Use {
            plugin: self.plugin.value.clone(),
            config: config?,
            with: with?,
            timeout: self.timeout,
            save: save?,
            ports: ports?,
        }))
    }
}

impl Compiled for Use {
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
        // The plugin's output is part of the record.
        self.save.iter().map(|(name, _)| name).collect()
    }

    fn on_failure(&self) -> Option<NodeIndex> {
        self.ports.get(ERROR).copied()
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
        let does = format!("{} {}", self.word(), self.plugin);
        Picture { does, mermaid: ("[[", "]]"), dot: "box, peripheries=2" }
    }
}
