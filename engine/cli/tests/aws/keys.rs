//! Keys of the store that AWS KMS wrapped, and secrets from AWS Secrets Manager, with a whole
//! engine.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};

use dialgraph_stand_ins::StandIn;
use serde_json::{Value, json};

use super::Desk;

/// Asks the stand-in as its owner would.
fn owner(moto: &StandIn, target: &str, body: &Value) -> Value {
    use std::io::Write as _;
    let mut stream = std::net::TcpStream::connect(moto.address()).unwrap();
    let service = if target.starts_with("TrentService") { "kms" } else { "secretsmanager" };
    let body = body.to_string();
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-amz-target: {target}\r\n\
         content-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=stand-in/20270302/ap-northeast-2/{service}/aws4_request\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Server {
    /// Ended when it is dropped.
    child: Ended,
    address: String,
    log: std::thread::JoinHandle<String>,
}

impl Server {
    /// Starts; or what it said instead.
    fn start(desk: &Desk) -> Result<Self, String> {
        let mut command = desk.command();
        let mut child = Ended(
            command.arg("serve").stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap(),
        );
        let mut lines = BufReader::new(child.0.stderr.take().unwrap());
        let mut said = String::new();
        loop {
            let from = said.len();
            if lines.read_line(&mut said).unwrap() == 0 {
                return Err(said);
            }
            if let Some((_, address)) = said[from..].split_once("takes calls at http://") {
                let address = address.trim().to_owned();
                let log = std::thread::spawn(move || {
                    let _ = lines.read_to_string(&mut said);
                    said
                });
                return Ok(Self { child, address, log });
            }
        }
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, String) {
        use std::io::Write as _;
        let mut stream = std::net::TcpStream::connect(&self.address).unwrap();
        let body = body.to_string();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer[9..12].parse().unwrap(), answer)
    }

    /// Ends it; what it logged.
    fn end(self) -> String {
        drop(self.child);
        self.log.join().unwrap()
    }
}

/// A desk with the smallest project, that opens tickets at `url`.
fn engine(moto: &StandIn, url: &str) -> Desk {
    let mut desk = Desk::new(moto.environment());
    let files = [
        (
            "data/queues.yaml",
            "general:\n  title: {en-US: General}\n  priority: 1\n  sla: 15m\n".to_owned(),
        ),
        (
            "dialgraph.yaml",
            format!(
                "entry: desk\nlocales: [en-US]\nfallback: {{queue: general}}\nplugins:\n  ticketing-zendesk: {{grants: [http, secrets], http: [\"{url}\"], secrets: [zendesk-token]}}\n"
            ),
        ),
        (
            "desk.flow.yaml",
            format!(
                "flow: desk\nsummary: Opens a ticket.\nlocales: [en-US]\nattributes:\n  ticket_id: {{type: string, default: \"\"}}\nstart: ticket\nnodes:\n  ticket:\n    use: ticketing-zendesk\n    config: {{base_url: \"{url}\", email: bot@example.com, timeout_ms: 60000}}\n    with: {{request: '\"it is down\"'}}\n    save: {{ticket_id: 'default(output.ticket_id, \"\")'}}\n    on: {{created: told, error: lost}}\n  told:\n    say: {{en-US: \"Your ticket is ${{ticket_id}}.\"}}\n    next: done\n  done:\n    end: {{disposition: ticket-opened}}\n  lost:\n    end: {{disposition: no-ticket}}\n"
            ),
        ),
    ];
    for (name, text) in files {
        let path = desk.path("project").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    desk.set("DIALGRAPH_PROJECT__FOLDER", "project");
    desk.set("DIALGRAPH_SERVER__LISTEN", "127.0.0.1:0");
    desk.set("DIALGRAPH_STORE__FOLDER", "store");
    desk
}

#[test]
fn a_store_is_sealed_with_a_key_that_only_kms_opens() {
    let moto = StandIn::moto();
    let key = owner(&moto, "TrentService.CreateKey", &json!({}))["KeyMetadata"]["KeyId"].clone();
    let key = key.as_str().unwrap();
    let mut desk = engine(&moto, "http://127.0.0.1:9");
    let new_key = |desk: &Desk, more: &[&str]| {
        desk.run(&[&["store", "new-key", "--kms", key, "-o", "store.key"], more].concat())
    };
    let (code, _, told) = new_key(&desk, &[]);
    assert_eq!(code, 0, "{told}");
    let text = std::fs::read_to_string(desk.path("store.key")).unwrap();
    assert!(text.lines().last().unwrap().starts_with("kms:"), "{text}");
    desk.set("DIALGRAPH_STORE__KEY_FILE", "store.key");
    let server = Server::start(&desk).unwrap();
    assert_eq!(server.ask("POST", "/v1/calls", &json!({"id": "c-1"})).0, 201);
    server.end();

    // Rotation: the new key is in front, and what the old one sealed is still read.
    assert_eq!(new_key(&desk, &[]).0, 2, "a key is never overwritten");
    let (code, _, told) = new_key(&desk, &["--add"]);
    assert_eq!(code, 0, "{told}");
    let server = Server::start(&desk).unwrap();
    assert_eq!(server.ask("GET", "/v1/calls/c-1", &Value::Null).0, 200);
    server.end();

    // Another KMS does not open it, and says which key.
    let other = StandIn::moto();
    desk.set("AWS_ENDPOINT_URL", &other.url());
    let said = Server::start(&desk).map(Server::end).unwrap_err();
    assert!(said.contains("key 1 in store.key is wrapped (`kms:`)"), "{said}");
    assert!(said.contains("allow `kms:Decrypt` on the key"), "{said}");
}

#[test]
fn a_plugin_uses_a_secret_of_secrets_manager_and_nothing_tells_it() {
    use dialgraph_stand_ins::scripted::{Reply, Scripted};
    let moto = StandIn::moto();
    let whole = r#"{"user": "bot", "token": "t0p-s3cret"}"#;
    let secret = json!({"Name": "prod/desk", "SecretString": whole, "ClientRequestToken": "00000000-0000-0000-0000-000000000001"});
    owner(&moto, "secretsmanager.CreateSecret", &secret);
    let host = Scripted::replies(vec![Reply::json(201, &json!({"ticket": {"id": 35436}}))]);
    let mut desk = engine(&moto, &host.url());
    desk.set("DIALGRAPH_PROVIDERS__SECRETS", "secrets-manager");
    desk.set("DIALGRAPH_AWS__SECRETS", "zendesk-token=prod/desk#token");
    desk.set("DIALGRAPH_LOG__LEVEL", "trace");
    let server = Server::start(&desk).unwrap();
    let (status, answer) = server.ask("POST", "/v1/calls", &json!({"id": "c-1"}));
    assert!(status == 201 && answer.contains("35436"), "{answer}");
    let sent = &host.requests()[0].headers;
    let (_, credential) = sent.iter().find(|(name, _)| name == "authorization").unwrap();
    // `bot@example.com/token:t0p-s3cret`
    assert_eq!(credential, "Basic Ym90QGV4YW1wbGUuY29tL3Rva2VuOnQwcC1zM2NyZXQ=");
    let (_, shown) = server.ask("GET", "/v1/calls/c-1", &Value::Null);
    let log = server.end();
    assert!(log.contains("\"level\":\"INFO\""), "the log is of no use: {log}");
    for told in [shown, log] {
        assert!(
            !told.contains("s3cret") && !told.contains("Ym90QGV4YW1wbGUuY29tL3Rva2Vu"),
            "it is told"
        );
    }
}
