//! From files and variables to a [`Config`], and back to text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::keys::{self, Key};
use super::setting::{Given, Setting as _};
use super::{Admin, Config, Guard};

/// The most that a Lambda's budget can be; Amazon Connect waits for 8 s.
const LAMBDA_BUDGET: Duration = Duration::from_millis(7_500);

/// Where each value that is no default came from, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources(pub BTreeMap<&'static str, String>);

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// File with line and column, or variable.
    pub place: String,
    pub message: String,
}

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration cannot be used as it is")?;
        for Problem { place, message } in &self.problems {
            write!(f, "\n  {place}: {message}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Defaults, then `file` if one is given, then the environment. Variables that do not begin with
    /// `DIALGRAPH_` or hold no `__` are none of ours, unless one is a key but for that; secrets of plugins are left to
    /// their provider.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place and what to do.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Sources), ConfigError> {
        let mut loading = Loading {
            keys: keys::all(),
            config: Self::default(),
            sources: Sources::default(),
            problems: Vec::new(),
        };
        if let Some(file) = file {
            loading.file(file);
        }
        for (name, value) in environment {
            loading.variable(&name, value);
        }
        if loading.problems.is_empty() {
            loading.check();
        }
        if loading.problems.is_empty() {
            Ok((loading.config, loading.sources))
        } else {
            Err(ConfigError { problems: loading.problems })
        }
    }

    /// The configuration as a documented TOML file, with the place each value came from. Secrets are left out.
    pub fn print(&self, sources: &Sources) -> String {
        let mut out = String::from(
            "# Every key with its value. In the environment a key is DIALGRAPH_SECTION__KEY, and wins over the file.\n",
        );
        let mut section = "";
        for key in keys::all() {
            let (of, name) = key.path.split_once('.').unwrap_or(("", key.path));
            if of != section {
                section = of;
                let _ = write!(out, "\n[{of}]\n"); // writing to a String cannot fail, here and below
            }
            for line in key.doc.lines() {
                let _ = writeln!(out, "# {line}");
            }
            let source = sources.0.get(key.path);
            if key.secret {
                let state =
                    source.map_or_else(|| "none".to_owned(), |from| format!("set in {from}"));
                let _ = writeln!(out, "# {name} = (never shown; {state})");
                continue;
            }
            let _ = write!(out, "{name} = {}", (key.show)(self));
            if let Some(source) = source {
                let _ = write!(out, "  # {source}");
            }
            out.push('\n');
        }
        out
    }
}

struct Loading {
    keys: Vec<Key>,
    config: Config,
    sources: Sources,
    problems: Vec<Problem>,
}

