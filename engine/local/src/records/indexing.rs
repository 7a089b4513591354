//! Builds the indexes that a project declares, while calls go on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dialgraph_base::Timestamp;
use dialgraph_base::index::MAX_INDEXES;
use dialgraph_kernel::ports::HostError;
use dialgraph_store::{
    CommitError, CommitToken, Expect, Op, Part, Query, Row, StoreError, decode, encode,
};
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use super::index::{self, IndexState, KeptIndex};
use super::{ATTEMPTS, LocalRecords, Stored, text_of};
use crate::error::LocalError;

/// Records that are entered into indexes at a time: commits that wait together share one write to
/// disk.
const ENTERED_AT_ONCE: usize = 16;

/// How long the rows of an earlier format are kept beside those of the present one, for processes
/// of an earlier version of the engine: longer than any fleet takes to be replaced.
pub(super) const OUTLIVED: Duration = Duration::from_hours(24);

/// What is to be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Builds {
    /// The indexes that the store does not hold.
    Missing,
    /// Those, too, that it holds with the rows of an earlier format.
    Former,
}

/// Records that are told of those that do not fit into indexes.
const TOLD: usize = 5;

impl LocalRecords {
    /// Whether the declared indexes of a collection can be built: every record that the store
    /// holds, and each of `seed`, must fit into them.
    ///
    /// # Errors
    /// [`LocalError::Setting`] tells the records that do not; [`LocalError::Store`] if the store
    /// fails.
    pub async fn check_indexes(
        &self,
        collection: &str,
        seed: &BTreeMap<String, Value>,
    ) -> Result<(), LocalError> {
        let store_failed = store_failed(collection);
        let declared = index::all_declared(&self.indexes, collection);
        if declared.is_empty() {
            return Ok(());
        }
        let part = self.part(collection).map_err(wrong_indexes(collection))?;
        let stored = self.state(collection).await.map_err(store_failed)?;
        let mut state = match &stored {
            Some(state) => state.clone(),
            None => IndexState::new().map_err(store_failed)?,
        };
        let missing: Vec<_> = declared.iter().filter(|one| state.built(one).is_none()).collect();
        // Those of earlier releases give way if they must.
        state.kept.retain(|kept| declared.iter().any(|one| one.is_declared_as(kept)));
        let (mut beyond, mut first) = (0_usize, Vec::new());
        let mut look = |state: &IndexState, key: String, data: &Value| {
            if let Err(error) = state.entries(data) {
                beyond += 1;
                if first.len() < TOLD {
                    first.push(format!("`{key}`: {}", error.message));
                }
            }
        };
        let is_new = !missing.is_empty();
        state.kept.extend(missing.into_iter().cloned());
        for (key, data) in seed {
            look(&state, key.clone(), data);
        }
        // Into those that are built, all that is there was written.
        if is_new {
            self.each_record(part, |key, data| look(&state, key, &data))
                .await
                .map_err(store_failed)?;
        }
        match beyond {
            0 => Ok(()),
            _ => Err(LocalError::Setting {
                what: format!("indexes of collection `{collection}`"),
                message: format!(
                    "what does not fit into them: {beyond} of the records; {}",
                    first.join("; ")
                ),
            }),
        }
    }

