//! A Korean name within what else is said: `개발팀 팀장 서동혁이라고 합니다`,
//! `강현우요 강할 때 그 강`.
//!
//! A name is told from other words by its form: a family name, and after it one or two of the
//! syllables that given names are made of. What makes it the speaker's is the ending that it has,
//! what introduces it, or that it is explained.

use super::korean::{eojeols, plausible};
use super::words_ko::{FAMILY_NAMES, NO_NAMES, TITLES};
use crate::korean::is_closed;
use crate::words::Utterance;

/// Syllables of given names: those of Chinese characters in use for names, and of names in Korean
/// words.
const GIVEN: &str = "가강건겸경고관광교구국권규균근금기길나난남낭내노녹늘다단달담대덕도동두들라란람랑래려련렬령례로록루룡류리린림마만말매명모목무\
묵문미민바박반방배백범벽병보복본봄봉빈빛사산삼상새샘샛서석선설섭성세소손솔송수숙순슬승시식신실심아안애양언업여연열엽영예오옥온완용우욱운웅\
원월위유윤율융은을음의이익인일임자장재전정제조종주준중지진찬창채천철청초춘충치칠탁태택토평표품필하학한해향허헌혁현형혜호홍화환황회효후훈\
휘휴흔희흥힘나래름별솜꽃벼늬온율율";

/// Family names of two syllables.
const LONG_FAMILIES: &[&str] = &["남궁", "황보", "제갈", "사공", "선우", "서문", "독고"];

/// Family names from elsewhere that stand first, as names of two or three words have them.
const FROM_ELSEWHERE: &[&str] =
    &["응우옌", "응웬", "쩐", "팜", "호앙", "즈엉", "응오", "부이", "꾸마르", "싱"];

/// Endings by which a speaker says who they are; after a consonant most begin with `이`.
#[rustfmt::skip]
const NAMING: &[&str] = &[
    "라고합니다", "라고해요", "라고하는데요", "라고하고요", "라고요", "라고", "라구요", "라구", "라니까요", "라니깐요", "라니까",
    "라고불러주세요", "라합니다", "올시다", "입니다요", "입니다", "입니다만", "에요", "예요", "인데요", "거든요", "고요", "구요",
    "요", "여", "여요", "야", "임", "임다", "네요", "죠", "이거든요",
];
/// Endings that a name has besides, where something introduces it.
const ALSO: &[&str] =
    &["고", "인데", "라", "라서", "니까", "으로요", "으로", "로요", "로", "님이요"];

/// What stands before the speaker's own name.
#[rustfmt::skip]
const OWN: &[&str] = &[
    "저는", "나는", "전", "난", "나", "저", "제가", "내가", "이름은", "이름이", "성함은", "성함이", "본명은", "성명은", "예약자는",
    "예약자명은", "예약자명", "예약자", "성함", "성명", "제이름", "제성함은", "제이름은", "내이름은", "신청자는", "명의는", "고객명은",
];

/// Who tells what their name is like.
#[rustfmt::skip]
const EXPLAINS: &[&str] = &[
    "외자", "한글자", "두글자", "세글자", "네글자", "글자", "성은", "성이", "성까지", "성함", "성씨", "씨거든", "씨예요", "씨인데",
    "씨고요", "씨입니다", "할때", "이름", "쓸때", "적어", "써주", "받침", "ㅋㅋ", "ㅎㅎ", "아니고", "말고", "한자", "발음",
];

/// How a word may be a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Bare,
    Also,
    Naming,
}

struct Candidate {
    name: String,
    form: Form,
    own: bool,
    at: usize,
}

/// The one name of the speaker.
pub(super) fn within(text: &Utterance, held: &[(usize, usize)]) -> Option<String> {
    if text.words.len() > 60 || text.flat().len() > 600 || text.asks(text.words.len() - 1) {
        return None;
    }
    let mut words = joined(eojeols(text, held));
    if let [first, ..] = words.as_mut_slice()
        && let Some(rest) = ["네", "예", "안녕하세요", "여보세요"]
            .iter()
            .find_map(|hello| first.strip_prefix(hello))
        && rest.chars().count() > 2
        && !first.starts_with("예약")
    {
        *first = rest.to_owned();
    }
    if let Some(name) = from_elsewhere(&words) {
        return Some(name);
    }
    let mut found = candidates(&words);
    // A correction leaves what follows it.
    let corrects = |word: &String| {
        ["아니", "아니요", "아뇨", "죄송해요", "죄송합니다", "다시"].contains(&word.as_str())
    };
    if let Some(cue) = words.iter().rposition(corrects)
        && found.iter().any(|candidate| candidate.at > cue)
    {
        found.retain(|candidate| candidate.at > cue);
    }
    let flat = text.flat();
    let explained = EXPLAINS.iter().any(|word| flat.contains(word));
    let single = |word: &str| word.chars().count() == 2;
    // `외자예요 탁건`: a given name of one syllable needs to be said to be one.
    let short = ["외자", "한글자", "두글자"].iter().any(|word| flat.contains(word));
    found.retain(|candidate| !single(&candidate.name) || short);
    let strength = |candidate: &Candidate, all: &[Candidate]| {
        let again =
            all.iter().any(|other| other.at != candidate.at && other.name == candidate.name)
                || given_said(&words, candidate);
        match candidate.form {
            Form::Naming if candidate.own => 4,
            Form::Naming => 3,
            Form::Also | Form::Bare if candidate.own || again => 2,
            Form::Bare if explained => 1,
            Form::Also | Form::Bare => 0,
        }
    };
    let best =
        found.iter().map(|candidate| strength(candidate, &found)).max().filter(|best| *best > 0)?;
    let mut names: Vec<&String> = found
        .iter()
        .filter(|candidate| strength(candidate, &found) == best)
        .map(|candidate| &candidate.name)
        .collect();
    names.dedup();
    match names.as_slice() {
        [name] => Some((*name).clone()),
        _ => None,
    }
}

