//! What Amazon Connect and the engine say to each other.
//!
//! Connect asks the engine for every decision through a Lambda function: an event goes out, a flat
//! map of strings comes back. This crate is that conversation and nothing else, so that the Lambda,
//! the server and the tests cannot disagree about it.
//!
//! * [`signature`] proves that a request comes from our Lambda, is fresh and is heard once.
//! * [`fallback`] is the answer when there is no other: it always brings the caller to people.
//! * [`event`] reads what Connect sends, [`answer`] writes what Connect is told: a
//!   [`flat::FlatMap`].
//! * [`visit`] tells calls apart that one contact makes one after the other.
//! * [`protocol`] holds the words of the answers, which the contact flow that acts on them uses as
//!   well.
//!
//! **Invariants.** No I/O, no clock, no HTTP, no async: time and bytes come in as arguments.
//! Nothing here panics, whatever Connect sends. Every answer is one that Connect accepts: flat,
//! strings only, none empty, under 32 KB.
//!
//! **Must not know** where flows are stored, how a request travels, who is on the line, or what a
//! contact flow and a deployment look like.

#[cfg(feature = "engine")]
pub mod answer;
#[cfg(feature = "engine")]
pub mod event;
pub mod fallback;
pub mod flat;
#[cfg(feature = "engine")]
mod pieces;
pub mod protocol;
pub mod signature;
#[cfg(feature = "engine")]
mod templates;
#[cfg(feature = "engine")]
pub mod visit;
