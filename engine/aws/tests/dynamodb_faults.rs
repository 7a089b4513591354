//! What goes wrong between a store and its table, and what the store makes of it.
//!
//! The table is a stand-in's; what goes wrong is done by what stands between, since stand-ins are
//! never throttled and never silent.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use dialgraph_aws::dynamodb::{DynamoStore, Limits, create_table};
use dialgraph_aws::{Connection, connection};
use dialgraph_stand_ins::{Asked, Between, Fate, Kind, StandIn};
use dialgraph_store::{
    Backend as _, CommitError, CommitToken, Committed, Expect, Key, Op, Part, Query, Sort, Store,
    StoreError, UnixMillis,
};
use futures::future::join_all;
use serde_json::json;

/// Long enough for a busy machine, so that nothing but what is meant to be late is.
const ATTEMPT: Duration = Duration::from_millis(1500);
const OPERATION: Duration = Duration::from_secs(6);

struct Scene {
    between: Between,
    connection: Connection,
    table: String,
    store: DynamoStore,
}

/// One of each kind for all tests.
fn stand_in(kind: Kind) -> &'static StandIn {
    static MOTO: OnceLock<StandIn> = OnceLock::new();
    static MINISTACK: OnceLock<StandIn> = OnceLock::new();
    let place = if kind == Kind::Moto { &MOTO } else { &MINISTACK };
    place.get_or_init(|| StandIn::start(kind))
}

impl Scene {
    /// A table of its own, and what stands between it and the store.
    async fn on(kind: Kind) -> Self {
        static TABLES: AtomicU32 = AtomicU32::new(0);
        let table = format!("faults-{}", TABLES.fetch_add(1, Ordering::Relaxed));
        let stand_in = stand_in(kind);
        create_table(&connection::stand_in(&stand_in.url()), &table).await.unwrap();
        let between = Between::start(stand_in.address());
        let connection = connection::stand_in(&between.url());
        let limits = Limits { attempt: ATTEMPT, operation: OPERATION };
        let clock = Arc::new(|| UnixMillis(1_800_000_000_000));
        let store = DynamoStore::open(&connection, &table, clock, limits).await.unwrap();
        between.take_seen();
        Self { between, connection, table, store }
    }

    /// The next `count` requests of this operation have this fate, all others pass.
    fn next(&self, operation: &'static str, count: u32, fate: Fate) {
        let left = AtomicU32::new(count);
        self.between.decide(move |asked: &Asked| {
            let hit = asked.operation == operation
                && left
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
                    .is_ok();
            if hit { fate.clone() } else { Fate::Pass }
        });
    }

    /// How many requests of this operation have come.
    fn seen(&self, operation: &str) -> usize {
        let seen = self.between.take_seen();
        seen.iter().filter(|exchange| exchange.asked.operation == operation).count()
    }

    async fn version(&self) -> Option<u64> {
        self.store.get(&key()).await.unwrap().map(|row| row.version)
    }
}

fn key() -> Key {
    Key::new(&Part::new("call/1").unwrap(), Sort::text("state")).unwrap()
}

fn put(expect: Expect) -> [Op; 1] {
    [Op::put(key(), "what the caller said", expect)]
}

fn token(name: &str) -> CommitToken {
    CommitToken::new(name).unwrap()
}

const COMMIT: &str = "TransactWriteItems";
const BOTH: [Kind; 2] = [Kind::Moto, Kind::Ministack];

#[tokio::test]
async fn a_table_that_throttles_for_a_while_is_waited_for() {
    let scene = Scene::on(Kind::Ministack).await;
    for (n, exception) in
        ["ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded"]
            .into_iter()
            .enumerate()
    {
        scene.next(COMMIT, 2, Fate::Refuse(400, exception));
        let token = token(&format!("turn {n}"));
        let done = scene.store.commit(&put(Expect::Any), &token).await.unwrap();
        assert_eq!((done, scene.seen(COMMIT)), (Committed::Applied, 3), "{exception}");
        scene.next("GetItem", 2, Fate::Refuse(400, exception));
        assert_eq!(scene.version().await, Some(n as u64 + 1));
        scene.next("Query", 2, Fate::Refuse(400, exception));
        let page = scene.store.query(&Query::new(key().part().clone())).await.unwrap();
        assert_eq!(page.rows.len(), 1);
    }
}

