//! What the engine serves to plugins, by name.

use std::collections::BTreeSet;
use std::fmt;

use dialgraph_base::Grants;

use crate::wasi;

/// The plugin contract's package and the version that is served.
pub(crate) const PACKAGE: &str = "dialgraph:plugin";
pub(crate) const CONTRACT: &str = "1.0.0";
/// What a plugin exports.
pub(crate) const EXPORT: &str = "plugin";
pub(crate) const EXPORTED: [&str; 2] = ["describe", "run"];

/// Interfaces that another's grant covers, with the name of the grant.
const COVERED: [(&str, &str); 1] = [("records-search", "records-read")];

/// Interfaces with their functions. A resource's methods are left out: they need a resource,
/// which only a function gives.
const INTERFACES: [(&str, &[&str]); 12] = [
    ("clock", &["now"]),
    ("genai", &["converse"]),
    ("http", &["send"]),
    ("knowledge", &["search"]),
    ("log", &["min-level", "log"]),
    ("nlu", &["recognize"]),
    ("random", &["bytes", "number"]),
    ("records-read", &["get", "find"]),
    ("records-search", &["find"]),
    ("records-write", &["put", "delete"]),
    ("secrets", &["open"]),
    ("tickets", &["create"]),
];

/// An interface with its version, such as `dialgraph:plugin/log@1.0.0`, and the functions wanted of
/// it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Import {
    /// As the component names it.
    pub interface: String,
    /// Functions, a resource's methods included, in the component's order.
    pub functions: Vec<String>,
}

impl Import {
    /// The capability that must be granted for this import: its name in `grants:`. None for the
    /// contract's types, for WASI, and for what is imported for its types alone.
    pub fn capability(&self) -> Option<&str> {
        let name = self.name();
        let interface = name.interface?;
        (name.package == PACKAGE
            && interface != "types"
            && self.functions.iter().any(|function| !function.starts_with('[')))
        .then_some(
            COVERED.iter().find(|(name, _)| *name == interface).map_or(interface, |(_, by)| by),
        )
    }

    fn name(&self) -> Name<'_> {
        Name::parse(&self.interface)
    }
}

/// `package/interface@version` taken apart.
pub(crate) struct Name<'a> {
    pub(crate) package: &'a str,
    pub(crate) interface: Option<&'a str>,
    pub(crate) version: Option<&'a str>,
}

impl<'a> Name<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        let (path, version) = match text.split_once('@') {
            Some((path, version)) => (path, Some(version)),
            None => (text, None),
        };
        let (package, interface) = match path.split_once('/') {
            Some((package, interface)) => (package, Some(interface)),
            None => (path, None),
        };
        Self { package, interface, version }
    }

    /// True when the served version can stand for the one that is named: same major from 1 on, same
    /// minor before, as the component model has it.
    pub(crate) fn served_by(&self, served: &str) -> bool {
        let compatible = |version: &str| {
            let mut parts = version.split('.');
            let (major, minor) = (parts.next()?.to_owned(), parts.next()?.to_owned());
            Some(if major == "0" { (major, minor) } else { (major, String::new()) })
        };
        match self.version.map(compatible) {
            Some(Some(wanted)) => compatible(served) == Some(wanted),
            Some(None) | None => false,
        }
    }
}

/// Why an import stands against loading a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objection {
    /// Nothing grants it.
    NotGranted { interface: String, capability: String },
    /// The interface is served in another version only.
    Version { interface: String, served: String },
    /// The interface is served, the function is not.
    Function { interface: String, function: String, served: String },
    /// There is no such interface for plugins.
    Unknown { interface: String },
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotGranted { interface, .. } => {
                write!(f, "imports `{interface}`, which is not granted to it")
            }
            Self::Version { interface, served } => write!(
                f,
                "imports `{interface}`, which this engine does not serve; the nearest is `{served}`: build the plugin against that"
            ),
            Self::Function { interface, function, served } => write!(
                f,
                "imports function `{function}` of `{interface}`, which this engine's {served} does not have: build it against {served} or run a newer engine"
            ),
            Self::Unknown { interface } => {
                write!(f, "imports `{interface}`, which no plugin is given")
            }
        }
    }
}

/// Compares imports with what is served and, unless `grants` is none, with what is granted.
pub(crate) fn objections(imports: &[Import], grants: Option<&Grants>) -> Vec<Objection> {
    imports.iter().filter_map(|import| objection(import, grants)).collect()
}

