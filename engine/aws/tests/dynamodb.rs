//! The store in DynamoDB, tried with the suite that any backend has to pass, against each stand-in.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::{PointInTimeRecoveryStatus, TimeToLiveStatus};
use dialgraph_aws::dynamodb::{DynamoStore, Limits, create_table};
use dialgraph_aws::{Connection, connection};
use dialgraph_stand_ins::StandIn;
use dialgraph_store::conformance::behaviours;
use dialgraph_store::{Clock, Keyring, ManualClock, Sealed, Store, UnixMillis};
use serde_json::json;

/// One of its stand-ins answers some hundred requests a second, all of them in turn.
const PATIENT: Limits =
    Limits { attempt: Duration::from_secs(60), operation: Duration::from_secs(120) };

async fn connection(stand_in: &StandIn) -> Connection {
    connection::stand_in(&stand_in.url())
}

/// A table of its own for every behaviour.
async fn fresh(connection: &Connection, clock: Arc<dyn Clock>) -> DynamoStore {
    static TABLES: AtomicU32 = AtomicU32::new(0);
    let table = format!("conformance-{}", TABLES.fetch_add(1, Ordering::Relaxed));
    create_table(connection, &table).await.unwrap();
    DynamoStore::new(connection, &table, clock, PATIENT)
}

/// What does not hold, of all behaviours but `excluded`; and that those do not hold either, or they would not have to be.
async fn broken(
    excluded: &[&str],
    make: impl AsyncFn(Arc<dyn Clock>) -> Arc<dyn Store>,
) -> Vec<(&'static str, String)> {
    let mut broken = Vec::new();
    for behaviour in behaviours() {
        let clock = Arc::new(ManualClock::new(UnixMillis(1_800_000_000_000)));
        let store = make(Arc::clone(&clock) as Arc<dyn Clock>).await;
        let held = behaviour.hold(store, clock).await;
        match (excluded.contains(&behaviour.name), held) {
            (false, Err(wrong)) => broken.push((behaviour.name, wrong)),
            (true, Ok(())) => broken.push((behaviour.name, "it holds by now".to_owned())),
            _ => {}
        }
    }
    broken
}

#[tokio::test]
async fn dynamodb_on_moto_conforms() {
    let moto = StandIn::moto();
    let connection = connection(&moto).await;
    let found = broken(&[], async |clock| Arc::new(fresh(&connection, clock).await) as _).await;
    assert_eq!(found, []);
}

#[tokio::test]
async fn dynamodb_on_ministack_conforms() {
    let ministack = StandIn::ministack();
    let connection = connection(&ministack).await;
    let found = broken(&[], async |clock| Arc::new(fresh(&connection, clock).await) as _).await;
    assert_eq!(found, []);
}

#[tokio::test]
async fn sealed_dynamodb_conforms() {
    let ministack = StandIn::ministack();
    let connection = connection(&ministack).await;
    let found = broken(&[], async |clock| {
        let ring = Keyring::parse(&"5a".repeat(32), "test").unwrap();
        Arc::new(Sealed::open(fresh(&connection, clock).await, ring).await.unwrap()) as _
    })
    .await;
    assert_eq!(found, []);
}

#[tokio::test]
async fn the_table_that_is_made_here_is_the_one_of_the_deploy_template() {
    let moto = StandIn::moto();
    let connection = connection(&moto).await;
    create_table(&connection, "made").await.unwrap();
    let client = aws_sdk_dynamodb::Client::new(connection.sdk());
    let made = client.describe_table().table_name("made").send().await.unwrap().table.unwrap();
    let ttl = client.describe_time_to_live().table_name("made").send().await.unwrap();
    let ttl = ttl.time_to_live_description.unwrap();
    let backups = client.describe_continuous_backups().table_name("made").send().await.unwrap();
    let backups = backups.continuous_backups_description.unwrap();
    let recovery = backups.point_in_time_recovery_description.unwrap();
    let attributes = made.attribute_definitions().iter().map(|attribute| {
        json!({"AttributeName": attribute.attribute_name(), "AttributeType": attribute.attribute_type().as_str()})
    });
    let keys = made.key_schema().iter().map(
        |key| json!({"AttributeName": key.attribute_name(), "KeyType": key.key_type().as_str()}),
    );
    let billing = made.billing_mode_summary().and_then(|summary| summary.billing_mode());
    // As CloudFormation writes what the service was asked for.
    let made = json!({
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
    });
    assert_eq!(made, dialgraph_connect::stack::table_properties());
}
