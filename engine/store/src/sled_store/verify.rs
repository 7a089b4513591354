//! Looks through the database itself: whether rows, tokens, chains and the index of expiries agree,
//! and whether they are those of the last commit.
//!
//! Commits may go on meanwhile. What looks wrong is looked at again, since a commit may just have
//! changed it.

use super::{SledStore, codec, database, rows};
use crate::error::StoreError;
use crate::wal::identity::Marker;
use crate::wal::{self, archive::Archive};

/// What is told of each kind at most.
const TOLD: usize = 20;

#[derive(Default)]
pub(super) struct Told {
    pub(super) findings: Vec<String>,
    of_kind: usize,
}

impl Told {
    fn add(&mut self, text: String) {
        if self.of_kind < TOLD {
            self.findings.push(text);
        } else if self.of_kind == TOLD {
            self.findings.push("and more of the kind".to_owned());
        }
        self.of_kind += 1;
    }

    fn next_kind(&mut self) {
        self.of_kind = 0;
    }
}

impl SledStore {
    pub(super) fn look_through(&self) -> Result<Vec<String>, StoreError> {
        let mut told = Told::default();
        self.rows_and_index(&mut told)?;
        told.next_kind();
        self.index_without_rows(&mut told)?;
        told.next_kind();
        self.links_without_rows(&mut told)?;
        told.next_kind();
        self.running_checksum(&mut told)?;
        self.commit_log(&mut told)?;
        Ok(told.findings)
    }

    /// Every row and token can be read, and is in the index if it expires.
    fn rows_and_index(&self, told: &mut Told) -> Result<(), StoreError> {
        for entry in self.db.scan_prefix([codec::ROW]) {
            let (key, value) = entry.map_err(super::backend)?;
            match rows::complete(&self.db, &key, &value) {
                Ok(Some(slot)) => {
                    let Some(at) = slot.expires_at else { continue };
                    if !self.has(&codec::expiry_key(at, &key))?
                        && rows::read(&self.db, &key)?.is_some_and(|now| now.expires_at == Some(at))
                        && !self.has(&codec::expiry_key(at, &key))?
                    {
                        told.add(format!(
                            "{} expires, and is not in the index of expiries",
                            name(&key)
                        ));
                    }
                }
                Ok(None) => {}
                Err(error) => told.add(error.to_string()),
            }
        }
        for entry in self.db.scan_prefix([codec::TOKEN]) {
            let (key, value) = entry.map_err(super::backend)?;
            match codec::decode_instant(&value) {
                None => told.add(format!("{} is malformed", name(&key))),
                Some(at) => {
                    let index = codec::expiry_key(at, &key);
                    if !self.has(&index)?
                        && self.db.get(&key).map_err(super::backend)? == Some(value)
                        && !self.has(&index)?
                    {
                        told.add(format!("{} is not in the index of expiries", name(&key)));
                    }
                }
            }
        }
        Ok(())
    }

    /// What the index speaks of is there.
    fn index_without_rows(&self, told: &mut Told) -> Result<(), StoreError> {
        for entry in self.db.scan_prefix([codec::EXPIRY]).keys() {
            let entry = entry.map_err(super::backend)?;
            if !database::is_meant(&self.db, &entry)?
                && self.has(&entry)?
                && !database::is_meant(&self.db, &entry)?
            {
                told.add(format!(
                    "the index of expiries holds {}, which does not expire then",
                    name(&entry)
                ));
            }
        }
        Ok(())
    }

    /// Every link belongs to a row. Rows whose links are missing were found with the rows.
    fn links_without_rows(&self, told: &mut Told) -> Result<(), StoreError> {
        // Links that are here before the rows are read, and whose rows are not: chains are written
        // with their rows.
        let mut chains = std::collections::BTreeSet::new();
        for entry in self.db.scan_prefix([codec::LINK]).keys() {
            let entry = entry.map_err(super::backend)?;
            match codec::chain_of(&entry) {
                Some(id) => {
                    chains.insert(id);
                }
                None => told.add(format!("{} is malformed", name(&entry))),
            }
        }
        if chains.is_empty() {
            return Ok(());
        }
        for entry in self.db.scan_prefix([codec::ROW]) {
            let (_, value) = entry.map_err(super::backend)?;
            if let Some((_, Some(chain))) = codec::decode_row(&value) {
                chains.remove(&chain.id);
            }
        }
        for id in chains {
            // Its row may have been rewritten since.
            if self.has(&codec::link_key(id, 0))? {
                told.add(format!("part of a large value has no row (chain {id})"));
            }
        }
        Ok(())
    }

    /// The rows are those of the last commit. While commits go on there is no telling.
    fn running_checksum(&self, told: &mut Told) -> Result<(), StoreError> {
        for _ in 0..3 {
            let before = self.keeper.log().last();
            let Ok(sum) = database::sum(&self.db) else { return Ok(()) };
            if self.keeper.log().last() != before {
                continue;
            }
            if sum != before.sum {
                told.findings.push(format!(
                    "the rows do not match commit {}, the last one: the running checksum differs",
                    before.number
                ));
            }
            return Ok(());
        }
        Ok(())
    }

    /// Base and log can be read and lead to where the store is.
    fn commit_log(&self, told: &mut Told) -> Result<(), StoreError> {
        let promised = self.keeper.promised();
        let mut archive = Archive::default();
        archive.add(&self.path.join(wal::FOLDER))?;
        told.findings.extend(
            archive.broken.iter().map(|broken| format!("the commit log is damaged: {broken}")),
        );
        let reached = archive.best_base(self.keeper.history(), u64::MAX);
        if reached.is_none_or(|(_, _, reached)| reached < promised.number) {
            told.findings.push(format!(
                "the commit log does not reach commit {}, the last one: if the database were lost, \
                the missing commits would be lost too",
                promised.number
            ));
        }
        let logged = archive.stamp(self.keeper.history(), promised.number);
        if logged.is_some_and(|logged| logged != promised) {
            told.findings.push(format!(
                "commit {} in the commit log differs from the one in the database",
                promised.number
            ));
        }
        let strangers = archive.origins().filter(|(_, store, history)| {
            store.is_some_and(|store| store != self.keeper.store())
                || *history != self.keeper.history()
        });
        told.findings.extend(strangers.map(|(path, store, history)| {
            let store = store.map_or_else(|| "unknown".to_owned(), |store| store.to_string());
            format!(
                "{} belongs to another store ({store}) or history ({history:?})",
                path.display()
            )
        }));
        told.findings.extend(super::parts::odd(&self.path)?);
        match Marker::read(&self.path) {
            Marker::Of(store) if store == self.keeper.store() => {}
            found => told.findings.push(format!(
                "the file `{}` does not name this store: {found:?}",
                wal::identity::MARKER
            )),
        }
        Ok(())
    }

    fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        self.db.contains_key(key).map_err(super::backend)
    }
}

fn name(key: &[u8]) -> String {
    format!("the entry `{}`", key.escape_ascii())
}
