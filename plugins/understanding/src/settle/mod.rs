//! One value of several that were mentioned: what stands after denials and corrections, and after a
//! story of how it came to be.

mod limits;
mod told;

use crate::negation::{Mention, standing};
use crate::outcome::Denied;
use crate::words::Utterance;
use crate::{Outcome, Understood, Why};

/// One value of what was mentioned.
pub(crate) fn settle<T: PartialEq + Clone>(
    text: &Utterance,
    mentions: Vec<Mention<T>>,
) -> Understood<T> {
    let mut why = Why::default();
    let mut standing = standing(text, mentions, &mut why);
    standing.retain(|mention| {
        let by = unavailable(text, mention.from, mention.to)
            .or_else(|| limits::limits(text, mention.from, mention.to));
        match by {
            Some(by) => {
                why.denied.push(Denied { what: text.shown(mention.from, mention.to), by });
                false
            }
            None => true,
        }
    });
    told::set_aside(text, &mut standing, &mut why);
    let mut values: Vec<T> = Vec::new();
    for mention in &standing {
        why.matched.push(text.shown(mention.from, mention.to));
        if !values.contains(&mention.value) {
            values.push(mention.value.clone());
        }
    }
    match values.len() {
        0 => {
            let mut without = crate::hold::without_value(text);
            without.why.denied = why.denied;
            without
        }
        1 => Understood::new(values.pop().map_or(Outcome::Nothing, Outcome::One), why),
        _ => Understood::new(Outcome::Several(values), why),
    }
}

/// The words that say a value does not do: `화요일은 안 돼요`, `Tuesday doesn't work`,
/// `I can't do Tuesday`.
fn unavailable(text: &Utterance, from: usize, to: usize) -> Option<String> {
    #[rustfmt::skip]
    const PARTICLES: &[&str] = &["에는", "엔", "은", "는", "에", "날은", "까지는", "이", "만"];
    #[rustfmt::skip]
    const DOES_NOT_DO: &[&str] = &[
        "안돼", "안되", "안됩", "안될", "좀안", "좀힘들", "좀어려", "힘들", "어렵", "어려", "바빠", "바쁘", "바쁩", "불가", "못가",
        "못와", "못올", "못갈", "못해", "곤란", "싫", "별로", "시간이없", "시간없", "일이있", "약속이있", "약속있", "선약", "빼",
        "많고", "많아", "많네", "적고", "적어", "적네", "비싸", "짧", "그렇고", "그렇네", "애매", "쉬고", "쉬어", "쉬는", "쉽니다", "휴무", "휴진", "문닫", "늦", "일러", "이르", "빠르", "촉박", "피하", "무리", "빼고",
    ];
    #[rustfmt::skip]
    const DEGREES: &[&str] = &["너무", "좀", "조금", "많이", "아무래도", "도저히", "저한테", "저는"];
    #[rustfmt::skip]
    const AFTER: &[&str] = &[
        "does not work", "will not work", "is not good", "is no good", "is bad", "is out", "is not possible",
        "is impossible", "does not suit", "will not do", "is not an option", "is not available", "is full",
        "is booked", "not possible", "is too late", "is too early", "is not great", "would not work", "is not ok",
        "is not okay", "is a bad day", "is difficult", "is off",
    ];
    #[rustfmt::skip]
    const BEFORE: &[&str] = &[
        "can not do", "can not make", "can not come", "can not on", "busy", "busy on",
        "not available", "unavailable",
        "not free", "not free on", "not available on", "unavailable on", "can not do it on", "can not make it on",
        "not on", "anything but", "anytime but", "any day but", "can not come on", "busy at", "can not do it",
    ];
    let flat = text.flat();
    let mut rest = &flat[to..];
    if let Some(tail) = PARTICLES.iter().find_map(|particle| rest.strip_prefix(particle))
        && text.is_start(flat.len() - tail.len())
    {
        rest = tail;
    }
    // `네 시는 너무 늦고`.
    for _ in 0..2 {
        if let Some(tail) = DEGREES.iter().find_map(|degree| rest.strip_prefix(degree))
            && text.is_start(flat.len() - tail.len())
        {
            rest = tail;
        }
    }
    if let Some(word) = DOES_NOT_DO.iter().find(|word| rest.starts_with(**word))
        && text.is_start(flat.len() - rest.len())
    {
        return Some((*word).to_owned());
    }
    let next = text.word_at(to.max(1) - 1) + 1;
    if let Some((after, _)) = text.longest_at(next, AFTER).filter(|_| next < text.words.len()) {
        return Some(after.to_owned());
    }
    let at = text.word_at(from);
    (at.saturating_sub(5)..at).find_map(|begin| {
        BEFORE
            .iter()
            .find(|phrase| text.is_phrase_at(begin, phrase) == Some(at))
            .map(|phrase| (*phrase).to_owned())
    })
}
