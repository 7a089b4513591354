//! Korean particles: their form depends on the last sound of the word before them.

/// What the word ends with when read aloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Vowel,
    /// The consonant ㄹ, after which 으로 is 로.
    Rieul,
    Consonant,
    /// A script that is not read here.
    Unknown,
}

/// A particle in both its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Particle {
    after_consonant: String,
    after_vowel: String,
}

/// Pairs that share no letters; all others are one form with 이 or 으 before it.
const PAIRS: [(&str, &str); 7] = [
    ("은", "는"),
    ("이", "가"),
    ("을", "를"),
    ("과", "와"),
    ("아", "야"),
    ("이에요", "예요"),
    ("이었", "였"),
];

impl Particle {
    /// Reads `은/는`, in either order: a pair of [`PAIRS`], or any particle with and without 이 or
    /// 으 before it, such as `으로/로` and `이라/라`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (one, other) = text.split_once('/')?;
        let (one, other) = (one.trim(), other.trim());
        [(one, other), (other, one)]
            .into_iter()
            .find(|pair| PAIRS.contains(pair) || has_helping_vowel(*pair))
            .map(|(after_consonant, after_vowel)| Self {
                after_consonant: after_consonant.to_owned(),
                after_vowel: after_vowel.to_owned(),
            })
    }

    /// `word` with the particle in the right form; both forms, `은(는)`, when the last sound is not
    /// known.
    pub(super) fn attach(&self, word: &str) -> String {
        let particle = match ending(word) {
            Ending::Vowel => self.after_vowel.as_str(),
            Ending::Rieul if self.after_consonant.starts_with('으') => &self.after_vowel,
            Ending::Rieul | Ending::Consonant => &self.after_consonant,
            Ending::Unknown => return format!("{word}{}", self.both()),
        };
        format!("{word}{particle}")
    }

    fn both(&self) -> String {
        match self.after_consonant.strip_suffix(&self.after_vowel) {
            Some(helping) => format!("({helping}){}", self.after_vowel),
            None => format!("{}({})", self.after_consonant, self.after_vowel),
        }
    }
}

fn has_helping_vowel((after_consonant, after_vowel): (&str, &str)) -> bool {
    let hangul = |text: &str| !text.is_empty() && text.chars().all(|c| final_of(c).is_some());
    hangul(after_vowel)
        && ["이", "으"]
            .iter()
            .any(|helping| after_consonant.strip_prefix(helping) == Some(after_vowel))
}

/// The final consonant of a Hangul syllable, from 1 in the order of Unicode; 0: none.
fn final_of(c: char) -> Option<u32> {
    ('가'..='힣').contains(&c).then(|| (u32::from(c) - u32::from('가')) % 28)
}

/// Place of ㄹ among the final consonants.
const RIEUL: u32 = 8;

fn ending(word: &str) -> Ending {
    let spoken = word.trim_end_matches(|c: char| !(c.is_alphanumeric() || c == '%' || c == '℃'));
    let Some(last) = spoken.chars().next_back() else {
        return Ending::Unknown;
    };
    if let Some(consonant) = final_of(last) {
        return match consonant {
            0 => Ending::Vowel,
            RIEUL => Ending::Rieul,
            _ => Ending::Consonant,
        };
    }
    match last {
        '%' | '℃' | 'ㅏ'..='ㅣ' => Ending::Vowel, // 퍼센트, 도
        'ㄹ' => Ending::Rieul,                    // 리을
        'ㄱ'..='ㅎ' => Ending::Consonant,         // 기역, 니은 …
        '0'..='9' => ending_of_number(spoken),
        'a'..='z' | 'A'..='Z' => ending_of_latin(spoken),
        _ => Ending::Unknown,
    }
}

/// 일 이 삼 … and the units 십 백 천 만 억 조 경 for the noughts at the end.
fn ending_of_number(text: &str) -> Ending {
    let digits: Vec<char> = text
        .chars()
        .rev()
        .take_while(|c| c.is_ascii_digit() || *c == ',')
        .filter(|c| *c != ',')
        .collect();
    let noughts = digits.iter().take_while(|c| **c == '0').count();
    match digits.first() {
        Some('0') if (12..16).contains(&noughts) && noughts < digits.len() => Ending::Vowel, // 조
        Some('1' | '7' | '8') => Ending::Rieul, // 일 칠 팔
        Some('2' | '4' | '5' | '9') => Ending::Vowel, // 이 사 오 구
        _ => Ending::Consonant,                 // 영 공 십 백 천 만 억 경, 삼 육
    }
}

/// Abbreviations are read letter by letter; the ends of words by how they are usually written in
/// Hangul.
fn ending_of_latin(text: &str) -> Ending {
    let mut word: Vec<char> = text.chars().rev().take_while(char::is_ascii_alphabetic).collect();
    word.reverse();
    let [.., last] = word.as_slice() else {
        return Ending::Unknown;
    };
    if word.iter().all(char::is_ascii_uppercase) || word.len() == 1 {
        return match last.to_ascii_uppercase() {
            'L' | 'R' => Ending::Rieul,     // 엘 알
            'M' | 'N' => Ending::Consonant, // 엠 엔
            _ => Ending::Vowel,
        };
    }
    let word: String = word.iter().map(char::to_ascii_lowercase).collect();
    ending_of_word(&word)
}

