//! Providers that need nothing outside the machine.

pub mod error;
pub mod nlu;

pub use error::LocalError;
