//! `dialgraph store recover`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use dialgraph_config::{Backend, Config};
use dialgraph_deploy::{Action, DeployError, History};
use dialgraph_store::{Lacking, RecoverOptions, Recovered, UnixMillis, Until, lacking, recover};

use super::{block_on, open_existing, shown, task};
use crate::args::StoreRecoverArgs;
use crate::commands::now;

pub(crate) fn run(args: &StoreRecoverArgs) -> Result<ExitCode> {
    let config = args.store.load()?;
    if config.store.backend != Backend::Sled {
        bail!(
            "this command recovers an embedded store only; for a DynamoDB table, use point-in-time \
            recovery (see docs/store.md)"
        );
    }
    let options = RecoverOptions {
        from: args.from.clone(),
        until: args.to.unwrap_or(Until::Last),
        accept_loss: args.accept_loss,
        dry_run: args.dry_run,
        now: UnixMillis(now().0),
        lock_patience: Duration::from_secs(2),
    };
    let folder = &config.store.folder;
    if !folder.is_dir() && args.from.is_empty() {
        bail!(
            "there is no store in {}; name a backup to restore it from with --from",
            folder.display()
        );
    }
    let done = recover(folder, &options)?;
    let (noted, lacking) = if done.dry_run {
        (None, lacking(folder)?)
    } else {
        let (noted, lacking) = look(&config, &done)?;
        (noted, lacking)
    };
    report(&done, &lacking, args.json);
    if noted == Some(false) && !args.json {
        println!(
            "no release was ever live in this store, so there is no audit log to record the \
            recovery in"
        );
    }
    let is_whole = lacking.is_empty() || (done.dry_run && !args.from.is_empty());
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Opens the store as it is now: tells of what was made anew in the audit log, and says whether
/// there is one; and looks whether all content is there.
fn look(config: &Config, done: &Recovered) -> Result<(Option<bool>, Lacking)> {
    let text = words(done).join("; ");
    let removed = BTreeMap::from([("commits".to_owned(), done.lost)]);
    block_on(async {
        let opened = match open_existing(config).await {
            Ok(opened) => opened,
            // Without its key, say. What was noted of its content has to do.
            Err(_) if done.was_whole => return Ok((None, lacking(&config.store.folder)?)),
            Err(error) => {
                return Err(error).context("the store was recovered, but cannot be opened");
            }
        };
        let lacking = opened.lacking(config).await?;
        if done.was_whole {
            return Ok((None, lacking));
        }
        let history = History::new(opened.store.store, opened.content);
        let at = UnixMillis(now().0);
        match history.removed(&task::who(), Action::Recover, at, &removed, Some(text)).await {
            Ok(()) => Ok((Some(true), lacking)),
            Err(DeployError::NothingLive) => Ok((Some(false), lacking)),
            Err(error) => Err(error).context(
                "the store was recovered, but the recovery could not be recorded in its audit log",
            ),
        }
    })
}

fn words(done: &Recovered) -> Vec<String> {
    let mut words = vec![format!(
        "the store {} as of commit {} ({}), recovered from {}",
        if done.dry_run { "would be" } else { "is" },
        done.commit,
        shown(done.at),
        done.source
    )];
    match (done.lost, done.promised, done.promised_at) {
        (0, _, _) if done.unproven.is_some() => words.push(format!(
            "it is unknown whether later commits were acknowledged; {}",
            if done.dry_run { "they would be given up" } else { "they were given up" }
        )),
        (0, _, _) => words.push("no acknowledged commit is missing".to_owned()),
        (lost, Some(promised), Some(at)) => words.push(format!(
            "{lost} commits after it, up to {promised} ({}), {}",
            shown(at),
            if done.dry_run { "would be given up" } else { "were given up" }
        )),
        (lost, _, _) => words.push(format!("{lost} commits after it were given up")),
    }
    words
}

fn report(done: &Recovered, lacking: &Lacking, as_json: bool) {
    if as_json {
        let mut told = json!(done);
        told["lacking"] = lacking.told().collect::<Vec<_>>().into();
        print_json!("{told:#}");
        return;
    }
    if !done.found.is_empty() {
        println!("found: {}", done.found);
    }
    if done.was_whole {
        let what = if lacking.is_empty() { "the store is whole" } else { "all rows are there" };
        println!("{what}, as of commit {}; no recovery was needed", done.commit);
    } else {
        for line in words(done) {
            println!("{line}");
        }
    }
    if done.blobs > 0 {
        println!("files of releases restored: {}", done.blobs);
    }
    for what in lacking.told() {
        println!("{what}; name a backup that has it with --from, or push it again");
    }
    for unreadable in &done.unreadable {
        println!("could not be read: {unreadable}");
    }
    if let Some(aside) = &done.aside {
        println!(
            "the damaged files are in {}: they hold what callers said, so remove them when you no \
            longer need them",
            aside.display()
        );
    }
}
