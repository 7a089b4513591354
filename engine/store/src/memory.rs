//! A store in memory, for simulated calls and tests.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::backend::{Backend, Walked};
use crate::clock::{Clock, UnixMillis};
use crate::error::{CommitError, StoreError};
use crate::key::{Key, Part, Sort};
use crate::plan::{self, Slot};
use crate::sled_store::SledStats;
use crate::store::{
    CommitToken, Committed, MAX_VALUE_BYTES, Op, Order, Page, Query, Row, Store,
    TOKEN_RETENTION_MILLIS,
};

/// How often, on the store's clock, expired rows and tokens are dropped.
const SWEEP_MILLIS: u64 = 60 * 60 * 1000;

/// A [`Store`] that lives as long as the process.
///
/// Making one costs a few allocations, so every scripted call can have its own. A snapshot costs
/// one reference count; the first write to a partition after it copies that partition's index,
/// never its values.
///
/// ```
/// use std::sync::Arc;
/// use dialgraph_store::{ManualClock, MemoryStore};
///
/// let store = MemoryStore::new(Arc::new(ManualClock::default()));
/// let before_turn = store.snapshot();
/// // … a turn commits …
/// store.restore(&before_turn);
/// ```
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    state: Mutex<Arc<State>>,
}

#[derive(Clone, Default)]
struct State {
    partitions: BTreeMap<Part, Arc<BTreeMap<Sort, Slot>>>,
    /// Tokens and the instant at which each is forgotten.
    tokens: BTreeMap<CommitToken, UnixMillis>,
    next_sweep: UnixMillis,
}

/// The whole content of a [`MemoryStore`] at one moment, its memory of tokens included.
#[derive(Clone)]
pub struct MemorySnapshot(Arc<State>);

impl MemoryStore {
    /// An empty store on `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default() }
    }

    /// A store that begins with the content of `snapshot` and then goes its own way.
    pub fn from_snapshot(snapshot: &MemorySnapshot, clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::new(Arc::clone(&snapshot.0)) }
    }

    /// The present content.
    pub fn snapshot(&self) -> MemorySnapshot {
        MemorySnapshot(Arc::clone(&self.state()))
    }

    /// Puts the content back to what it was at the snapshot.
    pub fn restore(&self, snapshot: &MemorySnapshot) {
        *self.state() = Arc::clone(&snapshot.0);
    }

    fn state(&self) -> MutexGuard<'_, Arc<State>> {
        // A commit is decided before it changes anything, so a panic leaves the state whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn read(&self, key: &Key) -> Option<&Slot> {
        self.partitions.get(key.part())?.get(key.sort())
    }

    fn apply(&mut self, key: &Key, after: Option<Slot>) {
        let partition = self.partitions.entry(key.part().clone()).or_default();
        let rows = Arc::make_mut(partition);
        match after {
            Some(slot) => rows.insert(key.sort().clone(), slot),
            None => rows.remove(key.sort()),
        };
        if rows.is_empty() {
            self.partitions.remove(key.part());
        }
    }

    fn sweep(&mut self, now: UnixMillis) {
        if now >= self.next_sweep {
            self.partitions.retain(|_, partition| {
                if partition.values().any(|slot| !slot.is_live(now)) {
                    Arc::make_mut(partition).retain(|_, slot| slot.is_live(now));
                }
                !partition.is_empty()
            });
            self.tokens.retain(|_, forgotten| now < *forgotten);
            self.next_sweep = now.plus(SWEEP_MILLIS);
        }
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        let now = self.clock.now();
        let slot = self.state().read(key).filter(|slot| slot.is_live(now)).cloned();
        Ok(slot.map(|slot| slot.into_row(key.clone())))
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        plan::validate(ops, MAX_VALUE_BYTES)?;
        let now = self.clock.now();
        let mut state = self.state();
        if state.tokens.get(token).is_some_and(|forgotten| now < *forgotten) {
            return Ok(Committed::Repeated);
        }
        let writes = plan::decide(ops, now, |key| Ok::<_, StoreError>(state.read(key).cloned()))?
            .map_err(CommitError::Conflict)?;
        let state = Arc::make_mut(&mut state);
        for write in writes {
            state.apply(write.key, write.after);
        }
        state.tokens.insert(token.clone(), now.plus(TOKEN_RETENTION_MILLIS));
        state.sweep(now);
        Ok(Committed::Applied)
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        let Some(span) = plan::span(query)? else { return Ok(Page::default()) };
        let Some(partition) = self.state().partitions.get(&query.part).cloned() else {
            return Ok(Page::default());
        };
        let rows = partition
            .range((span.from, span.until))
            .map(|(sort, slot)| Ok(slot.clone().into_row(Key::new(&query.part, sort.clone())?)));
        let now = self.clock.now();
        match query.order {
            Order::Ascending => plan::page(query, now, rows),
            Order::Descending => plan::page(query, now, rows.rev()),
        }
    }
}

