//! The words of a text: normalised, told apart by script, with the pauses between them.

use unicode_normalization::UnicodeNormalization;

use crate::table::Table;

/// What a word is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Syllables of Hangul.
    Hangul,
    /// Single letters of Hangul, as chats have them (`ㅇㅇ`, `ㅋㅋ`).
    Jamo,
    /// Letters that have words between spaces: Latin, Cyrillic …
    Latin,
    /// Figures, with a decimal point where there is one.
    Figure,
    /// One sign that can mean something: `+`, `$`, `#`, `:`, an emoji.
    Symbol,
}

/// One word: an eojeol of Korean, a word of English, a figure, a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// In lower case; contractions are written out (`don't` is `do`, `not`).
    pub text: String,
    /// As it was written, but for NFKC.
    pub written: String,
    pub script: Script,
    /// Whether a space, or the beginning, stands before it.
    pub spaced: bool,
    /// Whether a comma, a full stop or the like stands before it.
    pub pause: bool,
    /// Counted from the beginning; a sentence ends with `.`, `!`, `?` or a line.
    pub sentence: usize,
}

/// A text as words.
#[derive(Clone, Debug, Default)]
pub struct Utterance {
    pub words: Vec<Word>,
    /// By sentence, whether it ended with a question mark.
    questions: Vec<bool>,
    /// The words one after the other without spaces.
    flat: String,
    /// Where in `flat` each word begins.
    starts: Vec<usize>,
    /// Whether an eojeol begins with the word: false within `요 금 이 요`, which a recogniser tore
    /// apart.
    eojeols: Vec<bool>,
    /// By word, the first byte of its eojeol and the byte after it.
    bounds: Vec<(usize, usize)>,
}

/// So many single syllables in a row are one eojeol that was torn apart.
const TORN: usize = 3;

/// Contractions with and without their apostrophe, and what they stand for.
#[rustfmt::skip]
const CONTRACTIONS: &[(&str, &str)] = &[
    ("ain't", "is not"), ("aint", "is not"), ("arent", "are not"), ("can't", "can not"),
    ("cannot", "can not"), ("cant", "can not"), ("couldnt", "could not"), ("didnt", "did not"),
    ("doesnt", "does not"), ("dont", "do not"), ("dunno", "do not know"), ("gimme", "give me"),
    ("gonna", "going to"), ("gotta", "got to"), ("hadnt", "had not"), ("hasnt", "has not"),
    ("havent", "have not"), ("idk", "i do not know"), ("im", "i am"), ("isnt", "is not"),
    ("ive", "i have"), ("lemme", "let me"), ("let's", "let us"), ("lets", "let us"),
    ("shouldnt", "should not"), ("thats", "that is"), ("thx", "thanks"), ("u", "you"),
    ("wanna", "want to"), ("wasnt", "was not"), ("werent", "were not"), ("whats", "what is"),
    ("won't", "will not"), ("wont", "will not"), ("wouldnt", "would not"), ("ya'll", "you all"),
    ("y'all", "you all"), ("wheres", "where is"), ("whens", "when is"),
    ("heres", "here is"), ("theres", "there is"), ("hows", "how is"), ("whos", "who is"),
    ("everythings", "everything is"),
    ("nothings", "nothing is"), ("somethings", "something is"), ("youre", "you are"), ("theyre", "they are"),
    ("doesn", "does not"), ("pls", "please"), ("plz", "please"), ("ma'am", "madam"),
    ("cancle", "cancel"), ("canel", "cancel"), ("cancell", "cancel"), ("adress", "address"), ("addres", "address"), ("acount", "account"), ("accout", "account"),
    ("appoinment", "appointment"), ("apointment", "appointment"), ("recieve", "receive"), ("recieved", "received"), ("reciept", "receipt"), ("counsel", "council"),
    ("tommorow", "tomorrow"), ("tomorow", "tomorrow"), ("resevation", "reservation"), ("reservaton", "reservation"), ("refound", "refund"), ("passward", "password"),
    ("pasword", "password"), ("definately", "definitely"), ("definitly", "definitely"), ("o'clock", "oclock"), ("ok'd", "ok"),
];

/// Words whose `'s` is *is*; after other words it is a possessive.
const IS_AFTER: &[&str] = &[
    "that",
    "it",
    "what",
    "here",
    "there",
    "he",
    "she",
    "who",
    "how",
    "where",
    "this",
    "when",
    "name",
    "surname",
    "mine",
    "everything",
    "nothing",
    "something",
    "all",
    "one",
];

