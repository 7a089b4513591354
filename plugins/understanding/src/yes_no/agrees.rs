//! What may stand beside a yes.
//!
//! A yes is taken only where every other word of the answer is known to agree with it: politeness,
//! an echo of what was asked (`네 그 번호 맞아요`, `yes, the number is correct`), a request to go
//! on (`네 보내 주세요`). A long answer is taken for a yes where it begins with a yes, ends with
//! one that is firm, and complains of nothing in between.

use super::Says::{Hesitates, Neutral, Other, Replaces, Right, Weak, Yes};
use super::{Signal, elaborates};
use crate::korean::closes;
use crate::numerals::{counter_at, numeral_at};
use crate::words::{Script, Utterance};

/// What a question for yes or no asks about, and whatever tells one such thing from another without
/// setting it against one.
#[rustfmt::skip]
const ASKED: &[&str] = &[
    "번호", "전화번호", "핸드폰번호", "휴대폰번호", "주문번호", "계정번호", "계좌", "계좌로", "주소", "배송지", "이름", "성함", "계정",
    "날짜", "시간", "예약", "주문", "이메일", "메일", "메일주소", "회사", "회사명", "금액", "카드", "정보",
    "내용", "고객", "서비스", "신청", "접수", "문자", "연락처", "건", "거", "것", "게", "걸", "꺼", "말씀",
    "부분", "장소", "자리", "생일", "생년월일", "아이디", "요일", "인원", "수량", "상품", "모델", "제품", "본인",
    "가입자", "명의", "명의자", "집", "동", "호수", "그거", "이거", "저거", "그게", "이게", "그것", "이것", "그걸",
    "이걸", "그번호", "그주소", "그이름", "그날", "그날짜", "그시간", "그회사", "그계정", "그쪽", "그분", "네", "예",
    "그냥", "그", "이", "저", "제", "내", "저희", "우리", "제가", "저는", "전", "나", "내가", "지가", "저도", "우리가", "저희가",
    "제번호", "제이름", "제주소", "제계정", "제거", "제꺼", "말씀하신", "말씀드린", "말한", "말하신", "불러주신",
    "불러드린", "적힌", "적혀있는", "등록된", "등록한", "등록되어", "있는", "받은", "보낸", "보내주신", "알려주신",
    "알려드린", "쓰는", "쓰고", "사용하는", "주신", "드린", "확인한", "예약한", "주문한", "신청한", "가입한", "아까",
    "방금", "지금", "현재", "오늘", "내일", "전부", "모두", "모든", "전체", "다", "둘다", "세개", "하나", "딱", "아주",
    "정확히", "정확하게", "분명히", "확실히", "진짜", "정말", "당연히", "네네", "저장된", "나온", "나와있는", "거기",
    "여기", "뒷자리", "앞자리", "끝자리", "사장님", "선생님", "기사님", "고객님", "님", "씨", "번",
    "그대로", "이대로", "그렇게", "그걸로", "그거로", "이걸로", "그날로", "그시간으로", "그번호로", "이번호로",
    "그쪽으로", "번호로", "문자로", "메일로", "이메일로", "카톡으로", "전화로", "카드로", "바로", "빨리", "얼른",
    "꼭", "좀", "한번", "먼저", "같이", "계속", "잘", "거기로", "여기로", "주소로", "집으로", "시간으로", "날짜로",
];
/// Things that can be asked for after a yes.
#[rustfmt::skip]
const DONE: &[&str] = &[
    "보내", "연락", "진행", "예약", "접수", "등록", "신청", "결제", "연결", "처리", "확인", "도와", "설명",
    "알려", "시작", "계속", "전화", "문자", "해", "배송", "주문", "발송", "발급", "재발급", "안내", "넣어", "잡아",
    "그렇게", "저장", "구매", "가입", "설치", "수거", "방문", "와", "불러", "틀어", "켜", "열어", "제출", "전달",
    "보내드려", "말해", "읽어", "이용", "갱신", "연장", "추천", "부쳐", "맡겨", "넘겨", "올려",
];
#[rustfmt::skip]
const REQUESTS: &[&str] = &[
    "주세요", "주십시오", "줘요", "줘", "주시면돼요", "주시면됩니다", "주시면감사하겠습니다", "주시면될것같아요",
    "주시면될것같습니다", "부탁드려요", "부탁드립니다", "부탁드리겠습니다", "부탁드릴게요", "부탁해요", "부탁합니다",
    "할게요", "할께요", "하겠습니다", "할래요", "하고싶어요", "하고싶습니다", "원해요", "원합니다", "바랍니다", "받을게요",
    "받겠습니다", "갈게요", "하죠", "하시죠", "하세요", "합시다", "도록하죠", "도록하겠습니다", "돼요", "됩니다",
    "해도돼요", "하셔도돼요", "주라", "주이소", "주셔요", "주세여", "주삼", "주셈", "주시겠어요", "주시죠", "했어요",
    "했습니다", "있어요", "있습니다", "주셔야죠", "주셔야지요", "주셔야지", "주셔야됩니다", "주셔야돼요", "주셔야해요", "해야죠",
    "해야지요", "해야지", "하셔야죠", "하셔야지요", "주시고요", "주시구요", "주시고",
];
/// Words that set what follows against something else: `예전 번호가 맞아요` is no yes.
#[rustfmt::skip]
const CONTRASTS: &[&str] = &[
    "예전", "옛날", "이전", "새로", "새", "바뀐", "다른", "원래", "기존", "구", "딴", "처음", "두번째", "나머지", "하나만",
    "중에", "빼고", "말고", "쪽만", "만", "반대", "지난", "아니라",
];
/// What a long answer between a yes and a yes must not hold.
#[rustfmt::skip]
const COMPLAINS: &[&str] = &[
    "안", "못", "없", "문제", "고장", "에러", "오류", "이상", "취소", "변경", "환불", "왜", "어떻", "뭐", "질문", "문의", "궁금",
    "틀", "다르", "달라", "아니", "모르", "말고", "지만", "는데도", "그만", "싫", "끊", "늦", "먼저", "나중", "바뀌", "바뀐", "바꾸", "바꿔", "수정", "옮", "바꿨",
    "하래", "그러던", "다던", "라던",
];
#[rustfmt::skip]
const COMPLAINS_EN: &[&str] = &[
    "not", "no", "never", "problem", "problems", "issue", "issues", "broken", "wrong", "error", "cancel", "change",
    "refund", "why", "how", "what", "question", "questions", "but", "different", "instead", "stop",
    "except", "until",
    "unless", "if", "before", "after", "complain", "old", "other", "another", "fix", "late",
    "down", "lost", "without",
    "only", "wait", "doubt", "would", "should", "could", "might", "wish", "hope", "said", "says", "someone",
    "told", "tells", "thought", "thinks", "decide", "decides", "asked", "asks", "later", "maybe", "moved",
];
/// What may stand before `is correct`, `are right`.
#[rustfmt::skip]
const ASKED_EN: &[&str] = &[
    "number", "numbers", "phone", "address", "name", "names", "account", "card", "email", "order", "date", "dates",
    "time", "times", "booking", "reservation", "appointment", "information", "info", "details", "everything", "all",
    "of", "the", "one", "company", "amount", "total", "spelling", "digits", "code", "zip", "zipcode", "you", "have",
    "read", "said", "on", "file", "both", "they", "those", "these", "me", "what", "day", "month",
    "year", "birthday",
    "street", "city", "last", "first", "four", "place", "and", "is", "are", "plan", "product", "quantity", "listed",
    "gave", "guys", "got", "there", "here", "yours", "mine", "part", "every", "bit", "same",
    "still", "ending", "in", "starting", "with", "at",
];
/// What may go on from a yes.
#[rustfmt::skip]
const GOES_ON: &[&str] = &[
    "send", "charge", "book", "proceed", "continue", "connect", "me", "to", "through", "put",
    "sign", "up", "account",
    "number", "address", "name", "company", "card", "mine", "one", "will", "we", "they", "us", "for", "with",
    "schedule", "reserve", "submit", "order", "buy", "her", "his", "a", "an", "as", "well", "would", "be", "lovely",
    "nice", "absolutely", "totally", "certainly", "definitely", "all", "of", "everything", "on", "ready", "start",
    "begin", "let", "call", "email", "text", "pay", "back", "them", "these", "those", "now",
    "then", "same", "phone",
    "still", "can", "may", "works", "perfectly", "need", "mate", "man", "dude", "buddy", "dear", "love", "friend",
    "ahead", "go", "that", "at", "in", "tomorrow", "today", "tonight", "again", "too", "by",
    "ship", "over", "along",
    "away",    "deliver", "confirm", "great", "deal", "cool", "awesome", "folks", "you",
    "guys", "there", "here", "date", "time", "file", "your", "our", "current", "correct",
];

