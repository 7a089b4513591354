//! One file for each command.

pub(crate) mod call;
pub(crate) mod calls;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod connect;
pub(crate) mod deploy;
pub(crate) mod deploy_template;
pub(crate) mod engineers;
pub(crate) mod flow;
pub(crate) mod health;
pub(crate) mod init;
pub(crate) mod listen;
pub(crate) mod man;
pub(crate) mod plugin;
pub(crate) mod records;
pub(crate) mod region;
pub(crate) mod say;
pub(crate) mod serve;
pub(crate) mod store;
pub(crate) mod test;
pub(crate) mod tickets;
pub(crate) mod which;

use std::path::Path;

use anyhow::{Context as _, Result};

use dialgraph_base::Timestamp;

/// The system's time: the only place where the command reads it, to start calls that name none.
#[expect(clippy::disallowed_methods, reason = "a call typed in a terminal begins now")]
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp(since.ok().and_then(|since| u64::try_from(since.as_millis()).ok()).unwrap_or(0))
}

/// Bytes of a file with JSON that an option names: more than any plugin takes.
const MAX_JSON: u64 = 64 << 20;

/// `JSON`, or `@FILE` with JSON in it.
pub(crate) fn json_argument(option: &str, given: &str) -> Result<serde_json::Value> {
    let text = match given.strip_prefix('@') {
        Some(file) => dialgraph_files::text(Path::new(file), MAX_JSON)
            .with_context(|| format!("{option}: cannot read {file}"))?,
        None => given.to_owned(),
    };
    serde_json::from_str(&text).with_context(|| format!("{option} is no JSON"))
}
