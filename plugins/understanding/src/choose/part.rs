//! Whether a word of a phrase may stand for the phrase: only where nothing else is said of it.

use crate::hold::is_filler;
use crate::words::{Script, Utterance};
use crate::{korean, topics};

/// Whether all that is said beside the place only asks for it: `결과요`,
/// `I need the results please`, but not `사람 바꿔 주세요` where `사람 수` is offered, nor
/// `번호가 맞아요` where `번호가 틀렸어요` is.
pub(super) fn alone(text: &Utterance, from: usize, to: usize) -> bool {
    let flat = text.flat();
    let begin = text.eojeol_start(from);
    let end = text.eojeol_end(to - 1);
    let tail = flat.get(to..end).unwrap_or_default();
    if !(tail.is_empty() || korean::closes(tail) || asks(tail)) {
        return false;
    }
    let fits = |at: usize| {
        let word = &text.words[at];
        is_filler(&word.text)
            || match word.script {
                Script::Latin => {
                    topics::SMALL.contains(&word.text.as_str())
                        || ASKS_EN.contains(&word.text.as_str())
                }
                Script::Symbol => true,
                Script::Figure => false,
                _ => {
                    asks(&flat[text.eojeol_start(text.start(at))..text.eojeol_end(text.start(at))])
                }
            }
    };
    let (first, last) = (text.word_at(begin), text.word_at(to - 1));
    // What is asked besides, once it was wished for: `정비를 받고 싶은데 토요일도 하나요`.
    let wished = |at: usize| {
        let said = &text.words[at].text;
        said.ends_with("데") && ["싶", "려"].iter().any(|wish| said.contains(wish))
    };
    let clause = (last + 1..text.words.len()).find(|at| wished(*at));
    let limit = clause.unwrap_or(text.words.len());
    let after = (last + 1..limit).all(|at| text.start(at) < end || fits(at));
    // What was said in a clause before it, or denied there, is another matter.
    let before = (0..first).rev().take_while(|at| !turns(text, *at)).all(fits);
    after && before
}

/// Whether what comes after the word has nothing to do with it any more.
fn turns(text: &Utterance, at: usize) -> bool {
    const TURNS: &[&str] = &["고", "데", "말고", "요", "니까", "니다", "지만", "아니"];
    let word = &text.words[at];
    match word.script {
        Script::Latin => word.text == "just" || word.text == "but",
        Script::Figure | Script::Symbol => false,
        _ => {
            text.is_eojeol_start(text.end(at))
                && TURNS.iter().any(|turn| word.text.ends_with(turn))
                && word.text != "네"
        }
    }
}

fn asks(said: &str) -> bool {
    ASKS.iter().any(|ask| said.starts_with(ask))
}

#[rustfmt::skip]
const ASKS: &[&str] = &[
    "네", "예", "응", "문의", "관련", "때문", "언제", "나왔", "나오", "나와", "됐", "되", "어떻", "얼마", "건", "쪽", "연결", "부탁", "주세", "주시", "하고", "하려", "할", "해", "합",
    "하러", "알려", "알고", "궁금", "싶", "원해", "원합", "필요", "안내", "상담", "대해", "대한", "관해", "관한", "으로", "로", "저", "제", "전화", "물어", "받", "보", "확인", "좀", "있", "것", "거", "이요", "요", "신청", "번호", "여기", "바로",
];
#[rustfmt::skip]
const ASKS_EN: &[&str] = &[
    "i", "want", "need", "would", "like", "can", "could", "you", "for", "about", "with", "in", "on", "at", "yes", "yeah", "get",
    "help", "question", "questions", "have", "got", "am", "is", "calling", "call", "hi", "hello", "and", "thanks", "thank",
    "we", "know", "tell", "ask", "see", "talk", "speak", "put", "through", "department", "team", "line", "option", "go", "if", "what", "how", "do", "when", "where", "something", "there",
];

#[cfg(test)]
mod tests {
    use crate::{Offers, Outcome, choose};

    #[test]
    fn no_part_of_a_phrase_chooses_against_the_rest_of_it() {
        let offers = Offers::new()
            .phrases("count", ["사람 수", "people"])
            .phrases("phone", ["번호가 달라요", "the wrong number"])
            .phrases("results", ["검사 결과", "test results"]);
        for text in
            ["사람 바꿔주세요", "네, 번호가 맞아요", "what's wrong", "결과는 봤고 소파가 탔어요"]
        {
            assert_eq!(choose(text, &offers).outcome, Outcome::Nothing, "{text}");
        }
        for (text, choice) in [
            ("결과요", "results"),
            ("I need my results please", "results"),
            ("번호가 좀 다른데요", "phone"),
        ] {
            assert_eq!(choose(text, &offers).outcome, Outcome::One(choice.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_phrase_of_yes_is_a_yes_only_where_all_agrees() {
        let offers = Offers::new().phrases("yes", ["예약해 주세요", "book it"]);
        for text in
            ["no, book it for eight", "아니요 8시로 예약해 주세요", "not yet, book it later"]
        {
            assert_eq!(choose(text, &offers).outcome, Outcome::Nothing, "{text}");
        }
        for text in ["book it", "네 예약해 주세요"] {
            assert_eq!(choose(text, &offers).outcome, Outcome::One("yes".to_owned()), "{text}");
        }
    }
}
