//! A call as text: what was heard and done, and which way the flow went.
//!
//! The same words for a person at the terminal, a pipe and a snapshot. Digests, instruction counts
//! and times of this machine are not in it, so that a transcript changes only when the behaviour
//! does.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use serde_json::Value;

use dialgraph_base::Timestamp;
use dialgraph_kernel::contact::{ContactEvent, ContactStage};
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::{Entry, Step, TurnRecord};
use dialgraph_kernel::plugin::{Accept, Failure, FailureKind, LogLevel, Speech};
use dialgraph_kernel::ports::http::Credential;
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostErrorKind};
use dialgraph_kernel::show::{Link, Shown};

use dialgraph_visible::line;

use crate::desk::Telling;
use crate::session::CallSetup;

/// How much of what happened between the words is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Only what the caller and the engine say and do, and what was changed in the world.
    Words,
    /// The path, ports, reasons, host calls, attributes, logs and failures too.
    Path,
    /// Instructions and memory as well.
    Costs,
}

/// In the place of what was left out of a record because it is sensitive.
const NOT_SHOWN: &str = "(not shown)";

/// The line that opens a transcript.
pub fn opening(setup: &CallSetup, entry: &str, zone: &TimeZone) -> String {
    let mut opening = format!(
        "Call to {} at {}, {}",
        setup.flow.as_deref().unwrap_or(entry),
        time(setup.at, zone),
        setup.channel.medium
    );
    if let Some(locale) = &setup.locale {
        let _ = write!(opening, ", {locale}"); // writing to a String cannot fail, here and below
    }
    match &setup.from {
        Some(from) => {
            let _ = write!(opening, ", from {}", line(from));
        }
        None if setup.channel.speaks() => opening.push_str(", number withheld"),
        None => {}
    }
    opening.push('\n');
    opening
}

/// A time in a zone, as RFC 3339.
pub fn time(at: Timestamp, zone: &TimeZone) -> String {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    match jiff::Timestamp::from_millisecond(millis) {
        Ok(at) => at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        Err(_) => format!("{} ms", at.0),
    }
}

/// One turn. What a sensitive visit heard, said, logged and told of its failure is left out, as
/// whoever shows a call of a server leaves it out; what callers, providers and plugins wrote is
/// made safe to show.
pub fn turn(record: &TurnRecord, detail: Detail) -> String {
    let whole = record;
    let mut record = record.clone();
    record.hide();
    let record = &record;
    let mut out = String::new();
    event(&mut out, record);
    if detail >= Detail::Path {
        for step in &record.steps {
            self::step(&mut out, step, whole, detail);
        }
    }
    if detail == Detail::Words {
        for entry in whole.entries.iter().filter(|entry| entry.call.has_effect()) {
            let _ = writeln!(out, "! {}", shown(entry, whole));
        }
    }
    for (at, speech) in record.directives.say.iter().enumerate() {
        if speech.text.is_empty() && record.sensitive_say.contains(&at) {
            let _ = writeln!(out, "< {NOT_SHOWN}");
            continue;
        }
        say(&mut out, speech, detail);
        for shown in &speech.shown {
            shown_with(&mut out, shown);
        }
    }
    // The channel is told nothing when it tells of a contact, and nobody when nobody is there.
    if !matches!(record.event, Event::Contact(_) | Event::After) {
        then(&mut out, &record.directives.then);
    }
    out
}

/// What somebody outside told, and what became of it.
pub fn telling(telling: &Telling) -> String {
    let Telling { hook, value, sensitive, told, .. } = telling;
    let value =
        if *sensitive { NOT_SHOWN.to_owned() } else { line(&value.to_string()).to_string() };
    format!("* outside tells {hook} {value}: {}\n", told.word())
}

fn event(out: &mut String, record: &TurnRecord) {
    let _ = match &record.event {
        Event::Entered => writeln!(out, "> (arrives)"),
        Event::Said { .. } | Event::Pressed(_) if record.sensitive => {
            writeln!(out, "> (answers; not shown)")
        }
        Event::Said { text, confidence: None } => writeln!(out, "> “{}”", line(text)),
        Event::Said { text, confidence: Some(confidence) } => {
            writeln!(out, "> “{}” (confidence {confidence})", line(text))
        }
        Event::Pressed(keys) => writeln!(out, "> presses {}", line(keys)),
        Event::Silent => writeln!(out, "> (silent)"),
        Event::HungUp => writeln!(out, "> (hangs up)"),
        Event::DirectiveFailed(reason) => {
            writeln!(out, "> (the channel fails: {})", line(reason))
        }
        Event::Resumed if rang(record) => {
            writeln!(out, "> (somebody answered, and has hung up)")
        }
        Event::Resumed => writeln!(out, "> (has waited)"),
        Event::Unanswered => writeln!(out, "> (nobody answers)"),
        Event::Contact(event) => writeln!(out, "> ({})", contact(event)),
        Event::After => writeln!(out, "> (the contact is over: after)"),
    };
}

