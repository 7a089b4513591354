//! Mocks: what a script puts in the place of a provider's reply.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use dialgraph_base::Timestamp;
use dialgraph_kernel::ports::records::Source;
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostError, HostResult};
use dialgraph_kernel::provider::Caller;
use dialgraph_runtime::{Clock, World};

use crate::clock::SharedClock;

/// One mock.
#[derive(Debug, Clone, PartialEq)]
pub struct Mock {
    /// A function (`records.find`) or a provider (`records`).
    pub on: String,
    /// The request must hold these values; none: any request.
    pub when: Option<Value>,
    /// Which of the calls that fit it answers, counted from 1; both ends belong to it.
    pub calls: (u64, u64),
    /// Virtual time that the reply takes.
    pub delay_ms: u64,
    pub reply: MockReply,
}

/// What a mock replies.
#[derive(Debug, Clone, PartialEq)]
pub enum MockReply {
    /// The provider's own answer, delayed.
    Provider,
    Answer(Box<HostAnswer>),
    Error(HostError),
    /// Nothing, ever.
    Never,
}

impl Mock {
    /// Reads an answer as the function in `on` gives it.
    pub fn answer(on: &str, answer: Value) -> Result<HostAnswer, serde_json::Error> {
        if answer.is_null()
            && let Ok(unit) = serde_json::from_value(json!({ "function": on }))
        {
            return Ok(unit);
        }
        serde_json::from_value(json!({ "function": on, "answer": answer }))
    }

    fn fits(&self, call: &HostCall) -> bool {
        if self.on != call.function() && self.on != call.provider() {
            return false;
        }
        let Some(when) = &self.when else { return !is_last_known(call) };
        // A request that cannot be written as JSON holds nothing that a script could name.
        (when.get("source").is_some() || !is_last_known(call))
            && serde_json::to_value(call).is_ok_and(|value| holds(&value["request"], when))
    }
}

/// Reads of what the engine itself remembers never reach the provider that a mock stands for,
/// unless the mock says so in its `when`.
fn is_last_known(call: &HostCall) -> bool {
    match call {
        HostCall::RecordsGet(get) => get.source == Source::LastKnown,
        HostCall::RecordsFind(find) => find.source == Source::LastKnown,
        HostCall::RecordsSearch(search) => search.source == Source::LastKnown,
        _ => false,
    }
}

/// That `on` is a function such as `records.find`, or a provider such as `records`.
///
/// # Errors
/// What was meant perhaps, or all that there are.
pub fn is_known(on: &str) -> Result<(), String> {
    crate::functions::meant(on).map(drop)
}

/// Whether `value` holds everything that `part` names.
pub fn holds(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::Object(value), Value::Object(part)) => {
            part.iter().all(|(name, part)| value.get(name).is_some_and(|value| holds(value, part)))
        }
        (Value::Array(value), Value::Array(part)) => {
            part.iter().all(|part| value.iter().any(|value| holds(value, part)))
        }
        (Value::Number(value), Value::Number(part)) => value.as_f64() == part.as_f64(),
        _ => value == part,
    }
}

/// The world of a simulated call: mocks in front of providers.
#[derive(Clone)]
pub struct MockedWorld {
    inner: Arc<dyn World>,
    clock: SharedClock,
    state: Arc<Mutex<MockState>>,
}

#[derive(Debug, Clone)]
struct Counted {
    mock: Mock,
    /// Calls that would have fitted it before it was there; none for a mock that was there from the
    /// start.
    before: u64,
    /// Calls that fitted it.
    seen: u64,
    /// Calls that it answered.
    used: u64,
}

/// The mocks of a world and how often each was used, to go back to.
#[derive(Debug, Clone, Default)]
pub struct MockState {
    mocks: Vec<Counted>,
    /// Mocks that were removed after they had answered something.
    gone: Vec<Counted>,
    /// Calls that reached the providers or their mocks, by provider and function.
    calls: BTreeMap<(&'static str, &'static str), u64>,
}

impl std::fmt::Debug for MockedWorld {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MockedWorld").field("state", &self.state).finish_non_exhaustive()
    }
}

impl MockedWorld {
    pub fn new(inner: Arc<dyn World>, clock: SharedClock, mocks: Vec<Mock>) -> Self {
        let mocks =
            mocks.into_iter().map(|mock| Counted { mock, before: 0, seen: 0, used: 0 }).collect();
        let state = MockState { mocks, ..MockState::default() };
        Self { inner, clock, state: Arc::new(Mutex::new(state)) }
    }

