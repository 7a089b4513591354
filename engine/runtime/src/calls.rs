//! Calls and the records of their turns in the store.
//!
//! One partition for each call: `state` (the call as it stands), `turn/N` (what happened in turn
//! N), `token/T` (which turn answered token T), `reply/K` (replies that came after their turn had
//! given up), `arrived/V` (what somebody outside told the address that visit V made). What is
//! larger than a row goes into several, in the same commit.
//!
//! With a retention ([`Calls::keeping`]) rows carry an expiry, so that the store drops them by
//! itself: those of a turn so long after the turn, and the state so long after the turn that ended
//! the call or gave it away. The state of a call in progress never expires. Nothing is written for
//! it that is not written anyway.
//!
//! Beside them, an index of the calls in progress: partitions `open-calls/RELEASE/SHARD` with one
//! row for each call for which something is still to be done, written when a call begins. It goes
//! when the call ends or is given away; if the release has an `after` flow, when that has run.

mod arrivals;
mod clear;
mod lost;
mod transcript;

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use dialgraph_base::{CallId, Digest, Timestamp};
use dialgraph_kernel::call::Call;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::ports::{HostError, HostErrorKind, HostResult, sound};
use dialgraph_kernel::turn::{Finished, ROW_BYTES, TURN_ROWS};
use dialgraph_store::{
    CommitError, CommitToken, Committed, Cursor, Expect, Key, Op, Part, Query, Schema, Sort, Store,
    StoreError, UnixMillis, Upgrade, decode, encode,
};

pub(crate) use self::arrivals::{Stands, deployment_key};
pub use self::clear::CleanUp;

/// Why a call could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CallsError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("call {call}: {what} is incomplete in the store ({found} of {rows} rows)")]
    Torn { call: String, what: &'static str, found: usize, rows: usize },
    #[error(
        "call {call}: turn {turn} and the call's state need {rows} rows, one commit takes {limit}"
    )]
    TooLarge { call: String, turn: u32, rows: usize, limit: usize },
}

impl CallsError {
    /// Whether a turn could not be saved for what is in it, and not for the store: the same turn
    /// never will be.
    pub fn is_of_turn(&self) -> bool {
        match self {
            Self::TooLarge { .. } => true,
            Self::Store(error) => matches!(
                error,
                StoreError::BadValue { .. }
                    | StoreError::ValueTooLarge { .. }
                    | StoreError::BadOpCount { .. }
            ),
            Self::Torn { .. } => false,
        }
    }

    /// Whether it was read in vain for what is stored of the call, and not for the store: other
    /// calls can be read.
    pub fn is_of_call(&self) -> bool {
        match self {
            Self::Store(error) => error.is_of_row(),
            Self::Torn { .. } | Self::TooLarge { .. } => true,
        }
    }
}

/// What the kernel lets a turn leave behind fits into one commit of every store, beside the row of
/// its token and that of the index, under a seal, with the count of its rows and the word for its
/// kind.
const _: () = {
    assert!(TURN_ROWS + 2 <= dialgraph_store::MAX_LARGE_OPS);
    assert!(ROW_BYTES + dialgraph_store::SEAL_OVERHEAD + 32 <= dialgraph_store::MAX_VALUE_BYTES);
};

/// Rows that a late reply may take.
const MAX_REPLY_ROWS: usize = 16;

/// How saving a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It is durable.
    Done,
    /// A turn with this token had been saved before; nothing was written.
    Repeated,
    /// The call changed since it was read; nothing was written.
    Conflict,
}

/// A call as it was read, with what is needed to write it back.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub call: Call,
    pub mark: Mark,
}

impl Loaded {
    /// Whether something is still to be done for the call: see [`Call::is_settled`].
    pub fn is_open(&self) -> bool {
        !self.call.is_settled()
    }
}

/// What [`Calls::save`] must know of the state that it replaces.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    version: u64,
    rows: usize,
    stage: Option<Stage>,
    before: Before,
}

