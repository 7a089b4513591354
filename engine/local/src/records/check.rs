//! Compares the index rows of a store with the records that they belong to, and puts them right.
//!
//! A row counts when its record lists it, so a stray row misleads no search; a missing row hides a
//! record from whoever looks for it by value. Calls may go on: what looks wrong is read once more
//! before it is believed.

use std::collections::BTreeSet;

use dialgraph_store::{
    CommitError, CommitToken, Expect, Finding, Key, Op, Page, Part, Query, Row, Sort, Store,
    StoreError, decode, encode,
};
use futures::future::join_all;

use super::index::{self, Hashes, IndexRow, IndexState, IndexedRow};
use super::indexing::fresh;
use super::{ATTEMPTS, PART, Stored, text_of};

/// Rows of one page.
const PAGE: u32 = 500;

/// Reads that are under way at a time.
const AT_ONCE: usize = 32;

/// How the indexes of one collection are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct IndexCheck {
    pub(super) collection: String,
    pub(super) records: u64,
    /// Index rows.
    pub(super) rows: u64,
    /// Index rows that a record lists, but that are not there: a search does not find it.
    pub(super) missing: u64,
    /// Index rows that no record lists; searches pass them over.
    pub(super) stray: u64,
    /// Records whose entries are not those that their values have.
    pub(super) outdated: u64,
    /// The row that says which indexes there are cannot be read.
    pub(super) lost: u64,
}

impl IndexCheck {
    /// What is wrong, in words.
    fn faults(&self) -> Vec<Finding> {
        let told = [
            (self.missing, "index rows are missing, so that searches do not find all records"),
            (self.outdated, "records have other index rows than their values ask for"),
            (self.stray, "index rows belong to no record; searches skip them"),
            (self.lost, "row that tells its indexes cannot be read; searches fail"),
        ];
        let some = told.into_iter().filter(|(count, _)| *count > 0);
        some.map(|(count, what)| Finding {
            of: "index".to_owned(),
            what: format!("collection `{}`: {count} {what}", self.collection),
        })
        .collect()
    }
}

/// What is wrong with the indexes of a store, and with `repair` what was wrong before. That they
/// cannot be read to the end is such a thing, too: whoever verifies a store wants the rest as well.
pub async fn verify_indexes(
    store: &dyn Store,
    repair: bool,
    seen: &(dyn Fn(u64) + Send + Sync),
) -> IndexFindings {
    let check = async |repair| match check_indexes(store, repair, seen).await {
        Ok(checks) => checks.iter().flat_map(IndexCheck::faults).collect(),
        Err(error) => {
            let what = format!("the indexes of records were not read to the end: {error}");
            vec![Finding { of: "index".to_owned(), what }]
        }
    };
    let repaired = if repair { check(true).await } else { Vec::new() };
    IndexFindings { findings: check(false).await, repaired }
}

/// What a verification of indexes found.
#[derive(Debug, Default)]
pub struct IndexFindings {
    pub findings: Vec<Finding>,
    /// What was wrong before it was put right.
    pub repaired: Vec<Finding>,
}

/// Compares the indexes of all collections with their records; with `repair`, writes what is
/// missing and removes what is stray. `seen` hears how many rows were read.
///
/// # Errors
/// If the store fails. Rows that cannot be read are passed over.
pub(super) async fn check_indexes(
    store: &dyn Store,
    repair: bool,
    seen: &(dyn Fn(u64) + Send + Sync),
) -> Result<Vec<IndexCheck>, StoreError> {
    let mut checks = Vec::new();
    let mut read = 0;
    let mut states = Pages::of(store, Part::new(index::STATES)?);
    while let Some(page) = states.next().await? {
        for row in page.rows {
            let collection = text_of(row.key.sort());
            let state = match decode::<IndexState>(&row.value) {
                Err(error) if error.is_of_row() => {
                    checks.push(IndexCheck { collection, lost: 1, ..IndexCheck::default() });
                    continue;
                }
                state => state?,
            };
            let mut check = IndexCheck { collection, ..IndexCheck::default() };
            let state_check = Op::Check { key: row.key, expect: Expect::Version(row.version) };
            let walk = Walk { store, state: &state, state_check, repair, seen };
            walk.records(&mut check, &mut read).await?;
            walk.rows(&mut check, &mut read).await?;
            checks.push(check);
        }
    }
    Ok(checks)
}

