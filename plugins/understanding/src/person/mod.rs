//! Whether the caller wants a person.

mod contact;

use contact::{changed_mind, contact, declines_machine, machine_ko, until, whoever_ko};

use crate::negation::{Mention, standing};
use crate::table::{Table, table};
use crate::words::{Script, Utterance};
use crate::{Outcome, Understood, Why};

#[rustfmt::skip]
const PEOPLE: &[&str] = &[
    "상담원", "상담사", "상담직원", "상담자", "교환원", "직원", "담당자", "사람", "상담가",
    "안내원", "매니저", "책임자", "상급자", "관리자", "팀장", "사장", "상담언", "상담", "누구",
    "아무나", "아무하고나", "아무라도", "아무한테나", "누구라도", "누구든지", "누구든", "담당하시는분", "담당하는분", "담당분", "상담해주실분",
    "상담하시는분", "도와주실분", "책임지시는분", "높으신분", "아시는분", "잘아는분", "말할수있는분", "점장", "지점장", "센터장", "실장", "부장", "과장", "원장", "소장", "윗사람", "윗분", "슈퍼바이저", "오퍼레이터", "에이전트", "엔지니어", "인간", "휴먼", "실무자", "관계자", "당직자", "근무자",
];
const PEOPLE_TABLE: Table = table!(PEOPLE);
#[rustfmt::skip]
const REACH: &[&str] = &[
    "연결", "바꿔", "바꾸", "통화", "이야기", "얘기", "대화", "말하고", "말씀", "불러", "부탁",
    "원해", "원합", "돌려", "주세요", "나와", "나오", "전화", "바로", "없나", "없어요?", "계신",
    "계세", "있나", "필요", "좀", "줘", "할래", "하고싶",
];
#[rustfmt::skip]
const PEOPLE_EN: &[&str] = &[
    "agent", "agents", "operator", "representative", "representatives", "rep", "reps", "human",
    "humans", "person", "people", "someone", "somebody", "advisor", "adviser", "attendant",
    "receptionist", "supervisor", "manager", "specialist", "technician", "engineer", "being",
    "anyone", "anybody", "csr", "staff", "employee",
];
#[rustfmt::skip]
const REACH_EN: &[&str] = &[
    "talk", "speak", "connect", "transfer", "get", "give", "real", "live", "put", "reach", "call",
    "want", "need", "actual", "chat", "please", "like", "find", "have", "talking", "speaking",
    "through", "there", "switch", "pass", "actually", "prefer", "available",
];
/// A phrase no longer than this that names a person is a wish for one.
const SHORT: usize = 3;

/// Whether the caller asks for a human being, and not only mentions one or refuses one.
///
/// ```
/// use dialgraph_understanding::wants_person;
///
/// assert!(wants_person("상담원이랑 통화하고 싶어요"));
/// assert!(wants_person("can I talk to a real person please"));
/// assert!(!wants_person("청구서 담당자 이메일을 변경하려고 합니다"));
/// assert!(!wants_person("상담원 말고요"));
/// assert!(!wants_person("I don't want an agent"));
/// ```
pub fn wants_person(text: &str) -> bool {
    wish(&Utterance::new(text)).is_some()
}

/// [`wants_person`] with its explanation.
pub fn person(text: &str) -> Understood<()> {
    let text = Utterance::new(text);
    let mut why = Why::default();
    if let Some((from, to)) = wished(&text, &mut why) {
        why.matched.push(text.shown(from, text.eojeol_end(to - 1)));
        return Understood::new(Outcome::One(()), why);
    }
    let mut without = crate::hold::without_value(&text);
    without.why.denied = why.denied;
    without
}

/// Where the text asks for a human being.
pub(crate) fn wish(text: &Utterance) -> Option<(usize, usize)> {
    wished(text, &mut Why::default())
}

