//! Hesitation, and words that ask for time.

use crate::table::{Table, table};
use crate::words::{Script, Utterance};

/// Sounds that fill time. They say nothing: in particular, `어` is no yes.
#[rustfmt::skip]
pub(crate) const FILLERS: &[&str] = &[
    "어", "음", "저", "그", "아", "에", "흠", "으음", "음음", "어어", "어어어", "어음", "저기",
    "저기요", "저저", "그게", "그거", "뭐", "뭐지", "뭐랄까", "있잖아요", "그러니까", "그니까",
    "아아", "오", "허", "헐", "이제", "인제", "막", "좀", "저는", "제가", "글쎄", "글쎄요",
    "그러게요", "어디보자", "ㅎㅎ", "ㅋㅋ", "ㅠㅠ", "ㅜㅜ", "보자", "으", "으으", "흐음", "으흠",
    "에에", "에또", "아이", "아니그게", "그그", "그러면", "그럼", "근데", "그런데", "uh", "uhh",
    "uhhh", "um", "umm", "ummm", "er", "err", "erm", "ehm", "hm", "hmm", "hmmm", "mm", "mmm", "ah",
    "ahh", "oh", "eh", "well", "like", "so", "you know", "anyway", "let me think", "ugh", "gosh",
    "now", "and", "i", "i i", "the", "a", "huh",
];

/// A caller who asks for time says one of these. `기다렸어요` and `how long is the wait` are no
/// such thing.
#[rustfmt::skip]
const HOLDS: &[&str] = &[
    "hold on", "hang on", "hold up", "hold please", "please hold", "can you hold",
    "could you hold", "hold the line", "hold for a", "hold a", "one moment", "one sec",
    "one second", "one minute", "just a", "a moment", "a sec", "a second", "a minute",
    "a few minutes", "a few seconds", "few more seconds", "two seconds", "two secs",
    "two minutes please", "five minutes please", "sec", "secs", "give me", "wait", "wait up",
    "waitwait", "let me check", "let me see", "let me look", "let me find", "let me think",
    "let me get", "let me grab", "let me ask", "let me count", "let me look for", "let me grab my",
    "let me write", "i have to check", "i need to check", "need to look", "need to check",
    "have to look", "let me just", "let me pull", "let me go get", "let me go find", "let me go grab", "let me go look", "let me go and get", "do not hang up", "do not go away",
    "let me fetch", "let me dig", "let me take a look",
    "let me double check", "let me look it up", "i will check", "i will look", "i need a moment",
    "i need a minute", "i need a second", "i need a sec", "i need more time", "i need some time",
    "need more time", "more time", "bear with me", "be right back", "brb", "i am looking",
    "i am checking", "looking for it", "still looking", "i am searching", "am still looking",
    "checking", "looking it up", "not ready", "in a moment", "one tick", "a tick", "half a second",
    "half a sec", "i am getting it", "getting my", "get my glasses", "grab a pen", "get a pen",
    "hold", "two ticks", "couple of ticks", "two shakes", "couple of minutes", "couple of seconds", "couple of secs", "one min", "two mins", "one sec please",
    "a min", "a mo", "half a mo", "half a minute", "gis a sec", "gis a minute", "give us",
];

/// `give me`, `just a` and the like ask for time only before one of these.
#[rustfmt::skip]
const MOMENTS: &[&str] = &[
    "moment", "moments", "sec", "secs", "second", "seconds", "minute", "minutes", "min", "mins",
    "tick", "bit", "while", "time", "few", "mo",
];

/// What may follow `a second` where it asks for time.
#[rustfmt::skip]
const AFTER_SECOND: &[&str] = &[
    "please", "to", "while", "i", "let", "thanks", "thank", "here", "ok", "okay", "sorry", "and", "of", "just", "more", "so", "my", "for",
    "or", "though", "mate", "sir", "madam", "love", "dear", "will", "would", "could", "can", "yeah", "yes", "no", "hold", "wait", "the", "because",
    "uh", "um", "oh", "hang", "need", "we", "it", "there", "now", "before", "until", "then", "but", "am", "is", "if", "longer",
];

