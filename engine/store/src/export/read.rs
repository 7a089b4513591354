//! Imports an export. The whole file is checked before anything is written, and no row is
//! overwritten, so that an import can be repeated after whatever interrupted it.

use std::io::BufRead;

use dialgraph_base::Digest;
use futures::future::join_all;
use serde::Serialize;

use super::line::{Line, Lines, Next};
use super::{Exported, Progress, Totals, bad};
use crate::backend::Backend;
use crate::blobs::Blobs;
use crate::clock::UnixMillis;
use crate::error::{CommitError, StoreError};
use crate::key::Key;
use crate::schema;
use crate::seal::{self, KeyId};
use crate::store::{CommitToken, Expect, MAX_LARGE_OPS, Op, Store};

/// Commits under way at the same time: an embedded store makes them durable together.
const AT_ONCE: usize = 8;

/// Where an import goes.
pub struct Target<'a> {
    /// Rows that are sealed go there as they are.
    pub backend: &'a dyn Backend,
    /// Rows in the clear go there: the same rows, through the seal if there is one.
    pub store: &'a dyn Store,
    /// Ids of the keys that the store opens with; none: it is not sealed.
    pub keys: &'a [KeyId],
    pub blobs: &'a Blobs,
    /// Rows that have expired by then are passed over.
    pub now: UnixMillis,
}

impl std::fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("place", &self.backend.place()).finish_non_exhaustive()
    }
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// What the file holds.
    #[serde(flatten)]
    pub exported: Exported,
    /// Rows that were put into the store.
    pub written: u64,
    /// Rows that were there already, the same.
    pub present: u64,
    /// Rows that have expired since they were exported.
    pub expired: u64,
    /// Blobs that were not there before.
    pub blobs_written: u64,
}

/// Puts what an export holds into a store.
///
/// The whole file is checked before anything is written, so it is read twice: `open` is called for
/// each time. Rows that are there already and the same are passed over, so that an import can be
/// repeated, and goes on if it was interrupted; one that is there and differs ends it, and is never
/// overwritten. Versions begin at 1.
///
/// Rows in the clear are sealed on their way into a sealed store.
///
/// # Errors
/// [`StoreError::BadExport`] if the file is damaged, cut short, or in the way of an existing row;
/// [`StoreError::WrongEncryptionKey`] if it is sealed with a key that is not at hand.
pub async fn import<R: BufRead>(
    target: &Target<'_>,
    mut open: impl FnMut() -> std::io::Result<R>,
    tell: &mut (dyn FnMut(Progress) + Send),
) -> Result<Imported, StoreError> {
    let unreadable = |error: std::io::Error| bad(format!("it cannot be read: {error}"));
    let exported = verify(open().map_err(unreadable)?)?;
    fits(&exported, target)?;

    let mut done = Imported { exported, ..Imported::default() };
    let mut writer = Writer { target, run: random_name()?, groups: 0 };
    let (mut clear, mut sealed) = (Groups::default(), Groups::default());
    let mut blob: Option<(Digest, Vec<u8>)> = None;
    let mut lines = Lines::new(open().map_err(unreadable)?);
    let mut progress = Progress::default();
    loop {
        let Next::Line(line) = lines.next()? else {
            return Err(bad("it changed while it was read"));
        };
        match line {
            Line::Header(_) => {}
            Line::Row(row) => {
                progress.rows += 1;
                if row.expires_at.is_some_and(|at| at <= target.now) {
                    done.expired += 1;
                    continue;
                }
                let value = row.value()?;
                let groups =
                    if seal::sealed_with(&value).is_some() { &mut sealed } else { &mut clear };
                let (key, expires_at) = (row.key()?, row.expires_at);
                groups.add(Op::Put {
                    key,
                    value: value.into(),
                    expect: Expect::Absent,
                    expires_at,
                });
            }
            Line::Chunk(chunk) => {
                let (_, bytes) = match &mut blob {
                    Some(blob) if blob.0 == chunk.blob => blob,
                    other => other.insert((chunk.blob, Vec::new())),
                };
                bytes.extend(chunk.bytes()?);
                if chunk.chunk + 1 == chunk.of {
                    let (digest, bytes) = blob.take().unwrap_or((chunk.blob, Vec::new()));
                    if Digest::of(&bytes) != digest {
                        return Err(bad(format!("the blob {digest} does not match its digest")));
                    }
                    if !has(target.blobs, &digest) {
                        target.blobs.put(&bytes)?;
                        done.blobs_written += 1;
                    }
                    progress.blobs += 1;
                }
            }
            Line::End(_) => break,
        }
        for (groups, is_sealed) in [(&mut clear, false), (&mut sealed, true)] {
            if groups.full.len() >= AT_ONCE {
                writer.write(groups, is_sealed, &mut done).await?;
            }
        }
        progress.bytes = lines.offset;
        tell(progress);
    }
    clear.finish();
    sealed.finish();
    writer.write(&mut clear, false, &mut done).await?;
    writer.write(&mut sealed, true, &mut done).await?;
    Ok(done)
}

