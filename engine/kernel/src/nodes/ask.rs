//! `ask`: speaks, waits for the caller, and leaves by a port.

use serde_json::{Value, json};

use dialgraph_flow::model::{Ask, Digits, Flow, Node, NodeKind, Prompt};

use crate::call::Waits;
use crate::directive::Then;
use crate::event::Event;
use crate::plugin::Accept;
use crate::turn::{Fault, Move, Turn};

pub(super) fn enter(turn: &mut Turn, ask: &Ask) -> Result<Move, Fault> {
    prompt(turn, ask, &ask.prompt, 0, 0)
}

/// The caller answered, or did not.
pub(crate) fn answer(
    turn: &mut Turn,
    flow: &Flow,
    node: &Node,
    no_input: u32,
    no_match: u32,
    event: &Event,
) -> Result<Move, Fault> {
    let NodeKind::Ask(ask) = &node.kind else {
        return Err(Fault::new("unexpected-answer", format!("`{}` asked nothing", node.id)));
    };
    let tries = no_input + no_match + 1;
    if let Some(heard) = understand(turn, flow, ask, event) {
        let shown = (!ask.sensitive).then_some(heard.why);
        let mut output = heard.output;
        output["tries"] = tries.into();
        super::assign(turn, &ask.save, Some(&output))?;
        return super::leave(&ask.ports, &heard.port, shown, turn);
    }
    let silent = matches!(event, Event::Silent | Event::Resumed);
    let (no_input, no_match) =
        if silent { (no_input + 1, no_match) } else { (no_input, no_match + 1) };
    if tries >= ask.tries {
        let port = if silent { "no_input" } else { "no_match" };
        return super::leave(&ask.ports, port, Some(format!("{tries} vain tries")), turn);
    }
    if let Some(step) = turn.step_mut() {
        step.why = Some(if silent { "no input" } else { "no match" }.to_owned());
    }
    let (prompts, count) =
        if silent { (&ask.no_input, no_input) } else { (&ask.no_match, no_match) };
    let escalated = prompts.get(count as usize - 1).or(prompts.last()).unwrap_or(&ask.prompt);
    prompt(turn, ask, escalated, no_input, no_match)
}

fn prompt(
    turn: &mut Turn,
    ask: &Ask,
    words: &Prompt,
    no_input: u32,
    no_match: u32,
) -> Result<Move, Fault> {
    super::say(turn, words)?;
    let accept = accept(turn, ask);
    if let Some(frame) = turn.frame_mut() {
        frame.waits = Waits::Answer { no_input, no_match };
    }
    Ok(Move::Wait(Then::Ask(accept)))
}

fn accept(turn: &Turn, ask: &Ask) -> Accept {
    let locale = &turn.call().locale;
    let hints = ask.phrases.iter().filter_map(|(_, phrases)| phrases.get(locale)).flatten();
    let digits = match (&ask.digits, ask.menu.is_empty()) {
        (None, true) => None,
        (None, false) => Some(Digits { min: 1, max: 1, terminator: None }),
        (Some(digits), true) => Some(digits.clone()),
        // One key is enough for the menu; more make a number.
        (Some(digits), false) => Some(Digits { min: 1, ..digits.clone() }),
    };
    Accept {
        speech: ask.speech || !ask.phrases.is_empty(),
        digits,
        timeout_ms: u32::try_from(ask.timeout.as_millis()).unwrap_or(u32::MAX),
        sensitive: ask.sensitive,
        hints: hints.cloned().collect(),
    }
}

struct Heard {
    port: String,
    why: String,
    output: Value,
}

fn understand(turn: &Turn, flow: &Flow, ask: &Ask, event: &Event) -> Option<Heard> {
    match event {
        Event::Pressed(keys) => pressed(ask, keys),
        Event::Said { text, confidence } => {
            // Keys that were spoken or typed count as keys, so that a chat can answer a menu.
            let compact: String =
                text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
            let as_keys = if is_keys(&compact) { pressed(ask, &compact) } else { None };
            as_keys.or_else(|| said(turn, flow, ask, text, *confidence))
        }
        _ => None,
    }
}

fn is_keys(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '*' || c == '#')
}

fn pressed(ask: &Ask, keys: &str) -> Option<Heard> {
    let output = json!({ "digits": keys, "text": null, "confidence": null });
    let mut typed = keys.chars();
    if let (Some(key), None) = (typed.next(), typed.next())
        && let Some((_, port)) = ask.menu.iter().find(|(menu_key, _)| *menu_key == key)
    {
        return Some(Heard { port: port.to_string(), why: format!("key {key}"), output });
    }
    let digits = ask.digits.as_ref()?;
    let number = match digits.terminator {
        Some(terminator) => keys.strip_suffix(terminator).unwrap_or(keys),
        None => keys,
    };
    let fits = number.chars().all(|c| c.is_ascii_digit())
        && (digits.min as usize..=digits.max as usize).contains(&number.len());
    fits.then(|| Heard {
        port: "digits".to_owned(),
        why: format!("{} digits", number.len()),
        output: json!({ "digits": number, "text": null, "confidence": null }),
    })
}

fn said(turn: &Turn, flow: &Flow, ask: &Ask, text: &str, confidence: Option<f64>) -> Option<Heard> {
    let output = json!({ "digits": null, "text": text, "confidence": confidence });
    let locale = &turn.call().locale;
    let heard = normalise(text);
    let mut best: Option<(&str, &str, usize)> = None;
    for (port, phrases) in &ask.phrases {
        let phrases = phrases.get(locale).or_else(|| phrases.get(flow.locales.first()?));
        for phrase in phrases.into_iter().flatten() {
            let wanted = normalise(phrase);
            // The longest phrase says the most; among equals the first in the file wins.
            if !wanted.is_empty()
                && heard.contains(&wanted)
                && best.is_none_or(|(_, _, length)| wanted.len() > length)
            {
                best = Some((port, phrase, wanted.len()));
            }
        }
    }
    if let Some((port, phrase, _)) = best {
        return Some(Heard { port: port.to_owned(), why: format!("heard “{phrase}”"), output });
    }
    (ask.speech && !heard.is_empty()).then(|| Heard {
        port: "said".to_owned(),
        why: "any words".to_owned(),
        output,
    })
}

/// Letters and digits in lower case; spacing and punctuation differ too much between recognisers.
fn normalise(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