#[tokio::test]
async fn a_table_that_goes_on_throttling_is_busy_and_has_written_nothing() {
    let scene = Scene::on(Kind::Ministack).await;
    scene.next(COMMIT, u32::MAX, Fate::Refuse(400, "ThrottlingException"));
    let error = scene.store.commit(&put(Expect::Any), &token("turn 1")).await.unwrap_err();
    assert!(matches!(error, CommitError::Failed(StoreError::Busy { .. })), "{error:?}");
    insta::assert_snapshot!(
        error.to_string().replace(&scene.table, "[table]"),
        @"the store is busy: table [table] has no capacity for this, or others hold the same rows (ThrottlingException: so says what stands between); it was asked again for as long as there was time; if it goes on, look at the table's throttled requests"
    );
    scene.next(COMMIT, 0, Fate::Pass);
    assert_eq!(scene.version().await, None);
    let done = scene.store.commit(&put(Expect::Absent), &token("turn 1")).await.unwrap();
    assert_eq!(done, Committed::Applied);
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_known_again_by_the_next_try() {
    for kind in BOTH {
        let scene = Scene::on(kind).await;
        scene.next(COMMIT, 1, Fate::LoseAnswer);
        // Asked again, the row is no longer absent: by this very commit.
        let done = scene.store.commit(&put(Expect::Absent), &token("turn 1")).await.unwrap();
        assert_eq!((done, scene.seen(COMMIT)), (Committed::Applied, 2), "{}", kind.name());
        assert_eq!(scene.version().await, Some(1), "{}", kind.name());
    }
}

#[tokio::test]
async fn a_commit_given_up_in_the_dark_is_repeated_or_applied_when_it_is_asked_for_again() {
    let cases = BOTH.into_iter().flat_map(|kind| {
        [(kind, Fate::LoseAnswer, Committed::Repeated), (kind, Fate::Vanish, Committed::Applied)]
    });
    // Each waits until its time is over; so all at once.
    join_all(cases.map(|(kind, fate, wanted)| async move {
        let scene = Scene::on(kind).await;
        let what = format!("{fate:?} on {}", kind.name());
        scene.next(COMMIT, u32::MAX, fate);
        let error = scene.store.commit(&put(Expect::Absent), &token("turn 1")).await.unwrap_err();
        let in_the_dark = matches!(error, CommitError::Failed(StoreError::Backend { .. }));
        assert!(in_the_dark, "{what}: {error:?}");
        scene.next(COMMIT, 0, Fate::Pass);
        let done = scene.store.commit(&put(Expect::Absent), &token("turn 1")).await.unwrap();
        assert_eq!(done, wanted, "{what}");
        assert_eq!(scene.version().await, Some(1));
    }))
    .await;
}

#[tokio::test]
async fn throttling_after_a_lost_answer_leaves_it_in_the_dark_whether_it_was_written() {
    let scene = Scene::on(Kind::Ministack).await;
    let tries = AtomicU32::new(0);
    scene.between.decide(move |asked| match asked.operation.as_str() {
        COMMIT if tries.fetch_add(1, Ordering::SeqCst) == 0 => Fate::LoseAnswer,
        COMMIT => Fate::Refuse(400, "ThrottlingException"),
        _ => Fate::Pass,
    });
    let error = scene.store.commit(&put(Expect::Absent), &token("turn 1")).await.unwrap_err();
    assert!(matches!(error, CommitError::Failed(StoreError::Backend { .. })), "{error:?}");
}

#[tokio::test]
async fn rows_in_the_hands_of_another_transaction_are_waited_for_also_when_one_is_in_the_way() {
    let scene = Scene::on(Kind::Ministack).await;
    let other = Key::new(&Part::new("call/1").unwrap(), Sort::text("turn")).unwrap();
    scene
        .store
        .commit(&[Op::put(other.clone(), "x", Expect::Any)], &token("turn 0"))
        .await
        .unwrap();
    // The second row conflicts for certain, the first is being written: which is the first to
    // conflict is not known.
    let undecided = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": [
            {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"},
            {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"},
            {"Code": "None"},
        ],
    });
    scene.next(COMMIT, 2, Fate::Answer(400, undecided));
    let ops = [Op::put(key(), "x", Expect::Version(7)), Op::put(other, "x", Expect::Absent)];
    let error = scene.store.commit(&ops, &token("turn 1")).await.unwrap_err();
    assert_eq!(error.conflict().unwrap().index, 0);
    assert_eq!(scene.seen(COMMIT), 3 + 1);
}

