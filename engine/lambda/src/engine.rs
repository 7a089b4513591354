//! The engine, as the Lambda sees it: one endpoint, one warm connection, one deadline.
//!
//! The engine is asked at most twice. The second time comes at once when the first fails in a way
//! that a second may not, and after half of the time when there is no answer yet: a connection that
//! died in its sleep says nothing. Both carry one turn token, so the engine runs the turn once, and
//! the first answer of either is taken.

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use dialgraph_connect::fallback::Reason;
use dialgraph_connect::flat::{FlatMap, MAX_BYTES};
use dialgraph_connect::signature::{Nonce, Request, SigningKey, sign};
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, USER_AGENT};
use hyper::{Method, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_rustls::rustls::ClientConfig;

use crate::answer::{self, BadAnswer};

/// The endpoint, and the path that is signed.
pub const PATH: &str = "/v1/connect/turn";

/// A connection that takes longer is not worth waiting for: the engine is near.
const CONNECT_WITHIN: Duration = Duration::from_millis(1_500);

/// Time for a process that restarts to listen again, or a balancer to choose another.
const PAUSE: Duration = Duration::from_millis(75);

/// How long an unused connection is kept. Balancers drop them after a minute or more, and some do
/// not say so.
const IDLE: Duration = Duration::from_secs(50);

const WARM_UP_WITHIN: Duration = Duration::from_millis(1_000);

const MAX_HEADERS_BYTES: usize = 32 * 1_024;

const AGENT: &str = concat!("dialgraph-lambda/", env!("CARGO_PKG_VERSION"));

/// Why the engine has not answered.
#[derive(Debug, thiserror::Error)]
pub enum EngineFailure {
    #[error("no connection: {0}")]
    Unreachable(String),
    #[error("no answer in time")]
    Slow,
    #[error("HTTP status {0}")]
    Status(StatusCode),
    #[error(transparent)]
    Answer(#[from] BadAnswer),
    #[error("the system gives no random numbers to sign with: {0}")]
    Random(getrandom::Error),
    /// Of an engine that is in this process.
    #[error("the engine cannot start: {0}")]
    Start(String),
}

impl EngineFailure {
    pub fn reason(&self) -> Reason {
        match self {
            Self::Unreachable(_) => Reason::Unreachable,
            Self::Slow => Reason::Slow,
            Self::Status(status) if status.is_server_error() => Reason::Failed,
            Self::Status(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Reason::Unauthorized,
            Self::Status(StatusCode::PAYLOAD_TOO_LARGE) => Reason::TooLarge,
            Self::Status(_) => Reason::Refused,
            Self::Answer(_) => Reason::BadAnswer,
            Self::Random(_) | Self::Start(_) => Reason::Failed,
        }
    }

    /// Whether a second request may do better.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Status(status) => status.is_server_error(),
            Self::Slow | Self::Answer(_) | Self::Random(_) | Self::Start(_) => false,
        }
    }
}

/// What came of asking.
#[derive(Debug)]
pub struct Asked {
    pub result: Result<FlatMap, EngineFailure>,
    /// 1 or 2.
    pub attempts: u8,
}

/// Whoever answers turns.
pub trait Turns: Send + Sync {
    /// Does beforehand what the first turn would otherwise wait for. Whether that works is of no
    /// interest yet.
    fn warm_up(&self) -> impl Future<Output = ()> + Send;

    /// Answers `event`, or says by `deadline` why not.
    fn ask(&self, event: &Bytes, deadline: Instant) -> impl Future<Output = Asked> + Send;
}

/// A client of one engine.
#[derive(Debug, Clone)]
pub struct EngineClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    turn: Uri,
    health: Uri,
    key: SigningKey,
}

