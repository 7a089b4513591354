//! Each change of a ticket reaches a desk elsewhere, signed and in order, whatever ends in between;
//! what that desk tells has its effect once; and Zendesk's tickets count as work.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use dialgraph_webhook::{Secret, standard, zendesk};
use serde_json::{Value, json};

use crate::server::{Reply, Server, Site};

const OUT: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const IN: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const ZENDESK: &str = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";

/// A message that arrived with a valid signature.
#[derive(Debug, Clone)]
struct Message {
    id: String,
    body: Value,
}

/// A desk elsewhere, which answers with a status of the test's choice.
struct Elsewhere {
    url: String,
    status: Arc<AtomicU16>,
    messages: Arc<Mutex<Vec<Message>>>,
}

impl Elsewhere {
    fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/tickets?desk=1", listener.local_addr().unwrap());
        let status = Arc::new(AtomicU16::new(status));
        let messages = Arc::<Mutex<Vec<Message>>>::default();
        let (answer, heard) = (status.clone(), messages.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, heard) = (answer.clone(), heard.clone());
                // A sender that was killed breaks the connection off.
                std::thread::spawn(move || take(stream, &answer, &heard).is_ok());
            }
        });
        Self { url, status, messages }
    }

    fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap().clone()
    }

    /// Messages in the order in which each came first.
    fn first_times(&self) -> Vec<Message> {
        let mut known = BTreeMap::new();
        let mut first = Vec::new();
        for message in self.messages() {
            let before = known.insert(message.id.clone(), message.body.clone());
            match before {
                Some(body) => assert_eq!(body, message.body, "a repetition is the same"),
                None => first.push(message),
            }
        }
        first
    }
}

