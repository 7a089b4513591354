//! What goes on from an answer that says by itself that it is so: `맞아요 영수증 보면서 얘기하는
//! 거예요`, `that's right, I wrote it down last week`.
//!
//! After `맞아요` and `that's correct` a statement tells how the caller knows. It must not
//! complain, tell one thing from another, ask or order: whatever does is something else than a yes.

use super::Says::{Hesitates, Neutral, Other, Right, Weak, Yes};
use super::agrees::{nothing_against, regards_another};
use super::{Signal, korean_along};
use crate::words::{Script, Utterance};

/// So many words tell how the caller knows.
const LONGEST: usize = 18;

/// Those that say of what stands before them that it is so.
const SAYS_SO: &[&str] = &["맞", "마자", "동의", "찬성"];
/// Korean answers that say that it is so, by their beginning.
#[rustfmt::skip]
const CONFIRMS: &[&str] = &[
    "맞", "마자", "그렇", "그럼요", "그럼은요", "그쵸", "그죠", "그치", "당연", "물론", "틀림", "정확", "확실", "말씀하신", "기여", "하모",
    "하무", "그라제", "그라믄", "암요", "여부가", "두말", "글치", "글쵸", "본인", "접니다", "제가본인", "내가본인", "저예요", "저에요", "제거", "제꺼", "동의",
    "틀린", "잘못된",
];
/// English ones.
#[rustfmt::skip]
const CONFIRMS_EN: &[&str] = &[
    "correct", "exactly", "precisely", "affirmative", "agreed", "confirmed", "thatisright", "thatiscorrect", "thatistrue",
    "thatisso", "thatisit", "thatisme", "thatismine", "thatisexactly", "thatisquite", "thatisabsolutely", "itisright",
    "itiscorrect", "itisme", "isright", "iscorrect", "arecorrect", "areright", "isperfectly", "istotally", "isabsolutely",
    "isexactly", "isspelled", "isspelt", "youareright", "youarecorrect", "yougotitright", "yougotit", "spoton", "absolutelyright",
    "thatismy", "itismy", "thisismy", "thatisthenumber", "thatistheaddress", "thatistheone", "quiteright", "exactlyright",
    "whati", "iconfirm", "icanconfirm", "thisishe", "thisisshe", "isaccurate", "isentirely", "iscompletely", "gotitright",
    "gotthatright", "everythingisright", "allcorrect", "yesitis", "yesthatis",
];
/// What begins a statement of how it is known.
#[rustfmt::skip]
const BEGINS: &[&str] = &[
    "i", "we", "my", "our", "it", "that", "this", "he", "she", "they", "you", "the", "since", "because", "here", "as", "and", "with", "still",
    "always", "same", "from", "for", "been", "just", "mine",
];

/// What was so once, by a part of the word.
#[rustfmt::skip]
const ONCE: &[&str] = &[
    "까지", "전에", "였어", "였습", "이었어", "이었습", "살았", "썼", "다녔", "였는데", "었었", "쓰던", "살던", "다니던", "그때",
];

/// What leaves open whether it is so, says that it is not, or was so once.
#[rustfmt::skip]
pub(super) const HEDGES: &[&str] = &[
    "far", "previous", "former", "formerly", "previously", "ex", "once", "new", "changed", "tenant", "used",
    "think", "believe", "reckon", "assume", "guess", "suppose", "presume", "imagine", "remember", "recall", "probably",
    "hopefully", "apparently", "supposedly", "opposite", "contrary", "reverse", "hate", "dislike", "refuse", "either", "both",
    "것같", "거같", "같아", "같은데", "같습", "듯", "아마", "글쎄", "싶은데", "반대", "정반대",
];

fn hedges(said: &str) -> bool {
    let english = said.is_ascii();
    HEDGES.iter().any(|hedge| if english { said == *hedge } else { said.starts_with(hedge) })
        || (!said.starts_with("지금까지") && ONCE.iter().any(|once| said.contains(once)))
}

