//! Where Dialgraph keeps what must outlast a turn: calls, journals, records, the outbox.
//!
//! The crate exists so that the rest of the engine can say "write these rows together, if nobody
//! was faster, and answer when they are safe" without knowing where they go. One narrow trait,
//! [`Store`], is implemented by an embedded database ([`SledStore`]), by memory for simulated calls
//! ([`MemoryStore`]), and by [`Sealed`], which encrypts the values of any other. [`Blobs`] keeps
//! beside it what is too large for rows: the bytes of plugins and flows, under their [`Digest`].
//!
//! Invariants:
//! * **Nothing is acknowledged before it is durable**, and a commit is there whole or not at all,
//!   whenever the process is killed.
//! * **A conflict is a value**, not a failure: [`CommitError::Conflict`] carries the row that was
//!   in the way.
//! * **A repeated commit is recognised by its token** and writes nothing.
//! * **Time comes in through a [`Clock`]**; no code here asks the machine for it.
//! * **Values stay small**, at most 64 KiB, and **stay readable**: [`encode`] and [`decode`] give
//!   each a kind and a schema version, with upgrades from every version before.
//! * **All backends do the same**, shown by one suite (`conformance`, a cargo feature).
//!
//! What it must not know: calls, turns, flows, plugins, and any one backend outside its own module.

mod backend;
mod backup;
mod blobs;
mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod export;
mod key;
mod memory;
mod open;
pub mod plan;
mod schema;
mod seal;
mod sled_store;
mod store;
mod verify;
mod wal;

pub use self::backend::{Backend, Walked};
pub use self::backup::{BackupDone, BackupRequest};
pub use self::blobs::{Blobs, Lacking, Needed, lacking};
pub use self::clock::{Clock, ManualClock, UnixMillis};
pub use self::error::{CommitError, Conflict, StoreError};
pub use self::export::{
    CHUNK_BYTES, Examined, Exported, Imported, Position, Progress, Target, examine, export, import,
};
pub use self::key::{Cursor, Key, MAX_PART_BYTES, MAX_SORT_BYTES, Part, Sort, SortRange};
pub use self::memory::{MemorySnapshot, MemoryStore};
pub use self::open::OpenStore;
pub use self::schema::{MAX_DEPTH, Schema, Typed, Upgrade, decode, describe, encode, get_value};
pub use self::seal::{
    KEY_FILE_VARIABLE, KEY_VARIABLE, KeyId, KeyLines, KeyText, Keyring, SEAL_OVERHEAD, Sealed,
    UnwrapKey, require_unsealed,
};
pub use self::sled_store::{
    RecoverOptions, Recovered, SledOptions, SledStats, SledStore, Until, check_place, newest_full,
    recover,
};
pub use self::store::{
    CommitToken, Committed, Expect, MAX_LARGE_OPS, MAX_OPS, MAX_PAGE_ROWS, MAX_TOKEN_BYTES,
    MAX_VALUE_BYTES, Op, Order, PAGE_BYTES, Page, Query, Row, Store, TOKEN_RETENTION_MILLIS,
    Unreadable,
};
pub use self::verify::{Finding, Verified, verify};
pub use dialgraph_base::Digest;
