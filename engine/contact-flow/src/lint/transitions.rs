//! Where one action leads.

use std::collections::BTreeSet;

use serde_json::Value;

use super::actions::{ActionType, Outcomes};
use super::{At, Rule};

const OPERATORS: [&str; 9] = [
    "Equals",
    "TextStartsWith",
    "TextEndsWith",
    "TextContains",
    "NumberGreaterThan",
    "NumberGreaterOrEqualTo",
    "NumberLessThan",
    "NumberLessOrEqualTo",
    "KeyExists",
];

const NESTED: [&str; 3] = ["And", "Or", "Not"];

/// All actions to which `action` can lead.
pub(super) fn targets(action: &Value) -> Vec<&str> {
    let transitions = &action["Transitions"];
    let list = |name: &str| transitions[name].as_array().into_iter().flatten();
    list("Errors")
        .chain(list("Conditions"))
        .chain(std::iter::once(transitions))
        .filter_map(|transition| transition["NextAction"].as_str())
        .collect()
}

pub(super) fn check(
    at: &mut At<'_>,
    kind: &ActionType,
    action: &Value,
    identifiers: &BTreeSet<String>,
) {
    let transitions = &action["Transitions"];
    for target in targets(action) {
        if !identifiers.contains(target) {
            at.add(Rule::Dangling, format!("leads to `{target}`, which is not there"));
        }
    }
    if kind.terminal {
        if !targets(action).is_empty() {
            at.add(Rule::Terminal, format!("{} ends the flow and can lead nowhere", kind.name));
        }
        return;
    }
    // Prompts that repeat for ever are the one action that may have nothing behind it.
    if !transitions["NextAction"].is_string() && kind.name != "MessageParticipantIteratively" {
        at.add(Rule::MissingNextAction, "`Transitions.NextAction` is missing");
    }
    errors(at, kind, action);
    conditions(at, kind, action);
}

fn errors(at: &mut At<'_>, kind: &ActionType, action: &Value) {
    let mut declared = BTreeSet::new();
    for error in action["Transitions"]["Errors"].as_array().into_iter().flatten() {
        let Some(name) = error["ErrorType"].as_str() else {
            at.add(Rule::UnknownError, "an error has no `ErrorType`");
            continue;
        };
        if !declared.insert(name) {
            at.add(Rule::DuplicateError, format!("`{name}` leads to two places"));
        }
        if !kind.errors.contains(&name) && !kind.optional_errors.contains(&name) {
            at.add(Rule::UnknownError, format!("{} never fails with `{name}`", kind.name));
        }
        if !error["NextAction"].is_string() {
            at.add(Rule::MissingNextAction, format!("error `{name}` leads nowhere"));
        }
    }
    let mut required: Vec<&str> = kind.errors.to_vec();
    let parameters = &action["Parameters"];
    let mut refused: &[&str] = &[];
    match kind.name {
        "GetParticipantInput" if parameters["StoreInput"] == "True" => {
            // A stored input that nobody gave is the word `Timeout`.
            refused = &["NoMatchingCondition", "InputTimeLimitExceeded"];
            if parameters["InputValidation"]["PhoneNumberValidation"].is_object() {
                required.push("InvalidPhoneNumber");
            } else {
                refused = &["NoMatchingCondition", "InputTimeLimitExceeded", "InvalidPhoneNumber"];
            }
        }
        "GetParticipantInput" => {
            required.extend(["NoMatchingCondition", "InputTimeLimitExceeded"]);
            refused = &["InvalidPhoneNumber"];
        }
        "TransferParticipantToThirdParty" if parameters["ContinueFlowExecution"] == "True" => {
            required.extend(["CallFailed", "ConnectionTimeLimitExceeded"]);
        }
        "TransferParticipantToThirdParty" => {
            refused = &["CallFailed", "ConnectionTimeLimitExceeded"];
        }
        "ConnectParticipantWithLexBot" if parameters["LexTimeoutSeconds"].is_object() => {
            required.push("InputTimeLimitExceeded");
        }
        _ => {}
    }
    for name in refused.iter().filter(|name| declared.contains(*name)) {
        at.add(Rule::UnknownError, format!("`{name}` cannot happen as the parameters are"));
    }
    for name in required.iter().filter(|name| !declared.contains(*name)) {
        at.add(Rule::MissingError, format!("nothing is said of error `{name}`"));
    }
}

