//! `dialgraph serve` as it is deployed: the real binary, real plugins, a real store, real sockets
//! of this machine.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic, its helpers too")]

mod after;
mod cafe;
mod calls;
mod contacts;
mod damage;
mod day;
mod desk;
mod edge;
mod hooks;
mod kakao;
mod openapi;
mod operations;
#[cfg(feature = "otlp")]
mod otlp;
mod restarts;
#[allow(dead_code, reason = "the tests of deployments use the rest")]
mod server;
mod slow;
mod sources;
mod store;
mod strangers;
mod supervised;
mod tickets;
mod turns;