#[tokio::test]
async fn a_used_token_is_found_also_when_the_service_names_only_the_row_in_the_way() {
    let scene = Scene::on(Kind::Ministack).await;
    scene.store.commit(&put(Expect::Absent), &token("turn 1")).await.unwrap();
    // It promises the reasons in order, but not all of them.
    let one_reason = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": [
            {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"},
            {"Code": "None"},
        ],
    });
    scene.next(COMMIT, 2, Fate::Answer(400, one_reason));
    let again = scene.store.commit(&put(Expect::Absent), &token("turn 1")).await.unwrap();
    assert_eq!(again, Committed::Repeated);
    let error = scene.store.commit(&put(Expect::Absent), &token("turn 2")).await.unwrap_err();
    assert!(error.conflict().is_some(), "{error:?}");
}

#[tokio::test]
async fn what_an_operator_has_to_change_is_said_at_once() {
    let scene = Scene::on(Kind::Ministack).await;
    let mut told = Vec::new();
    for exception in ["AccessDeniedException", "UnrecognizedClientException", "ValidationException"]
    {
        scene.next("GetItem", u32::MAX, Fate::Refuse(400, exception));
        let error = scene.store.get(&key()).await.unwrap_err();
        assert_eq!(scene.seen("GetItem"), 1, "{exception} is not asked again");
        told.push(error.to_string());
    }
    scene.next("GetItem", 0, Fate::Pass);
    let clock = Arc::new(|| UnixMillis(0));
    let missing = DynamoStore::open(&scene.connection, "nowhere", clock, Limits::default()).await;
    told.push(missing.unwrap_err().to_string());
    insta::assert_snapshot!(told.join("\n").replace(&scene.table, "[table]"), @r"
    the store cannot be used: Amazon does not let this process use table [table] in ap-northeast-2; docs/dynamodb.md lists the actions that its role needs (AccessDeniedException: so says what stands between)
    the store cannot be used: Amazon does not let this process use table [table] in ap-northeast-2; docs/dynamodb.md lists the actions that its role needs (UnrecognizedClientException: so says what stands between)
    the store cannot be used: table [table] does not take the request; is it one that `dialgraph store create-table` has made? (ValidationException: so says what stands between)
    the store cannot be used: there is no table nowhere in ap-northeast-2; make it with `dialgraph store create-table --table nowhere` or with the template that `dialgraph connect deploy-template` prints, or name another in `store.table`
    ");
}

#[tokio::test]
async fn what_callers_said_is_in_no_error_text_whatever_the_service_answers() {
    const SAID: &str = "my card is 4000-1234";
    const AS_BYTES: &str = "bXkgY2FyZCBpcyA0MDAwLTEyMzQ=";
    let scene = Scene::on(Kind::Ministack).await;
    let limits = Limits { attempt: ATTEMPT, operation: ATTEMPT };
    let clock = Arc::new(|| UnixMillis(1_800_000_000_000));
    let store = DynamoStore::new(&scene.connection, &scene.table, clock, limits);
    let broken = json!({"Item": {"pk": SAID}, "Items": [SAID], "ConsumedCapacity": SAID});
    let foreign = json!({"pk": {"S": "call/1"}, "sk": {"B": "AQ=="}, "value": {"S": SAID}});
    let foreign = json!({"Item": foreign, "Items": [foreign], "Count": 1});
    let row = json!({"pk": {"S": "call/1"}, "sk": {"B": "AQ=="}, "version": {"N": "1"}, "value": {"B": AS_BYTES}});
    let in_the_way = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": [
            {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": row},
            {"Code": "None"},
        ],
    });
    // What is answered to everything, and how many of four requests fail by it.
    for (status, answer, failing) in [
        (200, broken.clone(), 4),
        (400, broken.clone(), 4),
        (500, broken, 4),
        // A commit is told nothing of items.
        (200, foreign, 3),
        // Only a commit can be.
        (400, in_the_way, 1),
    ] {
        let what = format!("{status} {answer}");
        scene.between.decide(move |asked| match failing == 1 && asked.operation != COMMIT {
            true => Fate::Pass,
            false => Fate::Answer(status, answer.clone()),
        });
        let (query, ops, token) =
            (Query::new(key().part().clone()), put(Expect::Absent), token("1"));
        let (key, mut told) = (key(), Vec::new());
        let (got, queried, walked, committed) = tokio::join!(
            store.get(&key),
            store.query(&query),
            store.walk(None, 10),
            store.commit(&ops, &token),
        );
        told.extend(got.err().map(|error| format!("{error} {error:?}")));
        told.extend(queried.err().map(|error| format!("{error} {error:?}")));
        told.extend(walked.err().map(|error| format!("{error} {error:?}")));
        told.extend(committed.err().map(|error| error.to_string()));
        assert_eq!(told.len(), failing, "{what}: {told:#?}");
        for text in told {
            assert!(!text.contains("4000") && !text.contains(AS_BYTES), "{what}: {text}");
        }
    }
}

