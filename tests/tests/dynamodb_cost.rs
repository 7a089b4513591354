//! What the README's whole call costs in a table of DynamoDB, in capacity units: as a stand-in
//! counts them, and by the service's documented rules from the sizes of the items that went over
//! the wire.
//!
//! Both tables of it are in `docs/dynamodb.md`; `DIALGRAPH_UPDATE_DOCS=1` writes them anew.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod connect;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use dialgraph_aws::connection::stand_in;
use dialgraph_aws::dynamodb::{DynamoStore, Limits, create_table};
use dialgraph_base::{CallId, Channel, Timestamp};
use dialgraph_flow::Project;
use dialgraph_kernel::event::Event;
use dialgraph_local::LocalConfig;
use dialgraph_runtime::{Clock, Dispatch, Engine, Releases, Start, TurnRequest, WaitRules};
use dialgraph_simulator::script::parse_time;
use dialgraph_stand_ins::{Between, Exchange, StandIn};
use dialgraph_store::{Keyring, Sealed, Store, UnixMillis};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value;

use connect::fixture::{fixture, folder};

const DOCUMENT: &str = "../docs/dynamodb.md";
const TABLE: &str = "cost";

/// A morning that does not pass.
struct Morning(Timestamp);

impl Clock for Morning {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}

/// Bytes of an attribute's value, by the service's rules: text and binary as they are, a number a
/// byte for every two digits and one more.
fn value_bytes(value: &Value) -> usize {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    let text = value.as_str().unwrap();
    match kind.as_str() {
        "S" => text.len(),
        "B" => text.len() / 4 * 3 - text.bytes().rev().take_while(|byte| *byte == b'=').count(),
        "N" => text.trim_end_matches('0').len().max(1).div_ceil(2) + 1,
        other => panic!("no item has a value of kind {other}"),
    }
}

/// Bytes of an item: names and values.
fn item_bytes(item: &Value) -> usize {
    let attributes = item.as_object().unwrap().iter();
    attributes.map(|(name, value)| name.len() + value_bytes(value)).sum()
}

/// The table by the rules: what each item weighs.
#[derive(Default)]
struct Paper {
    items: HashMap<String, usize>,
}

#[derive(Default, Clone, Copy)]
struct Units {
    requests: usize,
    rows: usize,
    reads: usize,
    writes: usize,
    /// Units written as the stand-in counts them. Of a read it says 1 whatever its size, which is
    /// not the rule.
    measured: f64,
}

impl Paper {
    fn count(&mut self, exchange: &Exchange, units: &mut Units) {
        let Exchange { asked, answer, .. } = exchange;
        units.requests += 1;
        let key = |key: &Value| format!("{} {}", key["pk"], key["sk"]);
        match asked.operation.as_str() {
            "GetItem" => {
                let bytes = answer.get("Item").map_or(0, item_bytes);
                units.reads += bytes.div_ceil(4096).max(1);
            }
            "Query" => {
                let items = answer["Items"].as_array().unwrap();
                let bytes: usize = items.iter().map(item_bytes).sum();
                units.reads += bytes.div_ceil(4096).max(1);
            }
            "TransactWriteItems" => {
                for op in asked.body["TransactItems"].as_array().unwrap() {
                    let (what, op) = op.as_object().unwrap().iter().next().unwrap();
                    let (place, after) = match what.as_str() {
                        "Put" => (key(&op["Item"]), Some(item_bytes(&op["Item"]))),
                        // The key and what is set.
                        "Update" => {
                            let set = &op["ExpressionAttributeValues"];
                            let mut bytes = item_bytes(&op["Key"]) + "version".len() + 2;
                            bytes += "value".len() + value_bytes(&set[":value"]);
                            for (name, given) in [("expires_at", ":expires_at"), ("ttl", ":ttl")] {
                                bytes += set.get(given).map_or(0, |v| name.len() + value_bytes(v));
                            }
                            (key(&op["Key"]), Some(bytes))
                        }
                        "Delete" => (key(&op["Key"]), None),
                        "ConditionCheck" => {
                            (key(&op["Key"]), self.items.get(&key(&op["Key"])).copied())
                        }
                        other => panic!("no commit has a {other}"),
                    };
                    let before = self.items.get(&place).copied().unwrap_or(0);
                    // Whichever is larger, before or after; and twice, because all or nothing is
                    // written.
                    units.writes += 2 * before.max(after.unwrap_or(0)).div_ceil(1024).max(1);
                    units.rows += 1;
                    match after {
                        Some(bytes) => self.items.insert(place, bytes),
                        None => self.items.remove(&place),
                    };
                }
                let consumed = answer["ConsumedCapacity"].as_array().unwrap();
                let consumed =
                    consumed.iter().map(|table| table["CapacityUnits"].as_f64().unwrap());
                units.measured += consumed.sum::<f64>();
            }
            other => panic!("nobody asks for {other}"),
        }
    }
}

