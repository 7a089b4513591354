//! Making the table: once, by an operator; the engine itself never needs these rights.

use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, PointInTimeRecoverySpecification,
    PointInTimeRecoveryStatus, ScalarAttributeType, TableDescription, TableStatus,
    TimeToLiveSpecification, TimeToLiveStatus,
};
use dialgraph_store::StoreError;
use tokio::time::sleep;

use super::Limits;
use super::failure::Failure;
use super::item::{PARTITION_ATTRIBUTE, SORT_ATTRIBUTE, TTL_ATTRIBUTE};
use super::patience::Patience;
use crate::connection::Connection;

/// What these requests may take; nobody is on the phone.
const LIMITS: Limits =
    Limits { attempt: Duration::from_secs(10), operation: Duration::from_secs(30) };

/// How often, and after which pause, a table that is being made is looked at again.
const LOOKS: u32 = 240;
const PAUSE: Duration = Duration::from_millis(500);

/// What making a table came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The table itself, paid for by request.
    pub table: Step,
    /// Time to live: the service removes rows that have expired.
    pub ttl: Step,
    /// Point-in-time recovery: the table of any second of the last 35 days can be had back.
    pub backups: Step,
    /// Deletion protection: nobody deletes the table by one slip.
    pub protection: Step,
}

/// One thing about a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It was done now.
    Done,
    /// It had been done before.
    Was,
    /// It cannot be had; the reason.
    Refused(String),
}

impl Created {
    /// Whether the table is all that it can be.
    pub fn is_complete(&self) -> bool {
        [&self.table, &self.ttl, &self.backups, &self.protection]
            .iter()
            .all(|step| !matches!(step, Step::Refused(_)))
    }
}

impl fmt::Display for Created {
    /// A line for each step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |what: &str, step: &Step, done: &str| match step {
            Step::Done => writeln!(f, "{what}: {done}"),
            Step::Was => writeln!(f, "{what}: as it was"),
            Step::Refused(why) => writeln!(f, "{what}: not switched on: {why}"),
        };
        line("table", &self.table, "made, paid for by request")?;
        line("time to live", &self.ttl, "on; rows that have expired are removed by themselves")?;
        line("point-in-time recovery", &self.backups, "on")?;
        line("deletion protection", &self.protection, "on")
    }
}

/// Makes the table `table`, or completes one that is there. Doing it again changes nothing.
///
/// # Errors
/// If the table cannot be made, or is one of other keys; then it is left as it is.
pub async fn create_table(connection: &Connection, table: &str) -> Result<Created, StoreError> {
    let region = connection.sdk().region().map_or("no region", |region| region.as_ref());
    let making = Making { client: Client::new(connection.sdk()), table, region };
    let made = match making.describe().await? {
        Some(found) => {
            making.check(&found)?;
            Step::Was
        }
        None => making.create().await?,
    };
    making.wait().await?;
    let ttl = making.switch_on_ttl().await?;
    let backups = making.switch_on_backups().await?;
    // Last: while the service changes a table it may refuse every other change.
    let protection = making.protect(&made).await?;
    Ok(Created { table: made, ttl, backups, protection })
}

struct Making<'a> {
    client: Client,
    table: &'a str,
    region: &'a str,
}

