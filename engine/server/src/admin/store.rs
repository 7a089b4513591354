//! What is done to a store while calls are up: removing what is old, and what is one customer's;
//! backing it up, reading it through.
//!
//! It takes as long as it takes to walk the store, so a request only begins it; how far it is, and
//! what came of it, is asked for. One at a time is enough, and it goes on whoever asked goes away.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;

use dialgraph_api::Millis;
use dialgraph_api::store::{
    Backup, Erase, JobState, Purge, StoreDone, StoreJob, StoreTask, Verify,
};
use dialgraph_deploy::Who;
use dialgraph_local::records::verify_indexes;
use dialgraph_retention::{Task, Upkeep};
use dialgraph_store::{StoreError, UnixMillis};

use super::answer::{Answer, json_of, read};
use super::body::Small;
use super::{Admin, Shared, shown};
use crate::http::auth::Operator;
use crate::http::problem::Problem;

/// Longest id of a customer, in bytes.
const MAX_CUSTOMER: usize = 256;

/// What is under way, or was last.
#[derive(Debug, Default)]
pub(super) struct Jobs(Mutex<Option<Arc<Job>>>);

#[derive(Debug)]
struct Job {
    task: StoreTask,
    by: String,
    begun_at: u64,
    dry_run: bool,
    seen: AtomicU64,
    outcome: OnceLock<Result<StoreDone, String>>,
}

impl Job {
    fn shown(&self) -> StoreJob {
        let (state, done, why) = match self.outcome.get() {
            None => (JobState::Running, None, None),
            Some(Ok(done)) => (JobState::Done, Some(done.clone()), None),
            Some(Err(why)) => (JobState::Failed, None, Some(why.clone())),
        };
        StoreJob {
            task: self.task,
            by: self.by.clone(),
            begun_at: Millis(self.begun_at),
            dry_run: self.dry_run,
            seen: self.seen.load(Ordering::Relaxed),
            state,
            done,
            why,
        }
    }
}

/// Says of a job that it failed, should it end in a panic: no other could be begun for ever.
struct Unended(Arc<Job>);

impl Drop for Unended {
    fn drop(&mut self) {
        if self.0.outcome.get().is_none() {
            let why = "it ended in a panic; the server's log has more".to_owned();
            tracing::error!(task = self.0.task.as_str(), "a task in the store ended in a panic");
            let _ = self.0.outcome.set(Err(why));
        }
    }
}

impl Jobs {
    /// Begins a task unless one is under way.
    fn begin<F>(
        &self,
        task: StoreTask,
        who: &Who,
        now: u64,
        dry_run: bool,
        work: impl FnOnce(Arc<Job>) -> F,
    ) -> Result<Arc<Job>, Problem>
    where
        F: Future<Output = Result<StoreDone, String>> + Send + 'static,
    {
        // Only a pointer is changed under the lock.
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_some_and(|job| job.outcome.get().is_none()) {
            let detail = "another task in the store is running; see GET /v1/store/job";
            return Err(Problem::new(StatusCode::CONFLICT, "busy-store", detail));
        }
        let job = Arc::new(Job {
            task,
            by: who.name.clone(),
            begun_at: now,
            dry_run,
            seen: AtomicU64::new(0),
            outcome: OnceLock::new(),
        });
        *last = Some(Arc::clone(&job));
        let running = Unended(Arc::clone(&job));
        let work = work(Arc::clone(&job));
        tokio::spawn(async move {
            let done = work.await;
            let running = &running.0;
            let task = running.task.as_str();
            match &done {
                // What came of it may name calls, and is not for the log.
                Ok(_) => {
                    tracing::info!(task, dry_run, "the task in the store has finished");
                }
                Err(error) => {
                    tracing::warn!(task, %error, "the task in the store failed");
                }
            }
            // It was empty: nobody else has this job.
            let _ = running.outcome.set(done);
        });
        Ok(job)
    }
}

/// `POST /v1/store/purge`.
pub(super) async fn purge(
    State(admin): Shared,
    Operator(who): Operator,
    Small(body): Small,
) -> Answer {
    let Purge { older_than_ms, records, tickets, dry_run } = read(&body)?;
    let older_than = Duration::from_millis(older_than_ms);
    begin(
        &admin,
        who,
        Task::Purge(dialgraph_retention::Purge { older_than, records, tickets }),
        dry_run,
    )
}

