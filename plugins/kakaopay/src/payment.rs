//! What is kept of a payment.

use serde::{Deserialize, Serialize};

/// The record of an order's payment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub order: String,
    pub user: String,
    pub item: String,
    pub quantity: i64,
    /// In won, and so much of it free of tax.
    pub amount: i64,
    pub tax_free: i64,
    pub state: State,
    /// KakaoPay's number of the payment.
    pub tid: String,
    #[serde(default)]
    pub link: String,
    #[serde(default)]
    pub link_app: String,
    #[serde(default)]
    pub link_pc: String,
    /// When the links were made, in milliseconds since 1970.
    pub ready_at: u64,
    #[serde(default)]
    pub method: Option<String>,
    #[serde(default)]
    pub approved_at: Option<String>,
}

/// How far a payment is. `Approving` and `Cancelling` are written before the request is sent:
/// whoever finds one asks KakaoPay what became of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    #[default]
    Ready,
    Approving,
    Approved,
    Differs,
    Cancelling,
    Cancelled,
    Failed,
}

impl Payment {
    /// Whether it is for the same, so that its links can be given again.
    pub(crate) fn asks_the_same(&self, other: &Self) -> bool {
        (&self.user, &self.item, self.quantity, self.amount, self.tax_free)
            == (&other.user, &other.item, other.quantity, other.amount, other.tax_free)
    }
}