/// Whether content is there and good; what is there and damaged is put right.
///
/// Asked in this order: content that is only at hand on this machine is not yet where others find
/// it.
fn has(content: &Blobs, digest: &Digest) -> bool {
    matches!(content.contains(digest), Ok(true)) && matches!(content.get(digest), Ok(Some(_)))
}

/// Reads the whole file and gives what it says of itself, which is so.
fn verify(input: impl BufRead) -> Result<Exported, StoreError> {
    let mut lines = Lines::new(input);
    let mut totals = Totals::default();
    loop {
        match lines.next()? {
            Next::Line(Line::Header(_)) => {}
            Next::Line(Line::Row(row)) => {
                let (key, value) = (row.key()?, row.value()?);
                schema::check_depth(&value)
                    .map_err(|error| bad(format!("line {}: {key}: {error}", lines.number)))?;
                totals.row(&key, row.expires_at, &value);
            }
            Next::Line(Line::Chunk(chunk)) => {
                if chunk.chunk + 1 == chunk.of {
                    totals.blob(&chunk.blob);
                }
            }
            Next::Line(Line::End(end)) => {
                if end != totals.exported() {
                    return Err(bad("its last line is not a summary of the file"));
                }
                return match lines.next()? {
                    Next::Nothing => Ok(end),
                    _ => Err(bad("something follows its last line")),
                };
            }
            Next::Nothing | Next::Torn => {
                return Err(bad(
                    "its end is missing: it was cut short; go on with `store export --resume`",
                ));
            }
        }
    }
}

/// Makes sure that what is sealed can be opened where it goes.
fn fits(exported: &Exported, target: &Target<'_>) -> Result<(), StoreError> {
    let available: Vec<String> = target.keys.iter().map(KeyId::to_string).collect();
    match exported.sealed_with.iter().find(|id| !available.contains(id)) {
        None => Ok(()),
        Some(stored) => Err(StoreError::WrongEncryptionKey {
            row: "the export".to_owned(),
            stored: stored.clone(),
            available,
        }),
    }
}

/// Rows for one commit each.
#[derive(Default)]
struct Groups {
    full: Vec<Vec<Op>>,
    open: Vec<Op>,
}

impl Groups {
    fn add(&mut self, op: Op) {
        self.open.push(op);
        if self.open.len() == MAX_LARGE_OPS {
            self.finish();
        }
    }

    fn finish(&mut self) {
        if !self.open.is_empty() {
            self.full.push(std::mem::take(&mut self.open));
        }
    }
}

struct Writer<'a> {
    target: &'a Target<'a>,
    /// Names this run: what was imported before and has been removed since is written again.
    run: String,
    groups: u64,
}

impl Writer<'_> {
    async fn write(
        &mut self,
        groups: &mut Groups,
        is_sealed: bool,
        done: &mut Imported,
    ) -> Result<(), StoreError> {
        let store = if is_sealed { self.target.backend as &dyn Store } else { self.target.store };
        let first = self.groups;
        self.groups += groups.full.len() as u64;
        let run = &self.run;
        let commits = groups.full.drain(..).zip(first..).map(|(ops, number)| async move {
            put_absent(store, ops, &format!("import/{run}/{number}")).await
        });
        for outcome in join_all(commits).await {
            let (written, present) = outcome?;
            done.written += written;
            done.present += present;
        }
        Ok(())
    }
}

/// Writes those of `ops` whose rows are not there; tells how many were written, and how many were
/// there.
async fn put_absent(
    store: &dyn Store,
    mut ops: Vec<Op>,
    name: &str,
) -> Result<(u64, u64), StoreError> {
    let all = ops.len() as u64;
    // Each round finds a row more that is there, so there are not more rounds than rows.
    let mut round = 0;
    while !ops.is_empty() {
        let token = CommitToken::new(format!("{name}/{round}"))?;
        round += 1;
        match store.commit(&ops, &token).await {
            Ok(_) => break,
            Err(CommitError::Failed(error)) => return Err(error),
            Err(CommitError::Conflict(_)) => {
                let mut absent = Vec::with_capacity(ops.len());
                for op in ops {
                    match store.get(op.key()).await? {
                        None => absent.push(op),
                        Some(row) => same(&row, &op)?,
                    }
                }
                ops = absent;
            }
        }
    }
    let written = ops.len() as u64;
    Ok((written, all - written))
}

fn same(row: &crate::store::Row, op: &Op) -> Result<(), StoreError> {
    match op {
        Op::Put { value, expires_at, .. }
            if *value == row.value && *expires_at == row.expires_at =>
        {
            Ok(())
        }
        _ => Err(differs(op.key())),
    }
}

fn differs(key: &Key) -> StoreError {
    bad(format!(
        "{key} is in the store already and differs; nothing is overwritten: import into an empty store"
    ))
}

fn random_name() -> Result<String, StoreError> {
    let mut bytes = [0; 8];
    seal::fill_random(&mut bytes)?;
    Ok(hex::encode(bytes))
}
