//! Korean clauses that go along with an answer: that nothing is amiss, that it is as was said, what
//! the caller still does, who it was that did it.

use super::Says::{Doubt, Neutral, Other, Partial, Right, Wrong, Yes};
use super::korean_words::DOUBTFUL_ENDINGS;
use super::{Says, Signal};
use crate::words::Utterance;

/// Endings that ask, of a whole eojeol.
const ASKS: &[&str] = &["나요", "까요", "까", "는지", "은지", "습니까", "가요", "냐", "니"];

fn asks(text: &Utterance, to: usize) -> bool {
    let flat = &text.flat()[..to];
    ASKS.iter().any(|ask| flat.ends_with(ask)) && !flat.ends_with("니까")
        || text.asks(text.word_at(to.saturating_sub(1)))
}

/// The clause that begins with the eojeol: what it says, and where it ends.
pub(super) fn clause(
    text: &Utterance,
    start: usize,
    end: usize,
    signals: &[Signal],
) -> Option<(Says, usize)> {
    nothing_amiss(text, start)
        .or_else(|| as_said(text, start))
        .or_else(|| still(text, start, end))
        .or_else(|| identifies(text, start, end, signals))
        .or_else(|| therefore(text, start, end))
        .or_else(|| may_do(text, start, end, signals))
        .or_else(|| was_about_to(text, start))
        .or_else(|| on_behalf(text, start, end))
        .or_else(|| not_that_day(text, start, end))
        .or_else(|| settled(text, start, end))
        .or_else(|| nobody_but_me(text, start, end))
        .or_else(|| where_to(text, start, end, signals))
}

/// `틀린 데가 하나도 없어요`, `고칠 부분은 딱히 없습니다`.
fn nothing_amiss(text: &Utterance, start: usize) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const AMISS: &[&str] = &["틀린", "잘못된", "고칠", "바꿀", "빠진", "수정할", "이상한", "문제될", "손볼", "걸리는", "틀리는", "어긋난", "빼먹은", "고쳐야할", "바꿔야할"];
    const THING: &[&str] = &[
        "데",
        "거",
        "것",
        "곳",
        "부분",
        "점",
        "글자",
        "게",
        "건",
        "사항",
        "내용",
        "구석",
        "만한게",
        "만한데",
    ];
    const AFTER: &[&str] = &["가", "이", "는", "은", "도", "라곤", "라고는"];
    const NONE: &[&str] = &[
        "하나도",
        "전혀",
        "아무것도",
        "딱히",
        "별로",
        "특별히",
        "한군데도",
        "아무데도",
        "한글자도",
        "하나",
        "진짜",
        "정말",
        "따로",
        "전부",
    ];
    let flat = text.flat();
    let mut rest = AMISS.iter().find_map(|amiss| flat[start..].strip_prefix(*amiss))?;
    rest = THING.iter().find_map(|thing| rest.strip_prefix(*thing))?;
    rest = AFTER.iter().find_map(|after| rest.strip_prefix(*after)).unwrap_or(rest);
    while let Some(next) = NONE.iter().find_map(|none| rest.strip_prefix(*none)) {
        rest = next;
    }
    let lacks = rest.strip_prefix("없")?;
    let to = text.eojeol_end(flat.len() - rest.len());
    let tail = &flat[flat.len() - lacks.len()..to];
    let says = if DOUBTFUL_ENDINGS.contains(&tail) || asks(text, to) {
        Doubt
    } else if tail.ends_with("는데") || tail.ends_with("지만") {
        Partial
    } else {
        Right
    };
    Some((says, to))
}

/// `말씀하신 대로입니다`, `적힌 그대로예요`.
fn as_said(text: &Utterance, start: usize) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const SAID: &[&str] = &[
        "말씀하신", "말씀주신", "말씀해주신", "말하신", "말한", "불러주신", "불러드린", "읽어주신", "읽으신", "적힌", "적어주신", "적혀있는", "등록된",
        "확인해주신", "확인하신", "얘기하신", "얘기한", "이야기하신", "아시는", "알고계신", "알고있는", "들으신", "보신", "보시는", "안내해주신", "나온",
        "나와있는", "거기적힌", "화면에나온", "신청한", "주문한", "예약한", "입력한", "입력하신",
    ];
    let flat = text.flat();
    let rest =
        SAID.iter().find_map(|said| flat[start..].strip_prefix(*said)).unwrap_or(&flat[start..]);
    let rest = rest.strip_prefix("그").unwrap_or(rest);
    let rest = rest.strip_prefix("것").unwrap_or(rest);
    let so = rest.strip_prefix("대로")?;
    let to = text.eojeol_end(flat.len() - so.len() - 1);
    let copula = &flat[flat.len() - so.len()..to];
    let is = matches!(
        copula,
        "입니다"
            | "이에요"
            | "예요"
            | "에요"
            | "네요"
            | "이네요"
            | "죠"
            | "이죠"
            | "지요"
            | "이오"
            | "구먼"
            | "네"
            | "야"
            | "이야"
            | "요"
            | "이요"
    );
    (is && !asks(text, to) && text.is_eojeol_start(start)).then_some((Right, to))
}