fn wished(text: &Utterance, why: &mut Why) -> Option<(usize, usize)> {
    let standing = standing(text, people(text), why);
    if let Some(person) = standing.iter().find(|mention| instead_of_machine(text, mention)) {
        return Some((person.from, person.to));
    }
    if let Some(place) = contact(text)
        .or_else(|| machine_ko(text))
        .or_else(|| declines_machine(text))
        .or_else(|| until(text))
        .or_else(|| whoever_ko(text))
        .or_else(|| changed_mind(text, why))
    {
        return Some(place);
    }
    let short =
        text.words.len() <= SHORT && text.words.iter().all(|word| word.script == Script::Latin);
    let hangul: usize = text
        .words
        .iter()
        .filter(|word| word.script == Script::Hangul)
        .map(|word| word.text.chars().count())
        .sum();
    let flat = text.flat();
    let reaches_en = text
        .words
        .iter()
        .any(|word| REACH_EN.contains(&word.text.as_str()) || is_title(&word.text));
    standing
        .into_iter()
        .find(|mention| {
            let said = &flat[mention.from..mention.to];
            if crate::words::is_hangul(said.chars().next().unwrap_or(' ')) {
                wants_ko(text, mention, said, hangul)
            } else {
                (short || reaches_en || mention.from == 0) && wants_en(text, mention, said, short)
            }
        })
        .map(|mention| (mention.from, mention.to))
}

/// `Not a bot, a human being`: a person rather than what speaks here.
fn instead_of_machine(text: &Utterance, mention: &Mention<()>) -> bool {
    /// So many words from the person the machine is.
    const NEAR: usize = 8;
    /// So many words before the machine it is denied.
    const REACH: usize = 4;
    #[rustfmt::skip]
    const MACHINES: &[&str] = &[
        "bot", "bots", "robot", "robots", "machine", "machines", "computer", "recording", "automated", "chatbot", "ai",
    ];
    #[rustfmt::skip]
    const DENIES: &[&str] = &["not", "no", "instead", "than", "without", "hate", "sick", "tired", "stop", "enough"];
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let at = text.word_at(mention.from);
    // `I'm not a robot, I'm a person`.
    if (at.saturating_sub(3)..at).any(|am| word(am) == "i" && word(am + 1) == "am") {
        return false;
    }
    matches!(
        word(at),
        "human" | "humans" | "person" | "people" | "being" | "someone" | "somebody" | "agent"
    ) && (at.saturating_sub(NEAR)..(at + NEAR).min(text.words.len())).any(|machine| {
        MACHINES.contains(&word(machine))
            && (machine.saturating_sub(REACH)..machine).any(|deny| DENIES.contains(&word(deny)))
    })
}

/// Whether it is one of the words that can only be for a person, as it is typed in haste:
/// `reprasentative`.
fn is_title(word: &str) -> bool {
    ["representative", "operator", "receptionist", "supervisor", "attendant"]
        .iter()
        .any(|title| word == *title || crate::english::is_slip(word, title))
}

fn people(text: &Utterance) -> Vec<Mention<()>> {
    let flat = text.flat();
    let mut found = Vec::new();
    for (person, from) in PEOPLE_TABLE.places(flat) {
        let to = from + person.len();
        let before = flat.get(text.eojeol_start(from)..from).unwrap_or_default();
        let rest = flat.get(to..text.eojeol_end(to - 1)).unwrap_or_default();
        if !crate::korean::can_precede(before) && !before.ends_with('는') {
            continue;
        }
        let other =
            ["시간", "내용", "비용", "이력", "기록", "센터", "예약", "후기", "가능", "요일"]
                .iter()
                .any(|noun| text.is_start(to) && flat[to..].starts_with(noun));
        let asked = matches!(
            rest,
            "" | "이요" | "요" | "좀" | "받고" | "해주세요" | "하고" | "부탁드려요" | "원해요"
        );
        if (person != "상담" || !other && asked) && !rest.starts_with("인증") {
            found.push(Mention { value: (), from, to });
        }
    }
    for (at, word) in text.words.iter().enumerate() {
        if PEOPLE_EN.contains(&word.text.as_str())
            || is_title(&word.text)
            || (word.text == "customer"
                && text.words.get(at + 1).is_some_and(|next| {
                    matches!(next.text.as_str(), "service" | "support" | "care")
                }))
        {
            found.push(Mention { value: (), from: text.start(at), to: text.end(at) });
        }
    }
    found.sort_by_key(|mention| (mention.from, std::cmp::Reverse(mention.to)));
    let mut end = 0;
    found.retain(|mention| {
        let free = mention.from >= end;
        if free {
            end = mention.to;
        }
        free
    });
    found
}

