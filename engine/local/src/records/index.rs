//! Indexes of collections: rows that lead from a value to the records that hold it.
//!
//! An index row's sort key is `index id / entry / record key`. Sort keys are stored in the clear
//! even in a sealed store, so an entry is never a number or a name but a hash of it under a secret
//! that is a value of the store, and as such sealed where the store is.
//!
//! A record lists its own entries. Whoever writes or removes it thus knows which rows to remove,
//! whatever was declared when they were written.
//!
//! What is declared differs from release to release, and calls of an earlier release go on: every
//! write serves all indexes that the store holds for the collection, and a release searches those
//! that it declares.

use std::collections::{BTreeMap, BTreeSet};

use dialgraph_base::Digest;
use dialgraph_base::index::{Index, IndexKind, Indexes};
use dialgraph_base::phone::{Country, e164};
use dialgraph_kernel::ports::HostError;
use dialgraph_store::{Expect, Key, Op, Part, Schema, Sort, StoreError, Upgrade, encode};
use dialgraph_understanding::company;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use sha2::Sha256;

use super::text_of;

/// What the partition of a collection's index rows begins with.
const PART: &str = "record-index/";

/// Partition with one row for each collection that has indexes.
pub(super) const STATES: &str = "record-indexes";

/// Most entries of one record in all indexes together: those of before and after fit into one
/// commit.
pub const MAX_ENTRIES: usize = 45;

/// Bytes of an entry's hash. Two entries with one hash are told apart by the record itself.
const HASH_BYTES: usize = 8;

/// The index of that name.
pub(super) fn declared(
    indexes: &Indexes,
    collection: &str,
    name: &str,
) -> Result<KeptIndex, HostError> {
    let declared = indexes.collections.get(collection);
    if let Some(index) = declared.and_then(|declared| declared.get(name)) {
        return Ok(KeptIndex::new(name, index, indexes.country));
    }
    let known: Vec<&str> =
        declared.into_iter().flat_map(|declared| declared.keys().map(String::as_str)).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(HostError::invalid(
        "unknown-index",
        format!(
            "collection `{collection}` has no index `{name}`; known: {known}; declare it under \
             `collections: {collection}: indexes:` in dialgraph.yaml"
        ),
    ))
}

/// All indexes that are declared for a collection.
pub(super) fn all_declared(indexes: &Indexes, collection: &str) -> Vec<KeptIndex> {
    let declared = indexes.collections.get(collection).into_iter().flatten();
    declared.map(|(name, index)| KeptIndex::new(name, index, indexes.country)).collect()
}

/// An index with all that its entries depend on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptIndex {
    /// Stands in the keys of its rows.
    pub(super) id: String,
    name: String,
    index: Index,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    /// Every record that was there when it was declared has its entries.
    pub(super) ready: bool,
}

/// What leads to a record in an index, before it is hashed.
#[derive(Debug, Default)]
struct Entries {
    /// Its values and names.
    own: BTreeSet<String>,
    /// What similar names have as well.
    similar: BTreeSet<String>,
}

impl KeptIndex {
    fn new(name: &str, index: &Index, country: Option<Country>) -> Self {
        let country = country
            .filter(|_| index.kind == IndexKind::Phone)
            .map(|country| country.alpha2().to_owned());
        // What its entries depend on is part of its id: an index that is declared anew has other
        // rows.
        let told = format!("{name} {:?} {:?} {country:?}", index.kind, index.fields);
        let id = Digest::of(told.as_bytes()).hex()[..8].to_owned();
        Self { id, name: name.to_owned(), index: index.clone(), country, ready: false }
    }

    pub(super) fn kind(&self) -> IndexKind {
        self.index.kind
    }

    pub(super) fn fields(&self) -> &[String] {
        &self.index.fields
    }

    pub(super) fn country(&self) -> Option<Country> {
        self.country.as_deref().and_then(Country::of)
    }

