//! Signed Connect turns over loopback: the server, against the least that could answer them
//! durably.
//!
//! Both sides are asked by the same client on the same machine, and the client's work is part of
//! both figures.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use dialgraph_config::Config;
use dialgraph_connect::signature::{Nonce, Request as Signable, SigningKey, sign};
use dialgraph_deploy::{Deploy, DeployParts, DeploySettings, LocalWorldFactory, Source};
use dialgraph_flow::Release;
use dialgraph_host::{Host, HostConfig};
use dialgraph_runtime::{Releases, SystemClock};
use dialgraph_server::{App, Parts, Running};
use dialgraph_store::{Blobs, Committed, SledStore, Store as _};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::flows::{NoPlugins, NoWorld, compile, desk};
use crate::measure::{Row, median, resident};
use crate::memory::order;
use crate::turns::{Commits, TURNS, id, record, sled};

const PATH: &str = "/v1/connect/turn";
/// Connections of the client, each with one call at a time.
const LINES: usize = 64;
/// Calls of one measurement.
const CALLS: usize = 640;

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The next nonce: a server takes each once, and may see several loads.
static NONCES: AtomicU64 = AtomicU64::new(1);

/// Signs what the client sends.
struct Signer {
    key: SigningKey,
}

impl Signer {
    fn new() -> Self {
        Self { key: SigningKey::from_hex("bench", &"5a".repeat(32)).unwrap() }
    }

    fn request(&self, body: Bytes) -> hyper::Request<Full<Bytes>> {
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&NONCES.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        let now = SystemClock.millis() / 1000;
        let signable = Signable { method: "POST", path: PATH, body: &body };
        let signed = sign(&self.key, &signable, now, Nonce::from_random(nonce));
        let mut request = hyper::Request::post(PATH)
            .header("host", "127.0.0.1")
            .header("content-type", "application/json");
        for (name, value) in signed.headers() {
            request = request.header(name, value);
        }
        request.body(Full::new(body)).unwrap()
    }
}

/// What callers of the desk do in a turn after the first.
fn at_the_desk(turn: u32) -> (&'static str, &'static str) {
    match turn % 3 {
        0 => ("pressed", "1"),
        1 => ("said", "지난달 청구서가 이상합니다"),
        _ => ("said", "서버에 접속 안 됩니다, 장애 같아요"),
    }
}

/// The calls of a load.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) numbers: Vec<usize>,
    pub(crate) turns: RangeInclusive<u32>,
    /// What the caller does in a turn after the first.
    pub(crate) does: fn(u32) -> (&'static str, &'static str),
    /// The action of the last answer; the others ask.
    pub(crate) last: &'static str,
    /// Whether Connect then reports that the contact is over.
    pub(crate) is_reported: bool,
}

impl Calls {
    /// Whole calls to the desk, from the number `first` on.
    pub(crate) fn to_the_desk(first: usize, calls: usize) -> Self {
        Self {
            numbers: (first..first + calls).collect(),
            turns: 1..=TURNS,
            does: at_the_desk,
            last: "listen",
            is_reported: false,
        }
    }
}

/// The event of a turn, as Connect's Lambda is given it.
fn event(call: usize, turn: u32, does: fn(u32) -> (&'static str, &'static str)) -> Bytes {
    let mut parameters = json!({"did": "entered"});
    if turn > 1 {
        let (did, input) = does(turn);
        let before = (turn - 1).to_string();
        parameters = json!({"did": did, "input": input, "confidence": "0.93", "turn": before});
    }
    let event = json!({
        "Name": "ContactFlowEvent",
        "Details": {
            "ContactData": {
                "Attributes": {}, "AwsRegion": "ap-northeast-2", "Channel": "VOICE",
                "ContactId": id(call).to_string(), "InitialContactId": id(call).to_string(),
                "CustomerEndpoint": {"Address": "+821000000101", "Type": "TELEPHONE_NUMBER"},
                "SystemEndpoint": {"Address": "+8220001000", "Type": "TELEPHONE_NUMBER"},
                "CustomerId": null, "InitiationMethod": "INBOUND", "LanguageCode": "ko-KR",
                "MediaStreams": {"Customer": {"Audio": null}}, "Queue": null, "References": {},
                "Tags": {},
            },
            "Parameters": parameters,
        },
    });
    Bytes::from(event.to_string())
}

