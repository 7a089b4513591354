//! Words, syllables and letters of Korean and Latin text: what the recogniser and the search both
//! stand on.
//!
//! No dictionary: Korean particles and verb endings are cut off by lists of the common ones, which
//! is wrong now and then and good enough for comparing a sentence with a few hundred others.

const SYLLABLES: std::ops::RangeInclusive<char> = '가'..='힣';

/// True for a composed Hangul syllable.
pub(crate) fn is_hangul(c: char) -> bool {
    SYLLABLES.contains(&c)
}

/// Joins conjoining jamo (as macOS writes file names and some recognisers write text) into
/// syllables.
pub(crate) fn compose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let joined = out.chars().next_back().and_then(|last| join(last, c));
        match joined {
            Some(syllable) => {
                out.pop();
                out.push(syllable);
            }
            None => out.push(c),
        }
    }
    out
}

fn join(last: char, next: char) -> Option<char> {
    let (last, next) = (u32::from(last), u32::from(next));
    match (last, next) {
        (0x1100..=0x1112, 0x1161..=0x1175) => {
            char::from_u32(0xAC00 + ((last - 0x1100) * 21 + (next - 0x1161)) * 28)
        }
        (0xAC00..=0xD7A3, 0x11A8..=0x11C2) if (last - 0xAC00).is_multiple_of(28) => {
            char::from_u32(last + next - 0x11A7)
        }
        _ => None,
    }
}

/// Initial, medial and final of a syllable, the final only when there is one.
pub(crate) fn jamo(c: char) -> Option<(char, char, Option<char>)> {
    if !is_hangul(c) {
        return None;
    }
    let index = u32::from(c) - 0xAC00;
    let letter = |base: u32, i: u32| char::from_u32(base + i);
    let last = index % 28;
    Some((
        letter(0x1100, index / 588)?,
        letter(0x1161, index % 588 / 28)?,
        if last == 0 { None } else { letter(0x11A7, last) },
    ))
}

/// Lower-case words without punctuation; a change between Hangul and other letters ends a word, so
/// that `EC2가` is `ec2` and `가`.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for c in compose(text).chars() {
        if !c.is_alphanumeric() {
            // An apostrophe inside an English word belongs to it: "don't" is one word.
            open = open && c == '\'';
            continue;
        }
        let same_script = words
            .last()
            .and_then(|word| word.chars().next_back())
            .is_some_and(|last| is_hangul(last) == is_hangul(c));
        if !(open && same_script) {
            words.push(String::new());
        }
        open = true;
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words
}

const PARTICLES: [&str; 44] = [
    "에서는",
    "으로는",
    "이라고",
    "에서도",
    "입니다",
    "이에요",
    "인데요",
    "에서",
    "에게",
    "에는",
    "에도",
    "으로",
    "부터",
    "까지",
    "보다",
    "처럼",
    "한테",
    "이랑",
    "이나",
    "이고",
    "인데",
    "라고",
    "예요",
    "이요",
    "마다",
    "밖에",
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "에",
    "의",
    "로",
    "와",
    "과",
    "랑",
    "도",
    "만",
    "께",
    "요",
    "라",
    "나",
];

const ENDINGS: [&str; 62] = [
    "하려고하는데요",
    "하려고요",
    "하는데요",
    "하려면요",
    "하고싶어요",
    "했는데요",
    "했습니다",
    "합니다",
    "하나요",
    "할까요",
    "하려고",
    "하려면",
    "하는데",
    "해주세요",
    "주세요",
    "주실",
    "하세요",
    "인가요",
    "되나요",
    "됩니다",
    "되는지",
    "됐어요",
    "습니다",
    "습니까",
    "입니까",
    "싶은데요",
    "싶어요",
    "싶습니다",
    "는데요",
    "은데요",
    "어요",
    "아요",
    "여요",
    "해요",
    "나요",
    "까요",
    "네요",
    "군요",
    "지요",
    "려면",
    "려고",
    "라면",
    "하는",
    "하고",
    "하면",
    "해서",
    "하기",
    "하지",
    "했을",
    "할때",
    "받는",
    "받을",
    "되는",
    "되면",
    "된",
    "할",
    "한",
    "함",
    "면",
    "고",
    "지",
    "죠",
];

