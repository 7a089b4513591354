//! Telephone numbers that can be called from anywhere.
//!
//! A caller's number comes as networks and people write it: `+82 10-1234-5678`, `02-123-4567`,
//! `anonymous`, `sip:ann@example.com`. [`e164`] makes of it what a call back can be promised to, or
//! says why it cannot.

mod countries;

use std::collections::BTreeSet;
use std::fmt;

use self::countries::{CODES, COUNTRIES, Row, WITHOUT_COUNTRY};

/// Most digits of a number, its country's code among them (ITU-T E.164).
pub const MAX_DIGITS: usize = 15;

/// Most characters that are looked at.
const MAX_TEXT: usize = 64;

/// Fewest digits that tell a number without its trunk prefix from one that is dialled within a
/// town.
const FEWEST_WITHOUT_TRUNK: usize = 9;

/// A country whose way to write numbers is known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Country(&'static Row);

impl Country {
    /// By its code of ISO 3166-1 alpha-2, such as `KR`, in any case.
    pub fn of(code: &str) -> Option<Self> {
        COUNTRIES.iter().find(|row| row.country.eq_ignore_ascii_case(code)).map(Self)
    }

    /// The country of a locale such as `ko-KR`.
    pub fn of_locale(locale: &str) -> Option<Self> {
        let locale = crate::locale::canonical(locale)?;
        locale.split('-').skip(1).find_map(Self::of)
    }

    /// Its code of ISO 3166-1 alpha-2.
    pub fn alpha2(self) -> &'static str {
        self.0.country
    }

    /// All codes, in alphabetical order.
    pub const fn codes() -> &'static [&'static str] {
        &CODES
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.alpha2())
    }
}

/// Why a text is no number that can be called from anywhere. The number itself is in no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    #[error("there is no number")]
    Missing,
    #[error("it is not a telephone number")]
    NotANumber,
    #[error("it has an extension, which cannot be dialled")]
    Extension,
    #[error("it has no country code, and the project names no `country`")]
    NoCountry,
    #[error("its country code does not exist")]
    UnknownCode,
    #[error("it is a short code or lacks its area code")]
    TooShort,
    #[error("it has more digits than numbers of its country have")]
    TooLong,
}

/// `text` as E.164 has it: `+`, the country's code, the number, and nothing else. Numbers without a
/// country's code are of `country`.
///
/// # Errors
/// When it is none, or cannot be called from elsewhere: a short code, a number without its area
/// code, an extension, an address of another kind.
///
/// ```
/// use dialgraph_base::phone::{Country, e164};
///
/// let korea = Country::of("KR");
/// assert_eq!(e164("02-123-4567", korea).unwrap(), "+8221234567");
/// assert_eq!(e164("+44 (0)20 7946 0018", korea).unwrap(), "+442079460018");
/// assert!(e164("114", korea).is_err());
/// assert!(e164("anonymous", korea).is_err());
/// ```
pub fn e164(text: &str, country: Option<Country>) -> Result<String, NumberError> {
    let (international, digits) = digits(text)?;
    if international {
        return abroad(&digits);
    }
    // Who writes the prefix for calls abroad names the country, too.
    let prefixes = country.map_or(&[] as &[&str], |country| country.0.abroad);
    if let Some(rest) = prefixes.iter().find_map(|prefix| digits.strip_prefix(prefix))
        && let Ok(number) = abroad(rest)
    {
        return Ok(number);
    }
    if let Some(rest) = digits.strip_prefix("00") {
        return abroad(rest);
    }
    within(&digits, country.ok_or(NumberError::NoCountry)?.0)
}

/// Whether a `+` stands before it, and its digits.
fn digits(text: &str) -> Result<(bool, String), NumberError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(NumberError::Missing);
    }
    if text.chars().count() > MAX_TEXT {
        return Err(NumberError::NotANumber);
    }
    let text =
        text.get(..4).filter(|s| s.eq_ignore_ascii_case("tel:")).map_or(text, |_| &text[4..]);
    let mut plus = false;
    let mut digits = String::new();
    for c in text.chars().map(narrow) {
        match c {
            '0'..='9' => digits.push(c),
            '+' if !plus && digits.is_empty() => plus = true,
            '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{b7}' => {}
            c if c.is_whitespace() => {}
            // `02-123-4567 ext. 12`, `…x12`, `…;ext=12`, `…,12`, `…#12`
            'x' | 'X' | 'e' | 'E' | ';' | ',' | '#' if digits.len() > 4 => {
                return Err(NumberError::Extension);
            }
            _ => return Err(NumberError::NotANumber),
        }
    }
    match digits.len() {
        0 => Err(NumberError::NotANumber),
        // The longest prefix for calls abroad has five digits.
        1..=20 => Ok((plus, digits)),
        _ => Err(NumberError::TooLong),
    }
}

