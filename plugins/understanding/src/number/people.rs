//! People who are counted one after the other: `two adults and a child`, `me plus three`,
//! `the three of us and my mother`.
//!
//! They add up. Where it is not certain that all were counted (`two adults and some kids`), nothing
//! is understood.

use super::people_ko;
use crate::negation::Mention;
use crate::numerals::{Decimal, Kind, numeral_at};
use crate::words::{Script, Utterance};

/// Who one part of a party is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The speaker.
    Me,
    /// `my wife`: one of the speaker's.
    Own,
    /// `a child`, `two adults`, by what they are.
    Such(&'static str),
    /// `three people`, `five of us`.
    People,
    /// A number alone.
    Bare,
    /// `some kids`: nobody knows how many.
    Unknown,
}

/// So many parts one party has at most.
pub(super) const PARTS: usize = 8;

/// A part of a party.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub count: i64,
    pub who: Who,
    /// Where it ends: a word in English, a byte in Korean.
    pub end: usize,
}

#[rustfmt::skip]
const ONE: &[&str] = &[
    "adult", "child", "kid", "baby", "toddler", "infant", "friend", "teenager", "teen", "senior", "grownup", "grown up", "man",
    "woman", "lady", "gentleman", "boy", "girl", "colleague", "coworker", "pensioner", "student", "newborn", "buddy", "mate",
    "little one", "other", "daughter", "son", "sister", "brother", "cousin", "grandchild", "grandkid", "teen ager", "child under",
];
#[rustfmt::skip]
const MANY: &[&str] = &[
    "adults", "children", "kids", "babies", "toddlers", "infants", "friends", "teenagers", "teens", "seniors", "grownups",
    "grown ups", "men", "women", "ladies", "gentlemen", "boys", "girls", "colleagues", "coworkers", "pensioners", "students",
    "newborns", "buddies", "mates", "little ones", "others", "daughters", "sons", "sisters", "brothers", "cousins",
    "grandchildren", "grandkids", "more", "grandparents",
];
const PEOPLE: &[&str] = &["people", "persons", "person", "of us", "folks", "guests", "diners"];
#[rustfmt::skip]
const RELATIVES: &[&str] = &[
    "wife", "husband", "partner", "girlfriend", "boyfriend", "fiance", "fiancee", "mother", "mom", "mum", "dad", "father", "son",
    "daughter", "brother", "sister", "friend", "boss", "colleague", "spouse", "grandmother", "grandma", "grandpa", "grandfather",
    "nephew", "niece", "aunt", "uncle", "cousin", "kid", "child", "baby", "roommate", "neighbor", "neighbour", "mate",
    "other half", "date", "toddler", "best friend", "mother in law", "father in law", "coworker", "client",
];

/// The people who are counted from a word on, `None` where their number is not certain, and the
/// byte where they end.
pub(super) fn party(
    text: &Utterance,
    at: usize,
    found: &[Mention<Decimal>],
) -> Option<(Option<i64>, usize)> {
    if matches!(text.words[at].script, Script::Hangul | Script::Figure)
        && let Some(party) = people_ko::party(text, at, !found.is_empty())
    {
        return Some(party);
    }
    english(text, at, found)
}

fn english(
    text: &Utterance,
    at: usize,
    found: &[Mention<Decimal>],
) -> Option<(Option<i64>, usize)> {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    // `Four, including two kids`: they were counted.
    if matches!(word(at), "including" | "counting") && !found.is_empty() {
        let part = item(text, at + 1).filter(|part| !matches!(part.who, Who::Bare))?;
        return Some((None, text.start(part.end)));
    }
    if let Some((_, part)) = text.longest_at(at, &["of which", "of whom", "of those", "of them"])
        && !found.is_empty()
    {
        let numeral = numeral_at(text, text.words.get(part).map(|_| text.start(part))?)?;
        return Some((None, numeral.to));
    }
    let first = item(text, at);
    // `Five, and two of them are kids`.
    if !found.is_empty()
        && let Some(numeral) = numeral_at(text, text.start(at))
        && text
            .longest_at(
                text.word_at(numeral.to.max(1) - 1) + 1,
                &["of them", "of those", "of whom"],
            )
            .is_some_and(|(_, end)| matches!(word(end), "are" | "is" | "will" | "being"))
    {
        return Some((None, numeral.to));
    }
    let mut items = vec![first?];
    // What stands before the parts with a pause may be their sum:
    // `four of us, two adults and two kids`.
    let mut summed = false;
    while let Some(last) = items.last().copied().filter(|_| items.len() < PARTS) {
        let Some((next, pause)) = joined(text, last) else { break };
        summed |= pause && items.len() == 1 && matches!(last.who, Who::People | Who::Bare);
        items.push(next);
    }
    if items.len() < 2 {
        return None;
    }
    // `Two adults, my husband and me`: the two.
    if let [first, rest @ ..] = items.as_slice()
        && matches!(first.who, Who::Such(what) if ADULTS.contains(&what))
        && text.words.get(first.end).is_some_and(|word| word.pause)
        && rest.iter().all(|item| matches!(item.who, Who::Me | Who::Own))
    {
        summed = true;
    }
    let mut end = items.last()?.end;
    // `Two adults, one kid, no, two kids`.
    let mut corrected = end;
    while matches!(
        word(corrected),
        "no" | "sorry" | "wait" | "actually" | "make" | "that" | "i" | "mean" | "oh"
    ) {
        corrected += 1;
    }
    if corrected > end
        && let Some(instead) = item(text, corrected)
    {
        match instead.who {
            Who::Such(what) => {
                let alike = items.iter_mut().find(|item| {
                    matches!(item.who, Who::Such(other) if other.chars().take(3).eq(what.chars().take(3)))
                });
                if let Some(alike) = alike {
                    *alike = Item { end: alike.end, ..instead };
                    end = instead.end;
                }
            }
            Who::Bare if joined(text, instead).is_none() => {
                return Some((None, text.start(instead.end)));
            }
            _ => {}
        }
    }
    if items.iter().all(|item| matches!(item.who, Who::Me | Who::Own)) && !alone(text, at, end) {
        return None;
    }
    let mut end = text.start(end);
    if matches!(word(text.word_at(end.max(1) - 1) + 1), "including" | "counting")
        && let Some(part) = item(text, text.word_at(end.max(1) - 1) + 2)
    {
        end = text.start(part.end);
    }
    Some((total(&items, summed), end))
}

