//! Backups that the server makes by itself, while calls go on.

use std::path::Path;
use std::sync::Weak;
use std::time::{Duration, Instant};

use dialgraph_config::Config;
use dialgraph_store::{BackupRequest, newest_full};

use crate::state::App;

/// A backup as the configuration wants it; none if it names no folder.
pub(crate) fn request(config: &Config, incremental: bool) -> Option<BackupRequest> {
    let folder = config.store.backup.clone()?;
    Some(BackupRequest { folder, incremental, keep: Some(config.store.backup_keep) })
}

/// Whether the newest full backup in `folder` is older than `every`, whichever process made it.
fn is_older(folder: &Path, every: Duration) -> bool {
    // What cannot be read is told by the backup itself; without one, it is full anyway.
    let made = newest_full(folder).ok().flatten();
    // A file from the future was made before the clock was set back: how long ago is not known.
    made.is_some_and(|made| made.elapsed().is_ok_and(|age| age >= every))
}

/// Makes one at once and then regularly, for as long as the server lives.
pub(crate) async fn run(app: Weak<App>) {
    let mut full: Option<Instant> = None;
    loop {
        let every =
            {
                let Some(app) = app.upgrade() else { return };
                let Some(deploy) = &app.deploy else { return };
                // The first after a start goes on where the process before left off, if it can.
                let is_due =
                    full.is_some_and(|made| made.elapsed() >= app.config.store.backup_full_every)
                        || app.config.store.backup.as_deref().is_some_and(|folder| {
                            is_older(folder, app.config.store.backup_full_every)
                        });
                let Some(request) = request(&app.config, !is_due) else { return };
                let content = deploy.history().content();
                match app.store.backend.backup(request, content).await {
                    Ok(done) => {
                        if done.full || full.is_none() {
                            full = Some(Instant::now());
                        }
                        tracing::info!(
                            folder = %done.folder.display(),
                            full = done.full,
                            commit = done.commit,
                            bytes = done.bytes,
                            "the store was backed up"
                        );
                        for left in &done.left_out {
                            tracing::error!(left, "this could not be backed up");
                        }
                    }
                    Err(error) => tracing::error!(%error, "the store could not be backed up"),
                }
                app.config.store.backup_every
            };
        tokio::time::sleep(every).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_a_full_backup_is_that_of_its_file() {
        let root = tempfile::tempdir().unwrap();
        let hour = Duration::from_hours(1);
        assert!(!is_older(&root.path().join("nothing"), hour));
        let folder = root.path().join(format!("commit-log-{}", "0a".repeat(16)));
        std::fs::create_dir_all(&folder).unwrap();
        assert!(!is_older(root.path(), hour));
        let file = std::fs::File::create(folder.join(format!("{:020}.base", 7))).unwrap();
        assert!(!is_older(root.path(), hour));
        let made = file.metadata().unwrap().modified().unwrap();
        file.set_modified(made - 2 * hour).unwrap();
        assert!(is_older(root.path(), hour));
        assert!(!is_older(root.path(), 3 * hour));
    }
}
