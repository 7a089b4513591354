//! `kakaopay`: takes a payment with KakaoPay, and gives it back.
//!
//! Why it exists: KakaoPay's API knows no idempotency keys, and a call can end between any two
//! requests. What is known of a payment is therefore kept in a record, by the number of the order,
//! which is written before money moves; where it is not known whether it moved, KakaoPay is asked
//! before anything is sent again.
//!
//! Invariants: an order is approved once and given back once, however often, from whichever call
//! and process it is asked for; what KakaoPay approved is held against the amount that was asked
//! for; the secret key never enters the plugin; no error repeats what a caller said. It must not
//! know what is sold, nor anything of points.
//!
//! The API is KakaoPay's "online/v1" for single payments
//! (<https://developers.kakaopay.com/docs/payment/online/single-payment>).

mod answer;
mod api;
mod desk;
mod given;
mod payment;
#[cfg(test)]
mod tests;

use dialgraph_plugin::prelude::*;
use plugin_common::web::host_of;

use crate::desk::Desk;
use crate::given::Input;
use crate::payment::State;

/// What to do, and as which merchant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `ready` begins a payment and gives the links to it; `approve` takes it after the caller has
    /// paid; `cancel` gives it back; `status` asks KakaoPay what became of it.
    #[serde(rename = "do")]
    action: Action,
    /// Name of the collection of payments.
    #[schemars(extend("x-dialgraph-ref" = "collection", "x-dialgraph-access" = "read-write"))]
    collection: String,
    /// The merchant's code, of ten characters; `TC0ONETIME` is KakaoPay's own for tests.
    #[schemars(length(min = 10, max = 10))]
    cid: String,
    /// Name of the secret with the value of the header `Authorization`: `SECRET_KEY` and the key,
    /// with a blank between them.
    #[serde(default = "default_secret")]
    #[schemars(extend("x-dialgraph-ref" = "secret"))]
    secret: String,
    /// Where KakaoPay is. Left out: `https://open-api.kakaopay.com`.
    #[serde(default = "default_url")]
    #[schemars(regex(pattern = r"^https?://[^/?#]+/?$"), extend("x-dialgraph-ref" = "host"))]
    base_url: String,
    /// For each request to KakaoPay, in milliseconds. A visit makes up to three.
    #[serde(default = "default_timeout")]
    #[schemars(range(min = 100, max = 60_000))]
    timeout_ms: u32,
}

fn default_secret() -> String {
    "kakaopay-secret-key".to_owned()
}

fn default_url() -> String {
    "https://open-api.kakaopay.com".to_owned()
}

fn default_timeout() -> u32 {
    3_000
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Ready,
    Approve,
    Cancel,
    Status,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// The caller can pay, or has not paid yet.
    Ready,
    /// The money is taken.
    Approved,
    /// It is given back, or was never taken.
    Cancelled,
    /// The caller gave up, or KakaoPay refused them.
    Failed,
    /// KakaoPay took another amount, or for another order, than it was asked for.
    Differs,
    /// KakaoPay refuses; `output.reason` says why.
    Refused,
    /// Nothing is known of this order.
    Unknown,
}

/// What came of it, and what is known of the payment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Port `done`: `ready`, `approved` or `cancelled`, after `status` each of them. Port
    /// `not_done`: what stands in the way, among them `approved` when an order that is paid is to
    /// be paid again.
    outcome: Became,
    /// Whether it had been done before.
    repeated: bool,
    /// Where the caller pays on a telephone, in an app, at a computer; null once it is over.
    link: Option<String>,
    link_app: Option<String>,
    link_pc: Option<String>,
    /// KakaoPay's number of the payment.
    tid: Option<String>,
    /// What was asked for, in won.
    amount: i64,
    /// `CARD` or `MONEY`, once it is approved.
    method: Option<String>,
    /// When it was approved, as KakaoPay says it.
    approved_at: Option<String>,
    /// Why KakaoPay refuses, for people of the desk.
    reason: Option<String>,
}

const DONE: Port = Port::new("done", "It is done, now or before.");
const NOT_DONE: Port =
    Port::new("not_done", "It is not done; `output.outcome` says what stands in the way.");

/// The plugin.
#[derive(Debug)]
pub struct KakaoPay;

impl Node for KakaoPay {
    type Config = Config;
    type Input = Input;
    type Output = Output;
    type State = ();
    const DESCRIPTOR: Descriptor = Descriptor {
        name: "kakaopay",
        version: env!("CARGO_PKG_VERSION"),
        summary: env!("CARGO_PKG_DESCRIPTION"),
        ports: &[DONE, NOT_DONE],
        config_schema: include_str!("../schema/config.json"),
        input_schema: include_str!("../schema/input.json"),
        output_schema: include_str!("../schema/output.json"),
    };

    fn check(config: &Config, check: &mut Check<'_>) {
        if let Err(what) = host_of(&config.base_url) {
            check
                .error("/base_url", format!("`{}` is no address: {what}", config.base_url))
                .hint("leave it out for KakaoPay itself");
        }
        if !config.cid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            check.error("/cid", "a merchant's code has ten letters and digits");
        }
        for (at, name) in [("/collection", &config.collection), ("/secret", &config.secret)] {
            if name.trim().is_empty() {
                check.error(at, "it has no name");
            }
        }
    }

    fn run(host: &Host, visit: Visit<Config, Input, ()>) -> Result<Outcome<(), Output>, NodeError> {
        let Visit { config, input, .. } = visit;
        let order = input.order()?;
        let desk = Desk::new(host, &config, &order)?;
        let done = match config.action {
            Action::Ready => desk.ready(&input)?,
            Action::Approve => desk.approve(&input.pg_token()?)?,
            Action::Cancel => desk.cancel()?,
            Action::Status => desk.status()?,
        };
        Ok(Done::new(if done.done { DONE } else { NOT_DONE }, done.output()).into())
    }
}

impl desk::Settled {
    fn output(self) -> Output {
        let payment = self.payment.unwrap_or_default();
        let open = payment.state == State::Ready;
        let link = |link: &str| (open && !link.is_empty()).then(|| link.to_owned());
        Output {
            outcome: self.became,
            repeated: self.repeated,
            link: link(&payment.link),
            link_app: link(&payment.link_app),
            link_pc: link(&payment.link_pc),
            tid: (!payment.tid.is_empty()).then_some(payment.tid),
            amount: payment.amount,
            method: payment.method,
            approved_at: payment.approved_at,
            reason: self.reason,
        }
    }
}

dialgraph_plugin::export!(KakaoPay);
