//! Systems outside the engine that hold records, and how each is reached.

use std::collections::BTreeMap;
use std::time::Duration;

section! {
    /// Systems that hold the records of collections with a `source:`. A project can name these and
    /// reach no others.
    pub struct SourcesSection, see "sources.md" {
        /// PostgreSQL databases: `NAME=postgresql://USER@HOST:PORT/DATABASE` each, without the
        /// password. TLS is used and verified unless the host is this machine; `?sslmode=disable`
        /// leaves it out.
        postgresql: Vec<String> = Vec::new();

        /// Tables of DynamoDB that others made: `NAME=TABLE` each. Region and credentials are those
        /// of all Amazon services.
        dynamodb: Vec<String> = Vec::new();

        /// Systems that answer over HTTP: `NAME=https://HOST/PATH` each.
        http: Vec<String> = Vec::new();

        /// The secret that each source is reached with, if it asks for one: `NAME=SECRET`. It is
        /// the password of a database, and the bearer token of an HTTP system.
        secrets: Vec<String> = Vec::new();

        /// Most connections to a database at a time.
        connections: u32 = 8, at_least(1);

        /// A request to a source is given up after this, getting a connection included.
        timeout: Duration = Duration::from_secs(2), more_than_zero;

        /// Most requests to an HTTP system in a second; 0: no limit.
        http_rate: u32 = 0;
    }
}

/// One source, with what stands behind its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    pub address: String,
    /// Name of the secret.
    pub secret: Option<String>,
}

impl SourcesSection {
    /// Databases by name.
    pub fn databases(&self) -> BTreeMap<String, Reached> {
        self.reached(&self.postgresql)
    }

    /// Tables of DynamoDB by name.
    pub fn tables(&self) -> BTreeMap<String, Reached> {
        self.reached(&self.dynamodb)
    }

    /// HTTP systems by name.
    pub fn services(&self) -> BTreeMap<String, Reached> {
        self.reached(&self.http)
    }

    fn reached(&self, list: &[String]) -> BTreeMap<String, Reached> {
        let secrets: BTreeMap<&str, &str> = self.secrets.iter().filter_map(|s| pair(s)).collect();
        let one = |(name, address): (&str, &str)| {
            let secret = secrets.get(name).map(|secret| (*secret).to_owned());
            (name.to_owned(), Reached { address: address.to_owned(), secret })
        };
        list.iter().filter_map(|text| pair(text)).map(one).collect()
    }

    /// Each key that is wrong, and how. An address is not shown: it may have a password.
    pub(crate) fn wrong(&self) -> Vec<(&'static str, String)> {
        let mut wrong = Vec::new();
        let mut names = Vec::new();
        for (key, list, form) in [
            ("sources.postgresql", &self.postgresql, "crm=postgresql://USER@HOST:5432/DATABASE"),
            ("sources.dynamodb", &self.dynamodb, "legacy=TABLE"),
            ("sources.http", &self.http, "desk=https://HOST/PATH"),
        ] {
            for (number, text) in list.iter().enumerate() {
                let number = number + 1;
                let Some((name, _)) = pair(text) else {
                    wrong.push((key, format!("entry {number} has no name; write \"{form}\"")));
                    continue;
                };
                if !is_name(name) {
                    let what = "letters, digits, `-` and `_`, at most 64";
                    wrong.push((key, format!("the name of entry {number} must be {what}")));
                } else if names.contains(&name) {
                    wrong.push((key, format!("there are two sources `{name}`; rename one")));
                } else {
                    names.push(name);
                }
            }
        }
        for (number, text) in self.secrets.iter().enumerate() {
            let key = "sources.secrets";
            match pair(text) {
                Some((name, _)) if names.contains(&name) => {}
                Some((name, _)) if is_name(name) => {
                    let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                    wrong.push((key, format!("there is no source `{name}`; known: {known}")));
                }
                _ => {
                    let number = number + 1;
                    let why = format!("entry {number} names no source; write \"crm=crm-password\"");
                    wrong.push((key, why));
                }
            }
        }
        wrong
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// `NAME=VALUE`. The name of an address without one would be its scheme.
fn pair(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    (!value.is_empty() && !name.contains("://")).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_by_its_place_and_shows_no_address() {
        let list = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        let section = SourcesSection {
            postgresql: list(&[
                "crm=postgresql://app:s3cret@db/crm",
                "postgresql://app:s3cret@db/?a=b",
            ]),
            dynamodb: list(&["crm=table", "a b=s3cret"]),
            http: list(&["desk="]),
            secrets: list(&["crm=crm-password", "dsk=token", "s3cret"]),
            ..SourcesSection::default()
        };
        let told: Vec<String> =
            section.wrong().iter().map(|(key, why)| format!("{key}: {why}")).collect();
        let wanted = [
            "sources.postgresql: entry 2 has no name; write \"crm=postgresql://USER@HOST:5432/DATABASE\"",
            "sources.dynamodb: there are two sources `crm`; rename one",
            "sources.dynamodb: the name of entry 2 must be letters, digits, `-` and `_`, at most 64",
            "sources.http: entry 1 has no name; write \"desk=https://HOST/PATH\"",
            "sources.secrets: there is no source `dsk`; known: crm",
            "sources.secrets: entry 3 names no source; write \"crm=crm-password\"",
        ];
        assert_eq!(told, wanted);
        let crm = &section.databases()["crm"];
        assert_eq!(crm.secret.as_deref(), Some("crm-password"));
    }
}
