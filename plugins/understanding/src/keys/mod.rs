//! Keys of a menu that are said or typed: `1번`, `일번이요`, `첫 번째`, `option one`,
//! `the first one`, `별표`.

mod english;
mod names;

use english::{english_digit, offers_two};
use names::{
    DIGIT_TAILS_TABLE, DIGITS_KO, FRAME_TABLE, LAST, LOANS, MARKERS, NAMED, NATIVE_KO, NO_KEY_NEXT,
    NO_KEY_TAILS, ORDINALS, ORDINALS_KO,
};

use crate::hold::{holds, is_filler};
use crate::words::{Script, Utterance, begins};

/// The keys that are said or typed, with their places, in order. `last` is the key that is offered
/// last.
pub(crate) fn key_mentions(text: &Utterance, last: Option<char>) -> Vec<(char, usize, usize)> {
    let mut found: Vec<(char, usize, usize)> = Vec::new();
    // Bare digits stand only where everything is explained.
    let mut bare: Vec<(char, usize, usize)> = Vec::new();
    let mut explained = true;
    let held = holds(text);
    let mut held = held.iter().peekable();
    let mut at = 0;
    while at < text.words.len() {
        let start = text.start(at);
        while held.peek().is_some_and(|(_, to)| *to <= start) {
            held.next();
        }
        if let Some((from, to)) = held.peek()
            && *from <= start
        {
            at = (text.word_at(to.saturating_sub(1)) + 1).max(at + 1);
            continue;
        }
        let marked = last
            .and_then(|key| Some((key, last_at(text, at)?)))
            .or_else(|| loan(text, at))
            .or_else(|| marked(text, at));
        if let Some((key, end)) = marked {
            found.push((key, start, text.start(end)));
            at = end;
            continue;
        }
        if let Some((key, end)) = bare_at(text, at) {
            bare.push((key, start, text.start(end)));
            at = end;
            continue;
        }
        let word = text.words[at].text.as_str();
        explained &= FRAME_TABLE.has(word)
            || is_filler(word)
            || text.words[at].script == Script::Symbol && word == "~"
            || FRAME_TABLE
                .beginnings(word)
                .any(|(_, frame)| frame.len() >= 6 && DIGIT_TAILS_TABLE.has(&word[frame.len()..]));
        at += 1;
    }
    // `Two two, I said two`: one key over and over.
    let insists = bare.len() < text.words.len()
        && bare.windows(2).all(|two| two[0].0 == two[1].0)
        && text.words.iter().any(|word| {
            matches!(
                word.text.as_str(),
                "said" | "say" | "press" | "want" | "need" | "meant" | "mean"
            )
        });
    let number = bare.len() > 2 && found.is_empty() && !insists;
    if (explained || offers_two(text, &bare)) && !number {
        found.append(&mut bare);
        found.sort_by_key(|(_, from, _)| *from);
    }
    found
}

/// `마지막 거요`, `the last one`.
fn last_at(text: &Utterance, at: usize) -> Option<usize> {
    if text.words[at].script == Script::Latin {
        return text.longest_at(at, LAST).map(|(_, end)| end);
    }
    let start = text.start(at);
    if !text.is_eojeol_start(start) {
        return None;
    }
    let rest = &text.flat()[start..];
    let name = LAST.iter().filter(|name| begins(rest, name)).max_by_key(|name| name.len())?;
    let to = start + name.len();
    let end = text.word_at(text.eojeol_end(to - 1) - 1) + 1;
    let tail = &text.flat()[to..text.eojeol_end(to - 1)];
    let thing = |word: &str| {
        ["거", "것", "걸", "꺼", "껄", "번호", "메뉴", "옵션", "번", "항목"]
            .iter()
            .any(|thing| word.starts_with(thing))
    };
    let next = word(text, end);
    match tail {
        "" if thing(next) => Some(end + 1),
        "" if next.is_empty() => Some(end),
        tail if thing(tail) || DIGIT_TAILS_TABLE.has(tail) && !tail.is_empty() => Some(end),
        _ => None,
    }
}