    /// The texts of the fields that an index of numbers or names goes by.
    fn texts<'a>(&self, data: &'a Value) -> Vec<&'a str> {
        let fields = self.index.fields.iter();
        fields.flat_map(|field| values_of(data, field)).filter_map(Value::as_str).collect()
    }

    fn entries(&self, data: &Value) -> Entries {
        let mut entries = Entries::default();
        match self.index.kind {
            IndexKind::Exact => {
                // Lists multiply; beyond the limit there is no need to know by how much.
                let mut all = vec![String::new()];
                for field in &self.index.fields {
                    let values: Vec<String> =
                        values_of(data, field).into_iter().filter_map(canonical).collect();
                    let with = |before: &String| {
                        let one = |value: &String| format!("{before}{value}\u{1f}");
                        values.iter().map(one).collect::<Vec<_>>()
                    };
                    all = all.iter().flat_map(with).take(MAX_ENTRIES + 1).collect();
                }
                entries.own.extend(all);
            }
            IndexKind::Phone => {
                let numbers = self.texts(data).into_iter();
                entries.own.extend(numbers.filter_map(|number| e164(number, self.country()).ok()));
            }
            IndexKind::Name => {
                for name in self.texts(data) {
                    entries.own.extend(company::index_whole(&company::normalised(name)));
                    entries.similar.extend(company::index_entries(name));
                }
                entries.similar.retain(|entry| !entries.own.contains(entry));
            }
        }
        entries
    }

    /// What to look up for the values that are looked for. For names: those that are the very name,
    /// then all that may be similar.
    pub(super) fn probes(&self, values: &[Value]) -> Result<Probes, HostError> {
        let wrong = |message: String| Err(HostError::invalid("bad-value", message));
        if self.index.kind == IndexKind::Exact {
            let fields = self.index.fields.len();
            if values.len() != fields {
                return wrong(format!(
                    "the index goes by {fields} fields, but {} values are looked for; give one for each field",
                    values.len()
                ));
            }
            let mut probe = String::new();
            for value in values {
                let Some(text) = canonical(value) else {
                    return wrong("an index holds texts, numbers and truth values only".to_owned());
                };
                probe.push_str(&text);
                probe.push('\u{1f}');
            }
            return Ok(Probes { same: vec![probe], ..Probes::default() });
        }
        let mut probes = Probes::default();
        for value in values {
            let Some(text) = value.as_str() else {
                return wrong("an index of numbers or names is searched for texts".to_owned());
            };
            if self.index.kind == IndexKind::Phone {
                probes.same.extend(e164(text, self.country()));
            } else {
                let name = company::normalised(text);
                probes.same.extend(company::index_whole(&name));
                probes.similar.extend(company::index_probes(&name));
                probes.within.extend(company::index_probes_within(&name));
            }
        }
        Ok(probes)
    }

    /// How well the record with these data fits what is looked for, by the probes of that; none: it
    /// does not.
    pub(super) fn score(&self, data: &Value, values: &[Value], probes: &Probes) -> Option<f64> {
        let Entries { own, similar } = self.entries(data);
        if probes.same.iter().any(|probe| own.contains(probe)) {
            return Some(1.0);
        }
        let near = |probe: &String| own.contains(probe) || similar.contains(probe);
        if !probes.similar.iter().chain(&probes.within).any(near) {
            return None;
        }
        let wanted: Vec<String> =
            values.iter().filter_map(Value::as_str).map(company::normalised).collect();
        let names: Vec<String> = self.texts(data).into_iter().map(company::normalised).collect();
        let pairs = wanted.iter().flat_map(|a| names.iter().map(move |b| (a, b)));
        pairs.filter_map(|(a, b)| company::likeness(a, b)).reduce(f64::max)
    }

    /// Whether both are one index.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// Entries to look up.
#[derive(Debug, Default)]
pub(super) struct Probes {
    /// Of what is looked for itself.
    pub(super) same: Vec<String>,
    /// Of similar names, which are looked up where there are none of those.
    pub(super) similar: Vec<String>,
    /// Of names within what is looked for, which are looked up where there are none of either.
    pub(super) within: Vec<String>,
}

