//! Rows of the store that are damaged: whatever is listed is listed past them, and they are named.

use dialgraph_deploy::{Item, Role, Tokens, Who};
use dialgraph_store::{CommitToken, Expect, Key, Op, Part, Sort, Store as _};

use crate::shop::{Shop, designer, flow, operator, saying, shop};

/// Puts other bytes where a value was.
async fn damage(shop: &Shop, part: &str, sort: Sort) {
    let key = Key::new(&Part::new(part).unwrap(), sort).unwrap();
    let token = CommitToken::new(format!("damage {key:?}")).unwrap();
    let op = Op::put(key, b"flipped".to_vec(), Expect::Any);
    shop.store.commit(&[op], &token).await.unwrap();
}

#[tokio::test]
async fn one_damaged_row_hides_no_other_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    shop.deploy.push(&designer(), flow("desk", saying("Hello."))).await.unwrap();
    shop.deploy.push(&designer(), flow("desk", saying("Good day."))).await.unwrap();
    let tokens = Tokens::new(shop.deploy.clone(), Vec::new());
    let (_, lost) = tokens.make(&operator(), Who::new("vera", Role::Viewer), None).await.unwrap();
    tokens.make(&operator(), Who::new("olaf", Role::Viewer), None).await.unwrap();

    damage(&shop, "deploy/audit", Sort::number(2)).await;
    damage(&shop, "deploy/releases", Sort::number(2)).await;
    damage(&shop, "deploy/versions/flow/desk", Sort::number(3)).await;
    damage(&shop, "deploy/tokens", Sort::text(&lost.id)).await;

    let audit = shop.deploy.audit(None, 100).await.unwrap();
    assert_eq!(audit.iter().map(|line| line.number).collect::<Vec<_>>(), [5, 4, 3, 1]);
    assert!(audit.unreadable[0].starts_with("audit line 2 cannot be read: "), "{audit:?}");
    let releases = shop.deploy.releases(None, 100).await.unwrap();
    assert_eq!(releases.iter().map(|made| made.number).collect::<Vec<_>>(), [3, 1]);
    assert!(releases.unreadable[0].starts_with("release number 2 cannot"), "{releases:?}");
    let versions = shop.deploy.versions(&Item::flow("desk")).await.unwrap();
    assert_eq!(versions.len(), 1, "{versions:?}");
    assert_eq!(versions.unreadable.len(), 2, "its own row, and that of its release: {versions:?}");
    let left = tokens.list().await.unwrap();
    assert_eq!((left.len(), left.unreadable.len()), (1, 1), "{left:?}");
    assert!(left.unreadable[0].contains(&lost.id), "it can be named: {left:?}");
    tokens.revoke(&operator(), &lost.id).await.unwrap();
    assert!(tokens.list().await.unwrap().unreadable.is_empty());
}
