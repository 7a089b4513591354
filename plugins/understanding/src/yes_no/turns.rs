//! Where an answer turns: what was reported, replaced or led up to says nothing, and what stands at
//! the end decides.

use super::Says::{
    Corrects, Doubt, Hesitates, Neutral, No, Other, Partial, Replaces, Right, Weak, Wrong, Yes,
};
use super::{Signal, agrees};
use crate::words::{Utterance, places_of};

/// `방금 네라고 했는데요 …`, `아니요가 아니라 네라고요`, `I was going to say no but yes`: what was
/// reported is replaced.
pub(super) fn reported(text: &Utterance, signals: &mut Vec<Signal>) {
    if let Some(end) = reported_ko(text).into_iter().chain(replaced(text, signals)).max()
        && signals.iter().any(|signal| signal.answers() && signal.from >= end)
    {
        signals.retain(|signal| signal.from >= end);
    }
    if let Some(end) = formerly(text, signals) {
        signals.retain(|signal| signal.from >= end);
    }
    mine_instead(text, signals);
    turned(text, signals);
}

/// `우리 아들 거 아니고 제 거 맞아요`: not somebody else's, but the caller's.
fn mine_instead(text: &Utterance, signals: &mut Vec<Signal>) {
    #[rustfmt::skip]
    const OTHERS: &[&str] = &[
        "아들", "딸", "남편", "아내", "와이프", "집사람", "엄마", "아빠", "어머니", "아버지", "동생", "친구", "형", "누나", "언니", "오빠", "회사", "남", "다른사람",
        "남의",
    ];
    let flat = text.flat();
    let Some(not) = signals.iter().position(|signal| {
        signal.says == Wrong
            && ["아니고", "아니라"].iter().any(|no| flat[signal.from..signal.to] == **no)
    }) else {
        return;
    };
    let others =
        signals[..not].iter().rev().take(3).any(|signal| {
            OTHERS.iter().any(|other| flat[signal.from..signal.to].starts_with(other))
        });
    let answers = signals.iter().enumerate().filter(|(at, signal)| *at != not && signal.answers());
    let mine = signals.get(not + 1).is_some_and(|next| {
        ["제", "내", "저", "본인"].iter().any(|mine| flat[next.from..].starts_with(mine))
    });
    let agrees = answers.clone().all(|(_, signal)| matches!(signal.says, Yes | Right))
        && answers.clone().any(|(at, signal)| at > not && signal.says == Right);
    if others && mine && agrees {
        signals.drain(..=not);
    }
}

/// Where the clause ends that tells what the caller meant before, where a firm answer follows:
/// `처음엔 안 하려고 했거든요 근데 …`, `고민 많이 했는데 …`, `아까는 다른 번호를 불렀는데 …`.
fn formerly(text: &Utterance, signals: &[Signal]) -> Option<usize> {
    /// So many eojeols such a clause has.
    const LONGEST: usize = 8;
    #[rustfmt::skip]
    const BEFORE: &[&str] = &[
        "처음엔", "처음에는", "처음에", "첨엔", "아까는", "아깐", "아까", "저번에는", "저번엔", "지난번에는", "지난번엔", "지난번에", "원래는", "원래", "방금은",
        "방금", "어제는", "전에는", "고민", "한참", "많이", "망설", "엄청", "좀", "사실", "제가", "남편", "아내", "와이프", "집사람", "엄마", "아빠", "어머니", "아버지", "친구", "아들", "딸", "다들", "애들", "동생",
    ];
    #[rustfmt::skip]
    const MEANT: &[&str] = &[
        "생각", "려고했", "려했", "려던", "불렀", "말했", "말씀드렸", "눌렀", "누른", "거절", "싫", "고민", "망설", "걱정", "몰랐", "안한다", "아니라고", "부담",
        "의심", "긴가민가", "헷갈", "안할", "라는데", "다는데", "라던데", "다던데", "말래", "하래",
    ];
    const TURNS: &[&str] = &["는데", "는데요", "거든요", "지만", "더니", "는데도", "다가"];
    const BUT: &[&str] = &["근데", "그런데", "하지만", "그치만", "근데요", "그래도"];
    let flat = text.flat();
    let from = signals.iter().find_map(|signal| {
        let start = text.eojeol_start(signal.from);
        let eojeol = &flat[start..text.eojeol_end(start)];
        BEFORE.iter().any(|before| eojeol.starts_with(before)).then_some(start)
    })?;
    let mut end = from;
    for _ in 0..LONGEST {
        if end >= flat.len() {
            return None;
        }
        end = text.eojeol_end(end);
        if TURNS.iter().any(|turn| flat[..end].ends_with(turn)) {
            break;
        }
    }
    let clause = &flat[from..end];
    if !TURNS.iter().any(|turn| clause.ends_with(turn))
        || !MEANT.iter().any(|meant| clause.contains(meant))
    {
        return None;
    }
    if end < flat.len() && BUT.contains(&&flat[end..text.eojeol_end(end)]) {
        end = text.eojeol_end(end);
    }
    let after: Vec<&Signal> = signals.iter().filter(|signal| signal.from >= end).collect();
    let firm = after.iter().any(|signal| signal.says == Right)
        || after.iter().any(|signal| signal.says == Wrong);
    let clear = after.iter().all(|signal| !matches!(signal.says, Doubt | Partial));
    let asks = (0..text.words.len()).any(|at| text.asks(at));
    (firm && clear && !asks).then_some(end)
}

