//! Several engine processes over one store, and one process after another.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use dialgraph_base::Digest;
use dialgraph_deploy::{DeployError, DeploySettings, ImportPolicy, Source};
use dialgraph_store::{
    Blobs, CommitError, CommitToken, Committed, Key, Op, Page, Query, Row, SledStore, Store,
    StoreError,
};
use tokio::sync::oneshot;

use crate::shop::{
    clock, designer, flow, heard, plugin, process, process_over, ran, saying, shipped, source,
    store, variant,
};

/// A store whose next answer about what is live is on its way for as long as a test likes.
struct Slow {
    store: Arc<SledStore>,
    hold: Mutex<Option<Held>>,
}

/// Told when the row has been read, and when it may arrive.
type Held = (oneshot::Sender<()>, oneshot::Receiver<()>);

impl Slow {
    /// Holds the next answer; gives what is told when it was read, and what lets it arrive.
    fn hold(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((read, was_read), (arrive, may_arrive)) = (oneshot::channel(), oneshot::channel());
        *self.hold.lock().unwrap() = Some((read, may_arrive));
        (was_read, arrive)
    }
}

#[async_trait]
impl Store for Slow {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        let row = self.store.get(key).await;
        let is_state = key.part().as_str() == "deploy";
        let held = if is_state { self.hold.lock().unwrap().take() } else { None };
        if let Some((read, arrive)) = held {
            read.send(()).unwrap();
            arrive.await.unwrap();
        }
        row
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        self.store.commit(ops, token).await
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        self.store.query(query).await
    }

    fn max_value_bytes(&self) -> usize {
        self.store.max_value_bytes()
    }
}

#[tokio::test]
async fn who_reads_slowly_does_not_put_back_what_was_live_before() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = store(folder.path(), &clock);
    let slow = Arc::new(Slow { store: store.clone(), hold: Mutex::default() });
    let settings = DeploySettings::default();
    let first = source();
    let shop = process_over(folder.path(), slow.clone(), &store, &clock, settings, Some(&first))
        .await
        .unwrap();
    let late = |words: &'static str| {
        let (read, arrive) = slow.hold();
        let deploy = shop.deploy.clone();
        let refresh = tokio::spawn(async move { deploy.refresh().await });
        let push = flow("desk", saying(words));
        async move { (read.await.unwrap(), arrive, refresh, push) }
    };

    let ((), arrive, refresh, push) = late("New.").await;
    shop.deploy.push(&designer(), push).await.unwrap();
    arrive.send(()).unwrap();
    assert!(!refresh.await.unwrap().unwrap(), "what it read is old");
    assert_eq!(heard(&shop.begin("a").await.record), "New.");

    // Nor does it end a canary that has begun meanwhile.
    let ((), arrive, refresh, mut push) = late("Try.").await;
    push.canary = Some(100);
    shop.deploy.push(&designer(), push).await.unwrap();
    shop.begin("b").await;
    arrive.send(()).unwrap();
    assert!(!refresh.await.unwrap().unwrap());
    assert_eq!(heard(&shop.begin("c").await.record), "Try.");
    let seen = shop.deploy.status().await.unwrap().canary.unwrap().seen;
    assert_eq!(seen.calls, 2, "its counts are whole");
}

#[tokio::test]
async fn every_process_takes_in_what_another_made_live_and_goes_on_with_its_calls() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = store(folder.path(), &clock);
    let open = || process(folder.path(), &store, &clock, DeploySettings::default(), None);
    assert!(matches!(open().await, Err(DeployError::NothingLive)));
    let one = process(folder.path(), &store, &clock, DeploySettings::default(), Some(&source()))
        .await
        .unwrap();
    let two = open().await.unwrap();
    one.begin("old").await;
    let bytes = variant(&shipped("hours-check"), 2);
    let mut change = flow("desk", saying("Two."));
    change.plugins = plugin("hours-check", bytes.clone()).plugins;
    one.deploy.push(&designer(), change).await.unwrap();
    one.begin("new").await;

    // The other process has heard of nothing, and yet goes on with the call.
    let goes_on = two.press("new", "1", "2").await;
    assert_eq!(heard(&goes_on.record), "We are open. Two.");
    assert_eq!(ran(&goes_on.record), [Digest::of(&bytes)]);
    assert_eq!(heard(&two.begin("before").await.record), "Press 1 to ask again.");
    assert!(two.deploy.refresh().await.unwrap());
    assert!(!two.deploy.refresh().await.unwrap());
    assert_eq!(heard(&two.begin("after").await.record), "Two.");
    assert_eq!(
        ran(&two.press("old", "1", "2").await.record),
        [Digest::of(&shipped("hours-check"))]
    );
}