/// The first thing said that may be something else than a yes; none where all of it agrees.
pub(super) fn objection(text: &Utterance, signals: &[Signal]) -> Option<Signal> {
    let firm = signals.iter().any(|signal| signal.says == Right);
    if long_yes(text, signals)
        || ends_firmly(text, signals)
        || begins_firmly(text, signals)
        || elaborates::tells_how(text, signals)
    {
        return None;
    }
    signals.iter().enumerate().find_map(|(at, signal)| {
        let objects = match signal.says {
            // `Yeah, that's fine`.
            Weak => !firm && !text.flat()[signal.from..signal.to].starts_with("thatisfine"),
            // `Yes, I was wrong`: replaced by what was not said.
            Replaces => !signals[at + 1..].iter().any(Signal::answers),
            _ => regards_another(text, signals, at),
        };
        objects.then_some(*signal)
    })
}

/// Whether the words may be of something else than what was asked about.
pub(super) fn regards_another(text: &Utterance, signals: &[Signal], at: usize) -> bool {
    signals[at].says == Other && !agrees(text, signals, at)
}

fn agrees(text: &Utterance, signals: &[Signal], at: usize) -> bool {
    let signal = signals[at];
    let said = &text.flat()[signal.from..signal.to];
    let word = &text.words[text.word_at(signal.from)];
    let answered = signals[..at].iter().any(|before| matches!(before.says, Yes | Right));
    match word.script {
        Script::Hangul | Script::Jamo => {
            let only = said.ends_with('만') && said.chars().count() > 2;
            let noun = |noun: &&str| said.strip_prefix(*noun).is_some_and(closes);
            let known = !only && (ASKED.iter().any(noun) || ASKED.contains(&said));
            let requests = REQUESTS.iter().any(|request| {
                said.strip_suffix(request).is_some_and(|thing| {
                    let thing = thing.trim_end_matches('해').trim_end_matches("하도록");
                    thing.is_empty() || DONE.iter().any(|done| thing.ends_with(done))
                })
            });
            let asks = DONE.contains(&said)
                || DONE.iter().any(|done| {
                    said.strip_prefix(done).is_some_and(|rest| {
                        matches!(rest, "을" | "를" | "해" | "도" | "만" | "하고" | "해서")
                    })
                });
            // `그 시간이면 딱 좋겠어요`.
            let suits =
                ["이면", "면"].iter().any(|condition| {
                    said.strip_suffix(condition).is_some_and(|noun| ASKED.contains(&noun))
                }) && signals[at + 1..].iter().find(|next| next.answers()).is_some_and(|next| {
                    ["좋", "돼", "됩", "되"]
                        .iter()
                        .any(|suits| text.flat()[next.from..].starts_with(suits))
                });
            if suits && followed(signals, at) {
                return true;
            }
            let subject = is_subject(text, signals, at);
            let goes_with =
                || known || requests || asks || counts(text, signals, at) || introduces(said);
            subject
                || (known && followed(signals, at) && !elsewhere(text, signals, at))
                || (answered && goes_with())
        }
        Script::Figure | Script::Symbol => {
            (followed(signals, at) && !elsewhere(text, signals, at))
                || ends_with_yes(text, signals, at)
                || (answered && signals[at + 1..].iter().all(|next| !next.answers()))
        }
        Script::Latin => {
            // `The one ending in 0142, yes`.
            let named = ASKED_EN.contains(&said) && ends_with_yes(text, signals, at);
            let subject = ASKED_EN.contains(&said)
                && followed(signals, at)
                && signals[at..].iter().find(|next| next.says == Right).is_some_and(|right| {
                    let right = &text.flat()[right.from..right.to];
                    ["is", "are", "thatis", "thisis", "itis", "looks", "look", "sounds"]
                        .iter()
                        .any(|verb| right.starts_with(verb))
                        || !right.is_ascii()
                });
            subject
                || named
                || (answered && GOES_ON.contains(&said))
                || (followed(signals, at) && said.len() > 1 && next_is_korean(text, signals, at))
        }
    }
}

