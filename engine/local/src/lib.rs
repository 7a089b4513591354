//! Providers that need nothing outside the machine: no account, no network, no model to download.
//!
//! The crate exists so that a flow can be written, tested and run in production on one machine: a
//! recogniser trained from the project's own utterances, full-text search and extractive answers
//! over its articles, records and a ticket desk in the embedded store, secrets from files, and an
//! HTTP client for what does lie outside. [`LocalConfig::build`] makes all of them from a project
//! folder, and [`LanguageProviders`] is what several releases of a project can share.
//!
//! Invariants:
//! * **The same input gives the same answer on every machine**, bit for bit: no random seed, no
//!   thread, no clock (time comes with each request), no floating-point function of the system's
//!   library.
//! * **A write happens once per idempotency key**, and a repetition gets the first answer.
//! * **Answers that need no disk and no network are there at the first poll**, so that a plugin
//!   need not be suspended for them.
//! * **A secret's text leaves this crate in an outbound request, or to a source of records that
//!   connects with it, and in no other way.**
//!
//! What it must not know: calls, flows, plugins' bytes, channels, and the services of any vendor.

mod assemble;
pub mod error;
pub mod genai;
pub mod http;
pub mod kept;
pub mod knowledge;
pub mod nlu;
pub mod records;
pub mod secrets;
mod text;
pub mod tickets;

pub use assemble::{
    Files, LanguageProviders, Local, LocalConfig, Texts, genai as genai_of,
    knowledge as knowledge_of, nlu as nlu_of, parse_hosts,
};
pub use error::LocalError;
