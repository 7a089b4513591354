//! Indexes of collections: rows that lead from a value to the records that hold it.
//!
//! An index row's sort key is `index id / entry / record key`. Sort keys are stored in the clear
//! even in a sealed store, so an entry is never a number or a name but a hash of it under a secret
//! that is a value of the store, and as such sealed where the store is.
//!
//! A row of an index of names says, in its value, which names have its entry: names are ranked by
//! the rows, and only those records are read that are given out. A row that says nothing is one of
//! an earlier version, or of names too many or too long for it: then the record says it.
//!
//! A record lists its own entries. Whoever writes or removes it thus knows which rows to remove,
//! whatever was declared when they were written.
//!
//! What is declared differs from release to release, and calls of an earlier release go on: every
//! write serves all indexes that the store holds for the collection, and a release searches those
//! that it declares.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use dialgraph_base::index::{Index, IndexKind, Indexes};
use dialgraph_base::phone::{Country, e164};
use dialgraph_base::{Digest, Timestamp};
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

/// Longest name that a row says, in letters, and most names of one row.
const NAME_LETTERS: usize = 96;
const NAMES_OF_ROW: usize = 4;

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
    /// Since when it is ready; none: an earlier version of the engine built it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ready_at: Option<Timestamp>,
}

/// What leads to a record in an index, before it is hashed; each with the names that have it.
#[derive(Debug, Default)]
struct Entries {
    /// Its values and names.
    own: Names,
    /// What similar names have as well.
    similar: Names,
}

/// Normalised names by entry; none for what is no name.
type Names = BTreeMap<String, Vec<String>>;

impl KeptIndex {
    fn new(name: &str, index: &Index, country: Option<Country>) -> Self {
        let country = country
            .filter(|_| index.kind == IndexKind::Phone)
            .map(|country| country.alpha2().to_owned());
        // What its entries depend on is part of its id: an index that is declared anew has other
        // rows.
        let told = format!("{name} {:?} {:?} {country:?}", index.kind, index.fields);
        // So does what their rows say: names, since the second format.
        let format = if index.kind == IndexKind::Name { " 2" } else { "" };
        let id = Digest::of(format!("{told}{format}").as_bytes()).hex()[..8].to_owned();
        Self {
            id,
            name: name.to_owned(),
            index: index.clone(),
            country,
            ready: false,
            ready_at: None,
        }
    }

    /// Whether its rows are of the format that is written now.
    pub(super) fn is_current(&self) -> bool {
        Self::new(&self.name, &self.index, self.country()).id == self.id
    }

    /// Whether both are declared alike, whatever the format of their rows.
    pub(super) fn is_declared_as(&self, other: &Self) -> bool {
        (&self.name, &self.index, &self.country) == (&other.name, &other.index, &other.country)
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
        let mut entries = Entries { own: self.own(data), similar: Names::new() };
        if self.index.kind == IndexKind::Name {
            for name in self.texts(data) {
                let said = company::normalised(name);
                for entry in company::index_entries(name) {
                    if !entries.own.contains_key(&entry) {
                        add(&mut entries.similar, entry, &said);
                    }
                }
            }
        }
        entries
    }

    /// The values and names of a record.
    fn own(&self, data: &Value) -> Names {
        let mut own = Names::new();
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
                own.extend(all.into_iter().map(|value| (value, Vec::new())));
            }
            IndexKind::Phone => {
                let numbers = self.texts(data).into_iter();
                let numbers = numbers.filter_map(|number| e164(number, self.country()).ok());
                own.extend(numbers.map(|number| (number, Vec::new())));
            }
            IndexKind::Name => {
                for name in self.texts(data) {
                    let name = company::normalised(name);
                    if let Some(whole) = company::index_whole(&name) {
                        add(&mut own, whole, &name);
                    }
                }
            }
        }
        own
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
                probes.names.push(name);
            }
        }
        // They have been looked up by then.
        probes.similar.retain(|probe| !probes.same.contains(probe));
        Ok(probes)
    }

    /// Whether the record with these data holds one of the very values that are looked for.
    pub(super) fn holds(&self, data: &Value, probes: &Probes) -> bool {
        let own = self.own(data);
        probes.same.iter().any(|probe| own.contains_key(probe))
    }

    /// How well the record with these data fits what is looked for, by the probes of that; none: it
    /// does not. For records of which there are no rows.
    pub(super) fn score(&self, data: &Value, probes: &Probes) -> Option<f64> {
        let Entries { own, similar } = self.entries(data);
        if probes.same.iter().any(|probe| own.contains_key(probe)) {
            return Some(1.0);
        }
        let near = |probe: &String| own.contains_key(probe) || similar.contains_key(probe);
        let is_near = probes.similar.iter().chain(&probes.within).any(near);
        is_near.then(|| self.likeness(data, probes)).flatten()
    }

    /// How alike the names of the record with these data are to what is looked for; none: they are
    /// not.
    pub(super) fn likeness(&self, data: &Value, probes: &Probes) -> Option<f64> {
        let names: Vec<String> = self.texts(data).into_iter().map(company::normalised).collect();
        probes.likeness(&names)
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
    /// The names that are looked for, normalised.
    names: Vec<String>,
}