/// Whether an answer follows, with only what goes with it in between.
fn followed(signals: &[Signal], at: usize) -> bool {
    signals[at + 1..]
        .iter()
        .take(8)
        .find(|next| !matches!(next.says, Other | Neutral | Hesitates | Weak))
        .is_some_and(|next| next.says == Right)
}

/// Whether what was ordered next is ordered for this: `내일로 예약해 주세요`,
/// `8시로 예약해 주세요`.
fn elsewhere(text: &Utterance, signals: &[Signal], at: usize) -> bool {
    const WHEN: &[&str] = &["오늘", "내일", "다음", "그날", "아침", "저녁", "점심"];
    let flat = text.flat();
    let said = &flat[signals[at].from..text.eojeol_end(signals[at].to - 1)];
    let other = said.starts_with(|c: char| c.is_ascii_digit())
        || WHEN.iter().any(|when| said.starts_with(when));
    other
        && signals[at + 1..].iter().find(|next| next.says == Right).is_some_and(|order| {
            let order = &flat[order.from..order.to];
            ["주", "줘", "부탁"].iter().any(|asks| order.contains(asks))
        })
}

/// Whether a yes ends the text after a pause: what stands before it names what was asked.
fn ends_with_yes(text: &Utterance, signals: &[Signal], at: usize) -> bool {
    signals.last().is_some_and(|last| {
        last.says == Yes
            && signals[at].from < last.from
            && signals.len() < 12
            && text.pause_between(last.from, last.from)
    })
}

