//! Searches indexes, and builds those that a project declares.

use std::collections::{BTreeMap, BTreeSet};

use dialgraph_base::index::{IndexKind, MAX_INDEXES};
use dialgraph_kernel::ports::records::{Hit, Record, Search, SearchPage};
use dialgraph_kernel::ports::{HostError, HostErrorKind};
use dialgraph_store::{
    CommitError, CommitToken, Cursor, Expect, Key, Op, Query, Row, Sort, SortRange, StoreError,
    decode, encode,
};
use futures::future::{BoxFuture, join_all, try_join_all};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

use super::index::{self, IndexRow, IndexState, KeptIndex, Probes};
use super::{ATTEMPTS, LocalRecords, Stored, failed, read, text_of};
use crate::error::LocalError;

/// Reads of one search that are under way at a time: a shared store answers each in milliseconds.
const AT_ONCE: usize = 16;

/// Rows of one entry that a search for similar names looks at.
const SIMILAR_OF_ENTRY: u32 = 64;

/// Records that a search for similar names reads because their rows do not say their names.
const SIMILAR: usize = 256;

/// Records that are entered into indexes at a time: commits that wait together share one write to
/// disk.
const ENTERED_AT_ONCE: usize = 16;

impl LocalRecords {
    /// Records that fit in an index, the best first.
    pub(super) async fn look_up(&self, request: &Search) -> Result<SearchPage, HostError> {
        if request.limit == 0 || request.limit > 100 {
            return Err(HostError::invalid(
                "bad-limit",
                format!("the limit is {}; it goes from 1 to 100", request.limit),
            ));
        }
        self.part(&request.collection)?;
        let declared = index::declared(&self.indexes, &request.collection, &request.index)?;
        let state = self.state(&request.collection).await.map_err(failed)?;
        let built = state.as_ref().and_then(|state| Some((state, state.built(&declared)?)));
        let Some((state, kept)) = built else {
            // Not `unavailable`: the records are there, and a copy of them would not help.
            return Err(HostError::new(
                HostErrorKind::Other,
                "index-not-built",
                format!(
                    "index `{}` of collection `{}` is not built yet",
                    request.index, request.collection
                ),
            ));
        };
        let probes = kept.probes(&request.values)?;
        let same = self.exact(request, state, kept, &probes).await?;
        let by_key = request.cursor.is_some() && !is_offset(request);
        if kept.kind() != IndexKind::Name || !same.hits.is_empty() || by_key {
            return Ok(same);
        }
        self.similar(request, state, kept, &probes).await
    }

    /// Records that hold the very value, in the order of their keys.
    async fn exact(
        &self,
        request: &Search,
        state: &IndexState,
        kept: &KeptIndex,
        probes: &Probes,
    ) -> Result<SearchPage, HostError> {
        if is_offset(request) {
            return Ok(SearchPage::default());
        }
        let after = match &request.cursor {
            Some(cursor) => Some(cursor.strip_prefix('k').ok_or_else(|| bad_cursor(cursor))?),
            None => None,
        };
        let mut keys = BTreeSet::new();
        let limit = request.limit as usize;
        for probe in &probes.same {
            let prefix = index::prefix(&kept.id, &state.hash(&kept.id, probe));
            let mut query = self.rows_of(&request.collection, &prefix)?.limit(request.limit + 1);
            query.cursor = after.map(|key| Cursor::behind(prefix.clone().then_text(key)));
            // A page of the store may hold fewer rows than were asked for. Of each value, so many
            // are read that the first of all are among them.
            let mut read = 0;
            loop {
                let page = self.store.query(&query).await.map_err(failed)?;
                read += page.rows.len();
                keys.extend(page.rows.iter().map(|row| index::told(row.key.sort()).key));
                query.cursor = page.next;
                if query.cursor.is_none() || read > limit {
                    break;
                }
            }
        }
        let more = keys.len() > limit;
        let keys: Vec<String> = keys.into_iter().take(limit).collect();
        let next = keys.last().filter(|_| more).map(|key| format!("k{key}"));
        let mut hits = Vec::with_capacity(keys.len());
        for record in self.fetch(&request.collection, &keys).await?.into_iter().flatten() {
            // It may have changed since its row was read, and two values may have one hash.
            if kept.holds(&record.data, probes) {
                hits.push(Hit { record, score: 1.0 });
            }
        }
        Ok(SearchPage { hits, next, complete: true, as_of: None })
    }

