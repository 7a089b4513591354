//! Connections: accepted within bounds, encrypted if so configured, and closed in order at the end.

mod connection;
mod patience;
mod peers;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::http::router;
use crate::state::App;
use connection::{Ended, Terms, converse};
use peers::Peers;

/// How long replies that outlast their turns are waited for at the end.
const FOR_REPLIES: Duration = Duration::from_secs(1);

/// How long requests that are still being answered at the end are waited for, after the turns have
/// ended.
const FOR_ANSWERS: Duration = Duration::from_secs(5);

/// Why a server could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address}: {why}; set `server.listen` to another address")]
    Listen { address: SocketAddr, why: std::io::Error },
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

    /// Ends in order: unready, then no new connections and turns, then nothing under way, then
    /// gone.
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
    let failed = |why| ServeError::Listen { address: listen, why };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    if let Err(error) = crate::reaper::count(&app).await {
        tracing::warn!(%error, "calls in progress could not be counted");
    }
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(crate::reaper::run(Arc::downgrade(&app)));
    tokio::spawn(crate::backups::run(Arc::downgrade(&app)));
    tokio::spawn(crate::credentials::run(Arc::downgrade(&app)));
    tokio::spawn(crate::desk::run(Arc::downgrade(&app)));
    let done = tokio::spawn(accept(app, listener, tls, stopped));
    Ok(Running { address, stop, done })
}

async fn accept(
    app: Arc<App>,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    mut stopped: watch::Receiver<bool>,
) {
    let server = &app.config.server;
    let (close, closing) = watch::channel(false);
    let terms = Terms {
        router: router(app.clone()),
        tls,
        header_timeout: server.header_timeout,
        write_timeout: server.write_timeout,
        closing,
    };
    let peers = Peers::new(server.connections_per_peer);
    let room = Arc::new(Semaphore::new(server.connections as usize));
    // Each connection holds a sender: when all are gone, so are the connections.
    let (open, mut all_closed) = mpsc::channel::<std::convert::Infallible>(1);
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
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Mostly: no file handles left. Some will be given back soon.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let place = match peers.enter(address.ip()) {
            Ok(place) => place,
            Err(too_many) => {
                app.metrics.cut_off("peer");
                if too_many.first {
                    tracing::warn!(peer = %address.ip(), most = server.connections_per_peer, "a \
                        client has reached its limit of connections \
                        (`server.connections_per_peer`); further ones are closed");
                }
                continue;
            }
        };
        let (app, terms, open) = (app.clone(), terms.clone(), open.clone());
        tokio::spawn(async move {
            let _held = (permit, place, open);
            match converse(stream, terms).await {
                Ended::InOrder => {}
                Ended::NeverRead => {
                    app.metrics.cut_off("never-read");
                    tracing::info!(peer = %address.ip(), "a connection was closed because its \
                        client did not read what it was sent (`server.write_timeout`)");
                }
                Ended::Broken(error) => tracing::debug!(%error, "a connection ended early"),
            }
        });
    }
    // From here on nobody is kept from finding another process, or this one's successor.
    drop(listener);
    app.turns.drain();
    // Connections end with the answer that they wait for.
    close.send_replace(true);
    drop(open);
    finish(&app).await;
    if tokio::time::timeout(FOR_ANSWERS, all_closed.recv()).await.is_err() {
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

/// Waits until no turn is under way, or the time for that is over. Late replies are given a moment
/// and no more: a later turn asks for them again under their keys, and callers cannot be served
/// while this process keeps its successor waiting.
async fn finish(app: &App) {
    let limit = app.config.server.drain_timeout;
    if tokio::time::timeout(limit, app.turns.settled()).await.is_err() {
        let turns = app.turns.load().turns;
        tracing::warn!(turns, "stopped with turns under way; other processes will repeat them");
    } else if tokio::time::timeout(FOR_REPLIES, app.turns.replied()).await.is_err() {
        let replies = app.turns.load().late_replies;
        tracing::info!(
            replies,
            "stopped without waiting for replies of providers; later turns ask again"
        );
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
    let chain = dialgraph_files::read(certificate, dialgraph_files::MAX_SETTINGS)
        .map_err(|error| wrong("tls.certificate", certificate, &error))?;
    let chain = CertificateDer::pem_slice_iter(&chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong("tls.certificate", certificate, &error))?;
    let secret = dialgraph_files::read(key, dialgraph_files::MAX_SETTINGS)
        .map_err(|error| wrong("tls.key", key, &error))?;
    let secret =
        PrivateKeyDer::from_pem_slice(&secret).map_err(|error| wrong("tls.key", key, &error))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("tls.certificate", certificate, &error))?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|error| wrong("tls.certificate", certificate, &error))?;
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}