/// Where a Korean report of an answer ends, before what is said now.
fn reported_ko(text: &Utterance) -> Option<usize> {
    #[rustfmt::skip]
    const ANSWERS: &[&str] = &[
        "네", "예", "응", "아니요", "아니오", "아뇨", "아니", "맞다", "안한다", "한다", "싫다", "좋다", "하겠다", "됐다", "yes", "no",
        "ok", "okay", "오케이", "노", "예스", "틀렸다", "안하겠다", "필요없다",
    ];
    #[rustfmt::skip]
    const SAID: &[&str] = &["라고", "이라고", "고"];
    #[rustfmt::skip]
    const TURNS: &[&str] = &["는데", "는데요", "지만", "더니", "거든요", "다가", "었고", "했고", "한건", "한거", "한게", "던데", "던데요", "길래", "길래요"];
    /// A report is no longer than so many eojeols after the answer.
    const LONGEST: usize = 4;
    let flat = text.flat();
    let mut last = None;
    for answer in ANSWERS {
        for from in places_of(flat, answer) {
            if !text.is_start(from) {
                continue;
            }
            let to = from + answer.len();
            let rest = &flat[to..];
            // `아니요가 아니라 네`.
            let instead = ["가아니라", "가아니고", "말고", "는아니고", "이아니라", "이아니고"]
                .iter()
                .find_map(|instead| rest.starts_with(instead).then_some(to + instead.len()));
            if let Some(end) = instead.filter(|end| text.is_start(*end)) {
                last = last.max(Some(end));
                continue;
            }
            let Some(said) = SAID.iter().find(|said| rest.starts_with(**said)) else { continue };
            if *said == "고" && !answer.ends_with('다') {
                continue;
            }
            let mut end = text.eojeol_end(to + said.len() - 1);
            for _ in 0..LONGEST {
                let clause = flat.get(to..end).unwrap_or_default();
                let told = [
                    "했",
                    "말",
                    "그랬",
                    "대답",
                    "눌렀",
                    "한",
                    "얘기",
                    "하던",
                    "하시던",
                    "그러",
                    "하길래",
                ]
                .iter()
                .any(|verb| clause.contains(verb));
                if told && TURNS.iter().any(|turn| clause.ends_with(turn)) {
                    last = last.max(Some(end));
                    break;
                }
                if end >= flat.len() {
                    break;
                }
                end = text.eojeol_end(end);
            }
        }
    }
    last
}

/// Where the last word ends that replaces all before it, with an answer right after it.
fn replaced(text: &Utterance, signals: &[Signal]) -> Option<usize> {
    signals
        .iter()
        .enumerate()
        .rev()
        .find(|(at, signal)| {
            signal.says == Replaces && answer_after(text, signals, at + 1).is_some()
        })
        .map(|(_, signal)| signal.to)
}

