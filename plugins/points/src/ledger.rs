//! Reading and writing accounts. An account is written only while it is as it was read, so that of
//! two calls at once one reads it again.

use dialgraph_plugin::records::{Expectation, Source};
use dialgraph_plugin::{Host, HostError, NodeError};
use plugin_common::time::rfc3339;

use crate::Config;
use crate::account::{Account, Became, By, Entry, Operation, key};

/// The account that is worked on.
pub(crate) struct Ledger<'a> {
    pub host: &'a Host,
    pub config: &'a Config,
    pub account: &'a str,
}

impl Ledger<'_> {
    /// The account and the version of its record. What was known before the system of record went
    /// down is of no use: points may have been spent since.
    pub(crate) fn read(&self) -> Result<Option<(Account, u64)>, NodeError> {
        let records = self.host.records();
        let record =
            records.get::<Account>(&self.config.collection, self.account, Source::Current)?;
        Ok(record.map(|record| {
            let mut account = record.data;
            self.account.clone_into(&mut account.account);
            (account, record.version)
        }))
    }

    /// What came of it, with the account as it is now; none if there is no account.
    pub(crate) fn write(
        &self,
        operation: Operation,
        id: &str,
    ) -> Result<Option<(Became, Account)>, NodeError> {
        let at = rfc3339(self.host.now());
        let by = By { id, at: &at, call: &self.host.call().call_id };
        for _ in 0..self.config.attempts {
            let (mut account, expect) = match (self.read()?, operation) {
                (Some((account, version)), _) => (account, Expectation::Version(version)),
                // Who has no points yet can be given some.
                (None, Operation::Credit(_)) => {
                    let account = self.account.to_owned();
                    (Account { account, ..Account::default() }, Expectation::Absent)
                }
                (None, _) => return Ok(None),
            };
            let ended = match account.ended(operation, id) {
                Some(entry) => Some(entry.clone()),
                None if account.has_history() && !account.holds.contains_key(id) => {
                    self.history(operation, id)?
                }
                None => None,
            };
            account.reconcile(by);
            let became = account.apply(operation, ended.as_ref(), by);
            if !matches!(became, Became::Done { again: false, .. }) {
                return Ok(Some((became, account)));
            }
            // Entries never change: written here and lost there, they are written once more.
            for entry in account.take_older() {
                let records = self.host.records();
                records.put(&self.config.history, &entry.key(), &entry, Expectation::Any)?;
            }
            let records = self.host.records();
            match records.put(&self.config.collection, self.account, &account, expect) {
                Ok(_) => return Ok(Some((became, account))),
                Err(HostError::Denied(info)) if info.code == "conflict" => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(NodeError::retryable(
            "contended",
            format!(
                "an account of `{}` was written by others each of the {} times that it was read to be changed; try again, \
                 or raise `attempts`",
                self.config.collection, self.config.attempts
            ),
        ))
    }

    fn history(&self, operation: Operation, id: &str) -> Result<Option<Entry>, NodeError> {
        let key = key(self.account, operation, id);
        let found =
            self.host.records().get::<Entry>(&self.config.history, &key, Source::Current)?;
        Ok(found.map(|record| record.data))
    }
}
