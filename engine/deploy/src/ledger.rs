//! The rows of this crate, and the one way in which the state is changed: read it, make of it what
//! is wanted, commit that with its line of the audit log, and begin again when others were faster.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use dialgraph_base::Digest;
use dialgraph_store::{
    CommitError, CommitToken, Expect, Key, Op, Query, Schema, Store, StoreError, Typed, Unreadable,
    decode, get_value,
};

use crate::chance::random_hex;
use crate::error::DeployError;
use crate::found::Found;
use crate::item::Item;
use crate::rows::{self, AuditEntry, Latest, ReleaseRow, State, Sweep, Version, Vouched};

/// The rows of this crate.
#[derive(Clone)]
pub(crate) struct Ledger {
    store: Arc<dyn Store>,
    /// One at a time writes the state; others would only lose the race in the store. Nothing is
    /// checked under it, but for a change that was overtaken again and again. Who has it waits for
    /// no place among the checks.
    writing: Arc<Mutex<()>>,
}

/// How often something is written again because others were faster.
const RACES: u32 = 8;

/// Something that goes into the state, however often it must begin again for that.
pub(crate) trait Write: Send {
    type Done: Send;

    /// Whether nothing slow is left to do: then others are kept from writing from the beginning.
    fn is_ready(&self) -> bool;

    /// Makes of the state what it wants. [`DeployError::Raced`] has it begin again.
    fn attempt(
        &mut self,
        round: Round,
    ) -> impl Future<Output = Result<Self::Done, DeployError>> + Send;
}

/// One attempt to write.
pub(crate) struct Round {
    ledger: Ledger,
    row: Option<Typed<State>>,
    /// There is none after it: what must be checked again is checked while others wait to write.
    is_last: bool,
    alone: Option<OwnedMutexGuard<()>>,
}

/// A state that is in the store.
pub(crate) struct Written {
    pub(crate) state: State,
    /// Nobody else writes until it goes.
    pub(crate) alone: OwnedMutexGuard<()>,
}

/// Rows read for one page of a list of versions: most are shown.
const PAGE: u32 = 100;

impl Ledger {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, writing: Arc::default() }
    }

    /// Where the rows are, for those of other modules.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    async fn read<T: Schema>(&self, key: Key) -> Result<Option<T>, StoreError> {
        Ok(get_value::<T>(&self.store, &key).await?.map(|typed| typed.value))
    }

    pub(crate) async fn state(&self) -> Result<Option<Typed<State>>, StoreError> {
        get_value(&self.store, &rows::state()?).await
    }

    /// What is live.
    ///
    /// # Errors
    /// [`DeployError::NothingLive`], or if the store fails.
    pub(crate) async fn live(&self) -> Result<State, DeployError> {
        Ok(self.state().await?.ok_or(DeployError::NothingLive)?.value)
    }

    pub(crate) async fn sweep(&self) -> Result<Option<Typed<Sweep>>, StoreError> {
        get_value(&self.store, &rows::sweep()?).await
    }

    pub(crate) async fn made(&self, number: u64) -> Result<Option<ReleaseRow>, StoreError> {
        self.read(rows::made(number)?).await
    }

    /// The release with this number, which the state tells of.
    pub(crate) async fn release(&self, number: u64) -> Result<ReleaseRow, DeployError> {
        let missing = || DeployError::Missing { what: format!("release number {number}") };
        self.made(number).await?.ok_or_else(missing)
    }

    /// All releases that were made, by their numbers.
    pub(crate) async fn all_made(&self) -> Result<Vec<ReleaseRow>, StoreError> {
        let mut all = Vec::new();
        let mut query = Query::new(rows::all_made()?).limit(PAGE);
        loop {
            let page = self.store.query(&query).await?;
            for row in &page.rows {
                all.push(decode(&row.value)?);
            }
            match page.next {
                Some(next) => query = query.after(Some(next)),
                None => return Ok(all),
            }
        }
    }

    pub(crate) async fn latest(&self, release: &Digest) -> Result<Option<Latest>, StoreError> {
        self.read(rows::latest(release)?).await
    }

    pub(crate) async fn vouched(&self, plugin: &Digest) -> Result<Option<Vouched>, StoreError> {
        self.read(rows::vouched(plugin)?).await
    }

    /// Versions of `item` of releases that came about, the newest first, until `enough` says so.
    pub(crate) async fn versions(
        &self,
        item: &Item,
        mut enough: impl FnMut(&Version) -> bool,
    ) -> Result<Found<Version>, StoreError> {
        let mut query = Query::new(rows::versions(item)?).descending().limit(PAGE);
        let mut found = Found::default();
        loop {
            let (page, lost) = self.store.query_past(&query).await?;
            for Unreadable { key, error } in lost {
                found.add(|| format!("{key:?}"), Err(error))?;
            }
            for row in &page.rows {
                let version = match decode::<Version>(&row.value) {
                    Ok(version) => version,
                    lost => {
                        found.add(|| format!("{:?}", row.key), lost.map(Some))?;
                        continue;
                    }
                };
                // One that lost a race was given a number that became another's, or nobody's.
                match self.made(version.number).await {
                    Ok(Some(made)) if made.release == version.release => {
                        found.push(version);
                        if found.last().is_some_and(&mut enough) {
                            return Ok(found);
                        }
                    }
                    Ok(_) => {}
                    lost => {
                        let name = || format!("release number {} of {item}", version.number);
                        found.add(name, lost.map(|_| None))?;
                    }
                }
            }
            match page.next {
                Some(next) => query = query.after(Some(next)),
                None => return Ok(found),
            }
        }
    }

    /// Writes something; begins again as long as others were faster.
    pub(crate) async fn write<W: Write>(&self, write: &mut W) -> Result<W::Done, DeployError> {
        for number in 1..=RACES {
            let is_last = number == RACES;
            // What was checked goes in if others only changed what does not matter to it, and none
            // of them is let in between. What must be checked again keeps nobody waiting, unless it
            // was overtaken again and again.
            let alone = match write.is_ready() || is_last {
                true => Some(self.alone().await),
                false => None,
            };
            let row = self.state().await?;
            let round = Round { ledger: self.clone(), row, is_last, alone };
            match write.attempt(round).await {
                Err(DeployError::Raced(_)) => {}
                done => return done,
            }
        }
        Err(DeployError::Raced(RACES))
    }

    /// Changes the state in a way that needs no check of a release.
    ///
    /// # Errors
    /// [`DeployError::NothingLive`], or what `edit` gives.
    pub(crate) async fn edit(
        &self,
        edit: impl Fn(&mut State) -> Result<AuditEntry, DeployError> + Send,
    ) -> Result<Written, DeployError> {
        self.write(&mut Edits(edit)).await
    }

    /// Does `ops` and adds a line to the audit log, in one commit. Before the first release there
    /// is no log.
    pub(crate) async fn note(
        &self,
        ops: &[Op],
        entry: impl Fn(&State) -> AuditEntry + Send,
    ) -> Result<(), DeployError> {
        self.write(&mut Notes { ops, entry }).await
    }

    async fn alone(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.writing).lock_owned().await
    }

    pub(crate) async fn audit(&self, number: u64) -> Result<Option<AuditEntry>, StoreError> {
        self.read(rows::audit(number)?).await
    }

    /// Writes all or nothing; false when the state was changed by others.
    pub(crate) async fn commit(&self, ops: &[Op]) -> Result<bool, StoreError> {
        match self.store.commit(ops, &token()?).await {
            Ok(_) => Ok(true),
            Err(CommitError::Conflict(_)) => Ok(false),
            Err(CommitError::Failed(error)) => Err(error),
        }
    }

    /// Writes rows that mean nothing yet, in as many commits as it takes.
    pub(crate) async fn prewrite(&self, ops: &[Op]) -> Result<(), StoreError> {
        for part in ops.chunks(dialgraph_store::MAX_LARGE_OPS) {
            self.commit(part).await?;
        }
        Ok(())
    }
}

