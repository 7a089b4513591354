//! Who works on calls and tickets: `engineers:` in the project file.

use serde::{Deserialize, Serialize};

/// The fields of an engineer's record, of a day of duty and of a piece of work that the engine
/// itself reads and writes; those that the shipped `assign-engineer` goes by.
pub mod fields {
    /// The engineer's id, in all three; an engineer without one is known by the record's key.
    pub const ENGINEER: &str = "engineer_id";
    /// Whether an engineer takes calls.
    pub const AVAILABLE: &str = "is_available";
    /// How much an engineer has to do that the engine does not know of.
    pub const OWN_LOAD: &str = "current_load";
    /// How much an engineer takes at most.
    pub const MAX_LOAD: &str = "max_load";
    /// The call that a piece of work comes from.
    pub const CALL: &str = "call_id";
    /// Since when somebody works on it.
    pub const SINCE: &str = "since";
}

/// Where engineers, their duty and their work are recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Engineers {
    /// The collection of engineers; none: the project has none.
    pub collection: Option<String>,
    /// The field of an engineer's record that holds the name of their token; none: the record's key
    /// is that name.
    pub token: Option<String>,
    /// The collection that tells who is on duty, by day.
    pub duty: Option<String>,
    /// The collection that counts who works on what.
    pub work: Option<String>,
}
