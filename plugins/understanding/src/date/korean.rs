//! Days in Korean.

use jiff::ToSpan;
use jiff::civil::Date;

use super::names::{COUNTS_KO, DAYS_KO, WEEKDAYS_KO, WEEKS_KO};
use super::{Day, after, exact, holidays, later, next_day, next_such, nth, of_week};
use crate::numerals::{Kind, numeral_at};
use crate::words::Utterance;

/// Whether a noun can begin here: an eojeol, or something after a particle in a text without
/// spaces.
fn begins(text: &Utterance, place: usize, before: char) -> bool {
    text.is_start(place) || "은는을를에로이가도요고음어네아니그면데럼월일년주달 ".contains(before)
}

pub(super) fn korean(
    text: &Utterance,
    place: usize,
    before: char,
    today: Date,
) -> Option<(Day, usize)> {
    let rest = &text.flat()[place..];
    if !begins(text, place, before) || crate::numerals::is_particle(text, place) {
        return None;
    }
    if let Some((name, days)) = DAYS_KO.iter().find(|(name, _)| rest.starts_with(name)) {
        let to = place + name.len();
        let tail = &text.flat()[to..text.eojeol_end(to - 1)];
        // `내일모레` is there already; `모래` is sand but for speech recognition; `금일봉`.
        let sand = tail.starts_with(['가', '를', '는', '도', '만', '와', '랑'])
            || !(tail.is_empty() || crate::korean::closes(tail));
        if *name == "모래" && sand {
            return None;
        }
        // `오늘부터 딱 이 주 후`: from that day on.
        let from = ["로부터", "부터", "에서", "기준으로", "기준"]
            .iter()
            .find_map(|from| text.flat()[to..].strip_prefix(from));
        if let (Some(rest), Ok(day)) = (from, later(today, days.days())) {
            let rest = ["딱", "정확히", "한", "약"]
                .iter()
                .find_map(|exactly| rest.strip_prefix(exactly))
                .unwrap_or(rest);
            if let Some(found) = counted_ko(text, text.flat().len() - rest.len(), day) {
                return Some(found);
            }
        }
        return Some((later(today, days.days()), to));
    }
    if let Some(found) = holidays::korean(text, place, today) {
        return Some(found);
    }
    if let Some(found) = nth::korean(text, place, today) {
        return Some(found);
    }
    if let Some(found) = week(text, place, today) {
        return Some(found);
    }
    if let Some((name, weekday)) = WEEKDAYS_KO.iter().find(|(name, _)| rest.starts_with(name)) {
        return Some((later(today, after(today, *weekday).days()), place + name.len()));
    }
    if let Some(found) = counted_ko(text, place, today) {
        return Some(found);
    }
    month_of_ko(text, place, today).or_else(|| korean_figures(text, place, today))
}

/// `다음 주 화요일`, `이번 주 금요일`, `다음 화요일`.
fn week(text: &Utterance, place: usize, today: Date) -> Option<(Day, usize)> {
    let flat = text.flat();
    let rest = &flat[place..];
    let found = WEEKS_KO.iter().find_map(|(name, weeks)| Some((*weeks, rest.strip_prefix(name)?)));
    if let Some((weeks, tail)) = found {
        let tail = ["에", "의", "중에", "중", "에는"]
            .iter()
            .find_map(|particle| tail.strip_prefix(particle))
            .unwrap_or(tail);
        let (name, weekday) = WEEKDAYS_KO.iter().find(|(name, _)| tail.starts_with(name))?;
        return Some((of_week(today, weeks, *weekday), flat.len() - tail.len() + name.len()));
    }
    let tail =
        ["다음번", "다음", "오는", "돌아오는"].iter().find_map(|next| rest.strip_prefix(next))?;
    let (name, weekday) = WEEKDAYS_KO.iter().find(|(name, _)| tail.starts_with(name))?;
    Some((later(today, after(today, *weekday).days()), flat.len() - tail.len() + name.len()))
}