/// What the function forwards when a contact is over, as Connect tells EventBridge.
fn over(call: usize) -> Bytes {
    let event = json!({
        "version": "0", "source": "aws.connect", "detail-type": "Amazon Connect Contact Event",
        "detail": {
            "eventType": "DISCONNECTED", "contactId": id(call).to_string(), "channel": "VOICE",
            "initiationMethod": "INBOUND",
        },
    });
    Bytes::from(event.to_string())
}

async fn connect(port: u16) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn ask(sender: &mut SendRequest<Full<Bytes>>, signer: &Signer, body: Bytes) -> Bytes {
    let response = sender.send_request(signer.request(body)).await.unwrap();
    let status = response.status();
    let answer = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(status, 200, "{answer:?}");
    answer
}

/// What a load brought.
pub(crate) struct Load {
    pub(crate) a_second: f64,
    /// Of every turn, sorted.
    pub(crate) latencies: Vec<Duration>,
}

impl Load {
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let at = (self.latencies.len() * percent / 100).min(self.latencies.len() - 1);
        self.latencies[at].as_secs_f64() * 1e3
    }
}

/// Calls as fast as they go, or so many turns a second whether the last answer has come or not.
pub(crate) async fn load(port: u16, calls: Calls, rate: Option<f64>) -> Load {
    let signer = Arc::new(Signer::new());
    let began = Instant::now();
    let lines: Vec<_> = (0..LINES)
        .map(|line| {
            let (signer, calls) = (signer.clone(), calls.clone());
            tokio::spawn(async move {
                let mut sender = connect(port).await;
                let mut latencies = Vec::new();
                let pause = rate.map(|rate| Duration::from_secs_f64(LINES as f64 / rate));
                let mut due = began + pause.unwrap_or_default().mul_f64(line as f64 / LINES as f64);
                for call in calls.numbers.into_iter().skip(line).step_by(LINES) {
                    for turn in calls.turns.clone() {
                        let body = event(call, turn, calls.does);
                        let from = match pause {
                            Some(pause) => {
                                tokio::time::sleep_until(due.into()).await;
                                due += pause;
                                due - pause
                            }
                            None => Instant::now(),
                        };
                        let answer = ask(&mut sender, &signer, body).await;
                        latencies.push(from.elapsed());
                        // Whose flow has let go of the call is asked no more: that would be cheap.
                        let action = if turn == *calls.turns.end() { calls.last } else { "listen" };
                        let action = format!("\"action\":\"{action}\"");
                        let text = String::from_utf8_lossy(&answer);
                        assert!(text.contains(&action), "turn {turn}: {text}");
                    }
                    if calls.is_reported {
                        ask(&mut sender, &signer, over(call)).await;
                    }
                }
                latencies
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for line in lines {
        latencies.extend(line.await.unwrap());
    }
    let a_second = latencies.len() as f64 / began.elapsed().as_secs_f64();
    latencies.sort();
    Load { a_second, latencies }
}

fn config(folder: &Path) -> Config {
    let mut config = Config::default();
    config.server.listen = ([127, 0, 0, 1], 0).into();
    config.store.folder = folder.to_owned();
    config.connect.keys = vec![format!("bench:{}", "5a".repeat(32))];
    config
}

/// A server on a store in `folder` that serves `source`, which can be changed.
pub(crate) async fn deployed<C>(
    folder: &Path,
    host: HostConfig,
    clock: Arc<C>,
    source: &Source,
) -> (Deploy, Arc<App>, Running)
where
    C: dialgraph_runtime::Clock + dialgraph_store::Clock + 'static,
{
    let config = config(folder);
    let store = dialgraph_wiring::open_embedded(&config, None).await.unwrap();
    let deploy = Deploy::new(DeployParts {
        store: store.store.clone(),
        blobs: Blobs::open(folder.join("content")).unwrap(),
        host: Arc::new(Host::new(host).unwrap()),
        worlds: Arc::new(LocalWorldFactory::new(store.store.clone(), clock.clone())),
        clock: clock.clone(),
        settings: DeploySettings::default(),
    });
    let started = deploy.start(Some(source)).await.unwrap();
    let parts = Parts {
        store,
        releases: started.releases,
        plugins: deploy.host(),
        is_loaded: Arc::new(|_| true),
        world: deploy.world(),
        clock,
        authenticator: None,
        secrets: Arc::new(dialgraph_local::secrets::LocalSecrets::default()),
        deploy: Some(deploy.clone()),
        metrics: Arc::default(),
    };
    let app = App::new(config, parts).unwrap();
    let running = dialgraph_server::serve(app.clone()).await.unwrap();
    (deploy, app, running)
}

/// The server on a store in `folder`.
async fn server(folder: &Path, release: &Arc<Release>) -> (Arc<App>, Running) {
    let config = config(folder);
    let store = dialgraph_wiring::open_embedded(&config, None).await.unwrap();
    let parts = Parts {
        store,
        releases: Arc::new(Releases::new(release.clone())),
        plugins: Arc::new(NoPlugins),
        is_loaded: Arc::new(|_| true),
        world: Arc::new(NoWorld),
        clock: Arc::new(SystemClock),
        authenticator: None,
        secrets: Arc::new(dialgraph_local::secrets::LocalSecrets::default()),
        deploy: None,
        metrics: Arc::default(),
    };
    let app = App::new(config, parts).unwrap();
    let running = dialgraph_server::serve(app.clone()).await.unwrap();
    (app, running)
}

/// The bare handler: commits what the engine would have, and answers as much.
struct Bare {
    store: Arc<SledStore>,
    commits: Arc<Vec<Commits>>,
    answer: Bytes,
}

async fn bare_turn(State(bare): State<Arc<Bare>>, headers: HeaderMap, body: Bytes) -> Bytes {
    assert!(headers.contains_key("x-dialgraph-signature"));
    // Which call and turn it is, is where the client says it; a real handler would have to read it
    // too.
    let text = std::str::from_utf8(&body).unwrap();
    let after = |word: &str| text.split_once(word).map(|(_, rest)| rest);
    let call: usize = after("\"ContactId\":\"").unwrap()[24..36].parse().unwrap();
    let turn = after("\"turn\":\"").map_or(0, |rest| {
        rest.split('"').next().and_then(|turn| turn.parse::<usize>().ok()).unwrap()
    });
    let (ops, token) = &bare.commits[call][turn];
    assert_eq!(bare.store.commit(ops, token).await.unwrap(), Committed::Applied);
    bare.answer.clone()
}

async fn bare_server(folder: &Path, commits: Arc<Vec<Commits>>) -> u16 {
    let answer = Bytes::from(json!({"action": "listen", "prompt": "가".repeat(60)}).to_string());
    let bare = Arc::new(Bare { store: sled(folder), commits, answer });
    let router = Router::new().route(PATH, post(bare_turn)).with_state(bare);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

fn measure(runtime: &Runtime, release: &Arc<Release>, rate: Option<f64>) -> Load {
    let folder = tempfile::tempdir().unwrap();
    runtime.block_on(async {
        let (_app, running) = server(folder.path(), release).await;
        let load = load(running.address().port(), Calls::to_the_desk(0, CALLS), rate).await;
        running.stop().await;
        load
    })
}

fn measure_bare(commits: &Arc<Vec<Commits>>) -> Load {
    // A runtime of its own, whose end is the server's.
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    runtime.block_on(async {
        let port = bare_server(folder.path(), commits.clone()).await;
        load(port, Calls::to_the_desk(0, CALLS), None).await
    })
}

/// Turns a second and their latency over HTTP.
pub(crate) fn turns_over_http(rounds: usize) -> (Vec<Row>, String) {
    let release = compile(&desk(), &Default::default());
    let commits = record(&release, CALLS);
    let runtime = runtime();
    let pairs: Vec<(Load, Load)> = (0..rounds)
        .map(|round| {
            if round % 2 == 0 {
                let engine = measure(&runtime, &release, None);
                (engine, measure_bare(&commits))
            } else {
                let bare = measure_bare(&commits);
                (measure(&runtime, &release, None), bare)
            }
        })
        .collect();
    let of = |figure: fn(&(Load, Load)) -> f64| median(pairs.iter().map(figure).collect());
    let (rate, bare) = (of(|pair| pair.0.a_second), of(|pair| pair.1.a_second));
    let share = of(|pair| pair.0.a_second / pair.1.a_second);
    let slower = of(|pair| pair.0.percentile(99) / pair.1.percentile(99));
    let half = measure(&runtime, &release, Some(rate / 2.0));
    let calm = half.percentile(99);
    let rows = vec![
        Row {
            what: format!("signed turns over HTTP, {LINES} connections"),
            measured: format!("{rate:.0} /s"),
            against: format!("{bare:.0} /s bare handler"),
            ratio: format!("{:.0} %", share * 100.0),
            target: "≥ 50 %",
            met: share >= 0.5,
        },
        Row {
            what: "p99 of these turns".to_owned(),
            measured: format!("{:.1} ms", of(|pair| pair.0.percentile(99))),
            against: format!("{:.1} ms bare handler", of(|pair| pair.1.percentile(99))),
            ratio: format!("{slower:.2}x"),
            target: "≤ 2x",
            met: slower <= 2.0,
        },
        Row {
            what: "p99 at half that rate".to_owned(),
            measured: format!("{calm:.1} ms"),
            against: "-".to_owned(),
            ratio: "-".to_owned(),
            target: "< 20 ms",
            met: calm < 20.0,
        },
    ];
    (rows, format!("  half rate: p50 {:.1} ms\n", half.percentile(50)))
}

/// Calls of those that wait which go on in one measurement.
const GO_ON: usize = 480;
/// Such measurements.
const ROUNDS: usize = 5;

/// A child: serves the store in `folder`, and tells how long its start took, how much memory it
/// takes and how fast it answers calls that waited in it.
pub(crate) fn child(folder: &Path, calls: usize) {
    let release = compile(&desk(), &Default::default());
    let runtime = runtime();
    let began = Instant::now();
    let (start, loads) = runtime.block_on(async {
        let (_app, running) = server(folder, &release).await;
        let port = running.address().port();
        let mut sender = connect(port).await;
        let alive = hyper::Request::get("/readyz").header("host", "127.0.0.1");
        let alive = sender.send_request(alive.body(Full::default()).unwrap()).await.unwrap();
        assert_eq!(alive.status(), 200);
        let start = began.elapsed();
        let mut loads = Vec::new();
        for round in 0..ROUNDS {
            // From all over the store, each once.
            let some = GO_ON.min(calls / ROUNDS);
            let numbers = (0..some).map(|call| call * (calls / some) + round).collect();
            let waiting = Calls { numbers, turns: 2..=TURNS, ..Calls::to_the_desk(0, 0) };
            loads.push(load(port, waiting, Some(1_000.0)).await);
        }
        (start, loads)
    });
    let percentile =
        |percent| median(loads.iter().map(|load: &Load| load.percentile(percent)).collect());
    println!(
        "{} {} {} {} {}",
        start.as_secs_f64(),
        resident().unwrap_or(0),
        percentile(50),
        percentile(95),
        percentile(99)
    );
}

/// What open calls in the store cost a server.
pub(crate) fn open_calls(many: usize) -> (Vec<Row>, String) {
    let few = many / 20;
    let [few_figures, many_figures] = [few, many].map(|calls| {
        let folder = tempfile::tempdir().unwrap();
        order("fill", calls, folder.path());
        let told = order("serve", calls, folder.path());
        let figures: Vec<f64> = told.split(' ').map(|figure| figure.parse().unwrap()).collect();
        figures
    });
    let (start, memory) = (many_figures[0], many_figures[1] / (1 << 20) as f64);
    let slower = |which: usize| many_figures[which] / few_figures[which];
    let row = |what: String, measured: String, against: String, ratio: String, target, met| Row {
        what,
        measured,
        against,
        ratio,
        target,
        met,
    };
    let rows = vec![
        row(
            format!("start with {many} open calls"),
            format!("{start:.2} s"),
            format!("{:.2} s with {few}", few_figures[0]),
            "-".to_owned(),
            "< 5 s",
            start < 5.0,
        ),
        row(
            format!("memory with {many} open calls"),
            format!("{memory:.0} MB"),
            format!("{:.0} MB with {few}", few_figures[1] / (1 << 20) as f64),
            "-".to_owned(),
            "< 500 MB",
            memory < 500.0,
        ),
        row(
            "p50 of 1,000 turns/s of them".to_owned(),
            format!("{:.2} ms", many_figures[2]),
            format!("{:.2} ms with {few}", few_figures[2]),
            format!("{:.2}x", slower(2)),
            "≤ 1.2x",
            slower(2) <= 1.2,
        ),
        row(
            "p99 of these turns".to_owned(),
            format!("{:.2} ms", many_figures[4]),
            format!("{:.2} ms with {few}", few_figures[4]),
            format!("{:.2}x", slower(4)),
            "≤ 1.2x",
            slower(4) <= 1.2,
        ),
    ];
    (
        rows,
        format!(
            "  p95: {:.2} ms with {many}, {:.2} ms with {few}\n",
            many_figures[3], few_figures[3]
        ),
    )
}