/// `아직 거기 살아요`, `여전히 그 번호 쓰고 있어요`: says so of what was asked, after a yes.
fn still(text: &Utterance, start: usize, end: usize) -> Option<(Says, usize)> {
    /// So many eojeols the clause has.
    const LONGEST: usize = 5;
    #[rustfmt::skip]
    const HERE: &[&str] = &["거기", "여기", "그", "이", "그거", "이거", "그번호", "그주소", "그집", "같은", "그대로", "그쪽", "거서", "그동네"];
    #[rustfmt::skip]
    const DOES: &[&str] = &["살", "써", "쓰", "씁", "쓴", "다니", "다녀", "다닙", "있", "근무", "일해", "일하", "일합", "이용", "사용", "거주", "머무"];
    let flat = text.flat();
    if !matches!(&flat[start..end], "아직" | "아직도" | "여전히" | "지금도" | "아직까지" | "계속")
    {
        return None;
    }
    let mut to = end;
    // `그 이메일 지금도 써요`.
    let before = text.word_at(start);
    let mut here = (before.saturating_sub(2)..before)
        .any(|at| matches!(text.words[at].text.as_str(), "그" | "이" | "거기" | "그거"));
    for _ in 0..LONGEST {
        if to >= flat.len() || text.pause_between(to, to) {
            return None;
        }
        let next = text.eojeol_end(to);
        let eojeol = &flat[to..next];
        let another = eojeol.ends_with(['이', '가'])
            && !["제가", "내가", "저희가", "우리가"].contains(&eojeol);
        if another || ["안", "못", "없", "않"].iter().any(|no| eojeol.contains(no)) {
            return None;
        }
        if here && DOES.iter().any(|does| eojeol.starts_with(does)) {
            let next = if eojeol.ends_with('고') && flat[next..].starts_with("있") {
                text.eojeol_end(next)
            } else {
                next
            };
            return (!asks(text, next) && !flat[..next].ends_with("는데"))
                .then_some((Neutral, next));
        }
        here |=
            HERE.iter().any(|here| eojeol.strip_prefix(here).is_some_and(crate::korean::closes));
        to = next;
    }
    None
}

