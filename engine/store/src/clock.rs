//! Time as the store sees it: handed in, never read from the machine.
//!
//! A simulated call runs on virtual time and a replay on recorded time, so expiry has to be decided
//! by whoever owns the clock. Backends keep an `Arc<dyn Clock>` and ask it once per operation.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, UTC.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// The instant `millis` milliseconds later; stays at the far end of time instead of wrapping.
    #[must_use]
    pub fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// Where a store learns the time.
///
/// Any closure that gives a [`UnixMillis`] is a clock; tests and the simulator use [`ManualClock`].
///
/// ```
/// use std::sync::Arc;
/// use dialgraph_store::{Clock, UnixMillis};
///
/// let frozen: Arc<dyn Clock> = Arc::new(|| UnixMillis(1_800_000_000_000));
/// assert_eq!(frozen.now(), UnixMillis(1_800_000_000_000));
/// ```
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> UnixMillis;
}

impl<F> Clock for F
where
    F: Fn() -> UnixMillis + Send + Sync,
{
    fn now(&self) -> UnixMillis {
        self()
    }
}

/// A clock that moves only when told to.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn new(start: UnixMillis) -> Self {
        Self(AtomicU64::new(start.0))
    }

    /// Moves the clock to `instant`, forwards or backwards.
    pub fn set(&self, instant: UnixMillis) {
        self.0.store(instant.0, Ordering::SeqCst);
    }

    /// Moves the clock forwards by `millis` milliseconds.
    pub fn advance(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::SeqCst))
    }
}
