//! People who are counted one after the other in Korean: `어른 둘에 아기 하나`, `저랑 와이프`.

use super::people::{Item, PARTS, Who, total};
use crate::numerals::{Kind, counter_at, numeral_at};
use crate::words::Utterance;

/// By what they are; longest first where one begins another.
#[rustfmt::skip]
const SUCH: &[&str] = &[
    "초등학생", "중학생", "고등학생", "대학생", "어르신", "어린이", "청소년", "어른", "성인", "대인", "아이", "애기", "아기", "아가",
    "소아", "소인", "유아", "영아", "학생", "친구", "일행", "남자", "여자", "남성", "여성", "동료", "조카", "손주", "손자", "손녀",
    "노인", "경로", "직원", "애",
];
/// One of the speaker's.
#[rustfmt::skip]
const OWN: &[&str] = &[
    "와이프", "아내", "집사람", "남편", "신랑", "엄마", "어머니", "아빠", "아버지", "여자친구", "여친", "남자친구", "남친", "동생",
    "누나", "언니", "오빠", "형", "할머니", "할아버지", "장모님", "장인어른", "시어머니", "시아버지", "이모", "고모", "삼촌", "딸", "아들",
    "친구", "아이", "아기", "애기", "조카", "애인", "사촌",
];
const PAIRS: &[&str] = &["커플", "부부", "부모님"];
const UNKNOWN: &[&str] = &["아이들", "애들", "친구들", "식구들", "가족들", "동료들", "손주들"];
/// Between two parts: one after the other.
#[rustfmt::skip]
const JOINS: &[&str] = &[
    "이랑", "랑", "하고", "와", "과", "에", "에다", "에다가", "그리고", "이랑또", "하고또", "에또", "플러스", "더하기", "이하고", "이요그리고", "및", "+",
];
/// Between two parts that are both counted.
#[rustfmt::skip]
const LISTS: &[&str] = &["", "이고", "이고요", "이구요", "고", "고요", "구요", "이요", "요", "이에요", "예요", "입니다", "이서", "은", "그리고"];

/// The people who are counted from a word on, and where they end.
pub(super) fn party(text: &Utterance, at: usize, counted: bool) -> Option<(Option<i64>, usize)> {
    let flat = text.flat();
    let place = text.start(at);
    if !text.is_eojeol_start(place) {
        return None;
    }
    // `네 명이요 그중 한 명은 아이예요`: counted already.
    if counted
        && let Some(rest) = ["그중에서", "그중에", "그중", "이중에", "중에"]
            .iter()
            .find_map(|of| flat[place..].strip_prefix(of))
        && let Some(part) = item(text, flat.len() - rest.len(), false)
    {
        return Some((None, part.end));
    }
    let first = item(text, place, false)?;
    let mut items = vec![first];
    let mut summed = false;
    let mut uncertain = false;
    while let Some(last) = items.last().copied().filter(|_| items.len() < PARTS) {
        let Some((next, by)) = next(text, last, &items) else { break };
        match by {
            By::Sum => return Some((Some(next.count), next.end)),
            By::Part => return Some((Some(last.count), next.end)),
            By::Unsure => uncertain = true,
            By::Pause => summed |= items.len() == 1,
            By::Join => {}
        }
        items.push(next);
    }
    if items.len() < 2 {
        return None;
    }
    let mut end = items.last()?.end;
    // `어른 둘 아이 하나 아니 둘이요`.
    let rest = &flat[end..];
    let no = ["아니아니", "아니요", "아뇨", "아니"].iter().find_map(|no| {
        ["", "요", "이요", "명"].iter().find_map(|tail| {
            let at = end + tail.len();
            let rest = rest.strip_prefix(*tail)?.strip_prefix(*no)?;
            (text.is_start(at)).then_some(flat.len() - rest.len())
        })
    });
    if let Some(place) = no
        && let Some(instead) = item(text, place, false)
    {
        match instead.who {
            Who::Such(_) => {
                if let Some(alike) = items.iter_mut().find(|item| item.who == instead.who) {
                    alike.count = instead.count;
                    end = instead.end;
                }
            }
            Who::Bare => return Some((None, instead.end)),
            _ => {}
        }
    }
    let singles = items.iter().all(|item| matches!(item.who, Who::Me | Who::Own));
    // `저랑 와이프요`, and little else.
    let tail = &flat[end..];
    if singles && !(tail.len() <= 18 || flat[end..].starts_with(['둘', '셋', '넷'])) {
        return None;
    }
    if uncertain {
        return Some((None, end));
    }
    Some((total(&items, summed), end))
}

