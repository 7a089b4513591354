//! Runs one script and says what did not come as it should.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::Value;

use dialgraph_base::Name;
use dialgraph_kernel::call::Status;
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::ports::{HostAnswer, HostCall};

use crate::line::Line;
use crate::script::{EndsSpec, FieldMatch, Script, ScriptError, Step, TextMatch};
use crate::session::{Fixture, Session, SessionError};
use crate::transcript::{self, Detail};
use crate::world::holds;

/// What came of a script.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptOutcome {
    /// In the order of the file; empty when all is well.
    pub faults: Vec<Fault>,
    /// The whole call.
    pub transcript: String,
    /// The dearest run of each plugin at each node.
    pub costs: BTreeMap<CostKey, CostValue>,
    /// Turns that the call took.
    pub turns: usize,
}

/// Something in a script that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// Line in the script, from 1.
    pub line: u64,
    /// Where in that line, from 1, when it is a word or value that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    pub message: String,
}

impl Fault {
    fn at(line: u64, message: String) -> Self {
        Self { line, column: None, message }
    }
}

impl From<ScriptError> for Fault {
    fn from(error: ScriptError) -> Self {
        Self { line: error.line, column: Some(error.column), message: error.message }
    }
}

/// A plugin at a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct CostKey {
    pub plugin: Name,
    /// `flow/node`.
    pub node: String,
}

/// What it cost at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct CostValue {
    pub instructions: u64,
    pub memory_bytes: u64,
}

/// Runs `script` in `fixture`.
pub fn run(fixture: &Fixture, script: &Script) -> ScriptOutcome {
    run_on(fixture, script, None)
}

/// Runs `script` in `fixture`, with a line between its caller and the engine.
pub fn run_on(fixture: &Fixture, script: &Script, line: Option<Box<dyn Line>>) -> ScriptOutcome {
    let errors = script.check(fixture);
    if !errors.is_empty() {
        return ScriptOutcome::unrunnable(errors.into_iter().map(Fault::from).collect());
    }
    let (setup, zone) = match script.setup("call-1") {
        Ok(ready) => ready,
        Err(error) => return ScriptOutcome::unrunnable(vec![error.into()]),
    };
    let mut transcript = transcript::opening(&setup, &fixture.release.entry, &zone);
    let session = match line {
        Some(line) => Session::new(fixture, setup).on(line),
        None => Session::new(fixture, setup),
    };
    for (collection, records) in &script.records {
        for (key, data) in records {
            if let Err(message) = (fixture.put_record)(session.store(), collection, key, data) {
                let message = format!("records: {collection}/{key}: {message}");
                return ScriptOutcome::unrunnable(vec![Fault::at(1, message)]);
            }
        }
    }
    let sensitive = fixture.release.sensitive.clone();
    let mut runner = Runner {
        session,
        sensitive,
        faults: Vec::new(),
        since: 0..0,
        cursor: 0,
        never: Vec::new(),
    };
    runner.perform(script);
    transcript.push_str(&turns_and_tellings(&runner.session));
    transcript.push_str(&closing(&runner.session));
    let used = runner.session.world().used();
    for (index, ((mock, used), spec)) in used.iter().zip(&script.mocks).enumerate() {
        if *used == 0 && !spec.optional {
            let message = format!(
                "the mock on `{}` was never used; remove it, or mark it `optional: true`",
                mock.on
            );
            runner.faults.push(Fault::at(script.mock_line(index), message));
        }
    }
    runner.faults.sort_by_key(|fault| fault.line);
    ScriptOutcome {
        costs: costs(runner.session.turns()),
        turns: runner.session.turns().len(),
        faults: runner.faults,
        transcript,
    }
}

impl ScriptOutcome {
    /// Of a script that cannot be run.
    pub(crate) fn unrunnable(faults: Vec<Fault>) -> Self {
        Self { faults, transcript: String::new(), costs: BTreeMap::new(), turns: 0 }
    }
}

/// All turns, and what somebody outside told before, between and after them.
fn turns_and_tellings(session: &Session) -> String {
    let mut out = String::new();
    let mut told = session.told().iter().peekable();
    for (index, record) in session.turns().iter().enumerate() {
        while let Some(telling) = told.next_if(|telling| telling.turns <= index) {
            out.push('\n');
            out.push_str(&transcript::telling(telling));
        }
        out.push('\n');
        out.push_str(&transcript::turn(record, Detail::Path));
    }
    for telling in told {
        out.push('\n');
        out.push_str(&transcript::telling(telling));
    }
    out
}