impl Mark {
    /// How the call stood.
    pub fn before(&self) -> Before {
        self.before
    }
}

/// How a call stood before a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// Its flow had it in hand: it was neither over nor given away.
    pub in_flow: bool,
    /// Its flow had given it away, though it may have come back.
    pub given_away: bool,
    /// Its contact was over.
    pub over: bool,
}

/// What is still to be done for a call in progress.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Its flow has it in hand.
    #[default]
    Flow,
    /// Its flow gave it away, and its contact goes on.
    Contact,
    /// Its contact is over, and the `after` flow is to run.
    After,
}

impl Stage {
    /// None: nothing is to be done any more.
    fn of(call: &Call) -> Option<Self> {
        if call.is_in_flow() {
            Some(Self::Flow)
        } else if call.is_settled() {
            None
        } else if call.is_over() {
            Some(Self::After)
        } else {
            Some(Self::Contact)
        }
    }

    fn is_flow(&self) -> bool {
        *self == Self::Flow
    }
}

/// A call in progress.
#[derive(Debug, Clone)]
pub struct OpenCall {
    pub id: CallId,
    pub stage: Stage,
    /// When it came into a stage beyond its flow.
    pub since: Option<Timestamp>,
    /// The place right behind it, for [`Calls::open_calls`].
    pub place: OpenCursor,
}

/// Calls in progress, a page at a time.
#[derive(Debug)]
pub struct OpenCalls {
    pub calls: Vec<OpenCall>,
    /// Give this to [`Calls::open_calls`] for the next page; none: that was the last.
    pub next: Option<OpenCursor>,
}

/// Where a page of calls in progress ended. As text it fits in a URL.
#[derive(Debug, Clone)]
pub struct OpenCursor {
    shard: u8,
    after: Option<Cursor>,
}

impl std::fmt::Display for OpenCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.", self.shard)?;
        match &self.after {
            Some(after) => write!(f, "{after}"),
            None => Ok(()),
        }
    }
}

impl std::str::FromStr for OpenCursor {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let (shard, after) = text.split_once('.').ok_or(StoreError::BadCursor)?;
        let shard: u8 = shard.parse().map_err(|_| StoreError::BadCursor)?;
        if shard >= OPEN_SHARDS {
            return Err(StoreError::BadCursor);
        }
        let after = if after.is_empty() { None } else { Some(after.parse()?) };
        Ok(Self { shard, after })
    }
}

/// The calls in a store.
#[derive(Clone)]
pub struct Calls {
    store: Arc<dyn Store>,
    /// In milliseconds; none: for ever.
    keep: Option<u64>,
}

impl std::fmt::Debug for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calls").finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct StoredCall<'a>(Cow<'a, Call>);

