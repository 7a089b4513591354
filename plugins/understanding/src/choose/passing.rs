//! What is mentioned in passing: the story that leads to what is asked for now.
//!
//! `지난주에 검진 받았거든요 근데 병원비가…`,
//! `I've had a mortgage for ten years, but today I lost my card`: what is over, or in order, is not
//! chosen where something else is. Whatever fails (`고장 났는데`, `my bag is lost`) is no story.

use super::Found;
use super::given_up::{describes, given_up};
use crate::negation::Mention;
use crate::outcome::Denied;
use crate::words::{Script, Utterance};
use crate::{Why, korean, topics};

/// Sets aside what is only told, where another choice is left.
pub(super) fn set_aside(text: &Utterance, standing: &mut Vec<Mention<Found>>, why: &mut Why) {
    // `예약했을 때는 조식이 있다고 했는데`: only the time it was done.
    if let [first, second, ..] = standing.as_slice()
        && first.value.choice != second.value.choice
        && at_the_time(text, first)
    {
        standing.remove(0);
    }
    let differs = |standing: &[Mention<Found>]| {
        standing.windows(2).any(|two| two[0].value.choice != two[1].value.choice)
    };
    if !differs(standing) || says_both(text) {
        return;
    }
    // By mention, the next one of another choice.
    let mut next = vec![None; standing.len()];
    for at in (1..standing.len()).rev() {
        let other = standing[at].value.choice != standing[at - 1].value.choice;
        next[at - 1] = if other { Some(at) } else { next[at] };
    }
    if let Some(wished) = wished_last(text, standing) {
        standing.retain(|mention| {
            let told = mention.value.choice != wished;
            if told {
                let what = text.shown(mention.from, mention.to);
                why.denied.push(Denied { what, by: "told in passing".to_owned() });
            }
            !told
        });
        return;
    }
    let explains = (0..text.words.len())
        .rfind(|at| text.is_phrase_at(*at, "that is why i am calling").is_some());
    let told: Vec<bool> = standing
        .iter()
        .zip(next)
        .map(|(mention, next)| told(text, mention, next.map(|next| &standing[next]), explains))
        .collect();
    if told.iter().all(|told| *told) {
        return;
    }
    let mut told = told.into_iter();
    standing.retain(|mention| {
        let told = told.next().unwrap_or_default();
        if told {
            let what = text.shown(mention.from, mention.to);
            why.denied.push(Denied { what, by: "told in passing".to_owned() });
        }
        !told
    });
}

