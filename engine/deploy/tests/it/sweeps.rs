//! Content that nothing needs any more is removed, and nothing else is.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use dialgraph_base::Digest;
use dialgraph_deploy::{
    Action, Allow, DeployError, DeploySettings, Item, RetentionPolicy, RollbackTarget,
};
use dialgraph_store::Blobs;

use crate::shop::{
    Shop, clock, designer, flow, heard, plugin, process, saying, shipped, source, store, variant,
};

const HOUR: u64 = 60 * 60 * 1000;

fn keeping(releases: u32, hours: u64) -> DeploySettings {
    let keep = RetentionPolicy { releases, for_long: Duration::from_millis(hours * HOUR) };
    DeploySettings { keep, ..DeploySettings::default() }
}

fn on_disk(folder: &Path) -> BTreeSet<String> {
    let blobs = Blobs::open(folder.join("blobs")).unwrap();
    blobs.list().unwrap().iter().map(ToString::to_string).collect()
}

fn has(folder: &Path, bytes: &[u8]) -> bool {
    on_disk(folder).contains(&Digest::of(bytes).to_string())
}

async fn push_words(shop: &Shop, words: &str) {
    shop.deploy.push(&designer(), flow("desk", saying(words))).await.unwrap();
}

#[tokio::test]
async fn what_calls_and_rollbacks_need_stays_and_the_rest_goes_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = store(folder.path(), &clock);
    let open = |source| process(folder.path(), &store, &clock, keeping(2, 5), source);
    let first = source();
    let shop = open(Some(&first)).await.unwrap();
    let old_plugin = variant(&shipped("hours-check"), 2);
    shop.deploy.push(&designer(), plugin("hours-check", old_plugin.clone())).await.unwrap();
    push_words(&shop, "Two.").await;
    shop.begin("waits").await;
    push_words(&shop, "Three.").await;
    let newer = variant(&shipped("hours-check"), 3);
    shop.deploy.push(&designer(), plugin("hours-check", newer.clone())).await.unwrap();
    for words in ["Four.", "Five.", "Six.", "Seven."] {
        push_words(&shop, words).await;
    }
    assert_eq!(shop.deploy.sweep().await.unwrap(), [], "all of it was live not long ago");
    shop.clock.advance(6 * HOUR);
    let before = on_disk(folder.path());
    let removed = shop.deploy.sweep().await.unwrap();
    assert!(!removed.is_empty());
    let after = on_disk(folder.path());
    let gone: BTreeSet<String> = removed.iter().map(ToString::to_string).collect();
    assert_eq!(&before - &after, gone);
    for words in ["Three.", "Four."] {
        assert!(!has(folder.path(), &saying(words)), "{words}");
    }
    for words in ["Two.", "Five.", "Six.", "Seven."] {
        assert!(has(folder.path(), &saying(words)), "{words}");
    }
    assert!(has(folder.path(), &old_plugin), "the call that waits runs it");
    let line = shop.deploy.audit(None, 1).await.unwrap().remove(0);
    assert_eq!((line.action, line.who.name.as_str()), (Action::ContentRemove, "engine/sweep"));
    assert_eq!(shop.deploy.sweep().await.unwrap(), []);

    // Another process begins, and goes on with the call from what is on the disk.
    let other = open(None).await.unwrap();
    let goes_on = other.press("waits", "1", "2").await;
    assert_eq!(heard(&goes_on.record), "We are open. Two.");
    let desk = Item::flow("desk");
    for words in ["Six.", "Five."] {
        let back = RollbackTarget::OneStep;
        let who = designer();
        other.deploy.roll_back_item(&who, &desk, &back, Allow::Nothing, None).await.unwrap();
        assert_eq!(heard(&other.begin(words).await.record), words);
    }
    let three = Digest::of(&saying("Three.")).hex();
    let to = RollbackTarget::To(three);
    let error = other
        .deploy
        .roll_back_item(&designer(), &desk, &to, Allow::Nothing, None)
        .await
        .unwrap_err();
    assert!(matches!(error, DeployError::Unknown(_)), "{error:?}");
    assert!(error.to_string().contains("deploy.keep_releases"), "{error}");
    let whole = RollbackTarget::To("4".to_owned());
    let error = other.deploy.roll_back(&designer(), &whole, Allow::Nothing, None).await;
    assert!(matches!(error, Err(DeployError::Unknown(_))), "{error:?}");

    // The call ends, and what it alone needed goes.
    other.press("waits", "2", "3").await;
    shop.deploy.refresh().await.unwrap();
    assert!(!shop.deploy.sweep().await.unwrap().is_empty());
    assert!(!has(folder.path(), &saying("Two.")));
    // A text that was removed can be pushed again.
    push_words(&shop, "Three.").await;
    assert!(has(folder.path(), &saying("Three.")));
}

#[tokio::test]
async fn pins_the_folder_and_a_canary_are_needed_and_nothing_goes_if_all_is_to_stay() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = store(folder.path(), &clock);
    let first = source();
    let for_ever =
        process(folder.path(), &store, &clock, keeping(0, 0), Some(&first)).await.unwrap();
    for words in ["Two.", "Three.", "Four."] {
        push_words(&for_ever, words).await;
    }
    for_ever.clock.advance(HOUR);
    assert_eq!(for_ever.deploy.sweep().await.unwrap(), []);
    let mut trial = flow("desk", saying("Trial."));
    trial.canary = Some(50);
    for_ever.deploy.push(&designer(), trial).await.unwrap();
    for_ever.deploy.pin(&designer(), &Item::plugin("auth"), None).await.unwrap();
    for_ever.clock.advance(HOUR);

    let shop = process(folder.path(), &store, &clock, keeping(1, 0), None).await.unwrap();
    assert!(!shop.deploy.sweep().await.unwrap().is_empty());
    assert!(!has(folder.path(), &saying("Two.")));
    assert!(has(folder.path(), &saying("Trial.")));
    assert!(has(folder.path(), &shipped("auth")));
    // The folder is compared with how it was last taken in.
    shop.deploy.withdraw(&designer(), None, None).await.unwrap();
    assert!(!shop.deploy.import(&first).await.unwrap().changed);
}

#[tokio::test]
async fn a_sweep_and_a_push_at_the_same_moment_lose_nothing_that_is_live() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = store(folder.path(), &clock);
    let first = source();
    let one = process(folder.path(), &store, &clock, keeping(1, 0), Some(&first)).await.unwrap();
    let two = process(folder.path(), &store, &clock, keeping(1, 0), None).await.unwrap();
    let texts = ["Red.", "Green.", "Blue.", "White."];
    for round in 0..16 {
        // Each text was live before, and by now nothing needs it: the sweep is after the very bytes
        // that are pushed.
        let words = texts[round % texts.len()];
        clock.advance(1);
        let (pushed, swept) = tokio::join!(
            async {
                push_words(&one, words).await;
            },
            async {
                for _ in 0..4 {
                    two.deploy.sweep().await.unwrap();
                    tokio::task::yield_now().await;
                }
            },
        );
        let ((), ()) = (pushed, swept);
        assert!(has(folder.path(), &saying(words)), "round {round}: {words} is live and gone");
        assert!(two.deploy.refresh().await.unwrap());
        assert_eq!(heard(&two.begin(&format!("call-{round}")).await.record), words);
    }
    // What is on the disk is enough for a process that begins.
    process(folder.path(), &store, &clock, keeping(1, 0), None).await.unwrap();
}