    /// Shows every record in a partition that can be read.
    async fn each_record(
        &self,
        part: Part,
        mut show: impl FnMut(String, Value),
    ) -> Result<(), StoreError> {
        let mut query = Query::new(part).limit(500);
        loop {
            let (page, _) = self.store.query_past(&query).await?;
            for row in page.rows {
                let stored = decode::<Stored>(&row.value).ok();
                if let Some(data) = stored.and_then(|stored| stored.data) {
                    show(text_of(row.key.sort()), data);
                }
                // Turns of calls run on the same threads.
                tokio::task::yield_now().await;
            }
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Makes the store hold the declared indexes of a collection, and gives the number of records
    /// that were entered into them. Does nothing where it holds them already, also with the rows of
    /// an earlier format; calls may go on.
    ///
    /// # Errors
    /// [`LocalError::Setting`] for an unknown collection or a record with more entries than one
    /// commit takes: then the store holds the indexes that it held before.
    /// [`LocalError::Store`] if the store fails.
    pub async fn build_indexes(&self, collection: &str, now: Timestamp) -> Result<u64, LocalError> {
        self.build(collection, now, Builds::Missing).await
    }

    /// Whether the store holds declared indexes of a collection with the rows of an earlier format.
    ///
    /// # Errors
    /// [`LocalError::Store`] if the store fails.
    pub async fn has_former_indexes(&self, collection: &str) -> Result<bool, LocalError> {
        let state = self.state(collection).await.map_err(|error| LocalError::Store {
            doing: format!("reading the indexes of collection `{collection}`"),
            message: error.to_string(),
        })?;
        let declared = index::all_declared(&self.indexes, collection);
        let former =
            |kept: &KeptIndex| declared.iter().any(|one| one.is_declared_as(kept) && !one.is(kept));
        Ok(state.is_some_and(|state| state.kept.iter().any(former)))
    }

    /// Builds the declared indexes that the store holds with the rows of an earlier format anew;
    /// those serve searches until then, and processes of an earlier version for a day longer. Gives
    /// the number of times that a record was entered.
    ///
    /// # Errors
    /// As [`build_indexes`](Self::build_indexes).
    pub async fn renew_indexes(&self, collection: &str, now: Timestamp) -> Result<u64, LocalError> {
        self.build(collection, now, Builds::Former).await
    }

    async fn build(
        &self,
        collection: &str,
        now: Timestamp,
        builds: Builds,
    ) -> Result<u64, LocalError> {
        match self.attempt(collection, now, builds, false).await {
            // A record may fit into those that are declared, and not into others as well.
            Err(LocalError::Setting { .. }) => self.attempt(collection, now, builds, true).await,
            done => done,
        }
    }

    /// `alone`: no index stays that is not declared any more.
    async fn attempt(
        &self,
        collection: &str,
        now: Timestamp,
        builds: Builds,
        alone: bool,
    ) -> Result<u64, LocalError> {
        let renews = builds == Builds::Former;
        let store_failed = store_failed(collection);
        let declared = index::all_declared(&self.indexes, collection);
        if declared.is_empty() {
            return Ok(0);
        }
        self.part(collection).map_err(wrong_indexes(collection))?;
        // Whoever is still of an earlier version searches the rows of the earlier format.
        let outlived = |state: &IndexState, kept: &KeptIndex| {
            let next = declared.iter().find(|one| one.is_declared_as(kept) && !one.is(kept));
            let since = next.and_then(|next| state.find(next)).filter(|next| next.ready);
            let since = since.and_then(|next| next.ready_at);
            renews && since.is_some_and(|since| now >= since.after(OUTLIVED))
        };
        let is_wanted = |state: &IndexState, one: &&KeptIndex| renews || state.built(one).is_none();
        let before = self.state(collection).await.map_err(store_failed)?;
        let goes =
            before.as_ref().is_some_and(|state| state.kept.iter().any(|one| outlived(state, one)));
        let state = self
            .declare(collection, |state| {
                let gone: Vec<String> = state
                    .kept
                    .iter()
                    .filter(|kept| outlived(state, kept))
                    .map(|kept| kept.id.clone())
                    .collect();
                state.kept.retain(|kept| !gone.contains(&kept.id));
                let missing = declared.iter().filter(|one| state.find(one).is_none());
                let missing: Vec<KeptIndex> =
                    missing.filter(|one| is_wanted(state, one)).cloned().collect();
                let undated = |kept: &KeptIndex| renews && kept.ready && kept.ready_at.is_none();
                let mut changed = !missing.is_empty() || !gone.is_empty();
                if alone {
                    let all = state.kept.len();
                    state.kept.retain(|kept| declared.iter().any(|one| one.is_declared_as(kept)));
                    changed |= state.kept.len() != all;
                }
                for kept in state.kept.iter_mut().filter(|kept| undated(kept)) {
                    kept.ready_at = Some(now);
                    changed = true;
                }
                state.kept.extend(missing);
                give_way(&mut state.kept, &declared);
                changed
            })
            .await
            .map_err(store_failed)?;
        let is_ready = |one: &KeptIndex| state.find(one).is_some_and(|kept| kept.ready);
        if declared.iter().filter(|one| is_wanted(&state, one)).all(is_ready) {
            return match goes {
                true => self.enter_all(collection, &state).await,
                false => Ok(0),
            };
        }
        let mut entered = 0;
        // From now on every write serves them. The second walk meets what was being written by
        // whoever had not seen that yet.
        for _ in 0..2 {
            match self.enter_all(collection, &state).await {
                Ok(some) => entered += some,
                Err(error @ LocalError::Setting { .. }) => {
                    self.take_back(collection, before.as_ref()).await;
                    return Err(error);
                }
                Err(error) => return Err(error),
            }
        }
        let state = self
            .declare(collection, |state| {
                let mut changed = false;
                for kept in &mut state.kept {
                    if declared.iter().any(|one| one.is(kept)) && !kept.ready {
                        (kept.ready, kept.ready_at) = (true, Some(now));
                        changed = true;
                    }
                }
                changed
            })
            .await
            .map_err(store_failed)?;
        if renews {
            // Where there is no room for both, the new rows take the place of the former.
            entered += self.enter_all(collection, &state).await?;
        }
        Ok(entered)
    }

    /// Lets the store hold none of the indexes that cannot be built: while it holds them, records
    /// that do not fit cannot be written either.
    async fn take_back(&self, collection: &str, before: Option<&IndexState>) {
        let was_there = |kept: &KeptIndex| before.is_some_and(|state| state.find(kept).is_some());
        let taken = self
            .declare(collection, |state| {
                let all = state.kept.len();
                state.kept.retain(|kept| kept.ready || was_there(kept));
                state.kept.len() != all
            })
            .await
            .map_err(store_failed(collection));
        let cleaned = match taken {
            Ok(state) => self.enter_all(collection, &state).await,
            Err(error) => Err(error),
        };
        if let Err(error) = cleaned {
            tracing::warn!(collection, %error, "indexes that cannot be built were not taken back; the next start tries again");
        }
    }

    /// Changes what the store holds of a collection's indexes; `change` says whether it did.
    async fn declare(
        &self,
        collection: &str,
        change: impl Fn(&mut IndexState) -> bool,
    ) -> Result<IndexState, StoreError> {
        let key = index::state_key(collection)?;
        for _ in 0..ATTEMPTS {
            let row = self.store.get(&key).await?;
            let mut state = match &row {
                Some(row) => decode(&row.value)?,
                None => IndexState::new()?,
            };
            if !change(&mut state) {
                return Ok(state);
            }
            let version = row.as_ref().map_or(0, |row| row.version);
            let op = Op::put(key.clone(), encode(&state)?, Expect::unchanged(row.as_ref()));
            // Another process may write other words under the same version: the row tells which.
            let token = CommitToken::new(format!("record-indexes/{version}/{}", fresh()?))?;
            match self.store.commit(&[op], &token).await {
                Ok(_) => return Ok(state),
                Err(CommitError::Conflict(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(contended(collection))
    }

    /// Enters every record that lacks an entry of an index that the store holds.
    async fn enter_all(&self, collection: &str, state: &IndexState) -> Result<u64, LocalError> {
        let store_failed = store_failed(collection);
        let part = self.part(collection).map_err(wrong_indexes(collection))?;
        let mut query = Query::new(part).limit(500);
        let mut entered = 0;
        loop {
            let (page, unreadable) = self.store.query_past(&query).await.map_err(store_failed)?;
            for row in &unreadable {
                tracing::warn!(row = %row.key, error = %row.error, "a record that cannot be read is in no index");
            }
            // Boxed, for a stream of bare futures that borrow cannot be sent between threads.
            let writes: Vec<BoxFuture<'_, Result<bool, LocalError>>> = page
                .rows
                .into_iter()
                .map(|row| self.enter(collection, state, row).boxed())
                .collect();
            let writes = stream::iter(writes).buffer_unordered(ENTERED_AT_ONCE);
            let count = |sum, is_new| std::future::ready(Ok(sum + u64::from(is_new)));
            entered += writes.try_fold(0, count).await?;
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => return Ok(entered),
            }
        }
    }

    async fn enter(
        &self,
        collection: &str,
        state: &IndexState,
        mut row: Row,
    ) -> Result<bool, LocalError> {
        let store_failed = store_failed(collection);
        for _ in 0..ATTEMPTS {
            let mut stored: Stored = match decode(&row.value) {
                Err(error) if error.is_of_row() => {
                    tracing::warn!(row = %row.key, %error, "a record that cannot be read is in no index");
                    return Ok(false);
                }
                stored => stored.map_err(store_failed)?,
            };
            let Some(data) = &stored.data else { return Ok(false) };
            let key = text_of(row.key.sort());
            let indexed = state.entries(data).map_err(|error| LocalError::Setting {
                what: format!("record `{key}` of collection `{collection}`"),
                message: error.message,
            })?;
            if stored.entries == indexed.hashes {
                // Turns of calls run on the same threads.
                tokio::task::yield_now().await;
                return Ok(false);
            }
            let none = BTreeSet::new();
            let changes = index::changes(collection, &key, &stored.entries, &indexed, &none);
            stored.entries = indexed.hashes;
            let mut ops = vec![Op::put(
                row.key.clone(),
                encode(&stored).map_err(store_failed)?,
                Expect::Version(row.version),
            )];
            ops.extend(changes.map_err(store_failed)?);
            let token =
                CommitToken::new(format!("record-index/{}", fresh().map_err(store_failed)?));
            match self.store.commit(&ops, &token.map_err(store_failed)?).await {
                Ok(_) => return Ok(true),
                Err(CommitError::Failed(error)) => return Err(store_failed(error)),
                Err(CommitError::Conflict(_)) => {}
            }
            match self.store.get(&row.key).await.map_err(store_failed)? {
                Some(now) => row = now,
                None => return Ok(false),
            }
        }
        Err(store_failed(contended(collection)))
    }
}

/// An error of the store while indexes of a collection are built.
fn store_failed(collection: &str) -> impl Fn(StoreError) -> LocalError + Copy + '_ {
    move |error| LocalError::Store {
        doing: format!("building the indexes of collection `{collection}`"),
        message: error.to_string(),
    }
}

fn wrong_indexes(collection: &str) -> impl Fn(HostError) -> LocalError + '_ {
    move |error| LocalError::Setting {
        what: format!("indexes of collection `{collection}`"),
        message: error.message,
    }
}

/// Of the indexes that are no longer declared the latest stay, for calls of earlier releases; rows
/// of the others go when their records are entered anew.
fn give_way(kept: &mut Vec<KeptIndex>, declared: &[KeptIndex]) {
    let is_declared = |one: &KeptIndex| declared.iter().any(|other| other.is(one));
    let mut beyond =
        kept.iter().filter(|one| !is_declared(one)).count().saturating_sub(MAX_INDEXES);
    kept.retain(|one| {
        let goes = beyond > 0 && !is_declared(one);
        beyond -= usize::from(goes);
        !goes
    });
}

fn contended(collection: &str) -> StoreError {
    StoreError::Backend {
        detail: format!("collection `{collection}` changes faster than it can be indexed"),
    }
}

/// A name for one attempt at a commit.
pub(crate) fn fresh() -> Result<String, StoreError> {
    let mut name = [0; 16];
    getrandom::fill(&mut name).map_err(|error| StoreError::Backend {
        detail: format!("the system gives no random bytes: {error}"),
    })?;
    Ok(hex::encode(name))
}
