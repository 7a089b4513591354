//! The kernel: one turn of a call as a pure function.
//!
//! `turn(release, call, event, host) -> (call', directives, journal)`. A [`Call`](call::Call) is
//! plain data, an [`Event`](event::Event) is what the caller's side did,
//! [`Directives`](directive::Directives) are what the channel must do next. Everything else in the
//! world is asked for as a [`HostCall`](ports::HostCall), and every reply goes into the journal, so
//! that the same turn can be run again, anywhere, with the same result.
//!
//! Invariants: no I/O, no clock, no randomness, no async, no global state. The kernel knows nothing
//! of HTTP, Amazon Connect, sled, wasmtime or AWS: plugins are run by whoever implements
//! [`Plugins`](plugin::Plugins).

pub mod attributes;
pub mod call;
pub mod contact;
pub mod directive;
pub mod event;
pub mod journal;
mod nodes;
pub mod outside;
pub mod plugin;
pub mod ports;
pub mod provider;
mod scope;
pub mod show;
pub mod turn;
mod values;

/// What an answer means to a question of a flow.
pub use nodes::ask::understand as answer;

/// Locales in any spelling, and the nearest that there is.
pub use dialgraph_base::locale;