/// Korean words that ask for time, by their beginning.
#[rustfmt::skip]
const HOLDS_KO: &[&str] = &[
    "잠깐만", "잠시만", "잠깐", "잠시", "잠만", "기다려주", "기다려줘", "기다려봐", "기다려보",
    "기다려요", "기다리세요", "기다리십", "기다려달", "기다려", "기달려", "기달", "찾아볼게",
    "찾아보", "찾아볼", "찾고있", "찾는중", "찾을게", "확인해볼", "확인해보", "확인좀", "확인할게",
    "확인하고있", "확인중", "살펴볼", "알아볼", "물어볼게", "물어보고올", "물어보고말", "생각해볼",
    "생각좀", "생각해보", "생각중", "가져올", "가지고올", "갖고올", "조금만요", "조금만더",
    "조금만기다", "조금만있", "쫌만", "좀만", "시간좀", "시간을좀", "시간조금", "시간더",
    "시간이필요", "보고있", "메모좀", "메모할", "적을게", "펜좀", "펜가", "펜을", "꺼내볼",
    "확인하고올", "가서볼", "다녀올", "챙겨올", "들고올", "갖다", "보고올", "보고말씀", "볼게요", "일분만", "일분정도", "이분만", "삼분만", "오분만", "십초만",
    "초만", "끊지말", "끊지마", "어디뒀", "어디있더라", "어디갔", "아직못찾", "아직찾", "ㄱㄷ",
    "ㄱㄷㄱㄷ", "금방볼", "금방찾", "금방확인", "어디보자", "한번볼게", "좀볼게", "지금볼게",
    "조금만시간", "조금시간", "잠깐시간", "잠시시간", "쪼금만", "쪼까만", "쪼까기다", "쪼매만", "쪼매기다", "쪼깨만", "쪼깨기다", "째까만", "째까기다", "쫌기다",
    "쪼매있", "쪼까있", "지둘러", "지달려", "기둘려", "기둘리", "기다리쇼", "기다려잉",
    "이따가할", "쪼끔만", "쬐끔만", "조금만있", "금방올게", "금방갈게", "갔다올게", "다녀올게", "금방돌아", "그대로계세",
    "그대로계셔", "가만히계세", "있어봐요", "있어보세", "계셔보세", "계셔봐", "준비가안", "아직준비", "스탑", "웨이트",
];

const FILLERS_TABLE: Table = table!(FILLERS);
const HOLDS_TABLE: Table = table!(HOLDS);
const HOLDS_KO_TABLE: Table = table!(HOLDS_KO);

/// Where the text asks for time: places in the flat text, in order, not overlapping.
pub(crate) fn holds(text: &Utterance) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut word = 0;
    while word < text.words.len() {
        let end = match text.words[word].script {
            Script::Latin => english(text, word),
            Script::Figure => korean(text, word).or_else(|| few_minutes(text, word)),
            Script::Hangul | Script::Jamo => korean(text, word),
            Script::Symbol => None,
        };
        match end {
            Some(end) => {
                found.push((text.start(word), text.start(end)));
                word = end;
            }
            None => word += 1,
        }
    }
    found
}

