//! Several real `dialgraph serve` processes over one table, and callers who try another one when
//! one is gone.

#![allow(dead_code, unreachable_pub, reason = "each test uses some of it")]
#![allow(clippy::expect_used, clippy::panic, reason = "a helper of a test fails with it")]

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use dialgraph_stand_ins::environment;
use serde_json::{Value, json};

use crate::connect::live::{Server, binary, build};

/// Longest that anything is waited for. Nothing is concluded from how long it took.
pub const PATIENCE: Duration = Duration::from_secs(600);

pub const TABLE: &str = "calls";

/// A key of 32 bytes that seals nothing but tests.
pub const SEAL: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

/// `dialgraph store create-table`, with Amazon at `url`.
pub fn create_table(url: &str) -> Output {
    let run = || {
        Command::new(binary("dialgraph"))
            .args(["store", "create-table", "--table", TABLE])
            .envs(environment(url))
            .output()
            .expect("the command can be run")
    };
    let made = run();
    if !String::from_utf8_lossy(&made.stderr).contains("not in this build") {
        return made;
    }
    // Somebody has built the command alone, without what a release has.
    build();
    run()
}

/// A server whose table is at `url`; it shares nothing else with the others.
pub fn serve(url: &str, more: &[(&str, &str)]) -> Server {
    let mut variables = environment(url);
    for (name, value) in [
        ("DIALGRAPH_STORE__BACKEND", "dynamodb"),
        ("DIALGRAPH_STORE__TABLE", TABLE),
        ("DIALGRAPH_STORE_KEY", SEAL),
        // A stand-in on a busy machine is slower than the service.
        ("DIALGRAPH_STORE__ATTEMPT_TIMEOUT", "5s"),
        ("DIALGRAPH_STORE__OPERATION_TIMEOUT", "15s"),
        ("DIALGRAPH_TURNS__ANSWER_WITHIN", "6s"),
        ("DIALGRAPH_DEPLOY__INTERVAL", "300ms"),
    ]
    .iter()
    .chain(more)
    {
        variables.retain(|(known, _)| known != name);
        variables.push((name, (*value).to_owned()));
    }
    Server::start_with(&variables)
}

/// One request; what came back.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> io::Result<(u16, Value)> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let cut = || io::Error::new(io::ErrorKind::UnexpectedEof, "the answer is cut");
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut)?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(cut)?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
    });
    if length.is_some_and(|length| length != body.len()) {
        return Err(cut());
    }
    Ok((status, serde_json::from_str(body).unwrap_or(Value::Null)))
}

/// Brings `body` to one of the servers, the `first` first; asks again, here and there, until it is
/// answered.
pub fn deliver(servers: &[SocketAddr], first: usize, path: &str, body: &Value) -> Value {
    let until = Instant::now() + PATIENCE;
    for n in first.. {
        let problem = match request(servers[n % servers.len()], "POST", path, Some(body)) {
            Ok((200 | 201, answer)) => return answer,
            // Somebody is gone, busy, or has no answer in time: the same event may be brought
            // again.
            Ok((status @ (429 | 500..), problem)) => format!("{status} {problem}"),
            Ok((status, problem)) => panic!("{path} {body}: {status} {problem}"),
            Err(error) => error.to_string(),
        };
        assert!(Instant::now() < until, "{path} {body} is not answered: {problem}");
        std::thread::sleep(Duration::from_millis(50));
    }
    unreachable!("it is tried for ever")
}

pub fn begin(servers: &[SocketAddr], first: usize, id: &str) -> Value {
    let start = json!({"id": id, "channel": "voice", "from": "+821000000101"});
    deliver(servers, first, "/v1/calls", &start)
}

/// An event that answers turn `turn`.
pub fn event(turn: u64, event: &Value) -> Value {
    let mut event = event.clone();
    event["turn"] = json!(turn);
    event
}

pub fn turns(id: &str) -> String {
    format!("/v1/calls/{id}/turns")
}

/// The call as the server at `address` shows it.
pub fn shown(address: SocketAddr, id: &str) -> Value {
    let until = Instant::now() + PATIENCE;
    loop {
        match request(address, "GET", &format!("/v1/calls/{id}"), None) {
            Ok((200, call)) => return call,
            other => assert!(Instant::now() < until, "{id} is not shown: {other:?}"),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// All that an answer has the caller hear.
pub fn heard(answer: &Value) -> String {
    let say = answer["say"].as_array().into_iter().flatten();
    say.filter_map(|speech| speech["text"].as_str()).collect::<Vec<_>>().join(" ")
}
