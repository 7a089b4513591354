//! Made-up customers, as many as wanted: how they are called, and how they are misheard.

pub(crate) fn account(n: usize) -> String {
    format!("{n:012}")
}

pub(crate) fn phone(n: usize) -> String {
    format!("010-{:04}-{:04}", n / 10_000 % 10_000, n % 10_000)
}

/// A company's name of five to seven syllables, with endings as common as those of real companies.
pub(crate) fn name(n: usize) -> String {
    const ENDINGS: [&str; 8] =
        ["시스템", "테크", "산업", "전자", "물류", "정보기술", "코리아", "상사"];
    let ending = ENDINGS[mixed(n as u64 ^ 0x55) as usize % ENDINGS.len()];
    let syllables: String = (0..3).map(|at| syllable(n as u64 * 3 + at)).collect();
    format!("(주){syllables}{ending}")
}

fn syllable(seed: u64) -> char {
    // Initials and medials that names have, some with a final.
    let z = mixed(seed);
    let (initial, medial, last) =
        (z % 19, z / 19 % 21, [0, 0, 4, 8, 16, 21][(z / 399 % 6) as usize]);
    char::from_u32(0xac00 + ((initial * 21 + medial) * 28 + last) as u32).unwrap_or('가')
}

/// The same with another vowel in the second syllable.
pub(crate) fn misheard(n: usize) -> String {
    let mut letters: Vec<char> = name(n).chars().collect();
    let code = letters[4] as u32 - 0xac00;
    let medial = (code / 28 % 21 + 4) % 21;
    let other = (code / 28 / 21 * 21 + medial) * 28 + code % 28;
    letters[4] = char::from_u32(0xac00 + other).unwrap_or('가');
    letters.into_iter().collect()
}

pub(crate) fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
