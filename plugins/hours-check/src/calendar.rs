//! What an operator writes down as a calendar, and its meaning once checked.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use jiff_core::civil::{Date, Weekday};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::kr;
use crate::zone::{Zone, iso};

/// A checked calendar.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    pub(crate) zone: Zone,
    /// Monday first.
    weekly: [Vec<Window>; 7],
    holidays: HolidayRules,
    closed_days: BTreeMap<Date, Name>,
    closed_parts: BTreeMap<Date, Vec<(Window, Name)>>,
    open_days: BTreeMap<Date, Vec<Window>>,
    /// Public holidays of the years that were asked for.
    years: RefCell<BTreeMap<i16, Rc<BTreeMap<Date, Name>>>>,
}

/// Minutes after midnight of the day on which it begins: from (inclusive) and to (exclusive).
///
/// `to` is larger than `from` and passes 24 hours when the window ends on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Window {
    pub(crate) from: u16,
    pub(crate) to: u16,
}

/// Whose public holidays close the office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HolidayRules {
    #[default]
    /// Nobody's.
    None,
    /// Those of the Republic of Korea, with their substitutes.
    Kr,
}

/// A text that may differ by locale.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Name {
    Plain(String),
    ByLocale(BTreeMap<String, String>),
}

/// Why a calendar cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("calendar: `{field}`: {problem}")]
pub(crate) struct CalendarError {
    field: String,
    problem: String,
}

/// When an office is open.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    /// IANA time zone, such as `Asia/Seoul`.
    zone: String,
    weekly: Weekly,
    /// Whose public holidays close the office.
    #[serde(default)]
    holidays: HolidayRules,
    /// Days, or parts of days, on which the office is closed besides.
    #[serde(default)]
    extra_closed: Vec<ExtraClosed>,
    /// Days with hours of their own, in place of the week's and in spite of holidays.
    #[serde(default)]
    extra_open: Vec<ExtraOpen>,
}

/// Windows: from and to as `09:00`, to at most `24:00`; `to` before `from` is on the next day.
type Hours = Vec<(String, String)>;

/// Windows of each weekday; a day that is left out is closed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Weekly {
    mon: Hours,
    tue: Hours,
    wed: Hours,
    thu: Hours,
    fri: Hours,
    sat: Hours,
    sun: Hours,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExtraClosed {
    /// Such as `2026-12-31`.
    date: String,
    /// What callers are told.
    name: Name,
    /// Closed from then on; without `from` and `to` the whole day.
    #[serde(default)]
    from: Option<String>,
    /// Closed until then.
    #[serde(default)]
    to: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExtraOpen {
    /// Such as `2026-12-31`.
    date: String,
    hours: Hours,
    /// For the reader of the file alone.
    #[serde(default, rename = "name")]
    _name: Option<Name>,
}

impl Written {
    /// Checks the calendar and makes it ready for use.
    pub(crate) fn check(self) -> Result<Calendar, CalendarError> {
        let zone = Zone::named(&self.zone).ok_or_else(|| {
            error(
                "zone",
                format!("`{}` is no IANA time zone; write one such as `Asia/Seoul`", self.zone),
            )
        })?;
        let Weekly { mon, tue, wed, thu, fri, sat, sun } = self.weekly;
        let weekly = [
            windows("weekly.mon", &mon)?,
            windows("weekly.tue", &tue)?,
            windows("weekly.wed", &wed)?,
            windows("weekly.thu", &thu)?,
            windows("weekly.fri", &fri)?,
            windows("weekly.sat", &sat)?,
            windows("weekly.sun", &sun)?,
        ];

        let mut open_days = BTreeMap::new();
        for (index, day) in self.extra_open.iter().enumerate() {
            let field = format!("extra_open[{index}]");
            let date = parse_date(&field, &day.date)?;
            let hours = windows(&format!("{field}.hours"), &day.hours)?;
            if hours.is_empty() {
                return Err(error(
                    field,
                    "`hours` is empty; list the day under `extra_closed` to close it",
                ));
            }
            if open_days.insert(date, hours).is_some() {
                return Err(error(
                    field,
                    format!("{} is listed twice; put all its windows into one entry", iso(date)),
                ));
            }
        }

        let mut closed_days = BTreeMap::new();
        let mut closed_parts: BTreeMap<Date, Vec<(Window, Name)>> = BTreeMap::new();
        for (index, day) in self.extra_closed.into_iter().enumerate() {
            let field = format!("extra_closed[{index}]");
            let date = parse_date(&field, &day.date)?;
            if day.from.is_some() || day.to.is_some() {
                let from = day.from.as_deref().unwrap_or("00:00");
                let to = day.to.as_deref().unwrap_or("24:00");
                let part = window(&field, from, to)?;
                closed_parts.entry(date).or_default().push((part, day.name));
            } else if open_days.contains_key(&date) {
                return Err(error(
                    field,
                    format!(
                        "{} is under `extra_open` too; give `from` and `to` to close a part of it",
                        iso(date)
                    ),
                ));
            } else {
                closed_days.insert(date, day.name);
            }
        }

        Ok(Calendar {
            zone,
            weekly,
            holidays: self.holidays,
            closed_days,
            closed_parts,
            open_days,
            years: RefCell::default(),
        })
    }
}

impl Calendar {
    /// Opening windows that begin on `date`, in order.
    pub(crate) fn windows(&self, date: Date) -> &[Window] {
        if let Some(windows) = self.open_days.get(&date) {
            windows
        } else if self.day_off(date).is_some() {
            &[]
        } else {
            self.usual_windows(date)
        }
    }

    /// What the week alone says of `date`.
    pub(crate) fn usual_windows(&self, date: Date) -> &[Window] {
        &self.weekly[usize::from(weekday_index(date.weekday()))]
    }

    /// Parts of `date` in which the office is closed in spite of its windows.
    pub(crate) fn closed_parts(&self, date: Date) -> &[(Window, Name)] {
        self.closed_parts.get(&date).map_or(&[], Vec::as_slice)
    }

    /// The name of the holiday or of the extra closed day that `date` is, unless it is an extra open day.
    pub(crate) fn day_off(&self, date: Date) -> Option<Name> {
        if self.open_days.contains_key(&date) {
            return None;
        }
        if let Some(name) = self.closed_days.get(&date) {
            return Some(name.clone());
        }
        match self.holidays {
            HolidayRules::None => None,
            HolidayRules::Kr => self.korean_holidays(date.year()).get(&date).cloned(),
        }
    }

    fn korean_holidays(&self, year: i16) -> Rc<BTreeMap<Date, Name>> {
        let by_rule = || {
            let days = kr::holidays(year).into_iter();
            Rc::new(days.map(|day| (day.date, Name::ByLocale(day.names()))).collect())
        };
        Rc::clone(self.years.borrow_mut().entry(year).or_insert_with(by_rule))
    }
}

impl Name {
    /// The text for a BCP 47 tag: that of the tag, of its language, or any.
    pub(crate) fn in_locale(&self, locale: &str) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::ByLocale(texts) => {
                let language = |tag: &str| tag.split('-').next().unwrap_or("").to_ascii_lowercase();
                texts
                    .get(locale)
                    .or_else(|| {
                        texts
                            .iter()
                            .find(|(tag, _)| language(tag) == language(locale))
                            .map(|(_, text)| text)
                    })
                    .or_else(|| texts.values().next())
                    .map_or("", String::as_str)
            }
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:02}:{:02}–{:02}:{:02}",
            self.from / 60,
            self.from % 60,
            self.to / 60,
            self.to % 60
        )
    }
}

