//! The project file: what it names must be there.

use std::collections::BTreeSet;

use dialgraph_base::Name;
use dialgraph_base::index::{MAX_INDEX_FIELDS, MAX_INDEXES};
use dialgraph_json_schema::{Schema, shown};
use serde_json::Value as Json;

use super::{Checker, prompts, sources, types};
use crate::diagnostic::{Code, Diagnostic};
use crate::engineers::fields;
use crate::limits::MAX_LOCALES;
use crate::project::{Collection, Project};
use crate::syntax::flow::Word;
use crate::syntax::project::CollectionTree;
use crate::syntax::shape::first_line;
use crate::syntax::tables::CAPABILITIES;
use crate::syntax::yaml::{Entry, Node};

pub(crate) fn project(checker: &mut Checker<'_>) {
    let project = checker.project;
    let tree = &project.tree;
    for word in [&tree.entry, &tree.finally, &tree.after].into_iter().flatten() {
        checker.flow(word);
    }
    let locales = checker.locales.clone();
    if let Some(over) = project.tree.locales.get(MAX_LOCALES) {
        let message = format!(
            "the project has {} locales; at most {MAX_LOCALES} are allowed",
            project.tree.locales.len()
        );
        checker.push(Diagnostic::new(Code::TooLarge, over.span, message));
    }
    for entry in project.queues.values() {
        if let Some(title) = &entry.title {
            prompts::complete(checker, title, &locales);
        }
        if let Some(hours) = &entry.hours {
            checker.calendar(hours);
        }
    }
    for profile in project.routing_profiles.values() {
        if let Some(title) = &profile.title {
            prompts::complete(checker, title, &locales);
        }
        for queue in profile.voice.iter().chain(&profile.chat).chain(&profile.outbound) {
            checker.queue(queue);
        }
    }
    plugins(checker, project);
    for word in &project.tree.erased {
        checker.collection(word);
    }
    engineers(checker, project);
    for declared in &project.tree.collections {
        records(checker, project, &declared.name.value);
        indexes(checker, project, declared);
        for field in declared.sensitive.iter().filter(|_| declared.source.is_none()) {
            known_field(checker, project, &declared.name.value, field);
        }
        sources::of(checker, project, declared);
        for (field, of) in &declared.references {
            checker.collection(of);
            named_records(checker, project, &declared.name.value, field, &of.value);
        }
    }
}

/// Holds what `engineers` names against the fields of its collections.
fn engineers(checker: &mut Checker<'_>, project: &Project) {
    let named = |key: &str| {
        let mut all = project.tree.engineers_named.iter();
        all.find(|(known, _)| **known == *key).map(|(_, word)| word)
    };
    let people = named("collection");
    let duty: &[&str] = &[fields::ENGINEER];
    let work: &[&str] = &[fields::ENGINEER, fields::CALL, fields::SINCE];
    for (key, wanted) in [("collection", &[fields::AVAILABLE][..]), ("duty", duty), ("work", work)]
    {
        let Some(word) = named(key) else { continue };
        checker.collection(word);
        for field in wanted {
            let field = Word { value: Name::from(*field), span: word.span };
            known_field(checker, project, &word.value, &field);
        }
    }
    if let (Some(people), Some(field)) = (people, named("token")) {
        known_field(checker, project, &people.value, field);
    }
    if let Some(word) = named("work")
        && project.collections().get(&word.value).is_some_and(|one| one.retention.is_some())
    {
        let message = format!(
            "`{}` counts what is being worked on, and has a `retention`: what is open for longer \
             would no longer count",
            word.value
        );
        checker.push(
            Diagnostic::new(Code::WrongShape, word.span, message)
                .help("take `retention` out; a record goes when its call or its ticket is over"),
        );
    }
    if let Some(word) = named("work")
        && project.collections().get(&word.value).is_some_and(|one| one.origin.is_some())
    {
        let message = format!(
            "`{}` lives elsewhere, and a ticket can be counted in the engine's own store only",
            word.value
        );
        checker.push(
            Diagnostic::new(Code::BadSource, word.span, message)
                .help("name a collection without `source:`"),
        );
    }
}

