//! What time of the day.

use std::fmt;

use crate::negation::Mention;
use crate::numerals::{Kind, numeral_at};
use crate::settle::settle;
use crate::words::{Script, Utterance};
use crate::{Outcome, Understood, unreal};

mod english;
mod korean;

use english::{bare, clock, english};
use korean::korean;

/// A time of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimeOfDay {
    pub hour: u8,
    pub minute: u8,
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

/// A time as it was read.
#[derive(Clone, Copy, Debug)]
struct Reading {
    time: TimeOfDay,
    /// The half of the day was not said, but taken by rule.
    open: bool,
}

impl PartialEq for Reading {
    fn eq(&self, other: &Reading) -> bool {
        self.time == other.time
    }
}

impl Reading {
    fn exact(hour: u8, minute: u8) -> Reading {
        Reading { time: TimeOfDay { hour, minute }, open: false }
    }
}

/// Which half of the day the words say.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// 오전, `am`: as the clock counts, 12 is midnight.
    Morning,
    /// 오후, `pm`: 12 is noon.
    Afternoon,
    /// 점심, `lunch`: around noon.
    Noon,
    /// 저녁, 밤: 12 is midnight, and small hours are after it.
    Night,
    /// 새벽: small hours.
    Dawn,
    Unsaid,
}

/// A time of the day.
///
/// An hour from 1 to 12 without a word for its half of the day is one at which desks are open: 8 to
/// 11 in the morning, 12 is noon, 1 to 7 in the afternoon. 0, 13 to 24, and figures with a leading
/// zero (`03:30`) are as written.
///
/// ```
/// use dialgraph_understanding::time;
///
/// let read = |text| time(text).value().map(ToString::to_string);
/// assert_eq!(read("오후 세 시 반").as_deref(), Some("15:30"));
/// assert_eq!(read("quarter to five").as_deref(), Some("16:45"));
/// assert_eq!(read("열 시요").as_deref(), Some("10:00"));
/// assert_eq!(read("25시"), None);
/// ```
pub fn time(text: &str) -> Understood<TimeOfDay> {
    let text = Utterance::new(text);
    let found = mentions(&text);
    let Understood { outcome, mut why } = settle(&text, found.clone());
    if outcome == Outcome::Nothing
        && let Some(said) = unreal::no_such_time(&text)
    {
        why.notes.push(format!("there is no {said}"));
        why.impossible = true;
    }
    let outcome = match outcome {
        Outcome::One(reading) => Outcome::One(beside_others(&text, reading, &found)),
        Outcome::Several(readings) => {
            Outcome::Several(readings.into_iter().map(|reading| reading.time).collect())
        }
        Outcome::Hold => Outcome::Hold,
        Outcome::Hesitation => Outcome::Hesitation,
        Outcome::Nothing => Outcome::Nothing,
    };
    Understood::new(outcome, why)
}

/// `7시 말고 8시`: in the same half of the day as the hour that it replaces, which was taken for
/// the evening.
fn beside_others(text: &Utterance, reading: Reading, found: &[Mention<Reading>]) -> TimeOfDay {
    const EARLY: &[&str] = &["일러", "이르", "이른", "빠르", "빨라", "early"];
    let TimeOfDay { hour, minute } = reading.time;
    let evening = found.iter().any(|other| other.value.open && other.value.time.hour == 19);
    let early = EARLY.iter().any(|early| text.flat().contains(early));
    if reading.open && evening && !early && hour == 8 {
        return TimeOfDay { hour: hour + 12, minute };
    }
    reading.time
}

#[rustfmt::skip]
const PARTS_KO: &[(&str, Part)] = &[
    ("오전", Part::Morning), ("아침", Part::Morning), ("오후", Part::Afternoon),
    ("점심", Part::Noon), ("한낮", Part::Afternoon), ("대낮", Part::Afternoon),
    ("낮", Part::Afternoon), ("저녁", Part::Night), ("한밤중", Part::Night), ("밤", Part::Night),
    ("새벽", Part::Dawn),
];

