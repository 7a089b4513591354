//! Moments, and what clocks on the wall of a time zone show.

use jiff_core::Timestamp;
use jiff_core::civil::{Date, DateTime, Time};
use jiff_core::tz::AmbiguousOffset;
use jiff_core::tz::tzif;

/// Names in the order of their lower-case letters, each with where its rules are in [`RULES`]: from
/// (inclusive) and to (exclusive).
static ZONES: &[(&str, usize, usize)] = include!(concat!(env!("OUT_DIR"), "/zones.rs"));
static RULES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/zones.bin"));

/// What people write where an IANA name is wanted. An abbreviation that stands for several zones is
/// left out unless one of them is by far the likeliest.
const ABBREVIATIONS: &[(&str, &str)] = &[
    ("kst", "Asia/Seoul"),
    ("korea", "Asia/Seoul"),
    ("utc+9", "Asia/Seoul"),
    ("utc+09:00", "Asia/Seoul"),
    ("gmt+9", "Asia/Seoul"),
    ("gmt+09:00", "Asia/Seoul"),
    ("+9", "Asia/Seoul"),
    ("+09:00", "Asia/Seoul"),
    ("jst", "Asia/Tokyo"),
    ("sgt", "Asia/Singapore"),
    ("hkt", "Asia/Hong_Kong"),
    ("ict", "Asia/Bangkok"),
    ("wib", "Asia/Jakarta"),
    ("ist", "Asia/Kolkata"),
    ("pst", "America/Los_Angeles"),
    ("pdt", "America/Los_Angeles"),
    ("mdt", "America/Denver"),
    ("cst", "America/Chicago"),
    ("cdt", "America/Chicago"),
    ("edt", "America/New_York"),
    ("bst", "Europe/London"),
    ("cest", "Europe/Berlin"),
    ("eest", "Europe/Helsinki"),
    ("msk", "Europe/Moscow"),
    ("aest", "Australia/Sydney"),
    ("aedt", "Australia/Sydney"),
    ("nzst", "Pacific/Auckland"),
    ("nzdt", "Pacific/Auckland"),
];

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(i64);

/// A time zone with its changes of the clock.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    name: String,
    rules: tzif::TimeZone,
}

/// A moment as a clock on the wall shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wall {
    pub(crate) moment: Moment,
    pub(crate) shown: DateTime,
    /// Seconds east of UTC.
    offset: i32,
}

impl Moment {
    const EARLIEST: Self = Self(i64::MIN);
    const LATEST: Self = Self(i64::MAX);

    /// The moment, unless it is beyond the year 9999.
    pub(crate) fn from_milliseconds(milliseconds: i64) -> Option<Self> {
        let it = Self(milliseconds);
        // A day less than calendars can hold, so that yesterday and tomorrow can be told too.
        let day = 86_400_000;
        [milliseconds.checked_sub(day)?, milliseconds.checked_add(day)?]
            .into_iter()
            .all(|edge| Timestamp::from_millisecond(edge).is_ok())
            .then_some(it)
    }

    /// Reads RFC 3339, such as `2026-11-20T09:00:00+09:00` or `2026-11-20T00:00:00Z`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let number = |range: std::ops::Range<usize>| -> Option<i64> {
            let digits = text.get(range)?;
            digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let mark = |at: usize, marks: &str| text[at..].starts_with(|c| marks.contains(c));
        let shaped = text.len() >= 20
            && text.is_ascii()
            && mark(4, "-")
            && mark(7, "-")
            && mark(10, "Tt ")
            && mark(13, ":")
            && mark(16, ":");
        if !shaped {
            return None;
        }
        let date = Date::new(
            number(0..4)?.try_into().ok()?,
            number(5..7)?.try_into().ok()?,
            number(8..10)?.try_into().ok()?,
        )
        .ok()?;
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        // A leap second is read as the second before it.
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let rest = &text[19..];
        let fraction = rest
            .strip_prefix('.')
            .map_or(0, |digits| digits.bytes().take_while(u8::is_ascii_digit).count() + 1);
        if fraction == 1 {
            return None;
        }
        let milliseconds: String =
            rest[..fraction].chars().skip(1).chain("000".chars()).take(3).collect();
        let offset = match &rest.as_bytes()[fraction..] {
            b"Z" | b"z" => 0,
            &[sign @ (b'+' | b'-'), _, _, b':', _, _] => {
                let at = 19 + fraction;
                let (hours, minutes) = (number(at + 1..at + 3)?, number(at + 4..at + 6)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let minutes = hours * 60 + minutes;
                if sign == b'-' { -minutes } else { minutes }
            }
            _ => return None,
        };
        let days = i64::from(date.to_unix_epoch_day().day());
        let seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second.min(59);
        Self::from_milliseconds(seconds * 1_000 + milliseconds.parse::<i64>().ok()?)
    }