    /// Records with similar names, the likest first.
    async fn similar(
        &self,
        request: &Search,
        state: &IndexState,
        kept: &KeptIndex,
        probes: &Probes,
    ) -> Result<SearchPage, HostError> {
        // Pages after the first are of the same kind as that.
        let kinds = [('n', &probes.similar), ('w', &probes.within)];
        let (from, kinds) = match request.cursor.as_deref() {
            Some(cursor) => {
                let of_kind = |at: usize| {
                    let from = cursor.strip_prefix(kinds[at].0)?.parse::<usize>().ok()?;
                    Some((from, &kinds[at..=at]))
                };
                of_kind(0).or_else(|| of_kind(1)).ok_or_else(|| bad_cursor(cursor))?
            }
            None => (0, &kinds[..]),
        };
        let mut complete = true;
        for (kind, wanted) in kinds {
            let (ranked, is_all) = self.alike(request, state, kept, probes, wanted).await?;
            complete &= is_all;
            let until = from.saturating_add(request.limit as usize);
            let next = (ranked.len() > until).then(|| format!("{kind}{until}"));
            let keys = ranked.into_iter().skip(from).take(request.limit as usize);
            let keys: Vec<String> = keys.map(|(key, _)| key).collect();
            let mut hits = Vec::with_capacity(keys.len());
            for record in self.fetch(&request.collection, &keys).await?.into_iter().flatten() {
                // It may have another name since its row was read.
                if let Some(score) = kept.likeness(&record.data, probes) {
                    hits.push(Hit { record, score });
                }
            }
            if !hits.is_empty() || next.is_some() || from > 0 {
                return Ok(SearchPage { hits, next, complete, as_of: None });
            }
        }
        Ok(SearchPage { complete, ..SearchPage::default() })
    }

    /// Keys of records with one of the entries `wanted` and a similar name, the likest first, each
    /// with its score; false: there may be more.
    async fn alike(
        &self,
        request: &Search,
        state: &IndexState,
        kept: &KeptIndex,
        probes: &Probes,
        wanted: &[String],
    ) -> Result<(Vec<(String, f64)>, bool), HostError> {
        let queries: Vec<Query> = wanted
            .iter()
            .map(|probe| {
                let prefix = index::prefix(&kept.id, &state.hash(&kept.id, probe));
                Ok(self.rows_of(&request.collection, &prefix)?.limit(SIMILAR_OF_ENTRY))
            })
            .collect::<Result<_, HostError>>()?;
        let mut complete = true;
        let mut scores: BTreeMap<String, f64> = BTreeMap::new();
        let mut silent = BTreeSet::new();
        // Rows of one record say the same, and so do those of branches of one company.
        let mut known: BTreeMap<Vec<String>, Option<f64>> = BTreeMap::new();
        for some in queries.chunks(AT_ONCE) {
            let reads: Vec<_> = some.iter().map(|query| self.store.query(query)).collect();
            for page in try_join_all(reads).await.map_err(failed)? {
                complete &= page.next.is_none();
                for row in &page.rows {
                    let key = index::told(row.key.sort()).key;
                    let names = decode::<IndexRow>(&row.value).unwrap_or_default().names;
                    if names.is_empty() {
                        silent.insert(key);
                        continue;
                    }
                    let score = match known.get(&names) {
                        Some(score) => *score,
                        None => {
                            let score = probes.likeness(&names);
                            known.insert(names, score);
                            score
                        }
                    };
                    if let Some(score) = score {
                        let best = scores.entry(key).or_default();
                        *best = best.max(score);
                    }
                }
            }
        }
        // The others are among those that are ranked already.
        silent.retain(|key| !scores.contains_key(key));
        complete &= silent.len() <= SIMILAR;
        let silent: Vec<String> = silent.into_iter().take(SIMILAR).collect();
        for record in self.fetch(&request.collection, &silent).await?.into_iter().flatten() {
            if let Some(score) = kept.likeness(&record.data, probes) {
                scores.insert(record.key, score);
            }
        }
        let mut ranked: Vec<(String, f64)> = scores.into_iter().collect();
        ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        Ok((ranked, complete))
    }

    fn rows_of(&self, collection: &str, prefix: &Sort) -> Result<Query, HostError> {
        let part = index::part(collection).map_err(failed)?;
        Ok(Query::new(part).range(SortRange::prefix(prefix)))
    }

