//! Calls that can no longer be read: when they were last in use, and what is done with them.
//!
//! No event can take such a call up again, and it would be in progress for ever.

use dialgraph_base::{CallId, Digest, Timestamp};
use dialgraph_store::{CommitError, Expect, Op, Query, Sort, SortRange};

use super::clear::CleanUp;
use super::{Calls, CallsError, STATE, TURN, key, open_key, part, token};

/// Turns looked at for the last that can be read.
const LOOKED_AT: usize = 10;

impl CallsError {
    /// Whether what is stored of a call is lost, and no other key or program could read it.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Store(error) => error.is_damage(),
            Self::Torn { .. } => true,
            Self::TooLarge { .. } => false,
        }
    }
}

impl Calls {
    /// Numbers of the turns of which there is anything, in order.
    async fn turns(&self, id: &CallId) -> Result<Vec<u32>, CallsError> {
        let prefix = Sort::text(TURN);
        let mut query = Query::new(part(id)?).range(SortRange::prefix(&prefix)).limit(500);
        let mut turns = Vec::new();
        loop {
            let (page, lost) = self.store.query_past(&query).await?;
            let keys = page.rows.iter().map(|row| &row.key).chain(lost.iter().map(|row| &row.key));
            for key in keys {
                let number = key.sort().as_bytes().get(prefix.as_bytes().len()..);
                let number = number.and_then(|rest| rest.first_chunk::<8>()).copied();
                let number = number.map(u64::from_be_bytes).and_then(|n| u32::try_from(n).ok());
                turns.extend(number);
            }
            match page.next {
                Some(next) => query = query.after(Some(next)),
                None => break,
            }
        }
        turns.sort_unstable();
        turns.dedup();
        Ok(turns)
    }

    /// When the last turn of a call was that can be read, whether the call itself can be read or
    /// not.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn last_seen(&self, id: &CallId) -> Result<Option<Timestamp>, CallsError> {
        for turn in self.turns(id).await?.into_iter().rev().take(LOOKED_AT) {
            match self.turn(id, turn).await {
                Ok(Some(record)) => return Ok(Some(record.at)),
                Ok(None) => {}
                Err(error) if error.is_of_call() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Takes a call out of those in progress of `release` that there is nothing of.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn forget_open(&self, id: &CallId, release: Digest) -> Result<(), CallsError> {
        let there_is_none = Op::check(key(id, Sort::text(STATE).then_number(0))?, Expect::Absent);
        let ops = [there_is_none, Op::delete(open_key(&release, id)?, Expect::Any)];
        let name = token(&format!("forget/{id}/{}", release.hex()))?;
        match self.store.commit(&ops, &name).await {
            Ok(_) | Err(CommitError::Conflict(_)) => Ok(()),
            Err(CommitError::Failed(error)) => Err(error.into()),
        }
    }

    /// Removes all there is of a call that cannot be read, and tells how many rows that was.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn remove_lost(&self, id: &CallId, run: &mut CleanUp) -> Result<u64, CallsError> {
        self.remove_rows(id, run).await
    }
}
