//! What the evaluator, the functions and the prompts all need to know of JSON values.

use serde_json::Value;

use super::number::Num;
use super::spoken::Language;
use crate::model::Type;

/// Bytes that a text made by an expression may have.
pub(super) const MAX_TEXT: usize = 64 << 10;

/// The type of a value; none for null.
pub(super) fn type_of(value: &Value) -> Option<Type> {
    match value {
        Value::Null => None,
        Value::Bool(_) => Some(Type::Boolean),
        Value::Number(_) => Some(Type::Number),
        Value::String(_) => Some(Type::String),
        Value::Array(_) => Some(Type::List),
        Value::Object(_) => Some(Type::Map),
    }
}

/// `a string`, for messages. Values themselves stay out of messages: they may be sensitive.
pub(super) fn describe(value: &Value) -> &'static str {
    type_of(value).map_or("null", name)
}

pub(super) fn name(ty: Type) -> &'static str {
    match ty {
        Type::String => "a string",
        Type::Number => "a number",
        Type::Boolean => "a boolean",
        Type::List => "a list",
        Type::Map => "a map",
        Type::Any => "any value",
    }
}

/// Equality that does not care how a number is kept.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => {
            Num::of(a).compare(Num::of(b)).is_some_and(|o| o.is_eq())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// The value as people write it, or, with a language, say it. Maps and null cannot be said.
pub(super) fn speak(value: &Value, language: Option<Language>) -> Result<String, String> {
    Ok(match (value, language) {
        (Value::String(text), _) => text.clone(),
        (Value::Number(number), _) => Num::of(number).text(),
        (Value::Bool(true), Some(Language::Korean)) => "예".to_owned(),
        (Value::Bool(false), Some(Language::Korean)) => "아니요".to_owned(),
        (Value::Bool(true), Some(Language::English)) => "yes".to_owned(),
        (Value::Bool(false), Some(Language::English)) => "no".to_owned(),
        (Value::Bool(truth), None) => truth.to_string(),
        (Value::Array(items), _) => {
            let items: Result<Vec<String>, String> =
                items.iter().map(|item| speak(item, language)).collect();
            items?.join(", ")
        }
        (Value::Null | Value::Object(_), _) => {
            return Err(format!("{} cannot be spoken", describe(value)));
        }
    })
}