/// `제가 신청한 거예요`, `바로 그 건이에요`, `내가 바로 그 사람이오`: says of what was asked
/// that it is the caller's. Alone it is no answer.
fn identifies(
    text: &Utterance,
    start: usize,
    end: usize,
    signals: &[Signal],
) -> Option<(Says, usize)> {
    /// So many eojeols the clause has.
    const LONGEST: usize = 8;
    #[rustfmt::skip]
    const BEGINS: &[&str] = &["제가", "내가", "지가", "저희가", "우리가", "제", "내", "저희", "우리", "바로", "어제", "아까", "방금", "지난주에", "엊그제", "며칠전에"];
    #[rustfmt::skip]
    const THINGS: &[&str] = &["거", "것", "건", "꺼", "번호", "계정", "주소", "이름", "사람", "본인", "예약", "주문", "카드", "집", "메일", "이메일", "전화번호", "그사람", "그건", "그거", "계좌", "차", "하나"];
    #[rustfmt::skip]
    const IS: &[&str] = &[
        "이에요", "예요", "에요", "이예요", "입니다", "이요", "요", "이오", "여", "여요", "유", "이유", "야", "이야", "이죠", "죠", "이지요", "지요", "이거든요", "거든요",
        "인데요", "라예", "랑께요", "라니까요", "라요", "이구먼", "구먼요", "지", "이지", "네요", "이네요",
    ];
    #[rustfmt::skip]
    const SMALL: &[&str] = &[
        "직접", "바로", "그", "이", "어제", "아까", "방금", "대신", "계속", "지금", "쭉", "매일", "늘", "여기", "거기", "저번에", "지난번에",
        "쓰고", "사용하고", "가지고", "등록해", "제가", "내가", "오전에", "오후에", "아침에", "명의로", "이름으로", "앞으로", "그거", "인터넷으로", "앱으로", "전화로", "어저께",
    ];
    let flat = text.flat();
    let answered = signals.iter().any(|signal| matches!(signal.says, Yes | Right));
    if !answered || !BEGINS.contains(&&flat[start..end]) {
        return None;
    }
    let mut from = start;
    let mut to = end;
    for at in 0..LONGEST {
        let eojeol = &flat[from..to];
        let last = THINGS
            .iter()
            .find_map(|thing| eojeol.strip_prefix(*thing))
            .filter(|is| IS.contains(is));
        if at > 0 && last.is_some() {
            let says = if eojeol.starts_with("본인") { Right } else { Neutral };
            return (!asks(text, to)).then_some((says, to));
        }
        let relative = if eojeol.ends_with('던') {
            did_once(eojeol)
        } else {
            eojeol
                .chars()
                .last()
                .and_then(crate::korean::parts)
                .is_some_and(|(_, _, end)| matches!(end, 4 | 8))
        };
        let topic = ["은", "는", "건"].iter().any(|topic| eojeol.ends_with(topic))
            && !eojeol.ends_with("하는")
            && !eojeol.ends_with("쓰는")
            && !eojeol.ends_with("있는")
            && !eojeol.ends_with("받은");
        let small = SMALL.contains(&eojeol) || BEGINS.contains(&eojeol);
        let amiss = [
            "취소", "안", "못", "없", "아니", "바꾸", "바꿔", "변경", "고장", "잘못", "다른",
            "예전", "옛날",
        ]
        .iter()
        .any(|no| eojeol.contains(no));
        if amiss
            || topic
            || !(relative
                || small
                || (at > 0
                    && THINGS.iter().any(|thing| {
                        eojeol.strip_prefix(thing).is_some_and(|p| matches!(p, "을" | "를" | ""))
                    })))
        {
            return None;
        }
        if to >= flat.len() || text.pause_between(to, to) {
            return None;
        }
        (from, to) = (to, text.eojeol_end(to));
    }
    None
}

/// `전화드렸던`, and not `쓰던`, which is over.
fn did_once(eojeol: &str) -> bool {
    eojeol.strip_suffix('던').is_some_and(|verb| {
        crate::korean::is_past(verb)
            && !["썼", "살았", "다녔", "있었"].iter().any(|over| verb.ends_with(over))
    })
}

/// `요금 때문에 그래요`, `귀가 어두워서 그래요`: the reason, and no answer.
fn therefore(text: &Utterance, start: usize, end: usize) -> Option<(Says, usize)> {
    let flat = text.flat();
    let so = matches!(
        &flat[start..end],
        "그래요"
            | "그래"
            | "그럽니다"
            | "그래서요"
            | "그러는데요"
            | "그런데요"
            | "그렇습니다"
            | "그런거예요"
            | "그러죠"
    );
    let why = [
        "때문에",
        "때메",
        "땜에",
        "라서",
        "해서",
        "어서",
        "아서",
        "워서",
        "져서",
        "느라",
        "여서",
        "와서",
    ]
    .iter()
    .any(|why| flat[..start].ends_with(why));
    (so && why).then_some((Neutral, end))
}

/// `네 그 주소로 보내시면 됩니다`, `네 하셔도 돼요`: lets what was asked about be done.
fn may_do(text: &Utterance, start: usize, end: usize, signals: &[Signal]) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const DONE: &[&str] = &[
        "보내", "연락", "진행", "예약", "접수", "등록", "신청", "결제", "처리", "전화", "발송", "배송", "넣어", "잡아", "그렇게", "오", "가져오", "갖다", "주",
        "넣", "잡", "입금", "송금", "이체", "청구", "부치", "해", "하", "그러", "출금", "인출",
    ];
    const LETS: &[&str] = &["되", "돼", "됩", "될", "좋", "괜찮"];
    let flat = text.flat();
    let eojeol = &flat[start..end];
    let answered = signals.iter().any(|signal| matches!(signal.says, Yes | Right))
        || eojeol.starts_with("그러");
    let verb = ["하시면", "하셔도", "시면", "셔도", "으시면", "으셔도", "하면", "면"]
        .iter()
        .find_map(|may| eojeol.strip_suffix(may))?;
    // `네 녹음하셔도 돼요`: whatever was asked for is allowed.
    let allowed = eojeol.ends_with("하셔도")
        && !["취소", "안", "못", "변경", "해지"].iter().any(|no| eojeol.contains(no));
    if !answered || end >= flat.len() || !(allowed || DONE.contains(&verb)) || eojeol == "그러면"
    {
        return None;
    }
    let to = text.eojeol_end(end);
    let lets = LETS.iter().any(|lets| flat[end..].starts_with(lets));
    let set_apart = ["는데", "지만", "는데요"].iter().any(|but| flat[..to].ends_with(but));
    (lets && !asks(text, to) && !set_apart).then_some((Right, to))
}

