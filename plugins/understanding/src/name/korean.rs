//! Korean names: a text that is little else than the name.

use super::words_ko::{
    AFTER, AFTER_CONSONANT, AFTER_VOWEL, BEFORE, COMMON, FAMILY_NAMES, NO_NAMES, TITLES,
};
use crate::korean::is_closed;
use crate::words::Utterance;

/// Eojeols, with what a recogniser tore apart put together.
pub(super) fn eojeols(text: &Utterance, held: &[(usize, usize)]) -> Vec<(String, usize)> {
    let mut out = Vec::new();
    let mut place = 0;
    while place < text.flat().len() {
        let end = text.eojeol_end(place).max(place + 1);
        let free = !held.iter().any(|(from, to)| *from <= place && place < *to);
        if free && let Some(eojeol) = text.flat().get(place..end) {
            out.push((eojeol.to_owned(), place));
        }
        place = end;
    }
    out
}

pub(super) fn korean(text: &Utterance, held: &[(usize, usize)]) -> Option<Vec<(String, usize)>> {
    if text.words.len() > 40 || text.flat().len() > 400 {
        return None;
    }
    let mut eojeols = eojeols(text, held);
    // A correction leaves what follows it.
    let corrected = eojeols.iter().rposition(|(word, _)| {
        matches!(
            word.as_str(),
            "아니"
                | "아니요"
                | "아뇨"
                | "말고"
                | "아니고"
                | "아니라"
                | "죄송해요"
                | "죄송합니다"
                | "다시"
        )
    });
    if let Some(at) = corrected.filter(|at| at + 1 < eojeols.len()) {
        eojeols.drain(..=at);
    }
    if let Some(at) = eojeols.iter().rposition(|(word, _)| {
        ["아니고", "말고", "이아니라", "아니라"].iter().any(|deny| word.ends_with(deny))
    }) && at + 1 < eojeols.len()
    {
        eojeols.drain(..=at);
    }
    let alternatives: Vec<Vec<String>> = eojeols
        .split(|(word, _)| matches!(word.as_str(), "아니면" | "또는"))
        .map(|part| part.iter().map(|(word, _)| word.clone()).collect())
        .collect();
    let mut found = Vec::new();
    for part in alternatives {
        found.push((one_korean(part)?, 0));
    }
    Some(found)
}

