//! Public holidays of the Republic of Korea by rule.
//!
//! The rules are those of the regulation on public holidays of government offices, as it stood in
//! each year: which days are holidays, and which of them get a substitute when they fall on a
//! weekend or on another holiday. Lunar days come from a calendar library, days that no rule gives
//! from [`crate::one_off`]. Years from 2014 on are right; before that there were no substitutes of
//! this kind, and none is given.

use std::collections::BTreeMap;

use icu_calendar::types::Month;
use jiff_core::civil::{Date, Weekday};

use crate::one_off;
use crate::zone::days_from;

/// A day of the year that is a public holiday, with one or more reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holiday {
    pub(crate) date: Date,
    reasons: Vec<Reason>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reason {
    korean: &'static str,
    english: &'static str,
    substitute: bool,
}

/// When a holiday gets a substitute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Substitute {
    Never,
    /// When it falls on a Sunday, or on a working day that is another holiday.
    Sunday,
    /// As `Sunday`, and on a Saturday too.
    Weekend,
}

struct Day {
    date: Date,
    korean: &'static str,
    english: &'static str,
    /// What its substitute is called.
    feast: (&'static str, &'static str),
    substitute: Substitute,
}

impl Holiday {
    /// What it is called, by BCP 47 tag.
    pub(crate) fn names(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("ko-KR".to_owned(), self.joined(|r| r.korean, " 대체 휴일")),
            ("en-US".to_owned(), self.joined(|r| r.english, " (substitute holiday)")),
        ])
    }

    fn joined(&self, text: impl Fn(&Reason) -> &'static str, substitute: &str) -> String {
        let mut joined = String::new();
        for reason in &self.reasons {
            if !joined.is_empty() {
                joined.push_str(", ");
            }
            joined.push_str(text(reason));
            if reason.substitute {
                joined.push_str(substitute);
            }
        }
        joined
    }
}

/// The holiday that `date` is, if it is one.
#[cfg(test)]
pub(crate) fn holiday(date: Date) -> Option<Holiday> {
    holidays(date.year()).into_iter().find(|holiday| holiday.date == date)
}

/// All holidays of a year, in order.
///
/// Substitutes never leave the year: the last feast that has one is Christmas.
pub(crate) fn holidays(year: i16) -> Vec<Holiday> {
    let mut days = by_rule(year);
    days.sort_by_key(|day| day.date);

    let mut found: BTreeMap<Date, Vec<Reason>> = BTreeMap::new();
    for &(y, month, day, korean, english) in one_off::DAYS.iter().filter(|day| day.0 == year) {
        let Ok(date) = Date::new(y, month, day) else { continue };
        found.entry(date).or_default().push(Reason { korean, english, substitute: false });
    }
    for day in &days {
        found.entry(day.date).or_default().push(Reason {
            korean: day.korean,
            english: day.english,
            substitute: false,
        });
    }

    for substitute in substitutes(&days, &found) {
        let (date, reason) = substitute;
        found.entry(date).or_default().push(reason);
    }
    found.into_iter().map(|(date, reasons)| Holiday { date, reasons }).collect()
}

/// Substitutes, by the day on which they fall.
///
/// Days are taken in order and each substitute occupies its day, so that a second one moves on to
/// the next free day. Two feasts that share one working day lose one day together, and get one.
fn substitutes(days: &[Day], holidays: &BTreeMap<Date, Vec<Reason>>) -> Vec<(Date, Reason)> {
    let mut given: Vec<(Date, Reason)> = Vec::new();
    let mut index = 0;
    while index < days.len() {
        let day = days[index].date;
        let same: &[Day] = {
            let end = days[index..].iter().take_while(|other| other.date == day).count();
            index += end;
            &days[index - end..index]
        };
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        if weekend {
            for feast in same.iter().filter(|feast| feast.lost_to_weekend()) {
                let free = next_free(day, holidays, &given);
                given.push((free, feast.substitute_reason()));
            }
        } else if same.len() > 1 {
            let free = next_free(day, holidays, &given);
            // A day that a long feast shares is made up for in the feast's name.
            let long = same.iter().any(|feast| feast.substitute == Substitute::Sunday);
            given.extend(
                same.iter()
                    .filter(|feast| feast.substitute != Substitute::Never)
                    .filter(|feast| !long || feast.substitute == Substitute::Sunday)
                    .map(|feast| (free, feast.substitute_reason())),
            );
        }
    }
    given
}

