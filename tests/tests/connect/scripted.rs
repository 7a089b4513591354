//! The Lambda function's binary in front of an engine with the script's clock and mocks.
//!
//! The function sends its signed request over a socket; the session's own engine answers it here,
//! so that every script can take this way at its own time of day.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use dialgraph_connect::signature::{Request, SigningKey, Verifier};
use dialgraph_simulator::line::Desk;
use dialgraph_simulator::session::SessionError;
use serde_json::Value;

use super::lambda::{InProcess, Lambda};
use super::live::{KEY, Process};

/// Longest that a request is read, so that a mistake ends the test.
const PATIENCE: Duration = Duration::from_secs(20);

/// The function as a process, and the end of the line that it speaks to.
pub struct Scripted {
    process: Process,
    listener: TcpListener,
    verifier: Verifier,
    /// The answer to each so many-th request is lost on the way; 0: none is.
    pub lose_every: u32,
    requests: u32,
    /// Answers that were lost.
    pub lost: u32,
}

impl Scripted {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
        listener.set_nonblocking(true).expect("a socket can be asked without waiting");
        let process = Process::start(listener.local_addr().expect("it has an address"));
        let key = SigningKey::parse(&format!("tests:{KEY}")).expect("a key");
        let verifier = Verifier::new([key]).expect("one key is enough");
        Self { process, listener, verifier, lose_every: 0, requests: 0, lost: 0 }
    }

    /// Answers a request with the session's engine.
    fn serve(
        &mut self,
        desk: &mut Desk,
        mut stream: TcpStream,
        event: &Value,
    ) -> Result<(), SessionError> {
        let failed = |error: std::io::Error| SessionError::Line(error.to_string());
        stream.set_nonblocking(false).map_err(failed)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        let (head, body) = loop {
            let read = stream.read(&mut buffer).map_err(failed)?;
            if read == 0 {
                // A connection that was opened ahead and not needed.
                return Ok(());
            }
            bytes.extend_from_slice(&buffer[..read]);
            let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
                continue;
            };
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length: usize =
                header(&head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                break (head, bytes[end + 4..end + 4 + length].to_vec());
            }
        };
        let first = head.lines().next().unwrap_or_default();
        if first == "GET /healthz HTTP/1.1" {
            // The function opens its connection before the first caller comes.
            let reply = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
            return stream.write_all(reply).map_err(failed);
        }
        assert_eq!(first, "POST /v1/connect/turn HTTP/1.1");
        let request = Request { method: "POST", path: "/v1/connect/turn", body: &body };
        let verified = self.verifier.verify(|name| header(&head, name), &request, now());
        assert!(verified.is_ok(), "the request is not signed as it must be: {verified:?}");
        let sent: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(sent, *event, "the event is forwarded unchanged");
        let answer = InProcess::once(desk, &sent)?.to_string();
        self.requests += 1;
        if self.lose_every > 0 && self.requests.is_multiple_of(self.lose_every) {
            self.lost += 1;
            return Ok(());
        }
        let reply = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        stream.write_all(reply.as_bytes()).map_err(failed)
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

#[expect(clippy::disallowed_methods, reason = "the function signs with the time of this machine")]
fn now() -> u64 {
    let since =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    since.as_secs()
}

impl Lambda for Scripted {
    fn invoke(&mut self, desk: &mut Desk, event: &Value) -> Result<Option<Value>, SessionError> {
        let asked = self.process.begin(event);
        while !asked.is_finished() {
            match self.listener.accept() {
                Ok((stream, _)) => self.serve(desk, stream, event)?,
                Err(_) => std::thread::sleep(Duration::from_micros(200)),
            }
        }
        Ok(self.process.end(asked))
    }

    fn hook(&mut self, event: &Value) -> Value {
        self.process.hook(event)
    }
}

/// Shared by contacts, one after the other.
impl Lambda for std::sync::Arc<std::sync::Mutex<Scripted>> {
    fn invoke(&mut self, desk: &mut Desk, event: &Value) -> Result<Option<Value>, SessionError> {
        self.lock().expect("no test panicked with it").invoke(desk, event)
    }

    fn hook(&mut self, event: &Value) -> Value {
        self.lock().expect("no test panicked with it").hook(event)
    }
}