/// In a long answer, the choice that is wished for at its end, where nothing before it was wished
/// for or is wrong.
fn wished_last(text: &Utterance, standing: &[Mention<Found>]) -> Option<String> {
    /// A shorter answer is no story.
    const LONG: usize = 16;
    const LONG_KO: usize = 10;
    /// So many words before a mention it is wished for.
    const BACK: usize = 7;
    #[rustfmt::skip]
    const WISHES: &[&str] = &[
        "i want", "i need", "we need", "we want", "i would like", "i am calling", "i am ringing", "can i", "could i", "can you",
        "could you", "i am trying", "we would like", "i was hoping", "i am hoping", "i wanted to", "help me", "i just want",
        "i just need", "so anyway",
    ];
    #[rustfmt::skip]
    const WISHES_KO: &[&str] = &["싶", "하려", "할려", "주세요", "주실", "부탁", "때문에전화", "하러", "문의", "원해", "받으려", "해달", "궁금"];
    #[rustfmt::skip]
    const WRONG_KO: &[&str] = &[
        "안", "못", "없", "고장", "났", "끊", "잃", "오류", "에러", "틀", "이상", "잘못", "깨", "늦", "멈", "두번", "막혔", "잠겼", "도",
    ];
    #[rustfmt::skip]
    const WRONG: &[&str] = &[
        "wrong", "not", "never", "broken", "lost", "stolen", "missing", "late", "twice", "double", "problem", "issue", "error",
        "damaged", "down", "failed", "also", "too", "both", "stopped",
    ];
    let last = standing.last()?;
    let korean = text.words[text.word_at(last.from)].script == Script::Hangul;
    if text.words.len() < if korean { LONG_KO } else { LONG }
        || standing.iter().any(|mention| mention.value.key)
    {
        return None;
    }
    let flat = text.flat();
    let choice = &last.value.choice;
    let earlier: Vec<&Mention<Found>> =
        standing.iter().filter(|mention| mention.value.choice != *choice).collect();
    let final_from =
        standing.iter().filter(|mention| mention.value.choice == *choice).map(|m| m.from).max()?;
    if korean {
        let wishes = |from: usize, to: usize| {
            flat.get(from..to)
                .is_some_and(|clause| WISHES_KO.iter().any(|wish| clause.contains(wish)))
        };
        let gap = |at: usize| {
            let to = standing
                .iter()
                .map(|other| other.from)
                .find(|from| *from > at)
                .unwrap_or(flat.len());
            (at, to)
        };
        let clear = earlier.iter().all(|mention| {
            let (from, to) = gap(mention.to);
            let clause = flat.get(from..to).unwrap_or_default();
            clause.chars().count() > 4
                && !wishes(from, to)
                && !WRONG_KO.iter().any(|wrong| clause.contains(wrong))
        });
        return (clear && wishes(last.to, flat.len())).then(|| choice.clone());
    }
    let wished = |mention: &Mention<Found>| {
        let at = text.word_at(mention.from);
        (at.saturating_sub(BACK)..at).any(|at| text.longest_at(at, WISHES).is_some())
    };
    let clear = earlier.iter().all(|mention| {
        let at = text.word_at(mention.to - 1);
        let near = at.saturating_sub(BACK)..(at + BACK).min(text.words.len());
        !wished(mention)
            && text.word_at(final_from) > at + 4
            && !text.words[near].iter().any(|word| WRONG.contains(&word.text.as_str()))
    });
    (clear && wished(last)).then(|| choice.clone())
}

fn says_both(text: &Utterance) -> bool {
    ["둘다", "두개다", "두가지", "둘중"].iter().any(|both| text.flat().contains(both))
        || text.words.iter().any(|word| matches!(word.text.as_str(), "both" | "also"))
}

fn told(
    text: &Utterance,
    mention: &Mention<Found>,
    next: Option<&Mention<Found>>,
    explains: Option<usize>,
) -> bool {
    if mention.value.key {
        return key_told(text, mention, next);
    }
    let after = text.words.get(text.word_at(mention.to - 1) + 1);
    match text.words[text.word_at(mention.from)].script {
        // `exchange 하려고 했는데`: English in a Korean clause.
        Script::Latin if after.is_none_or(|after| after.script != Script::Hangul) => {
            fared_well(text, mention)
                || paid(text, mention)
                || (next.is_some() && asked_to(text, mention))
                || describes(text, mention)
                || has_already(text, mention)
                || next.is_some_and(|next| stated(text, mention, next))
                || next.is_some_and(|next| told_en(text, mention, next, explains))
        }
        _ => told_ko(text, mention, next),
    }
}

/// `아까는 일 번이었는데 이번에는 이 번이요`, `1번 취소 4번으로`: a key that no longer holds.
fn key_told(text: &Utterance, mention: &Mention<Found>, next: Option<&Mention<Found>>) -> bool {
    if next.is_none() {
        return false;
    }
    let flat = text.flat();
    let own = &flat[mention.from..text.eojeol_end(mention.to - 1)];
    let after = &flat[text.eojeol_end(mention.to - 1)..];
    ["였는데", "었는데", "였지만", "었지만", "려다", "였고", "었고", "인가", "었나", "던가", "였나"]
        .iter()
        .any(|over| own.ends_with(over))
        || after.starts_with("취소")
}

