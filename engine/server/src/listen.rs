//! Connections: accepted within bounds, encrypted if so configured, and closed in order at the end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::http::router;
use crate::state::App;

/// How long replies that outlast their turns are waited for at the end.
const FOR_REPLIES: Duration = Duration::from_secs(1);

/// Why a server could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address}: {source}; set `server.listen` to another address")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("{key}: {message}")]
    Tls { key: &'static str, message: String },
}

/// A server that takes connections.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    done: JoinHandle<()>,
}

impl Running {
    /// Where it really listens, with the port that was chosen if 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends in order: unready, then no new connections and turns, then nothing under way, then gone.
    pub async fn stop(self) {
        // Nobody listens any more: it has ended already.
        let _ = self.stop.send(true);
        let _ = self.done.await;
    }
}

/// Begins to serve.
///
/// # Errors
/// When the address cannot be had or the certificate cannot be used.
pub async fn serve(app: Arc<App>) -> Result<Running, ServeError> {
    let tls = tls(&app)?;
    let listen = app.config.server.listen;
    let failed = |source| ServeError::Listen { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    if let Err(error) = crate::reaper::count(&app).await {
        tracing::warn!(%error, "calls in progress could not be counted");
    }
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(crate::reaper::run(Arc::downgrade(&app)));
    tokio::spawn(crate::secrets::run(Arc::downgrade(&app)));
    let done = tokio::spawn(accept(app, listener, tls, stopped));
    Ok(Running { address, stop, done })
}

async fn accept(
    app: Arc<App>,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    mut stopped: watch::Receiver<bool>,
) {
    let router = router(app.clone());
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(app.config.server.connections as usize));
    let leave = asked_to_leave(app.clone(), stopped.clone());
    tokio::pin!(leave);
    loop {
        let next = async {
            // The semaphore is never closed.
            let permit = room.clone().acquire_owned().await.ok();
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            next = next => next,
            () = &mut leave => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Mostly: no file handles left. Some will be given back soon.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let header_timeout = app.config.server.header_timeout;
        let (router, tls, watcher) = (router.clone(), tls.clone(), graceful.watcher());
        tokio::spawn(async move {
            let _permit = permit;
            // Answers are small and waited for.
            let _ = stream.set_nodelay(true);
            match encrypted(stream, tls, header_timeout).await {
                Ok(stream) => converse(stream, router, header_timeout, watcher).await,
                Err(error) => tracing::debug!(%error, "no TLS connection came about"),
            }
        });
    }
    // From here on nobody is kept from finding another process, or this one's successor.
    drop(listener);
    app.turns.drain();
    // Connections end with the answer that they wait for.
    let closed = tokio::spawn(graceful.shutdown());
    finish(&app).await;
    if tokio::time::timeout(Duration::from_secs(5), closed).await.is_err() {
        tracing::warn!("some connections were cut off");
    }
    // Whoever asked for the stop may be gone; the flag has served its purpose.
    stopped.mark_unchanged();
}

/// Waits for the stop, and then until load balancers have noticed.
async fn asked_to_leave(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    if stopped.wait_for(|stopped| *stopped).await.is_err() {
        // The handle was dropped without a word: serve on.
        std::future::pending::<()>().await;
    }
    app.set_leaving();
    tokio::time::sleep(app.config.server.drain_delay).await;
}

/// Waits until no turn is under way, or the time for that is over. Late replies are given a moment and no more: a later
/// turn asks for them again under their keys, and callers cannot be served while this process keeps its successor
/// waiting.
async fn finish(app: &App) {
    let limit = app.config.server.drain_timeout;
    if tokio::time::timeout(limit, app.turns.settled()).await.is_err() {
        let turns = app.turns.load().turns;
        tracing::warn!(turns, "stopped with turns under way; other processes will make them again");
    } else if tokio::time::timeout(FOR_REPLIES, app.turns.replied()).await.is_err() {
        let replies = app.turns.load().late_replies;
        tracing::info!(replies, "replies of providers are not waited for; later turns ask again");
    }
}

/// A stream of either kind.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn encrypted(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    within: Duration,
) -> std::io::Result<Box<dyn Stream>> {
    let Some(tls) = tls else { return Ok(Box::new(stream)) };
    match tokio::time::timeout(within, tls.accept(stream)).await {
        Ok(accepted) => Ok(Box::new(accepted?)),
        Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
    }
}

async fn converse(
    stream: Box<dyn Stream>,
    router: Router,
    header_timeout: Duration,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// None: plain HTTP.
fn tls(app: &App) -> Result<Option<TlsAcceptor>, ServeError> {
    let (Some(certificate), Some(key)) = (&app.config.tls.certificate, &app.config.tls.key) else {
        return Ok(None);
    };
    let wrong = |key: &'static str, path: &Path, error: &dyn std::fmt::Display| ServeError::Tls {
        key,
        message: format!("{} cannot be used: {error}", path.display()),
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong("tls.certificate", certificate, &error))?;
    let secret =
        PrivateKeyDer::from_pem_file(key).map_err(|error| wrong("tls.key", key, &error))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("tls.certificate", certificate, &error))?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|error| wrong("tls.certificate", certificate, &error))?;
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}
