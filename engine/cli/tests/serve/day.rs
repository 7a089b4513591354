//! A day at the desk: customers come from another system's file, call in every way that there is,
//! engineers go and come back, the process is killed three times, and in the evening everything is
//! right and nobody has anything left to do.
//!
//! `DIALGRAPH_DAY_CALLS` and `DIALGRAPH_DAY_CUSTOMERS` make the day longer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::{Reply, Server, Site, send};

/// Nothing is concluded from how long something took.
const PATIENCE: Duration = Duration::from_secs(1_200);
/// Rows of the file that cannot be customers.
const BROKEN: usize = 50;
/// Lines on which customers call.
const LINES: usize = 8;
const KILLS: usize = 3;

fn size(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
}

/// A name that nobody else's is taken for.
fn company(n: usize) -> String {
    let mut bits = (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits ^= bits >> 29;
    bits = bits.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits ^= bits >> 32;
    let mut name = String::new();
    for _ in 0..6 {
        name.push(char::from(b"bdfgklmnprstvz"[(bits % 14) as usize]));
        bits /= 14;
        name.push(char::from(b"aeiou"[(bits % 5) as usize]));
        bits /= 5;
    }
    name
}

/// How a customer calls, and is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By the account number; an outage, and the engineer is rung.
    Account,
    /// By the number that they call from.
    Phone,
    /// By the company's name alone.
    Name,
    /// On chat, by the account number that they write.
    Chat,
    /// At night, in an emergency.
    Night,
    /// By the number; leaves before they say what they want.
    Leaves,
}

const WAYS: [Way; 6] = [Way::Account, Way::Phone, Way::Name, Way::Chat, Way::Night, Way::Leaves];

impl Way {
    fn of(n: usize) -> Self {
        WAYS[n % WAYS.len()]
    }

    fn level(self) -> &'static str {
        match self {
            Self::Account | Self::Night => "MSP",
            Self::Name => "VIP",
            Self::Phone | Self::Chat | Self::Leaves => "General",
        }
    }

    fn opens_a_ticket(self) -> bool {
        self != Self::Leaves
    }
}

fn phone(n: usize) -> String {
    format!("+82-10-{:04}-{:04}", 2_000 + n / 10_000, n % 10_000)
}

fn account(n: usize) -> String {
    format!("{:012}", 500_000_000_000 + n)
}

fn customer(n: usize) -> String {
    format!("day-{n:06}")
}

/// What is wrong with a row, by column; none: nothing.
fn wrong_with(row: usize, rows: usize) -> Option<&'static str> {
    let every = rows / BROKEN;
    let is_broken = row % every == every - 1 && row / every < BROKEN;
    is_broken.then(|| ["support_level", "aws_account_id", "contact_info.phone"][row / every % 3])
}

/// The file, and the column that is wrong by line.
fn file(rows: usize) -> (String, BTreeMap<usize, &'static str>) {
    let mut text = "customer_id,company_name,aws_account_id,support_level,assigned_engineer,contact_info.name,contact_info.phone\n".to_owned();
    let mut wrong = BTreeMap::new();
    for row in 0..rows {
        let broken = wrong_with(row, rows);
        let cell = |column: &str, good: String, bad: &str| match broken == Some(column) {
            true => bad.to_owned(),
            false => good,
        };
        writeln!(
            text,
            "{},{},{},{},{},Contact,{}",
            customer(row),
            company(row),
            cell("aws_account_id", account(row), "12345"),
            cell("support_level", Way::of(row).level().to_owned(), "Gold"),
            if row % 2 == 0 { "e-101" } else { "e-202" },
            cell("contact_info.phone", phone(row), "call me"),
        )
        .unwrap();
        if let Some(column) = broken {
            wrong.insert(row + 2, column);
        }
    }
    (text, wrong)
}

/// The line to the desk: whoever asks while the process is gone asks again.
struct Line(RwLock<Option<SocketAddr>>);

