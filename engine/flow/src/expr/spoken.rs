//! Digits, dates and times in words, as a person of the locale says them.

use dialgraph_base::phone::Country;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A language that this module speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Korean,
    English,
}

impl Language {
    /// The language of a BCP 47 tag; none when it is one that is not spoken here.
    pub(super) fn of(locale: &str) -> Option<Self> {
        match primary(locale).to_ascii_lowercase().as_str() {
            "ko" => Some(Self::Korean),
            "en" => Some(Self::English),
            _ => None,
        }
    }
}

/// Whether dates, amounts, yes and no can be said in `locale`.
pub(crate) fn has_words(locale: &str) -> bool {
    Language::of(locale).is_some()
}

/// `ko` of `ko-KR`.
fn primary(locale: &str) -> &str {
    locale.split(['-', '_']).next().unwrap_or(locale)
}

/// Every digit and letter by itself: `일 이 삼`. Blanks, hyphens, dots, brackets and commas are not
/// spoken.
pub(super) fn digits(text: &str, language: Option<Language>) -> String {
    let mut words: Vec<String> = Vec::new();
    for c in text.chars() {
        match (word_for(c, language), c) {
            (Some(word), _) => words.push(word.to_owned()),
            (None, '-' | '.' | ',' | '(' | ')' | '/') => {}
            (None, c) if c.is_whitespace() => {}
            (None, c) => words.push(c.to_string()),
        }
    }
    words.join(" ")
}

/// A country by its code; none where the text is empty.
pub(super) fn country(code: &str) -> Result<Option<Country>, String> {
    match code {
        "" => Ok(None),
        code => Country::of(code)
            .map(Some)
            .ok_or_else(|| "not a country by its code of ISO 3166-1, such as KR".to_owned()),
    }
}

/// A telephone number digit by digit, with a pause between the groups in which people write it.
pub(super) fn phone(text: &str, country: Option<Country>, language: Option<Language>) -> String {
    let groups = dialgraph_base::phone::groups(text, country);
    let spoken: Vec<String> = groups.iter().map(|group| digits(group, language)).collect();
    spoken.join(", ")
}

fn word_for(c: char, language: Option<Language>) -> Option<&'static str> {
    let (korean, english) = match c {
        '0' => ("공", "zero"),
        '1' => ("일", "one"),
        '2' => ("이", "two"),
        '3' => ("삼", "three"),
        '4' => ("사", "four"),
        '5' => ("오", "five"),
        '6' => ("육", "six"),
        '7' => ("칠", "seven"),
        '8' => ("팔", "eight"),
        '9' => ("구", "nine"),
        '+' => ("플러스", "plus"),
        '*' => ("별표", "star"),
        '#' => ("우물 정", "pound"),
        _ => return None,
    };
    language.map(|language| match language {
        Language::Korean => korean,
        Language::English => english,
    })
}

/// The time zone called `name` in the IANA database.
pub(crate) fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name)
        .map_err(|_| "not a time zone of the IANA database such as Asia/Seoul".to_owned())
}

/// The time zone that `name` was most likely meant to be.
pub(crate) fn near_zone(name: &str) -> Option<String> {
    let names: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
    dialgraph_base::nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
}

/// A moment of an RFC 3339 text, as the clock on the wall of `zone` shows it.
pub(super) fn moment(rfc3339: &str, zone: TimeZone) -> Result<Zoned, String> {
    let timestamp: Timestamp = rfc3339
        .trim()
        .parse()
        .map_err(|_| "not an RFC 3339 time such as 2026-11-20T09:30:00+09:00".to_owned())?;
    Ok(timestamp.to_zoned(zone))
}

/// A day: `2026-11-20` as it stands, or the day of a moment in `zone`.
pub(super) fn day(text: &str, zone: TimeZone) -> Result<Date, String> {
    let text = text.trim();
    if text.len() == "2026-11-20".len() {
        return text.parse().map_err(|_| "not a date such as 2026-11-20".to_owned());
    }
    moment(text, zone).map(|moment| moment.date())
}

/// The year of a moment, as the calendar of `zone` has it.
pub(super) fn year(now: Option<&str>, zone: &TimeZone) -> Option<i16> {
    moment(now?, zone.clone()).ok().map(|now| now.year())
}

/// A day, with its year where that is known not to be `this_year`.
pub(super) fn date(date: Date, language: Language, this_year: Option<i16>) -> String {
    let spoken = day_and_month(date, language);
    if this_year.is_none_or(|year| year == date.year()) {
        return spoken;
    }
    match language {
        Language::Korean => format!("{}년 {spoken}", date.year()),
        Language::English => format!("{spoken}, {}", date.year()),
    }
}

fn day_and_month(date: Date, language: Language) -> String {
    let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
    let month = usize::from(date.month().unsigned_abs());
    let day = date.day();
    match language {
        Language::Korean => {
            let weekdays = ["월", "화", "수", "목", "금", "토", "일"];
            format!("{month}월 {day}일 {}요일", weekdays[weekday])
        }
        Language::English => {
            let weekdays =
                ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
            let months = [
                "January",
                "February",
                "March",
                "April",
                "May",
                "June",
                "July",
                "August",
                "September",
                "October",
                "November",
                "December",
            ];
            format!("{}, {} {day}", weekdays[weekday], months[month - 1])
        }
    }
}

