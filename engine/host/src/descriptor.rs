//! Checks what a plugin says of itself.

use dialgraph_base::{Descriptor, Port};
use dialgraph_json_schema::{Schema, SchemaError};
use serde_json::Value;

use crate::bindings::exports::dialgraph::plugin::plugin as wit;

/// Bytes of one schema.
const SCHEMA_BYTES: usize = 64 << 10;
/// Bytes of a name.
const NAME_BYTES: usize = 64;
const PORTS: usize = 64;

/// The descriptor in the engine's words, or what is wrong with it.
pub(crate) fn read(raw: wit::Descriptor) -> Result<Descriptor, String> {
    if !is_name(&raw.name, "-") {
        return Err(format!(
            "its name is `{}`; a name is lower-case words joined by `-`, {NAME_BYTES} bytes at most, such as `customer-lookup`",
            shown(&raw.name)
        ));
    }
    if !is_version(&raw.version) {
        return Err(format!(
            "its version is `{}`; a version is three numbers, such as `1.4.0`",
            shown(&raw.version)
        ));
    }
    let descriptor = Descriptor {
        name: raw.name.into(),
        version: raw.version,
        summary: summary(raw.summary, "it")?,
        ports: ports(raw.ports)?,
        config_schema: schema("config-schema", &raw.config_schema)?,
        input_schema: schema("input-schema", &raw.input_schema)?,
        output_schema: schema("output-schema", &raw.output_schema)?,
    };
    for (name, schema) in [
        ("config-schema", &descriptor.config_schema),
        ("input-schema", &descriptor.input_schema),
        ("output-schema", &descriptor.output_schema),
    ] {
        Schema::new(schema).map_err(|error| match error {
            SchemaError::Invalid(reason) => {
                format!("its {name} is not JSON Schema (draft-07): {reason}")
            }
            SchemaError::Limit(reason) => format!("its {name} asks for too much: {reason}"),
        })?;
    }
    Ok(descriptor)
}

/// A validator of `schema`, or none where every object is valid.
pub(crate) fn validator(schema: &Value) -> Result<Option<Schema>, String> {
    if admits_every_object(schema) {
        return Ok(None);
    }
    Schema::new(schema).map(Some).map_err(|error| error.to_string())
}

fn admits_every_object(schema: &Value) -> bool {
    const NOTES: [&str; 6] = ["$schema", "$id", "title", "description", "$comment", "examples"];
    match schema {
        Value::Bool(admits) => *admits,
        Value::Object(keys) => keys.iter().all(|(key, value)| {
            NOTES.contains(&key.as_str())
                || (key == "type" && value == "object")
                || (key == "additionalProperties" && value == &Value::Bool(true))
                || (key == "properties" && value.as_object().is_some_and(serde_json::Map::is_empty))
        }),
        _ => false,
    }
}

fn ports(raw: Vec<wit::Port>) -> Result<Vec<Port>, String> {
    if raw.is_empty() || raw.len() > PORTS {
        return Err(format!("it has {} ports; a plugin has 1 to {PORTS}", raw.len()));
    }
    let mut ports: Vec<Port> = Vec::with_capacity(raw.len());
    for port in raw {
        if port.name == "error" {
            return Err("it lists port `error`, which every plugin has by itself".to_owned());
        }
        if !is_name(&port.name, "-_") {
            return Err(format!(
                "a port is named `{}`; a port's name is lower-case words joined by `_` or `-`, {NAME_BYTES} bytes at most",
                shown(&port.name)
            ));
        }
        if ports.iter().any(|known| *known.name == *port.name) {
            return Err(format!("it lists port `{}` twice", port.name));
        }
        let summary = summary(port.summary, &format!("port `{}`", port.name))?;
        ports.push(Port { name: port.name.into(), summary });
    }
    Ok(ports)
}

fn summary(text: String, whose: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.len() > 1_024 || text.contains('\n') {
        return Err(format!(
            "{whose} has no good summary: one sentence is wanted, on one line and of 1,024 bytes at most"
        ));
    }
    Ok(text.to_owned())
}

fn schema(name: &str, text: &str) -> Result<Value, String> {
    if text.len() > SCHEMA_BYTES {
        return Err(format!("its {name} has {} bytes; {SCHEMA_BYTES} are allowed", text.len()));
    }
    serde_json::from_str(text).map_err(|error| format!("its {name} is not JSON: {error}"))
}

