//! What a flow gives a plugin: `config` and `with`, held against the plugin's schemas.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dialgraph_base::{ConfigChecks, ConfigProblem, Descriptor, Digest, Locale, Name, Severity};
use dialgraph_json_schema::{Bounds, DEPTH, Schema, SchemaError, shown};
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map as JsonMap, Value as Json};

use super::marks::{self, Named, REF, escape};
use super::{Checker, literals, types, values};
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::{Comparison, Expr, Told, TypeEnv};
use crate::model::Type;
use crate::source::{Span, Spanned};
use crate::syntax::flow::{Value, Word};
use crate::syntax::shape::first_line;
use crate::syntax::yaml::{self, Node};

/// A plugin that a node uses.
pub(crate) struct Used<'p> {
    /// As the node names it.
    pub(crate) plugin: &'p Word,
    pub(crate) digest: Digest,
    pub(crate) descriptor: &'p Descriptor,
}
/// Mistakes in one configuration that are told one by one.
const TOLD: usize = 50;

/// What a plugin is asked: its digest, the configuration, and the locales.
type Question = (Digest, Arc<str>, Vec<Locale>);

/// What plugins have been asked in this check, and what they said.
pub(crate) struct Asked<'p> {
    checks: &'p dyn ConfigChecks,
    /// What they find is only warned of.
    accepted: bool,
    /// Many nodes have one configuration.
    answers: BTreeMap<Question, Arc<[ConfigProblem]>>,
    /// Plugins whose check failed. They are not asked again: it would take as long, and the project
    /// is refused already.
    failed: BTreeSet<Digest>,
    /// Places and words of what was said: several nodes may use one calendar.
    told: BTreeSet<(Span, String)>,
    /// Calendars that nodes use.
    calendars: BTreeSet<Name>,
    /// The plugins' schemas for their configurations, marked places left open: many nodes use one
    /// plugin.
    schemas: BTreeMap<Digest, Opened>,
}

type Opened = Arc<Result<Schema, SchemaError>>;

impl<'p> Asked<'p> {
    pub(crate) fn new(checks: &'p dyn ConfigChecks, accepted: bool) -> Self {
        Self {
            checks,
            accepted,
            answers: BTreeMap::new(),
            failed: BTreeSet::new(),
            told: BTreeSet::new(),
            calendars: BTreeSet::new(),
            schemas: BTreeMap::new(),
        }
    }

    /// How bad a finding is that an engine before this one may not have looked for.
    pub(crate) fn severity(&self, found: Severity) -> Severity {
        if self.accepted { Severity::Warning } else { found }
    }

    fn opened(&mut self, used: &Used<'_>) -> Opened {
        let open = || Arc::new(Schema::new(&unmarked(&used.descriptor.config_schema, 0)));
        Arc::clone(self.schemas.entry(used.digest).or_insert_with(open))
    }

    fn ask(&mut self, question: Question) -> Result<Arc<[ConfigProblem]>, String> {
        if let Some(known) = self.answers.get(&question) {
            return Ok(Arc::clone(known));
        }
        let (digest, config, locales) = &question;
        if self.failed.contains(digest) {
            return Ok(Arc::new([]));
        }
        let answer = self.checks.check(digest, config, locales).inspect_err(|_| {
            self.failed.insert(*digest);
        })?;
        let answer: Arc<[ConfigProblem]> = answer.into();
        self.answers.insert(question, Arc::clone(&answer));
        Ok(answer)
    }
}

/// A configuration as it is written, with the calendars that stand for their names.
struct Written<'n> {
    node: &'n Node,
    /// Pointers of names and what they name; none within another.
    calendars: Vec<(String, &'n Node)>,
}

impl<'n> Written<'n> {
    /// What stands at `pointer`, or the deepest value on the way to it: in another file, where that
    /// is a calendar's.
    fn at(&self, pointer: &str) -> &'n Node {
        let within = |(at, calendar): &(String, &'n Node)| {
            let inner = pointer.strip_prefix(at.as_str())?;
            (inner.is_empty() || inner.starts_with('/')).then(|| calendar.at_pointer(inner))
        };
        self.calendars.iter().find_map(within).unwrap_or_else(|| self.node.at_pointer(pointer))
    }
}

