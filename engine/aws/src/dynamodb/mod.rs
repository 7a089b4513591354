//! The store in one table of DynamoDB, which any number of processes share.
//!
//! A row is an item: `pk` the partition, `sk` the sort key, `value`, `version`, `expires_at` in
//! milliseconds, and `ttl` in seconds, after which the service may remove it. A commit is one
//! transaction: an operation of the store is a write or check under a condition, and one item more
//! remembers the commit's token. Reads are strongly consistent.
//!
//! Invariants:
//! * **No decision is made on what was read before**: every expectation is a condition that the
//!   service checks.
//! * **A token is used by one attempt**, whose random number is in its item. So an attempt whose
//!   answer was lost knows itself again, and everybody else learns that it was there.
//! * **Conflicts of transactions and throttling are waited for**, with chance in the pauses and
//!   within a limit; what is not a failure of the rows themselves never looks like one.
//!
//! What it must not know: what rows mean. `docs/dynamodb.md` has the table's design, its access
//! patterns and its costs.

mod commit;
mod failure;
mod item;
mod patience;
mod range;
mod table;

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, ConsumedCapacity, ReturnConsumedCapacity};
use dialgraph_store::plan::{self, Pager};
use dialgraph_store::{
    Backend, Clock, CommitError, CommitToken, Committed, Key, MAX_VALUE_BYTES, Op, Order,
    PAGE_BYTES, Page, Query, Row, SledStats, Store, StoreError, Walked,
};
use futures::TryFutureExt as _;

use self::failure::Failure;
pub use self::item::{PARTITION_ATTRIBUTE, SORT_ATTRIBUTE, TTL_ATTRIBUTE};
use self::patience::Patience;
pub use self::table::{Created, Step, create_table};
use crate::connection::Connection;

/// Rows that the first request of a page asks for; those behind it ask for as many as are likely to
/// fill the page. So a page of large rows does not read, and pay for, a megabyte of which it gives
/// a quarter.
const FIRST_ROWS: usize = 100;

/// What the first request may take.
const OPENING: Limits =
    Limits { attempt: Duration::from_secs(10), operation: Duration::from_secs(20) };

/// How long the service may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// One try.
    pub attempt: Duration,
    /// All tries of one operation and the pauses between them.
    pub operation: Duration,
}

impl Default for Limits {
    /// The service answers within some ten milliseconds; what takes longer is better asked again. A
    /// turn is answered within seconds, so that it has to know early when the table is gone.
    fn default() -> Self {
        Self { attempt: Duration::from_millis(500), operation: Duration::from_secs(2) }
    }
}

/// What requests have cost, as the service told it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Consumed {
    /// Requests answered.
    pub requests: u64,
    /// Capacity units, of reading and writing together: the service tells their sum.
    pub units: f64,
}

/// A [`Store`] in a table that [`create_table`] has made.
pub struct DynamoStore {
    client: Client,
    table: Arc<str>,
    region: String,
    clock: Arc<dyn Clock>,
    limits: Limits,
    requests: AtomicU64,
    /// Tenths of a unit: a float has no atomic, and units come in halves.
    tenths: AtomicU64,
}

