//! The store in DynamoDB, tried with the suite that any backend has to pass, against each stand-in.
//!
//! The table of what holds is in `docs/dynamodb.md`; `DIALGRAPH_UPDATE_DOCS=1` writes it anew.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use aws_sdk_dynamodb::types::{PointInTimeRecoveryStatus, TimeToLiveStatus};
use dialgraph_aws::dynamodb::{DynamoStore, Limits, create_table};
use dialgraph_aws::{Connection, connection};
use dialgraph_stand_ins::{Between, StandIn, shapes};
use dialgraph_store::conformance::groups;
use dialgraph_store::{
    Backend as _, Clock, Keyring, ManualClock, Sealed, SledOptions, SledStore, Store, UnixMillis,
};
use serde_json::{Value, json};

const DOCUMENT: &str = "../../docs/dynamodb.md";

/// One of its stand-ins answers some hundred requests a second, all of them in turn.
const PATIENT: Limits =
    Limits { attempt: Duration::from_secs(60), operation: Duration::from_secs(120) };

/// A table of its own for every behaviour.
async fn fresh(connection: &Connection, clock: Arc<dyn Clock>) -> DynamoStore {
    static TABLES: AtomicU32 = AtomicU32::new(0);
    let table = format!("conformance-{}", TABLES.fetch_add(1, Ordering::Relaxed));
    create_table(connection, &table).await.unwrap();
    DynamoStore::new(connection, &table, clock, PATIENT)
}

/// What does not hold, and how much of each group does: `19 of 19`.
type Held = (Vec<(&'static str, String)>, Vec<String>);

async fn held(make: impl AsyncFn(Arc<dyn Clock>) -> Arc<dyn Store>) -> Held {
    let (mut broken, mut counts) = (Vec::new(), Vec::new());
    for (_, behaviours) in groups() {
        let before = broken.len();
        for behaviour in behaviours {
            let clock = Arc::new(ManualClock::new(UnixMillis(1_800_000_000_000)));
            let store = make(Arc::clone(&clock) as Arc<dyn Clock>).await;
            if let Err(wrong) = behaviour.hold(store, clock).await {
                broken.push((behaviour.name, wrong));
            }
        }
        let holds = behaviours.len() - (broken.len() - before);
        counts.push(format!("{holds} of {}", behaviours.len()));
    }
    (broken, counts)
}

async fn on_sled() -> Held {
    let folder = tempfile::tempdir().unwrap();
    let stores = AtomicU32::new(0);
    held(async |clock| {
        let place = folder.path().join(stores.fetch_add(1, Ordering::Relaxed).to_string());
        Arc::new(SledStore::open(place, clock, &SledOptions::default()).unwrap()) as _
    })
    .await
}

async fn on_moto() -> Held {
    let moto = StandIn::moto();
    let connection = connection::stand_in(&moto.url());
    held(async |clock| Arc::new(fresh(&connection, clock).await) as _).await
}

/// And every request of it is one that the service knows.
async fn on_ministack() -> Held {
    let ministack = StandIn::ministack();
    let between = Between::start(ministack.address());
    let connection = connection::stand_in(&between.url());
    let held = held(async |clock| Arc::new(fresh(&connection, clock).await) as _).await;
    // What the suite does not ask for: a walk, and a table of others that is completed.
    let clock = Arc::new(ManualClock::new(UnixMillis(1_800_000_000_000)));
    fresh(&connection, clock).await.walk(None, 10).await.unwrap();
    plain_table(&connection, "plain").await;
    let completed = create_table(&connection, "plain").await.unwrap();
    assert!(completed.is_complete(), "{completed}");

    let seen = between.take_seen();
    let asked: BTreeSet<_> = seen.iter().map(|one| one.asked.operation.clone()).collect();
    assert_eq!(asked, operations_of_the_source(), "not every operation was tried");
    let requests: Vec<_> = seen.iter().map(dialgraph_stand_ins::Exchange::asked_alone).collect();
    shapes::check("dynamodb", &requests);
    held
}

async fn on_sealed_ministack() -> Held {
    let ministack = StandIn::ministack();
    let connection = connection::stand_in(&ministack.url());
    held(async |clock| {
        let ring = Keyring::parse(&"5a".repeat(32), "test").unwrap();
        Arc::new(Sealed::open(fresh(&connection, clock).await, ring).await.unwrap()) as _
    })
    .await
}

/// The operations that the source asks for: `client.get_item()` is `GetItem`.
fn operations_of_the_source() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dynamodb");
    let mut operations = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for (at, found) in text.match_indices("client.") {
            let (name, _) = text[at + found.len()..].split_once('(').unwrap();
            let words = name.split('_').map(|word| {
                let (first, rest) = word.split_at(1);
                format!("{}{rest}", first.to_ascii_uppercase())
            });
            operations.insert(words.collect::<String>());
        }
    }
    operations
}

