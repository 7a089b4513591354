//! The suite is worth something only if it notices wrong backends: here are some, each wrong in one
//! way.

#![allow(clippy::unwrap_used, reason = "a test or benchmark fails by panicking")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use dialgraph_store::conformance::run_all;
use dialgraph_store::{
    Clock, CommitError, CommitToken, Committed, Cursor, Expect, Key, MAX_OPS, MemoryStore, Op,
    Order, Page, Query, Row, Sort, SortRange, Store, StoreError, UnixMillis,
};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    AcceptsOversizedByCutting,
    AnswersRepeatsAsApplied,
    ChecksAbsenceNever,
    ChecksVersionsNever,
    ChecksVersionsOutsideTheCommit,
    ConflictHidesTheRow,
    ConflictNamesTheLastOperation,
    CursorRepeatsARow,
    DropsOperationsBehindTheTenth,
    DropsTheLastPage,
    ExpiresOneMillisecondLate,
    ExpiryIsForgottenOnOverwrite,
    ExpiryNeverComes,
    ForgetsTokens,
    IgnoresChecks,
    IgnoresDescending,
    IgnoresTheLimit,
    JoinsCommitsOfOneRow,
    ListsTheLastKeyOfARange,
    MixesPartitionsThatDifferInCase,
    None,
    ReadsAreOneCommitBehind,
    SkipsWritesOfTheSameValue,
    SplitsCommits,
    UsesUpTokensOnConflict,
}

const FAULTS: [Fault; 24] = [
    Fault::AcceptsOversizedByCutting,
    Fault::AnswersRepeatsAsApplied,
    Fault::ChecksAbsenceNever,
    Fault::ChecksVersionsNever,
    Fault::ChecksVersionsOutsideTheCommit,
    Fault::ConflictHidesTheRow,
    Fault::ConflictNamesTheLastOperation,
    Fault::CursorRepeatsARow,
    Fault::DropsOperationsBehindTheTenth,
    Fault::DropsTheLastPage,
    Fault::ExpiresOneMillisecondLate,
    Fault::ExpiryIsForgottenOnOverwrite,
    Fault::ExpiryNeverComes,
    Fault::ForgetsTokens,
    Fault::IgnoresChecks,
    Fault::IgnoresDescending,
    Fault::IgnoresTheLimit,
    Fault::JoinsCommitsOfOneRow,
    Fault::ListsTheLastKeyOfARange,
    Fault::MixesPartitionsThatDifferInCase,
    Fault::ReadsAreOneCommitBehind,
    Fault::SkipsWritesOfTheSameValue,
    Fault::SplitsCommits,
    Fault::UsesUpTokensOnConflict,
];

struct Broken {
    inner: MemoryStore,
    fault: Fault,
    fresh: AtomicU64,
    used: Mutex<Vec<CommitToken>>,
    before: Mutex<HashMap<Key, Option<Row>>>,
}

impl Broken {
    fn new(fault: Fault, clock: Arc<dyn Clock>) -> Self {
        let start = clock.now();
        let clock: Arc<dyn Clock> = match fault {
            Fault::ExpiryNeverComes => Arc::new(move || start),
            Fault::ExpiresOneMillisecondLate => Arc::new(move || UnixMillis(clock.now().0 - 1)),
            _ => clock,
        };
        Self {
            inner: MemoryStore::new(clock),
            fault,
            fresh: AtomicU64::new(0),
            used: Mutex::default(),
            before: Mutex::default(),
        }
    }

    fn fresh_token(&self) -> CommitToken {
        let n = self.fresh.fetch_add(1, Ordering::Relaxed);
        CommitToken::new(format!("fresh {n}")).unwrap()
    }

    fn bend_key(&self, key: &Key) -> Key {
        match self.fault {
            Fault::MixesPartitionsThatDifferInCase => {
                let part = key.part().as_str().to_lowercase();
                Key::new(&dialgraph_store::Part::new(part).unwrap(), key.sort().clone()).unwrap()
            }
            _ => key.clone(),
        }
    }

    fn bend_expect(&self, expect: Expect) -> Expect {
        match (self.fault, expect) {
            (Fault::ChecksAbsenceNever, Expect::Absent) => Expect::Any,
            (
                Fault::ChecksVersionsNever | Fault::ChecksVersionsOutsideTheCommit,
                Expect::Version(_),
            ) => Expect::Any,
            (_, expect) => expect,
        }
    }

    async fn bend(&self, ops: &[Op]) -> Vec<Op> {
        let mut bent: Vec<Op> = Vec::new();
        for op in ops {
            let (key, expect) = (self.bend_key(op.key()), self.bend_expect(op.expect()));
            let stored = self.inner.get(&key).await.unwrap();
            match op.clone() {
                Op::Check { expect: Expect::Absent | Expect::Version(_), .. }
                    if self.fault == Fault::IgnoresChecks || expect == Expect::Any => {}
                Op::Check { .. } => bent.push(Op::Check { key, expect }),
                Op::Delete { .. } => bent.push(Op::Delete { key, expect }),
                Op::Put { mut value, mut expires_at, .. } => {
                    if self.fault == Fault::AcceptsOversizedByCutting {
                        value.truncate(self.inner.max_value_bytes());
                    }
                    if self.fault == Fault::ExpiryIsForgottenOnOverwrite
                        && let Some(stored) = &stored
                    {
                        expires_at = stored.expires_at;
                    }
                    let same = stored.is_some_and(|row| row.value == value);
                    if !(self.fault == Fault::SkipsWritesOfTheSameValue && same) {
                        bent.push(Op::Put { key, value, expect, expires_at });
                    }
                }
            }
        }
        match self.fault {
            Fault::DropsOperationsBehindTheTenth if bent.len() <= MAX_OPS => bent.truncate(10),
            Fault::JoinsCommitsOfOneRow => {
                let mut joined: Vec<Op> = Vec::new();
                for op in bent {
                    joined.retain(|other| other.key() != op.key());
                    joined.push(op);
                }
                bent = joined;
            }
            _ => {}
        }
        bent
    }
}