fn take(
    mut stream: TcpStream,
    answer: &AtomicU16,
    heard: &Mutex<Vec<Message>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut headers = BTreeMap::new();
    let mut line = String::new();
    reader.read_line(&mut line)?;
    assert_eq!(line, "POST /tickets?desk=1 HTTP/1.1\r\n");
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers["content-length"].parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let header = |name: &str| headers.get(name).map(String::as_str);
    let id = standard::verify(&[standard::secret(OUT).unwrap()], header, &body, now()).unwrap();
    let status = answer.load(Ordering::SeqCst);
    let body = serde_json::from_slice(&body)?;
    heard.lock().unwrap().push(Message { id: id.to_owned(), body });
    write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

fn now() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

fn site(elsewhere: &Elsewhere) -> Site {
    Site::shipped()
        .set("DIALGRAPH_DEPLOY__WATCH", "false")
        .set("DIALGRAPH_TICKETS__WEBHOOK_URL", &elsewhere.url)
        .set("DIALGRAPH_TICKETS__WEBHOOK_SECRETS", OUT)
        .set("DIALGRAPH_TICKETS__WEBHOOK_TIMEOUT", "2s")
}

/// A call that opens a ticket for an engineer.
fn open(server: &Server, call: &str) {
    let attributes = json!({"customer_class": "msp", "assigned_engineer": "e-101"});
    let begun = server.call(call, json!({"flow": "emergency", "attributes": attributes}));
    let (begun, _) = server.resume(call, begun);
    assert_eq!(begun["then"]["action"], "queue", "{begun}");
}

fn change(server: &Server, id: &str, change: Value) {
    let done = server.post(&format!("/v1/tickets/{id}"), &change);
    assert_eq!(done.status, 200, "{done:?}");
}

/// Signs a message now and sends it.
fn tell(server: &Server, secret: &Secret, id: &str, body: &Value) -> Reply {
    send(
        server,
        &standard::sign(std::slice::from_ref(secret), id, now(), body.to_string().as_bytes()),
        body,
    )
}

fn send(server: &Server, signed: &[(&'static str, String); 3], body: &Value) -> Reply {
    let mut headers: Vec<(&str, &str)> =
        signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    headers.push(("content-type", "application/json"));
    server.request("POST", "/v1/tickets/webhook", &headers, body.to_string().as_bytes())
}

#[test]
fn each_change_is_reported_signed_and_in_order_through_a_kill() {
    let elsewhere = Elsewhere::start(503);
    let site = site(&elsewhere);
    let server = site.start();
    open(&server, "c-1");
    let id = "T-000001";
    change(&server, id, json!({"do": "comment", "text": "I called \"back\"."}));
    change(&server, id, json!({"do": "assign", "to": "e-301"}));
    change(&server, id, json!({"do": "close", "text": "Solved."}));
    server.wait_until("a report was tried in vain", |server| {
        server.figure("dialgraph_ticket_reports_total", "outcome=\"failed\"") >= 1.0
    });
    server.wait_until("all that waits is counted", |server| {
        server.figure("dialgraph_ticket_reports_waiting", "") == 4.0
    });
    let ready = server.get("/readyz");
    let told = ready.json()["parts"]["tickets"].as_str().unwrap().to_owned();
    assert_eq!(told, "degraded: reports are not delivered: the desk answers 503");
    assert_eq!(ready.status, 200, "no call needs the desk elsewhere");
    assert!(elsewhere.messages().iter().all(|message| message.body["data"]["number"] == 0));
    server.kill();

    elsewhere.status.store(204, Ordering::SeqCst);
    let server = site.start();
    change(&server, id, json!({"do": "reopen"}));
    open(&server, "c-2");
    server.wait_until("all is delivered", |server| {
        server.figure("dialgraph_ticket_reports_total", "outcome=\"delivered\"") == 6.0
    });
    server.wait_until("nothing waits", |server| {
        server.figure("dialgraph_ticket_reports_waiting", "") == 0.0
    });
    assert_eq!(server.get("/readyz").json()["parts"]["tickets"], "ok");
    let first = elsewhere.first_times();
    let of = |id: &str| -> Vec<Value> {
        let all = first.iter().filter(|message| message.body["data"]["ticket"]["id"] == id);
        all.map(|message| message.body.clone()).collect()
    };
    let all = of(id);
    let kinds: Vec<&str> = all.iter().map(|body| body["type"].as_str().unwrap()).collect();
    let wanted = ["opened", "commented", "assigned", "closed", "reopened"];
    assert_eq!(kinds, wanted.map(|kind| format!("ticket.{kind}")));
    let numbers: Vec<u64> =
        all.iter().map(|body| body["data"]["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    let data = |n: usize| &all[n]["data"];
    assert_eq!(data(0)["to"], "e-101");
    assert_eq!(data(0)["ticket"]["call"], "c-1");
    assert_eq!(data(1)["text"], "I called \"back\".");
    assert_eq!(
        (&data(2)["to"], &data(2)["ticket"]["assignee"]),
        (&json!("e-301"), &json!("e-301"))
    );
    let statuses: Vec<&str> =
        all.iter().map(|body| body["data"]["ticket"]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["open", "open", "open", "closed", "open"]);
    assert!(all[3]["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(of("T-000033").len(), 1, "the other call's, of a process with other numbers");
    assert!(!server.log().contains("Solved") && !server.log().contains("whsec_"));
}

#[test]
fn a_report_that_cannot_be_delivered_for_too_long_is_dropped_and_told() {
    let elsewhere = Elsewhere::start(500);
    let server = site(&elsewhere).set("DIALGRAPH_TICKETS__WEBHOOK_GIVE_UP", "1ms").start();
    open(&server, "c-1");
    server.wait_until("it is dropped", |server| {
        server.figure("dialgraph_ticket_reports_total", "outcome=\"dropped\"") == 1.0
    });
    assert!(server.log().contains("could not be delivered for `tickets.webhook_give_up`"));
    server.wait_until("nothing waits", |server| {
        server.figure("dialgraph_ticket_reports_waiting", "") == 0.0
    });
    assert!(elsewhere.messages().len() >= 2, "it was tried again before");
}

#[test]
fn what_a_desk_elsewhere_tells_has_its_effect_once_and_is_not_told_back() {
    let elsewhere = Elsewhere::start(200);
    let site = site(&elsewhere).set("DIALGRAPH_TICKETS__INCOMING_SECRETS", IN);
    let server = site.start();
    open(&server, "c-1");
    let key = standard::secret(IN).unwrap();
    let news = |kind: &str, data: Value| json!({"type": format!("ticket.{kind}"), "data": data});
    let assigned = news("assigned", json!({"ticket": "T-000001", "to": "e-301", "by": "kim"}));
    let done = tell(&server, &key, "m-1", &assigned);
    assert_eq!((done.status, done.json()), (200, json!({"heard": true})), "{done:?}");
    let closed = json!({"ticket": "T-000001", "elsewhere": "DESK-17", "text": "Done there."});
    let closed = news("closed", closed);
    assert_eq!(tell(&server, &key, "m-2", &closed).status, 200);
    change(&server, "T-000001", json!({"do": "reopen"}));
    server.kill();
    let server = site.start();
    for (id, again) in [("m-1", &assigned), ("m-2", &closed)] {
        let repeated = tell(&server, &key, id, again);
        assert_eq!((repeated.status, repeated.json()), (200, json!({"heard": true})));
    }
    let shown = server.get("/v1/tickets/T-000001").json();
    assert_eq!(shown["ticket"]["status"], "open", "{shown}");
    assert_eq!(shown["ticket"]["elsewhere"], "DESK-17");
    assert_eq!(shown["ticket"]["assignee"], "e-301");
    let deeds: Vec<(&str, &str)> = shown["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|deed| (deed["do"].as_str().unwrap(), deed["by"].as_str().unwrap()))
        .collect();
    let here = deeds[2].1;
    assert_eq!(
        deeds,
        [("assign", "engine/webhook: kim"), ("close", "engine/webhook"), ("reopen", here)]
    );
    let load = server.get("/v1/engineers/e-301").json();
    assert_eq!(load["work"][0]["tickets"], json!(["T-000001"]), "{load}");
    server.wait_until("what was done here is told", |_| elsewhere.first_times().len() == 2);
    let told: Vec<String> =
        elsewhere.first_times().iter().map(|one| one.body["type"].to_string()).collect();
    assert_eq!(told, ["\"ticket.opened\"", "\"ticket.reopened\""]);
    let log = server.get("/v1/access-log?limit=500").json();
    let lines = log["accesses"].as_array().unwrap().iter();
    let ours = lines.filter(|line| line["who"]["name"] == "engine/webhook").count();
    assert_eq!(ours, 4, "{log}");
}

#[test]
fn what_is_not_signed_not_fresh_or_not_well_formed_is_refused_and_changes_nothing() {
    let elsewhere = Elsewhere::start(200);
    let server = site(&elsewhere).set("DIALGRAPH_TICKETS__INCOMING_SECRETS", IN).start();
    open(&server, "c-1");
    let (key, other) = (standard::secret(IN).unwrap(), standard::secret(OUT).unwrap());
    let close = json!({"type": "ticket.closed", "data": {"ticket": "T-000001"}});
    assert_eq!(tell(&server, &other, "m-1", &close).status, 401);
    for then in [now() - 301, now() + 360] {
        let text = close.to_string();
        let signed = standard::sign(std::slice::from_ref(&key), "m-1", then, text.as_bytes());
        assert_eq!(send(&server, &signed, &close).status, 401, "{then}");
    }
    let bare = server.post("/v1/tickets/webhook", &close);
    assert_eq!(bare.status, 401, "{bare:?}");
    let reasons =
        ["signature-wrong", "signature-too-old", "signature-too-new", "signature-missing"];
    for reason in reasons {
        let reason = format!("reason=\"{reason}\"");
        assert_eq!(server.figure("dialgraph_signatures_refused_total", &reason), 1.0, "{reason}");
    }
    let long = json!({"type": "ticket.closed", "data": {"ticket": "x".repeat(300 << 10)}});
    assert_eq!(tell(&server, &key, "m-1", &long).status, 413);
    let of = |data: Value| json!({"type": "ticket.closed", "data": data});
    let commented = json!({"type": "ticket.commented", "data": {"ticket": "T-000001"}});
    let linked = json!({"type": "ticket.linked", "data": {"ticket": "T-000001"}});
    for (wrong, status, words) in [
        (json!({}), 400, "missing field `type`"),
        (
            json!({"type": "ticket.sung", "data": {"ticket": "x"}}),
            400,
            "unknown variant `ticket.sung`",
        ),
        (of(json!({})), 400, "missing field `ticket`"),
        (of(json!({"ticket": "T-000001", "x": 1})), 400, "unknown field `x`"),
        (of(json!({"ticket": "T-000001", "to": "x"})), 400, "`data.to` belongs to"),
        (of(json!({"ticket": "T-000001", "text": " "})), 400, "a comment has 1 to"),
        (of(json!({"ticket": "T-000001", "by": "a\u{1b}"})), 400, "`data.by` has up to 100"),
        (of(json!({"ticket": "T-000001", "elsewhere": ""})), 400, "elsewhere has 1 to 256"),
        (commented, 400, "`data.text` is missing"),
        (linked, 400, "`data.elsewhere` is missing"),
        (of(json!({"ticket": "T-000777"})), 404, "there is no ticket with this id"),
        (of(json!({"ticket": "T 1"})), 404, "there is no ticket with this id"),
    ] {
        let refused = tell(&server, &key, "m-1", &wrong);
        assert_eq!(refused.status, status, "{wrong}: {refused:?}");
        assert!(refused.text.contains(words), "{words}: {refused:?}");
    }
    let shown = server.get("/v1/tickets/T-000001").json();
    assert_eq!((&shown["ticket"]["status"], &shown["history"]), (&json!("open"), &json!([])));
    // None of these has used the id up.
    assert_eq!(tell(&server, &key, "m-1", &close).status, 200);
    assert_eq!(server.get("/v1/tickets/T-000001").json()["ticket"]["status"], "closed");
    let silent = Site::shipped().set("DIALGRAPH_DEPLOY__WATCH", "false").start();
    let nowhere = tell(&silent, &key, "m-1", &close);
    assert_eq!(nowhere.status, 404);
    assert!(nowhere.text.contains("set `tickets.incoming_secrets`"), "{nowhere:?}");
}

#[test]
fn a_secret_in_a_file_is_replaced_while_the_server_runs() {
    let elsewhere = Elsewhere::start(200);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("incoming");
    std::fs::write(&file, format!("# of the desk\n{OUT}\n")).unwrap();
    let server = site(&elsewhere)
        .set("DIALGRAPH_TICKETS__INCOMING_SECRETS_FILE", file.to_str().unwrap())
        .start();
    open(&server, "c-1");
    let link = json!({"type": "ticket.linked", "data": {"ticket": "T-000001", "elsewhere": "D-1"}});
    let (old, new) = (standard::secret(OUT).unwrap(), standard::secret(IN).unwrap());
    assert_eq!(tell(&server, &old, "m-1", &link).status, 200);
    assert_eq!(tell(&server, &new, "m-2", &link).status, 401);
    std::fs::write(&file, format!("{IN}\n")).unwrap();
    server.wait_until("the new secret holds", |server| {
        tell(server, &new, "m-3", &link).status == 200
    });
    assert_eq!(tell(&server, &old, "m-4", &link).status, 401);
}

/// As a trigger of Zendesk tells it.
fn zendesk_tells(server: &Server, secret: &str, at: u64, body: &Value) -> Reply {
    let time = jiff::Timestamp::from_second(i64::try_from(at).unwrap()).unwrap().to_string();
    let text = body.to_string();
    let signature = zendesk::sign(&zendesk::secret(secret).unwrap(), &time, text.as_bytes());
    let headers = [
        ("content-type", "application/json"),
        (zendesk::TIMESTAMP_HEADER, time.as_str()),
        (zendesk::SIGNATURE_HEADER, signature.as_str()),
    ];
    server.request("POST", "/v1/tickets/zendesk", &headers, text.as_bytes())
}

#[test]
fn tickets_that_zendesk_keeps_count_as_work_until_they_are_solved() {
    let site = Site::shipped()
        .set("DIALGRAPH_DEPLOY__WATCH", "false")
        .set("DIALGRAPH_TICKETS__INCOMING_SECRETS", IN)
        .set("DIALGRAPH_TICKETS__ZENDESK_SECRETS", ZENDESK);
    let server = site.start();
    let load = |server: &Server, engineer: &str| -> u64 {
        server.get(&format!("/v1/engineers/{engineer}")).json()["engineer"]["load"]
            .as_u64()
            .unwrap()
    };
    let own = [load(&server, "e-101"), load(&server, "e-301")];
    let loads = |server: &Server| [load(server, "e-101") - own[0], load(server, "e-301") - own[1]];
    let at = now();
    let told = |ticket: &str, status: &str, assignee: &str| json!({"ticket": ticket, "external_id": "c-7/4/msp-customer/ticket", "status": status, "assignee": assignee});
    let tell = |at: u64, body: &Value| zendesk_tells(&server, ZENDESK, at, body);
    for (second, body, wanted) in [
        (0, told("17", "open", "e-101"), [1, 0]),
        // Of the same call: one piece of work.
        (1, told("18", "open", "e-101"), [1, 0]),
        (2, told("17", "open", "E-301"), [1, 1]),
        (3, told("17", "solved", "e-301"), [1, 0]),
        // Sent before, come late.
        (2, told("17", "open", "e-301"), [1, 0]),
        (4, told("17", "open", "e-301"), [1, 1]),
        (5, told("18", "solved", "e-101"), [0, 1]),
        (6, told("17", "open", ""), [0, 0]),
        (7, told("17", "solved", "nobody@example.com"), [0, 0]),
    ] {
        let done = tell(at + second, &body);
        assert_eq!((done.status, done.json()), (200, json!({"heard": true})), "{done:?}");
        assert_eq!(loads(&server), wanted, "{second}: {body}");
        assert_eq!(tell(at + second, &body).status, 200);
        assert_eq!(loads(&server), wanted, "{second}: repeated");
    }
    let shown = server.get("/v1/tickets/ZD-17").json();
    assert_eq!(
        (&shown["ticket"]["call"], &shown["ticket"]["status"]),
        (&json!("c-7"), &json!("closed"))
    );
    let deeds: Vec<&str> = shown["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|deed| deed["do"].as_str().unwrap())
        .collect();
    let wanted = ["assign", "assign", "close", "reopen", "assign", "assign", "close"];
    assert_eq!(deeds, wanted, "{shown}");
    let refused = server.post("/v1/tickets/ZD-17", &json!({"do": "reopen"}));
    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(refused.text.contains("kept in Zendesk"), "{refused:?}");
    assert_eq!(server.get("/v1/tickets?limit=500").json()["tickets"], json!([]));
    // Another desk's secret is none of Zendesk's.
    let reopened =
        json!({"type": "ticket.reopened", "data": {"ticket": "ZD-17", "elsewhere": "X-1"}});
    let other = self::tell(&server, &standard::secret(IN).unwrap(), "msg-1", &reopened);
    assert_eq!(other.status, 404, "{other:?}");
    assert_eq!(server.get("/v1/tickets/ZD-17").json(), shown);
    let open = told("19", "open", "e-101");
    assert_eq!(zendesk_tells(&server, "another-secret-of-16", at, &open).status, 401);
    assert_eq!(tell(at - 400, &open).status, 401);
    for wrong in [told("x", "open", ""), told("0", "open", ""), told("1", "pending", ""), json!({})]
    {
        assert_eq!(tell(at, &wrong).status, 400, "{wrong}");
    }
    assert_eq!(server.get("/v1/tickets/ZD-19").status, 404);
}
