//! What both tasks do: walk, and remove rows that have not changed.

use std::collections::HashSet;
use std::time::Duration;

use dialgraph_base::CallId;
use dialgraph_local::kept::{counted, rows_of};
use dialgraph_runtime::{Calls, CallsError, CleanUp, Loaded};
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
                    Err(error) if error.is_of_row() => {
                        done.unreadable.push(format!("{}: {error}", row.key));
                    }
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
    /// What cannot be read. Whoever leaves it must [tell](tell) of it.
    Unreadable(CallsError),
}

pub(crate) async fn look(calls: &Calls, id: &CallId) -> Result<Found, RetentionError> {
    match calls.load(id).await {
        Ok(Some(loaded)) => Ok(Found::Call(Box::new(loaded))),
        Ok(None) => Ok(Found::Remains),
        Err(error) if error.is_of_call() => Ok(Found::Unreadable(error)),
        Err(error) => Err(error.into()),
    }
}

/// Takes note of what cannot be read of a call and goes on; other failures end the walk.
pub(crate) fn unreadable<T>(
    read: Result<T, CallsError>,
    id: &CallId,
    done: &mut Done,
) -> Result<Option<T>, RetentionError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.is_of_call() => {
            tell(id, &error, done);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes note of a call that cannot be read, by its name.
pub(crate) fn tell(id: &CallId, error: &CallsError, done: &mut Done) {
    done.unreadable.push(match error {
        CallsError::Torn { .. } | CallsError::TooLarge { .. } => error.to_string(),
        CallsError::Store(error) => format!("call {id}: {error}"),
    });
}

/// Removes a call, or in a dry run says that it would. False when the call changed meanwhile.
pub(crate) async fn remove(
    calls: &Calls,
    id: &CallId,
    loaded: Option<&Loaded>,
    run: &mut CleanUp,
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

/// Removes a call that cannot be read, or in a dry run says that it would.
pub(crate) async fn remove_lost(
    calls: &Calls,
    id: &CallId,
    run: &mut CleanUp,
    done: &mut Done,
) -> Result<(), RetentionError> {
    let rows = match done.dry_run {
        true => calls.count(id).await?,
        false => calls.remove_lost(id, run).await?,
    };
    done.count("calls", 1);
    done.count("rows", rows);
    Ok(())
}

/// A row that is to go.
struct DoomedRow {
    key: Key,
    /// That was looked at.
    version: u64,
    /// It counts as one of these.
    what: &'static str,
    /// Rows that go with it.
    along: Vec<Key>,
}

impl DoomedRow {
    fn ops(&self) -> impl Iterator<Item = Op> + '_ {
        let row = Op::delete(self.key.clone(), Expect::Version(self.version));
        let along = self.along.iter().map(|key| Op::delete(key.clone(), Expect::Any));
        std::iter::once(row).chain(along)
    }
}

/// Rows that are to go, removed in as few commits as it takes.
#[derive(Default)]
pub(crate) struct Doomed {
    rows: Vec<DoomedRow>,
    /// Operations that these take.
    ops: usize,
    /// All that there were: in a dry run a row that is found in two ways is still there the second
    /// time.
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
        run: &mut CleanUp,
        done: &mut Done,
    ) -> Result<(), RetentionError> {
        if !self.known.insert(row.key.clone()) {
            return Ok(());
        }
        let mut along = rows_of(row);
        along.extend(counted(store, row).await?);
        // The last are index rows of a record that goes, which lead nowhere without it, and what
        // was to be told of a ticket, which is dropped unsent without it.
        along.truncate(MAX_OPS - 1);
        let ops = 1 + along.len();
        if self.ops + ops > MAX_OPS {
            self.finish(store, run, done).await?;
        }
        self.ops += ops;
        self.rows.push(DoomedRow { key: row.key.clone(), version: row.version, what, along });
        Ok(())
    }

    pub(crate) async fn finish(
        &mut self,
        store: &dyn Store,
        run: &mut CleanUp,
        done: &mut Done,
    ) -> Result<(), RetentionError> {
        let rows = std::mem::take(&mut self.rows);
        self.ops = 0;
        if done.dry_run {
            rows.iter().for_each(|row| done.count(row.what, 1));
            return Ok(());
        }
        if rows.is_empty() {
            return Ok(());
        }
        let ops: Vec<Op> = rows.iter().flat_map(DoomedRow::ops).collect();
        if commit(store, &ops, run).await? {
            rows.iter().for_each(|row| done.count(row.what, 1));
            return Ok(());
        }
        // One of them changed: that one stays as it is now, the others go.
        for row in &rows {
            match commit(store, &row.ops().collect::<Vec<_>>(), run).await? {
                true => done.count(row.what, 1),
                false => self.missed += 1,
            }
        }
        Ok(())
    }
}

/// False when a row was not as expected.
async fn commit(store: &dyn Store, ops: &[Op], run: &mut CleanUp) -> Result<bool, RetentionError> {
    match store.commit(ops, &run.token()?).await {
        Ok(_) => Ok(true),
        Err(CommitError::Conflict(_)) => Ok(false),
        Err(CommitError::Failed(error)) => Err(error.into()),
    }
}
