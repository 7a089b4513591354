//! Flows among each other: inputs, returns, who may call whom.

use std::collections::{BTreeMap, BTreeSet};

use dialgraph_base::Name;

use super::env::Env;
use super::names::Holder;
use super::{Checker, values};
use crate::diagnostic::{Code, Diagnostic, listed};
use crate::expr::{Expr, VarType};
use crate::kinds::Leaving;
use crate::limits::MAX_DECLARED;

use crate::model::Type;
use crate::project::FlowFile;
use crate::source::Span;
use crate::syntax::flow::{Value, Word};

/// Checks and compiles what is given to a called flow.
pub(crate) fn inputs(
    checker: &mut Checker<'_>,
    call: &Word,
    called: &FlowFile,
    with: &[(Word, Value)],
    env: &Env,
) -> Option<Vec<(Name, Expr)>> {
    let declared = &called.tree.inputs;
    if declared.len() > MAX_DECLARED {
        for (_, value) in with {
            values::compile(checker, value, Type::Any, "the value", env);
        }
        return None;
    }
    let what = format!("flow `{}`", called.name);
    let given = pairs(checker, with, declared, Code::InputMismatch, &what, "input", env);
    for (name, expr) in given.iter().flatten() {
        let holder = Holder::Input(called.name.clone(), name.clone());
        checker.facts.give(&checker.here, holder, expr);
    }
    let missing = missing(with, declared);
    if missing.is_empty() || called.broken {
        return given;
    }
    let list = listed(&missing);
    let mut diagnostic =
        Diagnostic::new(Code::InputMismatch, call.span, format!("{what} needs the input {list}"));
    if let Some((first, _)) = declared.first() {
        diagnostic = diagnostic.label(first.span, "declared here");
    }
    checker.push(diagnostic.help("give it under `with:`"));
    None
}

fn missing<'d>(with: &[(Word, Value)], declared: &'d [(Word, Type)]) -> Vec<&'d str> {
    let given: BTreeSet<&str> = with.iter().map(|(given, _)| &*given.value).collect();
    let names = declared.iter().map(|(name, _)| &*name.value);
    names.filter(|name| !given.contains(name)).collect()
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
        checker.work.count(declared.len());
        if known.is_none() && !checker.only_counts(code, name.span) {
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
    let returns = flow.tree.returns.get(..MAX_DECLARED).unwrap_or(&flow.tree.returns);
    let too_many = flow.tree.returns.len() > MAX_DECLARED;
    let Some((declared_at, declared)) = returns.iter().find(|(name, _)| name.value == port.value)
    else {
        if !too_many && !checker.only_counts(Code::ReturnMismatch, port.span) {
            let message = format!("the flow declares no return `{}`", port.value);
            let known = returns.iter().map(|(name, _)| &*name.value);
            let diagnostic = Diagnostic::new(Code::ReturnMismatch, port.span, message)
                .suggest(&port.value, known, "it declares")
                .help(format!("declare it: `returns: {{{}: {{}}}}`", port.value));
            checker.push(diagnostic);
        }
        for (_, value) in with {
            values::compile(checker, value, Type::Any, "the value", env);
        }
        return None;
    };
    if declared.len() > MAX_DECLARED {
        return None;
    }
    let owner = format!("return `{}`", port.value);
    let given = pairs(checker, with, declared, Code::ReturnMismatch, &owner, "value", env);
    for (name, expr) in given.iter().flatten() {
        let holder = Holder::Returned(flow.name.clone(), name.clone());
        checker.facts.give(&checker.here, holder, expr);
    }
    let missing = missing(with, declared);
    if missing.is_empty() {
        return given;
    }
    let list = listed(&missing);
    checker.push(
        Diagnostic::new(Code::ReturnMismatch, port.span, format!("{owner} must give {list}"))
            .label(declared_at.span, "declared here")
            .help("give it under `with:`"),
    );
    None
}

