//! What lies between the caller and the engine.
//!
//! A simulated call usually speaks to its engine directly. A [`Line`] takes the place of that:
//! whatever stands in between in production, such as a contact centre, so that a script can be run
//! through it, too. The engine, the clock, the mocks and the script stay as they are.

pub use crate::desk::{Desk, Telling};
use crate::session::{Action, SessionError};

/// A way to reach the engine.
pub trait Line: Send {
    /// The contact arrives.
    ///
    /// # Errors
    /// When the call cannot begin.
    fn start(&mut self, desk: &mut Desk) -> Result<(), SessionError>;

    /// The caller, or the channel, does something, until the caller is waited for again.
    ///
    /// # Errors
    /// When that cannot be done here.
    fn act(&mut self, desk: &mut Desk, action: &Action) -> Result<(), SessionError>;
}
