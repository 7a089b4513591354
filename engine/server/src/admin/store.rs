//! What is done to a store while calls are up: removing what is old, and what is one customer's.
//!
//! It takes as long as it takes to walk the store, so a request only begins it; how far it is, and what came of it, is
//! asked for. One at a time is enough, and it goes on whoever asked goes away.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde_json::{Value, json};

use dialgraph_deploy::Who;
use dialgraph_retention::{Done, Purge, RetentionError, Task, Upkeep};
use dialgraph_store::UnixMillis;

use super::answer::{Answer, json_of, read};
use super::body::Small;
use super::{Admin, Shared};
use crate::http::auth::Operator;
use crate::http::problem::Problem;

/// Longest id of a customer, in bytes.
const MAX_CUSTOMER: usize = 256;

/// What is under way, or was last.
#[derive(Debug, Default)]
pub(super) struct Jobs(Mutex<Option<Arc<Job>>>);

#[derive(Debug)]
struct Job {
    task: &'static str,
    by: String,
    begun_at: u64,
    dry_run: bool,
    seen: AtomicU64,
    outcome: OnceLock<Result<Done, String>>,
}

impl Job {
    fn shown(&self) -> Value {
        let mut shown = json!({
            "task": self.task,
            "by": self.by,
            "begun_at": self.begun_at,
            "dry_run": self.dry_run,
            "seen": self.seen.load(Ordering::Relaxed),
            "state": "running",
        });
        match self.outcome.get() {
            None => {}
            Some(Ok(done)) => {
                shown["state"] = "done".into();
                shown["done"] = json!(done);
            }
            Some(Err(why)) => {
                shown["state"] = "failed".into();
                shown["why"] = why.as_str().into();
            }
        }
        shown
    }
}

impl Jobs {
    /// Begins a task unless one is under way.
    fn begin(
        &self,
        upkeep: Upkeep,
        who: Who,
        task: Task,
        now: u64,
        dry_run: bool,
    ) -> Result<Arc<Job>, Problem> {
        // Only a pointer is changed under the lock.
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_some_and(|job| job.outcome.get().is_none()) {
            let detail = "another purge or erasure is under way here; see GET /v1/store/job";
            return Err(Problem::new(StatusCode::CONFLICT, "busy-store", "One at a time", detail));
        }
        let job = Arc::new(Job {
            task: match task {
                Task::Purge(_) => "purge",
                Task::Erase(_) => "erase",
            },
            by: who.name.clone(),
            begun_at: now,
            dry_run,
            seen: AtomicU64::new(0),
            outcome: OnceLock::new(),
        });
        *last = Some(Arc::clone(&job));
        let running = Arc::clone(&job);
        tokio::spawn(async move {
            let seen = |rows| running.seen.store(rows, Ordering::Relaxed);
            let done = upkeep.run(&who, &task, UnixMillis(now), dry_run, &seen).await;
            match &done {
                Ok(done) => {
                    tracing::info!(task = running.task, dry_run, removed = ?done.removed, "the store was gone through");
                }
                Err(error) => {
                    tracing::warn!(task = running.task, %error, "the store could not be gone through");
                }
            }
            // It was empty: nobody else has this job.
            let _ = running.outcome.set(done.map_err(|error: RetentionError| error.to_string()));
        });
        Ok(job)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PurgeRequest {
    older_than_ms: u64,
    #[serde(default)]
    records: Vec<String>,
    #[serde(default)]
    tickets: bool,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EraseRequest {
    customer: String,
    #[serde(default)]
    dry_run: bool,
}

/// `POST /v1/store/purge`.
pub(super) async fn purge(
    State(admin): Shared,
    Operator(who): Operator,
    Small(body): Small,
) -> Answer {
    let PurgeRequest { older_than_ms, records, tickets, dry_run } = read(&body)?;
    let older_than = Duration::from_millis(older_than_ms);
    begin(&admin, who, Task::Purge(Purge { older_than, records, tickets }), dry_run)
}

/// `POST /v1/store/erase`.
pub(super) async fn erase(
    State(admin): Shared,
    Operator(who): Operator,
    Small(body): Small,
) -> Answer {
    let EraseRequest { customer, dry_run } = read(&body)?;
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
        let detail = "nothing was purged or erased by this process yet";
        Problem::new(StatusCode::NOT_FOUND, "unknown", "There is no such thing", detail)
    };
    Ok(json_of(&last.ok_or_else(none)?.shown()))
}

fn begin(admin: &Admin, who: Who, task: Task, dry_run: bool) -> Answer {
    let upkeep = Upkeep {
        backend: Arc::clone(&admin.app.store.backend),
        store: Arc::clone(&admin.app.store.store),
        history: admin.deploy.history(),
    };
    let job = admin.jobs.begin(upkeep, who, task, admin.app.clock.millis(), dry_run)?;
    Ok((StatusCode::ACCEPTED, Json(job.shown())).into_response())
}
