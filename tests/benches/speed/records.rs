//! What records cost by their number: look-ups by account, telephone number and similar name, whole
//! calls of the shipped project, and the memory of the server.
//!
//! Each number of customers has a process of its own, for its memory; another has filled its store.

#[path = "../../../engine/local/benches/customers/mod.rs"]
mod customers;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use dialgraph_base::{Digest, Timestamp};
use dialgraph_kernel::ports::records::{Search, Source};
use dialgraph_kernel::provider::{Caller, Records as _};
use dialgraph_local::records::{ImportMode, ImportRow, LocalRecords};
use dialgraph_server::App;
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use customers::{account, misheard, mixed, name, phone};

use crate::measure::{Row, median, resident};
use crate::memory::order;
use crate::serve::runtime;
use crate::shipped::{served, whole};

const COLLECTION: &str = "customers";
/// Records that are put in at a time, and how often at once.
const PORTION: usize = 1_000;
const AT_ONCE: usize = 2;
/// Searches of each kind, and how many there are before.
const SEARCHES: usize = 2_000;
const WARM: usize = 500;
/// Rounds of whole calls, and calls of each.
const ROUNDS: usize = 3;
const CALLS: usize = 320;
/// The same where everything is done once and small: an unoptimised engine is slow.
const FEW: usize = 1_000;
const FEW_CALLS: usize = 8;

/// What is looked for, by the number of a customer: the index and the value.
type Wanted = fn(usize) -> (&'static str, String);
const KINDS: [Wanted; 3] =
    [|n| ("account", account(n)), |n| ("phone", own_phone(n)), |n| ("company", misheard(n))];

/// A number that none of the shipped customers has: the caller of whole calls is one of them.
fn own_phone(n: usize) -> String {
    phone(n + 20_000)
}

fn customer(n: usize) -> ImportRow {
    let key = format!("n-{n:07}");
    let data = json!({
        "customer_id": key,
        "company_name": name(n),
        "aws_account_id": account(n),
        "support_level": "General",
        "contact_info": {"name": "홍예시", "phone": own_phone(n), "email": "ops@customer.example"},
        "created_at": "2026-03-02T00:00:00Z",
        "updated_at": "2026-11-02T00:00:00Z",
    });
    ImportRow { key, data }
}

/// A child: fills the store in `folder` with the shipped project and so many customers more, and
/// tells how many it put in a second.
pub(crate) fn fill(folder: &Path, count: usize) {
    let a_second = runtime().block_on(async {
        let (_deploy, app, running) = served(folder).await;
        let records = LocalRecords::new(Arc::clone(&app.store.store), [COLLECTION.to_owned()]);
        let began = Instant::now();
        let imports = (0..count).step_by(PORTION).map(|from| {
            let records = &records;
            async move {
                let rows: Vec<ImportRow> =
                    (from..count.min(from + PORTION)).map(customer).collect();
                let import = records.import(COLLECTION, &rows, Timestamp(0), ImportMode::default());
                assert_eq!(import.await.unwrap().created, rows.len());
            }
        });
        stream::iter(imports).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
        let a_second = count as f64 / began.elapsed().as_secs_f64();
        running.stop().await;
        a_second
    });
    println!("{a_second}");
}

/// A child: serves the store in `folder`, and tells the median microseconds of a search of each
/// kind, milliseconds and processor time of a turn of whole calls, and its memory.
pub(crate) fn child(folder: &Path, count: usize) {
    let (rounds, calls) = if count < FEW { (1, FEW_CALLS) } else { (ROUNDS, CALLS) };
    let figures = runtime().block_on(async {
        let (deploy, app, running) = served(folder).await;
        let project = deploy.history().live_project().await.unwrap();
        let records = LocalRecords::new(Arc::clone(&app.store.store), [COLLECTION.to_owned()])
            .with_indexes(Arc::new(project.indexes()));
        let mut figures = Vec::new();
        for kind in KINDS {
            searches(&records, count, kind, WARM).await;
            figures.push(searches(&records, count, kind, SEARCHES).await);
        }
        let mut measured = whole(running.address().port(), rounds, calls).await;
        // The first touches what is made once.
        measured.remove(0);
        figures.push(median(measured.iter().map(|round| round.p50).collect()));
        figures.push(median(measured.iter().map(|round| round.cpu).collect()));
        figures.push(resident().unwrap_or(0) as f64);
        running.stop().await;
        drop::<Arc<App>>(app);
        figures
    });
    let told: Vec<String> = figures.iter().map(ToString::to_string).collect();
    println!("{}", told.join(" "));
}

/// The median microseconds of so many searches.
async fn searches(
    records: &LocalRecords,
    count: usize,
    kind: fn(usize) -> (&'static str, String),
    searches: usize,
) -> f64 {
    let caller = Caller {
        call_id: "call".into(),
        release: Digest::of(b"no release"),
        locale: "ko-KR".into(),
        plugin: "bench".into(),
        now: Timestamp(0),
        idempotency_key: "reads only".into(),
    };
    let mut times = Vec::with_capacity(searches);
    for i in 0..searches {
        let (index, value) = kind(mixed(i as u64) as usize % count);
        let request = Search {
            collection: COLLECTION.to_owned(),
            index: index.to_owned(),
            values: vec![Value::from(value)],
            limit: 4,
            cursor: None,
            source: Source::Current,
        };
        let began = Instant::now();
        let page = records.search(&caller, &request).await.unwrap();
        times.push(began.elapsed().as_secs_f64() * 1e6);
        assert!(!page.hits.is_empty());
    }
    median(times)
}

/// Each figure among more and more customers, and its ratio to that among the fewest.
pub(crate) fn by_number(counts: &[usize]) -> (Vec<Row>, String) {
    let mut note = String::new();
    let figures: Vec<Vec<f64>> = counts
        .iter()
        .map(|count| {
            let folder = tempfile::tempdir().unwrap();
            let a_second: f64 = order("fill-records", *count, folder.path()).parse().unwrap();
            note += &format!("  {count} customers: {a_second:.0} put in a second");
            let told = order("records", *count, folder.path());
            let figures: Vec<f64> = told.split(' ').map(|one| one.parse().unwrap()).collect();
            note += &format!(", {:.0} MiB in memory\n", figures[5] / f64::from(1 << 20));
            figures
        })
        .collect();
    let mut rows = Vec::new();
    let mut add = |at: usize, what: &str, unit: &str, target: &'static str, most: f64| {
        for (count, of) in counts.iter().zip(&figures).skip(1) {
            let ratio = of[at] / figures[0][at];
            rows.push(Row {
                what: format!("{what} among {count} customers"),
                measured: format!("{:.1} {unit}", of[at]),
                against: format!("{:.1} {unit} among {}", figures[0][at], counts[0]),
                ratio: format!("{ratio:.2}x"),
                target,
                met: ratio <= most,
            });
        }
    };
    add(0, "p50 of a search by account", "µs", "≤ 1.3x", 1.3);
    add(1, "p50 of a search by telephone number", "µs", "≤ 1.3x", 1.3);
    add(2, "p50 of a search by similar name", "µs", "≤ 2x", 2.0);
    add(3, "p50 of a turn of whole shipped calls", "ms", "≤ 1.2x", 1.2);
    add(4, "CPU of a turn of whole shipped calls", "µs", "≤ 1.2x", 1.2);
    (rows, note)
}
