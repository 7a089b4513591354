//! The text simulator: whole calls in virtual time, on the engine that runs live ones.
//!
//! A [`Session`](session::Session) is a call that a script goes through, action by action, and can
//! take back. What the caller says, presses and leaves undone reaches the engine on a
//! [`Line`](line::Line), which obeys the engine's directives: a telephone without a network, unless
//! the session is put on another. Only three things differ from a live call: the clock (virtual:
//! waiting takes no time), the store (in memory) and what stands between the plugins and their
//! providers (mocks, for those that a script names).
//!
//! Invariants: no rule of a flow, node or plugin is implemented here; the same script gives the
//! same bytes on every machine and in every order of scripts.

pub mod clock;
pub mod costs;
mod desk;
mod direct;
mod fixture;
mod form;
mod functions;
pub mod junit;
pub mod line;
mod names;
pub mod record;
pub mod run;
pub mod script;
pub mod session;
pub mod snapshot;
mod spelling;
pub mod suite;
pub mod transcript;
mod vacuous;
pub mod world;
