//! Amounts of money.

use std::fmt;

use crate::Understood;
use crate::negation::Mention;
use crate::number::counted;
use crate::numerals::{Decimal, Kind, Numeral, is_particle, numeral_at};
use crate::settle::settle;
use crate::words::{Script, Utterance};

/// An amount with its currency by ISO 4217.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    pub amount: Decimal,
    pub currency: String,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

/// Names of currencies after the amount; longest first where one begins another.
#[rustfmt::skip]
const NAMES: &[(&str, &str)] = &[
    ("원", "KRW"), ("won", "KRW"), ("krw", "KRW"), ("₩", "KRW"), ("dollars", "USD"),
    ("dollar", "USD"), ("bucks", "USD"), ("buck", "USD"), ("usd", "USD"), ("us dollars", "USD"),
    ("달러", "USD"), ("딸라", "USD"), ("불", "USD"), ("$", "USD"), ("euros", "EUR"),
    ("euro", "EUR"), ("eur", "EUR"), ("유로", "EUR"), ("€", "EUR"), ("yen", "JPY"),
    ("jpy", "JPY"), ("엔", "JPY"), ("pounds", "GBP"), ("pound", "GBP"), ("quid", "GBP"),
    ("gbp", "GBP"), ("파운드", "GBP"), ("yuan", "CNY"), ("위안", "CNY"),
];
#[rustfmt::skip]
const SIGNS: &[(&str, &str)] = &[
    ("$", "USD"), ("₩", "KRW"), ("€", "EUR"), ("£", "GBP"), ("¥", "JPY"), ("usd", "USD"),
    ("krw", "KRW"), ("eur", "EUR"),
];

/// What may stand before the name of a currency and says the same.
#[rustfmt::skip]
const OF_COUNTRY: &[(&str, &str)] = &[
    ("us", "dollar"), ("american", "dollar"), ("korean", "won"), ("southkorean", "won"), ("british", "pound"), ("japanese", "yen"),
    ("chinese", "yuan"), ("english", "pound"),
];

/// An amount of money; in the default currency where none is said.
///
/// ```
/// use dialgraph_understanding::money;
///
/// let read = |text| money(text, "KRW").value().map(ToString::to_string);
/// assert_eq!(read("삼만 오천 원이요").as_deref(), Some("35000 KRW"));
/// assert_eq!(read("3만5천원").as_deref(), Some("35000 KRW"));
/// assert_eq!(read("$35.50").as_deref(), Some("35.5 USD"));
/// assert_eq!(read("five bucks").as_deref(), Some("5 USD"));
/// ```
pub fn money(text: &str, currency: &str) -> Understood<Money> {
    let text = Utterance::new(text);
    let mut found = Vec::new();
    let mut bare = Vec::new();
    let held = crate::hold::holds(&text);
    let mut place = 0;
    let mut before = ' ';
    let flat = text.flat();
    let mut held = held.into_iter().peekable();
    while let Some(c) = flat.get(place..).and_then(|rest| rest.chars().next()) {
        while held.next_if(|(_, to)| *to <= place).is_some() {}
        if let Some((from, to)) = held.peek()
            && *from <= place
        {
            place = *to;
            continue;
        }
        let start = text.is_start(place);
        if (start || "은는을를에로이가도요고음어네금액돈니면까".contains(before))
            && !is_full(&text, place)
            && !is_particle(&text, place)
        {
            if let Some((money, end)) = amount_at(&text, place) {
                found.push(Mention { value: money, from: place, to: end });
                (place, before) = (end, ' ');
                continue;
            }
            if start && let Some((value, end)) = bare_amount(&text, place, currency) {
                bare.push(Mention {
                    value: Money { amount: value, currency: currency.to_owned() },
                    from: place,
                    to: end,
                });
                (place, before) = (end.max(place + c.len_utf8()), ' ');
                continue;
            }
        }
        if start && text.words[text.word_at(place)].script != Script::Hangul {
            place = text.end(text.word_at(place));
            before = ' ';
            continue;
        }
        before = c;
        place += c.len_utf8();
    }
    if found.is_empty() {
        return settle(&text, bare);
    }
    // `10 or 20 dollars`: the first is of the same currency.
    let mut all: Vec<Mention<Money>> = Vec::new();
    let mut bare = bare.into_iter().peekable();
    for mention in found {
        while let Some(mut first) = bare.next_if(|bare| bare.from < mention.from) {
            let gap = flat.get(first.to..mention.from).unwrap_or_default();
            if matches!(
                gap,
                "or" | "ormaybe"
                    | "orperhaps"
                    | "orprobably"
                    | "orevenmaybe"
                    | "oreven"
                    | "ormaybeeven"
                    | "to"
                    | "이나"
                    | "에서"
                    | "아니"
                    | "아니면"
                    | "no"
                    | "~"
                    | "-"
                    | "말고"
                    | "not"
            ) {
                first.value.currency.clone_from(&mention.value.currency);
                all.push(first);
            }
        }
        all.push(mention);
    }
    // `I was five dollars short so I sent forty five`: of the same currency.
    for mut last in bare {
        let Some(before) = all.last().filter(|before| before.to <= last.from) else { continue };
        let gap = flat.get(before.to..last.from).unwrap_or_default();
        let words = text.word_at(before.to.max(1) - 1) + 1..text.word_at(last.from);
        let so = text.words.get(words).is_some_and(|words| {
            words.iter().any(|word| matches!(word.text.as_str(), "so" | "but"))
        });
        if so || ["서", "니까", "지만", "는데", "은데"].iter().any(|so| gap.ends_with(so))
        {
            last.value.currency.clone_from(&before.value.currency);
            all.push(last);
        }
    }
    settle(&text, all)
}

