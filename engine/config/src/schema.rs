//! The JSON Schema (draft-07, which editors understand) of `dialgraph.toml`.
//!
//! It is checked in as `schemas/dialgraph.schema.json`; a first line `#:schema …` makes an editor
//! use it. It knows names, kinds of values and the bounds of numbers; what several keys must be
//! together, only [`Config::load`](crate::Config::load) knows.

use serde_json::{Map, Value, json};

use crate::declare::{Key, Keys};
use crate::{Config, all};

/// The schema of `dialgraph.toml`.
pub fn schema() -> Value {
    let config = Config::default();
    let sections = all().into_iter().map(|section| {
        let Keys { section, about, page, keys } = section;
        let about = match page {
            Some(page) => format!("{about} More: docs/{page}"),
            None => about,
        };
        let keys: Map<String, Value> =
            keys.into_iter().map(|key| (key.name.to_owned(), of_key(key, &config))).collect();
        let value = json!({
            "description": about,
            "type": "object",
            "additionalProperties": false,
            "properties": keys,
        });
        (section.to_owned(), value)
    });
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Dialgraph configuration",
        "type": "object",
        "additionalProperties": false,
        "properties": sections.collect::<Map<_, _>>(),
    })
}

fn of_key(key: Key, config: &Config) -> Value {
    let mut schema = json!({"description": key.meaning});
    if let (Some(members), Value::Object(kind)) = (schema.as_object_mut(), key.schema) {
        members.extend(kind);
        // What is shown of a value is JSON, too.
        let default = serde_json::from_str((key.show)(config).as_str());
        members.extend(default.ok().map(|default: Value| ("default".to_owned(), default)));
    }
    schema
}
