//! Kills a process that commits to a table under load, again and again, and looks at what is left
//! there.
//!
//! This test starts itself as the process to be killed: the child is the ignored test below, told
//! by environment variables where its table is. It reports every acknowledged commit on standard
//! error.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use dialgraph_aws::connection;
use dialgraph_aws::dynamodb::{DynamoStore, Limits, create_table};
use dialgraph_stand_ins::{Kind, StandIn};
use dialgraph_store::{
    CommitToken, Committed, Expect, Key, Op, Part, Query, Sort, Store, UnixMillis,
};

const URL_VARIABLE: &str = "DIALGRAPH_CRASH_URL";
const ROUNDS_VARIABLE: &str = "DIALGRAPH_CRASH_ROUNDS";
const TABLE: &str = "crash";
const WRITERS: u64 = 6;

async fn open(url: &str) -> DynamoStore {
    let limits = Limits { attempt: Duration::from_secs(30), operation: Duration::from_secs(60) };
    let clock = Arc::new(|| UnixMillis(1_800_000_000_000));
    DynamoStore::open(&connection::stand_in(url), TABLE, clock, limits).await.unwrap()
}

fn key(table: &str, writer: u64, n: u64) -> Key {
    Key::new(&Part::new(format!("{table}/{writer}")).unwrap(), Sort::number(n)).unwrap()
}

fn token(writer: u64, n: u64) -> CommitToken {
    CommitToken::new(format!("writer {writer} turn {n}")).unwrap()
}

/// Turn `n` of a writer: the number in front of some padding, as large as a call's state, and
/// sometimes large.
fn value(n: u64) -> Vec<u8> {
    let mut value = n.to_be_bytes().to_vec();
    value.resize(if n % 9 == 4 { 21_000 } else { 1500 }, n as u8);
    value
}

/// A turn as the engine commits it: state by version, one journal row, one row of an index. And a
/// row that is written whatever is there, which is a request of another kind: its version counts
/// how often that was done.
fn turn(writer: u64, n: u64) -> [Op; 4] {
    let expect = if n == 1 { Expect::Absent } else { Expect::Version(n - 1) };
    [
        Op::put(key("state", writer, 0), value(n), expect),
        Op::put(key("journal", writer, n), value(n), Expect::Absent),
        Op::put(key("index", writer, n), n.to_be_bytes().to_vec(), Expect::Absent),
        Op::put(key("count", writer, 0), n.to_be_bytes().to_vec(), Expect::Any),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "this is the process that the other test kills"]
async fn child_that_commits_until_it_is_killed() {
    let Ok(url) = std::env::var(URL_VARIABLE) else { return };
    let store = Arc::new(open(&url).await);
    let writers = (0..WRITERS).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let state = store.get(&key("state", writer, 0)).await.unwrap();
            let reached = state.map_or(0, |row| row.version);
            for n in reached + 1.. {
                let outcome = store.commit(&turn(writer, n), &token(writer, n)).await;
                match outcome {
                    Ok(Committed::Applied) => {}
                    // What the process that was killed had sent may arrive after this one has
                    // looked, for nobody can call back a request: then its turn is there, whole,
                    // under the same token. That is the first turn here, since it had no other
                    // under way; no later one can have been made before.
                    Ok(Committed::Repeated) if n == reached + 1 => {}
                    other => panic!("turn {n} of writer {writer}: {other:?}"),
                }
                writeln!(std::io::stderr(), "ack {writer} {n}").unwrap();
            }
        })
    });
    // The first writer that fails ends the child, and thereby the test.
    futures::future::try_join_all(writers).await.unwrap();
}

