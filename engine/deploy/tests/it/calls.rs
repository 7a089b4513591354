//! What calls in progress keep, and when it goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use dialgraph_base::Digest;
use dialgraph_deploy::DeploySettings;
use dialgraph_store::{
    CommitError, CommitToken, Committed, Expect, Key, Op, Page, Part, Query, Row, SledStore, Sort,
    Store, StoreError,
};

use crate::shop::{
    clock, designer, flow, heard, plugin, process, process_over, saying, shipped, shop, source,
    store, variant,
};

/// What a row in the store goes for that long at least, though its release has no calls.
const STAYS_MS: u64 = 10 * 60 * 1000;

#[tokio::test]
async fn a_version_goes_when_its_last_call_ends_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let first = shop.begin("one").await.call.release;
    shop.begin("two").await;
    let one = Digest::of(&shipped("hours-check"));
    let bytes = variant(&shipped("hours-check"), 2);
    let two = Digest::of(&bytes);
    shop.deploy.push(&designer(), plugin("hours-check", bytes)).await.unwrap();
    assert_eq!(shop.deploy.tick().await.unwrap().gone, []);
    shop.press("one", "2", "2").await;
    assert_eq!(shop.deploy.tick().await.unwrap().gone, [], "one of two calls has ended");
    assert_eq!(
        heard(&shop.press("two", "1", "2").await.record),
        "We are open. Press 1 to ask again."
    );
    shop.press("two", "2", "3").await;
    assert_eq!(shop.deploy.tick().await.unwrap().gone, [first]);
    let loaded = shop.host.digests();
    assert!(!loaded.contains(&one) && loaded.contains(&two));
    let shared = Digest::of(&shipped("auth"));
    let held = shop.deploy.status().await.unwrap().held;
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].plugins.contains(&shared), loaded.contains(&shared));
    // The history has it, and it can come back.
    shop.deploy
        .roll_back(&designer(), &Default::default(), Default::default(), None)
        .await
        .unwrap();
    shop.begin("three").await;
    assert_eq!(crate::shop::ran(&shop.press("three", "1", "2").await.record), [one]);
}

#[tokio::test]
async fn a_release_in_a_turn_is_not_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    // As a turn does that has begun and is not in the store yet.
    let turn = shop.started.releases.live();
    shop.deploy.push(&designer(), flow("desk", saying("Two."))).await.unwrap();
    assert_eq!(shop.deploy.tick().await.unwrap().gone, []);
    let digest = turn.digest;
    drop(turn);
    assert_eq!(shop.deploy.tick().await.unwrap().gone, [digest]);
    // Whoever asks for it nevertheless gets it again.
    assert!(shop.started.releases.find(&digest).await.unwrap().is_some());
    assert!(shop.started.releases.find(&Digest::of(b"never")).await.unwrap().is_none());
}

/// A store whose next looks for open calls come too early to find any, and that counts how often it
/// is asked of what a release was made.
struct Early {
    store: Arc<SledStore>,
    looks: AtomicU32,
    loads: AtomicU32,
}

impl Early {
    fn new(store: Arc<SledStore>) -> Arc<Self> {
        Arc::new(Self { store, looks: AtomicU32::new(0), loads: AtomicU32::new(0) })
    }
}

#[async_trait]
impl Store for Early {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        if key.part().as_str().starts_with("deploy/release/") {
            self.loads.fetch_add(1, Ordering::SeqCst);
        }
        self.store.get(key).await
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        self.store.commit(ops, token).await
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        let early = query.part.as_str().starts_with("open-calls/")
            && self
                .looks
                .try_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
                .is_ok();
        if early { Ok(Page::default()) } else { self.store.query(query).await }
    }

    fn max_value_bytes(&self) -> usize {
        self.store.max_value_bytes()
    }
}