/// Whether somebody is told of who said, did or asked something: `원장님이 피 검사 하라셔서`,
/// `직원이 친절하다는 리뷰`.
fn quoted_ko(text: &Utterance, mention: &Mention<Found>) -> bool {
    /// How far the quotation reaches, in bytes.
    const REACH: usize = 120;
    #[rustfmt::skip]
    const SUBJECTS: &[&str] = &["이", "가", "께서", "에서", "님이", "님께서", "분이", "한테", "께", "한테서", "님한테", "이랑은", "랑은", "은", "는"];
    #[rustfmt::skip]
    const QUOTES: &[&str] = &[
        "라셔", "라고하", "라고해", "라고했", "라시", "라던데", "라는데", "래서", "래요", "라길래", "라고그", "다고해", "다고하", "다고했",
        "다는", "다길래", "다던데", "다셔", "으라고", "하래", "보래", "가래", "으래", "라더라", "라고안내", "다고안내", "라고들", "대서",
        "그러는데", "그러던데", "그러시는데", "그러시던데", "그랬는데", "시켜서", "시키", "알려줘서", "알려주셔서", "소개", "추천",
    ];
    let flat = text.flat();
    let mut own_end = text.eojeol_end(mention.to - 1);
    // `Front desk에서`.
    if own_end < flat.len() && !text.is_eojeol_start(own_end) {
        own_end = text.eojeol_end(own_end);
    }
    let tail = flat.get(mention.to..own_end).unwrap_or_default();
    // `설치 기사님이 …`: somebody of it.
    let of = ["기사", "직원", "담당", "팀", "센터", "쪽", "부서"];
    let next = flat.get(own_end..text.eojeol_end(own_end)).unwrap_or_default();
    let somebody =
        tail.is_empty() && own_end < flat.len() && of.iter().any(|of| next.starts_with(of));
    let tail = if somebody {
        ["께서", "에서", "이", "가"]
            .into_iter()
            .find(|subject| next.ends_with(subject))
            .unwrap_or("")
    } else {
        tail
    };
    // What a thing is like is told by 은 and 는, too: `해지는 여기로 하래서` wishes for it.
    let said = &flat[mention.from..mention.to];
    let person = mention.value.topic.is_some_and(|topic| topic == topics::Topic::Person)
        || ["원", "사", "님", "자", "장"].iter().any(|person| said.ends_with(person));
    if matches!(tail, "은" | "는") && !person {
        return false;
    }
    if !SUBJECTS.contains(&tail) {
        return false;
    }
    let mut limit = (own_end + REACH).min(flat.len());
    while !flat.is_char_boundary(limit) {
        limit -= 1;
    }
    QUOTES.iter().any(|quote| flat[own_end..limit].contains(quote))
}

