//! Whether the caller says yes or no.
//!
//! A wrong yes verifies an account or orders what nobody wanted, so whatever is doubtful is
//! neither: a question (`네?`), a greeting (`네 여보세요`), a guess (`아마요`, `maybe`), a *yes*
//! with a *but*, a *no* that goes on with agreement (`no, that's right`), and words that decline as
//! often as they agree (`괜찮아요`, `I'm fine`, `no problem`). A yes is taken only where everything
//! else that was said agrees with it, see [`agrees`].

mod agrees;
mod along;
mod assent;
mod constructions;
mod elaborates;
mod english;
mod english_words;
mod korean;
mod korean_along;
mod korean_aside;
mod korean_words;
mod requests;
mod rhetoric;
mod turns;

use crate::hold::{holds, is_filler};
use crate::words::{Script, Utterance};
use crate::{Outcome, Understood, Why};

/// The answer to a question for yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YesNo {
    Yes,
    No,
}

/// What a stretch of words says towards a yes or a no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// `네`, `yes`: an answer that can also be a greeting or a sign of listening.
    Yes,
    /// `맞아요`, `that's right`: says that it is so.
    Right,
    /// `아니요`, `no`.
    No,
    /// `틀렸어요`, `that's not right`: says that it is not so.
    Wrong,
    /// A guess, a question, a *but*: no yes can be taken from the answer.
    Doubt,
    /// `거의`, `half right`: no yes, and a no where a *wrong* follows.
    Partial,
    /// `안녕하세요`, `I guess so`: takes the yes from a bare `네` but not from `네 맞아요`.
    Weak,
    /// `I mean`, `아니 잘못 말했어요`: what follows replaces what came before.
    Corrects,
    /// `what I said was`: whatever was said before it counts no more, where an answer is next.
    Replaces,
    /// Says nothing about it, and takes nothing away.
    Neutral,
    Hesitates,
    /// Words that are not known here.
    Other,
}

use Says::{Corrects, Doubt, Hesitates, No, Other, Partial, Right, Wrong, Yes};

#[derive(Clone, Copy, Debug)]
struct Signal {
    says: Says,
    from: usize,
    to: usize,
}

impl Signal {
    /// Whether it is an answer rather than something that goes with one.
    fn answers(&self) -> bool {
        matches!(self.says, Yes | Right | No | Wrong)
    }
}

/// Whether the caller says yes or no.
///
/// ```
/// use dialgraph_understanding::{Outcome, YesNo, yes_no};
///
/// assert_eq!(yes_no("네, 맞습니다").outcome, Outcome::One(YesNo::Yes));
/// assert_eq!(yes_no("No, that's not right").outcome, Outcome::One(YesNo::No));
/// assert_eq!(yes_no("어 잘 모르겠는데요").outcome, Outcome::Nothing);
/// assert_eq!(yes_no("네 잠깐만요").outcome, Outcome::Hold);
/// assert_eq!(yes_no("음…").outcome, Outcome::Hesitation);
/// ```
pub fn yes_no(text: &str) -> Understood<YesNo> {
    let spaced = crate::english::spaced(text, |_| false);
    of(&Utterance::new(spaced.as_deref().unwrap_or(text)))
}

pub(crate) fn of(text: &Utterance) -> Understood<YesNo> {
    decide(text, signals(text))
}

/// The answer where what stands at the places agrees: phrases that a designer has written for the
/// yes.
pub(crate) fn agreeing(text: &Utterance, places: &[(usize, usize)]) -> Understood<YesNo> {
    let mut signals = signals(text);
    for (from, to) in places {
        let (from, to) = (*from, text.eojeol_end(to - 1));
        let at = signals.partition_point(|signal| signal.from < from);
        signals.retain(|signal| signal.to <= from || signal.from >= to);
        let at = at.min(signals.partition_point(|signal| signal.from < from));
        let says = if constructions::goes_elsewhere(text, text.word_at(to - 1) + 1) {
            Other
        } else {
            Right
        };
        signals.insert(at, Signal { says, from, to });
    }
    decide(text, signals)
}

