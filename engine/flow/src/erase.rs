//! Where a customer is named: `erase:` in the project file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How what belongs to one customer is found, so that it can be erased. Fields may be nested:
/// `a.b`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Erase {
    /// Attributes of calls that hold the customer's id.
    pub attributes: Vec<String>,
    /// Collections with records about customers, each with the field that holds the customer's id.
    pub collections: BTreeMap<String, String>,
    /// Of such a collection the field with the telephone number: calls from there that name no
    /// other customer are the customer's, too.
    pub callers: BTreeMap<String, String>,
    /// Fields of tickets that hold the customer's id.
    pub tickets: Vec<String>,
}

impl Erase {
    /// Whether there is anything to go by.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
