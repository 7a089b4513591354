//! Providers that need nothing outside the machine.

pub mod error;
pub mod genai;
pub mod knowledge;
pub mod nlu;
pub mod records;
mod text;
pub mod tickets;

pub use error::LocalError;
