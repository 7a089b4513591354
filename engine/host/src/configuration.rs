//! Plugins that check their own configurations: interface `configuration` of the contract, which a
//! component may export and need not.

use std::time::Duration;

use dialgraph_base::{ConfigProblem, Locale, Severity};

use crate::bindings::optional::exports::dialgraph::plugin::configuration as wit;
use crate::engine::InstancePools;
use crate::examine::Examined;
use crate::failure;
use crate::plugin::{Plugin, execute_in};
use crate::run::Run;

pub(crate) use crate::bindings::optional::CheckerPre;

/// The interface, as it is served.
const EXPORT: &str = "configuration";
/// Problems that are shown of one configuration.
const PROBLEMS: usize = 100;
/// Characters of a message or a hint.
const MESSAGE_CHARS: usize = 1_024;
/// Characters of a pointer; what is longer points at nothing that a person wrote.
const POINTER_BYTES: usize = 4 << 10;
/// A check takes as long as one run may, and no longer than this.
const WALL_MS: u32 = 1_000;

/// Whether a component says that it checks its configuration in a way that is served.
pub(crate) fn is_exported(examined: &Examined) -> bool {
    examined.exports_served(EXPORT).is_some()
}

/// What the operator should know: it checks in a way that is not served.
pub(crate) fn warning(examined: &Examined) -> Option<String> {
    let other = examined.exports_unserved(EXPORT)?;
    (!is_exported(examined)).then(|| {
        format!(
            "it exports `{other}`, which this engine does not know: the engine checks its \
            configuration against its schema only"
        )
    })
}

impl Plugin {
    /// All that the plugin finds wrong in `config`; nothing for one that does not look at it.
    pub(crate) fn check_config(
        &self,
        pools: &InstancePools,
        wait: Duration,
        config: &str,
        locales: &[Locale],
    ) -> Result<Vec<ConfigProblem>, String> {
        let Some(checker) = &self.checker else { return Ok(Vec::new()) };
        let failed = |why: String| {
            format!("plugin `{}` could not check its configuration: {why}", self.descriptor.name)
        };
        let Some(_permit) = pools.of(self.class).permits.acquire(wait) else {
            return Err(failed("there was no room to run it in; try again".to_owned()));
        };
        let mut grants = self.grants.clone();
        grants.limits.wall_ms = grants.limits.wall_ms.min(WALL_MS);
        let locales = locales.iter().map(|locale| locale.to_string()).collect();
        let context = wit::Context { locales, extra: Vec::new() };
        let run = Run::alone("check", grants.limits);
        let executed = execute_in(pools, self.class, &grants, run, |store| {
            let instance = checker.instantiate(&mut *store)?;
            instance.dialgraph_plugin_configuration().call_check(
                store,
                &config.to_owned(),
                &context,
            )
        });
        let found = executed.result.map_err(|error| {
            let fuel = pools.fuel(grants.limits.wall_ms);
            failed(one_line(&failure::words(&error, &executed.run, fuel, &grants.limits)))
        })?;
        Ok(problems(found))
    }
}

fn problems(found: Vec<wit::Problem>) -> Vec<ConfigProblem> {
    let surplus = found.len().saturating_sub(PROBLEMS);
    let mut problems: Vec<ConfigProblem> = found.into_iter().take(PROBLEMS).map(problem).collect();
    if surplus > 0 {
        problems.push(ConfigProblem {
            pointer: String::new(),
            severity: Severity::Error,
            message: format!("there are {surplus} more problems in this configuration"),
            hint: Some("correct these first".to_owned()),
        });
    }
    problems
}

fn problem(found: wit::Problem) -> ConfigProblem {
    let message = one_line(&found.message);
    let nothing = message.is_empty();
    ConfigProblem {
        pointer: if found.pointer.len() <= POINTER_BYTES { found.pointer } else { String::new() },
        // A severity of a later contract is no reason to let something pass.
        severity: match found.severity.as_str() {
            "warning" => Severity::Warning,
            _ => Severity::Error,
        },
        message: if nothing {
            "the plugin rejects this and gives no reason".to_owned()
        } else {
            message
        },
        hint: found.hint.map(|hint| one_line(&hint)).filter(|hint| !hint.is_empty()),
    }
}

/// Words of a plugin on one line of bounded length, with nothing in them that a terminal obeys.
fn one_line(text: &str) -> String {
    let words: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(MESSAGE_CHARS) {
        Some((cut, _)) => format!("{}…", &words[..cut]),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(message: &str) -> wit::Problem {
        wit::Problem {
            pointer: "/a".to_owned(),
            severity: "error".to_owned(),
            message: message.to_owned(),
            hint: None,
            extra: Vec::new(),
        }
    }

    #[test]
    fn what_is_too_much_to_be_shown_is_counted() {
        let all = problems((0..250).map(|n| found(&n.to_string())).collect());
        assert_eq!(all.len(), 101);
        assert_eq!(all[99].message, "99");
        assert!(all[100].message.contains("150 more"), "{}", all[100].message);
        assert_eq!(problems((0..100).map(|n| found(&n.to_string())).collect()).len(), 100);
    }

    #[test]
    fn words_of_a_plugin_are_one_line_that_no_terminal_obeys() {
        let long = "가".repeat(2_000);
        assert_eq!(problem(found(&long)).message.chars().count(), 1_025);
        let sly = problem(found("\u{1b}[2Jgone\nand\u{9b}31m  more\t"));
        assert_eq!(sly.message, "[2Jgone and 31m more");
        assert!(!problem(found(" \n")).message.is_empty());
    }

    #[test]
    fn a_severity_that_is_not_known_is_an_error() {
        let severity =
            |word: &str| problem(wit::Problem { severity: word.to_owned(), ..found("x") }).severity;
        assert_eq!(severity("warning"), Severity::Warning);
        assert_eq!(severity("error"), Severity::Error);
        assert_eq!(severity("fatal"), Severity::Error);
    }
}
