//! `ask`: speaks, waits for the caller, and leaves by a port.

mod between;
mod choices;
pub mod understand;

use serde_json::{Value, json};

use dialgraph_flow::expr::Wording;
use dialgraph_flow::model::{Ask, Expects, Flow, NoMatch};
use dialgraph_flow::zone;

use crate::call::{Offered, Waits};
use crate::directive::Then;
use crate::event::Event;
use crate::plugin::{Accept, Speech};
use crate::turn::{Fault, Move, Turn};
use crate::values;

use understand::{Answer, Place, Question};

/// How often a caller is given more time without that counting as a try.
const HOLDS: u32 = 3;
/// How often a caller hears the question again without that counting as a try.
const REPEATS: u32 = 3;
/// Time that a caller is given who asks for it, unless the question gives more anyway.
const HOLD_MS: u32 = 30_000;

/// What has happened at a question so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Vain {
    pub(crate) no_input: u32,
    pub(crate) no_match: u32,
    pub(crate) holds: u32,
    pub(crate) repeats: u32,
}

pub(super) fn enter(turn: &mut Turn, ask: &Ask) -> Result<Move, Fault> {
    super::say(turn, &ask.prompt)?;
    let flow = turn.here_flow()?;
    wait(turn, &flow, ask, Vain::default(), None, 0)
}

/// The caller answered, or did not. `offered`: what they were asked to decide between.
pub(super) fn answer(
    turn: &mut Turn,
    flow: &Flow,
    ask: &Ask,
    so_far: Vain,
    offered: Option<&Offered>,
    event: &Event,
) -> Result<Move, Fault> {
    if matches!(event, Event::Silent | Event::Resumed) {
        let vain = Vain { no_input: so_far.no_input + 1, ..so_far };
        return again(turn, flow, ask, vain, None, "no input");
    }
    let missed = Vain { no_match: so_far.no_match + 1, ..so_far };
    // What was said is private where the question is.
    let shown = |why: String, otherwise: &str| {
        if ask.sensitive || why.is_empty() { otherwise.to_owned() } else { why }
    };
    match between::understand_between(&question(turn, flow, ask), offered, event) {
        Answer::Meant { port, why, mut output } => {
            output["tries"] = (so_far.no_input + so_far.no_match + 1).into();
            save(turn, ask, &output)?;
            super::leave(&ask.ports, &port, (!ask.sensitive).then_some(why), turn)
        }
        Answer::Hold { .. } if so_far.holds < HOLDS => {
            note(turn, "asks for time");
            held(turn, ask)?;
            let vain = Vain { holds: so_far.holds + 1, ..so_far };
            wait(turn, flow, ask, vain, offered.cloned(), HOLD_MS)
        }
        Answer::Hold { .. } => {
            again(turn, flow, ask, missed, Some(NoMatch::Hold), "asks for time once more")
        }
        // Whoever did not hear the question has answered nothing yet.
        Answer::Repeat { .. } if so_far.repeats < REPEATS => {
            note(turn, "asks to hear it again");
            let vain = Vain { repeats: so_far.repeats + 1, ..so_far };
            if let Some(offered) = offered
                && let Some(question) = which(turn, ask, &words(turn, flow, ask, offered))?
            {
                turn.say(vec![question])?;
                return wait(turn, flow, ask, vain, Some(offered.clone()), 0);
            }
            super::say(turn, &ask.prompt)?;
            wait(turn, flow, ask, vain, None, 0)
        }
        Answer::Repeat { .. } => {
            let why = "asks to hear it once more";
            again(turn, flow, ask, missed, Some(NoMatch::NotUnderstood), why)
        }
        Answer::Both { ports, why } => {
            let offered = Offered::Ports(ports);
            let meant = words(turn, flow, ask, &offered);
            either(turn, flow, ask, missed, offered, &meant, &shown(why, "two answers at once"))
        }
        // The question would say what nobody else is to hear.
        Answer::Either { .. } if ask.sensitive => {
            again(turn, flow, ask, missed, Some(NoMatch::Several), "two answers at once")
        }
        Answer::Either { values, why } => {
            let offered = Offered::Values(values);
            let meant = words(turn, flow, ask, &offered);
            either(turn, flow, ask, missed, offered, &meant, &why)
        }
        Answer::Nothing { why, reason } => {
            let why = shown(why, "no match");
            again(turn, flow, ask, missed, Some(reason), &why)
        }
    }
}

