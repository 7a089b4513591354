//! How much one turn may leave behind.
//!
//! A turn is saved as one commit: the call as it stands then, and the turn's record with every
//! request, reply, word and log line. What one commit does not take would be lost whole, and the
//! turn made again for ever. So all of it is counted while the turn is walked, as the JSON that it
//! will be. What explains goes first: log lines, then values in steps. When that is not enough, the
//! visit that wants more ends by its `error` port, or the call by the fallback.
//!
//! The bounds are the same over every store, so that a turn takes the same way everywhere.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Fault, Turn};
use crate::call::{Call, Frame};
use crate::journal::{Entry, Step};
use crate::plugin::{LogLevel, LogLine};
use crate::values::size;

/// Bytes of a call and of a turn's record that every store takes in one row.
pub const ROW_BYTES: usize = 65_000;

/// Bytes that the call and the record of one turn may have together. Cut into rows, each on its
/// own, they take no more than [`TURN_ROWS`].
pub const TURN_BYTES: usize = 22 * ROW_BYTES;

/// Rows that the call and the record of one turn take at most, rows of the call as it was included.
pub const TURN_ROWS: usize = 23;

/// Kept back while the flow is walked: for the way to the fallback queue and for the `finally`
/// flow.
const FOR_WRAP_UP: usize = 300_000;

/// Kept back to the end: for the state of a plugin that asks and what else stands in a call.
const FOR_THE_REST: usize = 50_000;

/// What the fallback may say.
pub(super) const FALLBACK_WORDS: usize = 100_000;

/// Kept back from what plugins ask, get and say, so that a visit without room can still leave by
/// its `error` port.
const FOR_THE_ERROR: usize = 20_000;

/// What stands around an entry, and for one that says why there is no reply.
const ENTRY: usize = 64;
const REFUSED: usize = 1_024;

/// Log lines that go make room for at least so much, so that they are not gone through for every
/// little thing.
const MARGIN: usize = 32 << 10;

/// No note that says how many lines went takes more.
const NOTE: usize = 256;

/// A value in a step that is left out when there is no room for it has more bytes than this.
const SMALL: usize = 256;

/// What stands in its place has no more.
const LEFT_OUT: usize = 64;

/// Error code of a reply, and of a visit, for which the turn's record had no room.
pub(crate) const NO_ROOM: &str = "turn-full";

/// What is used of [`TURN_BYTES`].
#[derive(Debug)]
pub(super) struct Room {
    /// The call as it was: its rows go, or are written anew.
    before: usize,
    /// The call without attributes, frames and path.
    fixed: usize,
    /// Of each frame.
    frames: Vec<usize>,
    path: usize,
    /// The record, without the step that is not over.
    record: usize,
    /// Steps counted in `record`.
    steps: usize,
    /// The step that is not over.
    open: usize,
    /// Steps of which no line can go any more.
    bare: std::ops::Range<usize>,
    /// Steps before this one have no value that could go.
    values_from: usize,
}

impl Room {
    pub(super) fn of(call: &Call, event: &crate::event::Event, attributes: usize) -> Self {
        let before = size(call);
        let frames: Vec<usize> = call.frames.iter().map(frame_bytes).collect();
        let path = size(&call.path);
        let rest = frames.iter().sum::<usize>() + path + attributes + 4 * call.attributes.len();
        // The numbers in it grow, and where the call ended is not known yet.
        let fixed = before.saturating_sub(rest) + 4_096;
        // A call that begins replaces nothing.
        let before = if call.turn == 0 { 0 } else { before };
        let record = size(event) + 1_024;
        Self { before, fixed, frames, path, record, steps: 0, open: 0, bare: 0..0, values_from: 0 }
    }

