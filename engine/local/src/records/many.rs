//! Writes records of a collection by the thousand: several to a commit, each with its index rows.

use dialgraph_base::{Digest, Timestamp};
use dialgraph_store::{
    CommitError, CommitToken, Committed, Expect, Key, MAX_LARGE_OPS, MAX_OPS, Op, StoreError,
    decode, encode,
};
use futures::future::{BoxFuture, join_all};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use super::index::{self, Entered, Hashes, IndexState};
use super::{ATTEMPTS, LocalRecords, Stored};

/// Records that are looked at together.
const CHUNK: usize = 20;

/// Chunks that are written at a time: commits that wait together share one write to disk. Not
/// more, for the commits of turns stand behind all that wait already.
const AT_ONCE: usize = 12;

/// Whether a record is in the store as it should be.
pub(super) type IsSame = fn(&NewRecord<'_>, &Stored) -> bool;

/// Records that were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct WrittenMany {
    pub(super) created: usize,
    pub(super) replaced: usize,
    /// Keys of records that were not written, for they are not as they were to be before.
    pub(super) overtaken: Vec<String>,
}

/// A record to write, checked.
pub(super) struct NewRecord<'a> {
    pub(super) key: &'a str,
    pub(super) place: Key,
    pub(super) data: &'a Value,
    /// Of the seed that it is made from; none: what it was made from stays.
    pub(super) seed: Option<Digest>,
    /// How the record must be before; none: however it is.
    pub(super) from: Option<Expect>,
    /// Its entries, made when the row that tells the indexes was this.
    pub(super) entered: (Expect, Entered),
}

