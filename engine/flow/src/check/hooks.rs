//! The hooks of a project: what each takes, from whom, and what it answers.

use std::sync::Arc;

use dialgraph_json_schema::{Schema, shown};

use super::{Checker, by_locale, prompts};
use crate::diagnostic::{Code, Diagnostic};
use crate::hook::{Hook, MAX_HOOKS};
use crate::source::Span;
use crate::syntax::project::HookTree;
use crate::syntax::shape::first_line;

/// Longest name of a header.
const MAX_HEADER: usize = 64;

/// Checks all hooks, and keeps those in good form.
pub(super) fn project(checker: &mut Checker<'_>) {
    let hooks = &checker.project.tree.hooks;
    if let Some(over) = hooks.get(MAX_HOOKS) {
        let message = format!("the project has {} hooks, it may have {MAX_HOOKS}", hooks.len());
        checker.push(
            Diagnostic::new(Code::TooLarge, over.name.span, message)
                .help("let one hook stand for several events, told apart by what arrives"),
        );
    }
    for tree in hooks.iter().take(MAX_HOOKS) {
        if let Some(hook) = hook(checker, tree) {
            checker.hooks.insert(hook.name.clone(), Arc::new(hook));
        }
    }
}

fn hook(checker: &mut Checker<'_>, tree: &HookTree) -> Option<Hook> {
    let before = checker.findings.errors();
    if let Some(page) = &tree.page {
        let locales = checker.locales.clone();
        prompts::complete(checker, page, &locales);
    }
    if let (Some(signed), Some(page)) = (tree.signed, &tree.page) {
        let message = "a hook with `page` takes what a browser brings, and a browser cannot sign";
        checker.push(
            Diagnostic::new(Code::BadHook, page.span, message)
                .label(signed, "so this would prove nothing")
                .help("take one of the two out: declare two hooks if both the sender and the caller's browser come")
                .help("if the browser alone comes, let a plugin ask the sender whether it is true"),
        );
    }
    for header in &tree.headers {
        if !is_header(&header.value) {
            let message = format!("`{}` is no name of a header", header.value);
            checker.push(
                Diagnostic::new(Code::BadHook, header.span, message)
                    .help(format!("letters, digits and `-`, at most {MAX_HEADER}")),
            );
        }
    }
    let schema = match (&tree.schema, checker.project.hook_schemas.get(&tree.name.value)) {
        (Some(_), Some(node)) => match Schema::new(&node.json()) {
            Ok(schema) => Some(Arc::new(schema)),
            Err(error) => {
                bad_schema(checker, first_line(node), &error.to_string());
                None
            }
        },
        // That the file is not there has been told.
        (Some(_), None) => return None,
        (None, _) => None,
    };
    (!checker.erred_since(before)).then(|| Hook {
        name: tree.name.value.clone(),
        expires: tree.expires,
        schema,
        sensitive: tree.sensitive,
        sender: tree.sender.clone(),
        page: tree.page.as_ref().map(by_locale),
    })
}

fn bad_schema(checker: &mut Checker<'_>, span: Span, error: &str) {
    let message = format!("this schema of a hook cannot be used: {}", shown(error));
    checker.push(Diagnostic::new(Code::BadHook, span, message));
}

fn is_header(name: &str) -> bool {
    (1..=MAX_HEADER).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
