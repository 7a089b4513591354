//! What hours a calendar means, for Amazon Connect.
//!
//! Connect knows the hours of a week and single days that are different, but no rules such as
//! public holidays with their substitutes. So the days are worked out here, by the plugin that
//! callers are answered by: what it says is what Connect is told.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, ToSpan as _};
use serde_json::{Value, json};

use dialgraph_base::{Channel, Timestamp};
use dialgraph_connect_stack::{Day, Hours, Moment, Override, Window};
use dialgraph_kernel::plugin::{Invocation, PluginEvent, RunResult};

use crate::workshop::Workshop;

/// The plugin that knows what calendars mean.
const PLUGIN: &str = "hours-check";

/// From the first day to the last, both within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    first: Date,
    last: Date,
}

impl std::str::FromStr for Period {
    type Err = anyhow::Error;

    /// `2026-12-01..2027-12-31`.
    fn from_str(text: &str) -> Result<Self> {
        let read = || {
            let (first, last) = text.split_once("..")?;
            Some((first.parse::<Date>().ok()?, last.parse::<Date>().ok()?))
        };
        let Some((first, last)) = read() else {
            bail!("`{text}` is no time: write two dates, such as 2026-12-01..2027-12-31");
        };
        if last < first || first.duration_until(last).as_hours() > 24 * 366 * 3 {
            bail!("`{text}`: the second date must be later, by three years at most");
        }
        Ok(Self { first, last })
    }
}

/// The hours of the project's calendar `name`; without a period, only those of the week.
pub(crate) fn of(
    workshop: &Workshop,
    name: &str,
    locale: &str,
    period: Option<Period>,
) -> Result<Hours> {
    let calendars = workshop.project().calendars();
    let calendar = calendars.get(name).with_context(|| format!("there is no calendar `{name}`"))?;
    let wrong = || format!("calendar `{name}`");
    let zone = calendar["zone"].as_str().context("it has no `zone`").with_context(wrong)?;
    let weekly = weekly(&calendar["weekly"]).with_context(wrong)?;
    let overrides = match period {
        Some(period) => {
            let days = Days { workshop, calendar, locale, zone: TimeZone::get(zone)? };
            days.different(&weekly, period).with_context(wrong)?
        }
        None => Vec::new(),
    };
    let weekly = weekly
        .into_iter()
        .flat_map(|(day, windows)| windows.into_iter().map(move |window| (day, window)));
    Ok(Hours { name: name.to_owned(), zone: zone.to_owned(), weekly: weekly.collect(), overrides })
}

type Week = BTreeMap<Day, Vec<Window>>;

/// `{mon: [["09:00", "18:00"]], …}`; what goes on past midnight is cut there.
fn weekly(given: &Value) -> Result<Week> {
    const WORDS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let mut week = Week::new();
    for (index, word) in WORDS.iter().enumerate() {
        for window in given[word].as_array().into_iter().flatten() {
            let at = |end: usize| {
                let text = window[end].as_str().unwrap_or_default();
                moment(text).with_context(|| format!("`{text}` under `{word}` is no time of a day"))
            };
            let (from, until) = (at(0)?, at(1)?);
            let day = Day::ALL[index];
            if from < until {
                week.entry(day).or_default().push(Window { from, until });
                continue;
            }
            let Window { from: midnight, until: end } = Window::WHOLE_DAY;
            week.entry(day).or_default().push(Window { from, until: end });
            if until > midnight {
                let next = Day::ALL[(index + 1) % 7];
                week.entry(next).or_default().push(Window { from: midnight, until });
            }
        }
    }
    for windows in week.values_mut() {
        windows.sort_by_key(|window| window.from);
    }
    Ok(week)
}

/// `09:00`; `24:00` is the end of a day.
fn moment(text: &str) -> Option<Moment> {
    let (hour, minute) = text.split_once(':')?;
    let moment = Moment { hour: hour.parse().ok()?, minute: minute.parse().ok()? };
    let fits = moment.minute < 60 && (moment.hour < 24 || moment.hour == 24 && moment.minute == 0);
    fits.then_some(moment)
}

