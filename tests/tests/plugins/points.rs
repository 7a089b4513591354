//! `points`, as the component that is shipped, over the engine's own records in a store on disk:
//! many calls at once, and calls that end in between.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails with it")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dialgraph_host::Loaded;
use dialgraph_kernel::plugin::RunResult;
use dialgraph_kernel::ports::records::{Get, Source};
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostError};
use dialgraph_store::{ManualClock, SledOptions, SledStore, Store};
use serde_json::{Value, json};

use crate::components::{Visit, load, records};

const COLLECTIONS: [&str; 2] = ["points", "points_history"];

struct Bank {
    plugin: Loaded,
    store: Arc<dyn Store>,
    visits: AtomicUsize,
    _folder: tempfile::TempDir,
}

impl Bank {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::default());
        let store = SledStore::open(folder.path(), clock, &SledOptions::default()).unwrap();
        Self {
            plugin: load("points", &["clock", "records-read", "records-write"]),
            store: Arc::new(store),
            visits: AtomicUsize::new(0),
            _folder: folder,
        }
    }

    /// What a visit leaves by, of which the answer to host call `lost` never comes.
    fn visit(&self, action: &str, input: Value, lost: Option<usize>) -> RunResult {
        let number = self.visits.fetch_add(1, Ordering::Relaxed);
        let world = records(&self.store, &COLLECTIONS, u32::try_from(number).unwrap());
        let made = std::sync::Mutex::new(Vec::new());
        let config = json!({"do": action, "collection": "points", "history": "points_history", "attempts": 10});
        let visit = Visit::new(&self.plugin, config, move |call| {
            let result = world(call);
            let mut made = made.lock().unwrap();
            let place = made.iter().position(|known| known == call).unwrap_or_else(|| {
                made.push(call.clone());
                made.len() - 1
            });
            if lost == Some(place) {
                return Err(HostError::unavailable("killed", "nobody waits for the answer"));
            }
            result
        });
        visit.input(input).enter_once()
    }

    /// The output of a visit that is made again while others come between.
    fn does(&self, action: &str, input: Value) -> Value {
        loop {
            match self.visit(action, input.clone(), None) {
                RunResult::Done(done) => return done.output,
                RunResult::Failed(failure) => assert_eq!(&*failure.code, "contended"),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Balance and reservations of the account, after its entries were added up.
    fn ledger(&self, ids: &[String]) -> (i64, usize) {
        let number = self.visits.fetch_add(1, Ordering::Relaxed);
        let world = records(&self.store, &COLLECTIONS, u32::try_from(number).unwrap());
        let get = |collection: &str, key: String| {
            let source = Source::Current;
            let get = Get { collection: collection.to_owned(), key, source };
            match world(&HostCall::RecordsGet(get)).unwrap() {
                HostAnswer::RecordsGet(record) => record.map(|record| record.data),
                other => panic!("{other:?}"),
            }
        };
        let account = get("points", "c-1".to_owned()).unwrap();
        let mut entries: BTreeMap<u64, Value> = BTreeMap::new();
        let mut keys = vec!["c-1/number/1".to_owned()];
        for id in ids {
            keys.extend(["credit", "reserve"].map(|what| format!("c-1/{what}/{id}")));
        }
        let older = keys.into_iter().filter_map(|key| get("points_history", key));
        for entry in older.chain(account["recent"].as_array().unwrap().iter().cloned()) {
            entries.insert(entry["number"].as_u64().unwrap(), entry);
        }
        assert_eq!(entries.len() as u64, account["entries"].as_u64().unwrap());
        assert_eq!(entries.keys().next_back(), account["entries"].as_u64().as_ref());
        let sum: i64 = entries.values().map(|entry| entry["change"].as_i64().unwrap()).sum();
        assert_eq!(sum, account["balance"].as_i64().unwrap(), "the entries add up");
        (sum, account["holds"].as_object().unwrap().len())
    }
}

#[test]
fn of_128_calls_at_once_none_spends_what_another_has_spent() {
    let bank = Bank::new();
    bank.does("credit", json!({"account": "c-1", "id": "start", "points": 640}));
    let ids: Vec<String> = (0..128).map(|n| format!("o-{n}")).collect();
    // Each purchase is 10 points, and there are enough for 64; one of four fails to be paid.
    let purchase = |n: usize| {
        let id = &ids[n];
        let reserve = json!({"account": "c-1", "id": id, "points": 10});
        match bank.does("reserve", reserve)["outcome"].as_str().unwrap() {
            "insufficient" | "too_many" => 0,
            "reserved" if n.is_multiple_of(4) => {
                bank.does("release", json!({"account": "c-1", "id": id}));
                0
            }
            "reserved" => {
                let settled = bank.does("settle", json!({"account": "c-1", "id": id}));
                assert_eq!(settled["outcome"], "settled");
                10
            }
            other => panic!("{other}"),
        }
    };
    let next = AtomicUsize::new(0);
    let spent: i64 = std::thread::scope(|scope| {
        let work = || {
            let mut spent = 0;
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= ids.len() {
                    return spent;
                }
                spent += purchase(n);
            }
        };
        let callers: Vec<_> = (0..16).map(|_| scope.spawn(work)).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).sum()
    });
    let mut all = ids.clone();
    all.push("start".to_owned());
    assert_eq!(bank.ledger(&all), (640 - spent, 0), "and nothing stays reserved");
    assert!(spent > 0);
}

/// The answer to each host call in turn is lost, whether or not it was carried out; another call
/// does the same again.
#[test]
fn whatever_is_broken_off_is_done_once_when_it_is_done_again() {
    let ids: Vec<String> = (0..30).map(|n| format!("o-{n}")).collect();
    let mut cut = 0;
    for lost in 0.. {
        let bank = Bank::new();
        // So many that the account moves entries into its history.
        for id in &ids[..22] {
            bank.does("credit", json!({"account": "c-1", "id": id, "points": 10}));
        }
        let before = cut;
        for (action, points) in
            [("credit", json!(7)), ("reserve", json!(50)), ("settle", Value::Null)]
        {
            let input = json!({"account": "c-1", "id": "o-29", "points": points});
            if matches!(bank.visit(action, input.clone(), Some(lost)), RunResult::Failed(_)) {
                cut += 1;
            }
            bank.does(action, input);
        }
        assert_eq!(bank.ledger(&ids), (22 * 10 + 7 - 50, 0), "answer {lost} was lost");
        if cut == before {
            break;
        }
    }
    assert!(cut > 6, "{cut}");
}