/// Full-width digits and signs as plain ones.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    }
}

/// A number that begins with a country's code.
fn abroad(digits: &str) -> Result<String, NumberError> {
    for length in (1..=3.min(digits.len())).rev() {
        let (code, rest) = digits.split_at(length);
        if let Some((_, bounds)) = WITHOUT_COUNTRY.iter().find(|(known, _)| *known == code) {
            return number(code, rest, *bounds);
        }
        let rows: Vec<&Row> = COUNTRIES.iter().filter(|row| row.code == code).collect();
        let (Some(least), Some(most)) =
            (rows.iter().map(|row| row.digits.0).min(), rows.iter().map(|row| row.digits.1).max())
        else {
            continue;
        };
        // `+44 (0)20 …`: the prefix that is dialled within the country only.
        let trunk = rows.iter().find_map(|row| row.trunk).filter(|trunk| trunk.starts_with('0'));
        let rest = trunk.and_then(|trunk| rest.strip_prefix(trunk)).unwrap_or(rest);
        if trunk.is_some() && rest.starts_with('0') {
            return Err(NumberError::NotANumber);
        }
        return number(code, rest, (least, most));
    }
    Err(NumberError::UnknownCode)
}

/// A number as it is dialled within its country.
fn within(digits: &str, row: &Row) -> Result<String, NumberError> {
    let Some(trunk) = row.trunk else { return number(row.code, digits, row.digits) };
    if let Some(rest) = digits.strip_prefix(trunk)
        && (trunk.starts_with('0') || rest.len() >= row.digits.0)
    {
        if trunk.starts_with('0') && rest.starts_with('0') {
            return Err(NumberError::NotANumber);
        }
        return number(row.code, rest, row.digits);
    }
    // Without it a number may be one of the same town. Where all numbers are as long as mobile
    // ones, none is.
    if digits.len() < row.mobile.max(FEWEST_WITHOUT_TRUNK.min(row.digits.1)) {
        return Err(NumberError::TooShort);
    }
    number(row.code, digits, row.digits)
}

fn number(code: &str, rest: &str, (least, most): (usize, usize)) -> Result<String, NumberError> {
    if rest.len() < least {
        return Err(NumberError::TooShort);
    }
    if rest.len() > most || code.len() + rest.len() > MAX_DIGITS {
        return Err(NumberError::TooLong);
    }
    // Area codes of North America begin with 2 to 9; 0 and 1 are dialled for other things.
    if code == "1" && rest.starts_with(['0', '1']) {
        return Err(NumberError::NotANumber);
    }
    Ok(format!("+{code}{rest}"))
}

/// The digits of a number in E.164 as they stand in numbers that people wrote: with its country's
/// code, with what is dialled before it from abroad, and for a number of `country` with and without
/// the trunk prefix. Whoever cannot look for E.164 looks for these, and then compares.
///
/// ```
/// use dialgraph_base::phone::{Country, spellings};
///
/// let written = spellings("+8221234567", Country::of("KR"));
/// assert!(["8221234567", "021234567", "21234567"].iter().all(|one| written.contains(*one)));
/// ```
pub fn spellings(e164: &str, country: Option<Country>) -> BTreeSet<String> {
    let digits = e164.trim_start_matches('+');
    let mut spellings = BTreeSet::from([digits.to_owned(), format!("00{digits}")]);
    let prefixes = country.map_or(&[] as &[&str], |country| country.0.abroad);
    spellings.extend(prefixes.iter().map(|prefix| format!("{prefix}{digits}")));
    let rows = COUNTRIES.iter().filter(|row| digits.starts_with(row.code));
    for (row, rest) in rows.filter_map(|row| Some((row, digits.strip_prefix(row.code)?))) {
        let home = country.is_some_and(|country| country.0.code == row.code);
        let trunk = row.trunk.unwrap_or_default();
        // `+44 (0)20 …`
        spellings.insert(format!("{}{trunk}{rest}", row.code));
        if home {
            spellings.extend([rest.to_owned(), format!("{trunk}{rest}")]);
        }
    }
    spellings
}

