//! `auth`: asks for the caller's account number, by speech or keys, and looks whether a customer
//! has it.
//!
//! Why it exists: getting twelve digits right over the telephone is a dialogue of its own
//! (mishearing, silence, reading back, changing to keys) that every flow would else have to draw
//! again.
//!
//! Invariants: no number counts that the caller has not confirmed or keyed when confirmation is on;
//! a number that is only known from the caller's telephone is never read out whole; no digit is
//! ever logged. It must not know what an account number opens.

mod config;
mod customers;
mod dialogue;
#[cfg(test)]
mod tests;

use dialgraph_plugin::prelude::*;

pub use config::{Config, Confirm, Prompts};
use dialogue::{Dialogue, State};

/// What a flow may give.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Telephone number of the caller, to be recognised by; left out: the call's own. Empty: none.
    #[serde(default)]
    caller: Option<String>,
}

/// What is known of the caller's account.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The account number; null on `failed` and `agent` unless one had been confirmed.
    account_id: Option<String>,
    /// A customer has this number.
    verified: bool,
    /// Customer records could be asked.
    checked: bool,
    /// The answer comes from what was last known, because the records could not be reached.
    cached: bool,
    /// How the number was given: `speech`, `keys` or `caller` (by the caller's telephone number).
    method: Option<Method>,
    /// Key of the customer's record.
    customer: Option<String>,
    /// Vain tries.
    failures: u32,
}

/// How the number was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Spoken or typed as words.
    Speech,
    /// Keyed.
    Keys,
    /// Known from the caller's telephone number.
    Caller,
}

const VERIFIED: Port = Port::new("verified", "A customer has the account number.");
const UNVERIFIED: Port = Port::new(
    "unverified",
    "The caller confirmed a well-formed account number that no customer has.",
);
const UNCHECKED: Port = Port::new(
    "unchecked",
    "The caller confirmed an account number, but the customer records cannot be reached.",
);
const FAILED: Port =
    Port::new("failed", "All tries were used up without a confirmed account number.");
const AGENT: Port = Port::new("agent", "The caller asked for a person, or pressed 0.");

/// The plugin.
#[derive(Debug)]
pub struct Auth;

impl Node for Auth {
    type Config = Config;
    type Input = Input;
    type Output = Output;
    type State = State;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        summary: env!("CARGO_PKG_DESCRIPTION"),
        ports: &[VERIFIED, UNVERIFIED, UNCHECKED, FAILED, AGENT],
        config_schema: include_str!("../schema/config.json"),
        input_schema: include_str!("../schema/input.json"),
        output_schema: include_str!("../schema/output.json"),
    };

    fn check(config: &Config, check: &mut Check<'_>) {
        config.look_over(check);
    }

    fn run(
        host: &Host,
        visit: Visit<Config, Input, State>,
    ) -> Result<Outcome<State, Output>, NodeError> {
        let dialogue = Dialogue::new(host, &visit.config);
        match visit.event {
            Event::Entered => dialogue.enter(visit.input.caller.as_deref()),
            Event::Answered { state, answer } => dialogue.answer(state, answer),
        }
    }
}

dialgraph_plugin::export!(Auth);
