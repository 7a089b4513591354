use axum::extract::State;
use serde::Deserialize;

use super::answer::{Answer, json_of, read};
use super::body::Small;
use super::{Shared, why};
use crate::http::auth::Designer;

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
    Designer(who): Designer,
    Small(body): Small,
) -> Answer {
    match read(&body)? {
        CanaryRequest::Share { percent } => admin.deploy.canary_share(&who, percent).await?,
        CanaryRequest::Promote { why: given } => admin.deploy.promote(&who, why(given)?).await?,
        CanaryRequest::Withdraw { why: given } => {
            admin.deploy.withdraw(&who, None, why(given)?).await?;
        }
    }
    Ok(json_of(&admin.deploy.status().await?))
}
