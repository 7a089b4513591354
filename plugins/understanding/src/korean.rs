//! What may stand after a Korean noun or verb stem: particles, the copula, endings, light verbs.

/// Particles and endings that follow a noun directly and say nothing about its sense. Several may
/// follow each other.
#[rustfmt::skip]
const AFTER_NOUN: &[&str] = &[
    // Particles.
    "이", "가", "을", "를", "은", "는", "도", "만", "의", "에", "에서", "에게", "에게서", "한테",
    "한테서", "께", "께서", "로", "으로", "로서", "으로서", "로써", "와", "과", "랑", "이랑",
    "하고", "까지", "부터", "마다", "밖에", "뿐", "처럼", "같이", "보다", "대로", "조차", "마저",
    "이나", "나", "라도", "이라도", "든지", "이든지", "이든", "든", "란", "이란", "라는", "이라는",
    "라고", "이라고", "ㄴ", "ㄹ", "랑은", "에는", "에도", "엔",
    // What makes a noun of the same topic.
    "들", "쪽", "건", "용", "등", "님", "시", "중", "관련", "부분", "문제", "문의", "상황", "거",
    "것", "걸", "게", "건이", "좀", "상", "인", "측", "번", "때", "껀", "꺼",
    // The copula and politeness, with the spellings of chats.
    "요", "이요", "여", "이여", "용", "이용", "욤", "염", "유", "이유", "야", "이야", "다", "이다",
    "임", "임다", "입니당", "예요", "이예요", "에요", "이에요", "예여", "이에여", "에여", "옄",
    "입니다", "이구요", "구요", "이고요", "고요", "이고", "고", "인데요", "인데", "인데여",
    "거든요", "이거든요", "이거든", "거든", "이라서요", "라서요", "이라서", "라서", "이니까요",
    "이니까", "니까요", "이네요", "네요", "인가요", "인가", "인가봐요", "인지", "인지요", "이죠",
    "죠", "이지요", "지요", "지", "이지", "일까요", "일걸요", "일", "이었어요", "였어요",
    "이었는데요", "였는데요", "이었습니다", "였습니다", "입니까", "이신가요", "인듯", "인듯요",
    "인듯해요", "이래요", "래요", "이라니까요", "라니까요", "라구요", "이라구요", "라고요",
    "이라고요", "말이에요", "말입니다", "말이야", "말이죠", "말예요",
];

/// What begins a following word that was written together with the noun: whatever comes after it is
/// let pass.
#[rustfmt::skip]
const OPEN_AFTER_NOUN: &[&str] = &[
    "해", "하", "했", "할", "한", "합", "함", "돼", "되", "됐", "될", "됩", "된", "났", "나서",
    "나요", "나는", "난", "있", "없", "때문", "관련", "같", "문의", "부탁", "신청", "변경", "요청",
    "접수", "확인", "안내", "상담", "연결", "처리", "말고", "말구", "아니", "아닌", "아닙", "말이",
    "으로", "로", "에대", "에관", "관해", "대해", "받", "주세", "주시", "줘", "좀", "바꿔", "궁금",
    "물어", "알고", "알려", "내역", "문제", "건으로", "건때", "건인", "건이", "쪽", "이요",
    "이에요", "예요", "입니다", "인데", "이랑", "이나", "하고", "또는", "그리고", "취소", "해지",
    "조회", "담당", "센터", "부서", "팀", "직원", "발생", "터", "생겼", "생겨", "이안", "가안",
    "도안", "안돼", "안되", "못", "대신", "빼고", "보다", "먼저", "선택", "누르", "눌", "바라",
    "원해", "원합", "필요", "거같", "것같", "인거", "인것", "이라", "라서", "거든", "다시", "그냥",
    "를", "을", "이고", "이거", "이구", "이네", "이긴", "긴", "이죠",
];

/// One syllable that makes another word of a noun of two: a person, a place, an institution.
const OTHER_WORD: &str = "인원자사소학과장기어진남산국도군구동족균초제성적형식가감형포폰맨론년";

