//! A sealed value shows nothing, opens only in its own row and with its own key, notices every
//! change, and stays readable in the first release's format.

use std::sync::Arc;

use futures::executor::block_on;
use proptest::prelude::*;

use super::*;
use crate::clock::ManualClock;
use crate::memory::MemoryStore;

const OLD: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const NEW: &str = "f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn ring(keys: &[&str]) -> Keyring {
    Keyring::parse(&keys.join("\n"), "test").unwrap()
}

fn memory() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new(Arc::new(ManualClock::default())))
}

fn key(sort: &str) -> Key {
    Key::new(&Part::new("call/1").unwrap(), Sort::text(sort)).unwrap()
}

fn put(store: &dyn Store, sort: &str, value: impl Into<Bytes>) {
    let token = CommitToken::new(format!("{sort} {:p}", &raw const sort)).unwrap();
    block_on(store.commit(&[Op::put(key(sort), value, Expect::Any)], &token)).unwrap();
}

fn open<S: Store>(inner: S, keys: &[&str]) -> Result<Sealed<S>, StoreError> {
    block_on(Sealed::open(inner, ring(keys)))
}

#[test]
fn what_reaches_the_inner_store_shows_nothing_of_the_value() {
    let inner = memory();
    let store = open(Arc::clone(&inner), &[OLD]).unwrap();
    put(&store, "state", "the caller's words");
    let stored = block_on(inner.get(&key("state"))).unwrap().unwrap().value;
    assert!(!stored.windows(5).any(|part| part == b"words"));
    assert_eq!(stored.len(), "the caller's words".len() + SEAL_OVERHEAD);
    let opened = block_on(store.get(&key("state"))).unwrap().unwrap();
    assert_eq!(opened.value, "the caller's words");
}

#[test]
fn equal_values_are_sealed_differently_every_time() {
    let keys = ring(&[OLD]);
    assert_ne!(keys.seal(&key("a"), b"x").unwrap(), keys.seal(&key("a"), b"x").unwrap());
}

#[test]
fn a_value_moved_to_another_row_does_not_open() {
    let inner = memory();
    let store = open(Arc::clone(&inner), &[OLD]).unwrap();
    put(&store, "balance", "100");
    let stolen = block_on(inner.get(&key("balance"))).unwrap().unwrap().value;
    put(&inner, "limit", stolen);
    let error = block_on(store.get(&key("limit"))).unwrap_err();
    insta::assert_snapshot!(error, @r"call/1 › limit\x00 does not decrypt: it was altered or moved from another row; restore it from an export");
}

#[test]
fn a_wrong_key_is_refused_on_opening_and_names_what_is_missing() {
    let inner = memory();
    open(Arc::clone(&inner), &[OLD]).unwrap();
    let error = open(Arc::clone(&inner), &[NEW]).unwrap_err();
    insta::assert_snapshot!(error, @"this store is encrypted with key 7495e51178442dd0, but the only available key is ac807717d357b883; add key 7495e51178442dd0 to DIALGRAPH_STORE_KEY or to the file named by DIALGRAPH_STORE_KEY_FILE (the first key there is for writing, all others are for reading)");
    let error = block_on(require_unsealed(&inner)).unwrap_err();
    insta::assert_snapshot!(error, @"this store is encrypted with key 7495e51178442dd0, but no key \
        is available; add key 7495e51178442dd0 to DIALGRAPH_STORE_KEY or to the file named by \
        DIALGRAPH_STORE_KEY_FILE (the first key there is for writing, all others are for reading)");
}

#[test]
fn a_store_that_was_never_sealed_needs_no_key() {
    let inner = memory();
    put(&inner, "state", "clear");
    block_on(require_unsealed(&inner)).unwrap();
}

#[test]
fn a_clear_row_in_a_sealed_store_is_refused() {
    let inner = memory();
    put(&inner, "state", "clear");
    let store = open(Arc::clone(&inner), &[OLD]).unwrap();
    let error = block_on(store.get(&key("state"))).unwrap_err();
    insta::assert_snapshot!(error, @r"call/1 › state\x00 is not encrypted, but the store was opened with an encryption key; open it without one, or import it into an encrypted store");
}

#[test]
fn rotation_reads_old_rows_writes_new_ones_and_lets_the_old_key_retire() {
    let inner = memory();
    put(&open(Arc::clone(&inner), &[OLD]).unwrap(), "old", "before");

    let rotated = open(Arc::clone(&inner), &[NEW, OLD]).unwrap();
    put(&rotated, "new", "after");
    assert_eq!(block_on(rotated.get(&key("old"))).unwrap().unwrap().value, "before");

    let retired_early = open(Arc::clone(&inner), &[NEW]).unwrap();
    assert_eq!(block_on(retired_early.get(&key("new"))).unwrap().unwrap().value, "after");
    let error = block_on(retired_early.get(&key("old"))).unwrap_err();
    assert!(matches!(error, StoreError::WrongEncryptionKey { .. }), "{error}");

    let part = Part::new("call/1").unwrap();
    assert_eq!(block_on(rotated.reseal(&part)).unwrap(), 1);
    assert_eq!(block_on(rotated.reseal(&part)).unwrap(), 0);
    assert_eq!(block_on(retired_early.get(&key("old"))).unwrap().unwrap().value, "before");
}

#[test]
fn debug_output_of_a_sealed_store_holds_no_key() {
    let shown = format!("{:?}", open(memory(), &[OLD]).unwrap());
    assert!(!shown.contains(&OLD[..8]), "{shown}");
}

/// A value sealed by the first release. If this fails, stores in the field have become unreadable.
#[test]
fn a_value_sealed_by_format_1_stays_readable() {
    let sample = include_str!("../../tests/samples/sealed-v1.hex").trim();
    let sealed = hex::decode(sample).unwrap();
    assert_eq!(ring(&[OLD]).open(&key("sample"), &sealed).unwrap(), "안녕하세요");
}

proptest! {
    #[test]
    fn every_changed_byte_and_every_cut_is_noticed(
        value in prop::collection::vec(any::<u8>(), 0..60),
        at in any::<prop::sample::Index>(),
        flip in 1..=255u8,
    ) {
        let keys = ring(&[OLD]);
        let sealed = keys.seal(&key("a"), &value).unwrap();
        prop_assert_eq!(keys.open(&key("a"), &sealed).unwrap(), value);
        let at = at.index(sealed.len());
        let mut changed = sealed.to_vec();
        changed[at] ^= flip;
        prop_assert!(keys.open(&key("a"), &changed).is_err());
        prop_assert!(keys.open(&key("a"), &sealed[..at]).is_err());
    }
}

#[test]
fn a_query_that_goes_past_what_cannot_be_opened_names_it() {
    let inner = memory();
    let store = open(Arc::clone(&inner), &[OLD]).unwrap();
    for sort in ["a", "b", "c"] {
        put(&store, sort, sort.to_owned());
    }
    put(&inner, "b", "in the clear");
    let query = Query::new(Part::new("call/1").unwrap());
    assert!(block_on(store.query(&query)).unwrap_err().is_damage());
    let shared: Arc<dyn Store> = Arc::new(store);
    let (page, unreadable) = block_on(shared.query_past(&query)).unwrap();
    let read: Vec<&[u8]> = page.rows.iter().map(|row| &row.value[..]).collect();
    assert_eq!(read, [b"a", b"c"]);
    assert_eq!(unreadable.len(), 1);
    assert_eq!(unreadable[0].key, key("b"));
}
