//! What the function is told by its environment, checked before the first call comes.
//!
//! All variables of ours begin with `DIALGRAPH_`. One that is not known is refused: a misspelt
//! fallback queue would otherwise be noticed on the day it is needed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use dialgraph_connect::fallback::FallbackAnswer;
use dialgraph_connect::signature::{KeyError, SigningKey};
use hyper::Uri;
use tokio_rustls::rustls::ClientConfig;
use zeroize::Zeroizing;

use crate::tls;

const PREFIX: &str = "DIALGRAPH_";
/// Variables of the `dialgraph` command, which mean nothing here.
const OF_THE_COMMAND: [&str; 4] =
    ["DIALGRAPH_CACHE", "DIALGRAPH_PROJECT", "DIALGRAPH_SERVER", "DIALGRAPH_TOKEN"];
const URL: &str = "DIALGRAPH_URL";
const KEY_ID: &str = "DIALGRAPH_KEY_ID";
const KEY: &str = "DIALGRAPH_KEY";
const KEY_FILE: &str = "DIALGRAPH_KEY_FILE";
const BUDGET: &str = "DIALGRAPH_BUDGET_MS";
const CA_FILE: &str = "DIALGRAPH_CA_FILE";
const QUEUE: &str = "DIALGRAPH_FALLBACK_QUEUE";
const LOCALE: &str = "DIALGRAPH_FALLBACK_LOCALE";
const TEXT: &str = "DIALGRAPH_FALLBACK_TEXT_";

/// All variables, with what is said of each.
pub const VARIABLES: [(&str, &str); 9] = [
    (URL, "where the engine is, https://host[:port]"),
    (KEY_ID, "the id of the signing key, as in the engine's configuration"),
    (KEY, "the signing key in hexadecimal; one of this and DIALGRAPH_KEY_FILE is required"),
    (KEY_FILE, "a file with the signing key in hexadecimal, such as a mounted secret"),
    (BUDGET, "time for one invocation in milliseconds, 500 to 7500, 6500 if not set"),
    (CA_FILE, "a file with the certificates, in PEM, of the authorities that vouch for the engine"),
    (
        QUEUE,
        "the queue, by its name in the bridge flow, for callers whom the engine does not answer",
    ),
    (LOCALE, "the locale spoken to callers whose language has no text, ko-KR if not set"),
    ("DIALGRAPH_FALLBACK_TEXT_KO_KR", "what such callers hear in ko-KR; any locale the same way"),
];

const BUDGETS: std::ops::RangeInclusive<u64> = 500..=7_500;
const DEFAULT_BUDGET_MS: u64 = 6_500;

/// The checked settings.
#[derive(Debug, Clone)]
pub struct BridgeSettings {
    /// Scheme, host and port of the engine.
    pub engine: Uri,
    pub key: SigningKey,
    /// Longest time that an invocation takes.
    pub budget: Duration,
    pub tls: ClientConfig,
    pub fallback: FallbackAnswer,
    /// What is allowed but worth a word.
    pub warnings: Vec<String>,
}

/// The settings of a function that has the engine within: nothing to connect to and nothing to
/// sign.
#[derive(Debug, Clone)]
pub struct Within {
    /// Longest time that an invocation takes.
    pub budget: Duration,
    pub fallback: FallbackAnswer,
}

impl Within {
    /// From the variables of an environment; all but ours are passed over, and those of the
    /// engine's configuration.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, Problems> {
        let mut reader = Reader::new(variables);
        let budget = reader.budget();
        let fallback = reader.fallback();
        for name in [URL, KEY_ID, KEY, KEY_FILE, CA_FILE] {
            if reader.take(name).is_some() {
                reader.problem(
                    name,
                    "has no effect on a function that contains the engine; remove it",
                );
            }
        }
        reader.refuse_the_rest();
        match (budget, fallback) {
            (Some(budget), Some(fallback)) if reader.problems.is_empty() => {
                Ok(Self { budget, fallback })
            }
            _ => Err(Problems(reader.problems)),
        }
    }
}

/// What is wrong with one variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {problem}")]
pub struct Problem {
    pub variable: String,
    pub problem: String,
}

/// Everything that is wrong, so that it is put right in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// One for each.
    pub fn messages(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl BridgeSettings {
    /// From the variables of an environment; all but ours are passed over. Files are read by
    /// `read`.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn new(
        variables: impl IntoIterator<Item = (String, String)>,
        read: impl Fn(&Path) -> std::io::Result<String>,
    ) -> Result<Self, Problems> {
        let mut reader = Reader::new(variables);
        let engine = reader.engine();
        let key = reader.key(&read);
        let budget = reader.budget();
        let tls = reader.tls(&read);
        let fallback = reader.fallback();
        reader.refuse_the_rest();
        let Reader { problems, warnings, .. } = reader;
        match (engine, key, budget, tls, fallback) {
            (Some(engine), Some(key), Some(budget), Some(tls), Some(fallback))
                if problems.is_empty() =>
            {
                Ok(Self { engine, key, budget, tls, fallback, warnings })
            }
            _ => Err(Problems(problems)),
        }
    }
}

struct Reader {
    variables: BTreeMap<String, String>,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

impl Reader {
    fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours = |(name, _): &(String, String)| {
            name.starts_with(PREFIX)
                // Those of the engine, on a machine that has both: `DIALGRAPH_SECTION__KEY`, and
                // the command's own.
                && !name.contains("__")
                && !OF_THE_COMMAND.contains(&name.as_str())
        };
        let variables = variables.into_iter().filter(ours).collect();
        Self { variables, problems: Vec::new(), warnings: Vec::new() }
    }