/// Whether the event tells of somebody who was rung.
fn rang(record: &TurnRecord) -> bool {
    record.steps.first().is_some_and(|step| step.kind == "transfer")
}

/// News of a contact, in words.
fn contact(event: &ContactEvent) -> String {
    let what = if event.callback { "the call back" } else { "the contact" };
    match (event.stage, &event.agent) {
        (ContactStage::Queued, _) => format!("{what} waits in the queue"),
        (ContactStage::Connected, Some(agent)) => format!("agent {} takes {what}", line(agent)),
        (ContactStage::Connected, None) => format!("an agent takes {what}"),
        (ContactStage::Ended, _) if event.attempts.is_some() => {
            format!("{what} reaches nobody")
        }
        (ContactStage::Ended, _) => format!("{what} ends"),
        (ContactStage::Lost, _) => format!("nothing is heard of {what} any more"),
    }
}

fn step(out: &mut String, step: &Step, record: &TurnRecord, detail: Detail) {
    let _ = write!(out, "    {} {}", step.at, step.kind);
    if let Some(run) = &step.run {
        let _ = write!(out, " {}", run.plugin);
    }
    if let Some(port) = &step.port {
        let _ = write!(out, " → {port}");
    }
    if let Some(why) = &step.why {
        let _ = write!(out, " ({})", line(why));
    }
    if let (Some(run), Detail::Costs) = (&step.run, detail) {
        if let Some(instructions) = run.cost.instructions {
            let _ = write!(out, "  {} instructions,", grouped(instructions));
        }
        let _ = write!(out, " {} KiB", run.cost.memory_bytes / 1024);
    }
    out.push('\n');
    // What a run had asked before it was stopped is part of it; a run that never ended has only
    // that.
    for entry in record.entries.iter().filter(|entry| entry.visit == step.visit) {
        let _ = writeln!(out, "        {}", shown(entry, record));
    }
    if let Some(run) = step.run.as_ref().filter(|_| !step.sensitive) {
        for logged in &run.logs {
            let message = line(&logged.message);
            let _ = write!(out, "        log {}: {message}", level(logged.level));
            for (name, value) in &logged.fields {
                let _ = write!(out, " {}={}", line(name), line(value));
            }
            out.push('\n');
        }
    }
    match &step.failure {
        Some(failure) if step.sensitive => {
            let hidden = Failure {
                kind: failure.kind,
                code: failure.code.clone(),
                message: NOT_SHOWN.to_owned(),
                backtrace: Vec::new(),
            };
            let _ = writeln!(out, "        failed: {}", failed(&hidden));
        }
        Some(failure) => {
            let _ = writeln!(out, "        failed: {}", failed(failure));
            if detail == Detail::Costs {
                for frame in &failure.backtrace {
                    let _ = writeln!(out, "            at {}", line(frame));
                }
            }
        }
        None => {}
    }
    if step.kind == "await" && step.port.as_deref() != Some("stopped") {
        for arrival in &record.arrived {
            let value = match arrival.sensitive {
                true => NOT_SHOWN.to_owned(),
                false => arrival.value.to_string(),
            };
            let _ = writeln!(out, "        {} brought {}", arrival.hook, line(&value));
        }
    }
    for (name, value) in &step.set {
        let _ = writeln!(out, "        {name} = {}", line(&value.to_string()));
    }
}

fn say(out: &mut String, speech: &Speech, detail: Detail) {
    // Between people, words; where a change must be seen, every mark.
    let text = match detail {
        Detail::Words if speech.ssml => without_marks(&speech.text),
        _ => speech.text.clone(),
    };
    for spoken in text.lines() {
        let _ = writeln!(out, "< {}", line(spoken));
    }
}

