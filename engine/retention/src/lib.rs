//! Takes out of a store what is too old, and what belongs to one customer.
//!
//! It exists because what a customer leaves behind is spread over what many crates keep: calls with
//! their turns (`runtime`), records, copies of records and tickets (`local`), and none of those
//! should know the others. One walk over all rows finds it; each row is judged by itself, so that a
//! walk that broke off is simply made again.
//!
//! Invariants:
//! * A call that its flow has in hand is never removed.
//! * Nothing is removed that changed after it was looked at.
//! * What was removed is told in the audit log; who was erased is told by a keyed hash, see
//!   [`Upkeep::name_of`].
//! * Which collections, attributes and fields name a customer is said by the project that is live
//!   ([`dialgraph_flow::erase::Erase`]), never here.
//!
//! What it must not know: HTTP, terminals, any one backend, any company's flows.

mod erase;
mod error;
mod purge;
mod sweep;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use dialgraph_base::Digest;
use dialgraph_deploy::{Action, History, Who};
use dialgraph_runtime::Calls;
use dialgraph_store::{
    Backend, CommitError, CommitToken, Expect, Key, Op, Part, Schema, Sort, Store, UnixMillis,
    Upgrade, get_value,
};

pub use self::error::RetentionError;

/// What is to be removed.
#[derive(Debug, Clone)]
pub enum Task {
    Purge(Purge),
    /// Everything of the customer with this id.
    Erase(String),
}

/// What is old. Records of collections with a `retention` of their own go by that, named or not.
#[derive(Debug, Clone, Default)]
pub struct Purge {
    /// Calls go that ended so long ago.
    pub older_than: Duration,
    /// Records of these collections go that were not written for so long.
    pub records: Vec<String>,
    /// Tickets of the local desk go that were opened so long ago.
    pub tickets: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Done {
    /// Nothing was removed: it tells what would be.
    pub dry_run: bool,
    /// Rows that were looked at.
    pub seen: u64,
    /// How much of what was removed: `calls` and their `rows`, `records`, `last-known`, `tickets`,
    /// `receipts`; `turns` of other calls in which something was blotted out, and `replies` to them
    /// that came late.
    pub removed: BTreeMap<String, u64>,
    /// Of an erasure: calls in progress that belong to the customer or hold something of theirs.
    /// Erase again when they are over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
    /// What could not be read, and was left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
    /// Of an erasure: rows that changed whenever they were about to be removed. Erase again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left: u64,
    /// Why what was removed is still in the store's commit log, for up to a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Done {
    fn count(&mut self, what: &str, many: u64) {
        if many > 0 {
            *self.removed.entry(what.to_owned()).or_default() += many;
        }
    }

    /// Nothing is left that should have gone.
    pub fn is_whole(&self) -> bool {
        self.open.is_empty() && self.unreadable.is_empty() && self.left == 0
    }
}

/// Looks after one store.
#[derive(Clone)]
pub struct Upkeep {
    /// Where rows are walked, as they are stored.
    pub backend: Arc<dyn Backend>,
    /// Where they are read and written.
    pub store: Arc<dyn Store>,
    pub history: History,
}

impl std::fmt::Debug for Upkeep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upkeep").field("place", &self.backend.place()).finish_non_exhaustive()
    }
}

/// The key of the hashes by which customers are named in the audit log.
#[derive(Serialize, Deserialize)]
struct NameKey {
    hex: String,
}

impl Schema for NameKey {
    const KIND: &'static str = "erase-key";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

impl Upkeep {
    /// Carries out `task` at the time `now`. `seen` is told how many rows have been looked at.
    ///
    /// With `dry_run` everything is looked at and nothing is written.
    ///
    /// # Errors
    /// If the store fails, or the task cannot be: what was removed until then is in the audit log.
    pub async fn run(
        &self,
        who: &Who,
        task: &Task,
        now: UnixMillis,
        dry_run: bool,
        seen: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Done, RetentionError> {
        let mut done = Done { dry_run, ..Done::default() };
        match task {
            Task::Purge(purge) => {
                let over = purge::run(self, purge, now, &mut done, seen).await;
                let why = format!("older than {}", days(purge.older_than));
                self.note(who, Action::Purge, now, &done, Some(why)).await?;
                over?;
            }
            Task::Erase(customer) => {
                let wanted = erase::Wanted::of(self, customer).await?;
                let named = match dry_run {
                    true => None,
                    false => Some(format!("customer {}", self.name_of(customer).await?)),
                };
                // Whatever happens afterwards, it is known that somebody began.
                if !dry_run {
                    let nothing = BTreeMap::new();
                    let action = Action::EraseBegun;
                    self.history.removed(who, action, now, &nothing, named.clone()).await?;
                }
                let over = erase::run(self, &wanted, &mut done, seen).await;
                self.note(who, Action::Erase, now, &done, named).await?;
                over?;
            }
        }
        if !dry_run && !done.removed.is_empty() {
            // What was written once is in the log until that is begun anew.
            done.log = self.backend.cut_log().await.err().map(|error| error.to_string());
        }
        Ok(done)
    }

    async fn note(
        &self,
        who: &Who,
        action: Action,
        now: UnixMillis,
        done: &Done,
        why: Option<String>,
    ) -> Result<(), RetentionError> {
        if done.dry_run || (done.removed.is_empty() && action == Action::Purge) {
            return Ok(());
        }
        Ok(self.history.removed(who, action, now, &done.removed, why).await?)
    }

    /// How the audit log names a customer: HMAC-SHA-256 of the id under a key that is made once for
    /// each store.
    ///
    /// The log outlives the customer, so the id itself must not be in it; but whoever is asked
    /// whether somebody was erased can compute it again. A hash without a key could be tried
    /// through, for ids are short. Who can read the store's rows can do that all the same.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn name_of(&self, customer: &str) -> Result<String, RetentionError> {
        let place = Key::new(&Part::new("retention")?, Sort::text("erase-key"))?;
        let mut fresh = [0; 32];
        getrandom::fill(&mut fresh).map_err(|error| RetentionError::Chance(error.to_string()))?;
        let fresh = NameKey { hex: hex::encode(fresh) };
        let token = CommitToken::new(format!("erase-key/{}", &fresh.hex[..16]))?;
        let key = match get_value::<NameKey>(&self.store, &place).await? {
            Some(known) => known.value,
            None => {
                let op = Op::put_value(place.clone(), &fresh, Expect::Absent)?;
                match self.store.commit(&[op], &token).await {
                    Ok(_) => fresh,
                    Err(CommitError::Failed(error)) => return Err(error.into()),
                    // Another process made one in the same moment.
                    Err(CommitError::Conflict(_)) => match get_value(&self.store, &place).await? {
                        Some(known) => known.value,
                        None => return Err(RetentionError::Busy),
                    },
                }
            }
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(key.hex.as_bytes())
            .map_err(|error| RetentionError::Chance(error.to_string()))?;
        mac.update(customer.as_bytes());
        Ok(format!("hmac-sha256:{}", hex::encode(mac.finalize().into_bytes())))
    }

    fn calls(&self) -> Calls {
        Calls::new(Arc::clone(&self.store))
    }
}

/// A name that no other run has.
fn run_name() -> Result<String, RetentionError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| RetentionError::Chance(error.to_string()))?;
    Ok(format!("retention/{}", Digest::of(&bytes).hex()))
}

fn days(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        s if s > 0 && s.is_multiple_of(86_400) => format!("{} days", s / 86_400),
        s => format!("{s} seconds"),
    }
}