/// Whether the clause after a Korean mention tells of what is over: `받았거든요`, `한 거`,
/// `하고 나서`, `하려고 했는데`.
fn told_ko(text: &Utterance, mention: &Mention<Found>, next: Option<&Mention<Found>>) -> bool {
    /// So many eojeols belong to what is told.
    const LONGEST: usize = 6;
    /// Nor is it longer than so many bytes.
    const REACH: usize = 120;
    #[rustfmt::skip]
    const ENDS: &[&str] = &["는데", "은데", "인데", "데요", "고요", "구요", "지만", "니까", "요", "니다", "더니", "며"];
    #[rustfmt::skip]
    const OVER: &[&str] = &[
        "고나서", "더니", "안된다고", "안된다해", "안된다그", "안된대", "못한다고", "없다고해", "없대서", "없다길래", "다길래", "라길래", "고나니", "려고했", "려다", "려던", "까했", "온지", "한지", "받은지", "간지", "자마자",
    ];
    /// What is done to it has been done.
    #[rustfmt::skip]
    const DONE: &[&str] = &["한", "하신", "했던", "받은", "받았던", "온", "된", "됐던", "보낸", "넣은", "낸"];
    /// What is wrong is no story.
    #[rustfmt::skip]
    const WRONG: &[&str] = &[
        "안", "못", "없", "고장", "났", "끊", "잃", "오류", "에러", "틀", "이상", "잘못", "깨", "늦", "멈", "죽", "터", "두번",
        "막혔", "잠겼",
    ];
    let flat = text.flat();
    let own_end = text.eojeol_end(mention.to - 1);
    let rest = flat.get(mention.to..own_end).unwrap_or_default();
    if rest.starts_with('도') {
        return false;
    }
    if quoted_ko(text, mention) || is_done_ko(&flat[mention.to..]) {
        return true;
    }
    // `사이즈가 작아서 교환하려고요`: why the other is wished for.
    let why = matches!(rest, "가" | "이" | "가너무" | "이너무")
        && ["작아서", "커서", "짧아서", "길어서", "달라서", "안맞아서"]
            .iter()
            .any(|why| flat[own_end..].starts_with(why));
    if why && next.is_some() {
        return true;
    }
    // `가입할 때 말한 거랑 …`: the time it was done.
    if next.is_some() && at_the_time(text, mention) {
        return true;
    }
    // `예약은 나중에`: at another time.
    let later = [
        "은나중에",
        "는나중에",
        "은다음에",
        "는다음에",
        "은이따",
        "는이따",
        "은됐고",
        "는다음달이고",
        "은다음달이고",
        "는다음달인데",
        "은다음달인데",
        "는아직",
        "은아직",
        "는내년",
        "은내년",
        "는다음주고",
        "은다음주고",
        "는됐고",
        "은담에",
    ];
    if later.iter().any(|later| flat[mention.to..].starts_with(later)) {
        return true;
    }
    let followed = own_end < flat.len() && !text.pause_between(own_end, own_end);
    if followed && DONE.contains(&rest) {
        return true;
    }
    let Some(next) = next else { return false };
    if given_up(text, mention, next) {
        return true;
    }
    let mut limit = text.eojeol_start(next.from).max(mention.to).min(mention.to + REACH);
    while !flat.is_char_boundary(limit) {
        limit -= 1;
    }
    let mut end = own_end.min(limit);
    for _ in 0..LONGEST {
        let clause = flat.get(mention.to..end).unwrap_or_default();
        let closed = ENDS.iter().any(|ending| clause.ends_with(ending));
        if closed || end >= limit || text.pause_between(end, end) {
            break;
        }
        end = text.eojeol_end(end).min(limit);
    }
    let clause = flat.get(mention.to..end).unwrap_or_default();
    if OVER.iter().any(|over| clause.contains(over)) {
        return true;
    }
    let past = clause.chars().any(|c| {
        !matches!(c, '있' | '겠') && korean::parts(c).is_some_and(|(_, _, trailing)| trailing == 20)
    });
    past && !WRONG.iter().any(|wrong| clause.contains(wrong))
}

/// `청구는 지난달에 다 끝났고`, `예약도 견적도 다 됐고`, `요금도 다 냈어요`: done with.
fn is_done_ko(rest: &str) -> bool {
    #[rustfmt::skip]
    const BETWEEN: &[&str] = &[
        "은", "는", "이", "가", "을", "를", "도", "지난달에", "지난주에", "어제", "저번에", "저번주에", "전에", "아까", "그저께", "오전에",
        "방금", "싹", "전부", "모두", "제가", "저는", "분명히",
    ];
    #[rustfmt::skip]
    const DONE: &[&str] = &[
        "다됐고", "다됐어", "다됐습", "다냈", "다했고", "다했어", "다했습", "다끝", "다마쳤", "다받았", "다처리", "이미", "벌써", "끝났", "끝냈",
        "마쳤", "완료", "해결됐", "해결했",
    ];
    let mut rest = rest;
    while let Some(next) = BETWEEN.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = next;
    }
    DONE.iter().any(|done| rest.starts_with(done))
}

