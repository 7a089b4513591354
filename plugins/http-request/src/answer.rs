//! What a server's answer becomes: a port with values, or an error.

use std::collections::BTreeMap;

use dialgraph_plugin::http::Response;
use dialgraph_plugin::prelude::*;
use plugin_common::text::shortened;
use plugin_common::web::retry_after_ms;
use serde_json::Value;

use crate::config::Config;
use crate::{NOT_FOUND, OK, REFUSED};

/// Values that may be taken out of one answer.
pub(crate) const TAKEN: usize = 50;

/// The status, and what `take` names, each under its name; null where the answer does not have it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// HTTP status.
    status: u16,
    #[serde(flatten)]
    taken: BTreeMap<String, Value>,
}

/// Where a status leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Exit {
    Ok,
    NotFound,
    Refused,
    Error,
}

/// One status, or a hundred of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pattern {
    One(u16),
    Class(u16),
}

impl Pattern {
    /// Reads `409` or `4xx`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let digits = |text: &str| -> Option<u16> {
            text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
        };
        if text.len() != 3 || !text.starts_with(|first: char| ('1'..='5').contains(&first)) {
            return None;
        }
        match text.strip_suffix("xx") {
            Some(class) => Some(Self::Class(digits(class)?)),
            None => Some(Self::One(digits(text)?)),
        }
    }

    pub(crate) fn fits(self, status: u16) -> bool {
        match self {
            Self::One(one) => one == status,
            Self::Class(class) => class == status / 100,
        }
    }
}

impl Config {
    /// Where the node is left by an answer, with what is taken out of it.
    pub(crate) fn done(
        &self,
        response: &Response,
        server: &str,
    ) -> Result<Done<Output>, NodeError> {
        let status = response.status;
        let port = match self.exit(status) {
            Exit::Ok => OK,
            Exit::NotFound => NOT_FOUND,
            Exit::Refused => REFUSED,
            Exit::Error => return Err(failure(response, server)),
        };
        let body = match self.take.is_empty() || response.body.is_empty() {
            true => Value::Null,
            false => match response.json() {
                Ok(body) => body,
                // What a server says on top of a refusal is often no JSON; the status is answer
                // enough.
                Err(_) if port != OK => Value::Null,
                Err(_) => return Err(no_json(response, server)),
            },
        };
        let taken = self.take.iter().map(|(name, pointer)| {
            (name.clone(), body.pointer(pointer).cloned().unwrap_or(Value::Null))
        });
        Ok(Done::new(port, Output { status, taken: taken.collect() }))
    }

    fn exit(&self, status: u16) -> Exit {
        let of = |class: bool| {
            self.ports.iter().find_map(|(name, exit)| {
                let pattern = Pattern::read(name)?;
                let fits = matches!(pattern, Pattern::Class(_)) == class && pattern.fits(status);
                fits.then_some(*exit)
            })
        };
        of(false).or_else(|| of(true)).unwrap_or(match status {
            200..=299 => Exit::Ok,
            404 | 410 => Exit::NotFound,
            // Not about what was asked, but about who asks, how, and when.
            401 | 403 | 405 | 407 | 408 | 415 | 425 | 429 => Exit::Error,
            400..=499 => Exit::Refused,
            _ => Exit::Error,
        })
    }
}

fn no_json(response: &Response, server: &str) -> NodeError {
    let kind = response.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = match kind.is_empty() {
        true => "something".to_owned(),
        false => format!("`{}`", shortened(kind, 60)),
    };
    NodeError::other(
        "no-json",
        format!(
            "{server} answers {} with {kind} that is not JSON, so nothing can be taken out of it; leave out `take`, or \
             ask for JSON as the server wants it",
            response.status
        ),
    )
}

fn failure(response: &Response, server: &str) -> NodeError {
    let status = response.status;
    match status {
        300..=399 => NodeError::refused(
            "redirected",
            format!(
                "{server} sends elsewhere ({status}): write where it sends to as `base_url` and `path`"
            ),
        ),
        401 | 403 | 407 => NodeError::refused(
            "access-denied",
            format!("{server} refuses access ({status}): check the secret, and what it allows"),
        ),
        408 | 425 | 429 | 500..=599 => NodeError::retryable(
            "server-down",
            format!("{server} cannot do it now (it answers {status})"),
        )
        .retry_after_ms(retry_after_ms(response)),
        _ => NodeError::other(
            "unexpected-status",
            format!("{server} answers {status}; say under `ports` where that leads"),
        ),
    }
}
