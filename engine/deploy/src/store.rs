//! Rows and blobs, read and written.

use std::collections::HashMap;
use std::sync::Arc;

use dialgraph_flow::Digest;
use dialgraph_store::{
    Blobs, CommitError, CommitToken, Expect, Key, Op, Query, Schema, Store, StoreError, Typed,
    decode, get_value,
};

use crate::error::DeployError;
use crate::item::Item;
use crate::manifest::Manifest;
use crate::rows::{self, AuditEntry, Latest, Made, State, Version, Vouched};
use crate::sweep::Sweep;

/// Blobs, and before them what is not yet among them.
#[derive(Clone)]
pub(crate) struct Content {
    blobs: Blobs,
    fresh: Arc<HashMap<Digest, Vec<u8>>>,
}

impl Content {
    pub(crate) fn new(blobs: Blobs) -> Self {
        Self { blobs, fresh: Arc::default() }
    }

    /// With these on top.
    pub(crate) fn with(&self, fresh: &Arc<HashMap<Digest, Vec<u8>>>) -> Self {
        Self { blobs: self.blobs.clone(), fresh: Arc::clone(fresh) }
    }

    /// The bytes of `digest`, which `what` is made of. Blocks.
    pub(crate) fn get(&self, digest: &Digest, what: &str) -> Result<Vec<u8>, DeployError> {
        if let Some(bytes) = self.fresh.get(digest) {
            return Ok(bytes.clone());
        }
        let missing = || DeployError::Missing { what: format!("`{what}` ({digest})") };
        self.blobs.get(&stored(digest)?)?.ok_or_else(missing)
    }

    /// Makes what is on top durable. Blocks.
    pub(crate) fn keep(&self) -> Result<(), DeployError> {
        for bytes in self.fresh.values() {
            self.blobs.put(bytes)?;
        }
        Ok(())
    }

    /// Whether there is such content. Blocks.
    pub(crate) fn contains(&self, digest: &Digest) -> Result<bool, DeployError> {
        Ok(self.blobs.contains(&stored(digest)?)?)
    }

    /// All there is. Blocks.
    pub(crate) fn list(&self) -> Result<Vec<Digest>, DeployError> {
        let ours = |digest: dialgraph_store::Digest| {
            let why = |error| DeployError::Task(format!("{digest}: {error}"));
            digest.to_string().parse().map_err(why)
        };
        self.blobs.list()?.into_iter().map(ours).collect()
    }

    /// True if it was there. Blocks.
    pub(crate) fn remove(&self, digest: &Digest) -> Result<bool, DeployError> {
        Ok(self.blobs.remove(&stored(digest)?)?)
    }

    pub(crate) fn put(&self, bytes: &[u8]) -> Result<Digest, DeployError> {
        self.blobs.put(bytes)?;
        Ok(Digest::of(bytes))
    }

    pub(crate) fn manifest(&self, digest: &Digest) -> Result<Manifest, DeployError> {
        let bytes = self.get(digest, "manifest")?;
        serde_json::from_slice(&bytes).map_err(|error| DeployError::Unloadable {
            release: digest.to_string(),
            why: format!("its manifest cannot be read: {error}"),
        })
    }
}

/// The same digest in the store's words.
fn stored(digest: &Digest) -> Result<dialgraph_store::Digest, StoreError> {
    digest.to_string().parse()
}

/// The rows of this crate.
#[derive(Clone)]
pub(crate) struct Ledger(pub(crate) Arc<dyn Store>);

/// Rows read for one page of a list of versions: most are shown.
const PAGE: u32 = 100;

impl Ledger {
    async fn read<T: Schema>(&self, key: Key) -> Result<Option<T>, StoreError> {
        Ok(get_value::<T>(&self.0, &key).await?.map(|typed| typed.value))
    }

    pub(crate) async fn state(&self) -> Result<Option<Typed<State>>, StoreError> {
        get_value(&self.0, &rows::state()?).await
    }

    pub(crate) async fn sweep(&self) -> Result<Option<Typed<Sweep>>, StoreError> {
        get_value(&self.0, &rows::sweep()?).await
    }

    pub(crate) async fn made(&self, number: u64) -> Result<Option<Made>, StoreError> {
        self.read(rows::made(number)?).await
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
    ) -> Result<Vec<Version>, StoreError> {
        let mut query = Query::new(rows::versions(item)?).descending().limit(PAGE);
        let mut found = Vec::new();
        loop {
            let page = self.0.query(&query).await?;
            for row in &page.rows {
                let version: Version = decode(&row.value)?;
                // One that lost a race was given a number that became another's, or nobody's.
                let made = self.made(version.number).await?;
                if made.is_some_and(|made| made.release == version.release) {
                    found.push(version);
                    if found.last().is_some_and(&mut enough) {
                        return Ok(found);
                    }
                }
            }
            match page.next {
                Some(next) => query = query.after(Some(next)),
                None => return Ok(found),
            }
        }
    }

    pub(crate) async fn audit(&self, number: u64) -> Result<Option<AuditEntry>, StoreError> {
        self.read(rows::audit(number)?).await
    }

    /// Writes all or nothing; false when the state was changed by others.
    pub(crate) async fn commit(&self, ops: &[Op]) -> Result<bool, StoreError> {
        match self.0.commit(ops, &token()?).await {
            Ok(_) => Ok(true),
            Err(CommitError::Conflict(_)) => Ok(false),
            Err(CommitError::Failed(error)) => Err(error),
        }
    }

    /// Writes rows that mean nothing yet, in as many commits as it takes.
    pub(crate) async fn prewrite(&self, ops: &[Op]) -> Result<(), StoreError> {
        for part in ops.chunks(dialgraph_store::MAX_OPS) {
            self.commit(part).await?;
        }
        Ok(())
    }
}

/// A name for one attempt at a commit.
fn token() -> Result<CommitToken, StoreError> {
    CommitToken::new(format!("deploy/{}", random_hex()))
}

/// 128 bits of chance.
pub(crate) fn random_hex() -> String {
    let mut bytes = [0; 16];
    // Without chance from the system there is no TLS, no token and no safe engine.
    #[expect(clippy::expect_used, reason = "the system has a source of chance, or nothing works")]
    getrandom::fill(&mut bytes).expect("the system's source of chance answers");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What makes `state` of `before` and adds `entry` to the log.
pub(crate) fn state_ops(
    before: Option<&Typed<State>>,
    state: &State,
    entry: &AuditEntry,
) -> Result<Vec<Op>, StoreError> {
    let expect = before.map_or(Expect::Absent, |typed| Expect::Version(typed.version));
    Ok(vec![
        Op::put_value(rows::state()?, state, expect)?,
        Op::put_value(rows::audit(entry.number)?, entry, Expect::Absent)?,
    ])
}
