//! What KakaoPay's answers mean.

use dialgraph_plugin::NodeError;
use dialgraph_plugin::http::Response;
use plugin_common::text::shortened;
use plugin_common::web::retry_after_ms;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What `ready` gives.
#[derive(Debug, Deserialize)]
pub(crate) struct Begun {
    pub tid: String,
    #[serde(default)]
    pub next_redirect_mobile_url: String,
    #[serde(default)]
    pub next_redirect_app_url: String,
    #[serde(default)]
    pub next_redirect_pc_url: String,
}

/// What `approve`, `cancel` and `order` tell of a payment.
#[derive(Debug, Deserialize)]
pub(crate) struct Told {
    pub tid: String,
    pub partner_order_id: String,
    #[serde(default)]
    pub status: Option<String>,
    #[serde(default)]
    pub payment_method_type: Option<String>,
    pub amount: Amount,
    #[serde(default)]
    pub approved_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Amount {
    pub total: i64,
    #[serde(default)]
    pub tax_free: i64,
}

/// How far KakaoPay says that a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    /// The caller has still something to do, or the merchant has still to approve.
    Open,
    Paid,
    GivenBack,
    Over,
}

impl Told {
    /// The states of KakaoPay's order query. One that is new is none of those that end a payment.
    pub(crate) fn stands(&self) -> Stands {
        match self.status.as_deref() {
            Some("SUCCESS_PAYMENT" | "PART_CANCEL_PAYMENT") => Stands::Paid,
            Some("CANCEL_PAYMENT") => Stands::GivenBack,
            Some("FAIL_AUTH_PASSWORD" | "QUIT_PAYMENT" | "FAIL_PAYMENT") => Stands::Over,
            // READY, SEND_TMS, OPEN_PAYMENT, SELECT_METHOD, ARS_WAITING, AUTH_PASSWORD, ISSUED_SID.
            _ => Stands::Open,
        }
    }
}

/// An answer that says no, and why.
pub(crate) struct Refusal(pub String);

/// What KakaoPay answers: what it says, or that it refuses.
///
/// # Errors
/// It is not known whether it was carried out, or nothing was because nobody is let in.
pub(crate) fn read<T: DeserializeOwned>(
    response: &Response,
) -> Result<Result<T, Refusal>, NodeError> {
    match response.status {
        200 => response.json().map(Ok).map_err(|_| {
            NodeError::retryable(
                "unreadable-answer",
                "KakaoPay's answer is none that its documentation describes; ask again with `do: status`",
            )
        }),
        401 | 403 => Err(NodeError::refused(
            "access-denied",
            format!(
                "KakaoPay refuses access ({}): the secret must hold `SECRET_KEY` and the key, and the key belong to `cid`",
                response.status
            ),
        )),
        404 | 300..=399 => Err(NodeError::refused(
            "no-kakaopay",
            format!("there is no KakaoPay at `base_url` (it answers {})", response.status),
        )),
        429 => Err(NodeError::retryable("rate-limited", "KakaoPay takes no more requests for now")
            .retry_after_ms(retry_after_ms(response))),
        400..=499 => Ok(Err(Refusal(reason(&response.body)))),
        status => Err(NodeError::retryable(
            "kakaopay-down",
            format!("KakaoPay cannot say now what becomes of the payment (it answers {status})"),
        )
        .retry_after_ms(retry_after_ms(response))),
    }
}

/// Its reason in one line, from either form: `error_code` and `error_message`, of late, or `code`
/// and `msg`.
fn reason(body: &[u8]) -> String {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return "it gives no reason".to_owned();
    };
    let word = |names: [&str; 2]| names.iter().find_map(|name| json.get(*name));
    let code = word(["error_code", "code"]).map(|code| match code {
        Value::String(code) => code.clone(),
        other => other.to_string(),
    });
    let message = word(["error_message", "msg"]).and_then(Value::as_str).map(str::to_owned);
    // What the payment network says is more telling.
    let more = json["extras"]["method_result_message"].as_str().map(str::to_owned);
    let parts: Vec<_> = [code, message, more].into_iter().flatten().collect();
    if parts.is_empty() {
        "it gives no reason".to_owned()
    } else {
        shortened(&parts.join(": "), 300)
    }
}
