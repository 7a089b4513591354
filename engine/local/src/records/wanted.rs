//! What a search of an index looks for, for records that do not live in the engine's store.
//!
//! What counts as equal is the same wherever records live. A source asks its own system for records
//! that may fit, and keeps those that [`Wanted::fits`].

use std::collections::BTreeSet;

use dialgraph_base::index::{IndexKind, Indexes};
use dialgraph_base::phone::spellings;
use dialgraph_kernel::ports::HostError;
use serde_json::Value;

use super::index::{self, KeptIndex, Probes};

/// What is looked for in an index.
#[derive(Debug)]
pub struct Wanted<'r> {
    index: KeptIndex,
    probes: Probes,
    values: &'r [Value],
}

impl<'r> Wanted<'r> {
    /// # Errors
    /// `invalid` when there is no such index, or it cannot be searched for these values.
    pub fn of(
        indexes: &Indexes,
        collection: &str,
        name: &str,
        values: &'r [Value],
    ) -> Result<Self, HostError> {
        let index = index::declared(indexes, collection, name)?;
        let probes = index.probes(values)?;
        Ok(Self { index, probes, values })
    }

    pub fn kind(&self) -> IndexKind {
        self.index.kind()
    }

    /// The fields that the index goes by.
    pub fn fields(&self) -> &[String] {
        self.index.fields()
    }

    /// For an index of kind `exact`, one value for each of its fields.
    pub fn values(&self) -> &'r [Value] {
        self.values
    }

    /// For an index of telephone numbers, the numbers in E.164.
    pub fn numbers(&self) -> &[String] {
        &self.probes.same
    }

    /// The digits of these numbers in every way to write them.
    pub fn digits(&self) -> BTreeSet<String> {
        let country = self.index.country();
        self.numbers().iter().flat_map(|number| spellings(number, country)).collect()
    }

    /// Whether a record with these data is what is looked for.
    pub fn fits(&self, data: &Value) -> bool {
        self.index.holds(data, &self.probes)
    }
}

/// Whether a record with these data has all these fields (`a.b` for nested ones) with these values,
/// as [`find`](dialgraph_kernel::provider::Records::find) asks.
pub fn has_all(data: &Value, wanted: &[(String, Value)]) -> bool {
    super::matches(data, wanted)
}

/// Puts a value into the field `a.b` of `data`, with the maps on the way to it, where
/// [`take_field`] finds it. False, and nothing is changed for good, if something else than a map is
/// on the way.
#[must_use]
pub fn put_field(data: &mut Value, field: &str, value: Value) -> bool {
    if data.is_null() {
        *data = Value::Object(serde_json::Map::new());
    }
    let Value::Object(fields) = data else { return false };
    match field.split_once('.') {
        // A field of that very name goes before one within another.
        Some((head, rest)) if !fields.contains_key(field) => {
            put_field(fields.entry(head).or_insert(Value::Null), rest, value)
        }
        _ => {
            fields.insert(field.to_owned(), value);
            true
        }
    }
}

/// The value of the field `a.b` of `data`.
pub fn take_field(data: &Value, field: &str) -> Option<Value> {
    super::field_of(data, field).cloned()
}

/// Takes the field `a.b` out of `data`, of each element where a list is on the way; whether it was
/// there. A map that had nothing else stays, empty.
pub fn remove_field(data: &mut Value, field: &str) -> bool {
    match data {
        Value::Array(items) => {
            items.iter_mut().fold(false, |any, item| remove_field(item, field) | any)
        }
        Value::Object(fields) => {
            // A name may have a dot in it: a field is what either way leads to.
            let direct = fields.shift_remove(field).is_some();
            let within = field.split_once('.').is_some_and(|(head, rest)| {
                fields.get_mut(head).is_some_and(|inner| remove_field(inner, rest))
            });
            direct || within
        }
        _ => false,
    }
}

/// The fields of `data` that are not among `known`, each as `a.b`: what has no place elsewhere.
pub fn unknown_fields<'f>(data: &Value, known: impl Iterator<Item = &'f str>) -> Vec<String> {
    fn walk(data: &Value, path: &str, known: &[&str], unknown: &mut Vec<String>) {
        let Value::Object(fields) = data else { return };
        for (name, value) in fields {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            if known.contains(&path.as_str()) {
                continue;
            }
            let within = format!("{path}.");
            match value {
                Value::Object(_) if known.iter().any(|one| one.starts_with(&within)) => {
                    walk(value, &path, known, unknown);
                }
                _ => unknown.push(path),
            }
        }
    }
    let known: Vec<&str> = known.collect();
    let mut unknown = Vec::new();
    walk(data, "", &known, &mut unknown);
    unknown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_removed_wherever_it_is() {
        let mut data =
            json!({"name": "Hanbit", "a.b": 1, "a": {"b": 2, "c": [{"d": 3}, {"d": 4, "e": 5}]}});
        assert!(remove_field(&mut data, "a.b") && remove_field(&mut data, "a.c.d"));
        assert!(!remove_field(&mut data, "name.x") && !remove_field(&mut data, "phone"));
        assert_eq!(data, json!({"name": "Hanbit", "a": {"c": [{}, {"e": 5}]}}));
    }

    #[test]
    fn a_field_is_put_where_it_is_found_or_not_at_all() {
        let mut data = json!({"contact": null, "a.b": 1, "list": [1], "text": "t"});
        assert!(put_field(&mut data, "contact.phone", json!("+82212345678")));
        assert!(put_field(&mut data, "a.b", json!(2)));
        assert!(!put_field(&mut data, "list.a", json!(1)));
        assert!(!put_field(&mut data, "text.a.b", json!(1)));
        let whole =
            json!({"contact": {"phone": "+82212345678"}, "a.b": 2, "list": [1], "text": "t"});
        assert_eq!(data, whole);
    }

    #[test]
    fn nested_fields_are_put_together_taken_apart_and_missed() {
        let mut data = json!({});
        assert!(put_field(&mut data, "name", json!("Hanbit")));
        assert!(put_field(&mut data, "contact.phone", json!("+82212345678")));
        assert!(put_field(&mut data, "contact.mail", json!(null)));
        let whole = json!({"name": "Hanbit", "contact": {"phone": "+82212345678", "mail": null}});
        assert_eq!(data, whole);
        assert_eq!(take_field(&data, "contact.phone"), Some(json!("+82212345678")));
        assert_eq!(take_field(&data, "contact.fax"), None);
        let known = ["name", "contact.phone"];
        assert_eq!(unknown_fields(&data, known.into_iter()), ["contact.mail"]);
        assert_eq!(unknown_fields(&data, ["contact"].into_iter()), ["name"]);
    }
}