impl LocalRecords {
    /// Writes those that `is_same` does not find in the store as they should be, and tells how
    /// many. Commits are told apart by `name`, by the records that they write and by their seeds.
    /// After an error, some are written.
    pub(super) async fn write_all(
        &self,
        collection: &str,
        records: &[NewRecord<'_>],
        name: &str,
        now: Timestamp,
        is_same: IsSame,
    ) -> Result<WrittenMany, StoreError> {
        // Boxed, for a stream of bare futures over borrowed chunks cannot be sent between threads.
        let writes: Vec<BoxFuture<'_, Result<WrittenMany, StoreError>>> = records
            .chunks(CHUNK)
            .map(|chunk| self.write_chunk(collection, chunk, name, now, is_same).boxed())
            .collect();
        let counts = stream::iter(writes).buffer_unordered(AT_ONCE);
        let sum = |mut sum: WrittenMany, more: WrittenMany| {
            sum.created += more.created;
            sum.replaced += more.replaced;
            sum.overtaken.extend(more.overtaken);
            std::future::ready(Ok(sum))
        };
        counts.try_fold(WrittenMany::default(), sum).await
    }

    async fn write_chunk(
        &self,
        collection: &str,
        chunk: &[NewRecord<'_>],
        name: &str,
        now: Timestamp,
        is_same: IsSame,
    ) -> Result<WrittenMany, StoreError> {
        let mut written = WrittenMany::default();
        // What was written here is not looked at again: a call may have changed it since.
        let mut done = vec![false; chunk.len()];
        let state_key = index::state_key(collection)?;
        for attempt in 0..ATTEMPTS {
            // An index that is declared while this goes on must get its entries, too.
            let state_row = self.store.get(&state_key).await?;
            let state: Option<IndexState> =
                state_row.as_ref().map(|row| decode(&row.value)).transpose()?;
            let unchanged = Expect::unchanged(state_row.as_ref());
            let state_check = Op::Check { key: state_key.clone(), expect: unchanged };
            let mut commits = vec![Commit::of(name, attempt, &state_check)];
            for (at, record) in chunk.iter().enumerate() {
                if done[at] {
                    continue;
                }
                let NewRecord { key, place, data, seed, from, entered } = record;
                let anew;
                let indexed = match &state {
                    _ if entered.0 == unchanged => &entered.1,
                    Some(state) => {
                        anew = state
                            .entries(data)
                            .map_err(|error| StoreError::Backend { detail: error.message })?;
                        &anew
                    }
                    None => {
                        anew = Entered::default();
                        &anew
                    }
                };
                // What is lost is made anew; what another key or program can read is not
                // overwritten.
                let row = match self.store.get(place).await {
                    Err(error) if error.is_damage() => Err(error),
                    row => Ok(row?),
                };
                if let (Some(from), Ok(row)) = (from, &row)
                    && Expect::unchanged(row.as_ref()) != *from
                {
                    written.overtaken.push((*key).to_owned());
                    done[at] = true;
                    continue;
                }
                let stored = match &row {
                    Ok(Some(row)) => decode::<Stored>(&row.value).map(Some),
                    Ok(None) => Ok(None),
                    Err(error) => Err(error.clone()),
                };
                let is_new = !matches!(&stored, Ok(Some(stored)) if stored.data.is_some());
                let before = match stored {
                    Ok(Some(stored)) if is_same(record, &stored) => {
                        done[at] = true;
                        continue;
                    }
                    Ok(stored) => stored
                        .map(|stored| (stored.seed, stored.entries, stored.data))
                        .unwrap_or_default(),
                    Err(error) if error.is_damage() => {
                        tracing::warn!(row = %place, %error, "a record that cannot be read is written anew");
                        (None, Hashes::new(), None)
                    }
                    Err(error) => return Err(error),
                };
                let expect =
                    row.as_ref().map_or(Expect::Any, |row| Expect::unchanged(row.as_ref()));
                let stored = Stored {
                    data: Some((*data).clone()),
                    updated_at: now,
                    seed: seed.or(before.0),
                    entries: indexed.hashes.clone(),
                };
                let value = encode(&stored)?;
                let mut ops = vec![Op::put(place.clone(), value, expect)];
                let was = before.2.as_ref();
                let renamed = state.as_ref().map(|state| state.renamed(was, data));
                let renamed = renamed.unwrap_or_default();
                ops.extend(index::changes(collection, key, &before.1, indexed, &renamed)?);
                let room = commits.last().is_some_and(|commit| {
                    commit.ops.len() + ops.len() <= MAX_OPS && commit.records.len() < MAX_LARGE_OPS
                });
                if !room {
                    commits.push(Commit::of(name, attempt, &state_check));
                }
                if let Some(commit) = commits.last_mut() {
                    commit.name.push_str(&format!(" {place}"));
                    if let Some(seed) = seed {
                        commit.name.push_str(&format!(" {seed}"));
                    }
                    commit.ops.extend(ops);
                    commit.records.push((at, is_new));
                }
            }
            let mut overtaken = false;
            let commits: Vec<&Commit> =
                commits.iter().filter(|commit| !commit.records.is_empty()).collect();
            let writes = commits.iter().map(|commit| self.write_commit(commit));
            for (commit, outcome) in commits.iter().zip(join_all(writes).await) {
                match outcome {
                    Ok(_) => {
                        for (at, is_new) in &commit.records {
                            done[*at] = true;
                            match is_new {
                                true => written.created += 1,
                                false => written.replaced += 1,
                            }
                        }
                    }
                    // A call wrote one of them meanwhile, or an index was declared: look again.
                    Err(CommitError::Conflict(_)) => overtaken = true,
                    Err(CommitError::Failed(error)) => return Err(error),
                }
            }
            if !overtaken {
                return Ok(written);
            }
        }
        Err(StoreError::Backend {
            detail: "the records change faster than they can be written; try again".into(),
        })
    }

    async fn write_commit(&self, commit: &Commit) -> Result<Committed, CommitError> {
        let name = Digest::of(commit.name.as_bytes()).hex();
        let token = CommitToken::new(format!("records/{name}"))?;
        self.store.commit(&commit.ops, &token).await
    }
}

/// Records that are written together.
struct Commit {
    name: String,
    ops: Vec<Op>,
    /// Their places in the chunk, and whether there was none before.
    records: Vec<(usize, bool)>,
}

impl Commit {
    /// Each attempt is told apart, so that none is taken for the repetition of another.
    fn of(name: &str, attempt: usize, state: &Op) -> Self {
        let name = format!("{name} {attempt}");
        Self { name, ops: vec![state.clone()], records: Vec::new() }
    }
}
