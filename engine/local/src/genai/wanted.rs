//! What the caller wants to know, as words that an answer should say.

use std::collections::BTreeMap;

use crate::knowledge::terms;
use crate::text;

/// What the message before the last one counts beside it.
const CONTEXT_WEIGHT: f64 = 0.34;

/// The words of a question, each with its terms (Korean words are compared by pairs of syllables).
#[derive(Debug)]
pub(super) struct Wanted {
    words: Vec<Word>,
}

#[derive(Debug)]
struct Word {
    /// Term to its rarity among the passages at hand.
    terms: BTreeMap<String, f64>,
    /// 1, or less when it was said before.
    weight: f64,
}

impl Wanted {
    /// `passages`: the terms of each.
    pub(super) fn new(question: &str, before: Option<&str>, passages: &[Vec<String>]) -> Self {
        let mut words: Vec<Word> = Vec::new();
        let said = [(question, 1.0), (before.unwrap_or_default(), CONTEXT_WEIGHT)];
        for (text, weight) in said {
            for word in text::words(text) {
                let terms: BTreeMap<String, f64> = terms(&word)
                    .into_iter()
                    .map(|term| {
                        let rarity = rarity(&term, passages);
                        (term, rarity)
                    })
                    .collect();
                // The weight of now counts for a word that was said before, too.
                let known = words.iter().any(|known| known.terms.keys().eq(terms.keys()));
                if !terms.is_empty() && !known {
                    words.push(Word { terms, weight });
                }
            }
        }
        Self { words }
    }

    /// The share of the words that `said` has, 0 to 1; a word of which a part is said counts for
    /// that part.
    ///
    /// All words count alike, however rare: a word that no article has is more often another form
    /// of one that they have than the very point of the question, and what the articles are about
    /// was asked of the search.
    pub(super) fn coverage(&self, said: &[String]) -> f64 {
        let most: f64 = self.words.iter().map(|word| word.weight).sum();
        if most <= 0.0 {
            return 0.0;
        }
        let covered = self.words.iter().map(|word| {
            let having = word.terms.keys().filter(|term| said.contains(term)).count();
            word.weight * having as f64 / word.terms.len() as f64
        });
        covered.sum::<f64>() / most
    }

    /// How well `said` fits, beside others of the same passages: rare terms tell more. No unit.
    pub(super) fn score(&self, said: &[String]) -> f64 {
        let found = self.words.iter().map(|word| {
            let rarity: f64 =
                word.terms.iter().filter(|(term, _)| said.contains(term)).map(|(_, r)| r).sum();
            word.weight * rarity / word.terms.len() as f64
        });
        found.sum()
    }
}

/// What all passages say does not tell them apart.
fn rarity(term: &String, passages: &[Vec<String>]) -> f64 {
    let having = passages.iter().filter(|terms| terms.contains(term)).count();
    libm::log(1.0 + (passages.len() as f64 + 1.0) / (having as f64 + 0.5))
}
