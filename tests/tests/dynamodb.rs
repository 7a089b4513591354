//! Engines that share a table and nothing else: real `dialgraph serve` processes, sealed, over a stand-in for DynamoDB.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod connect;
mod fleet;

use std::net::SocketAddr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dialgraph_kernel::call::CallId;
use dialgraph_kernel::ports::Timestamp;
use dialgraph_simulator::script::Script;
use dialgraph_simulator::session::{Action, Session, Setup};
use dialgraph_stand_ins::{Asked, Between, Fate, StandIn};
use serde_json::{Value, json};

use connect::double::{Double, Stand};
use connect::lab::{bridge, folder, lab, queue_arn};
use connect::live::{Process, Server, binary};
use fleet::{
    PATIENCE, TABLE, begin, create_table, deliver, event, heard, request, serve, shown, turns,
};

/// Callers on the line at once.
const LINES: u64 = 6;

/// What a caller does, over and over; the flows take it or ask again.
fn doings() -> [Value; 4] {
    [
        json!({"event": "pressed", "keys": "1"}),
        json!({"event": "said", "text": "푸른별상사", "confidence": 0.9}),
        json!({"event": "silent"}),
        json!({"event": "said", "text": "홍예시", "confidence": 0.9}),
    ]
}

/// What is known of a call on the caller's side: its last event that was answered, and the answer.
struct Held {
    id: String,
    turns: u64,
    last: Option<(Value, Value)>,
}

/// Holds calls on one line until `over`, and counts its answers in `answered`.
fn line(servers: &[SocketAddr], line: u64, over: &AtomicBool, answered: &AtomicU64) -> Vec<Held> {
    let mut calls = Vec::new();
    while !over.load(Ordering::SeqCst) {
        let id = format!("line-{line}-call-{}", calls.len());
        let first = line as usize + calls.len();
        let mut answer = begin(servers, first, &id);
        let mut held = Held { id: id.clone(), turns: 1, last: None };
        for doing in doings().iter().cycle().take(12) {
            answered.fetch_add(1, Ordering::SeqCst);
            if answer["status"] != "active" || over.load(Ordering::SeqCst) {
                break;
            }
            let turn = answer["turn"].as_u64().expect("an answer has a turn");
            assert_eq!(turn, held.turns, "{id}: a turn was lost or made twice: {answer}");
            let waits = answer["then"]["action"] == "wait";
            let doing = if waits { json!({"event": "resumed"}) } else { doing.clone() };
            let sent = event(turn, &doing);
            // Another server with every turn.
            answer = deliver(servers, first + turn as usize, &turns(&id), &sent);
            held.turns += 1;
            held.last = Some((sent, answer.clone()));
        }
        calls.push(held);
    }
    calls
}

fn wait_for(what: &str, so: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < until, "{what} did not come about");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Three servers that begin at the same moment on an empty table.
fn three(url: &str) -> Vec<Server> {
    let made = create_table(url);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    thread::scope(|scope| {
        let starting: Vec<_> = (0..3).map(|_| scope.spawn(|| serve(url, &[]))).collect();
        starting.into_iter().map(|starting| starting.join().unwrap()).collect()
    })
}

