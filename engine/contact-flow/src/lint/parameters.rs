//! Parameters of one action.

use serde_json::{Map, Value};

use super::actions::{ActionType, Kind};
use super::reference::{self, Value as Text};
use super::{At, Rule};
use crate::voices;

pub(super) fn check(at: &mut At<'_>, kind: &ActionType, parameters: &Value) {
    let empty = Map::new();
    let parameters = match parameters {
        Value::Object(parameters) => parameters,
        Value::Null => &empty,
        _ => {
            at.add(Rule::Value, "`Parameters` must be an object");
            return;
        }
    };
    for (name, value) in parameters {
        scalars(at, name, value);
    }
    for (name, kind) in kind.required {
        match parameters.get(*name) {
            Some(value) => one(at, name, *kind, value),
            None => at.add(Rule::MissingParameter, format!("`{name}` is missing")),
        }
    }
    for (name, kind) in kind.optional.iter().chain(kind.one_of) {
        if let Some(value) = parameters.get(*name) {
            one(at, name, *kind, value);
        }
    }
    let given = kind.one_of.iter().filter(|(name, _)| parameters.contains_key(*name)).count();
    let is_given_otherwise = kind.or.is_some_and(|name| parameters.contains_key(name));
    if !kind.one_of.is_empty() && given != 1 && !(given == 0 && is_given_otherwise) {
        let names: Vec<&str> = kind.one_of.iter().map(|(name, _)| *name).chain(kind.or).collect();
        at.add(Rule::OneOf, format!("exactly one of {} is needed, not {given}", names.join(", ")));
    }
    if kind.complete {
        let known = |name: &str| {
            let mut all = kind.required.iter().chain(kind.optional).chain(kind.one_of);
            all.any(|(known, _)| *known == name)
        };
        for name in parameters.keys().filter(|name| !known(name)) {
            at.add(Rule::UnknownParameter, format!("`{name}` is no parameter of {}", kind.name));
        }
    }
    special(at, kind.name, parameters);
}

