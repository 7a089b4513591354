//! From errors to what a flow and an operator are told.

use std::fmt::Write as _;

use dialgraph_base::{Descriptor, PluginLimits};
use dialgraph_kernel::plugin::{Failure, FailureKind};
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};

use crate::bindings::exports::dialgraph::plugin::plugin::NodeError;
use crate::plugin::HANDLES;
use crate::run::Run;
use crate::stop::Stop;

/// Bytes of a plugin's own message.
const MESSAGE_BYTES: usize = 4 << 10;
const CODE_BYTES: usize = 64;
/// Bytes of a function's name in a backtrace.
const NAME_BYTES: usize = 512;

/// An error that the plugin itself returned.
pub(crate) fn of_plugin(error: NodeError) -> Failure {
    let (kind, mut info) = match error {
        NodeError::BadConfig(info) => (FailureKind::BadConfig, info),
        NodeError::Retryable(info) => (FailureKind::Retryable, info),
        NodeError::Refused(info) => (FailureKind::Refused, info),
        NodeError::Other(info) => (FailureKind::Other, info),
    };
    info.message.truncate(info.message.floor_char_boundary(MESSAGE_BYTES));
    let sound = !info.code.is_empty()
        && info.code.len() <= CODE_BYTES
        && info.code.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
        });
    Failure {
        kind,
        // Flows compare codes, so one that no flow can name is replaced by the kind.
        code: if sound { info.code } else { kind.as_str().to_owned() },
        message: info.message,
        backtrace: Vec::new(),
    }
}

/// Why a run ended without an answer of the plugin; none when it was only suspended.
pub(crate) fn of_engine(
    plugin: &Descriptor,
    error: &wasmtime::Error,
    run: &Run,
    fuel: Option<u64>,
    limits: &PluginLimits,
) -> Option<Failure> {
    let (kind, what) = classify(error, fuel, limits)?;
    let backtrace = backtrace(error);
    let what = with_last_words(kind, what, &backtrace, run);
    Some(Failure {
        kind,
        code: match error.downcast_ref::<PoolConcurrencyLimitError>() {
            Some(_) => "busy".to_owned(),
            None => kind.as_str().to_owned(),
        },
        message: format!("plugin `{}` {}: {what}", plugin.name, plugin.version),
        backtrace,
    })
}

/// The same for a person alone, with the backtrace in the text.
pub(crate) fn words(
    error: &wasmtime::Error,
    run: &Run,
    fuel: Option<u64>,
    limits: &PluginLimits,
) -> String {
    let Some((kind, what)) = classify(error, fuel, limits) else {
        return Stop::Suspended.to_string();
    };
    let backtrace = backtrace(error);
    let mut text = with_last_words(kind, what, &backtrace, run);
    for frame in &backtrace {
        text.push_str("\n  at ");
        text.push_str(frame);
    }
    text
}

fn with_last_words(kind: FailureKind, mut what: String, backtrace: &[String], run: &Run) -> String {
    if kind == FailureKind::Trap {
        if let Some(function) = recursing(backtrace) {
            what.push_str(&format!(
                "; `{function}` called itself again and again, so its stack was probably exhausted"
            ));
        }
        let words = last_words(&run.lines.stderr());
        if !words.is_empty() {
            what.push_str("; it wrote: ");
            what.push_str(&words);
        }
    }
    what
}

fn classify(
    error: &wasmtime::Error,
    fuel: Option<u64>,
    limits: &PluginLimits,
) -> Option<(FailureKind, String)> {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        let kind = match stop {
            Stop::Suspended => return None,
            Stop::Memory { .. } => FailureKind::Memory,
            Stop::Limit(_) => FailureKind::Limit,
            Stop::Exit(_) | Stop::Absent(_) => FailureKind::Trap,
            Stop::Alone { .. } => FailureKind::Contract,
            Stop::Reply { .. } => FailureKind::Engine,
        };
        return Some((kind, stop.to_string()));
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return Some(match (trap, fuel) {
            (Trap::Interrupt, _) => (
                FailureKind::Timeout,
                format!(
                    "it ran for longer than {} ms (limits.wall_ms in dialgraph.yaml)",
                    limits.wall_ms
                ),
            ),
            (Trap::OutOfFuel, fuel) => (
                FailureKind::Timeout,
                format!(
                    "it ran for longer than {} instructions, which stand for {} ms where instructions are counted (limits.wall_ms in dialgraph.yaml)",
                    fuel.unwrap_or_default(),
                    limits.wall_ms
                ),
            ),
            (trap, _) => {
                (FailureKind::Trap, trap.to_string().trim_start_matches("wasm trap: ").to_owned())
            }
        });
    }
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return Some((FailureKind::Engine, "there is no room to run it in; try again".to_owned()));
    }
    let cause = error.root_cause().to_string();
    // wasmtime keeps the type of this error to itself.
    if cause.contains("fuel allocated for hostcalls has been exhausted") {
        return Some((
            FailureKind::Limit,
            format!(
                "it passed more than {} bytes at once (limits.host_call_bytes in dialgraph.yaml)",
                limits.host_call_bytes
            ),
        ));
    }
    // So is this one's.
    if cause.contains("store handle limit exceeded") {
        return Some((
            FailureKind::Limit,
            format!(
                "it held {HANDLES} resources at a time and wanted more: drop what is no longer used"
            ),
        ));
    }
    // What remains is values that are not what the contract's types allow: text that is no UTF-8, a
    // case that does not exist, a list beyond the end of memory.
    Some((FailureKind::Contract, format!("it passed a value that cannot be read: {cause}")))
}

