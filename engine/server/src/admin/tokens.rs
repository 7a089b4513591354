//! Makes, lists and revokes tokens for an operator. A token is shown once, when it is made.

use std::time::Duration;

use axum::extract::State;

use dialgraph_api::tokens::{MadeToken, NewToken, TokenList};
use dialgraph_deploy::{Tokens, Who};

use super::answer::{Answer, done, json_of, read};
use super::body::Small;
use super::{Admin, Shared, shown};
use crate::http::Name;
use crate::http::auth::Operator;
use crate::http::problem::Problem;

fn tokens(admin: &Admin) -> Result<&Tokens, Problem> {
    // A server that is given another way to tell who holds a token makes none itself.
    admin.tokens.as_ref().ok_or_else(Problem::no_such_path)
}

/// `GET /v1/tokens`.
pub(super) async fn list(State(admin): Shared, _: Operator) -> Answer {
    let rows = tokens(&admin)?.list().await?;
    let (tokens, unreadable) = rows.map(shown::token).into_parts();
    Ok(json_of(&TokenList { tokens, unreadable }))
}

/// `POST /v1/tokens`.
pub(super) async fn make(
    State(admin): Shared,
    Operator(by): Operator,
    Small(body): Small,
) -> Answer {
    let NewToken { name, role, days } = read(&body)?;
    let who = Who::holder(name, shown::asked(role))
        .map_err(|why| Problem::invalid(format!("`name`: {why}")))?;
    let valid = days.map(|days| Duration::from_secs(u64::from(days) * 24 * 60 * 60));
    let valid = valid.map(|valid| u64::try_from(valid.as_millis()).unwrap_or(u64::MAX));
    let (secret, row) = tokens(&admin)?.make(&by, who, valid).await?;
    Ok(json_of(&MadeToken { shown: shown::token(row), secret }))
}

/// `DELETE /v1/tokens/{id}`.
pub(super) async fn revoke(State(admin): Shared, Operator(by): Operator, Name(id): Name) -> Answer {
    tokens(&admin)?.revoke(&by, &id).await?;
    Ok(done())
}