/// The answer that follows with nothing but small words before it.
fn answer_after(text: &Utterance, signals: &[Signal], at: usize) -> Option<usize> {
    #[rustfmt::skip]
    const SMALL: &[&str] = &["please", "so", "and", "then", "i", "just", "oh", "well", "now", "that", "sir", "madam", "it", "do"];
    (at..signals.len())
        .find(|at| {
            let signal = &signals[*at];
            let checked = signal.says == Weak
                && ["checked", "looked"].iter().any(|so| text.flat()[..signal.to].ends_with(so));
            signal.says != Hesitates
                && !checked
                && !(matches!(signal.says, Neutral | Corrects | Other)
                    && (SMALL.contains(&&text.flat()[signal.from..signal.to])
                        || (signal.says != Other
                            && !text.flat()[signal.from..signal.to].is_ascii())))
        })
        .filter(|at| signals[*at].answers())
}

/// `I'd love to, but no`, `… so yes please`: a turn, and the answer after it.
fn turned(text: &Utterance, signals: &mut Vec<Signal>) {
    const TURNS: &[&str] = &["but", "so", "actually", "however", "anyway", "now"];
    /// Answers that were only thought of or told before.
    #[rustfmt::skip]
    const THOUGHT: &[&str] = &[
        "say yes", "say no", "said yes", "said no", "say this", "say it", "saying no", "saying yes", "not sure at first",
        "sceptical", "skeptical", "was not sure", "say that",
        "told me", "she said", "he said", "they said", "thought it was not", "thought it was",
    ];
    let turn = signals.iter().enumerate().rev().find_map(|(at, signal)| {
        let said = &text.flat()[signal.from..signal.to];
        // `But not now`, in which the turn is a part of the answer.
        (at > 0 && TURNS.contains(&said))
            .then(|| answer_after(text, signals, at + 1))?
            .map(|answer| (at, answer))
    });
    let Some((at, answer)) = turn else { return };
    let denies = matches!(signals[answer].says, No | Wrong);
    let before = &signals[..at];
    let asks = text.asks(0);
    // `Yeah, so that's my address`: goes on.
    let agreed = before.iter().any(|signal| matches!(signal.says, Yes | Right))
        && before.iter().all(|signal| matches!(signal.says, Yes | Right | Neutral | Hesitates));
    if !denies && agreed {
        return;
    }
    let was_thought = || {
        (0..text.word_at(signals[at].from))
            .any(|at| THOUGHT.iter().any(|thought| text.is_phrase_at(at, thought).is_some()))
    };
    if denies {
        let agreed = signals[answer..].iter().any(|signal| matches!(signal.says, Yes | Right));
        let thought_of = signals[answer].says == Wrong
            && (!is_refusal(text, &signals[answer])
                || (before.iter().any(Signal::answers)
                    && (agreed || !was_thought())
                    && !text.flat()[signals[answer].from..].starts_with("nothank")));
        if thought_of {
            return;
        }
        // Bare `so` tells a consequence: `it's not loading, so no …`.
        if !agreed && !asks {
            signals.drain(..=at);
        }
        return;
    }
    let clear = before.iter().all(|signal| !matches!(signal.says, No | Wrong | Doubt | Partial))
        && agrees::nothing_against(text, before);
    if (was_thought() || clear) && !asks {
        signals.drain(..=at);
    }
}