/// Hours and minutes; in Korean midnight is 오전 0시, since 오전 12시 is heard either way, and noon
/// 낮 12시.
pub(super) fn time(time: Time, language: Language) -> String {
    let (hour, minute) = (time.hour(), time.minute());
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    match language {
        Language::Korean => {
            let hours = match hour {
                0..=11 => format!("오전 {hour}시"),
                12 => "낮 12시".to_owned(),
                _ => format!("오후 {twelve}시"),
            };
            match minute {
                0 => hours,
                _ => format!("{hours} {minute}분"),
            }
        }
        Language::English => {
            let half = if hour < 12 { "AM" } else { "PM" };
            match minute {
                0 => format!("{twelve} {half}"),
                _ => format!("{twelve}:{minute:02} {half}"),
            }
        }
    }
}

pub(super) fn datetime(moment: &Zoned, language: Language, this_year: Option<i16>) -> String {
    let (date, time) = (date(moment.date(), language, this_year), time(moment.time(), language));
    match language {
        Language::Korean => format!("{date} {time}"),
        Language::English => format!("{date} at {time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{English, Korean};

    fn at(text: &str) -> Zoned {
        moment(text, zone("Asia/Seoul").unwrap()).unwrap()
    }

    #[test]
    fn digits_are_read_one_by_one() {
        assert_eq!(digits("110-203", Some(Korean)), "일 일 공 이 공 삼");
        assert_eq!(digits("(02) 000", Some(English)), "zero two zero zero zero");
        assert_eq!(digits("+82#", Some(Korean)), "플러스 팔 이 우물 정");
        assert_eq!(digits("A-1", Some(English)), "A one");
        assert_eq!(digits("12", None), "1 2");
    }

    #[test]
    fn a_moment_is_spoken_in_the_time_of_the_zone() {
        let moment = at("2026-11-20T00:30:00Z");
        assert_eq!(datetime(&moment, Korean, Some(2026)), "11월 20일 금요일 오전 9시 30분");
        assert_eq!(datetime(&moment, English, None), "Friday, November 20 at 9:30 AM");
    }

    #[test]
    fn the_year_is_said_where_it_is_another_one() {
        let moment = at("2027-01-04T00:30:00Z");
        let seoul = zone("Asia/Seoul").unwrap();
        // In Seoul it is the year 2027 already.
        let new_year = year(Some("2026-12-31T15:00:00Z"), &seoul);
        let before = year(Some("2026-12-31T14:59:59Z"), &seoul);
        assert_eq!(date(moment.date(), Korean, new_year), "1월 4일 월요일");
        assert_eq!(date(moment.date(), Korean, before), "2027년 1월 4일 월요일");
        assert_eq!(datetime(&moment, English, before), "Monday, January 4, 2027 at 9:30 AM");
        assert_eq!(datetime(&moment, Korean, before), "2027년 1월 4일 월요일 오전 9시 30분");
    }

    #[test]
    fn a_telephone_number_is_read_in_its_groups() {
        let korea = Country::of("KR");
        let said = |number: &str, language| phone(number, korea, Some(language));
        assert_eq!(said("+821012345678", Korean), "공 일 공, 일 이 삼 사, 오 육 칠 팔");
        assert_eq!(said("+82-2-123-4567", Korean), "공 이, 일 이 삼, 사 오 육 칠");
        assert_eq!(
            said("+12025550143", English),
            "plus one, two zero two, five five five, zero one four three"
        );
    }

    #[test]
    fn noon_and_midnight_cannot_be_mistaken() {
        let spoken = |text: &str, language| time(at(text).time(), language);
        assert_eq!(spoken("2026-11-20T00:00:00+09:00", Korean), "오전 0시");
        assert_eq!(spoken("2026-11-20T12:00:00+09:00", Korean), "낮 12시");
        assert_eq!(spoken("2026-11-20T12:05:00+09:00", English), "12:05 PM");
        assert_eq!(spoken("2026-11-20T00:00:00+09:00", English), "12 AM");
        assert_eq!(spoken("2026-11-20T15:07:00+09:00", Korean), "오후 3시 7분");
        assert_eq!(spoken("2026-11-20T15:00:00+09:00", English), "3 PM");
    }

    #[test]
    fn the_clocks_change_with_summer_time() {
        let zone = zone("America/New_York").unwrap();
        let spoken = |text: &str| time(moment(text, zone.clone()).unwrap().time(), English);
        assert_eq!(spoken("2026-03-08T06:59:00Z"), "1:59 AM");
        assert_eq!(spoken("2026-03-08T07:00:00Z"), "3 AM");
    }

    #[test]
    fn a_date_without_a_time_is_the_same_day_everywhere() {
        let zone = zone("America/New_York").unwrap();
        assert_eq!(date(day("2026-01-01", zone).unwrap(), Korean, None), "1월 1일 목요일");
    }

    #[test]
    fn what_is_no_time_or_zone_is_refused() {
        let seoul = zone("Asia/Seoul").unwrap();
        for text in ["", "tomorrow", "2026-13-01", "2026-11-20T09:30:00"] {
            assert!(day(text, seoul.clone()).is_err(), "{text}");
        }
        assert!(zone("Asia/Soul").is_err());
    }
}
