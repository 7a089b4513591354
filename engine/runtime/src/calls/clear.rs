//! Taking calls out of the store, and what is told of others out of their turns.

use dialgraph_base::CallId;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_store::{
    CommitError, CommitToken, Expect, MAX_OPS, Op, Part, Query, Row, Sort, SortRange, Unreadable,
    encode,
};

use super::arrivals::ARRIVED;
use super::{Calls, CallsError, Mark, PART, REPLY, STATE, StoredTurn, key, part, token, turn_sort};

/// Names the commits of one clean-up, so that none is taken for a repetition of an earlier one.
#[derive(Debug)]
pub struct CleanUp {
    name: String,
    commits: u64,
}

impl CleanUp {
    /// `name` must be one that no other clean-up has.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), commits: 0 }
    }

    /// The name of the next commit.
    ///
    /// # Errors
    /// None that a digest could cause.
    pub fn token(&mut self) -> Result<CommitToken, CallsError> {
        self.commits += 1;
        Ok(token(&format!("{}/{}", self.name, self.commits))?)
    }
}

impl Calls {
    /// The call whose rows are in `part`; none: it is not a call's.
    pub fn in_part(part: &Part) -> Option<CallId> {
        part.as_str().strip_prefix(PART).map(|id| CallId(id.into()))
    }

    /// Removes a call with all its turns, tokens and late replies, and tells how many rows that
    /// were; none when the call has changed since it was read, and nothing was removed.
    ///
    /// Without a mark there must be no state: what is left over of a removal that broke off is
    /// removed.
    pub async fn remove(
        &self,
        id: &CallId,
        mark: Option<Mark>,
        run: &mut CleanUp,
    ) -> Result<Option<u64>, CallsError> {
        let state = |n: usize| key(id, Sort::text(STATE).then_number(n as u64));
        // The state first: whoever has it in hand at this moment wins, and what is left without one
        // is left over.
        let first = match mark {
            Some(mark) => {
                let mut ops = vec![Op::delete(state(0)?, Expect::Version(mark.version))];
                for n in 1..mark.rows {
                    ops.push(Op::delete(state(n)?, Expect::Any));
                }
                ops
            }
            None => vec![Op::check(state(0)?, Expect::Absent)],
        };
        let removed = mark.map_or(0, |mark| mark.rows as u64);
        match self.store.commit(&first, &run.token()?).await {
            Ok(_) => {}
            Err(CommitError::Conflict(_)) => return Ok(None),
            Err(CommitError::Failed(error)) => return Err(error.into()),
        }
        Ok(Some(removed + self.remove_rows(id, run).await?))
    }

    /// Removes all rows of a call, whatever is in them, and tells how many those were.
    pub(super) async fn remove_rows(
        &self,
        id: &CallId,
        run: &mut CleanUp,
    ) -> Result<u64, CallsError> {
        let query = Query::new(part(id)?).limit(MAX_OPS as u32);
        let mut removed = 0;
        loop {
            let (page, unreadable) = self.store.query_past(&query).await?;
            let keys = page.rows.into_iter().map(|row| row.key);
            let ops: Vec<Op> = keys
                .chain(unreadable.into_iter().map(|row| row.key))
                .map(|key| Op::delete(key, Expect::Any))
                .collect();
            if ops.is_empty() {
                return Ok(removed);
            }
            removed += ops.len() as u64;
            self.store.commit(&ops, &run.token()?).await.map_err(failed)?;
        }
    }

    /// Rows in which late replies of a call are kept and what it was told from outside, and those
    /// of them that cannot be read.
    pub async fn replies(&self, id: &CallId) -> Result<(Vec<Row>, Vec<Unreadable>), CallsError> {
        let (mut found, mut lost) = (Vec::new(), Vec::new());
        for kept in [REPLY, ARRIVED] {
            let mut query =
                Query::new(part(id)?).range(SortRange::prefix(&Sort::text(kept))).limit(500);
            loop {
                let (page, unreadable) = self.store.query_past(&query).await?;
                found.extend(page.rows);
                lost.extend(unreadable);
                match page.next {
                    Some(next) => query = query.after(Some(next)),
                    None => break,
                }
            }
        }
        Ok((found, lost))
    }

    /// Rows of a call, as many as there are.
    pub async fn count(&self, id: &CallId) -> Result<u64, CallsError> {
        let mut query = Query::new(part(id)?).limit(500);
        let mut count = 0;
        loop {
            let (page, unreadable) = self.store.query_past(&query).await?;
            count += (page.rows.len() + unreadable.len()) as u64;
            match page.next {
                Some(next) => query = query.after(Some(next)),
                None => return Ok(count),
            }
        }
    }

    /// Puts `record` in place of the record of its turn. It expires when that would have. False
    /// when the turn is not there any more.
    pub async fn replace_turn(
        &self,
        id: &CallId,
        record: &TurnRecord,
        run: &mut CleanUp,
    ) -> Result<bool, CallsError> {
        let sort = turn_sort(record.turn);
        let Some(Row { version, expires_at, .. }) =
            self.store.get(&key(id, sort.clone().then_number(0))?).await?
        else {
            return Ok(false);
        };
        let Some((_, _, before)) = self.read(id, "a turn", sort.clone()).await? else {
            return Ok(false);
        };
        let bytes = encode(&StoredTurn(std::borrow::Cow::Borrowed(record)))?;
        let mut ops = Vec::new();
        let expect = Expect::Version(version);
        let rows = self.write(&mut ops, id, sort.clone(), &bytes, expect, expires_at)?;
        for stale in rows..before {
            ops.push(Op::delete(key(id, sort.clone().then_number(stale as u64))?, Expect::Any));
        }
        match self.store.commit(&ops, &run.token()?).await {
            Ok(_) => Ok(true),
            // Turns are written once and only ever removed.
            Err(CommitError::Conflict(_)) => Ok(false),
            Err(CommitError::Failed(error)) => Err(error.into()),
        }
    }
}

fn failed(error: CommitError) -> CallsError {
    match error {
        CommitError::Failed(error) => error.into(),
        // Nothing was expected.
        CommitError::Conflict(conflict) => dialgraph_store::StoreError::Backend {
            detail: format!("rows could not be removed: {conflict}"),
        }
        .into(),
    }
}
