//! What a plugin does with a collection that its configuration names, and whether it is granted
//! that.
//!
//! A call in which it is not granted is answered `denied` each time, so it is told before there is
//! a call.

use dialgraph_base::Grants;
use serde_json::Value as Json;

use super::Checker;
use crate::diagnostic::{Code, Diagnostic};

use crate::syntax::flow::Word;

/// Stands beside `x-dialgraph-ref: collection` in a schema: `"read"`, `"write"`, `"read-write"`, or
/// what the values of other keys of the same object need:
/// `{"do": {"get": "read", "put": "write"}, "merge": {"true": "read"}}`.
const ACCESS: &str = "x-dialgraph-access";

/// What is done with a collection; neither: the schema does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Access {
    read: bool,
    write: bool,
}

impl Access {
    /// What a marked schema says, where `object` holds the marked key.
    pub(crate) fn of(schema: &Json, object: Option<&Json>) -> Self {
        match schema.get(ACCESS) {
            Some(Json::String(word)) => Self::of_word(word),
            Some(Json::Object(keys)) => {
                let needed = keys.iter().filter_map(|(key, by_value)| {
                    let word = match object?.get(key)? {
                        Json::String(text) => by_value.get(text)?,
                        Json::Null => return None,
                        other => by_value.get(other.to_string())?,
                    };
                    Some(Self::of_word(word.as_str()?))
                });
                needed.fold(Self::default(), Self::with)
            }
            _ => Self::default(),
        }
    }

    fn of_word(word: &str) -> Self {
        // A word of a later contract says nothing.
        Self {
            read: matches!(word, "read" | "read-write"),
            write: matches!(word, "write" | "read-write"),
        }
    }

    fn with(self, other: Self) -> Self {
        Self { read: self.read || other.read, write: self.write || other.write }
    }

    fn is_known(self) -> bool {
        self.read || self.write
    }

    /// The same, with what follows from the capabilities of the plugin where the schema says
    /// nothing.
    fn or_by_capability(self, granted: &Grants) -> Self {
        if self.is_known() {
            return self;
        }
        let has = |capability: &str| granted.grants.contains(capability);
        match (has("records-read"), has("records-write")) {
            (true, true) | (false, false) => self,
            (read, write) => Self { read, write },
        }
    }
}

/// Tells of a collection with which the plugin may not do what it will do.
pub(crate) fn check(checker: &mut Checker<'_>, plugin: &Word, word: &Word, access: Access) {
    let project = checker.project;
    // Of a collection that is not there, it is told that it is not there.
    if project.broken || !project.collections().contains_key(&word.value) {
        return;
    }
    let mut granted = project.grants().remove(&plugin.value).unwrap_or_default();
    let access = access.or_by_capability(&granted);
    let collections = &granted.collections;
    let may = Access {
        read: collections.read.contains(&*word.value),
        write: collections.write.contains(&*word.value),
    };
    let lacks = Access { read: access.read && !may.read, write: access.write && !may.write };
    let what = match (lacks.read, lacks.write) {
        (true, true) => "neither read nor write",
        (true, false) => "not read",
        (false, true) => "not write",
        (false, false) if access.is_known() || may.is_known() => return,
        (false, false) => "neither read nor write",
    };
    if checker.only_counts(Code::NotGranted, word.span) {
        return;
    }
    if lacks.read || !lacks.write {
        granted.collections.read.insert(word.value.to_string());
    }
    if lacks.write {
        granted.collections.write.insert(word.value.to_string());
    }
    let list = |name: &str, all: &std::collections::BTreeSet<String>| {
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        (!all.is_empty()).then(|| format!("{name}: [{}]", all.join(", ")))
    };
    let lists =
        [list("read", &granted.collections.read), list("write", &granted.collections.write)];
    let lists: Vec<String> = lists.into_iter().flatten().collect();
    let message = format!("plugin `{}` may {what} the collection `{}`", plugin.value, word.value);
    let mut diagnostic = Diagnostic::new(Code::NotGranted, word.span, message).help(format!(
        "under `plugins:` in `dialgraph.yaml`, write at `{}:` `collections: {{{}}}`",
        plugin.value,
        lists.join(", ")
    ));
    // Calls may rest on a release of an engine that did not look at this.
    diagnostic.severity = checker.configs.severity(diagnostic.severity);
    if !access.is_known() {
        diagnostic = diagnostic.help("or `write` in place of `read`, or both, as the plugin needs");
    }
    checker.push(diagnostic);
}
