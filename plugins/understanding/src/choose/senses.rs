//! Words of a phrase that were said in another sense: `of course`, `sorry to bug you`,
//! `재생 에너지`, `바꿔 주소`.

use super::Found;
use crate::negation::Mention;
use crate::words::{Script, Utterance};

/// English idioms in which a word is not what a menu offers by it.
#[rustfmt::skip]
const IDIOMS: &[&str] = &[
    "of course", "in charge", "in charge of", "person in charge", "free of charge", "charge my phone", "charge my battery",
    "charge my laptop", "can not charge it", "charge it up", "charge the battery", "take charge", "press charges",
    "to bug you", "bug you", "bugging me", "bugs me", "exchange rate", "exchange rates", "exchange students",
    "exchange student", "estate agent", "estate agents", "travel agent", "travel agents", "letting agent", "driving licence",
    "driving license", "driver license", "marriage license", "wedding reception", "phone reception", "reception desk at work",
    "returning your call", "return your call", "returning a call", "return a call", "returning my call", "returned my call",
    "in return", "many happy returns", "tax return", "in a book", "read a book", "reading a book", "by the book", "book club",
    "comic book", "freezing cold", "is freezing", "am freezing", "planning a", "planning to", "planning on", "crash course",
    "golf course", "main course", "on the same page", "first class", "class act", "quit smoking", "quit my job",
    "quit drinking", "track record", "lost track", "on track", "for a change", "change of heart", "change of scenery",
    "small change", "in the bath", "had a bath", "take a bath", "having a bath", "human error", "people person",
    "rates for", "second rate", "at any rate", "marathon training", "potty training", "dog training", "weight training",
    "in case", "just in case", "nut case", "show up", "on sale", "for sale", "car boot sale", "open minded", "my bill please",
    "room for improvement", "make room", "out of order", "in order to", "in order", "the other day", "each other",
    "on the other hand", "address the", "addressed to", "hold the line please", "at your service", "customer service is",
    "spin the", "pause for", "join the queue", "joining the queue", "join the club", "cancel culture", "support group",
    "moral support", "child support", "emotional support", "technical difficulties", "error of my ways", "trial and error",
    "leave for work", "leave for the", "leave for school", "leave at", "leave home", "leave the house", "leave a message", "open a complaint", "open a case", "open a claim", "open a ticket", "open a dispute", "open an account", "close an account",
    "close my account", "open to", "close to", "close friend", "price of petrol", "price of gas", "price of fish", "price of eggs", "parking lot is", "track and field",
];

/// What a word of contempt is called: `this website is absolute rubbish`.
const CONTEMPT: &[&str] = &["rubbish", "trash", "garbage", "junk"];

/// Korean nouns whose following noun makes something else of them.
#[rustfmt::skip]
const COMPOUNDS: &[(&str, &[&str])] = &[
    ("재생", &["에너지", "용지", "종이", "크림", "의학"]),
    ("교환", &["학생", "학기", "일기"]),
    ("주문", &["외우", "을외우"]),
];

/// Whether the mention is said in another sense.
pub(super) fn is_another(text: &Utterance, mention: &Mention<Found>) -> bool {
    if mention.value.key {
        return false;
    }
    let at = text.word_at(mention.from);
    match text.words[at].script {
        Script::Latin => english(text, mention, at),
        Script::Hangul => korean(text, mention),
        _ => false,
    }
}

fn english(text: &Utterance, mention: &Mention<Found>, at: usize) -> bool {
    /// So many words before a word an idiom begins.
    const BACK: usize = 3;
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let last = text.word_at(mention.to - 1);
    let within = (at.saturating_sub(BACK)..=at).any(|begin| {
        text.longest_at(begin, IDIOMS)
            .is_some_and(|(_, end)| end > last && (begin < at || end > last + 1))
    });
    // `Is absolute rubbish`, `rubbish service`.
    let contempt = CONTEMPT.contains(&word(at)) && {
        let mut before = at;
        while before > 0
            && matches!(
                word(before - 1),
                "absolute"
                    | "total"
                    | "complete"
                    | "utter"
                    | "such"
                    | "a"
                    | "absolutely"
                    | "just"
                    | "so"
                    | "pure"
                    | "really"
                    | "of"
                    | "load"
                    | "pile"
            )
        {
            before -= 1;
        }
        before > 0
            && matches!(word(before - 1), "is" | "are" | "was" | "were" | "been" | "what")
            && !matches!(word(last + 1), "day" | "collection" | "still" | "out" | "not")
    };
    within || contempt
}

