//! English words read as signals.

use super::Says::{Corrects, Doubt, Hesitates, Neutral, No, Other, Partial, Right, Wrong, Yes};
use super::constructions::construction;
use super::english_words::{ECHOES, ENGLISH};
use super::{Says, Signal};
use crate::hold::is_filler;
use crate::words::{Script, Utterance, begins};

/// The longest idiom that begins with the word and ends before `limit`.
fn idiom(text: &Utterance, at: usize, limit: usize) -> Option<(Says, usize)> {
    let first = text.words.get(at)?.text.as_str();
    let mut found: Option<(Says, usize)> = None;
    for (phrase, says) in ENGLISH {
        if begins(phrase, first)
            && let Some(end) = text.is_phrase_at(at, phrase)
            && end <= limit
            && found.is_none_or(|(_, longest)| end > longest)
            && (phrase.ends_with("why not")
                || phrase.starts_with("i guess so")
                || phrase.starts_with("i suppose so")
                || !(at + 1..end).any(|inner| text.words[inner].pause))
        {
            found = Some((*says, end));
        }
    }
    found
}

/// Reads an idiom or a word of English, and gives the word after it.
pub(super) fn english(text: &Utterance, at: usize, signals: &mut Vec<Signal>) -> usize {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let start = text.start(at);
    let first = word(at);
    let mut found = idiom(text, at, usize::MAX);
    // `I do not know`: an idiom that begins later and ends later holds, `do not know`.
    if let Some((_, end)) = found
        && let Some(inner) = (at + 1..end)
            .find(|inner| idiom(text, *inner, usize::MAX).is_some_and(|(_, later)| later > end))
    {
        found = idiom(text, at, inner);
    }
    if let Some((says, end)) = construction(text, at)
        && found.is_none_or(|(idiom, longest)| end > longest || (end == longest && idiom == Doubt))
    {
        signals.push(Signal { says, from: start, to: text.start(end) });
        return end;
    }
    let (mut says, mut end) = found.unwrap_or((Other, at + 1));
    // `I'm sure I don't want it`: sure of a no.
    if matches!(says, Doubt)
        && text.is_phrase_at(at, "i am sure") == Some(end)
        && let Some((Wrong, _)) = idiom(text, end, usize::MAX)
    {
        says = Neutral;
    }
    // `Yup, all good`; `I'm all good` declines, and `all good` alone may.
    if matches!(found, Some((Doubt, _)))
        && (first == "good" || text.is_phrase_at(at, "all good") == Some(end))
        && signals.last().is_some_and(|last| matches!(last.says, Yes | Right))
        && text.words.get(end).is_none_or(|next| {
            next.pause
                || matches!(
                    next.text.as_str(),
                    "thanks"
                        | "thank"
                        | "here"
                        | "mate"
                        | "cheers"
                        | "with"
                        | "on"
                        | "go"
                        | "book"
                        | "so"
                        | "yes"
                        | "please"
                        | "let"
                        | "send"
                        | "do"
                )
        })
    {
        says = Neutral;
    }
    // `no thats right` is no idiom; `no` before a noun that it counts is no answer.
    if let Some((_, echo)) = ECHOES
        .iter()
        .filter_map(|echo| Some((echo, text.is_phrase_at(at, echo)?)))
        .max_by_key(|(_, end)| *end)
    {
        let clause_begins = at == 0
            || text.words[at].pause
            || signals
                .iter()
                .all(|signal| matches!(signal.says, Yes | Right | Hesitates | Neutral));
        let clause_ends = text.words.get(echo).is_none_or(|word| word.pause)
            || matches!(word(echo), "thanks" | "please" | "indeed");
        if clause_begins && clause_ends && echo >= end {
            (says, end) = (Right, echo);
        }
    }
    // `That's right, isn't it`: a question.
    if at > 0
        && text.words[at].pause
        && text.is_phrase_at(at, "is not it") == Some(text.words.len())
    {
        signals.push(Signal { says: Doubt, from: start, to: text.flat().len() });
        return text.words.len();
    }
    // `Yes, no, wait, no`: the last word answers.
    if says == Corrects && end == text.words.len() && end > at + 1 && word(end - 1) == "no" {
        end -= 1;
    }
    if matches!(first, "not") && found.is_none_or(|(_, end)| end == at + 1) {
        (says, end) = (Wrong, at + 1);
        // What is denied says nothing more: `not a correct number`.
        while end < text.words.len()
            && end < at + 4
            && !text.words[end].pause
            && text.words[end].script == Script::Latin
            && !matches!(word(end), "so" | "but" | "because" | "yes" | "yeah" | "however")
        {
            end += 1;
        }
    }
    let before = at.checked_sub(1).map_or("", word);
    let replaces = signals.last().is_some_and(|last| last.says == Says::Replaces);
    if first == "no"
        && !replaces
        && end == at + 1
        && matches!(before, "have" | "is" | "are" | "got" | "with" | "there" | "see" | "has")
    {
        let agrees = matches!(
            word(at + 1),
            "problem"
                | "problems"
                | "objection"
                | "objections"
                | "issue"
                | "issues"
                | "doubt"
                | "doubts"
                | "complaints"
                | "errors"
                | "mistakes"
                | "mistake"
                | "changes"
                | "need"
                | "questions"
        );
        (says, end) = (if agrees { Neutral } else { Other }, at + 2);
    }
    // `That's correct only`: that, and nothing else.
    if first == "only"
        && end == text.words.len()
        && signals.last().is_some_and(|last| last.says == Right)
    {
        says = Neutral;
    }
    // `correct`, `right`, `sure`, `true`, `ok` before another word may be anything.
    if matches!(
        first,
        "right"
            | "correct"
            | "sure"
            | "true"
            | "confirm"
            | "k"
            | "ok"
            | "okay"
            | "certainly"
            | "definitely"
            | "absolutely"
            | "totally"
    ) && end == at + 1
    {
        let next = word(end);
        let free = next.is_empty()
            || text.words[end].pause
            || text.words[end].script != Script::Latin
            || is_filler(next)
            || ENGLISH.iter().any(|(phrase, says)| {
                !matches!(says, Doubt) && phrase.split(' ').next() == Some(next)
            });
        if !free && matches!(first, "right" | "correct") {
            // `Right number, wrong name`.
            says = Partial;
        } else if !free && matches!(first, "true" | "sure" | "confirm" | "k") {
            says = Doubt;
        }
        if first == "confirm" && matches!(next, "my" | "the" | "your" | "that" | "i" | "this") {
            says = Doubt;
        }
        if matches!(first, "definitely" | "absolutely" | "totally" | "certainly") && !free {
            says = Neutral;
        }
        if matches!(
            before,
            "am" | "are" | "you" | "quite" | "not" | "be" | "almost" | "half" | "if" | "to"
        ) && matches!(first, "sure" | "right" | "correct")
            && !(before == "am" && first == "correct")
            && !(before == "quite" && first != "sure")
        {
            says = Doubt;
        }
    }
    // `Spelled with a k`: a letter.
    if matches!(first, "k" | "y" | "n")
        && end == at + 1
        && at > 0
        && matches!(before, "a" | "an" | "with" | "letter" | "the" | "double" | "and" | "or")
    {
        says = Other;
    }
    if first == "not" && end > at + 1 && says == Wrong {
        signals.push(Signal { says, from: start, to: text.start(end) });
        return end;
    }
    if says == Other && crate::hold::is_drawn_out(first) {
        says = Hesitates;
    } else if says == Other
        && (["yes", "yeah", "yep"].iter().any(|word| drawn(first, word))
            || SWAPPED.iter().any(|word| is_swapped(first, word))
            || SLIPS.iter().any(|word| crate::english::is_slip(first, word)))
    {
        says = Yes;
    } else if says == Other
        && (["no", "nope"].iter().any(|word| drawn(first, word)) || is_swapped(first, "nope"))
    {
        says = No;
    }
    signals.push(Signal { says, from: start, to: text.start(end) });
    end
}

/// Answers that are typed with two letters swapped: `yeha`, `srue`.
const SWAPPED: &[&str] = &["yes", "yeah", "sure", "correct", "exactly"];

/// Longer answers, which stay themselves with any slip of the keyboard.
const SLIPS: &[&str] = &["correct", "exactly", "absolutely", "definitely", "certainly"];

fn is_swapped(said: &str, word: &str) -> bool {
    let (a, b) = (said.as_bytes(), word.as_bytes());
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    a.len() == b.len()
        && same + 1 < a.len()
        && a[same] == b[same + 1]
        && a[same + 1] == b[same]
        && a[same + 2..] == b[same + 2..]
}

/// `yesss`, `noooo`, `yeahhh`: the last letter drawn out.
fn drawn(word: &str, of: &str) -> bool {
    let last = of.chars().last();
    word.strip_prefix(of)
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| Some(c) == last))
}
