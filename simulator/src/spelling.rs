//! What can be wrong within a script that has the right form: times, keys, patterns, functions and
//! their answers. Nothing here needs the project; see `names` for what does.

use regex::Regex;

use dialgraph_flow::syntax::yaml::Node;

use crate::form::{Field, Form, Misfit, instead};
use crate::functions::{self, Function, PRIORITIES, TICKET};
use crate::script::{
    FieldMatch, MeanwhileSpec, MockSpec, SaysSpec, Script, Step, TextBy, TextMatch, no_regex,
    parse_duration, parse_number, parse_time,
};
use crate::vacuous::proves_nothing;

/// Everything that is misspelt in `script`.
pub(crate) fn misfits(script: &Script) -> Vec<Misfit> {
    let mut out = Vec::new();
    let Some(root) = script.source.root() else { return out };
    let mut told = |key: &str, problem: Option<String>| {
        if let (Some(message), Some(node)) = (problem, root.get(key)) {
            out.push(Misfit { span: node.span, message });
        }
    };
    told("at", parse_time(&script.at).err());
    if script.channel.speaks() {
        let wrong = |number: &Option<String>| number.as_deref().and_then(|n| parse_number(n).err());
        told("from", wrong(&script.from));
        told("to", wrong(&script.to));
    }
    for (index, mock) in script.mocks.iter().enumerate() {
        if let Some(node) = script.source.item("mocks", index) {
            self::mock(mock, node, &mut out);
        }
    }
    for (index, step) in script.steps.iter().enumerate() {
        let node = script.source.item("steps", index).and_then(Node::map);
        if let Some([entry]) = node {
            self::step(step, &entry.value, &mut out);
        }
    }
    // What else is wrong is told first: that there is nothing to do may come of it.
    if script.steps.is_empty() && out.is_empty() {
        let span = root.get("steps").unwrap_or(root).span;
        let message = "a script without a step shows nothing: write what the caller does, and what must come of it";
        out.push(Misfit { span, message: message.to_owned() });
    }
    out
}

fn mock(mock: &MockSpec, node: &Node, out: &mut Vec<Misfit>) {
    let before = out.len();
    let on = node.get("on").unwrap_or(node);
    let functions = match functions::meant(&mock.on) {
        Ok(functions) => functions,
        Err(message) => return out.push(Misfit { span: on.span, message }),
    };
    if let (Some(_), Some(when)) = (&mock.when, node.get("when")) {
        request(&functions, when, "when", out);
    }
    if let (Some(_), Some(answer)) = (&mock.answer, node.get("answer")) {
        match functions.as_slice() {
            [function] => {
                function.answer.read(answer, "answer", out);
            }
            several => {
                let names: Vec<&str> = several.iter().map(|function| function.name).collect();
                let message = format!(
                    "an `answer` is that of one function: write `on: {}`",
                    names.join("` or `on: ")
                );
                out.push(Misfit { span: on.span, message });
            }
        }
    }
    // What else is wrong with it is told of the whole, when its parts are right.
    if out.len() == before
        && let Err(message) = mock.build()
    {
        let at = ["calls", "delay"].iter().find_map(|key| {
            let value = node.get(key)?;
            message.contains(value.text()?).then_some(value)
        });
        out.push(Misfit { span: at.unwrap_or(on).span, message });
    }
}

/// Holds what a script names of a request against what requests of these functions hold.
fn request(functions: &[&Function], given: &Node, what: &str, out: &mut Vec<Misfit>) {
    let Some(entries) = given.map() else {
        Form::Map(&Form::Any).read(given, what, out);
        return;
    };
    let fields = || functions.iter().flat_map(|function| function.request);
    for entry in entries {
        let word = entry.key.text.as_str();
        match fields().find(|field| field.key == word) {
            Some(field) => {
                field.form.read(&entry.value, word, out);
            }
            None => {
                let message = match functions {
                    [function] => format!("a request of `{}` holds no `{word}`", function.name),
                    _ => format!("no request of these holds `{word}`"),
                };
                let message = format!("{message}{}", instead(word, fields().map(|f| f.key)));
                out.push(Misfit { span: entry.key.span, message });
            }
        }
    }
}