/// `사흘 뒤`, `2주 후`, `일주일 뒤`, `한 달 뒤`, `이틀 전`.
pub(super) fn counted_ko(text: &Utterance, place: usize, today: Date) -> Option<(Day, usize)> {
    let flat = text.flat();
    let rest = &flat[place..];
    let (amount, unit, tail) =
        if let Some((name, days)) = COUNTS_KO.iter().find(|(name, _)| rest.starts_with(name)) {
            (*days, "일", &rest[name.len()..])
        } else {
            let numeral = numeral_at(text, place).filter(|numeral| numeral.kind != Kind::Ordinal);
            let (amount, after) = match numeral {
                Some(numeral) => (numeral.value.as_whole()?, numeral.to),
                None => {
                    // 한 달, 두 달: a determiner whose counter is no usual one.
                    let (name, value) =
                        [("한", 1), ("두", 2), ("세", 3), ("석", 3), ("네", 4), ("넉", 4)]
                            .into_iter()
                            .find(|(name, _)| rest.starts_with(name))?;
                    (value, place + name.len())
                }
            };
            let tail = &flat[after..];
            // `삼 일 뒤` was read as three-one.
            if let Some((days, end)) = day_of_month(text, place)
                && end == after
            {
                return counted(text, days, "일", end, today);
            }
            let unit = ["주일", "주", "일", "달", "개월", "년"]
                .into_iter()
                .find(|unit| tail.starts_with(unit))?;
            (amount, unit, &tail[unit.len()..])
        };
    counted(text, amount, unit, flat.len() - tail.len(), today)
}

/// So many units before or after today: what follows the unit says which.
fn counted(
    text: &Utterance,
    amount: i64,
    unit: &str,
    place: usize,
    today: Date,
) -> Option<(Day, usize)> {
    let flat = text.flat();
    let tail = flat.get(place..)?;
    let tail = tail.strip_prefix("정도").or_else(|| tail.strip_prefix('쯤')).unwrap_or(tail);
    let (word, back) = [
        ("있다가", false),
        ("이따가", false),
        ("지나서", false),
        ("후", false),
        ("뒤", false),
        ("있다", false),
        ("전", true),
    ]
    .into_iter()
    .find(|(word, _)| tail.starts_with(word))?;
    if tail.starts_with("전화") || amount > 10_000 {
        return None;
    }
    let amount = if back { -amount } else { amount };
    let span = match unit {
        "주일" | "주" => amount.weeks(),
        "달" | "개월" => amount.months(),
        "년" => amount.years(),
        _ => amount.days(),
    };
    let end = flat.len() - tail.len() + word.len();
    // `2주 뒤 화요일`: the weekday of that week.
    if unit.starts_with('주') && !back {
        let after = flat[end..].strip_prefix('에').unwrap_or(&flat[end..]);
        if let Some((name, weekday)) = WEEKDAYS_KO.iter().find(|(name, _)| after.starts_with(name))
        {
            return Some((of_week(today, amount, *weekday), flat.len() - after.len() + name.len()));
        }
    }
    Some((later(today, span), end))
}

/// `다음 달 3일`, `이번 달 말일`, `내년 3월 1일`.
fn month_of_ko(text: &Utterance, place: usize, today: Date) -> Option<(Day, usize)> {
    let flat = text.flat();
    let rest = &flat[place..];
    if let Some((years, tail)) =
        [("내후년", 2), ("내년", 1), ("올해", 0), ("금년", 0), ("작년", -1)]
            .into_iter()
            .find_map(|(name, years)| Some((years, rest.strip_prefix(name)?)))
    {
        // `올해 마지막 날`.
        if let Some(tail) = tail.strip_prefix('의').unwrap_or(tail).strip_prefix("마지막날") {
            return Some((exact(today.year() + years, 12, 31), flat.len() - tail.len()));
        }
        let (month, day, end) = month_and_day(text, flat.len() - tail.len())?;
        return Some((exact(today.year() + years, month, day), end));
    }
    // `말일이요`: of this month.
    if let Some(tail) = rest.strip_prefix("말일").filter(|_| text.is_start(place)) {
        return Some((Ok(today.last_of_month()), flat.len() - tail.len()));
    }
    let (months, tail) = [
        ("다다음달", 2),
        ("다음달", 1),
        ("담달", 1),
        ("내달", 1),
        ("이번달", 0),
        ("이달", 0),
        ("요번달", 0),
        ("지난달", -1),
    ]
    .into_iter()
    .find_map(|(name, months)| Some((months, rest.strip_prefix(name)?)))?;
    let first = today.first_of_month().checked_add(months.months()).ok()?;
    let tail = tail.strip_prefix('에').or_else(|| tail.strip_prefix('의')).unwrap_or(tail);
    if tail.starts_with("말일") || tail.starts_with("마지막날") {
        let word = if tail.starts_with("말일") { "말일" } else { "마지막날" };
        return Some((Ok(first.last_of_month()), flat.len() - tail.len() + word.len()));
    }
    let (day, end) = day_of_month(text, flat.len() - tail.len())?;
    Some((exact(first.year(), i64::from(first.month()), day), end))
}

