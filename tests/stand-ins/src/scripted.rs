//! A server that answers as a test says: for services that nobody's stand-in imitates well enough
//! to be believed, and for what no well-behaved stand-in does (throttling, broken answers,
//! silence).
//!
//! What it says is the test's own, so it proves nothing about a service. Two things keep it honest:
//! the requests are those of the real SDK over real HTTP, and [`Scripted::exchanges`] gives both
//! sides to `check_shapes.py`, which holds them against the service's model as botocore has it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use axum::body::{Body, Bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::{Response, StatusCode};
use futures::StreamExt as _;
use tokio::sync::oneshot;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// With query, as on the wire.
    pub path: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the request's body is JSON")
    }
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub parts: Vec<Part>,
}

/// A part of an answer's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Bytes(Vec<u8>),
    /// Nothing for so long; in front of everything else, not even the answer's head.
    Pause(Duration),
    /// Nothing ever again, with the connection open.
    Silence,
    /// The connection is cut.
    Cut,
}

impl Reply {
    /// JSON with this status.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::text(status, &body.to_string())
    }

    /// What says that it is JSON and may be anything.
    pub fn text(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            parts: vec![Part::Bytes(body.as_bytes().to_vec())],
        }
    }

    /// An error of a service of the JSON protocol (KMS, Secrets Manager): name and words in the
    /// body.
    pub fn fault(status: u16, name: &str, message: &str) -> Self {
        Self::json(status, &serde_json::json!({"__type": name, "message": message}))
    }

    /// An error of a REST service: its name in a header, its words in the body.
    pub fn error(status: u16, name: &str, message: &str) -> Self {
        Self::json(status, &serde_json::json!({"message": message}))
            .header("x-amzn-errortype", name)
    }

    /// Nothing at all, with the connection open.
    pub fn never() -> Self {
        Self { status: 0, headers: Vec::new(), parts: vec![Part::Silence] }
    }

    /// The same, so much later.
    #[must_use]
    pub fn after(mut self, time: Duration) -> Self {
        self.parts.insert(0, Part::Pause(time));
        self
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Part {
    /// An event of a stream, in Amazon's framing.
    pub fn event(name: &str, payload: &serde_json::Value) -> Self {
        Self::frame("event", ":event-type", name, payload)
    }

    /// An exception in the middle of a stream.
    pub fn exception(name: &str, payload: &serde_json::Value) -> Self {
        Self::frame("exception", ":exception-type", name, payload)
    }

    fn frame(kind: &str, header: &str, name: &str, payload: &serde_json::Value) -> Self {
        let text = |text: &str| HeaderValue::String(text.to_owned().into());
        let message = Message::new(payload.to_string())
            .add_header(Header::new(":message-type", text(kind)))
            .add_header(Header::new(header.to_owned(), text(name)))
            .add_header(Header::new(":content-type", text("application/json")));
        let mut bytes = Vec::new();
        write_message_to(&message, &mut bytes).expect("a test's event is small");
        Self::Bytes(bytes)
    }
}

impl Reply {
    /// A stream of events.
    pub fn stream(parts: Vec<Part>) -> Self {
        let content_type = "application/vnd.amazon.eventstream".to_owned();
        Self { status: 200, headers: vec![("content-type".into(), content_type)], parts }
    }
}

/// A request and what was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    pub request: Request,
    pub reply: Reply,
}

type Answer = Box<dyn Fn(&Request) -> Reply + Send + Sync>;

struct Shared {
    answer: Answer,
    exchanges: Mutex<Vec<Exchange>>,
}

/// A running server. It ends when this is dropped.
pub struct Scripted {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scripted").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Scripted {
    /// Answers each request by `answer`, on a thread of its own.
    ///
    /// # Panics
    /// If there is no free port on this machine.
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared { answer: Box::new(answer), exchanges: Mutex::default() });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        listener.set_nonblocking(true).expect("a socket can be so");
        let address = listener.local_addr().expect("it is bound");
        let (stop, stopped) = oneshot::channel();
        let app = axum::Router::new().fallback(reply).with_state(shared.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("this machine gives a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("it listens");
                tokio::select! {
                    served = axum::serve(listener, app) => served.expect("it serves"),
                    _ = stopped => {}
                }
            });
        });
        Self { address, shared, stop: Some(stop) }
    }

    /// Answers with these, one after the other; the last goes on for ever.
    ///
    /// # Panics
    /// If there is none, or no free port.
    pub fn replies(replies: Vec<Reply>) -> Self {
        let last = replies.last().expect("there is an answer").clone();
        let queue = Mutex::new(replies.into_iter());
        Self::start(move |_| {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            next.unwrap_or_else(|| last.clone())
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What a process needs to use it in place of Amazon.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        crate::environment(&self.url())
    }

    /// What was asked and answered until now.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.exchanges.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was asked until now.
    pub fn requests(&self) -> Vec<Request> {
        self.exchanges().into_iter().map(|exchange| exchange.request).collect()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have ended by itself.
            let _ = stop.send(());
        }
    }
}

async fn reply(State(shared): State<Arc<Shared>>, request: HttpRequest) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await.expect("a test's request is small");
    let headers = head.headers.iter().map(|(name, value)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let request = Request {
        method: head.method.to_string(),
        path: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: headers.collect(),
        body: body.to_vec(),
    };
    let reply = (shared.answer)(&request);
    let exchange = Exchange { request, reply: reply.clone() };
    shared.exchanges.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
    if reply.status == 0 {
        std::future::pending::<()>().await;
    }
    let mut parts = reply.parts;
    while let Some(Part::Pause(time)) = parts.first() {
        tokio::time::sleep(*time).await;
        parts.remove(0);
    }
    let mut response =
        Response::builder().status(StatusCode::from_u16(reply.status).expect("a status"));
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    let whole = match &parts[..] {
        [Part::Bytes(bytes)] => Some(Body::from(bytes.clone())),
        _ => None,
    };
    let body = whole.unwrap_or_else(|| {
        let parts = futures::stream::iter(parts).then(|part| async move {
            match part {
                Part::Bytes(bytes) => Ok(Bytes::from(bytes)),
                Part::Pause(time) => {
                    tokio::time::sleep(time).await;
                    Ok(Bytes::new())
                }
                Part::Silence => std::future::pending::<Result<Bytes, std::io::Error>>().await,
                Part::Cut => Err(std::io::Error::other("the test cuts the connection")),
            }
        });
        Body::from_stream(parts)
    });
    response.body(body).expect("the test's headers are fine")
}
