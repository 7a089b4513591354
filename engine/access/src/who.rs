//! Who asks for a change, and what that role may do. No holder's name hides characters or passes
//! for the engine's own, so that the audit log can be believed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What somebody may do, each role all that those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads: releases, versions, calls, the audit log.
    Viewer,
    /// Reads records, which hold personal data; reads and changes tickets, and whether the own
    /// engineer takes calls.
    Agent,
    /// Writes records; pushes, rolls back, pins and runs canaries, within what plugins may reach
    /// already.
    Designer,
    /// Lets plugins reach more, and gives out tokens.
    Operator,
}

/// Longest name of who holds a token, in bytes.
const MAX_NAME: usize = 100;

/// Whether a character shows nothing itself, but changes what is seen of others: control
/// characters, separators of lines, and marks of direction and width.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Agent => "agent",
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
        [Self::Viewer, Self::Agent, Self::Designer, Self::Operator]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| {
                format!("`{text}` is not a role; use viewer, agent, designer or operator")
            })
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

    /// Somebody who is given a token.
    ///
    /// # Errors
    /// When the audit log could not show the name as it is, or not tell it from the engine's own.
    pub fn holder(name: impl Into<String>, role: Role) -> Result<Self, String> {
        let name = name.into();
        if name.trim().is_empty() || name.len() > MAX_NAME {
            return Err(format!("a name has 1 to {MAX_NAME} bytes"));
        }
        if let Some(hidden) = name.chars().find(|c| is_hidden(*c)) {
            return Err(format!(
                "a name must not contain the invisible character U+{:04X}",
                hidden as u32
            ));
        }
        if let Some(taken) = ["engine/", "command/"].iter().find(|taken| name.starts_with(**taken))
        {
            return Err(format!(
                "names that begin with `{taken}` are reserved for the engine; choose another"
            ));
        }
        Ok(Self { name, role })
    }

    /// The engine itself: withdrawing a canary, taking in a folder.
    pub fn engine(part: &str) -> Self {
        Self::new(format!("engine/{part}"), Role::Operator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_it_looks_like() {
        for name in ["ann", "김하나", "ci/deploy", "Ann B."] {
            assert_eq!(Who::holder(name, Role::Viewer).unwrap().name, name);
        }
        for name in [
            "",
            "  ",
            "ann\n",
            "a\u{1b}[31mnn",
            "a\0nn",
            "nna\u{202e}",
            "a\u{200b}nn",
            "a\u{85}nn",
            "engine/canary",
            "command/ann",
        ] {
            assert!(Who::holder(name, Role::Viewer).is_err(), "{name:?}");
        }
        assert!(Who::holder("x".repeat(101), Role::Viewer).is_err());
    }
}
