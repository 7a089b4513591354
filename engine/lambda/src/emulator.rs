//! Lambda on one's own machine: the Runtime API as AWS publishes it (version 2018-06-01), and a
//! process that uses it.
//!
//! With it tests run the real binary, not a function within it. It is not part of what is deployed.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use std::time::Duration;
//! use dialgraph_lambda::emulator::{Function, EmulatorOutcome};
//!
//! let variables = [("DIALGRAPH_URL", "http://127.0.0.1:8080")];
//! let function = Function::start("target/debug/dialgraph-lambda".as_ref(), variables).await?;
//! match function.invoke("{}", Duration::from_secs(8)).await {
//!     EmulatorOutcome::Response(answer) => println!("{answer}"),
//!     other => println!("Connect would take its error branch: {other:?}"),
//! }
//! # Ok(())
//! # }
//! ```

use std::collections::HashMap;
use std::convert::Infallible;
use std::ffi::OsStr;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::engine::unix_now;

const BASE: &str = "/2018-06-01/runtime/";

/// What an invocation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmulatorOutcome {
    /// What the function answered, in JSON.
    Response(String),
    /// The error that the function reported, in JSON.
    Error(String),
    /// There was no answer within the limit.
    TimedOut,
}

/// A function in a process of its own, which is killed when this is dropped.
#[derive(Debug)]
pub struct Function {
    api: RuntimeApi,
    child: Child,
    log: Log,
}

impl Function {
    /// Starts `binary` with `variables` and what Lambda itself sets, and nothing else in its
    /// environment.
    ///
    /// # Errors
    /// If there is no such binary, or no free port.
    pub async fn start<K, V>(
        binary: &Path,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> io::Result<Self>
    where
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        let api = RuntimeApi::start().await?;
        let mut child = Command::new(binary)
            .env_clear()
            .envs(variables)
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "dialgraph-bridge")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let log = Log::default();
        if let Some(stdout) = child.stdout.take() {
            log.follow(stdout);
        }
        if let Some(stderr) = child.stderr.take() {
            log.follow(stderr);
        }
        Ok(Self { api, child, log })
    }

    /// Gives `event` to the function and waits for its answer, `limit` at most. One invocation at a
    /// time is given to a process, as in Lambda; others wait.
    pub async fn invoke(&self, event: &str, limit: Duration) -> EmulatorOutcome {
        self.invoke_as_if(event, limit, limit).await
    }

    /// As [`Function::invoke`], but the function is told that it is ended after `told`.
    pub async fn invoke_as_if(
        &self,
        event: &str,
        told: Duration,
        limit: Duration,
    ) -> EmulatorOutcome {
        self.api.invoke(event, told, limit).await
    }

    /// What it has written so far, by lines.
    pub fn log(&self) -> Vec<String> {
        self.log.lines()
    }

    /// Waits for a line that `wanted` likes; the function's output comes a little later than its
    /// answer.
    pub async fn logged(&self, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            if let Some(line) = self.log().into_iter().find(|line| wanted(line)) {
                return line;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The id of its process, until it has ended.
    pub fn process(&self) -> Option<u32> {
        self.child.id()
    }
}

#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn follow(&self, output: impl AsyncRead + Send + Unpin + 'static) {
        let lines = Arc::clone(&self.0);
        tokio::spawn(async move {
            let mut output = BufReader::new(output).lines();
            while let Ok(Some(line)) = output.next_line().await {
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Invocation {
    event: String,
    deadline_ms: u128,
    done: oneshot::Sender<EmulatorOutcome>,
}

/// The server that a function asks for its next invocation.
#[derive(Debug)]
struct RuntimeApi {
    address: SocketAddr,
    invocations: mpsc::Sender<Invocation>,
    one_at_a_time: tokio::sync::Mutex<()>,
    server: JoinHandle<()>,
}

impl RuntimeApi {
    async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (invocations, waiting) = mpsc::channel(1);
        let state = Arc::new(State {
            waiting: tokio::sync::Mutex::new(waiting),
            running: Mutex::new(Running::default()),
        });
        let server = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let state = Arc::clone(&state);
                let service = service_fn(move |request| {
                    let state = Arc::clone(&state);
                    async move { Ok::<_, Infallible>(state.respond(request).await) }
                });
                let serve = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(connection), service);
                tokio::spawn(serve);
            }
        });
        Ok(Self { address, invocations, one_at_a_time: tokio::sync::Mutex::new(()), server })
    }

    async fn invoke(&self, event: &str, told: Duration, limit: Duration) -> EmulatorOutcome {
        let _turn = self.one_at_a_time.lock().await;
        let (done, outcome) = oneshot::channel();
        let deadline_ms = (unix_now() + told).as_millis();
        let invocation = Invocation { event: event.to_owned(), deadline_ms, done };
        let run = async {
            self.invocations.send(invocation).await.ok()?;
            outcome.await.ok()
        };
        tokio::time::timeout(limit, run).await.ok().flatten().unwrap_or(EmulatorOutcome::TimedOut)
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct State {
    waiting: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    last: u64,
    by_id: HashMap<String, oneshot::Sender<EmulatorOutcome>>,
}

impl State {
    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let Ok(body) = body.collect().await else { return status(StatusCode::BAD_REQUEST) };
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        let path = parts.uri.path().strip_prefix(BASE).unwrap_or_default();
        let path: Vec<&str> = path.split('/').collect();
        match (parts.method, path.as_slice()) {
            (Method::GET, ["invocation", "next"]) => self.next().await,
            (Method::POST, ["invocation", id, "response"]) => {
                self.done(id, EmulatorOutcome::Response(body))
            }
            (Method::POST, ["invocation", id, "error"]) => {
                self.done(id, EmulatorOutcome::Error(body))
            }
            (Method::POST, ["init", "error"]) => status(StatusCode::ACCEPTED),
            _ => status(StatusCode::NOT_FOUND),
        }
    }

    /// Waits as long as there is nothing to do: to the function this looks like being frozen.
    async fn next(&self) -> Response<Full<Bytes>> {
        let Some(invocation) = self.waiting.lock().await.recv().await else {
            return status(StatusCode::GONE);
        };
        let id = {
            let mut running = self.running();
            running.last += 1;
            let id = format!("00000000-0000-4000-8000-{:012x}", running.last);
            running.by_id.insert(id.clone(), invocation.done);
            id
        };
        Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", &id)
            .header("lambda-runtime-deadline-ms", invocation.deadline_ms.to_string())
            .header(
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:ap-northeast-2:111122223333:function:dialgraph-bridge",
            )
            .header("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000;Sampled=0")
            .body(Full::new(Bytes::from(invocation.event)))
            .unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR))
    }

    fn done(&self, id: &str, outcome: EmulatorOutcome) -> Response<Full<Bytes>> {
        match self.running().by_id.remove(id) {
            Some(done) => {
                // Whoever invoked it may have given up.
                let _ = done.send(outcome);
                status(StatusCode::ACCEPTED)
            }
            None => status(StatusCode::BAD_REQUEST),
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"{}")));
    *response.status_mut() = status;
    response
}
