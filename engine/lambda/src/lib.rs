//! The Lambda function between Amazon Connect and the engine.
//!
//! Connect can ask nobody but a Lambda function. This one decides nothing: it signs the event,
//! forwards it whole, and hands the engine's answer back. What it adds is that a caller is never
//! left with silence: whatever happens to the engine, Connect gets an answer within the budget, and
//! if it is not the engine's, it is the fallback, which says a sentence and gives the caller to
//! people.
//!
//! It is also the code hook of the Lex bot by which the bridge flow listens: [`lex`] closes the
//! dialog at once and passes the words on, so that Lex only hears and the engine understands.
//!
//! **Invariants.**
//! * An invocation ends within its budget and before Lambda would end it, whatever the engine does.
//! * An event may be delivered to the engine twice, never more, always with one turn token; the
//!   engine answers both alike.
//! * Every answer is one that Connect takes. Nothing is buffered without a limit. Nothing panics.
//! * The log holds nothing that a caller said, pressed or is.
//!
//! **Must not know** flows, calls or plugins: of the engine's crates it uses the signature, the
//! fallback and the shape of answers alone, and is small enough to start in the time between two
//! rings.

pub mod answer;
pub mod bridge;
pub mod engine;
pub mod event;
pub mod function;
pub mod lex;
pub mod log;
pub mod settings;
pub mod tls;

#[cfg(feature = "emulator")]
pub mod emulator;
