//! What a call begins with: attributes from outside, held to what the flows declare.
//!
//! [`check`] is the rule, and [`Turn::begin`](crate::turn::Turn::begin) applies it to whatever
//! starts a call, so that a wrong value is told at once and not by the first expression that trips
//! over it. [`read`] is for channels that know texts only: it makes of each text the type that is
//! declared, and leaves out, with a word, what it cannot.
//!
//! Values appear in no message: they may be sensitive.

use std::collections::BTreeMap;

use serde_json::Value;

use dialgraph_base::{Name, depth, nearest};
use dialgraph_flow::model::{Release, Type};

use crate::values;

/// Most levels of lists and maps within each other.
pub use dialgraph_base::depth::MAX_DEPTH;

/// The largest whole number up to which every whole number is kept exactly.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Why a call cannot begin with an attribute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    #[error("attribute `{name}`: no flow declares it{}", hint(near.as_deref()))]
    Undeclared { name: Name, near: Option<Name> },
    #[error(
        "attribute `locale`: the language of a call is not an attribute; pass it as the call's \
        locale"
    )]
    Locale,
    #[error("attribute `{name}` is {given}; the flows declare {expected}")]
    Type { name: Name, given: &'static str, expected: &'static str },
    #[error("attribute `{name}` is a text that is not {expected}: {why}")]
    Text { name: Name, expected: &'static str, why: &'static str },
    #[error("attribute `{name}` is nested more than {MAX_DEPTH} levels deep")]
    Depth { name: Name },
    #[error(
        "attribute `{name}` would bring the attributes to {bytes} bytes; `limits.attribute_bytes` allows {limit}"
    )]
    Bytes { name: Name, bytes: usize, limit: usize },
}

fn hint(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

impl AttributeError {
    /// The attribute.
    pub fn name(&self) -> &str {
        match self {
            Self::Undeclared { name, .. }
            | Self::Type { name, .. }
            | Self::Text { name, .. }
            | Self::Depth { name }
            | Self::Bytes { name, .. } => name,
            Self::Locale => LOCALE,
        }
    }

    /// A stable word for figures and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Undeclared { .. } => "undeclared",
            Self::Locale => "locale",
            Self::Type { .. } | Self::Text { .. } => "type",
            Self::Depth { .. } => "depth",
            Self::Bytes { .. } => "bytes",
        }
    }
}

/// Expressions read the call's language by this name.
const LOCALE: &str = "locale";

/// What [`read`] made of texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Taken {
    pub attributes: BTreeMap<Name, Value>,
    /// Left out, so that they have their defaults.
    pub refused: Vec<AttributeError>,
}

/// Whether a call of `release` that begins in `flow` (none: the entry) can begin with `attributes`.
///
/// # Errors
/// The first attribute that no flow declares, is of another type than declared, is nested too deep,
/// or for which there is no room beside the others and the flow's defaults.
pub fn check(
    release: &Release,
    flow: Option<&str>,
    attributes: &BTreeMap<Name, Value>,
) -> Result<(), AttributeError> {
    let mut room = Room::new(release, flow);
    for (name, value) in attributes {
        let expected = declared(release, name)?;
        fits(name, value, expected)?;
        room.take(name, value)?;
    }
    Ok(())
}

/// The attributes that a channel gives as texts, each as the type that is declared for it:
///
/// | declared | texts |
/// |---|---|
/// | `string` | any, as it stands |
/// | `boolean` | `true`, `yes`, `1`; `false`, `no`, `0`; in any case |
/// | `number` | a decimal number: `10`, `-1.5`, `1e3` |
/// | `list`, `map` | JSON of that type |
/// | `any` | any, as a string |
///
/// Spaces around a text do not count, but in a string, and full-width letters and digits are read
/// as plain ones. A value that is no text but of the declared type already is taken as it is. A
/// blank text says nothing about an attribute that is no string.
pub fn read(release: &Release, flow: Option<&str>, given: BTreeMap<Name, Value>) -> Taken {
    let mut room = Room::new(release, flow);
    let mut taken = Taken::default();
    for (name, value) in given {
        let read = declared(release, &name).and_then(|expected| {
            let Some(value) = as_declared(&name, value, expected)? else { return Ok(None) };
            fits(&name, &value, expected)?;
            room.take(&name, &value)?;
            Ok(Some(value))
        });
        match read {
            Ok(Some(value)) => {
                taken.attributes.insert(name, value);
            }
            Ok(None) => {}
            Err(refused) => taken.refused.push(refused),
        }
    }
    taken
}

fn declared(release: &Release, name: &Name) -> Result<Type, AttributeError> {
    if &**name == LOCALE {
        return Err(AttributeError::Locale);
    }
    let found = release.attribute(name).map(|attribute| attribute.ty);
    found.ok_or_else(|| {
        let known = release.flows.values().flat_map(|flow| flow.attributes.keys());
        let near = nearest(name, known.map(|known| &**known)).map(Name::from);
        AttributeError::Undeclared { name: name.clone(), near }
    })
}

