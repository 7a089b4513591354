//! Searches indexes.

use std::collections::{BTreeMap, BTreeSet};

use dialgraph_base::index::IndexKind;
use dialgraph_kernel::ports::records::{Hit, Record, Search, SearchPage};
use dialgraph_kernel::ports::{HostError, HostErrorKind};
use dialgraph_store::{Cursor, Key, Query, Row, Sort, SortRange, StoreError, decode};
use futures::future::{join_all, try_join_all};

use super::index::{self, IndexRow, IndexState, KeptIndex, Probes};
use super::{LocalRecords, failed, read};

/// Reads of one search that are under way at a time: a shared store answers each in milliseconds.
const AT_ONCE: usize = 16;

/// Rows of one entry that a search for similar names looks at.
const SIMILAR_OF_ENTRY: u32 = 64;

/// Records that a search for similar names reads because their rows do not say their names.
const SIMILAR: usize = 256;

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
