//! Puts an engine together as its configuration says: store, content, providers, plugin host,
//! releases.
//!
//! Two programs need the same engine, `dialgraph serve` and the serverless function, and neither
//! should know how it is made. This is the only crate that knows every part, and it has no rule of
//! its own: what is not in the configuration is not decided here.
//!
//! What is Amazon's is behind the feature `aws`; without it, a configuration that asks for it is
//! refused with the way to get it.

mod error;
mod keys;
mod providers;
mod releases;
mod secrets;
mod sources;
mod store;

pub use self::error::WiringError;
pub use self::keys::keys;
pub use self::releases::{deploy, host, secret_texts, source};
pub use self::store::{TableMade, content, create_table, open_embedded, open_store};
