//! The plugin host with real guests, most of them hostile.

#[path = "../support/mod.rs"]
mod support;

mod cache;
mod capabilities;
mod hostile;
mod loading;
