//! The threads that turns run on.

use std::future::Future;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// A runtime of its own for turns: what plugins compute keeps no connection waiting.
#[derive(Debug)]
pub struct Workers(Option<Runtime>);

impl Workers {
    /// So many threads.
    ///
    /// # Errors
    /// When the machine gives no threads.
    pub fn new(threads: usize) -> std::io::Result<Self> {
        Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("turns")
            .enable_all()
            .build()
            .map(|runtime| Self(Some(runtime)))
    }

    pub(super) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match &self.0 {
            Some(runtime) => runtime.spawn(future),
            // Only while dropping, when nobody can call this.
            None => tokio::spawn(future),
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // A runtime must not be waited for where it may be dropped: on a thread of another one.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