fn step(step: &Step, node: &Node, out: &mut Vec<Misfit>) {
    let mut wrong = |message: String| out.push(Misfit { span: node.span, message });
    match step {
        Step::Says(said) | Step::Meanwhile(MeanwhileSpec::Says(said)) => {
            if let SaysSpec::Heard { confidence, .. } = said
                && !(0.0..=1.0).contains(confidence)
            {
                wrong(format!("a confidence is from 0 to 1, not {confidence}"));
            }
        }
        Step::Presses(_) | Step::Meanwhile(_) | Step::Outside(_) => {
            if let Some(Err(message)) = step.action() {
                wrong(message);
            }
        }
        Step::Waits(time) | Step::Clock(time) => match parse_duration(time) {
            Ok(0) => wrong(format!("`{time}` is no time at all: nothing comes of it")),
            Ok(_) => {}
            Err(message) => wrong(message),
        },
        Step::Hears(wanted) | Step::NeverHears(wanted) => {
            if let Some(message) = no_match(wanted) {
                wrong(message);
            }
        }
        Step::Ticket(like) => {
            for (name, wanted) in like {
                let entry = node.entry(name);
                let span = entry.map_or(node.span, |entry| entry.key.span);
                if !TICKET.iter().any(|field: &Field| field.key == name) {
                    let known = instead(name, TICKET.iter().map(|field| field.key));
                    let message = format!("a ticket has no `{name}`{known}");
                    out.push(Misfit { span, message });
                    continue;
                }
                let span = entry.map_or(node.span, |entry| entry.value.span);
                if let Some(message) = no_field_match(wanted) {
                    out.push(Misfit { span, message });
                }
                if let ("priority", FieldMatch::Equal(serde_json::Value::String(word))) =
                    (name.as_str(), wanted)
                    && !PRIORITIES.contains(&word.as_str())
                {
                    let known = instead(word, PRIORITIES.iter().copied());
                    let message = format!("no ticket has the priority `{word}`{known}");
                    out.push(Misfit { span, message });
                }
            }
        }
        Step::Record(record) => {
            for (name, wanted) in &record.like {
                if let Some(message) = no_field_match(wanted) {
                    let at = node.get("like").and_then(|like| like.get(name));
                    out.push(Misfit { span: at.unwrap_or(node).span, message });
                }
            }
        }
        Step::HostCall(wanted) => match functions::meant(&wanted.on) {
            Ok(functions) => {
                if let Some(like) = node.get("like").filter(|like| !like.is_null()) {
                    request(&functions, like, "like", out);
                }
            }
            Err(message) => {
                let span = node.get("on").unwrap_or(node).span;
                out.push(Misfit { span, message });
            }
        },
        Step::Attribute(wanted) => {
            if wanted.is_empty() {
                wrong("no attribute is named: this proves nothing".to_owned());
            }
        }
        Step::Path(places) => {
            if places.is_empty() {
                wrong("no node is named: this proves nothing".to_owned());
            }
        }
        Step::Transfer(number) => {
            if let Err(message) = destination(number) {
                wrong(message);
            }
        }
        Step::Callback(wanted) => {
            if let Some(Err(message)) = wanted.number.as_deref().map(parse_number) {
                let span = node.get("number").unwrap_or(node).span;
                out.push(Misfit { span, message });
            }
        }
        Step::Silent(_)
        | Step::Chooses(_)
        | Step::HangsUp(_)
        | Step::DirectiveFails(_)
        | Step::Rings(_)
        | Step::Contact(_)
        | Step::Queue(_)
        | Step::Ends(_) => {}
    }
}

/// Where a caller can be put through to: a telephone, or a contact flow of Amazon Connect.
fn destination(text: &str) -> Result<(), String> {
    match text.strip_prefix("connect-flow:") {
        Some(name) if !name.is_empty() => Ok(()),
        _ => parse_number(text).map(drop),
    }
}

/// Why a text match proves nothing, or cannot be made.
fn no_match(wanted: &TextMatch) -> Option<String> {
    match wanted {
        TextMatch::Contains(part) => empty(part),
        TextMatch::By(by) => no_match_by(by),
    }
}

fn no_match_by(by: &TextBy) -> Option<String> {
    match by {
        TextBy::Contains(part) => empty(part),
        TextBy::Exact(_) => None,
        TextBy::Regex(pattern) => match Regex::new(pattern) {
            Ok(pattern) => proves_nothing(&pattern),
            Err(error) => Some(no_regex(pattern, &error)),
        },
    }
}

fn empty(part: &str) -> Option<String> {
    part.is_empty().then(|| "an empty text is in every sentence: this proves nothing".to_owned())
}

fn no_field_match(wanted: &FieldMatch) -> Option<String> {
    const WAYS: [&str; 3] = ["contains", "exact", "regex"];
    match wanted {
        FieldMatch::By(by) => no_match_by(by),
        FieldMatch::Equal(serde_json::Value::Object(members)) => {
            let (only, None) = (members.keys().next()?, members.keys().nth(1)) else { return None };
            let near = dialgraph_base::nearest(only, WAYS)?;
            Some(format!("there is no text match `{only}`; did you mean `{near}`?"))
        }
        FieldMatch::Equal(_) => None,
    }
}
