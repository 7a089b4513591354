//! A push goes live as a whole, for new calls only, or is refused with everything that is wrong and
//! changes nothing.

use dialgraph_base::Digest;
use dialgraph_deploy::{Change, Item, ItemKind, NewPlugin};

use crate::shop::{
    DESK, allowing, codes, designer, file, flow, guest, heard, operator, plugin, ran, refused,
    saying, shipped, shop, shop_observed, variant,
};

#[tokio::test]
async fn a_pushed_flow_is_what_new_calls_get_and_calls_in_progress_keep_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let old = shop.begin("old").await;
    assert_eq!(heard(&old.record), "Press 1 to ask again.");

    let outcome =
        shop.deploy.push(&designer(), flow("desk", saying("Another desk."))).await.unwrap();
    assert!(outcome.changed);
    assert_eq!((outcome.before, outcome.number), (Some(old.call.release), 2));
    let items: Vec<String> = outcome.changes.iter().map(|c| c.item.to_string()).collect();
    assert_eq!(items, ["flow desk"]);

    let new = shop.begin("new").await;
    assert_eq!(heard(&new.record), "Another desk.");
    assert_eq!(new.call.release, outcome.release);
    let old_goes_on = shop.press("old", "1", "2").await;
    assert_eq!(heard(&old_goes_on.record), "We are open. Press 1 to ask again.");
    assert_eq!(old_goes_on.call.release, old.call.release);
}

#[tokio::test]
async fn a_pushed_plugin_runs_in_new_calls_and_the_old_one_goes_on_in_those_it_began() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    shop.begin("old").await;
    let one = Digest::of(&shipped("hours-check"));
    let bytes = variant(&shipped("hours-check"), 2);
    let two = Digest::of(&bytes);
    shop.deploy.push(&designer(), plugin("hours-check", bytes)).await.unwrap();
    shop.begin("new").await;
    assert_eq!(ran(&shop.press("new", "1", "2").await.record), [two]);
    assert_eq!(ran(&shop.press("old", "1", "2").await.record), [one]);
}

#[tokio::test]
async fn a_refusal_tells_everything_at_once_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let before = shop.seen().await;

    let broken = DESK.replace("on: {open: open, closed: closed,", "on: {open: opne,");
    let mut change = flow("desk", broken);
    change.files.insert(
        "data/calendars.yaml".into(),
        Some(b"home: {zone: Asia/Seoul, weekly: {mon: [[\"09:00\", \"18:00\"]]}}\n".to_vec()),
    );
    let core = NewPlugin::new(b"\0asm\x01\0\0\0".to_vec(), None);
    change.plugins.insert("probe".into(), Some(core));
    let refusal = refused(shop.deploy.push(&designer(), change).await);
    insta::assert_snapshot!(refusal.to_string());
    assert_eq!(codes(&refusal), ["bad-plugin", "bad-flows"]);
    let told = refusal.report.as_ref().unwrap();
    assert_eq!(told.json["errors"], 3);
    assert!(told.rendered.contains("there is no node `opne`"));

    assert_eq!(shop.seen().await, before);
    let told = shop.deploy.audit(None, 1).await.unwrap().remove(0);
    assert_eq!((told.who.name.as_str(), told.before), ("dana", told.after));
    assert_eq!(told.refused, ["bad-plugin", "bad-flows"]);
    shop.begin("call").await;
    assert_eq!(
        heard(&shop.press("call", "1", "2").await.record),
        "We are open. Press 1 to ask again."
    );
}