fn ending_of_word(word: &str) -> Ending {
    let letters = word.as_bytes();
    let from_end = |n: usize| letters.len().checked_sub(n).and_then(|at| letters.get(at));
    let vowel = |letter: Option<&u8>| letter.is_some_and(|l| b"aeiouy".contains(l));
    match from_end(1) {
        Some(b'l') => Ending::Rieul,                                   // cool 쿨
        Some(b'm' | b'n') => Ending::Consonant,                        // team 팀
        Some(b'g') if from_end(2) == Some(&b'n') => Ending::Consonant, // ping 핑
        Some(b'e') => match from_end(2) {
            Some(b'l') if letters.len() > 2 => Ending::Rieul, // file 파일, apple 애플
            Some(b'm' | b'n') if vowel(from_end(3)) && letters.len() > 3 => Ending::Consonant, // phone 폰
            _ => Ending::Vowel,
        },
        Some(b'k') if from_end(2) == Some(&b'c') => Ending::Consonant, // Slack 슬랙
        Some(b'b' | b'c' | b'k' | b'p' | b't') if vowel(from_end(2)) => {
            let long = vowel(from_end(3)) && !word[..letters.len() - 1].ends_with("oo");
            if long { Ending::Vowel } else { Ending::Consonant } // week 위크, book 북, web 웹
        }
        _ => Ending::Vowel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn josa(word: &str, particle: &str) -> String {
        Particle::parse(particle).unwrap().attach(word)
    }

    #[test]
    fn the_form_follows_the_final_consonant_of_hangul() {
        assert_eq!(josa("고객", "은/는"), "고객은");
        assert_eq!(josa("회사", "은/는"), "회사는");
        assert_eq!(josa("고객", "이/가"), "고객이");
        assert_eq!(josa("서버", "을/를"), "서버를");
        assert_eq!(josa("장애", "과/와"), "장애와");
        assert_eq!(josa("한빛", "과/와"), "한빛과");
        assert_eq!(josa("민준", "아/야"), "민준아");
        assert_eq!(josa("지아", "아/야"), "지아야");
    }

    #[test]
    fn euro_loses_its_vowel_after_rieul_too() {
        assert_eq!(josa("서울", "으로/로"), "서울로");
        assert_eq!(josa("부산", "으로/로"), "부산으로");
        assert_eq!(josa("제주", "으로/로"), "제주로");
        assert_eq!(josa("서울", "을/를"), "서울을");
        assert_eq!(josa("서울", "이라/라"), "서울이라");
        assert_eq!(josa("메일", "으로써/로써"), "메일로써");
    }

    #[test]
    fn the_pair_may_be_given_in_either_order() {
        assert_eq!(josa("고객", "는/은"), "고객은");
        assert_eq!(josa("부산", "로/으로"), "부산으로");
    }

    #[test]
    fn digits_are_read_aloud_in_korean() {
        for (number, spoken) in [
            ("1", "1은"),
            ("2", "2는"),
            ("3", "3은"),
            ("4", "4는"),
            ("5", "5는"),
            ("6", "6은"),
            ("7", "7은"),
            ("8", "8은"),
            ("9", "9는"),
            ("0", "0은"),
            ("10", "10은"),
            ("1,000,000,000,000", "1,000,000,000,000는"),
            ("30%", "30%는"),
        ] {
            assert_eq!(josa(number, "은/는"), spoken);
        }
        assert_eq!(josa("1", "으로/로"), "1로");
        assert_eq!(josa("3", "으로/로"), "3으로");
    }

    #[test]
    fn abbreviations_are_read_letter_by_letter() {
        assert_eq!(josa("MSP", "은/는"), "MSP는");
        assert_eq!(josa("VPN", "은/는"), "VPN은");
        assert_eq!(josa("SQL", "으로/로"), "SQL로");
        assert_eq!(josa("EC2", "을/를"), "EC2를");
    }

    #[test]
    fn latin_words_end_as_they_are_usually_written_in_hangul() {
        for (word, spoken) in [
            ("Slack", "Slack은"),
            ("Google", "Google은"),
            ("Phone", "Phone은"),
            ("Cloud", "Cloud는"),
            ("Team", "Team은"),
            ("Facebook", "Facebook은"),
            ("Week", "Week는"),
            ("Server", "Server는"),
            ("Web", "Web은"),
        ] {
            assert_eq!(josa(word, "은/는"), spoken);
        }
    }

    #[test]
    fn closing_marks_are_not_read() {
        assert_eq!(josa("(주)한빛", "은/는"), "(주)한빛은");
        assert_eq!(josa("'회사'", "은/는"), "'회사'는");
        assert_eq!(josa("고객(VIP)", "은/는"), "고객(VIP)는");
    }

    #[test]
    fn both_forms_are_given_when_the_last_sound_is_unknown() {
        assert_eq!(josa("東京", "은/는"), "東京은(는)");
        assert_eq!(josa("", "으로/로"), "(으)로");
    }

    #[test]
    fn what_is_no_particle_is_refused() {
        for text in ["은", "은/을", "a/b", "", "/", "으로/"] {
            assert_eq!(Particle::parse(text), None, "{text}");
        }
    }
}
