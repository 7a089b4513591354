//! Providers that need nothing outside the machine.

pub mod error;
pub mod genai;
pub mod http;
pub mod knowledge;
pub mod nlu;
pub mod records;
pub mod secrets;
mod text;
pub mod tickets;

pub use error::LocalError;
