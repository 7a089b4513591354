//! Rows and tokens as items.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use dialgraph_store::{CommitToken, Key, Part, Row, Sort, StoreError, UnixMillis};

/// Attributes of an item, by name.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The table's partition key, a string.
pub const PARTITION_ATTRIBUTE: &str = "pk";
/// The table's sort key, binary.
pub const SORT_ATTRIBUTE: &str = "sk";
/// What the table's time to live is to be switched on for: seconds since 1970.
pub const TTL_ATTRIBUTE: &str = "ttl";

pub(super) const VALUE: &str = "value";
pub(super) const VERSION: &str = "version";
pub(super) const EXPIRES_AT: &str = "expires_at";
/// Of a token: the random number of the attempt that used it.
pub(super) const ATTEMPT: &str = "attempt";

/// What partitions of tokens begin with, and no partition of rows does.
pub(super) const TOKENS: &str = "~token/";

/// First letter of what is not a row's partition as it is.
const MARK: char = '~';

/// Of a token there is one item.
const TOKEN_SORT: &[u8] = b"token";

/// Seconds for which the service leaves a row that has expired: clocks of processes differ, and it
/// is they who decide.
const GRACE_SECONDS: u64 = 3600;

/// A partition's name as `pk`. No name is that of a token, and no two names become one.
pub(super) fn partition(part: &Part) -> String {
    let name = part.as_str();
    if name.starts_with(MARK) { format!("{MARK}{name}") } else { name.to_owned() }
}

pub(super) fn key(key: &Key) -> Item {
    keyed(partition(key.part()), key.sort().as_bytes())
}

pub(super) fn token_key(token: &CommitToken) -> Item {
    keyed(format!("{TOKENS}{token}"), TOKEN_SORT)
}

fn keyed(partition: String, sort: &[u8]) -> Item {
    HashMap::from([
        (PARTITION_ATTRIBUTE.to_owned(), AttributeValue::S(partition)),
        (SORT_ATTRIBUTE.to_owned(), binary(sort)),
    ])
}

pub(super) fn binary(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

pub(super) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// After which second the service may remove what expires at `at`: never before it has.
pub(super) fn ttl(at: UnixMillis) -> AttributeValue {
    number(at.0.div_ceil(1000).saturating_add(GRACE_SECONDS))
}

/// When an item expires, if it does.
pub(super) fn expires_at(item: &Item) -> Result<Option<UnixMillis>, StoreError> {
    item.contains_key(EXPIRES_AT).then(|| whole(item, EXPIRES_AT).map(UnixMillis)).transpose()
}

/// The attempt that used a token.
pub(super) fn attempt(item: &Item) -> &[u8] {
    match item.get(ATTEMPT) {
        Some(AttributeValue::B(attempt)) => attempt.as_ref(),
        _ => &[],
    }
}

/// The row that an item is.
pub(super) fn row(mut item: Item) -> Result<Row, StoreError> {
    let version = whole(&item, VERSION)?;
    let expires_at = expires_at(&item)?;
    let (
        Some(AttributeValue::S(name)),
        Some(AttributeValue::B(sort)),
        Some(AttributeValue::B(value)),
    ) = (item.remove(PARTITION_ATTRIBUTE), item.remove(SORT_ATTRIBUTE), item.remove(VALUE))
    else {
        return Err(foreign("it lacks `pk`, `sk` or `value`"));
    };
    let name = match name.strip_prefix(MARK) {
        Some(escaped) if escaped.starts_with(MARK) => escaped,
        Some(_) => return Err(foreign("its partition is none of rows")),
        None => &name,
    };
    Ok(Row {
        key: Key::new(&Part::new(name)?, Sort::raw(sort.into_inner()))?,
        value: Bytes::from(value.into_inner()),
        version,
        expires_at,
    })
}

fn whole(item: &Item, name: &str) -> Result<u64, StoreError> {
    match item.get(name) {
        Some(AttributeValue::N(digits)) => {
            digits.parse().map_err(|_| foreign(&format!("its `{name}` is not a whole number")))
        }
        _ => Err(foreign(&format!("it has no `{name}`"))),
    }
}

fn foreign(why: &str) -> StoreError {
    StoreError::Refused {
        detail: format!(
            "the table holds an item that is not of this program: {why}; give the store a table of its own"
        ),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item_of(row: &Row) -> Item {
        let mut item = key(&row.key);
        item.insert(VALUE.to_owned(), binary(&row.value));
        item.insert(VERSION.to_owned(), number(row.version));
        if let Some(at) = row.expires_at {
            item.insert(EXPIRES_AT.to_owned(), number(at.0));
            item.insert(TTL_ATTRIBUTE.to_owned(), ttl(at));
        }
        item
    }

    proptest! {
        #[test]
        fn every_row_survives_being_an_item(
            name in "[~ta/\\x00]{1,8}",
            sort in prop::collection::vec(any::<u8>(), 1..20),
            value in prop::collection::vec(any::<u8>(), 0..20),
            version: u64,
            expires_at in prop::option::of(any::<u64>()),
        ) {
            let wanted = Row {
                key: Key::new(&Part::new(name).unwrap(), Sort::raw(sort)).unwrap(),
                value: value.into(),
                version,
                expires_at: expires_at.map(UnixMillis),
            };
            prop_assert_eq!(row(item_of(&wanted)).unwrap(), wanted);
        }

        #[test]
        fn no_partition_is_that_of_a_token_or_of_another(a in "~?token/?[~x]{0,3}", b in "~{0,3}(token/)?x?") {
            let (Ok(a), Ok(b)) = (Part::new(a), Part::new(b)) else { return Ok(()) };
            prop_assert!(!partition(&a).starts_with(TOKENS));
            prop_assert_eq!(partition(&a) == partition(&b), a == b);
        }
    }

    #[test]
    fn the_service_may_remove_a_row_only_an_hour_after_its_expiry() {
        assert_eq!(ttl(UnixMillis(1_000)), number(3_601));
        assert_eq!(ttl(UnixMillis(1_001)), number(3_602));
        assert_eq!(ttl(UnixMillis(u64::MAX)), number(u64::MAX.div_ceil(1000) + 3600));
    }

    #[test]
    fn an_item_of_others_is_refused_with_what_to_do() {
        let item = keyed("somebody".to_owned(), b"else");
        insta::assert_snapshot!(row(item).unwrap_err(), @"the store cannot be used: the table holds an item that is not of this program: it has no `version`; give the store a table of its own");
    }
}