impl Loading {
    fn problem(&mut self, place: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem { place: place.into(), message: message.into() });
    }

    fn file(&mut self, file: &Path) {
        let shown = file.display().to_string();
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => return self.problem(shown, format!("cannot be read: {error}")),
        };
        let place = |offset: usize| {
            let before = &text[..offset.min(text.len())];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
            format!("{shown}:{line}:{column}")
        };
        let table = match DeTable::parse(&text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                let at = error.span().map_or_else(|| shown.clone(), |span| place(span.start));
                return self.problem(at, error.message());
            }
        };
        for (section, value) in in_order(&table) {
            let name = section.get_ref().as_ref();
            let at = place(section.span().start);
            let DeValue::Table(entries) = value.get_ref() else {
                let message = self.unknown(name);
                self.problem(at, format!("{message}; every key is in a section"));
                continue;
            };
            if !self.sections().contains(name) {
                let near = dialgraph_flow::nearest(name, self.sections());
                let message = format!(
                    "there is no section `[{name}]`{}",
                    meant(near.map(|n| format!("[{n}]")))
                );
                self.problem(at, message);
                continue;
            }
            for (key, value) in in_order(entries) {
                let path = format!("{name}.{}", key.get_ref());
                let given = Given::of_toml(value.get_ref());
                self.set(&path, &given, place(key.span().start));
            }
        }
    }

    fn variable(&mut self, name: &str, value: String) {
        let Some(rest) = name.strip_prefix("DIALGRAPH_") else { return };
        if rest.starts_with("SECRET_") {
            return;
        }
        if !rest.contains("__") {
            // Otherwise whoever set it would believe that it holds.
            if let Some(meant) = self.with_one_line(name) {
                let message = format!("there is no such variable; did you mean `{meant}`?");
                self.problem(format!("variable {name}"), message);
            }
            return;
        }
        let path = rest.replacen("__", ".", 1).to_lowercase();
        let place = format!("variable {name}");
        if !self.keys.iter().any(|key| key.path == path) {
            let variables: Vec<String> = self.keys.iter().map(Key::variable).collect();
            let near = dialgraph_flow::nearest(name, variables.iter().map(String::as_str));
            let message = format!("there is no such key{}", meant(near.map(str::to_owned)));
            return self.problem(place, message);
        }
        // A number or a truth value is read from text, too, so that nothing depends on quotes in a shell.
        self.set(&path, &Given::Text(value), place);
    }

    /// The variable of a key whose `__` was written as `_`.
    fn with_one_line(&self, name: &str) -> Option<String> {
        // This one is a variable of its own, of the store's keys.
        if name == dialgraph_store::KEY_FILE_VARIABLE {
            return None;
        }
        self.keys.iter().map(Key::variable).find(|known| known.replace("__", "_") == name)
    }

    fn set(&mut self, path: &str, given: &Given, place: String) {
        let Some(index) = self.keys.iter().position(|key| key.path == path) else {
            let message = self.unknown(path);
            return self.problem(place, message);
        };
        let key = &self.keys[index];
        match (key.set)(&mut self.config, given) {
            Ok(()) => {
                self.sources.0.insert(key.path, place);
            }
            // What was given for a secret might be the secret.
            Err(_) if key.secret => {
                let message = format!("{path}: what is given is not of the right kind (not shown)");
                self.problem(place, message);
            }
            Err(message) => self.problem(place, format!("{path}: {message}")),
        }
    }

    fn sections(&self) -> BTreeSet<&'static str> {
        self.keys.iter().filter_map(|key| key.path.split_once('.')).map(|(of, _)| of).collect()
    }

    fn unknown(&self, path: &str) -> String {
        let near = dialgraph_flow::nearest(path, self.keys.iter().map(|key| key.path));
        // A key by its own name in the wrong section is a likely mistake, too.
        let name = path.rsplit('.').next().unwrap_or(path);
        let near = near.or_else(|| {
            self.keys.iter().map(|key| key.path).find(|path| path.ends_with(&format!(".{name}")))
        });
        format!("there is no key `{path}`{}", meant(near.map(str::to_owned)))
    }

    /// What each value by itself cannot tell.
    fn check(&mut self) {
        let config = self.config.clone();
        let mut wrong = |key: &'static str, message: &str| {
            let place = self.sources.0.get(key).cloned().unwrap_or_else(|| "default".to_owned());
            self.problems.push(Problem { place, message: format!("{key}: {message}") });
        };
        let usual = |key: &str| {
            let key = self.keys.iter().find(|known| known.path == key);
            key.map(|key| (key.show)(&Config::default())).unwrap_or_default()
        };
        match (&config.tls.certificate, &config.tls.key) {
            (Some(_), None) => wrong("tls.certificate", "needs `tls.key` beside it"),
            (None, Some(_)) => wrong("tls.key", "needs `tls.certificate` beside it"),
            _ => {}
        }
        let has_keys = !config.connect.keys.is_empty() || config.connect.keys_file.is_some();
        if config.must_sign() && !has_keys {
            wrong(
                "connect.signature",
                "requests must be signed, but there is no key to check them with; set `connect.keys` or `connect.keys_file` (or \"off\" if something else guards the endpoint)",
            );
        }
        if has_keys && let Err(why) = config.outlasts_questions() {
            wrong("calls.idle_limit", &why);
        }
        if config.must_authenticate()
            && !config.api.has_tokens()
            && config.api.authentication == Guard::Required
        {
            wrong(
                "api.authentication",
                "a token is required, but none is known; set `api.tokens` or `api.tokens_file`",
            );
        }
        if config.deploy.admin == Admin::On && !config.serves_admin() {
            wrong(
                "deploy.admin",
                "other machines can reach the server, and with `api.authentication = \"off\"` whoever asks could change what is live; require tokens, or set this to \"off\"",
            );
        }
        if let Err(why) = crate::http::auth::keys(&config.connect) {
            wrong("connect.keys", &why);
        }
        if let Err(why) = crate::http::auth::tokens(&config.api) {
            wrong("api.tokens", &why);
        }
        for (key, count) in [
            ("server.connections", config.server.connections),
            ("turns.at_once", config.turns.at_once),
            ("providers.tries", config.providers.tries),
            ("connect.nonces", config.connect.nonces),
            ("plugins.runs", config.plugins.runs),
        ] {
            if count == 0 {
                wrong(key, &format!("0 is too few; write 1 or more, as the usual {}", usual(key)));
            }
        }
        for (key, time) in [
            ("server.header_timeout", config.server.header_timeout),
            ("server.request_timeout", config.server.request_timeout),
            ("turns.budget", config.turns.budget),
            ("turns.answer_within", config.turns.answer_within),
            ("calls.idle_limit", config.calls.idle_limit),
            ("calls.idle_check", config.calls.idle_check),
            ("providers.timeout", config.providers.timeout),
            ("connect.window", config.connect.window),
            ("store.attempt_timeout", config.store.attempt_timeout),
            ("store.operation_timeout", config.store.operation_timeout),
            // Without a pause the server would do nothing else than look.
            ("deploy.watch_interval", config.deploy.watch_interval),
            ("deploy.interval", config.deploy.interval),
        ] {
            if time.is_zero() {
                let usual = usual(key);
                wrong(key, &format!("\"0s\" is no time at all; write more, as the usual {usual}"));
            }
        }
        if config.deploy.canary_more_errors > 100 {
            let message = format!(
                "{} of a hundred is more than all; write 0 to 100, as the usual {}",
                config.deploy.canary_more_errors,
                usual("deploy.canary_more_errors")
            );
            wrong("deploy.canary_more_errors", &message);
        }
        let (keep, least) = (config.calls.retention, Duration::from_hours(24));
        if !keep.is_zero() && (keep < least || keep <= config.calls.idle_limit) {
            wrong(
                "calls.retention",
                "must be a day or more, and more than `calls.idle_limit`, or \"0s\" to keep calls for ever",
            );
        }
        if config.turns.budget >= config.turns.answer_within {
            wrong(
                "turns.budget",
                "must be less than `turns.answer_within`, or no comfort prompt is heard in time",
            );
        }
        if config.turns.answer_within >= LAMBDA_BUDGET {
            let message = format!(
                "{} is too long: the Lambda gives up after 6.5 s, or what DIALGRAPH_BUDGET_MS says there, 7.5 s at most, and the caller would hear its fallback; write less than that, as the usual {}",
                config.turns.answer_within.show(),
                usual("turns.answer_within")
            );
            wrong("turns.answer_within", &message);
        }
        if config.turns.answer_within > config.server.request_timeout {
            wrong("turns.answer_within", "must not be more than `server.request_timeout`");
        }
        if config.deploy.keep_for.as_secs() < 60 * 60 {
            wrong(
                "deploy.keep_for",
                "must be \"1h\" or more: engine processes hear of each other's changes late, and calls come back late",
            );
        }
        if config.server.max_body.0 < 4096 {
            wrong(
                "server.max_body",
                "must be \"4 KiB\" or more: an event of Connect has about that",
            );
        }
        if let Err(error) = crate::telemetry::logs::filter(&config.log.level) {
            wrong("log.level", &error);
        }
    }
}

/// The entries as they stand in the file.
fn in_order<'t, 'i>(
    table: &'t DeTable<'i>,
) -> Vec<(&'t Spanned<DeString<'i>>, &'t Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn meant(near: Option<String>) -> String {
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// `dialgraph.toml` in the working folder, if it is there.
pub fn usual_file() -> Option<PathBuf> {
    let path = PathBuf::from("dialgraph.toml");
    path.is_file().then_some(path)
}