/// Runs the child, kills it after `acks` acknowledgements, and adds all it gave to `acked`.
fn run_and_kill(url: &str, acks: usize, acked: &mut BTreeMap<u64, u64>) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_commits_until_it_is_killed", "--ignored", "--nocapture"])
        .env(URL_VARIABLE, url)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut seen = 0;
    let mut other = Vec::new();
    let mut note = |line: String| {
        let mut words = line.split(' ');
        let numbers = (words.next() == Some("ack"))
            .then(|| Some((words.next()?.parse().ok()?, words.next()?.parse::<u64>().ok()?)))
            .flatten();
        match numbers {
            Some((writer, n)) => {
                let last = acked.entry(writer).or_default();
                *last = n.max(*last);
                1
            }
            None => {
                other.push(line);
                0
            }
        }
    };
    while seen < acks {
        match lines.next() {
            Some(line) => seen += note(line.unwrap()),
            None => break,
        }
    }
    let ended = child.try_wait().unwrap();
    // On Unix this is SIGKILL: no destructor, no flush, no last word.
    child.kill().unwrap();
    child.wait().unwrap();
    seen += lines.map(|line| note(line.unwrap())).sum::<usize>();
    assert!(ended.is_none() && seen >= acks, "the child ended by itself: {}", other.join("\n"));
    seen
}

async fn turns(store: &DynamoStore, table: &str, writer: u64) -> Vec<u64> {
    let mut query = Query::new(key(table, writer, 0).part().clone()).limit(1000);
    let mut turns = Vec::new();
    loop {
        let page = store.query(&query).await.unwrap();
        for row in page.rows {
            let n = u64::from_be_bytes(*row.value.first_chunk().unwrap());
            assert_eq!(&row.key, &key(table, writer, n), "a row holds another turn's value");
            if table == "journal" {
                assert_eq!(row.value, value(n), "a value is not whole");
            }
            turns.push(n);
        }
        query.cursor = page.next;
        if query.cursor.is_none() {
            return turns;
        }
    }
}

async fn check(store: &DynamoStore, acked: &BTreeMap<u64, u64>) {
    for writer in 0..WRITERS {
        let acked = acked.get(&writer).copied().unwrap_or_default();
        let state = async || store.get(&key("state", writer, 0)).await.unwrap();
        // What the killed process had sent last may still arrive between two looks.
        let (row, journal, index, count) = loop {
            let before = state().await;
            let (journal, index) =
                (turns(store, "journal", writer).await, turns(store, "index", writer).await);
            let count = store.get(&key("count", writer, 0)).await.unwrap();
            if state().await == before {
                break (before, journal, index, count);
            }
        };
        let reached = row.as_ref().map_or(0, |row| row.version);
        assert!(
            reached >= acked,
            "writer {writer}: turn {acked} was acknowledged, {reached} is there"
        );
        if let Some(row) = row {
            assert_eq!(row.value, value(reached), "writer {writer}: state and version disagree");
        }
        let wanted: Vec<u64> = (1..=reached).collect();
        assert_eq!(journal, wanted, "writer {writer}: torn journal");
        assert_eq!(index, wanted, "writer {writer}: torn index");
        let counted = count.map_or(0, |row| row.version);
        assert_eq!(counted, reached, "writer {writer}: a turn was written twice, or not whole");
        for n in [acked, reached].into_iter().filter(|&n| n > 0) {
            let again = store.commit(&turn(writer, n), &token(writer, n)).await.unwrap();
            assert_eq!(again, Committed::Repeated, "writer {writer}: turn {n} is not known again");
        }
    }
}

async fn survive(kind: Kind) -> String {
    let rounds = std::env::var(ROUNDS_VARIABLE).map_or(12, |text| text.parse::<usize>().unwrap());
    let stand_in = StandIn::start(kind);
    let connection = connection::stand_in(&stand_in.url());
    create_table(&connection, TABLE).await.unwrap();
    let mut acked = BTreeMap::new();
    let mut total = 0;
    for round in 0..rounds {
        // Sometimes at once, while it opens; otherwise after ever different amounts of work.
        let acks = if round % 4 == 3 { 0 } else { 8 + round * 37 % 29 };
        total += run_and_kill(&stand_in.url(), acks, &mut acked);
        check(&open(&stand_in.url()).await, &acked).await;
    }
    assert_eq!(acked.len() as u64, WRITERS, "not every writer got to commit");
    format!("{}: {rounds} kills, {total} acknowledged commits, none lost", kind.name())
}

#[tokio::test]
async fn no_acknowledged_commit_is_lost_and_none_is_torn_by_kill_9_on_moto() {
    println!("{}", survive(Kind::Moto).await);
}

#[tokio::test]
async fn no_acknowledged_commit_is_lost_and_none_is_torn_by_kill_9_on_ministack() {
    println!("{}", survive(Kind::Ministack).await);
}
