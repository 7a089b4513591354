//! The ground that every part of the engine stands on: names, digests, times, what a channel is,
//! what a plugin says of itself and what it may do.
//!
//! What two crates must agree on, though neither uses the other, has its one definition here: plain
//! values with the rules for writing and reading them.
//!
//! Invariants: everything here is a value; nothing does I/O, reads a clock or draws random numbers.
//! This crate knows no flows, calls, stores, plugins' bytes or servers.

mod channel;
mod configuration;
pub mod depth;
mod descriptor;
mod digest;
mod digits;
pub mod grants;
mod host_pattern;
mod ids;
pub mod index;
pub mod locale;
mod nearest;
pub mod origin;
pub mod phone;
mod quantity;
mod time;

pub use channel::{Channel, Medium, Source, UnknownMedium};
pub use configuration::{AskNobody, ConfigChecks, ConfigProblem, Severity};
pub use descriptor::{Descriptor, Port};
pub use digest::{Digest, ParseDigestError};
pub use digits::Digits;
pub use grants::{CollectionGrants, Grants, PluginLimits};
pub use host_pattern::{HostPattern, PatternError, host_address, is_host_name};
pub use ids::{CallId, Locale, Name};
pub use nearest::nearest;
pub use quantity::{parse_bytes, parse_duration, show_bytes, show_duration};
pub use time::Timestamp;
