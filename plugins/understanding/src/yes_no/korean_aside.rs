//! Korean eojeols that say nothing towards a yes or a no though their word would, and verbs that
//! refuse by their form.

use super::Says::{Hesitates, Neutral};
use super::korean_words::{Ends, KOREAN};
use super::{Says, Signal};
use crate::words::Utterance;

/// What an entry that ends with 요 says where it is typed with another ending: `그러세욤`.
pub(super) fn typed(eojeol: &str) -> Option<Says> {
    let stem = ["욤", "용", "여", "염", "욥", "욧", "유"]
        .iter()
        .find_map(|ending| eojeol.strip_suffix(ending))
        .filter(|stem| stem.chars().count() > 1)?;
    KOREAN
        .iter()
        .find(|(word, ends, _)| *ends == Ends::Here && word.strip_suffix('요') == Some(stem))
        .map(|(_, _, says)| *says)
}

/// What says nothing by itself, though its word would: a filler (`그 뭐야 …`), what somebody else
/// wanted (`남편이 뭘 물어봐서요 …`), what is over (`고민했는데 …`) and impatience
/// (`아까 말했잖아요 …`).
pub(super) fn set_apart(
    text: &Utterance,
    at: usize,
    start: usize,
    end: usize,
    last: Option<&Signal>,
) -> Option<Says> {
    const FILLERS: &[&str] =
        &["뭐야", "뭐지", "뭐랄까", "뭐라나", "뭐라그래", "뭐라하지", "뭐시냐", "뭐시기"];
    const SAID: &[&str] = &["말", "얘기", "이야기", "대답", "답"];
    const INSISTS: &[&str] = &["잖아요", "잖습니까", "잖아"];
    const CONSIDERED: &[&str] = &["고민", "망설", "긴가민가", "헷갈", "걱정"];
    const TURNS: &[&str] = &["는데", "는데요", "지만", "거든요", "다가", "더니"];
    const REASONS: &[&str] = &["서", "서요", "느라", "느라고", "느라고요", "길래", "길래요"];
    let flat = text.flat();
    let eojeol = &flat[start..end];
    let goes_on = end < flat.len() && !text.asks(at);
    let hesitates = last.is_some_and(|last| {
        matches!(&flat[last.from..last.to], "그" | "저" | "어" | "음" | "아" | "그게" | "저기")
    });
    if goes_on && hesitates && FILLERS.contains(&eojeol) {
        return Some(Hesitates);
    }
    if SAID.iter().any(|said| eojeol.starts_with(said))
        && INSISTS.iter().any(|insists| eojeol.ends_with(insists))
        && !["안", "못", "없", "아니"].iter().any(|no| eojeol.contains(no))
        && !text.asks(at)
    {
        return Some(Neutral);
    }
    let past = eojeol
        .chars()
        .any(|c| crate::korean::parts(c).is_some_and(|(_, _, trailing)| trailing == 20));
    if goes_on
        && past
        && CONSIDERED.iter().any(|verb| eojeol.starts_with(verb))
        && TURNS.iter().any(|turn| eojeol.ends_with(turn))
    {
        return Some(Says::Weak);
    }
    // Only a verb right after it, which gives a reason for what the caller was kept from.
    let next = text.eojeol_end(end.min(flat.len().saturating_sub(1)));
    let next = if flat.get(end..next).is_some_and(|verb| verb.ends_with("라고")) {
        text.eojeol_end(next.min(flat.len().saturating_sub(1)))
    } else {
        next
    };
    let verb = flat.get(end..next).unwrap_or_default();
    let asked = ["물어", "시켜", "달라", "해달", "찾", "가져", "부탁", "보여"]
        .iter()
        .any(|v| verb.starts_with(v));
    (goes_on
        && next < flat.len()
        && matches!(eojeol, "뭘" | "뭐" | "뭐를" | "뭐좀" | "누가" | "누굴")
        && asked
        && REASONS.iter().any(|reason| verb.ends_with(reason)))
    .then_some(Neutral)
}

/// `굳이 안 보내셔도 돼요`, `그날은 못 가요`: where it ends that what was asked about need not or
/// cannot be.
pub(super) fn need_not(text: &Utterance, start: usize, end: usize) -> Option<usize> {
    const ALLOWS: &[&str] = &["돼요", "됩니다", "되요", "될", "괜찮", "상관"];
    const UNABLE: &[&str] = &[
        "못가요",
        "못갑니다",
        "못갈것같",
        "못갈거같",
        "못가겠",
        "못나가요",
        "못와요",
        "못옵니다",
        "못가는데",
    ];
    let flat = text.flat();
    let eojeol = &flat[start..end];
    if flat[..start].ends_with(['은', '는', '엔', '땐'])
        && UNABLE.iter().any(|unable| flat[start..].starts_with(unable))
        && !text.asks(text.word_at(start))
    {
        return Some(if eojeol == "못" { text.eojeol_end(end) } else { end });
    }
    if end >= flat.len() {
        return None;
    }
    let to = text.eojeol_end(end);
    // `안 보내셔도 돼요`, with 안 apart or not.
    let verb_to = if eojeol == "안" { to } else { end };
    let allowed = eojeol.starts_with('안')
        && flat[..verb_to].ends_with("셔도")
        && verb_to < flat.len()
        && ALLOWS.iter().any(|allows| flat[verb_to..].starts_with(allows));
    let to = text.eojeol_end(verb_to.min(flat.len() - 1));
    let asks =
        ["나요", "까요", "습니까", "가요"].iter().any(|question| flat[..to].ends_with(question));
    (allowed && !asks && !text.asks(text.word_at(start))).then_some(to)
}

#[cfg(test)]
mod tests {
    use crate::{Outcome, YesNo, yes_no};

    #[test]
    fn fillers_interruptions_and_what_was_considered_take_no_yes_away() {
        for text in [
            "그 뭐야 네 맞아요",
            "남편이 뭘 물어봐서요 네네 그렇게 해 주세요",
            "망설였는데 그냥 할게요",
            "아까 말했잖아요 네 맞아요",
            "넹 그러세욤",
        ] {
            assert_eq!(yes_no(text).outcome, Outcome::One(YesNo::Yes), "{text}");
        }
        for text in ["뭐야 이거", "고민했는데 안 할게요", "고민 중이에요"] {
            assert_ne!(yes_no(text).outcome, Outcome::One(YesNo::Yes), "{text}");
        }
    }

    #[test]
    fn what_need_not_or_cannot_be_is_a_no() {
        for text in ["굳이 안 보내셔도 돼요", "네 안 해도 돼요", "그날은 못 가요"]
        {
            assert_eq!(yes_no(text).outcome, Outcome::One(YesNo::No), "{text}");
        }
    }
}
