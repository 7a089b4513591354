//! Wishes for a person by what is to be done: a verb of contact and whoever it may be, or anybody
//! but the machine.

use crate::Why;
use crate::words::{Utterance, places_of};

/// `Transfer me to a member of your team`, `have a word with one of your staff`,
/// `put on a bloke who knows`: a verb of contact, and whoever it may be.
pub(super) fn contact(text: &Utterance) -> Option<(usize, usize)> {
    /// So many words stand between the verb and the person.
    const REACH: usize = 9;
    #[rustfmt::skip]
    const VERBS: &[&str] = &["speak", "talk", "chat", "word", "transfer", "connect", "put", "pass", "discuss", "through", "escalate", "get", "explain", "say", "describe", "deal", "hand", "fetch", "grab", "bring", "find", "route", "divert", "forward", "patch", "refer"];
    #[rustfmt::skip]
    const HEADS: &[&str] = &[
        "member", "team", "colleague", "colleagues", "lady", "ladies", "gentleman", "bloke", "guy", "chap", "lad", "lads", "lass",
        "woman", "man", "senior", "seniors", "whoever", "staff", "person", "human", "someone", "somebody", "anyone", "anybody",
        "advisor", "adviser", "fella", "folks", "reception", "leader", "manager", "supervisor", "boss", "owner", "clerk", "assistant",
    ];
    #[rustfmt::skip]
    const BEFORE: &[&str] = &[
        "a", "an", "one", "of", "your", "the", "some", "any", "nice", "young", "real", "actual", "live", "proper", "human", "me",
        "on", "to", "with", "this", "it", "us", "over", "through", "directly", "my", "call", "about", "member", "team", "duty", "shift", "floor", "branch", "store", "shop", "office",
    ];
    const DENIES: &[&str] = &["not", "no", "never", "without", "rather", "than", "instead"];
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    for at in 0..text.words.len() {
        let verb = word(at);
        let wants_help =
            matches!(verb, "could" | "can") && word(at + 1) == "one" && word(at + 2) == "of";
        if !VERBS.contains(&verb) && !wants_help {
            continue;
        }
        // `I'd rather explain this to a person` wishes for one.
        let denies = |before: usize| {
            DENIES.contains(&word(before))
                && (word(before) != "rather" || matches!(word(before + 1), "not" | "than" | "you"))
        };
        if !wants_help && (at.saturating_sub(5)..at).any(denies) {
            continue;
        }
        let mut linked = wants_help
            || (verb == "put" && word(at + 1) == "on")
            || (verb == "get"
                && (word(at + 1) == "your" || (word(at + 1) == "me" && word(at + 2) == "your")))
            || (matches!(verb, "fetch" | "grab" | "bring" | "find")
                && matches!(
                    word(at.wrapping_sub(1)),
                    "you" | "please" | "just" | "and" | "go" | "" | "now" | "then"
                ));
        let superior = |at: usize| matches!(word(at), "leader" | "manager" | "supervisor" | "lead");
        for head in at + 1..(at + REACH).min(text.words.len()) {
            // `Your team leader`.
            if word(head) == "team" && superior(head + 1) {
                continue;
            }
            if text.words[head].pause && head > at + 1 {
                break;
            }
            linked |= matches!(word(head), "to" | "with");
            if linked && HEADS.contains(&word(head)) && word(head) != "member"
                || (linked && word(head) == "member" && word(head + 1) == "of")
            {
                // `Talk to my colleague`, `put it to the team meeting`.
                let own = matches!(word(head - 1), "my" | "our" | "his" | "her");
                let other = matches!(
                    word(head + 1),
                    "name" | "email" | "number" | "else" | "account" | "said" | "told"
                );
                if own
                    || other
                    || verb == "get"
                        && !matches!(
                            word(head),
                            "staff" | "leader" | "manager" | "supervisor" | "boss"
                        )
                {
                    break;
                }
                return Some((text.start(at), text.end(head)));
            }
            if !BEFORE.contains(&word(head)) && !HEADS.contains(&word(head)) {
                break;
            }
        }
    }
    // `Who do I talk to`, `how do I get hold of a person`, `can somebody pick up`.
    for at in 0..text.words.len() {
        let who = matches!(word(at), "who" | "whom")
            && matches!(word(at + 1), "can" | "do" | "should" | "could" | "would")
            && word(at + 2) == "i"
            && matches!(word(at + 3), "talk" | "speak" | "chat")
            && matches!(word(at + 4), "to" | "with");
        if who {
            return Some((text.start(at), text.end(at + 4)));
        }
        // `What button do I press for a person`, `I'll wait for an agent`.
        #[rustfmt::skip]
        const ANSWERERS: &[&str] = &[
            "person", "human", "agent", "operator", "representative", "someone", "somebody", "adviser", "advisor",
        ];
        const WILLING: &[&str] = &["will", "rather", "happy", "prefer", "can", "let"];
        let before = at.saturating_sub(4)..at;
        let pressed = matches!(word(at), "press" | "dial");
        let asks_for = (pressed || matches!(word(at), "wait" | "hold"))
            && word(at + 1) == "for"
            && (at + 2..at + 4).any(|person| ANSWERERS.contains(&word(person)))
            && !before.clone().any(|no| matches!(word(no), "not" | "never" | "no"))
            && (pressed || before.clone().any(|will| WILLING.contains(&word(will))));
        // `Who's in charge, let me speak to them`.
        let them = matches!(word(at), "speak" | "talk")
            && matches!(word(at + 1), "to" | "with")
            && matches!(word(at + 2), "them" | "him" | "her")
            && (at.saturating_sub(8)..at).any(|at| word(at) == "charge");
        if asks_for || them {
            return Some((text.start(at), text.end((at + 2).min(text.words.len() - 1))));
        }
        let someone =
            matches!(word(at), "someone" | "somebody" | "anyone" | "anybody" | "person" | "human");
        let held = (at.saturating_sub(4)..at).any(|of| word(of) == "hold" && word(of + 1) == "of");
        let picks = matches!(word(at + 1), "pick" | "answer")
            && matches!(word(at + 2), "up" | "the" | "")
            && at > 0
            && matches!(word(at - 1), "can" | "could" | "will" | "would" | "please");
        let before = at.saturating_sub(6)..at;
        if someone && (held || picks) && !before.clone().any(|no| DENIES.contains(&word(no))) {
            return Some((text.start(at), text.end(at)));
        }
    }
    // `Whoever's in charge, put them on`.
    let whoever = text.words.iter().any(|word| word.text == "whoever" || word.text == "charge");
    let on = (0..text.words.len()).find(|at| {
        ["put them on", "put him on", "put her on", "get them on", "put them through"]
            .iter()
            .any(|on| text.is_phrase_at(*at, on).is_some())
    });
    on.filter(|_| whoever).map(|at| (text.start(at), text.end(at + 2)))
}

