//! What callers mean as yes and as no, in Korean and English; an answer that could be either counts
//! as neither.

use super::*;

fn answer(text: &str) -> Option<YesNo> {
    yes_no(text).value().copied()
}

#[test]
fn yes() {
    for text in [
        "네",
        "예 맞아요",
        "네네",
        "네네네",
        "맞습니다",
        "그렇습니다",
        "Yes please",
        "that's right",
        "OK",
        "응",
        "어 네",
        "음 네 맞아요",
        "네에",
        "넹",
        "넵",
        "ㅇㅇ",
        "ㅇㅋ",
        "네맞아요",
        "네 맞 아 요",
        "yep",
        "yup",
        "yeah",
        "yes yes",
        "yes 맞아요",
        "맞는 것 같아요",
        "맞아요",
        "맞는데요",
        "네 그렇게 해 주세요",
        "좋아요",
        "of course",
        "that's correct",
        "yes, no problem",
        "I do",
        "it is",
        "uh huh",
        "sure",
        "물론이죠",
    ] {
        assert_eq!(answer(text), Some(YesNo::Yes), "{text}: {}", yes_no(text).why);
    }
}

#[test]
fn no() {
    for text in [
        "아니요",
        "아뇨",
        "아닙니다",
        "네 아니 틀려요",
        "안 맞아요",
        "맞지 않습니다",
        "No",
        "not correct",
        "isn't right",
        "틀렸어요",
        "that's incorrect",
        "not really",
        "No, that's not right",
        "nope",
        "nah",
        "ㄴㄴ",
        "no thx",
        "of course not",
        "아니에요",
        "아니요틀렸어요",
        "아닌 것 같아요",
        "I don't think so",
        "absolutely not",
        "yes I mean no",
        "wait, no",
        "아니요 괜찮아요 아니에요",
        "필요 없어요",
        "that is not my number",
        "no, it isn't",
    ] {
        let found = answer(text);
        if text.contains("괜찮") {
            assert_ne!(found, Some(YesNo::Yes), "{text}");
            continue;
        }
        assert_eq!(found, Some(YesNo::No), "{text}: {}", yes_no(text).why);
    }
}

#[test]
fn neither() {
    for text in [
        "",
        "음",
        "여보세요",
        "what was that",
        "어",
        "어 잘 모르겠는데요",
        "uh I am not sure",
        "네?",
        "네 여보세요",
        "네이버요",
        "예전에요",
        "네 아니요",
        "no, that's right",
        "괜찮아요",
        "not bad",
        "why not",
        "no problem",
        "I don't know",
        "모르겠어요",
        "글쎄요",
        "maybe",
        "네 잠깐만요",
        "잠시만요",
        "hold on",
        "yes but the address is wrong?",
        "right now",
        "맞나요",
        "맞아요?",
        "아니 맞아요",
        "well",
        "저",
        "그",
        "아마요",
        "네 뭐라고요",
        "네 말씀하세요",
        "아 맞다",
    ] {
        assert_eq!(answer(text), None, "{text}: {}", yes_no(text).why);
    }
}
