//! English words in their inflections.

/// Words that look inflected and are words of their own.
#[rustfmt::skip]
const NO_INFLECTION: &[&str] = &[
    "evening", "morning", "during", "nothing", "something", "anything", "everything", "being",
    "wedding", "ceiling", "news", "goods", "customs", "does", "hardly", "nearly", "lately",
    "barely", "shortly", "mostly", "early", "only", "reply", "supply", "family", "apply",
    "monthly", "need", "seed", "feed", "indeed", "hundred", "speed", "bring", "spring", "string",
    "king", "ring", "sing", "thing", "wing", "red", "bed", "shed", "less", "class", "glass",
    "pass", "boss", "loss", "miss", "press", "address", "access", "process", "business", "always",
    "perhaps", "across", "lens", "gas", "bus", "plus", "thus", "status", "this", "his", "its",
    "us", "is", "was", "as", "yes", "has",
];

/// Past forms that do not end in `-ed`; and a plural that has its own form.
#[rustfmt::skip]
const IRREGULAR: &[(&str, &str)] = &[
    ("bought", "buy"), ("broke", "break"), ("broken", "break"), ("came", "come"),
    ("cancelled", "cancel"), ("cancelling", "cancel"), ("cancellation", "cancel"),
    ("found", "find"), ("got", "get"), ("gone", "go"), ("went", "go"), ("held", "hold"),
    ("left", "leave"), ("lost", "lose"), ("made", "make"), ("paid", "pay"), ("payment", "pay"),
    ("people", "person"), ("said", "say"), ("sent", "send"), ("sold", "sell"), ("spoke", "speak"),
    ("spoken", "speak"), ("stole", "steal"), ("stolen", "steal"), ("told", "tell"),
    ("took", "take"), ("taken", "take"), ("licence", "license"), ("licences", "license"),
    ("cheque", "check"), ("centre", "center"), ("wrote", "write"), ("written", "write"),
];

/// The shortest base that takes `-ing` and `-ed`; `thing` is no form of `th`.
const SHORTEST: usize = 3;

/// Whether two words are forms of one: plural, `-s`, `-ed`, `-ing`, `-ly`, possessive (whose
/// apostrophe is gone by now).
pub(crate) fn same_word(said: &str, wanted: &str) -> bool {
    let base = |word: &str| IRREGULAR.iter().find(|(form, _)| *form == word).map(|(_, base)| *base);
    if base(said).is_some() && base(said) == base(wanted) {
        return true;
    }
    // `A redelivery`, `my recovery`: the noun of the verb.
    let noun = |noun: &str, verb: &str| {
        verb.len() > 5 && verb.ends_with("er") && noun.strip_suffix('y') == Some(verb)
    };
    if noun(said, wanted) || noun(wanted, said) {
        return true;
    }
    // `Rubbish gets collected` where its `collection` is offered; a direction is not direct.
    let action = |noun: &str, verb: &str| {
        let base = noun.strip_suffix("ion").unwrap_or_default();
        base.len() > 5
            && base != "direct"
            && (verb == base
                || verb.strip_prefix(base).is_some_and(|end| matches!(end, "s" | "ed" | "ing")))
    };
    if action(said, wanted) || action(wanted, said) {
        return true;
    }
    said == wanted || is_form_of(said, wanted) || is_form_of(wanted, said) || {
        // `billed` where `billing` is offered.
        let stem = |word: &str| {
            ["ing", "ed", "s"].iter().find_map(|end| word.strip_suffix(end)).map(str::to_owned)
        };
        match (stem(said), stem(wanted)) {
            (Some(a), Some(b)) => {
                a == b
                    && a.len() > SHORTEST
                    && !NO_INFLECTION.contains(&said)
                    && !NO_INFLECTION.contains(&wanted)
            }
            _ => false,
        }
    }
}

fn is_form_of(form: &str, base: &str) -> bool {
    if !form.is_ascii() || !base.is_ascii() || NO_INFLECTION.contains(&form) {
        return false;
    }
    if IRREGULAR.contains(&(form, base)) {
        return true;
    }
    if base.len() < SHORTEST || form.len() < base.len() {
        return false;
    }
    if let Some(tail) = form.strip_prefix(base) {
        return matches!(tail, "s" | "es" | "ed" | "ing")
            || (tail == "d" && base.ends_with('e'))
            || (tail == "ly" && base.len() > 4)
            || doubled(base, tail);
    }
    if let Some(stem) = base.strip_suffix('y') {
        return matches!(form.strip_prefix(stem), Some("ies" | "ied"));
    }
    if let Some(stem) = base.strip_suffix('e') {
        return stem.len() >= SHORTEST && form.strip_prefix(stem) == Some("ing");
    }
    false
}

/// `planning`, `planned`.
fn doubled(base: &str, tail: &str) -> bool {
    let Some(last) = base.chars().last() else { return false };
    !"aeiouywx".contains(last)
        && tail.strip_prefix(last).is_some_and(|rest| matches!(rest, "ing" | "ed"))
}

