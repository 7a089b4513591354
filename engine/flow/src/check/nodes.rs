//! One flow, node by node.

use std::collections::BTreeMap;
use std::sync::Arc;

use dialgraph_base::{Locale, Name};
use serde_json::Value as Json;

use super::env::{Env, Home};
use super::names::{Here, Holder, Output};
use super::{Checker, Nodes, attributes, ports, prompts, saves, types, values};
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::VarType;
use crate::limits::MAX_DECLARED;

use crate::model::{Assignments, Expr, Flow, Node, NodeIndex, Prompt, Type};
use crate::project::FlowFile;
use crate::syntax::flow::{NodeTree, Texts, Value, Word};

/// Checks everything in `flow` but its graph; the compiled flow if all is well.
pub(crate) fn flow(checker: &mut Checker<'_>, flow: &FlowFile) -> Option<Flow> {
    let before = checker.findings.errors();
    let tree = &flow.tree;
    let place = Place {
        flow,
        nodes: Nodes::of(flow),
        env: Env::of_flow(flow, Home::of(checker.project)),
        locales: checker.flow_locales(flow),
        project_locales: checker.locales.clone(),
    };
    checker.here = Here {
        flow: Some(flow.name.clone()),
        locales: place.locales.clone(),
        output: Output::Unknown,
    };
    types::declarations(checker, &tree.attributes);
    for attribute in &tree.attributes {
        if let Some(Json::String(word)) = attribute.default.as_ref().map(|default| &default.value) {
            checker.facts.begin(Holder::Attribute(attribute.name.value.clone()), word);
        }
    }
    flow_locales(checker, flow);
    declared(checker, flow);
    let start = tree.start.as_ref().and_then(|word| ports::target(checker, word, &place.nodes));
    let on_error = tree.on_error.as_ref().map(|word| ports::target(checker, word, &place.nodes));
    let mut nodes = Some(Vec::with_capacity(tree.nodes.len()));
    for node in &tree.nodes {
        if !checker.work.goes_on(1) {
            return None;
        }
        match (place.node(checker, node), &mut nodes) {
            (Some(node), Some(nodes)) => nodes.push(node),
            _ => nodes = None,
        }
    }
    checker.here = Here::default();
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
        on_error: match on_error {
            Some(target) => Some(target?),
            None => None,
        },
        nodes: nodes?,
    })
}

/// What a flow declares must be few enough to be held against every place that uses it.
fn declared(checker: &mut Checker<'_>, flow: &FlowFile) {
    let tree = &flow.tree;
    let mut at_most = |what: &str, count: usize, over: Option<&Word>| {
        let Some(over) = over else { return };
        let message = format!("{what} are {count}, there may be {MAX_DECLARED}");
        checker.push(
            Diagnostic::new(Code::TooLarge, over.span, message)
                .help("combine related ones into one of type `map`"),
        );
    };
    let over = |typed: &'_ [(Word, Type)]| typed.get(MAX_DECLARED).map(|(name, _)| name.clone());
    at_most("the inputs of the flow", tree.inputs.len(), over(&tree.inputs).as_ref());
    let ports = tree.returns.get(MAX_DECLARED).map(|(port, _)| port);
    at_most("the returns of the flow", tree.returns.len(), ports);
    for (port, values) in tree.returns.iter().take(MAX_DECLARED) {
        let what = format!("the values of return `{}`", port.value);
        at_most(&what, values.len(), over(values).as_ref());
    }
}

fn names(typed: &[(Word, Type)]) -> BTreeMap<Name, Type> {
    typed.iter().map(|(name, ty)| (name.value.clone(), *ty)).collect()
}

fn flow_locales(checker: &mut Checker<'_>, flow: &FlowFile) {
    if checker.locales.is_empty() {
        return;
    }
    for word in flow.tree.locales.iter().flatten() {
        if !checker.locales.contains(&word.value)
            && !checker.only_counts(Code::UnknownLocale, word.span)
        {
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
                    .help("remove it; each flow declares only what it uses"),
            );
        }
    }
}

