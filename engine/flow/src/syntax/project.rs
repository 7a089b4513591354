//! The project file as a typed tree.

use std::collections::BTreeMap;

use dialgraph_base::index::IndexKind;
use dialgraph_base::phone::Country;
use dialgraph_base::{Grants, Name};
use serde::de::DeserializeOwned;

use super::flow::{LocaleWord, Texts, Word, key, locale_word, texts_at, word, word_at};
use super::yaml::{Entry, Node};
use crate::erase::Erase;
use crate::model::Limits;

#[derive(Debug, Default)]
pub(crate) struct ProjectTree {
    pub entry: Option<Word>,
    pub finally: Option<Word>,
    pub after: Option<Word>,
    pub fallback_queue: Option<Word>,
    pub fallback_say: Option<Texts>,
    pub comfort: Option<Texts>,
    pub locales: Vec<LocaleWord>,
    pub country: Option<Country>,
    pub zone: Option<Word>,
    pub limits: Limits,
    pub collections: Vec<CollectionTree>,
    pub plugins: Vec<PluginTree>,
    pub erase: Erase,
    /// Each collection that `erase` names, with its place.
    pub erased: Vec<Word>,
}

#[derive(Debug)]
pub(crate) struct CollectionTree {
    pub name: Word,
    pub seed: Option<Word>,
    pub schema: Option<Word>,
    /// Field to the collection whose records it names.
    pub references: Vec<(Word, Word)>,
    pub indexes: Vec<IndexTree>,
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
                indexes: entries(&e.value, "indexes")
                    .map(|e| IndexTree {
                        name: key(e),
                        kind: typed(e.value.get("kind")),
                        fields: words(e.value.get("fields")),
                    })
                    .collect(),
            })
            .collect(),
        plugins: entries(root, "plugins").map(plugin).collect(),
        erase: typed(root.get("erase")),
        erased: root.get("erase").map(erased).unwrap_or_default(),
    }
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
