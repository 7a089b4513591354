//! Lets runs queue for a bounded time before they reach wasmtime's pool, which fails when full.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A counting semaphore whose wait is bounded.
///
/// wasmtime's pooling allocator fails when it is full; this makes callers queue before they reach
/// it.
#[derive(Debug)]
pub(crate) struct Permits {
    free: Mutex<u32>,
    returned: Condvar,
}

/// The right to one instance, given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit<'a>(&'a Permits);

impl Permits {
    pub(crate) fn new(count: u32) -> Self {
        Self { free: Mutex::new(count), returned: Condvar::new() }
    }

    /// A permit, or none when there was no free one for `wait`.
    pub(crate) fn acquire(&self, wait: Duration) -> Option<Permit<'_>> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if *free == 0 {
            free = self
                .returned
                .wait_timeout_while(free, wait, |free| *free == 0)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        *free = free.checked_sub(1)?;
        Some(Permit(self))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.returned.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn a_full_pool_refuses_after_the_wait_and_serves_again_when_a_permit_comes_back() {
        let permits = Permits::new(1);
        let held = permits.acquire(Duration::ZERO);
        assert!(held.is_some());
        assert!(permits.acquire(Duration::from_millis(1)).is_none());
        drop(held);
        assert!(permits.acquire(Duration::ZERO).is_some());
    }

    #[test]
    fn no_more_than_the_given_number_hold_a_permit_at_once_and_everyone_gets_one() {
        let permits = Permits::new(2);
        let (holding, most, served) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let permit = permits.acquire(Duration::from_secs(60)).unwrap();
                        let now = holding.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        std::thread::yield_now();
                        holding.fetch_sub(1, Ordering::SeqCst);
                        served.fetch_add(1, Ordering::SeqCst);
                        drop(permit);
                    }
                });
            }
        });
        assert_eq!(served.into_inner(), 400);
        assert!(most.into_inner() <= 2);
    }
}
