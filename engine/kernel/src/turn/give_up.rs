//! The last resort for a turn that no store would take.

use dialgraph_base::depth;
use dialgraph_flow::Release;

use super::Finished;
use crate::call::Status;
use crate::contact::EndedBy;
use crate::directive::Then;
use crate::event::Event;
use crate::plugin::{Failure, FailureKind};
use crate::ports::cut;
use crate::values::size;

/// How a call ended whose turn could not be saved.
pub const UNSAVED: &str = "unsaved";

/// Steps that are kept: the last ones.
const STEPS: usize = 20;
/// Bytes of an attribute, and of all, that are kept.
const ATTRIBUTE_BYTES: usize = 4 << 10;
const ATTRIBUTES_BYTES: usize = 60 << 10;
/// Bytes of what the caller said that are kept.
const EVENT_BYTES: usize = 8 << 10;
/// Bytes of all words that are kept.
const WORDS_BYTES: usize = 100 << 10;

impl Finished {
    /// Makes of a turn that cannot be saved one that can: without what it asked, logged and set,
    /// and with an ending that says so. A call that had come to its own end keeps that; any other
    /// goes to the fallback queue of `release`, for it would be in the hands of its flow for ever.
    pub fn give_up(&mut self, release: &Release, why: &str) {
        // What the turn took is gone with its steps, and what it closed stays closed.
        let Self { call, record, .. } = self;
        record.arrived.clear();
        call.hooks.clear();
        let excess = record.steps.len().saturating_sub(STEPS);
        record.steps.drain(..excess);
        for step in &mut record.steps {
            step.set.clear();
            step.why = None;
            if let Some(run) = &mut step.run {
                run.logs.clear();
            }
            step.failure = step.failure.take().map(Failure::cut);
        }
        if let Some(step) = record.steps.last_mut() {
            step.failure = Some(
                Failure {
                    kind: FailureKind::Engine,
                    code: "turn-unsaved".to_owned(),
                    message: format!(
                        "the turn could not be saved, so what it asked, logged and set was left \
                        out: {why}"
                    ),
                    backtrace: Vec::new(),
                }
                .cut(),
            );
        }
        record.entries.clear();
        match &mut record.event {
            Event::Said { text, .. } | Event::Pressed(text) | Event::DirectiveFailed(text) => {
                cut(text, EVENT_BYTES);
            }
            Event::Entered
            | Event::Silent
            | Event::HungUp
            | Event::Resumed
            | Event::Unanswered
            | Event::Contact(_)
            | Event::After => {}
        }
        let mut words = 0;
        record.directives.say.retain(|speech| {
            words += size(speech);
            words <= WORDS_BYTES
        });
        let mut attributes = 0;
        call.attributes.retain(|_, value| {
            let bytes = size(value);
            let keep = bytes <= ATTRIBUTE_BYTES
                && attributes + bytes <= ATTRIBUTES_BYTES
                && depth::check(value).is_ok();
            attributes += if keep { bytes } else { 0 };
            keep
        });
        call.frames.clear();
        if matches!(call.status, Status::New | Status::Active) {
            let disposition = UNSAVED.into();
            if record.event.is_end() {
                call.over(record.at, EndedBy::Channel);
                call.status = Status::Ended { disposition, queue: None };
                record.directives.then = Then::HangUp;
            } else {
                let queue = release.fallback.queue.clone();
                call.handed(record.at);
                call.status = Status::Handed { disposition, queue: Some(queue.name.clone()) };
                record.directives.then = Then::Queue(queue);
            }
        }
    }
}