/// `옵션 쓰리요`, `넘버 투`.
fn loan(text: &Utterance, at: usize) -> Option<(char, usize)> {
    let start = text.start(at);
    if text.words[at].script != Script::Hangul || !text.is_eojeol_start(start) {
        return None;
    }
    let rest = &text.flat()[start..];
    let after = ["옵션", "넘버", "메뉴", "버튼", "숫자"]
        .iter()
        .find_map(|marker| rest.strip_prefix(marker))?;
    let place = text.flat().len() - after.len();
    if let Some(figure) = text.words.get(text.word_at(place)).filter(|word| {
        text.is_start(place) && word.script == Script::Figure && word.text.len() == 1
    }) {
        let end = text.word_at(text.eojeol_end(place) - 1) + 1;
        return Some((figure.text.chars().next()?, end));
    }
    let (name, key) = LOANS.iter().chain(DIGITS_KO).find(|(name, _)| begins(after, name))?;
    let to = place + name.len();
    let tail = &text.flat()[to..text.eojeol_end(to - 1)];
    (DIGIT_TAILS_TABLE.has(tail) || tail.starts_with('번'))
        .then(|| (*key, text.word_at(text.eojeol_end(to - 1) - 1) + 1))
}

fn word(text: &Utterance, at: usize) -> &str {
    text.words.get(at).map_or("", |word| word.text.as_str())
}

/// Hangul from the word on, over the end of one eojeol and the next, for `일 번`, `첫 번째 거`.
fn marked(text: &Utterance, at: usize) -> Option<(char, usize)> {
    let start = text.start(at);
    let script = text.words[at].script;
    // `음 삼 번`: syllables apart, after a sound.
    let apart = at > 0 && text.words[at].spaced && is_filler(&text.words[at - 1].text);
    if matches!(script, Script::Hangul | Script::Figure) && (text.is_eojeol_start(start) || apart)
        || (script == Script::Figure)
    {
        return marked_korean(text, at).or_else(|| named(text, at));
    }
    if script == Script::Latin {
        return marked_english(text, at).or_else(|| named(text, at));
    }
    named(text, at)
}

/// What follows `name` at the beginning of `rest`, which has no spaces.
fn without_spaces<'t>(rest: &'t str, name: &str) -> Option<&'t str> {
    name.split(' ').try_fold(
        rest,
        |rest, word| {
            if begins(rest, word) { rest.get(word.len()..) } else { None }
        },
    )
}

fn named(text: &Utterance, at: usize) -> Option<(char, usize)> {
    let rest = &text.flat()[text.start(at)..];
    let first = rest.chars().next();
    let (name, key, rest) = NAMED
        .iter()
        .filter(|(name, _)| name.chars().next() == first)
        .find_map(|(name, key)| Some((name, key, without_spaces(rest, name)?)))?;
    let to = text.flat().len() - rest.len();
    let end = text.eojeol_end(to - 1);
    let tail = text.flat().get(to..end).unwrap_or_default();
    if !(DIGIT_TAILS_TABLE.has(tail)
        || matches!(tail, "버튼" | "버튼이요" | "키" | "키요" | "누를게요"))
    {
        return None;
    }
    // `#1` is the number one, and `샵` in a sentence a shop.
    if text.words.get(at + 1).is_some_and(|word| word.script == Script::Figure && !word.spaced) {
        return None;
    }
    let alone = text.words.len() <= 20
        && text.words.iter().enumerate().filter(|(i, _)| *i < at || text.start(*i) >= end).all(
            |(_, word)| {
                FRAME_TABLE.has(&word.text)
                    || is_filler(&word.text)
                    || matches!(word.text.as_str(), "sign" | "표" | "정자" | "정" | "눌러" | "표시")
            },
        );
    (alone || matches!(*name, "별표" | "우물정자" | "우물정"))
        .then(|| (*key, text.word_at(end.max(1) - 1) + 1))
}