/// The last line of a transcript: how the call stands.
pub fn closing(session: &Session) -> String {
    match session.call().map(|call| &call.status) {
        None | Some(Status::New) => "\n(not begun)\n".to_owned(),
        Some(Status::Active) => "\n(still in progress)\n".to_owned(),
        Some(Status::Handed { disposition, .. } | Status::Ended { disposition, .. }) => {
            format!("\nDisposition: {disposition}\n")
        }
    }
}

fn costs(turns: &[TurnRecord]) -> BTreeMap<CostKey, CostValue> {
    let mut costs: BTreeMap<CostKey, CostValue> = BTreeMap::new();
    for step in turns.iter().flat_map(|turn| &turn.steps) {
        let Some(run) = &step.run else { continue };
        let key = CostKey { plugin: run.plugin.clone(), node: step.at.to_string() };
        let value = costs.entry(key).or_default();
        value.instructions = value.instructions.max(run.cost.instructions.unwrap_or(0));
        value.memory_bytes = value.memory_bytes.max(run.cost.memory_bytes);
    }
    costs
}

struct Runner {
    session: Session,
    /// Attributes whose values are not to be shown.
    sensitive: BTreeSet<Name>,
    faults: Vec<Fault>,
    /// Turns that followed the last action.
    since: Range<usize>,
    /// Words since then that a `hears` has passed already.
    cursor: usize,
    /// What must not be heard: line, words, first turn that counts.
    never: Vec<(u64, TextMatch, usize)>,
}

impl Runner {
    fn perform(&mut self, script: &Script) {
        self.session.stop_at_waits(breaks_in(&script.steps));
        if let Err(error) = self.session.start().map(<[_]>::len) {
            self.faults.push(Fault::at(1, format!("the call cannot begin: {error}")));
            return;
        }
        self.since = 0..self.session.turns().len();
        for (index, step) in script.steps.iter().enumerate() {
            let line = script.step_line(index);
            let rest = script.steps.get(index + 1..).unwrap_or_default();
            if step.action().is_some() {
                self.session.stop_at_waits(breaks_in(rest));
            }
            if let Err(message) = self.step(step, line) {
                self.faults.push(Fault::at(line, message));
                // What follows an action that failed would only repeat it.
                if step.action().is_some() {
                    break;
                }
            }
        }
        self.check_never();
    }

    fn step(&mut self, step: &Step, line: u64) -> Result<(), String> {
        if let Some(action) = step.action() {
            let first = self.session.turns().len();
            self.session.act(&action?).map_err(|error| not_possible(&error))?;
            self.since = first..self.session.turns().len();
            self.cursor = 0;
            return Ok(());
        }
        match step {
            Step::Hears(wanted) => self.hears(wanted),
            Step::NeverHears(words) => {
                self.never.push((line, words.clone(), self.since.start));
                Ok(())
            }
            Step::Attribute(values) => self.attributes(values),
            Step::Path(path) => self.path(path),
            Step::Queue(queue) => match self.last_then() {
                Some(Then::Queue(found)) if &*found.name == queue.as_str() => Ok(()),
                other => Err(format!("the caller is not in queue `{queue}` but {}", stands(other))),
            },
            Step::Callback(wanted) => match self.last_then() {
                Some(Then::Callback { queue, number })
                    if &*queue.name == wanted.queue.as_str()
                        && wanted.number.as_ref().is_none_or(|wanted| wanted == number) =>
                {
                    Ok(())
                }
                other => Err(format!(
                    "no callback from queue `{}` was promised; the caller {}",
                    wanted.queue,
                    stands(other)
                )),
            },
            Step::Transfer(wanted) => match self.last_then() {
                Some(Then::Transfer { number, .. }) if number == wanted => Ok(()),
                other => Err(format!("not transferred to {wanted}; the caller {}", stands(other))),
            },
            Step::Ticket(like) => self.ticket(like),
            Step::Record(wanted) => {
                self.record(&wanted.collection, wanted.key.as_deref(), &wanted.like)
            }
            Step::HostCall(wanted) => {
                let made = self.entries().any(|(call, _)| {
                    (wanted.on == call.function() || wanted.on == call.provider())
                        && serde_json::to_value(call).is_ok_and(|value| {
                            wanted.like.is_null() || holds(&value["request"], &wanted.like)
                        })
                });
                if made { Ok(()) } else { Err(format!("no call of `{}` was like that", wanted.on)) }
            }
            Step::Ends(wanted) => self.ends(wanted),
            // Actions were performed above.
            Step::Says(_)
            | Step::Presses(_)
            | Step::Chooses(_)
            | Step::Silent(_)
            | Step::HangsUp(_)
            | Step::Waits(_)
            | Step::Clock(_)
            | Step::DirectiveFails(_)
            | Step::Rings(_)
            | Step::Contact(_)
            | Step::Outside(_)
            | Step::Meanwhile(_) => Ok(()),
        }
    }

