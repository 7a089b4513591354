//! When calls last had an event, and over which channel they are held, as far as this process
//! knows.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dialgraph_base::{CallId, Channel};

/// Calls in progress.
#[derive(Debug, Default)]
pub struct Activity {
    calls: Mutex<HashMap<CallId, Known>>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    channel: Channel,
    /// In milliseconds since 1970.
    last: u64,
}

impl Activity {
    /// The last event of `id` known here; another process may know of a later one.
    pub fn last(&self, id: &CallId) -> Option<u64> {
        self.all().get(id).map(|known| known.last)
    }

    /// None: the call had no event here.
    pub fn channel(&self, id: &CallId) -> Option<Channel> {
        self.all().get(id).map(|known| known.channel)
    }

    pub(crate) fn note(&self, id: &CallId, channel: Channel, at_ms: u64) {
        let mut all = self.all();
        match all.get_mut(id) {
            Some(known) => known.last = at_ms.max(known.last),
            None => drop(all.insert(id.clone(), Known { channel, last: at_ms })),
        }
    }

    pub(crate) fn forget(&self, id: &CallId) {
        self.all().remove(id);
    }

    /// Lets go of what is older: calls that ended on other processes.
    pub(crate) fn forget_before(&self, at_ms: u64) {
        self.all().retain(|_, known| known.last >= at_ms);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<CallId, Known>> {
        // Every change under it is whole.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
