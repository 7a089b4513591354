//! Flow files: from YAML text to the graph that the kernel walks.
//!
//! `syntax` reads text into trees that know where each word stood, `check` proves what can be proved before
//! a call (every port wired, every target there, every path ends …) and `model` is the result: a [`Release`],
//! immutable, with every expression and prompt compiled. Nothing is parsed again during a call.
//!
//! Invariants: parsing never fails, it gives a tree and all diagnostics; no I/O except in `project`; this
//! crate knows nothing of calls in progress, plugins' bytes, stores or channels.

mod digest;
pub mod expr;
pub mod grants;
pub mod model;
pub mod template;

pub use digest::Digest;
pub use model::{Flow, Release};
