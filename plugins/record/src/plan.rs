//! The configuration, read once for the check and for the run, so that what the one lets pass the
//! other can do.

use crate::{Action, Config, Expect, WhenDown};

/// Whole numbers up to here are exact wherever JSON is read; 2^53 - 1.
pub(crate) const WHOLE: i64 = 9_007_199_254_740_991;
/// Objects within objects that a field's name may lead through.
const FIELD_DEPTH: usize = 16;

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Plan<'c> {
    Get { or_last_known: bool },
    Find { limit: u32, or_last_known: bool },
    Put { merge: bool, expect: Expect, attempts: u32 },
    Increment(Counter<'c>),
    Delete { expect: Expect },
}

/// How a field is counted.
#[derive(Debug)]
pub(crate) struct Counter<'c> {
    /// Names that lead to the field.
    pub(crate) field: Vec<&'c str>,
    pub(crate) by: i64,
    pub(crate) least: Option<i64>,
    pub(crate) most: Option<i64>,
    pub(crate) create: bool,
    pub(crate) attempts: u32,
    /// Only while the record has the version that the flow gives.
    pub(crate) by_version: bool,
}

/// Told of everything that is wrong: where, what, and what to do about it.
pub(crate) type Wrong<'w> = dyn FnMut(&str, String, &'static str) + 'w;

impl<'c> Plan<'c> {
    pub(crate) fn read(config: &'c Config, wrong: &mut Wrong<'_>) -> Self {
        misplaced(config, wrong);
        let action = config.action;
        let or_last_known = config.when_down == Some(WhenDown::LastKnown);
        let expect = config.expect.unwrap_or(Expect::Any);
        let attempts = config.attempts.unwrap_or(5);
        if expect == Expect::Absent && matches!(action, Action::Increment | Action::Delete) {
            let what = format!("`{}` has nothing to do where there is no record", action.as_str());
            wrong("/expect", what, "write `any` or `version`");
        }
        match action {
            Action::Get => Self::Get { or_last_known },
            Action::Find => Self::Find { limit: config.limit.unwrap_or(10), or_last_known },
            Action::Put => {
                let merge = config.merge == Some(true);
                if merge && expect == Expect::Absent {
                    let what = "there is nothing to merge with where there is no record".to_owned();
                    wrong("/merge", what, "take out `merge`, or expect `any` or `version`");
                }
                if !merge && config.attempts.is_some() {
                    let what = "a record that is replaced is written once".to_owned();
                    wrong("/attempts", what, "take it out, or add `merge: true`");
                }
                Self::Put { merge, expect, attempts }
            }
            Action::Increment => {
                let by_version = expect == Expect::Version;
                Self::Increment(Counter::read(config, attempts, by_version, wrong))
            }
            Action::Delete => Self::Delete { expect },
        }
    }
}

impl<'c> Counter<'c> {
    fn read(config: &'c Config, attempts: u32, by_version: bool, wrong: &mut Wrong<'_>) -> Self {
        let field: Vec<&str> = config.field.as_deref().unwrap_or_default().split('.').collect();
        if config.field.is_none() {
            let what = "`increment` needs `field`".to_owned();
            wrong("", what, "name the field that is counted: `field: seats_left`");
        } else if field.iter().any(|name| name.trim() != *name || name.is_empty()) {
            let what = "this names no field of a record".to_owned();
            wrong("/field", what, "write a field's name, such as `seats_left` or `stock.left`");
        } else if field.len() > FIELD_DEPTH {
            let what = format!("a field lies at most {FIELD_DEPTH} objects deep");
            wrong("/field", what, "count a field further up");
        }
        let by = config.by.unwrap_or(1);
        if by == 0 {
            let what = "adding 0 changes nothing".to_owned();
            wrong("/by", what, "write 1, or -1 to count down");
        }
        for (at, number) in [("/by", config.by), ("/least", config.least), ("/most", config.most)] {
            if number.is_some_and(|number| !(-WHOLE..=WHOLE).contains(&number)) {
                let what = format!("numbers are exact from -{WHOLE} to {WHOLE} only");
                wrong(at, what, "write a number within that");
            }
        }
        if let (Some(least), Some(most)) = (config.least, config.most)
            && least > most
        {
            wrong("/least", "`least` is more than `most`".to_owned(), "swap the two");
        }
        Self {
            field,
            by,
            least: config.least,
            most: config.most,
            create: config.create == Some(true),
            attempts,
            by_version,
        }
    }
}

/// Tells of settings that the action has no use for.
fn misplaced(config: &Config, wrong: &mut Wrong<'_>) {
    use Action::{Delete, Find, Get, Increment, Put};
    let settings: [(&str, bool, &[Action]); 10] = [
        ("when_down", config.when_down.is_some(), &[Get, Find]),
        ("limit", config.limit.is_some(), &[Find]),
        ("merge", config.merge.is_some(), &[Put]),
        ("expect", config.expect.is_some(), &[Put, Increment, Delete]),
        ("field", config.field.is_some(), &[Increment]),
        ("by", config.by.is_some(), &[Increment]),
        ("least", config.least.is_some(), &[Increment]),
        ("most", config.most.is_some(), &[Increment]),
        ("create", config.create.is_some(), &[Increment]),
        ("attempts", config.attempts.is_some(), &[Put, Increment]),
    ];
    for (name, given, of) in settings {
        if given && !of.contains(&config.action) {
            let of: Vec<_> = of.iter().map(|action| format!("`{}`", action.as_str())).collect();
            let what = format!(
                "`{name}` means nothing to `{}`; it is for {}",
                config.action.as_str(),
                of.join(", ")
            );
            wrong(&format!("/{name}"), what, "take it out");
        }
    }
}
