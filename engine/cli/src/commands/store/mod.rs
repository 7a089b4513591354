//! `dialgraph store`: what is done to a store as a whole. One file for each command.

mod backup;
mod create_table;
mod erase;
mod export;
mod import;
mod new_key;
mod purge;
mod recover;
mod task;
mod verify;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};

use dialgraph_config::{Backend, Config, usual_file};
use dialgraph_deploy::History;
use dialgraph_store::{Blobs, Lacking, OpenStore, Progress, StoreError, UnixMillis, Until};
use dialgraph_wiring::WiringError;

use crate::args::{StoreArgs, StoreCommand};

pub(crate) fn run(command: &StoreCommand) -> Result<ExitCode> {
    match command {
        StoreCommand::CreateTable(args) => create_table::run(args),
        StoreCommand::NewKey(args) => new_key::run(args),
        StoreCommand::Export(args) => export::run(args),
        StoreCommand::Import(args) => import::run(args),
        StoreCommand::Purge(args) => purge::run(args),
        StoreCommand::Erase(args) => erase::run(args),
        StoreCommand::Backup(args) => backup::run(args),
        StoreCommand::Verify(args) => verify::run(args),
        StoreCommand::Recover(args) => recover::run(args),
    }
}

/// Reads `--older-than`.
pub(crate) fn age(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not an age; write for example 90d, 36h or 30m");
    let end = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(end);
    let seconds = match unit {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        "s" => 1,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

/// Reads `--to` of a recovery.
pub(crate) fn until(text: &str) -> Result<Until, String> {
    if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        return text
            .parse()
            .map(Until::Commit)
            .map_err(|_| format!("`{text}` is not the number of a commit"));
    }
    let wrong = || {
        format!(
            "`{text}` is neither a commit number nor a time; write for example 4711 or \
            2026-11-29T09:30:00+09:00"
        )
    };
    let instant: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
    let millis = u64::try_from(instant.as_millisecond()).map_err(|_| wrong())?;
    Ok(Until::Time(UnixMillis(millis)))
}

/// An instant for people.
fn shown(at: UnixMillis) -> String {
    let instant =
        i64::try_from(at.0).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    instant.map_or_else(|| at.to_string(), |instant| instant.to_string())
}

/// A store as a server would have it.
struct Opened {
    store: OpenStore,
    content: Blobs,
}

impl StoreArgs {
    fn load(&self) -> Result<Config> {
        let file = self.config.clone().or_else(usual_file);
        Ok(Config::load(file.as_deref(), std::env::vars())?.0)
    }
}

impl Opened {
    /// Finds out which content the releases in the store need, so that what is missing of it is
    /// found. Says why it cannot be told.
    async fn note_needed(&self, config: &Config) -> Result<()> {
        let history = History::new(self.store.store.clone(), self.content.clone());
        let told = history.note_needed(config.deploy.keep_releases).await;
        told.context("cannot determine which content the releases in the store need")
    }

    /// Content that is needed and not there; reads all of it.
    async fn lacking(&self, config: &Config) -> Result<Lacking> {
        self.note_needed(config).await?;
        let content = self.content.clone();
        Ok(tokio::task::spawn_blocking(move || content.lacking()).await??)
    }
}

/// Opens a store that is there already.
async fn open_existing(config: &Config) -> Result<Opened> {
    must_exist(config)?;
    open(config).await
}

/// An embedded store would be made if it were not there.
fn must_exist(config: &Config) -> Result<()> {
    let folder = &config.store.folder;
    // Of a damaged store, some of these may be gone.
    let parts = ["dialgraph-store", "db", "conf", "commit-log", "blobs"];
    let is_there = parts.iter().any(|part| folder.join(part).exists());
    if config.store.backend == Backend::Sled && !is_there {
        bail!(
            "there is no store in {}; go to the folder where `dialgraph serve` runs, or name its configuration with --config",
            folder.display()
        );
    }
    Ok(())
}

async fn open(config: &Config) -> Result<Opened> {
    // Nobody is on the phone, and pages are large.
    let mut config = config.clone();
    config.store.attempt_timeout = config.store.attempt_timeout.max(Duration::from_secs(10));
    config.store.operation_timeout = config.store.operation_timeout.max(Duration::from_secs(60));
    let config = &config;
    let store = match dialgraph_wiring::open_store(config).await {
        Ok(store) => store,
        Err(WiringError::Store(StoreError::Locked { path })) => {
            return Err(anyhow!(
                "the store in {} is in use, by `dialgraph serve` most likely: only one process can \
                own an embedded store. Stop that process first, or let it do backup, verify, purge \
                and erase itself with --server http://127.0.0.1:7700",
                path.display()
            ));
        }
        Err(error) => return Err(error.into()),
    };
    let content = dialgraph_wiring::content(config, &store)?;
    Ok(Opened { store, content })
}

/// Carries out what takes a store.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start threads on this machine")?;
    runtime.block_on(work)
}

/// A bar over so many bytes, or what spins where nobody knows how many there are; nothing without a
/// terminal.
fn bar(bytes: Option<u64>, hidden: bool) -> ProgressBar {
    if hidden || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match bytes {
        Some(bytes) => (ProgressBar::new(bytes), "{bar:40} {bytes}/{total_bytes}  {wide_msg}"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes}  {wide_msg}"),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn tell(bar: &ProgressBar, progress: Progress) {
    bar.set_position(progress.bytes);
    bar.set_message(amount(progress.rows, progress.blobs));
}

/// How much of what, for people.
fn amount(rows: u64, blobs: u64) -> String {
    let files = if blobs == 1 { "file" } else { "files" };
    let of = if rows == 1 { "row" } else { "rows" };
    format!("{} {of} and {} {files} of releases", HumanCount(rows), HumanCount(blobs))
}

fn size(bytes: u64) -> String {
    HumanBytes(bytes).to_string()
}
