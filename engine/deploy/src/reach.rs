//! What plugins can reach, and what a change adds to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use dialgraph_base::{Grants, HostPattern, PluginLimits};

/// What each plugin reaches: what it imports, within what it is granted. A grant that its plugin
/// does not use reaches nothing, and becomes reach on the day a version comes that uses it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach(BTreeMap<String, PluginReach>);

#[derive(Debug, Clone)]
struct PluginReach {
    capabilities: BTreeSet<String>,
    hosts: Vec<String>,
    secrets: BTreeSet<String>,
    read: BTreeSet<String>,
    write: BTreeSet<String>,
    limits: PluginLimits,
}

/// Something that a plugin could not do before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Widening {
    pub plugin: String,
    /// What must be allowed: `http`, `http=api.example.com`, `secrets=zendesk-token`,
    /// `records-read=customers`, `limits.wall_ms=5000`.
    pub access: String,
    /// The same in words.
    pub words: String,
}

impl fmt::Display for Widening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin `{}` {}", self.plugin, self.words)
    }
}

/// Which widenings whoever asks for a change agrees to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Allow {
    /// None.
    #[default]
    Nothing,
    /// These: each an access (`http`), or one for a plugin (`ticketing:http`).
    Only(BTreeSet<String>),
    /// All: the change comes from where the grants are written.
    Everything,
}

impl Allow {
    fn covers(&self, widening: &Widening) -> bool {
        match self {
            Self::Nothing => false,
            Self::Only(list) => {
                list.contains(&widening.access)
                    || list.contains(&format!("{}:{}", widening.plugin, widening.access))
            }
            Self::Everything => true,
        }
    }

    /// Those of `widenings` that it does not cover.
    pub(crate) fn lacking(&self, widenings: &[Widening]) -> Vec<Widening> {
        widenings.iter().filter(|widening| !self.covers(widening)).cloned().collect()
    }

    /// Whether anything is allowed at all.
    pub(crate) fn is_something(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Only(list) => !list.is_empty(),
            Self::Everything => true,
        }
    }
}

impl Reach {
    /// Adds a plugin with the capabilities that it imports.
    pub(crate) fn add<'c>(
        &mut self,
        plugin: &str,
        needs: impl IntoIterator<Item = &'c str>,
        grants: &Grants,
    ) {
        let capabilities: BTreeSet<String> = needs.into_iter().map(str::to_owned).collect();
        let when =
            |capability: &str, names: &BTreeSet<String>| match capabilities.contains(capability) {
                true => names.clone(),
                false => BTreeSet::new(),
            };
        let reach = PluginReach {
            hosts: if capabilities.contains("http") { grants.http.clone() } else { Vec::new() },
            secrets: when("secrets", &grants.secrets),
            read: when("records-read", &grants.collections.read),
            write: when("records-write", &grants.collections.write),
            limits: grants.limits,
            capabilities,
        };
        self.0.insert(plugin.to_owned(), reach);
    }

    /// What it has beyond `before`.
    pub(crate) fn beyond(&self, before: &Self) -> Vec<Widening> {
        let nothing = PluginReach {
            capabilities: BTreeSet::new(),
            hosts: Vec::new(),
            secrets: BTreeSet::new(),
            read: BTreeSet::new(),
            write: BTreeSet::new(),
            limits: PluginLimits::default(),
        };
        let mut found = Vec::new();
        for (plugin, after) in &self.0 {
            let before = before.0.get(plugin).unwrap_or(&nothing);
            let mut add = |access: String, words: String| {
                found.push(Widening { plugin: plugin.clone(), access, words });
            };
            for name in after.capabilities.difference(&before.capabilities) {
                add(name.clone(), format!("newly imports {name}"));
            }
            for host in after.hosts.iter().filter(|host| !covered(&before.hosts, host)) {
                add(format!("http={host}"), format!("newly calls host {host}"));
            }
            for (kind, verb, after, before) in [
                ("secrets", "uses secret", &after.secrets, &before.secrets),
                ("records-read", "reads collection", &after.read, &before.read),
                ("records-write", "writes collection", &after.write, &before.write),
            ] {
                for name in after.difference(before) {
                    add(format!("{kind}={name}"), format!("newly {verb} {name}"));
                }
            }
            for (name, after, before) in limits(&after.limits, &before.limits) {
                if after > before {
                    add(
                        format!("limits.{name}={after}"),
                        format!("raises the limit {name} to {after}, from {before}"),
                    );
                }
            }
        }
        found
    }
}

