//! Flows, plugins and whole releases go back, never to what was gone back from nor to what no
//! longer passes, and what is pinned stays where it is.

use dialgraph_base::Digest;
use dialgraph_deploy::{Allow, DeployError, Item, RollbackTarget};

use crate::shop::{
    DESK, Shop, codes, designer, flow, heard, plugin, refused, saying, shipped, shop, variant,
};

async fn says(shop: &Shop, id: &str) -> String {
    heard(&shop.begin(id).await.record)
}

async fn back(shop: &Shop, item: &Item, to: RollbackTarget) -> Result<u64, DeployError> {
    let done = shop.deploy.roll_back_item(&designer(), item, &to, Allow::Nothing, None).await?;
    Ok(done.number)
}

#[tokio::test]
async fn a_flow_goes_back_step_by_step_and_never_to_what_was_gone_back_from() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let desk = Item::flow("desk");
    for words in ["Two.", "Three."] {
        shop.deploy.push(&designer(), flow("desk", saying(words))).await.unwrap();
    }
    back(&shop, &desk, RollbackTarget::OneStep).await.unwrap();
    assert_eq!(says(&shop, "a").await, "Two.");
    back(&shop, &desk, RollbackTarget::OneStep).await.unwrap();
    assert_eq!(says(&shop, "b").await, "Press 1 to ask again.");
    let error = back(&shop, &desk, RollbackTarget::OneStep).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no earlier version of flow desk");

    // The next push replaces what is live now, and one goes back to that.
    let three = Digest::of(&saying("Three.")).hex();
    back(&shop, &desk, RollbackTarget::To(three[..10].to_owned())).await.unwrap();
    assert_eq!(says(&shop, "c").await, "Three.");
    back(&shop, &desk, RollbackTarget::OneStep).await.unwrap();
    shop.deploy.push(&designer(), flow("desk", saying("Five."))).await.unwrap();
    back(&shop, &desk, RollbackTarget::OneStep).await.unwrap();
    assert_eq!(says(&shop, "d").await, "Two.");
    for nonsense in ["", "abc", "sha256:", "ffffffff"] {
        assert!(
            back(&shop, &desk, RollbackTarget::To(nonsense.to_owned())).await.is_err(),
            "{nonsense}"
        );
    }
}

#[tokio::test]
async fn one_plugin_goes_back_and_the_rest_stays() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    shop.deploy
        .push(&designer(), plugin("hours-check", variant(&shipped("hours-check"), 7)))
        .await
        .unwrap();
    shop.deploy.push(&designer(), flow("desk", saying("Two."))).await.unwrap();
    back(&shop, &Item::plugin("hours-check"), RollbackTarget::OneStep).await.unwrap();
    assert_eq!(says(&shop, "call").await, "Two.");
    let plugins = shop.deploy.items(dialgraph_deploy::ItemKind::Plugin).await.unwrap();
    let hours = plugins.iter().find(|plugin| plugin.name == "hours-check").unwrap();
    assert_eq!(hours.digest, Digest::of(&shipped("hours-check")));
}

#[tokio::test]
async fn a_whole_release_goes_back_and_an_earlier_one_that_no_longer_passes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let first = shop.begin("first").await.call.release;
    for words in ["Two.", "Three."] {
        shop.deploy.push(&designer(), flow("desk", saying(words))).await.unwrap();
    }
    let one_step = shop
        .deploy
        .roll_back(&designer(), &RollbackTarget::OneStep, Allow::Nothing, Some("noise".into()))
        .await
        .unwrap();
    assert_eq!((one_step.number, one_step.changed), (2, true));
    assert_eq!(says(&shop, "b").await, "Two.");
    let to = |text: &str| RollbackTarget::To(text.to_owned());
    let roll = |back: RollbackTarget| {
        let deploy = shop.deploy.clone();
        async move { deploy.roll_back(&designer(), &back, Allow::Nothing, None).await }
    };
    assert_eq!(roll(RollbackTarget::OneStep).await.unwrap().release, first);
    assert!(matches!(roll(RollbackTarget::OneStep).await, Err(DeployError::Unknown(_))));
    assert_eq!(roll(to("3")).await.unwrap().number, 3);
    assert_eq!(says(&shop, "c").await, "Three.");
    assert_eq!(roll(to(&first.to_string())).await.unwrap().number, 1);
    assert!(roll(to("99")).await.is_err());
    let log = shop.deploy.audit(None, 100).await.unwrap();
    let lines: Vec<String> =
        log.iter().rev().map(|line| format!("{} {}", line.number, line.action.as_str())).collect();
    assert_eq!(
        lines,
        ["1 push", "2 push", "3 push", "4 roll-back", "5 roll-back", "6 roll-back", "7 roll-back"]
    );
    assert_eq!(log[3].why.as_deref(), Some("noise"));
}

#[tokio::test]
async fn a_pinned_item_stays_where_it_is_whatever_is_pushed_or_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let hours = Item::plugin("hours-check");
    shop.deploy.push(&designer(), flow("desk", saying("Two."))).await.unwrap();
    shop.deploy.pin(&designer(), &hours, Some("until the audit".into())).await.unwrap();
    let bytes = variant(&shipped("hours-check"), 9);
    let refusal =
        refused(shop.deploy.push(&designer(), plugin("hours-check", bytes.clone())).await);
    assert_eq!(codes(&refusal), ["pinned"]);

    let mut both = flow("desk", saying("Three."));
    both.plugins = plugin("hours-check", bytes.clone()).plugins;
    let outcome = shop.deploy.push(&designer(), both).await.unwrap();
    assert_eq!(outcome.left_out, std::slice::from_ref(&hours));
    assert_eq!(says(&shop, "a").await, "Three.");
    let live = shop.deploy.content(&hours, None).await.unwrap().0;
    assert_eq!(live, Digest::of(&shipped("hours-check")));

    shop.deploy.unpin(&designer(), &hours, None).await.unwrap();
    assert!(shop.deploy.unpin(&designer(), &hours, None).await.is_err());
    shop.deploy.push(&designer(), plugin("hours-check", bytes.clone())).await.unwrap();
    shop.deploy.pin(&designer(), &hours, None).await.unwrap();
    // The release of the beginning, with the plugin of today: one that there never was.
    let back = shop
        .deploy
        .roll_back(&designer(), &RollbackTarget::To("1".into()), Allow::Nothing, None)
        .await
        .unwrap();
    assert_eq!(back.left_out, std::slice::from_ref(&hours));
    assert!(back.number > 4, "{}", back.number);
    assert_eq!(says(&shop, "b").await, "Press 1 to ask again.");
    assert_eq!(shop.deploy.content(&hours, None).await.unwrap().0, Digest::of(&bytes));
    assert!(shop.deploy.pin(&designer(), &Item::plugin("nobody"), None).await.is_err());
    assert_eq!(shop.deploy.content(&Item::flow("desk"), None).await.unwrap().1, DESK.as_bytes());
}
