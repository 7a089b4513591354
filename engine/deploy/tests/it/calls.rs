//! What calls in progress keep, and when it goes.

use dialgraph_flow::Digest;

use crate::shop::{designer, flow, heard, plugin, saying, shipped, shop, variant};

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
