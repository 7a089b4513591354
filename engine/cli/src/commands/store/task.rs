//! What purge and erase have in common: done here or by a server, and told in the same words.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use dialgraph_api::store::{JobState, StoreDone, StoreJob};
use dialgraph_deploy::{History, Role, Who};
use dialgraph_retention::{Done, Task, Upkeep};
use dialgraph_store::UnixMillis;

use super::{block_on, open_existing};
use crate::args::{RemoteArgs, ServerArgs, StoreArgs};
use crate::client::Client;
use crate::commands::now;

/// How often a server is asked how far it is.
const EVERY: Duration = Duration::from_millis(300);

pub(super) struct Where<'a> {
    pub(super) remote: &'a RemoteArgs,
    pub(super) store: &'a StoreArgs,
    pub(super) json: bool,
}

impl Where<'_> {
    /// On the store that the configuration names.
    pub(super) fn here(&self, task: &Task, dry_run: bool) -> Result<Done> {
        let config = self.store.load()?;
        let bar = self.bar();
        let done = block_on(async {
            let opened = open_existing(&config).await?;
            let upkeep = Upkeep {
                history: History::new(opened.store.store.clone(), opened.content),
                backend: opened.store.backend,
                store: opened.store.store,
            };
            let seen = |rows| bar.set_position(rows);
            let done = upkeep.run(&who(), task, UnixMillis(now().0), dry_run, &seen).await;
            done.context("the task did not reach the end of the store")
        });
        bar.finish_and_clear();
        done
    }

    /// Removed by a server.
    pub(super) fn removed(&self, path: &str, body: &impl Serialize) -> Result<Done> {
        let StoreDone::Removed(done) = self.by_server(path, body)? else {
            return Err(no_outcome());
        };
        Ok(Done {
            dry_run: done.dry_run,
            seen: done.seen,
            removed: done.removed,
            open: done.open,
            unreadable: done.unreadable,
            left: done.left,
            log: done.log,
        })
    }

    /// By a server, which goes on with it should this command be ended.
    pub(super) fn by_server(&self, path: &str, body: &impl Serialize) -> Result<StoreDone> {
        let server = ServerArgs {
            server: self.remote.server.clone().unwrap_or_default(),
            token: self.remote.token.clone(),
            ca: self.remote.ca.clone(),
            timeout: Some(120),
        };
        let client = Client::new(&server);
        let mut job: StoreJob = client.post(path, body)?.good()?;
        let begun = job.begun_at;
        let bar = self.bar();
        while job.state == JobState::Running {
            std::thread::sleep(EVERY);
            job = client.get("/v1/store/job")?;
            if job.begun_at != begun {
                bail!("the server has begun another task since; see its audit log");
            }
            bar.set_position(job.seen);
        }
        bar.finish_and_clear();
        match (job.done, job.why) {
            (Some(done), _) => Ok(done),
            (None, Some(why)) => bail!(why),
            (None, None) => Err(no_outcome()),
        }
    }

    pub(super) fn bar(&self) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} rows read") {
            bar.set_style(style);
        }
        bar
    }
}

/// The server told nothing of a task that is done, or of another one.
pub(super) fn no_outcome() -> anyhow::Error {
    anyhow::anyhow!("the server reports no outcome")
}

/// Whoever can open the store may do anything to it; the audit log names the user of this machine.
pub(super) fn who() -> Who {
    let user = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    Who::new(format!("command/{}", user.as_deref().unwrap_or("unknown")), Role::Operator)
}

/// Tells what was removed. The exit code is 1 when something is left that should go.
pub(super) fn report(done: &Done, as_json: bool) -> Result<ExitCode> {
    if as_json {
        print_json!("{:#}", json!(done));
    } else {
        let would = if done.dry_run { "would be " } else { "" };
        let many = |what: &str, one: &str, several: &str| match done
            .removed
            .get(what)
            .copied()
            .unwrap_or(0)
        {
            1 => format!("1 {one}"),
            n => format!("{} {several}", HumanCount(n)),
        };
        let rows = many("rows", "row", "rows");
        println!("{} {would}removed, {rows} of calls", many("calls", "call", "calls"));
        for (what, one, several) in [
            ("records", "record", "records"),
            ("last-known", "copy of a record", "copies of records"),
            ("tickets", "ticket", "tickets"),
            ("receipts", "receipt", "receipts"),
            ("replies", "late reply", "late replies"),
        ] {
            if done.removed.contains_key(what) {
                println!("{} {would}removed", many(what, one, several));
            }
        }
        if done.removed.contains_key("turns") {
            let turns = many("turns", "turn", "turns");
            println!("{turns} of other calls {would}cleared of the customer's data");
        }
        println!("{} rows read", HumanCount(done.seen));
        for call in &done.open {
            println!(
                "call {call} is in progress and was not erased; erase again when it has ended"
            );
        }
        if done.left > 0 {
            let rows = HumanCount(done.left);
            println!("rows that changed meanwhile and were not erased: {rows}; erase again");
        }
        if let Some(why) = &done.log {
            println!(
                "the commit log keeps the removed data for up to a day, because a new one could \
                not be begun: {why}"
            );
        }
        for why in &done.unreadable {
            println!("not removed, because it cannot be read: {why}");
        }
    }
    Ok(if done.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
