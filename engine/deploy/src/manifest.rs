//! Lists by digest what a release is made of. The same content has the same bytes, so a manifest is
//! itself found by its digest.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use dialgraph_base::Digest;

use crate::item::{FLOW_END, Item, ItemChange, ItemKind, flow_name};

/// Everything a release is made of, by content: the texts of a project and the plugins beside them.
///
/// Kept as a blob of JSON; maps are in order, so the same content has the same bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Path within the project to the digest of the text.
    pub files: BTreeMap<String, Digest>,
    /// Name to the digest of the component.
    pub plugins: BTreeMap<String, Digest>,
}

impl Manifest {
    /// Its bytes as a blob.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        // Maps of strings cannot fail to be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The digest of an item, if it is there.
    pub fn get(&self, item: &Item) -> Option<Digest> {
        match item.kind {
            ItemKind::Plugin => self.plugins.get(&item.name).copied(),
            ItemKind::File => self.files.get(&item.name).copied(),
            ItemKind::Flow => self.files.get(&self.flow_path(&item.name)).copied(),
        }
    }

    /// Puts an item to a version, or takes it out.
    pub(crate) fn set(&mut self, item: &Item, digest: Option<Digest>) {
        let (map, key) = match item.kind {
            ItemKind::Plugin => (&mut self.plugins, item.name.clone()),
            ItemKind::File => (&mut self.files, item.name.clone()),
            ItemKind::Flow => {
                let path = self.flow_path(&item.name);
                (&mut self.files, path)
            }
        };
        match digest {
            Some(digest) => map.insert(key, digest),
            None => map.remove(&key),
        };
    }

    /// Path of the flow's file; where it would be, if there is none.
    pub(crate) fn flow_path(&self, name: &str) -> String {
        let found = self.files.keys().find(|path| flow_name(path) == Some(name));
        found.cloned().unwrap_or_else(|| format!("{name}{FLOW_END}"))
    }

    /// Digests of all that it is made of.
    pub(crate) fn content(&self) -> impl Iterator<Item = Digest> {
        self.files.values().chain(self.plugins.values()).copied()
    }

    /// Names of the flows.
    pub fn flows(&self) -> impl Iterator<Item = (&str, Digest)> {
        self.files.iter().filter_map(|(path, digest)| Some((flow_name(path)?, *digest)))
    }

    /// What differs from `before`, in the order of the items.
    pub(crate) fn changes_since(&self, before: &Self) -> Vec<ItemChange> {
        let mut changes = differences(&before.files, &self.files, Item::of_path);
        changes.extend(differences(&before.plugins, &self.plugins, Item::plugin));
        changes.sort_by(|a, b| a.item.cmp(&b.item));
        changes
    }
}

fn differences<'m>(
    before: &'m BTreeMap<String, Digest>,
    after: &'m BTreeMap<String, Digest>,
    item: impl Fn(&'m str) -> Item,
) -> Vec<ItemChange> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| ItemChange {
            item: item(name),
            before: before.get(name).copied(),
            after: after.get(name).copied(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_found_and_replaced_wherever_its_file_lies() {
        let mut manifest = Manifest::default();
        manifest.files.insert("sub/vip.flow.yaml".into(), Digest::of(b"1"));
        let vip = Item::flow("vip");
        assert_eq!(manifest.get(&vip), Some(Digest::of(b"1")));
        manifest.set(&vip, Some(Digest::of(b"2")));
        manifest.set(&Item::flow("new"), Some(Digest::of(b"3")));
        let paths: Vec<&str> = manifest.files.keys().map(String::as_str).collect();
        assert_eq!(paths, ["new.flow.yaml", "sub/vip.flow.yaml"]);
        manifest.set(&vip, None);
        assert_eq!(manifest.get(&vip), None);
    }

    #[test]
    fn changes_name_what_is_new_other_and_gone() {
        let mut before = Manifest::default();
        before.files.insert("a.flow.yaml".into(), Digest::of(b"a"));
        before.files.insert("data/queues.yaml".into(), Digest::of(b"q"));
        before.plugins.insert("auth".into(), Digest::of(b"1"));
        let mut after = before.clone();
        after.files.remove("a.flow.yaml");
        after.files.insert("b.flow.yaml".into(), Digest::of(b"b"));
        after.plugins.insert("auth".into(), Digest::of(b"2"));
        let words: Vec<String> = after
            .changes_since(&before)
            .iter()
            .map(|c| format!("{} {} {}", c.item, c.before.is_some(), c.after.is_some()))
            .collect();
        assert_eq!(words, ["flow a true false", "flow b false true", "plugin auth true true"]);
        assert_eq!(after.changes_since(&after), []);
    }
}
