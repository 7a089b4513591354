//! What every backend must do, as tests that any backend can run.
//!
//! Each behaviour is a function that gets an empty store and the clock the store runs on, and
//! either holds or says what was wrong. A backend's own tests call [`run_all`]:
//!
//! ```
//! use std::sync::Arc;
//! use dialgraph_store::{MemoryStore, Store, conformance};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let outcome = conformance::run_all(async |clock| {
//!     let store: Arc<dyn Store> = Arc::new(MemoryStore::new(clock));
//!     store
//! })
//! .await;
//! assert_eq!(outcome, Ok(()));
//! # });
//! ```
//!
//! The suite asks nothing of timing and little of speed, but a few behaviours write some hundred
//! rows.

mod commits;
mod concurrency;
mod expiry;
mod limits;
mod queries;
mod subject;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

pub use self::subject::Subject;
use crate::clock::{Clock, ManualClock, UnixMillis};
use crate::store::Store;

/// What a behaviour says: nothing, or what was wrong.
pub type Verdict = Result<(), String>;

type Running<'a> = Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;

/// One thing that every backend does.
#[derive(Clone, Copy)]
pub struct Behaviour {
    /// A sentence, with underscores.
    pub name: &'static str,
    run: for<'a> fn(&'a Subject) -> Running<'a>,
}

impl Behaviour {
    const fn new(name: &'static str, run: for<'a> fn(&'a Subject) -> Running<'a>) -> Self {
        Self { name, run }
    }

    /// Tries it on an empty store that runs on `clock`.
    ///
    /// # Errors
    /// What was wrong.
    pub async fn hold(&self, store: Arc<dyn Store>, clock: Arc<ManualClock>) -> Verdict {
        (self.run)(&Subject::new(store, clock)).await
    }
}

impl fmt::Debug for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Behaviour({})", self.name)
    }
}

/// Every behaviour there is, by what it is about.
pub fn groups() -> [(&'static str, &'static [Behaviour]); 5] {
    [
        ("commits: versions, expectations, atomicity, tokens", commits::ALL),
        ("expiry", expiry::ALL),
        ("queries: order, ranges, pages, cursors", queries::ALL),
        ("limits", limits::ALL),
        ("many at once", concurrency::ALL),
    ]
}

/// Every behaviour there is.
pub fn behaviours() -> Vec<Behaviour> {
    groups().map(|(_, of_group)| of_group).concat()
}

/// Tries every behaviour on a store of its own, which `make` makes, empty, on the given clock.
///
/// # Errors
/// Every behaviour that did not hold, with what was wrong.
pub async fn run_all(
    make: impl AsyncFn(Arc<dyn Clock>) -> Arc<dyn Store>,
) -> Result<(), Vec<(&'static str, String)>> {
    let mut broken = Vec::new();
    for behaviour in behaviours() {
        // An instant that looks real, so that a backend may store it as it likes.
        let clock = Arc::new(ManualClock::new(UnixMillis(1_800_000_000_000)));
        let store = make(Arc::clone(&clock) as Arc<dyn Clock>).await;
        if let Err(wrong) = behaviour.hold(store, clock).await {
            broken.push((behaviour.name, wrong));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(broken) }
}
