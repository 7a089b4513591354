//! Kills an engine that holds calls, again and again, and looks at what is left of them.
//!
//! This test starts itself as the process to be killed: the child is the ignored test below, told
//! by an environment variable where its store is. It reports every answer on standard error, as a
//! channel would hear it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{SystemTime, UNIX_EPOCH};

use dialgraph_base::{CallId, Channel, Digest, Name, Timestamp};
use dialgraph_flow::Release;
use dialgraph_flow::testing::{compile_files, plugins};
use dialgraph_kernel::call::{Call, NewCall, Status};
use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::plugin::{
    Cost, Done, HostCalls, Invocation, Plugins, RunReport, RunResult, Speech,
};
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostResult, knowledge};
use dialgraph_kernel::provider::Caller;
use dialgraph_kernel::turn::{Progress, Turn, TurnHost};
use dialgraph_runtime::{Clock, Engine, Releases, Start, TurnRequest, WaitRules, World};
use dialgraph_store::{SledOptions, SledStore, UnixMillis};
use futures::FutureExt as _;
use futures::future::{BoxFuture, poll_fn};
use serde_json::{Value, json};

const FOLDER_VARIABLE: &str = "DIALGRAPH_CRASH_FOLDER";
const ROUNDS_VARIABLE: &str = "DIALGRAPH_CRASH_ROUNDS";
/// Calls held at once.
const LINES: u64 = 16;
/// The turn in which the caller hangs up.
const LAST_TURN: u32 = 9;

const PROJECT: &str = "\
entry: desk
fallback: {queue: general}
locales: [en-US]
limits: {attribute_bytes: 60000}
";

const QUEUES: &str = "general: {title: {en-US: General}, priority: 3}\n";

const DESK: &str = r#"
flow: desk
summary: Talks to the caller, with a dossier at hand.
locales: [en-US]
attributes: {dossier: string}
start: greet
nodes:
  greet: {say: {en-US: "Hello."}, next: talk}
  talk: {call: talk, with: {dossier: dossier}, on: {over: bye}}
  bye: {end: {disposition: lost}}
"#;

const TALK: &str = r#"
flow: talk
summary: Looks up what the caller asks for, until the caller hangs up.
locales: [en-US]
attributes: {heard: {type: list, default: []}, asked: {type: number, default: 0}}
inputs: {dossier: string}
returns: {over: {}}
start: menu
nodes:
  menu:
    ask:
      prompt: {en-US: "What is it about?"}
      speech: true
    save: {heard: "heard + [output.text]"}
    on: {said: search, no_input: lost, no_match: lost}
  search:
    use: search
    with: {text: "heard[asked]"}
    on: {found: count, error: lost}
  count: {set: {asked: asked + 1}, next: menu}
  lost: {end: {return: over}}
"#;

fn release() -> Arc<Release> {
    let files =
        [("dialgraph.yaml", PROJECT), ("data/queues.yaml", QUEUES), ("desk", DESK), ("talk", TALK)];
    let plugins = plugins([("search", &["found"][..])]);
    Arc::new(compile_files(&files, &plugins).unwrap_or_else(|report| panic!("{report}")))
}

/// A plugin that searches the articles and says what it found.
struct Search;

impl Plugins for Search {
    fn run(&self, _: &Digest, invocation: &Invocation<'_>, host: &mut dyn HostCalls) -> RunReport {
        let input: Value = serde_json::from_str(invocation.input).unwrap();
        let text = input["text"].as_str().unwrap().to_owned();
        let query = knowledge::Query { text, base: None, limit: 1 };
        let result = match host.call(HostCall::KnowledgeSearch(query)) {
            None => RunResult::Suspended,
            Some(Ok(HostAnswer::KnowledgeSearch(passages))) => {
                let say = passages.into_iter().map(|p| Speech::new(p.text, false)).collect();
                RunResult::Done(Done { port: "found".to_owned(), output: json!({}), say })
            }
            Some(other) => panic!("another capability answered: {other:?}"),
        };
        RunReport { result, logs: Vec::new(), cost: Cost::default() }
    }
}

/// Articles on which every look is answered otherwise, and later: what was found once can be had
/// again from the journal alone.
struct Articles;

impl World for Articles {
    fn call(&self, caller: Caller, call: HostCall) -> BoxFuture<'static, HostResult> {
        static LOOKS: AtomicU64 = AtomicU64::new(0);
        let HostCall::KnowledgeSearch(query) = call else { panic!("nobody asks for {call:?}") };
        let look = LOOKS.fetch_add(1, Ordering::Relaxed);
        let passage = knowledge::Passage {
            id: caller.idempotency_key.to_string(),
            title: query.text.clone(),
            text: format!("look {look} of process {} for {}", std::process::id(), query.text),
            source: "articles".to_owned(),
            score: 1.0,
            extra: Vec::new(),
        };
        let mut waited = false;
        poll_fn(move |context| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(Ok(HostAnswer::KnowledgeSearch(vec![passage.clone()])));
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .boxed()
    }
}

/// The world of a replay: whoever asks it has left the journal.
struct Nobody;

