//! Logs: JSON for machines, pretty for people, on standard error.

use std::io::{self, Write};

use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use dialgraph_config::{LogFormat, LogSection};

/// A layer of the process's subscriber.
pub(super) type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Writes what is traced to standard error.
///
/// Details (debug, trace) are ours only: those of other people's crates can hold the bytes that
/// pass through them.
pub(super) fn layer(log: &LogSection, terminal: bool) -> BoxedLayer {
    let filter = log.filter().unwrap_or_else(|_| EnvFilter::new("info"));
    let ours = filter_fn(|metadata| {
        *metadata.level() <= Level::INFO || metadata.target().starts_with("dialgraph")
    });
    let pretty = match log.format {
        LogFormat::Auto => terminal,
        LogFormat::Json => false,
        LogFormat::Pretty => true,
    };
    let writer = Lines { json: !pretty };
    let layer = fmt::layer().with_span_events(FmtSpan::CLOSE).with_writer(writer);
    let layer = if pretty {
        layer.with_ansi(terminal).boxed()
    } else {
        layer.json().flatten_event(true).with_current_span(true).with_span_list(true).boxed()
    };
    layer.with_filter(ours).with_filter(filter).boxed()
}

/// Writes lines to standard error. Whatever stands in a field of a line, it stays one line, and
/// nothing in it does anything to the terminal or the program that shows it.
#[derive(Debug, Clone, Copy)]
struct Lines {
    json: bool,
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}

impl Write for Lines {
    /// One line, as the layer gives it: whole.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        io::stderr().lock().write_all(shown(line, self.json).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

fn shown(line: &[u8], json: bool) -> String {
    let text = String::from_utf8_lossy(line);
    let (text, end) = match text.strip_suffix('\n') {
        Some(text) => (text, "\n"),
        None => (&*text, ""),
    };
    let shown = if json {
        dialgraph_visible::json(text)
    } else {
        // The layer itself has escaped what would set colours in a field; its own colours stay.
        dialgraph_visible::styled_line(text)
    };
    format!("{shown}{end}")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>, bool);

    impl MakeWriter<'_> for Kept {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    impl Write for Kept {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(shown(line, self.1).as_bytes());
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is logged of a field with everything in it that does something instead of being seen.
    fn logged(json: bool, ansi: bool) -> String {
        use tracing_subscriber::layer::SubscriberExt as _;
        let kept = Kept(Arc::default(), json);
        let layer = fmt::layer().with_writer(kept.clone()).with_ansi(ansi);
        let layer: BoxedLayer =
            if json { layer.json().flatten_event(true).boxed() } else { layer.boxed() };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let evil =
                "\u{1b}[2J\r\nINFO forged \u{9b}1m\u{202e}\u{2028}\u{7f}\u{200b}\u{e0041} 한글 👩‍💻";
            tracing::warn!(evil, display = %evil, "a message with {evil}");
        });
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_field_can_neither_begin_a_line_nor_do_anything_else() {
        for (json, ansi) in [(true, false), (false, false), (false, true)] {
            let log = logged(json, ansi);
            assert_eq!(log.matches('\n').count(), 1, "{log:?}");
            assert!(log.ends_with('\n') && !log.contains('\r'), "{log:?}");
            assert!(!log.contains("\u{1b}[2J"), "{log:?}");
            let hidden = ['\u{9b}', '\u{202e}', '\u{2028}', '\u{7f}', '\u{200b}', '\u{e0041}'];
            assert!(!log.contains(hidden), "{log:?}");
            assert!(log.contains("한글 👩‍💻") || log.contains("한글 👩\\u{200d}💻"), "{log:?}");
            if json {
                let read: serde_json::Value = serde_json::from_str(&log).unwrap();
                assert!(read["evil"].as_str().unwrap().contains('\u{202e}'), "{read}");
            }
        }
    }
}
