//! What a designer should know about phrases.

use super::phrase::Phrase;
use crate::YesNo;
use crate::hold::holds;
use crate::words::Utterance;

/// Whether the text says the phrase, denied or not: how the checker finds a phrase in a project's
/// own sentences.
///
/// ```
/// use dialgraph_understanding::occurs_in;
///
/// assert!(occurs_in("장애", "긴급 장애는 1번입니다"));
/// assert!(!occurs_in("네", "네이버 계정"));
/// ```
pub fn occurs_in(phrase: &str, text: &str) -> bool {
    !Phrase::new(phrase).places(&Utterance::new(text), false).is_empty()
}

/// What a designer should know about a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhraseProblem {
    /// It has no letter or figure, and is never said.
    Empty,
    /// It is one syllable of Korean or one letter, and so is understood only as a word of its own.
    OneSyllable,
    /// It says hesitation, or asks for time, and does not choose.
    Hesitation,
    /// It is a plain yes or no, which `expects: yes_no` understands better.
    Answer(YesNo),
}

/// What is doubtful about a phrase by itself.
///
/// ```
/// use dialgraph_understanding::{PhraseProblem, phrase_problems};
///
/// assert_eq!(phrase_problems("차"), [PhraseProblem::OneSyllable]);
/// assert!(phrase_problems("장애").is_empty());
/// ```
pub fn phrase_problems(phrase: &str) -> Vec<PhraseProblem> {
    let text = Utterance::new(phrase);
    if text.is_empty() {
        return vec![PhraseProblem::Empty];
    }
    let mut problems = Vec::new();
    if text.flat().chars().count() == 1 {
        problems.push(PhraseProblem::OneSyllable);
    }
    if !holds(&text).is_empty() || text.words.iter().all(|word| crate::hold::is_filler(&word.text))
    {
        problems.push(PhraseProblem::Hesitation);
    }
    if let Some(answer) = crate::yes_no::plain_answer(&text) {
        problems.push(PhraseProblem::Answer(answer));
    }
    problems
}

/// How two phrases of different choices are in each other's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collision {
    /// Whoever says one has said the other.
    Same,
    /// The first stands within the second, which wins where it is said as a whole.
    FirstWithinSecond,
    SecondWithinFirst,
}

/// Whether two phrases of different choices collide.
///
/// ```
/// use dialgraph_understanding::{Collision, collides};
///
/// assert_eq!(collides("bill", "bills"), Some(Collision::Same));
/// assert_eq!(collides("요금", "요금 문의"), Some(Collision::FirstWithinSecond));
/// assert_eq!(collides("요금", "장애"), None);
/// ```
pub fn collides(first: &str, second: &str) -> Option<Collision> {
    match (occurs_in(first, second), occurs_in(second, first)) {
        (true, true) => Some(Collision::Same),
        (true, false) => Some(Collision::FirstWithinSecond),
        (false, true) => Some(Collision::SecondWithinFirst),
        (false, false) => None,
    }
}
