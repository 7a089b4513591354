//! The name of a person.

mod english;
mod english_said;
mod korean;
mod korean_said;
mod words_ko;

use crate::words::{Script, Utterance};
use crate::{Outcome, Understood, Why};

/// The name in what a caller said, as it is written: Korean names without a space, English ones
/// with capitals.
///
/// ```
/// use dialgraph_understanding::name;
///
/// let read = |text| name(text).value().cloned();
/// assert_eq!(read("제 이름은 김예시입니다").as_deref(), Some("김예시"));
/// assert_eq!(read("my name is jane doe").as_deref(), Some("Jane Doe"));
/// assert_eq!(read("말하기 싫어요"), None);
/// ```
pub fn name(text: &str) -> Understood<String> {
    let raw = text;
    let text = Utterance::new(text);
    let held = crate::hold::holds(&text);
    let mut names: Vec<(String, usize)> = Vec::new();
    let mut why = Why::default();
    let hangul = text.words.iter().any(|word| word.script == Script::Hangul);
    if hangul {
        if let Some(found) = korean::korean(&text, &held) {
            names.extend(found);
        }
        if names.is_empty() {
            names.extend(korean_said::within(&text, &held).map(|name| (name, 0)));
        }
        if names.is_empty() {
            names.extend(english::english(&text, &held, true));
        }
    } else {
        names.extend(english::english(&text, &held, false));
        if names.is_empty() {
            names.extend(english_said::within(&text, &held).map(|name| (name, 0)));
        }
    }
    let mut values: Vec<String> = Vec::new();
    for (name, _) in names {
        let name = hyphenated(raw, name);
        if !values.contains(&name) {
            values.push(name);
        }
    }
    match values.len() {
        0 => crate::hold::without_value(&text),
        1 => {
            why.matched.clone_from(&values);
            Understood::new(values.pop().map_or(Outcome::Nothing, Outcome::One), why)
        }
        _ => {
            why.matched.clone_from(&values);
            Understood::new(Outcome::Several(values), why)
        }
    }
}

/// `Mary-Ann`: with the hyphen that it was written with.
fn hyphenated(raw: &str, name: String) -> String {
    let raw = raw.to_lowercase();
    let mut out = String::new();
    for word in name.split(' ') {
        if !out.is_empty() {
            let before = out.rsplit([' ', '-']).next().unwrap_or_default();
            let joined = format!("{}-{}", before.to_lowercase(), word.to_lowercase());
            out.push(if raw.contains(&joined) { '-' } else { ' ' });
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        name(text).value().cloned()
    }

    #[test]
    fn names() {
        for (text, expected) in [
            ("제 이름은 김민수입니다", "김민수"),
            ("김민수요", "김민수"),
            ("김민수입니다", "김민수"),
            ("저는 김민수라고 합니다", "김민수"),
            ("네 김민수예요", "김민수"),
            ("김 민 수", "김민수"),
            ("김 민수요", "김민수"),
            ("박지훈이요", "박지훈"),
            ("박지훈이라고 합니다", "박지훈"),
            ("김민수 아니 김민서요", "김민서"),
            ("이름은 이영희예요", "이영희"),
            ("남궁민수입니다", "남궁민수"),
            ("어 최유리요", "최유리"),
            ("제이름은김민수입니다", "김민수"),
            ("my name is Jane Doe", "Jane Doe"),
            ("this is Jane", "Jane"),
            ("it's jane doe", "Jane Doe"),
            ("Jane Doe please", "Jane Doe"),
            ("I'm Jane", "Jane"),
            ("Jane here", "Jane"),
            ("this is Jane speaking", "Jane"),
            ("uh Jane O'Brien", "Jane O'Brien"),
            ("my name's Jane", "Jane"),
            ("no, Jane", "Jane"),
            ("Jack, sorry, John Doe", "John Doe"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}: {:?}", name(text));
        }
    }

    #[test]
    fn no_names() {
        for text in [
            "모르겠어요",
            "말하기 싫어요",
            "왜요?",
            "네",
            "아니요",
            "상담원이요",
            "잠깐만요",
            "I'd rather not say",
            "what?",
            "I want to talk to an agent",
            "hold on",
            "음",
            "장애 때문에 전화했어요",
            "",
            "yes",
        ] {
            assert_eq!(read(text), None, "{text}: {:?}", name(text));
        }
    }
}