/// `Jane Doe 맞아요`.
fn next_is_korean(text: &Utterance, signals: &[Signal], at: usize) -> bool {
    signals[at + 1..]
        .iter()
        .find(|next| next.says == Right)
        .is_some_and(|right| text.flat()[right.from..].starts_with('맞'))
}

/// Whether a Korean word is what 맞다 is said of: `김예시 맞습니다`, `아까 말씀드린 번호가 맞아요`.
fn is_subject(text: &Utterance, signals: &[Signal], at: usize) -> bool {
    /// So many words make a subject.
    const LONGEST: usize = 6;
    #[rustfmt::skip]
    const CLAUSE_ENDS: &[&str] = &[
        "요", "고", "서", "데", "면", "니", "까", "만", "든", "다", "죠", "라", "며", "려", "야", "지", "나", "네",
    ];
    let flat = text.flat();
    let said = |signal: &Signal| &flat[signal.from..signal.to];
    let Some(right) = (at + 1..signals.len())
        .take(LONGEST)
        .find(|next| !matches!(signals[*next].says, Other | Neutral | Hesitates))
        .filter(|right| signals[*right].says == Right && confirms(said(&signals[*right])))
    else {
        return false;
    };
    signals[at..right].iter().filter(|word| word.says == Other).all(|word| {
        let said = said(word);
        let ends = CLAUSE_ENDS.iter().any(|end| said.ends_with(end))
            && !ASKED.iter().any(|noun| said.strip_prefix(noun).is_some_and(closes))
            && said.chars().count() > 3;
        let contrast = CONTRASTS.iter().any(|contrast| said.starts_with(contrast))
            || (said.ends_with('만') && said.chars().count() > 2)
            || said.starts_with("안")
            || said.starts_with("못");
        let begins = word.from == signals[at].from;
        !ends && !contrast && (begins || !text.pause_between(word.from, word.from + 1))
    })
}

/// `맞아요`, `똑같네요`: says of something that it is so.
fn confirms(said: &str) -> bool {
    ["맞", "똑같", "동일", "일치", "정확", "틀림"].iter().any(|so| said.starts_with(so))
}

/// `네 두 명이에요`: the number that was asked about.
fn counts(text: &Utterance, signals: &[Signal], at: usize) -> bool {
    let flat = text.flat();
    let signal = signals[at];
    let copula = |from: usize| {
        counter_at(text, from).is_some_and(|(counter, end)| {
            matches!(counter, "명" | "개" | "분" | "인" | "장" | "잔" | "대" | "원" | "인분" | "병")
                && matches!(
                    &flat[end..text.eojeol_end(end - 1)],
                    "이에요" | "예요" | "입니다" | "이요" | "요"
                )
                && text.eojeol_end(end - 1) == flat.len()
        })
    };
    let numeral = |from: usize| match numeral_at(text, from) {
        Some(numeral) => Some(numeral.to),
        None => ["한", "두", "세", "네"]
            .iter()
            .find_map(|name| flat[from..].starts_with(name).then_some(from + name.len())),
    };
    numeral(signal.from).is_some_and(copula)
        || (copula(signal.from)
            && at.checked_sub(1).is_some_and(|before| {
                numeral(signals[before].from).is_some_and(|to| to == signal.from)
            }))
}

/// `네 김예시입니다`: a name that the caller was asked about.
fn introduces(said: &str) -> bool {
    let stem = ["입니다", "이에요", "예요", "이예요", "에요"]
        .iter()
        .find_map(|copula| said.strip_suffix(copula));
    stem.is_some_and(|stem| {
        crate::name(said).value().is_some()
            && !matches!(
                stem,
                "장애" | "문의" | "문제" | "고장" | "오류" | "지금" | "주소" | "전화"
            )
    })
}