/// Leading consonants and vowels of conjoining jamo, in their order, as a keyboard types them.
const LEADING: &str = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
const VOWELS: &str = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ";
const TRAILING: &str = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";

/// Signs that can mean something by themselves.
#[rustfmt::skip]
const SIGNS: &[char] = &[
    '+', '$', '₩', '€', '£', '¥', '%', '*', '#', '~', '👍', '👌', '👎', '🙆', '🙅', '⭕', '❌',
    '✅', '⭐', '★', '☆', '♯',
];

/// The text in NFKC, and what NFKC leaves: circled figures in black, apostrophes, what cannot be
/// seen.
fn normalised(text: &str) -> String {
    // Most of what is said: letters that stand for nothing else and are joined with nothing.
    let plain = |c: char| is_hangul(c) || c.is_ascii() && c != '`';
    if text.chars().all(plain) {
        return spelt(text.chars(), text.len());
    }
    let mut plain = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        match c {
            '№' => plain.push_str(" number "),
            // NFKC makes `1½` eleven halves.
            '½' if before.is_numeric() => plain.push_str(" and a half "),
            '½' => plain.push_str(" half "),
            '❶'..='❿' => push_figure(&mut plain, c as u32 - '❶' as u32 + 1),
            '➀'..='➉' => push_figure(&mut plain, c as u32 - '➀' as u32 + 1),
            '➊'..='➓' => push_figure(&mut plain, c as u32 - '➊' as u32 + 1),
            '’' | '‘' | '`' | '´' | 'ʼ' | '＇' => plain.push('\''),
            '–' | '—' | '−' | '‐' | '‑' | 'ー' => plain.push('-'),
            '，' | '、' => plain.push(','),
            '。' => plain.push('.'),
            // Variation selectors, joiners, the frame of a key, marks of direction.
            '\u{fe00}'..='\u{fe0f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{20e3}'
            | '\u{2060}'
            | '\u{feff}'
            | '\u{ad}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {}
            other => plain.push(other),
        }
        before = c;
    }
    spelt(plain.nfkc().map(typed), plain.len())
}

/// The letters, with vowels that are drawn out and slips by ear as they are written.
fn spelt(letters: impl Iterator<Item = char>, length: usize) -> String {
    let mut out = String::with_capacity(length);
    let mut drawn = None;
    for c in letters {
        // `네ㅔ`, `아니ㅣㅣ`: the vowel of the syllable drawn out.
        if drawn.is_some() && drawn == VOWELS.chars().position(|vowel| vowel == c) {
            continue;
        }
        // `그러케`, `어떠케`: as it sounds.
        let spelt = match (out.chars().last(), c) {
            (Some('러'), '케') => Some('렇'),
            (Some('떠'), '케') => Some('떻'),
            _ => None,
        };
        if let Some(spelt) = spelt {
            out.pop();
            out.push(spelt);
            out.push('게');
            continue;
        }
        drawn = crate::korean::parts(c)
            .filter(|(_, vowel, _)| !matches!(vowel, 13 | 17))
            .map(|(_, vowel, _)| vowel as usize);
        out.push(c);
    }
    out
}

fn push_figure(plain: &mut String, figure: u32) {
    plain.push_str(&figure.to_string());
}

/// A conjoining jamo that was left alone, as the letter that a keyboard types.
fn typed(c: char) -> char {
    let letter =
        |letters: &str, first: u32| letters.chars().nth((c as u32 - first) as usize).unwrap_or(c);
    match c as u32 {
        0x1100..=0x1112 => letter(LEADING, 0x1100),
        0x1161..=0x1175 => letter(VOWELS, 0x1161),
        0x11a8..=0x11c2 => letter(TRAILING, 0x11a8),
        _ => c,
    }
}