/// What the nodes of one flow share.
pub(crate) struct Place<'f> {
    pub(crate) flow: &'f FlowFile,
    nodes: Nodes<'f>,
    pub(crate) env: Env,
    pub(crate) locales: Vec<Locale>,
    project_locales: Vec<Locale>,
}

impl Place<'_> {
    fn node(&self, checker: &mut Checker<'_>, node: &NodeTree) -> Option<Node> {
        let line = checker.project.sources.line(node.id.span);
        Some(Node {
            id: node.id.value.clone(),
            line,
            kind: node.kind.compile(checker, self, node)?,
        })
    }

    pub(crate) fn prompt(&self, checker: &mut Checker<'_>, texts: &Texts) -> Option<Prompt> {
        prompts::compile(checker, texts, &self.locales, &self.env)
    }

    /// An optional prompt; the outer none is a mistake.
    pub(crate) fn say(
        &self,
        checker: &mut Checker<'_>,
        texts: Option<&Texts>,
    ) -> Option<Option<Prompt>> {
        match texts {
            Some(texts) => self.prompt(checker, texts).map(Some),
            None => Some(None),
        }
    }

    pub(crate) fn target(&self, checker: &mut Checker<'_>, word: &Word) -> Option<NodeIndex> {
        ports::target(checker, word, &self.nodes)
    }

    pub(crate) fn wire(
        &self,
        checker: &mut Checker<'_>,
        node: &NodeTree,
    ) -> Option<crate::model::Ports> {
        ports::wire(checker, self.flow, node, &self.nodes)
    }

    pub(crate) fn error(&self, checker: &mut Checker<'_>, node: &NodeTree) -> Option<NodeIndex> {
        self.wire(checker, node)?.get(ports::ERROR).copied()
    }

    pub(crate) fn number(&self, checker: &mut Checker<'_>, value: &Value) -> Option<Expr> {
        self.value(checker, value, Type::String, "the number")
    }

    pub(crate) fn value(
        &self,
        checker: &mut Checker<'_>,
        value: &Value,
        expected: Type,
        what: &str,
    ) -> Option<Expr> {
        values::compile(checker, value, expected, what, &self.env)
    }

    /// Values for attributes, which see nothing but the attributes.
    pub(crate) fn assignments(
        &self,
        checker: &mut Checker<'_>,
        assign: &[(Word, Value)],
    ) -> Option<Assignments> {
        values::assignments(checker, assign, &self.env, &self.env, &self.project_locales)
    }

    pub(crate) fn save(
        &self,
        checker: &mut Checker<'_>,
        node: &NodeTree,
        output: VarType,
        from: Output,
    ) -> Option<Assignments> {
        let env = self.env.with_output(output);
        checker.here.output = from;
        let save = values::assignments(checker, &node.save, &self.env, &env, &self.project_locales);
        checker.here.output = Output::Unknown;
        let before = checker.findings.errors();
        saves::check(checker, node, save.as_deref().unwrap_or_default());
        save.filter(|_| !checker.erred_since(before))
    }

    /// Says what can be said of a node whose plugin or flow is not there.
    pub(crate) fn unknown_callee(
        &self,
        checker: &mut Checker<'_>,
        node: &NodeTree,
        with: &[(Word, Value)],
    ) {
        for (_, value) in with {
            values::compile(checker, value, Type::Any, "the value", &self.env);
        }
        self.save(checker, node, VarType::of(Type::Any), Output::Unknown);
        self.wire(checker, node);
    }
}

/// What `save` sees of a plugin: its output, and `error` when it left by that port.
pub(super) fn plugin_output(schema: &Json) -> VarType {
    let mut output = types::of_schema(schema, schema);
    let error =
        VarType::map(["code", "kind", "message"].map(|name| (name, VarType::of(Type::String))));
    if let Some(members) = &mut output.members {
        Arc::make_mut(members).insert("error".into(), error);
    }
    output.ty = Type::Map;
    output
}
