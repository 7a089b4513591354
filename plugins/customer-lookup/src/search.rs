//! Finding out which customer is meant.

use std::cell::{Cell, OnceCell};

use dialgraph_plugin::records::{Hit, Query, Record, Search};
use dialgraph_plugin::{Host, NodeError, company, log};
use plugin_common::fallback::Reader;
use plugin_common::text::known;
use serde_json::Value;

use crate::customer::{Customer, customer};
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
    /// Nobody among those that could be compared, and there are more.
    Unclear(MatchedBy),
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
    let search = Finder { host, reader, config, complete: Cell::new(true), all: OnceCell::new() };
    if let Some(account) = known(input.account_id.as_deref()) {
        // People and systems write account numbers in groups.
        let account: String = account.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let found = search.by_account(&account)?;
        if !found.is_empty() {
            return Ok(one_of(found, MatchedBy::AccountId));
        }
    }

    let company = known(input.company.as_deref());
    let phone = known(input.phone.as_deref()).filter(|phone| config.country.e164(phone).is_some());
    if company.is_none() && phone.is_none() {
        return search.nobody();
    }
    let by_phone = search.by_phone(phone)?;
    if let Some(company) = company {
        let [same, alike] = search.by_name(company)?;
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
            // The number is a customer's, but the company that was named is not: the caller must
            // say.
            return Ok(perhaps(by_phone, MatchedBy::Phone));
        }
    } else if !by_phone.is_empty() {
        return Ok(one_of(by_phone, MatchedBy::Phone));
    }
    if search.complete.get() || reader.is_stale() {
        return search.nobody();
    }
    let by = if company.is_some() { MatchedBy::Company } else { MatchedBy::Phone };
    Ok(Found::Unclear(by))
}

/// A customer, and how well they fit, above 0 to 1.
type Scored = (Record<Customer>, f64);

struct Finder<'a> {
    host: &'a Host,
    reader: &'a Reader<'a>,
    config: &'a Config,
    /// Nobody who fits was left out.
    complete: Cell<bool>,
    /// The customers, of a collection without indexes.
    all: OnceCell<Vec<Record<Customer>>>,
}

impl Finder<'_> {
    fn by_account(&self, account: &str) -> Result<Vec<Record<Customer>>, NodeError> {
        if let Some(hits) = self.hits(&self.config.indexes.account, [account])? {
            return Ok(hits.into_iter().map(|(customer, _)| customer).collect());
        }
        let query =
            Query::new(&self.config.collection).matching(&self.config.account_field, account);
        let page = self.reader.find(query.limit(LIMIT))?;
        Ok(page.records.into_iter().filter_map(|record| customer(self.host, record)).collect())
    }

    fn by_phone(&self, phone: Option<&str>) -> Result<Vec<Record<Customer>>, NodeError> {
        let Some(phone) = phone else { return Ok(Vec::new()) };
        if let Some(hits) = self.hits(&self.config.indexes.phone, [phone])? {
            return Ok(hits.into_iter().map(|(customer, _)| customer).collect());
        }
        let wanted = self.config.country.e164(phone);
        let has_it = |customer: &&Record<Customer>| {
            let theirs = known(customer.data.contact_info.phone.as_deref());
            theirs.and_then(|theirs| self.config.country.e164(theirs)) == wanted
        };
        Ok(self.all()?.iter().filter(has_it).cloned().collect())
    }

    /// Customers called just so, and customers called alike, the likeliest first.
    fn by_name(&self, heard: &str) -> Result<[Vec<Record<Customer>>; 2], NodeError> {
        let scored = match self.hits(&self.config.indexes.company, company::readings(heard))? {
            Some(hits) => hits,
            None => compared(self.all()?, heard),
        };
        let (same, mut alike): (Vec<_>, Vec<_>) =
            scored.into_iter().partition(|(_, score)| *score >= 1.0);
        alike.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let best = alike.first().map_or(0.0, |(_, likeness)| *likeness);
        // Those that are clearly less alike than the best are only in the way.
        let near = alike.into_iter().take_while(|(_, likeness)| best - likeness < 0.15);
        let near = near.map(|(customer, _)| customer).collect();
        Ok([same.into_iter().map(|(customer, _)| customer).collect(), near])
    }

    /// Customers in an index, each with how well it fits; none when the collection does not have
    /// the index.
    fn hits<V: Into<Value>>(
        &self,
        index: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Option<Vec<Scored>>, NodeError> {
        let search = Search::new(&self.config.collection, index, values);
        let Some(page) = self.reader.search(search)? else { return Ok(None) };
        if !page.complete || page.next.is_some() {
            self.complete.set(false);
        }
        let read = |hit: Hit| Some((customer(self.host, hit.record)?, hit.score));
        Ok(Some(page.hits.into_iter().filter_map(read).collect()))
    }

    /// The first customers of a collection without indexes.
    fn all(&self) -> Result<&[Record<Customer>], NodeError> {
        if let Some(all) = self.all.get() {
            return Ok(all);
        }
        let page = self.reader.find(Query::new(&self.config.collection).limit(LIMIT))?;
        if page.more {
            self.complete.set(false);
            self.host.log(
                log::Level::Warn,
                "the collection has more customers than can be compared; give it indexes `company` and `phone`",
                &[("collection", &self.config.collection), ("compared", &LIMIT.to_string())],
            );
        }
        let read = page.records.into_iter().filter_map(|record| customer(self.host, record));
        Ok(self.all.get_or_init(|| read.collect()))
    }

    /// "There is none" is believed of the system of record, and of a copy that is not empty only in
    /// so far as it may be: a customer who is new since then would be turned away.
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

/// How well each customer's name fits what was heard.
fn compared(customers: &[Record<Customer>], heard: &str) -> Vec<Scored> {
    let readings = company::readings(heard);
    let score = |customer: &Record<Customer>| {
        let names: Vec<String> = customer.data.names().map(company::normalised).collect();
        let pairs = readings.iter().flat_map(|a| names.iter().map(move |b| (a, b)));
        pairs
            .filter_map(|(a, b)| if a == b { Some(1.0) } else { company::likeness(a, b) })
            .reduce(f64::max)
    };
    customers.iter().filter_map(|customer| Some((customer.clone(), score(customer)?))).collect()
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
    let mut names: Vec<_> = found
        .iter()
        .map(|customer| company::normalised(customer.data.name(&customer.key)))
        .collect();
    names.sort_unstable();
    names.dedup();
    if found.len() > CHOICES || names.len() < found.len() {
        return Found::Ambiguous(by);
    }
    Found::Perhaps(found, by)
}
