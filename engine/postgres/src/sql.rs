//! Names in statements, and conditions with bound values.

use serde_json::{Number, Value};

use crate::database::Bound;
use crate::table::{Class, Column};

/// A name that can be nothing else.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `TABLE` or `SCHEMA.TABLE`.
pub(crate) fn quoted_table(name: &str) -> String {
    match name.split_once('.') {
        Some((schema, table)) => format!("{}.{}", quoted(schema), quoted(table)),
        None => quoted(name),
    }
}

/// Conditions of a statement, with the values that they compare with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    all: Vec<String>,
    /// Casts of values to the types of their columns.
    casts: Vec<String>,
    pub(crate) values: Vec<Bound>,
}

impl Conditions {
    pub(crate) fn push(&mut self, condition: String) {
        self.all.push(condition);
    }

    /// Binds a value, and gives what stands for it.
    pub(crate) fn bind(&mut self, value: Bound) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// A text as a value of a type.
    pub(crate) fn bind_as(&mut self, text: String, sql_type: &str) -> String {
        let place = self.bind(Bound::Text(text));
        let cast = format!("CAST({place} AS {sql_type})");
        self.casts.push(cast.clone());
        cast
    }

    /// A statement that fails if a value is none of its column's type, and reads no row; none:
    /// there is nothing to find out.
    pub(crate) fn casts(&self) -> Option<String> {
        (!self.casts.is_empty()).then(|| format!("SELECT {}", self.casts.join(", ")))
    }

    pub(crate) fn sql(&self) -> String {
        self.all.join(" AND ")
    }

    /// That a column has the value, or a list one element with it. False: no row has.
    pub(crate) fn has(&mut self, name: &str, column: &Column, value: &Value) -> bool {
        let name = quoted(name);
        match &column.element {
            Some((sql_type, class)) => {
                let Some(text) = comparable(*class, value) else { return false };
                let place = self.bind_as(text, sql_type);
                self.push(format!("{place} = ANY (t.{name})"));
            }
            None => {
                let Some(text) = comparable(column.class, value) else { return false };
                let place = self.bind_as(text, &column.sql_type);
                self.push(format!("t.{name} = {place}"));
            }
        }
        true
    }
}

/// A value as the text that the database makes a value of the column's type from; none: no value of
/// such a column is equal to it.
fn comparable(class: Class, value: &Value) -> Option<String> {
    match (class, value) {
        (Class::Number, Value::Number(number)) => Some(plain(number)),
        (Class::Truth, Value::Bool(flag)) => Some(flag.to_string()),
        (Class::Text, Value::String(text)) if !text.contains('\0') => Some(text.clone()),
        _ => None,
    }
}

/// 1.0 is a value of a column of whole numbers, too.
fn plain(number: &Number) -> String {
    match number.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "within these bounds it is whole")]
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => {
            (float as i64).to_string()
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_ends_where_its_quotes_end() {
        assert_eq!(quoted(r#"a"; DROP TABLE b; --"#), r#""a""; DROP TABLE b; --""#);
        assert_eq!(quoted_table("crm.customers"), r#""crm"."customers""#);
        assert_eq!(quoted_table("Customers"), r#""Customers""#);
    }

    #[test]
    fn values_are_compared_with_columns_of_their_kind_alone() {
        assert_eq!(comparable(Class::Number, &json!(2.0)).as_deref(), Some("2"));
        assert_eq!(comparable(Class::Number, &json!(2.5)).as_deref(), Some("2.5"));
        assert_eq!(comparable(Class::Number, &json!("2")), None);
        assert_eq!(comparable(Class::Text, &json!(2)), None);
        assert_eq!(comparable(Class::Text, &json!("a\0b")), None);
        assert_eq!(comparable(Class::Text, &json!("'; --")).as_deref(), Some("'; --"));
        assert_eq!(comparable(Class::Document, &json!({})), None);
    }
}
