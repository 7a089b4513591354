//! The time that a run may take, as a clock shows it and not as ticks are counted: on a busy
//! machine they come late.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What tells the time that runs take: the time since some fixed moment.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Clock {
    /// Another clock than the machine's, for tests.
    pub fn new(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    fn now(&self) -> Duration {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        let begun = Instant::now();
        Self::new(move || begun.elapsed())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// When a run must have ended.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    clock: Clock,
    end: Duration,
}

impl Deadline {
    pub(crate) fn after(clock: &Clock, time: Duration) -> Self {
        Self { clock: clock.clone(), end: clock.now().saturating_add(time) }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.clock.now() >= self.end
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn a_deadline_is_over_when_its_clock_says_so() {
        let now = Arc::new(AtomicU64::new(7));
        let shown = Arc::clone(&now);
        let clock = Clock::new(move || Duration::from_millis(shown.load(Ordering::SeqCst)));
        let deadline = Deadline::after(&clock, Duration::from_millis(1_000));
        assert!(!deadline.is_over());
        now.store(1_006, Ordering::SeqCst);
        assert!(!deadline.is_over());
        now.store(1_007, Ordering::SeqCst);
        assert!(deadline.is_over());
    }
}
