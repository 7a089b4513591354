//! The project file: what it names must be there.

use jsonschema::Validator;

use super::{Checker, prompts};
use crate::diagnostic::{Code, Diagnostic};
use crate::project::Project;
use crate::syntax::shape::first_line;
use crate::syntax::tables::CAPABILITIES;
use crate::syntax::yaml::Node;

pub(crate) fn project(checker: &mut Checker<'_>) {
    let project = checker.project;
    for word in [&project.tree.entry, &project.tree.finally].into_iter().flatten() {
        checker.flow(word);
    }
    let locales = checker.locales.clone();
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
    for declared in &project.tree.collections {
        records(checker, project, &declared.name.value);
    }
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
    let validator = match jsonschema::draft7::new(schema) {
        Ok(validator) => validator,
        Err(error) => {
            let declared = &project.tree.collections;
            let path =
                declared.iter().find(|c| *c.name.value == *name).and_then(|c| c.schema.as_ref());
            if let Some(path) = path {
                let message = format!("`{}` is no JSON Schema: {error}", path.value);
                checker.push(Diagnostic::new(Code::BadRecord, path.span, message));
            }
            return;
        }
    };
    for entry in seed.map().unwrap_or_default() {
        record(checker, &validator, name, &entry.key.text, &entry.value);
    }
}

fn record(checker: &mut Checker<'_>, validator: &Validator, name: &str, key: &str, node: &Node) {
    let value = node.json();
    for error in validator.iter_errors(&value) {
        let at = node.at_pointer(error.instance_path().as_str());
        let message = format!("record `{key}` of `{name}`: {error}");
        checker.push(Diagnostic::new(Code::BadRecord, first_line(at), message));
    }
}
