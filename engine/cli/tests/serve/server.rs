//! The engine as a process, and a client for it.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Longest that anything here is waited for. Nothing is concluded from how long it took.
const PATIENCE: Duration = Duration::from_secs(600);

/// A folder with a project, a store and a configuration.
#[derive(Debug)]
pub(crate) struct Site {
    folder: Arc<tempfile::TempDir>,
    project: PathBuf,
    settings: Vec<(String, OsString)>,
    /// Begins the engine's process, in place of this one.
    through: Vec<String>,
}

impl Site {
    /// The shipped flows.
    pub(crate) fn shipped() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../flows/support-desk");
        Self {
            folder,
            project: project.canonicalize().unwrap(),
            settings: Vec::new(),
            through: Vec::new(),
        }
    }

    /// A copy of the shipped flows, whose files can be changed.
    pub(crate) fn copied() -> Self {
        Self::copy_of(&Self::shipped().project)
    }

    /// A copy of a project, whose files can be changed.
    pub(crate) fn copy_of(project: &Path) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let copy = folder.path().join("project");
        copy_folder(project, &copy);
        Self { folder, project: copy, settings: Vec::new(), through: Vec::new() }
    }

    /// A flow that asks for a request and opens a ticket at the desk at `url`, waiting for it up to
    /// `timeout`.
    pub(crate) fn desk(url: &str, timeout: &str) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let project = folder.path().join("project");
        let write = |name: &str, text: &str| {
            let path = project.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "data/queues.yaml",
            "general:\n  title: {en-US: General}\n  priority: 1\n  sla: 15m\n",
        );
        write(
            "dialgraph.yaml",
            &format!(
                "entry: desk\nfinally: wrapup\nlocales: [en-US]\nfallback: {{queue: general}}\ncollections:\n  call_logs: {{}}\nplugins:\n  ticketing-zendesk: {{grants: [http, secrets], http: [\"{url}\"], secrets: [zendesk-token]}}\n  call-log: {{grants: [clock, records-write], collections: {{write: [call_logs]}}}}\n"
            ),
        );
        write(
            "wrapup.flow.yaml",
            "flow: wrapup\nsummary: Writes the call log.\nlocales: [en-US]\nattributes:\n  ticket_id: {type: string, default: \"\"}\nstart: log\nnodes:\n  log:\n    use: call-log\n    config: {collection: call_logs}\n    with: {path: call.path, resolution: call.disposition, ticket_id: ticket_id}\n    on: {logged: done, error: done}\n  done:\n    end: {disposition: logged}\n",
        );
        write(
            "desk.flow.yaml",
            &format!(
                "flow: desk\nsummary: Opens a ticket.\nlocales: [en-US]\nattributes:\n  request: {{type: string, default: \"\"}}\n  ticket_id: {{type: string, default: \"\"}}\nstart: ask\nnodes:\n  ask:\n    ask:\n      prompt: {{en-US: What happened?}}\n      speech: true\n    save: {{request: 'default(output.text, \"\")'}}\n    on: {{said: ticket, no_input: people, no_match: people}}\n  ticket:\n    use: ticketing-zendesk\n    timeout: {timeout}\n    config: {{base_url: \"{url}\", email: bot@example.com, timeout_ms: 60000}}\n    with: {{request: request}}\n    save: {{ticket_id: 'default(output.ticket_id, \"\")'}}\n    on: {{created: told, error: people}}\n  told:\n    say: {{en-US: \"Your ticket is ${{ticket_id}}.\"}}\n    next: done\n  done:\n    end: {{disposition: ticket-opened}}\n  people:\n    queue: {{to: general}}\n    on: {{error: sorry}}\n  sorry:\n    end: {{disposition: nobody}}\n"
            ),
        );
        write(
            "pin.flow.yaml",
            "flow: pin\nsummary: Asks for what nobody else may know.\nlocales: [en-US]\nattributes:\n  pin: {type: string, default: \"\", sensitive: true}\n  word: {type: string, default: \"\"}\nstart: pin\nnodes:\n  pin:\n    ask:\n      prompt: {en-US: Your PIN?}\n      digits: {min: 4, max: 4}\n      sensitive: true\n    save: {pin: 'default(output.digits, \"\")'}\n    on: {digits: word, no_input: done, no_match: done}\n  word:\n    ask:\n      prompt: {en-US: Your word?}\n      speech: true\n    save: {word: 'default(output.text, \"\")'}\n    on: {said: done, no_input: done, no_match: done}\n  done:\n    end: {disposition: done}\n",
        );
        Self { folder, project, settings: Vec::new(), through: Vec::new() }
            .set("DIALGRAPH_SECRET_ZENDESK_TOKEN", "s3cret")
    }

    /// Adds lines to the project file.
    pub(crate) fn add_to_project(&self, lines: &str) {
        let file = self.project.join("dialgraph.yaml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text + lines).unwrap();
    }

    /// Sets a variable.
    pub(crate) fn set(self, name: &str, value: &str) -> Self {
        self.set_bytes(name, value.as_ref())
    }

    /// Sets a variable to what need not be text.
    pub(crate) fn set_bytes(mut self, name: &str, value: &OsStr) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Has a program begin the engine.
    pub(crate) fn through(mut self, program: &[&str]) -> Self {
        self.through = program.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// Writes a file of the project.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.project.join(name), text).unwrap();
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn project(&self) -> &Path {
        &self.project
    }

    /// Runs a command on the site's store.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let mut command = self.command();
        let output = command.args(args).output().unwrap();
        let text = |bytes: Vec<u8>| {
            let folder = self.folder.path().display().to_string();
            String::from_utf8(bytes).unwrap().replace(&folder, "[site]")
        };
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn command(&self) -> Command {
        let mut words =
            self.through.iter().map(String::as_str).chain([env!("CARGO_BIN_EXE_dialgraph")]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command
            .args(words)
            .current_dir(self.folder.path())
            .env("DIALGRAPH_PROJECT__FOLDER", &self.project)
            .env("DIALGRAPH_STORE__FOLDER", self.folder.path().join("store"))
            .env("DIALGRAPH_SERVER__LISTEN", "127.0.0.1:0")
            .env("DIALGRAPH_LOG__FORMAT", "json")
            .env("USER", "ann")
            .env_remove("DIALGRAPH_SERVER")
            .env_remove("DIALGRAPH_TOKEN")
            .env_remove("DIALGRAPH_PROJECT");
        for (name, value) in &self.settings {
            command.env(name, value);
        }
        command
    }

    /// Starts an engine process on the site's store, and waits until it takes calls.
    pub(crate) fn start(&self) -> Server {
        self.try_start().unwrap_or_else(|log| panic!("the server did not start:\n{log}"))
    }

    /// As [`start`](Self::start), with what it said if it did not.
    pub(crate) fn try_start(&self) -> Result<Server, String> {
        let mut command = self.command();
        command.arg("serve").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Arc::<Mutex<String>>::default();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let shared = log.clone();
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = shared.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let until = Instant::now() + PATIENCE;
        loop {
            let address = log.lock().unwrap().lines().find_map(|line| {
                let (_, address) = line.split_once("takes calls at ")?;
                address.rsplit('/').next()?.parse::<SocketAddr>().ok()
            });
            if let Some(address) = address {
                let _folder = self.folder.clone();
                return Ok(Server { _folder, child, address, log, reader: Some(reader) });
            }
            if child.try_wait().unwrap().is_some() || Instant::now() > until {
                let _ = child.kill();
                let _ = child.wait();
                let _ = reader.join();
                return Err(log.lock().unwrap().clone());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// Whether `secret` stands in the text. Digits that are a part of a time, an id or a measurement
/// are not it.
pub(crate) fn holds(text: &str, secret: &str) -> bool {
    let is_number = secret.bytes().all(|byte| byte.is_ascii_digit());
    text.match_indices(secret).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + secret.len()..].chars().next();
        let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '.';
        !is_number || !before.is_some_and(goes_on) && !after.is_some_and(goes_on)
    })
}

#[test]
fn a_secret_number_is_found_but_not_within_a_longer_one() {
    assert!(holds("keys=8352", "8352") && holds("{\"from\":\"+82200000000\"}", "82200000000"));
    assert!(holds("a marigold!", "marigold") && holds("marigolds", "marigold"));
    for text in ["0.006238220000000001", "00:00:00.8352Z", "span a8352f", "1764483520123", ""] {
        assert!(!holds(text, "8352") && !holds(text, "82200000000"), "{text}");
    }
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// An engine process; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    /// The site's, which may be gone before its server.
    _folder: Arc<tempfile::TempDir>,
    child: Child,
    address: SocketAddr,
    log: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{} {}: {error}", self.status, self.text))
    }
}

impl Server {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything it has written so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// As a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let done =
            Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }

    /// Waits until it has ended by itself; gives its exit code and all that it wrote.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.reader.take().unwrap().join().unwrap();
                return (status.code(), self.log());
            }
            assert!(Instant::now() < until, "it did not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        send(TcpStream::connect(self.address).unwrap(), method, path, headers, body)
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.request("GET", path, &[], b"")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        let headers = [("content-type", "application/json")];
        self.request("POST", path, &headers, body.to_string().as_bytes())
    }

    /// One of the figures, summed over its series with `labels` in them.
    pub(crate) fn figure(&self, name: &str, labels: &str) -> f64 {
        self.get("/metrics")
            .text
            .lines()
            .filter(|line| {
                line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
                    && line.contains(labels)
            })
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// Waits until `holds` does.
    pub(crate) fn wait_until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < until, "it never came about that {what}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A call over the calls API.
    pub(crate) fn call(&self, id: &str, start: Value) -> Value {
        let mut body = start;
        body["id"] = json!(id);
        let reply = self.post("/v1/calls", &body);
        assert!(matches!(reply.status, 200 | 201), "{reply:?}");
        reply.json()
    }

    /// The caller does something after turn `turn`.
    pub(crate) fn event(&self, id: &str, turn: u64, event: Value) -> Reply {
        let mut body = event;
        body["turn"] = json!(turn);
        self.post(&format!("/v1/calls/{id}/turns"), &body)
    }

    /// Comes back for as long as the caller is told to wait; gives the answer that ends it and how
    /// often.
    pub(crate) fn resume(&self, id: &str, mut answer: Value) -> (Value, usize) {
        let mut waits = 0;
        while answer["then"]["action"] == "wait" {
            waits += 1;
            std::thread::sleep(Duration::from_millis(answer["then"]["ms"].as_u64().unwrap()));
            let reply =
                self.event(id, answer["turn"].as_u64().unwrap(), json!({"event": "resumed"}));
            assert_eq!(reply.status, 200, "{reply:?}");
            answer = reply.json();
        }
        (answer, waits)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request over `stream` and reads all that comes back.
pub(crate) fn send<S: std::io::Read + std::io::Write>(
    mut stream: S,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    // A server that refuses early may close its side while the body is still on the way.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    reply(stream)
}

/// Reads all that comes back.
pub(crate) fn reply(mut stream: impl std::io::Read) -> Reply {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, text) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Reply { status, head: head.to_ascii_lowercase(), text: text.to_owned() }
}
