//! What pushes of a plugin do to those who are answered meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dialgraph_deploy::{Change, Deploy, NewPlugin, Role, Source, Who};
use dialgraph_host::HostConfig;
use dialgraph_runtime::SystemClock;

use crate::flows::desk;
use crate::measure::{Row, median};
use crate::serve::{Calls, Load, deployed, load, runtime};
use crate::turns::TURNS;

/// Calls of the load that finds the top rate.
const CALLS: usize = 640;
/// More often than people do it.
const NOW_AND_THEN: Duration = Duration::from_secs(5);
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

/// Pushes every so often until it is told to stop; gives how long each push took.
async fn push(
    deploy: Deploy,
    first: usize,
    every: Duration,
    stop: Arc<AtomicBool>,
) -> Vec<Duration> {
    let who = Who::new("bench", Role::Operator);
    let mut took = Vec::new();
    let mut every = tokio::time::interval(every);
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

/// A server under load, and who pushes to it.
struct Bench {
    deploy: Deploy,
    port: u16,
    /// Calls begun so far, and pushes.
    calls: usize,
    pushes: Vec<Duration>,
}

impl Bench {
    async fn load(&mut self, calls: usize, rate: Option<f64>) -> Load {
        let first = self.calls;
        self.calls += calls;
        load(self.port, Calls::to_the_desk(first, calls), rate).await
    }

    async fn disturbed(&mut self, calls: usize, rate: f64, every: Duration) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let number = self.pushes.len() + 1;
        let pushing = tokio::spawn(push(self.deploy.clone(), number, every, stop.clone()));
        let load = self.load(calls, Some(rate)).await;
        stop.store(true, Ordering::Relaxed);
        self.pushes.extend(pushing.await.unwrap());
        load
    }
}

/// Latency of turns at half the top rate: left alone, while a plugin is pushed now and then, and
/// while one is pushed every second.
pub(crate) fn loads(rounds: usize, seconds: usize) -> (Vec<Row>, String) {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    runtime.block_on(async {
        // Without a cache every version is compiled.
        let host = HostConfig { behind_callers: true, ..HostConfig::default() };
        let clock = Arc::new(SystemClock);
        let (deploy, _app, running) = deployed(folder.path(), host, clock, &source()).await;
        let port = running.address().port();
        let mut bench = Bench { deploy, port, calls: 0, pushes: Vec::new() };
        let mut top = Vec::new();
        for _ in 0..rounds {
            top.push(bench.load(CALLS, None).await.a_second);
        }
        let rate = median(top) / 2.0;
        let calls = (rate * seconds as f64) as usize / TURNS as usize;
        let mut loads = Vec::new();
        for _ in 0..rounds {
            let calm = bench.load(calls, Some(rate)).await;
            let some = bench.disturbed(calls, rate, NOW_AND_THEN).await;
            loads.push([calm, some, bench.disturbed(calls, rate, Duration::from_secs(1)).await]);
        }
        running.stop().await;
        let of = |figure: &dyn Fn(&[Load; 3]) -> f64| median(loads.iter().map(figure).collect());
        let p99 = |which: usize| of(&|loads| loads[which].percentile(99));
        let ratio =
            |which: usize| of(&|loads| loads[which].percentile(99) / loads[0].percentile(99));
        let mut pushes = bench.pushes;
        pushes.sort();
        let row = |which: usize, what| Row {
            what,
            measured: format!("{:.1} ms", p99(which)),
            against: format!("{:.1} ms without", p99(0)),
            ratio: format!("{:.2}x", ratio(which)),
            target: "< 2x",
            met: ratio(which) < 2.0,
        };
        let every = NOW_AND_THEN.as_secs();
        let rows = vec![
            row(1, format!("p99 of {rate:.0} turns/s while a plugin is pushed every {every} s")),
            row(2, "the same, pushed every second".to_owned()),
        ];
        let note = format!(
            "  pushed every second: p50 {:.1} ms, {:.1} ms without\n  hot loads: {} pushes, median {:.0?}, longest {:.0?}\n",
            of(&|loads| loads[2].percentile(50)),
            of(&|loads| loads[0].percentile(50)),
            pushes.len(),
            pushes[pushes.len() / 2],
            pushes[pushes.len() - 1],
        );
        (rows, note)
    })
}
