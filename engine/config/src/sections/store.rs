//! Where rows are kept, how long a shared store may take, and backups.

use std::path::PathBuf;
use std::time::Duration;

use crate::setting::ByteSize;

section! {
    /// Where calls, records and tickets are kept, and how they are backed up.
    pub struct StoreSection, see "store.md" {
        /// Where calls, records and tickets are kept: "sled", a folder that one process owns, or
        /// "dynamodb", a table that any number of processes share.
        backend: Backend = Backend::Sled;

        /// With DynamoDB: the table's name.
        table: String = "dialgraph".to_owned();

        /// With DynamoDB: a request that has no answer within this is made again.
        attempt_timeout: Duration = Duration::from_millis(500), more_than_zero;

        /// With DynamoDB: one read or commit may take so long, asking again included. A turn makes
        /// several.
        operation_timeout: Duration = Duration::from_secs(2), more_than_zero;

        /// The folder of an embedded store; with DynamoDB, what this process keeps at hand of
        /// plugins and flows.
        folder: PathBuf = ".dialgraph/store".into();

        /// Most memory for the store's cache.
        cache: ByteSize = ByteSize(64 << 20);

        /// File with the keys that seal the store, newest first (or set DIALGRAPH_STORE_KEY);
        /// empty: as found there.
        key_file: Option<PathBuf> = None;

        /// Folder for backups of an embedded store, best on another disk; empty: none are made by
        /// the server.
        backup: Option<PathBuf> = None;

        /// How often the server puts there what was committed since the last time.
        backup_every: Duration = Duration::from_secs(15 * 60), more_than_zero;

        /// How often it puts everything there, so that older backups can go.
        backup_full_every: Duration = Duration::from_hours(24), more_than_zero;

        /// How many of those are kept, each with what follows it; a store can be had back as of any
        /// commit since the oldest.
        backup_keep: u32 = 7, at_least(1);
    }
}

words! {
    /// Where rows are kept.
    pub enum Backend {
        /// In a folder that one process owns.
        Sled = "sled",
        /// In a table that any number of processes share.
        Dynamodb = "dynamodb",
    }
}
