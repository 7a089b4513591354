//! Text that others wrote, made safe to show: on a terminal, in a log line, in a report.
//!
//! What callers, providers, plugins and files say may hold characters that do something instead of
//! being seen: they move the cursor, begin a line, turn the reading direction, or hide words. Here
//! they become words such as `\u{1b}`. Letters of every script stay as they are, and so do emoji
//! with the joiners, selectors and tags that belong to them.

use std::borrow::Cow;

/// A value within a line: line ends and tabs are escaped, too.
///
/// ```
/// use dialgraph_visible::line;
///
/// assert_eq!(line("안녕\u{1b}[2J\n> fake"), "안녕\\u{1b}[2J\\n> fake");
/// assert_eq!(line("👩‍💻 한국어"), "👩‍💻 한국어");
/// ```
pub fn line(text: &str) -> Cow<'_, str> {
    escape(text, Style::Line)
}

/// Several lines: line feeds and tabs stay.
pub fn lines(text: &str) -> Cow<'_, str> {
    escape(text, Style::Lines)
}

/// Several lines that we have coloured ourselves: what sets colours (SGR) stays, too. What others
/// wrote in them must have been made safe before.
pub fn styled_lines(text: &str) -> Cow<'_, str> {
    escape(text, Style::StyledLines)
}

/// The same for one line.
pub fn styled_line(text: &str) -> Cow<'_, str> {
    escape(text, Style::StyledLine)
}

/// A text that is JSON: it means the same afterwards. Line feeds between values stay.
pub fn json(text: &str) -> Cow<'_, str> {
    escape(text, Style::Json)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Line,
    StyledLine,
    Lines,
    StyledLines,
    Json,
}

fn escape(text: &str, style: Style) -> Cow<'_, str> {
    // By far the most texts have nothing to escape.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut out: Option<String> = None;
    let mut rest = text;
    let mut done = 0;
    let mut before = None;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        // A flag is looked at with its tags, an escape with its sequence.
        let tail = match c {
            BLACK_FLAG => tags(after),
            '\u{1b}' if matches!(style, Style::StyledLine | Style::StyledLines) => sgr(after),
            _ => 0,
        };
        if tail == 0 && must_hide(c, before, after, style) {
            let out = out.get_or_insert_with(|| text[..done].to_owned());
            push_escaped(out, c, style);
        } else if let Some(out) = &mut out {
            out.push_str(&rest[..c.len_utf8() + tail]);
        }
        done += c.len_utf8() + tail;
        rest = &text[done..];
        before = Some(c);
    }
    out.map_or(Cow::Borrowed(text), Cow::Owned)
}

fn push_escaped(out: &mut String, c: char, style: Style) {
    use std::fmt::Write as _;
    if style == Style::Json {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}"); // writing to a String cannot fail, here and below
        }
        return;
    }
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
    }
}

fn must_hide(c: char, before: Option<char>, after: &str, style: Style) -> bool {
    match c {
        '\n' | '\t' => matches!(style, Style::Line | Style::StyledLine),
        // JSON may have it between values, where it shows nothing.
        '\r' if style == Style::Json && after.starts_with('\n') => false,
        _ if c.is_control() => true,
        ' '..='~' => false,
        JOINER => !joins(before, after),
        NON_JOINER => !(is_cursive(before) && is_cursive(after.chars().next())),
        _ if is_selector(c) => !before.is_some_and(takes_selector),
        _ => is_invisible(c),
    }
}

const JOINER: char = '\u{200D}';
const NON_JOINER: char = '\u{200C}';
const BLACK_FLAG: char = '\u{1F3F4}';
/// Tags of the longest flag of a region.
const MOST_TAGS: usize = 7;

/// Whether a joiner belongs here: between two emoji, or within a word of a script that joins its
/// letters.
fn joins(before: Option<char>, after: &str) -> bool {
    let next = after.chars().next();
    let picture = |c: Option<char>| c.is_some_and(is_picture);
    (picture(before) && picture(next)) || (is_cursive(before) && is_cursive(next))
}

/// Parts of emoji: pictures, their skin tones, signs that can be pictures, and the selectors behind
/// them.
fn is_picture(c: char) -> bool {
    matches!(c,
        '\u{1F000}'..='\u{1FAFF}' | '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{2460}'..='\u{27BF}'
        | '\u{2900}'..='\u{2BFF}' | '\u{FE0F}' | '\u{20E3}' | '\u{00A9}' | '\u{00AE}' | '\u{203C}' | '\u{2049}'
        | '\u{2122}' | '\u{2139}' | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}')
}

/// Scripts in which a joiner between letters is spelling: Arabic, Syriac, those of India and
/// around, Khmer, Mongolian.
fn is_cursive(c: Option<char>) -> bool {
    c.is_some_and(|c| {
        matches!(c,
            '\u{0620}'..='\u{06D3}' | '\u{06FA}'..='\u{0AFF}' | '\u{0B00}'..='\u{0DFF}' | '\u{0F00}'..='\u{109F}'
            | '\u{1780}'..='\u{17B3}' | '\u{17B6}'..='\u{17FF}' | '\u{1820}'..='\u{18AF}' | '\u{FB50}'..='\u{FDFF}')
            && !is_invisible(c)
    })
}

/// Variation selectors: which form of the character before is meant.
fn is_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// One selector behind a character that can be seen is a form of it; more would be a hidden
/// message.
fn takes_selector(before: char) -> bool {
    let seen = !before.is_control() && !before.is_whitespace() && !is_selector(before);
    let keys = matches!(before, '0'..='9' | '#' | '*');
    seen && !is_invisible(before) && before != JOINER && (keys || !before.is_ascii())
}

