//! Servers that stand in for Amazon's services in tests, over HTTP on this machine, and a
//! PostgreSQL that is the real one ([`postgres`]).
//!
//! Nothing here imitates a service where somebody else does it well: moto and ministack are two
//! projects of others, and the tests hold against both. For what no stand-in does there is
//! [`scripted`], and for Amazon Polly [`polly`]. What the two never do, being too well behaved, is
//! done by [`Between`], which stands between a client and one of them: it throttles, refuses, is
//! silent, and loses answers. This crate puts the two into a Python environment of its own in the
//! target folder, once, in the versions that `requirements.txt` names; starts one where a test asks
//! for it; and ends it when the test is over, however it ends.
//!
//! ```no_run
//! let moto = dialgraph_stand_ins::StandIn::moto();
//! println!("{}", moto.url()); // http://127.0.0.1:49152
//! // A process that is to find it needs nothing but its environment:
//! let _ = std::process::Command::new("dialgraph").envs(moto.environment());
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod between;
mod install;
pub mod polly;
pub mod postgres;
pub mod scripted;
pub mod shapes;

pub use between::{Asked, Between, Exchange, Fate};

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// The region that clients of a stand-in are to name.
pub const REGION: &str = "ap-northeast-2";

/// Credentials that open nothing; a stand-in takes any.
pub const ACCESS_KEY: &str = "stand-in";

/// Which stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Moto,
    Ministack,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Moto => "moto",
            Self::Ministack => "ministack",
        }
    }
}

/// A running stand-in, empty when it starts. It ends when this is dropped, or when this process
/// ends.
#[derive(Debug)]
pub struct StandIn {
    kind: Kind,
    child: Child,
    address: SocketAddr,
}

impl StandIn {
    /// # Panics
    /// If it cannot be had on this machine, with what is missing.
    pub fn moto() -> Self {
        Self::start(Kind::Moto)
    }

    /// # Panics
    /// If it cannot be had on this machine, with what is missing.
    pub fn ministack() -> Self {
        Self::start(Kind::Ministack)
    }

    /// # Panics
    /// If it cannot be had on this machine, with what is missing.
    pub fn start(kind: Kind) -> Self {
        let python = install::python().unwrap_or_else(|why| panic!("{why}"));
        Self::run(&python, kind)
            .unwrap_or_else(|why| panic!("the stand-in {} does not start: {why}", kind.name()))
    }

    fn run(python: &Path, kind: Kind) -> Result<Self, String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("run.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg(kind.name())
            // What belongs to the user of this machine must neither be used nor be found.
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_ENDPOINT_URL")
            .env("AWS_DEFAULT_REGION", REGION)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", python.display()))?;
        // Somebody has to read what it logs, or it would wait for ever when the pipe is full.
        let log = Arc::<Mutex<Vec<u8>>>::default();
        let (mut stderr, shared) = (child.stderr.take().expect("it is piped"), log.clone());
        let reader = std::thread::spawn(move || {
            let mut block = [0; 4096];
            while let Ok(length @ 1..) = stderr.read(&mut block) {
                let mut log = shared.lock().unwrap_or_else(PoisonError::into_inner);
                // The beginning tells why it did not start; nobody reads the rest.
                if log.len() < 65_536 {
                    log.extend_from_slice(&block[..length]);
                }
            }
        });
        let mut first = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let read = stdout.read_line(&mut first);
        let port = first.trim().strip_prefix("listening on ").and_then(|port| port.parse().ok());
        match (read, port) {
            (Ok(_), Some(port)) => {
                // Likewise of what it prints.
                std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
                Ok(Self { kind, child, address: SocketAddr::from(([127, 0, 0, 1], port)) })
            }
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                let _ = reader.join();
                let log = log.lock().unwrap_or_else(PoisonError::into_inner);
                Err(String::from_utf8_lossy(&log).into_owned())
            }
        }
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The endpoint of every service of it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What a process needs to use it in place of Amazon, all services alike.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        environment(&self.url())
    }
}

/// What a process needs to use the server at `url` in place of Amazon.
pub fn environment(url: &str) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ENDPOINT_URL", url.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", ACCESS_KEY.to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        // Files of the user of this machine are not read.
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
    ]
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpStream;

    use super::*;

    fn answer(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        let request = "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
            x-amz-target: DynamoDB_20120810.ListTables\r\ncontent-type: application/x-amz-json-1.0\r\n\
            authorization: AWS4-HMAC-SHA256 Credential=stand-in/20270302/ap-northeast-2/dynamodb/aws4_request\r\n\
            content-length: 2\r\n\r\n{}";
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn each_stand_in_answers_until_it_is_dropped() {
        for kind in [Kind::Moto, Kind::Ministack] {
            let stand_in = StandIn::start(kind);
            let address = stand_in.address();
            let text = answer(address);
            assert!(text.contains("TableNames"), "{}: {text}", kind.name());
            drop(stand_in);
            assert!(TcpStream::connect(address).is_err(), "{} goes on", kind.name());
        }
    }
}
