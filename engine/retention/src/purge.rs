//! Removes what is old.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dialgraph_deploy::DeployError;
use dialgraph_local::kept::{Kept, is_kept};
use dialgraph_runtime::CleanUp;
use dialgraph_store::UnixMillis;

use crate::error::RetentionError;
use crate::sweep::{Doomed, Found, Met, Walk, look, remove, remove_lost, tell};
use crate::{Done, Purge, Upkeep, run_name};

pub(crate) async fn run(
    upkeep: &Upkeep,
    purge: &Purge,
    now: UnixMillis,
    done: &mut Done,
    seen: &(dyn Fn(u64) + Send + Sync),
) -> Result<(), RetentionError> {
    let ages = Ages::of(upkeep, purge, now, done).await?;
    let until = before(now, purge.older_than);
    let (calls, mut commits) = (upkeep.calls(), CleanUp::new(run_name()?));
    let mut doomed = Doomed::default();
    let mut walk = Walk::new(upkeep);
    let looks_at_rows = !ages.is_empty() || purge.tickets;
    while let Some(met) = walk.next(done, |key| looks_at_rows && is_kept(key), seen).await? {
        match met {
            Met::Call(id) => match look(&calls, &id).await? {
                Found::Call(loaded) => {
                    let call = &loaded.call;
                    let last = call.last_turn_at.max(call.started_at).0;
                    // One that is over and waits for an `after` flow that never comes is old, too.
                    if (!loaded.is_open() || call.is_over()) && last <= until {
                        // One that came back meanwhile is not old.
                        remove(&calls, &id, Some(&loaded), &mut commits, done).await?;
                    }
                }
                Found::Remains => {
                    remove(&calls, &id, None, &mut commits, done).await?;
                }
                // No event can take it up again; how old it is, its turns may tell.
                Found::Unreadable(error) if error.is_damage() => {
                    match calls.last_seen(&id).await? {
                        Some(last) if last.0 <= until => {
                            remove_lost(&calls, &id, &mut commits, done).await?;
                        }
                        _ => tell(&id, &error, done),
                    }
                }
                Found::Unreadable(error) => tell(&id, &error, done),
            },
            Met::Row(row) => {
                let what = match Kept::read(&row) {
                    Ok(Some(Kept::Record { collection, key, data: Some(_), updated_at }))
                        if ages.are_over(&collection, &key, updated_at.0) =>
                    {
                        "records"
                    }
                    Ok(Some(Kept::Ticket(ticket)))
                        if purge.tickets && ticket.opened_at.0 <= until =>
                    {
                        "tickets"
                    }
                    Ok(_) => continue,
                    Err(error) if error.is_of_row() => {
                        done.unreadable.push(format!("{}: {error}", row.key));
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                };
                doomed.add(&row, what, &*upkeep.store, &mut commits, done).await?;
            }
        }
    }
    doomed.finish(&*upkeep.store, &mut commits, done).await
}

fn before(now: UnixMillis, age: Duration) -> u64 {
    now.0.saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
}

/// When records are old.
#[derive(Default)]
struct Ages {
    /// By collection that was named: what was written by then goes.
    named: BTreeMap<String, u64>,
    /// By collection with a retention of its own the same, and keys that stay: a record of the seed
    /// would be back with the next start.
    kept: BTreeMap<String, (u64, BTreeSet<String>)>,
}

impl Ages {
    async fn of(
        upkeep: &Upkeep,
        purge: &Purge,
        now: UnixMillis,
        done: &mut Done,
    ) -> Result<Self, RetentionError> {
        let project = match upkeep.history.live_project().await {
            Ok(project) => project,
            Err(DeployError::NothingLive) if purge.records.is_empty() => return Ok(Self::default()),
            // Calls can be purged without it; what else is old, nobody knows then.
            Err(error) if purge.records.is_empty() => {
                done.unreadable.push(format!("the retention of collections: {error}"));
                return Ok(Self::default());
            }
            Err(error) => return Err(error.into()),
        };
        let collections = project.collections();
        let mut ages = Self::default();
        for name in &purge.records {
            // A slip of the pen must not look like a clean store.
            if !collections.contains_key(name.as_str()) {
                let known: Vec<&str> = collections.keys().map(|name| &**name).collect();
                let (name, known) = (name.clone(), known.join(", "));
                return Err(RetentionError::NoCollection { name, known });
            }
            ages.named.insert(name.clone(), before(now, purge.older_than));
        }
        for (name, collection) in collections {
            if let Some(retention) = collection.retention {
                let seeded = collection.seed.keys().cloned().collect();
                ages.kept.insert(name.to_string(), (before(now, retention), seeded));
            }
        }
        Ok(ages)
    }

    fn is_empty(&self) -> bool {
        self.named.is_empty() && self.kept.is_empty()
    }

    fn are_over(&self, collection: &str, key: &str, written: u64) -> bool {
        self.named.get(collection).is_some_and(|until| written <= *until)
            || self
                .kept
                .get(collection)
                .is_some_and(|(until, seeded)| written <= *until && !seeded.contains(key))
    }
}
