//! What a push of a plugin every second does to those who are answered meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dialgraph_deploy::{
    Change, Deploy, LocalWorlds, NewPlugin, Role, Settings, Setup, Source, Who,
};
use dialgraph_host::{Host, HostConfig};
use dialgraph_server::clock::SystemClock;
use dialgraph_server::{App, Config, Parts, Running, open_store};
use dialgraph_store::Blobs;

use crate::flows::desk;
use crate::measure::{Row, median};
use crate::serve::{Load, load, runtime};
use crate::turns::TURNS;

/// Calls of the load that finds the top rate.
const CALLS: usize = 640;
/// The plugin that runs in every turn and is pushed again and again.
const PLUGIN: &str = "hours-check";

/// Another version of the plugin that does the same: with a custom section that nobody reads.
fn variant(number: usize) -> Vec<u8> {
    let all = dialgraph_guests::shipped();
    let mut bytes = all.iter().find(|(name, _)| *name == PLUGIN).unwrap().1.to_vec();
    let content = format!("\x07variant{number:08}");
    bytes.push(0);
    bytes.push(u8::try_from(content.len()).unwrap());
    bytes.extend_from_slice(content.as_bytes());
    bytes
}

/// The desk, with a plugin in every turn.
fn source() -> Source {
    let use_it = "next: hours\n  hours:\n    use: hours-check\n    config: {calendar: office}\n    on: {open: menu, closed: menu, error: bye}\n  bye";
    let flow = desk().replace("next: menu\n  bye", use_it);
    assert!(flow.contains(PLUGIN));
    let files = [
        (
            "dialgraph.yaml",
            "entry: desk\nfallback: {queue: general}\nlocales: [ko-KR, en-US]\nplugins:\n  hours-check: {grants: [clock]}\n",
        ),
        ("data/queues.yaml", "general: {title: {ko-KR: 상담, en-US: General}, priority: 3}\n"),
        (
            "data/calendars.yaml",
            "office: {zone: Asia/Seoul, weekly: {fri: [[\"09:00\", \"18:00\"]]}}\n",
        ),
        ("desk.flow.yaml", &flow),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    let plugin = variant(0);
    Source::new(files.into(), &[(PLUGIN, &plugin)])
}

async fn server(folder: &Path) -> (Deploy, Arc<App>, Running) {
    let mut config = Config::default();
    config.server.listen = ([127, 0, 0, 1], 0).into();
    config.store.folder = folder.to_owned();
    config.connect.keys = vec![format!("bench:{}", "5a".repeat(32))];
    let store = open_store(&config, None).await.unwrap();
    let clock = Arc::new(SystemClock);
    let deploy = Deploy::new(Setup {
        store: store.store.clone(),
        blobs: Blobs::open(folder.join("content")).unwrap(),
        // Without a cache every version is compiled.
        host: Arc::new(Host::new(HostConfig::default()).unwrap()),
        worlds: Arc::new(LocalWorlds::new(store.store.clone(), clock.clone())),
        clock: clock.clone(),
        settings: Settings::default(),
    });
    let started = deploy.start(Some(&source())).await.unwrap();
    let parts = Parts {
        store,
        releases: started.releases,
        plugins: deploy.host(),
        is_loaded: Arc::new(|_| true),
        world: deploy.world(),
        clock,
        gatekeeper: None,
        deploy: Some(deploy.clone()),
    };
    let app = App::new(config, parts).unwrap();
    let running = dialgraph_server::serve(app.clone()).await.unwrap();
    (deploy, app, running)
}

/// Pushes every second until it is told to stop; gives how long each push took.
async fn push(deploy: Deploy, first: usize, stop: Arc<AtomicBool>) -> Vec<Duration> {
    let who = Who::new("bench", Role::Operator);
    let mut took = Vec::new();
    let mut every = tokio::time::interval(Duration::from_secs(1));
    while !stop.load(Ordering::Relaxed) {
        every.tick().await;
        let new = Some(NewPlugin::new(variant(first + took.len()), None));
        let change = Change { plugins: [(PLUGIN.to_owned(), new)].into(), ..Change::default() };
        let began = Instant::now();
        assert!(deploy.push(&who, change).await.unwrap().changed);
        took.push(began.elapsed());
        deploy.tick().await.unwrap();
    }
    took
}

/// Latency of turns at half the top rate: left alone, and while a plugin is pushed every second.
pub(crate) fn loads(rounds: usize, seconds: usize) -> (Vec<Row>, String) {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    runtime.block_on(async {
        let (deploy, _app, running) = server(folder.path()).await;
        let port = running.address().port();
        let mut first = 0;
        let top = load(port, first, CALLS, None).await.a_second;
        first += CALLS;
        let rate = top / 2.0;
        let calls = (rate * seconds as f64) as usize / TURNS as usize;
        let (mut pairs, mut pushes) = (Vec::<(Load, Load)>::new(), Vec::new());
        for _ in 0..rounds {
            let calm = load(port, first, calls, Some(rate)).await;
            first += calls;
            let stop = Arc::new(AtomicBool::new(false));
            let pushing = tokio::spawn(push(deploy.clone(), pushes.len() + 1, stop.clone()));
            let disturbed = load(port, first, calls, Some(rate)).await;
            first += calls;
            stop.store(true, Ordering::Relaxed);
            pushes.extend(pushing.await.unwrap());
            pairs.push((calm, disturbed));
        }
        running.stop().await;
        let of = |figure: &dyn Fn(&(Load, Load)) -> f64| median(pairs.iter().map(figure).collect());
        let ratio = of(&|(calm, disturbed)| disturbed.percentile(99) / calm.percentile(99));
        pushes.sort();
        let row = Row {
            what: format!("p99 of {rate:.0} turns/s while a plugin is pushed every second"),
            measured: format!("{:.1} ms", of(&|pair| pair.1.percentile(99))),
            against: format!("{:.1} ms without", of(&|pair| pair.0.percentile(99))),
            ratio: format!("{ratio:.2}x"),
            target: "< 2x",
            met: ratio < 2.0,
        };
        let note = format!(
            "  hot loads: {} pushes, median {:.0?}, longest {:.0?}; p50 {:.1} ms, {:.1} ms without\n",
            pushes.len(),
            pushes[pushes.len() / 2],
            pushes[pushes.len() - 1],
            of(&|pair| pair.1.percentile(50)),
            of(&|pair| pair.0.percentile(50)),
        );
        (vec![row], note)
    })
}