/// The digits of a number in the groups in which people write it: as it is dialled within
/// `country`, or with the code of its country. What is no such number keeps the groups that it is
/// written in.
///
/// ```
/// use dialgraph_base::phone::{Country, groups};
///
/// let korea = Country::of("KR");
/// assert_eq!(groups("+821012345678", korea), ["010", "1234", "5678"]);
/// assert_eq!(groups("+442079460018", korea), ["+44", "207", "946", "0018"]);
/// assert_eq!(groups("1588-0000", korea), ["1588", "0000"]);
/// ```
pub fn groups(text: &str, country: Option<Country>) -> Vec<String> {
    let Ok(number) = e164(text, country) else { return as_written(text) };
    let digits = number.trim_start_matches('+');
    let home = country.and_then(|country| Some((country.0, digits.strip_prefix(country.0.code)?)));
    if let Some((row, rest)) = home {
        // Who dials without a code dials the trunk prefix; in North America hardly anybody says it.
        let trunk = row.trunk.filter(|trunk| trunk.starts_with('0')).unwrap_or_default();
        return national(row.code, &format!("{trunk}{rest}"));
    }
    let code = (1..=3).rev().find_map(|length| {
        let code = digits.get(..length)?;
        let known = COUNTRIES.iter().any(|row| row.code == code)
            || WITHOUT_COUNTRY.iter().any(|(known, _)| *known == code);
        known.then_some(code)
    });
    let code = code.unwrap_or_default();
    let mut groups = vec![format!("+{code}")];
    groups.extend(national(code, &digits[code.len()..]));
    groups
}

/// A number without the code of its country.
fn national(code: &str, number: &str) -> Vec<String> {
    // Digits of the area, or of the network.
    let area = match code {
        "82" => {
            let rest = number.trim_start_matches('0');
            let trunk = number.len() - rest.len();
            trunk
                + match rest.as_bytes() {
                    [b'2', ..] => 1,
                    [b'5', b'0', ..] => 3,
                    _ => 2,
                }
        }
        _ => 3,
    };
    // Its last four digits go together, and so does what is left between.
    let last = number.len().saturating_sub(4).max(area.min(number.len()));
    let mut groups = vec![number[..area.min(number.len())].to_owned()];
    let mut between = number.get(area..last).unwrap_or_default();
    while between.len() > 4 {
        groups.push(between[..3].to_owned());
        between = &between[3..];
    }
    groups.extend([between.to_owned(), number[last..].to_owned()]);
    groups.retain(|group| !group.is_empty());
    groups
}