/// Eojeols with the endings that were written apart: `서동혁 입니다`.
fn joined(eojeols: Vec<(String, usize)>) -> Vec<String> {
    let mut words: Vec<String> = Vec::with_capacity(eojeols.len());
    for (word, _) in eojeols {
        let ending =
            ["입니다", "이에요", "예요", "이요", "요", "이라고", "라고", "이라고요", "인데요"];
        match words.last_mut() {
            Some(last) if ending.contains(&word.as_str()) => last.push_str(&word),
            _ => words.push(word),
        }
    }
    words
}

fn candidates(words: &[String]) -> Vec<Candidate> {
    let denies = |word: &str| ["말고", "말구", "아니고", "아니라", "아니구"].contains(&word);
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if words.get(at + 1).is_some_and(|next| denies(next))
            || ["말고", "아니고", "아니라"].iter().any(|deny| word.ends_with(deny))
            || words.get(at + 1).is_some_and(|next| next == "씨" || next == "님")
                && words.get(at + 2).is_some()
        {
            continue;
        }
        let own = at.checked_sub(1).is_some_and(|before| OWN.contains(&words[before].as_str()));
        let titled = words.get(at + 1).is_some_and(|next| {
            TITLES.iter().any(|title| {
                next.strip_prefix(title).is_some_and(|tail| {
                    !tail.is_empty() && crate::korean::closes(tail)
                        || tail.starts_with("이라고")
                        || tail.starts_with("라고")
                })
            })
        });
        // `예약은 설민서로 되어 있어요`.
        let booked = [word.strip_suffix("으로"), word.strip_suffix('로')]
            .into_iter()
            .flatten()
            .any(is_name)
            && words.iter().any(|word| {
                ["예약", "이름", "명의", "성함", "등록"].iter().any(|noun| word.starts_with(noun))
            })
            && words.get(at + 1).is_some_and(|next| {
                ["되", "돼", "했", "해", "예약", "등록", "적", "써"]
                    .iter()
                    .any(|verb| next.starts_with(verb))
            });
        if let Some((name, form)) = read(word) {
            let form = if booked && form == Form::Also { Form::Naming } else { form };
            // `차은호 과장이라고 합니다`.
            let form = if titled && form == Form::Bare { Form::Naming } else { form };
            found.push(Candidate { name, form, own, at });
        }
    }
    found
}

/// The name that a word is or holds before an ending.
fn read(word: &str) -> Option<(String, Form)> {
    let mut best: Option<(String, Form)> = None;
    for (endings, form) in [(NAMING, Form::Naming), (ALSO, Form::Also)] {
        for ending in endings {
            let Some(stem) = word.strip_suffix(ending) else { continue };
            let linked = stem.strip_suffix('이').filter(|stem| stem.ends_with(is_closed));
            let same = matches!(
                *ending,
                "입니다" | "입니다요" | "입니다만" | "인데요" | "임" | "임다" | "인데" | "님이요"
            );
            // `사람이에요`, `기사예요`: another word before a whole ending.
            let whole =
                if *ending != "요" || linked.is_some() { linked.unwrap_or(stem) } else { "" };
            if NO_NAMES.contains(&whole) || TITLES.contains(&whole) {
                return None;
            }
            let stem = match linked {
                Some(linked) if is_name(linked) => linked,
                _ if same
                    || !stem.ends_with(is_closed)
                    || matches!(*ending, "로" | "로요" | "으로" | "으로요") =>
                {
                    stem
                }
                _ => continue,
            };
            if is_name(stem)
                && best
                    .as_ref()
                    .is_none_or(|(best, known)| form > *known || stem.len() < best.len())
            {
                best = Some((stem.to_owned(), form));
            }
        }
        if best.is_some() {
            return best;
        }
    }
    is_name(word).then(|| (word.to_owned(), Form::Bare))
}

