//! The indexes of a test's collections: every record is looked at, and nothing is hidden.

use std::collections::BTreeSet;

use dialgraph_understanding::company;
use serde_json::Value;

use super::fakes::field_of;
use crate::bindings::dialgraph::plugin::records_search::Hit;
use crate::records::{RawRecord, RawSearchPage, Search, Source};

/// What values of an index are compared by, as `kind` of a project file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexKind {
    /// Values as they are, all fields together.
    Exact,
    /// Telephone numbers in any of the fields, numbers without a country as Korean ones.
    Phone,
    /// Names of companies in any of the fields, the same and similar ones.
    Name,
}

#[derive(Debug)]
pub(super) struct Index {
    pub(super) kind: IndexKind,
    pub(super) fields: Vec<String>,
}

impl Index {
    /// How well a record fits; none when it does not.
    pub(super) fn score(&self, data: &Value, wanted: &[Value]) -> Option<f64> {
        if self.kind == IndexKind::Exact {
            let mut pairs = self.fields.iter().zip(wanted);
            let fits = self.fields.len() == wanted.len()
                && pairs.all(|(field, wanted)| values(data, field).contains(&wanted));
            return fits.then_some(1.0);
        }
        let held: Vec<&str> = self
            .fields
            .iter()
            .flat_map(|field| values(data, field))
            .filter_map(Value::as_str)
            .collect();
        let pairs = wanted
            .iter()
            .filter_map(Value::as_str)
            .flat_map(|wanted| held.iter().map(move |held| (wanted, *held)));
        let scores = pairs.filter_map(|(wanted, held)| match self.kind {
            IndexKind::Phone => (national(wanted) == national(held)).then_some(1.0),
            _ => similar(wanted, held),
        });
        scores.reduce(f64::max)
    }

    /// One page of all that fits.
    pub(super) fn page(&self, mut all: Vec<(f64, RawRecord)>, search: &Search) -> RawSearchPage {
        all.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let from = search.cursor.as_deref().and_then(|at| at.parse().ok()).unwrap_or(0);
        let until = from + search.limit as usize;
        let next = (all.len() > until).then(|| until.to_string());
        let hits: Vec<Hit> = all
            .into_iter()
            .skip(from)
            .take(search.limit as usize)
            .map(|(score, record)| Hit { record, score, extra: Vec::new() })
            .collect();
        let last_known = search.source == Source::LastKnown;
        RawSearchPage {
            as_of: hits.iter().map(|hit| hit.record.updated_at).min().filter(|_| last_known),
            hits,
            next,
            complete: !last_known,
            extra: Vec::new(),
        }
    }
}

/// The values of a field, items of lists each by itself.
fn values<'a>(data: &'a Value, field: &str) -> Vec<&'a Value> {
    match field_of(data, field) {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    }
}

/// The digits of a number as it is dialled within Korea.
fn national(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix("82") {
        Some(rest) if number.trim().starts_with('+') => format!("0{rest}"),
        _ => digits,
    }
}

fn similar(wanted: &str, held: &str) -> Option<f64> {
    let (wanted, held_as) = (company::normalised(wanted), company::normalised(held));
    if wanted == held_as {
        return Some(1.0);
    }
    let entries: BTreeSet<String> = company::index_entries(held).into_iter().collect();
    let probes = [company::index_probes(&wanted), company::index_probes_within(&wanted)].concat();
    let near = probes.iter().any(|probe| entries.contains(probe));
    near.then(|| company::likeness(&wanted, &held_as)).flatten()
}
