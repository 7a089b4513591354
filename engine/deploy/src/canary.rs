//! When a canary is taken back by itself.

use serde::{Deserialize, Serialize};

use dialgraph_kernel::journal::{Step, TurnRecord};
use dialgraph_kernel::plugin::FailureKind;

/// What a canary may not do.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Calls that must have tried it before its share of errors counts.
    pub min_calls: u64,
    /// By how much its share of visits that left by `error` may be above that of the live release;
    /// 0.05 is five visits of a hundred.
    pub more_errors: f64,
    /// Traps that are borne, unless the live release traps as often: by default none, from the
    /// first call on.
    pub traps: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self { min_calls: 20, more_errors: 0.05, traps: 0 }
    }
}

/// What was seen of a release.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Calls that began.
    pub calls: u64,
    /// Visits of plugins' nodes that ended.
    pub visits: u64,
    /// Those of them that left by `error`.
    pub errors: u64,
    /// Runs that ended in a trap.
    pub traps: u64,
}

impl Tally {
    /// Counts one turn.
    pub(crate) fn add_turn(&mut self, record: &TurnRecord) {
        self.calls += u64::from(record.turn == 1);
        for step in &record.steps {
            let ended = step.kind == "use" && (step.port.is_some() || step.failure.is_some());
            self.visits += u64::from(ended);
            self.errors += u64::from(ended && is_error(step));
            let trapped = step.failure.as_ref().is_some_and(|f| f.kind == FailureKind::Trap);
            self.traps += u64::from(trapped);
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            visits: self.visits + other.visits,
            errors: self.errors + other.errors,
            traps: self.traps + other.traps,
        }
    }

    fn share(self, part: u64) -> f64 {
        if self.visits == 0 { 0.0 } else { part as f64 / self.visits as f64 }
    }

    /// Of the visits, which part left by `error`.
    pub fn error_share(self) -> f64 {
        self.share(self.errors)
    }
}

fn is_error(step: &Step) -> bool {
    step.failure.is_some() || step.port.as_deref() == Some("error")
}

/// Why a canary with these counts must be taken back; none while it may go on.
pub fn judge(rules: &Rules, live: Tally, canary: Tally) -> Option<String> {
    if canary.traps > rules.traps && canary.share(canary.traps) > live.share(live.traps) {
        return Some(format!(
            "{} of {} plugin visits trapped; at most {} are tolerated",
            canary.traps, canary.visits, rules.traps
        ));
    }
    let (tried, usual) = (canary.error_share(), live.error_share());
    if canary.calls >= rules.min_calls && tried > usual + rules.more_errors {
        return Some(format!(
            "after {} calls, {:.1} % of its plugin visits left by `error`, compared with {:.1} % \
            for the live release",
            canary.calls,
            tried * 100.0,
            usual * 100.0
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally(calls: u64, visits: u64, errors: u64, traps: u64) -> Tally {
        Tally { calls, visits, errors, traps }
    }

    #[test]
    fn errors_count_after_enough_calls_and_beside_those_of_the_live_release() {
        let rules = Rules::default();
        let good = tally(100, 300, 3, 0);
        assert_eq!(judge(&rules, good, tally(19, 40, 40, 0)), None, "too few calls");
        insta::assert_snapshot!(
            judge(&rules, good, tally(20, 40, 4, 0)).unwrap(),
            @"after 20 calls, 10.0 % of its plugin visits left by `error`, compared with 1.0 % for the live release"
        );
        let bad_day = tally(100, 300, 60, 0);
        assert_eq!(judge(&rules, bad_day, tally(20, 40, 9, 0)), None, "all calls suffer alike");
        assert_eq!(judge(&rules, tally(0, 0, 0, 0), tally(50, 0, 0, 0)), None, "no plugin ran");
    }

    #[test]
    fn the_first_trap_is_enough() {
        let rules = Rules::default();
        let live = tally(10, 20, 0, 0);
        insta::assert_snapshot!(
            judge(&rules, live, tally(1, 1, 1, 1)).unwrap(),
            @"1 of 1 plugin visits trapped; at most 0 are tolerated"
        );
        let patient = Rules { traps: 3, more_errors: 1.0, ..rules };
        assert_eq!(judge(&patient, live, tally(30, 60, 3, 3)), None);
        assert!(judge(&patient, live, tally(30, 60, 4, 4)).is_some());
        let trapping = tally(10, 20, 2, 2);
        assert_eq!(
            judge(&rules, trapping, tally(10, 20, 2, 2)),
            None,
            "the live one traps as often"
        );
    }

    proptest! {
        #[test]
        fn more_errors_never_make_a_canary_better(
            calls in 0u64..100, visits in 1u64..200, errors in 0u64..200, more in 0u64..50, usual in 0u64..50,
        ) {
            let errors = errors.min(visits);
            let worse = (errors + more).min(visits);
            let live = tally(50, 50, usual, 0);
            let rules = Rules::default();
            let withdrawn = judge(&rules, live, tally(calls, visits, errors, 0)).is_some();
            let withdrawn_too = judge(&rules, live, tally(calls, visits, worse, 0)).is_some();
            prop_assert!(!withdrawn || withdrawn_too);
        }
    }
}