fn marked_korean(text: &Utterance, at: usize) -> Option<(char, usize)> {
    let flat = text.flat();
    let start = text.start(at);
    let rest = &flat[start..];
    let finish = |to: usize| text.word_at(text.eojeol_end(to - 1).max(1) - 1) + 1;
    if let Some((name, key)) =
        ORDINALS_KO.iter().filter(|(name, _)| begins(rest, name)).max_by_key(|(name, _)| name.len())
    {
        let to = start + name.len();
        let tail = &flat[to..text.eojeol_end(to - 1)];
        let end = finish(to);
        // `첫 번째 서버`, `두번째 전화예요` are something else.
        let thing = [
            "",
            "거",
            "것",
            "걸",
            "꺼",
            "껄",
            "요",
            "이요",
            "로",
            "으로",
            "예요",
            "입니다",
            "메뉴",
            "번호",
            "옵션",
            "말",
            "항목",
        ]
        .iter()
        .any(|t| if t.is_empty() { tail.is_empty() } else { tail.starts_with(t) });
        let next = word(text, end);
        let fits = next.is_empty()
            || text.words[end].pause
            || FRAME_TABLE.has(next)
            || FRAME_TABLE.beginnings(next).any(|(_, frame)| frame.len() > 3)
            || [
                "거", "것", "걸", "꺼", "껄", "선택", "누", "메뉴", "번호", "옵션", "부탁", "말",
                "항목", "버튼", "불러", "나온", "읽어", "얘기",
            ]
            .iter()
            .any(|thing| next.starts_with(thing));
        let things = ["거", "것", "걸", "꺼", "껄", "메뉴", "번호", "옵션", "항목"];
        let end = if tail.is_empty() && things.iter().any(|thing| next.starts_with(thing)) {
            end + 1
        } else {
            end
        };
        return (thing && fits).then_some((*key, end));
    }
    // `1번째 거`, and the digit before 번.
    let figure = text.words[at].script == Script::Figure;
    let (key, to) = if figure {
        let digit = text.words[at].text.strip_suffix(".0").unwrap_or(&text.words[at].text);
        let digit = if digit.len() == 1 { digit.chars().next()? } else { return None };
        (digit, text.end(at))
    } else {
        let (name, key) = DIGITS_KO.iter().find(|(name, _)| begins(rest, name))?;
        (*key, start + name.len())
    };
    if text.pause_between(to, to) {
        return None;
    }
    let after = flat[to..].strip_prefix('번')?;
    let to = flat.len() - after.len();
    let mut end = finish(to);
    let mut tail = &flat[to..text.eojeol_end(to - 1)];
    if let Some(ordinal) = tail.strip_prefix('째') {
        tail = ordinal;
        if !(tail.is_empty()
            || DIGIT_TAILS_TABLE.has(tail)
            || tail.starts_with('거')
            || tail.starts_with('것')
            || tail.starts_with('걸'))
        {
            return None;
        }
        return Some((key, end));
    }
    // `1번장애요`: what follows is a word of its own.
    if !tail.is_empty() && !crate::korean::follows_noun(tail) {
        end = text.word_at(to - 1) + 1;
    }
    // `1번이나 2번이요` offers two, `3번이나 전화했어요` counts.
    let or_another = tail == "이나" && {
        let rest = &flat[text.start(end)..];
        let digit = DIGITS_KO
            .iter()
            .find_map(|(name, _)| rest.strip_prefix(name))
            .or_else(|| rest.strip_prefix(|c: char| c.is_ascii_digit()));
        digit.is_some_and(|rest| rest.starts_with('번'))
    };
    if !or_another && NO_KEY_TAILS.iter().any(|other| begins(tail, other)) {
        return None;
    }
    let next = word(text, end);
    // `1번 방으로 할게요` chooses.
    let chosen = next.ends_with('로')
        && ["할", "하", "해", "주", "부탁", "선택", "갈"]
            .iter()
            .any(|verb| word(text, end + 1).starts_with(verb));
    if tail.is_empty() && !chosen && NO_KEY_NEXT.iter().any(|other| begins(next, other)) {
        return None;
    }
    // `이번 달`, `이번에`, `사번이 …` are words.
    if !figure && matches!(key, '2' | '4' | '9' | '5') {
        let word_of_its_own = matches!(
            tail,
            "이" | "에"
                | "은"
                | "만"
                | "엔"
                | "에는"
                | "에도"
                | "주"
                | "달"
                | "건"
                | "에요"
                | "도"
                | "이나"
        );
        let answers = next.is_empty()
            || text.words.get(end).is_some_and(|word| word.pause)
            || (FRAME_TABLE.has(next) && next != "주문")
            || [
                "선택", "누", "눌", "할게", "부탁", "해주", "주세", "연결", "아니", "말고", "이요",
                "으로", "하겠", "갈게", "하고", "메뉴",
            ]
            .iter()
            .any(|frame| next.starts_with(frame))
            || matches!(
                tail,
                "이요" | "으로" | "을" | "요" | "으로요" | "말고" | "이에요" | "입니다"
            );
        if word_of_its_own || !answers {
            return None;
        }
    }
    Some((key, end))
}

