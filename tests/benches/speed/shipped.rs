//! Whole calls of the shipped project by a whole server: its flows, its plugins, records and
//! tickets, the embedded store, signed HTTP.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dialgraph_base::Timestamp;
use dialgraph_deploy::Source;
use dialgraph_host::HostConfig;
use dialgraph_runtime::{Clock, SystemClock};
use dialgraph_store::UnixMillis;
use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::measure::{Row, median, process_cpu};
use crate::plugins::folder;
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
struct Morning {
    began: u64,
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

/// Whole calls a second, and the processor time that a turn of them takes, its client's included.
pub(crate) fn calls(rounds: usize, calls: usize) -> (Vec<Row>, String) {
    let (runtime, store) = (runtime(), tempfile::tempdir().unwrap());
    let clock = Morning { began: SystemClock.millis() };
    // What the ends cost is shared out among the turns of callers.
    let turns = u32::try_from(DOES.len()).unwrap() + 1;
    let mut measured = runtime.block_on(async {
        let host = HostConfig { cache_dir: Some(folder("compiled")), ..HostConfig::default() };
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../flows");
        let source = Source::folder(&project, dialgraph_guests::shipped()).unwrap();
        let (_deploy, _app, running) = deployed(store.path(), host, Arc::new(clock), &source).await;
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
            let load = load(running.address().port(), of_round, None).await;
            let each = (process_cpu() - before).as_secs_f64() * 1e6 / load.latencies.len() as f64;
            measured.push((load.a_second / f64::from(turns), each, load.percentile(99)));
        }
        running.stop().await;
        measured
    });
    // The first touches what is made once.
    measured.remove(0);
    let of = |figure: fn(&(f64, f64, f64)) -> f64| median(measured.iter().map(figure).collect());
    let row = Row {
        what: format!("whole calls of the shipped project, {turns} turns each, and their ends"),
        measured: format!("{:.0} calls/s", of(|round| round.0)),
        against: format!("{:.0} µs CPU a turn, client included", of(|round| round.1)),
        ratio: "-".to_owned(),
        target: "stated",
        met: true,
    };
    (
        vec![row],
        format!("  whole calls: p99 of a turn {:.1} ms at that rate\n", of(|round| round.2)),
    )
}
