use std::time::Duration;

use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use dialgraph_deploy::{Role, TokenRow, Tokens, Who};

use super::answer::{Answer, done, json_of, list as listed, read};
use super::body::Small;
use super::{Admin, Shared};
use crate::http::auth::Operator;
use crate::http::problem::Problem;

/// Longest name of who holds a token, in bytes.
const MAX_NAME: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    name: String,
    role: Role,
    /// Days until it is worth nothing; none: until it is revoked.
    days: Option<u32>,
}

fn tokens(admin: &Admin) -> Result<&Tokens, Problem> {
    // A server that is given another way to tell who holds a token makes none itself.
    admin.tokens.as_ref().ok_or_else(Problem::no_such_path)
}

/// A token as it is listed: everything but its hash.
fn shown(row: &TokenRow) -> Value {
    json!({
        "id": row.id,
        "name": row.who.name,
        "role": row.who.role,
        "made_at": row.made_at,
        "made_by": row.made_by,
        "expires_at": row.expires_at,
    })
}

/// `GET /v1/tokens`.
pub(super) async fn list(State(admin): Shared, _: Operator) -> Answer {
    let rows = tokens(&admin)?.list().await?;
    Ok(listed("tokens", &rows.iter().map(shown).collect::<Vec<_>>()))
}

/// `POST /v1/tokens`.
pub(super) async fn make(
    State(admin): Shared,
    Operator(by): Operator,
    Small(body): Small,
) -> Answer {
    let TokenRequest { name, role, days } = read(&body)?;
    if name.trim().is_empty() || name.len() > MAX_NAME {
        return Err(Problem::invalid(format!("`name` must have 1 to {MAX_NAME} bytes")).into());
    }
    let valid = days.map(|days| Duration::from_secs(u64::from(days) * 24 * 60 * 60));
    let valid = valid.map(|valid| u64::try_from(valid.as_millis()).unwrap_or(u64::MAX));
    let (token, row) = tokens(&admin)?.make(&by, Who::new(name, role), valid).await?;
    let mut body = shown(&row);
    body["token"] = token.into();
    Ok(json_of(&body))
}

/// `DELETE /v1/tokens/{id}`.
pub(super) async fn revoke(
    State(admin): Shared,
    Operator(by): Operator,
    Path(id): Path<String>,
) -> Answer {
    tokens(&admin)?.revoke(&by, &id).await?;
    Ok(done())
}