#[test]
fn calls_go_on_at_another_process_when_one_is_killed_and_a_push_reaches_all() {
    let ministack = StandIn::ministack();
    let mut servers = three(&ministack.url());
    let addresses: Vec<_> = servers.iter().map(|server| server.address).collect();

    of_two_who_race_for_a_turn_one_wins(&addresses);
    a_push_through_one_is_live_on_the_others(&addresses);

    let (over, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    let calls = thread::scope(|scope| {
        let lines: Vec<_> = (0..LINES)
            .map(|n| {
                scope.spawn({
                    let (a, o, d) = (&addresses, &over, &answered);
                    move || line(a, n, o, d)
                })
            })
            .collect();
        // Killed under load, the one as good as the other: the first that began, then another.
        for killed in [0, 1] {
            let before = answered.load(Ordering::SeqCst);
            wait_for("answers before a kill", || {
                answered.load(Ordering::SeqCst) >= before + 4 * LINES
            });
            servers[killed].kill();
        }
        let before = answered.load(Ordering::SeqCst);
        wait_for("answers after the kills", || {
            answered.load(Ordering::SeqCst) >= before + 4 * LINES
        });
        over.store(true, Ordering::SeqCst);
        lines.into_iter().flat_map(|line| line.join().unwrap()).collect::<Vec<_>>()
    });

    let left = addresses[2];
    let mut events = 0;
    for held in &calls {
        let call = shown(left, &held.id);
        let records = call["turns"].as_array().unwrap();
        let numbers: Vec<_> =
            records.iter().map(|turn| turn["record"]["turn"].as_u64().unwrap()).collect();
        // Not one that was answered is lost, and none was made twice.
        assert_eq!(numbers, (1..=held.turns).collect::<Vec<_>>(), "{}", held.id);
        events += held.turns;
        if let Some((sent, answer)) = &held.last {
            let again = deliver(&[left], 0, &turns(&held.id), sent);
            assert_eq!(again["repeated"], true, "{}", held.id);
            assert_eq!((&again["say"], &again["then"]), (&answer["say"], &answer["then"]));
        }
    }
    println!("{} calls, {events} turns, 2 of 3 processes killed, none lost", calls.len());
}

/// Two events for the same turn, at the same moment, at two processes.
fn of_two_who_race_for_a_turn_one_wins(servers: &[SocketAddr]) {
    for n in 0..8 {
        let id = format!("race-{n}");
        begin(servers, 0, &id);
        let gate = Barrier::new(2);
        let answers = thread::scope(|scope| {
            let racing = ["1", "2"].map(|keys| {
                let (id, gate) = (&id, &gate);
                scope.spawn(move || {
                    let sent = event(1, &json!({"event": "pressed", "keys": keys}));
                    let at = usize::from(keys == "2");
                    gate.wait();
                    (keys, deliver(&servers[at..=at], 0, &turns(id), &sent))
                })
            });
            racing.map(|one| one.join().unwrap())
        });
        let winners: Vec<_> = answers.iter().filter(|(_, a)| a["repeated"] == false).collect();
        assert_eq!(winners.len(), 1, "{id}: {answers:?}");
        // The other has read what the winner wrote, and tells its own caller the same.
        assert_eq!(answers[0].1["say"], answers[1].1["say"], "{id}");
        let call = shown(servers[2], &id);
        let records = call["turns"].as_array().unwrap();
        assert_eq!(records.len(), 2, "{id}");
        let event = records[1]["record"]["event"].to_string();
        assert!(event.contains(&format!("\"{}\"", winners[0].0)), "{id}: {event}");
    }
}

fn a_push_through_one_is_live_on_the_others(servers: &[SocketAddr]) {
    let old = begin(servers, 1, "before-the-push");
    let flow = std::fs::read_to_string(folder().join("../flows/main-entry.flow.yaml")).unwrap();
    let changed = flow.replace("안녕하세요. 솔트웨어", "반갑습니다. 솔트웨어");
    assert_ne!(flow, changed);
    assert!(heard(&old).contains("안녕하세요. 솔트웨어"), "{old}");
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("main-entry.flow.yaml");
    std::fs::write(&file, changed).unwrap();
    let pushed = std::process::Command::new(binary("dialgraph"))
        .args(["flow", "push"])
        .arg(&file)
        .args(["--server", &format!("http://{}", servers[0])])
        .output()
        .unwrap();
    assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
    for (n, _) in servers.iter().enumerate() {
        let tries = AtomicU64::new(0);
        wait_for("the push on every process", || {
            let id = format!("pushed-{n}-{}", tries.fetch_add(1, Ordering::SeqCst));
            heard(&begin(&servers[n..=n], 0, &id)).contains("반갑습니다. 솔트웨어")
        });
    }
    // A call that had begun stays with what it began with, wherever it goes on.
    let release = |id: &str| shown(servers[2], id)["call"]["release"].clone();
    let before = release("before-the-push");
    deliver(servers, 2, &turns("before-the-push"), &event(1, &doings()[0]));
    assert_eq!(release("before-the-push"), before);
    assert_ne!(release("pushed-2-0"), Value::Null);
}

/// What stands between the server and the table is silent, or refuses everything.
#[test]
fn with_the_table_gone_in_mid_call_every_caller_reaches_a_person() {
    let ministack = StandIn::ministack();
    assert!(create_table(&ministack.url()).status.success());
    let between = Between::start(ministack.address());
    let server = serve(&between.url(), &[("DIALGRAPH_STORE__OPERATION_TIMEOUT", "3s")]);
    let function = Process::start(server.address);
    let path = folder().join("calls/scenarios/an_msp_customer_reports_an_outage.call.yaml");
    let script = Script::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    for (n, fate) in [
        Fate::Refuse(400, "ThrottlingException"),
        Fate::Refuse(400, "ProvisionedThroughputExceededException"),
        Fate::Refuse(500, "InternalServerError"),
        Fate::Vanish,
    ]
    .into_iter()
    .enumerate()
    {
        between.decide(|_: &Asked| Fate::Pass);
        let (setup, _) = script.setup("contact").unwrap();
        let setup = Setup { id: CallId(format!("contact-{n}").into()), at: now(), ..setup };
        let flow = bridge(&setup).flow().unwrap();
        let (double, seen) = Double::new(&flow, &setup, Box::new(function.clone()));
        let mut live = Session::new(lab(), setup).on(Box::new(double));
        live.start().unwrap();
        assert!(matches!(seen.lock().unwrap().stand, Stand::Asked(_)), "{fate:?}");
        let what = format!("{fate:?}");
        between.decide(move |_: &Asked| fate.clone());
        live.act(&Action::Presses("1".to_owned())).unwrap();
        let seen = seen.lock().unwrap().clone();
        assert_eq!(seen.stand, Stand::Queued(queue_arn("general")), "{what}");
        let last = seen.heard.last().map(String::as_str).unwrap_or_default();
        assert!(last.contains("상담원") || last.contains("agent"), "{what}: heard last: {last}");
    }
    // Nobody repaired the server: it goes on as soon as the table does.
    between.decide(|_: &Asked| Fate::Pass);
    begin(&[server.address], 0, "afterwards");
}

#[expect(clippy::disallowed_methods, reason = "a server takes the time of this machine")]
fn now() -> Timestamp {
    let since =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or_default())
}