    /// Notes what a step has become that is counted. What is not counted yet will be as it is then.
    fn changed(&mut self, step: usize, before: usize, after: usize) {
        let place = match step.cmp(&self.steps) {
            Ordering::Less => &mut self.record,
            Ordering::Equal => &mut self.open,
            Ordering::Greater => return,
        };
        *place = (*place + after).saturating_sub(before);
    }
}

fn frame_bytes(frame: &Frame) -> usize {
    size(frame) + ENTRY
}

/// Entries with their sizes.
#[derive(Debug, Default)]
pub(super) struct Entries {
    all: Vec<Entry>,
    /// Of each: what it takes in the record; none: the walk has not come to it.
    sizes: Vec<Option<usize>>,
    index: std::collections::HashMap<(u32, u32), usize>,
    /// How many came with a parked run, and are in the record of an earlier turn.
    inherited: usize,
}

impl Entries {
    pub(super) fn push(&mut self, entry: Entry, size: Option<usize>) {
        self.index.entry((entry.visit, entry.n)).or_insert(self.all.len());
        self.all.push(entry);
        self.sizes.push(size);
    }

    /// Puts those of a parked run before all others.
    pub(super) fn inherit(&mut self, entries: Vec<Entry>) {
        let others = std::mem::take(self);
        self.inherited = entries.len();
        for entry in entries {
            let size = size(&entry);
            self.push(entry, Some(size));
        }
        for (entry, size) in others.all.into_iter().zip(others.sizes) {
            self.push(entry, size);
        }
    }

    fn find(&self, visit: u32, n: u32) -> Option<usize> {
        self.index.get(&(visit, n)).copied()
    }

    pub(super) fn of_visit(&self, visit: u32) -> Vec<Entry> {
        self.all.iter().filter(|entry| entry.visit == visit).cloned().collect()
    }

    fn bytes_of_visit(&self, visit: u32) -> usize {
        let of_visit = self.all.iter().zip(&self.sizes).filter(|(entry, _)| entry.visit == visit);
        of_visit.map(|(entry, known)| known.unwrap_or_else(|| size(entry)) + 1).sum()
    }

    /// Those of this turn.
    pub(super) fn take(&mut self) -> Vec<Entry> {
        let Self { mut all, inherited, .. } = std::mem::take(self);
        all.split_off(inherited.min(all.len()))
    }
}

impl Turn {
    /// Bytes of the call as it stands.
    fn call_bytes(&self) -> usize {
        let attributes = self.attribute_bytes + 4 * self.call.attributes.len();
        self.room.fixed + attributes + self.room.frames.iter().sum::<usize>() + self.room.path
    }

    fn used(&self) -> usize {
        self.room.before.max(self.call_bytes()) + self.room.record + self.room.open
    }

    fn limit(&self) -> usize {
        // Once the call has come to its end, what was kept back for that is there to be used.
        let ends = self.wrapping_up() || self.ending.is_some();
        TURN_BYTES - if ends { FOR_THE_REST } else { FOR_WRAP_UP }
    }

    fn lacking(&self, more: usize) -> usize {
        self.used().saturating_add(more).saturating_sub(self.limit())
    }

    /// Sees to it that `what`, of `more` bytes, can be saved with the turn.
    pub(crate) fn make_room(&mut self, more: usize, what: &str) -> Result<(), Fault> {
        self.make_room_before(0, more, what)
    }

    /// The same for what a visit can do without, by leaving through its `error` port.
    pub(crate) fn make_room_in_visit(&mut self, more: usize, what: &str) -> Result<(), Fault> {
        self.make_room_before(FOR_THE_ERROR, more, what)
    }

    fn make_room_before(&mut self, kept: usize, more: usize, what: &str) -> Result<(), Fault> {
        let lacking = self.lacking(more.saturating_add(kept));
        if lacking == 0 {
            return Ok(());
        }
        // What would go in vain stays.
        if self.expendable(lacking) >= lacking {
            self.let_go(lacking);
        }
        if self.lacking(more.saturating_add(kept)) == 0 {
            return Ok(());
        }
        let limit = self.limit() - kept;
        let left = limit.saturating_sub(self.used());
        Err(Fault::new(
            NO_ROOM,
            format!(
                "the record of this turn has no room for {what}: {more} bytes, and {left} of {limit} are left; \
                 let a turn ask, say and log less"
            ),
        ))
    }