fn english(text: &Utterance, at: usize) -> Option<usize> {
    let (phrase, mut end) = text.longest_of(at, HOLDS_TABLE)?;
    let next = |end: usize| text.words.get(end).map_or("", |word| word.text.as_str());
    let before = |back: usize| at.checked_sub(back).map_or("", |at| text.words[at].text.as_str());
    match phrase {
        "just a" | "give me" | "hold for a" | "hold a" | "let me just" => {
            let mut skipped = end;
            while matches!(
                next(skipped),
                "a" | "an"
                    | "one"
                    | "another"
                    | "just"
                    | "like"
                    | "two"
                    | "five"
                    | "some"
                    | "more"
                    | "couple"
                    | "of"
                    | "few"
                    | "quick"
                    | "little"
                    | "half"
                    | "1"
                    | "2"
                    | "3"
                    | "5"
                    | "three"
            ) {
                skipped += 1;
            }
            let asks = MOMENTS.contains(&next(skipped))
                || (phrase == "let me just"
                    && matches!(next(skipped), "check" | "see" | "look" | "find" | "get" | "grab"));
            if !asks {
                return None;
            }
            end = skipped + 1;
        }
        "wait" => {
            if matches!(before(1), "the" | "of" | "long" | "can" | "not" | "to")
                || matches!(next(end), "time" | "times" | "list" | "until" | "for" | "in")
            {
                return None;
            }
            let mut skipped = end;
            while matches!(next(skipped), "a" | "one" | "just" | "for") {
                skipped += 1;
            }
            if MOMENTS.contains(&next(skipped)) {
                end = skipped + 1;
            }
        }
        // `Hold` alone asks for time; `on hold`, `hold music` do not.
        "hold" if at != 0 || text.words.get(end).is_some_and(|word| !word.pause) => return None,
        // `A second bag`.
        "a second"
            if text.words.get(end).is_some_and(|word| {
                !word.pause
                    && word.script == Script::Latin
                    && !AFTER_SECOND.contains(&word.text.as_str())
            }) =>
        {
            return None;
        }
        "a second" | "a minute"
            if matches!(next(end), "one" | "line" | "account" | "number" | "time" | "order") =>
        {
            return None;
        }
        "a moment" | "a second" | "a minute" | "a few minutes" if matches!(next(end), "ago") => {
            return None;
        }
        "checking" if matches!(before(1), "for") => return None,
        // `I'm looking for the library`.
        "i am looking"
            if next(end) == "for"
                && !matches!(next(end + 1), "it" | "my" | "that" | "them" | "") =>
        {
            return None;
        }
        "checking" | "sec" | "secs" if matches!(next(end), "account" | "accounts" | "number") => {
            return None;
        }
        "more time" | "one minute" | "one second"
            if matches!(next(end), "ago" | "late" | "past") =>
        {
            return None;
        }
        "checking" if matches!(next(end), "out" | "in") => return None,
        "more time" if before(1) == "one" => return None,
        "i will check" if matches!(next(end), "in" | "out") => return None,
        _ => {}
    }
    Some(end)
}

