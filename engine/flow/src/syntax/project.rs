//! The project file as a typed tree.

use std::collections::BTreeMap;
use std::time::Duration;

use dialgraph_base::index::IndexKind;
use dialgraph_base::origin::{Items, Origin, Service, SortKey, SortPart, System, Table};
use dialgraph_base::phone::Country;
use dialgraph_base::{Grants, Medium, Name};
use serde::de::DeserializeOwned;

use super::flow::{LocaleWord, Texts, Word, flag, key, locale_word, texts_at, time, word, word_at};
use super::yaml::{Entry, Node};
use crate::engineers::Engineers;
use crate::erase::Erase;
use crate::hook::{EXPIRES, Encoding, Sender};
use crate::model::Limits;
use crate::source::Span;

#[derive(Debug, Default)]
pub(crate) struct ProjectTree {
    pub entry: Option<Word>,
    pub finally: Option<Word>,
    pub after: Option<Word>,
    pub fallback_queue: Option<Word>,
    pub fallback_say: Option<Texts>,
    pub comfort: Option<Texts>,
    pub locales: Vec<LocaleWord>,
    /// Those that contacts come by; empty where that is not said.
    pub channels: Vec<Medium>,
    pub country: Option<Country>,
    pub zone: Option<Word>,
    pub limits: Limits,
    pub collections: Vec<CollectionTree>,
    pub hooks: Vec<HookTree>,
    pub plugins: Vec<PluginTree>,
    pub erase: Erase,
    /// Each collection that `erase` names, with its place.
    pub erased: Vec<Word>,
    pub engineers: Engineers,
    /// Each key of `engineers` with what it names, and its place.
    pub engineers_named: Vec<(Name, Word)>,
}

#[derive(Debug)]
pub(crate) struct CollectionTree {
    pub name: Word,
    pub seed: Option<Word>,
    pub schema: Option<Word>,
    /// Field to the collection whose records it names.
    pub references: Vec<(Word, Word)>,
    pub indexes: Vec<IndexTree>,
    /// Fields that few may see.
    pub sensitive: Vec<Word>,
    /// How long a record is kept.
    pub retention: Option<Word>,
    /// Where its records live, if not in the engine's store.
    pub source: Option<SourceTree>,
}

#[derive(Debug)]
pub(crate) struct HookTree {
    pub name: Word,
    pub expires: Duration,
    pub schema: Option<Word>,
    pub sensitive: bool,
    pub sender: Sender,
    /// Names of headers, each with its place.
    pub headers: Vec<Word>,
    /// Where it says how the sender is known.
    pub signed: Option<Span>,
    pub page: Option<Texts>,
}

