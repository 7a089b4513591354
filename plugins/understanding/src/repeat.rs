//! Whether the caller asks to hear the question again.

use crate::words::{Script, Utterance, Word};
use crate::{Outcome, Understood, Why};

/// English words that ask for it where nothing follows but [`AFTER_EN`].
#[rustfmt::skip]
const AGAIN_EN: &[&str] = &[
    "say that again", "say it again", "say again", "say this again", "say the question again",
    "say that once more", "say it once more", "say that one more time", "say it one more time",
    "repeat", "read that again", "read it again", "read them again", "tell me again", "ask me again",
    "hear that again", "hear it again", "hear them again", "go over that again", "go through that again",
    "run that by me again", "play that again", "run through that again", "list them again", "list those again",
    "what was that", "what is that again", "what was the question", "what is the question",
    "what did you say", "what did you just say", "what do you say", "what did you ask",
    "what did you just ask", "what were you saying", "what were the options", "what are the options",
    "what are my options", "what were my options", "what are the choices", "what were the choices",
    "did not hear", "did not catch", "did not get that", "did not quite hear", "did not quite catch",
    "did not quite get", "could not hear", "can not hear", "can barely hear", "missed that",
    "missed what you", "missed the question", "you cut out", "you broke up", "you are breaking up",
    "breaking up", "beg your pardon",
];

/// English words that ask for it when they are all that is said.
#[rustfmt::skip]
const ALONE_EN: &[&str] = &[
    "pardon", "pardon me", "sorry", "what", "sorry what", "what sorry", "excuse me", "huh", "eh",
    "again", "again please", "once again", "once again please", "once more", "once more please",
    "one more time", "one more time please", "say what", "sorry again", "sorry pardon", "wait what",
    "uh what", "um what", "hm what", "what please", "sorry once more", "come again", "come again please",
];

/// Of those, what asks only with a question mark: without one, it may be an apology or a sound.
const ASKED_EN: &[&str] = &["sorry", "excuse me", "huh", "eh"];

/// What may follow a wish to hear it again: `repeat my last order` is none.
#[rustfmt::skip]
const AFTER_EN: &[&str] = &[
    "please", "sorry", "for", "me", "to", "you", "what", "said", "say", "just", "the", "question", "options", "option",
    "menu", "choices", "part", "last", "number", "numbers", "that", "it", "them", "again", "one", "more", "once", "time",
    "thanks", "thank", "second", "first", "bit", "there", "very", "well", "properly", "clearly", "all", "of",
];

/// What may stand before `다시 말씀해 주세요` and `못 들었어요`: of anything else, it is that which
/// is asked about.
#[rustfmt::skip]
const BEFORE_KO: &[&str] = &[
    "죄송합니다만", "죄송합니다", "죄송해요", "죄송하지만", "죄송한데요", "죄송한데", "미안한데요", "미안한데", "미안해요", "미안하지만",
    "실례지만", "저기요", "저기", "네", "예", "아니", "아", "어", "음", "잠깐만요", "잠시만요", "질문을", "질문", "방금", "그거", "그걸",
    "말씀을", "말씀", "말을", "말이", "뭐라고요", "뭐라고", "뭐라구요", "소리가", "목소리가", "지금", "잘", "너무", "하나도", "전혀", "좀",
    "제가", "저", "못들었는데요", "못들었는데", "못들어서", "못들었어요", "못들었습니다", "안들려요", "안들려서", "안들리는데", "안들렸어요",
    "안들렸는데", "뭐요", "뭐", "선택지", "메뉴", "안내", "혹시", "그럼",
];

/// `다시` and its like, and what may stand between them and their verb.
const AGAIN_KO: &[&str] = &["다시", "한번더", "한번만더", "또", "재차"];
const BETWEEN_KO: &[&str] = &["한번만", "한번더", "한번", "좀", "더", "천천히", "크게", "제대로"];
/// More of those in a row say nothing.
const MOST_BETWEEN: usize = 3;