/// Checks the configuration of a plugin; gives it with calendars in place of their names, and what
/// it names.
pub(crate) fn config(
    checker: &mut Checker<'_>,
    used: &Used<'_>,
    given: Option<&Node>,
    locales: &[Locale],
    env: &dyn TypeEnv,
) -> (Option<Arc<str>>, Named) {
    let empty = Node { span: used.plugin.span, value: yaml::Value::Map(Vec::new()) };
    let node = given.unwrap_or(&empty);
    let errors = checker.findings.errors();
    let mut value = node.json();
    let schema = &used.descriptor.config_schema;
    // Before the schema is followed anywhere: the plugin's author wrote it, and it may lead to no
    // end.
    if !is_bounded(checker, used.plugin, schema, node, &value) {
        return (None, Named::default());
    }
    literals::of_config(checker, schema, node, env);
    let written = Written { node, calendars: calendars(checker, schema, node, &value) };
    let named = marks::resolve(checker, used.plugin, schema, node, &mut value, locales);
    let valid = validate(checker, used, &written, &value);
    if !valid || checker.erred_since(errors) {
        return (None, named);
    }
    let config: Arc<str> = value.to_string().into();
    ask(checker, used, &config, &written, locales);
    ((!checker.erred_since(errors)).then_some(config), named)
}

/// Tells of a schema that is not used, and of a value that takes too much to be held against it.
fn is_bounded(
    checker: &mut Checker<'_>,
    plugin: &Word,
    schema: &Json,
    node: &Node,
    value: &Json,
) -> bool {
    match Bounds::of(schema) {
        Err(error) => {
            wrong_schema(checker, plugin, &error);
            false
        }
        Ok(bounds) => match bounds.admit(value, None) {
            Err(error) => {
                let message = format!("the configuration of `{}`: {error}", plugin.value);
                checker.push(Diagnostic::new(Code::BadConfig, first_line(node), message));
                false
            }
            Ok(()) => true,
        },
    }
}

fn wrong_schema(checker: &mut Checker<'_>, plugin: &Word, error: &SchemaError) {
    let message = format!(
        "the schema by which `{}` describes its configuration is wrong: {error}",
        plugin.value
    );
    checker.push(
        Diagnostic::new(Code::BadConfig, plugin.span, message)
            .help("tell the author of the plugin"),
    );
}

/// The calendars that `value` names, by place.
fn calendars<'p>(
    checker: &mut Checker<'p>,
    schema: &Json,
    node: &Node,
    value: &Json,
) -> Vec<(String, &'p Node)> {
    let project = checker.project;
    let marks = marks::find(schema, value).unwrap_or_default();
    let marks = marks.into_iter().filter(|mark| mark.kind == "calendar" && !mark.is_key);
    let named = marks.filter_map(|mark| {
        let name = node.at_pointer(&mark.pointer).text()?;
        let (name, calendar) = project.calendars.get_key_value(name)?;
        checker.configs.calendars.insert(name.clone());
        Some((mark.pointer, &calendar.node))
    });
    named.collect()
}

/// Has the plugin itself look at its configuration.
fn ask(
    checker: &mut Checker<'_>,
    used: &Used<'_>,
    config: &Arc<str>,
    written: &Written<'_>,
    locales: &[Locale],
) {
    // Counted for more than one step: it takes an instance of the plugin.
    if !checker.work.goes_on(100) {
        return;
    }
    let question = (used.digest, Arc::clone(config), locales.to_vec());
    let problems = match checker.configs.ask(question) {
        Ok(problems) => problems,
        Err(why) => {
            let mut diagnostic = Diagnostic::new(Code::ConfigUnchecked, used.plugin.span, why)
                .help("correct what the plugin is given under `config:`, or tell the author of the plugin");
            diagnostic.severity = checker.configs.severity(diagnostic.severity);
            checker.push(diagnostic);
            return;
        }
    };
    for problem in problems.iter() {
        let span = first_line(written.at(&problem.pointer));
        if !checker.configs.told.insert((span, problem.message.clone())) {
            continue;
        }
        let mut diagnostic = Diagnostic::new(Code::ConfigProblem, span, &problem.message);
        diagnostic.severity = checker.configs.severity(problem.severity);
        diagnostic.help.extend(problem.hint.clone());
        if span.file != used.plugin.span.file {
            let label = format!("`{}` uses it here", used.plugin.value);
            diagnostic = diagnostic.label(used.plugin.span, label);
        }
        checker.push(diagnostic);
    }
}