/// What stands beside words: buttons in brackets, with where they lead.
fn shown_with(out: &mut String, shown: &Shown) {
    let link = |link: &Link| format!("[{}]({})", line(&link.label), line(&link.url));
    let _ = match shown {
        Shown::Link(one) => writeln!(out, "< {}", link(one)),
        Shown::Card(card) => {
            let image = card.image.as_ref().map(|image| format!(" ({})", line(image)));
            let _ = writeln!(out, "< | {}{}", line(&card.title), image.unwrap_or_default());
            for text in card.text.iter().flat_map(|text| text.lines()) {
                let _ = writeln!(out, "< | {}", line(text));
            }
            if card.buttons.is_empty() {
                return;
            }
            let buttons: Vec<String> = card.buttons.iter().map(link).collect();
            writeln!(out, "< | {}", buttons.join(" "))
        }
    };
}

/// The words of SSML. The checker has proved it well-formed, so that `<` and `>` are marks and
/// nothing else.
fn without_marks(ssml: &str) -> String {
    let mut words = String::new();
    let mut in_mark = false;
    for c in ssml.chars() {
        match c {
            '<' => in_mark = true,
            '>' => in_mark = false,
            c if !in_mark => words.push(c),
            _ => {}
        }
    }
    let words = words.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    let words = words.replace("&apos;", "'").replace("&amp;", "&");
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn then(out: &mut String, then: &Then) {
    let _ = match then {
        Then::Ask(accept) => {
            if !accept.choices.is_empty() {
                let buttons = accept.choices.iter().map(|one| format!("[{}]", line(&one.label)));
                let buttons = buttons.collect::<Vec<_>>().join(" ");
                let _ = writeln!(out, "< {buttons}");
            }
            writeln!(out, "? {}", accepts(accept))
        }
        Then::Wait { ms } => writeln!(out, "= waits {} s", seconds(u64::from(*ms))),
        Then::Queue(queue) => {
            let sla = match queue.sla {
                Some(sla) => format!(", answered within {} min", sla.as_secs() / 60),
                None => String::new(),
            };
            writeln!(out, "= queue {} (priority {}{sla})", queue.name, queue.priority)
        }
        Then::Callback { queue, number } => {
            writeln!(out, "= call back {} from queue {}", line(or_not_shown(number)), queue.name)
        }
        Then::Transfer { number, within_ms: None } => {
            writeln!(out, "= transfer to {}", line(or_not_shown(number)))
        }
        Then::Transfer { number, within_ms: Some(ms) } => {
            let seconds = seconds(u64::from(*ms));
            writeln!(out, "= rings {} for {seconds} s", line(or_not_shown(number)))
        }
        Then::HangUp => writeln!(out, "= hangs up"),
    };
}

/// A number that is not empty, but for what was left out of the record.
fn or_not_shown(number: &str) -> &str {
    if number.is_empty() { NOT_SHOWN } else { number }
}

/// What may be answered, in words.
pub fn accepts(accept: &Accept) -> String {
    let mut ways = Vec::new();
    if accept.speech {
        ways.push("speech".to_owned());
    }
    if let Some(digits) = &accept.digits {
        let count = if digits.min == digits.max {
            digits.min.to_string()
        } else {
            format!("{}–{}", digits.min, digits.max)
        };
        let end = digits.terminator.map(|key| format!(" and {key}")).unwrap_or_default();
        let keys = if digits.max == 1 { "key" } else { "keys" };
        ways.push(format!("{count} {keys}{end}"));
    }
    format!("{} within {} s", ways.join(" or "), seconds(u64::from(accept.timeout_ms)))
}

fn seconds(ms: u64) -> String {
    if ms.is_multiple_of(1000) {
        (ms / 1000).to_string()
    } else {
        format!("{:.1}", ms as f64 / 1000.0)
    }
}

fn level(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}

/// Why a node failed. What went wrong is named once: the kind is left out where the code says it
/// too.
pub fn failed(failure: &Failure) -> String {
    let Failure { kind, code, message, .. } = failure;
    let (code, message) = (line(code), line(message));
    if *kind == FailureKind::BadConfig || kind.as_str() == &*code {
        return format!("{code}: {message}");
    }
    format!("{} {code}: {message}", kind.as_str())
}

/// Digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A host call on one line. What the node asks that got an answer not to be shown would show the
/// answer.
pub fn shown(entry: &Entry, record: &TurnRecord) -> String {
    let answered = record.steps.first().map(|step| step.visit);
    if record.sensitive && answered == Some(entry.visit) {
        return format!("{} {NOT_SHOWN}", entry.call.function());
    }
    host_call(entry)
}

/// A host call and its reply on one line.
pub fn host_call(entry: &Entry) -> String {
    let request = match &entry.call {
        HostCall::RecordsGet(get) => {
            format!("{}/{}{}", get.collection, get.key, source(get.source))
        }
        HostCall::RecordsFind(find) => {
            let matches: Vec<String> = find
                .matches
                .iter()
                .map(|(field, value)| format!("{field}={}", plain(value)))
                .collect();
            format!("{} {}{}", find.collection, matches.join(" "), source(find.source))
        }
        HostCall::RecordsSearch(search) => {
            let values: Vec<String> = search.values.iter().map(plain).collect();
            format!(
                "{} {} = {}{}",
                search.collection,
                search.index,
                values.join(" | "),
                source(search.source)
            )
        }
        HostCall::RecordsPut(put) => format!("{}/{}", put.collection, put.key),
        HostCall::RecordsDelete(delete) => format!("{}/{}", delete.collection, delete.key),
        HostCall::NluRecognize(request) => format!("“{}”", request.text),
        HostCall::GenaiConverse(request) => format!(
            "“{}” over {} passages",
            request.messages.last().map_or("", |message| &message.text),
            request.passages.len()
        ),
        HostCall::KnowledgeSearch(query) => format!("“{}”", query.text),
        HostCall::TicketsCreate(create) => {
            format!("{} “{}”", create.ticket.priority, create.ticket.subject)
        }
        HostCall::SecretsOpen(secret) => secret.name.clone(),
        HostCall::HttpSend(request) => {
            let with = match &request.credential {
                Some(
                    Credential::Bearer { secret }
                    | Credential::Basic { secret, .. }
                    | Credential::Header { secret, .. },
                ) => format!(" with secret {secret}"),
                None => String::new(),
            };
            format!("{} {}{with}", request.method, request.url)
        }
    };
    let reply = match &entry.result {
        Ok(answer) => answered(answer),
        Err(error) => {
            let kind = match error.kind {
                HostErrorKind::Invalid => "invalid",
                HostErrorKind::Unavailable => "unavailable",
                HostErrorKind::Denied => "denied",
                HostErrorKind::Other => "failed",
            };
            format!("{kind}: {}", error.message)
        }
    };
    let told = format!("{} {} → {reply}", entry.call.function(), request.trim_end());
    line(&told).into_owned()
}

fn source(source: dialgraph_kernel::ports::records::Source) -> &'static str {
    match source {
        dialgraph_kernel::ports::records::Source::Current => "",
        dialgraph_kernel::ports::records::Source::LastKnown => " (last known)",
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn answered(answer: &HostAnswer) -> String {
    match answer {
        HostAnswer::RecordsGet(Some(record)) => format!("version {}", record.version),
        HostAnswer::RecordsGet(None) => "none".to_owned(),
        HostAnswer::RecordsFind(page) => {
            let keys: Vec<&str> = page.records.iter().map(|record| record.key.as_str()).collect();
            let more = if page.more { " and more" } else { "" };
            if keys.is_empty() { "none".to_owned() } else { format!("{}{more}", keys.join(", ")) }
        }
        HostAnswer::RecordsSearch(page) => {
            let hits: Vec<String> = page
                .hits
                .iter()
                .map(|hit| match hit.score {
                    score if score < 1.0 => format!("{} {score:.2}", hit.record.key),
                    _ => hit.record.key.clone(),
                })
                .collect();
            let more = if page.next.is_some() || !page.complete { " and perhaps more" } else { "" };
            if hits.is_empty() {
                format!("none{more}")
            } else {
                format!("{}{more}", hits.join(", "))
            }
        }
        HostAnswer::RecordsPut(written) => format!("version {}", written.version),
        HostAnswer::RecordsDelete => "gone".to_owned(),
        HostAnswer::NluRecognize(recognition) => recognition
            .interpretations
            .iter()
            .take(3)
            .map(|interpretation| match interpretation.confidence {
                Some(confidence) => format!("{} {confidence:.2}", interpretation.intent.name),
                None => interpretation.intent.name.clone(),
            })
            .collect::<Vec<_>>()
            .join(", "),
        HostAnswer::GenaiConverse(response) => {
            format!("{}, {} characters", response.stop_reason, response.text.chars().count())
        }
        HostAnswer::KnowledgeSearch(passages) if passages.is_empty() => "nothing".to_owned(),
        HostAnswer::KnowledgeSearch(passages) => passages
            .iter()
            .map(|passage| format!("{} {:.2}", passage.id, passage.score))
            .collect::<Vec<_>>()
            .join(", "),
        HostAnswer::TicketsCreate(receipt) => {
            format!("{}{}", receipt.id, if receipt.duplicate { " (there already)" } else { "" })
        }
        HostAnswer::SecretsOpen => "opened".to_owned(),
        HostAnswer::HttpSend(response) => response.status.to_string(),
    }
}