fn wants_ko(text: &Utterance, mention: &Mention<()>, said: &str, hangul: usize) -> bool {
    /// So many syllables with a person among them are a wish.
    const SHORT_KO: usize = 9;
    /// How far a wish follows the person.
    const NEAR: usize = 60;
    let flat = text.flat();
    let mut after_end = (mention.to + NEAR).min(flat.len());
    while !flat.is_char_boundary(after_end) {
        after_end -= 1;
    }
    let after = &flat[mention.to..after_end];
    // Told of, not asked for: changed, complained about, spoken with before.
    #[rustfmt::skip]
    const TOLD: &[&str] = &[
        "변경", "등록", "이메일", "번호", "이름", "정보", "으로바꾸", "로바꾸", "다른분", "바뀌",
        "교체", "삭제", "추가", "가말", "이말", "한테들", "에게들", "했어", "했는데", "했습니다",
        "였", "이었", "가불친절", "이불친절", "불친절", "퇴사", "권한", "계정", "가없다고",
        "이없다고", "이라고", "중에", "가그러", "이그러", "연락처", "지정", "명이에요", "명입니다", "명이요", "몇명", "이많", "들이", "가누구", "이누구", "누군지", "누구인지",
    ];
    // `통화했는데` was done before.
    #[rustfmt::skip]
    const DONE: &[&str] = &[
        "통화했", "통화는했", "통화도했", "통화를했", "통화하고나", "통화한", "통화하다", "얘기했", "이야기했", "대화했", "연결됐", "연결되었", "연결했", "바꿔줬", "바꿔주셨",
        "바꿔준", "통화했었",
    ];
    let mut wished = after.to_owned();
    for done in DONE {
        wished = wished.replace(done, "");
    }
    if TOLD.iter().any(|told| after.contains(told))
        && !["연결", "바꿔", "통화", "불러"].iter().any(|wish| wished.contains(wish))
    {
        return false;
    }
    let before = &flat[..mention.from];
    // `직원 할인`, `저는 이 회사 직원이에요`: the head of a compound, and who the caller is.
    #[rustfmt::skip]
    const HEADS: &[&str] = &["할인", "전용", "카드", "가격", "식당", "모집", "채용", "복지", "교육", "수", "숙소", "주차", "출입", "휴게"];
    let compound = text.is_start(mention.to) && HEADS.iter().any(|head| after.starts_with(head));
    let copula = ["이에요", "예요", "입니다", "인데", "이라", "라서", "이거든", "거든"]
        .iter()
        .any(|is| after.starts_with(is));
    let own = ["저는", "제가", "나는", "내가", "저희는", "우리는", "전"]
        .iter()
        .any(|i| before.starts_with(i));
    // `제 친구가 여기 직원이에요`: who somebody else is.
    let near: String = before.chars().rev().take(16).collect();
    let near: String = near.chars().rev().collect();
    let another = copula
        && [
            "친구",
            "남편",
            "아내",
            "와이프",
            "동생",
            "아들",
            "딸",
            "형",
            "누나",
            "언니",
            "오빠",
            "엄마",
            "아빠",
            "어머니",
            "아버지",
            "사촌",
            "이모",
            "삼촌",
            "조카",
            "아는",
        ]
        .iter()
        .any(|other| near.contains(other));
    // `받는 사람 주소를 바꿔 주세요`: a sender or a receiver, and what is known of them.
    let party = said == "사람"
        && (["받는", "받을", "보내는", "보낸", "주문한", "예약한", "신청한"]
            .iter()
            .any(|of| before.ends_with(of))
            || ["주소", "이름", "번호", "전화번호", "연락처"]
                .iter()
                .any(|noun| after.starts_with(noun)));
    if compound || (copula && own) || another || party {
        return false;
    }
    let reach = REACH.iter().any(|reach| after.contains(reach))
        || ["연결해", "바꿔", "통화하고싶은", "말할수있는"]
            .iter()
            .any(|reach| before.contains(reach));
    // `직원이 받으세요`, `사람이 받으면 안 돼요`: a person is to answer.
    let answers = [
        "이",
        "가",
        "이좀",
        "가좀",
        "이직접",
        "가직접",
        "이전화",
        "분이",
        "분이좀",
        "분이직접",
        "분이전화",
    ]
    .iter()
    .any(|subject| {
        after.strip_prefix(subject).is_some_and(|rest| {
            ["받으", "받아주", "받아요", "받아라", "받게", "받아야"]
                .iter()
                .any(|verb| rest.starts_with(verb))
        })
    });
    if answers {
        return true;
    }
    // `상담원까진 ㄴㄴ`: not that much.
    if ["까진", "까지는", "까지"].iter().any(|until| after.starts_with(until))
        && ["ㄴㄴ", "필요", "됐", "아니", "안", "괜찮"].iter().any(|no| after.contains(no))
    {
        return false;
    }
    match said {
        "상담" => true,
        "누구" | "아무나" => [
            "연결",
            "바꿔",
            "통화하게",
            "통화하고싶",
            "통화시켜",
            "통화해",
            "받아",
            "얘기하게",
            "얘기하고싶",
            "말하게",
        ]
        .iter()
        .any(|reach| wished.contains(reach)),
        "사장" | "팀장" | "관리자" | "엔지니어" | "매니저" | "점장" | "지점장" | "센터장"
        | "실장" | "부장" | "과장" | "원장" | "소장" => {
            reach
                && (after.contains("부탁")
                    || after.contains("바꿔")
                    || after.contains("나오")
                    || after.contains("연결")
                    || after.contains("통화")
                    || after.contains("불러")
                    || after.contains("얘기")
                    || after.contains("이야기")
                    || after.contains("말씀나누")
                    || after.contains("대화")
                    || after.contains("면담")
                    || after.contains("나와"))
        }
        "사람" => {
            // `세 사람이요`, `다른 사람이에요`, `사람이 다쳤어요`.
            let counted = text.word_at(mention.from).checked_sub(1).is_some_and(|word| {
                [
                    "두", "세", "네", "한", "다섯", "여섯", "다른", "몇", "그", "이", "저", "없는",
                    "많은", "둘", "아는",
                ]
                .contains(&text.words[word].text.as_str())
                    || text.words[word].script == Script::Figure
            });
            let after = after.trim_start_matches("이랑").trim_start_matches("하고");
            let alone = hangul <= SHORT_KO
                && (crate::korean::closes(after) || reach)
                && !after.starts_with("이에요")
                && !after.starts_with("입니다")
                && !after.starts_with("인데");
            !counted
                && (alone
                    || [
                        "연결",
                        "바꿔",
                        "통화",
                        "이야기",
                        "얘기",
                        "대화",
                        "말하고",
                        "불러",
                        "원해",
                        "상담",
                        "대줘",
                        "나오라",
                        "나와",
                        "나오세요",
                        "대줘",
                        "대주",
                        "목소리듣고싶",
                        "목소리를듣고싶",
                        "목소리좀듣",
                    ]
                    .iter()
                    .any(|reach| after.contains(reach)))
        }
        _ => hangul <= SHORT_KO || reach || crate::korean::closes(after),
    }
}

