//! What is being checked holds up nobody.

use std::fmt::Write as _;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use dialgraph_deploy::{
    Change, ChangeOutcome, DeployError, DeploySettings, Item, ItemKind, ProviderOverride,
};
use tokio::task::JoinHandle;

use crate::shop::{
    Shop, clock, codes, designer, flow, heard, plugin, process, refused, saying, shipped, shop,
    shop_refitted, source, store, variant,
};

const EXTRA: &str = "flow: extra\nstart: bye\nnodes:\n  bye: {end: {disposition: resolved}}\n";

/// The door through which projects with a flow called `slow` come.
struct Door {
    arrived: Receiver<()>,
    open: Sender<()>,
}

fn door() -> (Door, ProviderOverride) {
    let (tell, arrived) = channel();
    let (open, opened) = channel::<()>();
    let both = Mutex::new((tell, opened));
    let refit: ProviderOverride = Arc::new(move |project, providers| {
        if project.flow_names().iter().any(|name| **name == *"slow") {
            let (tell, opened) = &*both.lock().unwrap();
            tell.send(()).unwrap();
            // Closed when the test has ended.
            let _ = opened.recv();
        }
        Ok(providers)
    });
    (Door { arrived, open }, refit)
}

/// Begins to push a flow that stands before the door.
async fn at_the_door(
    shop: &Shop,
    door: &mut Door,
) -> JoinHandle<Result<ChangeOutcome, DeployError>> {
    let deploy = shop.deploy.clone();
    let slow = EXTRA.replace("flow: extra", "flow: slow");
    let pushing = tokio::spawn(async move { deploy.push(&designer(), flow("slow", slow)).await });
    arrived(door).await;
    pushing
}

async fn arrived(door: &mut Door) {
    while door.arrived.try_recv().is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

async fn flows(shop: &Shop) -> Vec<String> {
    let flows = shop.deploy.items(ItemKind::Flow).await.unwrap();
    flows.into_iter().map(|flow| flow.name).collect()
}

#[tokio::test]
async fn changes_do_not_wait_for_one_that_takes_long_to_check() {
    let folder = tempfile::tempdir().unwrap();
    let (mut door, refit) = door();
    let shop = shop_refitted(folder.path(), refit).await;
    let slow = at_the_door(&shop, &mut door).await;

    let who = designer();
    shop.deploy.push(&who, flow("desk", saying("Two."))).await.unwrap();
    let mut canary = flow("desk", saying("Three."));
    canary.canary = Some(10);
    shop.deploy.push(&who, canary).await.unwrap();
    shop.deploy.withdraw(&who, None, None).await.unwrap();
    shop.deploy.roll_back(&who, &Default::default(), Default::default(), None).await.unwrap();
    shop.deploy.push(&who, flow("desk", saying("Four."))).await.unwrap();
    assert_eq!(heard(&shop.begin("a").await.record), "Four.");
    assert!(!slow.is_finished());

    // What was checked was meant for another release than the one that is live now: it is checked
    // again.
    door.open.send(()).unwrap();
    arrived(&mut door).await;
    // Nor does anybody wait while it is.
    shop.deploy.push(&who, flow("desk", saying("Five."))).await.unwrap();
    assert!(!slow.is_finished());
    door.open.send(()).unwrap();
    arrived(&mut door).await;
    door.open.send(()).unwrap();
    let outcome = slow.await.unwrap().unwrap();
    assert!(outcome.changed);
    let changes: Vec<String> = outcome.changes.iter().map(|one| one.item.to_string()).collect();
    assert_eq!(changes, ["flow slow"], "what others changed meanwhile stays");
    assert_eq!(flows(&shop).await, ["desk", "slow"]);
    assert_eq!(heard(&shop.begin("b").await.record), "Five.");
}

#[tokio::test]
async fn many_changes_at_once_all_come_through() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let pushes = (0..12).map(|number| {
        let deploy = shop.deploy.clone();
        let name = format!("extra-{number:02}");
        let text = EXTRA.replace("flow: extra", &format!("flow: {name}"));
        tokio::spawn(async move { deploy.push(&designer(), flow(&name, text)).await })
    });
    for push in pushes.collect::<Vec<_>>() {
        assert!(push.await.unwrap().unwrap().changed);
    }
    assert_eq!(flows(&shop).await.len(), 13);
    assert_eq!(shop.deploy.status().await.unwrap().live.number, 13);
}

