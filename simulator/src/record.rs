//! Turns a call that was held by hand into a script.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use dialgraph_kernel::call::Channel;
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::journal::TurnRecord;

use crate::session::{Action, Session};
use crate::transcript::time;

/// An action and how many turns there were before it.
pub type Performed = (Action, usize);

/// The script of a session: what was done, and as expectations what was heard and how it ended.
///
/// What was made to fail by hand is not in it; a comment names it, so that it can be written as a mock.
pub fn script(session: &Session, actions: &[Performed], sentence: &str, zone: &TimeZone) -> String {
    let setup = session.setup();
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    line(format!("call: {}", quoted(sentence)));
    if let Some(flow) = &setup.flow {
        line(format!("flow: {}", quoted(flow)));
    }
    line(format!("at: {}", time(setup.at, zone)));
    if let Some(from) = &setup.from {
        line(format!("from: {}", quoted(from)));
    }
    if let Some(locale) = &setup.locale {
        line(format!("locale: {locale}"));
    }
    if setup.channel == Channel::Chat {
        line("channel: chat".to_owned());
    }
    line(format!("seed: {}", setup.seed));
    for (mock, _) in session.world().used() {
        line(format!("# `{}` was made to fail by hand: mock it if the script needs that", mock.on));
    }
    line("steps:".to_owned());
    let turns = session.turns();
    let first = actions.first().map_or(turns.len(), |(_, before)| *before);
    expectations(&mut out, &turns[..first.min(turns.len())]);
    for (index, (action, before)) in actions.iter().enumerate() {
        let after = actions.get(index + 1).map_or(turns.len(), |(_, before)| *before);
        let _ = match action {
            Action::Says { text, confidence: None } => writeln!(out, "  - says: {}", quoted(text)),
            Action::Says { text, confidence: Some(confidence) } => {
                writeln!(out, "  - says: {{text: {}, confidence: {confidence}}}", quoted(text))
            }
            Action::Presses(keys) => writeln!(out, "  - presses: {}", quoted(keys)),
            Action::Silent => writeln!(out, "  - silent: true"),
            Action::HangsUp => writeln!(out, "  - hangs_up: true"),
            Action::Waits { ms } => writeln!(out, "  - waits: {ms}ms"),
            Action::Clock { ms } => writeln!(out, "  - clock: {ms}ms"),
            Action::DirectiveFails(reason) => {
                writeln!(out, "  - directive_fails: {}", quoted(reason))
            }
        };
        expectations(&mut out, turns.get(*before..after).unwrap_or_default());
    }
    if let Some(disposition) = session.call().and_then(|call| call.status.disposition()) {
        let _ = writeln!(out, "  - ends: {}", quoted(disposition));
    }
    out
}

fn expectations(out: &mut String, turns: &[TurnRecord]) {
    for turn in turns {
        for speech in &turn.directives.say {
            let _ = writeln!(out, "  - hears: {}", quoted(&speech.text));
        }
        let _ = match &turn.directives.then {
            Then::Queue(queue) => writeln!(out, "  - queue: {}", quoted(&queue.name)),
            Then::Callback { queue, number } => writeln!(
                out,
                "  - callback: {{queue: {}, number: {}}}",
                quoted(&queue.name),
                quoted(number)
            ),
            Then::Transfer { number } => writeln!(out, "  - transfer: {}", quoted(number)),
            Then::Ask(_) | Then::Wait { .. } | Then::HangUp => Ok(()),
        };
    }
}

/// A text as a double-quoted scalar: every JSON string is one.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