/// Requests to tell, by their beginning.
#[rustfmt::skip]
const TELL_KO: &[&str] = &[
    "말해주", "말해줄", "말해줘", "말해달", "말해봐", "말씀해주", "말씀해줄", "말씀해줘", "말씀해달", "말씀부탁", "말씀좀", "말씀주",
    "들려주", "들려줘", "들려줄", "들을수", "들을게", "듣고싶", "들어볼수", "들어봐도", "불러주", "불러줘", "불러줄", "읽어주", "읽어줘",
    "읽어줄", "안내해주", "안내해줘", "안내부탁", "물어봐주", "물어봐줘", "질문해주", "질문해줘", "얘기해주", "얘기해줘", "이야기해주",
    "이야기해줘", "부탁드", "부탁해", "부탁합", "부탁이", "설명해주", "설명해줘", "설명부탁", "알려주", "알려줘", "알려줄", "해주", "해줘",
];

/// Korean words that ask for it by themselves, by their beginning, without spaces.
#[rustfmt::skip]
const UNHEARD_KO: &[&str] = &[
    "무슨말씀", "무슨말이", "무슨말인", "뭘물어보", "뭘물으", "뭐물어", "질문이뭐", "질문이뭔", "못들었", "못들어", "안들려", "안들리",
    "안들렸", "들리지않", "들리질않", "소리가작", "소리가끊", "목소리가끊", "놓쳤어", "못알아들",
];

/// `뭐라고`, and how it goes on where it asks.
const WHAT_KO: &[&str] = &["뭐라고", "뭐라구", "머라고", "머라구", "모라고", "무어라고"];
#[rustfmt::skip]
const WHAT_SAID_KO: &[&str] = &[
    "하셨", "하신", "했어", "했나", "했지", "하시는", "하는거", "하는건", "그러셨", "그랬", "말씀하", "말했", "말하신", "하십", "하시나",
];

/// Korean words that ask for it when they are all that is said.
#[rustfmt::skip]
const ALONE_KO: &[&str] = &[
    "다시", "다시요", "다시한번", "다시한번요", "다시한번이요", "한번더", "한번더요", "한번더이요", "네뭐요", "뭐요", "네뭐라고요",
    "예뭐요", "뭐", "다시좀요", "다시좀", "뭐래", "뭐래요", "리핏", "리피트", "어게인", "파든",
];

/// Korean words that ask for it alone and as a question: `네?`.
const ASKED_KO: &[&str] = &["네", "예", "뭐", "뭐요", "어", "응", "에", "넵", "죄송"];

/// Whether the caller asks to hear what was said again, and does nothing else.
///
/// It decides nothing by itself: whoever reads an answer looks for a choice or a value first.
///
/// ```
/// use dialgraph_understanding::wants_repeat;
///
/// assert!(wants_repeat("sorry, could you say that again?"));
/// assert!(wants_repeat("네?"));
/// assert!(wants_repeat("다시 한번 말씀해 주세요"));
/// assert!(!wants_repeat("네"));
/// assert!(!wants_repeat("다시 말하지만 환불이요"));
/// ```
pub fn wants_repeat(text: &str) -> bool {
    repeat(text).value().is_some()
}

/// [`wants_repeat`] with its explanation.
pub fn repeat(text: &str) -> Understood<()> {
    let text = Utterance::new(text);
    match asked(&text) {
        Some(phrase) => {
            let why = Why { matched: vec![phrase.to_owned()], ..Why::default() };
            Understood::new(Outcome::One(()), why)
        }
        None => crate::hold::without_value(&text),
    }
}

fn asked(text: &Utterance) -> Option<&'static str> {
    let asks = text.asks(text.words.len().saturating_sub(1));
    if text.words.iter().any(|word| matches!(word.script, Script::Hangul | Script::Jamo)) {
        return in_korean(text, asks);
    }
    in_english(text, asks)
}

fn in_english(text: &Utterance, asks: bool) -> Option<&'static str> {
    let words: Vec<&str> = text.words.iter().map(|word| word.text.as_str()).collect();
    let bare: Vec<&str> = words
        .iter()
        .copied()
        .skip_while(|word| matches!(*word, "oh" | "uh" | "um" | "i" | "am"))
        .collect();
    if let Some(alone) = ALONE_EN.iter().find(|alone| alone.split(' ').eq(bare.iter().copied())) {
        return (asks || !ASKED_EN.contains(alone)).then_some(*alone);
    }
    (0..words.len()).find_map(|at| {
        let (phrase, end) = text.longest_at(at, AGAIN_EN)?;
        let rest = text.words.get(end..)?;
        let goes_on =
            |word: &Word| word.script == Script::Figure || AFTER_EN.contains(&word.text.as_str());
        rest.iter().all(goes_on).then_some(phrase)
    })
}