/// Asks the plugin about days.
struct Days<'w> {
    workshop: &'w Workshop,
    calendar: &'w Value,
    locale: &'w str,
    zone: TimeZone,
}

impl Days<'_> {
    /// The days of `period` that are not as `week` says.
    fn different(&self, week: &Week, period: Period) -> Result<Vec<Override>> {
        let mut days = Vec::new();
        let mut date = period.first;
        while date <= period.last {
            let next = date.tomorrow().context("there is no later day")?;
            let day = Day::ALL[usize::try_from(date.weekday().to_monday_zero_offset())?];
            let (windows, name) = self.day(date, next)?;
            if windows != week.get(&day).map_or(&[][..], Vec::as_slice) {
                days.push(Override { date: date.to_string(), day, name, windows });
            }
            date = next;
        }
        Ok(days)
    }

    /// When it is open on a day, and what the day is called.
    fn day(&self, date: Date, next: Date) -> Result<(Vec<Window>, String)> {
        let begin = self.zone.to_ambiguous_zoned(date.at(0, 0, 0, 0)).compatible()?.timestamp();
        let end = self.zone.to_ambiguous_zoned(next.at(0, 0, 0, 0)).compatible()?.timestamp();
        let (mut windows, mut name) = (Vec::new(), String::new());
        let mut at = begin;
        while at < end {
            let output = self.ask(at)?;
            if let Some(holiday) = output["holiday"].as_str() {
                name = holiday.to_owned();
            }
            let open = output["open"] == true;
            let until = &output[if open { "closes_at" } else { "next_open" }];
            let until = match until.as_str() {
                Some(until) => {
                    until.parse::<Instant>().context("the plugin names no time")?.min(end)
                }
                None => end,
            };
            if open {
                windows.push(Window { from: self.moment(at), until: self.end(until, end) });
            }
            // The plugin never tells of a change that is not ahead; were it to, this still ends.
            at = until.max(at.checked_add(1.second())?);
        }
        Ok((windows, name))
    }

    fn moment(&self, at: Instant) -> Moment {
        let local = self.zone.to_datetime(at);
        // Hours and minutes of a clock are never negative.
        let part = |part: i8| u8::try_from(part).unwrap_or_default();
        Moment { hour: part(local.hour()), minute: part(local.minute()) }
    }

    fn end(&self, at: Instant, end: Instant) -> Moment {
        if at == end { Window::WHOLE_DAY.until } else { self.moment(at) }
    }

    /// What the plugin says of a moment.
    fn ask(&self, at: Instant) -> Result<Value> {
        let config = json!({"calendar": self.calendar}).to_string();
        let input = json!({"at": at.to_string()}).to_string();
        let now = Timestamp(u64::try_from(at.as_millisecond())?);
        let invocation = Invocation {
            call_id: "calendar",
            channel: Channel::default(),
            locale: self.locale,
            caller: None,
            dialed: None,
            started_at: now,
            now,
            flow: "calendar",
            node: "calendar",
            invocation_id: "calendar/1",
            turn: 0,
            seed: 1,
            limits: None,
            config: &config,
            input: &input,
            state: None,
            event: &PluginEvent::Entered,
        };
        let report = self.workshop.run(PLUGIN, &invocation).with_context(|| {
            format!("days off are known to the plugin `{PLUGIN}`, which cannot be loaded; `dialgraph check` says why")
        })?;
        match report.result {
            RunResult::Done(done) if done.output["open"].is_boolean() => Ok(done.output),
            RunResult::Done(done) => {
                let port = done.port;
                bail!("the plugin `{PLUGIN}` leaves by `{port}`: {}", done.output)
            }
            other => bail!("the plugin `{PLUGIN}` failed: {other:?}"),
        }
    }
}
