//! Releases as data: what is live, what was, what a share of calls tries, and who changed it.
//!
//! The crate exists so that flows and plugins can be swapped in a running engine while calls are
//! up, and so that this is the same on every engine process and after a restart. A release is a
//! [`Manifest`] (files and plugins by content) in the blobs, and one row in the store says which
//! release is live. [`Deploy`] is the one way to change that row: pushes over HTTP, watched folders
//! ([`watch`]), rollbacks, pins and canaries all end there.
//!
//! Invariants:
//! * **Everything is checked before anything changes**: size, signature, the component, its imports
//!   against its grants, what it says of itself, the flows against its ports and schemas, the
//!   project's data. A refusal carries all that was found.
//! * **A change is one commit** of that row under its version, together with a line of the audit
//!   log. Whatever process asks later sees all of it or nothing.
//! * **Calls keep what they began with.** What a call is pinned to is found again by its digest, on
//!   any process; it leaves the memory when its last call has ended, the disk when nobody can ask
//!   for it any more ([`RetentionPolicy`]), and the history never.
//! * **A plugin reaches no more than before** unless somebody says so who may.
//! * **The audit log only grows**, without gaps.
//!
//! A module uses only modules of the lines above its own (`tests/it/layers.rs`):
//!
//! 1. `canary`, `chance`, `found`, `item`, `reach`, `world_factory`: the words of everything
//!    else
//! 2. `access_log`, `change`, `error`, `local_world_factory`, `manifest`, `rows`: what is asked
//!    for, refused, stored
//! 3. `content`, `ledger`, `patience`, `signature`, `source`: bytes, and rows with their one loop
//! 4. `checks`, `claim`, `earlier`, `history`, `pinned`, `settings`, `trial`: one use each of those
//! 5. `candidate`, `needed`, `request`: a change before anybody knows what is live
//! 6. `workshop`: where candidates are made
//! 7. `held`: the releases of this process
//! 8. `deploy`: everything that an operation works with
//! 9. `plan`, `query`, `standing`, `sweep`, `tokens`: operations, and what a change comes to
//! 10. `checked`: a plan that was found good, and its way into the store
//! 11. `push`: the stages of a change in their order
//! 12. `process`: what one process does by itself
//! 13. `watch`: what a folder does by itself
//!
//! What it must not know: HTTP, Amazon Connect, terminals, and what flows and plugins are about.

mod access_log;
mod canary;
mod candidate;
mod chance;
mod change;
mod checked;
mod checks;
mod claim;
mod content;
mod deploy;
mod earlier;
mod error;
mod found;
mod held;
mod history;
mod item;
mod ledger;
mod local_world_factory;
mod manifest;
mod needed;
mod patience;
mod pinned;
mod plan;
mod process;
mod push;
mod query;
mod reach;
mod request;
mod rows;
mod settings;
mod signature;
mod source;
mod standing;
mod sweep;
mod tokens;
mod trial;
pub mod watch;
mod workshop;
mod world_factory;

pub use dialgraph_access::{ConfiguredToken, ConfiguredTokens, Role, TokenHash, Who};

pub use access_log::{ACCESS_MILLIS, Access, AccessAction, AccessLog};
pub use canary::{Rules, Tally, judge};
pub use change::{Change, ChangeOutcome, NewPlugin, RollbackTarget};
pub use deploy::{Deploy, DeployParts};
pub use error::{DeployError, Reason, Refusal, RenderedReport};
pub use found::Found;
pub use history::History;
pub use item::{Item, ItemChange, ItemKind};
pub use local_world_factory::{LocalWorldFactory, ProviderOverride};
pub use manifest::Manifest;
pub use process::{Started, Tick};
pub use query::{
    CanaryStatus, HeldStatus, Listed, ListedVersion, LiveStatus, MAX_LISTED, PinStatus,
};
pub use reach::{Allow, Widening};
pub use rows::{Action, AuditEntry, CHANGES_TOLD, Deployed, Pin, ReleaseRow, Version};
pub use settings::{DeploySettings, ImportPolicy, RetentionPolicy};
pub use signature::{KeyError, TrustedKeys};
pub use source::{Source, SourceError};
pub use tokens::{TokenRow, Tokens, new_token};
pub use world_factory::WorldFactory;
