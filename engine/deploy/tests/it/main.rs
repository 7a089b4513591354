//! Releases in a real store with real components, and calls that go on meanwhile.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic, its helpers too")]

mod back;
mod calls;
mod canaries;
mod checks;
mod damage;
mod folders;
mod grants;
mod indexes;
mod layers;
mod people;
mod processes;
mod pushes;
mod shop;
mod sweeps;