    /// Seconds from here to `later`, counting a begun second as one.
    pub(crate) fn seconds_until(self, later: Self) -> u64 {
        u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0).div_ceil(1_000)
    }

    fn timestamp(self) -> Timestamp {
        // Moments from outside are within range, and those of a zone come from timestamps.
        Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }
}

impl From<Timestamp> for Moment {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_millisecond())
    }
}

impl Zone {
    /// The zone of this IANA name, in any case of letters.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let wanted = name.to_ascii_lowercase();
        let place =
            ZONES.binary_search_by_key(&wanted, |(name, ..)| name.to_ascii_lowercase()).ok()?;
        let (name, from, to) = ZONES[place];
        let rules = tzif::TimeZone::parse(&RULES[from..to]).ok()?;
        Some(Self { name: name.to_owned(), rules })
    }

    /// The name of the zone that was probably meant by `name`, which is none.
    pub(crate) fn meant(name: &str) -> Option<&'static str> {
        let wanted = name.trim().to_ascii_lowercase().replace(' ', "_");
        let named = |wanted: &str| {
            let wanted = wanted.to_ascii_lowercase();
            let at = ZONES.binary_search_by_key(&wanted, |(name, ..)| name.to_ascii_lowercase());
            at.ok().map(|at| ZONES[at].0)
        };
        let abbreviated = ABBREVIATIONS.iter().find(|(short, _)| *short == wanted);
        let city = || {
            // `Seoul`, `New York`.
            let of_city = |name: &str| name.rsplit('/').next() == Some(wanted.as_str());
            ZONES.iter().map(|(name, ..)| *name).find(|name| of_city(&name.to_ascii_lowercase()))
        };
        abbreviated
            .and_then(|(_, name)| named(name))
            .or_else(|| named(&wanted))
            .or_else(city)
            .or_else(|| dialgraph_plugin::nearest(&wanted, ZONES.iter().map(|(name, ..)| *name)))
    }

    /// IANA name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What the clock shows at `moment`.
    pub(crate) fn wall(&self, moment: Moment) -> Wall {
        let timestamp = moment.timestamp();
        let offset = self.rules.to_offset(timestamp);
        Wall { moment, shown: timestamp.to_datetime(offset), offset: offset.seconds() }
    }

    /// The next change of the clock, with the seconds east of UTC from then on.
    #[cfg(test)]
    pub(crate) fn next_change(&self, after: Timestamp) -> Option<(Timestamp, i32)> {
        let change = self.rules.next_transition(after)?;
        Some((change.timestamp(), change.offset().seconds()))
    }

    /// When a window begins that begins at these minutes after midnight of `date`.
    pub(crate) fn beginning(&self, date: Date, minutes: u16) -> Moment {
        self.reading(date, minutes, true).unwrap_or(Moment::LATEST)
    }

    /// When a window ends that ends at these minutes after midnight of `date`.
    pub(crate) fn end(&self, date: Date, minutes: u16) -> Moment {
        self.reading(date, minutes, false).unwrap_or(Moment::EARLIEST)
    }

    /// None: beyond the year 9999.
    fn reading(&self, date: Date, minutes: u16, first: bool) -> Option<Moment> {
        let midnight = DateTime::from_parts(date, Time::MIN);
        let civil = midnight.checked_add_seconds(i32::from(minutes) * 60).ok()?;
        let reading = self.rules.to_ambiguous_timestamp(civil);
        let at = match reading.offset() {
            AmbiguousOffset::Unambiguous { .. } => reading.compatible(),
            AmbiguousOffset::Fold { .. } if first => reading.earlier(),
            AmbiguousOffset::Fold { .. } => reading.later(),
            // `earlier` is a moment shortly before the change that leaves the reading out.
            AmbiguousOffset::Gap { .. } => reading.earlier().map(|before| {
                self.rules.next_transition(before).map_or(before, |change| change.timestamp())
            }),
        };
        at.ok().map(Moment::from)
    }
}

impl Wall {
    /// RFC 3339 in whole seconds.
    pub(crate) fn rfc3339(&self) -> String {
        let (date, time) = (self.shown.date(), self.shown.time());
        let minutes = self.offset / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        format!(
            "{}T{:02}:{:02}:{:02}{sign}{:02}:{:02}",
            iso(date),
            time.hour(),
            time.minute(),
            time.second(),
            minutes.abs() / 60,
            minutes.abs() % 60
        )
    }
}

/// Such as `2026-11-20`.
pub(crate) fn iso(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

/// `date` and the days after it, to the end of the year 9999.
pub(crate) fn days_from(date: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(date), |day| day.tomorrow().ok())
}

/// The day before, but for the first one of all.
pub(crate) fn yesterday(date: Date) -> Date {
    date.yesterday().unwrap_or(date)
}
