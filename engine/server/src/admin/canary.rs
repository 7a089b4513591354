//! Changes a canary's share, promotes it or takes it back, for designers.

use axum::extract::State;

use dialgraph_api::changes::CanaryChange;

use super::answer::{Answer, json_of, read};
use super::body::Small;
use super::{Shared, shown, why};
use crate::http::auth::Designer;

/// `POST /v1/canary`.
pub(super) async fn change(
    State(admin): Shared,
    Designer(who): Designer,
    Small(body): Small,
) -> Answer {
    match read(&body)? {
        CanaryChange::Share { percent } => admin.deploy.canary_share(&who, percent).await?,
        CanaryChange::Promote { why: given } => admin.deploy.promote(&who, why(given)?).await?,
        CanaryChange::Withdraw { why: given } => {
            admin.deploy.withdraw(&who, None, why(given)?).await?;
        }
    }
    Ok(json_of(&shown::status(admin.deploy.status().await?)))
}