fn mentions(text: &Utterance) -> Vec<Mention<Reading>> {
    let flat = text.flat();
    let mut found: Vec<Mention<Reading>> = Vec::new();
    let mut part = Part::Unsaid;
    let held = crate::hold::holds(text);
    let mut held = held.into_iter().peekable();
    let mut place = 0;
    let mut before = ' ';
    while let Some(c) = flat.get(place..).and_then(|rest| rest.chars().next()) {
        while held.next_if(|(_, to)| *to <= place).is_some() {}
        if let Some((from, to)) = held.peek()
            && *from <= place
        {
            place = *to;
            before = ' ';
            continue;
        }
        if let Some((said, to)) = part_at(text, place) {
            part = said;
            place = to;
            before = ' ';
            continue;
        }
        if let Some((time, to)) = time_at(text, place, before, part) {
            // A half of the day that is said once holds for what follows, and one that follows for
            // what has none.
            let time = part_after(text, to)
                .filter(|_| part == Part::Unsaid && time.open)
                .and_then(|part| time_at(text, place, before, part))
                .map_or(time, |(time, _)| time);
            found.push(Mention { value: time, from: place, to });
            place = to;
            before = ' ';
            continue;
        }
        // `이십오 시`: no hour, and its end is none.
        if text.is_start(place)
            && let Some(numeral) = numeral_at(text, place)
                .filter(|numeral| matches!(numeral.kind, Kind::Sino | Kind::Figure))
                .filter(|numeral| flat[numeral.to..].starts_with('시'))
        {
            place = numeral.to;
            before = ' ';
            continue;
        }
        if text.is_start(place) && text.words[text.word_at(place)].script != Script::Hangul {
            place = text.end(text.word_at(place));
            before = ' ';
            continue;
        }
        before = c;
        place += c.len_utf8();
    }
    if found.is_empty() {
        found = bare(text, part);
    }
    found
}

/// The half of the day that is said right after the time: `여섯 시 십오 분 새벽이에요`.
fn part_after(text: &Utterance, place: usize) -> Option<Part> {
    let rest = text.flat().get(place..)?;
    let rest = ["이요", "요", "에", "인데", "인데요", "이고", "쯤"]
        .iter()
        .find_map(|ending| rest.strip_prefix(ending))
        .unwrap_or(rest);
    let (name, part) = PARTS_KO.iter().find(|(name, _)| rest.starts_with(name))?;
    let tail = &rest[name.len()..];
    // `여덟 시에 저녁 먹으려고요`.
    [
        "이에요",
        "이요",
        "요",
        "예요",
        "입니다",
        "이고",
        "시간",
        "으로",
        "로",
        "말이에요",
        "에요",
        "먹",
        "식사",
        "에",
        "밥",
        "예약",
        "때",
        "타임",
    ]
    .iter()
    .any(|ending| tail.starts_with(ending))
    .then_some(*part)
    .or_else(|| tail.is_empty().then_some(*part))
}

fn part_at(text: &Utterance, place: usize) -> Option<(Part, usize)> {
    let rest = &text.flat()[place..];
    let (name, part) = PARTS_KO.iter().find(|(name, _)| rest.starts_with(name))?;
    let to = place + name.len();
    // `낮` and `밤` begin other words.
    (name.len() > 3 || text.is_start(place)).then_some((*part, to))
}

fn time_at(text: &Utterance, place: usize, before: char, part: Part) -> Option<(Reading, usize)> {
    let c = text.flat()[place..].chars().next()?;
    let start = text.is_start(place);
    if crate::words::is_hangul(c) {
        if start
            || "은는을를에로이가도요고음어네아일후전녁침벽밤낮심니면까".contains(before)
            || !crate::words::is_hangul(before)
        {
            return korean(text, place, part);
        }
        return None;
    }
    if !start {
        return None;
    }
    let at = text.word_at(place);
    if c.is_ascii_digit() {
        return clock(text, at, part)
            .or_else(|| korean(text, place, part))
            .or_else(|| english(text, at, part));
    }
    english(text, at, part)
}

/// The hour by the half of the day.
fn hour(hour: i64, part: Part) -> Option<u8> {
    let hour = match (part, hour) {
        (_, 13..=23) => hour,
        (_, 24) | (_, 0) => 0,
        (Part::Morning, 12) => 0,
        (Part::Morning | Part::Dawn, 1..=11) => hour,
        (Part::Dawn, 12) => 0,
        (Part::Afternoon, 12) => 12,
        (Part::Noon, 10..=12) => hour,
        (Part::Afternoon, 1..=11) | (Part::Noon, 1..=9) => hour + 12,
        (Part::Night, 12) => 0,
        (Part::Night, 1..=4) => hour,
        (Part::Night, 5..=11) => hour + 12,
        (Part::Unsaid, 1..=7) => hour + 12,
        (Part::Unsaid, 8..=12) => hour,
        _ => return None,
    };
    u8::try_from(hour).ok()
}

