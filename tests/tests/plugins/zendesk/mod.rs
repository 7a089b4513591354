//! A Zendesk of one's own, on 127.0.0.1: takes real requests over a real socket, checks that they
//! are what Zendesk documents, and answers as a test asks.

#![allow(clippy::expect_used, reason = "a helper of a test fails with it")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use serde_json::{Value, json};

/// What `bot@example.com/token` with the secret `s3cret` looks like on the wire.
pub(crate) const AUTHORIZATION: &str = "Basic Ym90QGV4YW1wbGUuY29tL3Rva2VuOnMzY3JldA==";

/// How the server treats a request.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    /// As Zendesk does: opens a ticket, once for a key, or says what is wrong.
    Opens,
    /// Status, headers and body, whatever is asked.
    Answers(u16, Vec<(&'static str, &'static str)>, &'static str),
    /// Takes the request and says nothing.
    Hangs,
    /// Takes the request and hangs up.
    HangsUp,
}

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// Such as `POST /api/v2/tickets.json`.
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

#[derive(Debug, Default)]
struct Desk {
    received: Vec<Received>,
    /// Idempotency key → what was asked and the id of the ticket.
    opened: BTreeMap<String, (Value, u64)>,
    /// Connections that wait in vain; kept, so that they stay open.
    waiting: Vec<TcpStream>,
}

/// The server; it runs as long as the test.
#[derive(Debug)]
pub(crate) struct Zendesk {
    address: SocketAddr,
    desk: Arc<Mutex<Desk>>,
}

impl Zendesk {
    pub(crate) fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the port is known");
        let desk = Arc::new(Mutex::new(Desk::default()));
        let shared = Arc::clone(&desk);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (desk, manner) = (Arc::clone(&shared), manner.clone());
                // A client that gives up breaks the connection off; that is what some tests are
                // about.
                thread::spawn(move || serve(stream, &manner, &desk).is_ok());
            }
        });
        Self { address, desk }
    }

    /// Such as `http://127.0.0.1:40000`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        lock(&self.desk).received.clone()
    }

    /// How many tickets there are.
    pub(crate) fn opened(&self) -> usize {
        lock(&self.desk).opened.len()
    }
}

fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().expect("no request has panicked")
}

fn serve(mut stream: TcpStream, manner: &Manner, desk: &Mutex<Desk>) -> std::io::Result<()> {
    let request = read(&stream)?;
    let mut desk = lock(desk);
    desk.received.push(request.clone());
    let (status, headers, body) = match manner {
        Manner::HangsUp => return Ok(()),
        Manner::Hangs => {
            desk.waiting.push(stream);
            return Ok(());
        }
        Manner::Answers(status, headers, body) => (*status, headers.clone(), (*body).to_owned()),
        Manner::Opens => match open(&request, &mut desk) {
            Ok((ticket, lookup)) => {
                (201, vec![("x-idempotency-lookup", lookup)], ticket.to_string())
            }
            Err((status, body)) => (status, Vec::new(), body.to_string()),
        },
    };
    drop(desk);
    write!(
        stream,
        "HTTP/1.1 {status} Answer\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    )?;
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    write!(stream, "\r\n{body}")
}

fn read(stream: &TcpStream) -> std::io::Result<Received> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Received {
        line: line.trim_end().trim_end_matches(" HTTP/1.1").to_owned(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}

/// Zendesk's "create ticket", as far as its documentation tells: the ticket with the outcome of the
/// lookup, or the status and the error.
fn open(request: &Received, desk: &mut Desk) -> Result<(Value, &'static str), (u16, Value)> {
    let header = |name: &str| request.headers.get(name).map_or("", String::as_str);
    if request.line != "POST /api/v2/tickets.json" {
        return Err((404, json!({"error": "InvalidEndpoint", "description": "Not found"})));
    }
    if header("authorization") != AUTHORIZATION {
        return Err((401, json!({"error": "Couldn't authenticate you"})));
    }
    if !header("content-type").starts_with("application/json") || request.body.is_null() {
        return Err((400, json!({"error": "InvalidFormat", "description": "The body is no JSON"})));
    }
    let ticket = &request.body["ticket"];
    let mut details = serde_json::Map::new();
    let mut wrong = |field: &str, description: String| {
        details.insert(field.to_owned(), json!([{"description": description, "error": "Invalid"}]));
    };
    if ticket["comment"]["body"].as_str().is_none_or(str::is_empty) {
        wrong("comment", "Description: cannot be blank".to_owned());
    }
    if !matches!(ticket["priority"].as_str(), None | Some("urgent" | "high" | "normal" | "low")) {
        wrong("priority", format!("Priority: {} is not allowed", ticket["priority"]));
    }
    if let Some(email) = ticket["requester"]["email"].as_str()
        && !email.contains('@')
    {
        wrong("requester", format!("Requester: Email: {email} is not properly formatted"));
    }
    let tags = ticket["tags"].as_array().into_iter().flatten();
    if tags.clone().any(|tag| tag.as_str().is_none_or(|tag| tag.contains(' '))) {
        wrong("tags", "Tags: contain a space".to_owned());
    }
    if !details.is_empty() {
        let description = "Record validation errors";
        return Err((
            422,
            json!({"error": "RecordInvalid", "description": description, "details": details}),
        ));
    }
    let key = header("idempotency-key").to_owned();
    let next = 1_000 + desk.opened.len() as u64;
    let (id, lookup) = match desk.opened.get(&key).filter(|_| !key.is_empty()) {
        Some((asked, id)) if *asked == request.body => (*id, "hit"),
        Some(_) => {
            let description = "The parameters are not those of the first request";
            return Err((
                400,
                json!({"error": "IdempotentRequestError", "description": description}),
            ));
        }
        None => (next, "miss"),
    };
    desk.opened.insert(key, (request.body.clone(), id));
    Ok((json!({"ticket": {"id": id, "status": "new", "subject": ticket["subject"]}}), lookup))
}