/// `안 그래도 부탁드리려고 했어요`: it was wished for before it was asked.
fn was_about_to(text: &Utterance, start: usize) -> Option<(Says, usize)> {
    const WISHED: &[&str] = &[
        "부탁",
        "신청",
        "예약",
        "연락",
        "하",
        "그러",
        "결제",
        "주문",
        "말씀",
        "전화",
        "해달라",
        "여쭤",
        "그거",
    ];
    let flat = text.flat();
    let rest = ["안그래도", "안그래두", "그렇지않아도", "그러잖아도"]
        .iter()
        .find_map(|so| flat[start..].strip_prefix(*so))?;
    let from = flat.len() - rest.len();
    if from >= flat.len() || !WISHED.iter().any(|verb| rest.starts_with(verb)) {
        return None;
    }
    let mut to = from;
    for _ in 0..3 {
        if to >= flat.len() {
            return None;
        }
        let end = text.eojeol_end(to);
        let eojeol = &flat[to..end];
        if ["려고", "려던", "려고요", "려구"].iter().any(|wish| eojeol.ends_with(wish)) {
            let said = end < flat.len()
                && ["했", "하던", "하고있", "전화", "참", "연락", "그랬"]
                    .iter()
                    .any(|verb| flat[end..].starts_with(verb));
            let to = if said { text.eojeol_end(end) } else { end };
            let but =
                ["는데", "지만", "는데요", "다가"].iter().any(|but| flat[..to].ends_with(but));
            return (!but && !asks(text, to)).then_some((Right, to));
        }
        to = end;
    }
    None
}

/// `며느리가 대신 신청해 준 건데`, `어머니 대신 전화한 거라`: who did it for whom.
fn on_behalf(text: &Utterance, start: usize, end: usize) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const DID: &[&str] = &["전화", "신청", "예약", "주문", "연락", "받", "가입", "접수", "말", "물어", "결제", "걸", "해", "문의", "확인", "등록"];
    let flat = text.flat();
    (&flat[start..end] == "대신"
        && start > 0
        && end < flat.len()
        && DID.iter().any(|did| flat[end..].starts_with(did)))
    .then_some((Other, end))
}

/// `그날은 힘들어요`, `그 시간에는 곤란합니다`.
fn not_that_day(text: &Utterance, start: usize, end: usize) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const WHEN: &[&str] = &["그날은", "그때는", "시간은", "시간에는", "날은", "날엔", "시간엔", "날에는", "요일은", "요일엔", "그땐", "그건", "그거는", "그날엔", "날짜는"];
    const HARD: &[&str] = &["힘들", "어려", "어렵", "곤란", "불가능", "무리"];
    let flat = text.flat();
    let when = WHEN.iter().any(|when| flat[..start].ends_with(when));
    let hard = HARD.iter().any(|hard| flat[start..end].starts_with(hard));
    let eased =
        ["지않", "진않", "지는않", "지만", "면"].iter().any(|not| flat[start..].contains(not));
    (when && hard && !eased && !asks(text, end)).then_some((Wrong, end))
}

/// `집사람하고도 얘기 다 됐어요`: it is settled, and nothing is declined.
fn settled(text: &Utterance, start: usize, end: usize) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const NOUNS: &[&str] = &["얘기", "이야기", "준비", "확인", "합의", "정리", "결정", "의논", "상의", "얘기가", "준비가", "확인이", "합의가", "결정이", "말", "말이"];
    let flat = text.flat();
    let done =
        ["됐어요", "됐습니다", "됐고요", "됐어", "됐으니까", "됐으니"].contains(&&flat[start..end]);
    let before = flat[..start].strip_suffix('다').unwrap_or(&flat[..start]);
    if done && NOUNS.iter().any(|noun| before.ends_with(noun)) {
        return Some((Neutral, end));
    }
    // `집사람하고도 얘기 다 됐어요`: with whom.
    let with = ["하고도", "이랑도", "랑도", "한테도", "하고", "이랑", "랑", "와도", "과도"]
        .iter()
        .any(|with| flat[start..end].ends_with(with));
    let rest = flat.get(end..)?;
    let settles = NOUNS.iter().find_map(|noun| rest.strip_prefix(*noun))?;
    let settles = settles.strip_prefix('다').unwrap_or(settles);
    let to = text.eojeol_end(flat.len() - settles.len());
    let over = ["됐", "했", "끝났", "끝냈"].iter().any(|over| settles.starts_with(over));
    let plain = flat[..to].ends_with("어요") || flat[..to].ends_with("습니다");
    (with && over && plain && !asks(text, to)).then_some((Neutral, to))
}

