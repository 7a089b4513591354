//! A server in the place of the engine, which does with each turn what its script says.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

/// What an engine in good health says.
pub(crate) const ANSWER: &str =
    r#"{"action":"listen","turn":"4","say":"none","prompt":"<speak>말씀해 주세요.</speak>"}"#;

/// What becomes of one turn. Those that come after the script's end are answered.
#[derive(Debug, Clone)]
pub(crate) enum Script {
    Answer,
    Body(String),
    Status(u16),
    /// Bytes that take the place of the whole response, after which the connection is closed.
    Raw(&'static str),
    /// Nothing, for ever.
    Silence,
    /// The answer, once so many turns have come.
    AfterTurns(usize),
}

/// A request for a turn, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    pub(crate) method: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Turn {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Debug)]
struct State {
    script: Mutex<VecDeque<Script>>,
    turns: Mutex<Vec<Turn>>,
    came: watch::Sender<usize>,
    connections: AtomicUsize,
}

#[derive(Debug)]
pub(crate) struct EngineStandIn {
    state: Arc<State>,
    scheme: &'static str,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: tokio::task::JoinHandle<()>,
}

impl EngineStandIn {
    pub(crate) async fn start(script: Vec<Script>) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), script).await
    }

    pub(crate) async fn start_at(address: SocketAddr, script: Vec<Script>) -> Self {
        Self::serve(address, script, None).await
    }

    /// With TLS, and the certificate of the authority that vouches for it.
    pub(crate) async fn start_tls(script: Vec<Script>) -> (Self, String) {
        let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = certified.signing_key.serialize_der().try_into().unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let engine = Self::serve((Ipv4Addr::LOCALHOST, 0).into(), script, Some(acceptor)).await;
        (engine, certified.cert.pem())
    }

    async fn serve(address: SocketAddr, script: Vec<Script>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            script: Mutex::new(script.into()),
            turns: Mutex::default(),
            came: watch::Sender::new(0),
            connections: AtomicUsize::new(0),
        });
        let (stop, mut stopped) = watch::channel(false);
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::clone(&state);
        let server = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let accepted = tokio::select! {
                    _ = stopped.changed() => break,
                    accepted = listener.accept() => accepted,
                };
                let (connection, _) = accepted.unwrap();
                let state = Arc::clone(&shared);
                let tls = tls.clone();
                connections.spawn(async move {
                    match tls {
                        None => converse(connection, state).await,
                        Some(tls) => {
                            if let Ok(connection) = tls.accept(connection).await {
                                converse(connection, state).await;
                            }
                        }
                    }
                });
            }
        });
        Self { state, scheme, address, stop, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn turns(&self) -> Vec<Turn> {
        self.state.turns.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Waits until the function has warmed up.
    pub(crate) async fn connected(&self) {
        while self.connections() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends with all its connections.
    pub(crate) async fn stop(self) {
        self.stop.send(true).unwrap();
        self.server.await.unwrap();
    }
}

/// An address at which nobody listens.
pub(crate) async fn unused_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap()
}

async fn converse(
    connection: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    state: Arc<State>,
) {
    state.connections.fetch_add(1, Ordering::SeqCst);
    let (mut near, far) = tokio::io::duplex(64 * 1024);
    let (mut from, mut to) = tokio::io::split(connection);
    // What `Raw` says goes to the connection itself, past the HTTP server.
    let (raw, mut said) = tokio::sync::mpsc::channel::<&'static str>(1);
    let serve = hyper::server::conn::http1::Builder::new().serve_connection(
        TokioIo::new(far),
        service_fn(move |request| {
            let (state, raw) = (Arc::clone(&state), raw.clone());
            async move { Ok::<_, Infallible>(respond(request, &state, &raw).await) }
        }),
    );
    let carry = async {
        let (mut requests, mut responses) = ([0; 8 * 1024], [0; 8 * 1024]);
        loop {
            tokio::select! {
                Some(text) = said.recv() => {
                    let _ = to.write_all(text.as_bytes()).await;
                    let _ = to.flush().await;
                    return;
                }
                read = from.read(&mut requests) => match read {
                    Ok(length) if length > 0 => near.write_all(&requests[..length]).await.unwrap_or(()),
                    _ => return,
                },
                read = near.read(&mut responses) => match read {
                    Ok(length) if length > 0 => {
                        if to.write_all(&responses[..length]).await.is_err() || to.flush().await.is_err() {
                            return;
                        }
                    }
                    _ => return,
                },
            }
        }
    };
    tokio::select! {
        () = carry => {}
        // It still has something to carry when the conversation is over.
        () = async { let _ = serve.await; std::future::pending::<()>().await } => {}
    }
}

async fn respond(
    request: Request<Incoming>,
    state: &State,
    raw: &tokio::sync::mpsc::Sender<&'static str>,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    if parts.uri.path() != "/v1/connect/turn" {
        return Response::new(Full::new("{}".into()));
    }
    let headers = parts.headers.iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let turn = Turn { method: parts.method.to_string(), headers: headers.collect(), body };
    state.turns.lock().unwrap().push(turn);
    state.came.send_modify(|turns| *turns += 1);
    let script = state.script.lock().unwrap().pop_front().unwrap_or(Script::Answer);
    let body = match script {
        Script::Answer => ANSWER.to_owned(),
        Script::Body(body) => body,
        Script::Status(status) => {
            let mut response = Response::new(Full::new("no".into()));
            *response.status_mut() = status.try_into().unwrap();
            return response;
        }
        Script::Raw(text) => {
            raw.send(text).await.unwrap();
            std::future::pending().await
        }
        Script::Silence => std::future::pending().await,
        Script::AfterTurns(turns) => {
            state.came.subscribe().wait_for(|came| *came >= turns).await.unwrap();
            // Later than the refusal of the turn that was waited for.
            tokio::time::sleep(Duration::from_millis(100)).await;
            ANSWER.to_owned()
        }
    };
    Response::new(Full::new(body.into()))
}
