//! The text simulator: whole calls in virtual time, on the engine that runs live ones.
//!
//! A [`Session`](session::Session) is the channel: it takes what the caller says, presses and leaves undone,
//! and obeys the engine's directives as a telephone would. Only three things differ from a live call: the
//! clock (virtual: waiting takes no time), the store (in memory) and what stands between the plugins and
//! their providers (mocks, for those that a script names).
//!
//! Invariants: no rule of a flow, node or plugin is implemented here; the same script gives the same bytes on
//! every machine and in every order of scripts.

pub mod clock;
pub mod costs;
mod ground;
pub mod junit;
pub mod line;
pub mod record;
pub mod run;
pub mod script;
pub mod session;
pub mod snapshot;
pub mod suite;
pub mod transcript;
pub mod world;
