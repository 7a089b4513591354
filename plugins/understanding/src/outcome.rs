//! What a reading comes to, and why.

use std::fmt;

/// What a reading of an answer comes to: the same for all kinds of answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// One value was meant.
    One(T),
    /// More than one was meant, and none of them denied.
    Several(Vec<T>),
    /// The caller asks for time: `잠깐만요`, `hold on`.
    Hold,
    /// Nothing but hesitation: `음`, `uh`.
    Hesitation,
    /// Nothing that can be read as a value.
    Nothing,
}

/// An outcome with its explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Understood<T> {
    pub outcome: Outcome<T>,
    pub why: Why,
}

/// Something that was said and denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    pub what: String,
    /// The words that deny or replace it.
    pub by: String,
}

/// Why an answer was understood as it was, in words that can be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    /// The words that led to the value.
    pub matched: Vec<String>,
    pub denied: Vec<Denied>,
    /// Hesitation and hold phrases that say nothing about the value.
    pub set_aside: Vec<String>,
    /// Anything else that decided: a date that does not exist, a question.
    pub notes: Vec<String>,
    /// What was said is of the kind that was asked for, and there is no such day or time: 31
    /// November, 25:00.
    pub impossible: bool,
}

impl Why {
    pub(crate) fn note(note: impl Into<String>) -> Why {
        Why { notes: vec![note.into()], ..Why::default() }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let quoted = |words: &[String]| {
            words.iter().map(|word| format!("“{word}”")).collect::<Vec<_>>().join(", ")
        };
        if !self.matched.is_empty() {
            parts.push(format!("heard {}", quoted(&self.matched)));
        }
        for Denied { what, by } in &self.denied {
            parts.push(format!("“{what}” is denied by “{by}”"));
        }
        if !self.set_aside.is_empty() {
            parts.push(format!("set aside {}", quoted(&self.set_aside)));
        }
        parts.extend(self.notes.iter().cloned());
        if parts.is_empty() {
            parts.push("nothing was recognised".to_owned());
        }
        f.write_str(&parts.join("; "))
    }
}

impl<T> Understood<T> {
    pub(crate) fn new(outcome: Outcome<T>, why: Why) -> Understood<T> {
        Understood { outcome, why }
    }

    /// The value, where exactly one was meant.
    ///
    /// ```
    /// use dialgraph_understanding::{YesNo, yes_no};
    ///
    /// assert_eq!(yes_no("네, 맞아요").value(), Some(&YesNo::Yes));
    /// assert_eq!(yes_no("음…").value(), None);
    /// ```
    pub fn value(&self) -> Option<&T> {
        match &self.outcome {
            Outcome::One(value) => Some(value),
            _ => None,
        }
    }
}
