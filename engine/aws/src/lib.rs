//! Amazon's services behind the engine's ports, and DynamoDB behind its store and as a place of
//! records.
//!
//! The only crate that knows a service of Amazon by its SDK. Each module is one service, translated
//! both ways: a request of the kernel's ports into that of the service, its answer and every way in
//! which it fails back into ours.
//!
//! Invariants:
//! * **Credentials are the SDK's business**: they come from where the SDK looks for them and are
//!   never configured here.
//! * **Every request ends in time**, and is repeated only where the service says that repeating is
//!   right.
//! * **Errors are told apart**: what may be asked again, what was refused, and what is a mistake in
//!   the request.
//! * **No secret, no caller's word and no key reaches a log or an error message.**
//!
//! What it must not know: calls, flows, plugins, channels, HTTP servers, and the configuration
//! file.

pub mod bedrock;
pub mod connection;
mod credentials;
pub mod dynamodb;
pub mod error;
pub mod items;
pub mod kms;
pub mod knowledge;
pub mod lex;
mod names;
pub mod polly;
pub mod secrets;
#[cfg(test)]
mod testing;

pub use connection::{Connection, connect};
pub use error::{AwsError, Cause, ServiceFailure};
