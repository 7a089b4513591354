//! Logs: JSON for machines, pretty for people, on standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

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

/// Sends what is traced to standard error, for the whole process. A second time it does nothing.
pub fn install(log: &Log, terminal: bool) {
    let filter = filter(&log.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let pretty = match log.format {
        LogFormat::Auto => terminal,
        LogFormat::Json => false,
        LogFormat::Pretty => true,
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(std::io::stderr);
    // Another subscriber stays: whoever embeds the server has installed it.
    let _ = if pretty {
        builder.with_ansi(terminal).try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    };
}