/// Holds the indexes of a collection against the fields of its records.
fn indexes(checker: &mut Checker<'_>, project: &Project, declared: &CollectionTree) {
    let name = &declared.name.value;
    if let Some(over) = declared.indexes.get(MAX_INDEXES) {
        let message = format!(
            "collection `{name}` has {} indexes, it may have {MAX_INDEXES}",
            declared.indexes.len()
        );
        checker.push(Diagnostic::new(Code::TooLarge, over.name.span, message));
    }
    for index in &declared.indexes {
        let count = index.fields.len();
        if count == 0 || count > MAX_INDEX_FIELDS {
            let code = if count == 0 { Code::WrongShape } else { Code::TooLarge };
            let message = format!(
                "index `{}` goes by {count} fields; give it 1 to {MAX_INDEX_FIELDS}",
                index.name.value
            );
            checker.push(Diagnostic::new(code, index.name.span, message));
        }
        for field in &index.fields {
            known_field(checker, project, name, field);
        }
    }
}

/// Whether a field of a collection is there as far as its schema and its seed tell; says so if not.
fn known_field(checker: &mut Checker<'_>, project: &Project, name: &str, field: &Word) {
    let Some(collection) = project.collections().get(name) else { return };
    let path: Vec<&str> = field.value.split('.').collect();
    let entries = collection.seed_tree.as_ref().and_then(Node::map).unwrap_or_default();
    let known = collection.schema.as_ref().is_some_and(|schema| describes(schema, &path))
        || entries.iter().any(|entry| collect(&entry.value, &path, &mut Vec::new()));
    if !known {
        no_field(checker, collection, name, field);
    }
}

fn no_field(checker: &mut Checker<'_>, collection: &Collection, name: &str, field: &Word) {
    let entries = collection.seed_tree.as_ref().and_then(Node::map).unwrap_or_default();
    if entries.is_empty() && collection.schema.is_none() {
        return;
    }
    let known = fields(collection.schema.as_ref(), entries);
    let message = format!("no record of `{name}` has a field `{}`", field.value);
    checker.push(Diagnostic::new(Code::UnknownRecord, field.span, message).suggest(
        &field.value,
        known.iter().map(String::as_str),
        "its fields are",
    ));
}

/// Holds every seed record that names one of another collection against that one's seed.
fn named_records(checker: &mut Checker<'_>, project: &Project, name: &str, field: &Word, of: &str) {
    let Some(collection) = project.collections().get(name) else { return };
    let path: Vec<&str> = field.value.split('.').collect();
    let entries = collection.seed_tree.as_ref().and_then(Node::map).unwrap_or_default();
    let mut named = Vec::new();
    let mut has_field = collection.schema.as_ref().is_some_and(|schema| describes(schema, &path));
    for entry in entries {
        let before = named.len();
        has_field |= collect(&entry.value, &path, &mut named);
        for (_, key) in &mut named[before..] {
            *key = &entry.key.text;
        }
    }
    if !has_field {
        no_field(checker, collection, name, field);
    }
    // Without a seed nothing is known of the other collection: its records are written elsewhere.
    let Some(other) = project.collections().get(of).filter(|other| other.seed_tree.is_some())
    else {
        return;
    };
    for (node, key) in named {
        let Json::String(text) = node.json() else {
            let message = format!(
                "record `{key}` of `{name}`: `{}` must be the key of a record of `{of}`, not {}",
                field.value,
                node.what()
            );
            checker.push(Diagnostic::new(Code::UnknownRecord, first_line(node), message));
            continue;
        };
        if text.is_empty()
            || other.seed.contains_key(&text)
            || checker.only_counts(Code::UnknownRecord, node.span)
        {
            continue;
        }
        let message = format!("record `{key}` of `{name}`: there is no record `{text}` in `{of}`");
        let known = other.seed.keys().map(String::as_str);
        let list = format!("the records of `{of}` are");
        checker.push(
            Diagnostic::new(Code::UnknownRecord, node.span, message).suggest(&text, known, &list),
        );
    }
}

