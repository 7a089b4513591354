//! What arrived for calls from outside: `arrived/VISIT` in a call's partition.
//!
//! There is one row for each address that something came to, or that takes nothing more. Whoever
//! writes it first has won: of any number of senders one is heard, and a turn that closes an
//! address and a sender who is there at that moment cannot both be right. A turn takes what arrived
//! by its own commit, which changes the call and leaves the row: the sender who comes again is told
//! that it was heard.

use serde::{Deserialize, Serialize};

use dialgraph_base::{CallId, Timestamp};
use dialgraph_kernel::call::Call;
use dialgraph_kernel::outside::Arrival;
use dialgraph_store::{
    CommitError, Expect, Op, Schema, Sort, Store, StoreError, UnixMillis, Upgrade, decode, encode,
};
use serde_json::Value;

use super::{Calls, CallsError, token};

pub(super) const ARRIVED: &str = "arrived";

/// What stands at the address that a visit made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stands {
    /// Something came.
    Arrived(Arrival),
    /// Nothing came in time, and nothing is taken any more.
    Closed,
}

impl Schema for Stands {
    const KIND: &'static str = "arrived";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

fn sort(visit: u32) -> Sort {
    Sort::text(ARRIVED).then_number(u64::from(visit))
}

impl Calls {
    /// What stands at the address that a visit of the call made; none: nothing yet.
    pub(crate) async fn stands(
        &self,
        id: &CallId,
        visit: u32,
    ) -> Result<Option<Stands>, CallsError> {
        match self.read(id, "what arrived", sort(visit)).await? {
            Some((bytes, ..)) => Ok(Some(decode(&bytes)?)),
            None => Ok(None),
        }
    }

    /// What has arrived at the open addresses of a call.
    pub(crate) async fn arrivals(&self, call: &Call) -> Result<Vec<Arrival>, CallsError> {
        let mut arrived = Vec::new();
        for (hook, open) in &call.hooks {
            match self.stands(&call.id, open.visit).await {
                Ok(Some(Stands::Arrived(arrival))) => arrived.push(arrival),
                Ok(Some(Stands::Closed) | None) => {}
                Err(error) if error.is_damage() => {
                    // It will not become readable, and the call must go on: that something came is
                    // known.
                    tracing::error!(call = %call.id, %hook, %error, "what arrived cannot be read");
                    let (hook, visit, at) = (hook.clone(), open.visit, call.last_turn_at);
                    let value = Value::Null;
                    arrived.push(Arrival { hook, visit, at, value, sensitive: false });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(arrived)
    }

    /// Keeps what has arrived, unless something stands there: then that is given back.
    pub(crate) async fn keep_arrival(
        &self,
        id: &CallId,
        arrival: Arrival,
    ) -> Result<Option<Stands>, CallsError> {
        let (visit, at) = (arrival.visit, arrival.at);
        let value = encode(&Stands::Arrived(arrival))?;
        let mut ops = Vec::with_capacity(1);
        self.write(&mut ops, id, sort(visit), &value, Expect::Absent, self.until(at))?;
        // Two who bring the same must not be taken for one who asks again.
        let mut chance = [0; 16];
        getrandom::fill(&mut chance).map_err(no_chance)?;
        let name = format!("{ARRIVED}/{id}/{visit}/{:032x}", u128::from_le_bytes(chance));
        match self.store.commit(&ops, &token(&name)?).await {
            Ok(_) => Ok(None),
            // What stood there and has expired meanwhile takes nothing, either.
            Err(CommitError::Conflict(_)) => {
                Ok(Some(self.stands(id, visit).await?.unwrap_or(Stands::Closed)))
            }
            Err(CommitError::Failed(error)) => Err(error.into()),
        }
    }

    /// Adds the operations by which addresses of a call take nothing more.
    pub(super) fn close(
        &self,
        ops: &mut Vec<Op>,
        id: &CallId,
        visits: &[u32],
        at: Timestamp,
    ) -> Result<(), CallsError> {
        let value = encode(&Stands::Closed)?;
        let until: Option<UnixMillis> = self.until(at);
        for visit in visits {
            self.write(ops, id, sort(*visit), &value, Expect::Absent, until)?;
        }
        Ok(())
    }
}

fn no_chance(error: getrandom::Error) -> StoreError {
    StoreError::Backend { detail: format!("the system's source of chance: {error}") }
}

/// The key of the deployment under which addresses are made.
#[derive(Serialize, Deserialize)]
struct StoredKey {
    key: Vec<u8>,
}

impl Schema for StoredKey {
    const KIND: &'static str = "hook-key";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

/// The key that all processes over a store share, made by the first that asks.
pub(crate) async fn deployment_key<const N: usize>(
    store: &dyn Store,
) -> Result<[u8; N], StoreError> {
    let place = dialgraph_store::Part::new("hooks")?;
    let place = dialgraph_store::Key::new(&place, Sort::text("key"))?;
    loop {
        if let Some(row) = store.get(&place).await? {
            let stored: StoredKey = decode(&row.value)?;
            return stored.key.try_into().map_err(|key: Vec<u8>| StoreError::Backend {
                detail: format!("the key of addresses has {} bytes, not {N}", key.len()),
            });
        }
        let mut key = [0; N];
        getrandom::fill(&mut key).map_err(no_chance)?;
        let stored = StoredKey { key: key.to_vec() };
        let op = Op::put_value(place.clone(), &stored, Expect::Absent)?;
        let mut chance = [0; 16];
        getrandom::fill(&mut chance).map_err(no_chance)?;
        let name = format!("hooks/key/{:032x}", u128::from_le_bytes(chance));
        match store.commit(&[op], &token(&name)?).await {
            Ok(_) => return Ok(key),
            // Another process was faster: its key is the key.
            Err(CommitError::Conflict(_)) => {}
            Err(CommitError::Failed(error)) => return Err(error),
        }
    }
}
