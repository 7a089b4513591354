//! Korean eojeols read as signals.

use super::Says::{Doubt, Hesitates, Neutral, No, Other, Partial, Right, Wrong, Yes};
use super::korean_along::clause;
use super::korean_aside::{need_not, set_apart, typed};
use super::korean_words::{DOUBTFUL_ENDINGS, Ends, beginnings};
use super::{Says, Signal};
use crate::words::{Script, Utterance};

/// Reads one eojeol, or several that an entry spans, and gives the word after it.
pub(super) fn korean(text: &Utterance, at: usize, signals: &mut Vec<Signal>) -> usize {
    let flat = text.flat();
    let start = text.start(at);
    let end = text.eojeol_end(start);
    let mut found = Vec::new();
    // `네네 뭐 그렇죠`: a filler after an answer, and no question.
    let answered = signals.iter().any(|signal| signal.says == Yes);
    // `그렇게 하죠 뭐`; `가죠 뭐` may be anything.
    let agreed = signals
        .last()
        .is_some_and(|last| last.says == Right && flat[last.from..].starts_with('그'));
    if &flat[start..end] == "뭐"
        && !flat[end..].starts_with("달라고")
        && !text.asks(at)
        && ((end < flat.len() && answered)
            || (agreed && !text.words[at].pause)
            || ["어쩔", "그냥", "그럼", "별수", "할수없"]
                .iter()
                .any(|so| flat[end..].starts_with(so)))
    {
        signals.push(Signal { says: Neutral, from: start, to: end });
        return at + 1;
    }
    // `귀가 어두워서 그런데`: the reason why, and no *but*.
    if matches!(&flat[start..end], "그런데" | "그런데요" | "그러는데" | "그러는데요")
        && flat[..start].ends_with('서')
    {
        signals.push(Signal { says: Neutral, from: start, to: end });
        return at + 1;
    }
    if let Some(to) = need_not(text, start, end) {
        signals.push(Signal { says: Wrong, from: start, to });
        return text.word_at(to - 1) + 1;
    }
    if let Some((says, to)) = clause(text, start, end, signals) {
        signals.push(Signal { says, from: start, to });
        return text.word_at(to - 1) + 1;
    }
    if let Some(says) = set_apart(text, at, start, end, signals.last()) {
        signals.push(Signal { says, from: start, to: end });
        return at + 1;
    }
    // `아니요 다음에 할게요`: put off, with what is put off.
    if ["나중에", "다음에", "이따", "이따가", "담에", "다음번에"].contains(&&flat[start..end])
        && end < flat.len()
    {
        let to = text.eojeol_end(end);
        let off = [
            "할게",
            "할께",
            "하겠",
            "할래",
            "할게요",
            "전화할",
            "연락할",
            "전화드릴",
            "연락드릴",
            "하죠",
        ]
        .iter()
        .any(|verb| flat[end..].starts_with(verb));
        if off {
            signals.push(Signal { says: Doubt, from: start, to });
            return text.word_at(to - 1) + 1;
        }
    }
    // `별로 하고 싶지 않네요`, `제가 전화한 사람 맞습니다`.
    let near: String = flat[end..].chars().take(10).collect();
    let little =
        &flat[start..end] == "별로" && ["않", "안", "없", "싫"].iter().any(|no| near.contains(no));
    let somebody = flat[start..].starts_with("사람")
        && signals.last().is_some_and(|last| {
            last.says == Other
                && ["한", "했던", "하는", "은", "던", "신"]
                    .iter()
                    .any(|of| flat[..last.to].ends_with(of))
        })
        && (near.starts_with('맞')
            || flat[start..end].ends_with("입니다")
            || flat[start..end].ends_with("이에요"));
    if little || somebody {
        let says = if little { Neutral } else { Other };
        signals.push(Signal { says, from: start, to: end });
        return at + 1;
    }
    // `cancel 할래요`: the verb of what was said in English.
    if let Some(last) = signals.last_mut()
        && last.to == start
        && last.says == Doubt
        && text.words[at - 1].script == Script::Latin
        && flat[start..].starts_with(['할', '하', '해'])
    {
        last.to = end;
        return at + 1;
    }
    // `correct입니다`: an ending.
    if at > 0
        && !text.words[at].spaced
        && text.words[at - 1].script == Script::Latin
        && crate::korean::closes(&flat[start..end])
    {
        signals.push(Signal { says: Neutral, from: start, to: end });
        return at + 1;
    }
    // `네 명이요`, `네 시요`: four.
    if &flat[start..end] == "네"
        && text.words.get(at + 1).is_some_and(|word| {
            !word.pause
                && word.script == Script::Hangul
                && !word.text.starts_with("주세")
                && !word.text.starts_with("주시")
        })
        && crate::numerals::counter_at(text, end).is_some()
    {
        let to = text.eojeol_end(end);
        signals.push(Signal { says: Other, from: start, to });
        return text.word_at(to - 1) + 1;
    }
    if let Some((says, to)) = super::rhetoric::rhetorical(text, start) {
        signals.push(Signal { says, from: start, to });
        return text.word_at(to - 1) + 1;
    }
    if let Some(signal) = impatient(text, at).or_else(|| reason(text, start, end)) {
        signals.push(signal);
        return text.word_at(signal.to - 1) + 1;
    }
    if let Some((says, to)) = super::requests::request(text, start)
        && entry(text, start).is_none_or(|(_, longest)| to > longest)
    {
        signals.push(Signal { says, from: start, to });
        return text.word_at(to - 1) + 1;
    }
    // `예약해 주세요`, with nothing before it that may be something else.
    let agrees = signals.last().is_some_and(|last| last.says == Yes)
        || signals
            .iter()
            .all(|signal| matches!(signal.says, Yes | Right | No | Neutral | Hesitates));
    let led_up = !agrees && leads_up(text, signals);
    // `아 그거 말고요`.
    if matches!(&flat[start..end], "말고요" | "말구요" | "말고여") && end == flat.len() {
        signals.push(Signal { says: Wrong, from: start, to: end });
        return at + 1;
    }
    if (agrees || led_up)
        && let Some(to) = super::requests::ordered(text, start)
    {
        // What led up to it is a reason.
        for lead in signals.iter_mut().filter(|lead| led_up && lead.says == Other) {
            lead.says = Neutral;
        }
        signals.push(Signal { says: Right, from: start, to });
        return text.word_at(to - 1) + 1;
    }
    // `환불되는 거 맞죠`: asks back whether it is so.
    if signals.last().is_some_and(|last| {
        last.to == start
            && ["는거", "는것", "는게", "는건"].iter().any(|what| flat[..start].ends_with(what))
    }) && ["맞죠", "맞지요", "맞지"].contains(&&flat[start..end])
        && end == flat.len()
    {
        signals.push(Signal { says: Doubt, from: start, to: end });
        return at + 1;
    }
    let mut place = start;
    // The eojeol must be made of entries from its beginning to its end.
    while place < end || !text.is_eojeol_start(place) {
        match entry(text, place) {
            Some((says, to)) => {
                found.push(Signal { says, from: place, to });
                place = to;
                if place >= flat.len() {
                    break;
                }
            }
            None => break,
        }
    }
    // `동의 안 해요`: with the verb that is denied.
    if let Some(last) = found.last_mut()
        && last.says == Wrong
        && last.to < flat.len()
        && text.is_eojeol_start(last.to)
        && ["안", "못"]
            .iter()
            .any(|no| flat[..last.to].ends_with(no) && text.is_eojeol_start(last.to - no.len()))
    {
        last.to = text.eojeol_end(last.to);
        place = last.to;
    }
    // `안 해도 돼요`: with what allows it.
    if let Some(last) = found.last_mut()
        && last.says == Wrong
        && last.to < flat.len()
        && flat[..last.to].ends_with('도')
        && ["안", "못"].iter().any(|no| flat[last.from..last.to].starts_with(no))
        && ["돼요", "됩니다", "되요", "될", "괜찮", "좋", "상관"]
            .iter()
            .any(|allows| flat[last.to..].starts_with(allows))
    {
        last.to = text.eojeol_end(last.to);
        place = last.to;
    }
    // `안 하는 걸로 할게요`: what is decided.
    if let Some(last) = found.last_mut()
        && last.says == Wrong
        && last.to < flat.len()
        && ["걸로", "것으로", "쪽으로", "기로"].iter().any(|so| flat[..last.to].ends_with(so))
        && ["할", "하", "해", "했"].iter().any(|verb| flat[last.to..].starts_with(verb))
    {
        last.to = text.eojeol_end(last.to);
        place = last.to;
    }
    let whole = place >= end && (text.is_start(place));
    let firm = found.iter().any(|signal| matches!(signal.says, Wrong | Doubt));
    // `맞아요그번호`: something else was written together with a firm answer.
    let firmly = found.iter().rposition(|signal| {
        signal.says == Right
            && signal.to - signal.from >= 9
            && flat[signal.from..].starts_with('맞')
    });
    if let Some(last) = firmly.filter(|_| !whole && place < end) {
        found.truncate(last + 1);
        let from = found[last].to;
        signals.append(&mut found);
        signals.push(Signal { says: Other, from, to: end });
        return text.word_at(end.saturating_sub(1)) + 1;
    }
    // `물론입니다 변동 사항 없습니다`.
    if let Some(first) = found.first_mut()
        && first.says == Wrong
        && flat[first.from..].starts_with('없')
        && signals.iter().any(|signal| signal.says == Right)
        && ["변동", "변경", "수정", "추가", "사항", "이상", "문제", "이견", "불만", "의견"]
            .iter()
            .any(|noun| {
                let before = flat[..start].trim_end_matches(['은', '이', '도', '는', '가']);
                before.ends_with(noun)
            })
    {
        first.says = Neutral;
        for noun in signals.iter_mut().rev().take_while(|noun| noun.says == Other) {
            noun.says = Neutral;
        }
    }
    if whole && !found.is_empty() {
        if found.first().is_some_and(|first| first.says == Wrong && fails(text, signals, first)) {
            found[0].says = Doubt;
        }
        signals.append(&mut found);
        return text.word_at(place.saturating_sub(1)) + 1;
    }
    let eojeol = &flat[start..end];
    // `그러세욤`, `맞아용`: the ending as it is typed.
    if let Some(says) = typed(eojeol) {
        signals.push(Signal { says, from: start, to: end });
        return at + 1;
    }
    // `원하지 않아요`, `보내지 마세요`.
    let next = &flat[end..];
    if ["지", "지는", "지도", "진"].iter().any(|stem| eojeol.ends_with(stem))
        && ["않", "안", "마세", "마시", "마십", "마셔", "마요", "말", "못하"]
            .iter()
            .any(|no| next.starts_with(no))
    {
        let to = text.eojeol_end(end);
        let asks = ["나요", "까요", "습니까", "가요"]
            .iter()
            .any(|question| flat[..to].ends_with(question));
        signals.push(Signal { says: if asks { Doubt } else { Wrong }, from: start, to });
        return text.word_at(to - 1) + 1;
    }
    let ends = |endings: &[&str]| endings.iter().any(|ending| eojeol.ends_with(ending));
    let denies = ["지않", "지말", "지마"].iter().any(|no| eojeol.contains(no));
    let right = ["맞아요", "맞습니다", "맞는데요", "맞네요", "맞아여", "맞음", "맞아"]
        .iter()
        .find_map(|right| eojeol.strip_suffix(right))
        .filter(|before| before.len() >= 6 && !before.ends_with('안'));
    // `확인해 봐야 돼요` must be done yet.
    let must = eojeol.len() > 3
        && eojeol.ends_with('야')
        && !matches!(eojeol, "이제야" | "그제야" | "인제야" | "이제서야" | "그제서야");
    let says = if crate::hold::is_drawn_out(eojeol) {
        Hesitates
    } else if repeats(eojeol, "네예응넵넹") {
        Yes
    } else if must
        || ends(&["나요"])
        || (ends(&["까요"]) && !ends(&["니까요"]))
        || ends(&["는지", "은지", "인가요", "지만", "는데도"])
    {
        Doubt
    } else if denies
        || ends(&["아니에요", "아닙니다", "아닌데요", "틀렸어요", "없어요", "없습니다"])
    {
        Wrong
    } else if firm && found.len() > 1 {
        Doubt
    } else if let Some(before) = right {
        // `그번호맞아요`.
        signals.push(Signal { says: Other, from: start, to: start + before.len() });
        signals.push(Signal { says: Right, from: start + before.len(), to: end });
        return text.word_at(end.saturating_sub(1)) + 1;
    } else {
        Other
    };
    signals.push(Signal { says, from: start, to: end });
    text.word_at(end.saturating_sub(1)) + 1
}

