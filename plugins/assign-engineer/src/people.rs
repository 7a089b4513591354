//! Engineers and customers as the operator records them.

use dialgraph_plugin::records::Record;
use dialgraph_plugin::{Host, language_of, log};
use plugin_common::text::known;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An engineer's record; it may have other fields.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct EngineerRecord {
    engineer_id: Option<String>,
    name: Option<String>,
    /// The name for calls in English.
    name_en: Option<String>,
    /// The name for calls in Korean.
    name_ko: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    part: Option<String>,
    role: Option<String>,
    is_available: bool,
    current_load: u32,
    max_load: Option<u32>,
}

/// An engineer.
#[derive(Debug, Clone)]
pub(crate) struct Engineer {
    pub(crate) id: String,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) part: Option<String>,
    pub(crate) role: Option<String>,
    /// Cases that the record counts.
    pub(crate) own_load: u32,
    /// All of them.
    pub(crate) load: u32,
    names: [Option<String>; 3],
    pub(crate) available: bool,
    max_load: Option<u32>,
}

impl Engineer {
    /// None, with a line in the log, when the record's fields are of other types.
    pub(crate) fn of_record(host: &Host, record: Record<Value>) -> Option<Self> {
        let key = record.key.clone();
        let it: EngineerRecord = readable(host, record)?;
        let text = |text: Option<String>| known(text.as_deref()).map(str::to_owned);
        Some(Self {
            id: text(it.engineer_id).unwrap_or(key),
            phone: text(it.phone),
            email: text(it.email),
            part: text(it.part),
            role: text(it.role),
            own_load: it.current_load,
            load: it.current_load,
            names: [text(it.name), text(it.name_ko), text(it.name_en)],
            available: it.is_available,
            max_load: it.max_load,
        })
    }

    /// The name as callers in this language know it.
    pub(crate) fn name(&self, locale: &str) -> Option<String> {
        let [name, korean, english] = &self.names;
        let own = match language_of(locale) {
            "ko" => korean,
            "en" => english,
            _ => &None,
        };
        own.clone().or_else(|| name.clone())
    }

    /// Most cases that they take; `limit` holds for those without a limit of their own.
    pub(crate) fn limit(&self, limit: Option<u32>) -> Option<u32> {
        self.max_load.or(limit)
    }

    /// True when one more case can be given.
    pub(crate) fn takes_one_more(&self, limit: Option<u32>) -> bool {
        self.available && self.limit(limit).is_none_or(|limit| self.load < limit)
    }
}

/// What a customer's record says of engineers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Customer {
    pub(crate) assigned_engineer: Option<String>,
    pub(crate) secondary_engineer: Option<String>,
    pub(crate) part: Option<String>,
}

/// A day of duty.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Duty {
    pub(crate) engineer_id: Option<String>,
}

/// The fields of a record; none, with a line in the log, when they are of other types.
pub(crate) fn readable<T: DeserializeOwned>(host: &Host, record: Record<Value>) -> Option<T> {
    // The error itself can quote a value of the record, and values are not for the log.
    serde_json::from_value(record.data).map_or_else(
        |_| {
            host.log(
                log::Level::Warn,
                "a record does not have the fields that it should have; it is passed over",
                &[("record", &record.key)],
            );
            None
        },
        Some,
    )
}
