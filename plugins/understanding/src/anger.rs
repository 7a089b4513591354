//! Whether the caller is angry, or asks for a superior.

use crate::anger_words::{ANGRY_EN, ANGRY_KO, CALM_EN, CALM_KO};
use crate::table::{Table, table};
use crate::words::{Utterance, places_of};
use crate::{Outcome, Understood, Why};

const ANGRY_KO_TABLE: Table = table!(ANGRY_KO);
const CALM_KO_TABLE: Table = table!(CALM_KO);
const ANGRY_EN_TABLE: Table = table!(ANGRY_EN);
const CALM_EN_TABLE: Table = table!(CALM_EN);

/// Superiors that have to be asked for: `팀장님 좀 바꿔 주세요`, not `제가 팀장인데요`.
#[rustfmt::skip]
const SUPERIORS_KO: &[&str] = &[
    "팀장", "점장", "지점장", "센터장", "매니저", "관리자", "사장", "부장", "실장", "본부장", "대표", "책임자", "상급자",
];
const ASKED_FOR: &str = "바꿔|바꾸|연결|나오|나와|불러|부르|통화|얘기|이야기|대화|말하고|말할";

/// Where a superior is asked for.
fn superior_ko(text: &Utterance) -> Option<(usize, usize)> {
    #[rustfmt::skip]
    const BETWEEN: &[&str] = &["좀", "당장", "빨리", "지금", "바로", "직접", "한번", "전화", "을", "를", "이", "가", "도", "께"];
    #[rustfmt::skip]
    const DONE: &[&str] = &[
        "했", "드릴", "드려", "됐", "한적", "하지마", "할필요", "안해도", "중", "왔", "해봐야", "해보고", "해봤", "하고왔", "하고올", "해야",
    ];
    let flat = text.flat();
    SUPERIORS_KO.iter().find_map(|superior| {
        places_of(flat, superior).find_map(|from| {
            if !text.is_eojeol_start(from) {
                return None;
            }
            let named = from + superior.len();
            let rest = &flat[named..];
            let rest = rest.strip_prefix('님').unwrap_or(rest);
            let rest = ["하고", "이랑", "랑", "과", "와", "한테"]
                .iter()
                .find_map(|with| rest.strip_prefix(with))
                .unwrap_or(rest);
            let after = flat.len() - rest.len();
            let to = crate::topics::follow(text, after, &[ASKED_FOR])?;
            let between = flat.get(after..to).unwrap_or_default();
            let verb = ASKED_FOR.split('|').find(|verb| between.ends_with(verb))?;
            let mut between = between.strip_suffix(verb).unwrap_or(between);
            while let Some(rest) = BETWEEN.iter().find_map(|word| between.strip_prefix(word)) {
                between = rest;
            }
            // `통화했는데` was done, `바꿔 드릴게요` is offered.
            let done = DONE.iter().any(|done| flat[to..].starts_with(done));
            (between.is_empty() && !done).then_some((from, to))
        })
    })
}

/// Those of the table that ask for a superior, which can be declined.
const SUPERIORS: &[&str] = &["책임자", "상급자", "윗사람", "높은사람", "높은분"];

/// Whether the caller is angry, or asks for a superior.
///
/// ```
/// use dialgraph_understanding::is_angry;
///
/// assert!(is_angry("책임자 바꿔요"));
/// assert!(is_angry("this is ridiculous, get me your manager"));
/// assert!(!is_angry("요금 문의요"));
/// ```
pub fn is_angry(text: &str) -> bool {
    sign(text).is_some() || shown(&Utterance::new(text)).is_some()
}

/// Whether the caller [wants a person](crate::wants_person), or [is angry](is_angry).
///
/// ```
/// use dialgraph_understanding::wants_agent;
///
/// assert!(wants_agent("상담원 연결해 주세요"));
/// assert!(wants_agent("책임자 바꿔요"));
/// assert!(!wants_agent("요금 문의요"));
/// ```
pub fn wants_agent(text: &str) -> bool {
    if sign(text).is_some() {
        return true;
    }
    let text = Utterance::new(text);
    crate::person::wish(&text).is_some() || shown(&text).is_some()
}