/// How many they are together, where that is certain.
pub(super) fn total(items: &[Item], summed: bool) -> Option<i64> {
    let is = |who: Who| items.iter().any(|item| item.who == who);
    let counted = items.iter().any(|item| {
        matches!(item.who, Who::Me | Who::People | Who::Bare)
            || matches!(item.who, Who::Such(what) if ADULTS.contains(&what))
    });
    // `My wife and two kids`: with or without the speaker.
    if is(Who::Unknown) || (is(Who::Own) && !counted) {
        return None;
    }
    // `Me, myself and I`.
    let again = items.iter().filter(|item| item.who == Who::Me).skip(1).count();
    let sum = items.iter().map(|item| item.count).sum::<i64>() - i64::try_from(again).ok()?;
    let Some((first, rest)) = items.split_first().filter(|_| summed) else { return Some(sum) };
    let rest: i64 = rest.iter().map(|item| item.count).sum();
    (first.count == rest).then_some(rest)
}

/// Who may be the speaker, too.
const ADULTS: &[&str] = &["adults", "adult", "couple", "어른", "성인", "대인", "커플", "부부"];

/// Whether little else is said than who comes: `it's me and my wife`.
fn alone(text: &Utterance, from: usize, to: usize) -> bool {
    #[rustfmt::skip]
    const AROUND: &[&str] = &[
        "it", "is", "just", "only", "will", "be", "for", "so", "please", "there", "that", "us", "table", "yes", "yeah", "ok",
        "okay", "coming", "well", "the", "would", "both", "thanks", "a", "two", "three", "four", "of", "and", "people",
    ];
    text.words.len() <= 40
        && text.words.iter().enumerate().filter(|(at, _)| !(from..to).contains(at)).all(
            |(_, word)| AROUND.contains(&word.text.as_str()) || crate::hold::is_filler(&word.text),
        )
}

/// The part that follows another, and whether only a pause stands between them.
fn joined(text: &Utterance, last: Item) -> Option<(Item, bool)> {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let mut at = last.end;
    let mut by = "";
    while matches!(word(at), "and" | "plus" | "+" | "with" | "also" | "then" | "um" | "uh")
        && at < last.end + 3
    {
        if !matches!(word(at), "also" | "then" | "um" | "uh") && by != "plus" {
            by = word(at);
        }
        at += 1;
    }
    if by == "+" {
        by = "plus";
    }
    let pause = by.is_empty() && text.words.get(last.end).is_some_and(|word| word.pause);
    // `My wife and I`, but not `two and I need them today`.
    let speaker = word(at) == "i"
        && matches!(by, "and" | "plus")
        && matches!(last.who, Who::Own | Who::Such(_))
        && text.words.get(at + 1).is_none_or(|next| {
            next.pause || matches!(next.text.as_str(), "and" | "plus" | "with" | "please")
        });
    let next = if speaker { Item { count: 1, who: Who::Me, end: at + 1 } } else { item(text, at)? };
    let number = |who: Who| matches!(who, Who::Bare | Who::People);
    let such = |who: Who| matches!(who, Who::Such(_));
    let fits = match by {
        "plus" => true,
        "with" => !number(last.who) && !number(next.who),
        "and" => last.who != next.who || !matches!(next.who, Who::Bare | Who::People),
        _ if pause => !number(next.who),
        _ => {
            (such(last.who) && such(next.who) && last.who != next.who)
                || (!number(last.who) && next.who == Who::Own)
        }
    };
    fits.then_some((next, pause))
}