/// `버스가 만원이라`: full.
fn is_full(text: &Utterance, place: usize) -> bool {
    #[rustfmt::skip]
    const CARRY: &[&str] = &["버스", "지하철", "전철", "열차", "기차", "엘리베이터", "차", "객차"];
    let flat = text.flat();
    let before =
        flat[..place].strip_suffix(['가', '이', '은', '는', '도']).unwrap_or(&flat[..place]);
    let before = before.strip_suffix("가너무").unwrap_or(before);
    ["만원이", "만원버스", "만원지하철", "만원전철"]
        .iter()
        .any(|full| flat[place..].starts_with(full))
        && (CARRY.iter().any(|carry| before.ends_with(carry))
            || !flat[place..].starts_with("만원이"))
}

fn amount_at(text: &Utterance, place: usize) -> Option<(Money, usize)> {
    let flat = text.flat();
    let at = text.word_at(place);
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    // `$35.50`, `₩35,000`.
    if text.is_start(place)
        && let Some((_, currency)) = SIGNS.iter().find(|(sign, _)| *sign == word(at))
        && let Some(numeral) = text
            .words
            .get(at + 1)
            .and_then(|_| numeral_at(text, text.start(at + 1)))
            .filter(|numeral| numeral.kind != Kind::Ordinal)
    {
        let money = Money { amount: numeral.value, currency: (*currency).to_owned() };
        return Some((money, numeral.to));
    }
    let numeral = numeral(text, place)?;
    let mut after = numeral.to;
    let mut value = numeral.value;
    // `만 원`, `5천 원 정도`: the unit follows.
    let rest = flat.get(after..)?;
    // `thirty five us dollars`, `two and a half dollars`.
    let rest = OF_COUNTRY
        .iter()
        .find_map(|(country, name)| {
            rest.strip_prefix(country).filter(|tail| tail.starts_with(name))
        })
        .unwrap_or(rest);
    after = flat.len() - rest.len();
    // `Fifty cents`.
    if let Some(unit) = ["cents", "센트"].iter().find(|unit| rest.starts_with(**unit))
        && let Some(part) = value.as_whole().filter(|part| (1..1000).contains(part))
    {
        let money = Money { amount: Decimal::hundredths(part), currency: "USD".to_owned() };
        return Some((money, after + unit.len()));
    }
    let (name, currency) = NAMES.iter().find(|(name, _)| {
        rest.starts_with(name) && {
            let end = after + name.len();
            let latin = name.is_ascii();
            if latin { text.is_start(end) && text.is_start(after) } else { follows(text, end) }
        }
    })?;
    let mut to = after + name.len();
    // `35 dollars and 50 cents`, `35달러 50센트`.
    let cents_at = if flat[to..].starts_with("and") && text.is_start(to) { to + 3 } else { to };
    if let Some(cents) =
        numeral_at(text, cents_at).filter(|_| text.is_start(cents_at) || !name.is_ascii())
        && let Some(part) = cents.value.as_whole().filter(|part| (0..100).contains(part))
    {
        let rest = &flat[cents.to..];
        if let Some(unit) = ["cents", "cent", "센트", "pence", "pennies"]
            .iter()
            .find(|unit| rest.starts_with(**unit))
        {
            value = value.plus(Decimal::hundredths(part));
            to = cents.to + unit.len();
        }
    }
    // `A buck fifty`, `five dollars twenty`.
    if ["buck", "bucks", "dollar", "dollars", "pounds", "euros"].contains(name)
        && to < flat.len()
        && !text.pause_between(to, to)
        && let Some(cents) = numeral_at(text, to).filter(|cents| cents.kind == Kind::English)
        && let Some(part) = cents.value.as_whole().filter(|part| (5..100).contains(part))
        && text.words.get(text.word_at(cents.to - 1) + 1).is_none_or(|next| {
            next.pause
                || matches!(next.text.as_str(), "please" | "i" | "or" | "total" | "thanks" | "and")
        })
    {
        value = value.plus(Decimal::hundredths(part));
        to = cents.to;
    }
    // `원` in `한 원` is no money of any amount but 만, 천 …; that is left to the caller.
    Some((Money { amount: value, currency: (*currency).to_owned() }, to))
}

