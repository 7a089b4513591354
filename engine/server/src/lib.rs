//! `dialgraph serve`: calls over HTTP.
//!
//! This crate puts a face on [`dialgraph_runtime::Engine`]: Amazon Connect's turns, the calls API
//! for any other channel, health and metrics. What it adds is what a server needs and a turn must
//! not know: admission and shedding ([`turns`]), providers that are slow, failing or
//! gone ([`world`]), reports of tickets ([`desk`]), connections, proof of who asks, telemetry, and
//! an orderly end.
//!
//! Invariants: a turn is refused before it begins or goes on to its end; nobody waits longer than
//! [`answer_within`](dialgraph_config::TurnsSection::answer_within); every body, queue and list has
//! a bound; no word, key, name or secret of a call reaches a log or a metric. The crate does not
//! run plugins, nor check flows: releases and whoever runs plugins are given to it.

mod admin;
mod backups;
mod credentials;
pub mod desk;
pub mod http;
mod listen;
pub mod reaper;
pub mod shown;
pub mod state;
pub mod telemetry;
pub mod turns;
mod waits;
pub mod world;

pub use listen::{Running, ServeError, serve};
pub use state::{App, AppError, Parts};