/// `POST /v1/store/erase`.
pub(super) async fn erase(
    State(admin): Shared,
    Operator(who): Operator,
    Small(body): Small,
) -> Answer {
    let Erase { customer, dry_run } = read(&body)?;
    if customer.is_empty() || customer.len() > MAX_CUSTOMER {
        return Err(
            Problem::invalid(format!("`customer` must have 1 to {MAX_CUSTOMER} bytes")).into()
        );
    }
    begin(&admin, who, Task::Erase(customer), dry_run)
}

/// `GET /v1/store/job`.
pub(super) async fn job(State(admin): Shared, _: Operator) -> Answer {
    let last = admin.jobs.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let none = || {
        let detail = "this process has not purged, erased, backed up or verified anything yet";
        Problem::new(StatusCode::NOT_FOUND, "unknown", detail)
    };
    Ok(json_of(&last.ok_or_else(none)?.shown()))
}

/// `POST /v1/store/backup`. Into the folder of the configuration only: whoever asks over HTTP names
/// no files.
pub(super) async fn backup(
    State(admin): Shared,
    Operator(who): Operator,
    Small(body): Small,
) -> Answer {
    let Backup { incremental } = read(&body)?;
    let Some(request) = crate::backups::request(&admin.app.config, incremental) else {
        let detail = "no folder for backups is configured; name one in `store.backup`, or stop the server and use `dialgraph store backup FOLDER`";
        return Err(Problem::invalid(detail.to_owned()).into());
    };
    let (backend, content) =
        (Arc::clone(&admin.app.store.backend), admin.deploy.history().content());
    let now = admin.app.clock.millis();
    let job = admin.jobs.begin(StoreTask::Backup, &who, now, false, |_| async move {
        let done = backend.backup(request, content).await;
        done.map(|done| StoreDone::Backup(shown::backup(done))).map_err(|error| error.to_string())
    })?;
    Ok((StatusCode::ACCEPTED, Json(job.shown())).into_response())
}

/// `POST /v1/store/verify`.
pub(super) async fn verify(
    State(admin): Shared,
    Operator(who): Operator,
    Small(body): Small,
) -> Answer {
    let Verify { repair_indexes } = read(&body)?;
    let store = admin.app.store.clone();
    let content = admin.deploy.history().content();
    let now = admin.app.clock.millis();
    let job = admin.jobs.begin(StoreTask::Verify, &who, now, false, |job| async move {
        let handle = tokio::runtime::Handle::current();
        // It reads the whole store where it is asked, and must not hold up turns.
        let read = tokio::task::spawn_blocking(move || {
            let seen = |rows| job.seen.store(rows, Ordering::Relaxed);
            handle.block_on(async {
                let (backend, rows) = (&*store.backend, &*store.store);
                let done = dialgraph_store::verify(backend, rows, &content, &seen).await?;
                let also = |rows| seen(done.rows + rows);
                let indexes = verify_indexes(rows, repair_indexes, &also).await;
                Ok::<_, StoreError>((done, indexes))
            })
        });
        match read.await {
            Ok(done) => done
                .map(|(done, indexes)| StoreDone::Verified(shown::verified(done, indexes)))
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    })?;
    Ok((StatusCode::ACCEPTED, Json(job.shown())).into_response())
}

fn begin(admin: &Admin, who: Who, task: Task, dry_run: bool) -> Answer {
    let upkeep = Upkeep {
        backend: Arc::clone(&admin.app.store.backend),
        store: Arc::clone(&admin.app.store.store),
        history: admin.deploy.history(),
    };
    let name = match task {
        Task::Purge(_) => StoreTask::Purge,
        Task::Erase(_) => StoreTask::Erase,
    };
    let now = admin.app.clock.millis();
    let by = who.clone();
    let job = admin.jobs.begin(name, &by, now, dry_run, |job| async move {
        let seen = |rows| job.seen.store(rows, Ordering::Relaxed);
        let done = upkeep.run(&who, &task, UnixMillis(now), dry_run, &seen).await;
        done.map(|done| StoreDone::Removed(shown::removed(done))).map_err(|error| error.to_string())
    })?;
    Ok((StatusCode::ACCEPTED, Json(job.shown())).into_response())
}
