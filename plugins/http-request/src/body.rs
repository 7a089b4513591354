//! What is sent.

use dialgraph_plugin::NodeError;
use plugin_common::text::pointer_part;
use serde_json::{Map, Value};

use crate::BODY_BYTES;
use crate::config::Wrong;
use crate::given::Input;
use crate::template::Template;

/// Tells what is wrong with a body.
pub(crate) fn look_over(body: &Value, wrong: &mut Wrong<'_>) {
    let size = body.to_string().len();
    if size > BODY_BYTES {
        let what = format!(
            "the body has {size} bytes before anything is filled in; {BODY_BYTES} are allowed"
        );
        wrong("/body", what, "send less");
    }
    texts(body, "/body", wrong);
}

fn texts(value: &Value, at: &str, wrong: &mut Wrong<'_>) {
    match value {
        Value::String(text) => Template::look_over(text, at, wrong),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                texts(item, &format!("{at}/{index}"), wrong);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                texts(member, &format!("{at}/{}", pointer_part(name)), wrong);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The body with its values, as JSON.
pub(crate) fn filled(body: &Value, input: &Input) -> Result<Vec<u8>, NodeError> {
    let bytes = value(body, input, "body")?.to_string().into_bytes();
    if bytes.len() > BODY_BYTES {
        return Err(NodeError::other(
            "body-too-large",
            format!(
                "the body has {} bytes once its values are filled in; {BODY_BYTES} are allowed: give shorter values \
                 under `with`",
                bytes.len()
            ),
        ));
    }
    Ok(bytes)
}

fn value(body: &Value, input: &Input, place: &str) -> Result<Value, NodeError> {
    Ok(match body {
        Value::String(text) => {
            let template = Template::read(text)?;
            match template.whole() {
                Some(name) => input.value(name, place)?.clone(),
                None => Value::String(template.filled(input, place)?.unwrap_or_default()),
            }
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            let items = items.map(|(index, item)| value(item, input, &format!("{place}.{index}")));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let mut filled = Map::new();
            for (name, member) in members {
                let place = format!("{place}.{name}");
                filled.insert(name.clone(), value(member, input, &place)?);
            }
            Value::Object(filled)
        }
        other => other.clone(),
    })
}
