//! Letters in one encoding, and Hangul taken apart.
//!
//! By hand and for the scripts of company names on Korean phones: legal forms in brackets and
//! accents become plain letters, which Unicode's normal forms leave as they are.

/// The text in lower case, with one way of writing what Unicode can write in several: Hangul in
/// syllables, full-width letters as plain ones, `㈜` as `(주)`, Latin letters without accents.
pub(super) fn written_alike(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{3000}' | '\u{a0}' => written.push(' '),
            '！'..='～' => push(&mut written, moved(c, '！', '!')),
            '㈎'..='㈜' => {
                written.push('(');
                written.extend("가나다라마바사아자차카타파하주".chars().nth(distance(c, '㈎')));
                written.push(')');
            }
            // Accents that follow their letter.
            '\u{300}'..='\u{36f}' => {}
            'ß' => written.push_str("ss"),
            other => push(&mut written, other),
        }
    }
    written
}

fn push(written: &mut String, c: char) {
    let last = written.chars().next_back();
    if let Some(syllable) = last.and_then(|last| syllable(last, c)) {
        written.pop();
        written.push(syllable);
    } else {
        written.extend(c.to_lowercase().map(plain));
    }
}

fn plain(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'ð' | 'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ę' | 'ě' => 'e',
        'ğ' => 'g',
        'ì'..='ï' | 'ī' | 'ı' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
        'ř' => 'r',
        'ś' | 'š' | 'ş' => 's',
        'ť' => 't',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        other => other,
    }
}

const FIRST: char = '가';
const LAST: char = '힣';
const INITIAL: char = '\u{1100}';
const MEDIAL: char = '\u{1161}';
/// One before the first final, as "no final" is counted too.
const FINAL: char = '\u{11a7}';
const MEDIALS: usize = 21;
const FINALS: usize = 28;

/// The syllable that a conjoining letter makes of the one before it.
fn syllable(before: char, letter: char) -> Option<char> {
    match (before, letter) {
        ('\u{1100}'..='\u{1112}', '\u{1161}'..='\u{1175}') => {
            let index = (distance(before, INITIAL) * MEDIALS + distance(letter, MEDIAL)) * FINALS;
            offset(FIRST, index)
        }
        (FIRST..=LAST, '\u{11a8}'..='\u{11c2}')
            if distance(before, FIRST).is_multiple_of(FINALS) =>
        {
            offset(before, distance(letter, FINAL))
        }
        _ => None,
    }
}

/// The letters of a text, Hangul syllables taken apart, so that `상사` and `상자` differ by one of
/// five.
pub(super) fn sounds(text: &str) -> Vec<char> {
    let mut sounds = Vec::with_capacity(text.len());
    for c in text.chars() {
        if !(FIRST..=LAST).contains(&c) {
            sounds.push(c);
            continue;
        }
        let index = distance(c, FIRST);
        let (initial, medial, last) =
            (index / FINALS / MEDIALS, index / FINALS % MEDIALS, index % FINALS);
        sounds.extend(offset(INITIAL, initial));
        sounds.extend(offset(MEDIAL, medial));
        if last > 0 {
            sounds.extend(offset(FINAL, last));
        }
    }
    sounds
}

/// Hangul syllables by the sounds that a recogniser keeps apart, without their finals: plain, tense
/// and aspirated initials are one, and so are vowels that are said alike. Latin words without their
/// vowels but the first, with one letter for each kind of consonant. Anything else as it is.
pub(super) fn coarse(text: &str) -> Vec<char> {
    let mut sounds: Vec<char> = Vec::with_capacity(text.len());
    let mut in_latin = false;
    for c in text.chars() {
        let sound = match c {
            FIRST..=LAST => {
                let index = distance(c, FIRST);
                let initial = match index / FINALS / MEDIALS {
                    // ㄲ ㅋ, ㄸ ㅌ, ㅃ ㅍ, ㅆ, ㅉ ㅊ
                    1 | 15 => 0,
                    4 | 16 => 3,
                    8 | 17 => 7,
                    10 => 9,
                    13 | 14 => 12,
                    plain => plain,
                };
                let medial = match index / FINALS % MEDIALS {
                    // ㅐ ㅒ ㅖ as ㅔ, ㅙ ㅞ as ㅚ, ㅢ as ㅣ
                    1 | 3 | 7 => 5,
                    10 | 15 => 11,
                    19 => 20,
                    plain => plain,
                };
                offset(FIRST, (initial * MEDIALS + medial) * FINALS)
            }
            'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'h' | 'w' if in_latin => None,
            'c' | 'q' | 'x' | 'g' => Some('k'),
            'z' | 'j' => Some('s'),
            'v' | 'p' | 'b' => Some('f'),
            'd' => Some('t'),
            'l' => Some('r'),
            'm' => Some('n'),
            other => Some(other),
        };
        in_latin = c.is_ascii_alphabetic();
        // A letter that is said once is written twice: `Hallmark`, `Accent`.
        sounds.extend(sound.filter(|sound| !(in_latin && sounds.last() == Some(sound))));
    }
    sounds
}

/// How far `c` is behind `from`.
fn distance(c: char, from: char) -> usize {
    (c as usize).saturating_sub(from as usize)
}

fn offset(from: char, by: usize) -> Option<char> {
    u32::try_from(by).ok().and_then(|by| char::from_u32(from as u32 + by))
}

fn moved(c: char, from: char, to: char) -> char {
    offset(to, distance(c, from)).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hangul_is_put_together_and_taken_apart() {
        assert_eq!(written_alike("\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"), "한글");
        // A final that the syllable has already begins nothing.
        assert_eq!(written_alike("한\u{11a8}"), "한\u{11a8}");
        assert_eq!(
            sounds("한글a"),
            "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}a".chars().collect::<Vec<_>>()
        );
        for c in FIRST..=LAST {
            let apart: String = sounds(&c.to_string()).into_iter().collect();
            assert_eq!(written_alike(&apart), c.to_string());
        }
    }

    #[test]
    fn letters_of_other_widths_and_in_brackets_are_plain_ones() {
        assert_eq!(written_alike("（Ａｂ１）　㈜㈔"), "(ab1) (주)(사)");
        assert_eq!(written_alike("Ångström STRAßE e\u{301}"), "angstrom strasse e");
    }
}