fn decide(text: &Utterance, mut signals: Vec<Signal>) -> Understood<YesNo> {
    asked_first(text, &mut signals);
    turns::reported(text, &mut signals);
    let held = holds(text);
    let mut why = Why::default();
    let last_answer = signals.iter().rfind(|signal| signal.answers());
    // `네 잠깐만요` asks for time; `wait, no` answers.
    if let Some((from, to)) = held.last()
        && last_answer
            .is_none_or(|answer| answer.from < *to && !(answer.from >= *from && answer.to > *to))
    {
        why.set_aside.push(text.shown(*from, *to));
        why.notes.push("asks for time".to_owned());
        return Understood::new(Outcome::Hold, why);
    }
    signals
        .retain(|signal| !held.iter().any(|(from, to)| *from <= signal.from && signal.from < *to));
    let without = if held.is_empty() { Outcome::Nothing } else { Outcome::Hold };
    if let Some(asked) = question_by_order(text)
        && !signals.is_empty()
    {
        why.notes.push(format!("“{asked} …” asks"));
        return Understood::new(without, why);
    }
    if let Some(doubt) = signals.iter().find(|signal| {
        signal.says == Doubt || (signal.answers() && text.asks(text.word_at(signal.from)))
    }) {
        if let Some(refusals) = turns::refuses(text, &signals).filter(|_| held.is_empty()) {
            why.matched =
                refusals.iter().map(|signal| text.shown(signal.from, signal.to)).collect();
            return Understood::new(Outcome::One(YesNo::No), why);
        }
        if let Some((from, to)) = held.last() {
            why.set_aside.push(text.shown(*from, *to));
        }
        why.notes.push(format!("“{}” leaves it in doubt", text.shown(doubt.from, doubt.to)));
        return Understood::new(without, why);
    }
    if let Some(both) = neither(text) {
        why.notes.push(format!("“{both}” denies both"));
        return Understood::new(without, why);
    }
    take_back(text, &mut signals, &mut why);
    drop_denied(text, &mut signals);
    let shown = |signal: &Signal| text.shown(signal.from, signal.to);
    let all = |wanted: &dyn Fn(Says) -> bool| -> Vec<Signal> {
        signals.iter().copied().filter(|signal| wanted(signal.says)).collect()
    };
    let yes = all(&|says| matches!(says, Yes | Right));
    let no = all(&|says| matches!(says, No | Wrong));
    let last = signals.iter().rfind(|signal| signal.answers()).map(|signal| signal.says);
    why.set_aside = all(&|says| says == Hesitates).iter().map(shown).collect();
    if let Some(partial) = signals.iter().find(|signal| signal.says == Partial) {
        let bare = yes.iter().any(|signal| signal.says == Yes);
        why.notes.push(format!("“{}” is not all of it", shown(partial)));
        if matches!(last, Some(No | Wrong)) && !bare {
            why.matched = no.iter().map(shown).collect();
            return Understood::new(Outcome::One(YesNo::No), why);
        }
        return Understood::new(Outcome::Nothing, why);
    }
    match (yes.is_empty(), no.is_empty()) {
        (false, true) => match agrees::objection(text, &signals) {
            Some(objection) => {
                why.notes.push(format!("“{}” may be something else than a yes", shown(&objection)));
                Understood::new(Outcome::Nothing, why)
            }
            None => {
                why.matched = yes.iter().map(shown).collect();
                Understood::new(Outcome::One(YesNo::Yes), why)
            }
        },
        (true, false) => {
            why.matched = no.iter().map(shown).collect();
            Understood::new(Outcome::One(YesNo::No), why)
        }
        (false, false) => {
            why.matched = signals.iter().filter(|signal| signal.answers()).map(shown).collect();
            // `네 아니 틀려요`: the last word says that it is not so.
            if last == Some(Wrong) {
                return Understood::new(Outcome::One(YesNo::No), why);
            }
            if turns::only_instead(text, &signals) {
                return Understood::new(Outcome::One(YesNo::No), why);
            }
            // `Right, no`: a sign of listening, and then the answer.
            let listens = |signal: &Signal| {
                matches!(&text.flat()[signal.from..signal.to], "right" | "okay" | "ok")
            };
            let answer = signals.iter().rfind(|signal| signal.answers());
            if last == Some(No)
                && yes.iter().all(listens)
                && yes.iter().all(|yes| no.iter().all(|no| yes.from < no.from))
                && answer.is_some_and(|no| text.pause_between(no.from, no.from))
            {
                return Understood::new(Outcome::One(YesNo::No), why);
            }
            // `네 말씀은 잘 들었는데요 안 할게요`: listens, and declines with the verb.
            let declines = answer.is_some_and(|no| {
                let said = &text.flat()[no.from..no.to];
                last == Some(No) && ["안", "사양", "패스"].iter().any(|verb| said.starts_with(verb))
            });
            if declines
                && yes.iter().all(|yes| yes.says == Yes && no.iter().all(|no| yes.from < no.from))
            {
                return Understood::new(Outcome::One(YesNo::No), why);
            }
            why.notes.push("both a yes and a no".to_owned());
            Understood::new(Outcome::Several(vec![YesNo::Yes, YesNo::No]), why)
        }
        (true, true) => {
            if let Some(fine) = lets_it_be(text, &signals) {
                why.matched = vec![shown(&fine)];
                return Understood::new(Outcome::One(YesNo::Yes), why);
            }
            let hesitates = !signals.is_empty()
                && signals.iter().all(|signal| matches!(signal.says, Hesitates))
                || (!text.is_empty() && text.words.iter().all(|word| is_filler(&word.text)));
            let outcome = if hesitates { Outcome::Hesitation } else { Outcome::Nothing };
            Understood::new(outcome, why)
        }
    }
}