    /// Notes that `bytes` more are in the record.
    pub(super) fn recorded(&mut self, bytes: usize) {
        self.room.record += bytes;
    }

    /// Notes that the frames of the call are others than before.
    pub(super) fn frames_changed(&mut self) {
        let frames = &self.call.frames;
        // One was put on top or taken away; the one below has moved on since it was measured.
        let same = frames.len().saturating_sub(2).min(self.room.frames.len());
        self.room.frames.truncate(same);
        self.room.frames.extend(frames[same..].iter().map(frame_bytes));
    }

    /// Notes a place of the path.
    pub(super) fn path_grew(&mut self, bytes: usize) {
        self.room.path += bytes + 24;
    }

    /// Counts what the steps have become.
    pub(crate) fn settle(&mut self) -> Result<(), Fault> {
        self.weigh();
        self.make_room(0, "another node")
    }

    /// Lets go of what only explains, until `lacking` bytes are free or there is nothing left of
    /// it: log lines, then what was set.
    fn let_go(&mut self, lacking: usize) {
        let before = self.used();
        self.drop_lines(lacking);
        if before.saturating_sub(self.used()) < lacking {
            self.drop_values();
        }
    }

    /// Bytes that could be let go of, or as many of them as are needed.
    fn expendable(&self, lacking: usize) -> usize {
        let lines = self.with_lines().map(|at| lines_bytes(&self.steps[at]).saturating_sub(NOTE));
        let values = self.steps.iter().skip(self.room.values_from).flat_map(|step| &step.set);
        let values = values.map(|(_, value)| size(value)).filter(|bytes| *bytes > SMALL);
        let mut found = 0_usize;
        for bytes in lines.chain(values.map(|bytes| bytes - LEFT_OUT)) {
            found += bytes;
            if found >= lacking {
                break;
            }
        }
        found
    }

    /// Steps that may have lines that can go, the last first.
    fn with_lines(&self) -> impl Iterator<Item = usize> + use<> {
        let (bare, steps) = (self.room.bare.clone(), self.steps.len());
        (bare.end..steps).rev().chain((0..bare.start.min(steps)).rev())
    }

    /// Puts their sizes in the place of all large values that steps have set.
    fn drop_values(&mut self) {
        for (at, step) in self.steps.iter_mut().enumerate().skip(self.room.values_from) {
            let mut freed = 0;
            for (_, value) in &mut step.set {
                let bytes = size(value);
                if bytes > SMALL {
                    *value = Value::from(format!("… ({bytes} bytes)"));
                    freed += bytes - size(value);
                }
            }
            self.room.changed(at, freed, 0);
        }
        // The last one may set more.
        self.room.values_from = self.steps.len().saturating_sub(1);
    }

    fn weigh(&mut self) {
        let Some(last) = self.steps.len().checked_sub(1) else { return };
        if self.room.steps < last {
            let over = &self.steps[self.room.steps..last];
            self.room.record += over.iter().map(|step| size(step) + 1).sum::<usize>();
            self.room.steps = last;
        }
        let step = &self.steps[last];
        self.room.open = size(step) + 1;
    }

