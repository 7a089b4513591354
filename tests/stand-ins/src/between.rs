//! What stands between a client and a stand-in and does what goes wrong with real services.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::scripted;

/// A request that has come.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Such as `TransactWriteItems`.
    pub operation: String,
    pub body: Value,
}

/// What becomes of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It is answered by the stand-in.
    Pass,
    /// It is refused with this status and exception, and does not reach the stand-in.
    Refuse(u16, &'static str),
    /// It is answered so, and does not reach the stand-in.
    Answer(u16, Value),
    /// It does not reach the stand-in, and there is never an answer.
    Vanish,
    /// It is carried out, and there is never an answer.
    LoseAnswer,
}

/// A request with what came of it.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub asked: Asked,
    pub fate: Fate,
    /// What the client was told, or would have been.
    pub answer: Value,
    /// The request as it came, for [`shapes::check`](crate::shapes::check).
    pub request: scripted::Request,
}

impl Exchange {
    /// The request alone: the answer is a stand-in's, and none of ours to judge.
    pub fn asked_alone(&self) -> scripted::Exchange {
        let reply = scripted::Reply { status: 0, headers: Vec::new(), parts: Vec::new() };
        scripted::Exchange { request: self.request.clone(), reply }
    }
}

type Decide = Box<dyn Fn(&Asked) -> Fate + Send + Sync>;

struct Inner {
    upstream: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    decide: Mutex<Decide>,
    seen: Mutex<Vec<Exchange>>,
}

/// A server in front of a stand-in, on a thread of its own until it is dropped.
pub struct Between {
    address: SocketAddr,
    inner: Arc<Inner>,
    runtime: Option<Runtime>,
}

impl std::fmt::Debug for Between {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Between").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Between {
    /// Lets everything pass to `upstream` until it is told otherwise.
    pub fn start(upstream: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("this machine gives a thread");
        let inner = Arc::new(Inner {
            upstream,
            client: {
                let _inside = runtime.enter();
                Client::builder(TokioExecutor::new()).build_http()
            },
            decide: Mutex::new(Box::new(|_| Fate::Pass)),
            seen: Mutex::default(),
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        listener.set_nonblocking(true).expect("a listener can be waited for");
        let address = listener.local_addr().expect("it is bound");
        let router = Router::new().fallback(handle).with_state(inner.clone());
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("it is a listener");
            axum::serve(listener, router).await
        });
        Self { address, inner, runtime: Some(runtime) }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on `decide` says what becomes of a request.
    pub fn decide(&self, decide: impl Fn(&Asked) -> Fate + Send + Sync + 'static) {
        *lock(&self.inner.decide) = Box::new(decide);
    }

    /// What came since this was asked last.
    pub fn take_seen(&self) -> Vec<Exchange> {
        std::mem::take(&mut *lock(&self.inner.seen))
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn handle(State(inner): State<Arc<Inner>>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return refusal(400, "SerializationException") };
    let body = body.to_bytes();
    let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.split('.').next_back()).unwrap_or_default();
    let asked = Asked {
        operation: operation.to_owned(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let fate = lock(&inner.decide)(&asked);
    let raw = scripted::Request {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into())
            })
            .collect(),
        body: body.to_vec(),
    };
    let keep = |answer: Value| {
        let (asked, fate, request) = (asked.clone(), fate.clone(), raw.clone());
        lock(&inner.seen).push(Exchange { asked, fate, answer, request });
    };
    match &fate {
        Fate::Refuse(status, exception) => {
            keep(Value::Null);
            refusal(*status, exception)
        }
        Fate::Answer(status, answer) => {
            keep(answer.clone());
            response(*status, answer.to_string().into())
        }
        Fate::Vanish => {
            keep(Value::Null);
            std::future::pending().await
        }
        Fate::Pass | Fate::LoseAnswer => {
            let (status, answer) = match forward(&inner, &head.headers, body).await {
                Ok(answered) => answered,
                Err(error) => {
                    let text = json!({"__type": "InternalServerError", "message": error});
                    (502, text.to_string().into())
                }
            };
            keep(serde_json::from_slice(&answer).unwrap_or_default());
            if fate == Fate::LoseAnswer {
                std::future::pending::<()>().await;
            }
            response(status, answer)
        }
    }
}

async fn forward(inner: &Inner, headers: &HeaderMap, body: Bytes) -> Result<(u16, Bytes), String> {
    let mut request = hyper::Request::post(format!("http://{}/", inner.upstream));
    for (name, value) in headers {
        if name != header::HOST && name != header::CONTENT_LENGTH && name != header::CONNECTION {
            request = request.header(name, value);
        }
    }
    let request = request.body(Full::new(body)).map_err(|error| error.to_string())?;
    let answer = inner.client.request(request).await.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.map_err(|error| error.to_string())?;
    Ok((status, body.to_bytes()))
}

fn refusal(status: u16, exception: &str) -> Response<Body> {
    let text = json!({
        "__type": format!("com.amazonaws.dynamodb.v20120810#{exception}"),
        "message": "so says what stands between",
    });
    response(status, text.to_string().into())
}

fn response(status: u16, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    response
}

/// Nothing under these locks can be left half done.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