    fn hears(&mut self, wanted: &TextMatch) -> Result<(), String> {
        let heard: Vec<Heard<'_>> =
            self.session.turns()[self.since.clone()].iter().flat_map(words_of).collect();
        for (index, said) in heard.iter().enumerate().skip(self.cursor) {
            if wanted.matches(&said.text)? {
                // One sentence may hold several of the words that a script waits for.
                self.cursor = index;
                return Ok(());
            }
        }
        let rest = heard.get(self.cursor..).unwrap_or_default();
        let rest = if rest.is_empty() {
            "nothing".to_owned()
        } else {
            let rest: Vec<String> = rest.iter().map(ToString::to_string).collect();
            rest.join(" ")
        };
        Err(format!("{wanted} was not heard; heard since the last action: {rest}"))
    }

    fn check_never(&mut self) {
        for (line, words, first) in &self.never {
            let mut said = self.session.turns().iter().skip(*first).flat_map(words_of).peekable();
            if said.peek().is_none() {
                let message = format!(
                    "this proves nothing: not a word was said since the last action, nor is one after it, so {words} cannot have been heard"
                );
                self.faults.push(Fault::at(*line, message));
            }
            for said in said {
                match words.matches(&said.text) {
                    Ok(false) => {}
                    Ok(true) => {
                        self.faults.push(Fault::at(*line, format!("{words} was heard: {said}")));
                    }
                    Err(message) => self.faults.push(Fault::at(*line, message)),
                }
            }
        }
    }

    fn attributes(&self, wanted: &BTreeMap<String, Value>) -> Result<(), String> {
        let Some(call) = self.session.call() else {
            return Err("the call has not begun".to_owned());
        };
        let wrong: Vec<String> = wanted
            .iter()
            .filter_map(|(name, wanted)| {
                let found = match name.as_str() {
                    "locale" => Value::String(call.locale.to_string()),
                    name => call.attributes.get(name).cloned().unwrap_or(Value::Null),
                };
                (!holds(&found, wanted)).then(|| match self.sensitive.contains(name.as_str()) {
                    true => format!("`{name}`, which is not shown, is not {wanted}"),
                    false => format!("`{name}` is {found}, not {wanted}"),
                })
            })
            .collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }

    fn path(&self, wanted: &[String]) -> Result<(), String> {
        let mut visited = self.session.turns().iter().flat_map(|turn| &turn.steps);
        for place in wanted {
            if !visited.any(|step| step.at.to_string() == *place) {
                return Err(format!("`{place}` was not visited (in this order)"));
            }
        }
        Ok(())
    }

    fn ticket(&self, like: &BTreeMap<String, FieldMatch>) -> Result<(), String> {
        let mut near = Vec::new();
        for (call, answer) in self.entries() {
            let (HostCall::TicketsCreate(create), Some(HostAnswer::TicketsCreate(_))) =
                (call, answer)
            else {
                continue;
            };
            let ticket = serde_json::to_value(&create.ticket).map_err(|error| error.to_string())?;
            match differs(&ticket, like)? {
                None => return Ok(()),
                Some(difference) => near.push(difference),
            }
        }
        Err(match near.is_empty() {
            true => "no ticket was opened".to_owned(),
            false => format!("no ticket is like that: {}", near.join("; ")),
        })
    }

