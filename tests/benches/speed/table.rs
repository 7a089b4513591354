//! Processor time of a turn whose store is a table of DynamoDB.
//!
//! The table is a stand-in in a process of its own, asked over plain HTTP: what is measured is this
//! side, without TLS.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dialgraph_aws::connection::stand_in;
use dialgraph_aws::dynamodb::{DynamoStore, Limits, create_table};
use dialgraph_stand_ins::StandIn;
use dialgraph_store::{MemoryStore, Store, UnixMillis};

use crate::flows::{NOW, compile, desk};
use crate::measure::{Row, median, timed};
use crate::turns::{TURNS, engine, hold, side_by_side};

const TABLE: &str = "bench";
const AT_ONCE: usize = 8;

/// The stand-in is slow, and its time is not what is measured.
const PATIENT: Limits =
    Limits { attempt: Duration::from_secs(30), operation: Duration::from_secs(60) };

/// What a turn costs this process over a table, and over a store in memory.
pub(crate) fn turns(rounds: usize, calls: usize) -> (Vec<Row>, String) {
    let release = compile(&desk(), &BTreeMap::default());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ministack = StandIn::ministack();
    let connection = stand_in(&ministack.url());
    runtime.block_on(create_table(&connection, TABLE)).unwrap();
    let clock = || Arc::new(|| UnixMillis(NOW.0));
    let table: Arc<dyn Store> = Arc::new(DynamoStore::new(&connection, TABLE, clock(), PATIENT));
    let mut first = 0;
    let mut measure = |store: Arc<dyn Store>| {
        let engine = engine(store, &release);
        let from = first;
        first += calls;
        let work = side_by_side(AT_ONCE, calls, move |number| {
            let engine = engine.clone();
            async move { hold(&engine, from + number).await }
        });
        let ((), _, cpu) = timed(|| runtime.block_on(work));
        cpu.as_secs_f64() * 1e6 / (calls as f64 * f64::from(TURNS))
    };
    let pairs: Vec<(f64, f64)> = (0..rounds)
        .map(|_| (measure(table.clone()), measure(Arc::new(MemoryStore::new(clock())))))
        .collect();
    let over_table = median(pairs.iter().map(|pair| pair.0).collect());
    let in_memory = median(pairs.iter().map(|pair| pair.1).collect());
    let row = Row {
        what: "a turn over DynamoDB, without TLS".to_owned(),
        measured: format!("{over_table:.0} µs CPU"),
        against: format!("{in_memory:.0} µs CPU in memory"),
        ratio: format!("{:.1}x", median(pairs.iter().map(|pair| pair.0 / pair.1).collect())),
        target: "stated",
        met: true,
    };
    (vec![row], String::new())
}
