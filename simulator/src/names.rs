//! Holds the names in a script against the project that it is run with, as the flows' own are held:
//! flows, nodes, queues, attributes and their types, locales, collections, words for how a call
//! ends.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use dialgraph_flow::model::Type;
use dialgraph_flow::syntax::yaml::{Entry, Node};
use dialgraph_kernel::call::DISPOSITIONS;

use crate::form::{Misfit, head, instead};
use crate::script::{EndsSpec, Script, ScriptError, Step};
use crate::session::Fixture;

impl Script {
    /// Every name in the script that the project of `fixture` does not have, and every value of
    /// another type than its attribute, at its place.
    pub fn check(&self, fixture: &Fixture) -> Vec<ScriptError> {
        self.source.errors(self.misfits(fixture))
    }

    pub(crate) fn misfits(&self, fixture: &Fixture) -> Vec<Misfit> {
        let mut check = Check { fixture, attributes: attributes(fixture), out: Vec::new() };
        if let Some(root) = self.source.root() {
            check.setup(self, root);
        }
        for (index, step) in self.steps.iter().enumerate() {
            if let Some([entry]) = self.source.item("steps", index).and_then(Node::map) {
                check.step(step, &entry.value);
            }
        }
        check.out
    }
}

/// Attributes are shared by all flows of a release.
fn attributes(fixture: &Fixture) -> BTreeMap<&str, Type> {
    let flows = fixture.release.flows.values();
    flows
        .flat_map(|flow| flow.attributes.iter().map(|(name, attribute)| (&**name, attribute.ty)))
        .collect()
}

struct Check<'l> {
    fixture: &'l Fixture,
    attributes: BTreeMap<&'l str, Type>,
    out: Vec<Misfit>,
}

