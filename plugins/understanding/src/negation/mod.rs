//! Denial and correction: which of the things that were said stand.
//!
//! Whatever can be meant (a phrase, a key, a number, a date) is a [`Mention`] with its place.
//! Korean denies what stands before the denial (`요금 말고`, `장애는 아니고`), English what stands
//! after it (`not the bill`), within one clause. A correction (`장애, 아니 요금이요`,
//! `two, no, three`) leaves what follows it.

mod cues;

use cues::{
    BRIDGES, CORRECTS, CORRECTS_KO, DENIES_AFTER, DENIES_BEFORE, DENYING_VERBS, ENDS_SCOPE, FAILS,
    IDIOMS, JOINS, LACKED, TAKES_BACK,
};

use crate::outcome::{Denied, Why};
use crate::table::{Table, table};
use crate::words::{Script, Utterance, places_of};

const DENIES_BEFORE_TABLE: Table = table!(DENIES_BEFORE);
const DENIES_AFTER_TABLE: Table = table!(DENIES_AFTER);
const CORRECTS_TABLE: Table = table!(CORRECTS);
const CORRECTS_KO_TABLE: Table = table!(CORRECTS_KO);
const IDIOMS_TABLE: Table = table!(IDIOMS);

/// Something that may be meant, at a place of the flat text.
#[derive(Clone, Debug)]
pub(crate) struct Mention<T> {
    pub value: T,
    pub from: usize,
    pub to: usize,
}

/// Decides which mentions stand; the rest are told in `why`. Mentions are sorted and do not
/// overlap.
pub(crate) fn standing<T>(
    text: &Utterance,
    mentions: Vec<Mention<T>>,
    why: &mut Why,
) -> Vec<Mention<T>> {
    if mentions.is_empty() {
        return mentions;
    }
    let mut by: Vec<Option<String>> = vec![None; mentions.len()];
    deny_before(text, &mentions, &mut by);
    deny_after(text, &mentions, &mut by);
    correct(text, &mentions, &mut by);
    let mut standing = Vec::new();
    for (mention, by) in mentions.into_iter().zip(by) {
        match by {
            Some(by) => why.denied.push(Denied { what: text.shown(mention.from, mention.to), by }),
            None => standing.push(mention),
        }
    }
    standing
}

fn inside<T>(mentions: &[Mention<T>], from: usize, to: usize) -> bool {
    let first = mentions.partition_point(|mention| mention.to <= from);
    mentions.get(first).is_some_and(|mention| mention.from < to)
}

/// Korean denials, by place.
fn korean_denials<T>(text: &Utterance, mentions: &[Mention<T>]) -> Vec<(usize, usize)> {
    let flat = text.flat();
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (word, at) in DENIES_BEFORE_TABLE.places(flat) {
        if !inside(mentions, at, at + word.len()) {
            found.push((at, at + word.len()));
        }
    }
    // The longest at a place, and none within another.
    found.sort_unstable_by_key(|(from, to)| (*from, std::cmp::Reverse(*to)));
    let mut end = 0;
    found.retain(|(from, to)| {
        let keep = *from >= end;
        if keep {
            end = *to;
        }
        keep
    });
    found
}