/// The pages of a partition.
struct Pages<'s> {
    store: &'s dyn Store,
    query: Option<Query>,
}

impl<'s> Pages<'s> {
    fn of(store: &'s dyn Store, part: Part) -> Self {
        Self { store, query: Some(Query::new(part).limit(PAGE)) }
    }

    async fn next(&mut self) -> Result<Option<Page>, StoreError> {
        let Some(query) = self.query.take() else { return Ok(None) };
        let (page, _) = self.store.query_past(&query).await?;
        self.query = page.next.clone().map(|next| query.after(Some(next)));
        Ok(Some(page))
    }
}

struct Walk<'s> {
    store: &'s dyn Store,
    state: &'s IndexState,
    /// That the state is still this one.
    state_check: Op,
    repair: bool,
    seen: &'s (dyn Fn(u64) + Send + Sync),
}

impl Walk<'_> {
    /// Every record has the entries of its values, and every entry its row.
    async fn records(&self, check: &mut IndexCheck, read: &mut u64) -> Result<(), StoreError> {
        let mut pages = Pages::of(self.store, Part::new(format!("{PART}{}", check.collection))?);
        while let Some(page) = pages.next().await? {
            *read += page.rows.len() as u64;
            (self.seen)(*read);
            for row in page.rows {
                let Some(stored) = live(&row) else { continue };
                check.records += 1;
                let key = text_of(row.key.sort());
                let faults = self.faults(&check.collection, &key, &stored).await?;
                if faults == Faults::default() {
                    continue;
                }
                let faults = match self.store.get(&row.key).await? {
                    // It was written meanwhile, with its rows.
                    Some(now) if now.version != row.version => continue,
                    Some(_) => self.faults(&check.collection, &key, &stored).await?,
                    None => continue,
                };
                check.missing += faults.missing;
                check.outdated += u64::from(faults.outdated);
                if self.repair && faults != Faults::default() {
                    self.enter(&check.collection, &key, row).await?;
                }
            }
        }
        Ok(())
    }

    async fn faults(
        &self,
        collection: &str,
        key: &str,
        stored: &Stored,
    ) -> Result<Faults, StoreError> {
        let mut faults = Faults::default();
        let wanted = stored.data.as_ref().and_then(|data| self.state.entries(data).ok());
        let current = self.state.kept.iter().filter(|kept| kept.ready && kept.is_current());
        let current: Vec<&String> = current.map(|kept| &kept.id).collect();
        let keys = index::keys(collection, key, &stored.entries)?;
        let reads: Vec<_> = keys.iter().map(|key| self.store.get(key)).collect();
        for (row, (id, hash)) in join_all(reads).await.into_iter().zip(index::each(&stored.entries))
        {
            // One that cannot be read leads nowhere, and can be written anew.
            let row = match row {
                Err(error) if error.is_of_row() => None,
                row => row?,
            };
            let Some(row) = row else {
                faults.missing += 1;
                continue;
            };
            let says = decode::<IndexRow>(&row.value).unwrap_or_default();
            faults.outdated |= current.contains(&id)
                && wanted.as_ref().is_some_and(|wanted| wanted.row(id, hash) != says);
        }
        faults.outdated |= wanted.is_some_and(|wanted| !self.same(&stored.entries, &wanted.hashes));
        Ok(faults)
    }

    /// Whether a record has the entries that it should have in the indexes that are built.
    fn same(&self, entries: &Hashes, wanted: &Hashes) -> bool {
        let built = self.state.kept.iter().filter(|kept| kept.ready);
        let none = BTreeSet::new();
        built
            .map(|kept| &kept.id)
            .all(|id| entries.get(id).unwrap_or(&none) == wanted.get(id).unwrap_or(&none))
    }

    /// Writes a record with all its rows.
    async fn enter(&self, collection: &str, key: &str, mut row: Row) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let Some(mut stored) = live(&row) else { return Ok(()) };
            let Some(Ok(indexed)) = stored.data.as_ref().map(|data| self.state.entries(data))
            else {
                return Ok(());
            };
            let none = BTreeSet::new();
            let gone = index::changes(collection, key, &stored.entries, &indexed, &none)?;
            let mut ops: Vec<Op> =
                gone.into_iter().filter(|op| matches!(op, Op::Delete { .. })).collect();
            let places = index::keys(collection, key, &indexed.hashes)?;
            for (place, (id, hash)) in places.into_iter().zip(index::each(&indexed.hashes)) {
                ops.push(Op::put(place, encode(&indexed.row(id, hash))?, Expect::Any));
            }
            stored.entries = indexed.hashes;
            ops.push(Op::put(row.key.clone(), encode(&stored)?, Expect::Version(row.version)));
            ops.push(self.state_check.clone());
            let token = CommitToken::new(format!("record-index/{}", fresh()?))?;
            match self.store.commit(&ops, &token).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Failed(error)) => return Err(error),
                Err(CommitError::Conflict(_)) => match self.store.get(&row.key).await? {
                    Some(now) => row = now,
                    None => return Ok(()),
                },
            }
        }
        // Whoever writes it that often writes its rows, too; and of an index that was declared
        // meanwhile, whoever builds it.
        Ok(())
    }

    /// Every index row is one that its record lists.
    async fn rows(&self, check: &mut IndexCheck, read: &mut u64) -> Result<(), StoreError> {
        let mut pages = Pages::of(self.store, index::part(&check.collection)?);
        while let Some(page) = pages.next().await? {
            *read += page.rows.len() as u64;
            (self.seen)(*read);
            check.rows += page.rows.len() as u64;
            let told: Vec<IndexedRow> =
                page.rows.iter().map(|row| index::told(row.key.sort())).collect();
            let mut doubtful = Vec::new();
            for (rows, some) in page.rows.chunks(AT_ONCE).zip(told.chunks(AT_ONCE)) {
                let reads = some.iter().map(|told| self.is_listed(&check.collection, told));
                for ((row, told), listed) in rows.iter().zip(some).zip(join_all(reads).await) {
                    if !listed? {
                        doubtful.push((row, told));
                    }
                }
            }
            for (row, told) in doubtful {
                // A record that was written or removed meanwhile took its rows along.
                let there = self.store.get(&row.key).await?.is_some();
                if !there || self.is_listed(&check.collection, told).await? {
                    continue;
                }
                check.stray += 1;
                if self.repair {
                    self.remove(row).await?;
                }
            }
        }
        Ok(())
    }

    async fn is_listed(&self, collection: &str, told: &IndexedRow) -> Result<bool, StoreError> {
        let part = Part::new(format!("{PART}{collection}"))?;
        let place = Key::new(&part, Sort::text(&told.key))?;
        let row = match self.store.get(&place).await {
            // What a record lists that cannot be read nobody knows.
            Err(error) if error.is_of_row() => return Ok(true),
            row => row?,
        };
        let Some(row) = row else { return Ok(false) };
        match decode::<Stored>(&row.value) {
            Err(error) if error.is_of_row() => Ok(true),
            stored => {
                let Stored { data, entries, .. } = stored?;
                let listed = entries.get(&told.id).is_some_and(|all| all.contains(&told.hash));
                Ok(data.is_some() && listed)
            }
        }
    }

    /// Removes a stray row, unless it was written anew.
    async fn remove(&self, row: &Row) -> Result<(), StoreError> {
        let op = Op::delete(row.key.clone(), Expect::Version(row.version));
        let token = CommitToken::new(format!("record-index/{}", fresh()?))?;
        match self.store.commit(&[op], &token).await {
            Err(CommitError::Failed(error)) => Err(error),
            _ => Ok(()),
        }
    }
}

/// What is wrong with the entries of one record.
#[derive(Debug, Default, PartialEq, Eq)]
struct Faults {
    missing: u64,
    outdated: bool,
}

/// A record, if it was not deleted and can be read.
fn live(row: &Row) -> Option<Stored> {
    decode::<Stored>(&row.value).ok().filter(|stored| stored.data.is_some())
}
