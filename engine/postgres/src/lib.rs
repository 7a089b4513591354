//! Tables and views of PostgreSQL as collections of records.
//!
//! The crate exists so that a company whose customers are in a database need not copy them: plugins
//! read and write them as they read and write the engine's own records. A [`Database`] is one place
//! that the operator grants, with its pool of connections; [`PostgresRecords`] is a collection in
//! one of its tables.
//!
//! Invariants:
//! * **A value is never part of a statement's text.** Values are bound; names of tables, columns
//!   and types stand in quotes or come from the database's own catalogue.
//! * **A column's value comes over as it is, or not at all**: what JSON cannot hold, or what is no
//!   value of the field, is an error that names the column and shows no value.
//! * **Nobody waits longer than the source's time limit**, neither here nor in the database: a
//!   statement that nobody awaits any more is cancelled.
//! * **TLS verifies the server.** There is no mode that encrypts without.
//!
//! What it must not know: calls, flows, the configuration, where secrets are kept.

mod connect;
mod database;
mod error;
mod failure;
mod json;
mod records;
mod sql;
mod table;
mod tls;

pub use database::{Database, Settings};
pub use error::PostgresError;
pub use records::PostgresRecords;
