//! Turns on flows compiled from text, with plugins written as Rust closures.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

mod ask;
mod r#await;
mod beginning;
mod calling_back;
mod contact;
mod ending;
mod faults;
mod limits;
mod plugins;
mod ringing;
mod room;
mod sensitive;
mod shown;
mod support;
mod walking;
mod watching;
