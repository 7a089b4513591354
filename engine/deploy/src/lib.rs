//! Releases as data: what is live, what was, what a share of calls tries, and who changed it.
//!
//! The crate exists so that flows and plugins can be swapped in a running engine while calls are up, and so that
//! this is the same on every engine process and after a restart. A release is a [`Manifest`] (files and plugins by
//! content) in the blobs, and one row in the store says which release is live. [`Deploy`] is the one way to change
//! that row: pushes over HTTP, watched folders ([`watch`]), rollbacks, pins and canaries all end there.
//!
//! Invariants:
//! * **Everything is checked before anything changes**: size, signature, the component, its imports against its
//!   grants, what it says of itself, the flows against its ports and schemas, the project's data. A refusal carries
//!   all that was found.
//! * **A change is one commit** of that row under its version, together with a line of the audit log. Whatever
//!   process asks later sees all of it or nothing.
//! * **Calls keep what they began with.** What a call is pinned to is found again by its digest, on any process; it
//!   leaves the memory when its last call has ended, the disk when nobody can ask for it any more ([`Keep`]), and the
//!   history never.
//! * **A plugin reaches no more than before** unless somebody says so who may.
//! * **The audit log only grows**, without gaps.
//!
//! What it must not know: HTTP, Amazon Connect, terminals, and what flows and plugins are about.

mod canary;
mod candidate;
mod change;
mod deploy;
mod error;
mod history;
mod item;
mod manifest;
mod pinned;
mod query;
mod reach;
mod rows;
mod signature;
mod source;
mod standing;
mod store;
mod sweep;
mod tokens;
pub mod watch;
mod who;
mod worlds;

pub use canary::{Rules, Tally, judge};
pub use change::{Back, Change, MAX_FILE_BYTES, MAX_FILES, NewPlugin, Outcome};
pub use deploy::{Deploy, Settings, Setup, Started, TakeIn, Tick};
pub use error::{DeployError, Reason, Refusal};
pub use history::History;
pub use item::{Item, ItemChange, ItemKind};
pub use manifest::Manifest;
pub use query::{CanaryStatus, HeldStatus, Listed, ListedVersion, MAX_LISTED, PinStatus, Status};
pub use reach::{Allow, Widening};
pub use rows::{Action, AuditEntry, CHANGES_TOLD, Deployed, Made, Pin, Version};
pub use signature::{KeyError, TrustedKeys};
pub use source::{Source, SourceError};
pub use sweep::Keep;
pub use tokens::{ConfiguredToken, ConfiguredTokens, TokenHash, TokenRow, Tokens, new_token};
pub use who::{Role, Who};
pub use worlds::{LocalWorlds, Refit, Worlds};