/// `future` on a runtime of its own: each backend is tried beside the others.
fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn dynamodb_does_what_every_backend_does_and_the_document_says_how_much_was_tried() {
    let columns = thread::scope(|scope| {
        [
            ("sled", scope.spawn(|| run(on_sled()))),
            ("DynamoDB on moto", scope.spawn(|| run(on_moto()))),
            ("DynamoDB on ministack", scope.spawn(|| run(on_ministack()))),
            ("sealed, on ministack", scope.spawn(|| run(on_sealed_ministack()))),
        ]
        .map(|(backend, tried)| (backend, tried.join().expect(backend)))
    });
    for (backend, (broken, _)) in &columns {
        assert_eq!(*broken, [], "{backend}");
    }
    let backends = columns.iter().map(|(backend, _)| format!(" {backend} |")).collect::<String>();
    let mut table = format!(
        "| what every backend does (`engine/store/src/conformance`) |{backends}\n|---|---|---|---|---|\n"
    );
    for (n, (group, _)) in groups().into_iter().enumerate() {
        let held = columns.iter().map(|(_, (_, counts))| format!(" {} |", counts[n]));
        table += &format!("| {group} |{}\n", held.collect::<String>());
    }
    let path = document();
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once("<!-- tried -->\n").expect("the table's place is marked");
    let (old, tail) = rest.split_once("<!-- end -->\n").expect("the table's end is marked");
    if std::env::var_os("DIALGRAPH_UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{head}<!-- tried -->\n{table}<!-- end -->\n{tail}"))
            .unwrap();
    } else {
        assert_eq!(table, old, "run with DIALGRAPH_UPDATE_DOCS=1 and review the difference");
    }
}

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT)
}

#[test]
fn the_document_names_every_right_that_is_needed() {
    let text = std::fs::read_to_string(document()).unwrap();
    let (_, rights) = text.split_once("## Rights").unwrap();
    let (rights, _) = rights.split_once("\n## ").unwrap();
    let named: BTreeSet<_> = rights.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    for operation in operations_of_the_source() {
        // A transaction needs the rights of what it does.
        let needed = match operation.as_str() {
            "TransactWriteItems" => {
                vec!["PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"]
            }
            one => vec![one],
        };
        for right in needed {
            assert!(named.contains(right), "{right} is not named");
        }
    }
}

/// A table as a restore gives it: the right keys and nothing switched on.
async fn plain_table(connection: &Connection, name: &str) {
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    };
    let client = aws_sdk_dynamodb::Client::new(connection.sdk());
    let mut request = client.create_table().table_name(name);
    for (name, kind, of) in [
        ("pk", KeyType::Hash, ScalarAttributeType::S),
        ("sk", KeyType::Range, ScalarAttributeType::B),
    ] {
        let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(of);
        request = request
            .key_schema(key.build().unwrap())
            .attribute_definitions(attribute.build().unwrap());
    }
    request.billing_mode(BillingMode::PayPerRequest).send().await.unwrap();
}

/// A table as CloudFormation writes what the service was asked for.
async fn described(connection: &Connection, name: &str) -> Value {
    let client = aws_sdk_dynamodb::Client::new(connection.sdk());
    let made = client.describe_table().table_name(name).send().await.unwrap().table.unwrap();
    let ttl = client.describe_time_to_live().table_name(name).send().await.unwrap();
    let ttl = ttl.time_to_live_description.unwrap();
    let backups = client.describe_continuous_backups().table_name(name).send().await.unwrap();
    let backups = backups.continuous_backups_description.unwrap();
    let recovery = backups.point_in_time_recovery_description.unwrap();
    let attributes = made.attribute_definitions().iter().map(|attribute| {
        json!({"AttributeName": attribute.attribute_name(), "AttributeType": attribute.attribute_type().as_str()})
    });
    let keys = made.key_schema().iter().map(
        |key| json!({"AttributeName": key.attribute_name(), "KeyType": key.key_type().as_str()}),
    );
    let billing = made.billing_mode_summary().and_then(|summary| summary.billing_mode());
    json!({
        "AttributeDefinitions": attributes.collect::<Vec<_>>(),
        "KeySchema": keys.collect::<Vec<_>>(),
        "BillingMode": billing.map(|mode| mode.as_str()),
        "TimeToLiveSpecification": {
            "AttributeName": ttl.attribute_name(),
            "Enabled": ttl.time_to_live_status() == Some(&TimeToLiveStatus::Enabled),
        },
        "PointInTimeRecoverySpecification": {
            "PointInTimeRecoveryEnabled":
                recovery.point_in_time_recovery_status() == Some(&PointInTimeRecoveryStatus::Enabled),
        },
        "DeletionProtectionEnabled": made.deletion_protection_enabled(),
    })
}

#[tokio::test]
async fn the_table_that_is_made_here_is_the_one_of_the_deploy_template() {
    let moto = StandIn::moto();
    let connection = connection::stand_in(&moto.url());
    create_table(&connection, "made").await.unwrap();
    let wanted = dialgraph_connect_stack::table_properties();
    assert_eq!(described(&connection, "made").await, wanted);

    // One that came back from a backup lacks all that can be switched on, and is completed.
    plain_table(&connection, "restored").await;
    let before = described(&connection, "restored").await;
    for (switch, off) in [
        ("/TimeToLiveSpecification/Enabled", json!(false)),
        ("/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", json!(false)),
        ("/DeletionProtectionEnabled", json!(false)),
    ] {
        assert_eq!(before.pointer(switch), Some(&off), "{switch}");
    }
    let completed = create_table(&connection, "restored").await.unwrap();
    assert_eq!(
        completed.to_string(),
        "table: as it was\n\
         time to live: on; rows that have expired are removed by themselves\n\
         point-in-time recovery: on\n\
         deletion protection: on\n"
    );
    assert_eq!(described(&connection, "restored").await, wanted);
}
