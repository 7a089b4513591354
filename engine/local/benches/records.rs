//! What a search costs, by the number of records.
//!
//! `cargo bench -p dialgraph-local --bench records [-- COUNT…]`, default `1000 100000`. Each figure
//! is the median of single searches in a sled store of so many customers, and its ratio to the
//! smallest store of the same run. Stores are searched in turns.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test or benchmark fails by panicking, and prints"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dialgraph_base::index::{Index, IndexKind, Indexes};
use dialgraph_base::phone::Country;
use dialgraph_base::{Digest, Timestamp};
use dialgraph_kernel::ports::records::{Search, Source};
use dialgraph_kernel::provider::{Caller, Records as _};
use dialgraph_local::records::{ImportMode, ImportRow, LocalRecords};
use dialgraph_store::{SledOptions, SledStore, Store, UnixMillis};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const ROUNDS: usize = 5;
const SEARCHES: usize = 2_000;
/// Records that are imported at a time.
const PORTION: usize = 1_000;
const COLLECTION: &str = "customers";

fn main() {
    let mut counts: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    if counts.is_empty() {
        counts = vec![1_000, 100_000];
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let folders: Vec<_> = counts.iter().map(|_| tempfile::tempdir().unwrap()).collect();
    let desks: Vec<Desk> = counts
        .iter()
        .zip(&folders)
        .map(|(count, folder)| Desk::fill(&runtime, folder.path(), *count))
        .collect();
    let searches: [(&str, Wanted); 4] = [
        ("by account", |n| ("account", json!(account(n)))),
        ("by telephone number", |n| ("phone", json!(phone(n)))),
        ("by name", |n| ("company", json!(name(n)))),
        ("by similar name", |n| ("company", json!(misheard(n)))),
    ];
    println!(
        "\n{:<22}{:>12}{:>14}{:>9}{:>8}",
        "search", "customers", "median, µs", "ratio", "found"
    );
    for (what, make) in searches {
        let mut medians: Vec<Vec<Duration>> = vec![Vec::new(); desks.len()];
        let mut found = vec![0; desks.len()];
        for _ in 0..ROUNDS {
            for (at, desk) in desks.iter().enumerate() {
                let (median, hits) = desk.search(&runtime, make);
                medians[at].push(median);
                found[at] = hits;
            }
        }
        let middle = |all: &mut Vec<Duration>| {
            all.sort_unstable();
            all[all.len() / 2].as_secs_f64() * 1e6
        };
        let medians: Vec<f64> = medians.iter_mut().map(middle).collect();
        for ((desk, median), found) in desks.iter().zip(&medians).zip(&found) {
            println!(
                "{what:<22}{:>12}{median:>14.1}{:>8.2}x{:>7.1}%",
                desk.count,
                median / medians[0],
                100.0 * *found as f64 / SEARCHES as f64
            );
        }
    }
}

/// The index and the value to search for, by the number of a customer.
type Wanted = fn(usize) -> (&'static str, Value);

struct Desk {
    records: LocalRecords,
    count: usize,
}

impl Desk {
    fn fill(runtime: &Runtime, folder: &std::path::Path, count: usize) -> Self {
        let clock = Arc::new(|| UnixMillis(1_800_000_000_000));
        let store = SledStore::open(folder, clock, &SledOptions::default()).unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let index = |kind, fields: &[&str]| Index {
            kind,
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        };
        let indexes = BTreeMap::from([
            ("account".to_owned(), index(IndexKind::Exact, &["account"])),
            ("company".to_owned(), index(IndexKind::Name, &["name"])),
            ("phone".to_owned(), index(IndexKind::Phone, &["phone"])),
        ]);
        let indexes = Indexes {
            collections: BTreeMap::from([(COLLECTION.to_owned(), indexes)]),
            country: Country::of("KR"),
        };
        let records =
            LocalRecords::new(store, [COLLECTION.to_owned()]).with_indexes(Arc::new(indexes));
        let began = Instant::now();
        runtime.block_on(async {
            records.build_indexes(COLLECTION).await.unwrap();
            for from in (0..count).step_by(PORTION) {
                let some: Vec<ImportRow> = (from..count.min(from + PORTION))
                    .map(|n| ImportRow {
                        key: format!("c-{n:07}"),
                        data: json!({"account": account(n), "name": name(n), "phone": phone(n)}),
                    })
                    .collect();
                let done = records.import(COLLECTION, &some, Timestamp(0), ImportMode::default());
                assert_eq!(done.await.unwrap().created, some.len());
            }
        });
        println!(
            "{count} customers imported, {:.0} a second",
            count as f64 / began.elapsed().as_secs_f64()
        );
        Self { records, count }
    }

    /// The median time of a search, and how many found their customer first.
    fn search(&self, runtime: &Runtime, make: Wanted) -> (Duration, usize) {
        let caller = Caller {
            call_id: "call".into(),
            release: Digest::of(b"no release"),
            locale: "ko-KR".into(),
            plugin: "bench".into(),
            now: Timestamp(0),
            idempotency_key: "reads only".into(),
        };
        let mut times = Vec::with_capacity(SEARCHES);
        let mut found = 0;
        for i in 0..SEARCHES {
            let n = mixed(i as u64) as usize % self.count;
            let (index, value) = make(n);
            let request = Search {
                collection: COLLECTION.to_owned(),
                index: index.to_owned(),
                values: vec![value],
                limit: 10,
                cursor: None,
                source: Source::Current,
            };
            let began = Instant::now();
            let page = runtime.block_on(self.records.search(&caller, &request)).unwrap();
            times.push(began.elapsed());
            found += usize::from(
                page.hits.first().is_some_and(|hit| hit.record.key == format!("c-{n:07}")),
            );
        }
        times.sort_unstable();
        (times[SEARCHES / 2], found)
    }
}

fn account(n: usize) -> String {
    format!("{n:012}")
}

fn phone(n: usize) -> String {
    format!("010-{:04}-{:04}", n / 10_000 % 10_000, n % 10_000)
}

/// A company's name of five to seven syllables, with endings as common as those of real companies.
fn name(n: usize) -> String {
    const ENDINGS: [&str; 8] =
        ["시스템", "테크", "산업", "전자", "물류", "정보기술", "코리아", "상사"];
    let ending = ENDINGS[mixed(n as u64 ^ 0x55) as usize % ENDINGS.len()];
    let syllables: String = (0..3).map(|at| syllable(n as u64 * 3 + at)).collect();
    format!("(주){syllables}{ending}")
}

fn syllable(seed: u64) -> char {
    // Initials and medials that names have, some with a final.
    let z = mixed(seed);
    let (initial, medial, last) =
        (z % 19, z / 19 % 21, [0, 0, 4, 8, 16, 21][(z / 399 % 6) as usize]);
    char::from_u32(0xac00 + ((initial * 21 + medial) * 28 + last) as u32).unwrap_or('가')
}

/// The same with another vowel in the second syllable.
fn misheard(n: usize) -> String {
    let mut letters: Vec<char> = name(n).chars().collect();
    let code = letters[4] as u32 - 0xac00;
    let medial = (code / 28 % 21 + 4) % 21;
    let other = (code / 28 / 21 * 21 + medial) * 28 + code % 28;
    letters[4] = char::from_u32(0xac00 + other).unwrap_or('가');
    letters.into_iter().collect()
}

fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