    fn record(
        &self,
        collection: &str,
        key: Option<&str>,
        like: &BTreeMap<String, FieldMatch>,
    ) -> Result<(), String> {
        // The last write of a key is what stands there.
        let mut written: BTreeMap<&str, &Value> = BTreeMap::new();
        for (call, answer) in self.entries() {
            if let (HostCall::RecordsPut(put), Some(_)) = (call, answer)
                && put.collection == collection
            {
                written.insert(&put.key, &put.data);
            }
        }
        let mut near = Vec::new();
        for (found, data) in written {
            if key.is_some_and(|key| key != found) {
                continue;
            }
            match differs(data, like)? {
                None => return Ok(()),
                Some(difference) => near.push(format!("{found}: {difference}")),
            }
        }
        Err(match near.is_empty() {
            true => format!("no such record was written to `{collection}`"),
            false => format!("no record of `{collection}` is like that: {}", near.join("; ")),
        })
    }

    fn ends(&self, wanted: &EndsSpec) -> Result<(), String> {
        let found = self.session.call().and_then(|call| call.status.disposition());
        match (wanted, found) {
            (EndsSpec::Any(true), Some(_)) | (EndsSpec::Any(false), None) => Ok(()),
            (EndsSpec::Disposition(wanted), Some(found)) if wanted == found => Ok(()),
            (_, Some(found)) => Err(format!("the call has ended, with disposition `{found}`")),
            (_, None) => Err("the call has not ended".to_owned()),
        }
    }

    fn last_then(&self) -> Option<&Then> {
        self.session.turns().last().map(|turn| &turn.directives.then)
    }

    /// All host calls with their good answers.
    fn entries(&self) -> impl Iterator<Item = (&HostCall, Option<&HostAnswer>)> {
        self.session
            .turns()
            .iter()
            .flat_map(|turn| &turn.entries)
            .map(|entry| (&entry.call, entry.result.as_ref().ok()))
    }
}

/// Something that was said, and whether it may be shown.
struct Heard<'t> {
    text: Cow<'t, str>,
    sensitive: bool,
}

impl std::fmt::Display for Heard<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.sensitive { f.write_str("(not shown)") } else { write!(f, "“{}”", self.text) }
    }
}

fn words_of(turn: &TurnRecord) -> impl Iterator<Item = Heard<'_>> {
    let said = turn.directives.say.iter().enumerate();
    said.flat_map(|(at, speech)| {
        let sensitive = turn.sensitive_say.contains(&at);
        let words = std::iter::once(Cow::Borrowed(speech.text.as_str()));
        let shown = speech.shown.iter().map(|shown| Cow::Owned(shown.written()));
        words.chain(shown).map(move |text| Heard { text, sensitive })
    })
}

/// Whether the caller breaks in on what the flow waits for, or somebody outside tells something,
/// perhaps after some time.
fn breaks_in(rest: &[Step]) -> bool {
    let mut actions = rest.iter().filter(|step| step.action().is_some());
    let next = actions.find(|step| !matches!(step, Step::Waits(_)));
    matches!(next, Some(Step::Meanwhile(_) | Step::Outside(_)))
}

fn not_possible(error: &SessionError) -> String {
    match error {
        // Nobody but the outside has to do with it.
        SessionError::NoAddress { .. }
        | SessionError::BadValue { .. }
        | SessionError::ToldOtherwise { .. } => error.to_string(),
        error => format!("the caller cannot do that here: {error}"),
    }
}

fn stands(then: Option<&Then>) -> String {
    match then {
        Some(Then::Ask(_)) => "is asked something".to_owned(),
        Some(Then::Wait { .. }) => "waits".to_owned(),
        Some(Then::Queue(queue)) => format!("is in queue `{}`", queue.name),
        Some(Then::Callback { queue, number }) => {
            format!("is to be called back on {number} from queue `{}`", queue.name)
        }
        Some(Then::Transfer { number, within_ms: None }) => format!("was transferred to {number}"),
        Some(Then::Transfer { number, within_ms: Some(_) }) => {
            format!("waits while {number} rings")
        }
        Some(Then::HangUp) => "was hung up on".to_owned(),
        None => "has not been answered".to_owned(),
    }
}

/// The first field of `like` that `value` does not match.
fn differs(value: &Value, like: &BTreeMap<String, FieldMatch>) -> Result<Option<String>, String> {
    for (name, wanted) in like {
        let found = value.get(name).unwrap_or(&Value::Null);
        if !wanted.matches(found)? {
            return Ok(Some(format!("`{name}` is {found}")));
        }
    }
    Ok(None)
}