    /// The records with these keys, in their order; none where one is gone or cannot be read.
    async fn fetch(
        &self,
        collection: &str,
        keys: &[String],
    ) -> Result<Vec<Option<Record>>, HostError> {
        let places: Vec<Key> =
            keys.iter().map(|key| self.place(collection, key)).collect::<Result<_, _>>()?;
        let mut rows = Vec::with_capacity(places.len());
        for some in places.chunks(AT_ONCE) {
            let reads: Vec<_> = some.iter().map(|place| self.store.get(place)).collect();
            rows.extend(join_all(reads).await);
        }
        rows.into_iter().zip(&places).map(|(row, place)| found(row, place)).collect()
    }
}

fn found(row: Result<Option<Row>, StoreError>, place: &Key) -> Result<Option<Record>, HostError> {
    match row.and_then(|row| read(row.as_ref())) {
        Err(error) if error.is_of_row() => {
            tracing::warn!(row = %place, %error, "an unreadable record was skipped; write or delete it anew");
            Ok(None)
        }
        read => read.map_err(failed),
    }
}

/// Whether the page that is asked for is one of similar names.
fn is_offset(request: &Search) -> bool {
    request.cursor.as_deref().is_some_and(|cursor| cursor.starts_with(['n', 'w']))
}

fn bad_cursor(cursor: &str) -> HostError {
    HostError::invalid(
        "bad-cursor",
        format!("`{cursor}` is no cursor of this search; give `next` of the page before"),
    )
}

impl LocalRecords {
    /// Makes the store hold the declared indexes of a collection, and gives the number of records
    /// that were entered into them. Does nothing where it holds them already, also with the rows of
    /// an earlier format; calls may go on.
    ///
    /// # Errors
    /// [`LocalError::Setting`] for an unknown collection or a record with more entries than one
    /// commit takes; [`LocalError::Store`] if the store fails.
    pub async fn build_indexes(&self, collection: &str) -> Result<u64, LocalError> {
        self.build(collection, false).await
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
    /// those serve searches until then. Gives the number of times that a record was entered.
    ///
    /// # Errors
    /// As [`build_indexes`](Self::build_indexes).
    pub async fn renew_indexes(&self, collection: &str) -> Result<u64, LocalError> {
        self.build(collection, true).await
    }

    async fn build(&self, collection: &str, renews: bool) -> Result<u64, LocalError> {
        let doing = format!("building the indexes of collection `{collection}`");
        let store_failed = |error: StoreError| LocalError::Store {
            doing: doing.clone(),
            message: error.to_string(),
        };
        let wrong = |error: HostError| LocalError::Setting {
            what: format!("indexes of collection `{collection}`"),
            message: error.message,
        };
        let declared = index::all_declared(&self.indexes, collection);
        if declared.is_empty() {
            return Ok(0);
        }
        self.part(collection).map_err(wrong)?;
        // Those of an earlier format, whose successors are built, served processes that have been
        // replaced by now.
        let outlived = |state: &IndexState, kept: &KeptIndex| {
            let next = declared.iter().find(|one| one.is_declared_as(kept) && !one.is(kept));
            renews && next.is_some_and(|next| state.find(next).is_some_and(|next| next.ready))
        };
        let is_wanted = |state: &IndexState, one: &&KeptIndex| renews || state.built(one).is_none();
        let before = self.state(collection).await.map_err(store_failed)?;
        let goes = before.is_some_and(|state| state.kept.iter().any(|one| outlived(&state, one)));
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
                let changed = !missing.is_empty() || !gone.is_empty();
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
            entered += self.enter_all(collection, &state).await?;
        }
        self.declare(collection, |state| {
            let mut changed = false;
            for kept in &mut state.kept {
                let built = declared.iter().any(|one| one.is(kept)) && !kept.ready;
                kept.ready |= built;
                changed |= built;
            }
            changed
        })
        .await
        .map_err(store_failed)?;
        Ok(entered)
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
        let store_failed = |error: StoreError| LocalError::Store {
            doing: format!("building the indexes of collection `{collection}`"),
            message: error.to_string(),
        };
        let part = self.part(collection).map_err(|error| LocalError::Setting {
            what: format!("indexes of collection `{collection}`"),
            message: error.message,
        })?;
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
        let store_failed = |error: StoreError| LocalError::Store {
            doing: format!("building the indexes of collection `{collection}`"),
            message: error.to_string(),
        };
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
