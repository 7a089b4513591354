//! Korean requests to go on with what was asked about: a manner (`그렇게`, `그대로`), a verb (`해`,
//! `진행하`) and one of the many endings of a request, in the speech of any age and region.

use super::Says;
use super::Says::{Right, Wrong};
use crate::words::Utterance;

#[rustfmt::skip]
const MANNERS: &[&str] = &[
    "그렇게", "그리", "그래", "그대로", "이대로", "그걸로", "그거로", "이걸로", "그것으로", "그거", "그걸", "이렇게", "말씀하신대로",
    "말씀대로", "아까처럼", "고대로", "고렇게", "그라고",
];
#[rustfmt::skip]
const BETWEEN: &[&str] = &["좀", "바로", "빨리", "얼른", "어서", "지금", "그냥", "꼭", "다"];
/// Verbs of going on; those after a manner may be any of an order.
const VERBS: &[&str] = &["진행", "처리", "진행을", "처리를", ""];
#[rustfmt::skip]
const ORDERED: &[&str] = &[
    "접수", "등록", "예약", "신청", "결제", "발송", "주문", "보내", "잡아", "넣어", "확정", "변경", "연결", "배송",
];
/// After `해` or the infinitive of another verb.
#[rustfmt::skip]
const AFTER_INFINITIVE: &[&str] = &[
    "주세요", "주세용", "주세여", "주세욤", "주셔요", "주십시오", "주십쇼", "주시오", "주시지요", "주시죠", "주이소", "주소", "주쇼",
    "주슈", "주라", "주라고", "주라고요", "주라니까요", "주삼", "주셈", "주시게", "줘", "줘요", "줘용", "줘여", "줘유", "줘라",
    "달라고", "달라고요", "달라구요", "달라니까", "달라니까요", "달라는거예요", "달라는거죠", "버려요", "버리세요", "요", "용", "유",
    "도돼요", "도됩니다", "도되요", "도좋아요", "도좋습니다", "주셔도돼요", "주셔도됩니다", "주셔도좋습니다", "주도록하세요",
    "주면돼요", "주면됩니다", "주면되지", "주면되죠", "줬으면해요", "줬으면합니다", "주셨으면해요", "주셨으면합니다", "봅시다", "보죠",
    "보세요", "드리세요",
];
/// After `하`.
#[rustfmt::skip]
const AFTER_STEM: &[&str] = &[
    "세요", "세용", "세여", "셔요", "십시오", "십쇼", "시오", "시죠", "시지요", "시게", "소", "쇼", "슈", "이소", "입시더", "자",
    "자고요", "자구요", "자니까요", "죠", "지요", "라고요", "라니까요", "겠습니다", "겠어요", "겠다고요", "겠다니까요", "시면돼요",
    "시면됩니다", "시면되요", "면돼요", "면됩니다", "면되겠네요", "면되죠", "셔도돼요", "셔도됩니다", "셔도좋습니다", "도록하죠",
    "도록하세요", "도록해요", "도록하겠습니다", "기로해요", "기로하죠", "기로할게요",
    "시면될것같아요", "시면될것같습니다", "시면될것같네요", "시면될거같아요", "시면되겠네요", "시면되겠습니다", "시면될듯해요",
    "면될것같아요", "면될것같습니다", "면될거같아요", "면되겠습니다",
];
/// After `주시면` and `주면`: it would be welcome.
#[rustfmt::skip]
const WELCOME: &[&str] = &["감사", "고맙", "고마", "좋", "되", "됩", "돼", "편하", "바랄", "원이없"];
#[rustfmt::skip]
const MORE: &[&str] = &[
    "저야", "나야", "저희야", "정말", "너무", "참", "진짜", "더", "훨씬", "제가", "저는", "저희는", "매우", "대단히", "무척", "딱",
    "더할나위없이",
];

/// What was asked about, ordered by its verb alone: `예약해 주세요`; where it ends.
pub(super) fn ordered(text: &Utterance, start: usize) -> Option<usize> {
    /// What can be agreed to; `변경해 주세요` asks for something else as often.
    const AGREED: &[&str] =
        &["예약", "접수", "신청", "등록", "결제", "발송", "주문", "확정", "배송"];
    let flat = text.flat();
    let verb = AGREED.iter().find(|verb| flat[start..].starts_with(**verb))?;
    let mut rest = &flat[start + verb.len()..];
    for between in ["을", "를", "좀", "바로", "그냥"] {
        rest = rest.strip_prefix(between).unwrap_or(rest);
    }
    let to = verbs(text, rest, false).into_iter().flatten().max().or_else(|| {
        let asked = [
            "할게요",
            "할께요",
            "하겠습니다",
            "할래요",
            "하겠어요",
            "부탁드려요",
            "부탁드립니다",
            "부탁드릴게요",
            "부탁해요",
            "부탁합니다",
        ];
        let asked = asked.iter().find_map(|asked| rest.strip_prefix(*asked))?;
        Some(flat.len() - asked.len()).filter(|to| text.is_eojeol_start(*to))
    })?;
    (!text.pause_between(start + 1, to - 1)).then_some(to)
}

