//! Places that a plugin's schema marks with `x-dialgraph-ref`: what stands there names something of
//! the project.

use std::collections::BTreeSet;

use dialgraph_base::{HostPattern, Locale, Name};
use regex::Regex;
use serde_json::Value as Json;

use super::access::{self, Access};
use super::{Checker, names, prompts, types};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Spanned;
use crate::syntax::flow::{Word, texts};
use crate::syntax::shape::first_line;
use crate::syntax::yaml::Node;

/// The mark.
pub(crate) const REF: &str = "x-dialgraph-ref";
/// What answers where a configuration names no bot or knowledge base.
const DEFAULT: &str = "default";
/// Schemas within schemas that are followed.
pub(crate) const MAX_DEPTH: usize = 32;
/// Pairs of a schema and a value that are looked at.
const MAX_STEPS: usize = 100_000;

/// A marked place of a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub pointer: String,
    /// What it names: `queue`, `bot` …
    pub kind: String,
    /// It is the key at `pointer` that names it, not the value.
    pub is_key: bool,
    /// What is done with it, if it is a collection.
    pub access: Access,
}

/// Every place of `value` that `schema` marks; none when there is too much to look at.
pub(crate) fn find(schema: &Json, value: &Json) -> Option<BTreeSet<Mark>> {
    let mut search = Search { root: schema, found: BTreeSet::new(), steps: 0 };
    search.look(schema, value, "", None, 0);
    (search.steps <= MAX_STEPS).then_some(search.found)
}

struct Search<'s> {
    root: &'s Json,
    found: BTreeSet<Mark>,
    steps: usize,
}

