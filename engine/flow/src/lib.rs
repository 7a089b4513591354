//! Flow files: from YAML text to the graph that the kernel walks.
//!
//! `syntax` reads text into trees that know where each word stood, [`project`] gathers a folder of them,
//! [`check`](mod@check) proves what can be proved before a call (every port wired, every target there, every path
//! ends …) and [`model`] is the result: a [`Release`], immutable, with every expression and prompt compiled.
//! Nothing is parsed again during a call. What is wrong is told by a [`diagnostic::Report`], all at once.
//!
//! Invariants: parsing never fails, it gives a tree and all diagnostics; no I/O except in
//! [`project::Project::load`]; this crate knows nothing of calls in progress, plugins' bytes, stores or channels.
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
mod digest;
pub mod erase;
pub mod expr;
pub mod grants;
pub mod graph;
pub mod model;
pub mod project;
pub mod schema;
pub mod source;
mod suggest;
pub mod syntax;
pub mod template;
pub mod testing;

pub use check::{Checked, check};
pub use digest::Digest;
pub use model::{Flow, Release};
pub use project::Project;
pub use suggest::nearest;
