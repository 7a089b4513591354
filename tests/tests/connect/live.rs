//! The real engine and the real Lambda function, each a process of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dialgraph_lambda::emulator::{EmulatorOutcome, Function};
use dialgraph_simulator::line::Desk;
use dialgraph_simulator::session::SessionError;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::fixture::folder;
use super::lambda::{BUDGET_MS, Lambda};

/// Longest that a process is waited for. Nothing is concluded from how long it took.
const PATIENCE: Duration = Duration::from_secs(600);

/// Longest that Connect waits for a Lambda function.
const LIMIT: Duration = Duration::from_secs(8);

/// A key of 32 bytes that signs nothing but tests.
pub const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// A binary of this workspace, beside the one that runs.
pub fn binary(package: &str) -> PathBuf {
    let exe = std::env::current_exe().expect("this test is a file");
    let target = exe.ancestors().nth(2).expect("tests lie in a folder of the target folder");
    let path = target.join(format!("{package}{}", std::env::consts::EXE_SUFFIX));
    if !path.exists() {
        build();
    }
    assert!(path.exists(), "there is no {}", path.display());
    path
}

/// Builds them as they are shipped, for whoever tests this package alone.
pub fn build() {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--bins", "-p", "dialgraph", "--features", "dialgraph/full"])
        .args(["-p", "dialgraph-lambda", "-p", "dialgraph-serverless"])
        .current_dir(folder())
        .status();
    assert!(built.is_ok_and(|status| status.success()), "the binaries cannot be built");
}

/// `dialgraph serve` with a project and a store of its own; killed when dropped.
pub struct Server {
    /// None only until it is started for the first time.
    child: Option<Child>,
    pub address: SocketAddr,
    project: PathBuf,
    environment: Vec<(String, String)>,
    store: tempfile::TempDir,
}

impl Server {
    /// With the shipped project.
    pub fn start() -> Self {
        Self::of(&folder().join("../flows/support-desk"))
    }

    /// With the shipped project, and this environment beside the usual.
    pub fn start_with(environment: &[(&str, String)]) -> Self {
        Self::with(&folder().join("../flows/support-desk"), environment)
    }

    /// With another project.
    pub fn of(project: &Path) -> Self {
        Self::with(project, &[])
    }

    fn with(project: &Path, environment: &[(&str, String)]) -> Self {
        let project = project.canonicalize().expect("flows");
        let store = tempfile::tempdir().expect("a folder");
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let mut server =
            Self { child: None, address: ([127, 0, 0, 1], 0).into(), project, environment, store };
        server.restart();
        server
    }

    /// Starts it again where it was, after it was killed.
    pub fn restart(&mut self) {
        let (child, address) = self.launch();
        (self.child, self.address) = (Some(child), address);
    }

    /// What the calls API tells of a call.
    pub fn call(&self, id: &str) -> Value {
        let mut stream = TcpStream::connect(self.address).expect("the engine listens");
        let request =
            format!("GET /v1/calls/{id} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("it answers");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.1 200"), "{text}");
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }

    /// Starts a process of it, and waits until it takes calls.
    fn launch(&self) -> (Child, SocketAddr) {
        let folder = self.store.path();
        let mut child = Command::new(binary("dialgraph"))
            .arg("serve")
            .current_dir(folder)
            .env("DIALGRAPH_PROJECT__FOLDER", &self.project)
            .env("DIALGRAPH_STORE__FOLDER", folder.join("store"))
            .env("DIALGRAPH_SERVER__LISTEN", self.address.to_string())
            .env("DIALGRAPH_CONNECT__SIGNATURE", "required")
            .env("DIALGRAPH_CONNECT__KEYS", format!("tests:{KEY}"))
            .env_remove("DIALGRAPH_PROJECT")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the engine starts");
        let log = Arc::<Mutex<String>>::default();
        let lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let shared = log.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = shared.lock().unwrap_or_else(PoisonError::into_inner);
                log.push_str(&line);
                log.push('\n');
            }
        });
        let read = || log.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let until = Instant::now() + PATIENCE;
        let address = loop {
            let found = read().lines().find_map(|line| {
                let (_, address) = line.split_once("takes calls at ")?;
                let address = address.split_whitespace().next()?.trim_matches(['"', ',', '}']);
                address.rsplit('/').next()?.parse::<SocketAddr>().ok()
            });
            if let Some(address) = found {
                break address;
            }
            let ended = child.try_wait().ok().flatten().is_some();
            if ended || Instant::now() > until {
                let _ = child.kill();
                panic!("the engine did not start:\n{}", read());
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        (child, address)
    }

    /// As a power cut would.
    pub fn kill(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The Lambda function as a process; several contacts may share it.
#[derive(Clone)]
pub struct Process {
    runtime: Arc<Runtime>,
    function: Arc<Function>,
}

impl Process {
    /// Starts it for the engine at `address`.
    pub fn start(address: SocketAddr) -> Self {
        Self::within(address, BUDGET_MS)
    }

    /// Starts it with so many milliseconds for an invocation.
    pub fn within(address: SocketAddr, budget_ms: u64) -> Self {
        Self::of(
            "dialgraph-lambda",
            [
                ("DIALGRAPH_URL", format!("http://{address}")),
                ("DIALGRAPH_KEY_ID", "tests".to_owned()),
                ("DIALGRAPH_KEY", KEY.to_owned()),
                ("DIALGRAPH_BUDGET_MS", budget_ms.to_string()),
                ("DIALGRAPH_FALLBACK_QUEUE", "general".to_owned()),
            ],
        )
    }

    /// Starts the function of this package.
    pub fn of<const N: usize>(package: &str, variables: [(&str, String); N]) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("this machine has threads");
        let path = binary(package);
        let function =
            runtime.block_on(Function::start(&path, variables)).expect("the function starts");
        Self { runtime: Arc::new(runtime), function: Arc::new(function) }
    }

    /// Begins an invocation.
    pub fn begin(&self, event: &Value) -> JoinHandle<EmulatorOutcome> {
        let (function, event) = (self.function.clone(), event.to_string());
        self.runtime.spawn(async move { function.invoke(&event, LIMIT).await })
    }

    /// What came of it; none when the function failed.
    pub fn end(&self, asked: JoinHandle<EmulatorOutcome>) -> Option<Value> {
        match self.runtime.block_on(asked).expect("an invocation does not panic") {
            EmulatorOutcome::Response(answer) => Some(
                serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}")),
            ),
            EmulatorOutcome::Error(_) | EmulatorOutcome::TimedOut => None,
        }
    }

    pub fn ask(&self, event: &Value) -> Option<Value> {
        self.end(self.begin(event))
    }
}

impl Lambda for Process {
    fn invoke(&mut self, _: &mut Desk, event: &Value) -> Result<Option<Value>, SessionError> {
        Ok(self.ask(event))
    }

    fn hook(&mut self, event: &Value) -> Value {
        self.ask(event).expect("the function answers Lex")
    }
}
