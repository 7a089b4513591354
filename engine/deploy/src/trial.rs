//! The canary as this process sees it: counts what its calls come to, here and elsewhere, and
//! judges it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use dialgraph_base::Digest;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_store::{Expect, Op, Query, decode};

use crate::canary::{Rules, judge};
use crate::chance::random_hex;
use crate::error::DeployError;
use crate::ledger::Ledger;
use crate::rows::{self, CanaryState, Counts, State};

/// A canary as this process sees it.
struct Watched {
    number: u64,
    live: Digest,
    canary: Digest,
    rules: Rules,
    /// Counted here.
    counts: Counts,
    /// Counted by the other processes, as they last said.
    others: Counts,
}

impl Watched {
    fn verdict(&self) -> Option<String> {
        let live = self.counts.live.plus(self.others.live);
        judge(&self.rules, live, self.counts.canary.plus(self.others.canary))
    }
}

/// The canary that runs, if one does.
pub(crate) struct Trial {
    ledger: Ledger,
    /// Names this engine process among those that share the store.
    pub(crate) process: String,
    watched: Mutex<Option<Watched>>,
    wake: Notify,
}

impl Trial {
    pub(crate) fn new(ledger: Ledger) -> Self {
        let process = random_hex();
        Self { ledger, process, watched: Mutex::default(), wake: Notify::new() }
    }

    /// Nothing under it can be left half done by a panic.
    fn watched(&self) -> MutexGuard<'_, Option<Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a turn.
    pub(crate) fn observe(&self, release: &Digest, record: &TurnRecord) {
        let mut watched = self.watched();
        let Some(watched) = watched.as_mut() else { return };
        if *release == watched.canary {
            watched.counts.canary.add_turn(record);
            if watched.verdict().is_some() {
                self.wake.notify_one();
            }
        } else if *release == watched.live {
            watched.counts.live.add_turn(record);
        }
    }

    /// Waits until the canary does badly here.
    pub(crate) async fn does_badly(&self) {
        self.wake.notified().await;
    }

    /// Tells the others what was counted here; gives the number of the canary and why it must be
    /// taken back.
    pub(crate) async fn verdict(&self) -> Result<Option<(u64, String)>, DeployError> {
        let Some((number, counts)) = self.watched().as_ref().map(|w| (w.number, w.counts)) else {
            return Ok(None);
        };
        let others = self.exchange(number, counts).await?;
        let mut watched = self.watched();
        let Some(watched) = watched.as_mut().filter(|watched| watched.number == number) else {
            return Ok(None);
        };
        watched.others = others;
        Ok(watched.verdict().map(|why| (number, why)))
    }

    /// Counts for the canary of `state` from now on, if it has one.
    pub(crate) fn watch(&self, state: &State) {
        let mut watched = self.watched();
        match &state.canary {
            None => *watched = None,
            Some(canary) => {
                let CanaryState { deployed, rules, .. } = canary;
                if watched.as_ref().is_none_or(|watched| watched.number != deployed.number) {
                    *watched = Some(Watched {
                        number: deployed.number,
                        live: state.live.release,
                        canary: deployed.release,
                        rules: *rules,
                        counts: Counts::default(),
                        others: Counts::default(),
                    });
                }
            }
        }
    }

    /// Tells the other processes what was counted here, and gives what they counted.
    async fn exchange(&self, number: u64, own: Counts) -> Result<Counts, DeployError> {
        let key = rows::counts(number, &self.process)?;
        self.ledger.commit(&[Op::put_value(key, &own, Expect::Any)?]).await?;
        self.counts(number, &self.process).await
    }

    /// What all processes but `except` have counted.
    async fn counts(&self, number: u64, except: &str) -> Result<Counts, DeployError> {
        let own = rows::counts(number, except)?;
        let mut sum = Counts::default();
        let query = Query::new(rows::counts_of(number)?).limit(1000);
        for row in self.ledger.store().query(&query).await?.rows {
            if row.key != own {
                let counts: Counts = decode(&row.value)?;
                sum.live = sum.live.plus(counts.live);
                sum.canary = sum.canary.plus(counts.canary);
            }
        }
        Ok(sum)
    }

    /// What was counted of a canary, here and elsewhere.
    pub(crate) async fn counted(&self, number: u64) -> Result<Counts, DeployError> {
        let mut sum = self.counts(number, &self.process).await?;
        if let Some(watched) = self.watched().as_ref().filter(|w| w.number == number) {
            sum.live = sum.live.plus(watched.counts.live);
            sum.canary = sum.canary.plus(watched.counts.canary);
        }
        Ok(sum)
    }
}