/// Whether all that is mentioned is done with or ruled out, one after the other:
/// `예약도 견적도 다 됐고 …`.
pub(super) fn over(
    text: &Utterance,
    mention: &Mention<Found>,
    next: Option<&Mention<Found>>,
) -> bool {
    let flat = text.flat();
    if mention.value.key || !flat[mention.to..].starts_with(['도', '은', '는']) {
        return false;
    }
    let done = |to: usize| is_done_ko(&flat[to..]) && !flat[to..].starts_with("가");
    done(mention.to)
        || next.is_some_and(|next| {
            flat.get(mention.to..next.from).is_some_and(|gap| gap == "도") && done(next.to)
        })
}

/// `The delivery was fine`.
fn fared_well(text: &Utterance, mention: &Mention<Found>) -> bool {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let after = text.word_at(mention.to - 1) + 1;
    let fine = |at: usize| {
        matches!(
            word(at),
            "fine"
                | "great"
                | "good"
                | "ok"
                | "okay"
                | "lovely"
                | "perfect"
                | "sorted"
                | "settled"
                | "green"
                | "done"
                | "up"
        )
    };
    let arrived = matches!(word(after), "arrived" | "came" | "works" | "worked" | "went")
        && (fine(after + 1) || matches!(word(after + 1), "safely" | "alright" | "well"));
    arrived
        || (matches!(word(after), "fine" | "okay" | "alright")
            && text.words[after - 1].text == "you")
        || matches!(word(after), "is" | "are" | "was" | "were")
            && (fine(after + 1)
                || (matches!(word(after + 1), "all" | "really" | "very") && fine(after + 2)))
}

/// `가입할 때`, `예약했을 때는`.
fn at_the_time(text: &Utterance, mention: &Mention<Found>) -> bool {
    !mention.value.key
        && ["할때", "했을때", "하실때", "할당시", "했을당시", "받을때", "올때", "갈때"]
            .iter()
            .any(|when| text.flat()[mention.to..].starts_with(when))
}

/// `I've paid my bill so why …`: done, and something else is asked.
fn paid(text: &Utterance, mention: &Mention<Found>) -> bool {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let at = text.word_at(mention.from);
    let after = text.word_at(mention.to - 1) + 1;
    let done = (at.saturating_sub(2)..=at).any(|paid| {
        word(paid) == "paid"
            && paid > 0
            && matches!(word(paid - 1), "have" | "already" | "just" | "always")
    });
    let turns = (after..after + 4).any(|turn| {
        matches!(word(turn), "so" | "but")
            && matches!(word(turn + 1), "why" | "how" | "now" | "i" | "the" | "my" | "what")
    });
    done && turns
}

/// `The receptionist told me to make a reservation but I only need directions`.
fn asked_to(text: &Utterance, mention: &Mention<Found>) -> bool {
    /// So many words stand between what was told and the mention, and between it and the turn.
    const NEAR: usize = 3;
    const TOLD: &[&str] =
        &["told me to", "said to", "asked me to", "wants me to", "told us to", "suggested i"];
    let at = text.word_at(mention.from);
    let after = text.word_at(mention.to - 1) + 1;
    let told = (at.saturating_sub(NEAR + 2)..at).any(|told| {
        text.longest_at(told, TOLD).is_some_and(|(_, end)| end <= at && at < end + NEAR)
    });
    let turns = (after..after + NEAR)
        .any(|turn| text.words.get(turn).is_some_and(|word| word.text == "but"));
    told && turns
}

/// `I've already got the appointment`.
fn has_already(text: &Utterance, mention: &Mention<Found>) -> bool {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let at = text.word_at(mention.from);
    (at.saturating_sub(4)..at).any(|already| {
        word(already) == "already"
            && matches!(
                word(already + 1),
                "got"
                    | "had"
                    | "have"
                    | "booked"
                    | "made"
                    | "paid"
                    | "done"
                    | "sorted"
                    | "filed"
                    | "did"
            )
            && !(already..at).any(|at| text.words[at + 1].pause)
    })
}

