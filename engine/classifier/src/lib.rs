//! Tells which class a bag of features belongs to, with a confidence that means what it says:
//! TF-IDF, multinomial logistic regression, and a calibration learnt on samples that the classifier
//! had not seen.
//!
//! Why a crate of its own: training is a few hundred million multiplications at every start, which
//! must be optimised even in builds where nothing else is. Invariant: bit for bit the same on every
//! machine, from `f64` alone, one thread, a fixed order, and `exp` and `ln` from `libm` instead of
//! the system's mathematics library. It must not know of languages, intents or calls.

mod model;

pub use model::{Model, Sample, Verdict};

/// What the names of features begin with that are stems of words: the share of them that is known
/// is evidence.
pub const STEM: &str = "s:";
