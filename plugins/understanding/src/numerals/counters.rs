//! What Korean counts by, and what follows it.

use crate::words::Utterance;

/// Korean counters, longest first where one begins another.
#[rustfmt::skip]
const COUNTERS: &[&str] = &[
    "시간", "인분", "가지", "마리", "상자", "박스", "켤레", "그릇", "조각", "송이", "그루", "자리",
    "사람", "개월", "봉지", "군데", "퍼센트", "프로", "킬로그램", "킬로", "그램", "미터", "센티",
    "리터", "달러", "유로", "센트", "테이블", "컵", "사이즈", "식구", "차례", "건물", "묶음",
    "세트", "바퀴", "팩", "캔", "개", "명", "분", "잔", "병", "권", "장", "대", "살", "세", "번",
    "주", "달", "년", "원", "층", "호", "인", "박", "건", "곳", "통", "벌", "판", "줄", "쌍", "채",
    "척", "도", "평", "회", "석", "시", "월", "일", "초", "불", "엔", "배", "등", "위", "kg", "km",
    "cm", "g", "m", "%", "점", "조", "째", "배수", "알", "입", "장이", "모", "단", "냥", "근",
    "kg정도", "번째", "룸", "방", "자루", "부", "꾸러미", "접시", "다발", "필", "켤레", "모금", "봉", "쪽", "편", "끼", "매", "량",
];

/// Whether the place holds the particle 이 at the end of an eojeol and no two:
/// `요금이 만 원이에요`, `생일이 오월 오일`.
pub(crate) fn is_particle(text: &Utterance, place: usize) -> bool {
    let end = place + '이'.len_utf8();
    text.flat()[place..].starts_with('이')
        && !text.is_eojeol_start(place)
        && text.eojeol_end(place) == end
        && end < text.flat().len()
        && text.is_eojeol_start(end)
}

/// The counter at a place, and where it ends.
pub(crate) fn counter_at(text: &Utterance, at: usize) -> Option<(&'static str, usize)> {
    let rest = text.flat().get(at..)?;
    let end = text.eojeol_end(at.min(text.flat().len().saturating_sub(1)));
    COUNTERS.iter().filter(|counter| rest.starts_with(**counter)).find_map(|counter| {
        let to = at + counter.len();
        let tail = text.flat().get(to..end.max(to)).unwrap_or_default();
        // `하나 모두 세 명`: all of them.
        let all = *counter == "모" && tail.starts_with('두');
        ((tail.is_empty() || after_counter(tail)) && !all).then_some((*counter, to))
    })
}

/// What may follow a counter in its eojeol.
pub(crate) fn after_counter(tail: &str) -> bool {
    #[rustfmt::skip]
    const OPEN: &[&str] = &[
        "정도", "쯤", "경", "반", "짜리", "이서", "서", "전", "후", "뒤", "있다", "이따", "동안",
        "간", "안에", "이내", "넘", "이상", "예약", "주문", "부탁", "주세", "할게", "하고", "해주",
        "으로", "로", "에", "이요", "입니다", "이에요", "예요", "요", "인데", "이고", "이랑",
        "이나", "까지", "부터", "면", "갈", "가요", "왔", "올", "오전", "오후", "째", "씩", "만", "걸로",
        "거", "것", "를", "을", "이면", "되", "될", "돼", "십", "이십", "삼십", "사십", "오십",
        "육", "칠", "팔", "구", "일", "이", "삼", "사", "오", "아니", "말고", "한", "두", "세",
        "네", "열", "다섯", "여섯", "일곱", "여덟", "아홉", "맞",
    ];
    // `한 명 더`, which looks torn apart.
    tail == "더"
        || crate::korean::closes(tail)
        || OPEN.iter().any(|open| tail.starts_with(open))
        || tail.starts_with(|c: char| c.is_ascii_digit())
}
