//! A stretch of a partition in the words of a key condition, which knows only ranges with both ends
//! in them.

use std::ops::Bound;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use dialgraph_store::plan::Span;
use dialgraph_store::{MAX_SORT_BYTES, Part};

use super::item::{PARTITION_ATTRIBUTE, SORT_ATTRIBUTE, binary, partition};

/// First and last sort key; `None` is the end of the partition.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Range {
    first: Option<Vec<u8>>,
    last: Option<Vec<u8>>,
}

impl Range {
    /// The sort keys of `span`; `None` if there can be none.
    pub(super) fn within(span: Span) -> Option<Self> {
        let first = match span.from {
            Bound::Unbounded => None,
            Bound::Included(from) => at_or_after(from.as_bytes())?,
            Bound::Excluded(from) => Some(after(from.as_bytes())?),
        };
        let last = match span.until {
            Bound::Unbounded => None,
            Bound::Included(until) => Some(at_or_before(until.as_bytes())?),
            Bound::Excluded(until) => Some(before(until.as_bytes())?),
        };
        match (&first, &last) {
            (Some(first), Some(last)) if first > last => None,
            _ => Some(Self { first, last }),
        }
    }

    pub(super) fn ask(&self, request: QueryFluentBuilder, part: &Part) -> QueryFluentBuilder {
        let condition = match (&self.first, &self.last) {
            (None, None) => "#pk = :pk",
            (Some(_), None) => "#pk = :pk AND #sk >= :first",
            (None, Some(_)) => "#pk = :pk AND #sk <= :last",
            (Some(_), Some(_)) => "#pk = :pk AND #sk BETWEEN :first AND :last",
        };
        let mut request = request
            .key_condition_expression(condition)
            .expression_attribute_names("#pk", PARTITION_ATTRIBUTE)
            .expression_attribute_values(":pk", AttributeValue::S(partition(part)));
        if self.first.is_some() || self.last.is_some() {
            request = request.expression_attribute_names("#sk", SORT_ATTRIBUTE);
        }
        if let Some(first) = &self.first {
            request = request.expression_attribute_values(":first", binary(first));
        }
        if let Some(last) = &self.last {
            request = request.expression_attribute_values(":last", binary(last));
        }
        request
    }
}

/// The first key that is not below `bytes`, which may be longer than keys are. `Some(None)`: all
/// keys are such.
#[expect(clippy::option_option, reason = "no bound and no key are different answers")]
fn at_or_after(bytes: &[u8]) -> Option<Option<Vec<u8>>> {
    match bytes.get(..MAX_SORT_BYTES) {
        _ if bytes.is_empty() => Some(None),
        Some(cut) if cut.len() < bytes.len() => after(cut).map(Some),
        _ => Some(Some(bytes.to_vec())),
    }
}

/// The first key above `bytes`; `None` if there is none.
fn after(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut key = bytes.get(..MAX_SORT_BYTES).unwrap_or(bytes).to_vec();
    if key.len() < MAX_SORT_BYTES {
        key.push(0);
        return Some(key);
    }
    while let Some(last) = key.pop() {
        if last < 0xff {
            key.push(last + 1);
            return Some(key);
        }
    }
    None
}

/// The last key that is not above `bytes`; `None` if there is none.
fn at_or_before(bytes: &[u8]) -> Option<Vec<u8>> {
    let cut = bytes.get(..MAX_SORT_BYTES).unwrap_or(bytes);
    (!cut.is_empty()).then(|| cut.to_vec())
}

/// The last key below `bytes`; `None` if there is none.
fn before(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() > MAX_SORT_BYTES {
        return at_or_before(bytes);
    }
    let mut key = bytes.to_vec();
    match key.pop()? {
        0 => (!key.is_empty()).then_some(key),
        last => {
            key.push(last - 1);
            key.resize(MAX_SORT_BYTES, 0xff);
            Some(key)
        }
    }
}

#[cfg(test)]
mod tests {
    use dialgraph_store::Sort;
    use proptest::prelude::*;

    use super::*;

    /// Few different bytes and lengths at both ends, so that keys are often neighbours.
    fn sort() -> impl Strategy<Value = Vec<u8>> {
        let bytes = prop::sample::select(vec![0, 1, 0x7f, 0xfe, 0xff]);
        let end = prop::collection::vec(bytes, 0..4);
        (prop::sample::select(vec![0, 1, MAX_SORT_BYTES - 2]), end).prop_map(|(length, end)| {
            let mut sort = vec![0xff; length];
            sort.extend(end);
            sort
        })
    }

    proptest! {
        #[test]
        fn a_range_holds_exactly_the_keys_of_its_span(
            from in prop::option::of((sort(), any::<bool>())),
            until in prop::option::of(sort()),
            key in sort(),
        ) {
            prop_assume!(!key.is_empty() && key.len() <= MAX_SORT_BYTES);
            let bound = |(sort, included): &(Vec<u8>, bool)| match included {
                true => Bound::Included(Sort::raw(sort.clone())),
                false => Bound::Excluded(Sort::raw(sort.clone())),
            };
            let span = Span {
                from: from.as_ref().map_or(Bound::Unbounded, bound),
                until: until.as_ref().map_or(Bound::Unbounded, |sort| Bound::Excluded(Sort::raw(sort.clone()))),
            };
            let wanted = from.is_none_or(|(sort, included)| if included { key >= sort } else { key > sort })
                && until.is_none_or(|sort| key < sort);
            let range = Range::within(span);
            let held = range.as_ref().is_some_and(|range| {
                range.first.as_ref().is_none_or(|first| key >= *first)
                    && range.last.as_ref().is_none_or(|last| key <= *last)
            });
            prop_assert_eq!(held, wanted);
            // What the service would refuse is not asked.
            if let Some(Range { first: Some(first), last: Some(last) }) = &range {
                prop_assert!(first <= last);
            }
            for end in range.iter().flat_map(|range| [&range.first, &range.last]).flatten() {
                prop_assert!(!end.is_empty() && end.len() <= MAX_SORT_BYTES);
            }
        }
    }
}
