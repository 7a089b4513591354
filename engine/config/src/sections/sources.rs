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
        /// the password of a database; an HTTP system gets it as a bearer token, unless
        /// `http_credentials` says otherwise.
        secrets: Vec<String> = Vec::new();

        /// How the secret of an HTTP system is sent, if not as a bearer token: `NAME=header:HEADER`
        /// puts it into a header of its own, `NAME=basic:USER` makes it the password of a user.
        http_credentials: Vec<String> = Vec::new();

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

/// How a secret is sent to an HTTP system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    Bearer,
    /// In this header.
    Header(String),
    /// As the password of this user.
    Basic(String),
}

impl Sent {
    /// `header:HEADER` or `basic:USER`.
    fn of(text: &str) -> Option<Self> {
        let (how, name) = text.split_once(':')?;
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b':';
        match how {
            _ if name.is_empty() || name.len() > 128 => None,
            "header" if name.bytes().all(is_token) => Some(Self::Header(name.to_owned())),
            "basic" if name.bytes().all(is_plain) => Some(Self::Basic(name.to_owned())),
            _ => None,
        }
    }
}

impl SourcesSection {
    /// How the secret of an HTTP system is sent.
    pub fn sent(&self, source: &str) -> Sent {
        let mut pairs = self.http_credentials.iter().filter_map(|text| pair(text));
        let found = pairs.find(|(name, _)| *name == source).and_then(|(_, how)| Sent::of(how));
        found.unwrap_or(Sent::Bearer)
    }

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
        let (services, key) = (self.services(), "sources.http_credentials");
        for (number, text) in self.http_credentials.iter().enumerate() {
            let number = number + 1;
            match pair(text).map(|(name, how)| (services.get(name), Sent::of(how))) {
                Some((Some(Reached { secret: Some(_), .. }), Some(_))) => {}
                Some((Some(Reached { secret: None, .. }), _)) => {
                    let why =
                        format!("the source of entry {number} has no secret in `sources.secrets`");
                    wrong.push((key, why));
                }
                Some((None, _)) => {
                    let why = format!("entry {number} names no source of `sources.http`");
                    wrong.push((key, why));
                }
                _ => {
                    let form = "desk=header:X-Api-Key\" or \"desk=basic:USER";
                    wrong.push((
                        key,
                        format!("entry {number} says nothing known; write \"{form}\""),
                    ));
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
            http: list(&["desk=", "dusk=https://x", "bare=https://y"]),
            http_credentials: list(&[
                "dusk=header:X-Api-Key",
                "dusk=header:X Key",
                "dusk=s3cret",
                "bare=basic:u",
                "crm=basic:u",
                "s3cret",
            ]),
            secrets: list(&["crm=crm-password", "dsk=token", "s3cret", "dusk=token"]),
            ..SourcesSection::default()
        };
        let told: Vec<String> =
            section.wrong().iter().map(|(key, why)| format!("{key}: {why}")).collect();
        let wanted = [
            "sources.postgresql: entry 2 has no name; write \"crm=postgresql://USER@HOST:5432/DATABASE\"",
            "sources.dynamodb: there are two sources `crm`; rename one",
            "sources.dynamodb: the name of entry 2 must be letters, digits, `-` and `_`, at most 64",
            "sources.http: entry 1 has no name; write \"desk=https://HOST/PATH\"",
            "sources.secrets: there is no source `dsk`; known: crm, dusk, bare",
            "sources.secrets: entry 3 names no source; write \"crm=crm-password\"",
            "sources.http_credentials: entry 2 says nothing known; write \"desk=header:X-Api-Key\" or \"desk=basic:USER\"",
            "sources.http_credentials: entry 3 says nothing known; write \"desk=header:X-Api-Key\" or \"desk=basic:USER\"",
            "sources.http_credentials: the source of entry 4 has no secret in `sources.secrets`",
            "sources.http_credentials: entry 5 names no source of `sources.http`",
            "sources.http_credentials: entry 6 says nothing known; write \"desk=header:X-Api-Key\" or \"desk=basic:USER\"",
        ];
        assert_eq!(told, wanted);
        let crm = &section.databases()["crm"];
        assert_eq!(crm.secret.as_deref(), Some("crm-password"));
        assert_eq!(section.sent("dusk"), Sent::Header("X-Api-Key".to_owned()));
        assert_eq!(section.sent("desk"), Sent::Bearer);
        assert_eq!(Sent::of("basic:app"), Some(Sent::Basic("app".to_owned())));
    }
}
