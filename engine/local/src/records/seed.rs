//! Puts the records of the project folder into the store, once per change of their file.

use std::collections::BTreeMap;

use dialgraph_base::{Digest, Timestamp, depth};
use dialgraph_store::{
    CommitError, CommitToken, Expect, Key, MAX_OPS, Op, Part, Schema, Sort, StoreError, Upgrade,
    decode, encode,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::index::{self, Hashes};
use super::{ATTEMPTS, LocalRecords, MAX_RECORD_BYTES, Stored};
use crate::error::LocalError;

/// What seeding did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seeded {
    /// Records made or replaced.
    pub written: usize,
    /// Records left as they are, since their part of the file is what it was.
    pub kept: usize,
}

/// The state of a collection's file when it was last put into the store.
#[derive(Debug, Serialize, Deserialize)]
struct SeedState {
    digest: Digest,
    /// Grows with every change, so that a file which goes back to an earlier state is a new
    /// intention.
    round: u64,
}

impl Schema for SeedState {
    const KIND: &'static str = "record-seed";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

/// Records that are looked at together.
const CHUNK: usize = 20;

/// A record of the file, checked.
struct SeedRecord<'a> {
    key: &'a str,
    place: Key,
    data: &'a Value,
    digest: Digest,
    indexed: Hashes,
}

impl LocalRecords {
    /// Puts `records` (key to object) into a collection.
    ///
    /// A record is written when it is new or when *its* entry differs from the one it was last made
    /// from; what calls have changed since then stays otherwise. Records that the file no longer
    /// has stay too. Doing it again with the same records does nothing.
    ///
    /// # Errors
    /// [`LocalError::Setting`] for an unknown collection, a bad key, something that is no object or
    /// too large; [`LocalError::Store`] if the store fails.
    pub async fn seed(
        &self,
        collection: &str,
        records: &BTreeMap<String, Value>,
        now: Timestamp,
    ) -> Result<Seeded, LocalError> {
        let wrong = |message: String| LocalError::Setting {
            what: format!("seed of collection `{collection}`"),
            message,
        };
        let store_failed = |error: StoreError| LocalError::Store {
            doing: format!("seeding collection `{collection}`"),
            message: error.to_string(),
        };
        let all = serde_json::to_vec(records).map_err(|error| wrong(error.to_string()))?;
        let digest = Digest::of(&all);
        let state_key = Part::new("record-seeds")
            .and_then(|part| Key::new(&part, Sort::text(collection)))
            .map_err(store_failed)?;
        let state_row = self.store.get(&state_key).await.map_err(store_failed)?;
        let state: Option<SeedState> =
            state_row.as_ref().map(|row| decode(&row.value)).transpose().map_err(store_failed)?;
        if state.as_ref().is_some_and(|state| state.digest == digest) {
            return Ok(Seeded { written: 0, kept: records.len() });
        }
        let round = state.map_or(1, |state| state.round + 1);
        let indexes = self.state(collection).await.map_err(store_failed)?;

        let mut entries = Vec::with_capacity(records.len());
        for (key, data) in records {
            let place = self.place(collection, key).map_err(|error| wrong(error.message))?;
            let bytes = data.to_string();
            if !data.is_object() {
                return Err(wrong(format!("`{key}` is no map of fields")));
            }
            depth::check(data).map_err(|error| wrong(format!("`{key}`: {error}")))?;
            if bytes.len() > MAX_RECORD_BYTES {
                let size = bytes.len();
                return Err(wrong(format!(
                    "`{key}` has {size} bytes; the limit is {MAX_RECORD_BYTES}"
                )));
            }
            let indexed = match &indexes {
                Some(state) => state
                    .entries(data)
                    .map_err(|error| wrong(format!("`{key}`: {}", error.message)))?,
                None => Hashes::new(),
            };
            let digest = Digest::of(bytes.as_bytes());
            entries.push(SeedRecord { key, place, data, digest, indexed });
        }
        let mut seeded = Seeded::default();
        for chunk in entries.chunks(CHUNK) {
            let written =
                self.seed_chunk(collection, chunk, round, now).await.map_err(store_failed)?;
            seeded.written += written;
            seeded.kept += chunk.len() - written;
        }
        let value = encode(&SeedState { digest, round }).map_err(store_failed)?;
        let done = Op::put(state_key, value, Expect::unchanged(state_row.as_ref()));
        let token = CommitToken::new(format!(
            "seeded/{}",
            Digest::of(format!("{collection}/{round}/{digest}").as_bytes()).hex()
        ));
        match self.store.commit(&[done], &token.map_err(store_failed)?).await {
            Ok(_) => Ok(seeded),
            Err(CommitError::Conflict(conflict)) => Err(LocalError::Store {
                doing: format!("seeding collection `{collection}`"),
                message: format!("another process seeded it meanwhile ({conflict}); start again"),
            }),
            Err(CommitError::Failed(error)) => Err(store_failed(error)),
        }
    }

    /// Writes what differs, and returns how many did.
    async fn seed_chunk(
        &self,
        collection: &str,
        chunk: &[SeedRecord<'_>],
        round: u64,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let mut written = 0;
        'again: for _ in 0..ATTEMPTS {
            let mut commits = vec![(format!("{round}"), Vec::new(), 0)];
            for SeedRecord { key, place, data, digest, indexed } in chunk {
                // What is lost is made anew from the file; what another key or program can read is
                // not overwritten.
                let row = match self.store.get(place).await {
                    Err(error) if error.is_damage() => Err(error),
                    row => Ok(row?),
                };
                let stored = match &row {
                    Ok(Some(row)) => decode::<Stored>(&row.value).map(Some),
                    Ok(None) => Ok(None),
                    Err(error) => Err(error.clone()),
                };
                let before = match stored {
                    Ok(Some(stored)) if stored.seed == Some(*digest) => continue,
                    Ok(stored) => stored.map(|stored| stored.entries).unwrap_or_default(),
                    Err(error) if error.is_damage() => {
                        tracing::warn!(row = %place, %error, "a record that cannot be read is seeded anew");
                        Hashes::new()
                    }
                    Err(error) => return Err(error),
                };
                let expect =
                    row.as_ref().map_or(Expect::Any, |row| Expect::unchanged(row.as_ref()));
                let stored = Stored {
                    data: Some((*data).clone()),
                    updated_at: now,
                    seed: Some(*digest),
                    entries: indexed.clone(),
                };
                let mut ops = vec![Op::put(place.clone(), encode(&stored)?, expect)];
                ops.extend(index::changes(collection, key, &before, indexed)?);
                let room =
                    commits.last().is_some_and(|(_, all, _)| all.len() + ops.len() <= MAX_OPS);
                if !room {
                    commits.push((format!("{round}"), Vec::new(), 0));
                }
                if let Some((name, all, records)) = commits.last_mut() {
                    name.push_str(&format!(" {place} {digest}"));
                    all.extend(ops);
                    *records += 1;
                }
            }
            for (name, ops, records) in commits {
                if ops.is_empty() {
                    continue;
                }
                let name = Digest::of(name.as_bytes()).hex();
                match self.store.commit(&ops, &CommitToken::new(format!("seed/{name}"))?).await {
                    Ok(_) => written += records,
                    // A call wrote one of them meanwhile: look again.
                    Err(CommitError::Conflict(_)) => continue 'again,
                    Err(CommitError::Failed(error)) => return Err(error),
                }
            }
            return Ok(written);
        }
        Err(StoreError::Backend {
            detail: "the records change too fast to be seeded; try again".into(),
        })
    }
}
