//! When a call counts as over, and how long it is kept.

use std::time::Duration;

use dialgraph_connect::protocol::{CHAT_TIMEOUTS, KEY_TIMEOUTS};

use crate::Config;

section! {
    /// When a call counts as over, and how long it is kept.
    pub struct CallsSection {
        /// A call without an event for so long is taken for hung up, so that it is wrapped up and
        /// logged. More than 30m where Amazon Connect calls: chats wait so long for an answer.
        idle_limit: Duration = Duration::from_secs(40 * 60), more_than_zero;

        /// How often such calls are looked for.
        idle_check: Duration = Duration::from_secs(60), more_than_zero;

        /// A contact that was given to a queue, an agent or another number counts as over when
        /// nothing was heard of it for so long. Its `after` flow then runs, and knows that by
        /// `call.ended_by`. Longer than anybody waits for a call back.
        contact_limit: Duration = Duration::from_secs(7 * 24 * 60 * 60), more_than_zero;

        /// What was said and done in a turn is kept so long after it, a call that is over so long
        /// after its end, such as "90d"; then the store drops it by itself. "0s": for ever. What
        /// was written before it was set: `dialgraph store purge`.
        retention: Duration = Duration::ZERO;
    }
}

impl CallsSection {
    /// The retention in milliseconds; none: for ever.
    pub fn keep_millis(&self) -> Option<u64> {
        let millis = u64::try_from(self.retention.as_millis()).unwrap_or(u64::MAX);
        (millis > 0).then_some(millis)
    }
}

impl Config {
    /// Whether a customer of Amazon Connect who is asked something may take all the time that the
    /// bridge flow gives them, and is not taken for gone before.
    ///
    /// # Errors
    /// What to set instead.
    pub fn outlasts_questions(&self) -> Result<(), String> {
        let longest = CHAT_TIMEOUTS.into_iter().chain(KEY_TIMEOUTS).max().unwrap_or_default();
        if self.calls.idle_limit > Duration::from_secs(u64::from(longest)) {
            return Ok(());
        }
        Err(format!(
            "must be more than \"{}m\", for which the bridge flow may wait for a customer; \"40m\" leaves room for what is said before",
            longest / 60
        ))
    }
}