impl Probes {
    /// How alike the likest of normalised names is to one that is looked for.
    pub(super) fn likeness(&self, names: &[String]) -> Option<f64> {
        let pairs = self.names.iter().flat_map(|a| names.iter().map(move |b| (a, b)));
        pairs.filter_map(|(a, b)| company::likeness(a, b)).reduce(f64::max)
    }
}

fn add(names: &mut Names, entry: String, name: &str) {
    let all = names.entry(entry).or_default();
    if !all.iter().any(|other| other == name) {
        all.push(name.to_owned());
    }
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
    /// Made of the secret at the first use.
    #[serde(skip)]
    keyed: OnceLock<Keyed>,
}

/// What an index is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    /// It serves searches; true: until another format of it is built.
    Served(bool),
    /// It will, once it is built.
    Building,
    /// Another format of it does, but for processes of an earlier version.
    Former,
}

/// A hash that has taken its key.
#[derive(Clone)]
struct Keyed(Option<Hmac<Sha256>>);

impl std::fmt::Debug for Keyed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyed")
    }
}

impl Schema for IndexState {
    const KIND: &'static str = "record-indexes";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

/// What an index row holds. Its kind is short because there are many.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct IndexRow {
    /// The names that have its entry, normalised. None in other indexes than those of names, and
    /// where the record is to be asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) names: Vec<String>,
}

impl Schema for IndexRow {
    const KIND: &'static str = "index";
    const VERSION: u16 = 2;
    const UPGRADES: &'static [Upgrade] = &[
        // 1 → 2: rows said nothing.
        Ok,
    ];
}

/// Hashes of the entries of a record, by the id of their index.
pub(crate) type Hashes = BTreeMap<String, BTreeSet<String>>;

/// The entries of a record, and what their rows are to say.
#[derive(Debug, Clone, Default)]
pub(super) struct Entered {
    pub(super) hashes: Hashes,
    /// By the id of an index of names and the hash of an entry.
    names: BTreeMap<String, Names>,
}

impl Entered {
    pub(super) fn row(&self, id: &str, hash: &str) -> IndexRow {
        let names = self.names.get(id).and_then(|names| names.get(hash));
        let fits = |names: &&Vec<String>| {
            names.len() <= NAMES_OF_ROW
                && names.iter().all(|name| name.chars().nth(NAME_LETTERS).is_none())
        };
        IndexRow { names: names.filter(fits).cloned().unwrap_or_default() }
    }
}