/// The request that begins at a place, and where it ends.
pub(super) fn request(text: &Utterance, start: usize) -> Option<(Says, usize)> {
    let flat = text.flat();
    let rest = &flat[start..];
    let mut found = None;
    let manners = MANNERS.iter().filter_map(|manner| rest.strip_prefix(*manner));
    for (manner, after) in manners.map(|after| (true, after)).chain([(false, rest)]) {
        let mut after = after;
        while let Some(next) = BETWEEN
            .iter()
            .find_map(|word| after.strip_prefix(*word))
            .filter(|next| text.is_eojeol_start(flat.len() - next.len()))
        {
            after = next;
        }
        // `그대로 예약 넣어 주세요`: what is to be done, and its verb.
        if manner {
            const DEEDS: &[&str] = &["예약", "주문", "접수", "신청", "결제", "배송"];
            if let Some(next) = DEEDS.iter().find_map(|deed| after.strip_prefix(*deed)) {
                let next = ["을", "를", "으로", "로"]
                    .iter()
                    .find_map(|p| next.strip_prefix(p))
                    .unwrap_or(next);
                if ["넣어", "잡아", "보내", "진행"].iter().any(|verb| next.starts_with(verb))
                {
                    after = next;
                }
            }
        }
        let verb_at = flat.len() - after.len();
        if manner && !text.is_eojeol_start(verb_at) && !after.starts_with(['하', '해', '주']) {
            continue;
        }
        for end in verbs(text, after, manner).into_iter().flatten() {
            if found.is_none_or(|longest| end > longest) && !text.pause_between(start + 1, end - 1)
            {
                found = Some(end);
            }
        }
    }
    let to = found?;
    // `친구가 그렇게 해 달라고 했어요`: what another asked for.
    if flat[..to].ends_with('고')
        && ["했", "하", "해", "그", "말"].iter().any(|said| flat[to..].starts_with(said))
    {
        return None;
    }
    // `안 했으면 좋겠어요` is left to the table.
    let denied = ["안", "못"].iter().any(|no| flat[..start].ends_with(no));
    Some((if denied { Wrong } else { Right }, to))
}

/// Where a request ends whose verb begins with the text: by infinitive, by stem, and as something
/// welcome.
fn verbs(text: &Utterance, after: &str, manner: bool) -> [Option<usize>; 3] {
    let verbs = || VERBS.iter().chain(ORDERED.iter().filter(|_| manner));
    let infinitive = |after: &'static str, rest: &str| -> Option<usize> {
        let rest = rest.strip_prefix(after)?;
        Some(rest.len())
    };
    let flat = text.flat();
    let ends = |left: &str, endings: &[&str]| {
        endings
            .iter()
            .filter_map(|ending| left.strip_prefix(*ending))
            .map(|left| flat.len() - left.len())
            .filter(|to| text.is_eojeol_start(*to))
            .max()
    };
    let by_infinitive = verbs()
        .filter_map(|verb| {
            let left = after.strip_prefix(*verb)?;
            let with = infinitive("해", left).map(|left| &after[after.len() - left..]);
            let bare = matches!(*verb, "보내" | "잡아" | "넣어").then_some(left);
            with.or(bare)
        })
        .filter_map(|left| ends(left, AFTER_INFINITIVE).or_else(|| welcome(text, left)))
        .max();
    let by_stem = verbs()
        .filter_map(|verb| after.strip_prefix(*verb)?.strip_prefix('하'))
        .filter_map(|left| ends(left, AFTER_STEM))
        .max();
    let bare = if manner { welcome(text, after) } else { None };
    [by_infinitive, by_stem, bare]
}

/// `주시면 저야 고맙죠`, `주셨으면 좋겠어요`.
fn welcome(text: &Utterance, left: &str) -> Option<usize> {
    let flat = text.flat();
    let mut left = ["주시면", "주면", "주신다면", "주셨으면", "줬으면", "주심"]
        .iter()
        .find_map(|given| left.strip_prefix(*given))?;
    while let Some(next) = MORE.iter().find_map(|more| left.strip_prefix(*more)) {
        left = next;
    }
    if !WELCOME.iter().any(|welcome| left.starts_with(welcome)) {
        return None;
    }
    let to = text.eojeol_end(flat.len() - left.len());
    let asks = ["나요", "까요", "가요", "는데", "는데요", "지만", "니까"]
        .iter()
        .any(|ask| flat[..to].ends_with(ask));
    (!asks).then_some(to)
}

#[cfg(test)]
mod tests {
    use crate::{Outcome, YesNo, yes_no};

    #[test]
    fn a_request_to_go_on_is_a_yes_in_any_speech() {
        for text in [
            "그렇게 해 주시오",
            "예예 그리 하이소",
            "넹 그렇게 해 주세용",
            "그대로 진행해 주시면 감사하겠습니다",
            "그래 주시면 저야 고맙죠",
            "그렇게 해 달라니까요",
        ] {
            assert_eq!(yes_no(text).outcome, Outcome::One(YesNo::Yes), "{text}");
        }
    }

    #[test]
    fn a_request_for_something_else_is_no_yes() {
        for text in [
            "다른 걸로 해 주세요",
            "환불해 주세요",
            "그렇게 해 주시면 얼마예요",
            "그렇게 하지 마세요",
            "네 다른 번호로 보내 주세요",
        ] {
            assert_ne!(yes_no(text).outcome, Outcome::One(YesNo::Yes), "{text}");
        }
    }
}
