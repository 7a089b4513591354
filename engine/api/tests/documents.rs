//! The documents that are checked in are those that the types make;
//! `DIALGRAPH_UPDATE_DOCS=1 cargo test -p dialgraph-api` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use dialgraph_api::documents;
use dialgraph_api::operations;

/// Where the server embeds them.
const CALLS: &str = "../server/openapi.json";
const ADMIN: &str = "../server/src/admin/openapi.json";

fn is_current(file: &str, made: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let made = format!("{made:#}\n");
    if std::env::var_os("DIALGRAPH_UPDATE_DOCS").is_some() {
        std::fs::write(&path, made).unwrap();
        return;
    }
    let old = std::fs::read_to_string(&path).unwrap();
    assert!(
        old == made,
        "{file} is out of date: run with DIALGRAPH_UPDATE_DOCS=1 and review the difference"
    );
}

#[test]
fn the_document_of_the_calls_api_is_current() {
    is_current(CALLS, &documents::calls());
}

#[test]
fn the_document_of_the_admin_api_is_current() {
    is_current(ADMIN, &documents::admin());
}

/// Every reference of a document.
fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn what_a_document_refers_to_is_in_it_and_all_that_is_in_it_is_referred_to() {
    for document in [documents::calls(), documents::admin()] {
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        for reference in &found {
            let to = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(to).is_some(), "{reference}");
        }
        for part in ["responses", "schemas"] {
            for name in document["components"][part].as_object().unwrap().keys() {
                let reference = format!("#/components/{part}/{name}");
                assert!(found.contains(reference.as_str()), "nothing refers to {reference}");
            }
        }
    }
}

#[test]
fn no_two_operations_have_one_name_or_one_place() {
    let all: Vec<_> = operations::calls().into_iter().chain(operations::admin()).collect();
    let ids: BTreeSet<_> = all.iter().map(|operation| operation.id).collect();
    assert_eq!(ids.len(), all.len());
    let places: BTreeSet<_> = all.iter().map(|o| (o.path, o.method)).collect();
    assert_eq!(places.len(), all.len());
}
