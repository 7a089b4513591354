//! Mocks: what a script puts in the place of a provider's reply.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use dialgraph_kernel::ports::records::Source;
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostError, HostResult, Timestamp};
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

/// Reads of what the engine itself remembers never reach the provider that a mock stands for, unless the mock
/// says so in its `when`.
fn is_last_known(call: &HostCall) -> bool {
    match call {
        HostCall::RecordsGet(get) => get.source == Source::LastKnown,
        HostCall::RecordsFind(find) => find.source == Source::LastKnown,
        _ => false,
    }
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
    mocks: Arc<Mutex<Vec<Counted>>>,
}

#[derive(Debug, Clone)]
struct Counted {
    mock: Mock,
    /// Calls that fitted it.
    seen: u64,
    /// Calls that it answered.
    used: u64,
}

/// The mocks of a world and how often each was used, to go back to.
#[derive(Debug, Clone)]
pub struct MockState(Vec<Counted>);

impl std::fmt::Debug for MockedWorld {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MockedWorld").field("mocks", &self.mocks).finish_non_exhaustive()
    }
}

impl MockedWorld {
    pub fn new(inner: Arc<dyn World>, clock: SharedClock, mocks: Vec<Mock>) -> Self {
        let mocks = mocks.into_iter().map(|mock| Counted { mock, seen: 0, used: 0 }).collect();
        Self { inner, clock, mocks: Arc::new(Mutex::new(mocks)) }
    }

    /// Adds a mock in front of all others.
    pub fn add(&self, mock: Mock) {
        self.mocks().insert(0, Counted { mock, seen: 0, used: 0 });
    }

    /// Removes the mocks on a function or provider; tells how many there were.
    pub fn remove(&self, on: &str) -> usize {
        let mut mocks = self.mocks();
        let before = mocks.len();
        mocks.retain(|counted| counted.mock.on != on);
        before - mocks.len()
    }

    /// For each mock, in the order in which they were given: how many calls it answered.
    pub fn used(&self) -> Vec<(Mock, u64)> {
        self.mocks().iter().map(|counted| (counted.mock.clone(), counted.used)).collect()
    }

    pub fn state(&self) -> MockState {
        MockState(self.mocks().clone())
    }

    pub fn restore(&self, state: &MockState) {
        self.mocks().clone_from(&state.0);
    }

    fn mocks(&self) -> MutexGuard<'_, Vec<Counted>> {
        // Counters and single insertions cannot be left half done.
        self.mocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, call: &HostCall) -> Option<Mock> {
        let mut found = None;
        for counted in self.mocks().iter_mut() {
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