/// A customer says who they are; everything that they hear until it is done.
fn identify(server: SocketAddr, id: &str) -> String {
    let mut answer = begin(&[server], 0, id);
    let mut all = heard(&answer);
    for _ in 0..20 {
        let words = heard(&answer);
        let doing = match answer["then"]["action"].as_str() {
            Some("wait") => json!({"event": "resumed"}),
            _ if words.contains("회사 이름") => json!({"event": "said", "text": "푸른별상사"}),
            _ if words.contains("성함") => json!({"event": "said", "text": "홍예시"}),
            // Korean, on with it, yes.
            _ => json!({"event": "pressed", "keys": "1"}),
        };
        let turn = answer["turn"].as_u64().unwrap();
        answer = deliver(&[server], 0, &turns(id), &event(turn, &doing));
        all = format!("{all} {}", heard(&answer));
        if all.contains("고객님") || answer["status"] != "active" {
            break;
        }
    }
    all
}

#[test]
fn with_the_records_throttled_the_customer_is_found_in_what_was_last_known() {
    let ministack = StandIn::ministack();
    assert!(create_table(&ministack.url()).status.success());
    let between = Between::start(ministack.address());
    let limits =
        [("DIALGRAPH_STORE__OPERATION_TIMEOUT", "2s"), ("DIALGRAPH_STORE__ATTEMPT_TIMEOUT", "2s")];
    let server = serve(&between.url(), &limits);
    let up = identify(server.address, "up");
    assert!(up.contains("(주)푸른별상사 고객님"), "{up}");
    assert!(!up.contains("마지막으로 확인된 정보"), "{up}");
    // A hot partition: all else in the table goes on.
    between.decide(|asked: &Asked| {
        let hot = asked.operation != "TransactWriteItems"
            && asked.body.to_string().contains("\"records/customers\"");
        if hot {
            return Fate::Refuse(400, "ProvisionedThroughputExceededException");
        }
        Fate::Pass
    });
    let down = identify(server.address, "down");
    assert!(down.contains("마지막으로 확인된 정보"), "{down}");
    assert!(down.contains("(주)푸른별상사 고객님"), "{down}");
    let seen = between.take_seen();
    assert!(seen.iter().any(|exchange| matches!(exchange.fate, Fate::Refuse(..))));
}