fn korean(text: &Utterance, at: usize) -> Option<usize> {
    let start = text.start(at);
    if !text.is_eojeol_start(start) {
        return None;
    }
    let rest = &text.flat()[start..];
    if let Some(end) = minutes(text, at) {
        return Some(end);
    }
    // A syllable or two may stand before it in the same eojeol: `네잠깐만요`, `어잠시만요`.
    let mut skipped = rest;
    for _ in 0..3 {
        let longest = HOLDS_KO_TABLE.beginnings(skipped).max_by_key(|(_, hold)| hold.len());
        if let Some((_, hold)) = longest {
            let from = text.flat().len() - skipped.len();
            let word_end = text.eojeol_end(from + hold.len() - 1);
            let tail = &text.flat()[from + hold.len()..word_end];
            // `찾아보니까`, `확인해봤는데`, `잠시후`: told, not asked.
            let told = [
                "니", "면", "후에", "동안", "려고", "려는", "고싶", "던", "셨", "았", "는데",
                "려면",
            ]
            .iter()
            .any(|told| tail.starts_with(told))
                || (hold == "잠시" && tail.starts_with('후'))
                || (hold == "잠시" || hold == "잠깐")
                    && !(tail.is_empty()
                        || crate::korean::closes(tail)
                        || tail.starts_with("기다")
                        || tail.starts_with("통화")
                        || tail.starts_with("실례"))
                || (matches!(hold, "확인해보" | "찾아보" | "생각해보" | "기다려보")
                    && !(tail.starts_with("고")
                        || tail.starts_with("겠")
                        || tail.starts_with("자")
                        || tail.starts_with("도록")
                        || tail.starts_with("세요")
                        || tail.starts_with("ㄹ")));
            let next = text
                .words
                .get(text.word_at(word_end.saturating_sub(1)) + 1)
                .map_or("", |word| word.text.as_str());
            // `사료 파는지만 물어볼게요`: asked here, and not somewhere else.
            let before = &text.flat()[..from];
            let asked = hold.starts_with("물어볼")
                && ["만", "거", "것", "지", "하나", "가지", "를", "을"]
                    .iter()
                    .any(|object| before.ends_with(object));
            // `할지 말지 생각 중이에요` decides nothing; `한번 해 볼게요` takes it up.
            let undecided = hold.starts_with("생각")
                && (before.contains("지말지") || before.contains("까말까"));
            let tries = hold == "볼게요" && tries(before);
            // `메뉴 확인 좀요`, `확인 좀 부탁드려요`: asked of the one who is spoken to.
            let own = ["할", "해볼", "하고", "해보", "하겠", "볼게", "해야", "하는", "하느라"];
            let for_me = hold == "확인좀"
                && !own.iter().any(|verb| tail.starts_with(verb) || next.starts_with(verb))
                && (named(text, at) || !(tail.is_empty() || tail == "요"))
                || hold == "확인좀"
                    && (next.starts_with("부탁")
                        || next.starts_with("해주")
                        || next.starts_with("해줘"));
            if told
                || undecided
                || tries
                || for_me
                || asked
                || (tail.is_empty() && ["후에", "뒤에", "후", "뒤", "전에"].contains(&next))
            {
                return None;
            }
            let mut end = text.word_at(word_end.saturating_sub(1)) + 1;
            // `확인 좀 할게요`, `생각 좀 해 보고요`: with the verb.
            if hold.ends_with('좀')
                && [
                    "할게",
                    "할께",
                    "해볼",
                    "하고",
                    "해보",
                    "할래",
                    "하겠",
                    "볼게",
                    "해",
                    "가질게",
                    "주세",
                    "주시",
                ]
                .iter()
                .any(|verb| next.starts_with(verb))
            {
                end += 1;
            }
            return Some(end);
        }
        let mut chars = skipped.chars();
        let first = chars.next()?;
        let from = text.flat().len() - chars.as_str().len();
        if !"네예어음아저그넵응넹".contains(first) || text.is_eojeol_start(from) {
            return None;
        }
        skipped = chars.as_str();
    }
    None
}

/// Whether what stands before `볼게요` is what is taken up: `해 볼게요`, not `확인해 볼게요`.
fn tries(before: &str) -> bool {
    const CHECKS: &[&str] = &[
        "확인",
        "생각",
        "얘기",
        "이야기",
        "전화",
        "연락",
        "조회",
        "검색",
        "고민",
        "상의",
        "의논",
        "문의",
        "체크",
        "비교",
        "계산",
        "말",
        "질문",
    ];
    before.strip_suffix('해').is_some_and(|rest| {
        let rest = rest.strip_suffix('좀').unwrap_or(rest);
        !CHECKS.iter().any(|check| rest.ends_with(check))
    }) || ["써", "먹어", "이용해", "가입해", "신청해"].iter().any(|tried| before.ends_with(tried))
}

/// `1 min pls`, `2 secs`: with nothing that it could count for.
fn few_minutes(text: &Utterance, at: usize) -> Option<usize> {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let moment = matches!(
        word(at + 1),
        "min" | "mins" | "sec" | "secs" | "minute" | "second" | "moment" | "mo" | "tick" | "ticks"
    );
    let asks = matches!(word(at + 2), "" | "please" | "plz" | "thanks" | "while" | "let" | "i")
        || text.words.get(at + 2).is_some_and(|next| next.pause);
    let begins = text.words[..at].iter().all(|word| {
        is_filler(&word.text)
            || matches!(
                word.text.as_str(),
                "just" | "give" | "me" | "yes" | "ok" | "okay" | "sorry"
            )
    });
    (moment && asks && begins).then_some(at + 2)
}

