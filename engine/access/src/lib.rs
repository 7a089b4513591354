//! Who may do what: roles, who holds a token, and the hashes by which tokens are known.
//!
//! The configuration names holders of tokens, the server asks who sent a request, and the audit log
//! says who changed what is live. All three mean the same people and roles by the same rules, and
//! none of them should need another for that.
//!
//! What it must not know: where tokens are kept, how they are sent, what a role is needed for.

mod token;
mod who;

pub use token::{ConfiguredToken, ConfiguredTokens, MAX_TOKEN_BYTES, TokenHash};
pub use who::{Role, Who};
