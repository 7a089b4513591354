//! Keys of a telephone as an answer.

use serde::{Deserialize, Serialize};

/// Keys accepted as a number: how many, and which ends it before its longest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digits {
    pub min: u32,
    pub max: u32,
    pub terminator: Option<char>,
}