fn at(hour_said: i64, minute: i64, part: Part) -> Option<Reading> {
    if hour_said == 24 && minute > 0 {
        return None;
    }
    let minute = u8::try_from(minute).ok().filter(|minute| *minute < 60)?;
    let open = part == Part::Unsaid && (1..=11).contains(&hour_said);
    Some(Reading { time: TimeOfDay { hour: hour(hour_said, part)?, minute }, open })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    fn read(text: &str) -> Option<String> {
        time(text).value().map(ToString::to_string)
    }

    #[test]
    fn times() {
        for (text, expected) in [
            ("오후 세 시 반", "15:30"),
            ("15시 30분", "15:30"),
            ("half past two", "14:30"),
            ("quarter to five", "16:45"),
            ("noon", "12:00"),
            ("정오요", "12:00"),
            ("자정", "00:00"),
            ("3pm", "15:00"),
            ("3 p.m.", "15:00"),
            ("세 시요", "15:00"),
            ("열 시", "10:00"),
            ("9시", "09:00"),
            ("열두 시", "12:00"),
            ("오전 9시 30분이요", "09:30"),
            ("오후세시반이요", "15:30"),
            ("내일오후세시요", "15:00"),
            ("three thirty", "15:30"),
            ("nine o'clock", "09:00"),
            ("15:30", "15:30"),
            ("8:30", "08:30"),
            ("3:30", "15:30"),
            ("3:30 pm", "15:30"),
            ("ten past three", "15:10"),
            ("twenty to six", "17:40"),
            ("at three", "15:00"),
            ("저녁 일곱 시", "19:00"),
            ("밤 열 시", "22:00"),
            ("새벽 두 시", "02:00"),
            ("아침 여덟 시", "08:00"),
            ("세 시 십 분 전", "14:50"),
            ("eight in the evening", "20:00"),
            ("세 시 아니 네 시요", "16:00"),
            ("three, no four o'clock", "16:00"),
            ("모레 오후 세 시 반", "15:30"),
            ("next Tuesday at half past two", "14:30"),
            ("오후 십오시", "15:00"),
            ("십오 시 삼십 분", "15:30"),
            ("midnight", "00:00"),
            ("two fifteen in the afternoon", "14:15"),
            ("10 am", "10:00"),
            ("열한 시 반", "11:30"),
            ("a quarter past nine", "09:15"),
            ("3", "15:00"),
            ("낮 열두 시", "12:00"),
            ("밤 열두 시", "00:00"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}: {:?}", time(text));
        }
    }

    #[test]
    fn no_times() {
        for text in [
            "두 시간",
            "25시",
            "9시 70분",
            "세 명이요",
            "모르겠어요",
            "in two hours",
            "three people",
            "1분만요",
            "3월 15일",
        ] {
            assert_eq!(read(text), None, "{text}: {:?}", time(text));
        }
    }

    #[test]
    fn two_times_are_ambiguous() {
        for text in ["두 시나 세 시요", "two or three o'clock", "2시에서 3시 사이", "3pm or 4pm"]
        {
            assert!(matches!(time(text).outcome, Outcome::Several(_)), "{text}: {:?}", time(text));
        }
    }

    #[test]
    fn an_hour_that_replaces_another_is_in_its_half_of_the_day() {
        for text in ["7시 말고 8시", "not seven, eight", "seven, I mean eight"] {
            assert_eq!(read(text).as_deref(), Some("20:00"), "{text}: {:?}", time(text));
        }
        assert_eq!(read("오전 7시 말고 8시").as_deref(), Some("08:00"));
        assert_eq!(read("7시는 너무 이르고 8시요").as_deref(), Some("08:00"));
    }

    #[test]
    fn a_meal_says_the_half_of_the_day() {
        for text in ["8시 저녁", "여덟시 저녁이요", "eight for dinner", "dinner for two at eight"]
        {
            assert_eq!(read(text).as_deref(), Some("20:00"), "{text}: {:?}", time(text));
        }
        assert_eq!(read("점심 열한 시요").as_deref(), Some("11:00"));
        assert_eq!(read("lunch at one").as_deref(), Some("13:00"));
    }
}
