//! Types across files: attributes shared by flows, and JSON Schemas as types.

use std::collections::BTreeMap;

use dialgraph_json_schema::NESTED;
use serde_json::Value as Json;

use super::values::{literal_type, type_name};
use super::{Checker, env};
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::VarType;
use crate::model::Type;
use crate::syntax::flow::AttributeTree;

/// Maps within maps whose members are known.
const MAX_DEPTH: usize = 16;

/// Attributes belong to the call: all flows must declare one in the same way.
pub(crate) fn attribute_conflicts(checker: &mut Checker<'_>) {
    let project = checker.project;
    let mut first: BTreeMap<&str, (&AttributeTree, &str)> = BTreeMap::new();
    let mut found = Vec::new();
    for flow in &project.flows {
        for attribute in &flow.tree.attributes {
            let name = &*attribute.name.value;
            let Some((other, other_flow)) = first.get(name) else {
                first.insert(name, (attribute, &flow.name));
                continue;
            };
            let span = attribute.name.span;
            if agree(attribute, other) || checker.only_counts(Code::AttributeConflict, span) {
                continue;
            }
            let Some((ours, theirs)) = difference(attribute, other) else {
                continue;
            };
            let message =
                format!("attribute `{name}` is {ours} here, but {theirs} in flow `{other_flow}`");
            found.push(
                Diagnostic::new(Code::AttributeConflict, attribute.name.span, message)
                    .label(other.name.span, format!("{theirs} here"))
                    .help(
                        "all flows of a call share its attributes: declare it the same way in both \
                        flows, or rename one",
                    ),
            );
        }
    }
    checker.findings.extend(found);
}

fn agree(a: &AttributeTree, b: &AttributeTree) -> bool {
    let defaults = match (&a.default, &b.default) {
        (Some(a), Some(b)) => a.value == b.value,
        _ => true,
    };
    a.ty == b.ty && a.sensitive == b.sensitive && defaults
}

fn difference(a: &AttributeTree, b: &AttributeTree) -> Option<(String, String)> {
    let sensitive = |s: bool| String::from(if s { "sensitive" } else { "not sensitive" });
    if a.ty != b.ty {
        return Some((format!("a {}", type_name(a.ty)), format!("a {}", type_name(b.ty))));
    }
    if a.sensitive != b.sensitive {
        return Some((sensitive(a.sensitive), sensitive(b.sensitive)));
    }
    match (&a.default, &b.default) {
        (Some(a), Some(b)) if a.value != b.value => {
            Some((format!("{} by default", a.value), format!("{} by default", b.value)))
        }
        _ => None,
    }
}

/// Attributes of one flow: names that cannot be used, defaults of another type.
pub(crate) fn declarations(checker: &mut Checker<'_>, attributes: &[AttributeTree]) {
    for attribute in attributes {
        let name = &*attribute.name.value;
        let reserved = env::ROOTS.contains(&name);
        if reserved || (name == env::LOCALE && attribute.ty != Type::String) {
            let message = match reserved {
                true => format!("`{name}` is reserved for the engine"),
                false => "`locale` is the language of the call, a string".to_owned(),
            };
            checker.push(
                Diagnostic::new(Code::ReservedName, attribute.name.span, message)
                    .help("give the attribute another name"),
            );
        }
        let Some(default) = &attribute.default else {
            continue;
        };
        let given = literal_type(&default.value);
        if given.is_some_and(|given| given != attribute.ty && attribute.ty != Type::Any) {
            let message = format!(
                "attribute `{name}` is a {}, its default a {}",
                type_name(attribute.ty),
                given.map_or("null", type_name)
            );
            checker.push(Diagnostic::new(Code::TypeMismatch, default.span, message));
        }
    }
}

/// Follows `$ref`s within `root`.
pub(crate) fn resolve<'s>(root: &'s Json, schema: &'s Json) -> &'s Json {
    let mut schema = schema;
    for _ in 0..NESTED {
        let target = schema.get("$ref").and_then(Json::as_str);
        match target.and_then(|t| root.pointer(t.strip_prefix('#')?)) {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}

/// What expressions may know of values that are valid by `schema`.
///
/// A schema that lists properties is taken at its word: another name is a mistake, unless
/// `additionalProperties` says that there may be more.
pub(crate) fn of_schema(root: &Json, schema: &Json) -> VarType {
    of_schema_within(root, schema, &mut Vec::new())
}

/// `way`: the schemas that led here. One that leads back to itself would double with each level.
fn of_schema_within<'s>(root: &'s Json, schema: &'s Json, way: &mut Vec<&'s Json>) -> VarType {
    let schema = resolve(root, schema);
    let ty = simple_type(root, schema);
    let known = way.iter().any(|before| std::ptr::eq(*before, schema));
    if ty != Type::Map || known || way.len() > MAX_DEPTH {
        return VarType::of(ty);
    }
    let Some(Json::Object(properties)) = schema.get("properties") else {
        return VarType::of(ty);
    };
    if !is_closed(schema) {
        return VarType::of(ty);
    }
    way.push(schema);
    let members: Vec<_> = properties
        .iter()
        .map(|(name, schema)| (name.clone(), of_schema_within(root, schema, way)))
        .collect();
    way.pop();
    VarType::map(members)
}

/// Whether an object may have only the properties that its schema lists.
pub(crate) fn is_closed(schema: &Json) -> bool {
    let open = |key: &str| schema.get(key).is_some_and(|value| *value != Json::Bool(false));
    schema.get("properties").is_some_and(Json::is_object)
        && !open("additionalProperties")
        && !open("patternProperties")
        && !["allOf", "anyOf", "oneOf"].into_iter().any(open)
}

/// The type of values valid by `schema`; any when there may be several.
pub(crate) fn simple_type(root: &Json, schema: &Json) -> Type {
    let schema = resolve(root, schema);
    match schema.get("type") {
        Some(Json::String(word)) => by_word(word),
        Some(Json::Array(words)) => {
            one(words.iter().filter_map(Json::as_str).filter(|word| *word != "null").map(by_word))
        }
        _ => {
            let constants = schema.get("const").into_iter();
            let choices = schema.get("enum").and_then(Json::as_array);
            let mut values = constants.chain(choices.into_iter().flatten()).peekable();
            if values.peek().is_some() {
                return one(values.filter_map(literal_type));
            }
            let branches =
                ["anyOf", "oneOf"].into_iter().find_map(|key| schema.get(key)?.as_array());
            one(branches
                .into_iter()
                .flatten()
                .filter(|branch| branch.get("type") != Some(&Json::String("null".into())))
                .map(|branch| match branch.get("$ref") {
                    Some(_) => resolve(root, branch).get("type"),
                    None => branch.get("type"),
                })
                .map(|ty| ty.and_then(Json::as_str).map_or(Type::Any, by_word)))
        }
    }
}

fn by_word(word: &str) -> Type {
    match word {
        "string" => Type::String,
        "number" | "integer" => Type::Number,
        "boolean" => Type::Boolean,
        "array" => Type::List,
        "object" => Type::Map,
        _ => Type::Any,
    }
}

fn one(mut types: impl Iterator<Item = Type>) -> Type {
    match types.next() {
        Some(first) if types.all(|other| other == first) => first,
        _ => Type::Any,
    }
}