fn fits(name: &Name, value: &Value, expected: Type) -> Result<(), AttributeError> {
    let same = match value {
        // No value at all is what every type allows.
        Value::Null => true,
        Value::Bool(_) => matches!(expected, Type::Boolean | Type::Any),
        Value::Number(_) => matches!(expected, Type::Number | Type::Any),
        Value::String(_) => matches!(expected, Type::String | Type::Any),
        Value::Array(_) => matches!(expected, Type::List | Type::Any),
        Value::Object(_) => matches!(expected, Type::Map | Type::Any),
    };
    if !same {
        return Err(AttributeError::Type {
            name: name.clone(),
            given: kind(value),
            expected: title(expected),
        });
    }
    if !depth::fits(value, MAX_DEPTH) {
        return Err(AttributeError::Depth { name: name.clone() });
    }
    Ok(())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => title(Type::Boolean),
        Value::Number(_) => title(Type::Number),
        Value::String(_) => title(Type::String),
        Value::Array(_) => title(Type::List),
        Value::Object(_) => title(Type::Map),
    }
}

fn title(ty: Type) -> &'static str {
    match ty {
        Type::String => "a string",
        Type::Number => "a number",
        Type::Boolean => "a boolean",
        Type::List => "a list",
        Type::Map => "a map",
        Type::Any => "any value",
    }
}

/// The value as the declared type; none when a blank text says nothing.
fn as_declared(name: &Name, value: Value, expected: Type) -> Result<Option<Value>, AttributeError> {
    let text = match (value, expected) {
        (Value::String(text), Type::String | Type::Any) => return Ok(Some(text.into())),
        // A number or a truth value where a text is declared is the text that it was written with.
        (Value::Number(number), Type::String) => return Ok(Some(number.to_string().into())),
        (Value::Bool(truth), Type::String) => return Ok(Some(truth.to_string().into())),
        (Value::Number(number), Type::Boolean) => number.to_string(),
        (Value::String(text), _) => text,
        (other, _) => return Ok(Some(other)),
    };
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let read = match expected {
        Type::Boolean => truth(&narrow(text)).map(Value::Bool),
        Type::Number => number(&narrow(text)),
        Type::List => json(text, Value::is_array, "it is JSON of another type"),
        Type::Map => json(text, Value::is_object, "it is JSON of another type"),
        Type::String | Type::Any => Ok(text.into()),
    };
    match read {
        Ok(value) => Ok(Some(value)),
        Err(why) => {
            Err(AttributeError::Text { name: name.clone(), expected: title(expected), why })
        }
    }
}

/// Full-width letters, digits and signs as plain ones.
fn narrow(text: &str) -> String {
    let plain = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    };
    text.chars().map(plain).collect()
}

fn truth(text: &str) -> Result<bool, &'static str> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err("true, false, yes, no, 1 or 0 is expected"),
    }
}

fn number(text: &str) -> Result<Value, &'static str> {
    const WRONG: &str = "a decimal number such as 10, -1.5 or 1e3 is expected";
    // What Rust reads besides, `inf` and `nan`, is no number for a flow.
    let decimal =
        text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    let value: f64 = text.parse().ok().filter(|_| decimal).ok_or(WRONG)?;
    if !value.is_finite() {
        return Err("it is larger than any number");
    }
    if value.fract() == 0.0 && value.abs() <= MAX_EXACT {
        // The comparison has it within the range of an i64.
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
        return Ok((value as i64).into());
    }
    if value.abs() > MAX_EXACT && text.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b'+')
    {
        return Err("it has more digits than a number keeps; declare a string");
    }
    serde_json::Number::from_f64(value).map(Value::Number).ok_or(WRONG)
}

fn json(text: &str, fits: fn(&Value) -> bool, other: &'static str) -> Result<Value, &'static str> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        match error.classify() {
            // The one mistake of JSON that is none of its grammar.
            _ if error.to_string().starts_with("recursion limit") => "it is nested too deep",
            _ => "it is no JSON",
        }
    })?;
    if fits(&value) { Ok(value) } else { Err(other) }
}

/// What is left of the bytes that attributes may have.
struct Room<'r> {
    defaults: BTreeMap<&'r str, usize>,
    bytes: usize,
    limit: usize,
}

impl<'r> Room<'r> {
    /// With the defaults of the flow in which the call begins.
    fn new(release: &'r Release, flow: Option<&str>) -> Self {
        let flow = release.flows.get(flow.unwrap_or(&release.entry));
        let defaults: BTreeMap<&str, usize> = flow
            .into_iter()
            .flat_map(|flow| &flow.attributes)
            .filter(|(_, attribute)| !attribute.default.is_null())
            .map(|(name, attribute)| (&**name, values::entry_size(name, &attribute.default)))
            .collect();
        let bytes = defaults.values().sum();
        Self { defaults, bytes, limit: release.limits.attribute_bytes as usize }
    }

    fn take(&mut self, name: &Name, value: &Value) -> Result<(), AttributeError> {
        let instead = self.defaults.get(&**name).copied().unwrap_or_default();
        let bytes = self.bytes - instead + values::entry_size(name, value);
        if bytes > self.limit {
            return Err(AttributeError::Bytes { name: name.clone(), bytes, limit: self.limit });
        }
        self.bytes = bytes;
        self.defaults.remove(&**name);
        Ok(())
    }
}
