//! Puts the records of the project folder into the store, once per change of their file.

use std::collections::BTreeMap;

use dialgraph_base::{Digest, Timestamp, depth};
use dialgraph_store::{
    CommitError, CommitToken, Expect, Key, Op, Part, Schema, Sort, StoreError, Upgrade, decode,
    encode,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::index::Entered;
use super::many::{IsSame, NewRecord};
use super::{LocalRecords, MAX_RECORD_BYTES};
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
        let (indexed, indexes) = self.versioned_state(collection).await.map_err(store_failed)?;

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
            let entered = match &indexes {
                Some(state) => state
                    .entries(data)
                    .map_err(|error| wrong(format!("`{key}`: {}", error.message)))?,
                None => Entered::default(),
            };
            let (entered, seed) = ((indexed, entered), Some(Digest::of(bytes.as_bytes())));
            entries.push(NewRecord { key, place, data, seed, from: None, entered });
        }
        let is_same: IsSame = |new, stored| stored.seed == new.seed;
        let name = round.to_string();
        let written = self.write_all(collection, &entries, &name, now, is_same).await;
        let written = written.map_err(store_failed)?;
        let written = written.created + written.replaced;
        let seeded = Seeded { written, kept: entries.len() - written };
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
}
