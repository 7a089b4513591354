//! What plugins may cost: the budget, kept apart from transcripts.
//!
//! Instruction counts are exact and the same on every machine, so a budget can be tight. It is one
//! snapshot for a whole suite: a change to a plugin changes this file and no transcript.

use std::collections::BTreeMap;
use std::fmt;

use crate::run::{CostKey, CostValue};
use crate::transcript::grouped;

/// Tolerance when a budget names none, in percent.
const TOLERANCE: f64 = 5.0;

/// The most that each plugin may cost at each node.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// Percent by which a plugin's costs may differ; `*` is for those not named.
    tolerance: BTreeMap<String, f64>,
    lines: BTreeMap<CostKey, CostValue>,
}

/// A budget file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line} of the budget is neither `tolerance PLUGIN PERCENT%` nor `PLUGIN FLOW/NODE INSTRUCTIONS KiB`: `{text}`"
)]
pub struct BudgetError {
    line: usize,
    text: String,
}

impl Budget {
    /// A budget of what was found, with the tolerances of `kept`. Unless the run was of everything
    /// that the budget is for (`whole`), what it did not reach stays: other nodes, and dearer runs.
    pub fn from_costs(
        found: &BTreeMap<CostKey, CostValue>,
        kept: Option<&Self>,
        whole: bool,
    ) -> Self {
        let tolerance = kept.map_or_else(
            || BTreeMap::from([("*".to_owned(), TOLERANCE)]),
            |kept| kept.tolerance.clone(),
        );
        let mut lines = kept.filter(|_| !whole).map(|kept| kept.lines.clone()).unwrap_or_default();
        for (key, value) in found {
            let line = lines.entry(key.clone()).or_default();
            line.instructions = line.instructions.max(value.instructions);
            line.memory_bytes = line.memory_bytes.max(value.memory_bytes);
        }
        Self { tolerance, lines }
    }

    /// Reads what [`Display`](fmt::Display) wrote.
    pub fn parse(text: &str) -> Result<Self, BudgetError> {
        let mut budget = Self { tolerance: BTreeMap::new(), lines: BTreeMap::new() };
        for (number, line) in text.lines().enumerate() {
            let wrong = || BudgetError { line: number + 1, text: line.to_owned() };
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                [] => {}
                ["tolerance", plugin, percent] => {
                    let percent = percent.strip_suffix('%').and_then(|text| text.parse().ok());
                    budget.tolerance.insert(plugin.to_owned(), percent.ok_or_else(wrong)?);
                }
                [plugin, node, instructions, kib, "KiB"] => {
                    let number = |text: &str| text.replace(',', "").parse::<u64>().ok();
                    let instructions = number(instructions).ok_or_else(wrong)?;
                    let memory_bytes = number(kib).ok_or_else(wrong)? * 1024;
                    let key = CostKey { plugin: plugin.into(), node: node.to_owned() };
                    budget.lines.insert(key, CostValue { instructions, memory_bytes });
                }
                _ => return Err(wrong()),
            }
        }
        Ok(budget)
    }

    /// What differs by more than the tolerance. `whole`: the run was of everything that the budget
    /// is for, so that a node that did not run, or not as dearly, is a difference, too.
    pub fn compare(&self, found: &BTreeMap<CostKey, CostValue>, whole: bool) -> Vec<String> {
        let mut differences = Vec::new();
        for (key, value) in found {
            let CostKey { plugin, node } = key;
            let Some(budget) = self.lines.get(key) else {
                differences.push(format!("{plugin} at {node} is not in the budget"));
                continue;
            };
            let tolerance = self.tolerance_of(plugin);
            let differs = |found: u64, budget: u64| {
                (whole || found > budget)
                    && (found as f64 - budget as f64).abs() > budget as f64 * tolerance / 100.0
            };
            if differs(value.instructions, budget.instructions) {
                differences.push(format!(
                    "{plugin} at {node}: {} instructions, budget {} ± {tolerance}%",
                    grouped(value.instructions),
                    grouped(budget.instructions)
                ));
            }
            if differs(value.memory_bytes, budget.memory_bytes) {
                differences.push(format!(
                    "{plugin} at {node}: {} KiB, budget {} KiB ± {tolerance}%",
                    value.memory_bytes / 1024,
                    budget.memory_bytes / 1024
                ));
            }
        }
        if whole {
            for CostKey { plugin, node } in self.lines.keys().filter(|key| !found.contains_key(key))
            {
                differences.push(format!("{plugin} at {node} is in the budget but did not run"));
            }
        }
        differences
    }

    fn tolerance_of(&self, plugin: &str) -> f64 {
        self.tolerance.get(plugin).or_else(|| self.tolerance.get("*")).copied().unwrap_or(TOLERANCE)
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (plugin, percent) in &self.tolerance {
            writeln!(f, "tolerance {plugin} {percent}%")?;
        }
        writeln!(f)?;
        for (CostKey { plugin, node }, value) in &self.lines {
            let instructions = grouped(value.instructions);
            writeln!(
                f,
                "{plugin:<18} {node:<44} {instructions:>12} {:>6} KiB",
                value.memory_bytes / 1024
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(instructions: u64) -> BTreeMap<CostKey, CostValue> {
        let key = CostKey { plugin: "auth".into(), node: "customer-auth/account".into() };
        BTreeMap::from([(key, CostValue { instructions, memory_bytes: 131_072 })])
    }

    #[test]
    fn a_budget_reads_back_what_it_shows() {
        let budget = Budget::from_costs(&costs(1_234_567), None, true);
        insta::assert_snapshot!(budget.to_string(), @r"
        tolerance * 5%

        auth               customer-auth/account                           1,234,567    128 KiB
        ");
        assert_eq!(Budget::parse(&budget.to_string()), Ok(budget));
    }

    #[test]
    fn a_plugin_may_differ_within_its_tolerance_only() {
        let budget = Budget::parse(
            "tolerance * 2%\ntolerance auth 10%\nauth customer-auth/account 1,000 128 KiB\n",
        )
        .unwrap();
        assert_eq!(budget.compare(&costs(1_100), true), Vec::<String>::new());
        assert_eq!(
            budget.compare(&costs(1_101), true),
            ["auth at customer-auth/account: 1,101 instructions, budget 1,000 ± 10%"]
        );
        assert_eq!(
            budget.compare(&BTreeMap::new(), true),
            ["auth at customer-auth/account is in the budget but did not run"]
        );
        assert!(budget.compare(&BTreeMap::new(), false).is_empty());
        assert!(budget.compare(&costs(500), false).is_empty());
        assert_eq!(budget.compare(&costs(500), true).len(), 1);
    }

    #[test]
    fn a_run_of_a_part_changes_its_own_lines_alone() {
        let kept =
            "tolerance * 2%\nauth other/node 7 64 KiB\nauth customer-auth/account 9,000 64 KiB\n";
        let kept = Budget::parse(kept).unwrap();
        let part = Budget::from_costs(&costs(1_000), Some(&kept), false);
        assert!(part.to_string().contains(" 9,000    128 KiB\n"), "{part}");
        assert_eq!(part.lines.len(), 2);
        assert_eq!(Budget::from_costs(&costs(1_000), Some(&kept), true).lines.len(), 1);
    }

    #[test]
    fn a_line_that_is_no_budget_is_shown() {
        let error = Budget::parse("tolerance * 2%\nauth 7\n").unwrap_err();
        assert!(error.to_string().contains("line 2") && error.to_string().contains("auth 7"));
    }
}