/// `기계 말고 사람 없어요`: a person rather than what speaks here.
pub(super) fn machine_ko(text: &Utterance) -> Option<(usize, usize)> {
    let flat = text.flat();
    [
        "기계말고",
        "로봇말고",
        "자동응답말고",
        "녹음말고",
        "ai말고",
        "봇말고",
        "챗봇말고",
        "컴퓨터말고",
        "인공지능말고",
        "음성안내말고",
        "목소리말고",
        "음성말고",
        "녹음된거말고",
        "녹음된말말고",
    ]
    .iter()
    .filter_map(|machine| places_of(flat, machine).next().map(|at| at + machine.len()))
    .find_map(|after| {
        let rest = flat[after..].trim_start_matches("그냥").trim_start_matches("진짜");
        let from = flat.len() - rest.len();
        ["사람", "상담원", "직원", "상담사", "인간"]
            .iter()
            .find(|person| rest.starts_with(**person))
            .map(|person| (from, from + person.len()))
    })
}

/// `I know I said I didn't need an agent but I've changed my mind`: what was declined is wished
/// for.
pub(super) fn changed_mind(text: &Utterance, why: &Why) -> Option<(usize, usize)> {
    let at = (0..text.words.len())
        .rfind(|at| text.is_phrase_at(*at, "changed my mind").is_some())
        .filter(|_| !why.denied.is_empty())?;
    let rest = &text.words[at..];
    let wants = rest.windows(2).any(|two| {
        two[0].text == "i" && matches!(two[1].text.as_str(), "do" | "want" | "need" | "would")
    });
    (wants && !rest.iter().any(|word| word.text == "not"))
        .then(|| (text.start(at), text.end(text.words.len() - 1)))
}