/// Whether nothing that was said complains or tells one thing from another.
pub(super) fn nothing_against(text: &Utterance, signals: &[Signal]) -> bool {
    signals.iter().filter(|signal| signal.says == Other).all(|other| {
        let said = &text.flat()[other.from..other.to];
        // `다음 주로 그렇게 해 주세요`: another choice.
        let other = said.ends_with('로') && !ASKED.contains(&said);
        !other
            && (said == "하래요" || !complains(said))
            && !CONTRASTS.iter().any(|word| said.starts_with(word))
            && !COMPLAINS_EN.contains(&said)
    })
}

/// `달라고` asks for something, and tells of no difference.
fn complains(said: &str) -> bool {
    !said.starts_with("달라고") && COMPLAINS.iter().any(|word| said.contains(word))
}

/// Two answers that agree, or one of several that is asked for in its manner.
fn is_firm(text: &Utterance, answers: &[&Signal]) -> bool {
    let right = answers.iter().any(|signal| signal.says == Right);
    (answers.len() > 1 && right)
        || answers.iter().any(|signal| {
            let said = &text.flat()[signal.from..signal.to];
            signal.says == Right && said.starts_with("그렇게") && said.chars().count() > 4
        })
}

/// Whether an answer ends with a firm yes after a lead that objects to nothing:
/// `I'm up a ladder mate, yes, just do it`.
fn ends_firmly(text: &Utterance, signals: &[Signal]) -> bool {
    /// So many words lead up to an answer.
    const LONGEST: usize = 14;
    let lead = signals
        .iter()
        .enumerate()
        .rposition(|(at, signal)| signal.says == Other && !agrees(text, signals, at));
    let Some(lead) = lead else { return false };
    let answers: Vec<&Signal> =
        signals[lead + 1..].iter().filter(|signal| signal.answers()).collect();
    lead < LONGEST && is_firm(text, &answers) && nothing_against(text, &signals[..=lead])
}

/// Whether an answer begins with a firm yes and goes on to why:
/// `yes, book it, I've got a truck waiting`.
fn begins_firmly(text: &Utterance, signals: &[Signal]) -> bool {
    /// So many words tell why.
    const LONGEST: usize = 9;
    #[rustfmt::skip]
    const WHY: &[&str] = &[
        "i", "we", "my", "because", "since", "저", "제가", "저는", "나", "내가", "우리", "저희", "지금", "저희가", "here", "our",
    ];
    let Some(first) =
        (0..signals.len()).find(|at| signals[*at].says == Other && !agrees(text, signals, *at))
    else {
        return false;
    };
    let begin = signals[..first].iter().rposition(Signal::answers).map_or(0, |last| last + 1);
    let Some(why) = signals.get(begin) else { return false };
    let answers: Vec<&Signal> = signals[..begin].iter().filter(|signal| signal.answers()).collect();
    // `Yes, go ahead, the kids will be at school`; `the eight o'clock one` is no statement.
    let first = text.word_at(why.from);
    let states = matches!(&text.flat()[why.from..why.to], "the" | "it" | "she" | "he" | "they")
        && text.words.iter().skip(first + 1).take(4).any(|word| {
            matches!(
                word.text.as_str(),
                "will" | "is" | "are" | "was" | "has" | "have" | "can" | "needs" | "need"
            )
        })
        && !signals[begin..]
            .iter()
            .any(|signal| elaborates::HEDGES.contains(&&text.flat()[signal.from..signal.to]));
    (states || WHY.contains(&&text.flat()[why.from..why.to]))
        && signals.len() - begin <= LONGEST + usize::from(states) * 3
        && answers.len() > 1
        && is_firm(text, &answers)
        && nothing_against(text, &signals[begin..])
        && !signals[begin..].iter().any(Signal::answers)
}

/// Whether a long answer begins with a yes, ends with a firm one, and complains of nothing in
/// between.
fn long_yes(text: &Utterance, signals: &[Signal]) -> bool {
    /// A speech is no answer any more.
    const LONGEST: usize = 40;
    if text.words.len() > LONGEST {
        return false;
    }
    let matters = |signal: &&Signal| !matches!(signal.says, Neutral | Hesitates | Weak);
    let first = signals.iter().find(matters);
    let ends = signals.iter().rposition(|signal| signal.says == Right);
    let Some(ends) = ends.filter(|ends| {
        (ends + 1..signals.len()).all(|at| signals[at].says != Other || agrees(text, signals, at))
    }) else {
        return false;
    };
    let last = Some(&signals[ends]);
    let (Some(first), Some(last)) = (first, last) else { return false };
    let others = || signals[..ends].iter().filter(|signal| signal.says == Other);
    matches!(first.says, Yes | Right)
        && first.from < last.from
        && others().count() > 2
        && others().all(|other| {
            let said = &text.flat()[other.from..other.to];
            !complains(said) && !COMPLAINS_EN.contains(&said)
        })
}
