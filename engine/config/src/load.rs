//! From files and variables to a [`Config`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use dialgraph_files::MAX_SETTINGS;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::check::Wrong;
use crate::declare::{Key, Keys};
use crate::setting::Given;
use crate::{Config, all, check};

/// Where each value that is no default came from, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources(pub BTreeMap<String, String>);

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
    /// Defaults, then `file` if one is given, then the environment. Variables that do not begin
    /// with `DIALGRAPH_` or hold no `__` are none of ours, unless one is a key but for that;
    /// secrets of plugins are left to their provider.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place and what to do.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Sources), ConfigError> {
        let mut loading = Loading {
            sections: all(),
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
        // What was meant for a value that cannot be read is not known, nor what fits to it.
        let all_read = loading.problems.is_empty();
        if all_read {
            loading.look(check::who_may_ask);
        }
        loading.bounds();
        if all_read {
            loading.look(check::fits_together);
        }
        if loading.problems.is_empty() {
            Ok((loading.config, loading.sources))
        } else {
            Err(ConfigError { problems: loading.problems })
        }
    }
}

struct Loading {
    sections: Vec<Keys>,
    config: Config,
    sources: Sources,
    problems: Vec<Problem>,
}

impl Loading {
    fn keys(&self) -> impl Iterator<Item = &Key> {
        self.sections.iter().flat_map(|section| &section.keys)
    }

    fn problem(&mut self, place: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem { place: place.into(), message: message.into() });
    }

    fn file(&mut self, file: &Path) {
        let shown = file.display().to_string();
        let text = match dialgraph_files::text(file, MAX_SETTINGS) {
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
            let sections: BTreeSet<&str> = self.sections.iter().map(|keys| keys.section).collect();
            if !sections.contains(name) {
                let near = dialgraph_base::nearest(name, sections);
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
        if !self.keys().any(|key| key.path == path) {
            let variables: Vec<String> = self.keys().map(Key::variable).collect();
            let near = dialgraph_base::nearest(name, variables.iter().map(String::as_str));
            let message = format!("there is no such key{}", meant(near.map(str::to_owned)));
            return self.problem(place, message);
        }
        // A number or a truth value is read from text, too, so that nothing depends on quotes in a
        // shell.
        self.set(&path, &Given::Text(value), place);
    }

    /// The variable of a key whose `__` was written as `_`.
    fn with_one_line(&self, name: &str) -> Option<String> {
        // This one is a variable of its own, of the store's keys.
        if name == dialgraph_store::KEY_FILE_VARIABLE {
            return None;
        }
        self.keys().map(Key::variable).find(|known| known.replace("__", "_") == name)
    }

    fn set(&mut self, path: &str, given: &Given, place: String) {
        let mut keys = self.sections.iter().flat_map(|section| &section.keys);
        let Some(key) = keys.find(|key| key.path == path) else {
            let message = self.unknown(path);
            return self.problem(place, message);
        };
        match (key.read)(&mut self.config, given) {
            Ok(()) => {
                self.sources.0.insert(key.path.clone(), place);
            }
            // What was given for a secret might be the secret.
            Err(_) if key.secret => {
                let message = format!("{path}: the value has the wrong type (not shown)");
                self.problem(place, message);
            }
            Err(message) => self.problem(place, format!("{path}: {message}")),
        }
    }

    fn unknown(&self, path: &str) -> String {
        let near = dialgraph_base::nearest(path, self.keys().map(|key| &*key.path));
        // A key by its own name in the wrong section is a likely mistake, too.
        let name = path.rsplit('.').next().unwrap_or(path);
        let near = near.or_else(|| {
            self.keys().map(|key| &*key.path).find(|path| path.ends_with(&format!(".{name}")))
        });
        format!("there is no key `{path}`{}", meant(near.map(str::to_owned)))
    }

    /// Values that are not within their key's bounds. The last that is given counts, so this comes
    /// after all are read.
    fn bounds(&mut self) {
        let check = |key: &Key| Some((key.path.clone(), (key.check)(&self.config).err()?));
        let wrong: Vec<(String, String)> = self.keys().filter_map(check).collect();
        wrong.iter().for_each(|(key, message)| self.wrong(key, message));
    }

    fn look(&mut self, check: fn(&Config, Wrong<'_>)) {
        let config = self.config.clone();
        check(&config, &mut |key, message| self.wrong(key, message));
    }

    /// The value of a key is of the right kind and still wrong.
    fn wrong(&mut self, key: &str, message: &str) {
        let place = self.sources.0.get(key).cloned().unwrap_or_else(|| "default".to_owned());
        self.problem(place, format!("{key}: {message}"));
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
