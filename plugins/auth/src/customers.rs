//! Customers by account number and by telephone number.

use dialgraph_plugin::records::{Query, Record, Search, Source};
use dialgraph_plugin::{Host, HostError};
use serde_json::Value;

use crate::config::Config;

/// What the records say of an account number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// The customer of this key has it.
    Customer { key: String, cached: bool },
    /// Nobody has it.
    Nobody,
    /// The records cannot be reached, and what was last known does not tell.
    Unknown,
}

/// Who has this account number.
///
/// What was last known can prove that a customer exists, but not that none does.
pub(crate) fn by_account(host: &Host, config: &Config, account: &str) -> Result<Found, HostError> {
    let spellings = [account.to_owned(), grouped(account)];
    let by = (config.indexes.account.as_str(), config.account_field.as_str());
    match first(host, config, by, (&spellings, &spellings), Source::Current) {
        Ok(found) => Ok(match found.into_iter().next() {
            Some(record) => Found::Customer { key: record.key, cached: false },
            None => Found::Nobody,
        }),
        Err(error) if error.is_unavailable() => {
            let known = first(host, config, by, (&spellings, &spellings), Source::LastKnown);
            let record = known.ok().and_then(|found| found.into_iter().next());
            Ok(record
                .map_or(Found::Unknown, |record| Found::Customer { key: record.key, cached: true }))
        }
        Err(error) => Err(error),
    }
}

/// A customer known by the telephone number, with its account number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) key: String,
    pub(crate) account: String,
    pub(crate) cached: bool,
}

/// The one customer with this telephone number; none when there are several, or nobody can tell.
pub(crate) fn by_phone(
    host: &Host,
    config: &Config,
    phone: &str,
) -> Result<Option<Known>, HostError> {
    let spellings = spellings(phone);
    if spellings.is_empty() {
        return Ok(None);
    }
    let mut cached = false;
    let by = (config.indexes.phone.as_str(), config.phone_field.as_str());
    // An index of telephone numbers knows all spellings of one.
    let as_heard = [phone.to_owned()];
    let wanted = (as_heard.as_slice(), spellings.as_slice());
    let found = match first(host, config, by, wanted, Source::Current) {
        Err(error) if error.is_unavailable() => {
            cached = true;
            // It only spares the caller some typing: without it the number is asked for.
            first(host, config, by, wanted, Source::LastKnown).unwrap_or_default()
        }
        other => other?,
    };
    let [record] = found.as_slice() else { return Ok(None) };
    let account: Option<String> = field_of(&record.data, &config.account_field)
        .and_then(Value::as_str)
        .map(|text| text.chars().filter(char::is_ascii_digit).collect());
    Ok(account.filter(|account| account.len() == config.length as usize).map(|account| Known {
        key: record.key.clone(),
        account,
        cached,
    }))
}

/// Records of the first value in the index that has any, or in a collection without the index of
/// the first spelling in the field; two are enough to know that there are several.
fn first(
    host: &Host,
    config: &Config,
    (index, field): (&str, &str),
    (values, spellings): (&[String], &[String]),
    source: Source,
) -> Result<Vec<Record>, HostError> {
    for value in values {
        let mut search = Search::new(&config.collection, index, [value.as_str()]).source(source);
        search.limit = 2;
        match host.records().search::<Value>(&search) {
            Ok(page) if page.hits.is_empty() => {}
            Ok(page) => return Ok(page.hits.into_iter().map(|hit| hit.record).collect()),
            Err(error) if error.info().code == "unknown-index" => {
                return spelled(host, config, field, spellings, source);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Vec::new())
}

/// The same in a collection without the index.
fn spelled(
    host: &Host,
    config: &Config,
    field: &str,
    spellings: &[String],
    source: Source,
) -> Result<Vec<Record>, HostError> {
    for spelling in spellings {
        let query = Query::new(&config.collection)
            .matching(field, spelling.as_str())
            .limit(2)
            .source(source);
        let page = host.records().find(&query)?;
        if !page.records.is_empty() {
            return Ok(page.records);
        }
    }
    Ok(Vec::new())
}

fn field_of<'a>(data: &'a Value, field: &str) -> Option<&'a Value> {
    field.split('.').try_fold(data, |value, name| value.get(name))
}

/// `1111-2222-3333`.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && position % 4 == 0 {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

/// The ways in which records usually spell a telephone number; records are compared as they are.
fn spellings(phone: &str) -> Vec<String> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let international = phone.trim_start().starts_with('+');
    let korean = match (international, digits.strip_prefix("82")) {
        (true, Some(national)) => Some(national.trim_start_matches('0').to_owned()),
        (false, None) => digits.strip_prefix('0').map(str::to_owned),
        _ => None,
    };
    let mut spellings = Vec::new();
    let mut add = |text: String| {
        if text.len() > 6 && !spellings.contains(&text) {
            spellings.push(text);
        }
    };
    match korean {
        Some(national) => {
            let dashed = dashed(&national);
            add(format!("+82{national}"));
            add(format!("+82-{dashed}"));
            add(format!("0{dashed}"));
            add(format!("0{national}"));
        }
        None => {
            if international {
                add(format!("+{digits}"));
            }
            if let (true, Some(national)) =
                (international && digits.len() == 11, digits.strip_prefix('1'))
            {
                let (area, rest) = national.split_at(3);
                let (exchange, line) = rest.split_at(3);
                add(format!("+1-{area}-{exchange}-{line}"));
                add(format!("({area}) {exchange}-{line}"));
            }
            add(phone.trim().to_owned());
        }
    }
    spellings
}

/// `10-0000-0101` of `1000000101`: area (Seoul's has one digit), exchange, the last four.
fn dashed(national: &str) -> String {
    let area = if national.starts_with('2') { 1 } else { 2 };
    if national.len() < area + 7 {
        return national.to_owned();
    }
    let (area, rest) = national.split_at(area);
    let (exchange, line) = rest.split_at(rest.len() - 4);
    format!("{area}-{exchange}-{line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_korean_number_is_looked_for_in_all_its_spellings() {
        let wanted = ["+821000000101", "+82-10-0000-0101", "010-0000-0101", "01000000101"];
        for phone in [
            "+821000000101",
            "+82-10-0000-0101",
            "010-0000-0101",
            "01000000101",
            "+82 010 0000 0101",
        ] {
            assert_eq!(spellings(phone), wanted, "{phone}");
        }
        assert_eq!(
            spellings("02-000-0000"),
            ["+8220000000", "+82-2-000-0000", "02-000-0000", "020000000"]
        );
    }

    #[test]
    fn other_numbers_are_looked_for_as_they_are() {
        let wanted = ["+12025550101", "+1-202-555-0101", "(202) 555-0101"];
        assert_eq!(spellings("+12025550101"), wanted);
        assert_eq!(spellings("+4420000000"), ["+4420000000"]);
        assert!(spellings("").is_empty() && spellings("anonymous").len() == 1);
    }
}