/// `That's fine`, with nothing beside it.
fn lets_it_be(text: &Utterance, signals: &[Signal]) -> Option<Signal> {
    let fine = |signal: &Signal| {
        signal.says == Says::Weak
            && ["thatisfine", "thatsfine", "thatisfinewithme", "thatisfinebyme"]
                .contains(&&text.flat()[signal.from..signal.to])
    };
    let first = signals.iter().copied().find(fine)?;
    signals
        .iter()
        .all(|signal| fine(signal) || matches!(signal.says, Says::Neutral | Hesitates))
        .then_some(first)
}

/// `네? 아니요`: what was asked back first says nothing, where a no of its own follows.
fn asked_first(text: &Utterance, signals: &mut Vec<Signal>) {
    let Some(first) = signals.first().copied().filter(|first| first.says == Yes) else { return };
    let sentence = |signal: &Signal| text.words[text.word_at(signal.from)].sentence;
    let asked = text.asks(text.word_at(first.from))
        && signals.iter().filter(|signal| sentence(signal) == sentence(&first)).count() == 1;
    let rest = &signals[1..];
    let denied = rest.iter().any(|signal| matches!(signal.says, No | Wrong))
        && !rest.iter().any(|signal| matches!(signal.says, Yes | Right | Doubt));
    if asked && denied {
        signals.remove(0);
    }
}

/// `싫은 건 아닌데 좋은 것도 아니에요`: neither.
fn neither(text: &Utterance) -> Option<String> {
    let flat = text.flat();
    let first = ["아닌데", "아니고", "아니지만", "않은데", "않지만", "아닌데요", "아니에요"]
        .iter()
        .filter_map(|no| flat.find(no).map(|at| at + no.len()))
        .min()?;
    ["것도아니", "것도아닙", "것도아닌", "거도아니", "거도아닌", "거도아닙", "것도않"]
        .iter()
        .filter_map(|no| flat[first..].find(no).map(|at| (first + at, first + at + no.len())))
        .min()
        .map(|(from, to)| text.shown(from, to))
}

/// What a correction replaces says nothing any more.
fn take_back(text: &Utterance, signals: &mut Vec<Signal>, why: &mut Why) {
    if let Some(mistaken) = turns::mistook(text, signals) {
        signals.drain(..mistaken);
    }
    let after = |at: usize| signals[at + 1..].iter().find(|signal| signal.answers());
    let before = |at: usize| signals[..at].iter().rfind(|signal| signal.answers());
    let spoken = |signal: &Signal| &text.flat()[signal.from..signal.to];
    let last_answer = signals.iter().rposition(Signal::answers);
    let first_no = signals.iter().position(|signal| signal.says == No);
    let cue = signals.iter().enumerate().rposition(|(at, signal)| match signal.says {
        Corrects => last_answer.is_some_and(|last| last > at),
        // `Yep, oh, no`, `맞아요 아 아니에요`: a start of surprise between two answers.
        Hesitates => {
            signals.get(at + 1).is_some_and(|next| matches!(next.says, No | Wrong))
                && matches!(spoken(signal), "oh" | "ah" | "아" | "어" | "앗" | "어라")
                && before(at).is_some_and(|answer| matches!(answer.says, Yes | Right))
        }
        // `No no, you're right`, `아니 네 맞네요`: gives in.
        Right => {
            // `Oh no that's fine, go ahead`.
            let goes_on =
                matches!(
                    spoken(signal),
                    "goahead" | "pleasedo" | "pleasegoahead" | "proceed" | "carryon"
                ) && signals[first_no.unwrap_or(at)..at].iter().any(|weak| weak.says == Says::Weak);
            // `아니 맞아요 맞아요`, `아니 그게 아니라 네 맞다고요`.
            let really = at.checked_sub(1).is_some_and(|before| {
                matches!(spoken(&signals[before]), "진짜" | "정말" | "글쎄" | "분명히" | "확실히")
            });
            let insists = spoken(signal).starts_with('맞')
                && (really || after(at).is_some_and(|again| again.says == Right));
            let taken_down = spoken(signal).starts_with("you")
                && ["right", "correct", "correctly", "perfectly"]
                    .iter()
                    .any(|well| spoken(signal).ends_with(well));
            // `아니 틀린 데 없어요 다 맞아요`.
            let nothing_wrong = ["틀린", "잘못된", "고칠", "바꿀", "빠진", "수정할"]
                .iter()
                .any(|thing| spoken(signal).starts_with(thing))
                && spoken(signal).contains('없')
                && after(at).is_some_and(|again| again.says == Right);
            let gives_in = taken_down
                || nothing_wrong
                || ["다니까요", "다니까", "다고요", "다구요"]
                    .iter()
                    .any(|insists| spoken(signal).ends_with(insists))
                || goes_on
                || insists
                || ((before(at).is_some_and(|answer| answer.says == Yes)
                    || after(at).is_some_and(|answer| answer.says == Yes))
                    && spoken(signal).starts_with('맞'));
            gives_in
                && first_no.is_some_and(|no| no < at)
                && !signals[..at].iter().any(|answer| {
                    matches!(answer.says, Wrong | Right) && !spoken(answer).starts_with("그게아니")
                })
                && after(at).is_none_or(|answer| matches!(answer.says, Yes | Right))
                && signals[..at].iter().filter(|answer| answer.says == No).all(|no| {
                    matches!(spoken(no), "아니" | "아니아니" | "아아니" | "no" | "nono" | "nonono")
                        || (nothing_wrong && matches!(spoken(no), "아니요" | "아뇨" | "아니오"))
                })
        }
        _ => false,
    });
    let Some(cue) = cue else { return };
    let kept = usize::from(signals[cue].says != Right);
    let end = cue + kept;
    for replaced in signals.drain(..end).filter(Signal::answers) {
        why.notes.push(format!("“{}” is taken back", text.shown(replaced.from, replaced.to)));
    }
}