/// Looks at the calendars that no node uses, such as those that only queues are staffed by: the
/// plugins that take a calendar and need nothing else know what one must be.
pub(crate) fn unused_calendars(checker: &mut Checker<'_>) {
    let (project, plugins) = (checker.project, checker.plugins);
    let locales = checker.locales.clone();
    for (name, calendar) in &project.calendars {
        if checker.configs.calendars.contains(name) {
            continue;
        }
        for (plugin, (digest, descriptor)) in plugins {
            let schema = &descriptor.config_schema;
            let Some(key) = takes_a_calendar(schema) else { continue };
            if !checker.work.goes_on(100) {
                return;
            }
            let word = Spanned::new(plugin.clone(), calendar.name.span);
            let mut value = JsonMap::new();
            value.insert(key.to_owned(), calendar.value.clone());
            let value = Json::Object(value);
            let written = Written {
                node: &calendar.node,
                calendars: vec![(format!("/{}", escape(key)), &calendar.node)],
            };
            let used = Used { plugin: &word, digest: *digest, descriptor };
            if validate(checker, &used, &written, &value) {
                ask(checker, &used, &value.to_string().into(), &written, &locales);
            }
        }
    }
}

/// The one key that a configuration needs, if it holds a whole calendar.
fn takes_a_calendar(schema: &Json) -> Option<&str> {
    let [key] = schema.get("required")?.as_array()?.as_slice() else { return None };
    let key = key.as_str()?;
    let property = schema.get("properties")?.get(key)?;
    let whole = property.get("type") == Some(&Json::String("object".into()));
    (whole && property.get(REF)? == "calendar").then_some(key)
}

/// The plugin's schema with the marked places left open where what stands there has been checked
/// already.
///
/// A place keeps its schema if that describes an object: a prompt's texts, or the calendar itself.
fn unmarked(schema: &Json, depth: usize) -> Json {
    // Never reached: schemas that are deeper were refused.
    if depth > DEPTH {
        return Json::Bool(true);
    }
    match schema {
        Json::Object(members) => {
            let is_object = members.get("type") == Some(&Json::String("object".into()));
            match members.get(REF).and_then(Json::as_str) {
                Some("calendar" | "prompt") if is_object => {}
                Some("prompt" | "calendar" | "queue" | "collection") => return Json::Bool(true),
                _ => {}
            }
            let open =
                members.iter().map(|(name, inner)| (name.clone(), unmarked(inner, depth + 1)));
            Json::Object(JsonMap::from_iter(open))
        }
        Json::Array(items) => items.iter().map(|item| unmarked(item, depth + 1)).collect(),
        other => other.clone(),
    }
}

/// Whether `value` is as the plugin's schema wants it.
fn validate(
    checker: &mut Checker<'_>,
    used: &Used<'_>,
    written: &Written<'_>,
    value: &Json,
) -> bool {
    let (plugin, schema) = (used.plugin, &used.descriptor.config_schema);
    let open = checker.configs.opened(used);
    let open = match &*open {
        Ok(open) => open,
        Err(error) => {
            wrong_schema(checker, plugin, error);
            return false;
        }
    };
    let mut errors = match open.errors(value) {
        Ok(errors) => errors,
        // With calendars in the place of their names there is more to look at than before.
        Err(error) => {
            let message = format!("the configuration of `{}`: {error}", plugin.value);
            checker.push(Diagnostic::new(Code::BadConfig, first_line(written.node), message));
            return false;
        }
    };
    let mut valid = true;
    for error in errors.by_ref().take(TOLD) {
        valid = false;
        let pointer = error.instance_path().to_string();
        let at = written.at(&pointer);
        let place = if pointer.is_empty() {
            "the configuration".to_owned()
        } else {
            format!("`{}`", pointer.trim_start_matches('/').replace('/', "."))
        };
        for (span, message, known) in findings(&error, at, &place) {
            // A calendar that several nodes use is wrong once.
            let in_the_flow = span.file == plugin.span.file;
            if !in_the_flow && !checker.configs.told.insert((span, message.clone())) {
                continue;
            }
            // A name that names nothing is wrong once, whatever should have stood in its place.
            let told = |d: &Diagnostic| {
                matches!(d.code, Code::BadConfig | Code::UnknownCalendar) && d.primary.span == span
            };
            if known.is_none() && checker.findings.told().iter().any(told) && at.map().is_none() {
                continue;
            }
            if checker.only_counts(Code::BadConfig, span) {
                continue;
            }
            let part = part_for(schema, &pointer);
            let mut diagnostic = Diagnostic::new(Code::BadConfig, span, message);
            if let Some(name) = known {
                let keys = property_names(schema, part);
                diagnostic =
                    diagnostic.suggest(&name, keys.iter().map(String::as_str), "it can have");
            } else if let (Some(given), Some(words)) = (at.text(), part.and_then(words)) {
                let what = format!("`{given}` is no choice for {place}");
                diagnostic.message = what;
                diagnostic = diagnostic.suggest(given, words, "choose one of");
            } else if let Some(part) = part
                // What a plugin says of the name of a calendar is not about the calendar that the
                // name stands for.
                && in_the_flow
                && let Some(about) = part.get("description").and_then(Json::as_str)
            {
                diagnostic = diagnostic.help(about);
            }
            checker.push(diagnostic);
        }
    }
    let more = errors.count();
    if more > 0 {
        let message = format!("the configuration of `{}` has {more} more mistakes", plugin.value);
        checker.push(
            Diagnostic::new(Code::BadConfig, first_line(written.node), message)
                .help("they are shown when you have corrected the others"),
        );
    }
    valid
}