fn korean(text: &Utterance, mention: &Mention<Found>) -> bool {
    let flat = text.flat();
    let said = &flat[mention.from..mention.to];
    let rest = &flat[mention.to..];
    // `바꿔 주소`: a request of the south-east.
    if said == "주소"
        && text.is_eojeol_start(mention.from)
        && (text.is_eojeol_start(mention.to) || rest.starts_with('요'))
        && ["꿔", "해", "려", "내", "와", "겨", "켜", "쳐", "줘", "어", "아", "봐", "돌려", "대"]
            .iter()
            .any(|infinitive| flat[..mention.from].ends_with(infinitive))
    {
        return true;
    }
    // `간호사 선생님 좀 바꿔 주세요`: somebody is to come to the phone.
    if (said.starts_with("바꿔") || said.starts_with("바꾸"))
        && (["주", "줘", "달", "봐"].iter().any(|asks| rest.starts_with(asks))
            || said.ends_with('줘')
            || said.ends_with("주세요"))
    {
        let before = flat[..mention.from]
            .trim_end_matches("한번")
            .trim_end_matches("빨리")
            .trim_end_matches('좀');
        let before = ["으로", "로", "을", "를", "이랑", "하고"]
            .iter()
            .find_map(|particle| before.strip_suffix(particle))
            .unwrap_or(before);
        if [
            "님",
            "씨",
            "분",
            "간호사",
            "기사",
            "직원",
            "상담원",
            "상담사",
            "담당자",
            "사람",
            "매니저",
        ]
        .iter()
        .any(|person| before.ends_with(person))
        {
            return true;
        }
    }
    // `쓰레기 같은 기계`: likened to it.
    if let Some(like) = rest.strip_prefix("같은")
        && !["거", "것", "게", "문제", "문의", "경우", "증상", "느낌", "걸", "건", "데"]
            .iter()
            .any(|thing| like.starts_with(thing))
        && !like.is_empty()
    {
        return true;
    }
    COMPOUNDS
        .iter()
        .any(|(noun, next)| *noun == said && next.iter().any(|next| rest.starts_with(next)))
}

/// Whether it tells why the caller cannot press or see something:
/// `my screen is broken so I can't press any buttons`.
pub(super) fn excuses(text: &Utterance, mention: &Mention<Found>) -> bool {
    /// So many words later the reason ends.
    const REACH: usize = 6;
    #[rustfmt::skip]
    const UNABLE: &[&str] = &[
        "can not press", "can not push", "can not type", "can not use the buttons", "can not use the keypad", "can not see the buttons",
        "can not tap", "can not enter", "could not press", "i am not able to press",
    ];
    if mention.value.key {
        return false;
    }
    let after = text.word_at(mention.to - 1) + 1;
    let english = (after..(after + REACH).min(text.words.len())).any(|so| {
        text.words[so].text == "so"
            && (so + 1..so + 3).any(|at| text.longest_at(at, UNABLE).is_some())
    });
    let clause: String = text.flat()[mention.to..].chars().take(16).collect();
    let korean = ["버튼을못", "버튼이안", "버튼못", "번호를못누", "번호못누", "키패드"]
        .iter()
        .filter_map(|unable| clause.find(unable))
        .any(|at| clause[..at].contains('서'));
    english || korean
}

/// Whether the caller asks whom they have reached, or says that they have not reached whom they
/// wanted: what they told before it is no choice (`카드값 청구서가 왔는데 여기 카드사 아니에요`,
/// `… is this the dentist`).
pub(super) fn misdialled(text: &Utterance, mentions: &[Mention<Found>]) -> bool {
    let Some(last) = mentions.last() else { return false };
    if mentions.iter().any(|mention| mention.value.key) {
        return false;
    }
    let flat = text.flat();
    let after = text.word_at(last.to - 1) + 1;
    let english = (after..text.words.len()).any(|at| {
        [
            "is this the",
            "is this not the",
            "is not this the",
            "are you not the",
            "did i call the",
            "are you the",
            "is that the",
            "have i reached the",
            "am i through to",
        ]
        .iter()
        .any(|asks| text.is_phrase_at(at, asks).is_some())
    });
    // `The address is fine, I'm just calling to say thank you`.
    let thanks =
        (after..text.words.len()).any(|at| {
            ["to say thank you", "to say thanks", "to thank", "to say a big thank you"]
                .iter()
                .any(|thanks| text.is_phrase_at(at, thanks).is_some())
        }) || ["감사인사드리", "감사하다고", "고맙다고", "고맙다는말", "감사하다는말", "칭찬하려"]
            .iter()
            .any(|thanks| flat[last.to..].contains(thanks));
    let slip = (0..text.word_at(mentions[0].from)).any(|at| {
        ["wrong chat", "wrong window", "wrong thread"]
            .iter()
            .any(|slip| text.is_phrase_at(at, slip).is_some())
    });
    let here = ["여기", "거기"].iter().filter_map(|here| flat[last.to..].rfind(here)).max();
    let korean = here.is_some_and(|here| {
        let asks = &flat[last.to + here..];
        text.is_eojeol_start(last.to + here)
            && asks.chars().count() < 16
            && [
                "아니에요",
                "아닌가요",
                "아니예요",
                "맞나요",
                "맞죠",
                "맞지요",
                "인가요",
                "아닙니까",
                "맞아요",
            ]
            .iter()
            .any(|ask| asks.ends_with(ask))
    });
    english || thanks || slip || korean
}

#[cfg(test)]
mod tests {
    use crate::{Offers, Outcome, choose};

    #[test]
    fn a_word_in_another_sense_chooses_nothing() {
        let offers = Offers::new()
            .phrases("billing", ["charge"])
            .phrases("training", ["course", "재생"])
            .phrases("trash", ["rubbish", "쓰레기"])
            .phrases("move", ["주소"]);
        for text in [
            "who is in charge there",
            "of course",
            "this whole website is absolute rubbish",
            "완전 쓰레기 같은 기계네",
            "재생 에너지 과목이요",
            "사람 좀 바꿔 주소",
        ] {
            assert_eq!(choose(text, &offers).outcome, Outcome::Nothing, "{text}");
        }
        for (text, choice) in [
            ("the charge on my card", "billing"),
            ("쓰레기 때문에요", "trash"),
            ("주소 바꿔 주세요", "move"),
        ] {
            assert_eq!(choose(text, &offers).outcome, Outcome::One(choice.to_owned()), "{text}");
        }
    }
}