#[tokio::test]
async fn what_cannot_be_read_at_all_is_refused_before_it_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let before = shop.seen().await;
    let mut change = file("../outside.yaml", "x");
    change.files.insert("run.sh".into(), Some(Vec::new()));
    change.files.insert("data/large.yaml".into(), Some(vec![b'#'; (4 << 20) + 1]));
    change.flows.insert("Big Desk".into(), Some(DESK.into()));
    change.plugins.insert("../x".into(), Some(NewPlugin::new(Vec::new(), None)));
    let refusal = refused(shop.deploy.push(&designer(), change).await);
    insta::assert_snapshot!(refusal.to_string());
    for (bytes, code) in [
        (vec![0; (64 << 20) + 1], "too-large"),
        (b"hello".to_vec(), "bad-plugin"),
        (Vec::new(), "bad-plugin"),
    ] {
        let refusal = refused(shop.deploy.push(&designer(), plugin("probe", bytes)).await);
        assert_eq!(codes(&refusal), [code]);
    }
    let refusal = refused(shop.deploy.push(&designer(), plugin("probe", guest("plain"))).await);
    insta::assert_snapshot!(refusal.reasons[0].to_string(), @"plugin `probe` calls itself `plain`: push it under that name");
    let gone = Change { flows: [("nobody".to_owned(), None)].into(), ..Change::default() };
    assert_eq!(codes(&refused(shop.deploy.push(&designer(), gone).await)), ["not-there"]);
    assert_eq!(shop.seen().await, before);
}

#[tokio::test]
async fn several_files_go_live_together_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    // The flow needs a plugin that is not there yet.
    let needs = DESK
        .replace("use: hours-check", "use: plain")
        .replace(
            "config: {calendar: office}\n    on: {open: open, closed: closed, error: wrong}",
            "on: {done: open, error: wrong}",
        )
        .replace("  closed: {say: {en-US: \"We are closed.\"}, next: menu}\n", "");
    let alone = refused(shop.deploy.push(&designer(), flow("desk", needs.clone())).await);
    assert_eq!(codes(&alone), ["bad-flows"]);
    let mut both = flow("desk", needs);
    both.plugins.insert("plain".into(), Some(NewPlugin::new(guest("plain"), None)));
    let outcome = shop.deploy.push(&designer(), both).await.unwrap();
    let items: Vec<String> = outcome.changes.iter().map(|c| c.item.to_string()).collect();
    assert_eq!(items, ["flow desk", "plugin plain"]);
    shop.begin("call").await;
    assert_eq!(ran(&shop.press("call", "1", "2").await.record), [Digest::of(&guest("plain"))]);
    // The plugin is in use now.
    let gone = Change { plugins: [("plain".to_owned(), None)].into(), ..Change::default() };
    assert_eq!(codes(&refused(shop.deploy.push(&designer(), gone).await)), ["bad-flows"]);
}

#[tokio::test]
async fn a_push_of_what_is_live_changes_nothing_and_a_dry_run_neither() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let (before, lines) = (shop.seen().await, shop.deploy.audit(None, 100).await.unwrap().len());
    let same = shop.deploy.push(&designer(), flow("desk", DESK)).await.unwrap();
    assert!(!same.changed && same.changes.is_empty());
    let mut change = flow("desk", saying("Dry."));
    change.dry_run = true;
    let dry = shop.deploy.push(&designer(), change).await.unwrap();
    assert!(!dry.changed && dry.dry_run && dry.changes.len() == 1);
    let mut change = flow("desk", "flow: desk\n");
    change.dry_run = true;
    refused(shop.deploy.push(&designer(), change).await);
    assert_eq!(shop.seen().await, before);
    assert_eq!(shop.deploy.audit(None, 100).await.unwrap().len(), lines);
}

