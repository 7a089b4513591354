use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use serde::Deserialize;

use dialgraph_deploy::Role;

use super::answer::{Answer, json_of, read, whole};
use super::{Shared, why};

/// What becomes of the canary.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
enum CanaryRequest {
    /// So many of 100 new calls get it.
    Share { percent: u8 },
    /// All new calls get it.
    Promote { why: Option<String> },
    /// None gets it any more.
    Withdraw { why: Option<String> },
}

/// `POST /v1/canary`.
pub(super) async fn change(
    State(admin): Shared,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answer {
    let who = admin.require(&headers, Role::Designer).await?;
    let body = whole(body, admin.app.config.deploy.max_body.0)?;
    match read(&body)? {
        CanaryRequest::Share { percent } => admin.deploy.canary_share(&who, percent).await?,
        CanaryRequest::Promote { why: given } => admin.deploy.promote(&who, why(given)?).await?,
        CanaryRequest::Withdraw { why: given } => {
            admin.deploy.withdraw(&who, None, why(given)?).await?;
        }
    }
    Ok(json_of(&admin.deploy.status().await?))
}
