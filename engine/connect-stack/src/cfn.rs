//! Words of CloudFormation.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// `Ref`.
pub(super) fn reference(name: &str) -> Value {
    json!({"Ref": name})
}

/// `Fn::GetAtt`.
pub(super) fn att(resource: &str, attribute: &str) -> Value {
    json!({"Fn::GetAtt": [resource, attribute]})
}

/// `Fn::Sub`; `${…}` in `text` is replaced.
pub(super) fn sub(text: &str) -> Value {
    json!({"Fn::Sub": text})
}

/// `Fn::If`; without `otherwise` the property is left out.
pub(super) fn when(condition: &str, then: Value, otherwise: Option<Value>) -> Value {
    let otherwise = otherwise.unwrap_or_else(|| reference("AWS::NoValue"));
    json!({"Fn::If": [condition, then, otherwise]})
}

/// Words that `Fn::Sub` leaves as they are.
pub(super) fn literal(text: &str) -> String {
    text.replace("${", "${!")
}

/// The id of the Connect instance, which is the end of its ARN.
pub(super) fn instance_id() -> Value {
    json!({"Fn::Select": [1, {"Fn::Split": ["/", {"Ref": "ConnectInstanceArn"}]}]})
}

/// Adds a resource.
pub(super) fn put(into: &mut Map<String, Value>, id: &str, kind: &str, properties: Value) {
    into.insert(id.to_owned(), json!({"Type": kind, "Properties": properties}));
}

/// Adds a resource that holds data: it stays when it is taken out of the stack, and when the stack
/// is deleted.
pub(super) fn put_lasting(into: &mut Map<String, Value>, id: &str, kind: &str, properties: Value) {
    let resource = json!({
        "Type": kind,
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": properties,
    });
    into.insert(id.to_owned(), resource);
}

/// Lets `resource` come after `others`.
pub(super) fn depend(into: &mut Map<String, Value>, id: &str, others: &[&str]) {
    if let Some(Value::Object(resource)) = into.get_mut(id) {
        resource.insert("DependsOn".to_owned(), json!(others));
    }
}

/// A statement of a policy that allows.
pub(super) fn allow(actions: &[&str], resource: Value) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

/// Logical ids: `prefix` and each name in capitals and small letters, no two the same.
pub(super) fn ids<'n>(prefix: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut ids = Vec::new();
    for name in names {
        let plain = format!("{prefix}{}", pascal(name));
        let mut id = plain.clone();
        let mut number = 2;
        while !taken.insert(id.clone()) {
            id = format!("{plain}{number}");
            number += 1;
        }
        ids.push(id);
    }
    ids
}

/// `msp-emergency` as `MspEmergency`.
pub(super) fn pascal(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    words.filter_map(capital).collect()
}
