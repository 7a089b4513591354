//! An account and what can be done with it: data in, data out.
//!
//! The balance is the sum of the entries, always: whatever changes it makes an entry, and what
//! somebody else has written into the balance becomes one before anything else is done. Entries
//! are numbered from 1 without a gap, and never change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// No account has more points, in or out: JSON numbers are exact up to here.
pub(crate) const MOST: i64 = (1 << 53) - 1;
/// So many points of one account can be reserved for different purposes at once.
pub(crate) const MOST_HOLDS: usize = 50;
/// So many of the last entries stay in the account's own record.
pub(crate) const RECENT: usize = 20;

/// The record of an account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    #[serde(default)]
    pub account: String,
    /// All points of the account, the reserved ones among them.
    #[serde(default)]
    pub balance: i64,
    /// Points that are reserved, by what they are reserved for.
    #[serde(default)]
    pub holds: BTreeMap<String, i64>,
    /// Entries that were ever made.
    #[serde(default)]
    pub entries: u64,
    /// The last of them, the latest at the end.
    #[serde(default)]
    pub recent: Vec<Entry>,
    /// What others keep here, such as a name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Something that happened to the points of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub account: String,
    pub number: u64,
    pub kind: Kind,
    /// What it was for, as the flow calls it.
    pub id: String,
    /// Points that it was about: never below 0, but for corrections.
    pub points: i64,
    /// What it added to the balance.
    pub change: i64,
    /// The balance after it.
    pub balance: i64,
    /// When, after RFC 3339.
    pub at: String,
    pub call: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// What the account had before its first entry.
    Opening,
    /// What somebody else wrote into the balance since the last entry.
    Correction,
    Credited,
    /// Reserved points were spent.
    Settled,
    /// Reserved points were given back.
    Released,
}

/// What is to be done, for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Credit(i64),
    Reserve(i64),
    /// Spends what is reserved, or so much of it, and gives back the rest.
    Settle(Option<i64>),
    Release,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Became {
    /// It is done, with so many points; `again`: it had been done before.
    Done { points: i64, again: bool },
    /// The account has not as many points that are free.
    Insufficient,
    /// Something else was done before under the same id: another number of points, or what was
    /// reserved has been settled or released.
    Differs,
    /// Nothing is reserved for it.
    NotReserved,
    /// More than [`MOST_HOLDS`] purposes, or than [`MOST`] points.
    TooMany,
}

/// Who does it, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct By<'a> {
    pub id: &'a str,
    pub at: &'a str,
    pub call: &'a str,
}

impl Operation {
    /// Whether an entry of this kind ends what this operation is about.
    pub(crate) fn ends_with(self, kind: Kind) -> bool {
        match self {
            Self::Credit(_) => kind == Kind::Credited,
            Self::Reserve(_) | Self::Settle(_) | Self::Release => {
                matches!(kind, Kind::Settled | Kind::Released)
            }
        }
    }
}

impl Account {
    /// Points that can be reserved.
    pub(crate) fn available(&self) -> i64 {
        self.balance.saturating_sub(self.reserved())
    }

    pub(crate) fn reserved(&self) -> i64 {
        self.holds.values().fold(0, |sum: i64, points| sum.saturating_add(*points))
    }

    /// The entry that ended this, among those that the record still has.
    pub(crate) fn ended(&self, operation: Operation, id: &str) -> Option<&Entry> {
        self.recent.iter().find(|entry| entry.id == id && operation.ends_with(entry.kind))
    }

    /// Whether an entry may have been moved to the history.
    pub(crate) fn has_history(&self) -> bool {
        self.entries > self.recent.len() as u64
    }

    /// Makes an entry of what others have written into the balance.
    pub(crate) fn reconcile(&mut self, by: By<'_>) {
        let known = self.recent.last().map_or(0, |entry| entry.balance);
        if self.balance == known {
            return;
        }
        let kind = if self.entries == 0 { Kind::Opening } else { Kind::Correction };
        let change = self.balance.saturating_sub(known);
        self.push(kind, change, change, By { id: "", ..by });
    }

