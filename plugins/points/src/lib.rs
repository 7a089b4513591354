//! `points`: keeps accounts of points, in which nothing is lost and nothing is counted twice.
//!
//! Why it exists: a caller who pays with points must not spend them twice, and must have them back
//! when the payment fails. Points are therefore reserved first, and settled or released when it is
//! known what became of the purchase; points that a purchase earns are credited after it.
//!
//! Invariants: the balance is the sum of the account's entries; whatever is done under one `id` is
//! done once, from whichever call and however often; a reserved point cannot be reserved again; a
//! write happens only while the account is as it was read. It must not know what is bought, nor
//! how money is paid.

mod account;
mod given;
mod ledger;
#[cfg(test)]
mod tests;

use dialgraph_plugin::prelude::*;

use crate::account::{Became, Operation};
use crate::given::Input;
use crate::ledger::Ledger;

/// What to do, and where accounts are kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `balance` tells what an account has; `credit` adds points; `reserve` keeps points for a
    /// purchase, `settle` spends what is reserved for it, `release` gives it back.
    #[serde(rename = "do")]
    action: Action,
    /// Name of the collection of accounts.
    #[schemars(extend("x-dialgraph-ref" = "collection", "x-dialgraph-access" = {
        "do": {
            "balance": "read",
            "credit": "read-write",
            "reserve": "read-write",
            "settle": "read-write",
            "release": "read-write"
        }
    }))]
    collection: String,
    /// Name of the collection for entries that an account's own record no longer holds.
    #[schemars(extend("x-dialgraph-ref" = "collection", "x-dialgraph-access" = {
        "do": {
            "credit": "read-write",
            "reserve": "read-write",
            "settle": "read-write",
            "release": "read-write"
        }
    }))]
    history: String,
    /// How often it is tried when others write the account at the same time. Left out: 5.
    #[serde(default = "default_attempts")]
    #[schemars(range(min = 1, max = 10))]
    attempts: u32,
}

fn default_attempts() -> u32 {
    5
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Balance,
    Credit,
    Reserve,
    Settle,
    Release,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The account is there, and nothing was to be done.
    Known,
    Credited,
    Reserved,
    Settled,
    Released,
    /// Nobody has points under this account.
    NoAccount,
    /// Fewer points are free than are to be reserved.
    Insufficient,
    /// Nothing is reserved under this `id`.
    NotReserved,
    /// Under this `id` something else was done before: another number of points, or what was
    /// reserved has been settled or released.
    Differs,
    /// The account would have more points, or more reservations, than an account can.
    TooMany,
}

/// What came of it, and what the account has now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// `known`, `credited`, `reserved`, `settled` or `released` on port `done`; `no_account`,
    /// `insufficient`, `not_reserved`, `differs` or `too_many` on port `not_done`.
    outcome: Outcome,
    /// Points that were credited, reserved, settled or released; 0 on port `not_done`.
    points: i64,
    /// All points of the account, those that are reserved among them.
    balance: i64,
    /// Points that can be spent: the balance without what is reserved.
    available: i64,
    /// Whether it had been done before, under the same `id`.
    repeated: bool,
}

const DONE: Port = Port::new("done", "It is done, now or before under the same id.");
const NOT_DONE: Port = Port::new("not_done", "Nothing was changed; `output.outcome` says why not.");

/// The plugin.
#[derive(Debug)]
pub struct Points;

impl Node for Points {
    type Config = Config;
    type Input = Input;
    type Output = Output;
    type State = ();
    const DESCRIPTOR: Descriptor = Descriptor {
        name: "points",
        version: env!("CARGO_PKG_VERSION"),
        summary: env!("CARGO_PKG_DESCRIPTION"),
        ports: &[DONE, NOT_DONE],
        config_schema: include_str!("../schema/config.json"),
        input_schema: include_str!("../schema/input.json"),
        output_schema: include_str!("../schema/output.json"),
    };

    fn check(config: &Config, check: &mut Check<'_>) {
        for (at, name) in [("/collection", &config.collection), ("/history", &config.history)] {
            if name.trim().is_empty() {
                check.error(at, "the collection has no name");
            }
        }
        if config.collection == config.history {
            check
                .error("/history", "accounts and their history share one collection")
                .hint("declare one more collection, such as `points_history`");
        }
    }

    fn run(
        host: &Host,
        visit: Visit<Config, Input, ()>,
    ) -> Result<dialgraph_plugin::Outcome<(), Output>, NodeError> {
        let Visit { config, input, .. } = visit;
        let account = input.account()?;
        let ledger = Ledger { host, config: &config, account: &account };
        let operation = match config.action {
            Action::Balance => return Ok(known(ledger.read()?.map(|(account, _)| account))),
            Action::Credit => Operation::Credit(input.points()?),
            Action::Reserve => Operation::Reserve(input.points()?),
            Action::Settle => Operation::Settle(input.some_points()?),
            Action::Release => Operation::Release,
        };
        let Some((became, account)) = ledger.write(operation, &input.id()?)? else {
            return Ok(known(None));
        };
        let outcome = match (became, operation) {
            (Became::Done { .. }, Operation::Credit(_)) => Outcome::Credited,
            (Became::Done { .. }, Operation::Reserve(_)) => Outcome::Reserved,
            (Became::Done { .. }, Operation::Settle(_)) => Outcome::Settled,
            (Became::Done { .. }, Operation::Release) => Outcome::Released,
            (Became::Insufficient, _) => Outcome::Insufficient,
            (Became::Differs, _) => Outcome::Differs,
            (Became::NotReserved, _) => Outcome::NotReserved,
            (Became::TooMany, _) => Outcome::TooMany,
        };
        let (port, points, repeated) = match became {
            Became::Done { points, again } => (DONE, points, again),
            Became::Insufficient | Became::Differs | Became::NotReserved | Became::TooMany => {
                (NOT_DONE, 0, false)
            }
        };
        let (balance, available) = (account.balance, account.available());
        Ok(Done::new(port, Output { outcome, points, balance, available, repeated }).into())
    }
}

/// What there is without anything being done.
fn known(account: Option<account::Account>) -> dialgraph_plugin::Outcome<(), Output> {
    let (port, outcome) = match account {
        Some(_) => (DONE, Outcome::Known),
        None => (NOT_DONE, Outcome::NoAccount),
    };
    let account = account.unwrap_or_default();
    let (balance, available) = (account.balance, account.available());
    Done::new(port, Output { outcome, points: 0, balance, available, repeated: false }).into()
}

dialgraph_plugin::export!(Points);
