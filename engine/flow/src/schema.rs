//! JSON Schemas (draft-07, which editors understand) of flow files and project files.
//!
//! Made from the same tables by which files are checked, so the two cannot drift apart. They are
//! checked in under `schemas/`; a first line `# yaml-language-server: $schema=…` makes an editor
//! use one.
//!
//! A schema cannot say everything: what a file refers to, and all that concerns the graph, only
//! [`check`](crate::check()) knows.

use std::collections::BTreeMap;

use dialgraph_base::show_duration;
use serde_json::{Map, Value as Json, json};

use crate::syntax::shape::{Field, Kind, Object, Shape};
use crate::syntax::tables;

/// The schema of `NAME.flow.yaml`.
pub fn flow() -> Json {
    whole(&tables::FLOW_FILE, "Dialgraph flow")
}

/// The schema of `dialgraph.yaml`.
pub fn project() -> Json {
    whole(&tables::PROJECT_FILE, "Dialgraph project")
}

/// The schema of `data/queues.yaml`.
pub fn queues() -> Json {
    whole(&tables::QUEUES, "Dialgraph queues")
}

/// The schema of `data/routing-profiles.yaml`.
pub fn routing_profiles() -> Json {
    whole(&tables::ROUTING_PROFILES, "Dialgraph routing profiles")
}

fn whole(shape: &Shape, title: &str) -> Json {
    let mut definitions = Definitions::new();
    let body = match shape {
        Shape::Object(object) => of_object(object, &mut definitions),
        other => of_shape(other, &mut definitions),
    };
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
    });
    if let (Some(members), Json::Object(body)) = (schema.as_object_mut(), body) {
        members.extend(body);
        members.insert("definitions".into(), Json::Object(definitions.into_iter().collect()));
    }
    schema
}

type Definitions = BTreeMap<String, Json>;

fn of_shape(shape: &Shape, definitions: &mut Definitions) -> Json {
    match shape {
        Shape::Text => json!({"type": ["string", "number", "boolean"]}),
        Shape::Name => json!({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"}),
        Shape::Identifier => json!({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$"}),
        Shape::Locale => json!({
            "type": "string",
            "pattern": "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$"
        }),
        Shape::Words(words) => json!({"enum": words}),
        Shape::Flag => json!({"type": "boolean"}),
        Shape::Whole(min, max) => json!({"type": "integer", "minimum": min, "maximum": max}),
        Shape::Time(min, max) => json!({
            "type": "string",
            "pattern": "^([0-9]+(ms|s|m|h|d))+$",
            "$comment": format!("{} to {}", show_duration(*min), show_duration(*max)),
        }),
        Shape::Key => json!({"type": "string", "pattern": "^[0-9*#]$"}),
        Shape::Expr => json!({"type": ["string", "number", "boolean", "array", "object"]}),
        Shape::Any => Json::Bool(true),
        Shape::Object(object) => {
            defined(object.name, definitions, |definitions| of_object(object, definitions))
        }
        Shape::Map(key, value) => {
            let mut map = json!({
                "type": "object",
                "additionalProperties": of_shape(value, definitions),
            });
            let key = of_shape(key, definitions);
            if let (Some(pattern), Some(map)) = (key.get("pattern"), map.as_object_mut()) {
                map.insert("propertyNames".into(), json!({"pattern": pattern}));
            }
            map
        }
        Shape::List(item) => json!({"type": "array", "items": of_shape(item, definitions)}),
        Shape::Either(shapes) => {
            let all: Vec<Json> = shapes.iter().map(|s| of_shape(s, definitions)).collect();
            json!({"anyOf": all})
        }
        Shape::Node(kinds) => {
            let all: Vec<Json> = kinds
                .iter()
                .map(|kind| {
                    defined(&format!("node-{}", kind.word), definitions, |definitions| {
                        of_kind(kind, definitions)
                    })
                })
                .collect();
            json!({"oneOf": all})
        }
    }
}

/// A reference to a definition, which is made when it is not there yet.
fn defined(
    name: &str,
    definitions: &mut Definitions,
    make: impl FnOnce(&mut Definitions) -> Json,
) -> Json {
    if !definitions.contains_key(name) {
        let schema = make(definitions);
        definitions.insert(name.to_owned(), schema);
    }
    json!({"$ref": format!("#/definitions/{name}")})
}

fn of_object(object: &Object, definitions: &mut Definitions) -> Json {
    let mut schema = json!({
        "description": object.doc,
        "type": "object",
        "additionalProperties": false,
        "required": required(object.fields),
        "properties": properties(object.fields, definitions),
    });
    if let (false, Some(members)) = (object.one_of.is_empty(), schema.as_object_mut()) {
        let one = object.one_of.iter().map(|key| json!({"required": [key]}));
        members.insert("oneOf".into(), one.collect());
    }
    schema
}

fn of_kind(kind: &Kind, definitions: &mut Definitions) -> Json {
    let mut names = vec![kind.word];
    names.extend(required(kind.beside));
    let mut all = Map::new();
    let body = of_shape(&kind.shape, definitions);
    all.insert(kind.word.to_owned(), described(body, kind.doc, None));
    all.extend(properties(kind.beside, definitions));
    json!({
        "description": kind.doc,
        "type": "object",
        "additionalProperties": false,
        "required": names,
        "properties": all,
        "examples": [example(kind.example)],
    })
}

fn required(fields: &[Field]) -> Vec<&'static str> {
    let fields = fields.iter().filter(|field| field.required);
    fields.map(|field| field.key).collect()
}

fn properties(fields: &[Field], definitions: &mut Definitions) -> Map<String, Json> {
    fields
        .iter()
        .map(|field| {
            let schema = of_shape(&field.shape, definitions);
            let schema = described(schema, field.doc, Some(example(field.example)));
            (field.key.to_owned(), schema)
        })
        .collect()
}

/// Beside a `$ref` nothing else counts in draft-07, so a reference is wrapped.
fn described(schema: Json, doc: &str, example: Option<Json>) -> Json {
    let mut members = Map::from_iter([("description".to_owned(), Json::from(doc))]);
    match schema {
        Json::Object(inner) if inner.contains_key("$ref") => {
            members.insert("allOf".into(), json!([inner]));
        }
        Json::Object(inner) => members.extend(inner),
        _ => {}
    }
    if let Some(example) = example {
        members.insert("examples".into(), json!([example]));
    }
    Json::Object(members)
}

/// The examples stand in the tables as JSON; a test proves that all of them are.
fn example(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| Json::from(text))
}