/// Strings only, none empty, at any depth; and references that are some.
fn scalars(at: &mut At<'_>, path: &str, value: &Value) {
    match value {
        Value::String(text) if text.is_empty() => {
            at.add(
                Rule::EmptyString,
                format!("`{path}` is empty; the service takes \" \" but not \"\""),
            );
        }
        Value::String(text) => {
            if let Text::Broken(reference, problem) = reference::read(text) {
                at.add(Rule::BadReference, format!("`{path}`: `{reference}`: {problem}"));
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                scalars(at, &format!("{path}.{name}"), value);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                scalars(at, &format!("{path}[{index}]"), value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            at.add(Rule::NotAString, format!("`{path}` is {value}; every value is a string"));
        }
    }
}

fn one(at: &mut At<'_>, name: &str, kind: Kind, value: &Value) {
    if kind == Kind::Object {
        if !value.is_object() && !value.is_array() {
            at.add(Rule::Value, format!("`{name}` must be an object or a list"));
        }
        return;
    }
    // Other scalars have been told already.
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else {
        if value.is_object() || value.is_array() {
            at.add(Rule::Value, format!("`{name}` must be a string"));
        }
        return;
    };
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    match (kind, reference::read(text)) {
        (_, Text::Broken(..)) | (Kind::Text, _) => {}
        (Kind::Static | Kind::Number, Text::Reference | Text::Mixed) => {
            at.add(Rule::Dynamic, format!("`{name}` takes a constant only, not `{text}`"));
        }
        (Kind::Path, Text::Words | Text::Mixed) => {
            at.add(Rule::Dynamic, format!("`{name}` takes one reference only, not `{text}`"));
        }
        (Kind::One | Kind::NumberOrOne, Text::Mixed) => {
            at.add(
                Rule::Dynamic,
                format!("`{name}` takes one reference without words around it, not `{text}`"),
            );
        }
        (Kind::Number | Kind::NumberOrOne, Text::Words) if !is_number => {
            at.add(Rule::Value, format!("`{name}` must be a number in digits, not `{text}`"));
        }
        _ => {}
    }
}

/// What `CheckMetricData` can compare.
const METRICS: [&str; 5] = [
    "NumberOfAgentsAvailable",
    "NumberOfAgentsStaffed",
    "NumberOfAgentsOnline",
    "OldestContactInQueueAgeSeconds",
    "NumberOfContactsInQueue",
];

/// What the table cannot say.
fn special(at: &mut At<'_>, kind: &str, parameters: &Map<String, Value>) {
    let text = |name: &str| parameters.get(name).and_then(Value::as_str);
    match kind {
        "InvokeLambdaFunction" => {
            let synchronous = text("InvocationType") != Some("ASYNCHRONOUS");
            range(
                at,
                parameters,
                "InvocationTimeLimitSeconds",
                1,
                if synchronous { 8 } else { 60 },
            );
            word(at, parameters, "InvocationType", &["SYNCHRONOUS", "ASYNCHRONOUS"]);
            if let Some(validation) =
                parameters.get("ResponseValidation").and_then(Value::as_object)
            {
                word(at, validation, "ResponseType", &["STRING_MAP", "JSON"]);
            }
        }
        "GetParticipantInput" => input(at, parameters),
        "ConnectParticipantWithLexBot" => {
            let bots = ["LexV2Bot", "LexBot"]
                .into_iter()
                .filter(|bot| parameters.contains_key(*bot))
                .count();
            if bots != 1 {
                at.add(
                    Rule::OneOf,
                    format!("exactly one of LexV2Bot, LexBot is needed, not {bots}"),
                );
            }
            if parameters.get("LexV2Bot").is_some_and(|bot| !bot["AliasArn"].is_string()) {
                at.add(Rule::MissingParameter, "`LexV2Bot.AliasArn` is missing");
            }
        }
        "TransferParticipantToThirdParty" => {
            range(at, parameters, "ThirdPartyConnectionTimeLimitSeconds", 0, 600);
            word(at, parameters, "ContinueFlowExecution", &["True", "False"]);
            if let Some(digits) = text("ThirdPartyDTMFDigits") {
                third_party_digits(at, digits);
            }
        }
        "CheckMetricData" => {
            word(at, parameters, "MetricType", &METRICS);
            // With neither it is the queue that was set before.
            if parameters.contains_key("QueueId") && parameters.contains_key("AgentId") {
                at.add(Rule::OneOf, "at most one of QueueId, AgentId is taken, not both");
            }
        }
        "Wait" => range(at, parameters, "TimeLimitSeconds", 1, 604_800),
        "Loop" => range(at, parameters, "LoopCount", 0, 100),
        "CreateCallbackContact" => {
            range(at, parameters, "InitialCallDelaySeconds", 0, 259_200);
            range(at, parameters, "RetryDelaySeconds", 0, 259_200);
            range(at, parameters, "MaximumConnectionAttempts", 1, 10);
        }
        "UpdateContactEventHooks" => {
            let hooks = parameters.get("EventHooks").and_then(Value::as_object).map_or(0, Map::len);
            if hooks != 1 {
                at.add(
                    Rule::OneOf,
                    format!("`EventHooks` must have exactly one hook, not {hooks}"),
                );
            }
        }
        "UpdateContactData" if parameters.keys().all(|name| name == "TargetContact") => {
            at.add(Rule::MissingParameter, "at least one thing to update is needed");
        }
        "UpdateContactTextToSpeechVoice" => {
            // The console writes `Neural`, the API's documentation `neural`; both are taken.
            let engine = parameters.get("TextToSpeechEngine").and_then(Value::as_str);
            if engine.is_none_or(|engine| voices::engine(engine).is_none()) {
                word(at, parameters, "TextToSpeechEngine", &voices::ENGINES);
            }
            word(at, parameters, "TextToSpeechStyle", &["None", "Conversational", "Newscaster"]);
        }
        "UpdateFlowLoggingBehavior" => {
            word(at, parameters, "FlowLoggingBehavior", &["Enabled", "Disabled"]);
        }
        "UpdateContactAttributes" => {
            word(at, parameters, "TargetContact", &["Current", "Related"]);
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            for name in parameters
                .get("Attributes")
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(|all| all.keys())
            {
                if name.is_empty() || !name.chars().all(fits) {
                    at.add(
                        Rule::Value,
                        format!("attribute `{name}`: letters, digits, `-`, `_` and `.` only"),
                    );
                }
            }
        }
        _ => {}
    }
}

fn input(at: &mut At<'_>, parameters: &Map<String, Value>) {
    range(at, parameters, "InputTimeLimitSeconds", 1, 180);
    word(at, parameters, "StoreInput", &["True", "False"]);
    if let Some(dtmf) = parameters.get("DTMFConfiguration").and_then(Value::as_object) {
        if let Some(pause) = dtmf.get("InterdigitTimeLimitSeconds") {
            one(at, "InterdigitTimeLimitSeconds", Kind::Number, pause);
        }
        range(at, dtmf, "InterdigitTimeLimitSeconds", 1, 20);
        word(at, dtmf, "DisableCancelKey", &["True", "False"]);
        let end = dtmf.get("InputTerminationSequence").and_then(Value::as_str).unwrap_or("#");
        let keys = end.chars().all(|c| c.is_ascii_digit() || c == '*' || c == '#');
        if end.len() > 5 || !keys {
            at.add(
                Rule::Value,
                format!("`InputTerminationSequence` is at most five keys, not `{end}`"),
            );
        }
        if end.contains('*') && dtmf.get("DisableCancelKey") != Some(&"True".into()) {
            at.add(Rule::Value, "`*` ends the input only if `DisableCancelKey` is \"True\"");
        }
    }
    if let Some(validation) = parameters.get("InputValidation").and_then(Value::as_object) {
        let given = ["PhoneNumberValidation", "CustomValidation"]
            .into_iter()
            .filter(|name| validation.contains_key(*name))
            .count();
        if given != 1 {
            let message =
                "`InputValidation` needs exactly one of PhoneNumberValidation, CustomValidation";
            at.add(Rule::OneOf, message);
        }
        if let Some(length) = validation.get("CustomValidation") {
            one(at, "MaximumLength", Kind::NumberOrOne, &length["MaximumLength"]);
        }
        if let Some(phone) = validation.get("PhoneNumberValidation").and_then(Value::as_object) {
            word(at, phone, "NumberFormat", &["Local", "E164"]);
        }
    }
    let custom = parameters
        .get("InputValidation")
        .is_some_and(|validation| validation["CustomValidation"].is_object());
    if parameters.contains_key("InputEncryption") && !custom {
        at.add(
            Rule::MissingParameter,
            "`InputEncryption` needs `InputValidation.CustomValidation`",
        );
    }
}

/// Keys that are pressed once the other side has answered; a comma is a pause.
fn third_party_digits(at: &mut At<'_>, digits: &str) {
    // A reference is known only when the call is made.
    if reference::read(digits) != Text::Words {
        return;
    }
    let known = |c: char| c.is_ascii_digit() || matches!(c, ',' | '*' | '#');
    if digits.chars().count() > 50 || !digits.chars().all(known) {
        at.add(
            Rule::Value,
            format!("`ThirdPartyDTMFDigits` is at most 50 of `0-9,*#`, not `{digits}`"),
        );
    }
}

/// A constant number in its range.
fn range(at: &mut At<'_>, parameters: &Map<String, Value>, name: &str, least: u64, most: u64) {
    let Some(number) = parameters.get(name).and_then(Value::as_str) else { return };
    // What is no number has been told already.
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return;
    }
    // More digits than any number has are out of every range.
    if !number.parse::<u64>().is_ok_and(|number| (least..=most).contains(&number)) {
        at.add(Rule::Value, format!("`{name}` must be between {least} and {most}, not {number}"));
    }
}

/// One of some words.
fn word(at: &mut At<'_>, parameters: &Map<String, Value>, name: &str, words: &[&str]) {
    if let Some(given) = parameters.get(name).and_then(Value::as_str)
        && !words.contains(&given)
    {
        at.add(Rule::Value, format!("`{name}` must be one of {}, not `{given}`", words.join(", ")));
    }
}