fn in_korean(text: &Utterance, asks: bool) -> Option<&'static str> {
    let flat = text.flat();
    let alone = ALONE_KO
        .iter()
        .find(|alone| flat == **alone)
        .or_else(|| ASKED_KO.iter().find(|alone| asks && flat == **alone));
    if let Some(alone) = alone {
        return Some(alone);
    }
    let mut rest = flat;
    loop {
        if let Some(found) = wish(rest) {
            return Some(found);
        }
        // What comes before must be of no consequence.
        let begins = |before: &&str| {
            rest.strip_prefix(*before).is_some_and(|after| text.is_start(flat.len() - after.len()))
        };
        let before =
            BEFORE_KO.iter().filter(|before| begins(before)).max_by_key(|before| before.len())?;
        rest = &rest[before.len()..];
        if rest.is_empty() {
            return None;
        }
    }
}

/// What asks for it at the beginning of words without spaces.
fn wish(words: &str) -> Option<&'static str> {
    if let Some(unheard) = UNHEARD_KO.iter().find(|unheard| words.starts_with(**unheard)) {
        return Some(unheard);
    }
    if let Some((what, rest)) =
        WHAT_KO.iter().find_map(|what| Some((*what, words.strip_prefix(what)?)))
    {
        let asks = matches!(rest, "" | "요" | "여")
            || WHAT_SAID_KO.iter().any(|said| rest.starts_with(said)) && !rest.contains("더라");
        return asks.then_some(what);
    }
    let (again, mut rest) =
        AGAIN_KO.iter().find_map(|again| Some((*again, words.strip_prefix(again)?)))?;
    for _ in 0..MOST_BETWEEN {
        let shorter = BETWEEN_KO.iter().find_map(|between| rest.strip_prefix(between));
        rest = shorter.unwrap_or(rest);
    }
    TELL_KO.iter().any(|tell| rest.starts_with(tell)).then_some(again)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_did_not_hear_asks_for_it_again() {
        for text in [
            "pardon?",
            "Sorry?",
            "sorry, what was that",
            "I didn't catch that",
            "Could you please repeat the question?",
            "can you say it one more time",
            "what?",
            "you're breaking up",
            "뭐라고요?",
            "네?",
            "잘 안 들려요",
            "다시 한번 말씀해 주시겠어요",
            "죄송한데 다시 좀 말씀해 주세요",
            "한 번만 더 말해 주세요",
            "못 들었어요",
            "다시요",
            "다시 한 번이요",
            "can you repeat option 2",
            "죄송한데 뭐라고 하셨어요?",
            "뭐라고 하신 건지 못 들었어요",
            "질문을 다시 읽어 주세요",
        ] {
            assert!(wants_repeat(text), "{text}");
        }
    }

    #[test]
    fn who_says_something_does_not() {
        for text in [
            "",
            "네",
            "어",
            "sorry",
            "no",
            "not again",
            "I never heard back from you",
            "don't repeat yourself",
            "다시 말하지만 환불이요",
            "오류 메시지가 뭐라고 나와요",
            "다시 예약할게요",
            "다시 전화할게요",
            "what time is it",
            "what is my balance",
            "I'll come again on Tuesday",
            "I'll ask again later",
            "I'd like to repeat my last order",
            "it's a repeat appointment",
            "I didn't get that refund",
            "I missed that delivery",
            "I can't hear the TV",
            "다시 설명해 드릴게요",
            "다시 읽어드릴게요",
            "다시 불러볼게요",
            "다시 물어보고 전화할게요",
            "다시 안내 데스크로 연결해 주세요",
            "왜 또 말해야 돼요",
            "다시 말씀 안 하셔도 돼요",
            "비밀번호 다시 알려 주세요",
            "요금 다시 설명해 주세요",
            "그걸 뭐라고 하더라",
            "뭐라 그러지",
            "뭐라고 하죠",
            "답변을 못 들었어요",
            "그런 말은 못 들었는데요",
            "상대방 목소리가 안 들려요",
            "스피커 소리가 작아요",
            "다시 확인해 주세요",
        ] {
            assert!(!wants_repeat(text), "{text}");
        }
    }
}