/// Whether `없다` and `안 되다` tell of something that is missing or fails (`응답이 없어요`) rather
/// than say no (`그런 거 없어요`).
fn fails(text: &Utterance, signals: &[Signal], wrong: &Signal) -> bool {
    #[rustfmt::skip]
    const FAIL: &[&str] = &["없", "안돼", "안되", "안됩", "안하", "안해", "안받", "안가", "안바"];
    #[rustfmt::skip]
    const DECLINED: &[&str] = &[
        "거", "것", "게", "건", "적", "일", "이유", "문의", "질문", "생각", "필요", "관심", "계획", "의향", "마음", "시간",
        "날", "일정", "요일", "문제", "이상", "변경", "수정", "추가", "사항", "틀린", "다른",
    ];
    let flat = text.flat();
    if !FAIL.iter().any(|fail| flat[wrong.from..].starts_with(fail)) {
        return false;
    }
    let Some(subject) = signals.last().filter(|last| last.says == Other && last.to == wrong.from)
    else {
        return false;
    };
    let subject = &flat[subject.from..subject.to];
    let bare = subject.strip_suffix('이').or_else(|| subject.strip_suffix('가'));
    bare.is_some_and(|bare| !DECLINED.iter().any(|noun| bare.ends_with(noun)))
}

/// `몇 번을 말해요 맞다고요`, `글쎄 맞다니까요`: impatience before what is insisted on.
fn impatient(text: &Utterance, at: usize) -> Option<Signal> {
    const TIMES: &[&str] = &["몇번을", "몇번이나", "몇번째", "도대체몇번", "열번도", "백번도"];
    const INSISTS: &[&str] = &["다고요", "다구요", "다니까", "라고요", "라구요", "라니까", "래도"];
    let flat = text.flat();
    let start = text.start(at);
    let rest = &flat[start..];
    let insisted = INSISTS
        .iter()
        .any(|insists| flat.trim_end_matches('요').ends_with(insists.trim_end_matches('요')));
    // `왜 자꾸 물어요 맞다고요`.
    if let Some(again) = ["왜자꾸", "왜계속", "왜또"].iter().find(|again| rest.starts_with(**again))
        && insisted
    {
        let verb = start + again.len();
        let asked = ["물어", "묻", "확인", "그래", "그러", "말"]
            .iter()
            .any(|verb_| flat[verb..].starts_with(verb_));
        if asked {
            return Some(Signal { says: Neutral, from: start, to: text.eojeol_end(verb) });
        }
    }
    if rest.starts_with("글쎄") && insisted {
        return Some(Signal { says: Neutral, from: start, to: text.eojeol_end(start) });
    }
    let times = TIMES.iter().find(|times| rest.starts_with(**times))?;
    let noun = text.eojeol_end(start + times.len() - 1);
    let verb = text.eojeol_end(noun.min(flat.len().saturating_sub(1)));
    let says = ["물어", "물으", "말", "얘기", "이야기", "해야", "대답", "확인"];
    let asked = says.iter().any(|verb| flat[start + times.len()..].starts_with(verb));
    asked.then(|| Signal { says: Neutral, from: start, to: verb.max(noun) })
}

