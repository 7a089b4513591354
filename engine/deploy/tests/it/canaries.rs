//! A canary gets its share of new calls under its own limits and is withdrawn by itself when all
//! processes together see it do badly; calls that tried it keep it.

use dialgraph_deploy::{Change, DeployError, DeploySettings, NewPlugin, Rules, Who};

use crate::shop::{
    DESK, Shop, clock, designer, flow, guest, heard, process, saying, shop, source, store,
};

fn canary(mut change: Change, percent: u8) -> Change {
    change.canary = Some(percent);
    change
}

/// A desk that runs a plugin which traps, or as the case may be behaves.
fn hostile(what: &str) -> Change {
    let text = DESK
        .replace("use: hours-check", "use: hostile")
        .replace("config: {calendar: office}", &format!("config: {{do: {what}}}"))
        .replace("on: {open: open, closed: closed, error: wrong}", "on: {done: open, error: wrong}")
        .replace("  closed: {say: {en-US: \"We are closed.\"}, next: menu}\n", "");
    let mut change = flow("desk", text);
    change.plugins.insert("hostile".into(), Some(NewPlugin::new(guest("hostile"), None)));
    let granted = format!("{}  hostile: {{grants: [log, records-read]}}\n", crate::shop::PROJECT);
    change.files.insert("dialgraph.yaml".into(), Some(granted.into()));
    change.allow = dialgraph_deploy::Allow::Everything;
    change
}

async fn calls(shop: &Shop, from: usize, to: usize) -> Vec<String> {
    let mut first = Vec::new();
    for n in from..to {
        let id = format!("call-{n}");
        first.push(heard(&shop.begin(&id).await.record));
        shop.press(&id, "1", "2").await;
        shop.press(&id, "2", "3").await;
    }
    first
}

#[tokio::test]
async fn a_share_of_new_calls_tries_the_canary_until_it_is_promoted_or_withdrawn() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let outcome =
        shop.deploy.push(&designer(), canary(flow("desk", saying("Try.")), 50)).await.unwrap();
    assert_eq!(outcome.canary, Some(50));
    let heard_of = calls(&shop, 0, 40).await;
    let tried = heard_of.iter().filter(|words| *words == "Try.").count();
    assert!((8..=32).contains(&tried), "{tried} of 40 at 50 %");
    assert_eq!(shop.deploy.tick().await.unwrap().withdrawn, None);
    let status = shop.deploy.status().await.unwrap().canary.unwrap();
    assert_eq!(status.seen.calls as usize, tried);
    assert_eq!((status.live_meanwhile.calls + status.seen.calls, status.seen.errors), (40, 0));

    // Something else cannot go live over it, but another canary can.
    let other = shop.deploy.push(&designer(), flow("desk", saying("Other."))).await;
    assert!(matches!(other, Err(DeployError::Conflict(_))));
    shop.deploy.push(&designer(), canary(flow("desk", saying("Better.")), 10)).await.unwrap();
    shop.deploy.canary_share(&designer(), 100).await.unwrap();
    assert_eq!(calls(&shop, 40, 42).await, ["Better.", "Better."]);
    shop.deploy.promote(&designer(), None).await.unwrap();
    assert!(shop.deploy.status().await.unwrap().canary.is_none());
    assert_eq!(calls(&shop, 42, 43).await, ["Better."]);
    assert!(shop.deploy.promote(&designer(), None).await.is_err());

    shop.deploy.push(&designer(), canary(flow("desk", saying("Worse.")), 100)).await.unwrap();
    shop.deploy.withdraw(&designer(), None, Some("no".into())).await.unwrap();
    assert_eq!(calls(&shop, 43, 44).await, ["Better."]);
    let log = shop.deploy.audit(None, 100).await.unwrap();
    let actions: Vec<&str> = log.iter().rev().map(|line| line.action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "push",
            "canary-start",
            "canary-start",
            "canary-share",
            "canary-promote",
            "canary-start",
            "canary-withdraw"
        ]
    );
    let same = shop.deploy.push(&designer(), canary(flow("desk", saying("Better.")), 5)).await;
    assert!(matches!(same, Err(DeployError::Conflict(_))), "{same:?}");
}