#[tokio::test]
async fn a_release_is_not_let_go_whose_call_is_stored_while_calls_are_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = store(folder.path(), &clock);
    let early = Early::new(store.clone());
    let (settings, first) = (DeploySettings::default(), source());
    let shop = process_over(folder.path(), early.clone(), &store, &clock, settings, Some(&first))
        .await
        .unwrap();
    let old = shop.begin("one").await.call.release;
    shop.deploy.push(&designer(), flow("desk", saying("Two."))).await.unwrap();
    // One for each part of the index of open calls.
    early.looks.store(8, Ordering::SeqCst);
    assert_eq!(shop.deploy.tick().await.unwrap().gone, []);
    assert_eq!(early.looks.load(Ordering::SeqCst), 0);
    let held = shop.deploy.status().await.unwrap().held;
    assert!(held.iter().any(|held| held.release == old));
}

#[tokio::test]
async fn calls_that_ask_for_a_release_at_once_have_it_loaded_once() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = store(folder.path(), &clock);
    let counting = Early::new(store.clone());
    let (settings, first) = (DeploySettings::default(), source());
    let shop =
        process_over(folder.path(), counting.clone(), &store, &clock, settings, Some(&first))
            .await
            .unwrap();
    let old = shop.started.releases.live().digest;
    shop.deploy.push(&designer(), flow("desk", saying("Two."))).await.unwrap();
    assert_eq!(shop.deploy.tick().await.unwrap().gone, [old]);
    counting.loads.store(0, Ordering::SeqCst);
    let find = || shop.started.releases.find(&old);
    let (one, two) = tokio::join!(find(), find());
    assert!(one.unwrap().is_some() && two.unwrap().is_some());
    assert_eq!(counting.loads.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_release_with_calls_is_known_to_a_process_that_never_had_it() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let (old, tried, live) = {
        let store = store(folder.path(), &clock);
        let shop =
            process(folder.path(), &store, &clock, DeploySettings::default(), Some(&source()))
                .await
                .unwrap();
        let old = shop.begin("one").await.call.release;
        let mut canary = flow("desk", saying("Try."));
        canary.canary = Some(100);
        let tried = shop.deploy.push(&designer(), canary).await.unwrap().release;
        shop.begin("two").await;
        shop.deploy.withdraw(&designer(), None, None).await.unwrap();
        let change = flow("desk", saying("New."));
        (old, tried, shop.deploy.push(&designer(), change).await.unwrap().release)
    };
    let store = store(folder.path(), &clock);
    let shop = process(folder.path(), &store, &clock, DeploySettings::default(), Some(&source()))
        .await
        .unwrap();
    assert_eq!(shop.started.releases.at_hand(), [live]);
    let sorted = |mut all: Vec<Digest>| {
        all.sort();
        all
    };
    let known = async || sorted(shop.deploy.with_calls().await.unwrap());
    assert_eq!(known().await, sorted(vec![old, tried, live]));

    // It stays while there is a call, and for some time longer.
    shop.press("two", "2", "2").await;
    clock.advance(STAYS_MS - 1);
    shop.deploy.tick().await.unwrap();
    assert_eq!(known().await.len(), 3);
    clock.advance(1);
    shop.deploy.tick().await.unwrap();
    assert_eq!(known().await, sorted(vec![old, live]));
    shop.press("one", "2", "2").await;
    shop.deploy.tick().await.unwrap();
    assert_eq!(known().await, [live]);
}

#[tokio::test]
async fn a_store_of_an_earlier_version_is_looked_through_once() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = store(folder.path(), &clock);
    let open = || process(folder.path(), &store, &clock, DeploySettings::default(), None);
    let shop = process(folder.path(), &store, &clock, DeploySettings::default(), Some(&source()))
        .await
        .unwrap();
    let old = shop.begin("one").await.call.release;
    let push =
        async |words| shop.deploy.push(&designer(), flow("desk", saying(words))).await.unwrap();
    let idle = push("Two.").await.release;
    let live = push("Three.").await.release;
    // As it was when nobody wrote such rows.
    let part = Part::new("deploy/with-calls").unwrap();
    let token = dialgraph_store::CommitToken::new("test").unwrap();
    let gone = [old, idle, live].map(|release| {
        Op::delete(Key::new(&part, Sort::text(&release.hex())).unwrap(), Expect::Any)
    });
    store.commit(&gone, &token).await.unwrap();
    let known = open().await.unwrap().deploy.with_calls().await.unwrap();
    assert!(known.contains(&old) && known.contains(&live) && known.len() == 2, "{known:?}");
}
