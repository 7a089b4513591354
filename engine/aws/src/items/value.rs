//! Attributes as JSON and back, exactly.

use aws_sdk_dynamodb::types::AttributeValue;
use dialgraph_local::records::number_comes_over;
use serde_json::{Map, Number, Value};

/// The value of an attribute; none: a record cannot hold it.
pub(super) fn to_json(held: &AttributeValue) -> Option<Value> {
    Some(match held {
        AttributeValue::S(text) => Value::from(text.as_str()),
        AttributeValue::N(number) => Value::Number(number_of(number)?),
        AttributeValue::Bool(flag) => Value::Bool(*flag),
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::L(items) => items.iter().map(to_json).collect::<Option<Vec<_>>>()?.into(),
        AttributeValue::M(fields) => {
            let fields = fields.iter().map(|(name, held)| Some((name.clone(), to_json(held)?)));
            let mut fields: Vec<(String, Value)> = fields.collect::<Option<_>>()?;
            // The service gives them in no order.
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(Map::from_iter(fields))
        }
        AttributeValue::Ss(texts) => sorted(texts).into_iter().map(Value::from).collect(),
        AttributeValue::Ns(numbers) => {
            let numbers = sorted(numbers).into_iter();
            numbers
                .map(|one| number_of(&one).map(Value::Number))
                .collect::<Option<Vec<_>>>()?
                .into()
        }
        _ => return None,
    })
}

fn sorted(set: &[String]) -> Vec<String> {
    let mut sorted = set.to_vec();
    sorted.sort();
    sorted
}

/// A number of up to 38 digits, if it comes over as it is.
fn number_of(text: &str) -> Option<Number> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    number_comes_over(text).then(|| Number::from_f64(text.parse().ok()?)).flatten()
}

/// The attribute of a value; none: the service keeps fewer digits.
pub(super) fn from_json(value: &Value) -> Option<AttributeValue> {
    Some(match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(flag) => AttributeValue::Bool(*flag),
        // The service has numbers from 1e-130 to 1e126.
        Value::Number(number) => {
            let size = number.as_f64()?.abs();
            if size != 0.0 && !(1e-129..1e125).contains(&size) {
                return None;
            }
            AttributeValue::N(number.to_string())
        }
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Array(items) => {
            AttributeValue::L(items.iter().map(from_json).collect::<Option<Vec<_>>>()?)
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| Some((name.clone(), from_json(value)?)));
            AttributeValue::M(fields.collect::<Option<_>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_come_back_as_they_were() {
        let value = json!({
            "a": [1, -2.5, "x", true, null, {"b": 9_007_199_254_740_993_i64}], "c": 1e-7, "d": 0,
            "e": 0.1 + 0.2, "f": u64::MAX, "g": -126.978_145_678_901_23,
        });
        assert_eq!(to_json(&from_json(&value).unwrap()), Some(value));
        let set = AttributeValue::Ss(vec!["b".into(), "a".into()]);
        assert_eq!(to_json(&set), Some(json!(["a", "b"])));
        let digits = AttributeValue::N("12345678901234567890.123".into());
        assert_eq!(to_json(&digits), None);
        assert_eq!(to_json(&AttributeValue::B(vec![1].into())), None);
        assert_eq!(from_json(&json!(1e300)), None);
    }
}