#[derive(Debug)]
pub(crate) struct SourceTree {
    pub origin: Origin,
    /// Its name in the configuration of the deployment.
    pub from: Word,
    /// Each field with what holds it there.
    pub fields: Vec<(Word, Word)>,
    /// Names and paths of that system, each with the key that it stands behind.
    pub texts: Vec<(&'static str, Word)>,
    /// What is said of a sort key, each with its key.
    pub sort: Vec<(&'static str, Word)>,
    /// Fields by which a source finds records: with their paths (HTTP) or indexes (DynamoDB).
    pub find: Vec<(Word, Word)>,
}

#[derive(Debug)]
pub(crate) struct IndexTree {
    pub name: Word,
    pub kind: IndexKind,
    pub fields: Vec<Word>,
}

#[derive(Debug)]
pub(crate) struct PluginTree {
    pub name: Word,
    pub grants: Grants,
    /// Each capability that is named, with its place.
    pub capabilities: Vec<Word>,
    /// Each collection that is named, with its place.
    pub collections: Vec<Word>,
}

/// Takes what is in good form out of the tree of a project file.
pub(crate) fn lower(root: &Node) -> ProjectTree {
    let fallback = root.get("fallback");
    ProjectTree {
        entry: word_at(root, "entry"),
        finally: word_at(root, "finally"),
        after: word_at(root, "after"),
        fallback_queue: fallback.and_then(|node| word_at(node, "queue")),
        fallback_say: fallback.and_then(|node| texts_at(node, "say")),
        comfort: texts_at(root, "comfort"),
        locales: locales(root.get("locales")),
        channels: words(root.get("channels"))
            .iter()
            .filter_map(|word| word.value.parse().ok())
            .collect(),
        country: word_at(root, "country").and_then(|code| Country::of(&code.value)),
        zone: root.get("zone").and_then(word),
        limits: typed(root.get("limits")),
        collections: entries(root, "collections")
            .map(|e| CollectionTree {
                name: key(e),
                seed: e.value.get("seed").and_then(word),
                schema: e.value.get("schema").and_then(word),
                references: entries(&e.value, "references")
                    .filter_map(|e| Some((key(e), word(&e.value)?)))
                    .collect(),
                sensitive: words(e.value.get("sensitive")),
                retention: e.value.get("retention").and_then(word),
                source: e.value.get("source").and_then(source),
                indexes: entries(&e.value, "indexes")
                    .map(|e| IndexTree {
                        name: key(e),
                        kind: typed(e.value.get("kind")),
                        fields: words(e.value.get("fields")),
                    })
                    .collect(),
            })
            .collect(),
        hooks: entries(root, "hooks").map(hook).collect(),
        plugins: entries(root, "plugins").map(plugin).collect(),
        erase: typed(root.get("erase")),
        erased: root.get("erase").map(erased).unwrap_or_default(),
        engineers: typed(root.get("engineers")),
        engineers_named: entries(root, "engineers")
            .filter_map(|e| Some((key(e).value, word(&e.value)?)))
            .collect(),
    }
}

fn hook(entry: &Entry) -> HookTree {
    let node = &entry.value;
    let signed = node.entry("signed");
    let of = |scheme: &str| signed.and_then(|signed| signed.value.get(scheme));
    let text = |node: &Node, name: &str| Some(word(node.get(name)?)?.value.to_string());
    let by_hmac = |node: &Node| {
        Some(Sender::Hmac {
            secret: word_at(node, "secret")?.value,
            header: text(node, "header")?,
            prefix: text(node, "prefix").unwrap_or_default(),
            encoding: text(node, "encoding").and_then(|w| Encoding::of(&w)).unwrap_or_default(),
        })
    };
    let by_header = |node: &Node| {
        Some(Sender::Header { secret: word_at(node, "secret")?.value, header: text(node, "name")? })
    };
    let standard =
        |node: &Node| Some(Sender::StandardWebhooks { secret: word_at(node, "secret")?.value });
    let sender = of("standard_webhooks")
        .and_then(standard)
        .or_else(|| of("hmac_sha256").and_then(by_hmac))
        .or_else(|| of("header").and_then(by_header));
    let header = |scheme, name| of(scheme).and_then(|node| node.get(name)).and_then(word);
    let headers = [header("hmac_sha256", "header"), header("header", "name")];
    HookTree {
        name: key(entry),
        expires: time(node, "expires", EXPIRES),
        schema: node.get("schema").and_then(word),
        sensitive: flag(node, "sensitive"),
        sender: sender.unwrap_or_default(),
        headers: headers.into_iter().flatten().collect(),
        signed: signed.map(|entry| entry.key.span),
        page: texts_at(node, "page"),
    }
}

/// Where records live, as far as it is in good form.
fn source(node: &Node) -> Option<SourceTree> {
    let (word_of, inner) = ["postgresql", "dynamodb", "http"]
        .into_iter()
        .find_map(|word| Some((word, node.get(word)?)))?;
    let from = word_at(inner, "from")?;
    let mapped = inner.get("fields")?;
    let fields: Vec<(Word, Word)> = match mapped.map() {
        Some(entries) => entries.iter().filter_map(|e| Some((key(e), word(&e.value)?))).collect(),
        None => words(Some(mapped)).into_iter().map(|word| (word.clone(), word)).collect(),
    };
    let mut texts = Vec::new();
    let mut text = |name: &'static str| {
        let word = word(inner.get(name)?)?;
        texts.push((name, word.clone()));
        Some(word.value.to_string())
    };
    let pairs = |pairs: &[(Word, Word)]| {
        let pair = |(a, b): &(Word, Word)| (a.value.to_string(), b.value.to_string());
        pairs.iter().map(pair).collect::<BTreeMap<_, _>>()
    };
    let by = if word_of == "dynamodb" { "indexes" } else { "find" };
    let find: Vec<(Word, Word)> =
        entries(inner, by).filter_map(|e| Some((key(e), word(&e.value)?))).collect();
    let key = text("key")?;
    let sort = inner.get("sort").and_then(sort_key);
    let system = match word_of {
        "postgresql" => System::Postgresql(Table {
            table: text("table")?,
            key,
            version: text("version"),
            updated: text("updated"),
            fields: pairs(&fields),
            read_only: typed(inner.get("read_only")),
        }),
        "dynamodb" => System::Dynamodb(Items {
            key,
            sort,
            version: text("version"),
            indexes: pairs(&find),
            fields: pairs(&fields),
            read_only: typed(inner.get("read_only")),
        }),
        _ => System::Http(Service {
            get: text("get")?,
            find: pairs(&find),
            list: text("list").unwrap_or_default(),
            next: text("next").unwrap_or_default(),
            empty_is_404: typed(inner.get("empty_is_404")),
            key,
            put: text("put"),
            delete: text("delete"),
            fields: pairs(&fields),
        }),
    };
    let origin = Origin { from: from.value.to_string(), system };
    let sort = inner.get("sort").map(|node| {
        let word = |name: &'static str| Some((name, word(node.get(name)?)?));
        ["attribute", "value", "separator"].into_iter().filter_map(word).collect()
    });
    Some(SourceTree { origin, from, fields, texts, find, sort: sort.unwrap_or_default() })
}

fn sort_key(node: &Node) -> Option<SortKey> {
    let text = |name| Some(word(node.get(name)?)?.value.to_string());
    let part = match (text("value"), text("separator")) {
        (Some(value), None) => SortPart::Value(value),
        (None, Some(separator)) => SortPart::Separator(separator),
        _ => return None,
    };
    Some(SortKey { attribute: text("attribute")?, part })
}

fn erased(node: &Node) -> Vec<Word> {
    ["collections", "callers"].into_iter().flat_map(|of| entries(node, of)).map(key).collect()
}

fn plugin(entry: &Entry) -> PluginTree {
    let node = &entry.value;
    let collections = node.get("collections");
    let of = |name: &str| words(collections.and_then(|node| node.get(name)));
    PluginTree {
        name: key(entry),
        grants: typed(Some(node)),
        capabilities: words(node.get("grants")),
        collections: [of("read"), of("write")].concat(),
    }
}

fn entries<'n>(node: &'n Node, name: &str) -> impl Iterator<Item = &'n Entry> {
    node.get(name).and_then(Node::map).unwrap_or_default().iter()
}

fn locales(node: Option<&Node>) -> Vec<LocaleWord> {
    let list = node.and_then(Node::list).unwrap_or_default();
    list.iter().filter_map(locale_word).collect()
}

fn words(node: Option<&Node>) -> Vec<Word> {
    let list = node.and_then(Node::list).unwrap_or_default();
    list.iter().filter_map(word).collect()
}

/// Reads a value whose form has been checked; the default for one whose form is wrong.
fn typed<T: DeserializeOwned + Default>(node: Option<&Node>) -> T {
    node.and_then(|node| serde_json::from_value(node.json()).ok()).unwrap_or_default()
}

impl ProjectTree {
    /// The grants of every plugin that is named.
    pub(crate) fn grants(&self) -> BTreeMap<Name, Grants> {
        self.plugins
            .iter()
            .map(|plugin| (plugin.name.value.clone(), plugin.grants.clone()))
            .collect()
    }
}
