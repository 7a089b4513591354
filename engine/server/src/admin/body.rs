//! Bodies of requests to the admin API, read only after it is known who asks.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::StatusCode;
use tokio::sync::OwnedSemaphorePermit;

use dialgraph_deploy::DeployError;

use super::Admin;
use crate::http::declared;
use crate::http::problem::Problem;

/// Large bodies in memory at the same time; further ones wait on their connections.
pub(super) const LARGE_AT_ONCE: usize = 2;

/// A body of some words: at most `server.max_body`.
pub(super) struct Small(pub(super) Bytes);

/// A body with plugins or a project in it: at most `deploy.max_body`.
pub(super) struct Large {
    pub(super) bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

impl FromRequest<Arc<Admin>> for Small {
    type Rejection = Problem;

    async fn from_request(request: Request, admin: &Arc<Admin>) -> Result<Self, Problem> {
        let limit = admin.app.config.server.max_body.0;
        read(request, admin, limit, "server.max_body").await.map(Self)
    }
}

impl FromRequest<Arc<Admin>> for Large {
    type Rejection = Problem;

    async fn from_request(request: Request, admin: &Arc<Admin>) -> Result<Self, Problem> {
        let patience = admin.app.config.deploy.change_timeout;
        let room = Arc::clone(&admin.room).acquire_owned();
        // The semaphore is never closed.
        let Ok(room) = tokio::time::timeout(patience, room).await else {
            let busy = DeployError::Busy(patience);
            return Err(Problem::busy(busy.to_string()));
        };
        let room = room.ok();
        let limit = admin.app.config.deploy.max_body.0;
        let bytes = read(request, admin, limit, "deploy.max_body").await?;
        Ok(Self { bytes, _room: room })
    }
}

async fn read(
    mut request: Request,
    admin: &Arc<Admin>,
    limit: u64,
    key: &str,
) -> Result<Bytes, Problem> {
    declared(request.headers(), limit, key)?;
    DefaultBodyLimit::max(usize::try_from(limit).unwrap_or(usize::MAX)).apply(&mut request);
    let patience = admin.app.config.server.request_timeout;
    let Ok(body) = tokio::time::timeout(patience, Bytes::from_request(request, admin)).await else {
        return Err(Problem::timed_out());
    };
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::larger_than(limit, key),
        _ => Problem::invalid("the body could not be read completely"),
    })
}
