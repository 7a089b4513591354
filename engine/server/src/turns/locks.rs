//! One turn of a call at a time.
//!
//! The store would let only one of two concurrent turns win, but the other's plugins would have run
//! for nothing. Within one process the second delivery of an event waits, and then finds the
//! first's answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use dialgraph_base::CallId;

/// A lock for each call that has a turn under way.
#[derive(Debug, Default)]
pub(super) struct Locks {
    held: Mutex<HashMap<CallId, Arc<tokio::sync::Mutex<()>>>>,
}

/// Holds a call's lock until dropped.
#[derive(Debug)]
pub(super) struct Held {
    locks: Arc<Locks>,
    id: CallId,
    /// None only while dropping.
    guard: Option<OwnedMutexGuard<()>>,
}

impl Locks {
    /// Waits for the turn of `id` that is under way, if any, and keeps further ones waiting.
    pub(super) async fn lock(self: &Arc<Self>, id: &CallId) -> Held {
        let lock = self.all().entry(id.clone()).or_default().clone();
        // Dropped while it waits: the entry stays until the holder, or the next one, drops its own.
        let guard = lock.lock_owned().await;
        Held { locks: self.clone(), id: id.clone(), guard: Some(guard) }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<CallId, Arc<tokio::sync::Mutex<()>>>> {
        // Only single insertions and removals happen under it.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.guard = None;
        let mut all = self.locks.all();
        // Clones are made under this mutex, so nobody can begin to wait between the look and the
        // removal.
        if all.get(&self.id).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            all.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_holder_at_a_time_and_nothing_left_behind() {
        let locks = Arc::new(Locks::default());
        let (one, other) = (CallId("one".into()), CallId("other".into()));
        let first = locks.lock(&one).await;
        let _other = locks.lock(&other).await;
        let second = tokio::spawn({
            let (locks, one) = (locks.clone(), one.clone());
            async move { drop(locks.lock(&one).await) }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        second.await.unwrap();
        assert_eq!(locks.all().len(), 1, "only the other's lock is left");
    }

    #[tokio::test]
    async fn whoever_stops_waiting_leaves_nothing_behind() {
        let locks = Arc::new(Locks::default());
        let id = CallId("one".into());
        let first = locks.lock(&id).await;
        let waiting = tokio::spawn({
            let (locks, id) = (locks.clone(), id.clone());
            async move { drop(locks.lock(&id).await) }
        });
        tokio::task::yield_now().await;
        waiting.abort();
        assert!(waiting.await.is_err());
        drop(first);
        assert!(locks.all().is_empty());
    }
}