#[tokio::test]
async fn a_table_is_made_once_and_one_of_others_is_left_alone() {
    for kind in BOTH {
        let scene = Scene::on(kind).await;
        let made = create_table(&scene.connection, "fresh").await.unwrap();
        assert!(made.is_complete(), "{}: {made}", kind.name());
        let before = made.to_string();
        let again = create_table(&scene.connection, "fresh").await.unwrap();
        assert!(again.is_complete(), "{}: {again}", kind.name());
        assert_ne!(again.to_string(), before);
        assert_eq!(again.to_string().matches("as it was").count(), 4, "{}: {again}", kind.name());

        others_table(&scene.connection).await;
        let error = create_table(&scene.connection, "others").await.unwrap_err().to_string();
        assert!(error.contains("is one of other keys"), "{}: {error}", kind.name());
    }
}

/// A table whose sort key is text.
async fn others_table(connection: &Connection) {
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    };
    let client = aws_sdk_dynamodb::Client::new(connection.sdk());
    let mut request = client.create_table().table_name("others");
    for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
        let text = AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S);
        request =
            request.key_schema(key.build().unwrap()).attribute_definitions(text.build().unwrap());
    }
    request.billing_mode(BillingMode::PayPerRequest).send().await.unwrap();
}

#[tokio::test]
async fn a_walk_gives_every_live_row_once_and_no_token() {
    for kind in BOTH {
        let scene = Scene::on(kind).await;
        let mut wanted = Vec::new();
        for n in 0..40u64 {
            let part = Part::new(format!("~part/{}", n % 7)).unwrap();
            let key = Key::new(&part, Sort::number(n)).unwrap();
            let op = if n % 5 == 0 {
                Op::put_until(key, "gone", Expect::Any, UnixMillis(1_800_000_000_000))
            } else {
                wanted.push(key.clone());
                Op::put(key, "there", Expect::Any)
            };
            scene.store.commit(&[op], &token(&n.to_string())).await.unwrap();
        }
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let walked = scene.store.walk(after.as_ref(), 6).await.unwrap();
            found.extend(walked.rows.into_iter().map(|row| row.key));
            // One that somebody removes meanwhile is a place all the same.
            if let (Some(next), true) = (&walked.next, found.len() > 20) {
                let op = Op::delete(next.clone(), Expect::Any);
                scene
                    .store
                    .commit(&[op], &token(&format!("delete {}", found.len())))
                    .await
                    .unwrap();
            }
            after = walked.next;
            if after.is_none() {
                break;
            }
        }
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted, "{}", kind.name());
    }
}
