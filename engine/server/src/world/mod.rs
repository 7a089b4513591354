//! Providers that are slow, fail now and then, or are gone.
//!
//! Decorators around a [`World`], one file each: a time limit for each try (`patience`), a breaker
//! that leaves a provider alone that keeps failing (`breaker`), and another try where one may help
//! (`retry`). What is there at the first poll stays there at the first poll: local providers cost a
//! plugin no second run.

mod breaker;
mod patience;
mod retry;

use std::sync::Arc;

use dialgraph_config::ProvidersSection;
use dialgraph_kernel::ports::records::{Find, Get, Search, Source};
use dialgraph_kernel::ports::{HostCall, HostErrorKind, HostResult};
use dialgraph_kernel::provider::Caller;
use dialgraph_runtime::World;

pub use self::breaker::{Breakers, State};
use crate::telemetry::Metrics;

/// `world`, guarded as `config` says; with the breakers, which `/readyz` tells of.
pub fn guarded(
    world: Arc<dyn World>,
    config: &ProvidersSection,
    metrics: &Arc<Metrics>,
) -> (Arc<dyn World>, Arc<Breakers>) {
    let patient = Arc::new(patience::Patience { inner: world });
    let breakers = Arc::new(Breakers::new(config.breaker_failures, config.breaker_pause, metrics));
    let broken = Arc::new(breaker::Breaking { inner: patient, breakers: breakers.clone() });
    let retrying = retry::Retrying {
        inner: broken,
        limits: retry::Limits::of(config),
        tries: config.tries,
        backoff: config.backoff,
        metrics: metrics.clone(),
    };
    (Arc::new(retrying), breakers)
}

/// What has a breaker and a time limit of its own: a provider, for `http` each host, and for
/// `records` each source outside the store: one that is down takes no other with it.
fn subject(world: &dyn World, caller: &Caller, call: &HostCall) -> String {
    match call {
        HostCall::HttpSend(request) => match host_of(&request.url) {
            Some(host) => format!("http {host}"),
            None => "http".to_owned(),
        },
        // What was last known is asked for when records are down, and does not lie where they do.
        HostCall::RecordsGet(Get { source: Source::LastKnown, .. })
        | HostCall::RecordsFind(Find { source: Source::LastKnown, .. })
        | HostCall::RecordsSearch(Search { source: Source::LastKnown, .. }) => {
            "records last known".to_owned()
        }
        call => {
            let source = call.collection().and_then(|collection| {
                world.sources(&caller.release)?.by_collection.get(collection).cloned()
            });
            let provider = call.provider();
            source.map_or_else(|| provider.to_owned(), |source| format!("{provider} {source}"))
        }
    }
}

/// Host and port of a URL, without what may stand before an `@`.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    (!host.is_empty() && host.len() <= 253).then_some(host)
}

/// Whether the provider could not do its work, as opposed to having refused a request.
fn is_down(result: &HostResult) -> bool {
    matches!(result, Err(error) if error.kind == HostErrorKind::Unavailable)
}

#[cfg(test)]
mod tests;
