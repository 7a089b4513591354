//! Several engine processes over one store, and one process after another.

use dialgraph_deploy::{DeployError, Settings};
use dialgraph_flow::Digest;
use dialgraph_store::Blobs;

use crate::shop::{
    clock, designer, flow, heard, plugin, process, ran, saying, shipped, source, store, variant,
};

#[tokio::test]
async fn every_process_takes_in_what_another_made_live_and_goes_on_with_its_calls() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = store(folder.path(), &clock);
    let open = || process(folder.path(), &store, &clock, Settings::default(), None);
    assert!(matches!(open().await, Err(DeployError::NothingLive)));
    let one =
        process(folder.path(), &store, &clock, Settings::default(), Some(&source())).await.unwrap();
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
    let one =
        process(folder.path(), &store, &clock, Settings::default(), Some(&source())).await.unwrap();
    let two = process(folder.path(), &store, &clock, Settings::default(), None).await.unwrap();
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
        let shop = process(folder.path(), &store, &clock, Settings::default(), Some(&source()))
            .await
            .unwrap();
        shop.begin("old").await;
        let bytes = variant(&shipped("hours-check"), 2);
        let outcome =
            shop.deploy.push(&designer(), plugin("hours-check", bytes.clone())).await.unwrap();
        (outcome.release, bytes)
    };
    let store = store(folder.path(), &clock);
    // The project that it is started with is the one that was taken in at first: nothing has changed in it.
    let shop =
        process(folder.path(), &store, &clock, Settings::default(), Some(&source())).await.unwrap();
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
async fn a_project_that_is_refused_does_not_stop_an_engine_that_has_a_good_release() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = store(folder.path(), &clock);
    let open = |source| process(folder.path(), &store, &clock, Settings::default(), source);
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
    let open = |source| process(folder.path(), &store, &clock, Settings::default(), source);
    let first = source();
    drop(open(Some(&first)).await.unwrap());
    let blobs = Blobs::open(folder.path().join("blobs")).unwrap();
    let desk = dialgraph_store::Digest::of(crate::shop::DESK.as_bytes());
    assert!(blobs.remove(&desk).unwrap());
    let Err(error) = open(None).await else { panic!("it cannot be started") };
    let words = error.to_string();
    assert!(words.contains("`desk.flow.yaml`") && words.contains("backup"), "{words}");
}