impl Schema for StoredCall<'_> {
    const KIND: &'static str = "call";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct StoredTurn<'a>(Cow<'a, TurnRecord>);

impl Schema for StoredTurn<'_> {
    const KIND: &'static str = "turn";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

#[derive(Serialize, Deserialize)]
struct StoredToken {
    turn: u32,
}

impl Schema for StoredToken {
    const KIND: &'static str = "token";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

#[derive(Serialize, Deserialize)]
struct StoredOpen {
    call: CallId,
    #[serde(default, skip_serializing_if = "Stage::is_flow")]
    stage: Stage,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
}

impl Schema for StoredOpen {
    const KIND: &'static str = "open-call";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

#[derive(Serialize, Deserialize)]
struct StoredReply {
    result: HostResult,
}

impl Schema for StoredReply {
    const KIND: &'static str = "reply";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

/// Partitions of the index per release, so that beginnings and endings do not all meet in one.
const OPEN_SHARDS: u8 = 8;

/// What the partitions of calls begin with.
const PART: &str = "call/";
const STATE: &str = "state";
const TURN: &str = "turn";
const TOKEN: &str = "token";
const REPLY: &str = "reply";

impl Calls {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, keep: None }
    }

    /// Has what is written from now on expire so many milliseconds after the turn that wrote it;
    /// none: never.
    #[must_use]
    pub fn keeping(mut self, millis: Option<u64>) -> Self {
        self.keep = millis;
        self
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// When something of a turn at `at` may go.
    fn until(&self, at: Timestamp) -> Option<UnixMillis> {
        self.keep.map(|millis| UnixMillis(at.0).plus(millis))
    }

    /// The call as it stands, if there is one.
    pub async fn load(&self, id: &CallId) -> Result<Option<Loaded>, CallsError> {
        let Some((bytes, version, rows)) = self.read(id, "the call", Sort::text(STATE)).await?
        else {
            return Ok(None);
        };
        let StoredCall(call) = decode(&bytes)?;
        let before = Before {
            in_flow: call.is_in_flow(),
            given_away: call.contact.is_some(),
            over: call.is_over(),
        };
        let mark = Mark { version, rows, stage: Stage::of(&call), before };
        Ok(Some(Loaded { call: call.into_owned(), mark }))
    }

    /// The record of one turn, numbered from 1.
    pub async fn turn(&self, id: &CallId, turn: u32) -> Result<Option<TurnRecord>, CallsError> {
        let found = self.read(id, "a turn", turn_sort(turn)).await?;
        match found {
            Some((bytes, ..)) => {
                let StoredTurn(record) = decode(&bytes)?;
                Ok(Some(record.into_owned()))
            }
            None => Ok(None),
        }
    }

    /// Which turn answered `token`, if one did.
    pub async fn answered(&self, id: &CallId, token: &str) -> Result<Option<u32>, CallsError> {
        let row = self.store.get(&key(id, Sort::text(TOKEN).then_text(token))?).await?;
        match row {
            Some(row) => Ok(Some(decode::<StoredToken>(&row.value)?.turn)),
            None => Ok(None),
        }
    }

    /// Calls of `release` in progress, or waiting for its `after` flow, in no particular order:
    /// from the first, or from where the last page ended, `limit` at most. A page may be empty and
    /// still have a next one.
    pub async fn open_calls(
        &self,
        release: &Digest,
        from: Option<OpenCursor>,
        limit: u32,
    ) -> Result<OpenCalls, CallsError> {
        let OpenCursor { shard, after } = from.unwrap_or(OpenCursor { shard: 0, after: None });
        let query = Query::new(open_part(release, shard)?).after(after).limit(limit);
        let (page, unreadable) = self.store.query_past(&query).await?;
        // Its key names the call as well as its value does.
        let place =
            |key: &Key| OpenCursor { shard, after: Some(Cursor::behind(key.sort().clone())) };
        let read = page.rows.iter().map(|row| match decode::<StoredOpen>(&row.value) {
            Ok(StoredOpen { call: id, stage, since }) => {
                Some(OpenCall { id, stage, since, place: place(&row.key) })
            }
            Err(_) => named_in(&row.key, place(&row.key)),
        });
        let lost = unreadable.iter().map(|row| named_in(&row.key, place(&row.key)));
        let calls = read.chain(lost).flatten().collect();
        let next = match page.next {
            after @ Some(_) => Some(OpenCursor { shard, after }),
            None if shard + 1 < OPEN_SHARDS => Some(OpenCursor { shard: shard + 1, after: None }),
            None => None,
        };
        Ok(OpenCalls { calls, next })
    }

    /// Whether some call of `release` is in progress, or waits for its `after` flow.
    pub async fn has_open_calls(&self, release: &Digest) -> Result<bool, CallsError> {
        for shard in 0..OPEN_SHARDS {
            let query = Query::new(open_part(release, shard)?).limit(1);
            let (page, unreadable) = self.store.query_past(&query).await?;
            if !page.rows.is_empty() || !unreadable.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The reply that came late to the host call with this idempotency key, if it has come.
    pub async fn reply(
        &self,
        id: &CallId,
        key_of_call: &str,
    ) -> Result<Option<HostResult>, CallsError> {
        let sort = Sort::text(REPLY).then_text(key_of_call);
        match self.read(id, "a late reply", sort).await? {
            Some((bytes, ..)) => Ok(Some(decode::<StoredReply>(&bytes)?.result)),
            None => Ok(None),
        }
    }

    /// Keeps a reply that came, `at` that time, after its turn had given up waiting. Keeping it
    /// twice changes nothing.
    pub async fn keep_reply(
        &self,
        id: &CallId,
        key_of_call: &str,
        result: HostResult,
        at: Timestamp,
    ) -> Result<(), CallsError> {
        let mut value = encode(&StoredReply { result: sound(result) })?;
        let limit = MAX_REPLY_ROWS * ROW_BYTES;
        if value.len() > limit {
            // The run that waits for it must go on; no turn would have had room for it either.
            let message = format!("the reply has {} bytes; at most {limit} are kept", value.len());
            let error = HostError::new(HostErrorKind::Other, "reply-too-large", message);
            value = encode(&StoredReply { result: Err(error) })?;
        }
        let mut ops = Vec::with_capacity(1);
        let sort = Sort::text(REPLY).then_text(key_of_call);
        // The first reply stands: a run may have been made over it.
        self.write(&mut ops, id, sort, &value, Expect::Absent, self.until(at))?;
        let token = token(&format!("reply/{key_of_call}"))?;
        match self.store.commit(&ops, &token).await {
            Ok(_) | Err(CommitError::Conflict(_)) => Ok(()),
            Err(CommitError::Failed(error)) => Err(error.into()),
        }
    }

    /// Writes a turn: the call as it stands now, the record and the token, all or nothing.
    pub async fn save(
        &self,
        before: Option<Mark>,
        finished: &Finished,
        turn_token: &str,
    ) -> Result<Saved, CallsError> {
        let Finished { call, record, closed } = finished;
        let id = &call.id;
        let mut ops = Vec::with_capacity(3);
        let expect = before.map_or(Expect::Absent, |mark| Expect::Version(mark.version));
        let state = encode(&StoredCall(Cow::Borrowed(call)))?;
        let until = self.until(record.at);
        let state_until = until.filter(|_| call.is_settled());
        let rows = self.write(&mut ops, id, Sort::text(STATE), &state, expect, state_until)?;
        for stale in rows..before.map_or(0, |mark| mark.rows) {
            let sort = Sort::text(STATE).then_number(stale as u64);
            ops.push(Op::delete(key(id, sort)?, Expect::Any));
        }
        let turn = encode(&StoredTurn(Cow::Borrowed(record)))?;
        self.write(&mut ops, id, turn_sort(record.turn), &turn, Expect::Absent, until)?;
        ops.push(Op::Put {
            key: key(id, Sort::text(TOKEN).then_text(turn_token))?,
            value: encode(&StoredToken { turn: record.turn })?.into(),
            expect: Expect::Absent,
            expires_at: until,
        });
        match (before.and_then(|mark| mark.stage), Stage::of(call)) {
            (was, Some(stage)) if was != Some(stage) => {
                let since = Some(record.at).filter(|_| stage != Stage::Flow);
                let open = StoredOpen { call: id.clone(), stage, since };
                ops.push(Op::put_value(open_key(&call.release, id)?, &open, Expect::Any)?);
            }
            (Some(_), None) => ops.push(Op::delete(open_key(&call.release, id)?, Expect::Any)),
            _ => {}
        }
        let limit = dialgraph_store::MAX_LARGE_OPS;
        // Beside them, few and small: one for each hook of a project at most.
        let large = ops.len();
        self.close(&mut ops, id, closed, record.at)?;
        if large > limit {
            return Err(CallsError::TooLarge {
                call: id.to_string(),
                turn: record.turn,
                rows: large,
                limit,
            });
        }
        match self.store.commit(&ops, &token(&format!("{id}/{turn_token}"))?).await {
            Ok(Committed::Applied) => Ok(Saved::Done),
            Ok(Committed::Repeated) => Ok(Saved::Repeated),
            Err(CommitError::Conflict(_)) => Ok(Saved::Conflict),
            Err(CommitError::Failed(error)) => Err(error.into()),
        }
    }

    /// Adds the operations that write `bytes` under `sort`, and tells how many rows they take.
    ///
    /// The first row begins with the number of rows.
    fn write(
        &self,
        ops: &mut Vec<Op>,
        id: &CallId,
        sort: Sort,
        bytes: &[u8],
        expect: Expect,
        expires_at: Option<UnixMillis>,
    ) -> Result<usize, CallsError> {
        // Room for the count.
        let most = self.store.max_value_bytes() - 8;
        let rows = bytes.len().div_ceil(most).max(1);
        for (number, chunk) in bytes.chunks(most).enumerate() {
            let key = key(id, sort.clone().then_number(number as u64))?;
            let (value, expect) = if number == 0 {
                let mut first = format!("{rows} ").into_bytes();
                first.extend_from_slice(chunk);
                (first, expect)
            } else {
                (chunk.to_vec(), Expect::Any)
            };
            ops.push(Op::Put { key, value: value.into(), expect, expires_at });
        }
        Ok(rows)
    }

    /// What [`write`](Self::write) wrote: bytes, version of the first row, number of rows.
    async fn read(
        &self,
        id: &CallId,
        what: &'static str,
        sort: Sort,
    ) -> Result<Option<(Vec<u8>, u64, usize)>, CallsError> {
        let Some(first) = self.store.get(&key(id, sort.clone().then_number(0))?).await? else {
            return Ok(None);
        };
        let torn = |found, rows| CallsError::Torn { call: id.to_string(), what, found, rows };
        let split = first.value.iter().position(|byte| *byte == b' ').ok_or_else(|| torn(0, 1))?;
        let rows: usize = std::str::from_utf8(&first.value[..split])
            .ok()
            .and_then(|count| count.parse().ok())
            .ok_or_else(|| torn(0, 1))?;
        let mut bytes = first.value[split + 1..].to_vec();
        for number in 1..rows {
            let key = key(id, sort.clone().then_number(number as u64))?;
            let row = self.store.get(&key).await?.ok_or_else(|| torn(number, rows))?;
            bytes.extend_from_slice(&row.value);
        }
        Ok(Some((bytes, first.version, rows)))
    }
}

fn open_part(release: &Digest, shard: u8) -> Result<Part, StoreError> {
    Part::new(format!("open-calls/{}/{shard}", release.hex()))
}

fn open_key(release: &Digest, id: &CallId) -> Result<Key, StoreError> {
    let shard = Digest::of(id.0.as_bytes()).as_bytes()[0] % OPEN_SHARDS;
    Key::new(&open_part(release, shard)?, Sort::text(&id.0))
}

/// The call that a row of the index names; what is to be done for it, the call must tell.
fn named_in(key: &Key, place: OpenCursor) -> Option<OpenCall> {
    let name = key.sort().as_bytes().strip_suffix(&[0])?;
    let name = std::str::from_utf8(name).ok()?;
    Some(OpenCall { id: CallId(name.into()), stage: Stage::Flow, since: None, place })
}

fn part(id: &CallId) -> Result<Part, StoreError> {
    Part::new(format!("{PART}{id}"))
}

fn key(id: &CallId, sort: Sort) -> Result<Key, StoreError> {
    Key::new(&part(id)?, sort)
}

fn turn_sort(turn: u32) -> Sort {
    Sort::text(TURN).then_number(u64::from(turn))
}

/// Commit tokens are short; names of calls and turns need not be.
fn token(name: &str) -> Result<CommitToken, StoreError> {
    CommitToken::new(Digest::of(name.as_bytes()).hex())
}