impl DynamoStore {
    /// The table `table`, which was made before. Asks it for a row that is not there, and takes its
    /// time: it is now that credentials are found and a connection is opened.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there is no such table, or it may not be used.
    pub async fn open(
        connection: &Connection,
        table: &str,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Result<Self, StoreError> {
        let mut store = Self::new(connection, table, clock, OPENING);
        store.item(item::token_key(&CommitToken::new("opening")?)).await?;
        store.limits = limits;
        Ok(store)
    }

    /// The table `table`, which is not asked anything yet.
    pub fn new(
        connection: &Connection,
        table: &str,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Self {
        let region = connection.sdk().region().map_or("no region", |region| region.as_ref());
        Self {
            client: Client::new(connection.sdk()),
            table: table.into(),
            region: region.to_owned(),
            clock,
            limits,
            requests: AtomicU64::new(0),
            tenths: AtomicU64::new(0),
        }
    }

    /// What was consumed since the store was opened.
    pub fn consumed(&self) -> Consumed {
        Consumed {
            requests: self.requests.load(Ordering::Relaxed),
            units: self.tenths.load(Ordering::Relaxed) as f64 / 10.0,
        }
    }

    fn count<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let units: f64 = consumed.into_iter().filter_map(|of_table| of_table.capacity_units).sum();
        self.tenths.fetch_add((units * 10.0).round() as u64, Ordering::Relaxed);
    }

    fn patience(&self) -> Patience {
        Patience::new(self.limits)
    }

    /// The answer to a request that reads, asked again for as long as that may help.
    async fn answer<T, E, F>(&self, ask: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
        E: Error + ProvideErrorMetadata + 'static,
    {
        let asked = self.patience().keep_asking(|| ask().map_err(Failure::of)).await;
        asked.map_err(|failure| failure.tell(&self.table, &self.region))
    }

    /// One item by its key, live or not.
    async fn item(&self, key: item::Item) -> Result<Option<item::Item>, StoreError> {
        let request = self.client.get_item().table_name(&*self.table).set_key(Some(key));
        let request =
            request.consistent_read(true).return_consumed_capacity(ReturnConsumedCapacity::Total);
        let answer = self.answer(|| request.clone().send()).await?;
        self.count(&answer.consumed_capacity);
        Ok(answer.item)
    }
}

#[async_trait]
impl Store for DynamoStore {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        let found = self.item(item::key(key)).await?;
        let row = found.map(item::row).transpose()?;
        let now = self.clock.now();
        Ok(row.filter(|row| row.is_live(now)))
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        plan::validate(ops, MAX_VALUE_BYTES)?;
        commit::Transaction::new(self, ops, token)?.carry_out().await
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        let mut pager = Pager::new(query, self.clock.now());
        let mut query = query.clone();
        let (mut count, mut bytes, mut at_once) = (0, 0, FIRST_ROWS);
        loop {
            let Some(span) = plan::span(&query)? else { return Ok(pager.finish(false)) };
            let Some(range) = range::Range::within(span) else { return Ok(pager.finish(false)) };
            let rows = pager.room().min(at_once);
            let request = self.client.query().table_name(&*self.table).consistent_read(true);
            let request = range
                .ask(request, &query.part)
                .scan_index_forward(query.order == Order::Ascending)
                .limit(i32::try_from(rows).unwrap_or(i32::MAX))
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let answer = self.answer(|| request.clone().send()).await?;
            self.count(&answer.consumed_capacity);
            let more = answer.last_evaluated_key.is_some();
            for found in answer.items.unwrap_or_default() {
                if pager.room() == 0 {
                    return Ok(pager.finish(true));
                }
                let row = item::row(found)?;
                (count, bytes) = (count + 1, bytes + row.value.len());
                pager.take(row);
            }
            at_once = (PAGE_BYTES * count / bytes.max(1)).max(FIRST_ROWS / 10);
            if !more || pager.room() == 0 {
                return Ok(pager.finish(more));
            }
            query.cursor = pager.cursor();
        }
    }
}

#[async_trait]
impl Backend for DynamoStore {
    fn name(&self) -> &'static str {
        "dynamodb"
    }

    fn place(&self) -> String {
        format!("table {} in {}", self.table, self.region)
    }

    /// Always: only a request can tell, and one that failed says nothing about the next.
    fn health(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// None: the service has figures of its own.
    fn stats(&self) -> Result<Option<SledStats>, StoreError> {
        Ok(None)
    }

    async fn walk(&self, after: Option<&Key>, limit: u32) -> Result<Walked, StoreError> {
        let now = self.clock.now();
        let mut start = after.map(item::key);
        loop {
            let request = self.client.scan().table_name(&*self.table).consistent_read(true);
            let request = request
                .set_exclusive_start_key(start)
                .limit(i32::try_from(limit.max(1)).unwrap_or(i32::MAX))
                // Tokens are no rows.
                .filter_expression("NOT begins_with(#pk, :tokens)")
                .expression_attribute_names("#pk", PARTITION_ATTRIBUTE)
                .expression_attribute_values(":tokens", AttributeValue::S(item::TOKENS.to_owned()))
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let answer = self.answer(|| request.clone().send()).await?;
            self.count(&answer.consumed_capacity);
            let rows = answer.items.unwrap_or_default().into_iter().map(item::row);
            let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
            start = answer.last_evaluated_key;
            if let Some(last) = rows.last().map(|row| row.key.clone()) {
                let next = start.is_some().then_some(last);
                rows.retain(|row| row.is_live(now));
                return Ok(Walked { rows, next });
            }
            // Nothing but tokens: a key that could be given back is yet to come.
            if start.is_none() {
                return Ok(Walked::default());
            }
        }
    }
}

impl fmt::Debug for DynamoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoStore").field("place", &self.place()).finish_non_exhaustive()
    }
}
