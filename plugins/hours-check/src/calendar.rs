//! What an operator writes down as a calendar, and its meaning once checked.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use dialgraph_plugin::Check;
use jiff_core::civil::{Date, Weekday};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::kr;
use crate::zone::{Zone, iso};

/// Days that are open beside the week, each with its times and what it is called.
type OpenDays = BTreeMap<Date, Vec<(Window, Name)>>;

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
    years: RefCell<BTreeMap<i16, Rc<[kr::Holiday]>>>,
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
    /// The calendar, unless `wrong` is told what stands against it: places in the calendar, and
    /// what is wrong there. Nothing else reads it, neither when a project is checked nor in a call.
    pub(crate) fn read(&self, wrong: &mut Wrong<'_>) -> Option<Calendar> {
        let mut reader = Reader { wrong, good: true };
        let zone = reader.zone(&self.zone);
        let Weekly { mon, tue, wed, thu, fri, sat, sun } = &self.weekly;
        let week = [
            ("mon", mon),
            ("tue", tue),
            ("wed", wed),
            ("thu", thu),
            ("fri", fri),
            ("sat", sat),
            ("sun", sun),
        ];
        let weekly = week.map(|(day, hours)| reader.windows(&format!("/weekly/{day}"), hours));
        let open_days = reader.open_days(&self.extra_open);
        let (closed_days, closed_parts) = reader.closed(&self.extra_closed, &open_days);
        let good = reader.good;
        Some(Calendar {
            zone: zone.filter(|_| good)?,
            weekly,
            holidays: self.holidays,
            closed_days,
            closed_parts,
            open_days,
            years: RefCell::default(),
        })
    }

    /// What is right and of no use, and names that callers in `locale` do not have.
    pub(crate) fn look_over(&self, check: &mut Check<'_>, at: &str) {
        let Weekly { mon, tue, wed, thu, fri, sat, sun } = &self.weekly;
        let no_hours = [mon, tue, wed, thu, fri, sat, sun].into_iter().all(Vec::is_empty);
        if no_hours && self.extra_open.is_empty() {
            check
                .warning(format!("{at}/weekly"), "the office is never open: no day has hours")
                .hint("write hours such as `mon: [[\"09:00\", \"18:00\"]]`");
        }
        let names = self.extra_closed.iter().enumerate();
        for (index, day) in names {
            day.name.look_over(check, &format!("{at}/extra_closed/{index}/name"));
        }
        if self.holidays == HolidayRules::Kr {
            for locale in check.locales() {
                if !["ko", "en"].contains(&language(locale).as_str()) {
                    check
                        .warning(
                            format!("{at}/holidays"),
                            format!("Korean holidays have no names in {locale}: `output.holiday` is in English there"),
                        )
                        .hint("do not say `output.holiday` in that language");
                }
            }
        }
    }
}

/// Takes what is wrong: a place in the calendar as a JSON Pointer, what is wrong there, and what to
/// do.
pub(crate) type Wrong<'w> = dyn FnMut(&str, String, Option<String>) + 'w;

struct Reader<'a, 'w> {
    wrong: &'a mut Wrong<'w>,
    good: bool,
}

impl Reader<'_, '_> {
    fn wrong(&mut self, at: &str, what: String, hint: Option<String>) {
        self.good = false;
        (self.wrong)(at, what, hint);
    }

