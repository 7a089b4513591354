//! The machine's clock: where live calls and their store get the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use dialgraph_base::Timestamp;
use dialgraph_store::UnixMillis;

/// The system's time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl SystemClock {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[expect(clippy::disallowed_methods, reason = "the one place where live calls get the time")]
    pub fn millis(self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

impl crate::Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.millis())
    }

    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'static, ()> {
        let ms = until.0.saturating_sub(self.millis());
        tokio::time::sleep(Duration::from_millis(ms)).boxed()
    }
}

impl dialgraph_store::Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.millis())
    }
}
