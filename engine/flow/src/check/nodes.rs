//! One flow, node by node.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::env::Env;
use super::{Checker, Nodes, attributes, config, ports, prompts, subflows, types, values};
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::VarType;
use crate::model::{
    Ask, Assignments, CallFlow, Callback, End, Ending, Expr, Flow, Goto, Locale, Name, Node,
    NodeIndex, NodeKind, Prompt, Say, Set, Switch, ToQueue, Transfer, Type, Use,
};
use crate::project::FlowFile;
use crate::syntax::flow::{AskTree, KindTree, NodeTree, Texts, Value, Word};

/// Checks everything in `flow` but its graph; the compiled flow if all is well.
pub(crate) fn flow(checker: &mut Checker<'_>, flow: &FlowFile) -> Option<Flow> {
    let before = checker.diagnostics.len();
    let tree = &flow.tree;
    let place = Place {
        flow,
        nodes: Nodes::of(flow),
        env: Env::of_flow(flow),
        locales: checker.flow_locales(flow),
        project_locales: checker.locales.clone(),
    };
    types::declarations(checker, &tree.attributes);
    flow_locales(checker, flow);
    let start = tree.start.as_ref().and_then(|word| ports::target(checker, word, &place.nodes));
    if let Some(word) = &tree.on_error {
        ports::target(checker, word, &place.nodes);
    }
    let nodes: Option<Vec<Node>> = tree
        .nodes
        .iter()
        .map(|node| place.node(checker, node))
        .collect::<Vec<_>>()
        .into_iter()
        .collect();
    if flow.broken {
        return None;
    }
    // Positions of nodes count every name, so they hold only if every node is in good form.
    debug_assert_eq!(tree.nodes.len(), tree.node_names.len(), "a good form is a tree");
    if checker.erred_since(before) {
        return None;
    }
    unused_attributes(checker, &place);
    if tree.nodes.len() != tree.node_names.len() {
        return None;
    }
    Some(Flow {
        name: flow.name.clone(),
        digest: flow.digest,
        summary: tree.summary.clone(),
        locales: place.locales,
        attributes: attributes(flow),
        inputs: names(&tree.inputs),
        returns: tree
            .returns
            .iter()
            .map(|(port, values)| (port.value.clone(), names(values)))
            .collect(),
        start: start?,
        nodes: nodes?,
    })
}

fn names(typed: &[(Word, Type)]) -> BTreeMap<Name, Type> {
    typed.iter().map(|(name, ty)| (name.value.clone(), *ty)).collect()
}

fn flow_locales(checker: &mut Checker<'_>, flow: &FlowFile) {
    if checker.locales.is_empty() {
        return;
    }
    for word in flow.tree.locales.iter().flatten() {
        if !checker.locales.contains(&word.value) {
            let message = format!("`{}` is none of the project's locales", word.value);
            let known: Vec<String> = checker.locales.iter().map(|l| l.to_string()).collect();
            checker.push(
                Diagnostic::new(Code::UnknownLocale, word.span, message)
                    .suggest(&word.value, known.iter().map(String::as_str), "they are")
                    .help("add it to `locales:` in `dialgraph.yaml`, or take it out here"),
            );
        }
    }
}

fn unused_attributes(checker: &mut Checker<'_>, place: &Place<'_>) {
    for attribute in &place.flow.tree.attributes {
        let name = &attribute.name;
        if !place.env.is_used(&name.value) {
            let message = format!("attribute `{}` is neither read nor set here", name.value);
            checker.push(
                Diagnostic::new(Code::UnusedAttribute, name.span, message)
                    .help("take it out; each flow declares only what it uses"),
            );
        }
    }
}

/// What the nodes of one flow share.
struct Place<'f> {
    flow: &'f FlowFile,
    nodes: Nodes<'f>,
    env: Env,
    locales: Vec<Locale>,
    project_locales: Vec<Locale>,
}

