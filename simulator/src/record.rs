//! Turns a call that was held by hand into a script.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use dialgraph_base::Medium;
use dialgraph_kernel::contact::ContactEvent;
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostError, HostErrorKind};
use dialgraph_runtime::Told;

use crate::desk::Telling;
use crate::script::duration;
use crate::session::{Action, Meanwhile, Session};
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

/// The script of a session: what was done and what failed, and as expectations what came of it:
/// tickets, where the caller went, how the call ended.
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
    if setup.channel.medium != Medium::default() {
        line(format!("channel: {}", setup.channel.medium));
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
    // A script waits by itself for what is slow, unless the caller breaks in.
    let is_wait = |action: &Action| matches!(action, Action::Waits { .. });
    let breaks_in = |index: usize| {
        let next = actions.iter().skip(index + 1).find(|(action, _)| !is_wait(action));
        matches!(next, Some((Action::Meanwhile(_) | Action::Outside { .. }, _)))
    };
    for (index, (action, before)) in actions.iter().enumerate() {
        let after = actions.get(index + 1).map_or(turns.len(), |(_, before)| *before);
        let followed = turns.get(*before..after).unwrap_or_default();
        let stood = before.checked_sub(1).and_then(|last| turns.get(last));
        let waited = stood.is_some_and(|turn| matches!(turn.directives.then, Then::Wait { .. }));
        if waited && is_wait(action) && !breaks_in(index) {
            expectations(&mut out, followed);
            continue;
        }
        let answers = match action {
            Action::Says { .. }
            | Action::Presses(_)
            | Action::Chooses(_)
            | Action::Meanwhile(Meanwhile::Says { .. } | Meanwhile::Presses(_)) => true,
            Action::Silent
            | Action::HangsUp
            | Action::Waits { .. }
            | Action::Clock { .. }
            | Action::DirectiveFails(_)
            | Action::Rings { .. }
            | Action::Contact(_)
            | Action::Outside { .. }
            | Action::Meanwhile(Meanwhile::HangsUp) => false,
        };
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
            Action::Chooses(label) => writeln!(out, "  - chooses: {}{note}", quoted(label)),
            Action::Silent => writeln!(out, "  - silent: true"),
            Action::HangsUp => writeln!(out, "  - hangs_up: true"),
            Action::Waits { ms } => writeln!(out, "  - waits: {}", duration(*ms)),
            Action::Clock { ms } => writeln!(out, "  - clock: {}", duration(*ms)),
            Action::DirectiveFails(reason) => {
                writeln!(out, "  - directive_fails: {}", quoted(reason))
            }
            Action::Rings { answered } => {
                writeln!(out, "  - rings: {}", crate::script::ring_word(*answered))
            }
            Action::Contact(event) => writeln!(out, "  - contact: {}", contact(event)),
            Action::Outside { hook, after_ms, value, expect } => {
                let after = match after_ms {
                    0 => String::new(),
                    ms => format!(", after: {}", duration(*ms)),
                };
                let told = |telling: &&Telling| telling.turns == *before && telling.hook == *hook;
                let found = session.told().iter().find(told).map(|telling| telling.told);
                let expect = match expect.or(found) {
                    None | Some(Told::Taken) => String::new(),
                    Some(told) => format!(", expect: {}", told.word()),
                };
                writeln!(out, "  - outside: {{hook: {hook}{after}, with: {value}{expect}}}")
            }
            Action::Meanwhile(Meanwhile::Says { text, .. }) => {
                writeln!(out, "  - meanwhile: {{says: {}}}{note}", quoted(text))
            }
            Action::Meanwhile(Meanwhile::Presses(keys)) => {
                writeln!(out, "  - meanwhile: {{presses: {}}}{note}", quoted(keys))
            }
            Action::Meanwhile(Meanwhile::HangsUp) => {
                writeln!(out, "  - meanwhile: {{hangs_up: true}}")
            }
        };
        expectations(&mut out, followed);
    }
    if let Some(disposition) = session.call().and_then(|call| call.status.disposition()) {
        let _ = writeln!(out, "  - ends: {}", quoted(disposition));
    }
    Recorded { text: out, sensitive }
}

/// A mock made by hand: it fails a provider or a function, or makes it slow.
fn mocked(mock: &Mock) -> String {
    let reply = match &mock.reply {
        MockReply::Error(error) => format!("error: {}", kind(error)),
        MockReply::Never => "delay: never".to_owned(),
        MockReply::Provider | MockReply::Answer(_) => format!("delay: {}", duration(mock.delay_ms)),
    };
    let calls = match mock.calls {
        (1, u64::MAX) => String::new(),
        (first, u64::MAX) => format!(", calls: \"{first}-\""),
        (first, last) if first == last => format!(", calls: {first}"),
        (first, last) => format!(", calls: \"{first}-{last}\""),
    };
    format!("  - {{on: {}, {reply}{calls}}}", mock.on)
}

fn kind(error: &HostError) -> &'static str {
    match error.kind {
        HostErrorKind::Invalid => "invalid",
        HostErrorKind::Unavailable => "unavailable",
        HostErrorKind::Denied => "denied",
        HostErrorKind::Other => "other",
    }
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
            Then::Transfer { number, .. } => writeln!(out, "  - transfer: {}", quoted(number)),
            Then::Ask(_) | Then::Wait { .. } | Then::HangUp => Ok(()),
        };
    }
}

/// A text as a double-quoted scalar: every JSON string is one.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// News of a contact as a step has them.
fn contact(event: &ContactEvent) -> String {
    let stage = crate::script::stage_word(event.stage);
    let mut parts = vec![format!("stage: {stage}")];
    parts.extend(event.agent.as_ref().map(|agent| format!("agent: {}", quoted(agent))));
    parts.extend(event.callback.then(|| "callback: true".to_owned()));
    parts.extend(event.attempts.map(|attempts| format!("attempts: {attempts}")));
    match parts.len() {
        1 => stage.to_owned(),
        _ => format!("{{{}}}", parts.join(", ")),
    }
}
