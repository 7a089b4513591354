//! What a flow gives a plugin: `config` and `with`, held against the plugin's schemas.

use std::collections::BTreeSet;
use std::sync::Arc;

use jsonschema::error::ValidationErrorKind;
use serde_json::{Map as JsonMap, Value as Json};

use super::{Checker, prompts, types, values};
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::{Expr, TypeEnv};
use crate::model::{Descriptor, Locale, Name, Type};
use crate::source::{Span, Spanned};
use crate::syntax::flow::{Value, Word, texts};
use crate::syntax::shape::first_line;
use crate::syntax::yaml::{self, Node};

/// The mark in a plugin's schema: the value names something of the project.
const REF: &str = "x-dialgraph-ref";
/// Schemas within schemas that are followed.
const MAX_DEPTH: usize = 32;

/// Checks the configuration of a plugin; gives it with calendars in place of their names.
pub(crate) fn config(
    checker: &mut Checker<'_>,
    plugin: &Word,
    descriptor: &Descriptor,
    given: Option<&Node>,
    locales: &[Locale],
) -> Option<Arc<str>> {
    let empty = Node { span: plugin.span, value: yaml::Value::Map(Vec::new()) };
    let node = given.unwrap_or(&empty);
    let before = checker.diagnostics.len();
    let mut value = node.json();
    let mut marks = Vec::new();
    let schema = &descriptor.config_schema;
    find_marks(schema, schema, &value, "", 0, &mut marks);
    let mut done = BTreeSet::new();
    for (pointer, mark) in marks {
        if done.insert((pointer.clone(), mark.clone())) {
            resolve_mark(checker, node, &mut value, &pointer, &mark, locales);
        }
    }
    validate(checker, plugin, schema, node, &value);
    (checker.diagnostics.len() == before).then(|| value.to_string().into())
}

/// Finds every place of `value` that `schema` marks with `x-dialgraph-ref`.
fn find_marks(
    root: &Json,
    schema: &Json,
    value: &Json,
    pointer: &str,
    depth: usize,
    out: &mut Vec<(String, String)>,
) {
    if depth > MAX_DEPTH {
        return;
    }
    let schema_here = schema;
    let schema = types::resolve(root, schema);
    for mark in [schema_here, schema] {
        if let Some(mark) = mark.get(REF).and_then(Json::as_str) {
            out.push((pointer.to_owned(), mark.to_owned()));
            return;
        }
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        for branch in schema.get(key).and_then(Json::as_array).into_iter().flatten() {
            find_marks(root, branch, value, pointer, depth + 1, out);
        }
    }
    match value {
        Json::Object(members) => {
            for (name, member) in members {
                let inner = schema
                    .get("properties")
                    .and_then(|properties| properties.get(name))
                    .or_else(|| schema.get("additionalProperties"));
                if let Some(inner) = inner {
                    let pointer = format!("{pointer}/{}", escape(name));
                    find_marks(root, inner, member, &pointer, depth + 1, out);
                }
            }
        }
        Json::Array(items) => {
            if let Some(inner) = schema.get("items") {
                for (i, item) in items.iter().enumerate() {
                    let pointer = format!("{pointer}/{i}");
                    find_marks(root, inner, item, &pointer, depth + 1, out);
                }
            }
        }
        _ => {}
    }
}

fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

fn resolve_mark(
    checker: &mut Checker<'_>,
    node: &Node,
    value: &mut Json,
    pointer: &str,
    mark: &str,
    locales: &[Locale],
) {
    let at = node.at_pointer(pointer);
    if mark == "prompt" {
        let Some(prompt) = texts(at, first_line(at)) else {
            let message = "a prompt is a map with one text for each locale";
            checker.push(Diagnostic::new(Code::BadConfig, first_line(at), message));
            return;
        };
        prompts::complete(checker, &prompt, locales);
        return;
    }
    let Some(text) = at.text() else {
        let message = format!("this must be the name of a {mark}, not {}", at.what());
        checker.push(Diagnostic::new(Code::BadConfig, first_line(at), message));
        return;
    };
    let word = Spanned::new(Name::from(text), at.span);
    match mark {
        "queue" => {
            checker.queue(&word);
        }
        "collection" => checker.collection(&word),
        "calendar" => {
            if let (Some(calendar), Some(place)) =
                (checker.calendar(&word), value.pointer_mut(pointer))
            {
                *place = calendar.clone();
            }
        }
        // A mark of a later contract: nothing of it can be checked.
        _ => {}
    }
}