impl Place<'_> {
    fn node(&self, checker: &mut Checker<'_>, node: &NodeTree) -> Option<Node> {
        let line = checker.project.sources.position(node.id.span).line;
        Some(Node { id: node.id.value.clone(), line, kind: self.kind(checker, node)? })
    }

    fn kind(&self, checker: &mut Checker<'_>, node: &NodeTree) -> Option<NodeKind> {
        Some(match &node.kind {
            KindTree::Say { prompt, next } => {
                let prompt = self.prompt(checker, prompt);
                let next = self.target(checker, next);
                NodeKind::Say(Say { prompt: prompt?, next: next? })
            }
            KindTree::Ask(ask) => NodeKind::Ask(self.ask(checker, node, ask)?),
            KindTree::Switch { cases, next } => self.switch(checker, cases, next)?,
            KindTree::Set { assign, next } => {
                let assign = values::assignments(
                    checker,
                    assign,
                    &self.env,
                    &self.env,
                    &self.project_locales,
                );
                let next = self.target(checker, next);
                NodeKind::Set(Set { assign: assign?, next: next? })
            }
            KindTree::Use { .. } => self.plugin(checker, node)?,
            KindTree::Call { flow, with } => self.call(checker, node, flow, with)?,
            KindTree::Goto { flow } => {
                let called = checker.flow(flow)?;
                subflows::inputs(checker, flow, called, &[], &self.env)?;
                NodeKind::Goto(Goto { flow: flow.value.clone() })
            }
            KindTree::Queue { queue, say } => {
                let prompt = self.say(checker, say.as_ref());
                let queue = checker.queue(queue);
                let error = self.error(checker, node);
                NodeKind::Queue(ToQueue { prompt: prompt?, queue: queue?, error: error? })
            }
            KindTree::Callback { queue, number, say } => {
                let prompt = self.say(checker, say.as_ref());
                let queue = checker.queue(queue);
                let number = self.number(checker, number);
                let error = self.error(checker, node);
                NodeKind::Callback(Callback {
                    prompt: prompt?,
                    queue: queue?,
                    number: number?,
                    error: error?,
                })
            }
            KindTree::Transfer { number, say } => {
                let prompt = self.say(checker, say.as_ref());
                let number = self.number(checker, number);
                let error = self.error(checker, node);
                NodeKind::Transfer(Transfer { prompt: prompt?, number: number?, error: error? })
            }
            KindTree::Return { port, with, say } => {
                let prompt = self.say(checker, say.as_ref());
                let values = subflows::returned(checker, self.flow, port, with, &self.env);
                NodeKind::End(End {
                    prompt: prompt?,
                    how: Ending::Return { port: port.value.clone(), values: values? },
                })
            }
            KindTree::HangUp { disposition, say } => NodeKind::End(End {
                prompt: self.say(checker, say.as_ref())?,
                how: Ending::HangUp { disposition: disposition.value.clone() },
            }),
        })
    }

    fn prompt(&self, checker: &mut Checker<'_>, texts: &Texts) -> Option<Prompt> {
        prompts::compile(checker, texts, &self.locales, &self.env)
    }

    /// An optional prompt; the outer none is a mistake.
    fn say(&self, checker: &mut Checker<'_>, texts: Option<&Texts>) -> Option<Option<Prompt>> {
        match texts {
            Some(texts) => self.prompt(checker, texts).map(Some),
            None => Some(None),
        }
    }

    fn target(&self, checker: &mut Checker<'_>, word: &Word) -> Option<NodeIndex> {
        ports::target(checker, word, &self.nodes)
    }

    fn wire(&self, checker: &mut Checker<'_>, node: &NodeTree) -> Option<crate::model::Ports> {
        ports::wire(checker, self.flow, node, &self.nodes)
    }

    fn error(&self, checker: &mut Checker<'_>, node: &NodeTree) -> Option<NodeIndex> {
        self.wire(checker, node)?.get(ports::ERROR).copied()
    }

    fn number(&self, checker: &mut Checker<'_>, value: &Value) -> Option<Expr> {
        values::compile(checker, value, Type::String, "the number", &self.env)
    }

    fn save(
        &self,
        checker: &mut Checker<'_>,
        node: &NodeTree,
        output: VarType,
    ) -> Option<Assignments> {
        let env = self.env.with_output(output);
        values::assignments(checker, &node.save, &self.env, &env, &self.project_locales)
    }

    fn switch(
        &self,
        checker: &mut Checker<'_>,
        cases: &[(Value, Word)],
        next: &Word,
    ) -> Option<NodeKind> {
        let mut compiled = Some(Vec::new());
        for (when, to) in cases {
            let when = values::compile(checker, when, Type::Boolean, "`when`", &self.env);
            let to = self.target(checker, to);
            match (when, to, &mut compiled) {
                (Some(when), Some(to), Some(compiled)) => compiled.push((when, to)),
                _ => compiled = None,
            }
        }
        let otherwise = self.target(checker, next);
        Some(NodeKind::Switch(Switch { cases: compiled?, otherwise: otherwise? }))
    }

    fn ask(&self, checker: &mut Checker<'_>, node: &NodeTree, ask: &AskTree) -> Option<Ask> {
        let before = checker.diagnostics.len();
        accepts_something(checker, ask);
        self.phrases(checker, ask);
        let prompt = self.prompt(checker, &ask.prompt);
        let mut all = |texts: &[Texts]| -> Option<Vec<Prompt>> {
            let compiled: Vec<_> = texts.iter().map(|t| self.prompt(checker, t)).collect();
            compiled.into_iter().collect()
        };
        let no_input = all(&ask.no_input);
        let no_match = all(&ask.no_match);
        let output = VarType::map([
            ("digits", VarType::of(Type::String)),
            ("text", VarType::of(Type::String)),
            ("confidence", VarType::of(Type::Number)),
            ("tries", VarType::of(Type::Number)),
        ]);
        let save = self.save(checker, node, output);
        let ports = self.wire(checker, node);
        if checker.erred_since(before) {
            return None;
        }
        Some(Ask {
            prompt: prompt?,
            menu: ask.menu.iter().map(|(key, port)| (key.value, port.value.clone())).collect(),
            phrases: ask
                .phrases
                .iter()
                .map(|(port, by_locale)| {
                    let texts = by_locale.iter().map(|(locale, said)| {
                        let said = said.iter().map(|s| s.value.clone()).collect();
                        (locale.value.clone(), said)
                    });
                    (port.value.clone(), texts.collect())
                })
                .collect(),
            digits: ask.digits.as_ref().map(|digits| digits.value.clone()),
            speech: ask.speech,
            timeout: ask.timeout,
            tries: ask.tries,
            no_input: no_input?,
            no_match: no_match?,
            sensitive: ask.sensitive,
            save: save?,
            ports: ports?,
        })
    }

    /// Phrases must be there for every locale, and mean one port.
    fn phrases(&self, checker: &mut Checker<'_>, ask: &AskTree) {
        let mut seen: BTreeMap<(Locale, String), &Word> = BTreeMap::new();
        for (port, by_locale) in &ask.phrases {
            for locale in &self.locales {
                let said = by_locale.iter().find(|(have, _)| have.value == *locale);
                if said.is_none_or(|(_, said)| said.is_empty()) {
                    let message = format!("there are no phrases for `{locale}`");
                    checker.push(
                        Diagnostic::new(Code::MissingLocale, port.span, message)
                            .help(format!("add `{locale}: […]`")),
                    );
                }
            }
            for (locale, said) in by_locale {
                if !self.locales.contains(&locale.value) {
                    prompts::unknown(checker, &locale.value, locale.span, &self.locales);
                }
                for phrase in said {
                    let words: Vec<&str> = phrase.value.split_whitespace().collect();
                    let key = (locale.value.clone(), words.join(" ").to_lowercase());
                    let Some(other) = seen.insert(key, port) else {
                        continue;
                    };
                    if other.value == port.value {
                        continue;
                    }
                    let message = format!(
                        "`{}` means `{}` as well as `{}`",
                        phrase.value, port.value, other.value
                    );
                    checker.push(
                        Diagnostic::new(Code::AmbiguousPhrase, phrase.span, message)
                            .label(other.span, "this port has the same phrase")
                            .help(format!(
                                "callers who say it get `{}`; take it out here",
                                other.value
                            )),
                    );
                }
            }
        }
    }

    fn plugin(&self, checker: &mut Checker<'_>, node: &NodeTree) -> Option<NodeKind> {
        let KindTree::Use { plugin, config: given, with, with_span, timeout } = &node.kind else {
            return None;
        };
        let Some(descriptor) = checker.plugin(plugin) else {
            self.unknown_callee(checker, node, with);
            return None;
        };
        let config = config::config(checker, plugin, descriptor, given.as_ref(), &self.locales);
        let with = config::input(checker, plugin, descriptor, with, *with_span, &self.env);
        let save = self.save(checker, node, plugin_output(&descriptor.output_schema));
        let ports = self.wire(checker, node);
        Some(NodeKind::Use(Use {
            plugin: plugin.value.clone(),
            config: config?,
            with: with?,
            timeout: *timeout,
            save: save?,
            ports: ports?,
        }))
    }

    fn call(
        &self,
        checker: &mut Checker<'_>,
        node: &NodeTree,
        flow: &Word,
        with: &[(Word, Value)],
    ) -> Option<NodeKind> {
        let Some(called) = checker.flow(flow) else {
            self.unknown_callee(checker, node, with);
            return None;
        };
        let with = subflows::inputs(checker, flow, called, with, &self.env);
        let save = self.save(checker, node, subflows::output(called));
        let ports = self.wire(checker, node);
        Some(NodeKind::Call(CallFlow {
            flow: flow.value.clone(),
            with: with?,
            save: save?,
            ports: ports?,
        }))
    }

    /// Says what can be said of a node whose plugin or flow is not there.
    fn unknown_callee(&self, checker: &mut Checker<'_>, node: &NodeTree, with: &[(Word, Value)]) {
        for (_, value) in with {
            values::compile(checker, value, Type::Any, "the value", &self.env);
        }
        self.save(checker, node, VarType::of(Type::Any));
        self.wire(checker, node);
    }
}

fn accepts_something(checker: &mut Checker<'_>, ask: &AskTree) {
    if ask.menu.is_empty() && ask.phrases.is_empty() && ask.digits.is_none() && !ask.speech {
        checker.push(
            Diagnostic::new(Code::MissingKey, ask.span, "this question accepts no answer at all")
                .help("add one of `menu`, `phrases`, `digits` or `speech: true`"),
        );
    }
    if let Some(digits) = &ask.digits
        && digits.value.min > digits.value.max
    {
        let message = format!(
            "at least {} digits and at most {} cannot be",
            digits.value.min, digits.value.max
        );
        checker.push(Diagnostic::new(Code::WrongShape, digits.span, message));
    }
}

/// What `save` sees of a plugin: its output, and `error` when it left by that port.
fn plugin_output(schema: &Json) -> VarType {
    let mut output = types::of_schema(schema, schema);
    let error =
        VarType::map(["code", "kind", "message"].map(|name| (name, VarType::of(Type::String))));
    if let Some(members) = &mut output.members {
        members.insert("error".into(), error);
    }
    output.ty = Type::Map;
    output
}