    /// Drops log lines, the last ones first, until `lacking` bytes are free or there are none left.
    /// Each step says how many it had to let go.
    fn drop_lines(&mut self, lacking: usize) {
        let mut lacking = lacking.max(MARGIN);
        // The last one may not have its lines yet.
        let last = self.steps.len().saturating_sub(1);
        let mut bare_from = last;
        for at in self.with_lines() {
            if lacking == 0 {
                break;
            }
            let step = &mut self.steps[at];
            if lines_bytes(step) > NOTE {
                let before = size(step);
                shorten(step, lacking);
                let after = size(step);
                self.room.changed(at, before, after);
                lacking = lacking.saturating_sub(before.saturating_sub(after));
            }
            if lines_bytes(&self.steps[at]) > NOTE {
                break;
            }
            bare_from = at;
        }
        if bare_from == self.room.bare.end {
            bare_from = self.room.bare.start;
        }
        self.room.bare = bare_from.min(last)..last;
    }

    /// Whether a parked turn, with the replies of its last visit kept in the call, could be saved.
    pub(super) fn parked_fits(&self) -> bool {
        let (Some(pending), super::Cursor::Run(run)) = (&self.pending, &self.cursor) else {
            return true;
        };
        let replies = self.entries.bytes_of_visit(pending.visit);
        let call = self.call_bytes() + replies + size(run) + pending.caller.idempotency_key.len();
        let used = self.room.before.max(call) + self.room.record + self.room.open;
        used + FALLBACK_WORDS + FOR_THE_REST <= TURN_BYTES
    }

    /// The reply that the journal has for host call `n` of `visit`.
    pub(super) fn recall(&mut self, visit: u32, n: u32) -> Option<&Entry> {
        let at = self.entries.find(visit, n)?;
        if self.entries.sizes[at].is_none() {
            // Made again from its journal, a turn lets go of what it let go of the first time.
            let entry = &self.entries.all[at];
            let (asked, whole) = (size(&entry.call) + ENTRY, size(entry));
            let _ = self.make_room_in_visit(asked + REFUSED, "");
            let _ = self.make_room_in_visit(whole, "");
            self.entries.sizes[at] = Some(whole);
            self.recorded(whole + 1);
        }
        self.entries.all.get(at)
    }

    /// Whether there is room to ask.
    pub(super) fn room_to_ask(&mut self, call: &crate::ports::HostCall) -> Result<(), Fault> {
        let what = format!("what is asked of {}", call.function());
        self.make_room_in_visit(size(call) + ENTRY + REFUSED, &what)
    }

    /// Takes an entry into the journal, or in its place one that says that there was no room for
    /// the reply.
    pub(super) fn record_entry(&mut self, mut entry: Entry) {
        let what = format!("the reply of {}", entry.call.function());
        if let Err(fault) = self.make_room_in_visit(size(&entry), &what) {
            entry.result = Err(crate::ports::HostError::new(
                crate::ports::HostErrorKind::Other,
                NO_ROOM,
                fault.message,
            ));
        }
        let bytes = size(&entry);
        self.recorded(bytes + 1);
        self.entries.push(entry, Some(bytes));
    }
}

/// Bytes of a step's log lines, without the note that says how many went.
fn lines_bytes(step: &Step) -> usize {
    let Some(run) = &step.run else { return 0 };
    let lines = run.logs.len().saturating_sub(usize::from(run.logs_dropped > 0));
    run.logs[..lines].iter().map(|line| size(line) + 1).sum()
}

/// Takes so many log lines off a step that about `lacking` bytes are free.
fn shorten(step: &mut Step, lacking: usize) {
    let Some(run) = &mut step.run else { return };
    let noted = run.logs_dropped > 0;
    if noted {
        run.logs.pop();
    }
    // The note needs room as well.
    let mut lacking = lacking + if noted { 0 } else { NOTE };
    while lacking > 0 {
        let Some(line) = run.logs.pop() else { break };
        lacking = lacking.saturating_sub(size(&line) + 1);
        run.logs_dropped = run.logs_dropped.saturating_add(1);
    }
    run.logs.push(LogLine {
        level: LogLevel::Warn,
        message: format!(
            "{} more lines were not kept: the record of the turn had no room for them",
            run.logs_dropped
        ),
        fields: Vec::new(),
    });
}