/// What `save` sees of a flow that was called: the values of all its returns.
pub(crate) fn output(called: &FlowFile) -> VarType {
    let mut members: BTreeMap<String, VarType> = BTreeMap::new();
    for (_, values) in called.tree.returns.iter().take(MAX_DECLARED) {
        for (name, ty) in values.iter().take(MAX_DECLARED) {
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
    let returning: BTreeMap<&str, Span> =
        checker.flows.iter().filter_map(|(name, flow)| Some((*name, returns_at(flow)?))).collect();
    let hooks = [
        (&tree.entry, "calls begin here"),
        (&tree.finally, "it runs when a call has ended"),
        (&tree.after, "it runs when a contact is over"),
    ];
    for (word, why) in hooks {
        let Some(word) = word else { continue };
        begun_without_caller(checker, &returning, word, why);
        if let Some(flow) = checker.flows.get(&*word.value).copied() {
            begun_without_inputs(checker, word, flow);
        }
    }
    for flow in &checker.project.flows {
        checker.work.count(flow.tree.nodes.len());
        for node in &flow.tree.nodes {
            if let Leaving::GoesTo(flow) = node.kind.leaves() {
                begun_without_caller(
                    checker,
                    &returning,
                    flow,
                    "after a `goto`, no flow waits for it",
                );
            }
        }
    }
    silent_hooks(checker);
}

fn begun_without_inputs(checker: &mut Checker<'_>, word: &Word, flow: &FlowFile) {
    if let Some((input, _)) = flow.tree.inputs.first() {
        let message = format!(
            "flow `{}` needs the input `{}`, which nothing gives it here",
            flow.name, input.value
        );
        checker.push(
            Diagnostic::new(Code::InputMismatch, word.span, message)
                .label(input.span, "declared here"),
        );
    }
}

/// Where a flow returns first.
fn returns_at(flow: &FlowFile) -> Option<Span> {
    flow.tree.nodes.iter().find_map(|node| match node.kind.leaves() {
        Leaving::Returns(port) => Some(port.span),
        Leaving::Stays | Leaving::Runs(_) | Leaving::GoesTo(_) | Leaving::Ends => None,
    })
}

/// A flow that is not called must not return; `returning` are those that do.
fn begun_without_caller(
    checker: &mut Checker<'_>,
    returning: &BTreeMap<&str, Span>,
    word: &Word,
    why: &str,
) {
    if let Some(at) = returning.get(&*word.value).copied() {
        let message =
            format!("flow `{}` returns to the flow that called it, but {why}", word.value);
        checker.push(
            Diagnostic::new(Code::ReturnWithoutCaller, word.span, message)
                .label(at, "it returns here")
                .help("end it with a `disposition`, or run it with `call:`"),
        );
    }
}

/// Nothing that runs when the caller is gone may speak or wait.
fn silent_hooks(checker: &mut Checker<'_>) {
    let tree = &checker.project.tree;
    let hooks = [
        (&tree.finally, "this flow runs when the call has ended"),
        (&tree.after, "this flow runs when the contact is over"),
    ];
    for (word, why) in hooks {
        if let Some(word) = word {
            silent(checker, word, why);
        }
    }
}

fn silent(checker: &mut Checker<'_>, hook: &Word, why: &str) {
    let mut seen = BTreeSet::new();
    let mut open: Vec<Name> = vec![hook.value.clone()];
    while let Some(name) = open.pop() {
        let Some(flow) = checker.flows.get(&*name).copied() else {
            continue;
        };
        if !seen.insert(name) {
            continue;
        }
        for node in &flow.tree.nodes {
            if let Leaving::Runs(flow) | Leaving::GoesTo(flow) = node.kind.leaves() {
                open.push(flow.value.clone());
            }
            if let Some(does) = node.kind.speaks() {
                loud(checker, node.id.span, &node.id.value, does, (hook.span, why));
            }
        }
    }
}

fn loud(checker: &mut Checker<'_>, span: Span, id: &str, does: &str, hook: (Span, &str)) {
    let message = format!("node `{id}` {does}, but nobody is there when it runs");
    let (hook, why) = hook;
    checker.push(
        Diagnostic::new(Code::FinallyNotSilent, span, message)
            .label(hook, why)
            .help("keep to `use`, `set`, `switch`, `call` and `end` without `say`"),
    );
}
