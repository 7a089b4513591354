//! Keeps content that is being removed and content that is being pushed apart.
//!
//! Engine processes share content, and a push may need this very moment what nobody needed before.
//! So whoever removes content *claims* it first, in one row of the store, and looks once more; and
//! a push commits only if that row has not changed since before the push first looked at content.
//! Whichever is first, the other begins again.

use std::collections::BTreeSet;
use std::time::Duration;

use dialgraph_store::{Clock, Expect, Op, Typed, UnixMillis};

use crate::error::DeployError;
use crate::ledger::Ledger;
use crate::rows::{self, Sweep};

/// After this the process that claimed is dead, whatever its clock shows.
pub(crate) const ABANDONED_MS: u64 = 120_000;
/// How often a push looks whether a claim has ended.
pub(crate) const LOOK: Duration = Duration::from_millis(100);

impl Sweep {
    pub(crate) fn is_under_way(&self, now: UnixMillis) -> bool {
        !self.removing.is_empty() && now.0 < self.claimed.0.saturating_add(ABANDONED_MS)
    }
}

impl Ledger {
    /// Waits until no content is being removed. What it gives must still hold when a change is
    /// committed whose content was looked at after this.
    pub(crate) async fn unclaimed(&self, clock: &dyn Clock) -> Result<Op, DeployError> {
        loop {
            let mut row = self.sweep().await?;
            let sweep = row.as_ref().map(|row| row.value.clone()).unwrap_or_default();
            if sweep.removing.is_empty() {
                let expect = row.map_or(Expect::Absent, |row| Expect::Version(row.version));
                return Ok(Op::check(rows::sweep()?, expect));
            }
            if sweep.is_under_way(clock.now()) {
                tokio::time::sleep(LOOK).await;
            } else {
                let over = Sweep { removing: BTreeSet::new(), ..sweep };
                self.claim(&mut row, over).await?;
            }
        }
    }

    /// Puts `next` in the place of `row`; false when another process has changed it meanwhile.
    pub(crate) async fn claim(
        &self,
        row: &mut Option<Typed<Sweep>>,
        next: Sweep,
    ) -> Result<bool, DeployError> {
        let expect = row.as_ref().map_or(Expect::Absent, |row| Expect::Version(row.version));
        let written = self.commit(&[Op::put_value(rows::sweep()?, &next, expect)?]).await?;
        *row = self.sweep().await?;
        // Whoever has written since then is not us.
        Ok(written && row.as_ref().is_some_and(|row| row.value == next))
    }
}
