//! Tokens name their holder until they expire or are revoked, viewers change nothing, and the audit
//! log has a line for every change and token.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use dialgraph_deploy::{
    Change, ConfiguredToken, DeployError, DeploySettings, Item, Role, TokenHash, Tokens, Who,
    new_token,
};
use dialgraph_store::{
    CommitError, CommitToken, Committed, Key, Op, Page, Query, Row, SledStore, Store, StoreError,
};

use crate::shop::{clock, designer, flow, operator, process_over, saying, shop, source, store};

/// A store that takes no more lines of the audit log, if it is told so.
struct NoLog {
    store: Arc<SledStore>,
    full: AtomicBool,
}

#[async_trait]
impl Store for NoLog {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        self.store.get(key).await
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        let logs = ops.iter().any(|op| op.key().part().as_str() == "deploy/audit");
        if logs && self.full.load(Ordering::SeqCst) {
            return Err(CommitError::Failed(StoreError::BadOpCount { count: ops.len() }));
        }
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
async fn no_token_comes_or_goes_without_its_line_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = store(folder.path(), &clock);
    let log = Arc::new(NoLog { store: store.clone(), full: AtomicBool::new(false) });
    let first = source();
    let settings = DeploySettings::default();
    let shop = process_over(folder.path(), log.clone(), &store, &clock, settings, Some(&first));
    let shop = shop.await.unwrap();
    let tokens = Tokens::new(shop.deploy.clone(), Vec::new());
    let vera = Who::new("vera", Role::Viewer);
    let (token, row) = tokens.make(&operator(), vera.clone(), None).await.unwrap();
    log.full.store(true, Ordering::SeqCst);
    assert!(tokens.make(&operator(), vera, None).await.is_err());
    assert_eq!(tokens.list().await.unwrap().len(), 1);
    assert!(tokens.revoke(&operator(), &row.id).await.is_err());
    assert!(tokens.who(&token).await.unwrap().is_some(), "it was not revoked");
    log.full.store(false, Ordering::SeqCst);
    tokens.revoke(&operator(), &row.id).await.unwrap();
    assert!(tokens.who(&token).await.unwrap().is_none());
    let lines = shop.deploy.audit(None, 2).await.unwrap();
    let lines: Vec<&str> = lines.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(lines, ["token-revoked", "token-made"]);
}

#[tokio::test]
async fn a_token_tells_who_holds_it_until_it_expires_or_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let (machine, hash) = new_token();
    let configured = ConfiguredToken {
        who: Who::new("ci", Role::Designer),
        hash: TokenHash::from_hex(&hash.to_hex()).unwrap(),
    };
    let tokens = Tokens::new(shop.deploy.clone(), vec![configured]);
    let name = |token: String| {
        let tokens = tokens.clone();
        async move { tokens.who(&token).await.unwrap().map(|who| (who.name, who.role)) }
    };
    assert_eq!(name(machine.clone()).await, Some(("ci".into(), Role::Designer)));
    let viewer = Who::new("vera", Role::Viewer);
    assert!(matches!(
        tokens.make(&designer(), viewer.clone(), None).await,
        Err(DeployError::Forbidden { .. })
    ));
    let (good, row) = tokens.make(&operator(), viewer.clone(), None).await.unwrap();
    let (short, _) = tokens.make(&operator(), viewer.clone(), Some(1_000)).await.unwrap();
    let expected = Some(("vera".to_owned(), Role::Viewer));
    assert_eq!(
        (name(good.clone()).await, name(short.clone()).await),
        (expected.clone(), expected.clone())
    );
    shop.clock.advance(1_000);
    assert_eq!((name(good.clone()).await, name(short).await), (expected, None));

    let almost = format!("{}x", &good[..good.len() - 1]);
    for wrong in
        ["", "dgt_", "dgt__", "Bearer", &almost, &good[..20], &"x".repeat(10_000), &machine[1..]]
    {
        assert_eq!(name(wrong.to_owned()).await, None, "{wrong}");
    }
    let listed = serde_json::to_string(&*tokens.list().await.unwrap()).unwrap();
    assert!(listed.contains("vera") && !listed.contains(good.rsplit('_').next().unwrap()));
    tokens.revoke(&operator(), &row.id).await.unwrap();
    assert_eq!(name(good).await, None);
    assert!(tokens.revoke(&operator(), &row.id).await.is_err());
    assert!(TokenHash::from_hex("abc").is_err());
}

#[tokio::test]
async fn a_viewer_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let before = shop.seen().await;
    let viewer = Who::new("vera", Role::Viewer);
    let deploy = &shop.deploy;
    let desk = Item::flow("desk");
    let forbidden = [
        deploy.push(&viewer, flow("desk", saying("Two."))).await.map(drop),
        deploy.push(&viewer, Change { dry_run: true, ..Change::default() }).await.map(drop),
        deploy.roll_back(&viewer, &Default::default(), Default::default(), None).await.map(drop),
        deploy
            .roll_back_item(&viewer, &desk, &Default::default(), Default::default(), None)
            .await
            .map(drop),
        deploy.pin(&viewer, &desk, None).await,
        deploy.unpin(&viewer, &desk, None).await,
        deploy.canary_share(&viewer, 1).await,
        deploy.promote(&viewer, None).await,
        deploy.withdraw(&viewer, None, None).await,
    ];
    for result in forbidden {
        assert!(matches!(result, Err(DeployError::Forbidden { .. })), "{result:?}");
    }
    assert_eq!(shop.seen().await, before);
}

#[tokio::test]
async fn the_audit_log_tells_who_did_what_and_comes_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    for n in 2..=5 {
        let mut change = flow("desk", saying(&format!("{n}.")));
        change.why = Some(format!("number {n}"));
        shop.deploy.push(&designer(), change).await.unwrap();
    }
    let page = shop.deploy.audit(None, 2).await.unwrap();
    let rest = shop.deploy.audit(Some(page[1].number), 100).await.unwrap();
    let numbers: Vec<u64> = page.iter().chain(&rest).map(|line| line.number).collect();
    assert_eq!(numbers, [5, 4, 3, 2, 1]);
    let newest = &page[0];
    assert_eq!((newest.who.clone(), newest.why.as_deref()), (designer(), Some("number 5")));
    assert_eq!(newest.before, page[1].after);
    assert_eq!(newest.changes[0].item, Item::flow("desk"));
    assert_eq!(newest.changes[0].before, page[1].changes[0].after);
    assert_eq!(rest[2].who, Who::engine("folder"));
    assert_eq!(rest[2].before, None);
}