/// The runs of digits and letters of a text.
fn as_written(text: &str) -> Vec<String> {
    let runs = text.split(|c: char| !c.is_alphanumeric() && c != '+' && c != '*' && c != '#');
    runs.filter(|run| !run.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_is_grouped_as_it_is_written() {
        for (country, number, wanted) in [
            ("KR", "+8221234567", "02 123 4567"),
            ("KR", "02-1234-5678", "02 1234 5678"),
            ("KR", "+82311234567", "031 123 4567"),
            ("KR", "07012345678", "070 1234 5678"),
            ("KR", "0505-123-4567", "0505 123 4567"),
            ("KR", "+12125550100", "+1 212 555 0100"),
            ("US", "+12125550100", "212 555 0100"),
            ("US", "+821012345678", "+82 10 1234 5678"),
            ("GB", "020 7946 0018", "020 7946 0018"),
            ("KR", "110", "110"),
            ("KR", "anonymous", "anonymous"),
            ("KR", "", ""),
        ] {
            assert_eq!(groups(number, Country::of(country)).join(" "), wanted, "{number}");
        }
    }

    #[test]
    fn numbers_of_networks_and_people_become_e164() {
        for (country, given, wanted) in [
            ("KR", "+821012345678", "+821012345678"),
            ("KR", "+82-10-0000-0101", "+821000000101"),
            ("KR", "+82 (0)10 1234 5678", "+821012345678"),
            ("KR", "010-1234-5678", "+821012345678"),
            ("KR", "01012345678", "+821012345678"),
            ("KR", "1012345678", "+821012345678"),
            ("KR", "02-123-4567", "+8221234567"),
            ("KR", "(02) 1234.5678", "+82212345678"),
            ("KR", "031 123 4567", "+82311234567"),
            ("KR", "０２－１２３－４５６７", "+8221234567"),
            ("KR", "＋８２ １０ １２３４ ５６７８", "+821012345678"),
            ("KR", "tel:+82-2-123-4567", "+8221234567"),
            ("KR", "001 44 20 7946 0018", "+442079460018"),
            ("KR", "0044 20 7946 0018", "+442079460018"),
            ("KR", "00761 1 212 555 0100", "+12125550100"),
            ("US", "(212) 555-0100", "+12125550100"),
            ("US", "1-212-555-0100", "+12125550100"),
            ("US", "011 82 10 1234 5678", "+821012345678"),
            ("GB", "020 7946 0018", "+442079460018"),
            ("DE", "030 901820", "+4930901820"),
            ("FR", "06 12 34 56 78", "+33612345678"),
            ("IT", "06 1234 5678", "+390612345678"),
            ("IT", "+39 06 1234 5678", "+390612345678"),
            ("ES", "612 34 56 78", "+34612345678"),
            ("RU", "8 (495) 123-45-67", "+74951234567"),
            ("HU", "06 30 123 4567", "+36301234567"),
            ("CN", "138 1234 5678", "+8613812345678"),
            ("JP", "090-1234-5678", "+819012345678"),
            ("JP", "010 82 2 123 4567", "+8221234567"),
            ("SG", "6123 4567", "+6561234567"),
            ("DK", "32 12 34 56", "+4532123456"),
            ("IS", "410 0000", "+3544100000"),
            ("KR", "+870 773 111 632", "+870773111632"),
        ] {
            assert_eq!(
                e164(given, Country::of(country)).as_deref(),
                Ok(wanted),
                "{given} in {country}"
            );
        }
    }

    #[test]
    fn what_nobody_can_be_called_at_is_told() {
        use NumberError as E;
        for (country, given, why) in [
            ("KR", "", E::Missing),
            ("KR", "  ", E::Missing),
            ("KR", "anonymous", E::NotANumber),
            ("KR", "unknown", E::NotANumber),
            ("KR", "Restricted", E::NotANumber),
            ("KR", "발신번호표시제한", E::NotANumber),
            ("KR", "sip:ann@example.com", E::NotANumber),
            ("KR", "sip:+821012345678@example.com", E::NotANumber),
            ("KR", "+", E::NotANumber),
            ("KR", "++821012345678", E::NotANumber),
            ("KR", "82+1012345678", E::NotANumber),
            ("KR", "*86", E::NotANumber),
            ("KR", "114", E::TooShort),
            ("KR", "1588", E::TooShort),
            ("KR", "1588-1234", E::TooShort),
            ("KR", "123-4567", E::TooShort),
            ("KR", "2123-4567", E::TooShort),
            ("KR", "+82114", E::TooShort),
            ("KR", "+82 2 123", E::TooShort),
            ("KR", "+8210123456789012", E::TooLong),
            ("KR", "010-1234-567890", E::TooLong),
            ("KR", "123456789012345678901234", E::TooLong),
            ("KR", "+999 1234 5678", E::UnknownCode),
            ("KR", "+0123456789", E::UnknownCode),
            ("KR", "02-123-4567 ext 12", E::Extension),
            ("KR", "02-123-4567x12", E::Extension),
            ("KR", "+8221234567;ext=12", E::Extension),
            ("KR", "02-123-4567,12", E::Extension),
            ("US", "555-0100", E::TooShort),
            ("US", "911", E::TooShort),
            ("US", "+1 911", E::TooShort),
            ("US", "0125550100", E::NotANumber),
        ] {
            assert_eq!(e164(given, Country::of(country)), Err(why), "{given} in {country}");
        }
        assert_eq!(e164("010-1234-5678", None), Err(E::NoCountry));
        assert_eq!(e164("+82 10 1234 5678", None).as_deref(), Ok("+821012345678"));
    }

    #[test]
    fn countries_are_found_by_code_and_by_locale() {
        assert_eq!(Country::of("kr").map(Country::alpha2), Some("KR"));
        assert_eq!(Country::of("Korea"), None);
        assert_eq!(Country::of_locale("ko_KR").map(Country::alpha2), Some("KR"));
        assert_eq!(Country::of_locale("zh-Hant-TW").map(Country::alpha2), Some("TW"));
        assert_eq!(Country::of_locale("es-419"), None);
        assert_eq!(Country::of_locale("en"), None);
        assert!(Country::codes().is_sorted());
    }

    proptest! {
        #[test]
        fn whatever_comes_out_is_e164_and_stays_as_it_is(text in ".{0,30}", country in 0..COUNTRIES.len()) {
            let country = Some(Country(&COUNTRIES[country]));
            if let Ok(number) = e164(&text, country) {
                prop_assert!(number.starts_with('+') && number.len() <= MAX_DIGITS + 1);
                prop_assert!(number[1..].bytes().all(|digit| digit.is_ascii_digit()));
                prop_assert_eq!(e164(&number, None), Ok(number));
            }
        }

        #[test]
        fn numbers_of_all_countries_are_e164_once_and_for_all(digits in "[+0]{0,2}[0-9]{3,16}", country in 0..COUNTRIES.len()) {
            let country = Some(Country(&COUNTRIES[country]));
            if let Ok(number) = e164(&digits, country) {
                prop_assert_eq!(e164(&number, None), Ok(number));
            }
        }
    }
}
