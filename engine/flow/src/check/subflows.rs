//! Flows among each other: inputs, returns, who may call whom.

use std::collections::{BTreeMap, BTreeSet};

use super::env::Env;
use super::{Checker, values};
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::{Expr, VarType};
use crate::model::{Name, Type};
use crate::project::FlowFile;
use crate::source::Span;
use crate::syntax::flow::{KindTree, NodeTree, Value, Word};

/// Checks and compiles what is given to a called flow.
pub(crate) fn inputs(
    checker: &mut Checker<'_>,
    call: &Word,
    called: &FlowFile,
    with: &[(Word, Value)],
    env: &Env,
) -> Option<Vec<(Name, Expr)>> {
    let declared = &called.tree.inputs;
    let what = format!("flow `{}`", called.name);
    let given = pairs(checker, with, declared, Code::InputMismatch, &what, "input", env);
    let missing = missing(with, declared);
    if missing.is_empty() || called.broken {
        return given;
    }
    let list = missing.join("`, `");
    let mut diagnostic =
        Diagnostic::new(Code::InputMismatch, call.span, format!("{what} needs the input `{list}`"));
    if let Some((first, _)) = declared.first() {
        diagnostic = diagnostic.label(first.span, "declared here");
    }
    checker.push(diagnostic.help("give it under `with:`"));
    None
}

fn missing<'d>(with: &[(Word, Value)], declared: &'d [(Word, Type)]) -> Vec<&'d str> {
    declared
        .iter()
        .map(|(name, _)| &*name.value)
        .filter(|name| !with.iter().any(|(given, _)| *given.value == **name))
        .collect()
}

fn pairs(
    checker: &mut Checker<'_>,
    with: &[(Word, Value)],
    declared: &[(Word, Type)],
    code: Code,
    owner: &str,
    what: &str,
    env: &Env,
) -> Option<Vec<(Name, Expr)>> {
    let mut compiled = Some(Vec::new());
    for (name, value) in with {
        let known = declared.iter().find(|(known, _)| known.value == name.value);
        let ty = known.map_or(Type::Any, |(_, ty)| *ty);
        if known.is_none() {
            let message = format!("{owner} has no {what} `{}`", name.value);
            let names = declared.iter().map(|(name, _)| &*name.value);
            checker.push(Diagnostic::new(code, name.span, message).suggest(
                &name.value,
                names,
                "it has",
            ));
        }
        let place = format!("{what} `{}`", name.value);
        let expr = values::compile(checker, value, ty, &place, env);
        match (known, expr, &mut compiled) {
            (Some(_), Some(expr), Some(compiled)) => compiled.push((name.value.clone(), expr)),
            _ => compiled = None,
        }
    }
    compiled
}

/// Checks and compiles the values of a return.
pub(crate) fn returned(
    checker: &mut Checker<'_>,
    flow: &FlowFile,
    port: &Word,
    with: &[(Word, Value)],
    env: &Env,
) -> Option<Vec<(Name, Expr)>> {
    let returns = &flow.tree.returns;
    let Some((declared_at, declared)) = returns.iter().find(|(name, _)| name.value == port.value)
    else {
        let message = format!("the flow declares no return `{}`", port.value);
        let known = returns.iter().map(|(name, _)| &*name.value);
        let diagnostic = Diagnostic::new(Code::ReturnMismatch, port.span, message)
            .suggest(&port.value, known, "it declares")
            .help(format!("declare it: `returns: {{{}: {{}}}}`", port.value));
        checker.push(diagnostic);
        for (_, value) in with {
            values::compile(checker, value, Type::Any, "the value", env);
        }
        return None;
    };
    let owner = format!("return `{}`", port.value);
    let given = pairs(checker, with, declared, Code::ReturnMismatch, &owner, "value", env);
    let missing = missing(with, declared);
    if missing.is_empty() {
        return given;
    }
    let list = missing.join("`, `");
    checker.push(
        Diagnostic::new(Code::ReturnMismatch, port.span, format!("{owner} must give `{list}`"))
            .label(declared_at.span, "declared here")
            .help("give it under `with:`"),
    );
    None
}