/// `2026년 12월 24일`, `12월 24일`, `24일`, in figures or words.
pub(super) fn korean_figures(text: &Utterance, place: usize, today: Date) -> Option<(Day, usize)> {
    let flat = text.flat();
    if let Some(year) =
        numeral_at(text, place).filter(|numeral| flat[numeral.to..].starts_with('년'))
    {
        let (month, day, end) = month_and_day(text, year.to + '년'.len_utf8())?;
        let year = year.value.as_whole()?;
        let year = if year < 100 { year + 2000 } else { year };
        return Some((exact(i16::try_from(year).unwrap_or(i16::MAX), month, day), end));
    }
    if let Some((month, day, end)) = month_and_day(text, place) {
        return Some((next_such(today, month, day), end));
    }
    let (day, end) = day_of_month(text, place)?;
    // `15일 뒤` was tried before; `3일 동안`, `3일간`, `3일 전부터` are no day.
    let tail = &flat[end..];
    if [
        "동안", "간", "전", "치", "째", "만에", "후", "뒤", "이내", "정도", "단", "본", "때문",
        "을", "이상",
    ]
    .iter()
    .any(|other| tail.starts_with(other))
    {
        return None;
    }
    Some((next_day(today, day), end))
}

fn month_and_day(text: &Utterance, place: usize) -> Option<(i64, i64, usize)> {
    let flat = text.flat();
    let rest = flat.get(place..)?;
    // 유월 and 시월 are not 육월 and 십월.
    let (month, after) = if let Some(tail) = rest.strip_prefix("유월") {
        (6, flat.len() - tail.len())
    } else if let Some(tail) = rest.strip_prefix("시월") {
        (10, flat.len() - tail.len())
    } else {
        let numeral = numeral_at(text, place)
            .filter(|numeral| matches!(numeral.kind, Kind::Figure | Kind::Sino))?;
        let tail = flat[numeral.to..].strip_prefix('월')?;
        (numeral.value.as_whole()?, flat.len() - tail.len())
    };
    let after = if flat[after..].starts_with('달') || flat[after..].starts_with('의') {
        after + 3
    } else {
        after
    };
    if flat[after..].starts_with("말일") {
        // The last day: found by its month.
        let last = match month {
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        return Some((month, last, after + "말일".len()));
    }
    let (day, end) = day_of_month(text, after)?;
    Some((month, day, end))
}

fn day_of_month(text: &Utterance, place: usize) -> Option<(i64, usize)> {
    let flat = text.flat();
    if flat.get(place..)?.starts_with("초하루") {
        return Some((1, place + "초하루".len()));
    }
    let numeral = numeral_at(text, place)
        .filter(|numeral| matches!(numeral.kind, Kind::Figure | Kind::Sino))?;
    if let Some(tail) = flat[numeral.to..].strip_prefix('일') {
        return Some((numeral.value.as_whole()?, flat.len() - tail.len()));
    }
    // `이십일일` was read to its end, `십오일` as fifteen-one: the last 일 is the day.
    let words = &flat[place..numeral.to];
    let shorter = words.strip_suffix('일').filter(|shorter| !shorter.is_empty())?;
    let value = numeral.value.as_whole()?;
    let tens = shorter.ends_with('십') || shorter.chars().count() == 1;
    let day = if shorter.ends_with('십') {
        value - 1
    } else if !shorter.contains('십') {
        value / 10
    } else {
        return None;
    };
    tens.then_some((day, numeral.to))
}