/// A name for one attempt at a commit.
fn token() -> Result<CommitToken, StoreError> {
    CommitToken::new(format!("deploy/{}", random_hex()))
}

impl Round {
    /// The state as it was when the round began.
    pub(crate) fn state(&self) -> Option<&State> {
        self.row.as_ref().map(|row| &row.value)
    }

    /// Something slow is to be done: whoever is ready may write meanwhile.
    pub(crate) fn let_others_write(&mut self) {
        if !self.is_last {
            self.alone = None;
        }
    }

    /// Keeps others of this process from writing; false when somebody wrote since the round began.
    pub(crate) async fn is_current(&mut self) -> Result<bool, StoreError> {
        if self.alone.is_none() {
            self.alone = Some(self.ledger.alone().await);
        }
        let now = self.ledger.state().await?.map(|row| row.version);
        Ok(now == self.row.as_ref().map(|row| row.version))
    }

    /// Puts `state` in the place of what the round began with, with its line in the audit log and
    /// `ops`, in one commit.
    ///
    /// # Errors
    /// [`DeployError::Raced`] when others were faster, or something that `ops` expect does not
    /// hold.
    pub(crate) async fn commit(
        self,
        mut state: State,
        mut entry: AuditEntry,
        mut ops: Vec<Op>,
    ) -> Result<Written, DeployError> {
        entry.number = state.audit + 1;
        state.audit = entry.number;
        let expect = self.row.map_or(Expect::Absent, |row| Expect::Version(row.version));
        ops.push(Op::put_value(rows::state()?, &state, expect)?);
        ops.push(Op::put_value(rows::audit(entry.number)?, &entry, Expect::Absent)?);
        let alone = match self.alone {
            Some(alone) => alone,
            None => self.ledger.alone().await,
        };
        match self.ledger.commit(&ops).await? {
            true => Ok(Written { state, alone }),
            false => Err(DeployError::Raced(1)),
        }
    }
}

/// Changes the state.
struct Edits<F>(F);

impl<F: Fn(&mut State) -> Result<AuditEntry, DeployError> + Send> Write for Edits<F> {
    type Done = Written;

    fn is_ready(&self) -> bool {
        true
    }

    async fn attempt(&mut self, round: Round) -> Result<Written, DeployError> {
        let mut next = round.state().cloned().ok_or(DeployError::NothingLive)?;
        let entry = (self.0)(&mut next)?;
        round.commit(next, entry, Vec::new()).await
    }
}

/// Adds a line to the log, if there is one.
struct Notes<'o, F> {
    ops: &'o [Op],
    entry: F,
}

impl<F: Fn(&State) -> AuditEntry + Send> Write for Notes<'_, F> {
    type Done = ();

    fn is_ready(&self) -> bool {
        true
    }

    async fn attempt(&mut self, round: Round) -> Result<(), DeployError> {
        if let Some(state) = round.state().cloned() {
            let entry = (self.entry)(&state);
            return round.commit(state, entry, self.ops.to_vec()).await.map(drop);
        }
        match self.ops.is_empty() || round.ledger.commit(self.ops).await? {
            true => Ok(()),
            false => Err(DeployError::Raced(1)),
        }
    }
}
