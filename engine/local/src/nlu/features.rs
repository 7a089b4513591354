//! From a sentence to what the classifier looks at.

use dialgraph_classifier::STEM;

use crate::text;

/// How much each kind of evidence counts before inverse document frequency.
const WORD: f64 = 1.0;
const PAIR: f64 = 0.7;
const LETTERS: f64 = 0.5;
const JAMO: f64 = 0.35;
const SLOT: f64 = 0.6;
/// What a word that any sentence may have counts beside one that says something.
const FUNCTION_WORD: f64 = 0.5;

/// Names and weights of the features of a sentence, unsorted and with repetitions.
///
/// Words and stems catch vocabulary, pairs of words catch order, runs of syllables or letters
/// inside words catch compounds and inflection, runs of jamo catch conjugation that changes a
/// syllable (`되` and `됐`), and the types of the slots found stand for values that no sample
/// utterance has.
pub(crate) fn features(sentence: &str, slot_types: &[&str]) -> Vec<(String, f64)> {
    let words = text::words(sentence);
    let mut out = Vec::with_capacity(words.len() * 16);
    for word in &words {
        let stem = text::stem(word);
        let weight = if text::is_function_word(word) { FUNCTION_WORD } else { 1.0 };
        let mut push = |name: String, kind: f64| out.push((name, kind * weight));
        push(format!("w:{word}"), WORD);
        push(format!("{STEM}{stem}"), WORD);
        let hangul = word.chars().any(text::is_hangul);
        let letters: Vec<char> = format!("^{word}$").chars().collect();
        let sizes = if hangul { 2..=3 } else { 3..=4 };
        for size in sizes {
            letters.windows(size).for_each(|run| push(run.iter().collect(), LETTERS));
        }
        if hangul {
            let mut jamo = vec!['^'];
            for c in word.chars() {
                match text::jamo(c) {
                    Some((first, middle, last)) => {
                        jamo.extend([first, middle].into_iter().chain(last));
                    }
                    None => jamo.push(c),
                }
            }
            jamo.windows(4).for_each(|run| push(run.iter().collect(), JAMO));
        }
    }
    for pair in words.windows(2) {
        out.push((format!("{} {}", text::stem(&pair[0]), text::stem(&pair[1])), PAIR));
    }
    out.extend(slot_types.iter().map(|name| (format!("slot:{name}"), SLOT)));
    out
}
