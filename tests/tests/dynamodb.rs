//! Engines that share a table and nothing else: real `dialgraph serve` processes, sealed, over a
//! stand-in for DynamoDB.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod connect;
mod fleet;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use dialgraph_aws::connection;
use dialgraph_aws::dynamodb::{DynamoStore, Limits};
use dialgraph_base::{CallId, Timestamp};
use dialgraph_local::tickets::{FiledTicket, LocalTickets, TicketFilter};
use dialgraph_simulator::script::Script;
use dialgraph_simulator::session::{Action, CallSetup, Session};
use dialgraph_stand_ins::{Asked, Between, Exchange, Fate, StandIn, environment};
use dialgraph_store::{Backend as _, Keyring, Sealed, Store, UnixMillis};
use serde_json::{Value, json};

use connect::double::{Double, Stand};
use connect::fixture::{bridge, fixture, folder, queue_arn};
use connect::live::{Process, Server, binary};
use fleet::{
    PATIENCE, SEAL, TABLE, begin, create_table, deliver, event, heard, request, serve, shown, turns,
};

/// Callers on the line at once.
const LINES: u64 = 6;

const COMMIT: &str = "TransactWriteItems";

/// What a customer with an outage does on hearing this.
fn reply(answer: &Value) -> Value {
    let words = heard(answer);
    match answer["then"]["action"].as_str() {
        Some("wait") => json!({"event": "resumed"}),
        // Nobody answers until the caller is queued.
        Some("transfer") => json!({"event": "unanswered"}),
        _ if words.contains("회사 이름") => json!({"event": "said", "text": "푸른별상사"}),
        _ if words.contains("성함") => json!({"event": "said", "text": "홍예시"}),
        _ if words.contains("도와드릴까요") => {
            json!({"event": "said", "text": "운영 서버가 다운됐어요"})
        }
        // Korean; an emergency; on with it; yes.
        _ => json!({"event": "pressed", "keys": "1"}),
    }
}

/// What is known of a call on the caller's side: its last event that was answered, and the answer.
struct Held {
    id: String,
    turns: u64,
    last: Option<(Value, Value)>,
}