#[tokio::test]
async fn an_engine_that_leaves_gives_up_what_is_checked_and_keeps_its_calls() {
    let folder = tempfile::tempdir().unwrap();
    let (mut door, refit) = door();
    let shop = shop_refitted(folder.path(), refit).await;
    let slow = at_the_door(&shop, &mut door).await;
    shop.deploy.leave();
    assert!(matches!(slow.await.unwrap(), Err(DeployError::Leaving)));
    let later = shop.deploy.push(&designer(), flow("desk", saying("Late."))).await;
    assert!(matches!(later, Err(DeployError::Leaving)), "{later:?}");
    assert_eq!(flows(&shop).await, ["desk"]);
    assert_eq!(heard(&shop.begin("a").await.record), "Press 1 to ask again.");
}

#[tokio::test]
async fn a_push_of_which_nobody_waits_for_the_answer_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut door, refit) = door();
    let shop = shop_refitted(folder.path(), refit).await;
    let slow = at_the_door(&shop, &mut door).await;
    slow.abort();
    assert!(slow.await.unwrap_err().is_cancelled());
    door.open.send(()).unwrap();
    shop.deploy.push(&designer(), flow("desk", saying("Two."))).await.unwrap();
    assert_eq!(flows(&shop).await, ["desk"]);
}

/// `nodes`, one behind the other.
fn chain(nodes: usize) -> String {
    let mut text = String::from("flow: long\nlocales: [en-US]\nstart: n0\nnodes:\n");
    for node in 0..nodes {
        let _ = writeln!(text, "  n{node}: {{say: {{en-US: a}}, next: n{}}}", node + 1);
    }
    let _ = writeln!(text, "  n{nodes}: {{end: {{disposition: resolved}}}}");
    text
}

#[tokio::test]
async fn a_chain_of_nodes_is_taken_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let dry = |text: String| Change { dry_run: true, ..flow("long", text) };
    let outcome = shop.deploy.push(&designer(), dry(chain(5_400))).await.unwrap();
    assert!(outcome.dry_run && outcome.changes.len() == 1);
    let refusal = refused(shop.deploy.push(&designer(), dry(chain(90_000))).await);
    assert_eq!(codes(&refusal), ["bad-flows"]);
    let json = &refusal.report.as_ref().unwrap().json;
    assert_eq!(json["diagnostics"][0]["name"], "too-large", "{json}");
    let refusal = refused(shop.deploy.push(&designer(), dry(chain(200_000))).await);
    assert_eq!(codes(&refusal), ["too-large"]);
    assert_eq!(shop.deploy.content(&Item::flow("long"), None).await.ok(), None);
}

#[tokio::test]
async fn a_change_for_which_nobody_waits_any_longer_says_what_it_was_at_and_nothing_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, none) = (clock(), Some(std::time::Duration::ZERO));
    let store = store(folder.path(), &clock);
    let settings = DeploySettings { change_timeout: none, ..DeploySettings::default() };
    // What comes with a folder is waited for.
    let shop = process(folder.path(), &store, &clock, settings, Some(&source())).await.unwrap();
    let other = plugin("hours-check", variant(&shipped("hours-check"), 77));
    let late = shop.deploy.push(&designer(), other).await.unwrap_err();
    let told = late.to_string();
    assert!(told.contains("`deploy.change_timeout`"), "{told}");
    match &late {
        // On a machine where the check has not even begun, it waited for its place.
        DeployError::Busy(_) => {}
        DeployError::Refused(refusal) => assert_eq!(codes(refusal), ["too-long"]),
        other => panic!("{other:?}"),
    }
    let live = shop.deploy.content(&Item::plugin("hours-check"), None).await.unwrap();
    assert_eq!(live.1, shipped("hours-check"));
}
