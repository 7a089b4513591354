//! The engine: the kernel with its effects.
//!
//! The kernel computes a turn and asks for replies; this crate gets the replies (from providers,
//! within the plugin's grants and the turn's time), stores the call and the record of the turn in
//! one commit, and only then answers. A live server and the text simulator both drive calls through
//! [`Engine`]: they differ in the [`Clock`], the [`World`] and the store that they bring, and in
//! nothing else.
//!
//! Invariants: no executor is assumed (futures are polled by whoever calls); nothing is answered
//! before it is durable; an event that comes twice with one token is handled once. This crate knows
//! nothing of HTTP, Amazon Connect, terminals or wasmtime.

mod calls;
mod clock;
mod dispatch;
mod drive;
mod engine;
mod outside;
mod releases;
mod request;
mod spans;
mod system_clock;

pub use calls::{
    Before, Calls, CallsError, CleanUp, Loaded, Mark, OpenCall, OpenCalls, OpenCursor, Stage,
};
pub use clock::Clock;
pub use dispatch::{Dispatch, GrantBook};
pub use drive::{Sources, WaitRules, World};
pub use engine::{Answer, Engine, EngineError, LateReply};
pub use outside::{Addressed, Target, Told};
pub use releases::{Canary, ReleaseSource, Releases};
pub use request::{Start, Trigger, TurnRequest};
pub use spans::NodeTime;
pub use system_clock::SystemClock;