impl Line {
    fn ask(&self, method: &str, path: &str, body: &Value) -> Reply {
        let until = Instant::now() + PATIENCE;
        loop {
            let address = *self.0.read().unwrap();
            if let Some(stream) = address.and_then(|address| TcpStream::connect(address).ok()) {
                let body = body.to_string();
                let headers = [("content-type", "application/json")];
                let reply = send(stream, method, path, &headers, body.as_bytes());
                let is_whole = serde_json::from_str::<Value>(&reply.text).is_ok();
                if is_whole && reply.status != 503 {
                    return reply;
                }
            }
            assert!(Instant::now() < until, "nobody answers {path}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn turn(&self, call: &str, turn: u64, event: Value) -> Value {
        let mut body = event;
        body["turn"] = json!(turn);
        let reply = self.ask("POST", &format!("/v1/calls/{call}/turns"), &body);
        assert_eq!(reply.status, 200, "{call}: {body}: {reply:?}");
        reply.json()
    }

    fn contact(&self, call: &str, news: Value) {
        let told = self.ask("POST", &format!("/v1/calls/{call}/contact"), &news);
        // What had been told before the process went is told again, and no longer fits.
        assert!(matches!(told.status, 200 | 409), "{call}: {news}: {told:?}");
    }
}

/// What the caller says to a question.
fn reply(way: Way, n: usize, question: &str) -> Value {
    let said = |text: &str| json!({"event": "said", "text": text, "confidence": 0.9});
    let pressed = |keys: &str| json!({"event": "pressed", "keys": keys});
    let is_of = |words: &str| question.contains(words);
    match way {
        _ if is_of("name of your company") => said(&company(n)),
        _ if is_of("your name") => said("Dana Example"),
        Way::Account if is_of("digits of your AWS account") => pressed(&format!("{}#", account(n))),
        Way::Chat if is_of("digits of your AWS account") => said(&account(n)),
        Way::Chat if is_of("Is that right") => said("yes"),
        _ if is_of("registered for the number you call from") => pressed("1"),
        Way::Account if is_of("How can we help") => said("our production environment is down"),
        Way::Phone | Way::Name
            if is_of("please tell us") || is_of("How can we help") || is_of("How may we help") =>
        {
            pressed("0")
        }
        Way::Chat if is_of("please tell us") => said("I want to speak to an agent"),
        Way::Leaves if is_of("please tell us") => json!({"event": "hung_up"}),
        Way::Account if is_of("say yes") || is_of("press 1") => pressed("1"),
        _ => json!({"event": "silent"}),
    }
}

/// A whole call, until its contact is over.
fn call(line: &Line, n: usize) {
    let (id, way) = (format!("day-call-{n}"), Way::of(n));
    let mut start = json!({"id": id, "flow": "main-entry", "locale": "en-US", "channel": "voice"});
    match way {
        Way::Account => start["from"] = json!("+82-2-555-0000"),
        Way::Name => {}
        Way::Chat => start["channel"] = json!("chat"),
        Way::Phone | Way::Leaves => start["from"] = json!(phone(n)),
        Way::Night => {
            start["from"] = json!(phone(n));
            start["flow"] = json!("after-hours");
            start["attributes"] = json!({"urgent": true});
        }
    }
    let begun = line.ask("POST", "/v1/calls", &start);
    assert!(matches!(begun.status, 200 | 201), "{begun:?}");
    let mut answer = begun.json();
    let mut heard = Vec::new();
    for _ in 0..40 {
        let turn = answer["turn"].as_u64().unwrap();
        let say = answer["say"].as_array().unwrap();
        let last = say.last().map_or("", |say| say["text"].as_str().unwrap()).to_owned();
        heard.push(last.clone());
        match answer["then"]["action"].as_str().unwrap() {
            "ask" => answer = line.turn(&id, turn, reply(way, n, &last)),
            "wait" => {
                std::thread::sleep(Duration::from_millis(answer["then"]["ms"].as_u64().unwrap()));
                answer = line.turn(&id, turn, json!({"event": "resumed"}));
            }
            // Of every three engineers one does not answer.
            "transfer"
                if n.is_multiple_of(3)
                    && heard.iter().filter(|t| t.contains("calling")).count() < 2 =>
            {
                answer = line.turn(&id, turn, json!({"event": "unanswered"}));
            }
            "transfer" => {
                line.contact(&id, json!({"stage": "connected", "agent": "kim"}));
                answer = line.turn(&id, turn, json!({"event": "resumed"}));
            }
            "queue" | "callback" => {
                line.contact(&id, json!({"stage": "connected", "agent": "lee"}));
                line.contact(&id, json!({"stage": "ended"}));
                return;
            }
            "hang_up" => return,
            other => panic!("{id}: {other}: {answer}"),
        }
    }
    panic!("{id} ({way:?}) goes in circles: {heard:#?}");
}

/// All pages of a list.
fn all(server: &Server, path: &str, field: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut after = String::new();
    loop {
        let page = server.get(&format!("{path}limit=500{after}")).json();
        items.extend(page[field].as_array().unwrap_or_else(|| panic!("{page}")).clone());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return items,
        }
    }
}

fn loads(server: &Server) -> BTreeMap<String, (u64, bool)> {
    let all = all(server, "/v1/engineers?", "engineers");
    let one = |engineer: &Value| {
        let load = engineer["load"].as_u64().unwrap();
        let key = engineer["key"].as_str().unwrap().to_owned();
        (key, (load, engineer["available"].as_bool().unwrap()))
    };
    all.iter().map(one).collect()
}

fn in_parallel(many: usize, what: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..LINES {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::SeqCst);
                    if n >= many {
                        return;
                    }
                    what(n);
                }
            });
        }
    });
}