/// `저 말고는 쓰는 사람 없어요`: the caller alone.
fn nobody_but_me(text: &Utterance, start: usize, end: usize) -> Option<(Says, usize)> {
    /// So many eojeols the clause has.
    const LONGEST: usize = 5;
    let flat = text.flat();
    if !["저", "나", "저희", "우리", "제", "저말고는", "나말고는"].contains(&&flat[start..end])
        || end >= flat.len()
    {
        return None;
    }
    let mut to = end;
    if !flat[start..end].contains("말고") {
        let next = text.eojeol_end(end);
        if !["말고", "말고는", "외에", "외에는", "빼고", "빼고는", "밖에"]
            .contains(&&flat[end..next])
        {
            return None;
        }
        to = next;
    }
    for _ in 0..LONGEST {
        if to >= flat.len() || text.pause_between(to, to) {
            return None;
        }
        let next = text.eojeol_end(to);
        let eojeol = &flat[to..next];
        if eojeol.starts_with('없') || (eojeol.starts_with('안') && eojeol.ends_with('요')) {
            return (!asks(text, next)).then_some((Neutral, next));
        }
        to = next;
    }
    None
}

/// `네 환불은 그 계좌로 …`: what is to go to the place that was asked about.
fn where_to(
    text: &Utterance,
    start: usize,
    end: usize,
    signals: &[Signal],
) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const GOES: &[&str] = &["환불", "입금", "배송", "연락", "결제", "청구서", "영수증", "답변", "문자", "메일", "안내", "택배", "전화", "알림"];
    let flat = text.flat();
    let noun = flat[start..end].strip_suffix(['은', '는'])?;
    let next = flat.get(end..text.eojeol_end(end.min(flat.len().saturating_sub(1))))?;
    let there = matches!(next, "그" | "이" | "거기로" | "그쪽으로" | "그리로")
        || next.strip_prefix('그').is_some_and(|noun| noun.ends_with('로'));
    let answered = signals.iter().any(|signal| matches!(signal.says, Yes | Right));
    (GOES.contains(&noun) && there && answered).then_some((Neutral, end))
}

/// `이름만`, `주소는`: says it of one of several.
pub(super) fn restricts(said: &str) -> bool {
    (said.ends_with('만') && said.chars().count() > 2)
        || said.ends_with("까지는")
        || said.ends_with("까지만")
}

#[cfg(test)]
mod tests {
    use crate::{Outcome, YesNo, yes_no};

    #[test]
    fn clauses_that_go_along_with_a_yes_leave_it() {
        for text in [
            "틀린 데가 하나도 없어요",
            "고칠 부분 딱히 없습니다",
            "말씀하신 대로입니다",
            "네 아직 거기 살아요",
            "네 어제 제가 전화드렸던 바로 그 건이에요",
            "내가 바로 그 사람이오 맞소",
            "네 그 주소로 보내시면 됩니다",
            "네 그러셔도 됩니다",
            "안 그래도 부탁드리려고 했어요 해 주세요",
            "네 우리 며느리가 대신 신청해 준 건데 제 거 맞아요",
        ] {
            assert_eq!(yes_no(text).outcome, Outcome::One(YesNo::Yes), "{text}");
        }
    }

    #[test]
    fn clauses_of_something_else_are_no_yes() {
        for text in [
            "틀린 데가 없나요",
            "틀린 데는 없는데",
            "제가 신청한 거예요",
            "네 제가 시킨 건 파란 거예요",
            "네 아직 거기 안 살아요",
            "어디로 보내시면 되나요",
            "요금 때문에 그래요",
            "그날은 힘들어요 다른 날로 해 주세요",
        ] {
            assert_ne!(yes_no(text).outcome, Outcome::One(YesNo::Yes), "{text}");
        }
    }
}
