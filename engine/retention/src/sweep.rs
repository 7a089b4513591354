//! What both tasks do: walk, and remove rows that have not changed.

use std::collections::HashSet;
use std::time::Duration;

use dialgraph_kernel::call::CallId;
use dialgraph_runtime::{Calls, CallsError, Loaded, Run};
use dialgraph_store::{CommitError, Expect, Key, MAX_OPS, Op, Part, Row, Store};

use crate::error::RetentionError;
use crate::{Done, Upkeep};

/// Rows asked for at once.
const PAGE: u32 = 250;
/// Between two pages; calls that are up come first.
const PAUSE: Duration = Duration::from_millis(1);

/// What a walk came across.
pub(crate) enum Met {
    /// A call, once, when its first row is met.
    Call(CallId),
    /// Any other row that `wants` took, opened if the store is sealed.
    Row(Row),
}

/// Walks over all rows of a store.
pub(crate) struct Walk<'u> {
    upkeep: &'u Upkeep,
    after: Option<Key>,
    page: std::vec::IntoIter<Row>,
    over: bool,
    /// The partition of the call that was met last.
    call: Option<Part>,
}

impl<'u> Walk<'u> {
    pub(crate) fn new(upkeep: &'u Upkeep) -> Self {
        Self { upkeep, after: None, page: Vec::new().into_iter(), over: false, call: None }
    }

    /// The next thing; none at the end.
    pub(crate) async fn next(
        &mut self,
        done: &mut Done,
        wants: impl Fn(&Key) -> bool,
        seen: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Option<Met>, RetentionError> {
        loop {
            let Some(row) = self.page.next() else {
                if self.over {
                    return Ok(None);
                }
                tokio::time::sleep(PAUSE).await;
                let walked = self.upkeep.backend.walk(self.after.as_ref(), PAGE).await?;
                done.seen += walked.rows.len() as u64;
                seen(done.seen);
                self.over = walked.next.is_none();
                self.after = walked.next;
                self.page = walked.rows.into_iter();
                continue;
            };
            let part = row.key.part();
            if let Some(id) = Calls::in_part(part) {
                // Rows of a partition follow one another in every backend.
                if self.call.as_ref() != Some(part) {
                    self.call = Some(part.clone());
                    return Ok(Some(Met::Call(id)));
                }
            } else if wants(&row.key) {
                match self.upkeep.store.get(&row.key).await {
                    Ok(Some(row)) => return Ok(Some(Met::Row(row))),
                    Ok(None) => {}
                    Err(error) if error.is_of_row() => done.unreadable.push(error.to_string()),
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
}

/// What there is of a call that was met.
pub(crate) enum Found {
    Call(Box<Loaded>),
    /// Rows without a state: what a removal that broke off has left.
    Remains,
    /// What cannot be read; it is counted as such.
    Unreadable,
}

pub(crate) async fn look(
    calls: &Calls,
    id: &CallId,
    done: &mut Done,
) -> Result<Found, RetentionError> {
    match unreadable(calls.load(id).await, done)? {
        Some(Some(loaded)) => Ok(Found::Call(Box::new(loaded))),
        Some(None) => Ok(Found::Remains),
        None => Ok(Found::Unreadable),
    }
}

/// Takes note of what cannot be read and goes on; other failures end the walk.
pub(crate) fn unreadable<T>(
    read: Result<T, CallsError>,
    done: &mut Done,
) -> Result<Option<T>, RetentionError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error @ CallsError::Torn { .. }) => {
            done.unreadable.push(error.to_string());
            Ok(None)
        }
        Err(CallsError::Store(error)) if error.is_of_row() => {
            done.unreadable.push(error.to_string());
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Removes a call, or in a dry run says that it would. False when the call changed meanwhile.
pub(crate) async fn remove(
    calls: &Calls,
    id: &CallId,
    loaded: Option<&Loaded>,
    run: &mut Run,
    done: &mut Done,
) -> Result<bool, RetentionError> {
    let rows = match done.dry_run {
        true => Some(calls.count(id).await?),
        false => calls.remove(id, loaded.map(|loaded| loaded.mark), run).await?,
    };
    if let Some(rows) = rows {
        done.count("calls", u64::from(loaded.is_some()));
        done.count("rows", rows);
    }
    Ok(rows.is_some())
}

/// Rows that are to go, removed in as few commits as it takes.
#[derive(Default)]
pub(crate) struct Doomed {
    /// With the version that was looked at, and what it counts as.
    rows: Vec<(Key, u64, &'static str)>,
    /// All that there were: in a dry run a row that is found in two ways is still there the second time.
    known: HashSet<Key>,
    /// Rows that changed before they went.
    pub(crate) missed: u64,
}

impl Doomed {
    /// Has `row` removed unless it changes first; it counts as one of `what`.
    pub(crate) async fn add(
        &mut self,
        row: &Row,
        what: &'static str,
        store: &dyn Store,
        run: &mut Run,
        done: &mut Done,
    ) -> Result<(), RetentionError> {
        if !self.known.insert(row.key.clone()) {
            return Ok(());
        }
        self.rows.push((row.key.clone(), row.version, what));
        if self.rows.len() == MAX_OPS {
            self.finish(store, run, done).await?;
        }
        Ok(())
    }

    pub(crate) async fn finish(
        &mut self,
        store: &dyn Store,
        run: &mut Run,
        done: &mut Done,
    ) -> Result<(), RetentionError> {
        let rows = std::mem::take(&mut self.rows);
        if done.dry_run {
            rows.iter().for_each(|(_, _, what)| done.count(what, 1));
            return Ok(());
        }
        let op = |(key, version, _): &(Key, u64, &'static str)| {
            Op::delete(key.clone(), Expect::Version(*version))
        };
        if rows.is_empty() {
            return Ok(());
        }
        let ops: Vec<Op> = rows.iter().map(op).collect();
        if commit(store, &ops, run).await? {
            rows.iter().for_each(|(_, _, what)| done.count(what, 1));
            return Ok(());
        }
        // One of them changed: that one stays as it is now, the others go.
        for row in &rows {
            match commit(store, &[op(row)], run).await? {
                true => done.count(row.2, 1),
                false => self.missed += 1,
            }
        }
        Ok(())
    }
}

/// False when a row was not as expected.
async fn commit(store: &dyn Store, ops: &[Op], run: &mut Run) -> Result<bool, RetentionError> {
    match store.commit(ops, &run.token()?).await {
        Ok(_) => Ok(true),
        Err(CommitError::Conflict(_)) => Ok(false),
        Err(CommitError::Failed(error)) => Err(error.into()),
    }
}