impl TurnHost for Nobody {
    fn call(&mut self, caller: &Caller, call: &HostCall) -> Option<HostResult> {
        panic!("{} is not in the journal: {call:?}", caller.idempotency_key)
    }
}

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the calls of this child are live ones")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp(u64::try_from(since.as_millis()).unwrap())
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}

fn engine(folder: &Path) -> Engine {
    let clock = Arc::new(|| UnixMillis(SystemClock.now().0));
    let store = SledStore::open(folder, clock, &SledOptions::default()).unwrap();
    Engine::new(
        Arc::new(store),
        Arc::new(Releases::new(release())),
        Arc::new(Search),
        Arc::new(Articles),
        Arc::new(SystemClock),
        WaitRules::default(),
    )
}

fn id(line: u64, number: u64) -> CallId {
    CallId(format!("call-{line}-{number}").into())
}

/// What the call is given at its beginning, and its sub-flow is given again. With every fourth call
/// that is so much that its state takes several rows.
fn attributes(number: u64) -> BTreeMap<Name, Value> {
    let length = if number % 4 == 2 { 50_000 } else { 1_000 };
    BTreeMap::from([("dossier".into(), Value::String("상".repeat(length / 3)))])
}

fn start(line: u64, number: u64) -> Start {
    Start {
        id: id(line, number),
        channel: Channel::default(),
        locale: None,
        from: Some("+82-10-0000-0101".to_owned()),
        to: None,
        flow: None,
        seed: number,
        attributes: attributes(number),
    }
}

fn token(turn: u32) -> String {
    format!("event-{turn}")
}

fn event(turn: u32) -> Event {
    if turn == LAST_TURN {
        return Event::HungUp;
    }
    Event::Said { text: format!("matter {turn}"), confidence: Some(0.5) }
}

/// What the caller got, in one word.
fn digest(record: &TurnRecord) -> String {
    Digest::of(&serde_json::to_vec(record).unwrap()).hex()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "this is the process that the other test kills"]
async fn child_that_holds_calls_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER_VARIABLE) else { return };
    let engine = Arc::new(engine(Path::new(&folder)));
    let lines = (0..LINES).map(|line| {
        let engine = engine.clone();
        tokio::spawn(async move {
            let mut number = 0;
            loop {
                hold(&engine, line, number).await;
                number += 1;
            }
        })
    });
    // The first line that fails ends the child, and thereby the test.
    futures::future::try_join_all(lines).await.unwrap();
}

/// Holds a call to its end, from wherever it stands.
async fn hold(engine: &Engine, line: u64, number: u64) {
    let id = id(line, number);
    let mut turn = match engine.calls().load(&id).await.unwrap() {
        Some(loaded) => loaded.call.turn,
        None => 0,
    };
    while turn < LAST_TURN {
        turn += 1;
        let answer = match turn {
            1 => engine.turn(TurnRequest::start(start(line, number), token(turn))).await,
            _ => engine.turn(TurnRequest::event(id.clone(), event(turn), token(turn))).await,
        };
        let answer = answer.unwrap();
        assert!(!answer.repeated, "{id}: turn {turn} was there already");
        assert_eq!(answer.record.turn, turn);
        // In one piece, so that a line is written whole or not at all.
        let ack = format!("ack {line} {number} {turn} {}\n", digest(&answer.record));
        std::io::stderr().write_all(ack.as_bytes()).unwrap();
    }
}

/// Digest of each answer that was given, by line, number and turn.
type Answered = BTreeMap<(u64, u64, u32), String>;

fn read_ack(line: &str) -> Option<((u64, u64, u32), String)> {
    let mut words = line.strip_prefix("ack ")?.split(' ');
    let mut number = || words.next()?.parse::<u64>().ok();
    let place = (number()?, number()?, u32::try_from(number()?).ok()?);
    Some((place, words.next()?.to_owned()))
}

/// Runs the child, kills it after `answers` answers, and adds all it gave to `answered`.
fn run_and_kill(folder: &Path, answers: usize, answered: &mut Answered) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_holds_calls_until_it_is_killed", "--ignored", "--nocapture"])
        .env(FOLDER_VARIABLE, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut seen = 0;
    let mut other = Vec::new();
    let mut note = |line: String| match read_ack(&line) {
        Some((place, digest)) => {
            let before = answered.insert(place, digest);
            assert!(before.is_none(), "{place:?} was answered twice as if it were new");
            1
        }
        None => {
            other.push(line);
            0
        }
    };
    while seen < answers {
        match lines.next() {
            Some(line) => seen += note(line.unwrap()),
            None => break,
        }
    }
    let ended = child.try_wait().unwrap();
    // On Unix this is SIGKILL: no destructor, no flush, no last word.
    child.kill().unwrap();
    child.wait().unwrap();
    // What it had written into the pipe before was answered too.
    seen += lines.map(|line| note(line.unwrap())).sum::<usize>();
    assert!(ended.is_none() && seen >= answers, "the child ended by itself: {}", other.join("\n"));
}