/// What refuses by itself, and does not only tell of something that is not so.
#[rustfmt::skip]
const FIRM: &[&str] = &[
    "안할", "안해", "안합", "안하겠", "안하는", "안살", "안쓸", "안받", "하지마", "하지말", "필요없", "관심없", "관심이없", "싫", "아닙",
    "아니에요", "아니예요", "아닌데", "틀렸", "틀려", "틀립", "다르네", "다릅", "달라요", "절대", "말도안", "아니요", "아뇨", "아니오",
    "노노", "ㄴㄴ", "노땡큐", "누가", "언제", "제가언제", "내가언제", "안하고", "그만할", "됐어요", "됐습니다", "거절", "사양", "wrong",
    "nothanks", "nothankyou", "notinterested", "noway", "notnow", "nottoday", "notatall", "ratheryou", "donotwant",
    "idonotwant", "rathernot", "prefernot", "nono", "nope", "decidedagainst", "absolutelynot", "definitelynot", "nochance",
    "hellno", "idonotneed", "donotneed", "pleasedonot", "forgetit", "overmydeadbody", "notnecessary", "notthistime",
    "notatthistime", "notfor", "마세요", "말아", "마십", "안되겠", "안돼겠", "못하겠", "어렵겠", "아니라서", "아니거든", "아니잖", "thatisnot", "isnotright", "isnotcorrect", "notwhat", "notright", "notcorrect", "nottrue", "thisisnot", "itisnot", "notatthemoment", "notrightnow", "leaveit",
    "leavethings", "leavethat", "leaveeverything", "itisano", "thatisano", "안했", "못가", "못하", "donotdo", "donotbother", "안한다", "잘못거", "잘못걸", "그런사람없", "힘들", "어려", "곤란",
];

fn is_refusal(text: &Utterance, signal: &Signal) -> bool {
    let said = &text.flat()[signal.from..signal.to];
    said.ends_with("sayno") || FIRM.iter().any(|firm| said.starts_with(firm))
}

/// The refusal that a doubt beside it does not weaken: `알겠는데요 저는 안 할게요`,
/// `wrong, this is not what I told you`.
pub(super) fn refuses(text: &Utterance, signals: &[Signal]) -> Option<Vec<Signal>> {
    #[rustfmt::skip]
    const MILD: &[&str] = &[
        "알겠", "알았", "들었", "생각", "나중", "다음에", "이해", "라고", "네라고", "있어요", "있습니다",
        "취소", "사람", "없어서", "기억도", "네자리", "thinkaboutit", "really", "네글자", "네개", "cancel", "yeahnah", "stop", "later", "anothertime", "someothertime", "isee", "gotit", "igotit", "iunderstand",
        "understood", "nevermind", "nevermind", "fine", "good", "alright", "allright", "다른", "그만", "아직", "대신", "다만",
        "okayso", "okso", "iamsure", "무슨말", "무슨소리", "무슨얘기", "speaking", "hello", "첫", "그러면", "그래서", "그래도", "instead", "iwish", "ihope",
    ];
    #[rustfmt::skip]
    const AFTER: &[&str] = &[
        "뭐", "뭘", "왜", "언제", "누가", "누구", "몇", "어떻", "무슨", "어디", "나요", "what", "why", "how", "who", "which", "where",
        "only", "first", "really", "ask", "should", "if", "when", "다시", "상담원", "사람", "직원", "수없", "방금",
    ];
    /// What never goes with a firm no.
    #[rustfmt::skip]
    const UNSURE: &[&str] = &["모르", "몰라", "글쎄", "아마", "혹시", "까요", "는지", "습니까", "인가요"];
    let said = |signal: &Signal| &text.flat()[signal.from..signal.to];
    let last = signals.iter().rfind(|signal| signal.answers())?;
    let sarcastic = |signal: &Signal| said(signal) == "yeahright";
    if last.says == No
        && last.to == text.flat().len()
        && signals.iter().all(|signal| match signal.says {
            Doubt => sarcastic(signal),
            Right | Yes => false,
            _ => true,
        })
    {
        return Some(vec![*last]);
    }
    if let Some(put_off) = puts_off(text, signals) {
        return Some(vec![put_off]);
    }
    if let Some(denial) = own_denial(text, signals) {
        return Some(vec![denial]);
    }
    let imperative = |signal: &Signal| {
        let at = text.word_at(signal.from);
        signal.says == Wrong
            && said(signal).starts_with("not")
            && at > 0
            && text.words[at - 1].text == "do"
            && (at == 1
                || text.words[at - 1].pause
                || matches!(
                    text.words[at - 2].text.as_str(),
                    "please" | "no" | "stop" | "okay" | "ok"
                ))
    };
    let firm = |signal: &Signal| {
        (matches!(signal.says, No | Wrong) && is_refusal(text, signal))
            || (signal.says == Wrong && said(signal).contains("지마"))
            // `신청한 적 없어요`.
            || (signal.says == Wrong
                && said(signal).starts_with('없')
                && ["적", "적이", "적도", "적은"]
                    .iter()
                    .any(|never| text.flat()[..signal.from].ends_with(never)))
            || imperative(signal)
    };
    // `아니 다른 날로 예약해 주세요`.
    let another = |at: usize| {
        signals[at].says == No
            && said(&signals[at]).starts_with("아니")
            && signals
                .get(at + 1)
                .is_some_and(|next| next.says == Doubt && said(next).starts_with("다른"))
    };
    let first = (0..signals.len()).find(|at| firm(&signals[*at]) || another(*at))?;
    if !matches!(last.says, No | Wrong)
        || signals[first..].iter().any(|signal| matches!(signal.says, Yes | Right))
        || signals[..first].iter().any(|signal| signal.says == Right)
        || text.words.iter().enumerate().any(|(at, _)| text.asks(at))
        || UNSURE
            .iter()
            .any(|unsure| *unsure != "습니까" && text.flat().replace("니까요", "").contains(unsure))
    {
        return None;
    }
    let agreed = signals.iter().any(|signal| matches!(signal.says, Yes | Right));
    let harmless = signals.iter().enumerate().all(|(at, signal)| {
        signal.says != Doubt
            || MILD.iter().any(|mild| said(signal).starts_with(mild))
            || (!agreed
                && ["근데", "그런데", "하지만"].iter().any(|but| said(signal).starts_with(but)))
            || (at > first
                && AFTER
                    .iter()
                    .any(|word| said(signal).starts_with(word) || said(signal).ends_with("나요")))
    });
    harmless.then(|| {
        signals.iter().copied().filter(|signal| matches!(signal.says, No | Wrong)).collect()
    })
}

