//! Turns on flows compiled from text, with plugins written as Rust closures.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

mod ask;
mod ending;
mod limits;
mod plugins;
mod sensitive;
mod support;
mod walking;
mod watching;
