//! Kills a process that commits under load, again and again, and looks at what is left.
//!
//! This test starts itself as the process to be killed: the child is the ignored test below, told
//! by an environment variable where its database is. It reports every acknowledged commit on
//! standard error.

#![allow(clippy::unwrap_used, reason = "a test or benchmark fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use dialgraph_store::{
    CommitToken, Committed, Expect, Key, Op, Part, Query, SledOptions, SledStore, Sort, Store,
    UnixMillis,
};

const FOLDER_VARIABLE: &str = "DIALGRAPH_CRASH_FOLDER";
const ROUNDS_VARIABLE: &str = "DIALGRAPH_CRASH_ROUNDS";
const WRITERS: u64 = 6;

fn open(folder: &Path) -> SledStore {
    SledStore::open(folder, Arc::new(|| UnixMillis(1_800_000_000_000)), &SledOptions::default())
        .unwrap()
}

fn key(table: &str, writer: u64, n: u64) -> Key {
    Key::new(&Part::new(format!("{table}/{writer}")).unwrap(), Sort::number(n)).unwrap()
}

fn token(writer: u64, n: u64) -> CommitToken {
    CommitToken::new(format!("writer {writer} turn {n}")).unwrap()
}

/// Turn `n` of a writer: the number in front of some padding, as large as a call's state, and
/// sometimes so large that the store has to cut it.
fn value(n: u64) -> Vec<u8> {
    let mut value = n.to_be_bytes().to_vec();
    value.resize(if n % 9 == 4 { 21_000 } else { 1500 }, n as u8);
    value
}

/// A turn as the engine commits it: state by version, one journal row, one outbox row.
fn turn(writer: u64, n: u64) -> [Op; 3] {
    let expect = if n == 1 { Expect::Absent } else { Expect::Version(n - 1) };
    [
        Op::put(key("state", writer, 0), value(n), expect),
        Op::put(key("journal", writer, n), value(n), Expect::Absent),
        Op::put(key("outbox", writer, n), n.to_be_bytes().to_vec(), Expect::Absent),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "this is the process that the other test kills"]
async fn child_that_commits_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER_VARIABLE) else { return };
    let store = Arc::new(open(Path::new(&folder)));
    let writers = (0..WRITERS).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let state = store.get(&key("state", writer, 0)).await.unwrap();
            let mut n = state.map_or(0, |row| row.version);
            loop {
                n += 1;
                let outcome = store.commit(&turn(writer, n), &token(writer, n)).await.unwrap();
                assert_eq!(outcome, Committed::Applied);
                writeln!(std::io::stderr(), "ack {writer} {n}").unwrap();
            }
        })
    });
    // The first writer that fails ends the child, and thereby the test.
    futures::future::try_join_all(writers).await.unwrap();
}

/// Runs the child, kills it after `acks` acknowledgements, and adds all it gave to `acked`.
fn run_and_kill(folder: &Path, acks: usize, acked: &mut BTreeMap<u64, u64>) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_commits_until_it_is_killed", "--ignored", "--nocapture"])
        .env(FOLDER_VARIABLE, folder)
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
    // What it had written into the pipe before was acknowledged too. The kernel keeps whole lines
    // together.
    seen += lines.map(|line| note(line.unwrap())).sum::<usize>();
    assert!(ended.is_none() && seen >= acks, "the child ended by itself: {}", other.join("\n"));
    seen
}

async fn turns(store: &SledStore, table: &str, writer: u64) -> Vec<u64> {
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

async fn check(store: &SledStore, acked: &BTreeMap<u64, u64>) {
    for writer in 0..WRITERS {
        let acked = acked.get(&writer).copied().unwrap_or_default();
        let state = store.get(&key("state", writer, 0)).await.unwrap();
        let reached = state.as_ref().map_or(0, |row| row.version);
        assert!(
            reached >= acked,
            "writer {writer}: turn {acked} was acknowledged, {reached} is there"
        );
        if let Some(row) = state {
            assert_eq!(row.value, value(reached), "writer {writer}: state and version disagree");
        }
        let wanted: Vec<u64> = (1..=reached).collect();
        assert_eq!(turns(store, "journal", writer).await, wanted, "writer {writer}: torn journal");
        assert_eq!(turns(store, "outbox", writer).await, wanted, "writer {writer}: torn outbox");
        for n in [acked, reached].into_iter().filter(|&n| n > 0) {
            let again = store.commit(&turn(writer, n), &token(writer, n)).await.unwrap();
            assert_eq!(
                again,
                Committed::Repeated,
                "writer {writer}: the token of turn {n} is gone"
            );
        }
    }
}

#[tokio::test]
async fn no_acknowledged_commit_is_lost_and_none_is_torn_by_kill_9() {
    let rounds = std::env::var(ROUNDS_VARIABLE).map_or(12, |text| text.parse::<usize>().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut acked = BTreeMap::new();
    let mut total = 0;
    for round in 0..rounds {
        // Sometimes at once, while it opens or recovers; otherwise after ever different amounts of
        // work.
        let acks = if round % 4 == 3 { 0 } else { 1 + round * 397 % 701 };
        total += run_and_kill(folder.path(), acks, &mut acked);
        check(&open(folder.path()), &acked).await;
    }
    assert_eq!(acked.len() as u64, WRITERS, "not every writer got to commit");
    println!("{rounds} kills, {total} acknowledged commits, none lost");
}