/// The values of a field (`a.b` for nested ones), those of lists each by itself.
pub(super) fn values_of<'a>(data: &'a Value, field: &str) -> Vec<&'a Value> {
    match data {
        Value::Array(items) => items.iter().flat_map(|item| values_of(item, field)).collect(),
        Value::Object(fields) => {
            if let Some(found) = fields.get(field) {
                return match found {
                    Value::Array(items) => items.iter().collect(),
                    value => vec![value],
                };
            }
            let Some((head, rest)) = field.split_once('.') else { return Vec::new() };
            fields.get(head).map(|inner| values_of(inner, rest)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// A value by which records are told apart; none for what is nothing, or no single value.
fn canonical(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(format!("s{text}")),
        Value::Number(number) => Some(format!("n{}", plain(number)?)),
        Value::Bool(flag) => Some(format!("b{flag}")),
        Value::String(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// 1 and 1.0 are one number; 9007199254740993 and 9007199254740992 are two.
fn plain(number: &Number) -> Option<String> {
    if number.is_i64() || number.is_u64() {
        return Some(number.to_string());
    }
    number.as_f64().map(|number| number.to_string())
}

/// The indexes of a collection that the store holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct IndexState {
    /// What entries are hashed with.
    secret: String,
    pub(super) kept: Vec<KeptIndex>,
}

impl Schema for IndexState {
    const KIND: &'static str = "record-indexes";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

/// What an index row holds: that it is there is all it says. Its kind is short because there are
/// many.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct IndexRow {}

impl Schema for IndexRow {
    const KIND: &'static str = "index";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

/// Hashes of the entries of a record, by the id of their index.
pub(crate) type Hashes = BTreeMap<String, BTreeSet<String>>;

impl IndexState {
    pub(super) fn new() -> Result<Self, StoreError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| StoreError::Backend {
            detail: format!("the system gives no random bytes: {error}"),
        })?;
        Ok(Self { secret: in_letters(&secret), kept: Vec::new() })
    }

    pub(super) fn find(&self, index: &KeptIndex) -> Option<&KeptIndex> {
        self.kept.iter().find(|kept| kept.is(index))
    }

    pub(super) fn hash(&self, id: &str, entry: &str) -> String {
        // HMAC takes keys of every length.
        let mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes());
        let Ok(mut mac) = mac else { return String::new() };
        mac.update(id.as_bytes());
        mac.update(&[0]);
        mac.update(entry.as_bytes());
        in_letters(&mac.finalize().into_bytes()[..HASH_BYTES])
    }

    /// The entries of a record with these data.
    ///
    /// # Errors
    /// `invalid` when there are more than one commit takes.
    pub(super) fn entries(&self, data: &Value) -> Result<Hashes, HostError> {
        let mut hashes: Hashes =
            self.kept.iter().map(|kept| (kept.id.clone(), BTreeSet::new())).collect();
        let all: Vec<(&str, Entries)> =
            self.kept.iter().map(|kept| (kept.id.as_str(), kept.entries(data))).collect();
        let mut count = 0;
        let mut enter = |id: &str, entry: &str| {
            hashes.entry(id.to_owned()).or_default().insert(self.hash(id, entry));
        };
        for (id, entries) in &all {
            count += entries.own.len();
            entries.own.iter().for_each(|entry| enter(id, entry));
        }
        if count > MAX_ENTRIES {
            return Err(HostError::invalid(
                "too-many-index-entries",
                format!(
                    "the record has {count} values and names in the indexes of its collection; the \
                     limit is {MAX_ENTRIES}: give it fewer, or the collection fewer indexes"
                ),
            ));
        }
        // The latest indexes first: what is left out is of those that were declared before.
        let similar =
            all.iter().rev().flat_map(|(id, entries)| entries.similar.iter().map(move |e| (id, e)));
        similar.take(MAX_ENTRIES - count).for_each(|(id, entry)| enter(id, entry));
        Ok(hashes)
    }
}

/// Each half of a byte as one of sixteen letters: whoever looks through a store for a telephone
/// number must not find one in a hash.
fn in_letters(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    halves.map(|half| char::from(b'a' + half)).collect()
}

/// What turns the index rows of a record from `before` into `after`.
pub(super) fn changes(
    collection: &str,
    key: &str,
    before: &Hashes,
    after: &Hashes,
) -> Result<Vec<Op>, StoreError> {
    let part = part(collection)?;
    let row = |id: &str, hash: &str| Key::new(&part, sort(id, hash, key));
    let there = |hashes: &Hashes, id: &str, hash: &String| {
        hashes.get(id).is_some_and(|hashes| hashes.contains(hash))
    };
    let each = |hashes: &'_ Hashes| -> Vec<(String, String)> {
        let of = |(id, hashes): (&String, &BTreeSet<String>)| {
            hashes.iter().map(|hash| (id.clone(), hash.clone())).collect::<Vec<_>>()
        };
        hashes.iter().flat_map(of).collect()
    };
    let mut ops = Vec::new();
    for (id, hash) in each(before) {
        if !there(after, &id, &hash) {
            ops.push(Op::delete(row(&id, &hash)?, Expect::Any));
        }
    }
    for (id, hash) in each(after) {
        if !there(before, &id, &hash) {
            ops.push(Op::put(row(&id, &hash)?, encode(&IndexRow {})?, Expect::Any));
        }
    }
    Ok(ops)
}

/// The keys of the index rows of a record.
pub(crate) fn keys(collection: &str, key: &str, hashes: &Hashes) -> Result<Vec<Key>, StoreError> {
    let part = part(collection)?;
    let all = hashes.iter().flat_map(|(id, hashes)| hashes.iter().map(move |hash| (id, hash)));
    all.map(|(id, hash)| Key::new(&part, sort(id, hash, key))).collect()
}

pub(super) fn part(collection: &str) -> Result<Part, StoreError> {
    Part::new(format!("{PART}{collection}"))
}

pub(super) fn state_key(collection: &str) -> Result<Key, StoreError> {
    Key::new(&Part::new(STATES)?, Sort::text(collection))
}

fn sort(id: &str, hash: &str, key: &str) -> Sort {
    prefix(id, hash).then_text(key)
}

/// What the sort key of an index row tells.
pub(super) struct IndexedRow {
    pub(super) id: String,
    pub(super) hash: String,
    /// Of the record that it leads to.
    pub(super) key: String,
}

pub(super) fn told(sort: &Sort) -> IndexedRow {
    let mut rest = sort.as_bytes();
    // Segments end with a zero that no `0xff` follows; ids and hashes have none within.
    let mut segment = || {
        let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
        let (text, behind) = rest.split_at(end);
        rest = behind.get(1..).unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    };
    let (id, hash) = (segment(), segment());
    IndexedRow { id, hash, key: text_of(&Sort::raw(rest.to_vec())) }
}

/// What the rows of one entry begin with.
pub(super) fn prefix(id: &str, hash: &str) -> Sort {
    Sort::text(id).then_text(hash)
}