/// A numeral, `a` for one before a currency, or `35천`.
fn numeral(text: &Utterance, place: usize) -> Option<Numeral> {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    if text.is_start(place)
        && matches!(word(text.word_at(place)), "a" | "an")
        && matches!(word(text.word_at(place) + 1), "dollar" | "buck" | "euro" | "pound" | "quid")
    {
        return Some(Numeral {
            value: Decimal::whole(1),
            kind: Kind::English,
            from: place,
            to: text.end(text.word_at(place)),
            one_by_one: false,
        });
    }
    numeral_at(text, place).filter(|numeral| numeral.kind != Kind::Ordinal)
}

/// Whether the unit stands at the end of its noun: `원이요`, not `원래`.
fn follows(text: &Utterance, end: usize) -> bool {
    let tail =
        text.flat().get(end..text.eojeol_end(end.saturating_sub(1)).max(end)).unwrap_or_default();
    crate::numerals::after_counter(tail) || crate::korean::follows_noun(tail)
}

/// An amount without a unit: in sense a number; `thirty five fifty` has cents.
fn bare_amount(text: &Utterance, place: usize, currency: &str) -> Option<(Decimal, usize)> {
    // `Thanks a million`.
    let before = text.word_at(place).checked_sub(1).map(|at| text.words[at].text.as_str());
    if before.is_some_and(|word| matches!(word, "thanks" | "thank" | "you" | "in")) {
        return None;
    }
    let numeral = counted(text, place)?;
    // Counted things are no money.
    if let Some((counter, _)) = crate::numerals::counter_at(text, numeral_at(text, place)?.to)
        && !matches!(counter, "원" | "불" | "엔" | "달러")
    {
        return None;
    }
    let next = text.words.get(text.word_at(numeral.to - 1) + 1);
    if next.is_some_and(|word| {
        matches!(
            word.text.as_str(),
            "people"
                | "persons"
                | "percent"
                | "%"
                | "hours"
                | "days"
                | "weeks"
                | "months"
                | "items"
                | "times"
                | "years"
                | "minutes"
                | "seconds"
                | "hour"
                | "day"
                | "week"
                | "month"
                | "year"
                | "minute"
                | "miles"
                | "things"
                | "reasons"
                | "questions"
                | "calls"
                | "ways"
                | "oclock"
                | "am"
                | "pm"
                | ":"
                | "/"
                | "cents"
        )
    }) {
        return None;
    }
    // `thirty five fifty`: dollars and cents.
    if !matches!(currency, "KRW" | "JPY")
        && numeral.kind == Kind::English
        && !numeral.one_by_one
        && !text.pause_between(numeral.to, numeral.to)
        && let Some(cents) = numeral_at(text, numeral.to)
            .filter(|cents| cents.kind == Kind::English && text.is_start(numeral.to))
        && let (Some(whole), Some(part)) = (numeral.value.as_whole(), cents.value.as_whole())
        && (10..100).contains(&part)
        && whole < 1000
    {
        return Some((numeral.value.plus(Decimal::hundredths(part)), cents.to));
    }
    Some((numeral.value, numeral.to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    fn read(text: &str, currency: &str) -> Option<String> {
        money(text, currency).value().map(ToString::to_string)
    }

    #[test]
    fn amounts() {
        for (text, expected) in [
            ("삼만 오천 원", "35000 KRW"),
            ("삼만오천원이요", "35000 KRW"),
            ("3만5천원", "35000 KRW"),
            ("3만 5천 원", "35000 KRW"),
            ("35,000원", "35000 KRW"),
            ("만 원이요", "10000 KRW"),
            ("오천 원", "5000 KRW"),
            ("$35.50", "35.5 USD"),
            ("thirty five dollars", "35 USD"),
            ("5 bucks", "5 USD"),
            ("35 dollars and 50 cents", "35.5 USD"),
            ("삼십 달러", "30 USD"),
            ("35000", "35000 KRW"),
            ("₩35,000", "35000 KRW"),
            ("a hundred dollars", "100 USD"),
            ("fifty euros", "50 EUR"),
            ("만 원 아니 이만 원이요", "20000 KRW"),
            ("ten dollars, no, twenty dollars", "20 USD"),
            ("십만원 정도요", "100000 KRW"),
            ("백이십만 원입니다", "1200000 KRW"),
            ("1.5만원", "15000 KRW"),
            ("금액은삼만원이요", "30000 KRW"),
            ("two and a half dollars", "2.5 USD"),
        ] {
            assert_eq!(
                read(text, "KRW").as_deref(),
                Some(expected),
                "{text}: {:?}",
                money(text, "KRW")
            );
        }
        assert_eq!(read("thirty five fifty", "USD").as_deref(), Some("35.5 USD"));
        assert_eq!(read("twenty", "USD").as_deref(), Some("20 USD"));
    }

    #[test]
    fn no_amounts() {
        for text in ["원래 얼마예요", "모르겠어요", "두 명이요", "잠깐만요", "how much is it"]
        {
            assert_eq!(read(text, "KRW"), None, "{text}");
        }
        for text in ["10 or 20 dollars", "만 원이나 이만 원이요"] {
            assert!(
                matches!(money(text, "KRW").outcome, Outcome::Several(_)),
                "{text}: {:?}",
                money(text, "KRW")
            );
        }
    }
}
