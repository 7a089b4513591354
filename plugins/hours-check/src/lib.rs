//! `hours-check`: tells a flow whether an office is open, why not, and when it opens next.
//!
//! Why it exists: "are we open?" is a question of time zones, changing clocks, holidays that move
//! with the moon, and laws that change; a flow should not have to know any of that.
//!
//! Invariants: the answer depends on the calendar and the moment alone; no data is kept, no
//! capability but the call's clock is used. It must not know which office it is asked about.

mod calendar;
mod kr;
mod one_off;
mod schedule;
#[cfg(test)]
mod tests;
mod zone;

use dialgraph_plugin::prelude::*;
use jiff_core::civil::{Date, Weekday};

use crate::calendar::Written;
use crate::schedule::State;
use crate::zone::{Moment, Wall, iso};

/// Which calendar to look into.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of a calendar of the project.
    #[schemars(extend("x-dialgraph-ref" = "calendar"))]
    calendar: Written,
}

/// Which moment to look at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// RFC 3339, such as `2026-11-20T09:00:00+09:00`; left out: now.
    #[serde(default)]
    at: Option<String>,
}

/// What is true at that moment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// True on port `open`.
    open: bool,
    /// `open`, `holiday`, `special` (a part of a day is closed), `day-off` (a weekday without
    /// hours), `before-hours`, `break` (between two windows) or `after-hours`.
    reason: &'static str,
    /// Name of the holiday or of the extra closed day, in the call's language.
    holiday: Option<String>,
    /// The office's date, such as `2026-11-20`.
    date: String,
    /// The office's weekday: `monday` to `sunday`.
    weekday: &'static str,
    /// IANA name of the calendar's time zone.
    zone: String,
    /// When it closes, in RFC 3339; null when it is closed, or does not close within a month.
    closes_at: Option<String>,
    /// Whole minutes until it closes.
    minutes_until_close: Option<u64>,
    /// When it opens next, in RFC 3339; null when it is open, or does not open within 400 days.
    next_open: Option<String>,
    /// `today`, `tomorrow` or `later`.
    next_open_day: Option<&'static str>,
    /// Minutes until it opens, counting a begun minute as one.
    minutes_until_open: Option<u64>,
}

/// The plugin.
#[derive(Debug)]
pub struct HoursCheck;

const OPEN: Port = Port::new("open", "The office is open.");
const CLOSED: Port = Port::new(
    "closed",
    "The office is closed; `output.reason` and `output.holiday` say why, `output.next_open` until when.",
);

impl Node for HoursCheck {
    type Config = Config;
    type Input = Input;
    type Output = Output;
    type State = ();
    const DESCRIPTOR: Descriptor = Descriptor {
        name: "hours-check",
        version: env!("CARGO_PKG_VERSION"),
        summary: "Tells whether an office is open, why not, and when it opens next.",
        ports: &[OPEN, CLOSED],
        config_schema: include_str!("../schema/config.json"),
        input_schema: include_str!("../schema/input.json"),
        output_schema: include_str!("../schema/output.json"),
    };

    fn check(config: &Config, check: &mut Check<'_>) {
        let mut wrong = Vec::new();
        config.calendar.read(&mut |at, what, hint| wrong.push((at.to_owned(), what, hint)));
        for (at, what, hint) in wrong {
            check.error(format!("/calendar{at}"), what).hint = hint;
        }
        config.calendar.look_over(check, "/calendar");
    }

    fn run(host: &Host, visit: Visit<Config, Input, ()>) -> Result<Outcome<(), Output>, NodeError> {
        let mut first = None;
        let read = visit.config.calendar.read(&mut |at, what, _| {
            first.get_or_insert_with(|| {
                format!("calendar: `{}`: {what}", at.trim_start_matches('/'))
            });
        });
        let calendar =
            read.ok_or_else(|| NodeError::bad_config("bad-calendar", first.unwrap_or_default()))?;
        let moment = match visit.input.at.as_deref() {
            Some(text) => Moment::parse(text).ok_or_else(|| {
                NodeError::other(
                    "bad-moment",
                    "with: `at` is no RFC 3339 time; write it as `2026-11-20T09:00:00+09:00`",
                )
            })?,
            None => i64::try_from(host.now()).ok().and_then(Moment::from_milliseconds).ok_or_else(
                || NodeError::other("bad-clock", "the clock shows a time beyond the year 9999"),
            )?,
        };

        let status = calendar.status(moment);
        let today = status.now.shown.date();
        let mut output = Output {
            open: false,
            reason: "open",
            holiday: None,
            date: iso(today),
            weekday: weekday(today),
            zone: calendar.zone.name().to_owned(),
            closes_at: None,
            minutes_until_close: None,
            next_open: None,
            next_open_day: None,
            minutes_until_open: None,
        };
        match status.state {
            State::Open { closes_at } => {
                output.open = true;
                output.minutes_until_close =
                    closes_at.as_ref().map(|at| moment.seconds_until(at.moment) / 60);
                output.closes_at = closes_at.as_ref().map(Wall::rfc3339);
                Ok(Done::new(OPEN, output).into())
            }
            State::Closed { reason, name, opens_at } => {
                output.reason = reason.as_str();
                output.holiday = name.map(|name| name.in_locale(host.locale()).to_owned());
                output.minutes_until_open =
                    opens_at.as_ref().map(|at| moment.seconds_until(at.moment).div_ceil(60));
                output.next_open_day =
                    opens_at.as_ref().map(|at| match today.until(at.shown.date()) {
                        0 => "today",
                        1 => "tomorrow",
                        _ => "later",
                    });
                output.next_open = opens_at.as_ref().map(Wall::rfc3339);
                Ok(Done::new(CLOSED, output).into())
            }
        }
    }
}

fn weekday(date: Date) -> &'static str {
    match date.weekday() {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}

dialgraph_plugin::export!(HoursCheck);