/// Whether the word before names something: `메뉴 확인 좀요`, and not `네 확인 좀요`.
fn named(text: &Utterance, at: usize) -> bool {
    at.checked_sub(1).map(|before| text.words[before].text.as_str()).is_some_and(|word| {
        // `예약` is no `예`.
        let answers = word.chars().all(|c| "네예넵응".contains(c));
        !is_filler(word) && HOLDS_KO_TABLE.beginnings(word).next().is_none() && !answers
    })
}

/// `1분만`, `10초만요`, `5분만 기다려 주세요`.
fn minutes(text: &Utterance, at: usize) -> Option<usize> {
    let mut rest = &text.flat()[text.start(at)..];
    if text.words[at].script == Script::Figure {
        rest = &text.flat()[text.end(at)..];
    } else {
        rest = ["일", "이", "삼", "오", "십", "한"]
            .iter()
            .find_map(|number| rest.strip_prefix(number))?;
    }
    let rest = rest.strip_prefix('분').or_else(|| rest.strip_prefix('초'))?;
    let only = ["만", "정도만", "만요", "후에다시"].iter().find(|only| rest.starts_with(**only))?;
    let end = text.flat().len() - rest.len() + only.len();
    Some(text.word_at(text.eojeol_end(end - 1).saturating_sub(1)) + 1)
}

/// Whether the word is a filler.
pub(crate) fn is_filler(word: &str) -> bool {
    FILLERS_TABLE.has(word) || is_drawn_out(word)
}

/// `어어어…`, `음음음`, `ㅋㅋㅋㅋ`, `uhhhh`, `hmmmmm`: one sound over and over.
pub(crate) fn is_drawn_out(word: &str) -> bool {
    let mut chars = word.chars();
    let Some(first) = chars.next() else { return false };
    if "어음저그아에흠으ㅋㅎㅠㅜㅡ".contains(first) && chars.clone().all(|c| c == first)
    {
        return true;
    }
    ["uh", "um", "er", "hm", "ah", "mm", "oh"].iter().any(|sound| {
        word.strip_prefix(sound).is_some_and(|rest| {
            let last = sound.chars().last();
            rest.chars().all(|c| Some(c) == last)
        })
    })
}

/// What an answer with no value comes to.
pub(crate) fn without_value<T>(text: &Utterance) -> crate::Understood<T> {
    use crate::{Outcome, Understood, Why};
    let held = holds(text);
    if !held.is_empty() {
        let set_aside = held.iter().map(|(from, to)| text.shown(*from, *to)).collect();
        return Understood::new(Outcome::Hold, Why { set_aside, ..Why::note("asks for time") });
    }
    let fillers = text.words.iter().all(|word| is_filler(&word.text));
    if fillers && !text.is_empty() {
        let set_aside = text.words.iter().map(|word| word.text.clone()).collect();
        return Understood::new(
            Outcome::Hesitation,
            Why { set_aside, ..Why::note("only hesitation") },
        );
    }
    Understood::new(Outcome::Nothing, Why::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_asked_for() {
        for text in [
            "잠깐만요",
            "잠시만요",
            "잠시만 기다려 주세요",
            "기다려 주세요",
            "찾아볼게요",
            "찾아 볼게요",
            "네 잠깐만요",
            "네잠시만요",
            "1분만요",
            "5분만 기다려 주세요",
            "확인해 볼게요",
            "hold on",
            "one moment please",
            "just a sec",
            "let me check",
            "give me a minute",
            "wait",
            "wait a minute",
            "can you hold on a second",
            "gimme a sec",
            "잠 깐 만 요",
        ] {
            assert!(!holds(&Utterance::new(text)).is_empty(), "{text}");
        }
        for text in [
            "얼마나 기다렸는데요",
            "how long is the wait",
            "give me an agent",
            "just a billing question",
            "찾아보니까 없어요",
            "잠시 후에 할게요",
        ] {
            assert!(holds(&Utterance::new(text)).is_empty(), "{text}");
        }
    }

    #[test]
    fn sounds_that_are_drawn_out_are_hesitation() {
        for sound in ["어어어어", "음", "uhhhh", "hmmmm", "ㅋㅋㅋ"] {
            assert!(is_filler(sound), "{sound}");
        }
        assert!(!is_filler("네네"));
    }
}
