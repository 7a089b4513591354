//! The Lambda function that has the engine within, for those who want to host nothing.
//!
//! It answers Connect and Lex as the bridge function does ([`dialgraph_lambda`]): the same budget,
//! the same fallback, the same log. What it adds is where turns are answered: not over HTTP but in
//! this process, by the same code that serves them there ([`dialgraph_server::http::connect`]).
//! Calls, journals, releases and content are in DynamoDB, so any number of these processes, and of
//! self-hosted engines, are one system.
//!
//! Invariants:
//! * **An invocation ends in time, also while the engine is still starting**: then it is the
//!   fallback.
//! * **Nothing is kept between invocations that another process could not do without.** Lambda
//!   freezes this one after each answer and may never thaw it: a provider's late reply is asked for
//!   again by the next turn, with the same idempotency key.
//! * **There is no clockwork in it.** What a server does by itself now and then is done when a
//!   schedule asks ([`chores`]), and a release that went live elsewhere is looked for beside turns.
//!
//! What it must not know: how turns are run, how the engine is put together.

pub mod chores;
pub mod precompile;
pub mod settings;
pub mod within;