/// The n-th customer who is in the file as they should be.
fn callers(calls: usize, rows: usize) -> Vec<usize> {
    let good: Vec<usize> = (0..rows).filter(|row| wrong_with(*row, rows).is_none()).collect();
    // Spread over the file, each way as often as another.
    let by_way: Vec<Vec<usize>> = WAYS
        .iter()
        .map(|way| good.iter().copied().filter(|row| Way::of(*row) == *way).collect())
        .collect();
    (0..calls)
        .map(|n| {
            let of = &by_way[n % WAYS.len()];
            of[(n / WAYS.len()) * of.len() / (calls / WAYS.len() + 1)]
        })
        .collect()
}

#[test]
fn a_day_at_the_desk_ends_with_everything_right_through_three_kills() {
    let (calls, rows) = (size("DIALGRAPH_DAY_CALLS", 120), size("DIALGRAPH_DAY_CUSTOMERS", 2_000));
    let site = Site::copied()
        .set("DIALGRAPH_DEPLOY__WATCH", "false")
        .set("DIALGRAPH_CALLS__IDLE_CHECK", "200ms")
        .file("data/calendars.yaml", &always_open());
    let server = site.start();
    let own = loads(&server);

    let (text, wrong) = file(rows);
    std::fs::write(site.path().join("crm.csv"), text).unwrap();
    let url = format!("http://{}", server.address());
    let args =
        ["records", "import", "customers", "crm.csv", "--key", "customer_id", "--server", &url];
    let said = site.run(&args);
    let good = rows - BROKEN;
    let sum = format!("{rows} rows: {good} new, 0 replaced, 0 unchanged, {BROKEN} rejected");
    assert_eq!((said.code, said.out.trim()), (Some(1), sum.as_str()), "{}", said.err);
    let told: Vec<&str> = said.err.lines().collect();
    assert_eq!((told.len(), wrong.len()), (BROKEN, BROKEN), "{}", said.err);
    for (told, (line, column)) in told.iter().zip(&wrong) {
        let place = format!("crm.csv:{line}: column `{column}`: ");
        let reason = told.strip_prefix(&place);
        assert!(reason.is_some_and(|reason| reason.len() > 10), "{place} is not told by {told}");
    }

    // The day: lines are busy, engineers go and come back, the process is killed.
    let callers = callers(calls, rows);
    assert_eq!(callers.iter().collect::<BTreeSet<_>>().len(), calls, "each calls once");
    let line = Line(RwLock::new(Some(server.address())));
    let done = AtomicUsize::new(0);
    let server = std::thread::scope(|scope| {
        scope.spawn(|| {
            in_parallel(calls, |n| {
                call(&line, callers[n]);
                done.fetch_add(1, Ordering::SeqCst);
            });
        });
        let mut server = server;
        for kill in 1..=KILLS {
            let until = Instant::now() + PATIENCE;
            while done.load(Ordering::SeqCst) < kill * calls / (KILLS + 1) {
                assert!(Instant::now() < until, "calls do not end:\n{}", server.log());
                std::thread::sleep(Duration::from_millis(10));
            }
            let away = json!({"available": kill != 1});
            let said = server.post("/v1/engineers/e-101", &away);
            assert_eq!(said.status, 200, "{said:?}");
            *line.0.write().unwrap() = None;
            server.kill();
            server = site.start();
            *line.0.write().unwrap() = Some(server.address());
        }
        server
    });

    server.wait_until("all contacts are over", |server| {
        ["flow", "contact", "after"].iter().all(|stage| {
            server.get(&format!("/v1/calls?stage={stage}")).json()["calls"] == json!([])
        })
    });
    // Every call is logged once, of the right customer, and whole.
    let tickets: BTreeMap<String, Value> = all(&server, "/v1/tickets?", "tickets")
        .into_iter()
        .map(|ticket| (ticket["call"].as_str().unwrap().to_owned(), ticket))
        .collect();
    let logs: BTreeMap<String, Value> =
        all(&server, "/v1/collections/call_logs/records?", "records")
            .into_iter()
            .map(|record| (record["key"].as_str().unwrap().to_owned(), record["data"].clone()))
            .collect();
    assert_eq!(logs.len(), calls);
    let mut of_engineer = BTreeMap::<String, u64>::new();
    for n in &callers {
        let (id, way) = (format!("day-call-{n}"), Way::of(*n));
        let log = &logs[&id];
        assert_eq!(log["customer_id"], customer(*n), "{way:?}: {log}");
        for field in ["call_start_time", "call_end_time", "resolution", "ended_by"] {
            assert!(log[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {log}");
        }
        let is_chat = way == Way::Chat;
        assert_eq!(log["channel"] == "chat", is_chat, "{way:?}: {log}");
        let ticket = tickets.get(&id);
        assert_eq!(ticket.is_some(), way.opens_a_ticket(), "{way:?}: {log}");
        if let Some(ticket) = ticket {
            assert_eq!(log["ticket_id"], ticket["id"], "{way:?}: {log}");
            assert_eq!(ticket["fields"]["customer_id"], customer(*n));
            let is_urgent = matches!(way, Way::Account | Way::Night);
            assert_eq!(ticket["priority"] == "urgent", is_urgent, "{way:?}: {ticket}");
            if let Some(engineer) = ticket["assignee"].as_str() {
                *of_engineer.entry(engineer.to_owned()).or_default() += 1;
            }
        }
    }
    assert_eq!(tickets.len(), callers.iter().filter(|n| Way::of(**n).opens_a_ticket()).count());
    // Each open ticket is one piece of work of whoever is in charge.
    for (engineer, (load, is_available)) in loads(&server) {
        let of = of_engineer.get(&engineer).copied().unwrap_or(0);
        assert_eq!(load, own[&engineer].0 + of, "{engineer}");
        assert_eq!(is_available, own[&engineer].1, "{engineer}");
    }

    // In the evening everybody's tickets are taken over and closed, and the history says so.
    let ids: Vec<&str> = tickets.values().map(|ticket| ticket["id"].as_str().unwrap()).collect();
    in_parallel(ids.len(), |n| {
        for deed in [json!({"do": "assign", "to": "e-301"}), json!({"do": "close"})] {
            let done = line.ask("POST", &format!("/v1/tickets/{}", ids[n]), &deed);
            assert_eq!(done.status, 200, "{done:?}");
        }
    });
    for id in ids {
        let shown = server.get(&format!("/v1/tickets/{id}")).json();
        let deeds: Vec<(&str, Option<&str>)> = shown["history"]
            .as_array()
            .unwrap()
            .iter()
            .map(|deed| (deed["do"].as_str().unwrap(), deed["to"].as_str()))
            .collect();
        assert_eq!(deeds, [("assign", Some("e-301")), ("close", None)], "{shown}");
        let at = |value: &Value| value.as_u64().unwrap();
        let history = &shown["history"];
        let opened = at(&shown["ticket"]["opened_at"]);
        let times = [opened, at(&history[0]["at"]), at(&history[1]["at"])];
        assert!(times.is_sorted(), "{shown}");
    }
    assert_eq!(all(&server, "/v1/tickets?status=open&", "tickets"), [""; 0]);
    assert_eq!(all(&server, "/v1/collections/assignments/records?", "records"), [""; 0]);
    assert_eq!(loads(&server), own);
}

/// The hours are those of the machine that runs this: the desk is open whenever that is.
fn always_open() -> String {
    let mut text = "seoul-office:\n  zone: Asia/Seoul\n  weekly:\n".to_owned();
    for day in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] {
        writeln!(text, "    {day}: [[\"00:00\", \"24:00\"]]").unwrap();
    }
    text
}