impl Search<'_> {
    fn add(&mut self, pointer: &str, kind: &str, is_key: bool, access: Access) {
        let (pointer, kind) = (pointer.to_owned(), kind.to_owned());
        self.found.insert(Mark { pointer, kind, is_key, access });
    }

    /// `object` is what holds `value`, however deep in lists.
    fn look(
        &mut self,
        schema: &Json,
        value: &Json,
        pointer: &str,
        object: Option<&Json>,
        depth: usize,
    ) {
        self.steps += 1;
        if depth > MAX_DEPTH || self.steps > MAX_STEPS {
            return;
        }
        let schema_here = schema;
        let root = self.root;
        let schema = types::resolve(root, schema);
        for mark in [schema_here, schema] {
            if let Some(kind) = mark.get(REF).and_then(Json::as_str) {
                self.add(pointer, kind, false, Access::of(mark, object));
                return;
            }
        }
        for key in ["allOf", "anyOf", "oneOf"] {
            for branch in schema.get(key).and_then(Json::as_array).into_iter().flatten() {
                self.look(branch, value, pointer, object, depth + 1);
            }
        }
        for key in ["then", "else"] {
            if let Some(branch) = schema.get(key) {
                self.look(branch, value, pointer, object, depth + 1);
            }
        }
        match value {
            Json::Object(members) => {
                let here = Some(value);
                let key_schema = schema.get("propertyNames").map(|keys| types::resolve(root, keys));
                let key_kind = key_schema.and_then(|keys| keys.get(REF)?.as_str());
                for (name, member) in members {
                    let pointer = format!("{pointer}/{}", escape(name));
                    if let Some(kind) = key_kind {
                        self.add(
                            &pointer,
                            kind,
                            true,
                            key_schema
                                .map_or_else(Access::default, |keys| Access::of(keys, object)),
                        );
                    }
                    for inner in of_member(schema, name) {
                        self.look(inner, member, &pointer, here, depth + 1);
                    }
                }
            }
            Json::Array(items) => {
                for (place, item) in items.iter().enumerate() {
                    let inner = match schema.get("items") {
                        Some(Json::Array(each)) => {
                            each.get(place).or_else(|| schema.get("additionalItems"))
                        }
                        every => every,
                    };
                    if let Some(inner) = inner {
                        self.look(inner, item, &format!("{pointer}/{place}"), object, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The schemas of the member `name` of an object.
pub(crate) fn of_member<'s>(schema: &'s Json, name: &str) -> Vec<&'s Json> {
    let property = schema.get("properties").and_then(|properties| properties.get(name));
    let patterns = schema.get("patternProperties").and_then(Json::as_object);
    let fits = |pattern: &str| Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(name));
    let patterned = patterns.into_iter().flatten().filter(|(pattern, _)| fits(pattern));
    let mut all: Vec<&Json> = property.into_iter().chain(patterned.map(|(_, s)| s)).collect();
    if all.is_empty() {
        all.extend(schema.get("additionalProperties"));
    }
    all
}

pub(crate) fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// Whether `schema` has a mark of this kind anywhere.
fn has_mark(schema: &Json, kind: &str) -> bool {
    match schema {
        Json::Object(members) => members.iter().any(|(name, inner)| {
            (name == REF && inner.as_str() == Some(kind)) || has_mark(inner, kind)
        }),
        Json::Array(items) => items.iter().any(|item| has_mark(item, kind)),
        _ => false,
    }
}

/// The members of a plugin's output, or of its input, that are names of intents.
pub(crate) fn intents(schema: &Json) -> BTreeSet<String> {
    let root = types::resolve(schema, schema);
    let properties = root.get("properties").and_then(Json::as_object);
    let is_intent = |property: &Json| {
        let direct = |one: &Json| one.get(REF).and_then(Json::as_str) == Some("intent");
        let resolved = types::resolve(schema, property);
        let branches = ["anyOf", "oneOf", "allOf"];
        let branches = branches.into_iter().filter_map(|key| resolved.get(key)?.as_array());
        direct(property)
            || direct(resolved)
            || branches
                .flatten()
                .any(|branch| direct(branch) || direct(types::resolve(schema, branch)))
    };
    let marked = properties.into_iter().flatten().filter(|(_, property)| is_intent(property));
    marked.map(|(name, _)| name.clone()).collect()
}

/// What a configuration names that matters beyond it.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// The bots whose intents it means.
    pub bots: Vec<Name>,
    /// Words for intents, in a plugin that asks no bot itself: what the flow gives it is held
    /// against them.
    pub intents: Vec<Word>,
}

/// Checks all that a configuration names; a calendar's name is replaced by the calendar.
pub(crate) fn resolve(
    checker: &mut Checker<'_>,
    plugin: &Word,
    schema: &Json,
    node: &Node,
    value: &mut Json,
    locales: &[Locale],
) -> Named {
    let Some(marks) = find(schema, value) else {
        let message = "this is too large to check against the plugin's schema";
        checker.push(Diagnostic::new(Code::BadConfig, first_line(node), message));
        return Named::default();
    };
    let bots = bots(checker, plugin, schema, node, value, &marks);
    let asks = has_mark(schema, "bot");
    let mut intents = Vec::new();
    if !marks.iter().any(|mark| mark.kind == "knowledge-base" && names_something(value, mark)) {
        let known = checker.project.knowledge().keys().cloned().collect();
        default_is_there(checker, plugin, schema, "knowledge-base", &known);
    }
    left_out(checker, plugin, schema, value);
    let collections = collections(schema, node, value, &marks);
    for mark in marks {
        if mark.kind == "index" {
            if let Some(word) = name_at(node, &mark).filter(|_| names_something(value, &mark)) {
                index(checker, &word, &collections);
            }
        } else if mark.kind == "intent" && !asks {
            intents.extend(name_at(node, &mark).filter(|_| names_something(value, &mark)));
        } else {
            place(checker, plugin, node, value, &mark, locales, &bots);
        }
    }
    Named { bots, intents }
}

/// A collection that a configuration leaves out, and that the plugin takes then.
fn left_out(checker: &mut Checker<'_>, plugin: &Word, schema: &Json, value: &Json) {
    let properties = types::resolve(schema, schema).get("properties").and_then(Json::as_object);
    for (key, property) in properties.into_iter().flatten() {
        let is_marked = property.get(REF).and_then(Json::as_str) == Some("collection");
        let default = property.get("default").and_then(Json::as_str);
        if let (true, Some(default), None) = (is_marked, default, value.get(key)) {
            let word = Spanned::new(Name::from(default), plugin.span);
            checker.collection(&word);
            access::check(checker, plugin, &word, Access::of(property, Some(value)));
        }
    }
}

/// The collections that a configuration names, and those that it leaves out.
fn collections(schema: &Json, node: &Node, value: &Json, marks: &BTreeSet<Mark>) -> BTreeSet<Name> {
    let named = marks.iter().filter(|mark| mark.kind == "collection");
    let named = named.filter_map(|mark| Some(name_at(node, mark)?.value));
    let properties = types::resolve(schema, schema).get("properties").and_then(Json::as_object);
    let left_out = properties.into_iter().flatten().filter_map(|(key, property)| {
        let is_marked = property.get(REF).and_then(Json::as_str) == Some("collection");
        let default = property.get("default").and_then(Json::as_str);
        default.filter(|_| is_marked && value.get(key).is_none()).map(Name::from)
    });
    named.chain(left_out).collect()
}

/// An index of one of the collections that the same configuration names.
fn index(checker: &mut Checker<'_>, word: &Word, collections: &BTreeSet<Name>) {
    let declared = checker.project.collections();
    let found: Option<Vec<_>> = collections.iter().map(|name| declared.get(name)).collect();
    // Of a collection that is not there, that is told.
    let Some(found) = found.filter(|found| !found.is_empty()) else { return };
    let known: BTreeSet<&Name> = found.iter().flat_map(|one| one.indexes.keys()).collect();
    if checker.project.broken
        || known.contains(&word.value)
        || checker.only_counts(Code::UnknownIndex, word.span)
    {
        return;
    }
    let of: Vec<String> = collections.iter().map(|name| format!("`{name}`")).collect();
    let of = of.join(", ");
    let message = format!("there is no index `{}` in {of}", word.value);
    let known = known.iter().map(|name| &***name);
    let unknown = Diagnostic::new(Code::UnknownIndex, word.span, message);
    let list = format!("the indexes of {of} are");
    checker.push(
        unknown
            .suggest(&word.value, known, &list)
            .help("a collection declares its indexes under `indexes:` in `dialgraph.yaml`"),
    );
}

fn names_something(value: &Json, mark: &Mark) -> bool {
    mark.is_key || value.pointer(&mark.pointer).is_some_and(|named| !named.is_null())
}

/// The bots of which a plugin with this configuration gets intents.
fn bots(
    checker: &mut Checker<'_>,
    plugin: &Word,
    schema: &Json,
    node: &Node,
    value: &Json,
    marks: &BTreeSet<Mark>,
) -> Vec<Name> {
    let all: BTreeSet<Name> = checker.project.bots().keys().cloned().collect();
    let named = marks.iter().filter(|mark| mark.kind == "bot" && names_something(value, mark));
    let named: Vec<Name> = named
        .filter_map(|mark| Some(name_at(node, mark)?.value))
        .map(|name| match all.contains(&name) {
            true => name,
            // It is told that there is none; its intents are most likely those of the one that was
            // meant.
            false => dialgraph_base::nearest(&name, all.iter().map(|bot| &**bot))
                .map_or(name, Name::from),
        })
        .collect();
    if !named.is_empty() {
        let known = named.iter().all(|name| all.contains(name));
        return if known { named } else { all.into_iter().collect() };
    }
    if has_mark(schema, "bot") {
        default_is_there(checker, plugin, schema, "bot", &all);
        if all.contains(DEFAULT) {
            return vec![DEFAULT.into()];
        }
    }
    all.into_iter().collect()
}

/// A plugin that may be told what to ask, and is not, asks the one called `default`.
///
/// Nothing is said where the project has none at all: then the files may be left to the provider.
fn default_is_there(
    checker: &mut Checker<'_>,
    plugin: &Word,
    schema: &Json,
    kind: &str,
    known: &BTreeSet<Name>,
) {
    if known.is_empty() || known.contains(DEFAULT) || !has_mark(schema, kind) {
        return;
    }
    let (code, what) = match kind {
        "bot" => (Code::UnknownBot, "bot"),
        _ => (Code::UnknownKnowledgeBase, "knowledge base"),
    };
    let message = format!("this names no {what}, and there is none called `{DEFAULT}`");
    let known = known.iter().map(|name| &**name);
    checker.push(Diagnostic::new(code, plugin.span, message).suggest(
        DEFAULT,
        known,
        "name one of these in `config`",
    ));
}

/// What stands at a mark, with its place; none when it is no text.
fn name_at(node: &Node, mark: &Mark) -> Option<Word> {
    if !mark.is_key {
        let at = node.at_pointer(&mark.pointer);
        return at.text().map(|text| Spanned::new(Name::from(text), at.span));
    }
    let (parent, key) = mark.pointer.rsplit_once('/')?;
    let key = key.replace("~1", "/").replace("~0", "~");
    let entry = node.at_pointer(parent).entry(&key)?;
    Some(Spanned::new(Name::from(key), entry.key.span))
}

fn place(
    checker: &mut Checker<'_>,
    plugin: &Word,
    node: &Node,
    value: &mut Json,
    mark: &Mark,
    locales: &[Locale],
    bots: &[Name],
) {
    let at = node.at_pointer(&mark.pointer);
    if mark.kind == "prompt" {
        let Some(prompt) = texts(at, first_line(at)) else {
            let message = "a prompt is a map with one text for each locale";
            checker.push(Diagnostic::new(Code::BadConfig, first_line(at), message));
            return;
        };
        prompts::complete(checker, &prompt, locales);
        return;
    }
    // Where the schema allows null, nothing is named; where it does not, it says so itself.
    if !names_something(value, mark) {
        return;
    }
    let Some(word) = name_at(node, mark) else {
        let message = format!("this must be the name of a {}, not {}", mark.kind, at.what());
        checker.push(Diagnostic::new(Code::BadConfig, first_line(at), message));
        return;
    };
    if mark.kind == "calendar" {
        if let (Some(calendar), Some(place)) =
            (checker.calendar(&word), value.pointer_mut(&mark.pointer))
        {
            place.clone_from(&calendar.value);
        }
        return;
    }
    name(checker, plugin, mark, &word, bots);
}

/// Checks that what `word` names is there.
pub(crate) fn name(
    checker: &mut Checker<'_>,
    plugin: &Word,
    mark: &Mark,
    word: &Word,
    bots: &[Name],
) {
    let project = checker.project;
    match mark.kind.as_str() {
        "queue" => {
            checker.queue(word);
        }
        "collection" => {
            checker.collection(word);
            access::check(checker, plugin, word, mark.access);
        }
        "calendar" => {
            checker.calendar(word);
        }
        "flow" => {
            checker.flow(word);
        }
        "bot" => {
            let known = project.bots().keys();
            let help = format!("a bot is a file `intents/{}.intents.yaml`", word.value);
            listed(checker, Code::UnknownBot, "bot", word, known, &help);
        }
        "intent" => {
            if let Some(names) = names::intents(checker, bots)
                && !names.contains(&word.value)
                && *word.value != *names::FALLBACK_INTENT
                && !checker.only_counts(Code::UnknownIntent, word.span)
            {
                let names = names.iter().map(|name| &**name);
                checker.push(names::unknown_intent(&word.value, word.span, names));
            }
        }
        "knowledge-base" => {
            let known = project.knowledge().keys();
            let help = format!(
                "a knowledge base is a folder `knowledge/{}/LOCALE/` of articles",
                word.value
            );
            listed(checker, Code::UnknownKnowledgeBase, "knowledge base", word, known, &help);
        }
        "guardrail" => {
            let known = project.guardrails.iter();
            let help = format!("a guardrail is a file `guardrails/{}.guardrail.yaml`", word.value);
            listed(checker, Code::UnknownGuardrail, "guardrail", word, known, &help);
        }
        "locale" => {
            let known: Vec<Name> =
                checker.locales.iter().map(|known| Name::from(&**known)).collect();
            let help = "locales are listed under `locales:` in `dialgraph.yaml`";
            listed(checker, Code::UnknownLocale, "locale", word, known.iter(), help);
        }
        "attribute" => {
            let flows = project.flows.iter().filter(|flow| !flow.broken);
            let known: BTreeSet<&Name> =
                flows.flat_map(|flow| &flow.tree.attributes).map(|a| &a.name.value).collect();
            if project.flows.iter().all(|flow| !flow.broken) {
                let help = "a flow declares it under `attributes:`";
                listed(checker, Code::UnknownVariable, "attribute", word, known, help);
            }
        }
        "secret" => {
            let granted = project.grants().remove(&plugin.value).unwrap_or_default().secrets;
            let granted: Vec<Name> = granted.iter().map(|name| name.as_str().into()).collect();
            let is_it = |granted: &Name| *granted == word.value;
            not_granted(checker, plugin, "secret", word, &word.value, &granted, is_it);
        }
        "host" => {
            let granted = project.grants().remove(&plugin.value).unwrap_or_default().http;
            let granted: Vec<Name> = granted.iter().map(|name| name.as_str().into()).collect();
            let wanted = HostPattern::of_url(&word.value);
            let host = wanted.as_ref().map_or_else(|_| word.value.to_string(), HostPattern::host);
            not_granted(checker, plugin, "host", word, &host, &granted, |granted| {
                let pattern = granted.parse::<HostPattern>();
                matches!((&pattern, &wanted), (Ok(one), Ok(other)) if one.covers(other))
            });
        }
        // A mark of a later contract: nothing of it can be checked.
        _ => {}
    }
}

fn listed<'n>(
    checker: &mut Checker<'_>,
    code: Code,
    what: &str,
    word: &Word,
    known: impl IntoIterator<Item = &'n Name>,
    help: &str,
) {
    let known: Vec<&Name> = known.into_iter().collect();
    if checker.project.broken
        || known.contains(&&word.value)
        || checker.only_counts(code, word.span)
    {
        return;
    }
    let message = format!("there is no {what} `{}`", word.value);
    let known = known.iter().map(|name| &***name);
    let list = format!("the {what}s are");
    checker.push(
        Diagnostic::new(code, word.span, message).suggest(&word.value, known, &list).help(help),
    );
}

fn not_granted(
    checker: &mut Checker<'_>,
    plugin: &Word,
    what: &str,
    word: &Word,
    like: &str,
    granted: &[Name],
    is_it: impl Fn(&Name) -> bool,
) {
    if checker.project.broken || granted.iter().any(is_it) {
        return;
    }
    let key = if what == "host" { "http" } else { "secrets" };
    let message = format!("plugin `{}` is not granted the {what} `{}`", plugin.value, word.value);
    let granted = granted.iter().map(|name| &**name);
    let list = format!("it is granted the {what}s");
    let diagnostic = Diagnostic::new(Code::NotGranted, word.span, message)
        .suggest(like, granted, &list)
        .help(format!(
            "grants are given in `dialgraph.yaml`: `plugins: {{{}: {{{key}: […]}}}}`",
            plugin.value
        ));
    checker.push(diagnostic);
}
