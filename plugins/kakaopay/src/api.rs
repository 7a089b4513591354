//! Requests to KakaoPay.

use dialgraph_plugin::http::{Credential, Request};
use dialgraph_plugin::{Host, NodeError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Config;
use crate::answer::{Begun, Refusal, Told, read};
use crate::given::Ways;
use crate::payment::Payment;

/// KakaoPay, as this merchant.
pub(crate) struct Api<'a> {
    host: &'a Host,
    config: &'a Config,
    credential: Credential,
}

type Answer<T> = Result<Result<T, Refusal>, NodeError>;

impl<'a> Api<'a> {
    pub(crate) fn new(host: &'a Host, config: &'a Config) -> Result<Self, NodeError> {
        let secret = host.secret(&config.secret)?;
        let credential = Credential::Header("authorization".to_owned(), secret);
        Ok(Self { host, config, credential })
    }

    pub(crate) fn ready(&self, payment: &Payment, ways: &Ways<'_>) -> Answer<Begun> {
        self.post(
            "ready",
            json!({
                "partner_order_id": payment.order,
                "partner_user_id": payment.user,
                "item_name": payment.item,
                "quantity": payment.quantity,
                "total_amount": payment.amount,
                "tax_free_amount": payment.tax_free,
                "approval_url": ways.approval,
                "cancel_url": ways.cancel,
                "fail_url": ways.fail,
            }),
        )
    }

    pub(crate) fn approve(&self, payment: &Payment, pg_token: &str) -> Answer<Told> {
        self.post(
            "approve",
            json!({
                "tid": payment.tid,
                "partner_order_id": payment.order,
                "partner_user_id": payment.user,
                "pg_token": pg_token,
            }),
        )
    }

    /// Gives all of it back.
    pub(crate) fn cancel(&self, tid: &str, amount: i64, tax_free: i64) -> Answer<Told> {
        self.post(
            "cancel",
            json!({"tid": tid, "cancel_amount": amount, "cancel_tax_free_amount": tax_free}),
        )
    }

    /// What became of it.
    pub(crate) fn order(&self, tid: &str) -> Answer<Told> {
        self.post("order", json!({ "tid": tid }))
    }

    fn post<T: DeserializeOwned>(&self, what: &str, mut body: Value) -> Answer<T> {
        body["cid"] = json!(self.config.cid);
        let base = self.config.base_url.trim_end_matches('/');
        let request = Request::new("POST", format!("{base}/online/v1/payment/{what}"))
            .credential(self.credential.clone())
            .json(&body)
            .timeout_ms(self.config.timeout_ms);
        read(&self.host.send(&request)?)
    }
}