/// `저 회의 들어가야 돼요`: what has to be done besides, unless it comes before an answer
/// (`확인해 봐야 돼요`).
fn reason(text: &Utterance, start: usize, end: usize) -> Option<Signal> {
    #[rustfmt::skip]
    const FIRST: &[&str] = &["봐야", "물어", "확인", "알아", "생각", "찾아", "여쭤", "상의", "의논", "들어봐", "해야", "맞아야", "그래야", "돼야", "되어야", "있어야"];
    let flat = text.flat();
    let eojeol = &flat[start..end];
    let must = eojeol.chars().count() > 2
        && [
            "가야",
            "와야",
            "나와야",
            "나서야",
            "타야",
            "들어가야",
            "내려야",
            "출근해야",
            "출발해야",
        ]
        .iter()
        .any(|must| eojeol.ends_with(must))
        && !FIRST.iter().any(|first| eojeol.contains(first));
    let next = flat.get(end..)?;
    let obliged = ["되", "돼", "됩", "하", "해", "합"].iter().any(|verb| next.starts_with(verb));
    (must && obliged).then(|| Signal { says: Other, from: start, to: text.eojeol_end(end) })
}

/// Whether all that was said so far only leads up to a decision: `비싸긴 해도 꼭 필요하니까 …`.
fn leads_up(text: &Utterance, signals: &[Signal]) -> bool {
    /// So many words lead up to it.
    const LONGEST: usize = 8;
    /// And so many where the answer has begun with a yes.
    const AFTER_YES: usize = 12;
    #[rustfmt::skip]
    const REASONS: &[&str] = &[
        "있으니까", "있어서", "되니까", "돼서", "괜찮으니까", "가능하니까", "필요하니까", "필요해서", "급하니까", "급해서", "비니까", "맞으니까",
    ];
    if signals.len() > AFTER_YES {
        return false;
    }
    // `네 그때면 학교 끝나고 갈 수 있으니까 예약해 주세요`; a figure may be another time.
    let first = signals.iter().find(|signal| !matches!(signal.says, Neutral | Hesitates));
    let reason = signals.last().is_some_and(|last| {
        last.says == Other && REASONS.iter().any(|why| text.flat()[..last.to].ends_with(why))
    });
    if first.is_some_and(|first| first.says == Yes)
        && reason
        && signals.iter().all(|signal| {
            matches!(signal.says, Yes | Right | Neutral | Hesitates | Other)
                && text.words[text.word_at(signal.from)].script != Script::Figure
                && !["시가", "시에", "시는", "시로", "날이", "요일이", "요일에", "명이", "개가"]
                    .iter()
                    .any(|count| text.flat()[signal.from..signal.to].ends_with(count))
        })
        && super::agrees::nothing_against(text, signals)
    {
        return true;
    }
    #[rustfmt::skip]
    const LEADS: &[&str] = &["니까", "으니", "긴", "라서", "어서", "아서", "해서", "해도", "어도", "아도", "는데도", "기도"];
    #[rustfmt::skip]
    const SMALL: &[&str] = &["꼭", "그냥", "이번엔", "이번에는", "이번", "그럼", "마침", "얼른", "바로", "딱", "정말", "진짜", "너무", "좀", "뭐", "급", "마지막", "일단"];
    let flat = text.flat();
    !signals.is_empty()
        && signals.len() <= LONGEST
        && signals.iter().all(|signal| match signal.says {
            Yes | Right | Neutral | Hesitates => true,
            Other => {
                let said = &flat[signal.from..signal.to];
                SMALL.contains(&said) || LEADS.iter().any(|lead| said.ends_with(lead))
            }
            _ => false,
        })
}