#[tokio::test]
async fn what_is_live_can_be_listed_and_read_with_all_its_versions() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let first = shop.deploy.content(&Item::flow("desk"), None).await.unwrap();
    assert_eq!(first.1, DESK.as_bytes());
    shop.deploy.push(&designer(), flow("desk", saying("Two."))).await.unwrap();
    let extra = "flow: extra\nstart: bye\nnodes:\n  bye: {end: {disposition: resolved}}\n";
    shop.deploy.push(&operator(), flow("extra", extra)).await.unwrap();

    let flows = shop.deploy.items(ItemKind::Flow).await.unwrap();
    let lines: Vec<String> = flows
        .iter()
        .map(|flow| format!("{} by {}", flow.name, flow.by.as_deref().unwrap_or("nobody")))
        .collect();
    assert_eq!(lines, ["desk by dana", "extra by oscar"]);
    let plugins = shop.deploy.items(ItemKind::Plugin).await.unwrap();
    assert_eq!(plugins.len(), crate::shop::few().len());

    let versions = shop.deploy.versions(&Item::flow("desk")).await.unwrap();
    let lines: Vec<(u64, bool)> = versions.iter().map(|v| (v.version.number, v.live)).collect();
    assert_eq!(lines, [(2, true), (1, false)]);
    let text = first.0.hex();
    let old = shop.deploy.content(&Item::flow("desk"), Some(&text[..8])).await.unwrap();
    assert_eq!(old, first);
    assert!(shop.deploy.versions(&Item::flow("nobody")).await.is_err());
    let gone = Change { flows: [("extra".to_owned(), None)].into(), ..Change::default() };
    shop.deploy.push(&designer(), gone).await.unwrap();
    let versions = shop.deploy.versions(&Item::flow("extra")).await.unwrap();
    assert_eq!(versions[0].version.digest, None, "that it was taken out is a version, too");
}

#[tokio::test]
async fn records_come_with_the_release_and_data_that_is_wrong_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let bot = "bot: other\nlocales: {}\n";
    let refusal =
        refused(shop.deploy.push(&designer(), file("intents/default.intents.yaml", bot)).await);
    assert_eq!(codes(&refusal), ["bad-data"]);
    let customers = "c-001: {name: Example Ltd}\nc-002: {name: Sample GmbH}\n";
    let change = allowing(file("data/customers.yaml", customers), &[]);
    let outcome = shop.deploy.push(&designer(), change).await.unwrap();
    assert_eq!(outcome.warnings, Vec::<String>::new());
    let records =
        dialgraph_local::records::LocalRecords::new(shop.store.clone(), ["customers".to_owned()]);
    let caller = dialgraph_kernel::provider::Caller {
        call_id: "c".into(),
        release: outcome.release,
        locale: "en-US".into(),
        plugin: "p".into(),
        now: dialgraph_base::Timestamp(0),
        idempotency_key: "c/1/0".into(),
    };
    let get = dialgraph_kernel::ports::records::Get {
        collection: "customers".into(),
        key: "c-002".into(),
        source: Default::default(),
    };
    let found = dialgraph_kernel::provider::Records::get(&records, &caller, &get).await.unwrap();
    assert!(found.is_some());
}

#[tokio::test]
async fn whoever_counts_changes_is_told_of_each() {
    let folder = tempfile::tempdir().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let shop = shop_observed(folder.path(), move |what| tell.send(what).unwrap()).await;
    let who = designer();
    shop.deploy.push(&who, flow("desk", saying("Two."))).await.unwrap();
    shop.deploy.push(&who, flow("desk", saying("Two."))).await.unwrap();
    refused(shop.deploy.push(&who, flow("desk", "flow: desk\n")).await);
    for end in ["promote", "withdraw"] {
        let mut change = flow("desk", saying(end));
        change.canary = Some(1);
        shop.deploy.push(&who, change).await.unwrap();
        match end {
            "promote" => shop.deploy.promote(&who, None).await.unwrap(),
            _ => shop.deploy.withdraw(&who, None, None).await.unwrap(),
        }
    }
    shop.deploy.roll_back(&who, &Default::default(), Default::default(), None).await.unwrap();
    assert_eq!(
        told.try_iter().collect::<Vec<_>>(),
        [
            "push",
            "refused",
            "canary-start",
            "canary-promote",
            "canary-start",
            "canary-withdraw",
            "roll-back"
        ]
    );
}
