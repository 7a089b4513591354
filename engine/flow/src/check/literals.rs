//! Texts within maps and lists that read like the name of a value. Such maps are taken as they
//! stand, so the name itself is what a plugin gets: hardly ever what was meant, and no call tells.

use serde_json::Value as Json;

use super::env::ROOTS;
use super::{Checker, marks, types};
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::TypeEnv;
use crate::model::Type;
use crate::source::{Span, Spanned};
use crate::syntax::yaml::{Node, Value};

/// Bytes of an expression that is shown as what to write.
const SHOWN: usize = 120;

/// Tells of names in a map or list that is given where an expression may stand.
pub(crate) fn check(
    checker: &mut Checker<'_>,
    literal: &Json,
    texts: &[Spanned<String>],
    env: &dyn TypeEnv,
) {
    // Written out for every text, a long literal would take the square of its length.
    let is_short = literal.to_string().len() <= SHOWN * 2;
    for text in texts {
        checker.work.count(1);
        if !is_name(&text.value, env) || checker.only_counts(Code::NameAsText, text.span) {
            continue;
        }
        let message =
            format!("`{}` is read as this text, not as the value of that name", text.value);
        let diagnostic = Diagnostic::new(Code::NameAsText, text.span, message);
        let meant = |raw: bool| {
            if !is_short {
                return None;
            }
            let shown = written(literal, &|one| raw && is_name(one, env));
            (shown.len() <= SHOWN).then(|| shown.replace('\'', "''"))
        };
        let (value, text) = match (meant(true), meant(false)) {
            (Some(value), Some(text)) => (value, text),
            _ => (format!("{{\"…\": {}}}", text.value), format!("{{\"…\": \"{}\"}}", text.value)),
        };
        checker.push(diagnostic.help(format!(
            "a YAML map or list holds no expressions; for the value, write the whole of it as one \
            expression: `'{value}'`"
        )).help(format!("if you mean the text, write it as `'{text}'`")));
    }
}

/// Tells of names in a configuration, where there are no expressions at all.
pub(crate) fn of_config(checker: &mut Checker<'_>, root: &Json, node: &Node, env: &dyn TypeEnv) {
    let mut found = Vec::new();
    walk(root, Some(types::resolve(root, root)), node, 0, &mut |text, span, is_free| {
        // What a plugin has a rule for may well be a word that an attribute has, too.
        let of_call = || ROOTS.iter().any(|root| text.starts_with(root));
        if (is_free || of_call()) && is_name(text, env) {
            found.push((text.to_owned(), span));
        }
    });
    for (text, span) in found {
        checker.work.count(1);
        if checker.only_counts(Code::NameAsText, span) {
            continue;
        }
        let message = format!("`{text}` is read as this text, not as the value of that name");
        checker.push(
            Diagnostic::new(Code::NameAsText, span, message)
                .help("`config` is the same in every call: pass values of the flow under `with`"),
        );
    }
}

/// Whether `text` is the name of an attribute, or of a member of one or of `call`, `input` or
/// `output`.
fn is_name(text: &str, env: &dyn TypeEnv) -> bool {
    let mut parts = text.split('.');
    let Some(first) = parts.next().filter(|first| is_word(first)) else { return false };
    let members: Vec<&str> = parts.collect();
    if !members.iter().all(|member| is_word(member))
        || (members.is_empty() && ROOTS.contains(&first))
    {
        return false;
    }
    if first == "output" {
        return true;
    }
    let mut at = env.root(first);
    for member in members {
        let Some(var) = at else { return false };
        at = match (&var.members, var.ty) {
            (Some(members), _) => members.get(member).cloned(),
            (None, Type::Map | Type::Any) => return true,
            (None, _) => None,
        };
    }
    at.is_some()
}

/// Whether it is written as names of variables are.
fn is_word(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

/// The literal as an expression; texts that `is_raw` stand as they are.
fn written(value: &Json, is_raw: &dyn Fn(&str) -> bool) -> String {
    match value {
        Json::String(text) if is_raw(text) => text.clone(),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| written(item, is_raw)).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, member)| {
                    format!("{}: {}", Json::from(name.as_str()), written(member, is_raw))
                })
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}

/// Every text of a configuration, and whether its plugin leaves it free what stands there. Nothing
/// is told of texts that the schema marks: they name something else. None in place of a schema: it
/// has said that everything is free.
fn walk<'s>(
    root: &'s Json,
    schema: Option<&'s Json>,
    node: &Node,
    depth: usize,
    found: &mut dyn FnMut(&str, Span, bool),
) {
    if depth > marks::MAX_DEPTH || schema.is_some_and(|schema| schema.get(marks::REF).is_some()) {
        return;
    }
    let schema = schema.filter(|schema| !is_free(schema));
    // The mark stands beside a reference as well as behind it.
    let part = |inner: Option<&'s Json>| {
        let unmarked = inner.filter(|inner| inner.get(marks::REF).is_none());
        unmarked.map(|inner| types::resolve(root, inner))
    };
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                let inner = match schema {
                    Some(schema) => {
                        let inner = marks::of_member(schema, &entry.key.text).into_iter().next();
                        // A place of which nothing is said is one that only the plugin knows.
                        let Some(inner) = part(inner) else { continue };
                        Some(inner)
                    }
                    None => None,
                };
                walk(root, inner, &entry.value, depth + 1, found);
            }
        }
        Value::List(items) => {
            let inner = match schema {
                Some(schema) => {
                    let Some(inner) = part(schema.get("items")) else { return };
                    Some(inner)
                }
                None => None,
            };
            for item in items {
                walk(root, inner, item, depth + 1, found);
            }
        }
        _ => {
            if let Some(text) = node.text() {
                found(text, node.span, schema.is_none());
            }
        }
    }
}

/// A schema that takes anything.
fn is_free(schema: &Json) -> bool {
    match schema {
        Json::Bool(free) => *free,
        Json::Object(keys) => {
            keys.keys().all(|key| matches!(key.as_str(), "description" | "title" | "default"))
        }
        _ => false,
    }
}