    /// Does it, or says why not; nothing has changed then. `ended` is the entry of the history, or
    /// of the record, that ended the same before.
    pub(crate) fn apply(
        &mut self,
        operation: Operation,
        ended: Option<&Entry>,
        by: By<'_>,
    ) -> Became {
        let held = self.holds.get(by.id).copied();
        match (operation, ended, held) {
            (Operation::Credit(points), Some(entry), _) => before(entry, entry.points == points),
            (Operation::Credit(points), None, _) => {
                let Some(balance) = self.balance.checked_add(points).filter(|sum| *sum <= MOST)
                else {
                    return Became::TooMany;
                };
                self.balance = balance;
                self.push(Kind::Credited, points, points, by);
                Became::Done { points, again: false }
            }
            (Operation::Reserve(points), _, Some(held)) if held == points => {
                Became::Done { points, again: true }
            }
            // The same purchase with another price, or one that is over.
            (Operation::Reserve(_), _, Some(_)) | (Operation::Reserve(_), Some(_), None) => {
                Became::Differs
            }
            (Operation::Reserve(points), None, None) => {
                if points > self.available() {
                    return Became::Insufficient;
                }
                if self.holds.len() >= MOST_HOLDS {
                    return Became::TooMany;
                }
                self.holds.insert(by.id.to_owned(), points);
                Became::Done { points, again: false }
            }
            (Operation::Settle(some), _, Some(held)) => {
                let points = some.unwrap_or(held);
                if points > held {
                    return Became::Differs;
                }
                self.holds.remove(by.id);
                self.balance -= points;
                self.push(Kind::Settled, points, -points, by);
                Became::Done { points, again: false }
            }
            (Operation::Settle(some), Some(entry), None) => {
                let same =
                    entry.kind == Kind::Settled && some.is_none_or(|points| points == entry.points);
                before(entry, same)
            }
            (Operation::Release, _, Some(held)) => {
                self.holds.remove(by.id);
                self.push(Kind::Released, held, 0, by);
                Became::Done { points: held, again: false }
            }
            (Operation::Release, Some(entry), None) => before(entry, entry.kind == Kind::Released),
            (Operation::Settle(_) | Operation::Release, None, None) => Became::NotReserved,
        }
    }

    fn push(&mut self, kind: Kind, points: i64, change: i64, by: By<'_>) {
        self.entries += 1;
        self.recent.push(Entry {
            account: self.account.clone(),
            number: self.entries,
            kind,
            id: by.id.to_owned(),
            points,
            change,
            balance: self.balance,
            at: by.at.to_owned(),
            call: by.call.to_owned(),
        });
    }

    /// The entries that the record need not keep, taken out of it.
    pub(crate) fn take_older(&mut self) -> Vec<Entry> {
        let older = self.recent.len().saturating_sub(RECENT);
        self.recent.drain(..older).collect()
    }
}

impl Entry {
    /// Under which key the history has it: that of what it ended, so that the same is found again.
    pub(crate) fn key(&self) -> String {
        match self.kind {
            Kind::Credited => key(&self.account, Operation::Credit(0), &self.id),
            Kind::Settled | Kind::Released => key(&self.account, Operation::Release, &self.id),
            Kind::Opening | Kind::Correction => format!("{}/number/{}", self.account, self.number),
        }
    }
}

/// Key of the entry that ends this in the history.
pub(crate) fn key(account: &str, operation: Operation, id: &str) -> String {
    let family = match operation {
        Operation::Credit(_) => "credit",
        Operation::Reserve(_) | Operation::Settle(_) | Operation::Release => "reserve",
    };
    format!("{account}/{family}/{id}")
}

fn before(entry: &Entry, same: bool) -> Became {
    if same { Became::Done { points: entry.points, again: true } } else { Became::Differs }
}