/// Syllables that can stand before a noun and leave its sense.
const MODIFIERS: &str = "피암내제그이저새본총첫피암현각재통웹앱망딴왜또더좀꼭네예응어음아넵넹난전신타당님거고은는을를가도로에면데요서건만좌";

/// Whether all of `rest`, which follows a noun, is particles and endings, or begins a word of its
/// own.
pub(crate) fn follows_noun(rest: &str) -> bool {
    closes(rest) || OPEN_AFTER_NOUN.iter().any(|open| rest.starts_with(open)) || acts(rest)
}

/// Whether another noun of action goes on with the noun: `이체등록하려고요`, `예약확정해 주세요`.
fn acts(rest: &str) -> bool {
    #[rustfmt::skip]
    const LIGHT: &[&str] = &["하려", "하고싶", "하는", "하러", "할게", "할래", "해주", "해줘", "해야", "하겠", "합니다", "해요"];
    let Some((at, _)) = rest.char_indices().nth(2) else { return false };
    LIGHT.iter().any(|verb| rest[at..].starts_with(verb))
}

/// Whether all of `rest` is particles and endings of a noun.
pub(crate) fn closes(rest: &str) -> bool {
    /// So many particles and endings follow each other at most.
    const DEEPEST: usize = 5;
    fn step(rest: &str, left: usize) -> bool {
        rest.is_empty()
            || (left > 0
                && AFTER_NOUN
                    .iter()
                    .filter_map(|ending| rest.strip_prefix(ending))
                    .any(|rest| step(rest, left - 1)))
    }
    // No run of endings is longer; texts without any space are.
    rest.chars().nth(16).is_none() && step(rest, DEEPEST)
}

/// Whether the noun that `rest` follows stays the word that it is, at the beginning of an eojeol.
pub(crate) fn stays_the_word(rest: &str, next: Option<&str>) -> bool {
    let Some(first) = rest.chars().next() else { return true };
    if !super::words::is_hangul(first) {
        return true;
    }
    let after = &rest[first.len_utf8()..];
    // `교환학생`: the head of a compound is its end.
    if ["학생", "교수", "선수", "작가"].iter().any(|head| rest.starts_with(head)) {
        return false;
    }
    if first == '인' {
        // `장애인` is a person, `장애인데요` and `장애인 것 같아요` are an outage.
        return match after {
            "" => next.is_some_and(|next| {
                ["것", "거", "듯", "지", "가", "경우", "걸", "데"]
                    .iter()
                    .any(|noun| next.starts_with(noun))
            }),
            _ => {
                ["데", "가요", "가봐", "가 ", "지", "거같", "것같", "듯", "거", "것", "걸", "가?"]
                    .iter()
                    .any(|tail| after.starts_with(tail))
                    || after == "가"
            }
        };
    }
    if follows_noun(rest) {
        return true;
    }
    // `상담원`, `장애인이`: one syllable and then the particles of the longer word.
    !(OTHER_WORD.contains(first) && closes(after))
}

/// Whether what sounds like the phrase is another word: `이사님` is a director, and `따뜻해지네요`
/// no 해지.
pub(crate) fn is_homonym(phrase: &str, before: &str, rest: &str) -> bool {
    let director = phrase.ends_with("이사")
        && ["님", "장님", "장이", "장은", "회"].iter().any(|tail| rest.starts_with(tail));
    #[rustfmt::skip]
    const VERB: &[&str] = &["네", "고", "는", "면", "니", "더", "기", "게", "려", "었", "지", "거", "서", "세"];
    let becomes = phrase.starts_with("해지")
        && before.chars().nth(1).is_some()
        && VERB.iter().any(|tail| rest.starts_with(tail));
    director || becomes
}

/// Whether what stands before a noun in the same eojeol can be the rest of a compound.
pub(crate) fn can_precede(before: &str) -> bool {
    let mut chars = before.chars();
    match (chars.next(), chars.next()) {
        (None, _) => true,
        (Some(one), None) => MODIFIERS.contains(one) || !super::words::is_hangul(one),
        _ => true,
    }
}

