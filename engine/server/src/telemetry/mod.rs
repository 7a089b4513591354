//! What the server tells of itself.
//!
//! Neither a log nor a figure holds what a caller said or pressed, a name, a number or a secret: spans carry ids,
//! words of our own and names from the release; errors that may quote data stay in the call's journal.

pub mod figures;
pub mod logs;
mod measured;
pub mod metrics;

pub use figures::Figures;
pub(crate) use measured::{MeasuredPlugins, MeasuredStore, MeasuredWorld};
