//! Where the records of a collection live when they do not live in the engine's store.
//!
//! A project says *that* a collection lives elsewhere and how its fields are called there. How that
//! place is reached stands in the configuration of the deployment, under the name in
//! [`Origin::from`]: whoever writes flows cannot make a server talk to a host of their choice, and
//! no secret is in a project.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Most fields of a collection that lives elsewhere.
pub const MAX_ORIGIN_FIELDS: usize = 100;

/// A place outside the engine, and how a collection lies in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The name of the source in the configuration of the deployment.
    pub from: String,
    #[serde(flatten)]
    pub system: System,
}

/// What kind of place it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    Postgresql(Table),
    Dynamodb(Items),
    Http(Service),
}

impl System {
    /// As projects and configurations write it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Postgresql(_) => "postgresql",
            Self::Dynamodb(_) => "dynamodb",
            Self::Http(_) => "http",
        }
    }
}

/// A table or a view.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// `TABLE` or `SCHEMA.TABLE`.
    pub table: String,
    /// The column that holds the key of a record.
    pub key: String,
    /// A column with a whole number that grows with every change of a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// A column that says when a row was changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// Fields of the records (`a.b` for nested ones), each with its column.
    pub fields: BTreeMap<String, String>,
    /// Nobody writes there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read_only: bool,
}

/// A table of DynamoDB that others made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Items {
    /// The attribute that holds the key of a record: the table's partition key, a text.
    pub key: String,
    /// What a table with a sort key has besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<SortKey>,
    /// An attribute with a whole number that grows with every change of an item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Fields by which records are found, each with its global secondary index.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub indexes: BTreeMap<String, String>,
    /// Fields of the records (`a.b` for nested ones), each with its attribute.
    pub fields: BTreeMap<String, String>,
    /// Nobody writes there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read_only: bool,
}

/// The sort key of a table, a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SortKey {
    pub attribute: String,
    #[serde(flatten)]
    pub part: SortPart,
}

/// What a sort key is to a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortPart {
    /// All records of the collection have this one; other items are none of it.
    Value(String),
    /// The key of a record is the partition key, this, and the sort key.
    Separator(String),
}

/// A service that answers over HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Path of one record; `{key}` stands for its key.
    pub get: String,
    /// Path of a list of the records with one value: `{value}` stands for it. By field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub find: BTreeMap<String, String>,
    /// Where in the answer to `find` the list is (`a.b` for nested ones); empty: the answer is it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub list: String,
    /// Where in the answer to `find` the path of the next page is; empty: there is one page.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub next: String,
    /// It answers with 404 where a list is empty.
    #[serde(default, skip_serializing_if = "is_false")]
    pub empty_is_404: bool,
    /// The field of an answer that holds the key of a record.
    pub key: String,
    /// Path to which a record is sent with PUT; none: nobody writes there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put: Option<String>,
    /// Path of a record that DELETE removes; none: nobody removes one there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete: Option<String>,
    /// Fields of the records (`a.b` for nested ones), each with that of the answer.
    pub fields: BTreeMap<String, String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Origin {
    /// The fields of its records, each with what holds it there.
    pub fn fields(&self) -> &BTreeMap<String, String> {
        match &self.system {
            System::Postgresql(table) => &table.fields,
            System::Dynamodb(items) => &items.fields,
            System::Http(service) => &service.fields,
        }
    }
}