fn one_korean(mut words: Vec<String>) -> Option<String> {
    // `성은 홍이고 이름은 길동이에요`.
    if let [first, family, second, given] = words.as_slice()
        && first == "성은"
        && second == "이름은"
    {
        let family = ["이고요", "이고", "이구요", "이요", "고", "이에요", "예요", "요"]
            .iter()
            .find_map(|end| family.strip_suffix(end))
            .unwrap_or(family);
        let name = format!("{family}{}", without_ending(given));
        return FAMILY_NAMES.contains(&family).then_some(name);
    }
    // `남편 이름으로 했는데 홍길동이요`: the name ends it.
    let named =
        words.iter().any(|word| ["이름", "성함", "명의"].iter().any(|name| word.contains(name)));
    if words.len() > 2
        && (words[words.len() - 2].ends_with(['데', '고', '로', '서'])
            || (named && words[words.len() - 2].ends_with(['요', '다'])))
        && let Some(last) = words.last()
    {
        let bare = without_ending(last);
        if bare != *last
            && bare.chars().count() == 3
            && bare.starts_with(|family| COMMON.contains(family))
            && plausible(&bare, false, true)
        {
            return Some(bare);
        }
    }
    let explicit = words
        .iter()
        .any(|word| word.contains("이름") || word.contains("성함") || word.starts_with("저는"));
    while words.len() > 1
        && (BEFORE.contains(&words[0].as_str()) || crate::hold::is_filler(&words[0]))
    {
        words.remove(0);
    }
    while words.len() > 1 && words.last().is_some_and(|last| AFTER.contains(&last.as_str())) {
        words.pop();
    }
    if words.first().is_some_and(|first| {
        BEFORE.contains(&first.as_str()) && !FAMILY_NAMES.contains(&first.as_str())
    }) {
        return None;
    }
    // `김 서 연이요`: syllable by syllable.
    if words.len() == 3
        && words[..2].iter().all(|word| word.chars().count() == 1)
        && FAMILY_NAMES.contains(&words[0].as_str())
        && (2..=4).contains(&words[2].chars().count())
        && AFTER_CONSONANT.iter().chain(AFTER_VOWEL).any(|ending| {
            words[2].strip_suffix(ending).is_some_and(|rest| rest.chars().count() == 1)
        })
    {
        let joined = words.concat();
        words = vec![joined];
    }
    // `김 예시`: the family name apart.
    if words.len() == 2 && FAMILY_NAMES.contains(&words[0].as_str()) {
        // `박 대리요`, `김 씨요`: whose name that is not.
        let second = without_ending(&words[1]);
        let bare = words[1].trim_end_matches(['요', '이']);
        if TITLES.contains(&second.as_str()) || TITLES.contains(&bare) || second.starts_with('씨')
        {
            return None;
        }
        let second = words.pop()?;
        words[0].push_str(&second);
    }
    // `제 이름은 제시카 밀러입니다`: a name of two words from elsewhere.
    if let [given, family] = words.as_slice()
        && (explicit || from_elsewhere(&without_ending(family)))
    {
        let family_bare = without_ending(family);
        let foreign =
            |name: &str| (2..=5).contains(&name.chars().count()) && plausible(name, true, true);
        let ended = family_bare != *family
            && !["하", "되", "있", "없", "싫", "말"].iter().any(|verb| family_bare.ends_with(verb));
        if ended
            && without_ending(given) == *given
            && !family.ends_with("세요")
            && foreign(given)
            && foreign(&family_bare)
            && !given.ends_with(['은', '는', '을', '를', '가', '의', '로', '도', '고', '데', '서'])
        {
            return Some(format!("{given} {family_bare}"));
        }
    }
    if words.len() != 1 {
        // `네 김예시 맞아요`, `김예시 본인이요`.
        let known = |word: &String| {
            matches!(
                word.as_str(),
                "맞아요"
                    | "맞습니다"
                    | "본인이에요"
                    | "본인이요"
                    | "본인입니다"
                    | "고객이에요"
                    | "고객입니다"
                    | "라고합니다"
                    | "이라고합니다"
                    | "이고"
                    | "대리예요"
                    | "대리입니다"
                    | "과장입니다"
                    | "부장입니다"
                    | "팀장입니다"
                    | "차장입니다"
                    | "사원입니다"
                    | "매니저입니다"
                    | "대표입니다"
                    | "대리"
                    | "과장"
            )
        };
        if words.len() == 2 && known(&words[1]) {
            words.pop();
        } else {
            return None;
        }
    }
    let mut word = words.pop()?;
    // A text without spaces: `제이름은김예시입니다`, `저는김예시예요`.
    for prefix in
        ["안녕하세요", "네", "예", "제", "저의", "이름은", "이름이", "성함은", "저는", "전", "이름"]
    {
        if let Some(rest) = word.strip_prefix(prefix) {
            // `네김민수입니다`, but `예시전자입니다`.
            let common = rest.starts_with(|family| COMMON.contains(family));
            let introduced = prefix.chars().count() >= 2
                || (matches!(prefix, "제" | "네" | "예") && rest.chars().count() > 4 && common);
            if introduced && rest.chars().count() >= 2 {
                word = rest.to_owned();
            }
        }
    }
    let bare = without_ending(&word);
    plausible(&bare, explicit, bare != word).then_some(bare)
}

/// Whether a family name sounds like one from elsewhere: `존슨`, `밀러`.
fn from_elsewhere(family: &str) -> bool {
    #[rustfmt::skip]
    const ENDS: &[&str] = &[
        "슨", "웰", "스미스", "브라운", "밀러", "데이비스", "테일러", "마틴", "클라크", "루이스", "워커", "화이트", "리엄스", "킴", "그린",
        "베이커", "에반스", "토마스", "가르시아", "로페스", "스키", "나카", "무라", "응우옌", "뮐러", "슈미트",
    ];
    (2..=5).contains(&family.chars().count()) && ENDS.iter().any(|end| family.ends_with(end))
}

