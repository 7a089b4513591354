//! Korean of the regions, written as the standard language has it: `맞심더`, `해 주이소`,
//! `필요읎슈`, `기다리쇼잉`.
//!
//! Only endings that are no part of another word are changed, and only where the eojeol ends, so
//! that names and things keep their letters.

use crate::korean::parts;
use crate::words::is_hangul;

/// Stems after which `이소` and `쇼` ask for something.
const ASKED: &str = "하주보가오마두시리쓰";
/// After these a polite `유` or `예` is the `요` of the standard language.
const POLITE_YU: &str = "어줘돼했";
const POLITE_YE: &str = "아어라줘돼";

/// The text with the endings of the regions as the standard language has them.
pub(crate) fn standard(chars: Vec<char>) -> Vec<char> {
    let mut out: Vec<char> = Vec::with_capacity(chars.len() + 4);
    for (at, &c) in chars.iter().enumerate() {
        // `필요읎어요`: no other word has the syllable.
        out.push(if matches!(c, '읎' | '웂') { '없' } else { c });
        let ends = chars.get(at + 1).is_none_or(|next| !is_hangul(*next));
        if ends && is_hangul(c) {
            last(&mut out);
        }
    }
    out
}

/// Changes the ending of the eojeol that the text ends with.
fn last(out: &mut Vec<char>) {
    let length = out.iter().rev().take(8).take_while(|c| is_hangul(**c)).count();
    let mut ending = [' '; 3];
    for (back, c) in out.iter().rev().take(length.min(3)).enumerate() {
        ending[back] = *c;
    }
    let [end, before, third] = ending;
    let closed = |c: char| parts(c).map_or(0, |(_, _, trailing)| trailing);
    let mut written = |drop: usize, with: &str| {
        out.truncate(out.len() - drop);
        out.extend(with.chars());
    };
    match (before, end) {
        // `맞어잉`, `기다리쇼잉`.
        (before, '잉') if length > 2 && "쇼어요려라제께여".contains(before) => {
            out.pop();
            last(out);
        }
        // `맞습니더`, and not `어머니더`.
        ('니', '더') if closed(third) == 17 => written(1, "다"),
        ('심' | '슴', '더') if length > 2 => written(2, "습니다"),
        ('임', '더') => written(2, "입니다"),
        ('함', '더') => written(2, "합니다"),
        ('됨', '더') => written(2, "됩니다"),
        (before, '쇼') if ASKED.contains(before) && length > 1 => written(1, "세요"),
        ('이', '소') if length > 2 && ASKED.contains(third) => written(2, "세요"),
        (before, '슈') if length > 1 => {
            written(1, if closed(before) != 0 { "어요" } else { "세요" });
        }
        (before, '유') if length > 2 && POLITE_YU.contains(before) => written(1, "요"),
        ('고', '예') if third == '이' => written(1, "요"),
        (before, '예') if length > 2 && POLITE_YE.contains(before) => written(1, "요"),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    fn standard(text: &str) -> String {
        super::standard(text.chars().collect()).into_iter().collect()
    }

    #[test]
    fn endings_of_the_regions_are_those_of_the_standard_language() {
        for (said, meant) in [
            ("맞습니더", "맞습니다"),
            ("맞심더", "맞습니다"),
            ("해 주이소", "해 주세요"),
            ("기다리쇼잉", "기다리세요"),
            ("필요읎슈", "필요없어요"),
            ("맞어유", "맞어요"),
            ("그거 아이라예", "그거 아이라요"),
            ("제 번호임더", "제 번호입니다"),
        ] {
            assert_eq!(standard(said), meant);
        }
    }

    #[test]
    fn other_words_keep_their_letters() {
        for text in [
            "어머니더러",
            "여유",
            "노예",
            "아예",
            "김지예",
            "서지유",
            "홈쇼핑",
            "좀더",
            "네예",
            "패션쇼",
        ] {
            assert_eq!(standard(text), text);
        }
    }
}
