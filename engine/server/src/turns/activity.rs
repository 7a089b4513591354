//! When calls last had an event, as far as this process knows.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dialgraph_kernel::call::CallId;

/// Times in milliseconds since 1970, by call in progress.
#[derive(Debug, Default)]
pub struct Activity {
    last: Mutex<HashMap<CallId, u64>>,
}

impl Activity {
    /// The last event of `id` known here; another process may know of a later one.
    pub fn last(&self, id: &CallId) -> Option<u64> {
        self.all().get(id).copied()
    }

    pub(crate) fn note(&self, id: &CallId, at_ms: u64) {
        let mut all = self.all();
        match all.get_mut(id) {
            Some(last) => *last = at_ms.max(*last),
            None => drop(all.insert(id.clone(), at_ms)),
        }
    }

    pub(crate) fn forget(&self, id: &CallId) {
        self.all().remove(id);
    }

    /// Lets go of what is older: calls that ended on other processes.
    pub(crate) fn forget_before(&self, at_ms: u64) {
        self.all().retain(|_, last| *last >= at_ms);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<CallId, u64>> {
        // Every change under it is whole.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