    /// Adds a mock without a `when` in front of all others; it counts calls from now on.
    pub fn add(&self, mock: Mock) {
        let mut state = self.lock();
        let fitting = state
            .calls
            .iter()
            .filter(|((provider, function), _)| mock.on == *provider || mock.on == *function);
        let before = fitting.map(|(_, count)| count).sum();
        state.mocks.insert(0, Counted { mock, before, seen: 0, used: 0 });
    }

    /// Removes the mocks on a function or provider; tells how many there were.
    pub fn remove(&self, on: &str) -> usize {
        let mut state = self.lock();
        let (removed, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut state.mocks).into_iter().partition(|counted| counted.mock.on == on);
        state.mocks = kept;
        let count = removed.len();
        state.gone.extend(removed.into_iter().filter_map(|mut counted| {
            counted.mock.calls.1 = counted.mock.calls.1.min(counted.seen);
            (counted.used > 0).then_some(counted)
        }));
        count
    }

    /// For each mock, in the order in which they were given: how many calls it answered.
    pub fn used(&self) -> Vec<(Mock, u64)> {
        self.lock().mocks.iter().map(|counted| (counted.mock.clone(), counted.used)).collect()
    }

    /// The mocks that answered something, removed ones too, as a script from the start of the call
    /// has them.
    pub fn in_force(&self) -> Vec<Mock> {
        let state = self.lock();
        let used = state.mocks.iter().chain(&state.gone).filter(|counted| counted.used > 0);
        used.map(|counted| {
            let mut mock = counted.mock.clone();
            let (first, last) = mock.calls;
            mock.calls =
                (first.saturating_add(counted.before), last.saturating_add(counted.before));
            mock
        })
        .collect()
    }

    pub fn state(&self) -> MockState {
        self.lock().clone()
    }

    pub fn restore(&self, state: &MockState) {
        self.lock().clone_from(state);
    }

    fn lock(&self) -> MutexGuard<'_, MockState> {
        // Counters and single insertions cannot be left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, call: &HostCall) -> Option<Mock> {
        let mut state = self.lock();
        if !is_last_known(call) {
            *state.calls.entry((call.provider(), call.function())).or_default() += 1;
        }
        let mut found = None;
        for counted in &mut state.mocks {
            if !counted.mock.fits(call) {
                continue;
            }
            counted.seen += 1;
            let (first, last) = counted.mock.calls;
            if found.is_none() && (first..=last).contains(&counted.seen) {
                counted.used += 1;
                found = Some(counted.mock.clone());
            }
        }
        found
    }
}

impl World for MockedWorld {
    fn call(&self, caller: Caller, call: HostCall) -> BoxFuture<'static, HostResult> {
        let Some(mock) = self.find(&call) else { return self.inner.call(caller, call) };
        let reply = match mock.reply {
            MockReply::Provider => self.inner.call(caller, call),
            MockReply::Answer(answer) => std::future::ready(Ok(*answer)).boxed(),
            MockReply::Error(error) => std::future::ready(Err(error)).boxed(),
            MockReply::Never => std::future::pending().boxed(),
        };
        if mock.delay_ms == 0 {
            return reply;
        }
        let until = Timestamp(self.clock.0.time().0 + mock.delay_ms);
        let slept = self.clock.sleep_until(until);
        async move {
            slept.await;
            reply.await
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_held_by_a_value_with_more_in_it() {
        let value = json!({"collection": "customers", "matches": [["phone", "1"], ["name", "x"]], "limit": 1});
        assert!(holds(&value, &json!({"collection": "customers"})));
        assert!(holds(&value, &json!({"matches": [["name", "x"]], "limit": 1.0})));
        assert!(!holds(&value, &json!({"collection": "engineers"})));
        assert!(!holds(&value, &json!({"offset": 1})));
    }

    #[test]
    fn answers_are_read_as_their_function_gives_them() {
        let answer = Mock::answer("tickets.create", json!({"id": "T-1"}));
        assert!(matches!(answer, Ok(HostAnswer::TicketsCreate(receipt)) if receipt.id == "T-1"));
        assert!(matches!(
            Mock::answer("records.get", Value::Null),
            Ok(HostAnswer::RecordsGet(None))
        ));
        assert!(matches!(
            Mock::answer("records.delete", Value::Null),
            Ok(HostAnswer::RecordsDelete)
        ));
        assert!(Mock::answer("records.find", json!({"pages": []})).is_err());
    }
}
