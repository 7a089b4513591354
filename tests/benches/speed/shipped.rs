//! Whole calls of the shipped project by a whole server: its flows, its plugins, records and
//! tickets, the embedded store, signed HTTP.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dialgraph_base::Timestamp;
use dialgraph_deploy::{Deploy, Source};
use dialgraph_host::HostConfig;
use dialgraph_runtime::{Clock, SystemClock};
use dialgraph_server::{App, Running};
use dialgraph_store::UnixMillis;
use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::measure::{Row, median, process_cpu};
use crate::serve::{Calls, deployed, load, runtime};

/// The README's call: an emergency of a customer with a contract, who is identified, gets a ticket
/// and an engineer who is rung. Then the contact is over: the log is written and, in the `after`
/// flow, completed, and the engineer is free again.
const DOES: [(&str, &str); 5] = [
    ("pressed", "1"),
    ("said", "푸른별상사"),
    ("said", "홍예시"),
    ("pressed", "1"),
    ("said", "운영 서버가 다운됐어요"),
];

/// A Friday morning in Seoul, 2026-11-20T10:00:00+09:00: the call goes by office hours, whenever it
/// is measured.
const FRIDAY: u64 = 1_795_136_400_000;

/// The machine's clock, set to that morning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Morning {
    began: u64,
}

impl Morning {
    pub(crate) fn new() -> Self {
        Self { began: SystemClock.millis() }
    }
}

impl Clock for Morning {
    fn now(&self) -> Timestamp {
        Timestamp(FRIDAY + SystemClock.millis() - self.began)
    }

    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'static, ()> {
        let ms = until.0.saturating_sub(Clock::now(self).0);
        tokio::time::sleep(Duration::from_millis(ms)).boxed()
    }
}

impl dialgraph_store::Clock for Morning {
    fn now(&self) -> UnixMillis {
        UnixMillis(Clock::now(self).0)
    }
}

/// A server with the shipped project on a store in `folder`.
pub(crate) async fn served(folder: &Path) -> (Deploy, Arc<App>, Running) {
    let host = HostConfig { cache_dir: Some(compiled()), ..HostConfig::default() };
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../flows/support-desk");
    let source = Source::folder(&project, dialgraph_guests::shipped()).unwrap();
    deployed(folder, host, Arc::new(Morning::new()), &source).await
}

fn compiled() -> std::path::PathBuf {
    crate::plugins::folder("compiled")
}

/// Turns of such a call, with the first.
fn turns() -> u32 {
    u32::try_from(DOES.len()).unwrap() + 1
}

/// Whole calls of one round.
pub(crate) struct Whole {
    pub(crate) a_second: f64,
    /// Microseconds of processor time that a turn takes, its client's included.
    pub(crate) cpu: f64,
    /// Milliseconds of a turn.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// Rounds of whole calls to a server, with one more before.
pub(crate) async fn whole(port: u16, rounds: usize, calls: usize) -> Vec<Whole> {
    // What the ends cost is shared out among the turns of callers.
    let turns = turns();
    let mut measured = Vec::new();
    for round in 0..=rounds {
        let of_round = Calls {
            turns: 1..=turns,
            does: |turn| DOES[turn as usize - 2],
            last: "transfer",
            is_reported: true,
            ..Calls::to_the_desk(round * calls, calls)
        };
        let before = process_cpu();
        let load = load(port, of_round, None).await;
        let cpu = (process_cpu() - before).as_secs_f64() * 1e6 / load.latencies.len() as f64;
        measured.push(Whole {
            a_second: load.a_second / f64::from(turns),
            cpu,
            p50: load.percentile(50),
            p99: load.percentile(99),
        });
    }
    measured
}

/// Whole calls a second, and the processor time that a turn of them takes, its client's included.
pub(crate) fn calls(rounds: usize, calls: usize) -> (Vec<Row>, String) {
    let (runtime, store) = (runtime(), tempfile::tempdir().unwrap());
    let mut measured = runtime.block_on(async {
        let (_deploy, _app, running) = served(store.path()).await;
        let measured = whole(running.address().port(), rounds, calls).await;
        running.stop().await;
        measured
    });
    // The first touches what is made once.
    measured.remove(0);
    let of = |figure: fn(&Whole) -> f64| median(measured.iter().map(figure).collect());
    let turns = turns();
    let row = Row {
        what: format!("whole calls of the shipped project, {turns} turns each, and their ends"),
        measured: format!("{:.0} calls/s", of(|round| round.a_second)),
        against: format!("{:.0} µs CPU a turn, client included", of(|round| round.cpu)),
        ratio: "-".to_owned(),
        target: "stated",
        met: true,
    };
    (
        vec![row],
        format!("  whole calls: p99 of a turn {:.1} ms at that rate\n", of(|round| round.p99)),
    )
}
