//! A commit as a transaction.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnConsumedCapacity,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use dialgraph_store::{
    CommitError, CommitToken, Committed, Conflict, Expect, Op, StoreError, TOKEN_RETENTION_MILLIS,
    UnixMillis,
};

use super::failure::Failure;
use super::item::{
    ATTEMPT, EXPIRES_AT, Item, PARTITION_ATTRIBUTE, TTL_ATTRIBUTE, VALUE, VERSION, attempt, binary,
    expires_at, key, number, row, token_key, ttl,
};
use super::table::unbuilt;
use super::{AttributeValue, DynamoStore};

/// What holds of an item that is not there, or has expired.
const ABSENT: &str = "attribute_not_exists(#pk) OR #expires_at <= :now";

/// What holds of a row that is there in the expected version.
const AT_VERSION: &str =
    "#version = :expected AND (attribute_not_exists(#expires_at) OR #expires_at > :now)";

/// The code of a condition that does not hold.
const CONDITION_FAILED: &str = "ConditionalCheckFailed";

/// One commit, with the number by which all its tries are known as one.
pub(super) struct Transaction<'a> {
    store: &'a DynamoStore,
    token: &'a CommitToken,
    ops: &'a [Op],
    /// The token's item comes last.
    items: Vec<TransactWriteItem>,
    attempt: [u8; 16],
    now: UnixMillis,
}

/// What a try came to that the service has answered.
enum Answer {
    Applied,
    /// The token's item is there.
    TokenUsed(Item),
    Conflict(Conflict),
}

impl<'a> Transaction<'a> {
    pub(super) fn new(
        store: &'a DynamoStore,
        ops: &'a [Op],
        token: &'a CommitToken,
    ) -> Result<Self, StoreError> {
        let mut attempt = [0; 16];
        getrandom::fill(&mut attempt).map_err(|error| StoreError::Refused {
            detail: format!("the system gives no random bytes: {error}"),
        })?;
        // One instant for all tries: the service takes only the same request for the same.
        let now = store.clock.now();
        let table = &*store.table;
        let mut items =
            ops.iter().map(|op| operation(table, op, now)).collect::<Result<Vec<_>, _>>()?;
        items.push(remembered(table, token, &attempt, now)?);
        Ok(Self { store, token, ops, items, attempt, now })
    }

    /// Tries until it is decided, or there is no time left.
    pub(super) async fn carry_out(self) -> Result<Committed, CommitError> {
        let mut patience = self.store.patience();
        let mut uncertain = false;
        loop {
            match patience.attempt(self.attempt()).await {
                Ok(Answer::Applied) => return Ok(Committed::Applied),
                Ok(Answer::TokenUsed(item)) => return Ok(self.used(&item)),
                Ok(Answer::Conflict(conflict)) => return self.conflict(conflict).await,
                Err(failure) => {
                    uncertain |= failure.is_uncertain();
                    if failure.may_pass() && patience.pause().await {
                        continue;
                    }
                    let failure = if uncertain { failure.after_uncertain() } else { failure };
                    return Err(failure.tell(&self.store.table, &self.store.region).into());
                }
            }
        }
    }

    async fn attempt(&self) -> Result<Answer, Failure> {
        let name: String = hex::encode(self.attempt);
        let request = self.store.client.transact_write_items();
        let answer = request
            .set_transact_items(Some(self.items.clone()))
            // By this the service knows a try again whose answer was lost.
            .client_request_token(name)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                self.store.count(answer.consumed_capacity());
                Ok(Answer::Applied)
            }
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    self.store.count([]);
                    self.cancelled(cancelled.cancellation_reasons())
                }
                _ => Err(Failure::of(error)),
            },
        }
    }

    /// Why the service has cancelled it. The reasons are in the order of the items.
    fn cancelled(&self, reasons: &[CancellationReason]) -> Result<Answer, Failure> {
        let Some((token, rows)) =
            reasons.split_last().filter(|(_, rows)| rows.len() == self.ops.len())
        else {
            return Err(Failure::wrong(
                "a transaction was cancelled without a reason for each item",
            ));
        };
        let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
        // The token decides before any row does.
        match code(token).as_str() {
            "None" => {}
            CONDITION_FAILED => {
                return Ok(Answer::TokenUsed(token.item().cloned().unwrap_or_default()));
            }
            code => return Err(Failure::of_reason(code, token.message())),
        }
        for (index, reason) in rows.iter().enumerate() {
            match code(reason).as_str() {
                "None" => {}
                CONDITION_FAILED => {
                    let found = reason.item().filter(|item| !item.is_empty()).cloned();
                    let found = found.map(row).transpose();
                    let found = found.map_err(|error| Failure::wrong(error.to_string()))?;
                    let current = found.filter(|row| row.is_live(self.now)).map(Box::new);
                    return Ok(Answer::Conflict(Conflict { index, current }));
                }
                // Whether a row before the one in the way is as expected is not known yet.
                code => return Err(Failure::of_reason(code, reason.message())),
            }
        }
        Err(Failure::wrong("a transaction was cancelled for no reason"))
    }

    /// The token was used: by a try of this very commit, or by another.
    fn used(&self, item: &Item) -> Committed {
        if attempt(item) == self.attempt { Committed::Applied } else { Committed::Repeated }
    }

    /// A row was not as expected. The service does not promise to name every condition that failed,
    /// so the token is looked at: what is in the way may be what this very token wrote.
    async fn conflict(&self, conflict: Conflict) -> Result<Committed, CommitError> {
        let item = self.store.item(token_key(self.token)).await?;
        match item {
            Some(item) if expires_at(&item)?.is_some_and(|at| self.now < at) => {
                Ok(self.used(&item))
            }
            _ => Err(CommitError::Conflict(conflict)),
        }
    }
}