/// Whether one of `patterns` lets through whatever `host` does.
fn covered(patterns: &[String], host: &str) -> bool {
    let Ok(wanted) = host.parse::<HostPattern>() else { return patterns.iter().any(|p| p == host) };
    patterns.iter().filter_map(|p| p.parse::<HostPattern>().ok()).any(|p| p.covers(&wanted))
}

fn limits(after: &PluginLimits, before: &PluginLimits) -> [(&'static str, u64, u64); 6] {
    [
        ("wall_ms", after.wall_ms.into(), before.wall_ms.into()),
        ("memory_bytes", after.memory_bytes, before.memory_bytes),
        ("table_elements", after.table_elements.into(), before.table_elements.into()),
        ("host_call_bytes", after.host_call_bytes.into(), before.host_call_bytes.into()),
        ("host_calls", after.host_calls.into(), before.host_calls.into()),
        ("output_bytes", after.output_bytes.into(), before.output_bytes.into()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(yaml: serde_json::Value) -> Grants {
        serde_json::from_value(yaml).unwrap()
    }

    fn reach(needs: &[&str], grants: &Grants) -> Reach {
        let mut reach = Reach::default();
        reach.add("desk", needs.iter().copied(), grants);
        reach
    }

    #[test]
    fn what_is_added_is_told_in_words_and_what_stays_or_goes_is_not() {
        let before = grants(serde_json::json!({
            "grants": ["log", "http", "records-read"],
            "http": ["*.zendesk.com", "https://api.example.com"],
            "collections": {"read": ["customers", "duty"]},
            "limits": {"wall_ms": 2000, "memory_bytes": 33554432},
        }));
        let after = grants(serde_json::json!({
            "grants": ["log", "http", "records-read", "secrets"],
            "http": ["desk.zendesk.com", "api.example.com", "*.example.com", "http://127.0.0.1:8080"],
            "collections": {"read": ["customers", "engineers"], "write": ["customers"]},
            "secrets": ["zendesk-token"],
            "limits": {"wall_ms": 5000},
        }));
        let before = reach(&["log", "http", "records-read"], &before);
        let after = reach(&["log", "http", "records-read", "secrets"], &after);
        let lines: Vec<String> = after
            .beyond(&before)
            .iter()
            .map(|widening| format!("{} — {widening}", widening.access))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        secrets — plugin `desk` newly imports secrets
        http=*.example.com — plugin `desk` newly calls host *.example.com
        http=http://127.0.0.1:8080 — plugin `desk` newly calls host http://127.0.0.1:8080
        secrets=zendesk-token — plugin `desk` newly uses secret zendesk-token
        records-read=engineers — plugin `desk` newly reads collection engineers
        limits.wall_ms=5000 — plugin `desk` raises the limit wall_ms to 5000, from 2000
        ");
        assert_eq!(after.beyond(&after), []);
    }

    #[test]
    fn a_grant_counts_from_the_version_on_that_uses_it() {
        let granted = grants(serde_json::json!({
            "grants": ["log", "http"], "http": ["api.example.com"],
        }));
        let idle = reach(&["log"], &granted);
        let used = reach(&["log", "http"], &granted);
        let added: Vec<String> =
            used.beyond(&idle).into_iter().map(|widening| widening.access).collect();
        assert_eq!(added, ["http", "http=api.example.com"]);
    }

    #[test]
    fn what_is_allowed_is_named_for_all_plugins_or_for_one() {
        let widening = |plugin: &str, access: &str| Widening {
            plugin: plugin.into(),
            access: access.into(),
            words: String::new(),
        };
        let wanted = [widening("a", "http"), widening("b", "http"), widening("a", "secrets=x")];
        let lacking = |list: &[&str]| {
            let only = Allow::Only(list.iter().map(|s| (*s).to_owned()).collect());
            only.lacking(&wanted).len()
        };
        assert_eq!(lacking(&[]), 3);
        assert_eq!(lacking(&["http"]), 1);
        assert_eq!(lacking(&["a:http"]), 2);
        assert_eq!(lacking(&["http", "a:secrets=x"]), 0);
        assert_eq!(Allow::Everything.lacking(&wanted), []);
    }
}
