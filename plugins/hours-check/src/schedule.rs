//! Whether a calendar is open at a moment, and when that changes.
//!
//! A window means what a sign on a door means: it is read against the clock on the wall. So a
//! window that begins or ends inside the hour that spring leaves out does so at the moment of the
//! change; and of an hour that autumn repeats, a window takes both: it begins at the first reading
//! and ends at the second.

use jiff_core::civil::Date;

use crate::calendar::{Calendar, Name, Window};
use crate::zone::{Moment, Wall, days_from, yesterday};

/// How far ahead an opening is looked for.
const HORIZON_DAYS: usize = 400;
/// How long an opening may last before it is called endless.
const ENDLESS_DAYS: usize = 32;

/// What is true at a moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Status {
    pub(crate) now: Wall,
    pub(crate) state: State,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum State {
    Open {
        /// None: not within a month.
        closes_at: Option<Wall>,
    },
    Closed {
        reason: Reason,
        /// Name of the holiday or of the extra closed day or part of a day.
        name: Option<Name>,
        /// None: not within 400 days.
        opens_at: Option<Wall>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A public holiday, or a day that the calendar closes.
    Holiday,
    /// A part of a day that the calendar closes.
    Special,
    /// A weekday without windows.
    DayOff,
    BeforeHours,
    /// Between two windows of a day.
    Break,
    AfterHours,
}

impl Reason {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Holiday => "holiday",
            Self::Special => "special",
            Self::DayOff => "day-off",
            Self::BeforeHours => "before-hours",
            Self::Break => "break",
            Self::AfterHours => "after-hours",
        }
    }
}

/// From (inclusive) to (exclusive).
type Interval = (Moment, Moment);

impl Calendar {
    /// What is true at `moment`.
    pub(crate) fn status(&self, moment: Moment) -> Status {
        let now = self.zone.wall(moment);
        let today = now.shown.date();
        let state = match self.open_until(moment, today) {
            Some(closes) => State::Open { closes_at: closes.map(|at| self.zone.wall(at)) },
            None => {
                let (reason, name) = self.why_closed(moment, today);
                let opens_at = self.next_opening(moment, today).map(|at| self.zone.wall(at));
                State::Closed { reason, name, opens_at }
            }
        };
        Status { now, state }
    }

    /// None: closed at `moment`. Otherwise when it closes, if it does within [`ENDLESS_DAYS`].
    fn open_until(&self, moment: Moment, today: Date) -> Option<Option<Moment>> {
        let mut closes: Option<Moment> = None;
        // Windows that pass midnight may have begun yesterday.
        for date in days_from(yesterday(today)).take(ENDLESS_DAYS) {
            let mut later = false;
            for (from, to) in self.intervals(date) {
                match closes {
                    None if from <= moment && moment < to => closes = Some(to),
                    Some(end) if from <= end => closes = Some(end.max(to)),
                    Some(_) => later = true,
                    None => {}
                }
            }
            match closes {
                Some(end) if later || self.zone.wall(end).shown.date() < date => {
                    return Some(Some(end));
                }
                None if date >= today => return None,
                _ => {}
            }
        }
        closes.map(|_| None)
    }

    fn next_opening(&self, moment: Moment, today: Date) -> Option<Moment> {
        // What began yesterday can still open today, where a closed part ends after midnight.
        days_from(yesterday(today)).take(HORIZON_DAYS).find_map(|date| {
            self.intervals(date).into_iter().map(|(from, _)| from).find(|from| *from > moment)
        })
    }

    fn why_closed(&self, moment: Moment, today: Date) -> (Reason, Option<Name>) {
        if let Some(name) = self.day_off(today) {
            return (Reason::Holiday, Some(name));
        }
        let before = yesterday(today);
        for date in [today, before] {
            let hit = self.closed_parts(date).iter().find(|(part, _)| {
                let (from, to) = self.interval(date, *part);
                from <= moment
                    && moment < to
                    && self
                        .uncut(before)
                        .chain(self.uncut(today))
                        .any(|(a, b)| a <= moment && moment < b)
            });
            if let Some((_, name)) = hit {
                return (Reason::Special, Some(name.clone()));
            }
        }
        let windows: Vec<Interval> = self.uncut(today).collect();
        let reason = match (windows.first(), windows.last()) {
            (Some((first, _)), Some((_, last))) => {
                if moment < *first {
                    Reason::BeforeHours
                } else if moment >= *last {
                    Reason::AfterHours
                } else {
                    Reason::Break
                }
            }
            _ => Reason::DayOff,
        };
        (reason, None)
    }

    /// Opening times that begin on `date`, as the windows say.
    fn uncut(&self, date: Date) -> impl Iterator<Item = Interval> + '_ {
        self.windows(date).iter().map(move |window| self.interval(date, *window))
    }

    /// Opening times that begin on `date`, less the closed parts of that day and its neighbours; in
    /// order.
    fn intervals(&self, date: Date) -> Vec<Interval> {
        let mut open: Vec<Interval> = self.uncut(date).filter(|(from, to)| from < to).collect();
        for day in days_from(yesterday(date)).take(3) {
            for (part, _) in self.closed_parts(day) {
                let (from, to) = self.interval(day, *part);
                open = open
                    .into_iter()
                    .flat_map(|(a, b)| [(a, b.min(from)), (a.max(to), b)])
                    .filter(|(a, b)| a < b)
                    .collect();
            }
        }
        open
    }

    fn interval(&self, date: Date, window: Window) -> Interval {
        (self.zone.beginning(date, window.from), self.zone.end(date, window.to))
    }
}