/// How a part follows another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Join,
    /// What was said before may be the sum of what follows.
    Pause,
    /// It is the sum.
    Sum,
    /// It is counted already.
    Part,
    Unsure,
}

fn next(text: &Utterance, last: Item, items: &[Item]) -> Option<(Item, By)> {
    let flat = text.flat();
    // The next item begins an eojeol, a few words on at most.
    let mut place = last.end;
    for _ in 0..5 {
        let gap = flat.get(last.end..place)?;
        let join = JOINS.contains(&gap);
        if let Some(next) =
            item(text, place, join).filter(|_| place > last.end || text.is_start(place))
        {
            let number = |who: Who| matches!(who, Who::Bare | Who::People);
            let such = |who: Who| matches!(who, Who::Such(_));
            let singles = items.iter().all(|item| matches!(item.who, Who::Me | Who::Own));
            let sum: i64 = items.iter().map(|item| item.count).sum();
            let me = items.iter().any(|item| item.who == Who::Me);
            if singles && number(next.who) && (join || gap.is_empty()) {
                // `엄마랑 저랑 둘이요`, `남편이랑 둘이요`.
                let whole = next.count == sum || (!me && next.count == sum + 1);
                return match (whole, me) {
                    (true, _) => Some((next, By::Sum)),
                    (false, true) => Some((next, By::Unsure)),
                    (false, false) => None,
                };
            }
            // `저랑 친구 둘이요`: two with the friend, or two friends.
            let counted = flat.get(next.end.saturating_sub(3)..next.end) == Some("명");
            if singles && such(next.who) && join && !counted && next.count == sum + 1 {
                return Some((next, By::Unsure));
            }
            // `친구들이랑 다섯 명이요`: all of them.
            if last.who == Who::Unknown && number(next.who) {
                return None;
            }
            if join {
                let both = number(last.who) && number(next.who);
                return (!both).then_some((next, By::Join));
            }
            let also = flat[last.end..next.end].contains('도') && such(next.who);
            return match (last.who, next.who) {
                (Who::Such(one), Who::Such(other)) if LISTS.contains(&gap) && one != other => {
                    Some((next, By::Join))
                }
                (Who::Me | Who::Own, Who::Own | Who::Me) if gap.is_empty() => {
                    Some((next, By::Join))
                }
                (Who::Bare | Who::People, Who::Such(_)) if also && gap.ends_with(['고', '서']) => {
                    Some((next, By::Join))
                }
                (Who::Bare | Who::People, Who::Such(_))
                    if gap.starts_with('중')
                        || gap.ends_with("중에")
                        || (matches!(gap, "인데" | "인데요") && whole(text, last)) =>
                {
                    Some((next, By::Part))
                }
                (Who::Bare | Who::People, Who::Such(_)) if flat[next.end..].starts_with('더') => {
                    Some((next, By::Join))
                }
                (Who::Bare | Who::People, Who::Such(_))
                    if LISTS.contains(&gap) && items.len() == 1 =>
                {
                    Some((next, By::Pause))
                }
                (Who::Bare | Who::People, Who::Such(_)) if matches!(gap, "인데" | "인데요") => {
                    Some((next, By::Unsure))
                }
                _ => None,
            };
        }
        if place >= flat.len() {
            return None;
        }
        // On to the next eojeol, or over the particle that is joined to the item.
        place = text.eojeol_end(place);
    }
    None
}

