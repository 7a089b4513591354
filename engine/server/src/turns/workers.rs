//! The threads that turns run on.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::precedence::Precedence;

/// A runtime of its own for turns: what plugins compute keeps no connection waiting.
#[derive(Debug)]
pub struct Workers {
    runtime: Option<Runtime>,
    threads: usize,
    held: Arc<Held>,
    precedence: Arc<Precedence>,
}

impl Workers {
    /// So many threads.
    ///
    /// # Errors
    /// When the machine gives no threads.
    pub fn new(threads: usize) -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("turns")
            .enable_all()
            .build()?;
        let precedence = Precedence::new(threads);
        Ok(Self { runtime: Some(runtime), threads, held: Arc::default(), precedence })
    }

    /// Comes back when the turn that awaits it may begin. To be awaited by what was
    /// [spawned](Self::spawn).
    pub(super) async fn begin(&self) {
        self.precedence.begin().await;
    }

    pub(super) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let held = self.held.clone();
        let watched = async move {
            let mut future = pin!(future);
            std::future::poll_fn(|context| {
                let _taken = held.take();
                future.as_mut().poll(context)
            })
            .await
        };
        let watched = self.precedence.clone().watch(watched);
        match &self.runtime {
            Some(runtime) => runtime.spawn(watched),
            // Only while dropping, when nobody can call this.
            None => tokio::spawn(watched),
        }
    }

    /// Threads in all, and those among them that at `now` have been busy with one thing for longer
    /// than `limit`. A turn gives its thread back whenever it waits, so such a one will probably
    /// never come back.
    pub fn stuck(&self, now: Instant, limit: Duration) -> (usize, usize) {
        (self.threads, self.held.longer_than(now, limit))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // A runtime must not be waited for where it may be dropped: on a thread of another one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Since when each busy thread has been busy.
#[derive(Debug, Default)]
struct Held {
    since: Mutex<BTreeMap<u64, Instant>>,
    next: AtomicU64,
}

/// A thread is busy for as long as this lives, even if what it does panics.
struct Taken<'a> {
    held: &'a Held,
    key: u64,
}

impl Held {
    fn take(&self) -> Taken<'_> {
        let key = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(key, Instant::now());
        Taken { held: self, key }
    }

    fn longer_than(&self, now: Instant, limit: Duration) -> usize {
        let since = self.lock();
        since.values().filter(|since| now.saturating_duration_since(**since) > limit).count()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.held.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_thread_that_does_not_come_back_is_told_from_one_that_waits() {
        let workers = Workers::new(2).unwrap();
        let (release, blocked) = mpsc::channel::<()>();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let (answer, answered) = tokio::sync::oneshot::channel::<()>();
        let waits = workers.spawn(async { answered.await.is_ok() });
        let stuck = workers.spawn(async move {
            begun.send(()).unwrap();
            blocked.recv().is_ok()
        });
        begins.await.unwrap();
        let limit = Duration::from_secs(60);
        let now = Instant::now();
        assert_eq!(workers.stuck(now, limit), (2, 0));
        assert_eq!(workers.stuck(now + Duration::from_secs(61), limit), (2, 1));
        release.send(()).unwrap();
        assert!(stuck.await.unwrap());
        answer.send(()).unwrap();
        assert!(waits.await.unwrap());
        let broken = workers.spawn(async { panic!("a defect") });
        broken.await.unwrap_err();
        assert_eq!(workers.stuck(now + Duration::from_secs(61), limit), (2, 0));
    }
}