/// Base64 as bytes.
fn decoded(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0, 0u32);
    for letter in text.bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        held = held << 6 | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
        }
    }
    bytes
}

/// Which kind of row this is, as the document names it.
fn kind(key: &Value) -> String {
    let pk = key["pk"]["S"].as_str().unwrap();
    let sort = decoded(key["sk"]["B"].as_str().unwrap());
    let sort = String::from_utf8_lossy(&sort);
    let sort = sort.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    let row = ["state", "turn", "token", "reply"].into_iter().find(|row| sort.starts_with(row));
    match pk.split_once('/') {
        Some(("call", _)) => format!("`call/ID` `{}`", row.unwrap()),
        Some(("record-index", _)) => "`record-index/COLLECTION`".to_owned(),
        Some(("open-calls", _)) => "`open-calls/RELEASE/N`".to_owned(),
        Some(("records", _)) | None => format!("`{pk}`"),
        Some((name @ ("ticket-key" | "record-receipt"), _)) => format!("`{name}/KEY`"),
        Some(("~token", _)) => "`~token/NAME`".to_owned(),
        Some(_) => panic!("the document names no kind of row for {pk}"),
    }
}

/// In the place that the document marks so.
fn in_document(mark: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let text = std::fs::read_to_string(&path).unwrap();
    let mark = format!("<!-- {mark} -->\n");
    let (head, rest) = text.split_once(&mark).expect("the table's place is marked");
    let (old, tail) = rest.split_once("<!-- end -->\n").expect("the table's end is marked");
    if std::env::var_os("DIALGRAPH_UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{head}{mark}{table}<!-- end -->\n{tail}")).unwrap();
    } else {
        assert_eq!(table, old, "run with DIALGRAPH_UPDATE_DOCS=1 and review the difference");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_readme_call_costs_what_the_document_says() {
    let ministack = StandIn::ministack();
    create_table(&stand_in(&ministack.url()), TABLE).await.unwrap();
    let between = Between::start(ministack.address());
    let (at, _) = parse_time("2026-11-20T10:00:00+09:00").unwrap();
    let limits = Limits {
        attempt: std::time::Duration::from_secs(30),
        operation: std::time::Duration::from_secs(60),
    };
    let connection = stand_in(&between.url());
    let clock = Arc::new(move || UnixMillis(at.0));
    let dynamo = Arc::new(DynamoStore::new(&connection, TABLE, clock, limits));
    let ring = Keyring::parse(&"5a".repeat(32), "test").unwrap();
    let store: Arc<dyn Store> = Arc::new(Sealed::open(dynamo.clone(), ring).await.unwrap());
    let flows = folder().join("../flows/support-desk");
    let project = Project::load(&flows).unwrap();
    let mut local = LocalConfig::new(&flows, store.clone());
    local.collections = project
        .collections()
        .iter()
        .map(|(name, collection)| (name.to_string(), collection.seed.clone()))
        .collect();
    local.indexes = Arc::new(project.indexes());
    local.schemas = project.record_schemas().into_iter().collect();
    local.work.clone_from(&project.engineers().work);
    local.now = at;
    let providers = local.build().await.unwrap().providers;
    let engine = Engine::new(
        store,
        Arc::new(Releases::new(fixture().release.clone())),
        fixture().plugins.clone(),
        Arc::new(Dispatch::new(providers, project.grants())),
        Arc::new(Morning(at)),
        WaitRules::default(),
    );

    let mut paper = Paper::default();
    for exchange in between.take_seen() {
        paper.count(&exchange, &mut Units::default());
    }
    let id = CallId("call-1".into());
    let said = |text: &str| Event::Said { text: text.to_owned(), confidence: None };
    let events = [
        Event::Entered,
        Event::Pressed("1".to_owned()),
        said("푸른별상사"),
        said("홍예시"),
        Event::Pressed("1".to_owned()),
        said("운영 서버가 다운됐어요"),
        Event::Resumed,
    ];
    let (mut rows, mut sum) = (String::new(), Units::default());
    let mut written = BTreeMap::<String, Vec<usize>>::new();
    let mut last = None;
    for (n, event) in events.into_iter().enumerate() {
        let what = match &event {
            Event::Entered => "arrives".to_owned(),
            Event::Pressed(keys) => format!("presses {keys}"),
            Event::Said { text, .. } => format!("“{text}”"),
            Event::Resumed => "has talked to the engineer".to_owned(),
            other => format!("{other:?}"),
        };
        let answer = if n == 0 {
            let start = Start {
                id: id.clone(),
                channel: Channel::default(),
                locale: None,
                from: Some("+821000000101".to_owned()),
                to: None,
                flow: None,
                seed: 1,
                attributes: std::collections::BTreeMap::new(),
            };
            engine.turn(TurnRequest::start(start, "start")).await.unwrap()
        } else {
            engine.turn(TurnRequest::event(id.clone(), event, n.to_string())).await.unwrap()
        };
        let mut units = Units::default();
        for exchange in between.take_seen() {
            paper.count(&exchange, &mut units);
            for op in exchange.asked.body["TransactItems"].as_array().into_iter().flatten() {
                let op = op.as_object().unwrap().values().next().unwrap();
                let key = if op.get("Item").is_some() { &op["Item"] } else { &op["Key"] };
                let place = format!("{} {}", key["pk"], key["sk"]);
                // What is gone again weighs nothing: a call that has ended is open no more.
                if let Some(bytes) = paper.items.get(&place) {
                    written.entry(kind(key)).or_default().push(*bytes);
                }
            }
        }
        let Units { requests, rows: items, reads, writes, measured } = units;
        writeln!(
            rows,
            "| {} | {what} | {requests} | {reads} | {items} | {writes} | {measured} |",
            n + 1
        )
        .unwrap();
        sum.requests += requests;
        sum.rows += items;
        sum.reads += reads;
        sum.writes += writes;
        sum.measured += measured;
        last = Some(answer);
    }
    let status = last.unwrap().call.status;
    assert_eq!(status.disposition(), Some("transferred"), "the call ended elsewhere: {status:?}");
    let Units { requests, rows: items, reads, writes, measured } = sum;
    writeln!(
        rows,
        "| | **the whole call** | {requests} | {reads} | {items} | {writes} | {measured} |"
    )
    .unwrap();

    println!("{rows}");
    let mut sizes = String::new();
    for (kind, bytes) in &written {
        let (least, most) = (bytes.iter().min().unwrap(), bytes.iter().max().unwrap());
        let size = if least == most { format!("{least}") } else { format!("{least} to {most}") };
        writeln!(sizes, "| {kind} | {} | {size} |", bytes.len()).unwrap();
    }
    println!("{sizes}");
    let counted = dynamo.consumed();
    println!("since the store was opened: {counted:?}");
    assert!(
        (measured - writes as f64).abs() < 0.01,
        "the stand-in counts {measured} units written, the rules give {writes}"
    );

    let title = "| turn | the caller | requests | units read, by the rule | items written | units written, by the rule | units written, as counted |\n|---|---|---|---|---|---|---|\n";
    in_document("measured", &format!("{title}{rows}"));
    let title = "| row | written in this call | bytes of an item |\n|---|---|---|\n";
    in_document("sizes", &format!("{title}{sizes}"));
}