    fn zone(&mut self, name: &str) -> Option<Zone> {
        let zone = Zone::named(name);
        if zone.is_none() {
            let hint = match Zone::meant(name) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write an IANA name such as `Asia/Seoul`".to_owned(),
            };
            self.wrong("/zone", format!("`{name}` is no IANA time zone"), Some(hint));
        }
        zone
    }

    fn open_days(&mut self, days: &[ExtraOpen]) -> BTreeMap<Date, Vec<Window>> {
        let mut open_days = BTreeMap::new();
        for (index, day) in days.iter().enumerate() {
            let at = format!("/extra_open/{index}");
            let date = self.date(&at, &day.date);
            if day.hours.is_empty() {
                self.wrong(
                    &format!("{at}/hours"),
                    "a day under `extra_open` needs hours".to_owned(),
                    Some("list it under `extra_closed` to close it".to_owned()),
                );
            }
            let hours = self.windows(&format!("{at}/hours"), &day.hours);
            if let Some(date) = date
                && open_days.insert(date, hours).is_some()
            {
                self.wrong(
                    &format!("{at}/date"),
                    format!("{} stands under `extra_open` twice", iso(date)),
                    Some("put all its windows into one entry".to_owned()),
                );
            }
        }
        open_days
    }

    fn closed(
        &mut self,
        days: &[ExtraClosed],
        open_days: &BTreeMap<Date, Vec<Window>>,
    ) -> (BTreeMap<Date, Name>, OpenDays) {
        let mut closed_days = BTreeMap::new();
        let mut closed_parts: BTreeMap<Date, Vec<(Window, Name)>> = BTreeMap::new();
        for (index, day) in days.iter().enumerate() {
            let at = format!("/extra_closed/{index}");
            let here = format!("{at}/date");
            let date = self.date(&at, &day.date);
            let name = day.name.clone();
            if day.from.is_none() && day.to.is_none() {
                let Some(date) = date else { continue };
                if open_days.contains_key(&date) {
                    self.wrong(
                        &here,
                        format!("{} stands under `extra_open` too", iso(date)),
                        Some("give `from` and `to` to close a part of it".to_owned()),
                    );
                } else if closed_days.insert(date, name).is_some() {
                    self.wrong(
                        &here,
                        format!("{} stands under `extra_closed` twice", iso(date)),
                        Some("keep one of the two".to_owned()),
                    );
                }
                continue;
            }
            let bound = |given: &Option<String>, key: &str, usual: &'static str| match given {
                Some(text) => (text.clone(), format!("{at}/{key}")),
                None => (usual.to_owned(), at.clone()),
            };
            let (from, to) = (bound(&day.from, "from", "00:00"), bound(&day.to, "to", "24:00"));
            let part = self.window(&at, (&from.0, &from.1), (&to.0, &to.1));
            let (Some(date), Some(part)) = (date, part) else { continue };
            let parts = closed_parts.entry(date).or_default();
            let clash = parts.iter().map(|(other, _)| *other).find(|other| other.meets(part));
            parts.push((part, name));
            if let Some(other) = clash {
                self.wrong(
                    &here,
                    format!("{} is closed from {other} and from {part}, which overlap", iso(date)),
                    Some("make one entry of the two".to_owned()),
                );
            }
        }
        (closed_days, closed_parts)
    }

    fn date(&mut self, at: &str, text: &str) -> Option<Date> {
        let date = parse_date(text);
        if date.is_none() {
            let hint = match loose_date(text) {
                Some(date) => format!("write it as `{}`", iso(date)),
                None if is_shaped(text, "dddd-dd-dd") => {
                    "the month has no such day; write one that the calendar on the wall has"
                        .to_owned()
                }
                None => "write it as `2026-12-31`".to_owned(),
            };
            self.wrong(&format!("{at}/date"), format!("`{text}` is no date"), Some(hint));
        }
        date
    }

    fn windows(&mut self, at: &str, hours: &Hours) -> Vec<Window> {
        let mut windows = Vec::new();
        for (index, (from, to)) in hours.iter().enumerate() {
            let at = format!("{at}/{index}");
            let (first, second) = (format!("{at}/0"), format!("{at}/1"));
            windows.extend(self.window(&at, (from, &first), (to, &second)).map(|w| (w, index)));
        }
        windows.sort_unstable();
        for pair in windows.windows(2) {
            let ((one, _), (other, index)) = (pair[0], pair[1]);
            if one.meets(other) {
                self.wrong(
                    &format!("{at}/{index}"),
                    format!("the windows {one} and {other} overlap"),
                    Some(
                        "make one window of them, or let one begin where the other ends".to_owned(),
                    ),
                );
            }
        }
        windows.into_iter().map(|(window, _)| window).collect()
    }

    /// Two times, each with its place.
    fn window(&mut self, at: &str, from: (&str, &str), to: (&str, &str)) -> Option<Window> {
        let (start, end) = (self.minutes(from.1, from.0), self.minutes(to.1, to.0));
        let (start, end) = (start?, end?);
        if start == DAY {
            self.wrong(
                from.1,
                "nothing begins at 24:00".to_owned(),
                Some("write it as `00:00` of the next day".to_owned()),
            );
            return None;
        }
        if start == end {
            self.wrong(
                at,
                format!("a window from {} to {} is empty", from.0, to.0),
                Some("the whole day is `00:00` to `24:00`".to_owned()),
            );
            return None;
        }
        Some(Window { from: start, to: if end < start { end + DAY } else { end } })
    }

    fn minutes(&mut self, at: &str, text: &str) -> Option<u16> {
        let minutes = parse_minutes(text);
        if minutes.is_none() {
            let hint = near_time(text).unwrap_or_else(|| {
                "write it as `09:00`, from `00:00` to `24:00`; a time that ends before it begins is on the next day"
                    .to_owned()
            });
            self.wrong(at, format!("`{text}` is no time of day"), Some(hint));
        }
        minutes
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

    /// The name of the holiday or of the extra closed day that `date` is, unless it is an extra
    /// open day.
    pub(crate) fn day_off(&self, date: Date) -> Option<Name> {
        if self.open_days.contains_key(&date) {
            return None;
        }
        if let Some(name) = self.closed_days.get(&date) {
            return Some(name.clone());
        }
        match self.holidays {
            HolidayRules::None => None,
            HolidayRules::Kr => {
                let holidays = self.korean_holidays(date.year());
                let holiday = holidays.iter().find(|holiday| holiday.date == date)?;
                Some(Name::ByLocale(holiday.names()))
            }
        }
    }

    fn korean_holidays(&self, year: i16) -> Rc<[kr::Holiday]> {
        let by_rule = || kr::holidays(year).into();
        Rc::clone(self.years.borrow_mut().entry(year).or_insert_with(by_rule))
    }
}

