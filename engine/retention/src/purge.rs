//! Removes what is old.

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
    known(upkeep, &purge.records).await?;
    let age = u64::try_from(purge.older_than.as_millis()).unwrap_or(u64::MAX);
    let until = now.0.saturating_sub(age);
    let (calls, mut commits) = (upkeep.calls(), CleanUp::new(run_name()?));
    let mut doomed = Doomed::default();
    let mut walk = Walk::new(upkeep);
    let looks_at_rows = !purge.records.is_empty() || purge.tickets;
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
                    Ok(Some(Kept::Record { collection, data: Some(_), updated_at, .. }))
                        if purge.records.contains(&collection) && updated_at.0 <= until =>
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

/// Collections that are named must be there: a slip of the pen must not look like a clean store.
async fn known(upkeep: &Upkeep, records: &[String]) -> Result<(), RetentionError> {
    if records.is_empty() {
        return Ok(());
    }
    let project = upkeep.history.live_project().await?;
    let collections = project.collections();
    for name in records {
        if !collections.contains_key(name.as_str()) {
            let known: Vec<&str> = collections.keys().map(|name| &**name).collect();
            let (name, known) = (name.clone(), known.join(", "));
            return Err(RetentionError::NoCollection { name, known });
        }
    }
    Ok(())
}