fn marked_english(text: &Utterance, at: usize) -> Option<(char, usize)> {
    let first = word(text, at);
    let mut key_at = at;
    if MARKERS.contains(&first) {
        key_at += 1;
        if matches!(word(text, key_at), "number" | "option" | "key" | "the" | "button" | "choice") {
            key_at += 1;
        }
        if text.words.get(key_at).is_some_and(|word| word.pause) {
            return None;
        }
        let homophone = match word(text, key_at) {
            "to" | "too"
                if matches!(first, "number" | "option" | "press")
                    && text.words.get(key_at + 1).is_none() =>
            {
                Some('2')
            }
            "for"
                if matches!(first, "number" | "option" | "press")
                    && text.words.get(key_at + 1).is_none() =>
            {
                Some('4')
            }
            _ => None,
        };
        let (key, end) = match homophone {
            Some(key) => (key, key_at + 1),
            None => match named(text, key_at) {
                Some(named) => named,
                None => english_digit(text, key_at)?,
            },
        };
        // `No 1` needs a figure, for `no one` is nobody.
        if first == "no" && text.words[key_at].script != Script::Figure {
            return None;
        }
        let next = word(text, end);
        let ends = next.is_empty()
            || text.words[end].pause
            || text.words[end].script == Script::Hangul
            || FRAME_TABLE.has(next)
            || is_filler(next)
            || matches!(
                next,
                "because" | "since" | "cause" | "as" | "already" | "about" | "again" | "on"
            );
        return ends.then_some((key, end));
    }
    let the = first == "the";
    let ordinal_at = if the { at + 1 } else { at };
    let (_, key) = ORDINALS.iter().find(|(name, _)| *name == word(text, ordinal_at))?;
    let thing = word(text, ordinal_at + 1);
    if matches!(thing, "one" | "option" | "choice" | "item" | "menu" | "entry") {
        return Some((*key, ordinal_at + 2));
    }
    None
}

