//! Company names: when two writings of one are the same, how alike two names are, and under what a
//! name is found among a million others.

mod index;
mod letters;
#[cfg(test)]
mod tests;

use self::letters::{sounds, written_alike};

pub use self::index::{index_entries, index_probes, index_probes_within, index_whole};

/// Legal forms as Korean companies put them before or after the name, longest first.
const KOREAN_FORMS: &[&str] = &[
    "유한책임회사",
    "주식회사",
    "유한회사",
    "합자회사",
    "합명회사",
    "사단법인",
    "재단법인",
    "의료법인",
    "학교법인",
];
/// As they stand in brackets; `㈜` and its like are these after normalisation.
const KOREAN_SHORT: &[&str] = &["(주)", "(유)", "(합)", "(사)", "(재)", "(의)", "(학)"];
/// As they stand last in names in Latin letters.
const LATIN_FORMS: &[&str] = &[
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "co",
    "company",
    "ltd",
    "limited",
    "llc",
    "llp",
    "plc",
    "gmbh",
    "ag",
    "sa",
    "bv",
    "kk",
    "pte",
    "pty",
];
/// What people say after a name when they introduce themselves; longest first.
const ENDINGS: &[&str] = &[
    "이라고합니다",
    "라고합니다",
    "이라고해요",
    "라고해요",
    "이거든요",
    "입니다만",
    "인데요",
    "입니다",
    "이에요",
    "이예요",
    "에요",
    "예요",
    "이요",
    "요",
];
/// What people say before it.
const BEGINNINGS: &[&str] = &[
    "여기는",
    "저희는",
    "저는",
    "여기",
    "thisis",
    "iamcallingfrom",
    "imcallingfrom",
    "imfrom",
    "its",
];

/// How alike two names must be to ask whether one was meant for the other.
const ALIKE: f64 = 0.7;

/// A name without what does not tell companies apart: legal form, spacing, case, punctuation, and
/// the way in which the letters are encoded. Empty when nothing is left.
pub fn normalised(name: &str) -> String {
    let mut text = written_alike(name);
    for form in KOREAN_SHORT {
        text = text.replace(form, " ");
    }
    let mut words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    // `A. B. C.` is `ABC`, and `L.L.C.` a legal form: single letters belong together.
    let joined;
    if words.iter().any(|word| word.len() == 1) {
        joined = join_letters(&words);
        words = joined.iter().map(String::as_str).collect();
    }
    while words.len() > 1 && words.last().is_some_and(|word| LATIN_FORMS.contains(word)) {
        words.pop();
    }
    let all = words.concat();
    let mut rest = all.as_str();
    while let Some(shorter) = KOREAN_FORMS
        .iter()
        .find_map(|form| rest.strip_prefix(form).or_else(|| rest.strip_suffix(form)))
        .filter(|shorter| !shorter.is_empty())
    {
        rest = shorter;
    }
    rest.to_owned()
}

fn join_letters(words: &[&str]) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    let mut in_letters = false;
    for word in words {
        let letter = word.len() == 1 && word.starts_with(|c: char| c.is_ascii_alphabetic());
        match joined.last_mut() {
            Some(last) if letter && in_letters => last.push_str(word),
            _ => joined.push((*word).to_owned()),
        }
        in_letters = letter;
    }
    joined
}

/// What may have been meant by words that were heard: the words themselves, and the words without
/// the phrases around a name. Normalised, the likeliest first.
pub fn readings(heard: &str) -> Vec<String> {
    let whole = normalised(heard);
    let mut readings = vec![whole.clone()];
    let beginnings = BEGINNINGS.iter().filter_map(|phrase| whole.strip_prefix(phrase));
    let starts: Vec<&str> = std::iter::once(whole.as_str()).chain(beginnings.take(1)).collect();
    for start in starts {
        let endings = ENDINGS.iter().filter_map(|phrase| start.strip_suffix(phrase));
        for reading in std::iter::once(start).chain(endings.take(1)) {
            // The legal form may have stood before the phrase.
            let reading = normalised(reading);
            if !reading.is_empty() && !readings.contains(&reading) {
                readings.push(reading);
            }
        }
    }
    readings.retain(|reading| !reading.is_empty());
    readings
}

/// How alike two normalised names are, 0 to 1; none when they are not alike enough to ask.
pub fn likeness(a: &str, b: &str) -> Option<f64> {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let (short_length, long_length) = (short.chars().count(), long.chars().count());
    if short_length < 2 {
        return None;
    }
    if long.contains(short) {
        // Lengths are those of names: the loss of precision begins beyond 2^52 characters.
        #[expect(clippy::cast_precision_loss, reason = "names are short")]
        let share = short_length as f64 / long_length as f64;
        return Some(0.8 + 0.2 * share);
    }
    Some(dice(&sounds(a), &sounds(b))).filter(|likeness| *likeness >= ALIKE)
}

/// Sørensen's and Dice's coefficient over pairs of neighbours, the ends included.
fn dice(a: &[char], b: &[char]) -> f64 {
    let pairs = |letters: &[char]| -> Vec<(char, char)> {
        let padded: Vec<char> = std::iter::once(' ')
            .chain(letters.iter().copied())
            .chain(std::iter::once(' '))
            .collect();
        padded.windows(2).map(|pair| (pair[0], pair[1])).collect()
    };
    let (first, mut second) = (pairs(a), pairs(b));
    let total = first.len() + second.len();
    let mut common = 0_usize;
    for pair in first {
        if let Some(at) = second.iter().position(|other| *other == pair) {
            second.swap_remove(at);
            common += 1;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "names are short")]
    let coefficient = 2.0 * common as f64 / total as f64;
    coefficient
}
