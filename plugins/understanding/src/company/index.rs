//! Under what a company's name is found among a million others.
//!
//! A name has a handful of entries in an index, and what was heard has a few dozen probes; a name
//! whose entries hold one of the probes is a candidate, and [`likeness`](super::likeness) decides.
//! No probe is a range: an entry is looked up as a whole, so that an index may keep entries as
//! keyed hashes.
//!
//! What is found for certain: the same name; a name that begins with what was heard, or has it as
//! one of its words; a name that begins or ends what was heard and makes up half of it or more; a
//! name that sounds alike but for one syllable that is another, missing or added; and a name of
//! nine syllables or more but for one third of them, at the beginning, in the middle or at the end,
//! with at most two syllables more or fewer there.

use super::letters::coarse;
use super::normalised;

/// Letters of a name that an index goes by.
const LONGEST: usize = 48;
/// Lengths of the beginnings that are entries, in letters.
const BEGINNINGS: std::ops::RangeInclusive<usize> = 2..=3;
/// So many words of a name are entries of their own.
const WORDS: usize = 2;
/// Fewest sounds of which one may be wrong.
const FEWEST: usize = 3;
/// Fewest sounds of which one third may be wrong: what is left says enough to find few names.
const LONG: usize = 9;
/// A long name may sound longer or shorter by so many syllables than what was heard.
const LONGER: usize = 2;

/// The entries of a name, at most fourteen; none for a name without letters. The one by which it is
/// found as a whole comes first.
///
/// ```
/// use dialgraph_understanding::company::{index_entries, index_probes, normalised};
///
/// let entries = index_entries("(주)한빛가상 데이터");
/// let finds = |heard| index_probes(&normalised(heard)).iter().any(|probe| entries.contains(probe));
/// assert!(finds("한빛가상데이터") && finds("한빛") && finds("데이터") && finds("한삧까상데이타"));
/// assert!(!finds("달빛물류"));
/// ```
pub fn index_entries(name: &str) -> Vec<String> {
    let all = normalised(name);
    let letters: Vec<char> = all.chars().take(LONGEST).collect();
    if letters.is_empty() {
        return Vec::new();
    }
    let mut entries = vec![whole(&letters)];
    for length in BEGINNINGS.filter(|length| *length < letters.len()) {
        entries.push(tagged('^', &letters[..length]));
    }
    let words = name.split_whitespace().map(normalised).filter(|word| word.chars().count() > 1);
    entries.extend(words.filter(|word| *word != all).take(WORDS).map(|word| format!("w{word}")));
    let sounds = sounds(&letters);
    let count = sounds.len();
    entries.push(tagged('~', &sounds));
    if (FEWEST..LONG).contains(&count) {
        entries.extend(without_one(&sounds));
    } else if count >= LONG {
        let (x, y) = thirds(count);
        entries.push(without_third('c', count, &sounds[..y], &[]));
        entries.push(without_third('a', count, &sounds[x..], &[]));
        entries.push(without_third('b', count, &sounds[..x], &sounds[y..]));
    }
    entries.sort_unstable();
    entries.dedup();
    entries
}

/// The entry that only names have which are the same; none for a name without letters. Takes a
/// [normalised](super::normalised) name.
pub fn index_whole(name: &str) -> Option<String> {
    let letters: Vec<char> = name.chars().take(LONGEST).collect();
    (!letters.is_empty()).then(|| whole(&letters))
}

/// What to look for where [`index_entries`] are kept, for a [normalised](super::normalised) name
/// that was heard.
pub fn index_probes(heard: &str) -> Vec<String> {
    let letters: Vec<char> = heard.chars().take(LONGEST).collect();
    let count = letters.len();
    if count == 0 {
        return Vec::new();
    }
    let mut probes = vec![whole(&letters), tagged('w', &letters)];
    if count >= *BEGINNINGS.start() {
        probes.push(tagged('^', &letters[..count.min(*BEGINNINGS.end())]));
    }
    let sounds = sounds(&letters);
    let heard = sounds.len();
    probes.push(tagged('~', &sounds));
    if heard <= LONG {
        probes.extend(without_one(&sounds));
    }
    for count in heard.saturating_sub(LONGER).max(LONG)..=heard + LONGER {
        let (x, y) = thirds(count);
        let rest = count - x;
        if heard >= y {
            probes.push(without_third('c', count, &sounds[..y], &[]));
        }
        if heard >= rest {
            probes.push(without_third('a', count, &sounds[heard - rest..], &[]));
        }
        if heard >= 2 * x {
            probes.push(without_third('b', count, &sounds[..x], &sounds[heard - x..]));
        }
    }
    probes.sort_unstable();
    probes.dedup();
    probes
}

/// The same for names that begin or end what was heard, and make up half of it or more.
pub fn index_probes_within(heard: &str) -> Vec<String> {
    let letters: Vec<char> = heard.chars().take(LONGEST).collect();
    let count = letters.len();
    let mut probes = Vec::new();
    for length in count.div_ceil(2).max(2)..count {
        probes.push(whole(&letters[..length]));
        probes.push(whole(&letters[count - length..]));
    }
    probes.sort_unstable();
    probes.dedup();
    probes
}

/// The sounds but one, for each of them.
fn without_one(sounds: &[char]) -> impl Iterator<Item = String> + '_ {
    (0..sounds.len()).map(|at| {
        let others = sounds.iter().enumerate().filter(|(other, _)| *other != at);
        std::iter::once('~').chain(others.map(|(_, sound)| *sound)).collect()
    })
}

fn sounds(letters: &[char]) -> Vec<char> {
    coarse(&letters.iter().collect::<String>())
}

/// Where the second and the last third of so many sounds begin; the outer ones are equally long.
fn thirds(count: usize) -> (usize, usize) {
    let outer = (count / 3).max(1);
    (outer, count - outer)
}

fn whole(letters: &[char]) -> String {
    tagged('=', letters)
}

fn tagged(tag: char, letters: &[char]) -> String {
    std::iter::once(tag).chain(letters.iter().copied()).collect()
}

/// The sounds of a name of `count` sounds but for the third `left_out`.
fn without_third(left_out: char, count: usize, before: &[char], behind: &[char]) -> String {
    let (before, behind) = (before.iter().collect::<String>(), behind.iter().collect::<String>());
    format!("{left_out}{count} {before} {behind}")
}
