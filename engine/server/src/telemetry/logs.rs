//! Logs: JSON for machines, pretty for people, on standard error.

use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::config::{Log, LogFormat};

/// Reads a level, or levels by part.
///
/// # Errors
/// What is wrong, and what to write.
pub fn filter(level: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(level).map_err(|error| {
        format!(
            "`{level}` is no level ({error}); write \"info\", or \"info,dialgraph_server=debug\""
        )
    })
}

/// A layer of the process's subscriber.
pub(super) type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Writes what is traced to standard error.
///
/// Details (debug, trace) are ours only: those of other people's crates can hold the bytes that pass through them.
pub(super) fn layer(log: &Log, terminal: bool) -> BoxedLayer {
    let filter = filter(&log.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let ours = filter_fn(|metadata| {
        *metadata.level() <= Level::INFO || metadata.target().starts_with("dialgraph")
    });
    let pretty = match log.format {
        LogFormat::Auto => terminal,
        LogFormat::Json => false,
        LogFormat::Pretty => true,
    };
    let layer = fmt::layer().with_span_events(FmtSpan::CLOSE).with_writer(std::io::stderr);
    let layer = if pretty {
        layer.with_ansi(terminal).boxed()
    } else {
        layer.json().flatten_event(true).with_current_span(true).with_span_list(true).boxed()
    };
    layer.with_filter(ours).with_filter(filter).boxed()
}