/// One part of a party.
fn item(text: &Utterance, first: usize) -> Option<Item> {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    // `One adult ticket`.
    let ticket = |end: usize| {
        end + usize::from(matches!(
            word(end),
            "ticket" | "tickets" | "seat" | "seats" | "fare" | "fares"
        ))
    };
    let mut at = first;
    while matches!(word(at), "just" | "only" | "the" | "another") && at < first + 2 {
        at += 1;
    }
    let own = matches!(word(at), "my" | "our" | "his" | "her");
    if own {
        at += 1;
    }
    if matches!(word(at), "me" | "myself") && !own {
        return Some(Item { count: 1, who: Who::Me, end: at + 1 });
    }
    if own && let Some((_, end)) = text.longest_at(at, RELATIVES) {
        return Some(Item { count: 1, who: Who::Own, end });
    }
    if own && word(at) == "parents" {
        return Some(Item { count: 2, who: Who::Own, end: at + 1 });
    }
    let single = matches!(word(at), "a" | "an" | "one")
        || first < at && matches!(word(at - 1), "another" | "the");
    if single {
        let noun = if matches!(word(at), "a" | "an" | "one") { at + 1 } else { at };
        if let Some((what, end)) = text.longest_at(described(text, noun), ONE) {
            return Some(Item { count: 1, who: Who::Such(what), end: ticket(end) });
        }
    }
    if first < at && word(at) == "couple" && word(at + 1) != "of" {
        return Some(Item { count: 2, who: Who::Such("couple"), end: at + 1 });
    }
    let unknown = matches!(word(at), "some" | "few" | "several" | "couple");
    if let Some((_, end)) = text.longest_at(if unknown { at + 1 } else { at }, MANY)
        && word(at) != "more"
        && word(at) != "others"
        && (own || unknown || first < at)
    {
        return Some(Item { count: 0, who: Who::Unknown, end });
    }
    let numeral = numeral_at(text, text.words.get(at).map(|_| text.start(at))?)
        .filter(|numeral| matches!(numeral.kind, Kind::English | Kind::Figure))
        .filter(|numeral| numeral.kind == Kind::Figure || !numeral.one_by_one)?;
    let count = numeral.value.as_whole().filter(|count| (0..=999).contains(count))?;
    let after = text.word_at(numeral.to.max(1) - 1) + 1;
    if text.words.get(after).is_some_and(|next| next.pause) {
        return Some(Item { count, who: Who::Bare, end: after });
    }
    let noun = described(text, after);
    if let Some((what, end)) = text.longest_at(noun, MANY).or_else(|| text.longest_at(noun, ONE)) {
        return Some(Item { count, who: Who::Such(what), end: ticket(end) });
    }
    if let Some((_, end)) = text.longest_at(noun, PEOPLE) {
        return Some(Item { count, who: Who::People, end });
    }
    // `Two tables`, `three o'clock`: only what ends here counts people.
    let ends = text.words.get(after).is_none_or(|next| {
        matches!(next.text.as_str(), "and" | "plus" | "+" | "with" | "please" | "thanks")
    });
    ends.then_some(Item { count, who: Who::Bare, end: after })
}

/// Over what kind of people they are: `two little kids`.
fn described(text: &Utterance, mut at: usize) -> usize {
    const KINDS: &[&str] =
        &["little", "small", "young", "older", "elderly", "grown", "other", "more", "of", "my"];
    while text.words.get(at).is_some_and(|word| KINDS.contains(&word.text.as_str()))
        && text.longest_at(at, MANY).or_else(|| text.longest_at(at, ONE)).is_none_or(|(what, _)| {
            matches!(what, "other" | "more")
                && text.words.get(at + 1).is_some_and(|next| {
                    MANY.contains(&next.text.as_str()) || ONE.contains(&next.text.as_str())
                })
        })
        && text.is_phrase_at(at, "of us").is_none()
    {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use crate::number;

    fn read(text: &str) -> Option<String> {
        number(text).value().map(ToString::to_string)
    }

    #[test]
    fn the_people_of_a_party_add_up() {
        for (text, sum) in [
            ("two adults and a child", "3"),
            ("me plus three", "4"),
            ("the three of us and my mother", "4"),
            ("me and my wife", "2"),
            ("six plus a baby", "7"),
        ] {
            assert_eq!(read(text).as_deref(), Some(sum), "{text}: {:?}", number(text));
        }
    }

    #[test]
    fn a_sum_that_is_told_beside_its_parts_is_not_added_to_them() {
        for text in ["four of us, two adults and two kids", "four including two kids"] {
            assert_eq!(read(text).as_deref(), Some("4"), "{text}: {:?}", number(text));
        }
        assert_eq!(read("two adults, my husband and me").as_deref(), Some("2"));
    }

    #[test]
    fn where_not_all_were_counted_there_is_no_number() {
        for text in ["two adults and some kids", "my wife and two kids", "three, not counting me"] {
            assert_eq!(read(text), None, "{text}: {:?}", number(text));
        }
    }

    #[test]
    fn a_part_of_a_party_is_corrected_alone() {
        assert_eq!(read("two adults, one kid, no, two kids").as_deref(), Some("4"));
    }
}