/// The plugin's schema with the marked places left open where what stands there has been checked already.
///
/// A place keeps its schema if that describes an object: a prompt's texts, or the calendar itself.
fn unmarked(schema: &Json, depth: usize) -> Json {
    if depth > MAX_DEPTH {
        return Json::Bool(true);
    }
    match schema {
        Json::Object(members) => {
            let is_object = members.get("type") == Some(&Json::String("object".into()));
            match members.get(REF).and_then(Json::as_str) {
                Some("calendar" | "prompt") if is_object => {}
                Some("prompt" | "calendar" | "queue" | "collection") => return Json::Bool(true),
                _ => {}
            }
            let open =
                members.iter().map(|(name, inner)| (name.clone(), unmarked(inner, depth + 1)));
            Json::Object(JsonMap::from_iter(open))
        }
        Json::Array(items) => items.iter().map(|item| unmarked(item, depth + 1)).collect(),
        other => other.clone(),
    }
}

fn validate(checker: &mut Checker<'_>, plugin: &Word, schema: &Json, node: &Node, value: &Json) {
    let validator = match jsonschema::draft7::new(&unmarked(schema, 0)) {
        Ok(validator) => validator,
        Err(error) => {
            let message = format!(
                "the schema by which `{}` describes its configuration is wrong: {error}",
                plugin.value
            );
            checker.push(
                Diagnostic::new(Code::BadConfig, plugin.span, message)
                    .help("tell the author of the plugin"),
            );
            return;
        }
    };
    for error in validator.iter_errors(value) {
        let pointer = error.instance_path().to_string();
        let at = node.at_pointer(&pointer);
        let place = if pointer.is_empty() {
            "the configuration".to_owned()
        } else {
            format!("`{}`", pointer.trim_start_matches('/').replace('/', "."))
        };
        for (span, message, known) in findings(&error, at, &place) {
            let told = |d: &Diagnostic| d.code == Code::BadConfig && d.primary.span == span;
            if known.is_none() && checker.diagnostics.iter().any(told) && at.map().is_none() {
                continue;
            }
            let part = part_for(schema, &pointer);
            let mut diagnostic = Diagnostic::new(Code::BadConfig, span, message);
            if let Some(name) = known {
                let keys = property_names(schema, part);
                diagnostic =
                    diagnostic.suggest(&name, keys.iter().map(String::as_str), "it can have");
            } else if let (Some(given), Some(words)) = (at.text(), part.and_then(words)) {
                let what = format!("`{given}` is no choice for {place}");
                diagnostic.message = what;
                diagnostic = diagnostic.suggest(given, words, "choose one of");
            } else if let Some(about) = part.and_then(|part| part.get("description")?.as_str()) {
                diagnostic = diagnostic.help(about);
            }
            checker.push(diagnostic);
        }
    }
}

/// Place and message for each thing that one error of the validator tells of, and the unknown key, if any.
fn findings(
    error: &jsonschema::ValidationError<'_>,
    at: &Node,
    place: &str,
) -> Vec<(Span, String, Option<String>)> {
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|name| {
                let span = at.entry(name).map_or(first_line(at), |e| e.key.span);
                let message = format!("{place} has no key `{name}`");
                (span, message, Some(name.clone()))
            })
            .collect(),
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().map_or_else(|| property.to_string(), str::to_owned);
            let message = format!("{place} needs the key `{name}`");
            vec![(first_line(at), message, None)]
        }
        _ => vec![(first_line(at), format!("{place}: {error}"), None)],
    }
}

/// The part of `schema` for the value at `pointer`, as far as properties and items lead to it.
fn part_for<'s>(root: &'s Json, pointer: &str) -> Option<&'s Json> {
    let mut schema = types::resolve(root, root);
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let next = schema
            .get("properties")
            .and_then(|properties| properties.get(&token))
            .or_else(|| schema.get("items"))
            .or_else(|| schema.get("additionalProperties"))?;
        schema = types::resolve(root, next);
    }
    Some(schema)
}

