//! Who read or changed personal data.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Millis, Who};

/// Which lines are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccessQuery {
    /// With `key`: only lines about this record itself, not about lists and exports.
    #[param(nullable = false)]
    pub collection: Option<String>,
    /// Of a record.
    #[param(nullable = false)]
    pub key: Option<String>,
    /// `next` of the page before.
    #[param(nullable = false)]
    pub after: Option<String>,
    /// How many at most. A page may hold fewer, even none, with more to come.
    #[param(minimum = 1, maximum = 500, default = 100, nullable = false)]
    pub limit: Option<u32>,
}

/// Requests for records and tickets, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessList {
    pub accesses: Vec<Access>,
    /// Given as `after`, it brings the next page; not there on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<String>,
}

/// A request for records or tickets. It was written down before it was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Access {
    pub at: Millis,
    pub who: Who,
    #[schema(inline)]
    pub action: AccessAction,
    /// Of what: a collection, with the keyed hash of a record's key or the index that was searched;
    /// a ticket's id.
    pub what: String,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccessAction {
    ReadRecord,
    ListRecords,
    FindRecords,
    WriteRecord,
    RemoveRecord,
    ImportRecords,
    ReadTicket,
    ListTickets,
    ChangeTicket,
}