/// The parts of a syllable: leading consonant, vowel, trailing consonant (0 is none).
pub(crate) fn parts(c: char) -> Option<(u32, u32, u32)> {
    let index = (c as u32).checked_sub('가' as u32).filter(|_| super::words::is_hangul(c))?;
    Some((index / 588, index % 588 / 28, index % 28))
}

fn syllable((leading, vowel, trailing): (u32, u32, u32)) -> Option<char> {
    char::from_u32('가' as u32 + leading * 588 + vowel * 28 + trailing)
}

/// Whether the text ends with the past of a verb, on which only endings follow: `안 왔`, `빠졌`.
pub(crate) fn is_past(text: &str) -> bool {
    text.chars().last().and_then(parts).is_some_and(|(_, _, trailing)| trailing == 20)
}

/// Whether the syllable has a consonant at its end.
pub(crate) fn is_closed(c: char) -> bool {
    parts(c).is_some_and(|(_, _, trailing)| trailing != 0)
}

/// Endings of a sentence that a phrase may have been written with, longest first; what is before
/// them is the stem.
#[rustfmt::skip]
const SENTENCE_ENDS: &[&str] = &[
    "고싶습니다", "고싶어요", "고싶은데요", "해주세요", "해줘요", "해줘", "주세요", "주십시오",
    "하세요", "습니다", "을게요", "을래요", "었어요", "았어요", "는데요", "아요", "어요", "여요",
    "세요", "게요", "래요", "네요", "지요", "죠", "나요", "니다", "해요", "돼요", "와요", "줘요",
    "려요", "켜요", "져요", "겨요", "쳐요", "요",
];

/// The last syllables of verbs that phrases are made of with `기`; nouns such as `공유기`, `세탁기`
/// end otherwise.
const VERB_ENDS: &str = "하되내리꾸보찾받넣우치지주들열닫끊잡알맡돌놓쓰르키추";

/// The stem of a phrase that is a predicate (`안 돼요` → `안되`), by which all its endings are
/// found; none of a noun.
pub(crate) fn predicate_stem(phrase: &str) -> Option<String> {
    let ends = |tail: &str| phrase.ends_with(tail) && phrase.len() > tail.len();
    // `돈 보내기`.
    if let Some(stem) = phrase.strip_suffix('기')
        && stem.chars().count() > 2
        && stem.ends_with(|c| VERB_ENDS.contains(c))
    {
        return Some(stem.to_owned());
    }
    if !(ends("요") || ends("니다") || ends("세요") || ends("줘")) {
        return None;
    }
    let end = SENTENCE_ENDS.iter().find(|end| ends(end))?;
    let stem = &phrase[..phrase.len() - end.len()];
    let tail = match *end {
        "해주세요" | "해줘요" | "해줘" | "하세요" | "해요" => "하",
        "주세요" | "주십시오" | "줘요" => "주",
        "돼요" => "되",
        "와요" => "오",
        "려요" => "리",
        "켜요" => "키",
        "져요" => "지",
        "겨요" => "기",
        "쳐요" => "치",
        _ => "",
    };
    let mut stem: Vec<char> = stem.chars().chain(tail.chars()).collect();
    let last = stem.pop()?;
    let (leading, vowel, trailing) = parts(last)?;
    // The trailing ㄹ of `할게요`, ㅂ of `합니다` and ㅆ of `했어요` are of the ending.
    let open = match trailing {
        8 if matches!(*end, "게요" | "래요") => (leading, vowel, 0),
        17 if *end == "니다" => (leading, vowel, 0),
        _ => (leading, vowel, trailing),
    };
    // The past is no part of the stem: `틀렸어요` is found in `틀려요`, too.
    let open = match (*end, open) {
        ("어요" | "아요" | "습니다" | "었어요" | "았어요", (leading, vowel, 20))
            if !matches!(last, '있' | '겠' | '갔' | '났') =>
        {
            let vowel = match vowel {
                1 => 0,
                6 => 20,
                9 => 8,
                10 => 11,
                14 => 13,
                vowel => vowel,
            };
            (leading, vowel, 0)
        }
        _ => open,
    };
    stem.push(syllable(open)?);
    (stem.len() >= 2).then(|| stem.into_iter().collect())
}