/// Whether a mention is stated (`I've got a licence`, `I spoke to a representative`,
/// `I might add a driver later on`) where the next one is wished for (`it's support I want`,
/// `I'm after a quote`, `she told me to file a claim`).
fn stated(text: &Utterance, mention: &Mention<Found>, next: &Mention<Found>) -> bool {
    /// So many words stand before a mention in what states it.
    const BACK: usize = 7;
    /// So many words after it tell that it is done.
    const AFTER: usize = 4;
    #[rustfmt::skip]
    const STATES: &[&str] = &[
        "have got a", "have got the", "have got my", "have got an", "got a", "i might", "we might", "i may", "we may", "spoke to",
        "spoke with", "talked to", "talked with", "chatted to", "chatted with", "was talking to", "came in", "i reported",
        "we reported", "i had", "we had", "is the only", "i was at", "i have been to", "dealt with", "thinking of",
        "thinking about", "went on about", "was on about", "going on about", "kept on about", "was talking about", "thought about", "considered", "considering", "i paid",
    ];
    const ENDED: &[&str] =
        &["ago", "paid already", "already", "i have got", "have paid", "later on"];
    #[rustfmt::skip]
    const WISHES: &[&str] = &[
        "i want", "i need", "we need", "we want", "i am after", "only after", "am just after", "i would like", "told me to",
        "said to", "said make", "said i should", "the issue is", "the problem is", "i am calling", "i am ringing", "calling about",
        "ringing about", "can i", "could i", "i am looking", "it is", "this is about", "i will just", "i will",
    ];
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let (at, to) = (text.word_at(mention.from), text.word_at(next.from));
    let ended = text.word_at(mention.to - 1) + 1;
    let after = text.word_at(next.to - 1) + 1;
    let mut begin = at;
    while begin > 0 && at - begin < BACK && !text.words[begin].pause {
        begin -= 1;
    }
    let within = |phrases: &[&str], from: usize, to: usize| {
        (from..to).any(|at| text.longest_at(at, phrases).is_some_and(|(_, end)| end <= to))
    };
    // `The branch told me to call about my loan`.
    if matches!(
        word(ended),
        "told" | "said" | "says" | "suggested" | "recommended" | "referred" | "advised"
    ) && to > ended + 1
    {
        return true;
    }
    let joined = ended + 1 >= to && matches!(word(ended), "and" | "or");
    let states = within(STATES, begin, at) || within(ENDED, ended, (ended + AFTER).min(to));
    let wishes = within(WISHES, ended, to)
        || (after + 2 <= text.words.len()
            && within(&["i want", "i need", "i am after"], after, after + 2));
    // `I shipped it on Monday and now I want to track it`.
    let did = text.words[at].text.ends_with("ed")
        && at > 0
        && matches!(word(at - 1), "i" | "we")
        && to > ended + 2;
    !joined && (states || did) && wishes
}

