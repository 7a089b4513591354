//! Providers that need nothing outside the machine.

pub mod error;
pub mod genai;
pub mod knowledge;
pub mod nlu;
mod text;

pub use error::LocalError;
