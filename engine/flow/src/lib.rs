//! Flow files: from YAML text to the graph that the kernel walks.
//!
//! `syntax` reads text into trees that know where each word stood, [`project`] gathers a folder of
//! them, [`check`](mod@check) proves what can be proved before a call (every port wired, every
//! target there, every path ends …) and [`model`] is the result: a [`Release`], immutable, with
//! every expression and prompt compiled. What differs from one node kind to the next is in `kinds`,
//! one file each; the rest matches no kind. Nothing is parsed again during a call. What is wrong is
//! told by a [`diagnostic::Report`], all at once.
//!
//! Invariants: parsing never fails, it gives a tree and all diagnostics; no I/O except in
//! [`project::Folder`]; this crate knows nothing of calls in progress, plugins' bytes, stores or
//! channels.
//!
//! ```
//! use dialgraph_flow::testing::{Plugins, compile_source};
//!
//! let release = compile_source(
//!     "flow: hello\nstart: bye\nnodes:\n  bye: {end: {disposition: resolved}}\n",
//!     &Plugins::new(),
//! )
//! .unwrap();
//! assert_eq!(&*release.entry, "hello");
//! ```

pub mod check;
pub mod diagnostic;
pub mod engineers;
pub mod erase;
pub mod expr;
mod folder;
pub mod graph;
pub mod hook;
mod kinds;
pub mod limits;
pub mod model;
pub mod project;
#[cfg(test)]
mod reference;
pub mod schema;
pub mod source;
mod suggest;
pub mod syntax;
pub mod template;
pub mod testing;
mod unread;
mod work;
pub mod zone;

pub use check::{Checked, check};
pub use model::{Flow, Release};
pub use project::Project;
pub use work::{CalledOff, Work};