impl IndexState {
    pub(super) fn new() -> Result<Self, StoreError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| StoreError::Backend {
            detail: format!("the system gives no random bytes: {error}"),
        })?;
        Ok(Self { secret: in_letters(&secret), kept: Vec::new(), keyed: OnceLock::new() })
    }

    pub(super) fn find(&self, index: &KeptIndex) -> Option<&KeptIndex> {
        self.kept.iter().find(|kept| kept.is(index))
    }

    /// The index to search: that very one, or while it is being built one with the rows of an
    /// earlier format.
    pub(super) fn built(&self, index: &KeptIndex) -> Option<&KeptIndex> {
        let built = |kept: &&KeptIndex| kept.ready;
        self.find(index)
            .filter(built)
            .or_else(|| self.kept.iter().filter(|kept| kept.is_declared_as(index)).find(built))
    }

    pub(super) fn hash(&self, id: &str, entry: &str) -> String {
        // HMAC takes keys of every length.
        let keyed = || Keyed(Hmac::new_from_slice(self.secret.as_bytes()).ok());
        let Some(mut mac) = self.keyed.get_or_init(keyed).0.clone() else { return String::new() };
        mac.update(id.as_bytes());
        mac.update(&[0]);
        mac.update(entry.as_bytes());
        in_letters(&mac.finalize().into_bytes()[..HASH_BYTES])
    }

    /// The entries of a record with these data.
    ///
    /// # Errors
    /// `invalid` when there are more than one commit takes.
    pub(super) fn entries(&self, data: &Value) -> Result<Entered, HostError> {
        let hashes = self.kept.iter().map(|kept| (kept.id.clone(), BTreeSet::new())).collect();
        let mut entered = Entered { hashes, names: BTreeMap::new() };
        let all: Vec<(&str, Rank, Entries)> = (0..self.kept.len())
            .map(|at| (&*self.kept[at].id, self.rank(at), self.kept[at].entries(data)))
            .collect();
        let is_owed = |rank: Rank| rank != Rank::Former;
        let owed = all.iter().filter(|(_, rank, _)| is_owed(*rank));
        let count: usize = owed.map(|(.., entries)| entries.own.len()).sum();
        if count > MAX_ENTRIES {
            return Err(HostError::invalid(
                "too-many-index-entries",
                format!(
                    "the record has {count} values and names in the indexes of its collection; the \
                     limit is {MAX_ENTRIES}: give it fewer, or the collection fewer indexes"
                ),
            ));
        }
        let mut room = MAX_ENTRIES;
        let mut enter = |id: &str, some: &Names| {
            for (entry, names) in some.iter().take(room) {
                let hash = self.hash(id, entry);
                if !names.is_empty() {
                    let of_index = entered.names.entry(id.to_owned()).or_default();
                    names.iter().for_each(|name| add(of_index, hash.clone(), name));
                }
                entered.hashes.entry(id.to_owned()).or_default().insert(hash);
            }
            room = room.saturating_sub(some.len());
        };
        // What has been counted fits. A former format has what is left room for: no record is
        // refused for its sake.
        let (owed, former): (Vec<_>, Vec<_>) = all.iter().partition(|(_, rank, _)| is_owed(*rank));
        for (id, _, entries) in owed.into_iter().chain(former) {
            enter(id, &entries.own);
        }
        // The latest come first: what is left out is of those that were declared before. Of two
        // formats of one index, the one that serves searches comes first of all, the other last.
        let mut by_rank: Vec<_> = all.iter().rev().collect();
        by_rank.sort_by_key(|(_, rank, _)| match rank {
            Rank::Served(true) => 0,
            Rank::Served(false) | Rank::Building => 1,
            Rank::Former => 2,
        });
        for (id, _, entries) in by_rank {
            enter(id, &entries.similar);
        }
        Ok(entered)
    }

    /// What one of the kept indexes is good for.
    fn rank(&self, at: usize) -> Rank {
        let kept = &self.kept[at];
        // Whatever is declared once more has rows of another format, and comes behind.
        let mut next = self.kept[at + 1..].iter().filter(|other| other.is_declared_as(kept));
        match (kept.ready, next.clone().any(|next| next.ready)) {
            (_, true) => Rank::Former,
            (true, false) => Rank::Served(next.next().is_some()),
            (false, false) => Rank::Building,
        }
    }

    /// The indexes of names whose rows say something else once a record with the data `before` has
    /// the data `after`.
    pub(super) fn renamed(&self, before: Option<&Value>, after: &Value) -> BTreeSet<String> {
        let Some(before) = before else { return BTreeSet::new() };
        let of_names = self.kept.iter().filter(|kept| kept.kind() == IndexKind::Name);
        let differ = of_names.filter(|kept| kept.texts(before) != kept.texts(after));
        differ.map(|kept| kept.id.clone()).collect()
    }
}

/// Each half of a byte as one of sixteen letters: whoever looks through a store for a telephone
/// number must not find one in a hash.
fn in_letters(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    halves.map(|half| char::from(b'a' + half)).collect()
}

/// What turns the index rows of a record from `before` into `after`. Those of the indexes `renamed`
/// are written anew.
pub(super) fn changes(
    collection: &str,
    key: &str,
    before: &Hashes,
    after: &Entered,
    renamed: &BTreeSet<String>,
) -> Result<Vec<Op>, StoreError> {
    let part = part(collection)?;
    let row = |id: &str, hash: &str| Key::new(&part, sort(id, hash, key));
    let there = |hashes: &Hashes, id: &str, hash: &String| {
        hashes.get(id).is_some_and(|hashes| hashes.contains(hash))
    };
    let mut ops = Vec::new();
    for (id, hash) in each(before) {
        if !there(&after.hashes, id, hash) {
            ops.push(Op::delete(row(id, hash)?, Expect::Any));
        }
    }
    for (id, hash) in each(&after.hashes) {
        if renamed.contains(id) || !there(before, id, hash) {
            ops.push(Op::put(row(id, hash)?, encode(&after.row(id, hash))?, Expect::Any));
        }
    }
    Ok(ops)
}

/// Each entry with the id of its index.
pub(super) fn each(hashes: &Hashes) -> impl Iterator<Item = (&String, &String)> {
    hashes.iter().flat_map(|(id, hashes)| hashes.iter().map(move |hash| (id, hash)))
}

/// The keys of the index rows of a record.
pub(crate) fn keys(collection: &str, key: &str, hashes: &Hashes) -> Result<Vec<Key>, StoreError> {
    let part = part(collection)?;
    each(hashes).map(|(id, hash)| Key::new(&part, sort(id, hash, key))).collect()
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