/// `아니요 아 네 맞아요 제가 잘못 들었네요`: where the answer begins that holds, where the caller
/// says at the end that the one before was a mistake.
pub(super) fn mistook(text: &Utterance, signals: &[Signal]) -> Option<usize> {
    let flat = text.flat();
    let cue = signals.iter().rposition(|signal| {
        matches!(signal.says, Corrects | Weak) && flat[signal.from..].starts_with("잘못")
    })?;
    if signals[cue + 1..].iter().any(Signal::answers) {
        return None;
    }
    let before = &signals[..cue];
    let last_no = before.iter().rposition(|signal| matches!(signal.says, No | Wrong))?;
    let only_no = before.iter().all(|signal| signal.says != Wrong);
    let right = before[last_no..].iter().any(|signal| signal.says == Right);
    (only_no && right).then_some(last_no + 1)
}

/// `No, maybe another time`, `아니요 다음에요`: a no, and what it is put off to.
fn puts_off(text: &Utterance, signals: &[Signal]) -> Option<Signal> {
    #[rustfmt::skip]
    const OFF: &[&str] = &["maybe", "perhaps", "nothanks", "nothankyou", "anothertime", "someothertime", "later", "anotherday", "다음", "나중", "담에"];
    let said = |signal: &Signal| &text.flat()[signal.from..signal.to];
    let declines = |signal: &Signal| {
        signal.says == No
            || ["nothanks", "nothankyou"].iter().any(|no| said(signal).starts_with(no))
    };
    let no = *signals.first().filter(|first| declines(first))?;
    let off = signals[1..].iter().all(|signal| match signal.says {
        Doubt | Wrong => OFF.iter().any(|off| said(signal).starts_with(off)),
        Neutral | Hesitates | No => true,
        _ => false,
    });
    let asks = (0..text.words.len()).any(|at| text.asks(at));
    (off && !asks && said(&no) != "아니").then_some(no)
}