impl Name {
    fn look_over(&self, check: &mut Check<'_>, at: &str) {
        let blank = match self {
            Self::Plain(text) => text.trim().is_empty(),
            Self::ByLocale(texts) => {
                texts.is_empty() || texts.values().any(|text| text.trim().is_empty())
            }
        };
        if blank {
            check.error(at, "this name is empty, and callers are told it");
            return;
        }
        let Self::ByLocale(texts) = self else { return };
        for locale in check.locales() {
            if !texts.keys().any(|tag| language(tag) == language(locale)) {
                check
                    .error(at, format!("there is no name in {locale}, and callers are told it"))
                    .hint(format!("add `{locale}: …`, or write one name for all languages"));
            }
        }
    }

    /// The text for a BCP 47 tag: that of the tag, of its language, or any.
    pub(crate) fn in_locale(&self, locale: &str) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::ByLocale(texts) => texts
                .get(locale)
                .or_else(|| {
                    texts
                        .iter()
                        .find(|(tag, _)| language(tag) == language(locale))
                        .map(|(_, text)| text)
                })
                .or_else(|| texts.values().next())
                .map_or("", String::as_str),
        }
    }
}

impl Window {
    /// Whether there is a moment in both, of two that begin on one day.
    fn meets(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
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

/// `ko` of `ko-KR`.
fn language(tag: &str) -> String {
    tag.split('-').next().unwrap_or("").to_ascii_lowercase()
}

const DAY: u16 = 24 * 60;

/// Whether `text` has a digit for each `d` of `shape`, and otherwise the same characters.
fn is_shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            other => byte == other,
        })
}

/// `2026-12-31`, and nothing else.
fn parse_date(text: &str) -> Option<Date> {
    if is_shaped(text, "dddd-dd-dd") { loose_date(text) } else { None }
}

/// A date that can be guessed: `2026-2-3`, `2026.12.31`, `2026/12/31`.
fn loose_date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split(['-', '.', '/']).map(str::trim).collect();
    let &[year, month, day] = parts.as_slice() else { return None };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if year.len() != 4 || ![year, month, day].into_iter().all(digits) {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// Minutes after midnight of `09:00`, up to `24:00`.
fn parse_minutes(text: &str) -> Option<u16> {
    if !is_shaped(text, "dd:dd") {
        return None;
    }
    let (hours, minutes): (u16, u16) = (text[..2].parse().ok()?, text[3..].parse().ok()?);
    (minutes < 60 && hours * 60 + minutes <= DAY).then_some(hours * 60 + minutes)
}

/// What a time was probably meant to be.
fn near_time(text: &str) -> Option<String> {
    let (hours, minutes) = text.trim().split_once([':', '.', 'h'])?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    if hours > 48 || minutes > 99 {
        return None;
    }
    if minutes >= 60 {
        return Some(format!(
            "an hour has 60 minutes: `{hours:02}:59` is the last one of this hour"
        ));
    }
    let after = hours * 60 + minutes;
    if after > DAY {
        let next = after - DAY;
        return Some(format!(
            "write `{:02}:{:02}`: what ends before it begins is on the next day",
            next / 60,
            next % 60
        ));
    }
    Some(format!("write it as `{hours:02}:{minutes:02}`"))
}