/// What `save` sees of a flow that was called: the values of all its returns.
pub(crate) fn output(called: &FlowFile) -> VarType {
    let mut members: BTreeMap<String, VarType> = BTreeMap::new();
    for (_, values) in &called.tree.returns {
        for (name, ty) in values {
            members
                .entry(name.value.to_string())
                .and_modify(|known| {
                    if known.ty != *ty {
                        known.ty = Type::Any;
                    }
                })
                .or_insert_with(|| VarType::of(*ty));
        }
    }
    match called.broken {
        true => VarType::of(Type::Map),
        false => VarType::map(members),
    }
}

/// The rules between flows that concern the project as a whole.
pub(crate) fn project(checker: &mut Checker<'_>) {
    let tree = &checker.project.tree;
    for (word, why) in
        [(&tree.entry, "calls begin here"), (&tree.finally, "it runs when a call has ended")]
    {
        let Some(word) = word else { continue };
        begun_without_caller(checker, word, why);
        if let Some(flow) = checker.flows.get(&*word.value).copied() {
            begun_without_inputs(checker, word, flow);
        }
    }
    for flow in &checker.project.flows {
        for node in &flow.tree.nodes {
            if let KindTree::Goto { flow } = &node.kind {
                begun_without_caller(checker, flow, "after a `goto` nobody waits for it");
            }
        }
    }
    finally(checker);
}

fn begun_without_inputs(checker: &mut Checker<'_>, word: &Word, flow: &FlowFile) {
    if let Some((input, _)) = flow.tree.inputs.first() {
        let message = format!(
            "flow `{}` needs the input `{}`, and here nothing gives it",
            flow.name, input.value
        );
        checker.push(
            Diagnostic::new(Code::InputMismatch, word.span, message)
                .label(input.span, "declared here"),
        );
    }
}

/// A flow that is not called must not return.
fn begun_without_caller(checker: &mut Checker<'_>, word: &Word, why: &str) {
    let Some(flow) = checker.flows.get(&*word.value) else {
        return;
    };
    let returning = flow.tree.nodes.iter().find_map(|node| match &node.kind {
        KindTree::Return { port, .. } => Some(port.span),
        _ => None,
    });
    if let Some(at) = returning {
        let message =
            format!("flow `{}` returns to the flow that called it, but {why}", word.value);
        checker.push(
            Diagnostic::new(Code::ReturnWithoutCaller, word.span, message)
                .label(at, "it returns here")
                .help("end it with a `disposition`, or run it with `call:`"),
        );
    }
}

/// Nothing that runs when the call has ended may speak or wait.
fn finally(checker: &mut Checker<'_>) {
    let tree = &checker.project.tree;
    let (Some(word), Some(span)) = (&tree.finally, tree.finally_span()) else {
        return;
    };
    let mut seen = BTreeSet::new();
    let mut open: Vec<Name> = vec![word.value.clone()];
    while let Some(name) = open.pop() {
        let Some(flow) = checker.flows.get(&*name).copied() else {
            continue;
        };
        if !seen.insert(name) {
            continue;
        }
        for node in &flow.tree.nodes {
            if let KindTree::Call { flow, .. } | KindTree::Goto { flow } = &node.kind {
                open.push(flow.value.clone());
            }
            if let Some(does) = speaks_or_waits(node) {
                loud(checker, node.id.span, &node.id.value, does, span);
            }
        }
    }
}

fn speaks_or_waits(node: &NodeTree) -> Option<&'static str> {
    Some(match &node.kind {
        KindTree::Say { .. } => "speaks",
        KindTree::Ask(_) => "asks",
        KindTree::Queue { .. } | KindTree::Callback { .. } | KindTree::Transfer { .. } => {
            "hands the caller on"
        }
        KindTree::Return { say: Some(_), .. } | KindTree::HangUp { say: Some(_), .. } => "speaks",
        _ => return None,
    })
}

fn loud(checker: &mut Checker<'_>, span: Span, id: &str, does: &str, finally: Span) {
    let message = format!("node `{id}` {does}, but nobody is there when it runs");
    checker.push(
        Diagnostic::new(Code::FinallyNotSilent, span, message)
            .label(finally, "this flow runs when the call has ended")
            .help("keep to `use`, `set`, `switch`, `call` and `end` without `say`"),
    );
}
