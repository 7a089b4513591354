//! What Zendesk's answers mean.

use dialgraph_plugin::NodeError;
use dialgraph_plugin::http::Response;
use plugin_common::text::shortened;
use plugin_common::web::retry_after_ms;
use serde::Deserialize;
use serde_json::Value;

/// A ticket that is at Zendesk.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Created {
    pub(crate) id: u64,
    /// Zendesk had opened it for this visit before.
    pub(crate) duplicate: bool,
}

/// The ticket that Zendesk opened, or why it did not.
///
/// `private` are texts of the caller's; Zendesk repeats some of them in its reasons, the error does
/// not.
pub(crate) fn created(response: &Response, private: &[&str]) -> Result<Created, NodeError> {
    let reason = || reason(&response.body, private);
    match response.status {
        200 | 201 => {
            #[derive(Deserialize)]
            struct Body {
                ticket: Ticket,
            }
            #[derive(Deserialize)]
            struct Ticket {
                id: u64,
            }
            let body: Body = response.json().map_err(|_| {
                NodeError::other(
                    "unreadable-answer",
                    "Zendesk says that it opened the ticket, but its answer has no ticket id",
                )
            })?;
            let duplicate = response.header("x-idempotency-lookup") == Some("hit");
            Ok(Created { id: body.ticket.id, duplicate })
        }
        400 if reason().starts_with("IdempotentRequestError") => Err(NodeError::other(
            "idempotency-conflict",
            "Zendesk knows this visit by another ticket; the flow or the plugin changed between two runs of it",
        )),
        401 | 403 => Err(NodeError::refused(
            "access-denied",
            format!(
                "Zendesk refuses access ({}): check `email`, the secret's token, and that token access is on",
                response.status
            ),
        )),
        // No configuration that was checked is blamed for what a server answers.
        300..=399 | 404 => Err(NodeError::refused(
            "no-zendesk",
            format!("there is no Zendesk at `base_url` (it answers {})", response.status),
        )),
        400 | 413 | 422 => {
            Err(NodeError::refused("refused", format!("Zendesk refuses the ticket: {}", reason())))
        }
        429 => Err(NodeError::retryable("rate-limited", "Zendesk takes no more requests for now")
            .retry_after_ms(retry_after_ms(response))),
        409 | 500..=599 => Err(NodeError::retryable(
            "zendesk-down",
            format!("Zendesk cannot open tickets now (it answers {})", response.status),
        )
        .retry_after_ms(retry_after_ms(response))),
        status => Err(NodeError::other(
            "unexpected-status",
            format!("Zendesk answers {status}: {}", reason()),
        )),
    }
}

/// Zendesk's reason in one line: `error: description; field: description`, or the text itself.
fn reason(body: &[u8], private: &[&str]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut reason = match serde_json::from_str::<Value>(&text) {
        Ok(json) => described(&json),
        Err(_) => text.trim().to_owned(),
    };
    for text in private.iter().filter(|text| text.chars().count() > 1) {
        reason = reason.replace(text, "…");
    }
    if reason.is_empty() {
        return "it gives no reason".to_owned();
    }
    shortened(&reason, 500)
}

fn described(json: &Value) -> String {
    let mut parts = Vec::new();
    let head = match &json["error"] {
        Value::String(error) => Some(error.as_str()),
        // Errors before the API proper: {"error": {"title": …, "message": …}}.
        error => error["message"].as_str().or(error["title"].as_str()),
    };
    let description = json["description"].as_str().or(json["message"].as_str());
    let line: Vec<&str> = head.into_iter().chain(description).collect();
    if !line.is_empty() {
        parts.push(line.join(": "));
    }
    for (field, problems) in json["details"].as_object().into_iter().flatten() {
        for problem in problems.as_array().into_iter().flatten() {
            if let Some(description) = problem["description"].as_str() {
                parts.push(format!("{field}: {description}"));
            }
        }
    }
    parts.join("; ")
}
