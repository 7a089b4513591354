//! Backups of an embedded store that are made while commits go on.
//!
//! A backup folder holds, for each history of the store, bases and the files of the commit log
//! behind them, and the content of releases. From it the store can be had as it was after any
//! commit since the oldest base.

use std::path::PathBuf;

use serde::Serialize;

use crate::clock::UnixMillis;

/// A backup that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupRequest {
    /// Where it goes; made if it is not there. Several backups of one store lie in one folder.
    pub folder: PathBuf,
    /// Only what was committed since the last one in the folder. A full one is made if that cannot
    /// be.
    pub incremental: bool,
    /// How many full backups are kept in the folder, each with what follows it; none: all.
    pub keep: Option<u32>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BackupDone {
    /// Where it is.
    pub folder: PathBuf,
    /// All rows, or only what was committed since the backup before.
    pub full: bool,
    /// Why it is full although it was to be incremental, or follows nothing that was in the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_full: Option<String>,
    /// The last commit that is in it.
    pub commit: u64,
    /// When that was.
    pub at: UnixMillis,
    /// Bytes written, without content.
    pub bytes: u64,
    /// Files of releases that were not there yet.
    pub blobs: u64,
    /// What could not be taken along: content that is damaged in the store itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}
