//! `await`: waits for what somebody outside tells the call.
//!
//! The wait is made of looks. On each the channel is told to come back, by the directives that it
//! knows anyway: to wait, or to ask if the caller may break off. Whatever brings it back, the node
//! looks whether something has arrived first, then whether the caller breaks off, then whether its
//! time is over. So nobody has to reach a caller on the phone from outside, and a chat whose client
//! does not come back by itself learns the news with its next message.

use std::time::Duration;

use dialgraph_base::{Digits, Timestamp};
use dialgraph_flow::model::{Await, Flow, Stop};
use dialgraph_understanding::{Offers, Outcome, choose};
use serde_json::json;

use super::ask::understand::is_keys;
use crate::call::Waits;
use crate::directive::Then;
use crate::event::Event;
use crate::plugin::Accept;
use crate::turn::{Fault, Move, Turn};
use crate::values;

/// Between two looks in a chat whose customer may break off: each look repeats the words.
const READS: Duration = Duration::from_secs(120);

const ARRIVED: &str = "arrived";
const TIMEOUT: &str = "timeout";
const STOPPED: &str = "stopped";

pub(super) fn enter(turn: &mut Turn, node: &Await) -> Result<Move, Fault> {
    let hook = &node.hook;
    if hook.sensitive {
        turn.hide_visit();
    }
    let Some(open) = turn.call().hooks.get(&hook.name).copied() else {
        return failed(
            turn,
            node,
            "no-address",
            format!("the call has no address of hook `{}` that takes something", hook.name),
        );
    };
    if let Some(moved) = arrived(turn, node)? {
        return Ok(moved);
    }
    let until = turn.now.after(node.within).min(open.until);
    if turn.now >= until {
        return timed_out(turn, node);
    }
    if let Some(prompt) = &node.prompt {
        super::say(turn, prompt)?;
    }
    wait(turn, node, until)
}

/// The channel came back, or the caller did something.
pub(crate) fn look(
    turn: &mut Turn,
    flow: &Flow,
    node: &Await,
    until: Timestamp,
    event: &Event,
) -> Result<Move, Fault> {
    if let Some(moved) = arrived(turn, node)? {
        return Ok(moved);
    }
    if let Event::DirectiveFailed(reason) = event {
        return failed(turn, node, "directive-failed", reason.clone());
    }
    if let Some(why) = node.stop.as_ref().and_then(|stop| stopped(turn, flow, stop, event)) {
        let why = (!node.hook.sensitive).then_some(why);
        return super::leave(&node.ports, STOPPED, why, turn);
    }
    if turn.now >= until {
        return timed_out(turn, node);
    }
    // Nobody wants to read the same words every few seconds; whoever writes gets an answer, and
    // what can be answered needs words.
    let wrote = matches!(event, Event::Said { .. } | Event::Pressed(_));
    if turn.call().channel().speaks() || wrote || node.stop.is_some() {
        match &node.meanwhile {
            Some(prompt) => super::say(turn, prompt)?,
            None => {
                let comfort = turn.comfort();
                turn.say(comfort.into_iter().collect())?;
            }
        }
    }
    wait(turn, node, until)
}

fn arrived(turn: &mut Turn, node: &Await) -> Result<Option<Move>, Fault> {
    let taken = turn.take_arrival(&node.hook.name, node.hook.sensitive)?;
    let Some(arrival) = taken else { return Ok(None) };
    let output = json!({ "value": arrival.value });
    super::assign(turn, &node.save, Some(&output))?;
    super::leave(&node.ports, ARRIVED, None, turn).map(Some)
}

fn timed_out(turn: &mut Turn, node: &Await) -> Result<Move, Fault> {
    // Whoever comes too late is told so, and does not believe that the call knows.
    turn.close_hook(&node.hook.name);
    super::leave(&node.ports, TIMEOUT, None, turn)
}

fn failed(turn: &mut Turn, node: &Await, code: &str, message: String) -> Result<Move, Fault> {
    match node.ports.get("error") {
        Some(to) => Ok(super::error(turn, *to, code, message)),
        None => Err(Fault::new("unwired-port", "port `error` leads nowhere")),
    }
}

/// Why the caller breaks off, if that is what they do.
fn stopped(turn: &Turn, flow: &Flow, stop: &Stop, event: &Event) -> Option<String> {
    let is_key = |keys: &str| stop.key.is_some_and(|key| keys.chars().eq([key]));
    match event {
        Event::Pressed(keys) if is_key(keys) => Some(format!("key {keys}")),
        Event::Said { text, .. } => {
            let typed = text.trim();
            if is_keys(typed) {
                return is_key(typed).then(|| format!("key {typed}"));
            }
            let locale = &turn.call().locale;
            let phrases = stop.phrases.get(locale);
            let phrases =
                phrases.or_else(|| flow.locales.first().and_then(|first| stop.phrases.get(first)));
            let mut offers = Offers::new().phrases(STOPPED, phrases.into_iter().flatten());
            if let Some(key) = stop.key {
                offers = offers.key(key, STOPPED);
            }
            let chosen = choose(text, &offers);
            matches!(chosen.outcome, Outcome::One(_)).then(|| chosen.why.to_string())
        }
        _ => None,
    }
}

/// Has the channel come back after a while.
fn wait(turn: &mut Turn, node: &Await, until: Timestamp) -> Result<Move, Fault> {
    let reads = !turn.call().channel().speaks();
    let every = if reads && node.stop.is_some() { node.every.max(READS) } else { node.every };
    let left = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
    let left = left.min(until.0.saturating_sub(turn.now.0)).max(1);
    let ms = u32::try_from(left).unwrap_or(u32::MAX);
    let then = match &node.stop {
        None => Then::Wait { ms },
        Some(stop) => {
            let accept = accept(turn, stop, ms);
            turn.make_room(values::size(&accept), "what can be answered")?;
            Then::Ask(accept)
        }
    };
    if let Some(frame) = turn.frame_mut() {
        frame.waits = Waits::Outside { until };
    }
    Ok(Move::Wait(then))
}

fn accept(turn: &Turn, stop: &Stop, ms: u32) -> Accept {
    let call = turn.call();
    let longest = call.channel().longest_silence();
    let longest = longest.map_or(u32::MAX, |time| u32::try_from(time.as_millis()).unwrap_or(ms));
    Accept {
        speech: !stop.phrases.is_empty(),
        digits: stop.key.map(|_| Digits { min: 1, max: 1, terminator: None }),
        timeout_ms: ms.min(longest),
        sensitive: false,
        hints: stop.phrases.get(&call.locale).cloned().unwrap_or_default(),
        choices: Vec::new(),
    }
}