/// 0 for Monday.
fn weekday_index(day: Weekday) -> u8 {
    // `to_monday_zero_offset` is 0 to 6.
    day.to_monday_zero_offset().unsigned_abs()
}

fn error(field: impl Into<String>, problem: impl Into<String>) -> CalendarError {
    CalendarError { field: field.into(), problem: problem.into() }
}

fn parse_date(field: &str, text: &str) -> Result<Date, CalendarError> {
    let parts: Option<Vec<i16>> = text.split('-').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some(&[year, month, day]) if text.len() == 10 => {
            let month = i8::try_from(month).unwrap_or(0);
            let day = i8::try_from(day).unwrap_or(0);
            Date::new(year, month, day).ok()
        }
        _ => None,
    }
    .ok_or_else(|| error(field, format!("`{text}` is no date; write it as `2026-12-31`")))
}

fn windows(field: &str, hours: &Hours) -> Result<Vec<Window>, CalendarError> {
    let mut windows =
        hours.iter().map(|(from, to)| window(field, from, to)).collect::<Result<Vec<_>, _>>()?;
    windows.sort_unstable();
    if let Some(pair) = windows.windows(2).find(|pair| pair[0].to > pair[1].from) {
        return Err(error(field, format!("the windows {} and {} overlap", pair[0], pair[1])));
    }
    Ok(windows)
}

fn window(field: &str, from: &str, to: &str) -> Result<Window, CalendarError> {
    let start = minutes(field, from)?;
    let end = minutes(field, to)?;
    if start == DAY {
        return Err(error(
            field,
            "a window cannot begin at 24:00; write it as 00:00 of the next day",
        ));
    }
    if start == end {
        return Err(error(
            field,
            format!("a window from {from} to {to} is empty; the whole day is 00:00 to 24:00"),
        ));
    }
    Ok(Window { from: start, to: if end < start { end + DAY } else { end } })
}

const DAY: u16 = 24 * 60;

fn minutes(field: &str, text: &str) -> Result<u16, CalendarError> {
    let parsed = match text.as_bytes() {
        &[h1, h2, b':', m1, m2] if [h1, h2, m1, m2].iter().all(u8::is_ascii_digit) => {
            let two = |tens: u8, ones: u8| u16::from(tens - b'0') * 10 + u16::from(ones - b'0');
            let (hours, minutes) = (two(h1, h2), two(m1, m2));
            (minutes < 60 && hours * 60 + minutes <= DAY).then_some(hours * 60 + minutes)
        }
        _ => None,
    };
    parsed.ok_or_else(|| {
        error(field, format!("`{text}` is no time of day; write it as `09:00`, up to `24:00`"))
    })
}