/// `네네네`, `예예예`: one answer over and over.
fn repeats(word: &str, of: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|first| of.contains(first) && chars.all(|c| c == first))
}

/// The longest entry of the table at a place, and where it ends.
fn entry(text: &Utterance, from: usize) -> Option<(Says, usize)> {
    let flat = text.flat();
    let rest = flat.get(from..)?;
    let mut best: Option<(Says, usize)> = None;
    for (word, ends, says) in beginnings(rest) {
        if text.pause_between(from + 1, from + word.len() - 1) {
            continue;
        }
        let to = from + word.len();
        // `아니 다른` is no `아니다`.
        let within = *ends == Ends::Here
            && text.eojeol_end(from) < to
            && crate::words::is_hangul(
                flat[to..text.eojeol_end(to - 1)].chars().next().unwrap_or(' '),
            )
            && !crate::korean::closes(&flat[to..text.eojeol_end(to - 1)]);
        if within {
            continue;
        }
        // `아니 네` is no `아니네`.
        let torn = word.chars().count() > 2
            && text.is_eojeol_start(to - 3)
            && matches!(&flat[to - 3..text.eojeol_end(to - 1)], "네" | "예");
        if torn {
            continue;
        }
        if best.is_some_and(|(_, longest)| longest >= to) {
            continue;
        }
        best = Some((*says, to));
    }
    let (says, to) = best?;
    let word = &flat[from..to];
    let (_, ends, _) = beginnings(word).find(|(entry, ..)| *entry == word)?;
    // A word that spans eojeols ends with one, unless it is a stem.
    let eojeol_end = text.eojeol_end(to - 1);
    match ends {
        Ends::Here => {
            let tail = &flat[to..eojeol_end];
            let polite =
                ["요", "여", "용", "욤", "염", "유", "이요"].iter().find(|polite| tail == **polite);
            let to = if polite.is_some() && !matches!(word, "네" | "예" | "그래" | "응") {
                eojeol_end
            } else {
                to
            };
            Some((says, to))
        }
        Ends::Open => {
            let mut to = to;
            let tail = &flat[to..eojeol_end];
            if says == Right && DOUBTFUL_ENDINGS.contains(&tail) {
                return Some((Doubt, eojeol_end));
            }
            // `맞는데 주소가…`: what comes after decides, unless nothing does.
            if matches!(says, Wrong | Says::No | Right)
                && !tail.ends_with("니까요")
                && ["나요", "까요", "습니까", "가요"]
                    .iter()
                    .any(|question| tail.ends_with(question))
            {
                return Some((Doubt, eojeol_end));
            }
            // `안 하면 손해예요`: only supposed.
            if says == Wrong && tail == "면" && eojeol_end < flat.len() {
                return Some((Doubt, eojeol_end));
            }
            // `그건 맞는데`: a *but* that is not said yet.
            if says == Right && tail.ends_with("는데") {
                return Some((Partial, eojeol_end));
            }
            if says == Right && word == "맞" {
                to = right_end(text, to)?;
                return Some((if to == from { Other } else { Right }, to));
            }
            // `진행할 수 없습니다` refuses; `확인할 수 없어요` does not know.
            if word == "수없" && refused(&flat[..from]) {
                return Some((Wrong, eojeol_end));
            }
            if matches!(word, "다른") && !is_copula(tail) {
                // `다른 번호예요` denies, `다른 질문` does not.
                let next = text.word_at(eojeol_end.saturating_sub(1)) + 1;
                let noun = text.words.get(next).map_or("", |word| word.text.as_str());
                let denies = ["예요", "이에요", "입니다", "인데요", "에요", "이요"]
                    .iter()
                    .any(|copula| noun.ends_with(copula))
                    || tail.starts_with("데");
                // `다른 걸로 할게요`: with what is done with it.
                let instead = noun.ends_with('로') && next + 1 < text.words.len() && {
                    let verb = text.words[next + 1].text.as_str();
                    ["할", "하", "해", "바꿔", "바꿀", "부탁", "예약", "보내", "갈"]
                        .iter()
                        .any(|begins| verb.starts_with(begins))
                };
                let end = if instead {
                    text.eojeol_end(text.end(next + 1) - 1)
                } else if denies && next < text.words.len() {
                    text.end(next)
                } else {
                    eojeol_end
                };
                return Some((if denies { Wrong } else { Doubt }, end));
            }
            Some((says, eojeol_end))
        }
    }
}