    /// None also if it is blank: consoles leave empty variables behind.
    fn take(&mut self, name: &str) -> Option<String> {
        let value = self.variables.remove(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn require(&mut self, name: &str) -> Option<String> {
        let value = self.take(name);
        if value.is_none() {
            let about =
                VARIABLES.iter().find(|(known, _)| *known == name).map_or("", |known| known.1);
            self.problem(name, format!("is required: {about}"));
        }
        value
    }

    fn problem(&mut self, variable: &str, problem: impl fmt::Display) {
        self.problems.push(Problem { variable: variable.to_owned(), problem: problem.to_string() });
    }

    /// None, and the problem noted.
    fn good<T, E: fmt::Display>(&mut self, variable: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.problem(variable, error)).ok()
    }

    fn engine(&mut self) -> Option<Uri> {
        let text = self.require(URL)?;
        let uri = text.parse::<Uri>().map_err(|error| format!("`{text}` is no URL: {error}"));
        let uri = self.good(URL, uri)?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if authority.contains('@') {
            // Not shown: it may be a password.
            self.problem(URL, "must not hold a user or password; requests are signed with the key");
            return None;
        }
        if !matches!(uri.scheme_str(), Some("http" | "https"))
            || uri.host().is_none_or(str::is_empty)
        {
            self.problem(
                URL,
                format!("`{text}` must be https://host[:port], or http:// within one network"),
            );
            return None;
        }
        if uri.path() != "/" || uri.query().is_some() {
            let must = format!(
                "`{text}` must have no path: the function signs the path that the engine sees"
            );
            self.problem(URL, must);
            return None;
        }
        let host = uri.host().unwrap_or_default();
        if uri.scheme_str() == Some("http") && !matches!(host, "localhost" | "127.0.0.1" | "[::1]")
        {
            self.warnings.push(format!(
                "{URL}: what callers say crosses the network to {host} unencrypted; use https://"
            ));
        }
        Some(uri)
    }

    fn key(&mut self, read: &impl Fn(&Path) -> std::io::Result<String>) -> Option<SigningKey> {
        let id = self.require(KEY_ID);
        let text = self.take(KEY).map(Zeroizing::new);
        let file = self.take(KEY_FILE);
        let (variable, secret) = match (text, file) {
            (Some(text), None) => (KEY, text),
            (None, Some(file)) => {
                let text = read(Path::new(&file))
                    .map_err(|error| format!("`{file}` cannot be read: {error}"));
                (KEY_FILE, Zeroizing::new(self.good(KEY_FILE, text)?))
            }
            (Some(_), Some(_)) => {
                self.problem(KEY_FILE, format!("is set as well as {KEY}; set only one of them"));
                return None;
            }
            (None, None) => {
                self.problem(
                    KEY,
                    format!("is required, or {KEY_FILE}: the signing key in hexadecimal"),
                );
                return None;
            }
        };
        let key = SigningKey::from_hex(&id?, &secret);
        let variable = if matches!(key, Err(KeyError::Id { .. })) { KEY_ID } else { variable };
        self.good(variable, key)
    }

    fn budget(&mut self) -> Option<Duration> {
        let Some(text) = self.take(BUDGET) else {
            return Some(Duration::from_millis(DEFAULT_BUDGET_MS));
        };
        let budget = text.parse().ok().filter(|budget| BUDGETS.contains(budget)).ok_or_else(|| {
            let (least, most) = (BUDGETS.start(), BUDGETS.end());
            format!("`{text}` is no number of milliseconds from {least} to {most}; Connect waits for 8 s at most")
        });
        self.good(BUDGET, budget).map(Duration::from_millis)
    }

    fn tls(&mut self, read: &impl Fn(&Path) -> std::io::Result<String>) -> Option<ClientConfig> {
        let pem = match self.take(CA_FILE) {
            None => None,
            Some(file) => {
                let pem = read(Path::new(&file))
                    .map_err(|error| format!("`{file}` cannot be read: {error}"));
                Some(self.good(CA_FILE, pem)?)
            }
        };
        self.good(CA_FILE, tls::config(pem.as_deref()))
    }

    fn fallback(&mut self) -> Option<FallbackAnswer> {
        let queue = self.require(QUEUE);
        let locale = self.take(LOCALE);
        let names: Vec<String> =
            self.variables.keys().filter(|name| name.starts_with(TEXT)).cloned().collect();
        // Without a queue the texts are still looked at, so that all problems are told at once.
        let found = queue.is_some();
        let mut fallback = self.good(QUEUE, FallbackAnswer::new(queue.as_deref()));
        for name in names {
            let Some(text) = self.take(&name) else { continue };
            let locale = name.trim_start_matches(TEXT).to_owned();
            let Some(before) = fallback.take() else { continue };
            let said = before.clone().say(&locale, &text);
            fallback = Some(self.good(&name, said).unwrap_or(before));
        }
        if let Some(locale) = locale
            && let Some(before) = fallback.take()
        {
            let spoken = before.clone().otherwise(&locale);
            fallback = Some(self.good(LOCALE, spoken).unwrap_or(before));
        }
        fallback.filter(|_| found)
    }

    fn refuse_the_rest(&mut self) {
        for name in std::mem::take(&mut self.variables).into_keys() {
            // By a number of letters: what all of them begin with is no likeness.
            let meant = VARIABLES
                .iter()
                .map(|(known, _)| (strsim::osa_distance(&name, known), known))
                .min()
                .filter(|(distance, _)| *distance <= 4)
                .map_or_else(names, |(_, known)| format!("did you mean {known}?"));
            self.problem(&name, format!("is not known; {meant}"));
        }
    }
}

fn names() -> String {
    let names: Vec<&str> = VARIABLES.iter().map(|(name, _)| *name).collect();
    format!("there are {}", names.join(", "))
}

#[cfg(test)]
mod tests;
