//! Content under its own name: plugin components and flow bundles, which are too large for rows.
//!
//! Content never changes under its name, so there are no versions and no conflicts, and any number
//! of readers need no lock. It lies in a folder beside an embedded store; where processes share
//! nothing but a store, it lies in the rows of that, and a folder on each machine spares asking for
//! it again.
//!
//! In a folder content is not encrypted, even beside a sealed store: it is programs, not callers'
//! data. In rows it is sealed as all rows are.

mod folder;
mod needed;
mod rows;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use dialgraph_base::Digest;

use self::folder::Folder;
pub(crate) use self::folder::holds_content;
pub(crate) use self::needed::NEEDED;
pub use self::needed::{Lacking, Needed, lacking};
use self::rows::Rows;
pub(crate) use self::rows::is_row;

use crate::error::StoreError;
use crate::store::Store;

/// Immutable content, each under the SHA-256 of its bytes. Cheap to clone; clones are one.
///
/// The calls block; they belong to loading and deploying, not to a turn of a call. From async code
/// use them on a thread for blocking work, whatever the runtime: content in rows is fetched on a
/// thread of its own.
///
/// ```
/// use dialgraph_store::Blobs;
///
/// # let folder = tempfile::tempdir().unwrap();
/// let blobs = Blobs::open(folder.path().join("blobs"))?;
/// let digest = blobs.put(b"\0asm")?;
/// assert_eq!(blobs.get(&digest)?.as_deref(), Some(&b"\0asm"[..]));
/// # Ok::<(), dialgraph_store::StoreError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Blobs(Arc<Place>, Arc<LastTold>);

/// What is needed, as this process was told last.
type LastTold = std::sync::Mutex<Option<Vec<Needed>>>;

#[derive(Debug)]
enum Place {
    Folder(Folder),
    Rows { rows: Rows, near: Option<Folder> },
}

impl Blobs {
    /// Content in the folder `root`, which is made if there is none.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn open(root: impl AsRef<Path>) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Place::Folder(Folder::open(root)?)), Arc::default()))
    }

    /// Content in rows of `store`, and what was fetched or stored here also in the folder `near`.
    /// On a machine that lets nothing be written there, all is fetched from the rows.
    ///
    /// # Errors
    /// [`StoreError::Io`] if this machine gives no thread.
    pub fn in_rows(store: Arc<dyn Store>, near: impl AsRef<Path>) -> Result<Self, StoreError> {
        let near = Folder::open(near.as_ref())
            .inspect_err(|error| tracing::warn!(%error, "content is not kept on this machine"))
            .ok();
        Ok(Self(Arc::new(Place::Rows { rows: Rows::new(store)?, near }), Arc::default()))
    }

    /// Stores `bytes` durably and gives their name. Storing the same again changes nothing, except
    /// that damaged content is replaced.
    ///
    /// # Errors
    /// [`StoreError::Io`], for example when the disk is full, or whatever the store of the rows
    /// fails with; then there is nothing under the name.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        match &*self.0 {
            Place::Folder(folder) => folder.put(bytes),
            Place::Rows { rows, near } => {
                let digest = rows.put(bytes)?;
                keep(near.as_ref(), bytes);
                Ok(digest)
            }
        }
    }

    /// Reads content and checks that it is what its name says; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError::BlobDamaged`] if it was changed, [`StoreError::Io`], or whatever the store of
    /// the rows fails with.
    pub fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        match &*self.0 {
            Place::Folder(folder) => folder.get(digest),
            Place::Rows { rows, near } => {
                // One that is damaged here is fetched again, and thereby healed.
                if let Some(Ok(Some(bytes))) = near.as_ref().map(|near| near.get(digest)) {
                    return Ok(Some(bytes));
                }
                let found = rows.get(digest)?;
                if let Some(bytes) = &found {
                    keep(near.as_ref(), bytes);
                }
                Ok(found)
            }
        }
    }

    /// Whether there is something under `digest`. Does not read it.
    ///
    /// # Errors
    /// Whatever the store of the rows fails with.
    pub fn contains(&self, digest: &Digest) -> Result<bool, StoreError> {
        match &*self.0 {
            Place::Folder(folder) => Ok(folder.contains(digest)),
            Place::Rows { rows, .. } => rows.contains(digest),
        }
    }

    /// The digests of everything stored, in order. In a folder, files that are not blobs are passed
    /// over.
    ///
    /// # Errors
    /// [`StoreError::Io`], or whatever the store of the rows fails with.
    pub fn list(&self) -> Result<Vec<Digest>, StoreError> {
        match &*self.0 {
            Place::Folder(folder) => folder.list(),
            Place::Rows { rows, .. } => rows.list(),
        }
    }

    /// Removes content; says whether there was any. Other machines may keep what they have fetched.
    ///
    /// # Errors
    /// [`StoreError::Io`], or whatever the store of the rows fails with.
    pub fn remove(&self, digest: &Digest) -> Result<bool, StoreError> {
        match &*self.0 {
            Place::Folder(folder) => folder.remove(digest),
            Place::Rows { rows, near } => {
                let removed = rows.remove(digest)?;
                if let Some(near) = near {
                    near.remove(digest)?;
                }
                Ok(removed)
            }
        }
    }
}

/// Spares fetching `bytes` again; where they cannot be kept, they are fetched again.
fn keep(near: Option<&Folder>, bytes: &[u8]) {
    if let Some(Err(error)) = near.map(|near| near.put(bytes)) {
        tracing::warn!(%error, "content is not kept on this machine");
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
