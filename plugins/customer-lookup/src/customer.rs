//! Customers as the operator records them, and their classes.

use std::collections::BTreeMap;

use dialgraph_plugin::records::Record;
use dialgraph_plugin::{Host, Port, log};
use plugin_common::text::known;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a flow does differently for a customer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Class {
    Msp,
    Vip,
    #[default]
    General,
}

impl Class {
    pub(crate) fn port(self) -> Port {
        match self {
            Self::Msp => crate::MSP,
            Self::Vip => crate::VIP,
            Self::General => crate::GENERAL,
        }
    }

    /// The class of a support level: by the designer's table, else by its own name.
    pub(crate) fn of_level(level: &str, table: &BTreeMap<String, Self>) -> Option<Self> {
        let same = |name: &str| name.eq_ignore_ascii_case(level.trim());
        table.iter().find(|(name, _)| same(name)).map(|(_, class)| *class).or_else(|| {
            [(Self::Msp, "msp"), (Self::Vip, "vip"), (Self::General, "general")]
                .into_iter()
                .find(|(_, name)| same(name))
                .map(|(class, _)| class)
        })
    }
}

/// The fields of a record that matter here; it may have others.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Customer {
    pub(crate) customer_id: Option<String>,
    pub(crate) company_name: Option<String>,
    /// Other names by which callers know the company.
    pub(crate) aliases: Vec<String>,
    pub(crate) support_level: Option<String>,
    pub(crate) assigned_engineer: Option<String>,
    pub(crate) secondary_engineer: Option<String>,
    pub(crate) part: Option<String>,
    pub(crate) contact_info: Contact,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Contact {
    pub(crate) name: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
}

/// The customer of a record; none, with a line in the log, when its fields are of other types: one
/// record that is spoilt must not hide the others.
pub(crate) fn customer(host: &Host, record: Record<Value>) -> Option<Record<Customer>> {
    let Record { key, version, updated_at, data } = record;
    match serde_json::from_value(data) {
        Ok(data) => Some(Record { key, version, updated_at, data }),
        // The error itself can quote a value of the record, and values are not for the log.
        Err(_) => {
            host.log(
                log::Level::Warn,
                "a customer's record does not have the fields that it should have; it is passed over",
                &[("record", &key)],
            );
            None
        }
    }
}

impl Customer {
    /// The company's name, or else the customer's id or the record's key.
    pub(crate) fn name<'a>(&'a self, key: &'a str) -> &'a str {
        known(self.company_name.as_deref()).or(known(self.customer_id.as_deref())).unwrap_or(key)
    }

    /// Every name by which the company is known.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        known(self.company_name.as_deref())
            .into_iter()
            .chain(self.aliases.iter().map(String::as_str))
    }
}