/// Asks which of two was meant, which counts as a try.
fn either(
    turn: &mut Turn,
    flow: &Flow,
    ask: &Ask,
    missed: Vain,
    offered: Offered,
    meant: &[String; 2],
    why: &str,
) -> Result<Move, Fault> {
    let is_last = ask.tries.are_used_up(false, missed.no_input, missed.no_match);
    let question = if is_last { None } else { which(turn, ask, meant)? };
    let Some(question) = question else {
        return again(turn, flow, ask, missed, Some(NoMatch::Several), why);
    };
    note(turn, why);
    turn.say(vec![question])?;
    wait(turn, flow, ask, missed, Some(offered), 0)
}

/// `save` on port `no_match`: what reads `output.reason`, and nothing else.
fn save_reason(turn: &mut Turn, ask: &Ask, vain: Vain, reason: NoMatch) -> Result<(), Fault> {
    let output = json!({
        "digits": null,
        "text": null,
        "confidence": null,
        "value": null,
        "tries": vain.no_input + vain.no_match,
        "reason": reason.word(),
    });
    for (name, expr) in ask.save.iter().filter(|(_, expr)| expr.reads("output", "reason")) {
        super::assign_one(turn, name, expr, Some(&output))?;
    }
    Ok(())
}

/// `save` of a question: what needs `output.value` belongs to the ports that give one. Whoever
/// chose something else answered nothing, and what was answered before stays. An expression that
/// says itself what holds without a value is always saved.
fn save(turn: &mut Turn, ask: &Ask, output: &Value) -> Result<(), Fault> {
    let no_value = ask.expects.is_some() && output["value"].is_null();
    for (name, expr) in &ask.save {
        let skipped = no_value && expr.needs("output", "value");
        if !skipped && !expr.reads("output", "reason") {
            super::assign_one(turn, name, expr, Some(output))?;
        }
    }
    Ok(())
}

/// The question as it stands in this call.
fn question<'q>(turn: &'q Turn, flow: &'q Flow, ask: &'q Ask) -> Question<'q> {
    let locale: &str = &turn.call().locale;
    let today = match (ask.expects, turn.release.zone.as_deref()) {
        (Some(Expects::Date), Some(zone)) => zone::day(zone, turn.now.0),
        _ => None,
    };
    Question {
        ask,
        locales: [locale, flow.locales.first().map_or(locale, |locale| &**locale)],
        place: Place::of(turn.release.country, today),
    }
}

/// Asks again, or leaves by the port for those who do not answer. No `reason`: the caller said
/// nothing.
fn again(
    turn: &mut Turn,
    flow: &Flow,
    ask: &Ask,
    vain: Vain,
    reason: Option<NoMatch>,
    why: &str,
) -> Result<Move, Fault> {
    let silent = reason.is_none();
    if ask.tries.are_used_up(silent, vain.no_input, vain.no_match) {
        let port = if silent { "no_input" } else { "no_match" };
        let tries = vain.no_input + vain.no_match;
        if let Some(reason) = reason {
            save_reason(turn, ask, vain, reason)?;
        }
        return super::leave(&ask.ports, port, Some(format!("{tries} vain tries")), turn);
    }
    note(turn, why);
    let (prompts, count) =
        if silent { (&ask.no_input, vain.no_input) } else { (&ask.no_match, vain.no_match) };
    let escalated = prompts.get(count as usize - 1).or(prompts.last()).unwrap_or(&ask.prompt);
    let output = json!({
        "tries": vain.no_input + vain.no_match,
        "reason": reason.map(NoMatch::word),
    });
    let speech = super::render_with(turn, escalated, &output)?;
    turn.say(vec![speech])?;
    wait(turn, flow, ask, vain, None, 0)
}

fn note(turn: &mut Turn, why: &str) {
    if let Some(step) = turn.step_mut() {
        step.why = Some(why.to_owned());
    }
}

/// A word for the caller who asks for time.
fn held(turn: &mut Turn, ask: &Ask) -> Result<(), Fault> {
    if let Some(prompt) = &ask.hold {
        return super::say(turn, prompt);
    }
    let words = match language(turn) {
        "ko" => "네, 기다리겠습니다.",
        "en" => "Sure, take your time.",
        _ => return Ok(()),
    };
    turn.say(vec![Speech::new(words.to_owned(), false)])
}

/// The question which of two was meant; none where there are no words for it.
fn which(turn: &Turn, ask: &Ask, [first, second]: &[String; 2]) -> Result<Option<Speech>, Fault> {
    if let Some(prompt) = &ask.which {
        let output = json!({ "first": first, "second": second });
        return super::render_with(turn, prompt, &output).map(Some);
    }
    let text = match language(turn) {
        "ko" => format!("“{first}”, “{second}” 중에 어느 쪽인지 말씀해 주세요."),
        "en" => format!("Do you mean “{first}” or “{second}”?"),
        _ => return Ok(None),
    };
    Ok(Some(Speech::new(text, false)))
}