/// Whether a word has the form of a full name.
fn is_name(word: &str) -> bool {
    let given = |rest: &str, most: usize| {
        (1..=most).contains(&rest.chars().count()) && rest.chars().all(|c| GIVEN.contains(c))
    };
    let long = LONG_FAMILIES
        .iter()
        .any(|family| word.strip_prefix(family).is_some_and(|rest| given(rest, 2)));
    let short = FAMILY_NAMES
        .iter()
        .filter(|family| family.chars().count() == 1)
        .any(|family| word.strip_prefix(family).is_some_and(|rest| given(rest, 2)));
    (long || short)
        && !NO_NAMES.contains(&word)
        && !OWN.contains(&word)
        && !["이름", "성함", "성명", "이번", "전화", "주소"]
            .iter()
            .any(|noun| word.starts_with(noun))
        && (is_negative_family(word) || plausible(word, false, true))
}

/// `안가영`: the family name 안, which says no elsewhere (`안 가고`).
fn is_negative_family(word: &str) -> bool {
    word.starts_with('안')
        && word.chars().count() == 3
        && !word.ends_with(['고', '도', '지', '나', '려', '게', '서'])
}

/// `민채요 성까지 말하면 송민채`: the given name was said before.
fn given_said(words: &[String], candidate: &Candidate) -> bool {
    let Some((at, _)) = candidate.name.char_indices().nth(1) else { return false };
    let given = &candidate.name[at..];
    given.chars().count() == 2
        && words.iter().enumerate().any(|(at, word)| at != candidate.at && word.starts_with(given))
}

/// `마이클 터너라고 해요`, `응우옌 티 란이요`.
fn from_elsewhere(words: &[String]) -> Option<String> {
    /// So many words a name has.
    const LONGEST: usize = 4;
    let begins = words.iter().position(|word| {
        !super::words_ko::BEFORE.contains(&word.as_str()) && !crate::hold::is_filler(word)
    })?;
    let known = FROM_ELSEWHERE.contains(&words[begins].as_str());
    let mut name = String::new();
    for (at, word) in words.iter().enumerate().skip(begins).take(LONGEST) {
        let ended = ["이라고", "라고"].iter().find_map(|quote| word.strip_suffix(quote));
        let says = words.get(at + 1).is_some_and(|next| {
            ["해", "합", "하는", "하고", "불", "부르", "적", "써", "남겨"]
                .iter()
                .any(|verb| next.starts_with(verb))
        });
        let stem = ended.filter(|_| says || known).or_else(|| {
            known
                .then(|| {
                    [
                        "이라고합니다",
                        "입니다",
                        "이에요",
                        "이예요",
                        "예요",
                        "이요",
                        "인데요",
                        "이고요",
                        "요",
                    ]
                    .iter()
                    .find_map(|ending| word.strip_suffix(ending))
                })
                .flatten()
        });
        let last = stem.is_some() || (known && at + 1 == words.len());
        let part = stem.unwrap_or(word);
        let foreign = (1..=5).contains(&part.chars().count())
            && part.chars().all(crate::words::is_hangul)
            && !part.ends_with(['은', '는', '을', '를', '의', '도', '데', '서', '요', '팀'])
            && !NO_NAMES.contains(&part);
        if !foreign || (!known && read(part).is_some_and(|(name, _)| name.chars().count() > 2)) {
            return None;
        }
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(part);
        if last {
            // `제니퍼 리라고`: a family name of one syllable.
            let verb = part != "리"
                && ["하", "리", "기", "주", "보", "드리", "쓰", "르", "오", "가", "내", "보", "되"]
                    .iter()
                    .any(|end| part.ends_with(end));
            // `왕밍이라고 해요`: no quoted command ends like this.
            let noun =
                word.ends_with("이라고") && part.ends_with(is_closed) && !part.ends_with('으');
            let quoted =
                says && part.chars().count() > 1 && (noun || (!verb && part.chars().count() > 2));
            let name_of_two = name.contains(' ') && (!verb || known);
            return (name_of_two || (quoted && plausible(part, true, true))).then_some(name);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::name;

    fn read(text: &str) -> Option<String> {
        name(text).value().cloned()
    }

    #[test]
    fn a_name_is_found_after_what_somebody_is() {
        for text in [
            "개발팀 팀장 서동혁이라고 합니다",
            "아침에 통화했던 서동혁인데요 또 전화했어요",
            "서동혁 팀장이라고 합니다",
        ] {
            assert_eq!(read(text).as_deref(), Some("서동혁"), "{text}");
        }
    }

    #[test]
    fn a_name_that_is_explained_is_found() {
        for text in [
            "강현우요 강할 때 강",
            "현우요 성까지 하면 강현우",
            "강 씨예요 강현우",
            "강현우 강현우라고 적어 주세요",
        ] {
            assert_eq!(read(text).as_deref(), Some("강현우"), "{text}");
        }
        assert_eq!(read("외자예요 탁건").as_deref(), Some("탁건"));
    }

    #[test]
    fn a_name_from_elsewhere_keeps_its_words() {
        assert_eq!(read("마이클 터너라고 해요 한국말 조금 해요").as_deref(), Some("마이클 터너"));
        assert_eq!(read("응우옌 티 란이요").as_deref(), Some("응우옌 티 란"));
    }

    #[test]
    fn words_that_look_like_names_are_none() {
        for text in [
            "정수기 때문에 전화했는데요",
            "고양이가 아파요",
            "중국 사람이에요 저는",
            "김 씨요",
            "박 대리요",
            "변경하려고요",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
