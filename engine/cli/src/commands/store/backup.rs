//! `dialgraph store backup`.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde_json::json;

use dialgraph_api::store::{Backup, StoreDone};
use dialgraph_store::{BackupDone, BackupRequest, UnixMillis};

use super::task::{Where, no_outcome};
use super::{block_on, open_existing, shown, size};
use crate::args::StoreBackupArgs;

pub(crate) fn run(args: &StoreBackupArgs) -> Result<ExitCode> {
    let done = if args.remote.server.is_some() {
        let place = Where { remote: &args.remote, store: &args.store, json: args.json };
        by_server(&place, args.incremental)?
    } else {
        here(args)?
    };
    report(&done, args.json);
    Ok(if done.left_out.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn by_server(place: &Where<'_>, incremental: bool) -> Result<BackupDone> {
    let done = place.by_server("/v1/store/backup", &Backup { incremental })?;
    let StoreDone::Backup(done) = done else { return Err(no_outcome()) };
    Ok(BackupDone {
        folder: done.folder.into(),
        full: done.full,
        why_full: done.why_full,
        commit: done.commit,
        at: UnixMillis(done.at.0),
        bytes: done.bytes,
        blobs: done.blobs,
        left_out: done.left_out,
    })
}

fn here(args: &StoreBackupArgs) -> Result<BackupDone> {
    let config = args.store.load()?;
    let folder = args.folder.clone().or_else(|| config.store.backup.clone()).context(
        "name the folder to back up to: `dialgraph store backup FOLDER`, or `store.backup` in the \
        configuration",
    )?;
    let request = BackupRequest { folder, incremental: args.incremental, keep: args.keep };
    block_on(async {
        let opened = open_existing(&config).await?;
        opened.note_needed(&config).await?;
        let done = opened.store.backend.backup(request, opened.content).await;
        done.context("the store was not backed up")
    })
}

fn report(done: &BackupDone, as_json: bool) {
    if as_json {
        print_json!("{:#}", json!(done));
        return;
    }
    if let Some(why) = &done.why_full {
        println!("a full backup was made: {why}");
    }
    let kind = if done.full { "everything" } else { "what was new" };
    println!(
        "{}: {kind} up to commit {} ({}), {}",
        done.folder.display(),
        done.commit,
        shown(done.at),
        size(done.bytes)
    );
    println!("new files of releases: {}", done.blobs);
    for left in &done.left_out {
        println!("left out: {left}");
    }
}
