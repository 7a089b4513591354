//! Korean questions and denials that say the contrary of their words.

use super::Says;
use super::Says::{Doubt, Neutral, Right, Wrong};
use crate::words::{Utterance, places_of};

/// Questions and denials that say the contrary of their words: `안 할 이유가 없죠`,
/// `싫을 리가 있나요`, `맞긴 뭐가 맞아요`.
pub(super) fn rhetorical(text: &Utterance, start: usize) -> Option<(Says, usize)> {
    /// So far, in bytes, the second half of the turn may stand.
    const REACH: usize = 36;
    let flat = text.flat();
    let mut limit = (start + REACH).min(flat.len());
    while !flat.is_char_boundary(limit) {
        limit -= 1;
    }
    let rest = &flat[start..limit];
    let denied = ["안", "못", "싫", "아닐", "아니", "틀", "거절", "거부", "반대", "마다"]
        .iter()
        .any(|no| rest.starts_with(no));
    let asks = |to: usize| {
        ["나요", "까요", "습니까", "가요", "는지"].iter().any(|ask| flat[..to].ends_with(ask))
            && !flat[..to].ends_with("니까요")
    };
    // `안 될 거 없죠`, `못 할 이유가 없어요`, `아닐 리가 없어요`.
    for nothing in [
        "거없",
        "것없",
        "게없",
        "건없",
        "것도없",
        "거도없",
        "이유가없",
        "이유없",
        "이유는없",
        "리가없",
        "리없",
        "까닭이없",
        "게뭐있",
        "거뭐있",
        "게뭐가있",
        "이유가뭐",
    ] {
        let Some(at) = places_of(rest, nothing).next() else { continue };
        let stem = &rest[..at];
        let to = text.eojeol_end(start + at + nothing.len() - 1);
        let future =
            stem.chars().last().and_then(crate::korean::parts).is_some_and(|(_, _, end)| end == 8);
        if !future || text.pause_between(start + 1, start + at) {
            continue;
        }
        // Whatever is said of more than the verb of the question is left to the words:
        // `안 보일 리 없는데`.
        let plain = [
            "안될",
            "안할",
            "못할",
            "싫을",
            "안맞을",
            "안좋을",
            "아닐",
            "틀릴",
            "싫어할",
            "안그럴",
            "거절할",
            "거부할",
            "반대할",
            "마다할",
            "안받을",
            "못그럴",
            "안갈",
        ]
        .contains(&stem);
        if plain {
            let says = if asks(to)
                || flat[..to].ends_with("는데")
                || flat[..to].ends_with("는데요")
                || flat[..to].ends_with("지만")
            {
                Doubt
            } else {
                Right
            };
            return Some((says, to));
        }
    }
    for there in
        ["리가있나요", "리가있겠어요", "리가있어요", "리가있습니까", "리가있겠습니까", "리가요"]
    {
        let Some(at) = places_of(rest, there).next() else { continue };
        let stem = &rest[..at];
        if stem.chars().count() < 5
            && stem.ends_with(|c| crate::korean::parts(c).is_some_and(|(_, _, end)| end == 8))
        {
            // `싫을 리가 있나요`: no dislike, and a yes only where one is said.
            return Some((if denied { Neutral } else { Wrong }, start + at + there.len()));
        }
    }
    // `안 그러면 전화를 왜 했겠어요`.
    for otherwise in ["안그러면", "안그럼", "아니면", "아님", "안그랬으면"] {
        if rest.starts_with(otherwise)
            && let Some(why) = flat[start..].find('왜')
            && let Some(would) = flat[start + why..].find("겠")
            && why + would < 80
            && !text.asks(text.word_at(start))
        {
            return Some((Says::Neutral, text.eojeol_end(start + why + would)));
        }
    }
    // `누가 그걸 하겠다고 했어요`, `제가 언제 그랬어요`: denies it.
    for who in ["누가", "제가언제", "내가언제", "언제제가", "누가언제"] {
        let Some(told) = rest.strip_prefix(who) else { continue };
        let Some((at, _)) = ["했어", "했습니까", "했대", "그랬", "했냐", "그래요", "그럽니까"]
            .iter()
            .filter_map(|told_at| told.find(told_at).map(|at| (at, told_at)))
            .min()
        else {
            continue;
        };
        let quoted = told[..at].ends_with("다고")
            || told[..at].ends_with("라고")
            || told[..at].ends_with("달라고");
        if quoted || (who != "누가" && at <= 12) {
            return Some((Wrong, text.eojeol_end(start + who.len() + at)));
        }
    }
    // `맞긴 뭐가 맞아요`.
    for however in ["긴뭐가", "긴뭘", "긴무슨", "기는뭐가", "기는뭘", "기는무슨", "긴개뿔"]
    {
        let Some(at) = places_of(rest, however).next() else { continue };
        let again = start + at + however.len();
        let stem = rest[..at].chars().next()?;
        if at <= 6 && again < flat.len() && flat[again..].starts_with(stem) {
            return Some((if denied { Doubt } else { Wrong }, text.eojeol_end(again)));
        }
    }
    None
}
