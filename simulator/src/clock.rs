//! Virtual time.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures::FutureExt as _;
use futures::future::{BoxFuture, poll_fn};

use dialgraph_base::Timestamp;

/// A clock that stands still until somebody waits for it.
#[derive(Debug, Default)]
pub struct VirtualClock {
    now: AtomicU64,
    /// When somebody wants to be woken.
    timers: Arc<Mutex<BTreeSet<u64>>>,
}

impl VirtualClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { now: AtomicU64::new(now.0), timers: Arc::default() }
    }

    /// The time it shows.
    pub fn time(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    /// Sets it, back or forth.
    pub fn set(&self, now: Timestamp) {
        self.now.store(now.0, Ordering::SeqCst);
    }

    /// Moves it on.
    pub fn advance(&self, millis: u64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
    }

    /// Moves on to the next time that somebody waits for. False when nobody does.
    pub fn skip(&self) -> bool {
        let mut timers = timers(&self.timers);
        let now = self.time().0;
        let Some(next) = timers.iter().copied().find(|timer| *timer > now) else { return false };
        timers.retain(|timer| *timer > next);
        self.now.store(next, Ordering::SeqCst);
        true
    }

    /// Runs `future` to its end. Whenever it waits, time moves on to what it waits for.
    ///
    /// A future that waits for something other than this clock is waited for in real time.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        struct Unpark(std::thread::Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        timers(&self.timers).clear();
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
            if !self.skip() {
                std::thread::park();
            }
        }
    }
}

fn timers(timers: &Mutex<BTreeSet<u64>>) -> MutexGuard<'_, BTreeSet<u64>> {
    // Single insertions and removals cannot be left half done.
    timers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A shared virtual clock, as the engine and the store want it.
#[derive(Debug, Clone, Default)]
pub struct SharedClock(pub Arc<VirtualClock>);

impl dialgraph_runtime::Clock for SharedClock {
    fn now(&self) -> Timestamp {
        self.0.time()
    }

    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'static, ()> {
        let clock = self.0.clone();
        poll_fn(move |_| {
            if clock.time() >= until {
                return Poll::Ready(());
            }
            timers(&clock.timers).insert(until.0);
            Poll::Pending
        })
        .boxed()
    }
}

impl dialgraph_store::Clock for SharedClock {
    fn now(&self) -> dialgraph_store::UnixMillis {
        dialgraph_store::UnixMillis(self.0.time().0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dialgraph_runtime::Clock as _;

    #[test]
    fn a_quarter_of_an_hour_takes_no_time() {
        let clock = SharedClock(Arc::new(VirtualClock::new(Timestamp(5))));
        let until = Timestamp(5 + 15 * 60 * 1000);
        clock.0.run(clock.sleep_until(until));
        assert_eq!(clock.now(), until);
    }

    #[test]
    fn time_moves_to_the_nearest_of_several_waits() {
        let clock = SharedClock(Arc::new(VirtualClock::new(Timestamp(0))));
        let first = futures::future::select(
            clock.sleep_until(Timestamp(700)),
            clock.sleep_until(Timestamp(300)),
        );
        clock.0.run(first);
        assert_eq!(clock.now(), Timestamp(300));
    }
}