/// What the caller is asked to decide between, in words.
fn words(turn: &Turn, flow: &Flow, ask: &Ask, offered: &Offered) -> [String; 2] {
    match offered {
        Offered::Ports(ports) => ports
            .each_ref()
            .map(|port| called(turn, flow, ask, port).unwrap_or_else(|| port.to_string())),
        Offered::Values(values) => values.each_ref().map(|value| worded(turn, ask, value)),
    }
}

/// A value that was understood, as the caller would say it.
fn worded(turn: &Turn, ask: &Ask, value: &Value) -> String {
    let zone = turn.release.zone.as_deref();
    let wording = Wording {
        locale: &turn.call().locale,
        country: turn.release.country,
        today: zone.and_then(|zone| zone::day(zone, turn.now.0)),
    };
    ask.expects.map_or_else(String::new, |expects| wording.say(expects, value))
}

/// What a caller calls a choice: by its label where labels are shown, the first of its phrases, or
/// its key. None: yes or no in a language in which the engine has no words for them.
fn called(turn: &Turn, flow: &Flow, ask: &Ask, port: &str) -> Option<String> {
    let shown = ask.choices.iter().filter(|_| turn.call().channel().shows());
    let labels = shown.filter(|(of, _)| **of == *port).map(|(_, labels)| labels).next();
    let label = labels.and_then(|labels| {
        labels.get(&turn.call().locale).or_else(|| labels.get(flow.locales.first()?))
    });
    if let Some(label) = label {
        return Some(label.clone());
    }
    if ask.expects == Some(Expects::YesNo)
        && let Some(word) = yes_or_no(port, language(turn))
    {
        return Some(word.to_owned());
    }
    let phrases = ask.phrases.iter().find(|(of, _)| **of == *port).map(|(_, phrases)| phrases);
    let phrases = phrases.and_then(|phrases| {
        phrases.get(&turn.call().locale).or_else(|| phrases.get(flow.locales.first()?))
    });
    if let Some(phrase) = phrases.and_then(|phrases| phrases.first()) {
        return Some(phrase.clone());
    }
    let (key, _) = ask.menu.iter().find(|(_, of)| **of == *port)?;
    Some(if language(turn) == "ko" { format!("{key}번") } else { key.to_string() })
}

/// What callers say to a question that expects yes or no.
fn yes_or_no(port: &str, language: &str) -> Option<&'static str> {
    match (port, language) {
        ("yes", "ko") => Some("예"),
        ("no", "ko") => Some("아니요"),
        ("yes", "en") => Some("Yes"),
        ("no", "en") => Some("No"),
        _ => None,
    }
}

fn language(turn: &Turn) -> &str {
    turn.call().locale.split(['-', '_']).next().unwrap_or_default()
}

fn wait(
    turn: &mut Turn,
    flow: &Flow,
    ask: &Ask,
    vain: Vain,
    offered: Option<Offered>,
    at_least_ms: u32,
) -> Result<Move, Fault> {
    let mut accept = accept(turn, ask);
    accept.choices = choices::choices(turn, flow, ask, offered.as_ref());
    accept.timeout_ms = accept.timeout_ms.max(at_least_ms);
    if let Some(longest) = turn.call().channel().longest_silence() {
        let longest = u32::try_from(longest.as_millis()).unwrap_or(u32::MAX);
        accept.timeout_ms = accept.timeout_ms.min(longest);
    }
    turn.make_room(values::size(&accept), "what can be answered")?;
    if let Some(frame) = turn.frame_mut() {
        let Vain { no_input, no_match, holds, repeats } = vain;
        frame.waits = Waits::Answer { no_input, no_match, holds, repeats, offered };
    }
    Ok(Move::Wait(Then::Ask(accept)))
}

fn accept(turn: &Turn, ask: &Ask) -> Accept {
    let locale = &turn.call().locale;
    let hints = ask.phrases.iter().filter_map(|(_, phrases)| phrases.get(locale)).flatten();
    Accept {
        speech: ask.speech || !ask.phrases.is_empty() || ask.expects.is_some(),
        digits: understand::keys(ask),
        timeout_ms: u32::try_from(ask.timeout.as_millis()).unwrap_or(u32::MAX),
        sensitive: ask.sensitive,
        hints: hints.cloned().collect(),
        choices: Vec::new(),
    }
}