impl Check<'_> {
    fn wrong(&mut self, node: &Node, message: String) {
        self.out.push(Misfit { span: node.span, message });
    }

    fn setup(&mut self, script: &Script, root: &Node) {
        if let (Some(flow), Some(node)) = (&script.flow, root.get("flow")) {
            self.flow(flow, node);
        }
        if let (Some(locale), Some(node)) = (&script.locale, root.get("locale")) {
            self.locale(locale, node);
        }
        for entry in entries(root.get("attributes")) {
            if entry.key.text == "locale" && !self.attributes.contains_key("locale") {
                let message = "the language of a call is no attribute of a script: write it as `locale:` beside `attributes:`";
                self.out.push(Misfit { span: entry.key.span, message: message.to_owned() });
            } else {
                self.attribute(entry);
            }
        }
        for collection in entries(root.get("records")) {
            let name = &collection.key.text;
            let Some(schema) = self.fixture.collections.get(name.as_str()) else {
                let known = instead(name, self.fixture.collections.keys().map(|known| &**known));
                let message = format!("there is no collection `{name}`{known}");
                self.out.push(Misfit { span: collection.key.span, message });
                continue;
            };
            // A schema that is none is told where it is declared.
            let Some(Ok(validator)) = schema.as_ref().map(jsonschema::draft7::new) else {
                continue;
            };
            for record in entries(Some(&collection.value)).filter(|entry| !entry.value.is_null()) {
                for error in validator.iter_errors(&record.value.json()) {
                    let at = record.value.at_pointer(error.instance_path().as_str());
                    let message = format!("record `{}` of `{name}`: {error}", record.key.text);
                    self.out.push(Misfit { span: head(at), message });
                }
            }
        }
        for mock in root.get("mocks").and_then(Node::list).unwrap_or_default() {
            self.request(mock.get("when"));
        }
    }

    fn step(&mut self, step: &Step, node: &Node) {
        match step {
            Step::Attribute(_) => {
                for entry in entries(Some(node)) {
                    match (entry.key.text.as_str(), entry.value.text()) {
                        ("locale", Some(locale)) => self.locale(locale, &entry.value),
                        _ => self.attribute(entry),
                    }
                }
            }
            Step::Path(_) => {
                for place in node.list().unwrap_or_default() {
                    self.place(place);
                }
            }
            Step::Queue(queue) => self.queue(queue, node),
            Step::Callback(callback) => {
                self.queue(&callback.queue, node.get("queue").unwrap_or(node));
            }
            Step::Record(record) => {
                self.collection(&record.collection, node.get("collection").unwrap_or(node));
                self.fields(&record.collection, node.get("like"));
            }
            Step::HostCall(_) => self.request(node.get("like")),
            Step::Outside(outside) => {
                let hooks = &self.fixture.release.hooks;
                let name = outside.hook.as_str();
                if !hooks.contains_key(name) {
                    let known = instead(name, hooks.keys().map(|hook| &**hook));
                    let at = node.get("hook").unwrap_or(node);
                    self.wrong(at, format!("there is no hook `{name}`{known}"));
                }
            }
            Step::Ends(EndsSpec::Disposition(word)) => self.disposition(word, node),
            Step::Ends(EndsSpec::Any(_))
            | Step::Says(_)
            | Step::Presses(_)
            | Step::Chooses(_)
            | Step::Silent(_)
            | Step::HangsUp(_)
            | Step::Waits(_)
            | Step::Clock(_)
            | Step::DirectiveFails(_)
            | Step::Rings(_)
            | Step::Contact(_)
            | Step::Meanwhile(_)
            | Step::Hears(_)
            | Step::NeverHears(_)
            | Step::Transfer(_)
            | Step::Ticket(_) => {}
        }
    }

    fn flow(&mut self, name: &str, node: &Node) {
        let flows = &self.fixture.release.flows;
        if !flows.contains_key(name) {
            let known = instead(name, flows.keys().map(|flow| &**flow));
            self.wrong(node, format!("there is no flow `{name}`{known}"));
        }
    }

    fn locale(&mut self, locale: &str, node: &Node) {
        let known = &self.fixture.release.locales;
        if !known.iter().any(|known| &**known == locale) {
            let known = instead(locale, known.iter().map(|locale| &**locale));
            self.wrong(node, format!("no flow speaks `{locale}`{known}"));
        }
    }

    /// An attribute and a value of it; null stands for none.
    fn attribute(&mut self, entry: &Entry) {
        let name = entry.key.text.as_str();
        let Some(wanted) = self.attributes.get(name).copied() else {
            let known = instead(name, self.attributes.keys().copied());
            let message = format!("no flow has an attribute `{name}`{known}");
            self.out.push(Misfit { span: entry.key.span, message });
            return;
        };
        let value = entry.value.json();
        if !is_a(&value, wanted) {
            let found = match entry.value.text() {
                Some(text) if value.is_string() => format!("the text `{text}`"),
                Some(text) => format!("`{text}`"),
                None => entry.value.what().to_owned(),
            };
            let message = format!("attribute `{name}` is a {}, not {found}", word(wanted));
            self.out.push(Misfit { span: head(&entry.value), message });
        }
    }

    fn queue(&mut self, name: &str, node: &Node) {
        let queues = &self.fixture.release.queues;
        if !queues.contains_key(name) {
            let known = instead(name, queues.keys().map(|queue| &**queue));
            self.wrong(node, format!("there is no queue `{name}`{known}"));
        }
    }

    fn place(&mut self, node: &Node) {
        let place = node.text().unwrap_or_default();
        let flows = &self.fixture.release.flows;
        let Some((flow_name, node_name)) = place.split_once('/') else {
            let message = format!("`{place}` is no node: write `FLOW/NODE`");
            return self.wrong(node, message);
        };
        let Some(flow) = flows.get(flow_name) else { return self.flow(flow_name, node) };
        if flow.find(node_name).is_none() {
            let known = instead(node_name, flow.nodes.iter().map(|node| &*node.id));
            self.wrong(node, format!("flow `{flow_name}` has no node `{node_name}`{known}"));
        }
    }

    fn collection(&mut self, name: &str, node: &Node) {
        let collections = &self.fixture.collections;
        if !collections.contains_key(name) {
            let known = instead(name, collections.keys().map(|known| &**known));
            self.wrong(node, format!("there is no collection `{name}`{known}"));
        }
    }

    /// Fields of a record, where the collection's schema says that there are no others.
    fn fields(&mut self, collection: &str, like: Option<&Node>) {
        let Some(Some(schema)) = self.fixture.collections.get(collection) else { return };
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            return;
        }
        for entry in entries(like) {
            let name = &entry.key.text;
            if !properties.contains_key(name) {
                let known = instead(name, properties.keys().map(String::as_str));
                let message = format!("a record of `{collection}` has no `{name}`{known}");
                self.out.push(Misfit { span: entry.key.span, message });
            }
        }
    }

    /// The collection that a request names.
    fn request(&mut self, like: Option<&Node>) {
        let named = like.and_then(|like| like.get("collection"));
        if let Some((node, name)) = named.and_then(|node| Some((node, node.text()?))) {
            self.collection(name, node);
        }
    }

    fn disposition(&mut self, word: &str, node: &Node) {
        let nodes = self.fixture.release.flows.values().flat_map(|flow| &flow.nodes);
        let given = nodes.filter_map(|node| node.kind.disposition()).map(|word| &**word);
        let words: BTreeSet<&str> = given.chain(DISPOSITIONS).collect();
        if !words.contains(word) {
            self.wrong(node, format!("no call ends as `{word}`{}", instead(word, words)));
        }
    }
}

fn entries(node: Option<&Node>) -> impl Iterator<Item = &Entry> {
    node.and_then(Node::map).unwrap_or_default().iter()
}

fn is_a(value: &Value, ty: Type) -> bool {
    match ty {
        Type::Any => true,
        _ if value.is_null() => true,
        Type::String => value.is_string(),
        Type::Number => value.is_number(),
        Type::Boolean => value.is_boolean(),
        Type::List => value.is_array(),
        Type::Map => value.is_object(),
    }
}

fn word(ty: Type) -> &'static str {
    match ty {
        Type::String => "string",
        Type::Number => "number",
        Type::Boolean => "boolean",
        Type::List => "list",
        Type::Map => "map",
        Type::Any => "value",
    }
}
