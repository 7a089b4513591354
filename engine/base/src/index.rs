//! How the records of a collection can be found without looking through all of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::phone::Country;

/// Most indexes of a collection.
pub const MAX_INDEXES: usize = 8;

/// Most fields of an index.
pub const MAX_INDEX_FIELDS: usize = 4;

/// An index of a collection, as `dialgraph.yaml` declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    #[serde(default)]
    pub kind: IndexKind,
    /// Fields (`a.b` for nested ones) that it goes by. A field that holds a list counts with each
    /// of its elements.
    pub fields: Vec<String>,
}

/// What values of an index are compared by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexKind {
    /// Values as they are, all fields together. Numbers by value.
    #[default]
    Exact,
    /// Telephone numbers in E.164, in any of the fields.
    Phone,
    /// Names of companies in any of the fields, the same and similar ones.
    Name,
}

impl IndexKind {
    /// As projects write them.
    pub const WORDS: [&'static str; 3] = ["exact", "phone", "name"];
}

/// The indexes that a project declares.
#[derive(Debug, Clone, Default)]
pub struct Indexes {
    /// By collection, then by name.
    pub collections: BTreeMap<String, BTreeMap<String, Index>>,
    /// Of telephone numbers that name none.
    pub country: Option<Country>,
}