impl EngineClient {
    /// A client of the engine at `origin` (scheme, host and port), which signs with `key`.
    ///
    /// # Errors
    /// If `origin` has no scheme or host.
    pub fn new(
        origin: &Uri,
        key: SigningKey,
        tls: ClientConfig,
    ) -> Result<Self, hyper::http::Error> {
        let at = |path: &'static str| {
            let mut parts = origin.clone().into_parts();
            parts.path_and_query = Some(hyper::http::uri::PathAndQuery::from_static(path));
            Uri::from_parts(parts).map_err(hyper::http::Error::from)
        };
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT_WITHIN));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .http1_max_buf_size(MAX_HEADERS_BYTES)
            .build(https);
        Ok(Self { client, turn: at(PATH)?, health: at("/healthz")?, key })
    }

    /// Opens the connection that the first turn will use.
    async fn open(&self) {
        let Ok(request) = hyper::Request::get(self.health.clone())
            .header(USER_AGENT, AGENT)
            .body(Full::new(Bytes::new()))
        else {
            return;
        };
        let respond = async {
            if let Ok(response) = self.client.request(request).await {
                // A connection is used again only when all of its last answer was read.
                let _ = Limited::new(response.into_body(), MAX_BYTES).collect().await;
            }
        };
        let _ = tokio::time::timeout(WARM_UP_WITHIN, respond).await;
    }

    /// Asks the engine about `event`, twice if need be, until `deadline`.
    async fn twice(&self, event: &Bytes, deadline: Instant) -> Asked {
        let half = Instant::now() + deadline.saturating_duration_since(Instant::now()) / 2;
        let mut attempts = 1;
        let both = async {
            let mut first = pin!(self.attempt(event));
            tokio::select! {
                biased;
                result = &mut first => match result {
                    Err(failure) if failure.may_pass() => {}
                    result => return result,
                },
                () = sleep_until(half) => {
                    attempts = 2;
                    return earlier(first, pin!(self.attempt(event))).await;
                }
            }
            sleep(PAUSE).await;
            attempts = 2;
            self.attempt(event).await
        };
        let result = timeout_at(deadline, both).await.unwrap_or(Err(EngineFailure::Slow));
        Asked { result, attempts }
    }

    async fn attempt(&self, event: &Bytes) -> Result<FlatMap, EngineFailure> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(EngineFailure::Random)?;
        let signed = sign(
            &self.key,
            &Request { method: Method::POST.as_str(), path: PATH, body: event },
            unix_now().as_secs(),
            Nonce::from_random(random),
        );
        let mut request = hyper::Request::post(self.turn.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, AGENT);
        for (name, value) in signed.headers() {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(event.clone()))
            .map_err(|error| EngineFailure::Unreachable(error.to_string()))?;
        let response = self.client.request(request).await.map_err(|error| unreachable(&error))?;
        if response.status() != StatusCode::OK {
            return Err(EngineFailure::Status(response.status()));
        }
        let body = Limited::new(response.into_body(), MAX_BYTES).collect().await;
        let body =
            body.map_err(|error| match error.downcast::<http_body_util::LengthLimitError>() {
                Ok(_) => BadAnswer::TooLarge.into(),
                Err(error) => unreachable(&*error),
            })?;
        Ok(answer::read(&body.to_bytes())?)
    }
}

impl Turns for EngineClient {
    async fn warm_up(&self) {
        self.open().await;
    }

    async fn ask(&self, event: &Bytes, deadline: Instant) -> Asked {
        self.twice(event, deadline).await
    }
}

/// The first answer of the two; their last failure if neither has one.
async fn earlier<T>(
    mut a: impl Future<Output = Result<T, EngineFailure>> + Unpin,
    mut b: impl Future<Output = Result<T, EngineFailure>> + Unpin,
) -> Result<T, EngineFailure> {
    tokio::select! {
        biased;
        result = &mut a => match result {
            Err(_) => b.await,
            result => result,
        },
        result = &mut b => match result {
            Err(_) => a.await,
            result => result,
        },
    }
}

/// With the causes, which say more than the error itself. None of them repeats what was sent.
fn unreachable(error: &(dyn std::error::Error + 'static)) -> EngineFailure {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    EngineFailure::Unreachable(text)
}

/// Since 1970.
pub(crate) fn unix_now() -> Duration {
    #[expect(
        clippy::disallowed_methods,
        reason = "signatures and Lambda's deadlines are told by the clock on the wall"
    )]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap_or_default()
}