/// Holds calls on one line, each to its end, until `over`, and counts its answers in `answered`.
fn line(servers: &[SocketAddr], line: u64, over: &AtomicBool, answered: &AtomicU64) -> Vec<Held> {
    let mut calls = Vec::new();
    while !over.load(Ordering::SeqCst) {
        let id = format!("line-{line}-call-{}", calls.len());
        let first = line as usize + calls.len();
        let mut answer = begin(servers, first, &id);
        let mut held = Held { id: id.clone(), turns: 1, last: None };
        while answer["status"] == "active" {
            answered.fetch_add(1, Ordering::SeqCst);
            assert!(held.turns < 30, "{id} does not end: {answer}");
            let turn = answer["turn"].as_u64().expect("an answer has a turn");
            assert_eq!(turn, held.turns, "{id}: a turn was lost or made twice: {answer}");
            let sent = event(turn, &reply(&answer));
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

/// Three servers that begin at the same moment on an empty table, each behind something of its own
/// that stands between it and the table.
fn three(ministack: &StandIn, project: &Path) -> (Vec<Between>, Vec<Server>) {
    let made = create_table(&ministack.url());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let between: Vec<_> = (0..3).map(|_| Between::start(ministack.address())).collect();
    let project = project.display().to_string();
    let servers = thread::scope(|scope| {
        let starting: Vec<_> = between
            .iter()
            .map(|between| {
                let project = [("DIALGRAPH_PROJECT__FOLDER", &*project)];
                scope.spawn(move || serve(&between.url(), &project))
            })
            .collect();
        starting.into_iter().map(|starting| starting.join().unwrap()).collect()
    });
    (between, servers)
}

#[test]
fn a_turn_has_one_winner_and_a_push_reaches_all() {
    let ministack = StandIn::ministack();
    let (_between, servers) = three(&ministack, &folder().join("../flows/support-desk"));
    let addresses: Vec<_> = servers.iter().map(|server| server.address).collect();
    of_two_who_race_for_a_turn_one_wins(&addresses);
    a_push_through_one_is_live_on_the_others(&addresses);
}

/// The next commit that writes into a partition whose name begins so has this fate.
fn hold(between: &Between, partition: &'static str, fate: Fate) {
    let held = AtomicBool::new(false);
    between.decide(move |asked: &Asked| {
        let hit = asked.operation == COMMIT
            && asked.body.to_string().contains(&format!("\"S\":\"{partition}"))
            && !held.swap(true, Ordering::SeqCst);
        if hit { fate.clone() } else { Fate::Pass }
    });
}

/// On ministack alone: moto copies its tables with every transaction, and under this load a ticket
/// takes longer than the flow waits for it.
#[test]
fn calls_go_on_at_other_processes_when_each_is_killed_in_mid_turn() {
    let ministack = StandIn::ministack();
    let place = tempfile::tempdir().unwrap();
    let (between, mut servers) = three(&ministack, &always_open(place.path()));
    let addresses: Vec<_> = servers.iter().map(|server| server.address).collect();

    let (over, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    let some_answers = |what: &str| {
        let before = answered.load(Ordering::SeqCst);
        wait_for(what, || answered.load(Ordering::SeqCst) >= before + 3 * LINES);
    };
    let calls = thread::scope(|scope| {
        let lines: Vec<_> = (0..LINES)
            .map(|n| {
                scope.spawn({
                    let (a, o, d) = (&addresses, &over, &answered);
                    move || line(a, n, o, d)
                })
            })
            .collect();
        // Each once, under load, when it has just sent a commit: that of a turn, which never
        // arrives; that of a turn, which is carried out while nobody learns of it; and that of a
        // ticket in the middle of a turn, likewise.
        let kills = [
            ("call/line-", Fate::Vanish),
            ("call/line-", Fate::LoseAnswer),
            ("tickets", Fate::LoseAnswer),
        ];
        for (killed, (partition, fate)) in kills.into_iter().enumerate() {
            some_answers("answers before a kill");
            let between = &between[killed];
            between.take_seen();
            hold(between, partition, fate.clone());
            wait_for("a commit that is held", || {
                between.take_seen().iter().any(|exchange| exchange.fate == fate)
            });
            servers[killed].kill();
            between.decide(|_: &Asked| Fate::Pass);
            some_answers("answers while one is gone");
            servers[killed].restart();
            assert_eq!(servers[killed].address, addresses[killed]);
        }
        some_answers("answers after the kills");
        over.store(true, Ordering::SeqCst);
        lines.into_iter().flat_map(|line| line.join().unwrap()).collect::<Vec<_>>()
    });

    let mut events = 0;
    let tickets = tickets(&ministack.url());
    let mut opened = 0;
    for (n, held) in calls.iter().enumerate() {
        // Wherever it is asked for.
        let call = shown(addresses[n % addresses.len()], &held.id);
        let records = call["turns"].as_array().unwrap();
        let numbers: Vec<_> =
            records.iter().map(|turn| turn["record"]["turn"].as_u64().unwrap()).collect();
        // Not one that was answered is lost, and none was made twice.
        assert_eq!(numbers, (1..=held.turns).collect::<Vec<_>>(), "{}", held.id);
        events += held.turns;
        let (sent, answer) = held.last.as_ref().expect("a call has more than one turn");
        let again = deliver(&addresses, n, &turns(&held.id), sent);
        assert_eq!(again["repeated"], true, "{}", held.id);
        assert_eq!((&again["say"], &again["then"]), (&answer["say"], &answer["then"]));
        // It ended where it should, with the one ticket that it knows of.
        assert_eq!(call["call"]["queue"], "msp-emergency", "{}: {answer}", held.id);
        let known = call["call"]["attributes"]["ticket_id"].as_str().unwrap_or_default();
        let filed = tickets.get(&held.id).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(filed, [known], "{}: it has other tickets than it knows of", held.id);
        opened += filed.len();
    }
    let all: BTreeSet<_> = tickets.values().flatten().collect();
    assert_eq!(all.len(), opened, "a ticket is nobody's, or two have one number");
    println!(
        "{} calls, {events} turns, {opened} tickets, each of 3 processes killed in mid-turn, none lost",
        calls.len()
    );
}

/// A look into the table beside the servers.
fn with_table<T>(url: &str, look: impl AsyncFnOnce(Arc<DynamoStore>) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let clock = Arc::new(|| UnixMillis(now().0));
        let limits = Limits { attempt: PATIENCE, operation: PATIENCE };
        let table = DynamoStore::open(&connection::stand_in(url), TABLE, clock, limits).await;
        look(Arc::new(table.unwrap())).await
    })
}

/// Ids of the tickets that are in the table, by call.
fn tickets(url: &str) -> BTreeMap<String, Vec<String>> {
    with_table(url, async |table| {
        let ring = Keyring::parse(SEAL, "tests").unwrap();
        let store: Arc<dyn Store> = Arc::new(Sealed::open(table, ring).await.unwrap());
        let desk = LocalTickets::new(store);
        let (mut tickets, mut after) = (BTreeMap::<_, Vec<_>>::new(), None);
        loop {
            let (page, next) = desk.list(&TicketFilter::default(), 1000, after).await.unwrap();
            for FiledTicket { id, call_id, .. } in page {
                tickets.entry(call_id).or_default().push(id);
            }
            after = next;
            if after.is_none() {
                return tickets;
            }
        }
    })
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
    let flow = std::fs::read_to_string(folder().join("../flows/support-desk/main-entry.flow.yaml"))
        .unwrap();
    let changed = flow.replace("안녕하세요. 솔트웨어", "반갑습니다. 솔트웨어");
    assert_ne!(flow, changed);
    assert!(heard(&old).contains("안녕하세요. 솔트웨어"), "{old}");
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("main-entry.flow.yaml");
    std::fs::write(&file, changed).unwrap();
    let pushed = Command::new(binary("dialgraph"))
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
    let sent = event(1, &json!({"event": "pressed", "keys": "1"}));
    deliver(servers, 2, &turns("before-the-push"), &sent);
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
        let setup = CallSetup { id: CallId(format!("contact-{n}").into()), at: now(), ..setup };
        let flow = bridge(&setup).flow().unwrap();
        let (double, seen) = Double::new(&flow, &setup, Box::new(function.clone()));
        let mut live = Session::new(fixture(), setup).on(Box::new(double));
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
        let turn = answer["turn"].as_u64().unwrap();
        answer = deliver(&[server], 0, &turns(id), &event(turn, &reply(&answer)));
        all = format!("{all} {}", heard(&answer));
        if all.contains("고객님") || answer["status"] != "active" {
            break;
        }
    }
    all
}

#[test]
fn with_the_records_throttled_or_silent_the_customer_is_found_in_what_was_last_known() {
    let ministack = StandIn::ministack();
    assert!(create_table(&ministack.url()).status.success());
    let kept = tempfile::tempdir().unwrap();
    let place = kept.path().display().to_string();
    let at_hand = ("DIALGRAPH_STORE__FOLDER", &*place);
    // A project is put live by a server that has time for it; the callers' has the limits of
    // production.
    drop(serve(&ministack.url(), &[at_hand]));
    let between = Between::start(ministack.address());
    let limits = [
        at_hand,
        ("DIALGRAPH_STORE__ATTEMPT_TIMEOUT", "500ms"),
        ("DIALGRAPH_STORE__OPERATION_TIMEOUT", "2s"),
        ("DIALGRAPH_TURNS__ANSWER_WITHIN", "5500ms"),
        // Records that failed are not asked for a while, and the second failure is to be met, too.
        ("DIALGRAPH_PROVIDERS__BREAKER_PAUSE", "1s"),
    ];
    let server = serve(&between.url(), &limits);
    let up = identify(server.address, "up");
    assert!(up.contains("(주)푸른별상사 고객님"), "{up}");
    assert!(!up.contains("마지막으로 확인된 정보"), "{up}");
    let hot = Fate::Refuse(400, "ProvisionedThroughputExceededException");
    for (n, fate) in [hot, Fate::Vanish].into_iter().enumerate() {
        let what = format!("{fate:?}");
        // One partition alone: all else in the table goes on.
        let wanted = fate.clone();
        between.decide(move |asked: &Asked| {
            let hit = asked.operation != COMMIT
                && asked.body.to_string().contains("\"records/customers\"");
            if hit { fate.clone() } else { Fate::Pass }
        });
        let down = identify(server.address, &format!("down-{n}"));
        assert!(down.contains("마지막으로 확인된 정보"), "{what}: {down}");
        assert!(down.contains("(주)푸른별상사 고객님"), "{what}: {down}");
        let seen = between.take_seen();
        assert!(seen.iter().any(|exchange| exchange.fate == wanted), "{what}");
        // Nobody repaired anything: what is there now is found again.
        between.decide(|_: &Asked| Fate::Pass);
        let tries = AtomicU64::new(0);
        wait_for("a customer found as before", || {
            let id = format!("back-{n}-{}", tries.fetch_add(1, Ordering::SeqCst));
            !identify(server.address, &id).contains("마지막으로 확인된 정보")
        });
    }
}

#[test]
fn without_a_table_or_credentials_the_command_says_what_to_do() {
    let ministack = StandIn::ministack();
    let made = create_table(&ministack.url());
    assert_eq!(
        String::from_utf8(made.stdout).unwrap(),
        "table: made, paid for by request\n\
         time to live: on; rows that have expired are removed by themselves\n\
         point-in-time recovery: on\n\
         deletion protection: on\n"
    );
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(binary("dialgraph"))
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

/// A copy of the shipped project in `place`.
fn copied(place: &Path) -> PathBuf {
    let project = place.join("flows");
    let copied = Command::new("cp")
        .arg("-r")
        .args([&folder().join("../flows/support-desk"), &project])
        .status();
    assert!(copied.unwrap().success());
    project
}

/// The shipped project without the first of its customers.
fn without_the_first(place: &Path) -> PathBuf {
    let project = copied(place);
    let file = project.join("data/collections/customers.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (from, until) = (text.find("\nc-001:").unwrap(), text.find("\nc-002:").unwrap());
    std::fs::write(&file, format!("{}{}", &text[..from], &text[until..])).unwrap();
    project
}

/// The shipped project with somebody there at all hours: servers take the time of this machine,
/// whatever it is.
fn always_open(place: &Path) -> PathBuf {
    let project = copied(place);
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let weekly = days.map(|day| format!("    {day}: [[\"00:00\", \"24:00\"]]\n")).concat();
    let calendar = format!("seoul-office:\n  zone: Asia/Seoul\n  weekly:\n{weekly}");
    std::fs::write(project.join("data/calendars.yaml"), calendar).unwrap();
    project
}

/// `dialgraph store …`, done by the server at `address`.
fn upkeep(address: SocketAddr, words: &[&str]) -> Value {
    let done = Command::new(binary("dialgraph"))
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
    let left = Command::new(binary("dialgraph"))
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

/// `dialgraph store …` with this environment, in `place`.
fn store_command(place: &Path, variables: &[(&str, String)], words: &[&str]) -> Command {
    let mut command = Command::new(binary("dialgraph"));
    command.arg("store").args(words).current_dir(place);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command
}

/// What it says in JSON.
fn told(mut command: Command) -> Value {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

/// Rows in the table that are no content, and none by which a store knows itself.
fn rows_in(url: &str) -> u64 {
    with_table(url, async |table| {
        let (mut rows, mut after) = (0, None);
        loop {
            let walked = table.walk(after.as_ref(), 500).await.unwrap();
            let names = walked.rows.iter().map(|row| row.key.part().as_str().to_owned());
            rows +=
                names.filter(|name| !name.starts_with("blob") && name != "dialgraph/seal").count();
            after = walked.next;
            if after.is_none() {
                return rows as u64;
            }
        }
    })
}

#[test]
fn a_call_goes_on_in_a_table_after_an_import_that_was_killed_twice() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let embedded = [
        ("DIALGRAPH_STORE_KEY", SEAL.to_owned()),
        ("DIALGRAPH_STORE__FOLDER", place.join("embedded").display().to_string()),
    ];
    let mut old = Server::start_with(&embedded);
    let mut answer = begin(&[old.address], 0, "moving");
    let mut sent = Value::Null;
    for _ in 0..3 {
        let turn = answer["turn"].as_u64().unwrap();
        sent = event(turn, &reply(&answer));
        answer = deliver(&[old.address], 0, &turns("moving"), &sent);
    }
    assert_eq!(answer["status"], "active", "{answer}");
    let before = shown(old.address, "moving");
    old.kill();
    let exported =
        told(store_command(place, &embedded, &["export", "-o", "backup.jsonl", "--json"]));

    let ministack = StandIn::ministack();
    assert!(create_table(&ministack.url()).status.success());
    let between = Between::start(ministack.address());
    let mut shared = environment(&between.url());
    shared.extend([
        ("DIALGRAPH_STORE__BACKEND", "dynamodb".to_owned()),
        ("DIALGRAPH_STORE__TABLE", TABLE.to_owned()),
        ("DIALGRAPH_STORE_KEY", SEAL.to_owned()),
        ("DIALGRAPH_STORE__FOLDER", place.join("at-hand").display().to_string()),
    ]);
    let import = |more: &[&str]| {
        store_command(place, &shared, &[&["import", "backup.jsonl"], more].concat())
    };
    // Killed when some pieces of content are there, and again when some rows are: what is behind
    // them is held.
    let is_content = |asked: &Asked| asked.body.to_string().contains("\"S\":\"blob");
    let is_seal = |asked: &Asked| asked.body.to_string().contains("\"S\":\"dialgraph/seal");
    for (content, passing) in [(true, 3), (false, 1)] {
        let passed = AtomicU64::new(0);
        let hit = move |asked: &Asked| {
            asked.operation == COMMIT && is_content(asked) == content && !is_seal(asked)
        };
        between.decide(move |asked: &Asked| {
            let held = hit(asked) && passed.fetch_add(1, Ordering::SeqCst) >= passing;
            if held { Fate::Vanish } else { Fate::Pass }
        });
        let mut child = import(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let seen = RefCell::new(Vec::<Exchange>::new());
        wait_for("an import of which a part is there", || {
            seen.borrow_mut().extend(between.take_seen());
            let seen = seen.borrow();
            let of = |fate| seen.iter().filter(|one| hit(&one.asked) && one.fate == fate).count();
            of(Fate::Pass) as u64 == passing && of(Fate::Vanish) > 0
        });
        assert!(child.try_wait().unwrap().is_none(), "the import ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();
    }
    between.decide(|_: &Asked| Fate::Pass);
    let there = rows_in(&ministack.url());
    let all = exported["rows"].as_u64().unwrap();
    assert!(0 < there && there < all, "{there} of {all} rows are there");

    for written in [all - there, 0] {
        let imported = told(import(&["--json"]));
        assert_eq!(imported["digest"], exported["digest"]);
        assert_eq!(
            (&imported["written"], &imported["present"], &imported["expired"]),
            (&json!(written), &json!(all - written), &json!(0)),
        );
    }
    let again = told(store_command(place, &shared, &["export", "-o", "table.jsonl", "--json"]));
    assert_eq!(again["digest"], exported["digest"]);

    let new = serve(&ministack.url(), &[]);
    let after = shown(new.address, "moving");
    assert_eq!((&after["call"], &after["turns"]), (&before["call"], &before["turns"]));
    let repeated = deliver(&[new.address], 0, &turns("moving"), &sent);
    assert_eq!(repeated["repeated"], true, "{repeated}");
    assert_eq!((&repeated["say"], &repeated["then"]), (&answer["say"], &answer["then"]));
    for _ in 0..20 {
        let turn = answer["turn"].as_u64().unwrap();
        answer = deliver(&[new.address], 0, &turns("moving"), &event(turn, &reply(&answer)));
        if answer["status"] != "active" {
            break;
        }
    }
    assert_eq!(answer["status"], "handed", "{answer}");
}