impl Making<'_> {
    async fn ask<T, F>(&self, ask: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let asked = Patience::new(LIMITS).keep_asking(ask).await;
        asked.map_err(|failure| failure.tell(self.table, self.region))
    }

    async fn describe(&self) -> Result<Option<TableDescription>, StoreError> {
        let request = self.client.describe_table().table_name(self.table);
        self.ask(|| async {
            match request.clone().send().await {
                Ok(answer) => Ok(answer.table),
                Err(error) if is(&error, |e| e.is_resource_not_found_exception()) => Ok(None),
                Err(error) => Err(Failure::of(error)),
            }
        })
        .await
    }

    /// Refuses a table that is not one of ours.
    fn check(&self, found: &TableDescription) -> Result<(), StoreError> {
        let keys: Vec<_> = found
            .key_schema()
            .iter()
            .map(|key| (key.attribute_name(), key.key_type().as_str()))
            .collect();
        let types = found.attribute_definitions().iter();
        let types: Vec<_> = types
            .filter(|attribute| keys.iter().any(|(name, _)| *name == attribute.attribute_name()))
            .map(|attribute| (attribute.attribute_name(), attribute.attribute_type().as_str()))
            .collect();
        let right = keys == [(PARTITION_ATTRIBUTE, "HASH"), (SORT_ATTRIBUTE, "RANGE")]
            && types.contains(&(PARTITION_ATTRIBUTE, "S"))
            && types.contains(&(SORT_ATTRIBUTE, "B"));
        if right {
            return Ok(());
        }
        Err(StoreError::Refused {
            detail: format!(
                "table {} in {} is one of other keys ({keys:?}, {types:?}), not `{PARTITION_ATTRIBUTE}` (S) and \
                 `{SORT_ATTRIBUTE}` (B); name another",
                self.table, self.region
            ),
        })
    }

    async fn create(&self) -> Result<Step, StoreError> {
        let key = |name: &str, kind: KeyType| {
            KeySchemaElement::builder().attribute_name(name).key_type(kind).build()
        };
        let attribute = |name: &str, kind: ScalarAttributeType| {
            AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()
        };
        let request = self.client.create_table().table_name(self.table);
        let request = request
            .key_schema(key(PARTITION_ATTRIBUTE, KeyType::Hash).map_err(unbuilt)?)
            .key_schema(key(SORT_ATTRIBUTE, KeyType::Range).map_err(unbuilt)?)
            .attribute_definitions(
                attribute(PARTITION_ATTRIBUTE, ScalarAttributeType::S).map_err(unbuilt)?,
            )
            .attribute_definitions(
                attribute(SORT_ATTRIBUTE, ScalarAttributeType::B).map_err(unbuilt)?,
            )
            .billing_mode(BillingMode::PayPerRequest)
            // Calls in progress and records live here: nobody deletes them by one slip.
            .deletion_protection_enabled(true);
        self.ask(|| async {
            match request.clone().send().await {
                Ok(_) => Ok(Step::Done),
                // An answer that was lost, or another operator in the same second.
                Err(error) if is(&error, |e| e.is_resource_in_use_exception()) => Ok(Step::Was),
                Err(error) => Err(Failure::of(error)),
            }
        })
        .await
    }

    /// The table, as soon as it can be used.
    async fn wait(&self) -> Result<TableDescription, StoreError> {
        for _ in 0..LOOKS {
            match self.describe().await? {
                Some(table) if table.table_status == Some(TableStatus::Active) => return Ok(table),
                _ => sleep(PAUSE).await,
            }
        }
        Err(StoreError::Busy {
            detail: format!(
                "table {} in {} is still being made; do this again in a few minutes",
                self.table, self.region
            ),
        })
    }

    async fn switch_on_ttl(&self) -> Result<Step, StoreError> {
        let request = self.client.describe_time_to_live().table_name(self.table);
        let on = self
            .ask(|| async { request.clone().send().await.map_err(Failure::of) })
            .await?
            .time_to_live_description
            .filter(|ttl| {
                matches!(
                    ttl.time_to_live_status,
                    Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
                )
            });
        if let Some(on) = on {
            let of = on.attribute_name.unwrap_or_default();
            return Ok(if of == TTL_ATTRIBUTE {
                Step::Was
            } else {
                Step::Refused(format!("it is on for `{of}`, not for `{TTL_ATTRIBUTE}`"))
            });
        }
        let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(TTL_ATTRIBUTE);
        let request = self.client.update_time_to_live().table_name(self.table);
        let request = request.time_to_live_specification(ttl.build().map_err(unbuilt)?);
        self.ask(|| async { request.clone().send().await.map_err(Failure::of) }).await?;
        Ok(Step::Done)
    }

    /// Where the service has no such thing, the rest is worth having without it.
    async fn switch_on_backups(&self) -> Result<Step, StoreError> {
        let request = self.client.describe_continuous_backups().table_name(self.table);
        let on = self.ask(|| async { request.clone().send().await.map_err(Failure::of) }).await;
        let on = match on {
            Ok(answer) => answer.continuous_backups_description,
            Err(StoreError::Refused { detail }) => return Ok(Step::Refused(detail)),
            Err(other) => return Err(other),
        };
        let on = on.and_then(|backups| backups.point_in_time_recovery_description);
        if on.is_some_and(|backups| {
            backups.point_in_time_recovery_status == Some(PointInTimeRecoveryStatus::Enabled)
        }) {
            return Ok(Step::Was);
        }
        let wanted =
            PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true);
        let request = self.client.update_continuous_backups().table_name(self.table);
        let request =
            request.point_in_time_recovery_specification(wanted.build().map_err(unbuilt)?);
        let mut left = LOOKS;
        loop {
            let asked = self.ask(|| async {
                match request.clone().send().await {
                    Ok(_) => Ok(true),
                    // Backups of a new table are being prepared.
                    Err(error)
                        if is(&error, |e| e.is_continuous_backups_unavailable_exception()) =>
                    {
                        Ok(false)
                    }
                    Err(error) => Err(Failure::of(error)),
                }
            });
            let asked = asked.await;
            match asked {
                Ok(true) => return Ok(Step::Done),
                Ok(false) if left > 0 => {
                    left -= 1;
                    sleep(PAUSE).await;
                }
                Ok(false) => {
                    return Ok(Step::Refused("the service is not ready for it".to_owned()));
                }
                Err(StoreError::Refused { detail }) => return Ok(Step::Refused(detail)),
                Err(other) => return Err(other),
            }
        }
    }

    /// A table that was made here has it from the beginning; one that was restored, or that others
    /// made, may not.
    async fn protect(&self, made: &Step) -> Result<Step, StoreError> {
        let request = self.client.update_table().table_name(self.table);
        let request = request.deletion_protection_enabled(true);
        let mut left = LOOKS;
        loop {
            if self.wait().await?.deletion_protection_enabled == Some(true) {
                return Ok(made.clone());
            }
            let asked = self.ask(|| async {
                match request.clone().send().await {
                    Ok(_) => Ok(true),
                    // The table is being changed: by somebody else, or by a try of ours whose
                    // answer was lost.
                    Err(error) if is(&error, |e| e.is_resource_in_use_exception()) => Ok(false),
                    Err(error) => Err(Failure::of(error)),
                }
            });
            let asked = asked.await;
            match asked {
                Ok(true) => return Ok(Step::Done),
                Ok(false) if left > 0 => {
                    left -= 1;
                    sleep(PAUSE).await;
                }
                Ok(false) => return Ok(Step::Refused("the table is being changed".to_owned())),
                // It takes a right of its own, and the rest is worth having without it.
                Err(StoreError::Refused { detail }) => return Ok(Step::Refused(detail)),
                Err(other) => return Err(other),
            }
        }
    }
}

/// The SDK finds something missing in a request that is complete by construction.
pub(super) fn unbuilt(error: BuildError) -> StoreError {
    StoreError::Refused { detail: format!("the request cannot be made: {error}") }
}

fn is<E>(error: &SdkError<E>, kind: impl Fn(&E) -> bool) -> bool
where
    E: std::error::Error + 'static,
{
    error.as_service_error().is_some_and(kind)
}
