//! Systems that answer over HTTP with JSON as collections of records.
//!
//! The crate exists so that a company whose customers are behind an API need not copy them: a
//! [`Service`] is one system that the operator grants, [`HttpRecords`] a collection in it. Requests
//! go out through the engine's own client, with its limits and its redaction of secrets.
//!
//! Invariants:
//! * **A key or a value is never part of a path but as one encoded segment or value**: it cannot
//!   end the path, begin a query, or climb to another resource.
//! * **No request leaves the granted scheme, host and port**, whatever an answer gives as its next
//!   page.
//! * **A write changes the mapped fields and no others**: the record is read, changed, and sent on
//!   the condition that nobody changed it meanwhile.
//!
//! What it must not know: calls, flows, the configuration, where secrets are kept, who makes the
//! service.

mod ask;
mod error;
mod path;
mod records;
mod service;

pub use error::HttpRecordsError;
pub use records::HttpRecords;
pub use service::{Service, Settings};