/// The first day after `day` that is no Saturday, Sunday, holiday or substitute.
fn next_free(day: Date, holidays: &BTreeMap<Date, Vec<Reason>>, given: &[(Date, Reason)]) -> Date {
    days_from(day)
        .skip(1)
        .find(|next| {
            !matches!(next.weekday(), Weekday::Saturday | Weekday::Sunday)
                && !holidays.contains_key(next)
                && !given.iter().any(|(date, _)| date == next)
        })
        // Only at the end of the year 9999 there is no further day.
        .unwrap_or(day)
}

impl Day {
    fn lost_to_weekend(&self) -> bool {
        match self.substitute {
            Substitute::Never => false,
            Substitute::Sunday => self.date.weekday() == Weekday::Sunday,
            Substitute::Weekend => true,
        }
    }

    fn substitute_reason(&self) -> Reason {
        Reason { korean: self.feast.0, english: self.feast.1, substitute: true }
    }
}

/// Feasts of a year without substitutes and without one-off days.
fn by_rule(year: i16) -> Vec<Day> {
    let since = |first: i16, rule: Substitute| if year >= first { rule } else { Substitute::Never };
    // The years in which a substitute could first have been taken under each amendment.
    let long_feasts = since(2014, Substitute::Sunday);
    let children = since(2014, Substitute::Weekend);
    let independence_movement = since(2022, Substitute::Weekend);
    let national_days = since(2021, Substitute::Weekend);
    let religious = since(2023, Substitute::Weekend);
    let added_2026 = since(2026, Substitute::Weekend);

    let mut days: Vec<Day> = [
        fixed(year, 1, 1, "신정연휴", "New Year's Day", Substitute::Never),
        fixed(year, 3, 1, "삼일절", "Independence Movement Day", independence_movement),
        fixed(year, 5, 5, "어린이날", "Children's Day", children),
        fixed(year, 6, 6, "현충일", "Memorial Day", Substitute::Never),
        fixed(year, 8, 15, "광복절", "Liberation Day", national_days),
        fixed(year, 10, 3, "개천절", "National Foundation Day", national_days),
        fixed(year, 10, 9, "한글날", "Hangul Day", national_days),
        fixed(year, 12, 25, "기독탄신일", "Christmas Day", religious),
    ]
    .into_iter()
    .flatten()
    .collect();
    if year >= 2026 {
        days.extend(fixed(year, 5, 1, "노동절", "Labor Day", added_2026));
        days.extend(fixed(year, 7, 17, "제헌절", "Constitution Day", added_2026));
    }
    if let Some(birthday) = lunar(year, 4, 8) {
        // Renamed in 2017.
        let korean = if year < 2017 { "석가탄신일" } else { "부처님오신날" };
        let feast = (korean, "Buddha's Birthday");
        days.push(Day {
            date: birthday,
            korean: feast.0,
            english: feast.1,
            feast,
            substitute: religious,
        });
    }
    let long = [
        (
            lunar(year, 1, 1),
            ("설날", "Korean New Year"),
            ["설날 전날", "설날 다음날"],
            ["The day before Korean New Year", "The day after Korean New Year"],
        ),
        (
            lunar(year, 8, 15),
            ("추석", "Chuseok"),
            ["추석 전날", "추석 다음날"],
            ["The day before Chuseok", "The day after Chuseok"],
        ),
    ];
    for (middle, feast, korean, english) in long {
        let Some(middle) = middle else { continue };
        let names = [(korean[0], english[0]), feast, (korean[1], english[1])];
        for (offset, (korean, english)) in (-1..).zip(names) {
            let Ok(date) = middle.checked_add(offset) else { continue };
            days.push(Day { date, korean, english, feast, substitute: long_feasts });
        }
    }
    days
}

fn fixed(
    year: i16,
    month: i8,
    day: i8,
    korean: &'static str,
    english: &'static str,
    substitute: Substitute,
) -> Option<Day> {
    let date = Date::new(year, month, day).ok()?;
    Some(Day { date, korean, english, feast: (korean, english), substitute })
}

/// The day on which a month and day of the Korean lunar year fall; leap months hold no feast.
fn lunar(year: i16, month: u8, day: u8) -> Option<Date> {
    let lunar =
        icu_calendar::Date::try_new_korean_traditional(year.into(), Month::new(month), day).ok()?;
    let iso = lunar.to_calendar(icu_calendar::Iso);
    Date::new(
        i16::try_from(iso.year().extended_year()).ok()?,
        i8::try_from(iso.month().ordinal).ok()?,
        i8::try_from(iso.day_of_month().0).ok()?,
    )
    .ok()
}
