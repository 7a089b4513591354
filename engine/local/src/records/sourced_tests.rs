//! Writes elsewhere that get no answer, and copies of what was read elsewhere before.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use dialgraph_base::Digest;
use dialgraph_kernel::ports::records::{Delete, Expectation, Source};
use serde_json::json;

use super::tests::{caller, get, memory, put};
use super::*;

/// A place of records whose answers to writes get lost.
struct Lossy {
    inner: LocalRecords,
    loses: AtomicBool,
    is_busy: AtomicBool,
    times: AtomicU64,
}

impl Lossy {
    fn over(inner: LocalRecords) -> Self {
        let (loses, is_busy) = (AtomicBool::default(), AtomicBool::default());
        Self { inner, loses, is_busy, times: AtomicU64::default() }
    }

    /// Each write counts as one of its own: the place knows no idempotency keys.
    fn once(&self, caller: &Caller) -> Caller {
        let number = self.times.fetch_add(1, Ordering::SeqCst);
        let key = format!("{} {number}", caller.idempotency_key).into();
        Caller { idempotency_key: key, ..caller.clone() }
    }

    fn answer<T>(&self, done: Result<T, HostError>) -> Result<T, HostError> {
        if self.loses.swap(false, Ordering::SeqCst) {
            return Err(HostError::unavailable("source-failed", "the connection broke"));
        }
        if self.is_busy.swap(false, Ordering::SeqCst) {
            return Err(HostError::unavailable("source-busy", "too many ask it"));
        }
        done
    }
}

#[async_trait]
impl Records for Lossy {
    async fn get(&self, caller: &Caller, request: &Get) -> Result<Option<Record>, HostError> {
        self.inner.get(caller, request).await
    }

    async fn find(&self, caller: &Caller, request: &Find) -> Result<Page, HostError> {
        self.inner.find(caller, request).await
    }

    async fn search(&self, caller: &Caller, request: &Search) -> Result<SearchPage, HostError> {
        self.inner.search(caller, request).await
    }

    async fn put(&self, caller: &Caller, request: &Put) -> Result<Written, HostError> {
        if self.is_busy.load(Ordering::SeqCst) {
            return self.answer(Ok(Written { version: 0 }));
        }
        let done = self.inner.put(&self.once(caller), request).await;
        self.answer(done)
    }

    async fn delete(&self, caller: &Caller, request: &Delete) -> Result<(), HostError> {
        let done = self.inner.delete(&self.once(caller), request).await;
        self.answer(done)
    }
}

fn delete(expect: Expectation) -> Delete {
    Delete { collection: "customers".into(), key: "a".into(), expect }
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_meets_no_conflict_with_itself() {
    let inner = LocalRecords::new(memory(), ["customers".to_owned()]);
    let place = Arc::new(Lossy::over(inner));
    let sourced = Sourced::new(place.clone() as _, memory(), Schemas::default());
    let lose = || place.loses.store(true, Ordering::SeqCst);
    let first = put("a", json!({"name": "Hanbit", "note": null}), Expectation::Absent);
    lose();
    assert_eq!(sourced.put(&caller("1"), &first).await.unwrap_err().code, "source-failed");
    assert_eq!(sourced.put(&caller("1"), &first).await, Ok(Written { version: 1 }));
    // Another write that wants the same expects what is not so.
    assert_eq!(sourced.put(&caller("2"), &first).await.unwrap_err().code, "conflict");
    let next = put("a", json!({"name": "Haneul"}), Expectation::Version(1));
    lose();
    assert!(sourced.put(&caller("3"), &next).await.is_err());
    // Somebody else has changed it since.
    let other = put("a", json!({"name": "Saebyeok"}), Expectation::Version(2));
    sourced.put(&caller("4"), &other).await.unwrap();
    assert_eq!(sourced.put(&caller("3"), &next).await.unwrap_err().code, "conflict");
    lose();
    assert!(sourced.delete(&caller("5"), &delete(Expectation::Version(3))).await.is_err());
    assert_eq!(sourced.delete(&caller("5"), &delete(Expectation::Version(3))).await, Ok(()));
    let again = sourced.delete(&caller("6"), &delete(Expectation::Version(3))).await;
    assert_eq!(again.unwrap_err().code, "conflict");
}

#[tokio::test]
async fn a_copy_that_was_read_elsewhere_is_none() {
    let (store, copies) = (memory(), memory());
    let of = |origin: &str| {
        let inner = LocalRecords::new(Arc::clone(&store), ["customers".to_owned()]);
        LastKnown::new(inner, Arc::clone(&copies)).of_origin(Digest::of(origin.as_bytes()))
    };
    let (old, new) = (of("the old CRM"), of("the new CRM"));
    old.put(&caller("1"), &put("a", json!({"name": "Hanbit"}), Expectation::Any)).await.unwrap();
    let find = Find {
        collection: "customers".into(),
        matches: Vec::new(),
        limit: 10,
        source: Source::LastKnown,
    };
    let copied = async |known: &LastKnown<LocalRecords>| {
        let one = known.get(&caller("2"), &get("a", Source::LastKnown)).await.unwrap();
        let all = known.find(&caller("3"), &find).await.unwrap();
        (one.is_some(), all.records.len())
    };
    assert_eq!(copied(&old).await, (true, 1));
    assert_eq!(copied(&new).await, (false, 0));
    // It is read there within the time in which a copy is not made anew.
    new.get(&caller("4"), &get("a", Source::Current)).await.unwrap();
    assert_eq!(copied(&new).await, (true, 1));
}

#[tokio::test]
async fn a_write_that_was_never_sent_takes_nobody_elses_for_its_own() {
    let inner = LocalRecords::new(memory(), ["customers".to_owned()]);
    let place = Arc::new(Lossy::over(inner));
    let sourced = Sourced::new(place.clone() as _, memory(), Schemas::default());
    let slot = put("nine", json!({"taken": true}), Expectation::Absent);
    place.is_busy.store(true, Ordering::SeqCst);
    assert_eq!(sourced.put(&caller("1"), &slot).await.unwrap_err().code, "source-busy");
    assert_eq!(sourced.put(&caller("2"), &slot).await, Ok(Written { version: 1 }));
    assert_eq!(sourced.put(&caller("1"), &slot).await.unwrap_err().code, "conflict");
}
