use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What somebody may do, each role all that those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads: releases, versions, calls, the audit log.
    Viewer,
    /// Pushes, rolls back, pins and runs canaries, within what plugins may reach already.
    Designer,
    /// Lets plugins reach more, and gives out tokens.
    Operator,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Designer => "designer",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Viewer, Self::Designer, Self::Operator]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no role; there are viewer, designer, operator"))
    }
}

/// Somebody who asks for a change, as the audit log names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    pub name: String,
    pub role: Role,
}

impl Who {
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Self { name: name.into(), role }
    }

    /// The engine itself: withdrawing a canary, taking in a folder.
    pub fn engine(part: &str) -> Self {
        Self::new(format!("engine/{part}"), Role::Operator)
    }
}