#[async_trait]
impl Backend for MemoryStore {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn health(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn stats(&self) -> Result<Option<SledStats>, StoreError> {
        Ok(None)
    }

    async fn walk(&self, after: Option<&Key>, limit: u32) -> Result<Walked, StoreError> {
        let state = Arc::clone(&self.state());
        let now = self.clock.now();
        let first = after.map_or(Bound::Unbounded, |key| Bound::Included(key.part()));
        let mut walked = Walked::default();
        for (part, rows) in state.partitions.range::<Part, _>((first, Bound::Unbounded)) {
            let behind = after.filter(|key| key.part() == part).map(|key| key.sort());
            let first = behind.map_or(Bound::Unbounded, Bound::Excluded);
            for (sort, slot) in rows.range::<Sort, _>((first, Bound::Unbounded)) {
                if !slot.is_live(now) {
                    continue;
                }
                walked.rows.push(slot.clone().into_row(Key::new(part, sort.clone())?));
                if walked.rows.len() >= limit as usize {
                    walked.next = walked.rows.last().map(|row| row.key.clone());
                    return Ok(walked);
                }
            }
        }
        Ok(walked)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values are callers' data and stay out of logs.
        let partitions = self.state().partitions.len();
        f.debug_struct("MemoryStore").field("partitions", &partitions).finish_non_exhaustive()
    }
}

impl fmt::Debug for MemorySnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let partitions = self.0.partitions.len();
        f.debug_struct("MemorySnapshot").field("partitions", &partitions).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::store::Expect;
    use futures::executor::block_on;

    fn key(part: &str) -> Key {
        Key::new(&Part::new(part).unwrap(), Sort::text("state")).unwrap()
    }

    fn put(store: &MemoryStore, part: &str, value: &'static str, token: &str) -> Committed {
        let ops = [Op::put(key(part), value, Expect::Any)];
        block_on(store.commit(&ops, &CommitToken::new(token).unwrap())).unwrap()
    }

    fn read(store: &MemoryStore, part: &str) -> Option<String> {
        let row = block_on(store.get(&key(part))).unwrap()?;
        Some(String::from_utf8(row.value.to_vec()).unwrap())
    }

    #[test]
    fn restoring_a_snapshot_takes_back_a_turn_and_its_token() {
        let store = MemoryStore::new(Arc::new(ManualClock::default()));
        put(&store, "a", "one", "turn 1");
        let before = store.snapshot();
        put(&store, "a", "two", "turn 2");
        put(&store, "b", "new", "turn 2b");
        store.restore(&before);
        assert_eq!(read(&store, "a").as_deref(), Some("one"));
        assert_eq!(read(&store, "b"), None);
        assert_eq!(put(&store, "a", "again", "turn 2"), Committed::Applied);
        assert_eq!(put(&store, "a", "again", "turn 1"), Committed::Repeated);
    }

    #[test]
    fn two_stores_from_one_snapshot_do_not_see_each_other() {
        let clock = Arc::new(ManualClock::default());
        let store = MemoryStore::new(clock.clone());
        put(&store, "a", "shared", "t1");
        let fork = MemoryStore::from_snapshot(&store.snapshot(), clock);
        put(&fork, "a", "fork", "t2");
        put(&store, "a", "origin", "t3");
        assert_eq!(read(&fork, "a").as_deref(), Some("fork"));
        assert_eq!(read(&store, "a").as_deref(), Some("origin"));
    }

    #[test]
    fn expired_rows_and_tokens_are_dropped_in_time() {
        let clock = Arc::new(ManualClock::default());
        let store = MemoryStore::new(clock.clone());
        let ops = [Op::put_until(key("a"), "soon gone", Expect::Any, UnixMillis(10))];
        block_on(store.commit(&ops, &CommitToken::new("t1").unwrap())).unwrap();
        clock.advance(TOKEN_RETENTION_MILLIS + SWEEP_MILLIS);
        put(&store, "b", "later", "t2");
        let state = store.state();
        assert_eq!(state.partitions.len(), 1);
        assert_eq!(state.tokens.len(), 1);
    }

    #[test]
    fn debug_output_holds_no_values() {
        let store = MemoryStore::new(Arc::new(ManualClock::default()));
        put(&store, "a", "caller's words", "t");
        insta::assert_snapshot!(format!("{store:?}"), @"MemoryStore { partitions: 1, .. }");
    }
}