/// The words to choose from, where a schema allows only some: an `enum`, or one `const` in every branch.
fn words(schema: &Json) -> Option<Vec<&str>> {
    if let Some(Json::Array(choices)) = schema.get("enum") {
        return choices.iter().map(Json::as_str).collect();
    }
    let branches = ["oneOf", "anyOf"].into_iter().find_map(|key| schema.get(key)?.as_array())?;
    let constants = branches.iter().map(|branch| branch.get("const")?.as_str());
    constants.collect()
}

fn property_names(root: &Json, schema: Option<&Json>) -> Vec<String> {
    let schema = schema.map(|schema| types::resolve(root, schema));
    let properties = schema.and_then(|schema| schema.get("properties"));
    let names = properties.and_then(Json::as_object).map(|p| p.keys().cloned());
    names.map(Iterator::collect).unwrap_or_default()
}

/// Checks what a flow gives under `with:` and compiles it.
pub(crate) fn input(
    checker: &mut Checker<'_>,
    plugin: &Word,
    descriptor: &Descriptor,
    with: &[(Word, Value)],
    with_span: Span,
    env: &dyn TypeEnv,
) -> Option<Vec<(Name, Expr)>> {
    let root = &descriptor.input_schema;
    let schema = types::resolve(root, root);
    let properties = schema.get("properties").and_then(Json::as_object);
    let mut good = true;
    let mut compiled = Vec::new();
    for (name, value) in with {
        let property = properties.and_then(|properties| properties.get(&*name.value));
        if property.is_none()
            && (types::is_closed(schema)
                || properties.is_none_or(JsonMap::is_empty) && !is_open(schema))
        {
            let known: Vec<&str> =
                properties.map(|p| p.keys().map(String::as_str).collect()).unwrap_or_default();
            let message = format!("plugin `{}` has no input `{}`", plugin.value, name.value);
            checker.push(Diagnostic::new(Code::BadInput, name.span, message).suggest(
                &name.value,
                known,
                "its inputs are",
            ));
            good = false;
        }
        let expected = property.map_or(Type::Any, |schema| types::simple_type(root, schema));
        let what = format!("input `{}`", name.value);
        match values::compile(checker, value, expected, &what, env) {
            Some(expr) => {
                good &= constant(checker, root, property, name, value.span(), &expr);
                compiled.push((name.value.clone(), expr));
            }
            None => good = false,
        }
    }
    good &= required(checker, plugin, schema, with, with_span);
    good.then_some(compiled)
}

/// An object schema that says outright that anything may be in it.
fn is_open(schema: &Json) -> bool {
    match schema {
        Json::Bool(open) => *open,
        _ => schema.get("additionalProperties").is_some_and(|more| *more != Json::Bool(false)),
    }
}

fn required(
    checker: &mut Checker<'_>,
    plugin: &Word,
    schema: &Json,
    with: &[(Word, Value)],
    with_span: Span,
) -> bool {
    let mut good = true;
    let names = schema.get("required").and_then(Json::as_array);
    for name in names.into_iter().flatten().filter_map(Json::as_str) {
        if with.iter().any(|(given, _)| *given.value == *name) {
            continue;
        }
        good = false;
        let message = format!("plugin `{}` needs the input `{name}`", plugin.value);
        let about = schema
            .pointer(&format!("/properties/{}/description", escape(name)))
            .and_then(Json::as_str);
        let about = about.map_or_else(String::new, |about| format!(": {about}"));
        checker.push(
            Diagnostic::new(Code::BadInput, with_span, message)
                .help(format!("add `{name}: EXPRESSION` under `with:`{about}")),
        );
    }
    good
}

/// A value that is known before any call can be held against the whole schema.
fn constant(
    checker: &mut Checker<'_>,
    root: &Json,
    property: Option<&Json>,
    name: &Word,
    span: Span,
    expr: &Expr,
) -> bool {
    let (Some(property), Some(value)) = (property, expr.constant()) else {
        return true;
    };
    let mut whole = types::resolve(root, property).clone();
    for shared in ["definitions", "$defs"] {
        if let (Some(defs), Some(members)) = (root.get(shared), whole.as_object_mut()) {
            members.insert(shared.into(), defs.clone());
        }
    }
    let Ok(validator) = jsonschema::draft7::new(&whole) else {
        return true;
    };
    let mut good = true;
    for error in validator.iter_errors(value) {
        let message = format!("input `{}`: {error}", name.value);
        checker.push(Diagnostic::new(Code::BadInput, span, message));
        good = false;
    }
    good
}
