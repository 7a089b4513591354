//! A ticket desk on a socket of this machine that takes its time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long the desk takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    After(Duration),
    Never,
}

#[derive(Debug, Default)]
struct Book {
    requests: usize,
    /// Idempotency keys: one ticket for each.
    tickets: BTreeSet<String>,
    answered: usize,
    kept_waiting: Vec<TcpStream>,
}

/// The desk; it works as long as the test.
#[derive(Debug)]
pub(crate) struct Desk {
    url: String,
    book: Arc<Mutex<Book>>,
}

impl Desk {
    pub(crate) fn start(pace: Pace) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let book = Arc::<Mutex<Book>>::default();
        let shared = book.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let book = shared.clone();
                // A client that was killed breaks the connection off.
                std::thread::spawn(move || serve(stream, pace, &book).is_ok());
            }
        });
        Self { url, book }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn requests(&self) -> usize {
        self.book.lock().unwrap().requests
    }

    pub(crate) fn tickets(&self) -> usize {
        self.book.lock().unwrap().tickets.len()
    }

    pub(crate) fn answered(&self) -> usize {
        self.book.lock().unwrap().answered
    }
}

fn serve(mut stream: TcpStream, pace: Pace, book: &Mutex<Book>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut headers = BTreeMap::new();
    let mut line = String::new();
    reader.read_line(&mut line)?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    reader.read_exact(&mut vec![0; length])?;
    let lookup = {
        let mut book = book.lock().unwrap();
        book.requests += 1;
        if book.tickets.insert(headers["idempotency-key"].clone()) { "miss" } else { "hit" }
    };
    match pace {
        Pace::Never => {
            book.lock().unwrap().kept_waiting.push(stream);
            return Ok(());
        }
        Pace::After(time) => std::thread::sleep(time),
    }
    let body = r#"{"ticket":{"id":1000,"status":"new","subject":"x"}}"#;
    write!(
        stream,
        "HTTP/1.1 201 Created\r\ncontent-length: {}\r\nconnection: close\r\nx-idempotency-lookup: {lookup}\r\n\r\n{body}",
        body.len()
    )?;
    book.lock().unwrap().answered += 1;
    Ok(())
}