/// Place and message for each thing that one error of the validator tells of, and the unknown key,
/// if any.
fn findings(
    error: &jsonschema::ValidationError<'_>,
    at: &Node,
    place: &str,
) -> Vec<(Span, String, Option<String>)> {
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|name| {
                let span = at.entry(name).map_or(first_line(at), |e| e.key.span);
                let message = format!("{place} has no key `{name}`");
                (span, message, Some(name.clone()))
            })
            .collect(),
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().map_or_else(|| property.to_string(), str::to_owned);
            let message = format!("{place} needs the key `{name}`");
            vec![(first_line(at), message, None)]
        }
        _ => {
            let message = format!("{place}: {}", shown(&error.to_string()));
            vec![(first_line(at), message, None)]
        }
    }
}

/// The part of `schema` for the value at `pointer`, as far as properties and items lead to it.
fn part_for<'s>(root: &'s Json, pointer: &str) -> Option<&'s Json> {
    let mut schema = types::resolve(root, root);
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let next = schema
            .get("properties")
            .and_then(|properties| properties.get(&token))
            .or_else(|| schema.get("items"))
            .or_else(|| schema.get("additionalProperties"))?;
        schema = types::resolve(root, next);
    }
    Some(schema)
}

/// The words to choose from, where a schema allows only some: an `enum`, or one `const` in every
/// branch.
fn words(schema: &Json) -> Option<Vec<&str>> {
    if let Some(Json::Array(choices)) = schema.get("enum") {
        return choices.iter().map(Json::as_str).collect();
    }
    let branches = ["oneOf", "anyOf"].into_iter().find_map(|key| schema.get(key)?.as_array())?;
    let constants = branches.iter().map(|branch| branch.get("const")?.as_str());
    constants.collect()
}

fn property_names(root: &Json, schema: Option<&Json>) -> Vec<String> {
    let schema = schema.map(|schema| types::resolve(root, schema));
    let properties = schema.and_then(|schema| schema.get("properties"));
    let names = properties.and_then(Json::as_object).map(|p| p.keys().cloned());
    names.map(Iterator::collect).unwrap_or_default()
}