pub(crate) fn is_hangul(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

fn is_jamo(c: char) -> bool {
    ('ㄱ'..='ㆎ').contains(&c)
}

fn script(c: char) -> Option<Script> {
    if is_hangul(c) {
        Some(Script::Hangul)
    } else if is_jamo(c) {
        Some(Script::Jamo)
    } else if c.is_ascii_digit() {
        Some(Script::Figure)
    } else if c.is_alphanumeric() {
        Some(Script::Latin)
    } else {
        None
    }
}

impl Utterance {
    /// Reads a text as words.
    ///
    /// ```
    /// use dialgraph_understanding::words::Utterance;
    ///
    /// let text = Utterance::new("I don't want ① billing이요");
    /// let words: Vec<&str> = text.words.iter().map(|word| word.text.as_str()).collect();
    /// assert_eq!(words, ["i", "do", "not", "want", "1", "billing", "이요"]);
    /// ```
    pub fn new(text: &str) -> Utterance {
        let mut out = Utterance { questions: vec![false], ..Utterance::default() };
        let chars = crate::dialect::standard(normalised(text).chars().collect());
        let mut spaced = true;
        let mut pause = false;
        let mut at = 0;
        while let Some(&c) = chars.get(at) {
            let next = chars.get(at + 1).copied().unwrap_or(' ');
            let before = if at == 0 { ' ' } else { chars[at - 1] };
            let between_figures = before.is_ascii_digit() && next.is_ascii_digit();
            if let Some(script) = script(c) {
                let end = match script {
                    Script::Figure => figure_end(&chars, at),
                    _ => word_end(&chars, at, script),
                };
                out.push(&chars[at..end], &chars[end..], script, spaced, pause);
                (spaced, pause, at) = (false, false, end);
                continue;
            }
            match c {
                '-' if next.is_ascii_digit() => {
                    out.push(&['-'], &[], Script::Symbol, before.is_whitespace() || at == 0, pause);
                    (spaced, pause) = (false, false);
                }
                ':' | '/' | '.' if between_figures => {
                    out.push(&[c], &[], Script::Symbol, false, false);
                    (spaced, pause) = (false, false);
                }
                c if SIGNS.contains(&c) => {
                    out.push(&[c], &[], Script::Symbol, spaced, pause);
                    (spaced, pause) = (false, false);
                }
                '.' | '!' | '?' | '\n' => {
                    // Not the points of `p.m.`, `e.g.`.
                    let abbreviation = c == '.'
                        && before.is_ascii_alphabetic()
                        && (at < 2 || !chars[at - 2].is_alphanumeric())
                        && !matches!(before, 'n' | 'N' | 'y' | 'Y' | 'k' | 'K');
                    if abbreviation && !next.is_ascii_digit() {
                        spaced = true;
                    } else {
                        out.end_sentence(c == '?');
                        (spaced, pause) = (true, true);
                    }
                }
                ',' | ';' | ':' | '…' | '(' | ')' | '"' | '“' | '”' | '[' | ']' => {
                    (spaced, pause) = (true, true);
                }
                '-' if before.is_whitespace() && next.is_whitespace() => {
                    (spaced, pause) = (true, true);
                }
                _ => spaced = true,
            }
            at += 1;
        }
        out.mark_torn();
        out
    }

    fn push(&mut self, chars: &[char], rest: &[char], script: Script, spaced: bool, pause: bool) {
        let written: String = chars.iter().collect();
        let lower = match script {
            Script::Hangul => written.clone(),
            _ => written.to_lowercase(),
        };
        let sentence = self.questions.len() - 1;
        if script != Script::Latin {
            let text = if script == Script::Figure { lower.replace(',', "") } else { lower };
            return self.add(Word { text, written, script, spaced, pause, sentence });
        }
        let mut spaced = spaced;
        let mut pause = pause;
        for (i, part) in written_out(lower.trim_matches('\''), rest).split(' ').enumerate() {
            if part.is_empty() {
                continue;
            }
            let written =
                if i == 0 { written.trim_matches('\'').to_owned() } else { String::new() };
            self.add(Word { text: part.to_owned(), written, script, spaced, pause, sentence });
            (spaced, pause) = (true, false);
        }
    }

    fn add(&mut self, word: Word) {
        self.starts.push(self.flat.len());
        self.flat.push_str(&word.text);
        self.words.push(word);
    }

    /// A part of what was said, as a text of its own: its places are those of the part.
    pub(crate) fn of_words(&self, words: Vec<Word>) -> Utterance {
        let mut out = Utterance { questions: self.questions.clone(), ..Utterance::default() };
        for word in words {
            out.add(word);
        }
        out.mark_torn();
        out
    }

    fn end_sentence(&mut self, question: bool) {
        if question {
            // `네?!`, `네??`: the words before it.
            let last = match self.words.last() {
                Some(word) => word.sentence,
                None => return,
            };
            self.questions[last] = true;
        }
        if self.words.last().is_some_and(|word| word.sentence + 1 == self.questions.len()) {
            self.questions.push(false);
        }
    }

    fn mark_torn(&mut self) {
        self.eojeols = vec![true; self.words.len()];
        let single = |word: &Word| word.script == Script::Hangul && word.text.chars().count() == 1;
        let mut at = 0;
        while at < self.words.len() {
            let mut end = at;
            while self.words.get(end).is_some_and(|word| single(word) && (end == at || !word.pause))
            {
                end += 1;
            }
            if end - at >= TORN {
                self.eojeols[at + 1..end].fill(false);
            }
            at = end.max(at + 1);
        }
        let mut begin = 0;
        for word in 0..self.words.len() {
            if self.eojeols[word] {
                begin = word;
            }
            let last = word + 1 == self.words.len() || self.eojeols[word + 1];
            if last {
                let bounds = (self.start(begin), self.end(word));
                self.bounds.resize(word + 1, bounds);
            }
        }
    }

    /// The words one after the other, without spaces and stops.
    pub(crate) fn flat(&self) -> &str {
        &self.flat
    }

    /// The word that holds the byte of the flat text.
    pub(crate) fn word_at(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte).saturating_sub(1)
    }

    pub(crate) fn start(&self, word: usize) -> usize {
        self.starts.get(word).copied().unwrap_or(self.flat.len())
    }

    pub(crate) fn end(&self, word: usize) -> usize {
        self.start(word + 1)
    }

    /// Whether a word begins at the byte, or the text ends.
    pub(crate) fn is_start(&self, byte: usize) -> bool {
        byte >= self.flat.len() || self.starts.binary_search(&byte).is_ok()
    }

    /// Whether an eojeol begins at the byte, or the text ends: not within one that was torn apart,
    /// and not between letters and figures that were written as one.
    pub(crate) fn is_eojeol_start(&self, byte: usize) -> bool {
        byte >= self.flat.len()
            || self
                .starts
                .binary_search(&byte)
                .is_ok_and(|word| self.eojeols[word] && self.words[word].spaced)
    }

    /// Where the eojeol that holds the byte begins.
    pub(crate) fn eojeol_start(&self, byte: usize) -> usize {
        self.bounds.get(self.word_at(byte)).map_or(0, |(start, _)| *start)
    }

    /// Where the eojeol that holds the byte ends; words that were torn apart are one.
    pub(crate) fn eojeol_end(&self, byte: usize) -> usize {
        self.bounds.get(self.word_at(byte)).map_or(self.flat.len(), |(_, end)| *end)
    }

    /// Whether the sentence that the word stands in is a question.
    pub(crate) fn asks(&self, word: usize) -> bool {
        self.words.get(word).is_some_and(|word| self.questions.get(word.sentence) == Some(&true))
    }

    /// Whether a pause stands between two places.
    pub(crate) fn pause_between(&self, from: usize, to: usize) -> bool {
        if from >= to {
            return self.is_start(to)
                && self.words.get(self.word_at(to)).is_some_and(|word| word.pause);
        }
        let first = self.starts.partition_point(|start| *start < from);
        let last = self.starts.partition_point(|start| *start <= to);
        self.words.get(first..last).is_some_and(|words| words.iter().any(|word| word.pause))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether the words from `at` on are these.
    pub(crate) fn is_phrase_at(&self, at: usize, phrase: &str) -> Option<usize> {
        let mut end = at;
        for wanted in phrase.split(' ') {
            if self.words.get(end).is_none_or(|word| word.text != wanted) {
                return None;
            }
            end += 1;
        }
        Some(end)
    }

    /// The longest of the phrases that begins with the word, and the word after it.
    pub(crate) fn longest_at<'a>(
        &self,
        at: usize,
        phrases: &[&'a str],
    ) -> Option<(&'a str, usize)> {
        let first = self.words.get(at)?.text.as_str();
        phrases
            .iter()
            .filter(|phrase| begins(phrase, first))
            .filter_map(|phrase| Some((*phrase, self.is_phrase_at(at, phrase)?)))
            .max_by_key(|(_, end)| *end)
    }

    /// [`longest_at`](Self::longest_at), of a table.
    pub(crate) fn longest_of(&self, at: usize, table: Table) -> Option<(&'static str, usize)> {
        let first = self.words.get(at)?.text.as_str();
        table
            .near(first)
            .filter(|phrase| begins(phrase, first))
            .filter_map(|phrase| Some((phrase, self.is_phrase_at(at, phrase)?)))
            .max_by_key(|(_, end)| *end)
    }

    /// What stands between two places, with its spaces, for showing.
    pub(crate) fn shown(&self, from: usize, to: usize) -> String {
        let mut shown = String::new();
        let mut word = self.word_at(from);
        while word < self.words.len() && self.start(word) < to {
            let (start, end) = (self.start(word).max(from), self.end(word).min(to));
            if self.words[word].spaced && !shown.is_empty() {
                shown.push(' ');
            }
            shown.push_str(self.flat.get(start..end).unwrap_or_default());
            word += 1;
        }
        shown
    }
}

/// A word with its contraction written out; `'s` is *is* or a possessive by what follows it.
fn written_out(word: &str, rest: &[char]) -> String {
    if let Some((_, full)) = CONTRACTIONS.iter().find(|(short, _)| *short == word) {
        return (*full).to_owned();
    }
    let Some((stem, tail)) = word.rsplit_once('\'') else {
        return word.to_owned();
    };
    match tail {
        "t" => format!("{} not", stem.strip_suffix('n').unwrap_or(stem)),
        "ll" => format!("{stem} will"),
        "re" => format!("{stem} are"),
        "ve" => format!("{stem} have"),
        "d" => format!("{stem} would"),
        "m" => format!("{stem} am"),
        "s" if IS_AFTER.contains(&stem) || is_predicate(rest) => format!("{stem} is"),
        // A possessive, or a part of a name (`o'brien`).
        _ => word.replace('\'', ""),
    }
}

/// Whether the text goes on with what is said of something: `server's down`, `today's fine`, not
/// `bill's total`.
fn is_predicate(rest: &[char]) -> bool {
    #[rustfmt::skip]
    const PREDICATES: &[&str] = &[
        "down", "not", "gone", "wrong", "broken", "fine", "too", "still", "so", "very", "really",
        "just", "always", "out",
        "dead", "slow", "late", "right", "correct", "ok", "okay", "good", "missing", "stuck", "frozen", "offline",
        "unavailable", "never", "going", "gonna", "no", "the", "a", "an", "my", "here", "over",
        "up", "off", "in", "been",
        "great", "better", "perfect", "acting", "already", "also", "all", "completely", "totally",
        "being", "getting",
        "not", "unreachable", "crashed", "down,", "urgent", "it", "that", "free", "busy", "bad", "ready",
    ];
    let letters = |c: &&char| c.is_ascii_alphabetic();
    let word: String = rest
        .iter()
        .skip_while(|c| c.is_whitespace())
        .take(16)
        .take_while(letters)
        .map(char::to_ascii_lowercase)
        .collect();
    PREDICATES.contains(&word.as_str())
        || (word.len() > 5 && (word.ends_with("ing") || word.ends_with("ed")))
}

fn word_end(chars: &[char], at: usize, kind: Script) -> usize {
    let mut end = at;
    while let Some(&c) = chars.get(end) {
        let inner = c == '\''
            && kind == Script::Latin
            && end > at
            && chars.get(end + 1).is_some_and(|next| script(*next) == Some(Script::Latin));
        let combining = kind == Script::Latin && ('\u{300}'..='\u{36f}').contains(&c);
        if script(c) != Some(kind) && !inner && !combining {
            break;
        }
        end += 1;
    }
    end
}

/// Where a figure ends: with groups of thousands and one decimal point.
fn figure_end(chars: &[char], at: usize) -> usize {
    let digits = |from: usize| chars[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let mut end = at + digits(at);
    if end - at <= 3 {
        while chars.get(end) == Some(&',') && digits(end + 1) == 3 {
            end += 4;
        }
    }
    if chars.get(end) == Some(&'.') {
        let decimals = digits(end + 1);
        let after = end + 1 + decimals;
        // `2026.12.24` is no decimal number.
        let again = chars.get(after) == Some(&'.')
            && chars.get(after + 1).is_some_and(char::is_ascii_digit);
        let dotted = at >= 2 && chars[at - 1] == '.' && chars[at - 2].is_ascii_digit();
        if decimals > 0 && !again && !dotted {
            end = after;
        }
    }
    end
}

/// `text.starts_with(with)`, for the many tables of which an entry seldom fits: two letters tell
/// most of them apart, and comparing them here saves comparing the rest elsewhere.
pub(crate) fn begins(text: &str, with: &str) -> bool {
    let (letters, wanted) = (text.as_bytes(), with.as_bytes());
    // Syllables share their first byte: the third is the last of the first one.
    let third = wanted.len().min(3).saturating_sub(1);
    match (letters.first(), letters.get(third), wanted.first(), wanted.get(third)) {
        (Some(a), Some(b), Some(c), Some(d)) => a == c && b == d && text.starts_with(with),
        (_, _, wanted, _) => wanted.is_none(),
    }
}

/// Where `needle` stands in `hay`, as `match_indices` tells it.
///
/// Thousands of phrases are looked for in one short text, and the standard library prepares each
/// for a long one first: that was half of all the work.
pub(crate) fn places_of<'t>(hay: &'t str, needle: &'t str) -> impl Iterator<Item = usize> + 't {
    let (hay, needle) = (hay.as_bytes(), needle.as_bytes());
    let ends = needle.first().copied().zip(needle.last().copied());
    let mut at = 0;
    std::iter::from_fn(move || {
        let (first, last) = ends?;
        while let Some(window) = hay.get(at..at + needle.len()) {
            let here = at;
            // Syllables share their first byte: the last one tells most of them apart.
            if window[needle.len() - 1] == last && window[0] == first && window == needle {
                at += needle.len();
                return Some(here);
            }
            // A match begins with a letter: the rest of this one need not be looked at.
            at += match window[0] {
                0xf0.. => 4,
                0xe0.. => 3,
                0xc0.. => 2,
                _ => 1,
            };
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        Utterance::new(text).words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn forms_of_one_character_are_one() {
        assert_eq!(words("１ ① ❶ 1️⃣ ＡＢ"), ["1", "1", "1", "1", "ab"]);
        assert_eq!(words("ㄴㅔ ㅇㅇ"), ["네", "ㅇㅇ"]);
        assert_eq!(words("\u{1102}\u{1166}"), ["네"]);
    }

    #[test]
    fn plain_letters_are_as_all_others() {
        // The last letter is not plain, and means nothing.
        for text in ["네ㅔ", "그러케 해 주세요", "I'd like 1.5, please?", "아니요 no\n2번"]
        {
            let other = format!("{text}\u{200b}");
            assert_eq!(normalised(text), normalised(&other), "{text}");
        }
    }

    #[test]
    fn figures_keep_their_thousands_and_decimals() {
        assert_eq!(
            words("35,000원 1.5 2026.12.24 15:30"),
            ["35000", "원", "1.5", "2026", ".", "12", ".", "24", "15", ":", "30"]
        );
        assert_eq!(words("1,2,3"), ["1", "2", "3"]);
    }

    #[test]
    fn contractions_are_written_out() {
        assert_eq!(
            words("Isn’t, dont, I'll, that's, bill's"),
            ["is", "not", "do", "not", "i", "will", "that", "is", "bills"]
        );
        assert_eq!(words("3 p.m. ok?"), ["3", "p", "m", "ok"]);
    }

    #[test]
    fn beginnings_are_those_of_the_standard_library() {
        let texts =
            ["", "a", "ab", "abc", "네", "네네", "예", "네a", "아니요", "아니야", "é", "éa"];
        for text in texts {
            for with in texts {
                assert_eq!(begins(text, with), text.starts_with(with), "{text:?} {with:?}");
            }
        }
    }

    #[test]
    fn places_are_those_of_the_standard_library() {
        for (hay, needle) in [
            ("아니 아니요", "아니"),
            ("aaaa", "aa"),
            ("", "a"),
            ("a", ""),
            ("가각간", "각"),
            ("ab", "abc"),
        ] {
            let found: Vec<usize> = places_of(hay, needle).collect();
            let wanted: Vec<usize> = match needle {
                "" => Vec::new(),
                _ => hay.match_indices(needle).map(|(at, _)| at).collect(),
            };
            assert_eq!(found, wanted, "{needle} in {hay}");
        }
    }

    #[test]
    fn a_question_is_of_its_sentence() {
        let text = Utterance::new("네? 맞아요.");
        assert!(text.asks(0));
        assert!(!text.asks(1));
    }
}