/// `네네 근데 제가 신청한 게 아니에요`: listens, and denies that the caller did it.
fn own_denial(text: &Utterance, signals: &[Signal]) -> Option<Signal> {
    let flat = text.flat();
    let last = *signals.last().filter(|last| last.says == Wrong)?;
    let said = &flat[last.from..last.to];
    let denies = ["아니", "아닙", "없"].iter().any(|no| said.starts_with(no))
        && !["나요", "까요", "습니까", "는데", "지만"].iter().any(|ask| said.ends_with(ask));
    let own = ["한게", "한거", "한적", "한적이", "한건", "린게", "른게", "킨게", "든게", "산게"]
        .iter()
        .any(|did| flat[..last.from].ends_with(did));
    let listens = signals[..signals.len() - 1].iter().all(|signal| {
        let said = &flat[signal.from..signal.to];
        match signal.says {
            Yes => matches!(said, "네" | "예" | "네네" | "예예" | "네네네"),
            Doubt | Partial => matches!(said, "근데" | "그런데" | "근데요" | "그런데요"),
            Right | Corrects | Replaces => false,
            _ => true,
        }
    });
    let by_caller = ["제가", "저는", "내가", "전"].iter().any(|i| {
        crate::words::places_of(flat, i).any(|at| text.is_eojeol_start(at) && at < last.from)
    });
    let asks = (0..text.words.len()).any(|at| text.asks(at));
    (denies && own && listens && by_caller && !asks).then_some(last)
}

/// `오늘은 안 되고요 모레나 돼요`: what can be instead agrees to nothing.
pub(super) fn only_instead(text: &Utterance, signals: &[Signal]) -> bool {
    let flat = text.flat();
    let Some(last) = signals.iter().rposition(Signal::answers) else { return false };
    let can = signals[last].says == Right
        && ["돼요", "됩니다", "가능", "되요", "괜찮", "될것같"]
            .iter()
            .any(|can| flat[signals[last].from..].starts_with(can));
    let instead = last > 0
        && signals[last - 1].says == Other
        && ["나", "은", "는", "면", "부터", "에나", "엔", "만"]
            .iter()
            .any(|instead| flat[..signals[last].from].ends_with(instead));
    let denied = signals[..last].iter().filter(|signal| signal.answers()).all(|signal| {
        signal.says == Wrong
            && ["안되", "안돼", "안됩", "힘들", "어려", "곤란", "못"]
                .iter()
                .any(|no| flat[signal.from..].starts_with(no))
    }) && signals[..last].iter().any(Signal::answers);
    can && instead && denied
}

#[cfg(test)]
mod tests {
    use crate::{Outcome, YesNo, yes_no};

    #[test]
    fn what_is_said_at_the_turn_decides() {
        for (text, means) in [
            ("well I was going to say no but actually yes go ahead", YesNo::Yes),
            ("I'd love to say yes but I really can't afford it so no", YesNo::No),
            ("아까는 아니라고 했는데 다시 보니까 맞네요", YesNo::Yes),
            ("방금 네라고 했는데요 그거 잘못 말한 거예요 하지 마세요", YesNo::No),
            ("아니요가 아니라 네라고요 네", YesNo::Yes),
        ] {
            assert_eq!(yes_no(text).outcome, Outcome::One(means), "{text}");
        }
    }

    #[test]
    fn a_refusal_is_a_no_whatever_is_asked_or_put_off_beside_it() {
        for text in [
            "네 알겠는데요 그건 안 하겠다고요",
            "필요 없다고 몇 번을 말합니까",
            "지금은 안 할게요 다음에 전화드릴게요",
            "don't book it, what a price",
            "okay okay stop I don't want that",
        ] {
            assert_eq!(yes_no(text).outcome, Outcome::One(YesNo::No), "{text}");
        }
    }

    #[test]
    fn a_doubt_before_or_after_stays_one() {
        for text in [
            "네 근데 주소가 달라요",
            "yes but not that one",
            "왜 안 해요",
            "안 할까요",
            "my mother would say no but she isn't here",
            "아닌 것 같기도 하고 모르겠어요",
        ] {
            assert!(yes_no(text).value().is_none(), "{text}");
        }
    }
}
