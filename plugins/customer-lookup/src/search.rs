//! Finding out which customer is meant.

use dialgraph_plugin::records::{Query, Record};
use dialgraph_plugin::{Host, NodeError, log};
use plugin_common::fallback::Reader;
use plugin_common::text::known;

use crate::customer::{Customer, customer};
use crate::name;
use crate::{Config, Input, MatchedBy};

/// So many similar names can be read out; more are for a person to sort out.
pub(crate) const CHOICES: usize = 3;
/// So many records a search reads at most.
const LIMIT: u32 = 100;

/// What a search came to.
#[derive(Debug)]
pub(crate) enum Found {
    /// This customer.
    One(Box<Record<Customer>>, MatchedBy),
    /// One of these, if the caller says so.
    Perhaps(Vec<Record<Customer>>, MatchedBy),
    /// More than can be asked about, or several that are called the same.
    Ambiguous(MatchedBy),
    Nobody,
}

/// Searches by account, then by company, then by telephone number.
///
/// # Errors
/// Those of the records, and `retryable` when nothing is known that could be searched.
pub(crate) fn search(
    host: &Host,
    reader: &Reader<'_>,
    config: &Config,
    input: &Input,
) -> Result<Found, NodeError> {
    let search = Search { host, reader, config };
    if let Some(account) = known(input.account_id.as_deref()) {
        // People and systems write account numbers in groups.
        let account: String = account.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let query = Query::new(&config.collection).matching(&config.account_field, account);
        let found = search.found(query)?;
        if !found.is_empty() {
            return Ok(one_of(found, MatchedBy::AccountId));
        }
    }

    let company = known(input.company.as_deref());
    let phone = known(input.phone.as_deref()).and_then(|phone| config.country.e164(phone));
    if company.is_none() && phone.is_none() {
        return search.nobody();
    }
    let customers = search.found(Query::new(&config.collection))?;
    let by_phone: Vec<_> = customers
        .iter()
        .filter(|customer| {
            let theirs = known(customer.data.contact_info.phone.as_deref());
            phone.is_some() && theirs.and_then(|theirs| config.country.e164(theirs)) == phone
        })
        .cloned()
        .collect();

    if let Some(company) = company {
        let (same, alike) = by_name(&customers, company);
        if !same.is_empty() {
            // Of several that are called the same, the telephone can tell.
            let both = common(&same, &by_phone);
            return Ok(match (both, same.len()) {
                (Some(customer), 2..) => Found::One(Box::new(customer), MatchedBy::CompanyAndPhone),
                _ => one_of(same, MatchedBy::Company),
            });
        }
        if !alike.is_empty() {
            return Ok(match common(&alike, &by_phone) {
                Some(customer) => Found::One(Box::new(customer), MatchedBy::CompanyAndPhone),
                None => perhaps(alike, MatchedBy::Company),
            });
        }
        if !by_phone.is_empty() {
            // The number is a customer's, but the company that was named is not: the caller must say.
            return Ok(perhaps(by_phone, MatchedBy::Phone));
        }
    } else if !by_phone.is_empty() {
        return Ok(one_of(by_phone, MatchedBy::Phone));
    }
    search.nobody()
}

struct Search<'a> {
    host: &'a Host,
    reader: &'a Reader<'a>,
    config: &'a Config,
}

impl Search<'_> {
    fn found(&self, query: Query) -> Result<Vec<Record<Customer>>, NodeError> {
        let page = self.reader.find(query.limit(LIMIT))?;
        if page.more {
            self.host.log(
                log::Level::Warn,
                "the collection has more customers than can be compared; the rest is found by account only",
                &[("collection", &self.config.collection), ("compared", &LIMIT.to_string())],
            );
        }
        Ok(page.records.into_iter().filter_map(|record| customer(self.host, record)).collect())
    }

    /// "There is none" is believed of the system of record, and of a copy that is not empty only in so far
    /// as it may be: a customer who is new since then would be turned away.
    fn nobody(&self) -> Result<Found, NodeError> {
        if self.reader.is_stale() {
            return Err(NodeError::retryable(
                "records-unavailable",
                "the system of record is down, and the customer is not among those last known",
            ));
        }
        Ok(Found::Nobody)
    }
}

/// Customers called just so, and customers called alike, the likeliest first.
fn by_name(
    customers: &[Record<Customer>],
    heard: &str,
) -> (Vec<Record<Customer>>, Vec<Record<Customer>>) {
    let readings = name::readings(heard);
    let mut same = Vec::new();
    let mut alike: Vec<(f64, &Record<Customer>)> = Vec::new();
    for customer in customers {
        let names: Vec<String> = customer.data.names().map(name::normalised).collect();
        let pairs = || readings.iter().flat_map(|a| names.iter().map(move |b| (a, b)));
        if pairs().any(|(a, b)| a == b) {
            same.push(customer.clone());
            continue;
        }
        let best = pairs().filter_map(|(a, b)| name::likeness(a, b)).reduce(f64::max);
        alike.extend(best.map(|likeness| (likeness, customer)));
    }
    alike.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let best = alike.first().map_or(0.0, |(likeness, _)| *likeness);
    // Those that are clearly less alike than the best are only in the way.
    let near = alike.into_iter().take_while(|(likeness, _)| best - likeness < 0.15);
    (same, near.map(|(_, customer)| customer.clone()).collect())
}

/// The only customer that is in both.
fn common(a: &[Record<Customer>], b: &[Record<Customer>]) -> Option<Record<Customer>> {
    let mut both = a.iter().filter(|customer| b.iter().any(|other| other.key == customer.key));
    let first = both.next()?;
    both.next().is_none().then(|| first.clone())
}

/// Certain when it is one.
fn one_of(mut found: Vec<Record<Customer>>, by: MatchedBy) -> Found {
    if found.len() == 1 {
        return Found::One(Box::new(found.swap_remove(0)), by);
    }
    perhaps(found, by)
}

/// To be confirmed even when it is one.
fn perhaps(found: Vec<Record<Customer>>, by: MatchedBy) -> Found {
    let mut names: Vec<_> =
        found.iter().map(|customer| name::normalised(customer.data.name(&customer.key))).collect();
    names.sort_unstable();
    names.dedup();
    if found.len() > CHOICES || names.len() < found.len() {
        return Found::Ambiguous(by);
    }
    Found::Perhaps(found, by)
}
