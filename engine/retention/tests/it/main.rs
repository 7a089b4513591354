//! Purging and erasing, on calls that a real engine held with real plugins.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod desk;
mod erasing;
mod purging;