/// Makes all turns of a call again from its journal.
fn replay(
    release: &Arc<Release>,
    (line, number): (u64, u64),
    at: Timestamp,
    records: &[TurnRecord],
) -> Call {
    let start = start(line, number);
    let mut call = Call::new(NewCall {
        id: start.id,
        release: release.digest,
        channel: start.channel,
        locale: release.locales[0].clone(),
        from: start.from,
        to: start.to,
        at,
        seed: start.seed,
        attributes: start.attributes,
    });
    for record in records {
        let event = record.event.clone();
        let begun =
            Turn::begin(release.clone(), Arc::new(Search), call, None, event, record.at).unwrap();
        let mut turn = begun.over(record.entries.iter().cloned());
        let Progress::Finished(finished) = turn.run(&mut Nobody) else {
            panic!("the journal of turn {} has a gap", record.turn)
        };
        assert_eq!(&finished.record, record, "made again, the turn is another");
        call = finished.call;
    }
    call
}

/// Checks one call; gives the turns that it has.
async fn check_call(
    engine: &Engine,
    release: &Arc<Release>,
    line: u64,
    number: u64,
    answered: &Answered,
) -> Option<u32> {
    let id = id(line, number);
    let given = answered.range((line, number, 0)..=(line, number, u32::MAX));
    let loaded = engine.calls().load(&id).await.unwrap();
    let Some(call) = loaded.map(|loaded| loaded.call) else {
        assert_eq!(given.count(), 0, "{id}: it was answered, and is not there");
        assert!(
            engine.calls().turn(&id, 1).await.unwrap().is_none(),
            "{id}: a turn without a call"
        );
        return None;
    };
    let mut records = Vec::new();
    for turn in 1..=call.turn {
        let record = engine.calls().turn(&id, turn).await.unwrap();
        records
            .push(record.unwrap_or_else(|| panic!("{id}: turn {turn} of {} is gone", call.turn)));
        let by_token = engine.calls().answered(&id, &token(turn)).await.unwrap();
        assert_eq!(by_token, Some(turn), "{id}: the token of turn {turn} is gone");
    }
    let beyond = engine.calls().turn(&id, call.turn + 1).await.unwrap();
    assert!(beyond.is_none(), "{id}: its state knows nothing of turn {}", call.turn + 1);
    for ((.., turn), told) in given {
        let record = records.get(*turn as usize - 1);
        let record = record.unwrap_or_else(|| panic!("{id}: turn {turn} was answered and is gone"));
        assert_eq!(&digest(record), told, "{id}: turn {turn} is not what was answered");
    }
    let made_again = replay(release, (line, number), call.started_at, &records);
    assert_eq!(made_again, call, "{id}: state and turns disagree");
    // Whoever asks again, because the answer got lost, hears the same; the event is not looked at.
    let last = call.turn;
    let again =
        engine.turn(TurnRequest::event(id.clone(), Event::Silent, token(last))).await.unwrap();
    assert!(again.repeated, "{id}: turn {last} was made a second time");
    assert_eq!(digest(&again.record), digest(&records[last as usize - 1]));
    assert_eq!(again.call, call);
    Some(last)
}

/// Checks every call that there is; gives the last of each line with its turns.
async fn check(engine: &Engine, answered: &Answered) -> HashMap<u64, (u64, u32)> {
    let release = release();
    let mut standing = HashMap::new();
    for line in 0..LINES {
        let last = answered.keys().filter(|(l, ..)| *l == line).map(|(_, number, _)| *number).max();
        let mut number = 0;
        loop {
            let turns = check_call(engine, &release, line, number, answered).await;
            match turns {
                Some(turns) => standing.insert(line, (number, turns)),
                None if last.is_some_and(|last| number <= last) => {
                    panic!("call-{line}-{number} is gone")
                }
                None => break,
            };
            number += 1;
        }
    }
    standing
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_outlive_kill_9_with_every_answer_that_was_given() {
    let rounds = std::env::var(ROUNDS_VARIABLE).map_or(8, |text| text.parse::<usize>().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut answered = Answered::new();
    for round in 0..rounds {
        // Sometimes at once, while it opens or recovers; otherwise after ever different amounts of
        // work.
        let answers = if round % 4 == 3 { 0 } else { 1 + round * 397 % 301 };
        run_and_kill(folder.path(), answers, &mut answered);
        check(&engine(folder.path()), &answered).await;
    }
    let engine = engine(folder.path());
    let standing = check(&engine, &answered).await;
    assert_eq!(standing.len() as u64, LINES, "not every line got to talk");
    for (line, (number, turns)) in standing {
        let id = id(line, number);
        for turn in turns + 1..=LAST_TURN {
            let answer = engine
                .turn(TurnRequest::event(id.clone(), event(turn), token(turn)))
                .await
                .unwrap();
            assert!(!answer.repeated);
        }
        let call = engine.calls().load(&id).await.unwrap().unwrap().call;
        assert!(matches!(call.status, Status::Ended { .. }), "{id} did not end: {:?}", call.status);
    }
    check(&engine, &answered).await;
    println!("{rounds} kills, {} answers given, none lost", answered.len());
}