/// Lower-case words joined by one of `joints`.
fn is_name(text: &str, joints: &str) -> bool {
    text.len() <= NAME_BYTES
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.split(|joint| joints.contains(joint)).all(|word| {
            !word.is_empty()
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

/// Semantic version, roughly: three numbers, then perhaps a pre-release or a build.
fn is_version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    text.len() <= NAME_BYTES
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && core.split('.').count() == 3
        && core
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Text of a plugin, fit for a message.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(80).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw() -> wit::Descriptor {
        wit::Descriptor {
            name: "hours-check".to_owned(),
            version: "1.2.0".to_owned(),
            summary: "Says whether an office is open.".to_owned(),
            ports: vec![port("open"), port("closed")],
            config_schema: r#"{"type":"object","required":["calendar"]}"#.to_owned(),
            input_schema: "{}".to_owned(),
            output_schema: "true".to_owned(),
            extra: Vec::new(),
        }
    }

    fn port(name: &str) -> wit::Port {
        wit::Port { name: name.to_owned(), summary: "Taken sometimes.".to_owned() }
    }

    fn complaint(change: impl FnOnce(&mut wit::Descriptor)) -> String {
        let mut descriptor = raw();
        change(&mut descriptor);
        read(descriptor).unwrap_err()
    }

    #[test]
    fn a_good_descriptor_is_read_whole() {
        let descriptor = read(raw()).unwrap();
        assert_eq!(&*descriptor.name, "hours-check");
        assert_eq!(descriptor.ports.len(), 2);
        assert_eq!(descriptor.config_schema["required"][0], "calendar");
    }

    #[test]
    fn what_is_wrong_with_a_descriptor_is_said() {
        let complaints = [
            complaint(|d| d.name = "Hours Check".to_owned()),
            complaint(|d| d.name = "a--b".to_owned()),
            complaint(|d| d.name = "x".repeat(100)),
            complaint(|d| d.version = "1.2".to_owned()),
            complaint(|d| d.summary = "two\nlines".to_owned()),
            complaint(|d| d.ports.clear()),
            complaint(|d| d.ports.push(port("error"))),
            complaint(|d| d.ports.push(port("open"))),
            complaint(|d| d.ports.push(port("Open"))),
            complaint(|d| d.ports[0].summary.clear()),
            complaint(|d| d.config_schema = "{".to_owned()),
            complaint(|d| d.input_schema = r#"{"type":"strnig"}"#.to_owned()),
            complaint(|d| {
                d.input_schema = r#"{"$ref":"https://example.com/schema.json"}"#.to_owned();
            }),
            complaint(|d| d.output_schema = format!("\"{}\"", "x".repeat(70_000))),
        ];
        insta::assert_snapshot!(complaints.join("\n"));
    }

    #[test]
    fn a_schema_that_asks_for_too_much_is_refused_wherever_it_stands() {
        let definitions: Vec<String> = (0..40)
            .map(|n| {
                let next = format!(r##"{{"$ref":"#/definitions/d{}"}}"##, n + 1);
                format!(r#""d{n}":{{"allOf":[{next},{next}]}}"#)
            })
            .collect();
        let doubled = format!(
            r##"{{"definitions":{{{},"d40":true}},"allOf":[{{"$ref":"#/definitions/d0"}}]}}"##,
            definitions.join(",")
        );
        let pattern = r#"{"properties":{"a":{"pattern":"([a-z]{0,500}){1,20}x"}}}"#;
        for schema in [doubled.as_str(), pattern] {
            for complaint in [
                complaint(|d| d.config_schema = schema.to_owned()),
                complaint(|d| d.input_schema = schema.to_owned()),
                complaint(|d| d.output_schema = schema.to_owned()),
            ] {
                assert!(complaint.contains("-schema asks for too much: "), "{complaint}");
            }
        }
    }

    #[test]
    fn only_a_schema_that_can_refuse_an_object_is_compiled() {
        for (schema, compiled) in [
            (serde_json::json!({}), false),
            (serde_json::json!(true), false),
            (serde_json::json!({"type": "object", "description": "x", "properties": {}}), false),
            (serde_json::json!({"type": "object", "additionalProperties": false}), true),
            (serde_json::json!({"properties": {"a": {"type": "string"}}}), true),
            (serde_json::json!({"type": "string"}), true),
        ] {
            assert_eq!(validator(&schema).unwrap().is_some(), compiled, "{schema}");
        }
    }
}