/// One part of a party: `어른 둘`, `와이프`, `두 명`. What follows a particle that joins may end
/// the answer.
fn item(text: &Utterance, from: usize, joined: bool) -> Option<Item> {
    let flat = text.flat();
    let mut place = from;
    if let Some(our) = ["저희", "우리", "제"].iter().find(|our| flat[place..].starts_with(**our))
        && text.is_eojeol_start(place + our.len())
    {
        place += our.len();
    }
    let rest = flat.get(place..)?;
    if rest.is_empty() {
        return None;
    }
    // What a single person is followed by: a particle that joins, or the end.
    let single = |end: usize| {
        let tail = flat.get(end..text.eojeol_end(end.saturating_sub(1))).unwrap_or_default();
        let joins = ["이랑", "랑", "하고", "와", "과"].contains(&tail);
        let next = flat.get(end..).unwrap_or_default();
        // `엄마 아빠랑`.
        let pair = tail.is_empty() && OWN.iter().any(|own| next.starts_with(own));
        joins
            || pair
            || joined && (crate::korean::closes(tail) || tail.is_empty())
            || ["그리고", "플러스"].iter().any(|and| tail.is_empty() && next.starts_with(and))
    };
    for me in ["저", "나", "본인"] {
        if rest.starts_with(me) && single(place + me.len()) {
            return Some(Item { count: 1, who: Who::Me, end: place + me.len() });
        }
    }
    if let Some(many) = UNKNOWN.iter().find(|many| rest.starts_with(**many)) {
        let end = place + many.len();
        return match count(text, after_particle(text, end)) {
            Some((count, end, _)) => Some(Item { count, who: Who::Such("아이"), end }),
            None => Some(Item { count: 0, who: Who::Unknown, end }),
        };
    }
    if let Some(pair) = PAIRS.iter().find(|pair| rest.starts_with(**pair)) {
        let end = place + pair.len();
        let who = if *pair == "부모님" { Who::Own } else { Who::Such("부부") };
        return single(end).then_some(Item { count: 2, who, end });
    }
    if let Some(what) = SUCH.iter().find(|what| rest.starts_with(**what)) {
        let end = after_particle(text, place + what.len());
        if text.is_start(end)
            && flat[end..].starts_with(['몇', '여'])
            && !flat[end..].starts_with("여섯")
            && !flat[end..].starts_with("여덟")
        {
            return Some(Item { count: 0, who: Who::Unknown, end });
        }
        if let Some((count, end, _)) = count(text, end) {
            return Some(Item { count, who: Who::Such(what), end });
        }
    }
    if let Some(own) = OWN.iter().filter(|own| rest.starts_with(**own)).max_by_key(|own| own.len())
        && single(place + own.len())
    {
        return Some(Item { count: 1, who: Who::Own, end: place + own.len() });
    }
    let (count, end, people) = count(text, place)?;
    Some(Item { count, who: if people { Who::People } else { Who::Bare }, end })
}

/// `총 여섯 명인데`: all of them.
fn whole(text: &Utterance, item: Item) -> bool {
    let before: Vec<char> = text.flat()[..item.end].chars().rev().take(9).collect();
    let before: String = before.into_iter().rev().collect();
    ["총", "모두", "전부", "다해서", "합쳐서", "합해서", "전체"]
        .iter()
        .any(|all| before.contains(all))
}

fn after_particle(text: &Utterance, place: usize) -> usize {
    let rest = text.flat().get(place..).unwrap_or_default();
    ["이", "가", "은", "는", "도", "만"]
        .iter()
        .find(|particle| rest.starts_with(**particle) && text.is_start(place + particle.len()))
        .map_or(place, |particle| place + particle.len())
}

/// A number of people, where it ends, and whether its counter is one of people.
fn count(text: &Utterance, place: usize) -> Option<(i64, usize, bool)> {
    let flat = text.flat();
    if !text.is_start(place) && !text.is_eojeol_start(place) {
        return None;
    }
    let numeral = numeral_at(text, place).filter(|numeral| numeral.kind != Kind::Ordinal)?;
    let value = numeral.value.as_whole().filter(|count| (0..=999).contains(count))?;
    if let Some((counter, end)) = counter_at(text, numeral.to) {
        return matches!(counter, "명" | "사람" | "분" | "인" | "장" | "매")
            .then_some((value, end, true));
    }
    // `둘`, `둘이서`; `이`, `일` are words.
    (numeral.kind == Kind::Native
        || numeral.kind == Kind::Figure
            && !flat[numeral.to..].starts_with(['시', '월', '일', ':', '.']))
    .then_some((value, numeral.to, false))
}

#[cfg(test)]
mod tests {
    use crate::number;

    fn read(text: &str) -> Option<String> {
        number(text).value().map(ToString::to_string)
    }

    #[test]
    fn the_people_of_a_party_add_up() {
        for (text, sum) in [
            ("어른 둘에 아기 하나요", "3"),
            ("두 명이서 갈 거고 아이도 둘이에요", "4"),
            ("저랑 와이프요", "2"),
            ("친구 셋이랑 저요", "4"),
        ] {
            assert_eq!(read(text).as_deref(), Some(sum), "{text}: {:?}", number(text));
        }
    }

    #[test]
    fn a_sum_that_is_told_beside_its_parts_is_not_added_to_them() {
        assert_eq!(read("네 명이요 어른 둘 아이 둘").as_deref(), Some("4"));
        assert_eq!(read("엄마랑 저랑 둘이요").as_deref(), Some("2"));
        assert_eq!(read("총 여섯 명인데 아이가 둘이에요").as_deref(), Some("6"));
    }

    #[test]
    fn where_it_is_not_certain_who_was_counted_there_is_no_number() {
        for text in [
            "저랑 애 둘이요",
            "와이프랑 아이 둘이요",
            "저 빼고 세 명이요",
            "어른 둘에 애들 몇 명이요",
        ] {
            assert_eq!(read(text), None, "{text}: {:?}", number(text));
        }
    }
}
