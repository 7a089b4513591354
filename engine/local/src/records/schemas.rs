//! Holds records against the JSON Schemas of their collections, whoever writes them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use dialgraph_json_schema::{Schema, shown};
use serde_json::Value;

/// Mismatches of one record that are told.
const TOLD: usize = 20;

/// The schemas of collections. Each is compiled when the first record is held against it.
#[derive(Clone, Default)]
pub struct Schemas(Arc<BTreeMap<String, Declared>>);

struct Declared {
    source: Value,
    compiled: OnceLock<Result<Schema, String>>,
}

impl fmt::Debug for Schemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What is wrong with a record. It shows names of fields and words of the schema, no value of the
/// record: those belong to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The field (`a.b` for nested ones); empty: the record as a whole.
    pub field: String,
    pub why: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field.is_empty() {
            write!(f, "`{}`: ", self.field)?;
        }
        f.write_str(&self.why)
    }
}

impl<K: Into<String>> FromIterator<(K, Value)> for Schemas {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(schemas: I) -> Self {
        let declared = |source| Declared { source, compiled: OnceLock::new() };
        let all = schemas.into_iter().map(|(name, source)| (name.into(), declared(source)));
        Self(Arc::new(all.collect()))
    }
}

impl Schemas {
    /// What is wrong with a record of `collection`, which is `bytes` long as JSON: nothing if the
    /// collection has no schema.
    pub fn mismatches(&self, collection: &str, data: &Value, bytes: usize) -> Vec<Mismatch> {
        let whole = |why: String| vec![Mismatch { field: String::new(), why }];
        let Some(declared) = self.0.get(collection) else { return Vec::new() };
        let compiled = declared
            .compiled
            .get_or_init(|| Schema::new(&declared.source).map_err(|error| error.to_string()));
        let schema = match compiled {
            Ok(schema) => schema,
            Err(error) => return whole(format!("the collection's schema cannot be used: {error}")),
        };
        match schema.is_valid(data, Some(bytes)) {
            Ok(true) => return Vec::new(),
            Ok(false) => {}
            Err(error) => return whole(error.to_string()),
        }
        match schema.errors(data) {
            Ok(errors) => {
                let told = errors.take(TOLD).map(|error| Mismatch {
                    field: dotted(error.instance_path().as_str()),
                    why: shown(&error.masked().to_string()),
                });
                told.collect()
            }
            Err(error) => whole(error.to_string()),
        }
    }
}

/// A JSON pointer as projects name fields.
fn dotted(pointer: &str) -> String {
    let parts = pointer.split('/').skip(1);
    parts.map(|part| part.replace("~1", "/").replace("~0", "~")).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mismatch_names_the_field_and_shows_no_value() {
        let schemas = Schemas::from_iter([(
            "customers",
            json!({
                "type": "object",
                "required": ["name"],
                "additionalProperties": false,
                "properties": {
                    "name": {"type": "string"},
                    "level": {"enum": ["VIP", "General"]},
                    "contact": {"properties": {"phone": {"pattern": "^\\+[0-9]+$"}}},
                },
            }),
        )]);
        let wrong = |data: Value| {
            let mismatches = schemas.mismatches("customers", &data, data.to_string().len());
            mismatches.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(wrong(json!({"name": "Hanbit", "level": "VIP"})), "");
        let told = wrong(json!({"name": 7, "contact": {"phone": "010-secret"}, "level": "Gold"}));
        insta::assert_snapshot!(told, @r#"`name`: value is not of type "string"; `contact.phone`: value does not match "^\+[0-9]+$"; `level`: value is not one of "VIP" or "General""#);
        insta::assert_snapshot!(wrong(json!({"pin": "1234"})), @r#"Additional properties are not allowed ('pin' was unexpected); "name" is a required property"#);
        assert!(schemas.mismatches("engineers", &json!({}), 2).is_empty(), "it has no schema");
    }

    #[test]
    fn a_schema_that_asks_for_too_much_admits_nothing() {
        let mut bomb = json!({"type": "object"});
        for _ in 0..20 {
            bomb = json!({"allOf": [bomb.clone(), bomb]});
        }
        let schemas = Schemas::from_iter([("customers", bomb)]);
        let mismatches = schemas.mismatches("customers", &json!({}), 2);
        assert!(mismatches[0].why.starts_with("the collection's schema cannot be used"));
    }
}
