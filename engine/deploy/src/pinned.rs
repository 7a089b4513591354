//! Which releases calls in progress may be pinned to.
//!
//! Memory cannot tell: after a start it has only what is live, and calls of earlier releases may be
//! open whose callers never come back. So the store has a row for each such release. It is written
//! in the commit that makes the release live or a canary, hence before any call can begin with it,
//! and it outlives the process.

use std::collections::BTreeSet;
use std::sync::Arc;

use dialgraph_base::Digest;
use dialgraph_runtime::{Calls, CallsError};
use dialgraph_store::{Clock, Expect, Op, Query, StoreError, decode};

use crate::error::DeployError;
use crate::ledger::Ledger;
use crate::rows::{self, State, WithCalls};

/// How long a row stays at least, in milliseconds: a process that has not heard yet of what is live
/// now may begin calls with what was live before.
const STAYS_MS: u64 = 10 * 60 * 1000;

/// A row as it was read.
struct Noted {
    row: WithCalls,
    version: u64,
}

/// The releases that calls are pinned to.
#[derive(Clone)]
pub(crate) struct Pinned {
    ledger: Ledger,
    calls: Calls,
    clock: Arc<dyn Clock>,
}

impl Pinned {
    pub(crate) fn new(ledger: Ledger, clock: Arc<dyn Clock>) -> Self {
        let calls = Calls::new(Arc::clone(ledger.store()));
        Self { ledger, calls, clock }
    }

    /// Releases that calls in progress may be pinned to, on whatever process they began.
    pub(crate) async fn releases(&self) -> Result<Vec<Digest>, StoreError> {
        Ok(self.noted().await?.into_iter().map(|noted| noted.row.release).collect())
    }

    pub(crate) async fn has_open_calls(&self, release: &Digest) -> Result<bool, DeployError> {
        let failed = |error: CallsError| match error {
            CallsError::Store(error) => DeployError::Store(error),
            other => DeployError::Task(other.to_string()),
        };
        self.calls.has_open_calls(release).await.map_err(failed)
    }

    /// Notes `release`, as part of a commit.
    pub(crate) fn noting(&self, release: Digest) -> Result<Op, StoreError> {
        let row = WithCalls { release, at: self.clock.now() };
        Op::put_value(rows::with_calls(&release)?, &row, Expect::Any)
    }

    pub(crate) async fn note_calls_of(
        &self,
        releases: impl IntoIterator<Item = Digest>,
    ) -> Result<(), StoreError> {
        for release in releases {
            self.ledger.commit(&[self.noting(release)?]).await?;
        }
        Ok(())
    }

    async fn noted(&self) -> Result<Vec<Noted>, StoreError> {
        let mut query = Query::new(rows::all_with_calls()?).limit(1000);
        let mut found = Vec::new();
        loop {
            let page = self.ledger.store().query(&query).await?;
            for row in &page.rows {
                found.push(Noted { row: decode(&row.value)?, version: row.version });
            }
            match page.next {
                Some(next) => query = query.after(Some(next)),
                None => return Ok(found),
            }
        }
    }

    /// Notes what calls may be pinned to in a store that has no such rows yet: one that an earlier
    /// version wrote.
    pub(crate) async fn note_from_history(&self, state: &State) -> Result<(), DeployError> {
        if !self.noted().await?.is_empty() {
            return Ok(());
        }
        let mut wanted = BTreeSet::from([state.live.release]);
        wanted.extend(state.canary.as_ref().map(|canary| canary.deployed.release));
        for number in 1..=state.last {
            let release = self.ledger.release(number).await?.release;
            if !wanted.contains(&release) && self.has_open_calls(&release).await? {
                wanted.insert(release);
            }
        }
        Ok(self.note_calls_of(wanted).await?)
    }

    /// Brings the rows up to date: `held` and not `wanted` are releases that this process has open
    /// calls of; rows of releases that are neither wanted nor have calls go.
    pub(crate) async fn tidy_noted(
        &self,
        held: &BTreeSet<Digest>,
        wanted: impl Fn(&Digest) -> bool,
    ) -> Result<(), DeployError> {
        let noted = self.noted().await?;
        let known: BTreeSet<Digest> = noted.iter().map(|noted| noted.row.release).collect();
        self.note_calls_of(held.difference(&known).copied()).await?;
        let now = self.clock.now().0;
        for Noted { row, version } in noted {
            let fresh = now.saturating_sub(row.at.0) < STAYS_MS;
            if fresh || wanted(&row.release) || self.has_open_calls(&row.release).await? {
                continue;
            }
            // Under its version: whoever notes it again meanwhile keeps it.
            let key = rows::with_calls(&row.release)?;
            self.ledger.commit(&[Op::delete(key, Expect::Version(version))]).await?;
        }
        Ok(())
    }
}