fn wants_en(text: &Utterance, mention: &Mention<()>, said: &str, short: bool) -> bool {
    let at = text.word_at(mention.from);
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let before = at.checked_sub(1).map_or("", word);
    let next = word(at + 1);
    // `Somebody who works there`.
    let whoever = next == "who"
        && matches!(said, "someone" | "somebody" | "anyone" | "anybody" | "person" | "human")
        && matches!(
            word(at + 2),
            "works"
                | "can"
                | "knows"
                | "is"
                | "speaks"
                | "understands"
                | "handles"
                | "actually"
                | "could"
                | "will"
        );
    // `User agent`, `account manager name`, `a party of ten people`.
    if !whoever
        && (matches!(before, "user" | "travel" | "estate" | "another" | "cleaning" | "password")
            || matches!(
                next,
                "string"
                    | "name"
                    | "id"
                    | "email"
                    | "number"
                    | "password"
                    | "said"
                    | "told"
                    | "was"
                    | "hung"
                    | "header"
                    | "who"
                    | "access"
                    | "role"
                    | "page"
                    | "s"
                    | "promised"
                    | "never"
                    | "account"
            ))
    {
        return false;
    }
    // `I'm a real person`: who the caller is.
    let i_am = (at.saturating_sub(4)..at).any(|am| {
        word(am) == "i"
            && word(am + 1) == "am"
            && matches!(word(am + 2), "a" | "an" | "the" | "only" | "just")
    });
    if i_am {
        return false;
    }
    // `Operator for the love of god`: called at once.
    if at == 0
        && is_title(&text.words[at].text)
        && (text.words.get(1).is_none_or(|next| next.pause)
            || matches!(next, "for" | "now" | "please" | "pls" | "immediately" | "right"))
    {
        return true;
    }
    // `I spoke to a real person yesterday`: done before.
    if (at.saturating_sub(5)..at)
        .any(|at| matches!(word(at), "spoke" | "talked" | "chatted" | "spoken"))
        && !text.words[at..]
            .iter()
            .any(|word| matches!(word.text.as_str(), "again" | "transfer" | "connect"))
    {
        return false;
    }
    // `Speek to a reprasentative`.
    if is_title(&text.words[at].text)
        && matches!(before, "a" | "an" | "the" | "your")
        && matches!(word(at.wrapping_sub(2)), "to" | "with")
        && !text.words[..at]
            .iter()
            .any(|word| matches!(word.text.as_str(), "spoke" | "talked" | "was" | "spoken"))
    {
        return true;
    }
    let wishes = text.words.iter().any(|word| {
        matches!(
            word.text.as_str(),
            "talk"
                | "speak"
                | "connect"
                | "transfer"
                | "put"
                | "reach"
                | "real"
                | "live"
                | "get"
                | "give"
                | "talking"
                | "speaking"
                | "chat"
                | "switch"
                | "pass"
                | "actual"
                | "through"
        )
    });
    if whoever && matches!(before, "need" | "want" | "get" | "for") {
        return true;
    }
    match said {
        "people" | "person" | "being" | "someone" | "somebody" | "anyone" | "anybody" | "staff"
        | "employee" => {
            let counted = matches!(
                before,
                "two"
                    | "three"
                    | "four"
                    | "five"
                    | "six"
                    | "seven"
                    | "eight"
                    | "per"
                    | "ten"
                    | "many"
                    | "of"
                    | "other"
                    | "different"
                    | "wrong"
                    | "which"
                    | "first"
                    | "that"
                    | "this"
                    | "more"
            ) || text
                .words
                .get(at.wrapping_sub(1))
                .is_some_and(|word| word.script == Script::Figure);
            if counted && !(before == "of" || before == "that") {
                return false;
            }
            // `Someone hacked my account`, `can someone call me` is a call back.
            // `I want a person`.
            let wanted = matches!(before, "a" | "real" | "an" | "actual" | "live" | "human")
                && (at.saturating_sub(3)..at).any(|at| {
                    matches!(word(at), "want" | "need" | "like" | "prefer")
                        || (word(at) == "have"
                            && word(at.wrapping_sub(1)) == "i"
                            && matches!(word(at.wrapping_sub(2)), "could" | "can" | "may"))
                })
                && (matches!(next, "" | "now" | "please" | "not" | "on" | "and" | "i")
                    || text.words[at + 1].pause);
            if wanted && matches!(said, "person" | "being") {
                return true;
            }
            let to_someone = matches!(
                before,
                "to" | "with"
                    | "your"
                    | "our"
                    | "a"
                    | "real"
                    | "live"
                    | "actual"
                    | "human"
                    | "me"
                    | "get"
                    | "need"
                    | "want"
                    | "reach"
                    | "please"
                    | "the"
                    | "is"
                    | "there"
                    | "for"
                    | ""
            );
            if matches!(said, "someone" | "somebody" | "anyone" | "anybody") {
                return (wishes && to_someone && !before.is_empty())
                    || (short
                        && matches!(next, "please" | "real" | "there" | "help")
                        && matches!(before, "" | "get" | "is"))
                    || (matches!(before, "is") && matches!(next, "there" | "available"))
                    || (before == "there"
                        && at > 1
                        && word(at - 2) == "is"
                        && matches!(next, "there" | "available" | "around" | "i" | "real"));
            }
            (wishes && to_someone)
                || (short && to_someone && matches!(next, "" | "please" | "now"))
                || matches!(before, "real" | "live" | "actual" | "human")
        }
        "manager" | "supervisor" => {
            wishes
                || short
                || text.words.iter().any(|word| {
                    matches!(word.text.as_str(), "want" | "need" | "see" | "demand" | "like")
                })
                || (matches!(before, "a" | "the" | "your" | "duty" | "any")
                    && (next == "available"
                        || matches!(next, "there" | "around" | "about" | "on" | "free")
                        || (at.saturating_sub(8)..at).any(|at| {
                            [
                                "word with",
                                "is there",
                                "are there",
                                "could i have",
                                "can i have",
                                "may i have",
                            ]
                            .iter()
                            .any(|asks| text.is_phrase_at(at, asks).is_some())
                        })))
        }
        "engineer" | "technician" | "specialist" => wishes || (short && next.is_empty()),
        "call" => false,
        _ => {
            short
                || (matches!(next, "available" | "there") && matches!(before, "a" | "any" | "real"))
                || wishes
                || text.words.iter().any(|word| {
                    matches!(
                        word.text.as_str(),
                        "want" | "need" | "please" | "like" | "have" | "find" | "prefer"
                    )
                }) && at + 4 >= text.words.len()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_for_a_person_is_heard_and_a_mention_is_not() {
        for text in [
            "상담원",
            "상담원 연결해 주세요",
            "사람이랑 얘기하고 싶어요",
            "직원 바꿔주세요",
            "담당자 연결",
            "agent",
            "a person please",
            "I want to speak to a representative",
            "상담원이요",
            "상담원연결해주세요",
            "can I talk to someone",
            "human",
            "real person",
            "get me an agent",
            "사람 바꿔요",
            "기계 말고 사람이요",
        ] {
            assert!(wants_person(text), "{text}");
        }
        for text in [
            "",
            "청구서가 이상해요",
            "담당자를 다른 분으로 변경하고 싶습니다",
            "my user agent string is broken",
            "일이삼사",
            "상담원 말고요",
            "상담원은 필요 없어요",
            "I don't need an agent",
            "세 사람이요",
            "three people",
            "not a person",
            "아까 상담원이 말한 거요",
        ] {
            assert!(!wants_person(text), "{text}");
        }
    }
}
