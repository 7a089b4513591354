//! The keys of a question.

use std::time::Duration;

use crate::syntax::shape::{Object, Shape};
use crate::syntax::tables::{PROMPT, TITLE, may, must};

pub(super) const ASK: Object = Object {
    name: "ask",
    doc: "A question to the caller. It must accept something: `menu`, `phrases`, `expects`, `digits` or `speech`.",
    fields: &[
        must(
            "prompt",
            PROMPT,
            "The question, by locale.",
            r#"{"ko-KR": "장애 문의는 1번을 눌러 주세요.", "en-US": "For an outage press 1."}"#,
        ),
        may(
            "menu",
            Shape::Map(&Shape::Key, &Shape::Name),
            "Key of the telephone to port.",
            r#"{"1": "emergency", "2": "general"}"#,
        ),
        may(
            "phrases",
            Shape::Map(&Shape::Name, &Shape::Map(&Shape::Locale, &Shape::List(&Shape::Text))),
            "Port to the words, by locale, that mean it when the caller says them.",
            r#"{"emergency": {"ko-KR": ["긴급", "장애"], "en-US": ["emergency"]}}"#,
        ),
        may(
            "choices",
            Shape::Map(&Shape::Name, &TITLE),
            "What is on the button of a port, by locale, in a chat; whoever writes it chooses the port. Default: the first of the port's phrases, or its key; for `expects: yes_no`, yes and no in words.",
            r#"{"emergency": {"ko-KR": "긴급 장애", "en-US": "Emergency"}}"#,
        ),
        may(
            "digits",
            Shape::Object(&DIGITS),
            "A number to be keyed in; leaves by port `digits`.",
            r##"{"min": 12, "max": 12, "terminator": "#"}"##,
        ),
        may(
            "expects",
            Shape::Words(EXPECTS),
            "The kind of answer, spoken or typed. `yes_no` leaves by `yes` and `no`, any other by `value`; `output.value` has what was understood; what `save` reads of it is saved on these ports alone, unless the expression says what holds for null.",
            r#""yes_no""#,
        ),
        may(
            "speech",
            Shape::Flag,
            "Any words are accepted; leaves by port `said`. Default: false.",
            "true",
        ),
        may(
            "timeout",
            WAIT,
            "Silence that counts as no answer; on the phone, 60 s at most. Default: 5s.",
            r#""5s""#,
        ),
        may(
            "tries",
            Shape::Either(&[Shape::Whole(1, 10), Shape::Object(&TRIES)]),
            "How often the caller may fail to answer before `no_input` or `no_match` is taken: together, or each for itself. Default: 3.",
            r#"{"no_input": 2, "no_match": 3}"#,
        ),
        may(
            "no_input",
            Shape::List(&PROMPT),
            "Said instead of the prompt after the first, second … silence; the last repeats. `output.tries` counts the vain tries.",
            r#"[{"ko-KR": "다시 말씀해 주세요.", "en-US": "Please say it again."}]"#,
        ),
        may(
            "no_match",
            Shape::List(&PROMPT),
            "Said instead of the prompt after the first, second … answer that fits nothing; the last repeats. `output.reason` tells why: `not_understood`, `impossible`, `several` or `hold`.",
            r#"[{"ko-KR": "이해하지 못했습니다.", "en-US": "I did not get that."}]"#,
        ),
        may(
            "which",
            PROMPT,
            "Asked when an answer means two things: `output.first` and `output.second` are the two choices or values in words. Default: words of the engine in ko-KR and en-US.",
            r#"{"ko-KR": "${output.first} 문의이신가요, ${output.second} 문의이신가요?", "en-US": "Is it about ${output.first} or about ${output.second}?"}"#,
        ),
        may(
            "hold",
            PROMPT,
            "Said to a caller who asks for time, which counts as no try. Default: words of the engine in ko-KR and en-US.",
            r#"{"ko-KR": "네, 기다리겠습니다.", "en-US": "Take your time."}"#,
        ),
        may(
            "sensitive",
            Shape::Flag,
            "Neither words nor keys of the answer appear in transcripts and logs. Default: false.",
            "true",
        ),
    ],
    one_of: &[],
};

const DIGITS: Object = Object {
    name: "digits",
    doc: "Keys accepted as a number; leaves by port `digits`.",
    fields: &[
        must("min", Shape::Whole(1, 64), "At least so many digits.", "12"),
        must("max", Shape::Whole(1, 64), "At most so many digits.", "12"),
        may("terminator", Shape::Key, "The key that ends the input early.", r##""#""##),
    ],
    one_of: &[],
};

const TRIES: Object = Object {
    name: "tries",
    doc: "How often the caller may stay silent, and how often an answer may fit nothing.",
    fields: &[
        must("no_input", Shape::Whole(1, 10), "Silences before `no_input` is taken.", "2"),
        must(
            "no_match",
            Shape::Whole(1, 10),
            "Answers that fit nothing before `no_match` is taken.",
            "3",
        ),
    ],
    one_of: &[],
};

/// How long an answer is waited for. A channel that cannot wait so long waits as long as it can.
const WAIT: Shape = Shape::Time(Duration::from_secs(1), Duration::from_secs(300));
/// The kinds of answers.
const EXPECTS: &[&str] = &["yes_no", "number", "digits", "date", "time", "phone", "money", "name"];