/// [`is_angry`] with its explanation.
pub fn anger(text: &str) -> Understood<()> {
    let angry = |matched: String| {
        let matched = vec![matched];
        Understood::new(Outcome::One(()), Why { matched, ..Why::default() })
    };
    if let Some(sign) = sign(text) {
        return angry(sign.to_string());
    }
    let text = Utterance::new(text);
    match shown(&text) {
        Some((from, to)) => angry(text.shown(from, to)),
        None => crate::hold::without_value(&text),
    }
}

/// Signs say it without a word.
fn sign(text: &str) -> Option<char> {
    text.chars().find(|c| SIGNS.contains(c))
}

/// Where the text shows anger, or asks for a superior.
fn shown(text: &Utterance) -> Option<(usize, usize)> {
    let flat = text.flat();
    let calm_ko: Vec<(usize, usize)> =
        CALM_KO_TABLE.places(flat).into_iter().map(|(calm, at)| (at, at + calm.len())).collect();
    if let Some((from, to)) = superior_ko(text) {
        return Some((from, text.eojeol_end(to - 1)));
    }
    // `와 미쳤다 서비스 최고예요`: surprise.
    let praises = || {
        [
            "귀여",
            "귀엽",
            "예뻐",
            "예쁘",
            "이쁘",
            "사랑스",
            "재밌",
            "재미있",
            "웃겨",
            "ㅋㅋ",
            "최고",
            "대박",
            "맛있",
            "감동",
            "훌륭",
            "좋아요",
            "좋네",
        ]
        .iter()
        .any(|praise| flat.contains(praise))
    };
    for (word, from) in ANGRY_KO_TABLE.places(flat) {
        let to = from + word.len();
        if matches!(word, "미쳤" | "미치겠" | "환장" | "돌겠") && praises() {
            continue;
        }
        // Jamo such as ㅡㅡ stand alone; the rest begins an eojeol, or a part of a text without
        // spaces that is long enough.
        let begins = text.is_eojeol_start(from) || word.chars().count() >= 3;
        let calm = calm_ko.iter().take(64).any(|(a, b)| *a < to && from < *b);
        // `책임자까지는 필요 없어요`: not asked for.
        let rest: String = flat[to..].chars().take(9).collect();
        let declined = SUPERIORS.contains(&word)
            && ["필요없", "말고", "안불러", "안바꿔", "아니라", "아니고", "아니어도", "없어도"]
                .iter()
                .any(|no| rest.contains(no));
        if begins && !calm && !declined && !of_another(text, word, from) {
            return Some((from, text.eojeol_end(to - 1)));
        }
    }
    if let Some((from, to)) = insult_ko(text).or_else(|| nth_call_ko(text)) {
        return Some((from, text.eojeol_end(to - 1)));
    }
    if let Some((from, to)) = again_and_again(text) {
        return Some((text.start(from), text.end(to)));
    }
    let mut at = 0;
    while at < text.words.len() {
        if let Some((_, end)) = text.longest_of(at, CALM_EN_TABLE) {
            at = end;
            continue;
        }
        let found = text.longest_of(at, ANGRY_EN_TABLE).or_else(|| {
            let word = text.words[at].text.as_str();
            let slip = [
                "ridiculous",
                "unacceptable",
                "outrageous",
                "disgusting",
                "unbelievable",
                "incompetent",
            ]
            .iter()
            .find(|angry| crate::english::is_slip(word, angry))?;
            Some((*slip, at + 1))
        });
        if let Some((phrase, end)) = found {
            let declined =
                at > 0 && (is_superior(phrase) && declines(text, at)) || is_named(text, at);
            let calm = declined
                || is_calm(text, phrase, at, end)
                || at > 0
                    && text.words[at.saturating_sub(3)..at]
                        .iter()
                        .any(|word| matches!(word.text.as_str(), "not" | "never"))
                    && !matches!(
                        phrase,
                        "never again"
                            | "treated like this"
                            | "treated like that"
                            | "be spoken to like"
                    );
            if !calm {
                return Some((text.start(at), text.start(end)));
            }
        }
        at += 1;
    }
    None
}

