//! Turns a call that was held by hand into a script.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use dialgraph_kernel::call::Channel;
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostError, HostErrorKind};

use crate::script::duration;
use crate::session::{Action, Session};
use crate::transcript::time;
use crate::world::{Mock, MockReply};

/// An action and how many turns there were before it.
pub type Performed = (Action, usize);

/// A script, and what its owner must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub text: String,
    /// Answers in it that the flows mark as sensitive, and that no transcript shows.
    pub sensitive: usize,
}

/// The script of a session: what was done and what failed, and as expectations what came of it: tickets, where the
/// caller went, how the call ended.
///
/// Words are no expectation: the snapshot holds them, and takes a change of them.
pub fn script(
    session: &Session,
    actions: &[Performed],
    sentence: &str,
    zone: &TimeZone,
) -> Recorded {
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
    let mocks = session.world().in_force();
    if !mocks.is_empty() {
        line("mocks:".to_owned());
    }
    for mock in &mocks {
        line(mocked(mock));
    }
    line("steps:".to_owned());
    let turns = session.turns();
    let first = actions.first().map_or(turns.len(), |(_, before)| *before);
    expectations(&mut out, &turns[..first.min(turns.len())]);
    let mut sensitive = 0;
    for (index, (action, before)) in actions.iter().enumerate() {
        let after = actions.get(index + 1).map_or(turns.len(), |(_, before)| *before);
        let followed = turns.get(*before..after).unwrap_or_default();
        let answers = matches!(action, Action::Says { .. } | Action::Presses(_));
        let note = if answers && followed.iter().any(|turn| turn.sensitive) {
            sensitive += 1;
            "  # sensitive: transcripts do not show this answer"
        } else {
            ""
        };
        let _ = match action {
            Action::Says { text, confidence: None } => {
                writeln!(out, "  - says: {}{note}", quoted(text))
            }
            Action::Says { text, confidence: Some(confidence) } => writeln!(
                out,
                "  - says: {{text: {}, confidence: {confidence}}}{note}",
                quoted(text)
            ),
            Action::Presses(keys) => writeln!(out, "  - presses: {}{note}", quoted(keys)),
            Action::Silent => writeln!(out, "  - silent: true"),
            Action::HangsUp => writeln!(out, "  - hangs_up: true"),
            Action::Waits { ms } => writeln!(out, "  - waits: {}", duration(*ms)),
            Action::Clock { ms } => writeln!(out, "  - clock: {}", duration(*ms)),
            Action::DirectiveFails(reason) => {
                writeln!(out, "  - directive_fails: {}", quoted(reason))
            }
        };
        expectations(&mut out, followed);
    }
    if let Some(disposition) = session.call().and_then(|call| call.status.disposition()) {
        let _ = writeln!(out, "  - ends: {}", quoted(disposition));
    }
    Recorded { text: out, sensitive }
}

/// A mock made by hand, which always fails a provider or a function.
fn mocked(mock: &Mock) -> String {
    let kind = match &mock.reply {
        MockReply::Error(HostError { kind: HostErrorKind::Invalid, .. }) => "invalid",
        MockReply::Error(HostError { kind: HostErrorKind::Denied, .. }) => "denied",
        MockReply::Error(HostError { kind: HostErrorKind::Other, .. }) => "other",
        _ => "unavailable",
    };
    let calls = match mock.calls {
        (1, u64::MAX) => String::new(),
        (first, u64::MAX) => format!(", calls: \"{first}-\""),
        (first, last) if first == last => format!(", calls: {first}"),
        (first, last) => format!(", calls: \"{first}-{last}\""),
    };
    format!("  - {{on: {}, error: {kind}{calls}}}", mock.on)
}

fn expectations(out: &mut String, turns: &[TurnRecord]) {
    for turn in turns {
        for entry in &turn.entries {
            if let (HostCall::TicketsCreate(create), Ok(HostAnswer::TicketsCreate(_))) =
                (&entry.call, &entry.result)
            {
                let _ =
                    writeln!(out, "  - ticket: {{priority: {}}}", quoted(&create.ticket.priority));
            }
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