/// Checks what a flow gives under `with:` and compiles it.
pub(crate) fn input(
    checker: &mut Checker<'_>,
    plugin: &Word,
    descriptor: &Descriptor,
    with: &[(Word, Value)],
    with_span: Span,
    env: &dyn TypeEnv,
    named: &Named,
) -> Option<Vec<(Name, Expr)>> {
    let root = &descriptor.input_schema;
    let schema = types::resolve(root, root);
    let properties = schema.get("properties").and_then(Json::as_object);
    let mut good = true;
    let mut compiled = Vec::new();
    for (name, value) in with {
        let property = properties.and_then(|properties| properties.get(&*name.value));
        if property.is_none()
            && (types::is_closed(schema)
                || properties.is_none_or(JsonMap::is_empty) && !is_open(schema))
        {
            let known: Vec<&str> =
                properties.map(|p| p.keys().map(String::as_str).collect()).unwrap_or_default();
            let message = format!("plugin `{}` has no input `{}`", plugin.value, name.value);
            checker.push(Diagnostic::new(Code::BadInput, name.span, message).suggest(
                &name.value,
                known,
                "its inputs are",
            ));
            good = false;
        }
        let expected = property.map_or(Type::Any, |schema| types::simple_type(root, schema));
        let what = format!("input `{}`", name.value);
        match values::compile(checker, value, expected, &what, env) {
            Some(expr) => {
                good &= constant(checker, root, property.is_some(), name, value.span(), &expr);
                good &= constant_name(checker, plugin, property, value.span(), &expr);
                compiled.push((name.value.clone(), expr));
            }
            None => good = false,
        }
    }
    good &= required(checker, plugin, schema, with, with_span);
    // A rule for an intent is one for what the flow gives as the intent.
    for input in marks::intents(root) {
        let given = compiled.iter().find(|(name, _)| **name == *input);
        for word in named.intents.iter().filter(|_| given.is_some()) {
            let of = given.map(|(_, expr)| expr.sources()).unwrap_or_default();
            let with = Told::Word(word.value.to_string());
            let comparison = Comparison { of, with, span: 0..0 };
            checker.facts.hold(&checker.here, comparison, word.span);
        }
    }
    good.then_some(compiled)
}

/// An object schema that says outright that anything may be in it.
fn is_open(schema: &Json) -> bool {
    match schema {
        Json::Bool(open) => *open,
        _ => schema.get("additionalProperties").is_some_and(|more| *more != Json::Bool(false)),
    }
}

fn required(
    checker: &mut Checker<'_>,
    plugin: &Word,
    schema: &Json,
    with: &[(Word, Value)],
    with_span: Span,
) -> bool {
    let mut good = true;
    let names = schema.get("required").and_then(Json::as_array);
    for name in names.into_iter().flatten().filter_map(Json::as_str) {
        if with.iter().any(|(given, _)| *given.value == *name) {
            continue;
        }
        good = false;
        let message = format!("plugin `{}` needs the input `{name}`", plugin.value);
        let about = schema
            .pointer(&format!("/properties/{}/description", escape(name)))
            .and_then(Json::as_str);
        let about = about.map_or_else(String::new, |about| format!(": {about}"));
        checker.push(
            Diagnostic::new(Code::BadInput, with_span, message)
                .help(format!("add `{name}: EXPRESSION` under `with:`{about}")),
        );
    }
    good
}

/// A name that is known before any call must be that of something. Intents may be the flow's own.
fn constant_name(
    checker: &mut Checker<'_>,
    plugin: &Word,
    property: Option<&Json>,
    span: Span,
    expr: &Expr,
) -> bool {
    let before = checker.findings.errors();
    if let (Some(property), Some(value)) = (property, expr.constant())
        && let Some(marked) = marks::find(property, value)
    {
        for mark in marked.iter().filter(|mark| !mark.is_key && mark.kind != "intent") {
            if let Some(text) = value.pointer(&mark.pointer).and_then(Json::as_str) {
                let word = Spanned::new(Name::from(text), span);
                marks::name(checker, plugin, mark, &word, &[]);
            }
        }
    }
    !checker.erred_since(before)
}

/// A value that is known before any call can be held against the whole schema.
fn constant(
    checker: &mut Checker<'_>,
    root: &Json,
    listed: bool,
    name: &Word,
    span: Span,
    expr: &Expr,
) -> bool {
    let (true, Some(value)) = (listed, expr.constant()) else {
        return true;
    };
    let mut tell = |what: String| {
        let message = format!("input `{}`: {}", name.value, shown(&what));
        checker.push(Diagnostic::new(Code::BadInput, span, message));
    };
    let schema = match Schema::new(root) {
        Ok(schema) => schema,
        Err(error) => {
            tell(format!("the plugin's schema for its input is wrong: {error}"));
            return false;
        }
    };
    // As an input that has nothing else. What the whole lacks is told elsewhere.
    let input = Json::Object(JsonMap::from_iter([(name.value.to_string(), value.clone())]));
    let mut good = true;
    match schema.errors(&input) {
        Ok(errors) => {
            let within = errors.filter(|error| !error.instance_path().as_str().is_empty());
            for error in within.take(TOLD) {
                tell(error.to_string());
                good = false;
            }
        }
        Err(error) => {
            tell(error.to_string());
            good = false;
        }
    }
    good
}
