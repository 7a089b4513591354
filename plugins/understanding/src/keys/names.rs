//! How keys are named, and the words that go with a key and are none.

use crate::table::{Table, table};

pub(super) const FRAME_TABLE: Table = table!(FRAME);
pub(super) const DIGIT_TAILS_TABLE: Table = table!(DIGIT_TAILS);

/// Names of keys without a figure, longest first.
#[rustfmt::skip]
pub(super) const NAMED: &[(&str, char)] = &[
    ("별표", '*'), ("별 표", '*'), ("별", '*'), ("스타", '*'), ("star", '*'), ("asterisk", '*'),
    ("*", '*'), ("★", '*'), ("☆", '*'), ("⭐", '*'), ("우물정자", '#'), ("우물정", '#'),
    ("우물 정자", '#'), ("우물 정", '#'), ("샵", '#'), ("샾", '#'), ("해시", '#'), ("pound", '#'),
    ("hash", '#'), ("hashtag", '#'), ("sharp", '#'), ("#", '#'), ("♯", '#'),
];

/// Korean digits as the name of a key.
#[rustfmt::skip]
pub(super) const DIGITS_KO: &[(&str, char)] = &[
    ("일", '1'), ("이", '2'), ("삼", '3'), ("사", '4'), ("오", '5'), ("육", '6'), ("륙", '6'),
    ("칠", '7'), ("팔", '8'), ("구", '9'), ("영", '0'), ("공", '0'), ("제로", '0'), ("빵", '0'),
];
#[rustfmt::skip]
pub(super) const NATIVE_KO: &[(&str, char)] = &[
    ("하나", '1'), ("둘", '2'), ("셋", '3'), ("넷", '4'), ("다섯", '5'), ("여섯", '6'),
    ("일곱", '7'), ("여덟", '8'), ("아홉", '9'), ("원", '1'), ("투", '2'), ("쓰리", '3'),
];
#[rustfmt::skip]
pub(super) const ORDINALS_KO: &[(&str, char)] = &[
    ("첫번째", '1'), ("첫째", '1'), ("첫번", '1'), ("처음거", '1'), ("처음꺼", '1'),
    ("처음것", '1'), ("맨처음", '1'), ("맨위", '1'), ("두번째", '2'), ("둘째", '2'),
    ("세번째", '3'), ("셋째", '3'), ("네번째", '4'), ("넷째", '4'), ("다섯번째", '5'),
    ("다섯째", '5'), ("여섯번째", '6'), ("일곱번째", '7'), ("여덟번째", '8'), ("아홉번째", '9'),
];
#[rustfmt::skip]
pub(super) const ORDINALS: &[(&str, char)] = &[
    ("first", '1'), ("1st", '1'), ("second", '2'), ("2nd", '2'), ("third", '3'), ("3rd", '3'),
    ("fourth", '4'), ("4th", '4'), ("fifth", '5'), ("sixth", '6'), ("seventh", '7'),
    ("eighth", '8'), ("ninth", '9'),
];

/// What may follow a digit in its eojeol where the digit is the answer.
#[rustfmt::skip]
const DIGIT_TAILS: &[&str] = &[
    "", "요", "이요", "여", "이여", "용", "이용", "예요", "에요", "이예요", "이에요", "입니다",
    "로", "으로", "로요", "으로요", "을", "를", "임", "이다", "인데요", "이고요", "이구요", "이야",
    "다", "가아니라", "말고", "말고요", "이아니라", "아니고", "이아니고", "누를게요", "눌렀어요",
    "누름", "선택", "선택할게요", "이랑", "이나", "나", "랑", "하고", "로할게요", "으로할게요",
    "로해주세요", "으로해주세요", "선택이요", "요청", "부탁드려요", "부탁합니다", "아니",
];

