//! The server's two APIs as types: what requests and answers hold, and which operations there are.
//!
//! The crate exists so that each shape is written once. The server reads requests and writes
//! answers with these types, the command reads and writes them from the other end, and both OpenAPI
//! documents are made of them: comments are the descriptions. A shape that changes changes in all
//! of these places, or does not compile.
//!
//! * [`calls`], [`connect`], [`health`]: the calls API. [`releases`], [`changes`], [`records`],
//!   [`tickets`], [`engineers`], [`access`], [`tokens`], [`store`]: the admin API. [`problem`]:
//!   errors of both.
//! * [`operations`]: every path with its methods, roles, parameters and answers.
//! * [`documents`]: the two documents.
//!
//! Requests refuse fields that nobody knows, so that a misspelt one is found. Answers pass over
//! them, so that an older command can talk to a newer server.
//!
//! What it must not know: HTTP servers, stores, how anything is carried out, and the types of the
//! crates that do. Those convert at their edges.

pub mod access;
pub mod calls;
pub mod changes;
pub mod connect;
pub mod documents;
pub mod engineers;
pub mod health;
pub mod hooks;
pub mod kakao;
pub mod operations;
pub mod problem;
pub mod records;
pub mod releases;
pub mod store;
pub mod tickets;
pub mod tokens;
mod values;

pub use values::{Digest, Done, Millis, Role, Who};