/// `이게 벌써 세 번째 전화예요`, `한 시간째 기다리고 있다고요`.
fn nth_call_ko(text: &Utterance) -> Option<(usize, usize)> {
    const MANY: &[&str] = &[
        "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉", "열", "3", "4", "5", "6", "7", "8",
        "9", "10",
    ];
    const AGAIN: &[&str] = &[
        "전화예요",
        "전화입니다",
        "전화하",
        "전화했",
        "전화인데",
        "전화거든",
        "전화라고",
        "전화드",
        "전화야",
        "말씀드",
        "말하",
        "말해",
        "얘기하",
        "이야기하",
        "설명하",
        "연락하",
        "연락드",
    ];
    let flat = text.flat();
    let nth = flat.match_indices("번째").find_map(|(at, nth)| {
        let to = at + nth.len();
        let number = MANY.iter().find(|many| flat[..at].ends_with(**many))?;
        AGAIN.iter().any(|again| flat[to..].starts_with(again)).then_some((at - number.len(), to))
    });
    let waits = || {
        ["시간째", "분째", "시간넘게", "분넘게"].iter().find_map(|long| {
            let (from, to) = flat.find(long).map(|at| (at, at + long.len()))?;
            let insists =
                ["다고요", "다구요", "다니까", "잖아요"].iter().any(|so| flat[to..].contains(so));
            (insists && flat[to..].starts_with("기다")).then_some((from, to))
        })
    };
    nth.or_else(waits)
}

/// `이 멍청한 기계가`, `바보 같은 시스템`: what speaks here is called names.
fn insult_ko(text: &Utterance) -> Option<(usize, usize)> {
    #[rustfmt::skip]
    const NAMES: &[&str] = &["멍청한", "바보같은", "병신같은", "쓰레기같은", "한심한", "답답한", "무식한", "거지같은", "엉터리", "썩을", "망할", "쓸모없는", "쓸데없는"];
    #[rustfmt::skip]
    const TARGETS: &[&str] = &["기계", "로봇", "시스템", "ai", "에이아이", "봇", "챗봇", "자동응답", "놈", "것들", "인간들", "회사", "상담", "직원", "컴퓨터", "녀석"];
    let flat = text.flat();
    NAMES.iter().find_map(|name| {
        places_of(flat, name).find_map(|from| {
            let to = from + name.len();
            let target = TARGETS.iter().find(|target| flat[to..].starts_with(**target))?;
            text.is_eojeol_start(from).then_some((from, to + target.len()))
        })
    })
}

/// `I've called five times already`, `I told you this three times`.
fn again_and_again(text: &Utterance) -> Option<(usize, usize)> {
    /// So many words stand between the verb and the number.
    const REACH: usize = 5;
    #[rustfmt::skip]
    const VERBS: &[&str] = &["called", "phoned", "rung", "rang", "explained", "asked", "told", "emailed", "complained", "repeated"];
    #[rustfmt::skip]
    const MANY: &[&str] = &["three", "four", "five", "six", "seven", "eight", "nine", "ten", "dozen", "hundred", "million", "thousand", "3", "4", "5", "6", "7", "8", "9", "10"];
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    (0..text.words.len())
        .filter(|at| VERBS.contains(&word(*at)))
        .filter(|at| (at.saturating_sub(3)..*at).any(|before| matches!(word(before), "i" | "we")))
        .find_map(|at| {
            let times = (at + 1..at + REACH).find(|at| word(*at) == "times")?;
            MANY.contains(&word(times - 1)).then_some((at, times))
        })
}

/// Faces and hands of anger.
const SIGNS: &[char] = &['🤬', '😡', '😠', '👿', '🖕', '💢', '😤'];

/// `아이가 화가 나서 울고 있어요`: the feeling of somebody else.
fn of_another(text: &Utterance, word: &str, from: usize) -> bool {
    const FEELINGS: &[&str] =
        &["화나", "화가나", "화났", "화가난", "짜증", "실망", "답답", "성질", "화가납"];
    #[rustfmt::skip]
    const OTHERS: &[&str] = &[
        "아이가", "애가", "아기가", "남편이", "아내가", "와이프가", "엄마가", "아빠가", "어머니가", "아버지가", "친구가", "동생이", "아들이",
        "딸이", "사장님이", "고객님이", "부모님이", "손님들이", "할머니가", "할아버지가", "강아지가", "고양이가", "손님이", "이웃이", "옆집이", "선생님이", "상사가", "부장님이",
    ];
    /// So many bytes before the feeling stands whose it is.
    const BACK: usize = 30;
    let flat = text.flat();
    let begin = from.saturating_sub(BACK);
    let begin = (begin..from).find(|at| flat.is_char_boundary(*at)).unwrap_or(from);
    let before = &flat[begin..from];
    // `아까는 화났는데 이제 괜찮아요`: over.
    let over = ["이제", "지금은"].iter().filter_map(|now| flat[from..].find(now)).any(|at| {
        ["괜찮", "풀렸", "해결", "됐어요", "좋아졌"]
            .iter()
            .any(|well| flat[from + at..].contains(well))
    });
    FEELINGS.contains(&word) && over
        || FEELINGS.contains(&word)
            && OTHERS.iter().filter_map(|other| before.rfind(other)).max().is_some_and(|at| {
                !["제가", "내가", "저는", "나는", "요", "데", "서", "니까"]
                    .iter()
                    .any(|turn| before[at..].replace("요즘", "").contains(turn))
            })
}

