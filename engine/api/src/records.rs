//! Collections of the live project, and their records.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Millis;

/// Most records on one page of a list.
pub const MAX_LISTED: u32 = 500;

/// Most records of one import.
pub const MAX_IMPORTED: usize = 1_000;

/// The collections that the live project declares, sorted by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CollectionList {
    pub collections: Vec<Collection>,
}

/// A collection, as the live project declares it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Collection {
    pub name: String,
    /// The JSON Schema (draft-07) that its records must match, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, nullable = false)]
    pub schema: Option<serde_json::Value>,
    /// How its records are found, sorted by name.
    pub indexes: Vec<Index>,
    /// Fields that hold keys of other collections' records, sorted by field.
    pub references: Vec<Reference>,
    /// Fields that the role designer sees and no lesser one; not there if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitive: Vec<String>,
    /// Milliseconds that a record is kept after it was last written; not there if for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retention_ms: Option<u64>,
    /// The source outside the store that its records live in; not there if they live in the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub source: Option<String>,
}

/// An index of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Index {
    pub name: String,
    /// `exact`, `phone` or `name`.
    pub kind: String,
    pub fields: Vec<String>,
}

/// A field that holds keys of another collection's records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reference {
    pub field: String,
    /// The other collection.
    pub collection: String,
}

/// Which records are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecordQuery {
    /// Only records behind this key: `next` of the page before.
    #[param(nullable = false)]
    pub after: Option<String>,
    /// How many at most. A page may end sooner, when its records are large.
    #[param(minimum = 1, maximum = 500, default = 100, nullable = false)]
    pub limit: Option<u32>,
}

/// Records in the order of their keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecordList {
    pub records: Vec<Record>,
    /// Given as `after`, it brings the next page; not there on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<String>,
    /// Records of this page that cannot be read; not there when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<UnreadableRecord>,
}

/// A record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Record {
    pub key: String,
    /// Grows by one with every write.
    #[schema(minimum = 1)]
    pub version: u64,
    pub updated_at: Millis,
    /// Its fields.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
    /// Sensitive fields that it has and that the role of who asks does not see: they are not in
    /// `data`. Not there if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<String>,
}

/// A record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnreadableRecord {
    pub key: String,
    pub why: String,
}

/// A record's fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub struct RecordData(pub serde_json::Value);

/// A record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordWritten {
    /// The record's version now.
    #[schema(minimum = 1)]
    pub version: u64,
}

/// Finds records by an index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindRecords {
    /// Name of the index.
    #[schema(min_length = 1, max_length = 100)]
    pub index: String,
    /// For an index of kind `exact`, one value for each of its fields; for `phone` and `name`, any
    /// of these numbers or names.
    #[schema(min_items = 1, max_items = 16)]
    pub values: Vec<serde_json::Value>,
    /// How many at most; none: 20.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// Records that were found, the best first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FoundRecords {
    pub hits: Vec<RecordHit>,
    /// Whether there can be no other record that fits.
    pub complete: bool,
    /// Given as `cursor`, it brings the next page; not there on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<String>,
}

/// A record that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecordHit {
    #[serde(flatten)]
    pub record: Record,
    /// How well it fits, up to 1: the very value.
    pub score: f64,
}

/// Puts many records in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportRecords {
    #[schema(max_items = 1000)]
    pub records: Vec<ImportedRecord>,
    /// Leaves records that are there as they are.
    #[serde(default)]
    #[schema(default = false)]
    pub only_new: bool,
    /// Fields that are given replace those of a record that is there, fields within fields each by
    /// itself; the others stay. Not together with `only_new`.
    #[serde(default)]
    #[schema(default = false)]
    pub merge: bool,
    /// Tells what would be written and what is wrong, and writes nothing.
    #[serde(default)]
    #[schema(default = false)]
    pub dry_run: bool,
}

/// A record to put in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportedRecord {
    /// 1 to 256 bytes.
    pub key: String,
    /// Its fields.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordsImported {
    /// Records that were not there; of a dry run, those that would be made.
    pub created: usize,
    /// Records that were there otherwise: all their fields are replaced, or with `merge` those that
    /// are given.
    pub replaced: usize,
    /// Records that were so before, or that were left because only new ones were wanted.
    pub unchanged: usize,
    /// Records that were not written, each with every reason, in the order given.
    pub rejected: Vec<RejectedRecord>,
}

/// A record that was not written, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RejectedRecord {
    /// Its place in `records`, from 0.
    pub row: usize,
    /// The field (`a.b` for nested ones); empty: the record as a whole.
    pub field: String,
    pub why: String,
}