/// Whether all that may be something else than a yes tells how the caller knows that it is so.
pub(super) fn tells_how(text: &Utterance, signals: &[Signal]) -> bool {
    let flat = text.flat();
    let said = |signal: &Signal| &flat[signal.from..signal.to];
    let plain = |signals: &[Signal]| {
        nothing_against(text, signals)
            && !signals.iter().any(|signal| hedges(said(signal)))
            && signals.iter().all(|signal| match signal.says {
                Other => !korean_along::restricts(said(signal)),
                Neutral | Right | Yes | Hesitates | Weak => true,
                _ => false,
            })
    };
    let Some(confirms) = signals.iter().position(|signal| {
        signal.says == Right
            && (CONFIRMS.iter().any(|so| said(signal).starts_with(so))
                || CONFIRMS_EN.iter().any(|so| said(signal).starts_with(so)))
    }) else {
        return false;
    };
    // `네 하나하나 확인했는데 맞습니다`: begins with a yes, and ends with it.
    let ends = signals.iter().rfind(|signal| signal.answers()).is_some_and(|last| {
        let own = said(last).starts_with("본인")
            && ["제가", "내가", "저는", "나는"].iter().any(|i| flat[..last.from].ends_with(i))
            || ["제가본인", "내가본인"].iter().any(|i| said(last).starts_with(i));
        last.says == Right && (own || SAYS_SO.iter().any(|so| said(last).starts_with(so)))
    });
    // `천천히 들었는데 다 맞아요`: how it was found.
    let found = ends
        && signals.iter().any(|signal| {
            signal.says == Weak
                && ["들었는데", "봤는데", "읽었는데", "확인했는데", "따져봤는데"]
                    .iter()
                    .any(|how| said(signal).ends_with(how))
        });
    if found && signals.len() <= LONGEST && plain(signals) {
        return true;
    }
    let agrees = signals.iter().find(|signal| !matches!(signal.says, Neutral | Hesitates | Weak));
    // `엄마가 동의합니다`: somebody else does.
    let another = signals.iter().any(|signal| {
        signal.says == Other
            && said(signal).ends_with(['이', '가'])
            && !["제가", "내가", "저희가", "우리가"].contains(&said(signal))
            && flat[signal.to..].starts_with("동의")
    });
    if ends
        && !another
        && agrees.is_some_and(|first| matches!(first.says, Yes | Right))
        && signals.len() <= LONGEST
        && plain(signals)
    {
        return true;
    }
    let Some(first) = (0..signals.len()).find(|at| regards_another(text, signals, *at)) else {
        return true;
    };
    let begin = signals[..first].iter().rposition(Signal::answers).map_or(0, |last| last + 1);
    let Some(begins) = signals.get(begin) else { return false };
    let korean =
        matches!(text.words[text.word_at(begins.from)].script, Script::Hangul | Script::Jamo);
    // `좋아요 수`, `that's right next door`: no statement.
    let states =
        korean || text.pause_between(begins.from, begins.from) || BEGINS.contains(&said(begins));
    first > confirms && states && signals.len() - begin <= LONGEST && plain(&signals[begin..])
}

#[cfg(test)]
mod tests {
    use crate::{Outcome, YesNo, yes_no};

    #[test]
    fn how_it_is_known_leaves_the_yes() {
        for text in [
            "그거 맞아요 영수증 보면서 얘기하는 거예요",
            "당연하죠 제가 직접 가입했는데요",
            "하이고 맞지요 내가 이십 년을 쓴 번호인데",
            "그렇습니다 제가 아이 보호자예요",
            "that's correct I wrote it on the form myself",
            "that's my address I grew up there",
        ] {
            assert_eq!(yes_no(text).outcome, Outcome::One(YesNo::Yes), "{text}");
        }
    }

    #[test]
    fn what_complains_asks_or_sets_apart_takes_it() {
        for text in [
            "맞아요 근데 번호가 바뀌었어요",
            "맞아요 8시로 해 주세요",
            "이름만 맞아요",
            "좋아요 눌렀어요",
            "that's right next door",
            "that's correct I moved last week",
            "that's right except the postcode",
        ] {
            assert_ne!(yes_no(text).outcome, Outcome::One(YesNo::Yes), "{text}");
        }
    }
}
