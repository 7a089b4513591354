//! A provider that failed often in a row is left alone for a while: its callers get their answer at
//! once, and it gets the time to come back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::time::Instant;

use dialgraph_kernel::ports::{HostCall, HostError, HostResult};
use dialgraph_kernel::provider::Caller;

use super::patience::Patience;
use super::{is_down, subject};
use crate::telemetry::Metrics;

/// Subjects that have a breaker, at most: hosts are named by flows.
const MOST: usize = 256;

/// One breaker for each subject.
pub struct Breakers {
    /// 0: never open.
    failures: u32,
    pause: Duration,
    metrics: Arc<Metrics>,
    all: Mutex<HashMap<String, Breaker>>,
}

impl std::fmt::Debug for Breakers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Breakers").field("open", &self.open()).finish_non_exhaustive()
    }
}

/// How a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Requests go through.
    Closed,
    /// None goes through.
    Open,
    /// One goes through, to see.
    Trying,
}

#[derive(Debug)]
struct Breaker {
    state: State,
    failures: u32,
    opened: Instant,
}

impl Breakers {
    pub(super) fn new(failures: u32, pause: Duration, metrics: &Arc<Metrics>) -> Self {
        Self { failures, pause, metrics: metrics.clone(), all: Mutex::default() }
    }

    /// Subjects that are left alone now.
    pub fn open(&self) -> Vec<String> {
        let all = self.all();
        let mut open: Vec<String> = all
            .iter()
            .filter(|(_, breaker)| breaker.state != State::Closed)
            .map(|(subject, _)| subject.clone())
            .collect();
        open.sort();
        open
    }

    /// Whether a request may go through.
    fn admits(&self, subject: &str) -> bool {
        let mut all = self.all();
        let Some(breaker) = all.get_mut(subject) else { return true };
        match breaker.state {
            State::Closed => true,
            // A try whose answer nobody awaited to its end must not close the way for ever.
            State::Open | State::Trying if breaker.opened.elapsed() >= self.pause => {
                breaker.state = State::Trying;
                breaker.opened = Instant::now();
                true
            }
            State::Open | State::Trying => false,
        }
    }

    fn record(&self, subject: &str, down: bool) {
        if self.failures == 0 {
            return;
        }
        let mut all = self.all();
        if !down {
            if let Some(breaker) = all.remove(subject)
                && breaker.state != State::Closed
            {
                tracing::info!(provider = subject, "a provider answers again");
                self.metrics.breaker(subject, false);
            }
            return;
        }
        if all.len() >= MOST && !all.contains_key(subject) {
            return;
        }
        let breaker = all.entry(subject.to_owned()).or_insert_with(|| Breaker {
            state: State::Closed,
            failures: 0,
            opened: Instant::now(),
        });
        breaker.failures = breaker.failures.saturating_add(1);
        let opens = match breaker.state {
            State::Closed => breaker.failures >= self.failures,
            State::Trying => true,
            // An answer to a request from before.
            State::Open => false,
        };
        if opens {
            if breaker.state == State::Closed {
                tracing::warn!(
                    provider = subject,
                    "a provider keeps failing; requests to it are paused"
                );
            }
            breaker.state = State::Open;
            breaker.opened = Instant::now();
            self.metrics.breaker(subject, true);
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Breaker>> {
        // Every change under it is whole.
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Breaking {
    pub(super) inner: Arc<Patience>,
    pub(super) breakers: Arc<Breakers>,
}

impl Breaking {
    pub(super) fn ask(
        &self,
        caller: Caller,
        call: HostCall,
        limit: Duration,
    ) -> BoxFuture<'static, HostResult> {
        let subject = subject(self.inner.inner.as_ref(), &caller, &call);
        let breakers = self.breakers.clone();
        if !breakers.admits(&subject) {
            let pause = u64::try_from(breakers.pause.as_millis()).unwrap_or(u64::MAX);
            let error = HostError {
                retry_after_ms: Some(pause),
                ..HostError::unavailable(
                    "circuit-open",
                    format!("{subject} failed repeatedly, so requests to it are paused"),
                )
            };
            return std::future::ready(Err(error)).boxed();
        }
        let reply = self.inner.ask(caller, call, limit);
        async move {
            let result = reply.await;
            breakers.record(&subject, is_down(&result));
            result
        }
        .boxed()
    }
}