/// The item that remembers a token, which must not be there yet.
fn remembered(
    table: &str,
    token: &CommitToken,
    attempt: &[u8],
    now: UnixMillis,
) -> Result<TransactWriteItem, StoreError> {
    let forgotten = now.plus(TOKEN_RETENTION_MILLIS);
    let mut item = token_key(token);
    item.insert(ATTEMPT.to_owned(), binary(attempt));
    item.insert(EXPIRES_AT.to_owned(), number(forgotten.0));
    item.insert(TTL_ATTRIBUTE.to_owned(), ttl(forgotten));
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression(ABSENT)
        .expression_attribute_names("#pk", PARTITION_ATTRIBUTE)
        .expression_attribute_names("#expires_at", EXPIRES_AT)
        .expression_attribute_values(":now", number(now.0))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    Ok(TransactWriteItem::builder().put(put.build().map_err(unbuilt)?).build())
}

/// One operation. The condition, its names and its values differ by what is expected; the rest by
/// what is done.
fn operation(table: &str, op: &Op, now: UnixMillis) -> Result<TransactWriteItem, StoreError> {
    let condition = Condition::of(op.expect(), now);
    let on_failure = ReturnValuesOnConditionCheckFailure::AllOld;
    let built = TransactWriteItem::builder();
    let built = match op {
        Op::Check { .. } => {
            // A commit was validated: a check expects something.
            let Some(Condition { expression, names, values }) = condition else {
                return Err(StoreError::IdleCheck { key: op.key().clone() });
            };
            let check = ConditionCheck::builder()
                .table_name(table)
                .set_key(Some(key(op.key())))
                .condition_expression(expression)
                .set_expression_attribute_names(Some(owned(names)))
                .set_expression_attribute_values(Some(owned(values)))
                .return_values_on_condition_check_failure(on_failure);
            built.condition_check(check.build().map_err(unbuilt)?)
        }
        Op::Delete { .. } => {
            let mut delete = Delete::builder().table_name(table).set_key(Some(key(op.key())));
            if let Some(Condition { expression, names, values }) = condition {
                delete = delete
                    .condition_expression(expression)
                    .set_expression_attribute_names(Some(owned(names)))
                    .set_expression_attribute_values(Some(owned(values)))
                    .return_values_on_condition_check_failure(on_failure);
            }
            built.delete(delete.build().map_err(unbuilt)?)
        }
        // The next version is one more than what is there, which the service knows and this process
        // need not.
        Op::Put { value, expect: Expect::Any, expires_at, .. } => {
            let update = counted(table, op, value, *expires_at);
            built.update(update.map_err(unbuilt)?)
        }
        Op::Put { value, expect, expires_at, .. } => {
            let version = match expect {
                Expect::Version(version) => version.saturating_add(1),
                Expect::Absent | Expect::Any => 1,
            };
            let mut item = key(op.key());
            item.insert(VALUE.to_owned(), binary(value));
            item.insert(VERSION.to_owned(), number(version));
            if let Some(at) = expires_at {
                item.insert(EXPIRES_AT.to_owned(), number(at.0));
                item.insert(TTL_ATTRIBUTE.to_owned(), ttl(*at));
            }
            let mut put = Put::builder().table_name(table).set_item(Some(item));
            if let Some(Condition { expression, names, values }) = condition {
                put = put
                    .condition_expression(expression)
                    .set_expression_attribute_names(Some(owned(names)))
                    .set_expression_attribute_values(Some(owned(values)))
                    .return_values_on_condition_check_failure(on_failure);
            }
            built.put(put.build().map_err(unbuilt)?)
        }
    };
    Ok(built.build())
}

/// Writes a row whatever is there, and counts its version on.
fn counted(
    table: &str,
    op: &Op,
    value: &[u8],
    expires_at: Option<UnixMillis>,
) -> Result<Update, BuildError> {
    let mut update = Update::builder()
        .table_name(table)
        .set_key(Some(key(op.key())))
        .expression_attribute_names("#value", VALUE)
        .expression_attribute_names("#version", VERSION)
        .expression_attribute_names("#expires_at", EXPIRES_AT)
        .expression_attribute_names("#ttl", TTL_ATTRIBUTE)
        .expression_attribute_values(":value", binary(value))
        .expression_attribute_values(":none", number(0))
        .expression_attribute_values(":one", number(1));
    let set = "SET #value = :value, #version = if_not_exists(#version, :none) + :one";
    if let Some(at) = expires_at {
        update = update
            .update_expression(format!("{set}, #expires_at = :expires_at, #ttl = :ttl"))
            .expression_attribute_values(":expires_at", number(at.0))
            .expression_attribute_values(":ttl", ttl(at));
    } else {
        update = update.update_expression(format!("{set} REMOVE #expires_at, #ttl"));
    }
    update.build()
}

/// An expectation as the service checks it.
struct Condition {
    expression: &'static str,
    names: Vec<(&'static str, String)>,
    values: Vec<(&'static str, AttributeValue)>,
}

impl Condition {
    fn of(expect: Expect, now: UnixMillis) -> Option<Self> {
        let expires_at = ("#expires_at", EXPIRES_AT.to_owned());
        let now = (":now", number(now.0));
        match expect {
            Expect::Any => None,
            Expect::Absent => Some(Self {
                expression: ABSENT,
                names: vec![("#pk", PARTITION_ATTRIBUTE.to_owned()), expires_at],
                values: vec![now],
            }),
            Expect::Version(version) => Some(Self {
                expression: AT_VERSION,
                names: vec![("#version", VERSION.to_owned()), expires_at],
                values: vec![now, (":expected", number(version))],
            }),
        }
    }
}

fn owned<T>(pairs: Vec<(&'static str, T)>) -> std::collections::HashMap<String, T> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