fn deny_before<T>(text: &Utterance, mentions: &[Mention<T>], by: &mut [Option<String>]) {
    /// How far a denial reaches back, in bytes: about ten syllables.
    const REACH: usize = 45;
    let flat = text.flat();
    for (from, to) in korean_denials(text, mentions) {
        // `환불이 안 됐어요` complains, `환불은 됐어요` declines.
        if denial_done(&flat[from..to]) && !declined(flat, mentions, from) {
            continue;
        }
        if TAKES_BACK.iter().any(|back| flat[from..].starts_with(back)) {
            continue;
        }
        let denial = &flat[from..to];
        let question = text.asks(text.word_at(from)) && denial.starts_with("아니에요");
        if question {
            continue;
        }
        // `이사 안 가요`; `소포가 안 가요` complains.
        if denial.starts_with("안가")
            && !["이사", "여행", "출장", "방문", "이사는", "이사를", "이사도", "이사"]
                .iter()
                .any(|goes| flat[..from].ends_with(goes))
        {
            continue;
        }
        let eojeol_tail = &flat[to..text.eojeol_end(to - 1)];
        // `카드가 없어졌어요`: lost.
        if denial == "없"
            && ["어졌", "어져", "어진"].iter().any(|gone| flat[to..].starts_with(gone))
        {
            continue;
        }
        // `틀림없`, `어쩔 수 없`, `수밖에 없`: nothing is lacking.
        if denial == "없"
            && ["틀림", "어쩔수", "수밖에", "끊임", "수", "적", "상관"]
                .iter()
                .any(|idiom| flat[..from].ends_with(idiom))
            && !flat[..from].ends_with("상관")
        {
            continue;
        }
        if matches!(denial, "아니" | "아니요" | "아뇨")
            && text.words.get(text.word_at(from)).is_some_and(|word| word.pause)
        {
            // `장애, 아니 요금이요` corrects, and only the end of the text denies:
            // `장애요? 아니요`.
            let followed = to + eojeol_tail.len() < flat.len();
            if followed {
                continue;
            }
        }
        let mut last = mentions.partition_point(|mention| mention.to <= from);
        let mut gap_to = from;
        let mut first = true;
        // So many things are denied by one word at most.
        for _ in 0..8 {
            let Some(before) = last.checked_sub(1) else { break };
            last = before;
            let mention = &mentions[last];
            let Some(gap) = flat.get(mention.to..gap_to) else { break };
            let pause = text.pause_between(mention.to, gap_to)
                && !matches!(denial, "아니" | "아니요" | "아뇨");
            if gap.len() > REACH || pause {
                break;
            }
            let reaches = if first {
                let lacked = denial == "없"
                    && LACKED.iter().any(|lacked| flat[mention.from..mention.to].ends_with(lacked));
                let fails = matches!(denial, "지않" | "지안" | "지는않" | "않")
                    && FAILS.iter().any(|verb| {
                        gap.trim_end_matches('지').ends_with(verb) || gap.ends_with(verb)
                    });
                !lacked && !fails && !ends_clause(text, mention.to, gap_to)
            } else {
                joins(gap)
            };
            if !reaches {
                break;
            }
            by[last].get_or_insert_with(|| text.shown(from, to));
            first = false;
            gap_to = mention.from;
        }
    }
    // `안 급해요`: right before it.
    for (i, mention) in mentions.iter().enumerate() {
        let before = &flat[..mention.from];
        let apart = ["안", "못"].iter().any(|no| {
            before.ends_with(no)
                && text.is_start(mention.from - no.len())
                && text.is_start(mention.from)
        });
        if apart && by[i].is_none() && !text.pause_between(mention.from, mention.from) {
            by[i] = Some(text.shown(mention.from - 3, mention.from));
        }
    }
}

/// Whether something stands right before the place, as a topic at most.
fn declined<T>(flat: &str, mentions: &[Mention<T>], place: usize) -> bool {
    let before = mentions.partition_point(|mention| mention.to <= place);
    before.checked_sub(1).is_some_and(|last| {
        matches!(flat.get(mentions[last].to..place), Some("" | "은" | "는" | "건" | "건은"))
    })
}

fn denial_done(denial: &str) -> bool {
    matches!(denial, "됐고" | "됐구" | "됐어")
}

/// Whether a clause ends between a mention and a denial: `장애인데 요금은 아니고` denies no 장애.
fn ends_clause(text: &Utterance, from: usize, to: usize) -> bool {
    #[rustfmt::skip]
    const ENDS: &[&str] = &[
        "는데", "은데", "인데", "지만", "니까", "어요", "아요", "해요", "예요", "에요", "이요",
        "니다", "고요", "구요", "거든요", "거든", "세요", "게요", "이고", "하고요", "그리고",
        "되고", "있고", "때문에", "는데요", "인데요", "어서", "아서", "라서",
    ];
    let flat = text.flat();
    let Some(gap) = flat.get(from..to) else { return true };
    if gap.is_empty() {
        return false;
    }
    ENDS.iter().any(|end| {
        places_of(gap, end).any(|at| {
            let place = from + at + end.len();
            // `때문에 전화한 건 아니고`, `…라서 전화한 게 아니라` are one clause with the denial.
            let one_clause = matches!(*end, "때문에" | "어서" | "아서" | "라서");
            let at_end = text.is_start(place)
                || place == to
                || (*end != "이고" && gap.len() > end.len() + 6);
            at_end && !one_clause
        })
    }) || gap.ends_with("요")
        || (gap.ends_with('고') && gap.len() > 9 && !gap.ends_with("라고"))
}

/// Whether the gap between two mentions says both at once: `요금이랑 장애 말고`.
fn joins(gap: &str) -> bool {
    matches!(
        gap,
        "" | "이랑"
            | "랑"
            | "하고"
            | "이나"
            | "나"
            | "와"
            | "과"
            | "도"
            | "이도"
            | "및"
            | "또는"
            | "그리고"
            | "혹은"
            | "or"
            | "and"
            | "도아니고"
            | "은"
            | "문의나"
            | "문제나"
            | "아니고"
            | "말고"
            | "이나또"
            | "도안"
            | "도필요없고"
    )
}

