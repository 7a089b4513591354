//! What the server tells of itself.
//!
//! Neither a log nor a figure nor a span holds what a caller said or pressed, a name, a number or a
//! secret: spans carry ids, words of our own and names from the release; errors that may quote data
//! stay in the call's journal.

mod endpoint;
pub mod instruments;
pub mod logs;
mod measured;
pub mod metrics;
#[cfg(feature = "otlp")]
mod otlp;

use axum::http::HeaderMap;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub(crate) use measured::{MeasuredPlugins, MeasuredStore, MeasuredWorld};
pub use metrics::Metrics;

use dialgraph_config::Config;
use endpoint::Endpoint;

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error(
        "otlp.endpoint asks for spans to be exported, which is not in this build; take a release build, or build with \
         `--features otlp`"
    )]
    NotBuilt,
    #[error("{from}: {message}")]
    Endpoint { from: &'static str, message: String },
}

/// What is told leaves by this; keep it, and [flush](Self::flush) it at the end.
#[derive(Debug, Default)]
pub struct Telemetry {
    #[cfg(feature = "otlp")]
    exporter: Option<otlp::Exporter>,
}

/// Sends what is traced to standard error and, if a collector is configured, there; for the whole
/// process. A second time it does nothing. Must be called within a Tokio runtime, which then
/// carries what is sent.
///
/// # Errors
/// If a collector is configured that cannot be used, or that this build knows nothing of.
pub fn install(config: &Config, terminal: bool) -> Result<Telemetry, TelemetryError> {
    let endpoint = Endpoint::find(&config.otlp, |name| std::env::var(name).ok());
    #[cfg(not(feature = "otlp"))]
    let (telemetry, layers) = (Telemetry {}, vec![logs::layer(&config.log, terminal)]);
    #[cfg(feature = "otlp")]
    let (telemetry, layers) = {
        let exporter = endpoint.as_ref().map(|to| otlp::Exporter::start(config, to)).transpose()?;
        let mut layers = vec![logs::layer(&config.log, terminal)];
        layers.extend(exporter.as_ref().map(otlp::Exporter::layer));
        (Telemetry { exporter }, layers)
    };
    if cfg!(not(feature = "otlp")) && endpoint.as_ref().is_some_and(Endpoint::is_ours) {
        return Err(TelemetryError::NotBuilt);
    }
    // Another subscriber stays: whoever embeds the server has installed it.
    let _ = tracing_subscriber::registry().with(layers).try_init();
    if cfg!(not(feature = "otlp"))
        && let Some(endpoint) = endpoint
    {
        tracing::warn!(
            "{} is set, but this build cannot export spans: build with `--features otlp`",
            endpoint.from
        );
    }
    Ok(telemetry)
}

impl Telemetry {
    /// Sends what has not been sent yet; waits some seconds for it at most.
    pub async fn flush(self) {
        #[cfg(feature = "otlp")]
        if let Some(exporter) = self.exporter {
            exporter.flush().await;
        }
    }
}

/// The trace that a request belongs to, as its `traceparent` says.
#[derive(Debug)]
pub(crate) struct Trace {
    #[cfg(feature = "otlp")]
    context: opentelemetry::Context,
}

#[cfg(feature = "otlp")]
impl Trace {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self { context: otlp::context(headers) }
    }

    /// Spans made while `handling` runs belong to the trace.
    pub(crate) fn around<F: Future>(self, handling: F) -> impl Future<Output = F::Output> {
        opentelemetry::context::FutureExt::with_context(handling, self.context)
    }
}

#[cfg(not(feature = "otlp"))]
impl Trace {
    pub(crate) fn of(_: &HeaderMap) -> Self {
        Self {}
    }

    pub(crate) fn around<F: Future>(self, handling: F) -> F {
        handling
    }
}
