//! How long one turn may take, and how many there may be at a time.

use std::time::Duration;

use crate::Config;

/// The most that a Lambda's budget can be; Amazon Connect waits for 8 s.
const LAMBDA_BUDGET: Duration = Duration::from_millis(7_500);

section! {
    /// How long a turn may take, and how many there may be.
    pub struct TurnsSection {
        /// Providers may take so long before the caller hears a comfort prompt and the turn ends;
        /// they run on.
        budget: Duration = Duration::from_secs(4), more_than_zero;

        /// After a comfort prompt the caller waits so long before the engine looks again.
        comfort_wait: Duration = Duration::from_secs(2);

        /// From a request's arrival to its answer, come what may; later whoever asks is told to ask
        /// again. Must be less than the Lambda's budget (6.5 s unless it is told otherwise, 7.5 s
        /// at most).
        answer_within: Duration = Duration::from_millis(5500), more_than_zero,
            less_than(
                LAMBDA_BUDGET,
                "the Lambda gives up after 6.5 s, or what DIALGRAPH_BUDGET_MS says there, 7.5 s at most, and the caller would hear its fallback"
            );

        /// Turns at the same time, those that wait for providers included.
        at_once: u32 = 256, at_least(1);

        /// Turns that may wait to begin; more get the fallback at once.
        waiting: u32 = 256;

        /// How long a turn may wait to begin before it gets the fallback.
        wait: Duration = Duration::from_secs(1);

        /// Threads that run plugins; 0: one for each processor, at least two.
        workers: u32 = 0;
    }
}

impl Config {
    /// How many threads run turns.
    pub fn workers(&self) -> usize {
        match self.turns.workers {
            0 => std::thread::available_parallelism().map_or(2, usize::from).max(2),
            workers => workers as usize,
        }
    }
}