fn deny_after<T>(text: &Utterance, mentions: &[Mention<T>], by: &mut [Option<String>]) {
    /// So many words may stand between a denial and what it denies.
    const REACH: usize = 8;
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let mut at = 0;
    while at < text.words.len() {
        if text.words[at].script != Script::Latin || inside(mentions, text.start(at), text.end(at))
        {
            at += 1;
            continue;
        }
        if let Some((_, end)) = idiom(text, at) {
            at = end;
            continue;
        }
        let Some((denial, end)) = text.longest_of(at, DENIES_AFTER_TABLE) else {
            at += 1;
            continue;
        };
        let denies = match denial {
            "no" => no_denies(text, mentions, at),
            "not" => not_denies(text, at),
            // `Nothing's broken`: that alone.
            "nothing is" | "nothing was" | "nothing has" => mentions.iter().any(|mention| {
                let first = text.word_at(mention.from);
                first == end || (first == end + 1 && matches!(word(end), "really" | "actually"))
            }),
            _ => true,
        };
        if !denies {
            at = end;
            continue;
        }
        deny_predicate(text, mentions, by, at, end);
        let mut next = mentions.partition_point(|mention| mention.from < text.start(end));
        let mut scope = end;
        let mut first = true;
        while let Some(mention) = mentions.get(next) {
            let to = text.word_at(mention.from);
            let between = scope.min(to)..to;
            let reaches = if first {
                between.len() <= REACH
                    && !text.pause_between(text.start(scope), mention.from.max(text.start(scope)))
                    && !between.clone().any(|at| ENDS_SCOPE.contains(&word(at)) && !BRIDGES.contains(&word(at)))
                    // `I do not need help I want billing`.
                    && !between.clone().any(|at| matches!(word(at), "i" | "it" | "we" | "you") && at > scope + 1)
            } else {
                // `not billing or support`, `neither billing nor support`; a pause alone ends it:
                // `not the bill, the outage`.
                let joined = between.clone().any(|at| JOINS.contains(&word(at)));
                let small = between.len() <= 4
                    && between
                        .clone()
                        .all(|at| JOINS.contains(&word(at)) || BRIDGES.contains(&word(at)));
                joined && small && !between.clone().any(|at| word(at) == "but")
            };
            if !reaches {
                break;
            }
            by[next].get_or_insert_with(|| text.shown(text.start(at), text.start(end)));
            first = false;
            scope = text.word_at(mention.to.saturating_sub(1)) + 1;
            next += 1;
        }
        at = end;
    }
}

/// `Billing is not what I want`, `the outage isn't it`: what stands before is denied.
fn deny_predicate<T>(
    text: &Utterance,
    mentions: &[Mention<T>],
    by: &mut [Option<String>],
    at: usize,
    end: usize,
) {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    // `I've got a licence, don't send me there`.
    let sent = matches!(word(end), "send" | "put" | "transfer" | "connect" | "take")
        && (end + 1..end + 4).any(|at| matches!(word(at), "there" | "that"));
    if sent
        && let Some(last) =
            mentions.partition_point(|mention| mention.to <= text.start(at)).checked_sub(1)
    {
        by[last].get_or_insert_with(|| text.shown(text.start(at), text.end(end)));
        return;
    }
    if at == 0 || !matches!(word(at - 1), "is" | "are" | "was") {
        return;
    }
    let denies = matches!(
        word(end),
        "it" | "what" | "needed" | "necessary" | "why" | "the" | "required" | "for"
    ) && !matches!(word(end + 1), "same" | "right" | "correct");
    let Some(last) =
        mentions.partition_point(|mention| mention.to <= text.start(at)).checked_sub(1)
    else {
        return;
    };
    if denies && text.word_at(mentions[last].to.saturating_sub(1)) + 2 >= at {
        by[last].get_or_insert_with(|| text.shown(text.start(at), text.end(end)));
    }
}

fn idiom(text: &Utterance, at: usize) -> Option<(&'static str, usize)> {
    let found = text.longest_of(at, IDIOMS_TABLE)?;
    // `I can not be on billing` … rare enough; `it can not be an outage` denies.
    if matches!(found.0, "can not" | "could not")
        && text.words.get(found.1).is_some_and(|word| word.text == "be")
    {
        return None;
    }
    Some(found)
}