fn conditions(at: &mut At<'_>, kind: &ActionType, action: &Value) {
    let mut operands = BTreeSet::new();
    let counts_agents = kind.name == "CheckMetricData"
        && action["Parameters"]["MetricType"]
            .as_str()
            .is_some_and(|metric| metric.starts_with("NumberOfAgents"));
    for entry in action["Transitions"]["Conditions"].as_array().into_iter().flatten() {
        if !entry["NextAction"].is_string() {
            at.add(Rule::MissingNextAction, "a condition leads nowhere");
        }
        let condition = &entry["Condition"];
        let operator = condition["Operator"].as_str().unwrap_or_default();
        if NESTED.contains(&operator) {
            at.add(
                Rule::Operator,
                format!("`{operator}` is documented, but the service refuses it"),
            );
            continue;
        }
        if !OPERATORS.contains(&operator) {
            at.add(Rule::Operator, format!("there is no operator `{operator}`"));
        }
        let given = condition["Operands"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        let [operand] = given else {
            at.add(
                Rule::Operands,
                format!("a condition has exactly one operand, not {}", given.len()),
            );
            continue;
        };
        let Some(operand) = operand.as_str() else {
            at.add(Rule::NotAString, format!("operand {operand} is no string"));
            continue;
        };
        if operand.is_empty() {
            at.add(Rule::EmptyString, "an operand is empty; nothing can be compared with \"\"");
        }
        if !operands.insert((operator, operand)) {
            at.add(Rule::DuplicateCondition, format!("`{operator} {operand}` stands twice"));
        }
        outcome(at, kind, operator, operand);
        if counts_agents && (operator, operand) != ("NumberGreaterThan", "0") {
            at.add(
                Rule::Outcome,
                format!(
                    "agents are compared by `NumberGreaterThan 0` only, not `{operator} {operand}`"
                ),
            );
        }
    }
    let stored = action["Parameters"]["StoreInput"] == "True";
    if kind.name == "GetParticipantInput" && stored && !operands.is_empty() {
        at.add(Rule::Outcome, "stored input has no conditions; compare `$.StoredCustomerInput`");
    }
    let required: Vec<&str> = match kind.outcomes {
        Outcomes::Exactly(_) if kind.name == "MessageParticipantIteratively" => Vec::new(),
        Outcomes::Exactly(required) => required.to_vec(),
        _ if kind.name == "Wait" => {
            let events = action["Parameters"]["Events"].as_array().into_iter().flatten();
            std::iter::once("WaitCompleted").chain(events.filter_map(Value::as_str)).collect()
        }
        _ => Vec::new(),
    };
    for wanted in required {
        if !operands.iter().any(|(_, operand)| *operand == wanted) {
            at.add(Rule::Outcome, format!("outcome `{wanted}` leads nowhere"));
        }
    }
}

fn outcome(at: &mut At<'_>, kind: &ActionType, operator: &str, operand: &str) {
    let message = match kind.outcomes {
        Outcomes::None => Some(format!("{} has no outcomes to compare", kind.name)),
        Outcomes::Any => None,
        Outcomes::LessThan => {
            (operator != "NumberLessThan").then(|| "only `NumberLessThan` is taken".to_owned())
        }
        Outcomes::Equals => (operator != "Equals").then(|| "only `Equals` is taken".to_owned()),
        Outcomes::Exactly(known) => (operator != "Equals" || !known.contains(&operand))
            .then(|| format!("outcomes are {}, not `{operand}`", known.join(", "))),
        Outcomes::Key => {
            let key = operand.len() == 1
                && operand.chars().all(|c| c.is_ascii_digit() || c == '*' || c == '#');
            (operator != "Equals" || !key)
                .then(|| format!("an outcome is one key, not `{operand}`"))
        }
    };
    if let Some(message) = message {
        at.add(Rule::Outcome, message);
    }
}