/// True when `rest` is one Korean particle or two in a row.
pub(crate) fn is_particles(rest: &str) -> bool {
    PARTICLES.iter().any(|particle| {
        rest.strip_prefix(particle).is_some_and(|rest| rest.is_empty() || PARTICLES.contains(&rest))
    })
}

const FUNCTION_WORDS: [&str; 96] = [
    "a",
    "an",
    "the",
    "i",
    "we",
    "you",
    "he",
    "she",
    "it",
    "they",
    "me",
    "us",
    "my",
    "our",
    "your",
    "his",
    "her",
    "its",
    "their",
    "this",
    "that",
    "these",
    "those",
    "is",
    "are",
    "was",
    "were",
    "be",
    "been",
    "am",
    "do",
    "does",
    "did",
    "have",
    "has",
    "had",
    "can",
    "could",
    "will",
    "would",
    "shall",
    "should",
    "may",
    "might",
    "must",
    "to",
    "of",
    "in",
    "on",
    "at",
    "for",
    "from",
    "with",
    "by",
    "and",
    "or",
    "but",
    "if",
    "as",
    "about",
    "there",
    "here",
    "so",
    "what",
    "how",
    "which",
    "when",
    "where",
    "who",
    "why",
    "want",
    "need",
    "like",
    "please",
    "get",
    "give",
    "tell",
    "much",
    "many",
    "any",
    "some",
    "좀",
    "저",
    "제가",
    "저희",
    "그",
    "이",
    "것",
    "수",
    "있나요",
    "주세요",
    "싶어요",
    "싶습니다",
    "어떻게",
    "해",
    "혹시",
];

/// True for words that stand in any kind of sentence and say little of what it is about.
pub(crate) fn is_function_word(word: &str) -> bool {
    FUNCTION_WORDS.contains(&word)
}

/// The word without particle or ending: `환불은` → `환불`, `받나요` → `받`, `invoices` → `invoice`.
pub(crate) fn stem(word: &str) -> &str {
    if word.chars().next().is_some_and(is_hangul) { korean_stem(word) } else { english_stem(word) }
}

fn korean_stem(word: &str) -> &str {
    let keep = |stem: &str, cut: &str| {
        // One syllable is left only by a long ending or an unmistakable particle; `가이` is more
        // likely a noun.
        let left = stem.chars().count();
        left >= 2 || (left == 1 && cut.chars().count() >= 2)
    };
    let cut = |word, endings: &[&'static str]| -> Option<&str> {
        endings.iter().find_map(|ending| {
            let stem = str::strip_suffix(word, ending)?;
            keep(stem, ending).then_some(stem)
        })
    };
    let word = cut(word, &ENDINGS).unwrap_or(word);
    cut(word, &PARTICLES).unwrap_or(word)
}

fn english_stem(word: &str) -> &str {
    for (ending, least) in
        [("'s", 2), ("ies", 3), ("ing", 4), ("ied", 3), ("ed", 4), ("es", 4), ("s", 3), ("e", 4)]
    {
        if let Some(stem) = word.strip_suffix(ending)
            && stem.len() >= least
            && !(ending == "s" && stem.ends_with('s'))
        {
            return stem;
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decomposed_hangul_is_joined() {
        let decomposed = "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af} a";
        assert_eq!(compose(decomposed), "한글 a");
    }

    #[test]
    fn a_change_of_script_ends_a_word() {
        assert_eq!(words("EC2가 안 돼요!"), ["ec2", "가", "안", "돼요"]);
        assert_eq!(words("I don't know, e-mail"), ["i", "dont", "know", "e", "mail"]);
    }

    #[test]
    fn particles_and_endings_are_cut_off_but_short_nouns_stay() {
        let stems: Vec<&str> = [
            "환불은",
            "비밀번호를",
            "받나요",
            "나이",
            "서버에서는",
            "invoices",
            "billing",
            "class",
        ]
        .map(stem)
        .to_vec();
        assert_eq!(stems, ["환불", "비밀번호", "받", "나이", "서버", "invoic", "bill", "class"]);
    }

    #[test]
    fn a_syllable_falls_into_its_letters() {
        assert_eq!(jamo('값'), Some(('ᄀ', 'ᅡ', Some('ᆹ'))));
        assert_eq!(jamo('가'), Some(('ᄀ', 'ᅡ', None)));
        assert_eq!(jamo('a'), None);
    }
}