/// Whether a word of anger is said of oneself, of what is over, of another, in praise or with
/// restraint.
fn is_calm(text: &Utterance, phrase: &str, at: usize, end: usize) -> bool {
    /// So many words before a feeling stands whose it is.
    const BACK: usize = 6;
    #[rustfmt::skip]
    const SWEARS: &[&str] = &["damn", "dammit", "damn it", "crap", "shit", "stupid", "idiot", "bloody", "fuck", "bloody hell", "useless"];
    #[rustfmt::skip]
    const OWN_FAULT: &[&str] = &[
        "my bad", "my mistake", "my fault", "stupid me", "silly me", "stupid of me", "i typed", "i pressed", "i hit", "i forgot",
        "i dropped", "i misread", "i misdialled", "i misdialed", "i put the wrong", "i clicked", "i am such an idiot", "i left",
        "i lost my", "wrong button",
    ];
    #[rustfmt::skip]
    const STRONG: &[&str] = &[
        "bloody", "damn", "freaking", "fucking", "insane", "ridiculous", "unbelievable", "mad", "crazy", "goddamn", "absurd",
    ];
    #[rustfmt::skip]
    const PRAISES: &[&str] = &[
        "good", "great", "brilliant", "marvellous", "marvelous", "lovely", "amazing", "awesome", "fantastic", "fine", "nice", "well",
        "beautiful", "delicious", "cheap", "fast", "impressive", "value", "love", "excellent", "clever", "easy", "wonderful",
    ];
    #[rustfmt::skip]
    const FEELINGS: &[&str] = &[
        "furious", "mad", "angry", "upset", "annoyed", "livid", "fuming", "frustrated", "disappointed", "irritated", "so mad",
        "really mad", "very disappointed", "outraged", "pissed", "fed up",
        "annoying", "frustrating", "upsetting", "disgusted", "irate", "seething",
    ];
    #[rustfmt::skip]
    const OTHERS: &[&str] = &[
        "cat", "cats", "dog", "dogs", "kid", "kids", "son", "daughter", "baby", "neighbour", "neighbor", "toddler", "horse", "bird",
        "parrot", "boss", "wife", "husband", "mum", "mom", "dad", "mother", "father", "friend", "teacher", "landlord", "girlfriend",
        "boyfriend", "partner", "roommate", "sister", "brother", "neighbours", "neighbors", "children", "grandkids", "he", "she", "wasp", "wasps", "bees",
    ];
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let says =
        |phrases: &[&str]| (0..text.words.len()).any(|at| text.longest_at(at, phrases).is_some());
    if SWEARS.contains(&phrase) && says(OWN_FAULT) {
        return true;
    }
    // `Damn, that's a good price`.
    let praised = |from: usize| {
        let mut at = from;
        while at < from + 5
            && matches!(
                word(at),
                "that"
                    | "is"
                    | "it"
                    | "this"
                    | "a"
                    | "an"
                    | "was"
                    | "these"
                    | "are"
                    | "really"
                    | "such"
                    | "one"
                    | "you"
                    | "what"
            )
        {
            at += 1;
        }
        (from..from + 2).chain(at..at + 1).any(|at| PRAISES.contains(&word(at)))
    };
    if STRONG.contains(&phrase)
        && (praised(end) || says(&["love it", "love this", "loving it", "so happy with"]))
    {
        return true;
    }
    // `The kids are driving me nuts`.
    if phrase.starts_with("driv")
        && (at.saturating_sub(4)..at)
            .any(|at| OTHERS.contains(&word(at)) && !matches!(word(at), "he" | "she"))
    {
        return true;
    }
    if FEELINGS.contains(&phrase) {
        let before = at.saturating_sub(BACK)..at;
        let mild = before.clone().any(|at| {
            text.longest_at(
                at,
                &[
                    "a little",
                    "a bit",
                    "a tad",
                    "slightly",
                    "somewhat",
                    "a little bit",
                    "mildly",
                    "not too",
                    "a touch",
                ],
            )
            .is_some()
        });
        // `My wife's furious with me`, `sorry I was so angry`.
        let at_me = matches!(word(end), "with" | "at")
            && matches!(word(end + 1), "me" | "us" | "him" | "myself");
        let sorry = says(&[
            "sorry i was",
            "sorry for being",
            "sorry i got",
            "sorry about being",
            "apologise for being",
            "apologize for being",
        ]);
        if at_me || sorry {
            return true;
        }
        let over = before
            .clone()
            .any(|at| word(at) == "was" || text.is_phrase_at(at, "used to be").is_some())
            && says(&[
                "but",
                "sorted",
                "fixed",
                "thanks to",
                "no longer",
                "all good now",
                "until your",
            ]);
        let first = before.clone().any(|at| matches!(word(at), "i" | "we" | "me" | "am"));
        let other = { before }.any(|at| {
            OTHERS.contains(&word(at)) || OTHERS.contains(&word(at).trim_end_matches('s'))
        }) && !first;
        return mild || over || other;
    }
    // `I'd like to make a complaint please`: a matter, politely.
    phrase.contains("complaint")
        && phrase != "formal complaint"
        && (says(&["please"]) && says(&["would like to", "could i", "can i", "may i", "how do i"]))
}

