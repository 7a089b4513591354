//! Keys of a menu beside `expects`: a choice comes first, so a key that can be the answer itself
//! takes the answer away.

use dialgraph_understanding::jiff::civil::Date;
use dialgraph_understanding::{date, money, number, time};

use super::{Expects, Tree};
use crate::check::Checker;
use crate::diagnostic::{Code, Diagnostic};

/// Ways to say each key. They choose it where a menu has it, and are values where one is expected.
const SAID: [(char, &[&str]); 10] = [
    ('0', &["zero", "영"]),
    ('1', &["one", "하나", "the first"]),
    ('2', &["two", "둘", "the second"]),
    ('3', &["three", "셋", "the third"]),
    ('4', &["four", "넷", "the fourth"]),
    ('5', &["five", "다섯", "the fifth"]),
    ('6', &["six", "여섯", "the sixth"]),
    ('7', &["seven", "일곱", "the seventh"]),
    ('8', &["eight", "여덟", "the eighth"]),
    ('9', &["nine", "아홉", "the ninth"]),
];

/// Tells of keys that callers press or say who only answer.
pub(super) fn check(checker: &mut Checker<'_>, ask: &Tree) {
    let Some(expects) = ask.expects else { return };
    value_is_taken(checker, ask);
    for (key, port) in &ask.menu {
        let Some((_, words)) = SAID.iter().find(|(digit, _)| *digit == key.value) else { continue };
        let one_digit = ask.digits.as_ref().is_some_and(|digits| digits.value.min <= 1);
        let told: Vec<&str> = match expects.value {
            // Nobody comes with 0 people or pays 0; that key is for who wants something else.
            Expects::Number | Expects::Time | Expects::Date | Expects::Money
                if key.value == '0' =>
            {
                continue;
            }
            // Any other length is no key of the menu.
            Expects::Digits if one_digit => words.iter().take(2).copied().collect(),
            kind => words.iter().filter(|word| is_value(kind, word)).copied().collect(),
        };
        if told.is_empty() || checker.only_counts(Code::KeyAsAnswer, key.span) {
            continue;
        }
        let free = if expects.value == Expects::Digits { "`*`" } else { "`0` or `*`" };
        let said: Vec<String> = told.iter().map(|word| format!("“{word}”")).collect();
        let pressed = if expects.value.takes_keys() { "presses it or says" } else { "says" };
        let message = format!(
            "key `{}` may be the answer itself: a caller who {pressed} {} leaves by port `{}` and \
            gives no {}",
            key.value,
            said.join(" or "),
            port.value,
            expects.value.word()
        );
        checker.push(
            Diagnostic::new(Code::KeyAsAnswer, key.span, message)
                .label(expects.span, "the menu takes precedence over `expects`")
                .help(format!("move the choice to {free}, or offer it by `phrases` alone")),
        );
    }
}

/// Whoever leaves by `value` has given one: a choice of that name would leave without.
fn value_is_taken(checker: &mut Checker<'_>, ask: &Tree) {
    let Some(expects) = ask.expects.filter(|expects| expects.value.ports().contains(&"value"))
    else {
        return;
    };
    let choices = ask.menu.iter().map(|(_, port)| port);
    for port in choices.chain(ask.phrases.iter().map(|(port, _)| port)) {
        if *port.value == *"value" {
            let message = "port `value` is for the expected answer, which a choice does not give";
            checker.push(
                Diagnostic::new(Code::WrongShape, port.span, message)
                    .label(expects.span, "this has the port `value`")
                    .help("give the choice a port of its own, and `set` what it stands for there"),
            );
        }
    }
}

fn is_value(expects: Expects, word: &str) -> bool {
    match expects {
        Expects::Number => number(word).value().is_some(),
        Expects::Time => time(word).value().is_some(),
        Expects::Date => date(word, Date::constant(2026, 11, 20)).value().is_some(),
        Expects::Money => money(word, "USD").value().is_some(),
        // A yes or no may well have a key, and neither a telephone number nor a name is one digit.
        Expects::YesNo | Expects::Digits | Expects::Phone | Expects::Name => false,
    }
}
