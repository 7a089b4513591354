//! `dialgraph plugin …` and `dialgraph flow …` against `dialgraph serve`: the real binary on both
//! sides.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic, its helpers too")]

#[path = "../serve/server.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod server;

mod admin;
mod commands;
mod engineers;
mod ordeal;
mod records;
mod tickets;