/// The values at `path` within a record, items of lists each by itself; whether the field is there.
fn collect<'n>(node: &'n Node, path: &[&str], named: &mut Vec<(&'n Node, &'n str)>) -> bool {
    if let Some(items) = node.list() {
        return items.iter().fold(false, |any, item| collect(item, path, named) | any);
    }
    let Some((first, rest)) = path.split_first() else {
        if !node.is_null() {
            named.push((node, ""));
        }
        return true;
    };
    node.get(first).is_some_and(|inner| collect(inner, rest, named))
}

/// Whether a schema lists the field at `path`, as far as properties and items lead to it.
fn describes(schema: &Json, path: &[&str]) -> bool {
    let schema = types::resolve(schema, schema);
    let Some((first, rest)) = path.split_first() else { return true };
    if let Some(items) = schema.get("items") {
        return describes(items, path);
    }
    let property = schema.get("properties").and_then(|properties| properties.get(*first));
    property.is_some_and(|property| describes(property, rest))
}

/// The fields that the records of a collection have, or may have.
fn fields(schema: Option<&Json>, records: &[Entry]) -> BTreeSet<String> {
    let properties = schema.and_then(|schema| schema.get("properties")?.as_object());
    let listed = properties.into_iter().flat_map(|properties| properties.keys().cloned());
    let given = records.iter().filter_map(|record| record.value.map()).flatten();
    listed.chain(given.map(|entry| entry.key.text.clone())).collect()
}

fn plugins(checker: &mut Checker<'_>, project: &Project) {
    for plugin in &project.tree.plugins {
        for word in &plugin.capabilities {
            if CAPABILITIES.contains(&&*word.value) {
                continue;
            }
            // What it was meant to be granted is what it lacks.
            checker.told.insert(plugin.name.value.clone());
            let message = format!("there is no capability `{}`", word.value);
            checker.push(Diagnostic::new(Code::UnknownGrant, word.span, message).suggest(
                &word.value,
                CAPABILITIES.iter().copied(),
                "the capabilities are",
            ));
        }
        checker.plugin(&plugin.name);
        for word in &plugin.collections {
            checker.collection(word);
        }
    }
}

/// Holds every seed record against the schema of its collection.
fn records(checker: &mut Checker<'_>, project: &Project, name: &str) {
    let Some(collection) = project.collections().get(name) else {
        return;
    };
    let (Some(schema), Some(seed)) = (&collection.schema, &collection.seed_tree) else {
        return;
    };
    let schema = match Schema::new(schema) {
        Ok(schema) => schema,
        Err(error) => {
            let declared = &project.tree.collections;
            let path =
                declared.iter().find(|c| *c.name.value == *name).and_then(|c| c.schema.as_ref());
            if let Some(path) = path {
                let message = format!("`{}` cannot be used as a JSON Schema: {error}", path.value);
                checker.push(Diagnostic::new(Code::BadRecord, path.span, message));
            }
            return;
        }
    };
    for entry in seed.map().unwrap_or_default() {
        if !checker.work.goes_on(1) {
            return;
        }
        record(checker, &schema, name, &entry.key.text, &entry.value);
    }
}

fn record(checker: &mut Checker<'_>, schema: &Schema, name: &str, key: &str, node: &Node) {
    let value = node.json();
    let errors = match schema.errors(&value) {
        Ok(errors) => errors,
        Err(error) => {
            let message = format!("record `{key}` of `{name}`: {error}");
            checker.push(Diagnostic::new(Code::BadRecord, first_line(node), message));
            return;
        }
    };
    for error in errors {
        if checker.only_counts(Code::BadRecord, node.span) {
            continue;
        }
        let at = node.at_pointer(error.instance_path().as_str());
        let message = format!("record `{key}` of `{name}`: {}", shown(&error.to_string()));
        checker.push(Diagnostic::new(Code::BadRecord, first_line(at), message));
    }
}
