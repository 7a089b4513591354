//! Against the real server, in a database of each test's own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod conformance;
mod faults;
mod fixture;
mod hostile;
mod types;
mod writes;
