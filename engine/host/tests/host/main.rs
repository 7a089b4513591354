//! The plugin host with real guests, most of them hostile.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

#[path = "../support/mod.rs"]
mod support;

mod cache;
mod calls;
mod capabilities;
mod hostile;
mod loading;
mod understanding;
mod whatever_is_uploaded;