pub(super) fn without_ending(word: &str) -> String {
    let mut best: Option<&str> = None;
    for (endings, closed) in [(AFTER_CONSONANT, true), (AFTER_VOWEL, false)] {
        for ending in endings {
            let Some(stem) = word.strip_suffix(ending) else { continue };
            let Some(last) = stem.chars().last() else { continue };
            if is_closed(last) != closed || stem.chars().count() < 2 {
                continue;
            }
            // `김태이요`: rather 요 after 김태이 than 이요 after 김태, for a vowel takes 요.
            if !closed && ending.starts_with('이') && stem.chars().count() == 2 {
                continue;
            }
            // The longest ending leaves the shortest stem.
            if best.is_none_or(|best| stem.len() < best.len()) {
                best = Some(stem);
            }
        }
    }
    let stem = best.unwrap_or(word);
    // `김예시씨`, `김예시님`.
    let stem = stem
        .strip_suffix('님')
        .or_else(|| stem.strip_suffix('씨'))
        .filter(|rest| rest.chars().count() >= 2)
        .unwrap_or(stem);
    stem.to_owned()
}

pub(super) fn plausible(name: &str, explicit: bool, ended: bool) -> bool {
    let length = name.chars().count();
    // `박대리`.
    let titled = name.char_indices().nth(1).is_some_and(|(at, _)| TITLES.contains(&&name[at..]));
    if titled && FAMILY_NAMES.iter().any(|family| name.starts_with(family)) {
        return false;
    }
    // `비회원`, `말씀하세요`: what ends like another word.
    let ends =
        |words: &[&str]| words.iter().any(|end| end.chars().count() > 1 && name.ends_with(end));
    if ends(&["회원", "손님", "고객", "직원", "사람", "하세", "주세", "하시", "보세", "하십시오"])
    {
        return false;
    }
    let family = FAMILY_NAMES.iter().any(|family| name.starts_with(family));
    // `바꾸려고요`, but `김미려고요`.
    if name.ends_with('려') && (!family || length != 3) {
        return false;
    }
    if [
        "요일",
        "해서",
        "셔서",
        "셨어",
        "라고해",
        "고지서",
        "주문해",
        "려고",
        "할게",
        "할래",
        "주문할",
        "번째",
        "이번",
        "일번",
        "삼번",
        "사번",
        "공번",
        "이상해",
        "문의",
        "취소",
        "변경",
        "조회",
        "신고",
        "여기서",
        "지금은",
        "옵션",
    ]
    .iter()
    .any(|end| name.ends_with(end))
    {
        return false;
    }
    if !(2..=6).contains(&length)
        || !name.chars().all(crate::words::is_hangul)
        || NO_NAMES.contains(&name)
        || crate::hold::is_filler(name)
    {
        return false;
    }
    if crate::yes_no(name).value().is_some() {
        return false;
    }
    if ["감사", "부탁", "죄송", "궁금", "당연", "왜", "뭐", "무슨", "어떻", "누구", "몰"]
        .iter()
        .any(|question| name.starts_with(question))
    {
        return false;
    }
    // A predicate is no name: `모르겠어요`, `싫은데`.
    #[rustfmt::skip]
    const PREDICATES: &[&str] = &[
        "어요", "아요", "해요", "니다", "는데", "은데", "세요", "까요", "나요", "네요", "어서",
        "지만", "니까", "겠어", "거든", "게요", "래요", "죠", "는데요", "기싫", "없어", "있어",
        "하고", "에서", "에게", "한테", "으로", "까지", "부터", "때문", "하는",
    ];
    if PREDICATES.iter().any(|end| name.ends_with(end)) {
        return false;
    }
    match length {
        2..=4 if family => true,
        // A given name alone, or a foreign one (`마이클`), where it is said to be one.
        _ => explicit || (ended && length <= 4),
    }
}