/// The function that fills the backtrace. A plugin's own stack lies below its data, so that its end
/// shows as an access out of bounds and not as what it is.
fn recursing(backtrace: &[String]) -> Option<&str> {
    const REPEATED: usize = 10;
    let repeated =
        |function: &&String| backtrace.iter().filter(|frame| frame == function).count() >= REPEATED;
    backtrace.iter().find(repeated).map(String::as_str)
}

/// The text of a panic or an exception, without what only a developer at a terminal can follow.
fn last_words(stderr: &str) -> String {
    stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("note: run with `RUST_BACKTRACE"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Function names, innermost first, as far as the component keeps them.
fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else {
        return Vec::new();
    };
    backtrace
        .frames()
        .iter()
        .map(|frame| match frame.func_name() {
            // Without the hash that Rust appends, which changes with every compiler.
            Some(name) => demangled(name),
            None => format!("function {}", frame.func_index()),
        })
        .collect()
}

/// A name of the plugin's, which may be anything and stand for much more than it takes.
fn demangled(name: &str) -> String {
    struct Bounded(String);
    impl std::fmt::Write for Bounded {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.push_str(&text[..text.floor_char_boundary(NAME_BYTES - self.0.len())]);
            if self.0.len() + 4 > NAME_BYTES { Err(std::fmt::Error) } else { Ok(()) }
        }
    }
    let name = &name[..name.floor_char_boundary(NAME_BYTES)];
    let mut shown = Bounded(String::new());
    match write!(shown, "{:#}", rustc_demangle::demangle(name)) {
        Ok(()) => shown.0,
        Err(std::fmt::Error) => shown.0 + "…",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::dialgraph::plugin::types::ErrorInfo;

    #[test]
    fn an_error_of_the_plugin_keeps_its_kind_code_and_message() {
        let info = ErrorInfo {
            code: "not-found".to_owned(),
            message: "There is no such customer.".to_owned(),
            retry_after_ms: None,
            extra: Vec::new(),
        };
        let failure = of_plugin(NodeError::Refused(info));
        assert_eq!(failure.kind, FailureKind::Refused);
        assert_eq!(failure.code, "not-found");
        assert_eq!(failure.message, "There is no such customer.");
    }

    #[test]
    fn a_code_that_no_flow_can_compare_gives_way_to_the_kind() {
        for code in ["", "Not Found", &"x".repeat(65)] {
            let info = ErrorInfo {
                code: code.to_owned(),
                message: "가".repeat(3_000),
                retry_after_ms: None,
                extra: Vec::new(),
            };
            let failure = of_plugin(NodeError::Retryable(info));
            assert_eq!(failure.code, "retryable");
            assert!(failure.message.len() <= MESSAGE_BYTES);
        }
    }

    #[test]
    fn a_name_that_stands_for_much_more_is_cut() {
        assert_eq!(demangled("_ZN7hostile4loop17h05af221e174051e9E"), "hostile::loop");
        assert_eq!(demangled("plain"), "plain");
        // Each level names the one before it twice.
        let mut doubling = "_RNvC1a1a".to_owned();
        for _ in 0..40 {
            doubling = format!("_RINvC1a1aTB_B_EE{}", &doubling[2..]);
        }
        for name in [doubling, "x".repeat(100_000), "가".repeat(100_000)] {
            let shown = demangled(&name);
            assert!(shown.len() <= NAME_BYTES + 3, "{}", shown.len());
        }
    }

    #[test]
    fn whoever_holds_too_many_resources_hears_of_the_limit() {
        for at in ["cannot allocate another handle", "cannot lend resource"] {
            let error = wasmtime::Error::msg(format!("{at}: store handle limit exceeded"));
            let (kind, what) =
                classify(&error.context("in a call"), None, &PluginLimits::default()).unwrap();
            assert_eq!(kind, FailureKind::Limit);
            assert!(what.contains("1024 resources"), "{what}");
        }
    }

    #[test]
    fn the_last_words_are_the_panic_alone() {
        let stderr = "\nthread '<unnamed>' (1) panicked at src/lib.rs:4:5:\nboom\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n";
        assert_eq!(last_words(stderr), "thread '<unnamed>' (1) panicked at src/lib.rs:4:5:\nboom");
    }
}
