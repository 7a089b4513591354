//! The capabilities of the plugin contract, one file each: from WIT records to the kernel's data
//! and back.

mod clock;
mod genai;
mod http;
mod knowledge;
mod log;
mod nlu;
mod random;
mod records;
pub(crate) mod secrets;
mod tickets;

use dialgraph_base::depth;
use dialgraph_kernel::ports::{HostError, HostErrorKind};
use serde_json::Value;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::NodeWithCapabilities;
use crate::bindings::dialgraph::plugin::types;
use crate::run::Run;

/// Makes every capability known to `linker`. What a plugin may use of it was settled when it was
/// loaded.
pub(crate) fn add_to(linker: &mut Linker<Run>) -> wasmtime::Result<()> {
    NodeWithCapabilities::add_to_linker::<Run, HasSelf<Run>>(linker, |run| run)
}

impl types::Host for Run {}

/// An error of the world outside in the contract's words.
fn refusal(error: HostError) -> types::HostError {
    let info = types::ErrorInfo {
        code: error.code,
        message: error.message,
        retry_after_ms: error.retry_after_ms,
        extra: Vec::new(),
    };
    match error.kind {
        HostErrorKind::Invalid => types::HostError::Invalid(info),
        HostErrorKind::Unavailable => types::HostError::Unavailable(info),
        HostErrorKind::Denied => types::HostError::Denied(info),
        HostErrorKind::Other => types::HostError::Other(info),
    }
}

fn invalid(code: &str, message: impl Into<String>) -> types::HostError {
    refusal(HostError::invalid(code, message))
}

/// Reads JSON that the plugin passed; `what` names it.
fn json(text: &str, what: &str) -> Result<Value, types::HostError> {
    depth::check_text(text).map_err(|error| invalid("too-deep", format!("{what}: {error}")))?;
    serde_json::from_str(text)
        .map_err(|error| invalid("bad-json", format!("{what} is not JSON: {error}")))
}

/// A number that has a JSON form.
fn finite(number: Option<f64>, what: &str) -> Result<Option<f64>, types::HostError> {
    match number {
        Some(number) if !number.is_finite() => {
            Err(invalid("bad-number", format!("{what} is {number}; it must be a number")))
        }
        number => Ok(number),
    }
}