/// Whether the said word is the wanted one with a slip of the keyboard: two letters swapped, a
/// letter doubled or not, one vowel for another or left out. Other slips make other words too often
/// (`contact`, `contract`).
pub(crate) fn is_slip(said: &str, wanted: &str) -> bool {
    const LONG_ENOUGH: usize = 5;
    /// One vowel for another makes other words of shorter ones (`quite`, `quote`).
    const LONG_FOR_VOWELS: usize = 6;
    // Most words begin otherwise, which is told without taking them apart.
    if said.chars().next() != wanted.chars().next() {
        return false;
    }
    let (a, b): (Vec<char>, Vec<char>) = (said.chars().collect(), wanted.chars().collect());
    if b.len() < LONG_ENOUGH || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let vowel = |c: char| "aeiou".contains(c) && b.len() >= LONG_FOR_VOWELS;
    match a.len().cmp(&b.len()) {
        std::cmp::Ordering::Equal => {
            let Some((&x, &y)) = a.get(same).zip(b.get(same)) else { return false };
            let swapped = a.get(same + 1) == Some(&y)
                && b.get(same + 1) == Some(&x)
                && a[same + 2..] == b[same + 2..];
            swapped || (vowel(x) && vowel(y) && a[same + 1..] == b[same + 1..])
        }
        std::cmp::Ordering::Less => {
            let missing = b[same];
            a[same..] == b[same + 1..]
                && (vowel(missing) || b.get(same.wrapping_sub(1)) == Some(&missing))
        }
        std::cmp::Ordering::Greater => {
            let extra = a[same];
            a[same + 1..] == b[same..] && a.get(same.wrapping_sub(1)) == Some(&extra)
        }
    }
}

/// Words that are typed together most often.
#[rustfmt::skip]
const TYPED_TOGETHER: &[&str] = &[
    "i", "a", "an", "the", "my", "is", "are", "it", "its", "to", "of", "in", "on", "at", "for",
    "me", "we", "you", "and",
    "not", "no", "yes", "yeah", "yep", "please", "pls", "thanks", "want", "need", "can", "cant",
    "cannot", "do", "dont",
    "does", "have", "has", "get", "check", "change", "cancel", "book", "talk", "speak", "call",
    "send", "pay", "make", "that",
    "thats", "this", "right", "correct", "wrong", "down", "up", "out", "working", "work", "anything", "something",
    "everything", "else", "nothing", "would", "like", "will", "go", "ahead", "sure", "ok", "okay", "with", "about",
    "question", "problem", "help", "where", "wheres", "when", "what", "how", "order", "package",
    "number", "print", "server",
    "internet", "wifi", "bill", "room", "table", "card", "lost", "new", "address", "one", "two",
    "three", "option", "am", "im",
    "broken", "refund", "return", "account", "password", "connect", "login", "log",
];

/// A text that is one long word, with spaces where words of the table or known ones end:
/// `checkmybalance`. Two words make too many other words (`another`), so it takes three.
pub(crate) fn spaced(text: &str, known: impl Fn(&str) -> bool) -> Option<String> {
    const SHORTEST: usize = 8;
    const LONGEST: usize = 60;
    let word = text.trim().trim_end_matches(['.', '!', '?']).to_lowercase();
    if !(SHORTEST..=LONGEST).contains(&word.len()) || !word.bytes().all(|c| c.is_ascii_lowercase())
    {
        return None;
    }
    // The fewest words up to each place, and where the last of them begins.
    let mut best: Vec<Option<(usize, usize)>> = vec![None; word.len() + 1];
    best[0] = Some((0, 0));
    for end in 1..=word.len() {
        for begin in end.saturating_sub(14)..end {
            let Some((count, _)) = best[begin] else { continue };
            let piece = &word[begin..end];
            let fits = TYPED_TOGETHER.contains(&piece) || (piece.len() > 2 && known(piece));
            if fits && best[end].is_none_or(|(fewest, _)| count + 1 < fewest) {
                best[end] = Some((count + 1, begin));
            }
        }
    }
    let (count, _) = best[word.len()].filter(|(count, _)| *count > 2)?;
    let mut pieces = Vec::with_capacity(count);
    let mut end = word.len();
    while end > 0 {
        let (_, begin) = best[end]?;
        pieces.push(&word[begin..end]);
        end = begin;
    }
    pieces.reverse();
    Some(pieces.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_word_are_the_same() {
        for (said, wanted) in [
            ("bills", "bill"),
            ("billing", "bill"),
            ("bill", "billing"),
            ("billed", "billing"),
            ("emergencies", "emergency"),
            ("planned", "plan"),
            ("writing", "write"),
            ("paid", "pay"),
            ("urgently", "urgent"),
            ("sale", "sales"),
            ("agents", "agent"),
        ] {
            assert!(same_word(said, wanted), "{said} {wanted}");
        }
        for (said, wanted) in [
            ("reagent", "agent"),
            ("agency", "agent"),
            ("even", "evening"),
            ("new", "news"),
            ("billion", "bill"),
            ("now", "no"),
            ("customs", "custom"),
            ("thing", "th"),
        ] {
            assert!(!same_word(said, wanted), "{said} {wanted}");
        }
    }

    #[test]
    fn a_slip_is_no_other_word() {
        assert!(is_slip("emergancy", "emergency"));
        assert!(is_slip("outtage", "outage"));
        assert!(is_slip("refudn", "refund"));
        assert!(!is_slip("contact", "contract"));
        assert!(!is_slip("filling", "billing"));
    }
}