/// Whether an English mention belongs to what is over or in order, before a turn to what is wanted.
fn told_en(
    text: &Utterance,
    mention: &Mention<Found>,
    next: &Mention<Found>,
    explains: Option<usize>,
) -> bool {
    /// A story is no longer than so many words.
    const STORY: usize = 60;
    /// So many words stand in one clause before the mention.
    const BACK: usize = 12;
    #[rustfmt::skip]
    const WISHES: &[&str] = &[
        "need", "want", "would", "like", "please", "calling", "trying", "can", "could", "help", "question", "not", "no",
    ];
    /// What turns to something else by itself, and what does where the story is plain.
    const TURNS: &[&str] = &["but", "so", "now", "today", "anyway", "anyways", "however"];
    const WANTS: &[&str] = &["need", "want", "would", "calling", "just", "after"];
    #[rustfmt::skip]
    const OVER: &[&str] = &[
        "last time", "last week", "last month", "last year", "last night", "last summer", "last winter", "last spring",
        "last fall", "last monday", "last tuesday", "last wednesday", "last thursday", "last friday", "last saturday",
        "last sunday", "yesterday", "ago", "back in", "already", "used to", "every month", "every week", "every year",
        "on time", "is fine", "was fine", "no problem", "no problems", "never a problem", "no worries", "no complaints",
        "no issues", "was lovely", "was great", "is great", "fixed it", "fixed that", "sorted", "all paid", "paid up",
        "thanks for that", "all good", "works fine", "went fine", "went well", "long time",
    ];
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let (at, to) = (text.word_at(mention.from), text.word_at(next.from));
    let ended = text.word_at(mention.to - 1) + 1;
    if to.saturating_sub(ended) > STORY {
        return false;
    }
    let mut begin = at;
    while begin > 0
        && at - begin < BACK
        && !text.words[begin].pause
        && !matches!(word(begin - 1), "but" | "because")
    {
        begin -= 1;
    }
    if (begin..at).any(|at| WISHES.contains(&word(at))) {
        return false;
    }
    let turn = |turns: &[&str]| (ended..to).rev().find(|at| turns.contains(&word(*at)));
    let over = |until: usize| {
        (begin..until).any(|at| {
            text.longest_at(at, OVER).is_some_and(|(_, end)| end <= until)
                || (word(at) == "for"
                    && (at + 1..(at + 4).min(until))
                        .any(|at| matches!(word(at), "years" | "months" | "ages")))
        })
    };
    // `I was in my seat the whole flight, … so`: the past alone, where `so` turns from it.
    let past = |until: usize| {
        (begin..at).any(|at| matches!(word(at), "was" | "were"))
            && (begin..until).any(|at| matches!(word(at), "in" | "at" | "on"))
    };
    if let Some(turn) = turn(TURNS)
        && (over(turn) || past(turn))
    {
        return true;
    }
    let explains = explains.is_some_and(|at| at > to);
    (explains && past(to)) || turn(WANTS).is_some_and(over)
}

/// Whether what was mentioned is about to be looked at: `잠깐만요 일정 좀 보고요`.
pub(super) fn looked_at(text: &Utterance, standing: &[Mention<Found>]) -> bool {
    let [mention] = standing else { return false };
    let rest = text.flat().get(mention.to..).unwrap_or_default();
    let rest = rest.strip_prefix(['을', '를']).unwrap_or(rest);
    if rest.starts_with('만') {
        return false;
    }
    mention.value.part
        || topics::follow(
            text,
            mention.to,
            &["보고요|볼게|볼께|확인하고|확인할게|찾아|가져올|가지고"],
        )
        .is_some_and(|end| end <= mention.to + rest.len().min(30))
}

#[cfg(test)]
mod tests {
    use crate::{Offers, Outcome, choose};

    #[test]
    fn what_was_quoted_stated_or_done_is_not_chosen() {
        let offers = Offers::new()
            .phrases("agent", ["상담원", "agent"])
            .phrases("bill", ["요금", "bill"])
            .phrases("cancel", ["해지", "cancel"])
            .phrases("loan", ["loan"]);
        for (text, choice) in [
            ("상담원이 해지는 여기로 하래서 전화드렸어요", "cancel"),
            ("요금은 이미 다 냈고요 해지 좀", "cancel"),
            ("해지는 나중에 하고 요금부터요", "bill"),
            ("I spoke to an agent yesterday and she told me to call about my bill", "bill"),
            ("I might get a loan later on but today I'm only after my bill", "bill"),
        ] {
            assert_eq!(choose(text, &offers).outcome, Outcome::One(choice.to_owned()), "{text}");
        }
        let both = choose("요금도 알려 주고 해지도 해 주세요", &offers).outcome;
        assert!(matches!(both, Outcome::Several(_)), "{both:?}");
    }
}