/// `I do not think that's right`: what is denied says nothing.
fn drop_denied(text: &Utterance, signals: &mut Vec<Signal>) {
    let mut denied = Vec::new();
    for (at, signal) in signals.iter().enumerate() {
        if signal.says != Wrong || text.words[text.word_at(signal.from)].script != Script::Latin {
            continue;
        }
        let next = signals[at + 1..]
            .iter()
            .take(4)
            .take_while(|next| matches!(next.says, Says::Neutral | Other | Right | Yes))
            .position(|next| matches!(next.says, Right | Yes));
        if let Some(next) = next.map(|next| at + 1 + next)
            && !text.pause_between(signal.to, signals[next].from)
        {
            denied.push(next);
        }
    }
    denied.dedup();
    for at in denied.into_iter().rev() {
        signals.remove(at);
    }
}

/// A question that a recogniser wrote without its mark: `is the number right`.
fn question_by_order(text: &Utterance) -> Option<String> {
    #[rustfmt::skip]
    const VERBS: &[&str] = &[
        "is", "are", "does", "was", "were", "has", "did", "should", "can", "could", "would",
        "will", "am", "do", "have", "may", "shall",
    ];
    #[rustfmt::skip]
    const SUBJECTS: &[&str] = &[
        "the", "that", "this", "it", "i", "you", "he", "she", "they", "we", "my", "your", "there",
        "everything", "all", "someone", "anyone", "somebody", "anybody",
    ];
    let mut words =
        text.words.iter().map(|word| word.text.as_str()).skip_while(|word| is_filler(word));
    let (first, second) = (words.next()?, words.next()?);
    let ordered = first == "do" && matches!(second, "it" | "that" | "this" | "the" | "all");
    let offered = (0..text.words.len()).any(|at| constructions::accepts(text, at).is_some());
    (!offered && VERBS.contains(&first) && SUBJECTS.contains(&second) && !ordered)
        .then(|| format!("{first} {second}"))
}

/// The answer that a phrase is, with nothing else in it: `네 맞아요`, but not `접속이 안 돼요`.
pub(crate) fn plain_answer(text: &Utterance) -> Option<YesNo> {
    // `Book it` orders as a phrase of a choice, too.
    if constructions::is_order(text) {
        return None;
    }
    let plain = signals(text).iter().all(|signal| !matches!(signal.says, Other | Doubt));
    of(text).value().copied().filter(|_| plain)
}

fn signals(text: &Utterance) -> Vec<Signal> {
    let mut signals = Vec::new();
    let mut at = 0;
    while at < text.words.len() {
        let before = at;
        match text.words[at].script {
            Script::Hangul | Script::Jamo => at = korean::korean(text, at, &mut signals),
            Script::Latin | Script::Symbol | Script::Figure => {
                at = english::english(text, at, &mut signals);
            }
        }
        if at <= before {
            at = before + 1;
        }
    }
    signals
}

#[cfg(test)]
mod tests;
