//! Decorators that measure: plugins, providers and the store do what they did, and are counted.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use futures::FutureExt as _;
use futures::future::BoxFuture;

use dialgraph_base::Digest;
use dialgraph_kernel::plugin::{HostCalls, Invocation, Plugins, RunReport, RunResult};
use dialgraph_kernel::ports::{HostCall, HostErrorKind, HostResult};
use dialgraph_kernel::provider::Caller;
use dialgraph_runtime::{Releases, Sources, World};
use dialgraph_store::{
    CommitError, CommitToken, Committed, Key, Op, Page, Query, Row, Store, StoreError, Unreadable,
};

use super::Metrics;

/// Plugins whose runs are timed.
pub(crate) struct MeasuredPlugins {
    pub(crate) inner: Arc<dyn Plugins>,
    pub(crate) releases: Arc<Releases>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Plugins for MeasuredPlugins {
    fn run(
        &self,
        plugin: &Digest,
        invocation: &Invocation<'_>,
        host: &mut dyn HostCalls,
    ) -> RunReport {
        let name = self.name(plugin);
        // Within its node's span, which a run that is made again shares with the first.
        let span = tracing::debug_span!("plugin", plugin = name, outcome = tracing::field::Empty);
        let _entered = span.enter();
        self.metrics.plugin_begins();
        let began = Instant::now();
        let report = self.inner.run(plugin, invocation, host);
        let outcome = match &report.result {
            RunResult::Done(done) => done.port.as_str(),
            RunResult::Ask(_) => "ask",
            RunResult::Failed(failure) => failure.kind.as_str(),
            RunResult::Suspended => "suspended",
        };
        span.record("outcome", outcome);
        self.metrics.plugin_ends(&name, outcome, began.elapsed());
        report
    }

    fn room(&self) -> Option<usize> {
        self.inner.room()
    }
}

impl MeasuredPlugins {
    /// The plugin's name in the live release, or the beginning of its digest: versions of calls
    /// that began earlier need no name of their own.
    fn name(&self, digest: &Digest) -> String {
        let live = self.releases.live();
        let pinned = live.plugins.iter().find(|(_, pin)| pin.digest == *digest);
        pinned.map_or_else(|| "earlier version".to_owned(), |(name, _)| name.to_string())
    }
}

/// A world whose answers are timed.
pub(crate) struct MeasuredWorld {
    pub(crate) inner: Arc<dyn World>,
    pub(crate) metrics: Arc<Metrics>,
}

impl World for MeasuredWorld {
    fn sources(&self, release: &Digest) -> Option<Arc<Sources>> {
        self.inner.sources(release)
    }

    fn call(&self, caller: Caller, call: HostCall) -> BoxFuture<'static, HostResult> {
        let metrics = self.metrics.clone();
        let function = call.function();
        let began = Instant::now();
        let reply = self.inner.call(caller, call);
        async move {
            let result = reply.await;
            let word = match &result {
                Ok(_) => "ok",
                Err(error) => match error.kind {
                    HostErrorKind::Invalid => "invalid",
                    HostErrorKind::Unavailable => "unavailable",
                    HostErrorKind::Denied => "denied",
                    HostErrorKind::Other => "other",
                },
            };
            metrics.host_call(function, word, began.elapsed());
            result
        }
        .boxed()
    }
}

/// A store whose commits are timed.
pub(crate) struct MeasuredStore {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) metrics: Arc<Metrics>,
}

#[async_trait]
impl Store for MeasuredStore {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        self.inner.get(key).await
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        let began = Instant::now();
        let result = self.inner.commit(ops, token).await;
        let word = match &result {
            Ok(Committed::Applied) => "applied",
            Ok(Committed::Repeated) => "repeated",
            Err(CommitError::Conflict(_)) => "conflict",
            Err(CommitError::Failed(_)) => "failed",
        };
        self.metrics.commit(word, began.elapsed());
        result
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        self.inner.query(query).await
    }

    async fn query_past(&self, query: &Query) -> Result<(Page, Vec<Unreadable>), StoreError> {
        self.inner.query_past(query).await
    }

    fn max_value_bytes(&self) -> usize {
        self.inner.max_value_bytes()
    }
}