#[tokio::test]
async fn each_release_runs_its_plugins_under_its_own_limits() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    shop.begin("old").await;
    let tight = crate::shop::PROJECT
        .replace("{grants: [clock]}", "{grants: [clock], limits: {output_bytes: 4}}");
    let tight = || crate::shop::file("dialgraph.yaml", tight.clone());
    shop.deploy.push(&designer(), canary(tight(), 100)).await.unwrap();
    shop.begin("tried").await;
    let (open, wrong) =
        ("We are open. Press 1 to ask again.", "Something is wrong. Press 1 to ask again.");
    let hours = async |id: &str, token: &str| heard(&shop.press(id, "1", token).await.record);
    assert_eq!(hours("tried", "2").await, wrong);
    assert_eq!(hours("old", "2").await, open);
    shop.deploy.promote(&designer(), None).await.unwrap();
    shop.begin("new").await;
    assert_eq!(hours("new", "2").await, wrong);
    assert_eq!(hours("old", "3").await, open, "a promoted canary is nothing to calls in progress");
    // Back to where there is more room, and a push under other limits again: neither touches the
    // other's calls.
    let (to, allow) =
        (dialgraph_deploy::RollbackTarget::OneStep, dialgraph_deploy::Allow::Everything);
    shop.deploy.roll_back(&crate::shop::operator(), &to, allow, None).await.unwrap();
    shop.begin("back").await;
    assert_eq!(hours("back", "2").await, open);
    assert_eq!(hours("tried", "3").await, wrong);
    // When the last call of a release ends, the other one's plugins stay.
    shop.press("tried", "2", "4").await;
    shop.press("new", "2", "4").await;
    assert_eq!(shop.deploy.tick().await.unwrap().gone.len(), 1);
    assert_eq!(hours("old", "4").await, open);
}

#[tokio::test]
async fn a_canary_that_traps_is_withdrawn_by_itself_and_its_calls_end_well() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let operator = crate::shop::operator();
    shop.deploy.push(&operator, canary(hostile("trap"), 100)).await.unwrap();
    shop.begin("brave").await;
    let turn = shop.press("brave", "1", "2").await;
    assert_eq!(heard(&turn.record), "Something is wrong. Press 1 to ask again.");
    let why = shop.deploy.tick().await.unwrap().withdrawn.unwrap();
    assert_eq!(why, "1 of 1 plugin visits trapped; at most 0 are tolerated");
    assert_eq!(calls(&shop, 0, 1).await, ["Press 1 to ask again."]);
    // The call that tried it keeps it.
    let goes_on = shop.press("brave", "1", "3").await;
    assert_eq!(heard(&goes_on.record), "Something is wrong. Press 1 to ask again.");
    let log = shop.deploy.audit(None, 1).await.unwrap();
    assert_eq!(log[0].action.as_str(), "canary-withdraw");
    assert_eq!(log[0].who, Who::engine("canary"));
    assert_eq!(log[0].why.as_deref(), Some(why.as_str()));
}

#[tokio::test]
async fn what_several_processes_see_of_a_canary_counts_together() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = store(folder.path(), &clock);
    let rules = Rules { min_calls: 4, more_errors: 0.1, traps: 1_000 };
    let settings = DeploySettings { canary: rules, ..DeploySettings::default() };
    let source = source();
    let open = |source| process(folder.path(), &store, &clock, settings.clone(), source);
    let one = open(Some(&source)).await.unwrap();
    let two = open(None).await.unwrap();
    one.deploy.push(&crate::shop::operator(), canary(hostile("panic"), 100)).await.unwrap();
    two.deploy.refresh().await.unwrap();
    calls(&one, 0, 2).await;
    assert_eq!(one.deploy.tick().await.unwrap().withdrawn, None, "two calls are too few");
    calls(&two, 2, 4).await;
    let why = two.deploy.tick().await.unwrap().withdrawn.unwrap();
    insta::assert_snapshot!(why, @"after 4 calls, 100.0 % of its plugin visits left by `error`, compared with 0.0 % for the live release");
    let tick = one.deploy.tick().await.unwrap();
    assert_eq!(tick.withdrawn, None, "it was withdrawn once");
    assert_eq!(calls(&one, 4, 5).await, ["Press 1 to ask again."]);
}

#[tokio::test]
async fn going_back_ends_a_canary_too() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    shop.deploy.push(&designer(), flow("desk", saying("Two."))).await.unwrap();
    shop.deploy.push(&designer(), canary(flow("desk", saying("Three.")), 100)).await.unwrap();
    assert_eq!(calls(&shop, 0, 1).await, ["Three."]);
    shop.deploy
        .roll_back(&designer(), &Default::default(), Default::default(), None)
        .await
        .unwrap();
    assert_eq!(calls(&shop, 1, 2).await, ["Press 1 to ask again."]);
    assert!(shop.deploy.status().await.unwrap().canary.is_none());
}
