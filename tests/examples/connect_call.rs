//! A call through Amazon Connect's side on one machine: a stand-in for Connect executes a bridge
//! flow, invokes the Lambda function where `cargo lambda watch` offers it, and shows what the
//! caller hears. Each line of standard input is what the caller says; digits, `*` and `#` are keys,
//! an empty line is silence.
//!
//! ```sh
//! cargo run -p dialgraph-tests --example connect_call -- bridge.json http://127.0.0.1:9000/dialgraph-lambda
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a rehearsal prints, and stops at the first thing that is not as it must be"
)]

#[path = "../tests/connect/mod.rs"]
mod connect;

use std::io::BufRead as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dialgraph_base::{CallId, Channel, Timestamp};
use dialgraph_simulator::line::Desk;
use dialgraph_simulator::session::{Action, CallSetup, Session, SessionError};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use connect::double::{Double, Stand};
use connect::fixture::fixture;
use connect::lambda::Lambda;

/// What an invocation may take. Connect itself waits for 8 s, but no `cargo run` stands between it
/// and a function that has to start again.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the first invocation may take: `cargo lambda watch` builds the function for it.
const BUILD: Duration = Duration::from_secs(480);

/// The function as Lambda's Invoke API offers it.
struct Offered {
    runtime: Runtime,
    /// It has answered, so it is built.
    built: bool,
    /// `HOST:PORT`.
    address: String,
    function: String,
}

impl Offered {
    /// Waits for a time only: under `cargo lambda watch` a function that cannot start never
    /// answers.
    fn ask_within(&mut self, event: &Value) -> Result<Value, Box<dyn std::error::Error>> {
        let patience = if self.built { PATIENCE } else { BUILD };
        let answer = self.runtime.block_on(async {
            tokio::time::timeout(patience, self.ask(event)).await.unwrap_or_else(|_| {
                Err(format!("nothing within {patience:?}; `cargo lambda watch` says why").into())
            })
        })?;
        self.built = true;
        Ok(answer)
    }

    async fn ask(&self, event: &Value) -> Result<Value, Box<dyn std::error::Error>> {
        let stream = TcpStream::connect(&self.address).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let path = format!("/2015-03-31/functions/{}/invocations", self.function);
        let request = hyper::Request::post(path)
            .header("host", &self.address)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(event.to_string())))?;
        let response = sender.send_request(request).await?;
        let body = response.into_body().collect().await?.to_bytes();
        Ok(serde_json::from_slice(&body)?)
    }
}

impl Lambda for Offered {
    fn invoke(&mut self, _: &mut Desk, event: &Value) -> Result<Option<Value>, SessionError> {
        Ok(self
            .ask_within(event)
            .inspect_err(|error| eprintln!("the Lambda function does not answer: {error}"))
            .ok())
    }

    fn hook(&mut self, event: &Value) -> Value {
        self.ask_within(event).expect("the function answers Lex")
    }
}

#[expect(clippy::disallowed_methods, reason = "the call is held now")]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(flow), Some(url)) = (arguments.next(), arguments.next()) else {
        eprintln!(
            "usage: connect_call BRIDGE_FLOW.json http://HOST:PORT[/FUNCTION] [CALLER'S NUMBER]"
        );
        std::process::exit(2);
    };
    let from = arguments.next().unwrap_or_else(|| "+821000000101".to_owned());
    let flow = std::fs::read_to_string(&flow).unwrap_or_else(|error| panic!("{flow}: {error}"));
    let flow: Value = serde_json::from_str(&flow).expect("the bridge flow is JSON");
    let place = url.trim_start_matches("http://").trim_end_matches('/');
    let (address, function) = place.split_once('/').unwrap_or((place, "dialgraph-lambda"));
    let (address, function) = (address.to_owned(), function.to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let setup = CallSetup {
        id: CallId(format!("rehearsal-{}", now()).into()),
        at: Timestamp(now()),
        channel: Channel::default(),
        locale: None,
        from: Some(from),
        to: None,
        flow: None,
        seed: 0,
        attributes: Default::default(),
        mocks: Vec::new(),
    };
    println!("contact {}", setup.id);
    let (double, report) =
        Double::new(&flow, &setup, Box::new(Offered { runtime, built: false, address, function }));
    let mut session = Session::new(fixture(), setup).on(Box::new(double));
    let mut shown = 0;
    let mut show = || {
        let report = report.lock().unwrap();
        for words in &report.heard[shown..] {
            println!("< {words}");
        }
        shown = report.heard.len();
        match &report.stand {
            Stand::Asked(_) => true,
            end => {
                println!("= {end:?}");
                false
            }
        }
    };
    session.start().expect("the call begins");
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        if !show() {
            return;
        }
        println!("> {line}");
        let keys = line.chars().all(|c| c.is_ascii_digit() || c == '*' || c == '#');
        let action = match line.as_str() {
            "" => Action::Silent,
            _ if keys => Action::Presses(line),
            _ => Action::Says { text: line, confidence: None },
        };
        session.act(&action).expect("Connect takes it");
    }
    if show() {
        session.act(&Action::HangsUp).expect("callers can always hang up");
        show();
    }
}
