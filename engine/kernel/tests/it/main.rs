//! Turns on flows compiled from text, with plugins written as Rust closures.

mod ask;
mod ending;
mod limits;
mod plugins;
mod support;
mod walking;