/// A digit without anything that marks it as a key.
fn bare_at(text: &Utterance, at: usize) -> Option<(char, usize)> {
    let start = text.start(at);
    match text.words[at].script {
        Script::Figure => {
            if text.words[at].text.len() != 1 {
                return None;
            }
            let key = text.words[at].text.chars().next()?;
            let glued =
                text.words.get(at + 1).filter(|word| !word.spaced && word.script == Script::Hangul);
            let ordinal = text.words.get(at + 1).is_some_and(|word| {
                !word.spaced && matches!(word.text.as_str(), "st" | "nd" | "rd" | "th")
            });
            match glued {
                None if ordinal => Some((key, at + 2)),
                None => Some((key, at + 1)),
                Some(word) => DIGIT_TAILS_TABLE.has(&word.text).then_some((key, at + 2)),
            }
        }
        Script::Hangul => {
            let end = text.eojeol_end(start);
            let eojeol = &text.flat()[start..end];
            if !text.is_eojeol_start(start) {
                return None;
            }
            let (tail, key) = DIGITS_KO.iter().chain(NATIVE_KO).find_map(|(name, key)| {
                let tail = eojeol.get(name.len()..).filter(|_| begins(eojeol, name))?;
                (DIGIT_TAILS_TABLE.has(tail) && *name != "원"
                    || (*name == "원" && tail.is_empty() && text.words.len() == 1))
                    .then_some((tail, *key))
            })?;
            let after = text.word_at(end - 1) + 1;
            // `이 거`, `그 일`: this, that.
            let next = word(text, after);
            if tail.is_empty()
                && (["거", "것", "걸", "게", "꺼"].iter().any(|thing| next.starts_with(thing))
                    || (at > 0
                        && matches!(word(text, at - 1), "그" | "이" | "저" | "제" | "내")
                        && key == '1'))
            {
                return None;
            }
            Some((key, after))
        }
        Script::Latin => {
            let before = at.checked_sub(1).map_or("", |before| word(text, before));
            if matches!(
                before,
                "this"
                    | "that"
                    | "no"
                    | "which"
                    | "some"
                    | "any"
                    | "every"
                    | "another"
                    | "other"
                    | "good"
                    | "not"
            ) && word(text, at) == "one"
                && before != "not"
                && before != "no"
            {
                return None;
            }
            if before == "no" && word(text, at) == "one" && !text.words[at].pause && at == 1 {
                return None;
            }
            if let Some((_, key)) = ORDINALS.iter().find(|(name, _)| *name == word(text, at)) {
                if before == "one" || before == "a" {
                    return None;
                }
                return Some((*key, at + 1));
            }
            if word(text, at) == "o" || word(text, at) == "oh" && text.words.len() > 1 {
                return None;
            }
            // `One more time`.
            if word(text, at + 1) == "more" {
                return None;
            }
            english_digit(text, at)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> String {
        key_mentions(&Utterance::new(text), None).into_iter().map(|(key, ..)| key).collect()
    }

    #[test]
    fn keys_are_said_in_many_ways() {
        for text in [
            "1",
            "1번",
            "일번이요",
            "일 번",
            "일 번이요",
            "첫 번째",
            "첫번째 거요",
            "첫 번째 걸로 할게요",
            "one",
            "number one",
            "option one",
            "press one",
            "the first one",
            "１",
            "①",
            "1.",
            "1번으로 해주세요",
            "하나요",
            "일이요",
            "one please",
            "I'd like option one",
            "the first",
            "1번 선택할게요",
            "1번이요 1번",
            "일",
            "음 일번이요",
            "No. 1",
            "i'll go with one",
            "첫째",
            "1이요",
            "1번 누를게요",
            "first option please",
            "네 1번이요",
            "number 1",
        ] {
            let found = keys(text);
            assert!(!found.is_empty() && found.chars().all(|c| c == '1'), "{text}: {found:?}");
        }
        assert_eq!(keys("별표"), "*");
        assert_eq!(keys("우물정자요"), "#");
        assert_eq!(keys("pound"), "#");
        assert_eq!(keys("이번이요"), "2");
        assert_eq!(keys("이요"), "2");
    }

    #[test]
    fn numbers_of_something_else_are_no_keys() {
        for text in [
            "이 일 때문에",
            "one moment",
            "one of my servers",
            "for",
            "to",
            "이번 달 요금",
            "이번에 가입했는데요",
            "3번이나 전화했어요",
            "두 번 전화했어요",
            "one two three four",
            "12",
            "this one",
            "두 가지 문의가 있어요",
            "일단 요금이요",
            "no one",
            "이게 뭐예요",
            "한 번 더 말씀해 주세요",
            "이거요",
            "오늘",
            "1번 서버가 죽었어요",
        ] {
            assert_eq!(keys(text), "", "{text}");
        }
    }
}