fn is_superior(phrase: &str) -> bool {
    ["manager", "supervisor", "superior", "boss", "charge", "higher", "senior"]
        .iter()
        .any(|word| phrase.contains(word))
}

/// `No need to get a manager`, `I don't want to speak to a supervisor`.
fn declines(text: &Utterance, at: usize) -> bool {
    /// So many words before a superior it can be declined.
    const REACH: usize = 8;
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    (at.saturating_sub(REACH)..at)
        .filter(|deny| {
            text.is_phrase_at(*deny, "no need").is_some()
                || (word(*deny) == "not"
                    && matches!(
                        word(*deny + 1),
                        "need" | "want" | "asking" | "have" | "looking" | "require"
                    ))
        })
        .any(|deny| {
            !(deny + 1..=at).any(|at| text.words[at].pause || matches!(word(at), "but" | "just"))
        })
}

/// `The app is called Angry Llama`: two capitals within a sentence are a name.
fn is_named(text: &Utterance, at: usize) -> bool {
    let title = |at: usize| {
        text.words.get(at).is_some_and(|word| {
            let mut chars = word.written.chars();
            chars.next().is_some_and(char::is_uppercase)
                && chars.next().is_some_and(char::is_lowercase)
        })
    };
    let begins = at == 0 || text.words[at - 1].sentence != text.words[at].sentence;
    !begins && title(at) && title(at + 1) && !text.words[at + 1].pause
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anger_is_heard() {
        for text in [
            "책임자 바꿔",
            "장난해요?",
            "this is ridiculous",
            "get me your manager",
            "지금 장난하세요",
            "사장 나오라고 해",
            "I'm fed up with this",
            "몇 번을 말해요",
        ] {
            assert!(is_angry(text), "{text}");
        }
        for text in
            ["요금 문의요", "my account manager", "I'm not angry", "장난감 주문이요", "네", ""]
        {
            assert!(!is_angry(text), "{text}");
        }
    }

    #[test]
    fn anger_of_others_praise_and_ones_own_slip_are_none() {
        for text in [
            "아이가 화가 나서 울고 있어요",
            "노트북이 자꾸 꺼져요",
            "my cat's furious about the new food",
            "it's bloody marvellous",
            "damn I typed the wrong number",
            "I'm a little disappointed but I understand",
        ] {
            assert!(!is_angry(text), "{text}");
        }
        for text in [
            "🤬",
            "뚜껑 열리기 직전이에요",
            "you absolute muppets",
            "don't you tell me to calm down",
        ] {
            assert!(is_angry(text), "{text}");
        }
    }
}
