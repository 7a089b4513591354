//! One connection: its requests, one after the other, and its end.

use std::convert::Infallible;
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::patience::{Blocked, NeverRead, Patient};

/// How a connection ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// As its client or the server wanted.
    InOrder,
    /// The client did not read what it was sent.
    NeverRead,
    /// Otherwise.
    Broken(Box<dyn std::error::Error + Send + Sync>),
}

/// What all connections share.
#[derive(Clone)]
pub(super) struct Terms {
    pub(super) router: Router,
    pub(super) tls: Option<TlsAcceptor>,
    /// The head of a request, and the beginning of encryption, must be there within this.
    pub(super) header_timeout: Duration,
    /// What is sent must be read within this.
    pub(super) write_timeout: Duration,
    /// True once no more requests are taken.
    pub(super) closing: watch::Receiver<bool>,
}

/// Answers what comes over `stream`, to its end.
pub(super) async fn converse(stream: TcpStream, terms: Terms) -> Ended {
    // Answers are small and waited for.
    let _ = stream.set_nodelay(true);
    let stream = Patient::new(stream, terms.write_timeout);
    let blocked = stream.blocked();
    let ended = match terms.tls.clone() {
        None => answer(stream, blocked, terms).await,
        Some(tls) => match tokio::time::timeout(terms.header_timeout, tls.accept(stream)).await {
            Ok(Ok(stream)) => answer(stream, blocked, terms).await,
            Ok(Err(error)) => Err(error.into()),
            Err(late) => Err(late.into()),
        },
    };
    match ended {
        Ok(()) => Ended::InOrder,
        Err(error) if is_never_read(&*error) => Ended::NeverRead,
        Err(error) => Ended::Broken(error),
    }
}

fn is_never_read(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let within = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if within.is_some_and(|within| within.is::<NeverRead>()) {
            return true;
        }
        next = error.source();
    }
    false
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    blocked: Blocked,
    terms: Terms,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let Terms { router, header_timeout, mut closing, .. } = terms;
    let router = TowerToHyperService::new(router);
    let busy = Arc::new(AtomicBool::new(false));
    let service = {
        let busy = busy.clone();
        service_fn(move |request: Request<Incoming>| {
            busy.store(true, Ordering::Relaxed);
            let (answering, busy) = (router.call(request), busy.clone());
            async move {
                let response: Result<Response<Body>, Infallible> = answering.await;
                busy.store(false, Ordering::Relaxed);
                response
            }
        })
    };
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout)
            .serve_connection(TokioIo::new(stream), service)
    );
    tokio::select! {
        ended = connection.as_mut() => return ended.map_err(Into::into),
        // The sender is gone only when the server is.
        _ = closing.wait_for(|closing| *closing) => connection.as_mut().graceful_shutdown(),
    }
    // From here on it ends with the answer that it waits for. One that waits for none, because its
    // client has asked for nothing or has not asked to the end, has nothing to lose and keeps
    // nobody waiting.
    poll_fn(|context| match connection.as_mut().poll(context) {
        Poll::Ready(ended) => Poll::Ready(ended.map_err(Into::into)),
        Poll::Pending if busy.load(Ordering::Relaxed) || blocked.is() => Poll::Pending,
        Poll::Pending => Poll::Ready(Ok(())),
    })
    .await
}