/// After `N번` these count times or name something else: `3번이나 전화했어요`, `1번 서버`.
#[rustfmt::skip]
pub(super) const NO_KEY_TAILS: &[&str] = &[
    "이나", "정도", "넘게", "이상", "째", "쯤", "출구", "서버", "방", "국", "버스", "채널", "라인",
    "전화", "했", "씩", "만에", "지", "호", "포트", "도", "까지",
];
#[rustfmt::skip]
pub(super) const NO_KEY_NEXT: &[&str] = &[
    "전화했", "전화를했", "전화드렸", "했", "연락", "넘", "이상", "정도", "출구", "게이트", "서버",
    "버스", "채널", "라인", "포트", "이나", "더", "째", "시도", "물어", "걸었", "말했", "재부팅",
    "껐", "해봤", "해 봤", "눌러도", "눌렀는데", "방", "창구", "계정", "노드", "인스턴스",
];

/// What goes with a key and is none: without any other word, a bare digit is a key.
#[rustfmt::skip]
const FRAME: &[&str] = &[
    "번", "번이요", "번요", "번으로", "번이에요", "번입니다", "선택", "선택이요", "선택할게요",
    "선택합니다", "선택하겠습니다", "누를게요", "눌렀어요", "누르겠습니다", "할게요", "하겠습니다",
    "할래요", "해주세요", "해", "주세요", "부탁드려요", "부탁드립니다", "부탁해요", "부탁합니다",
    "네", "예", "넵", "아니", "아니요", "아뇨", "말고", "말고요", "요", "이요", "입니다", "그냥",
    "그럼", "저는", "전", "나는", "난", "메뉴", "버튼", "키", "답은", "정답은", "갈게요",
    "가겠습니다", "연결해주세요", "연결", "연결이요", "거", "거요", "것", "걸로", "거로", "꺼",
    "꺼요", "껄로", "것으로", "게", "거예요", "주문", "또는", "아니면", "이랑", "하고", "아니라",
    "아니고", "죄송해요", "죄송합니다", "잘못", "눌렀네요", "원해요", "원합니다", "싶어요",
    "하고싶어요", "번호는", "번호", "다시", "잠깐만", "잠깐만요", "그거", "다", "감사합니다", "좀",
    "할께요", "고를게요", "고르겠습니다", "로", "으로", "먼저", "으로요", "로요", "해줘", "해줘요",
    "줘", "간다", "갈래요", "같아요", "i", "will", "would", "like", "want", "to", "choose",
    "select", "pick", "press", "pressed", "pressing", "go", "with", "take", "let", "us", "do",
    "please", "the", "is", "it", "that", "my", "answer", "a", "get", "give", "me", "thanks",
    "thank", "you", "say", "said", "yes", "yeah", "ok", "okay", "sure", "am", "going", "need",
    "have", "for", "can", "could", "could", "may", "in", "one", "option", "number", "key",
    "button", "choice", "menu", "item", "line", "digit", "not", "no", "wait", "sorry", "mean",
    "meant", "actually", "or", "and", "but", "rather", "instead", "of", "hit", "push", "dial",
    "enter", "choosing", "selecting", "then", "think", "maybe", "guess", "would", "just", "try",
    "make", "scratch", "nope", "selection", "either", "be", "picking", "choosing", "should", "did",
    "hitting", "thing", "topmost", "top", "very", "pls", "plz", "sir", "madam", "entry", "was", "ㄱㄱ",
    "ㄱ", "고고", "ㅇㅇ",
];

/// English words that say a key follows.
#[rustfmt::skip]
pub(super) const MARKERS: &[&str] = &[
    "number", "option", "press", "pressed", "key", "choice", "button", "choose", "select", "pick",
    "hit", "push", "digit", "item", "no", "menu", "enter", "dial", "opt", "selection",
];

/// Names of the key that is offered last.
#[rustfmt::skip]
pub(super) const LAST: &[&str] = &[
    "마지막", "맨마지막", "제일마지막", "맨끝", "맨밑", "맨아래", "제일아래", "제일밑", "the last one", "last one", "last option",
    "the last option", "the bottom one", "bottom one", "last choice", "the last choice",
    "the final one", "the final option",
];
/// English names of keys as Korean speakers say them after `옵션` and `넘버`.
#[rustfmt::skip]
pub(super) const LOANS: &[(&str, char)] = &[
    ("원", '1'), ("투", '2'), ("쓰리", '3'), ("스리", '3'), ("포", '4'), ("파이브", '5'), ("식스", '6'),
    ("세븐", '7'), ("에잇", '8'), ("나인", '9'), ("제로", '0'),
];
