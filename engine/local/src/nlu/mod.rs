//! Natural language understanding, trained at load from an intents file.

pub mod file;
