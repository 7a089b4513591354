//! What several of the shipped plugins need and the SDK need not offer to everyone.
//!
//! Invariants: nothing here knows a plugin, a flow or a customer; whatever a plugin does not call
//! is left out of its component.

pub mod fallback;
pub mod text;
pub mod ticket;
pub mod time;
pub mod web;
