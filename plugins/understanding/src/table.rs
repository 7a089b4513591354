//! Tables of words that are looked up by their first letter.
//!
//! An answer is short and the tables are long: what is looked for in a table are the few entries
//! that begin as the answer does, and not each entry in the answer. The order by letters is made by
//! the compiler, because a plugin begins each run with a fresh memory and would make it anew.

/// The letters fall into so many parts.
const PARTS: usize = 128;

/// The order of a table's entries by their first letter.
#[derive(Debug)]
pub(crate) struct Letters<const N: usize> {
    /// Where the entries of each part begin in `order`.
    begins: [u16; PARTS + 1],
    /// Places in the table, ascending within a part.
    order: [u16; N],
}

/// The part that a text's first letter falls into.
const fn part(text: &[u8]) -> usize {
    // A syllable's first byte tells little.
    let part = match text {
        [_, second, third, ..] if text[0] >= 0xe0 => second.wrapping_mul(13).wrapping_add(*third),
        [first, second, ..] if *first >= 0xc0 => first.wrapping_mul(13).wrapping_add(*second),
        [first, ..] => *first,
        [] => 0,
    };
    part as usize % PARTS
}

impl<const N: usize> Letters<N> {
    /// The order of a table of `N` entries.
    pub(crate) const fn of(table: &[&str]) -> Self {
        assert!(table.len() == N && N <= u16::MAX as usize);
        let mut begins = [0; PARTS + 1];
        let mut at = 0;
        while at < N {
            begins[part(table[at].as_bytes()) + 1] += 1;
            at += 1;
        }
        let mut each = 0;
        while each < PARTS {
            begins[each + 1] += begins[each];
            each += 1;
        }
        let (mut next, mut order) = (begins, [0; N]);
        let mut at = 0;
        while at < N {
            let part = part(table[at].as_bytes());
            order[next[part] as usize] = at as u16;
            next[part] += 1;
            at += 1;
        }
        Self { begins, order }
    }

    /// The places of the entries whose first letter may be that of the text, ascending.
    pub(crate) fn candidates(&self, text: &str) -> &[u16] {
        candidates(&self.begins, &self.order, text)
    }
}

fn candidates<'l>(begins: &[u16; PARTS + 1], order: &'l [u16], text: &str) -> &'l [u16] {
    let part = part(text.as_bytes());
    let (from, to) = (begins[part] as usize, begins[part + 1] as usize);
    order.get(from..to).unwrap_or_default()
}

/// A table with the order of its entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    words: &'static [&'static str],
    begins: &'static [u16; PARTS + 1],
    order: &'static [u16],
}

impl Table {
    pub(crate) const fn new<const N: usize>(
        words: &'static [&'static str],
        letters: &'static Letters<N>,
    ) -> Self {
        Self { words, begins: &letters.begins, order: &letters.order }
    }

    fn candidates(&self, text: &str) -> &'static [u16] {
        candidates(self.begins, self.order, text)
    }

    /// The entries whose first letter may be that of the text, in their order.
    pub(crate) fn near(&self, text: &str) -> impl Iterator<Item = &'static str> {
        let words = self.words;
        self.candidates(text).iter().map(move |at| words[usize::from(*at)])
    }

    /// Whether the word is an entry.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.near(word).any(|entry| entry == word)
    }

    /// The entries that the text begins with, in their order, each with its place in the table. An
    /// empty entry is left aside.
    pub(crate) fn beginnings<'t>(
        &self,
        text: &'t str,
    ) -> impl Iterator<Item = (usize, &'static str)> + use<'t> {
        let words = self.words;
        self.candidates(text)
            .iter()
            .map(move |at| (usize::from(*at), words[usize::from(*at)]))
            .filter(move |(_, word)| crate::words::begins(text, word))
    }

    /// Where the entries stand in the text: entry by entry in their order, the places of each as
    /// [`places_of`](crate::words::places_of) tells them.
    pub(crate) fn places(&self, text: &str) -> Vec<(&'static str, usize)> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        for (at, _) in text.char_indices() {
            found.extend(self.beginnings(&text[at..]).map(|(entry, _)| (entry, at)));
        }
        found.sort_unstable();
        let mut places: Vec<(&'static str, usize)> = Vec::with_capacity(found.len());
        let (mut last, mut end) = (usize::MAX, 0);
        for (entry, at) in found {
            // Places of one entry do not overlap.
            if entry != last || at >= end {
                let word = self.words[entry];
                (last, end) = (entry, at + word.len());
                places.push((word, at));
            }
        }
        places
    }
}

/// The table of a constant list of words.
macro_rules! table {
    ($words:expr) => {{
        static LETTERS: crate::table::Letters<{ $words.len() }> = crate::table::Letters::of($words);
        crate::table::Table::new($words, &LETTERS)
    }};
}
pub(crate) use table;

#[cfg(test)]
mod tests {
    use super::Table;
    use crate::words::places_of;

    const WORDS: &[&str] =
        &["아니", "네", "아니요", "아", "not", "no", "é", "n", "니아", "아니", "😀"];
    const TABLE: Table = table!(WORDS);

    const TEXTS: &[&str] = &[
        "",
        "아니아니요",
        "네",
        "no not",
        "nnn",
        "éé😀",
        "아아아",
        "요",
        "니아니아니",
        "그런데 아니라니까",
    ];

    #[test]
    fn beginnings_are_those_that_each_entry_has() {
        for text in TEXTS {
            let found: Vec<(usize, &str)> = TABLE.beginnings(text).collect();
            let wanted: Vec<(usize, &str)> = WORDS
                .iter()
                .enumerate()
                .filter(|(_, word)| text.starts_with(**word))
                .map(|(at, word)| (at, *word))
                .collect();
            assert_eq!(found, wanted, "{text:?}");
        }
    }

    #[test]
    fn entries_are_told_from_other_words() {
        for word in WORDS {
            assert!(TABLE.has(word), "{word:?}");
        }
        for word in ["", "아니요요", "ㄴ", "nothing", "요"] {
            assert!(!TABLE.has(word), "{word:?}");
        }
    }

    #[test]
    fn places_are_those_that_each_entry_has() {
        for text in TEXTS {
            let wanted: Vec<(&str, usize)> =
                WORDS.iter().flat_map(|word| places_of(text, word).map(|at| (*word, at))).collect();
            assert_eq!(TABLE.places(text), wanted, "{text:?}");
        }
    }
}