/// `I don't want to talk to a machine`, `기계랑 말하기 싫어요`: what speaks here is declined.
pub(super) fn declines_machine(text: &Utterance) -> Option<(usize, usize)> {
    /// So many words stand between the refusal and the machine.
    const REACH: usize = 9;
    #[rustfmt::skip]
    const MACHINES: &[&str] = &[
        "machine", "machines", "robot", "robots", "bot", "bots", "computer", "computers", "recording", "recordings", "chatbot", "ai",
    ];
    #[rustfmt::skip]
    const VERBS: &[&str] = &["talk", "talking", "speak", "speaking", "deal", "dealing", "chat", "chatting"];
    #[rustfmt::skip]
    const REFUSES: &[&str] = &["not", "hate", "sick", "tired", "refuse", "stop", "enough", "never", "rather"];
    const MACHINES_KO: &[&str] =
        &["기계", "로봇", "자동응답", "녹음", "봇", "챗봇", "컴퓨터", "인공지능", "에이아이", "ai"];
    const WITH: &[&str] = &["랑", "이랑", "하고", "한테", "와", "과"];
    const REFUSES_KO: &[&str] =
        &["싫", "안할", "안해", "못하겠", "하기힘", "그만", "안하고싶", "하고싶지"];
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    for at in 0..text.words.len() {
        if !VERBS.contains(&word(at)) || !matches!(word(at + 1), "to" | "with") {
            continue;
        }
        let refused = (at.saturating_sub(5)..at).any(|at| REFUSES.contains(&word(at)));
        let machine = (at + 2..(at + REACH).min(text.words.len()))
            .take_while(|at| !text.words[*at].pause)
            .find(|at| MACHINES.contains(&word(*at)));
        if let Some(machine) = machine.filter(|_| refused) {
            return Some((text.start(at), text.end(machine)));
        }
    }
    let flat = text.flat();
    MACHINES_KO.iter().find_map(|machine| {
        places_of(flat, machine).find_map(|from| {
            let rest = &flat[from + machine.len()..];
            let with = WITH.iter().any(|with| rest.starts_with(with));
            let near: String = rest.chars().take(14).collect();
            (with && text.is_eojeol_start(from) && REFUSES_KO.iter().any(|no| near.contains(no)))
                .then_some((from, from + machine.len()))
        })
    })
}

/// `Not until somebody picks up and talks to me`: what the caller waits for.
pub(super) fn until(text: &Utterance) -> Option<(usize, usize)> {
    /// So many words later the person does something.
    const REACH: usize = 5;
    #[rustfmt::skip]
    const DOES: &[&str] = &["picks", "answers", "talks", "speaks", "helps", "comes", "gets", "pick", "answer", "talk", "takes"];
    #[rustfmt::skip]
    const PEOPLE: &[&str] = &["someone", "somebody", "person", "human", "agent", "representative", "operator", "anyone", "anybody"];
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    (0..text.words.len()).filter(|at| matches!(word(*at), "until" | "till" | "unless")).find_map(
        |at| {
            let person = (at + 1..at + 5).find(|at| PEOPLE.contains(&word(*at)))?;
            let does = (person + 1..person + REACH).find(|at| DOES.contains(&word(*at)))?;
            Some((text.start(person), text.end(does)))
        },
    )
}