fn objection(import: &Import, grants: Option<&Grants>) -> Option<Objection> {
    let name = import.name();
    let interface = import.interface.clone();
    let path = import.interface.split('@').next().unwrap_or_default();
    if name.package != PACKAGE {
        if !wasi::SERVED.contains(&path) {
            return Some(Objection::Unknown { interface });
        }
        return (!name.served_by(wasi::VERSION)).then(|| Objection::Version {
            interface,
            served: format!("{path}@{}", wasi::VERSION),
        });
    }
    let capability = name.interface.unwrap_or_default();
    let known = INTERFACES.iter().find(|(name, _)| *name == capability);
    if known.is_none() && capability != "types" {
        return Some(Objection::Unknown { interface });
    }
    let served = format!("{path}@{CONTRACT}");
    if !name.served_by(CONTRACT) {
        return Some(Objection::Version { interface, served });
    }
    let functions = known.map_or(&[][..], |(_, functions)| functions);
    let missing = import
        .functions
        .iter()
        .find(|function| !function.starts_with('[') && !functions.contains(&function.as_str()));
    if let Some(function) = missing {
        return Some(Objection::Function { interface, function: function.clone(), served });
    }
    let capability = import.capability()?;
    let granted = grants.is_none_or(|grants| grants.grants.contains(capability));
    (!granted).then(|| Objection::NotGranted { capability: capability.to_owned(), interface })
}

/// What can be granted.
fn capabilities() -> impl Iterator<Item = &'static str> {
    let covered = |name: &str| COVERED.iter().any(|(covered, _)| *covered == name);
    INTERFACES.iter().map(|(name, _)| *name).filter(move |name| !covered(name))
}

/// Capabilities that the imports need, in the order of their names.
pub(crate) fn needed(imports: &[Import]) -> BTreeSet<String> {
    imports.iter().filter_map(Import::capability).map(str::to_owned).collect()
}

/// What the operator should know of grants that do nothing.
pub(crate) fn idle_grants(imports: &[Import], grants: &Grants) -> Vec<String> {
    let needed = needed(imports);
    grants
        .grants
        .iter()
        .filter(|grant| !needed.contains(*grant))
        .map(|grant| {
            if capabilities().any(|name| name == grant) {
                format!("`{grant}` is granted but never used: take it out of `grants`")
            } else {
                let all: Vec<_> = capabilities().collect();
                format!("`{grant}` is no capability; there are {}", all.join(", "))
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(interface: &str, functions: &[&str]) -> Import {
        Import {
            interface: interface.to_owned(),
            functions: functions.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn every_later_minor_of_the_contract_is_served_and_no_other_major() {
        for (version, served) in
            [("1.0.0", true), ("1.7.3", true), ("2.0.0", false), ("0.1.0", false), ("", false)]
        {
            let text = format!("dialgraph:plugin/log@{version}");
            assert_eq!(Name::parse(&text).served_by(CONTRACT), served, "{version}");
        }
        assert!(Name::parse("wasi:io/poll@0.2.3").served_by(wasi::VERSION));
        assert!(!Name::parse("wasi:io/poll@0.3.0").served_by(wasi::VERSION));
        assert!(!Name::parse("dialgraph:plugin/log").served_by(CONTRACT));
    }

    #[test]
    fn an_interface_imported_for_its_types_needs_no_grant() {
        let secret = import(
            "dialgraph:plugin/secrets@1.0.0",
            &["[method]secret.name", "[resource-drop]secret"],
        );
        assert_eq!(secret.capability(), None);
        assert_eq!(objections(&[secret], Some(&Grants::default())), []);
    }

    #[test]
    fn objections_say_what_to_do() {
        let imports = [
            import("dialgraph:plugin/types@1.0.0", &[]),
            import("dialgraph:plugin/log@1.0.0", &["log"]),
            import("dialgraph:plugin/log@2.0.0", &["log"]),
            import("dialgraph:plugin/records-read@1.1.0", &["get", "scan"]),
            import("dialgraph:plugin/telepathy@1.0.0", &["read-mind"]),
            import("wasi:cli/exit@0.2.4", &["exit"]),
            import("wasi:cli/exit@0.3.0", &["exit"]),
            import("wasi:sockets/tcp@0.2.4", &["connect"]),
        ];
        let lines: Vec<_> = objections(&imports, Some(&Grants::default()))
            .iter()
            .map(ToString::to_string)
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn grants_that_do_nothing_are_reported() {
        let grants = Grants {
            grants: ["log", "logs", "http"].map(str::to_owned).into(),
            ..Grants::default()
        };
        let imports = [import("dialgraph:plugin/log@1.0.0", &["log"])];
        insta::assert_snapshot!(idle_grants(&imports, &grants).join("\n"));
    }
}
