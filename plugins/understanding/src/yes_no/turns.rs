//! Where an answer turns: what was reported, replaced or led up to says nothing, and what stands at
//! the end decides.

use super::Says::{
    Corrects, Doubt, Hesitates, Neutral, No, Other, Partial, Replaces, Right, Wrong, Yes,
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
    turned(text, signals);
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
    const TURNS: &[&str] = &["는데", "는데요", "지만", "더니", "거든요", "다가", "었고", "했고", "한건", "한거", "한게"];
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
                let told = ["했", "말", "그랬", "대답", "눌렀", "한", "얘기"]
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
            signal.says != Hesitates
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
    if denies {
        let agreed = signals[answer..].iter().any(|signal| matches!(signal.says, Yes | Right));
        let thought_of = signals[answer].says == Wrong
            && (!is_refusal(text, &signals[answer])
                || (before.iter().any(Signal::answers)
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
    let thought = (0..text.word_at(signals[at].from))
        .any(|at| THOUGHT.iter().any(|thought| text.is_phrase_at(at, thought).is_some()));
    let clear = before.iter().all(|signal| !matches!(signal.says, No | Wrong | Doubt | Partial))
        && agrees::nothing_against(text, before);
    if (thought || clear) && !asks {
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
    "leavethings", "leavethat", "leaveeverything",
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
        "취소", "사람", "네자리", "thinkaboutit", "really", "네글자", "네개", "cancel", "yeahnah", "stop", "later", "anothertime", "someothertime", "isee", "gotit", "igotit", "iunderstand",
        "understood", "nevermind", "nevermind", "fine", "good", "alright", "allright", "다른", "그만", "아직", "대신", "다만",
        "okayso", "okso", "iamsure", "무슨말", "무슨소리", "무슨얘기", "speaking", "hello", "첫", "그러면", "그래서", "그래도", "instead", "iwish", "ihope",
    ];
    #[rustfmt::skip]
    const AFTER: &[&str] = &[
        "뭐", "뭘", "왜", "언제", "누가", "누구", "몇", "어떻", "무슨", "어디", "나요", "what", "why", "how", "who", "which", "where",
        "only", "first", "really", "ask", "if", "when", "다시", "상담원", "사람", "직원", "수없", "방금",
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
    let imperative = |signal: &Signal| {
        let at = text.word_at(signal.from);
        signal.says == Wrong
            && said(signal).starts_with("not")
            && at > 0
            && text.words[at - 1].text == "do"
            && (at == 1
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
        || UNSURE.iter().any(|unsure| text.flat().contains(unsure) && *unsure != "습니까")
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