/// Bytes of what follows the escape character in a sequence that sets colours, such as `[1;31m`.
fn sgr(after: &str) -> usize {
    let Some(numbers) = after.strip_prefix('[') else { return 0 };
    let length = numbers.bytes().take_while(|b| matches!(b, b'0'..=b'9' | b';' | b':')).count();
    match numbers.as_bytes().get(length) {
        Some(b'm') => 1 + length + 1,
        _ => 0,
    }
}

/// Bytes of the tags that spell the region of a black flag, `gbsct` for Scotland, with the one that
/// ends them.
fn tags(after: &str) -> usize {
    let mut bytes = 0;
    for (count, c) in after.chars().enumerate() {
        match c {
            '\u{E007F}' if (3..=MOST_TAGS).contains(&count) => return bytes + c.len_utf8(),
            '\u{E0030}'..='\u{E0039}' | '\u{E0061}'..='\u{E007A}' if count < MOST_TAGS => {
                bytes += c.len_utf8();
            }
            _ => return 0,
        }
    }
    0
}

/// Characters that are not seen but do something: formats (general category Cf, but for the signs
/// that are seen), ends of lines and paragraphs, and what is no character at all.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{180E}'
        | '\u{200B}' | '\u{200E}' | '\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{13430}'..='\u{1343F}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
        || u32::from(c) & 0xFFFE == 0xFFFE
        || matches!(c, '\u{FDD0}'..='\u{FDEF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_something_instead_of_being_seen_is_escaped() {
        for (text, shown) in [
            ("\u{1b}[31mred\u{7}", "\\u{1b}[31mred\\u{7}"),
            ("a\0b\u{8}\u{b}\u{c}\u{7f}", "a\\u{0}b\\u{8}\\u{b}\\u{c}\\u{7f}"),
            ("\u{9b}2J \u{85}", "\\u{9b}2J \\u{85}"),
            ("one\r\ntwo\tthree", "one\\r\\ntwo\\tthree"),
            ("a\u{2028}b\u{2029}c", "a\\u{2028}b\\u{2029}c"),
            ("\u{202e}txt.exe\u{2066}\u{2069}", "\\u{202e}txt.exe\\u{2066}\\u{2069}"),
            ("\u{200e}\u{200f}\u{61c}", "\\u{200e}\\u{200f}\\u{61c}"),
            ("pass\u{200b}word\u{feff}\u{2060}", "pass\\u{200b}word\\u{feff}\\u{2060}"),
            ("a\u{200d}b \u{200c}", "a\\u{200d}b \\u{200c}"),
            ("\u{e0041}\u{e0042}", "\\u{e0041}\\u{e0042}"),
            ("😀\u{e0100}\u{e0101}\u{e0102}", "😀\u{e0100}\\u{e0101}\\u{e0102}"),
            ("a\u{fe0f}", "a\\u{fe0f}"),
        ] {
            assert_eq!(line(text), shown, "{text:?}");
        }
        assert_eq!(lines("one\n\ttwo\r\u{1b}"), "one\n\ttwo\\r\\u{1b}");
        assert_eq!(styled_lines("\u{1b}[1;31mred\u{1b}[0m\n"), "\u{1b}[1;31mred\u{1b}[0m\n");
        assert_eq!(styled_line("\u{1b}[0m\u{1b}[2J\n"), "\u{1b}[0m\\u{1b}[2J\\n");
    }

    #[test]
    fn words_of_every_script_and_emoji_stay_as_they_are() {
        for text in [
            "안녕하세요. 상담원을 연결해 드리겠습니다.",
            "ᄒᆞᆫ글 ㄱㄴㄷ",
            "日本語 葛\u{e0100}城 中文",
            "👨‍👩‍👧‍👦 👩🏽‍💻 🏳️‍🌈 ❤️‍🔥 🧔‍♂️ 1️⃣ #️⃣ ☎️ 🇰🇷",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "می\u{200c}خواهم क्\u{200d}ष",
            "שלום مرحبا ไทย Ελληνικά",
            "é e\u{301} ñ “…” – — • ₩",
        ] {
            assert_eq!(line(text), text);
            assert!(matches!(line(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn escaped_json_means_the_same() {
        let value =
            serde_json::json!({"a\u{202e}": "x\u{1b}\u{9b}\u{7f}\n\u{2028}\u{e0041}한글👩‍💻"});
        for text in [value.to_string(), format!("{value:#}")] {
            let shown = json(&text);
            assert!(!shown.contains(['\u{202e}', '\u{9b}', '\u{7f}', '\u{2028}', '\u{e0041}']));
            assert!(shown.contains("한글👩‍💻"));
            assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        }
    }

    #[test]
    fn nothing_that_does_something_is_left_whatever_the_text() {
        // Every character there is, alone, in pairs with the odd ones, and after an emoji.
        let odd = ['\u{200d}', BLACK_FLAG];
        for c in (0..=0x10_FFFF).filter_map(char::from_u32) {
            for other in odd {
                let text: String = [c, other, c].iter().collect();
                let shown = line(&text);
                assert!(!shown.chars().any(|c| c.is_control()), "{text:?}");
                assert!(
                    !shown.contains(['\u{2028}', '\u{2029}', '\u{202e}', '\u{2066}']),
                    "{text:?}"
                );
            }
        }
    }
}