#[test]
fn without_a_table_or_credentials_the_command_says_what_to_do() {
    let ministack = StandIn::ministack();
    let made = create_table(&ministack.url());
    assert_eq!(
        String::from_utf8(made.stdout).unwrap(),
        "table: made, paid for by request, protected from deletion\n\
         time to live: on; rows that have expired are removed by themselves\n\
         point-in-time recovery: on\n"
    );
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        let output = std::process::Command::new(binary("dialgraph"))
            .args(arguments)
            .current_dir(folder.path())
            .envs(ministack.environment())
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let missing = run(
        &["serve"],
        &[("DIALGRAPH_STORE__BACKEND", "dynamodb"), ("DIALGRAPH_STORE__TABLE", "nowhere")],
    );
    assert!(missing.contains("dialgraph store create-table --table nowhere"), "{missing}");
    let nobody = run(
        &["store", "create-table", "--table", TABLE],
        &[("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")],
    );
    assert!(nobody.contains("there are no credentials for Amazon"), "{nobody}");
    let (status, _) = request(ministack.address(), "GET", "/_ministack/health", None).unwrap();
    assert_eq!(status, 200, "the stand-in is still there");
}

/// The shipped project without the first of its customers, in `place`.
fn without_the_first(place: &std::path::Path) -> std::path::PathBuf {
    let project = place.join("flows");
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .args([&folder().join("../flows"), &project])
        .status();
    assert!(copied.unwrap().success());
    let file = project.join("data/collections/customers.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (from, until) = (text.find("\nc-001:").unwrap(), text.find("\nc-002:").unwrap());
    std::fs::write(&file, format!("{}{}", &text[..from], &text[until..])).unwrap();
    project
}

/// `dialgraph store …`, done by the server at `address`.
fn upkeep(address: SocketAddr, words: &[&str]) -> Value {
    let done = std::process::Command::new(binary("dialgraph"))
        .arg("store")
        .args(words)
        .args(["--json", "--server", &format!("http://{address}")])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

#[test]
fn old_calls_and_everything_of_a_customer_go_out_of_a_table_while_calls_are_up() {
    let ministack = StandIn::ministack();
    assert!(create_table(&ministack.url()).status.success());
    let first = serve(&ministack.url(), &[]);
    for id in ["over", "theirs", "up"] {
        begin(&[first.address], 0, id);
        if id != "up" {
            deliver(&[first.address], 0, &turns(id), &event(1, &json!({"event": "hung_up"})));
        }
    }
    let gone = |address, id: &str| {
        request(address, "GET", &format!("/v1/calls/{id}"), None).unwrap().0 == 404
    };
    let would = upkeep(first.address, &["purge", "--older-than", "0s", "--dry-run"]);
    assert_eq!(would["removed"]["calls"], 2, "{would}");
    assert!(!gone(first.address, "over"));
    drop(first);

    // Another process, whose project no longer has the customer and which is told to put that live.
    let place = tempfile::tempdir().unwrap();
    let project = without_the_first(place.path()).display().to_string();
    let more = [("DIALGRAPH_PROJECT__FOLDER", &*project), ("DIALGRAPH_DEPLOY__TAKE_IN", "always")];
    let second = serve(&ministack.url(), &more);
    let customer = ["erase", "--customer", "c-001"];
    let left = std::process::Command::new(binary("dialgraph"))
        .arg("store")
        .args(customer)
        .args(["--json", "--server", &format!("http://{}", second.address)])
        .output()
        .unwrap();
    // All three were from the customer's number, and one of them is in progress.
    assert_eq!(left.status.code(), Some(1), "{}", String::from_utf8_lossy(&left.stderr));
    let left: Value = serde_json::from_slice(&left.stdout).unwrap();
    assert_eq!((&left["removed"]["calls"], &left["open"]), (&json!(2), &json!(["up"])), "{left}");
    assert!(gone(second.address, "over") && gone(second.address, "theirs"));
    deliver(&[second.address], 0, &turns("up"), &event(1, &json!({"event": "hung_up"})));
    let rest = upkeep(second.address, &customer);
    assert_eq!(rest["removed"]["calls"], 1, "{rest}");
    let nothing =
        upkeep(second.address, &["purge", "--older-than", "0s", "--records", "call_logs"]);
    assert_eq!(nothing["removed"], json!({}), "{nothing}");
}
