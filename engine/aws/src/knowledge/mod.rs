//! Articles found by their words and by their meaning: the local index beside vectors from Bedrock.
//!
//! **Ranking.** Both ways rank the passages of the base in the call's language; the ranks are
//! joined by reciprocal rank fusion (`1 / (60 + rank)`, summed), which needs no common scale. A
//! passage takes part by its words if the local index finds it, and by its meaning if it is at
//! least [`LEAST_SIMILARITY`] like the question. Equal sums are ordered by score, then by id: the
//! same texts and vectors give the same answer.
//!
//! **Score.** What a plugin compares with its threshold must have a meaning that a sum of ranks has
//! not. It is the better of two shares: the words of the question that the passage says (the local
//! score), and how far the similarity lies between what unlike texts have and what a text has with
//! its own question (`closeness`).
//!
//! **Never waited for.** Passages are embedded in the background when a release is made, and kept
//! in the store by what they say: a restart or a changed article embeds what is new, and processes
//! that share a store share them. Until a base is ready, and whenever the question cannot be
//! embedded in time, the words alone answer.

mod vectors;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::knowledge::{Passage, Query};
use dialgraph_kernel::provider::{Caller, Knowledge};
use dialgraph_local::knowledge::{DEFAULT_BASE, LocalKnowledge, MAX_PASSAGES};

use crate::bedrock::embed::Titan;
pub use vectors::Vectors;

/// Cosine below which a passage has nothing to do with a question.
pub const LEAST_SIMILARITY: f32 = 0.2;

/// Cosine from which on a passage is as good as an answer.
const FULL_SIMILARITY: f32 = 0.7;

/// What keeps first places from counting for everything; the usual constant:
/// <https://plg.uwaterloo.ca/~gvcormac/cormacksigir09-rrf.pdf>.
const RANK_OFFSET: f64 = 60.0;

/// Searches the articles of one release.
#[derive(Debug)]
pub struct Hybrid {
    local: Arc<LocalKnowledge>,
    titan: Titan,
    /// Base and language to its passages.
    shelves: BTreeMap<(String, String), Shelf>,
    limit: Duration,
}

/// The passages of a base in one language.
#[derive(Debug)]
struct Shelf {
    passages: Vec<Passage>,
    vectors: vectors::Wanted,
}

impl Hybrid {
    /// `limit`: how long a question may take to be embedded. Passages whose vectors are not known
    /// are embedded in the background, on the runtime in which this is called.
    pub fn new(local: Arc<LocalKnowledge>, vectors: &Arc<Vectors>, limit: Duration) -> Self {
        let mut shelves = BTreeMap::new();
        for (base, locale, passages) in local.shelves() {
            let texts = passages.iter().map(said).collect();
            let shelf = Shelf { vectors: vectors.want(texts), passages };
            shelves.insert((base.to_owned(), locale.to_owned()), shelf);
        }
        Self { local, titan: vectors.titan().clone(), shelves, limit }
    }

    /// Whether all articles can be found by their meaning.
    pub fn is_ready(&self) -> bool {
        self.shelves.values().all(|shelf| shelf.vectors.ready().is_some())
    }
}

/// What of a passage is embedded.
fn said(passage: &Passage) -> String {
    format!("{}\n{}", passage.title, passage.text)
}

#[async_trait]
impl Knowledge for Hybrid {
    async fn search(&self, caller: &Caller, query: &Query) -> Result<Vec<Passage>, HostError> {
        // Asked for as many as it gives: a passage may rank low by its words and high by its
        // meaning.
        let wide = Query { limit: MAX_PASSAGES, ..query.clone() };
        let limit = match query.limit {
            0 => return self.local.search(caller, query).await,
            limit if limit > MAX_PASSAGES => return self.local.search(caller, query).await,
            limit => limit as usize,
        };
        let by_words = self.local.search(caller, &wide).await?;
        let base = query.base.as_deref().unwrap_or(DEFAULT_BASE);
        let place = (base.to_owned(), caller.locale.to_string());
        let shelf = self.shelves.get(&place);
        let ready = shelf.and_then(|shelf| Some((shelf, shelf.vectors.ready()?)));
        let by_meaning = match ready {
            None => Vec::new(),
            Some((shelf, vectors)) => match self.titan.embed(&query.text, self.limit).await {
                Ok(question) => nearest(shelf, vectors, &question),
                Err(failure) => {
                    tracing::warn!(%failure, "articles are searched by their words alone");
                    Vec::new()
                }
            },
        };
        let mut found = fuse(by_words, by_meaning);
        found.truncate(limit);
        Ok(found)
    }
}

/// Passages that are like the question, the likest first, scored by [`closeness`].
fn nearest(shelf: &Shelf, vectors: &[Option<Arc<[f32]>>], question: &[f32]) -> Vec<Passage> {
    let mut found: Vec<(f32, &Passage)> = shelf
        .passages
        .iter()
        .zip(vectors)
        .filter_map(|(passage, vector)| Some((cosine(vector.as_ref()?, question), passage)))
        .filter(|(similarity, _)| *similarity >= LEAST_SIMILARITY)
        .collect();
    found.sort_by(|(a, left), (b, right)| b.total_cmp(a).then_with(|| left.id.cmp(&right.id)));
    found.truncate(MAX_PASSAGES as usize);
    found
        .into_iter()
        .map(|(similarity, passage)| Passage { score: closeness(similarity), ..passage.clone() })
        .collect()
}

/// Of two vectors of length 1.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Where a similarity lies between [`LEAST_SIMILARITY`] (0) and that of a text with its own
/// question (1), with four digits, as the local score has.
fn closeness(similarity: f32) -> f64 {
    let share = (similarity - LEAST_SIMILARITY) / (FULL_SIMILARITY - LEAST_SIMILARITY);
    (f64::from(share.clamp(0.0, 1.0)) * 10_000.0).round() / 10_000.0
}

fn fuse(by_words: Vec<Passage>, by_meaning: Vec<Passage>) -> Vec<Passage> {
    let mut found: HashMap<String, (f64, Passage)> = HashMap::new();
    for ranking in [by_words, by_meaning] {
        for (rank, passage) in ranking.into_iter().enumerate() {
            let worth = 1.0 / (RANK_OFFSET + rank as f64 + 1.0);
            match found.get_mut(&passage.id) {
                Some((sum, known)) => {
                    *sum += worth;
                    known.score = known.score.max(passage.score);
                }
                None => {
                    found.insert(passage.id.clone(), (worth, passage));
                }
            }
        }
    }
    let mut found: Vec<(f64, Passage)> = found.into_values().collect();
    found.sort_by(|(a, left), (b, right)| {
        b.total_cmp(a)
            .then_with(|| right.score.total_cmp(&left.score))
            .then_with(|| left.id.cmp(&right.id))
    });
    found.into_iter().map(|(_, passage)| passage).collect()
}

#[cfg(test)]
mod tests;
