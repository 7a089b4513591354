//! The only clock that the runtime reads, so that a simulated call can run in virtual time.

use futures::future::BoxFuture;

use dialgraph_base::Timestamp;

/// The time as a call sees it: the system's for a live call, a virtual one for a simulated call.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;

    /// Ends when the clock shows `until` or later.
    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'static, ()>;
}