fn refused(before: &str) -> bool {
    const UNABLE: &[&str] = &[
        "확인할",
        "기억할",
        "말할",
        "말씀할",
        "이해할",
        "생각할",
        "구별할",
        "접속할",
        "연결할",
        "로그인할",
    ];
    ["할", "드릴", "그럴", "응할", "받아들일", "따를", "해줄"]
        .iter()
        .any(|verb| before.ends_with(verb))
        && !UNABLE.iter().any(|verb| before.ends_with(verb))
}

fn is_copula(tail: &str) -> bool {
    matches!(tail, "데요" | "데" | "것같아요" | "거같아요")
}

/// Where a form of 맞다 that says so ends; none where the form is another word.
fn right_end(text: &Utterance, from: usize) -> Option<usize> {
    #[rustfmt::skip]
    const FORMS: &[&str] = &[
        "아요", "아여", "아용", "아유", "아", "습니다", "습니당", "슴다", "습니다만", "네요", "네",
        "죠", "지요", "지", "고요", "구요", "고", "거든요", "는데요", "는데", "다고요", "다구요",
        "다니까요", "다", "음", "는것같아요", "는거같아요", "는거같습니다", "는것같습니다",
        "는거같네요", "는것같네요", "는것같은데요", "는거같은데요", "는듯요", "는듯해요", "는듯",
        "는듯합니다", "는걸요", "아요요", "나이다", "어요", "앗어요", "았어요", "으니까",
        "는겁니다", "는거예요", "ㅇㅏ", "구여", "는말씀이세요", "는말씀이에요", "는정보예요",
        "는번호예요", "는번호입니다", "는정보입니다", "는이름이에요", "다는",
        "당께", "당께요", "소", "소이다", "당게", "당게요", "으요", "구먼유", "지예", "그만요", "다니께", "다니께요", "아라", "쥬", "죠이", "다요", "구먼", "구먼유", "구만", "구만요", "어유", "어", "지라", "십니더", "십니다", "슴니다", "읍니다", "습미다", "슴니당", "심니다", "심더", "심니더", "아예",
        "제", "잖아", "잖아요", "는당께요", "다니까", "다네", "앙", "아욤", "아염", "슴당", "아요ㅎ", "구말구요",
        "고말고요", "죠뭐", "지유", "다아이가", "아유", "네유", "다카이", "았네요", "군요", "아서요",
    ];
    // The longest form, over a space too: `맞는 것 같아요`.
    let rest = &text.flat()[from..];
    let form =
        FORMS.iter().filter(|form| rest.starts_with(**form)).max_by_key(|form| form.len())?;
    let to = from + form.len();
    Some(to)
}
