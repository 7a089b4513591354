//! A stand-in for Amazon Connect: it executes a contact flow action by action, as the service
//! would.
//!
//! It knows only the action types that the bridge flow uses, takes nothing that the service would
//! refuse, and fails the test when it meets anything else. Time is the script's: prompts take none,
//! silence and pauses take as long as they are.

#![allow(dead_code, unreachable_pub, reason = "each test uses some of it")]
#![allow(clippy::expect_used, clippy::panic, reason = "a helper of a test fails with it")]

pub mod contact;
pub mod double;
pub mod fixture;
pub mod lambda;
pub mod live;
pub mod scripted;
pub mod served;