#[async_trait]
impl Store for Broken {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        if self.fault == Fault::ReadsAreOneCommitBehind
            && let Some(row) = self.before.lock().unwrap().get(key)
        {
            return Ok(row.clone());
        }
        self.inner.get(&self.bend_key(key)).await
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        for op in ops {
            let row = self.inner.get(op.key()).await?;
            if let (Fault::ChecksVersionsOutsideTheCommit, Expect::Version(version)) =
                (self.fault, op.expect())
                && row.as_ref().is_none_or(|row| row.version != version)
            {
                // Right for one caller alone: `inner` conflicts with certainty.
                return self.inner.commit(ops, token).await;
            }
            self.before.lock().unwrap().insert(op.key().clone(), row);
        }
        if self.fault == Fault::ChecksVersionsOutsideTheCommit {
            tokio::task::yield_now().await;
        }
        if self.fault == Fault::UsesUpTokensOnConflict && self.used.lock().unwrap().contains(token)
        {
            return Ok(Committed::Repeated);
        }
        self.used.lock().unwrap().push(token.clone());
        let bent = self.bend(ops).await;
        if bent.is_empty() && !ops.is_empty() {
            return Ok(Committed::Applied);
        }
        let outcome = match self.fault {
            Fault::ForgetsTokens => self.inner.commit(&bent, &self.fresh_token()).await,
            Fault::SplitsCommits if bent.len() > 1 && bent.len() <= 25 => {
                let mut outcome = Ok(Committed::Applied);
                for op in bent {
                    outcome = outcome.and(self.inner.commit(&[op], &self.fresh_token()).await);
                }
                outcome
            }
            _ => self.inner.commit(&bent, token).await,
        };
        match (self.fault, outcome) {
            (Fault::AnswersRepeatsAsApplied, Ok(_)) => Ok(Committed::Applied),
            (Fault::ConflictHidesTheRow, Err(CommitError::Conflict(mut conflict))) => {
                conflict.current = None;
                Err(CommitError::Conflict(conflict))
            }
            (Fault::ConflictNamesTheLastOperation, Err(CommitError::Conflict(mut conflict))) => {
                conflict.index = ops.len() - 1;
                Err(CommitError::Conflict(conflict))
            }
            (_, outcome) => outcome,
        }
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        let mut query = query.clone();
        query.part = self.bend_key(&Key::new(&query.part, Sort::number(0))?).part().clone();
        match (self.fault, &query.cursor, query.range.until().cloned()) {
            (Fault::IgnoresDescending, _, _) => query.order = Order::Ascending,
            (Fault::IgnoresTheLimit, _, _) => query.limit = 1000,
            (Fault::CursorRepeatsARow, Some(cursor), _) if query.order == Order::Ascending => {
                let mut bytes = cursor.sort().as_bytes().to_vec();
                if bytes.pop() == Some(0) && !bytes.is_empty() {
                    query.cursor = Some(Cursor::behind(Sort::raw(bytes)));
                } else {
                    let from = cursor.sort().clone();
                    query.cursor = None;
                    query.limit = query.limit.max(2);
                    query.range = match query.range.until() {
                        Some(until) => SortRange::between(from, until.clone()),
                        None => SortRange::starting_at(from),
                    };
                }
            }
            (Fault::ListsTheLastKeyOfARange, _, Some(until)) => {
                let behind = Sort::raw([until.as_bytes(), &[0]].concat());
                let from = query.range.from().cloned().unwrap_or_else(|| Sort::raw(vec![]));
                query.range = SortRange::between(from, behind);
            }
            _ => {}
        }
        let mut page = self.inner.query(&query).await?;
        if self.fault == Fault::DropsTheLastPage && query.cursor.is_some() && page.next.is_none() {
            page.rows.clear();
        }
        Ok(page)
    }
}

/// Otherwise the others might be caught for being wrapped, not for being wrong.
#[tokio::test]
async fn the_wrapper_alone_conforms() {
    let make = async |clock| Arc::new(Broken::new(Fault::None, clock)) as Arc<dyn Store>;
    assert_eq!(run_all(make).await, Ok(()));
}

#[tokio::test]
async fn every_broken_backend_is_caught() {
    let mut report = String::new();
    for fault in FAULTS {
        let outcome =
            run_all(async |clock| Arc::new(Broken::new(fault, clock)) as Arc<dyn Store>).await;
        let broken = outcome.expect_err(&format!("{fault:?} was not noticed"));
        let names: Vec<_> = broken.iter().map(|(name, _)| *name).collect();
        writeln!(report, "{fault:?}\n    {}", names.join("\n    ")).unwrap();
    }
    insta::assert_snapshot!(report);
}
