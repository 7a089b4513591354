//! Contact flows checked as strictly as the service checks them.
//!
//! `CreateContactFlow` refuses much that its documentation allows and the console exports: numbers
//! that are no strings, empty strings, conditions with two operands, actions that lead nowhere. A
//! flow that passes here is one that we believe can be imported; a flow that does not is told what
//! to change, at which action.
//!
//! ```
//! let flow = serde_json::json!({
//!     "Version": "2019-10-30",
//!     "StartAction": "bye",
//!     "Metadata": {"entryPointPosition": {"x": 0, "y": 0}, "ActionMetadata": {"bye": {"position": {"x": 9, "y": 0}}}},
//!     "Actions": [{"Identifier": "bye", "Type": "Disconnect", "Parameters": {}, "Transitions": {}}],
//! });
//! let findings = dialgraph_contact_flow::lint::lint(&flow);
//! assert_eq!(
//!     findings[0].to_string(),
//!     "bye: unknown-type: there is no action type `Disconnect`; did you mean `DisconnectParticipant`?"
//! );
//! ```

mod actions;
mod parameters;
mod reference;
mod transitions;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use actions::ActionType;

/// The version of flow language that is checked.
pub const VERSION: &str = "2019-10-30";

/// Most actions in one flow.
pub const MAX_ACTIONS: usize = 250;

/// Most characters of a flow as JSON text.
pub const MAX_CHARACTERS: usize = 256_000;

/// Most characters of an identifier.
pub const MAX_IDENTIFIER: usize = 50;

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The document itself is not a flow.
    Document,
    TooLarge,
    TooManyActions,
    /// The flow begins nowhere.
    StartAction,
    Identifier,
    DuplicateIdentifier,
    UnknownType,
    MissingParameter,
    UnknownParameter,
    /// Several parameters that exclude each other, or none of them.
    OneOf,
    /// A number or a truth value where the service takes strings only.
    NotAString,
    EmptyString,
    /// A number out of its range, a word that is none of those allowed.
    Value,
    /// A reference where only a constant is taken, or words around it where it must stand alone.
    Dynamic,
    BadReference,
    MissingNextAction,
    /// A terminal action that leads on.
    Terminal,
    /// A transition to an action that is not there.
    Dangling,
    MissingError,
    UnknownError,
    DuplicateError,
    /// A condition whose operator is not taken here or nests others.
    Operator,
    /// A condition must have exactly one operand.
    Operands,
    /// An operand that can never be met, or one that must be there and is not.
    Outcome,
    DuplicateCondition,
    /// No transition leads there.
    Unreachable,
    /// Without a position the designer piles all blocks onto each other.
    Position,
}

impl Rule {
    /// Its name: lower-case words joined by `-`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::TooLarge => "too-large",
            Self::TooManyActions => "too-many-actions",
            Self::StartAction => "start-action",
            Self::Identifier => "identifier",
            Self::DuplicateIdentifier => "duplicate-identifier",
            Self::UnknownType => "unknown-type",
            Self::MissingParameter => "missing-parameter",
            Self::UnknownParameter => "unknown-parameter",
            Self::OneOf => "one-of",
            Self::NotAString => "not-a-string",
            Self::EmptyString => "empty-string",
            Self::Value => "value",
            Self::Dynamic => "dynamic",
            Self::BadReference => "bad-reference",
            Self::MissingNextAction => "missing-next-action",
            Self::Terminal => "terminal",
            Self::Dangling => "dangling",
            Self::MissingError => "missing-error",
            Self::UnknownError => "unknown-error",
            Self::DuplicateError => "duplicate-error",
            Self::Operator => "operator",
            Self::Operands => "operands",
            Self::Outcome => "outcome",
            Self::DuplicateCondition => "duplicate-condition",
            Self::Unreachable => "unreachable",
            Self::Position => "position",
        }
    }
}

/// Something that is wrong with a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintFinding {
    pub rule: Rule,
    /// Identifier of the action; none for the document as a whole.
    pub action: Option<String>,
    pub message: String,
}

impl fmt::Display for LintFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.action.as_deref().unwrap_or("flow");
        write!(f, "{place}: {}: {}", self.rule.as_str(), self.message)
    }
}

/// Everything that is wrong with the flow in `text`, which is measured as it stands: spaces and
/// lines count when it is imported.
///
/// # Errors
/// When it is no JSON.
pub fn lint_text(text: &str) -> Result<Vec<LintFinding>, serde_json::Error> {
    let flow: Value = serde_json::from_str(text)?;
    let mut findings = lint(&flow);
    let characters = text.trim_end().chars().count();
    if characters > MAX_CHARACTERS && !findings.iter().any(|found| found.rule == Rule::TooLarge) {
        let message = format!(
            "{characters} characters as it is written; at most {MAX_CHARACTERS} can be imported, and without its spaces and lines it would fit"
        );
        findings.insert(0, LintFinding { rule: Rule::TooLarge, action: None, message });
    }
    Ok(findings)
}

