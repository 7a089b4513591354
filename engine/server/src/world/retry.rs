//! Another try, where one may help and there is time for it.
//!
//! All tries carry the same idempotency key, so an effect happens once however often it is asked
//! for. Two sorts of requests are the exception, because who gets them may know no such keys: one
//! with an effect to a host outside, and a caller's words to a recogniser, which moves its dialogue
//! on. They are made again only if the first did not get there.
//!
//! This is the only place where a request is made again: no provider does so by itself, or tries
//! would multiply.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::time::Instant;

use dialgraph_base::Digest;
use dialgraph_config::ProvidersSection;
use dialgraph_kernel::ports::{HostCall, HostError, HostErrorKind, HostResult};
use dialgraph_kernel::provider::Caller;
use dialgraph_runtime::{Sources, World};

use super::breaker::Breaking;
use crate::telemetry::Metrics;

/// Time that one request may take, all tries included, by provider.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    usual: Duration,
    by_provider: HashMap<String, Duration>,
}

impl Limits {
    pub(super) fn of(config: &ProvidersSection) -> Self {
        Self { usual: config.timeout, by_provider: config.timeouts.iter().cloned().collect() }
    }

    fn get(&self, provider: &str) -> Duration {
        self.by_provider.get(provider).copied().unwrap_or(self.usual)
    }
}

pub(super) struct Retrying {
    pub(super) inner: Arc<Breaking>,
    pub(super) limits: Limits,
    pub(super) tries: u32,
    pub(super) backoff: Duration,
    pub(super) metrics: Arc<Metrics>,
}

impl World for Retrying {
    fn sources(&self, release: &Digest) -> Option<Arc<Sources>> {
        self.inner.inner.inner.sources(release)
    }

    fn call(&self, caller: Caller, call: HostCall) -> BoxFuture<'static, HostResult> {
        let provider = call.provider();
        let limit = self.limits.get(provider);
        let (tries, backoff) = (self.tries.min(most_tries(&call)), self.backoff);
        let (inner, metrics) = (self.inner.clone(), self.metrics.clone());
        async move {
            let began = Instant::now();
            let mut tried = 1;
            loop {
                let left = limit.saturating_sub(began.elapsed());
                let result = inner.ask(caller.clone(), call.clone(), left).await;
                let Err(error) = &result else { return result };
                if tried >= tries || !helps(&call, error) {
                    return result;
                }
                let pause = pause(backoff, tried, &caller.idempotency_key, error);
                if began.elapsed().saturating_add(pause) >= limit {
                    return result;
                }
                tokio::time::sleep(pause).await;
                metrics.retry(provider);
                tried += 1;
            }
        }
        .boxed()
    }
}

/// Whether the same request may fare better in a moment.
fn helps(call: &HostCall, error: &HostError) -> bool {
    if error.kind != HostErrorKind::Unavailable {
        return false;
    }
    match error.code.as_str() {
        // The time is over, or the breaker says to leave it alone.
        "timed-out" | "circuit-open" => false,
        // What it relies on failed, or the account has no more of it: so it will in a moment.
        "dependency-failed" | "quota-exceeded" => false,
        // It did not get there.
        "no-connection" | "tls" | "secret-unavailable" | "secret-unreadable" => true,
        // It was turned away at the door.
        "throttled" if matches!(call, HostCall::NluRecognize(_)) => true,
        _ => !moves_on(call),
    }
}

/// Whether it may have done something that a second one would do again.
fn moves_on(call: &HostCall) -> bool {
    match call {
        HostCall::NluRecognize(_) => true,
        HostCall::HttpSend(_) => call.has_effect(),
        _ => false,
    }
}

/// A model takes seconds to answer: a caller waits for it twice at most.
fn most_tries(call: &HostCall) -> u32 {
    match call {
        HostCall::GenaiConverse(_) => 2,
        _ => u32::MAX,
    }
}

/// The backoff doubled for each try, with up to half of it taken off: callers that failed together
/// must not come back together. A provider that says when is not asked before that; it tells all of
/// them the same, so the pause up to half a backoff longer is what keeps them apart.
fn pause(backoff: Duration, tried: u32, key: &str, error: &HostError) -> Duration {
    let full = backoff.saturating_mul(1 << (tried - 1).min(10));
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let spread = full.mul_f64((hasher.hash_one((key, tried)) % 1000) as f64 / 2000.0);
    match error.retry_after_ms {
        Some(ms) => Duration::from_millis(ms).saturating_add(spread),
        None => full - spread,
    }
}