/// The other shape of a stem in 르 (`다르`, `달라`), whichever is given.
pub(crate) fn irregular(stem: &str) -> Option<String> {
    let mut chars: Vec<char> = stem.chars().collect();
    let last = chars.pop()?;
    let (leading, vowel, trailing) = parts(chars.pop()?)?;
    let (to, end) = match (last, trailing) {
        ('르', 0) => (if matches!(vowel, 0 | 8) { '라' } else { '러' }, 8),
        ('라' | '러', 8) => ('르', 0),
        _ => return None,
    };
    chars.push(syllable((leading, vowel, end))?);
    chars.push(to);
    Some(chars.into_iter().collect())
}

/// The stem of a contracted infinitive that ends a clause: `날짜바꿔` is of `날짜바꾸`.
pub(crate) fn infinitive_stem(phrase: &str) -> Option<String> {
    const INFINITIVES: &str = "꿔줘켜져쳐겨려";
    let (at, last) =
        phrase.char_indices().last().filter(|(_, last)| INFINITIVES.contains(*last))?;
    let (leading, vowel, _) = parts(last)?;
    let stem = syllable((leading, if vowel == 14 { 13 } else { 20 }, 0))?;
    Some(format!("{}{stem}", &phrase[..at]))
}

/// Whether the said syllable is the last syllable of a stem in any of its conjugations: `되` in
/// `돼`, `됩`, `된`, `됐`.
pub(crate) fn conjugates(said: char, stem: char) -> bool {
    let (Some((a, b, c)), Some((leading, vowel, trailing))) = (parts(said), parts(stem)) else {
        return said == stem;
    };
    // ㄴ, ㄹ, ㅁ, ㅂ, ㅆ are added by endings.
    let added = c == trailing || (trailing == 0 && matches!(c, 4 | 8 | 16 | 17 | 20));
    // ㅏ→ㅐ (하, 해), ㅗ→ㅘ, ㅚ→ㅙ, ㅜ→ㅝ, ㅣ→ㅕ.
    let vowels =
        b == vowel || matches!((vowel, b), (0, 1) | (8, 9) | (11, 10) | (13, 14) | (20, 6));
    a == leading && vowels && added
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_follow_a_noun_and_pieces_of_words_do_not() {
        for rest in [
            "",
            "요",
            "이요",
            "예요",
            "입니다",
            "인데요",
            "때문에요",
            "같아요",
            "으로할게요",
            "문제예요",
            "건으로",
            "들이요",
            "말고요",
        ] {
            assert!(follows_noun(rest), "{rest}");
        }
        for rest in ["니다", "액", "체", "장", "버", "품목"] {
            assert!(!follows_noun(rest), "{rest}");
        }
    }

    #[test]
    fn a_syllable_can_make_another_word() {
        assert!(!stays_the_word("인", None));
        assert!(!stays_the_word("인", Some("할인")));
        assert!(stays_the_word("인", Some("것")));
        assert!(stays_the_word("인데요", None));
        assert!(!stays_the_word("원", None));
        assert!(!stays_the_word("원이요", None));
        assert!(stays_the_word("문의요", None));
    }

    #[test]
    fn predicates_are_found_by_their_stem() {
        assert_eq!(predicate_stem("접속이안돼요").as_deref(), Some("접속이안되"));
        assert_eq!(predicate_stem("전화주세요").as_deref(), Some("전화주"));
        assert_eq!(predicate_stem("끊을게요"), None, "one syllable is found in too much");
        assert_eq!(predicate_stem("장애"), None);
        for said in ["돼", "됩", "된", "됐", "되"] {
            assert!(conjugates(said.chars().next().unwrap(), '되'), "{said}");
        }
        assert!(!conjugates('대', '되'));
    }
}