/// Everything that is wrong with `flow`, in the order of its actions.
pub fn lint(flow: &Value) -> Vec<LintFinding> {
    let mut findings = Findings::default();
    let Some(document) = flow.as_object() else {
        findings.whole(Rule::Document, "a flow is a JSON object");
        return findings.all;
    };
    match document.get("Version").and_then(Value::as_str) {
        Some(VERSION) => {}
        _ => findings.whole(Rule::Document, format!("`Version` must be \"{VERSION}\"")),
    }
    let characters = flow.to_string().chars().count();
    if characters > MAX_CHARACTERS {
        let message = format!("{characters} characters; at most {MAX_CHARACTERS} can be imported");
        findings.whole(Rule::TooLarge, message);
    }
    let Some(actions) = document.get("Actions").and_then(Value::as_array) else {
        findings.whole(Rule::Document, "`Actions` must be a list");
        return findings.all;
    };
    if actions.len() > MAX_ACTIONS {
        let message = format!("{} actions; a flow has at most {MAX_ACTIONS}", actions.len());
        findings.whole(Rule::TooManyActions, message);
    }
    let identifiers = identifiers(&mut findings, actions);
    let start = document.get("StartAction").and_then(Value::as_str);
    match start {
        Some(start) if identifiers.contains(start) => {}
        Some(start) => {
            findings.whole(
                Rule::StartAction,
                format!("`StartAction` names `{start}`, which is not there"),
            );
        }
        None => findings.whole(Rule::StartAction, "`StartAction` is missing"),
    }
    for action in actions {
        let mut at = findings.at(action["Identifier"].as_str());
        let Some(kind) = kind(&mut at, action) else { continue };
        parameters::check(&mut at, kind, &action["Parameters"]);
        transitions::check(&mut at, kind, action, &identifiers);
    }
    unreachable(&mut findings, start, actions);
    positions(&mut findings, &document.get("Metadata").cloned().unwrap_or_default(), &identifiers);
    findings.all
}

#[derive(Default)]
struct Findings {
    all: Vec<LintFinding>,
}

impl Findings {
    fn whole(&mut self, rule: Rule, message: impl Into<String>) {
        self.all.push(LintFinding { rule, action: None, message: message.into() });
    }

    fn at<'f>(&'f mut self, action: Option<&'f str>) -> At<'f> {
        At { findings: self, action }
    }
}

/// Where findings belong to one action.
struct At<'f> {
    findings: &'f mut Findings,
    action: Option<&'f str>,
}

impl At<'_> {
    fn add(&mut self, rule: Rule, message: impl Into<String>) {
        let action = self.action.map(str::to_owned);
        self.findings.all.push(LintFinding { rule, action, message: message.into() });
    }
}

fn identifiers(findings: &mut Findings, actions: &[Value]) -> BTreeSet<String> {
    const REFUSED: &str = "%:(\\/)=$,;[]{}";
    const RESERVED: [&str; 5] =
        ["__proto__", "constructor", "toString", "valueOf", "hasOwnProperty"];
    let mut identifiers = BTreeSet::new();
    for (index, action) in actions.iter().enumerate() {
        let Some(identifier) = action["Identifier"].as_str().filter(|name| !name.is_empty()) else {
            findings.whole(Rule::Identifier, format!("action {} has no `Identifier`", index + 1));
            continue;
        };
        let mut at = findings.at(Some(identifier));
        if identifier.chars().count() > MAX_IDENTIFIER {
            at.add(Rule::Identifier, format!("longer than {MAX_IDENTIFIER} characters"));
        }
        if let Some(refused) = identifier.chars().find(|c| REFUSED.contains(*c)) {
            at.add(Rule::Identifier, format!("`{refused}` cannot be in an identifier"));
        }
        if RESERVED.contains(&identifier) {
            at.add(Rule::Identifier, "this word is reserved");
        }
        if !identifiers.insert(identifier.to_owned()) {
            at.add(Rule::DuplicateIdentifier, "another action has the same identifier");
        }
    }
    identifiers
}

fn kind(at: &mut At<'_>, action: &Value) -> Option<&'static ActionType> {
    let Some(name) = action["Type"].as_str() else {
        at.add(Rule::UnknownType, "`Type` is missing");
        return None;
    };
    let found = actions::find(name);
    if found.is_none() {
        let known =
            actions::MISNAMED.iter().find(|(wrong, _)| *wrong == name).map(|(_, right)| *right);
        let near =
            || dialgraph_base::nearest(name, actions::ACTIONS.iter().map(|action| action.name));
        let hint = match known.map(str::to_owned).or_else(|| near().map(|near| near.to_string())) {
            Some(right) => format!("; did you mean `{right}`?"),
            None => String::new(),
        };
        at.add(Rule::UnknownType, format!("there is no action type `{name}`{hint}"));
    }
    found
}

fn unreachable(findings: &mut Findings, start: Option<&str>, actions: &[Value]) {
    let leads: BTreeMap<&str, Vec<&str>> = actions
        .iter()
        .filter_map(|action| Some((action["Identifier"].as_str()?, transitions::targets(action))))
        .collect();
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> = start.into_iter().collect();
    while let Some(action) = next.pop() {
        if reached.insert(action) {
            next.extend(leads.get(action).into_iter().flatten());
        }
    }
    for action in leads.keys().filter(|action| !reached.contains(*action)) {
        findings.at(Some(action)).add(Rule::Unreachable, "no transition leads here");
    }
}

fn positions(findings: &mut Findings, metadata: &Value, identifiers: &BTreeSet<String>) {
    let placed = |position: &Value| position["x"].is_number() && position["y"].is_number();
    if !placed(&metadata["entryPointPosition"]) {
        findings.whole(Rule::Position, "`Metadata.entryPointPosition` has no `x` and `y`");
    }
    let blocks = &metadata["ActionMetadata"];
    for identifier in identifiers {
        if !placed(&blocks[identifier.as_str()]["position"]) {
            let mut at = findings.at(Some(identifier));
            at.add(Rule::Position, "`Metadata.ActionMetadata` has no position for it");
        }
    }
    for name in blocks.as_object().into_iter().flat_map(|blocks| blocks.keys()) {
        if !identifiers.contains(name) {
            findings.whole(
                Rule::Position,
                format!("`Metadata.ActionMetadata` names `{name}`, which is not there"),
            );
        }
    }
}

#[cfg(test)]
mod tests;
