//! Names what has versions of its own in a project, and refuses names and paths that would leave
//! the project or never be read.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use dialgraph_base::Digest;

/// What has versions of its own within a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemKind {
    Flow,
    Plugin,
    /// Any other file: queues, calendars, intents, articles, the project file.
    File,
}

impl ItemKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Plugin => "plugin",
            Self::File => "file",
        }
    }
}

/// One flow, plugin or file of a project. Shown as `flow main-entry`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    pub kind: ItemKind,
    /// Of a flow or plugin its name, of a file its path within the project.
    pub name: String,
}

impl Item {
    pub fn flow(name: impl Into<String>) -> Self {
        Self { kind: ItemKind::Flow, name: name.into() }
    }

    pub fn plugin(name: impl Into<String>) -> Self {
        Self { kind: ItemKind::Plugin, name: name.into() }
    }

    /// What the file at `path` is.
    pub(crate) fn of_path(path: &str) -> Self {
        match flow_name(path) {
            Some(name) => Self::flow(name),
            None => Self { kind: ItemKind::File, name: path.to_owned() },
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.name)
    }
}

impl FromStr for Item {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, name) = text.split_once(' ').unwrap_or(("", text));
        let kind = match kind {
            "flow" => ItemKind::Flow,
            "plugin" => ItemKind::Plugin,
            "file" => ItemKind::File,
            _ => return Err(format!("`{text}` names no flow, plugin or file")),
        };
        Ok(Self { kind, name: name.to_owned() })
    }
}

impl Serialize for Item {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An item that is new, other or gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemChange {
    pub item: Item,
    /// None: it is new.
    pub before: Option<Digest>,
    /// None: it is gone.
    pub after: Option<Digest>,
}

/// End of the name of a flow's file.
pub(crate) const FLOW_END: &str = ".flow.yaml";

/// Name of the flow in the file at `path`, if it is a flow's.
pub(crate) fn flow_name(path: &str) -> Option<&str> {
    path.rsplit('/').next().unwrap_or(path).strip_suffix(FLOW_END)
}

/// Longest path of a file within a project, in bytes.
const MAX_PATH_BYTES: usize = 200;
/// Folders within folders, as a project folder is read.
const MAX_FOLDERS: usize = 8;

/// Why `path` cannot be one of a file of a project.
pub(crate) fn bad_path(path: &str) -> Option<&'static str> {
    let ends = [".yaml", ".yml", ".md", ".json"];
    if path.is_empty() || path.len() > MAX_PATH_BYTES {
        return Some("it must have 1 to 200 bytes");
    }
    if path.chars().any(|c| c.is_control() || c == '\\' || c == ':') {
        return Some("control characters, `\\` and `:` cannot be part of it");
    }
    if path.split('/').any(|name| name.is_empty() || name.starts_with('.')) {
        return Some(
            "it must be relative to the project's folder, and no name in it may begin with a dot",
        );
    }
    if path.split('/').count() > MAX_FOLDERS + 1 {
        return Some("it has more than 8 folders");
    }
    if path.starts_with("plugins/") {
        return Some("plugins are pushed as plugins, not as files");
    }
    if !ends.iter().any(|end| path.ends_with(end)) {
        return Some("a project's files end in .yaml, .yml, .md or .json");
    }
    None
}

/// Whether a flow or plugin can be called so: lower-case words joined by `-`.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_project_or_are_never_read_are_refused() {
        for good in [
            "dialgraph.yaml",
            "data/queues.yaml",
            "knowledge/default/ko-KR/결제 안내.md",
            "a.flow.yaml",
        ] {
            assert_eq!(bad_path(good), None, "{good}");
        }
        for bad in [
            "",
            "/etc/passwd.md",
            "../dialgraph.yaml",
            "data//queues.yaml",
            "data/./queues.yaml",
            ".git/config.yaml",
            "c:\\x.yaml",
            "plugins/a.yaml",
            "run.sh",
            "a/b/c/d/e/f/g/h/i/j.yaml",
            &format!("{}.md", "가".repeat(70)),
        ] {
            assert!(bad_path(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn an_item_reads_back_what_it_shows() {
        for item in [
            Item::flow("main-entry"),
            Item::plugin("auth"),
            Item::of_path("knowledge/default/ko-KR/two words.md"),
            Item::of_path("sub/vip.flow.yaml"),
        ] {
            assert_eq!(item.to_string().parse(), Ok(item));
        }
        assert!("main-entry".parse::<Item>().is_err());
    }

    #[test]
    fn names_are_lower_case_words() {
        assert!(is_name("msp-customer2"));
        for bad in ["", "-", "a--b", "Main", "a_b", "a/b", "주문"] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