#[tokio::test]
async fn changes_made_by_two_processes_at_once_are_both_live_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = store(folder.path(), &clock);
    let one = process(folder.path(), &store, &clock, DeploySettings::default(), Some(&source()))
        .await
        .unwrap();
    let two =
        process(folder.path(), &store, &clock, DeploySettings::default(), None).await.unwrap();
    let extra = |name: &str| {
        let text = format!(
            "flow: {name}\nstart: bye\nnodes:\n  bye: {{end: {{disposition: resolved}}}}\n"
        );
        flow(name, text)
    };
    for round in 0..4 {
        let (a, b) = (format!("a{round}"), format!("b{round}"));
        let who = designer();
        let (x, y) =
            tokio::join!(one.deploy.push(&who, extra(&a)), two.deploy.push(&who, extra(&b)),);
        assert!(x.unwrap().changed && y.unwrap().changed);
    }
    one.deploy.refresh().await.unwrap();
    let live = one.started.releases.live();
    assert_eq!(live.flows.len(), 9, "the desk and eight more");
    let log = one.deploy.audit(None, 100).await.unwrap();
    let numbers: Vec<u64> = log.iter().rev().map(|line| line.number).collect();
    assert_eq!(numbers, (1..=9).collect::<Vec<u64>>());
    for version in one.deploy.versions(&dialgraph_deploy::Item::flow("a2")).await.unwrap() {
        assert_eq!(version.version.previous, None);
    }
}

#[tokio::test]
async fn after_a_restart_the_same_release_is_live_and_calls_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let (live, bytes) = {
        let store = store(folder.path(), &clock);
        let shop =
            process(folder.path(), &store, &clock, DeploySettings::default(), Some(&source()))
                .await
                .unwrap();
        shop.begin("old").await;
        let bytes = variant(&shipped("hours-check"), 2);
        let outcome =
            shop.deploy.push(&designer(), plugin("hours-check", bytes.clone())).await.unwrap();
        (outcome.release, bytes)
    };
    let store = store(folder.path(), &clock);
    // The project that it is started with is the one that was taken in at first: nothing has
    // changed in it.
    let shop = process(folder.path(), &store, &clock, DeploySettings::default(), Some(&source()))
        .await
        .unwrap();
    assert!(!shop.started.taken_in.as_ref().unwrap().as_ref().unwrap().changed);
    assert_eq!(shop.started.releases.live().digest, live);
    shop.begin("new").await;
    assert_eq!(ran(&shop.press("new", "1", "2").await.record), [Digest::of(&bytes)]);
    assert_eq!(
        ran(&shop.press("old", "1", "2").await.record),
        [Digest::of(&shipped("hours-check"))]
    );
}

#[tokio::test]
async fn a_process_that_shares_the_store_makes_a_project_live_only_when_nothing_is() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = store(folder.path(), &clock);
    let shared = DeploySettings { take_in: ImportPolicy::First, ..DeploySettings::default() };
    let open = |source| process(folder.path(), &store, &clock, shared.clone(), source);
    let project = |words: &str| {
        let mut files = crate::shop::files();
        files.insert("desk.flow.yaml".into(), saying(words));
        Source::new(files, crate::shop::few())
    };
    let (old, new) = (project("Old."), project("New."));
    let first = open(Some(&old)).await.unwrap();
    assert!(first.started.taken_in.as_ref().unwrap().as_ref().unwrap().changed);
    first.deploy.push(&designer(), flow("desk", saying("Pushed."))).await.unwrap();
    // Whether it has the folder of old or a new one.
    for source in [&old, &new] {
        let again = open(Some(source)).await.unwrap();
        assert!(again.started.taken_in.is_none());
        assert_eq!(again.started.releases.live().digest, first.started.releases.live().digest);
    }
    // By itself, or because somebody wants it so.
    let own = process(folder.path(), &store, &clock, DeploySettings::default(), Some(&new))
        .await
        .unwrap();
    assert_eq!(heard(&own.begin("a").await.record), "New.");
}

#[tokio::test]
async fn a_project_that_is_refused_does_not_stop_an_engine_that_has_a_good_release() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = store(folder.path(), &clock);
    let open = |source| process(folder.path(), &store, &clock, DeploySettings::default(), source);
    let good = source();
    open(Some(&good)).await.unwrap();
    let mut files = crate::shop::files();
    files.insert("desk.flow.yaml".into(), b"flow: desk\n".to_vec());
    let bad = dialgraph_deploy::Source::new(files, crate::shop::few());
    let shop = open(Some(&bad)).await.unwrap();
    assert!(matches!(shop.started.taken_in, Some(Err(DeployError::Refused(_)))));
    assert_eq!(heard(&shop.begin("call").await.record), "Press 1 to ask again.");
}

#[tokio::test]
async fn a_live_release_whose_bytes_are_gone_is_named_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = store(folder.path(), &clock);
    let open = |source| process(folder.path(), &store, &clock, DeploySettings::default(), source);
    let first = source();
    drop(open(Some(&first)).await.unwrap());
    let blobs = Blobs::open(folder.path().join("blobs")).unwrap();
    let desk = dialgraph_base::Digest::of(crate::shop::DESK.as_bytes());
    assert!(blobs.remove(&desk).unwrap());
    let Err(error) = open(None).await else { panic!("it cannot be started") };
    let words = error.to_string();
    assert!(
        words.contains("`desk.flow.yaml`") && words.contains("store recover --from"),
        "{words}"
    );
}