/// `아가씨 좀 바꿔 줘요`, `통화할 수 있는 분 안 계세요`: whoever it may be.
pub(super) fn whoever_ko(text: &Utterance) -> Option<(usize, usize)> {
    #[rustfmt::skip]
    const WHO: &[&str] = &[
        "여자분", "남자분", "여성분", "남성분", "아가씨", "아저씨", "아줌마", "언니", "총각", "젊은분", "여직원", "남직원", "그분", "거기분", "누구",
        "아무나", "옆에분", "딴분", "다른분", "분",
    ];
    #[rustfmt::skip]
    const ABLE: &[&str] = &[
        "통화할수있는", "통화가능한", "통화되는", "통화할", "얘기할수있는", "얘기할", "이야기할수있는", "말할수있는", "말할", "도와줄", "도와주실",
        "도와주는", "상담할수있는", "상담가능한", "설명해줄", "설명해주실", "물어볼수있는", "물어볼", "대화할수있는", "대화되는", "말통하는", "말이통하는", "일하시는", "일하는", "근무하시는", "근무하는", "담당하시는", "담당하는", "계시는", "거기계신",
    ];
    const BETWEEN: &[&str] = &[
        "좀",
        "다시",
        "한번",
        "빨리",
        "당장",
        "얼른",
        "지금",
        "바로",
        "로",
        "으로",
        "을",
        "를",
        "이라도",
        "라도",
        "께",
        "한테",
    ];
    let flat = text.flat();
    // `거기 사람 없어요?`
    for there in ["거기", "거긴", "여기", "여긴"] {
        for from in places_of(flat, there) {
            let to = from + there.len();
            let person = ["사람", "상담원", "직원", "아무도"]
                .iter()
                .find_map(|person| flat[to..].strip_prefix(person));
            let gone = [
                "없어",
                "없나",
                "없습니까",
                "안계",
                "없는거",
                "없소",
                "없는가",
                "없는교",
                "없노",
                "없냐",
                "없당가",
                "없는겨",
            ];
            if let Some(rest) = person
                && let Some(gone) = gone.iter().find(|gone| rest.starts_with(**gone))
            {
                return Some((to, flat.len() - rest.len() + gone.len()));
            }
        }
    }
    // `누구 없어요?`
    for gone in [
        "누구없어요",
        "누구없나요",
        "누구없습니까",
        "누구안계세요",
        "누구안계신가요",
        "누구안계십니까",
    ] {
        if let Some(from) = places_of(flat, gone).next().filter(|from| text.is_eojeol_start(*from))
        {
            return Some((from, from + gone.len()));
        }
    }
    for who in WHO {
        for from in places_of(flat, who) {
            let to = from + who.len();
            let able_to = *who == "분" && flat[..from].ends_with(['는', '은']);
            if !(text.is_eojeol_start(from) || able_to) {
                continue;
            }
            let mut rest = &flat[to..];
            while let Some(next) = BETWEEN.iter().find_map(|word| rest.strip_prefix(word)) {
                rest = next;
            }
            let put_on = *who != "분"
                && ["바꿔주", "바꿔줘", "바꿔봐", "바꿔달", "바꾸어주", "바꿔요"]
                    .iter()
                    .any(|verb| rest.starts_with(verb));
            let able = ["분", "누구"].contains(who)
                && ABLE.iter().any(|able| flat[..from].ends_with(able));
            if !(put_on || able) {
                continue;
            }
            let there =
                ["안계", "없", "계시", "계세", "계신", "있나", "있어", "있을", "바꿔", "연결"]
                    .iter()
                    .any(|there| rest.trim_start_matches(['이', '은', '도']).starts_with(there));
            // `거기 일하시는 분하고 직접 통화 좀 할게요`.
            let with = ["하고", "이랑", "랑", "과"]
                .iter()
                .find_map(|with| rest.strip_prefix(with))
                .map(|rest| {
                    ["직접", "지금", "바로"]
                        .iter()
                        .fold(rest, |rest, word| rest.strip_prefix(word).unwrap_or(rest))
                })
                .is_some_and(|rest| {
                    let clause: String = rest.chars().take(8).collect();
                    ["통화", "얘기", "이야기", "말", "대화", "상담"]
                        .iter()
                        .any(|talk| rest.starts_with(talk))
                        && ["할게", "할래", "할수", "하고싶", "하게", "하겠", "해야", "하려"]
                            .iter()
                            .any(|wish| clause.contains(wish))
                });
            if put_on || (able && (there || with)) {
                return Some((from, flat.len() - rest.len()));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::wants_person;

    #[test]
    fn whoever_it_may_be_is_a_person() {
        for text in [
            "could you transfer me to a member of your team",
            "can I have a word with one of your staff",
            "just put on a bloke who knows what he's talking about",
            "기계 말고 사람 없어요",
            "I know I said I didn't need an agent but I've changed my mind I do",
        ] {
            assert!(wants_person(text), "{text}");
        }
        for text in [
            "I'll discuss it with my wife",
            "I spoke to a real person yesterday",
            "send it to my team",
            "talk to you later",
        ] {
            assert!(!wants_person(text), "{text}");
        }
    }
}
