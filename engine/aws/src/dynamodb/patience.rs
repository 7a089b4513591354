//! Asking again, within a limit and with chance in the pauses.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::Limits;
use super::failure::Failure;

/// The first pause is at most this long, and each may be twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// But none is longer than this.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// What is left of one operation's time.
pub(super) struct Patience {
    attempt: Duration,
    until: Instant,
    longest: Duration,
}

impl Patience {
    pub(super) fn new(limits: Limits) -> Self {
        let until = Instant::now() + limits.operation;
        Self { attempt: limits.attempt, until, longest: FIRST_PAUSE }
    }

    /// One try, cut off when it takes too long.
    pub(super) async fn attempt<T>(
        &self,
        ask: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let limit = self.attempt.min(self.until.saturating_duration_since(Instant::now()));
        timeout(limit, ask).await.unwrap_or_else(|_| Err(Failure::late(limit)))
    }

    /// Waits before another try; false when there is no time for one.
    pub(super) async fn pause(&mut self) -> bool {
        // Anywhere in the first so many milliseconds: those who met must not meet again.
        let pause = self.longest.mul_f64(chance());
        self.longest = (self.longest * 2).min(LONGEST_PAUSE);
        // A try that is cut off at once would only leave it in the dark what became of it.
        if Instant::now() + pause + self.attempt / 2 > self.until {
            return false;
        }
        sleep(pause).await;
        true
    }

    /// Asks until there is an answer, a failure that will not go away, or no time left.
    pub(super) async fn keep_asking<T, F>(&mut self, ask: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        loop {
            match self.attempt(ask()).await {
                Err(failure) if failure.may_pass() && self.pause().await => {}
                outcome => return outcome,
            }
        }
    }
}

/// Anything from 0 up to 1.
fn chance() -> f64 {
    f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX)
}