/// Whether `no` denies what follows (`no emergency`), and is no answer or correction.
fn no_denies<T>(text: &Utterance, mentions: &[Mention<T>], at: usize) -> bool {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let Some(next) = text.words.get(at + 1) else { return false };
    if next.pause
        || matches!(
            next.text.as_str(),
            "the"
                | "i"
                | "it"
                | "that"
                | "my"
                | "this"
                | "a"
                | "an"
                | "we"
                | "please"
                | "just"
                | "not"
                | "no"
                | "wait"
                | "sorry"
                | "actually"
                | "is"
                | "you"
                | "make"
                | "to"
                | "for"
        )
    {
        return false;
    }
    let start = mentions.partition_point(|mention| mention.from < text.start(at + 1));
    let Some(mention) = mentions.get(start) else { return false };
    let said = &text.flat()[mention.from..mention.to];
    if LACKED.contains(&said) || said.ends_with("collection") {
        return false;
    }
    let near = text.word_at(mention.from) <= at + 3;
    let determines = at > 0
        && matches!(
            word(at - 1),
            "and"
                | "with"
                | "have"
                | "has"
                | "is"
                | "are"
                | "got"
                | "need"
                | "there"
                | "want"
                | "was"
                | "see"
                | "by"
                | "but"
        );
    // `billing no outage` corrects.
    // `No upgrade, no demo, no pricing`.
    let again = start.checked_sub(1).is_some_and(|last| {
        let first = text.word_at(mentions[last].from);
        first > 0 && word(first - 1) == "no" && text.word_at(mentions[last].to - 1) + 1 == at
    });
    let corrects = start > 0 && !determines && !again;
    near && !corrects
}

/// Whether `not` denies what follows, and does not complain of something that fails.
fn not_denies(text: &Utterance, at: usize) -> bool {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    // `That's not the issue, the issue is …`.
    if word(at + 1) == "the"
        && matches!(word(at + 2), "issue" | "problem" | "reason" | "point" | "question")
    {
        return false;
    }
    let auxiliary = if at == 0 { "" } else { word(at - 1) };
    let verb = (at + 1..at + 4).map(word).find(|word| {
        !matches!(*word, "really" | "actually" | "even" | "just" | "to" | "yet" | "ever" | "been")
    });
    match auxiliary {
        "did" | "have" | "has" | "had" | "will" | "does" | "would" | "should" => {
            // `does not concern`, `would not like`, `does not have to do with`.
            verb.is_some_and(|verb| {
                DENYING_VERBS.contains(&verb)
                    || matches!(verb, "concern" | "regard" | "involve" | "require" | "care")
            })
        }
        "do" => {
            verb.is_some_and(|verb| {
                !matches!(
                    verb,
                    "work"
                        | "load"
                        | "open"
                        | "connect"
                        | "respond"
                        | "know"
                        | "understand"
                        | "see"
                        | "get"
                        | "receive"
                        | "recognize"
                        | "agree"
                        | "remember"
                        | "find"
                )
            }) && !(at + 1..at + 5).map(word).any(|word| LACKED.contains(&word))
        }
        "am" => !matches!(
            verb,
            Some(
                "sure"
                    | "certain"
                    | "able"
                    | "getting"
                    | "receiving"
                    | "seeing"
                    | "satisfied"
                    | "happy"
            )
        ),
        _ => true,
    }
}

/// Whether something that can be meant ends shortly before the place.
fn follows<T>(mentions: &[Mention<T>], place: usize) -> bool {
    let before = mentions.partition_point(|mention| mention.to <= place);
    before.checked_sub(1).is_some_and(|last| place - mentions[last].to <= 12)
}

fn correct<T>(text: &Utterance, mentions: &[Mention<T>], by: &mut [Option<String>]) {
    let flat = text.flat();
    let mut cues: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    while at < text.words.len() {
        let start = text.start(at);
        if let Some((cue, end)) = text.longest_of(at, CORRECTS_TABLE) {
            let determines = matches!(cue, "no")
                && at > 0
                && matches!(
                    text.words[at - 1].text.as_str(),
                    "and" | "with" | "have" | "has" | "is" | "got" | "there" | "but" | "say"
                );
            if !inside(mentions, start, text.start(end)) && !determines && idiom(text, at).is_none()
            {
                cues.push((start, text.start(end)));
                at = end;
                continue;
            }
        }
        at += 1;
    }
    for (cue, from) in CORRECTS_KO_TABLE.places(flat) {
        let to = from + cue.len();
        let rest = &flat[from..];
        // `취소하고 다시 예약할게요` does both.
        if cue == "다시" && flat[..from].ends_with('고') {
            continue;
        }
        let free = text.is_eojeol_start(from) || (cue.len() >= 6 && follows(mentions, from));
        let other = ["아니면", "아니라면", "다시한번", "아닌가요"]
            .iter()
            .any(|other| rest.starts_with(other));
        if free && !other && !inside(mentions, from, to) {
            cues.push((from, to));
        }
    }
    cues.sort_unstable();
    // Only the last correction that something stands before and after counts, and all before it is
    // replaced.
    let Some(first_standing) = by.iter().position(Option::is_none) else { return };
    let Some(last_standing) = by.iter().rposition(Option::is_none) else { return };
    let (begin, end) = (mentions[first_standing].to, mentions[last_standing].from);
    let Some((from, to)) = cues.into_iter().rfind(|(from, to)| *from >= begin && *to <= end) else {
        return;
    };
    for (mention, by) in mentions.iter().zip(by.iter_mut()) {
        if mention.to <= from {
            by.get_or_insert_with(|| text.shown(from, to));
        }
    }
}
