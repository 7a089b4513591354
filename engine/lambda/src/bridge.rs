//! One invocation: who asks, who answers, and what is logged of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use dialgraph_connect::fallback::{FallbackAnswer, Reason};
use dialgraph_connect::flat::FlatMap;
use dialgraph_connect::protocol::MAX_EVENT_BYTES;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::engine::{Asked, EngineClient, Turns, unix_now};
use crate::event::{Event, InvocationKind};
use crate::lex;
use crate::log::{InvocationLine, Level};
use crate::settings::BridgeSettings;

/// Time kept for giving the answer to Lambda before it ends the invocation.
const RESERVE: Duration = Duration::from_millis(250);
/// An invocation whose end is not told (see `time_left`) lasts as long as Connect waits.
const WITHOUT_DEADLINE: Duration = Duration::from_millis(7_750);

/// With less, the engine is not asked: it would run a turn whose answer nobody hears.
const LEAST: Duration = Duration::from_millis(100);

/// An answer to an invocation.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Reply {
    Turn(FlatMap),
    Lex(Value),
    /// Of something that no caller waits for.
    Chore(Value),
}

/// The engine has not heard the news of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the engine did not receive a contact event ({}); it must be sent again", reason.code())]
pub struct Unheard {
    pub reason: Reason,
}

/// Everything that lives as long as the process.
#[derive(Debug)]
pub struct Bridge<E = EngineClient> {
    engine: E,
    fallback: FallbackAnswer,
    budget: Duration,
    used: AtomicBool,
}

impl Bridge {
    /// # Errors
    /// If the settings' URL has no scheme or host.
    pub fn new(settings: BridgeSettings) -> Result<Self, hyper::http::Error> {
        let BridgeSettings { engine, key, budget, tls, fallback, warnings: _ } = settings;
        Ok(Self::over(EngineClient::new(&engine, key, tls)?, fallback, budget))
    }
}

impl<E: Turns> Bridge<E> {
    /// With `engine` to answer turns, and `fallback` where it does not within `budget`.
    pub fn over(engine: E, fallback: FallbackAnswer, budget: Duration) -> Self {
        Self { engine, fallback, budget, used: AtomicBool::new(false) }
    }

    pub fn engine(&self) -> &E {
        &self.engine
    }

    /// Does beforehand what the first turn would otherwise wait for.
    pub async fn warm_up(&self) {
        self.engine.warm_up().await;
    }

    /// Answers `event`. Lambda ends the invocation at `deadline_ms`, in Unix milliseconds. `log`
    /// gets one line.
    ///
    /// # Errors
    /// When the engine has not heard the news of a contact. A caller is given the fallback; news
    /// have no caller, and are sent again only if the invocation fails.
    pub async fn answer(
        &self,
        event: &RawValue,
        request: &str,
        deadline_ms: u64,
        log: impl FnOnce(&InvocationLine<'_>),
    ) -> Result<Reply, Unheard> {
        let began = Instant::now();
        let cold = !self.used.swap(true, Ordering::Relaxed);
        // A Lambda event is JSON: it is not read only if it is larger, or nested more deeply, than
        // any of Connect's.
        let readable = event.get().len() <= MAX_EVENT_BYTES;
        let value = readable.then(|| serde_json::from_str(event.get()).ok()).flatten();
        let peeked = Event::new(value.unwrap_or(Value::Null));
        let mut line = InvocationLine {
            level: Level::Info,
            message: "turn",
            request,
            contact: peeked.contact(),
            answered_by: "engine",
            action: None,
            reason: None,
            error: None,
            attempts: 0,
            ms: 0,
            cold,
        };
        if peeked.kind() == InvocationKind::Lex {
            let reply = Reply::Lex(lex::answer(peeked.value()));
            line.message = "lex";
            line.answered_by = "lex";
            line.ms = milliseconds(began);
            log(&line);
            return Ok(reply);
        }
        let news = peeked.kind() == InvocationKind::News;
        if news {
            line.message = "news";
        }

        let left = time_left(self.budget, Duration::from_millis(deadline_ms), unix_now());
        let asked = self.ask(event, began + left, left).await;
        let error = asked.as_ref().err().and_then(|refused| refused.error.as_deref());
        let (map, attempts) = match &asked {
            Ok((map, attempts)) => (map.clone(), *attempts),
            Err(refused) => {
                line.level = Level::Error;
                line.answered_by = if news { "nobody" } else { "fallback" };
                line.reason = Some(refused.reason.code());
                line.error = error;
                (self.fallback.answer(peeked.listener(), refused.reason), refused.attempts)
            }
        };
        line.attempts = attempts;
        // Only words of our own protocol: an engine that is none could have put anything there.
        let word = |action: &&str| {
            action.len() <= 16 && action.bytes().all(|byte| byte.is_ascii_lowercase())
        };
        let action = map.get("action").filter(word).filter(|_| asked.is_ok() || !news);
        let action = action.map(str::to_owned);
        line.action = action.as_deref();
        if attempts > 1 && line.level == Level::Info {
            line.level = Level::Warn;
        }
        line.ms = milliseconds(began);
        log(&line);
        match asked {
            // What the engine wants none of, it will want none of again.
            Err(Refused { reason: Reason::Refused | Reason::TooLarge, .. }) => Ok(Reply::Turn(map)),
            Err(refused) if news => Err(Unheard { reason: refused.reason }),
            _ => Ok(Reply::Turn(map)),
        }
    }

    async fn ask(
        &self,
        event: &RawValue,
        deadline: Instant,
        left: Duration,
    ) -> Result<(FlatMap, u8), Refused> {
        let refused = |reason| Refused { reason, error: None, attempts: 0 };
        if event.get().len() > MAX_EVENT_BYTES {
            return Err(refused(Reason::TooLarge));
        }
        if left < LEAST {
            return Err(refused(Reason::NoTime));
        }
        let event = Bytes::copy_from_slice(event.get().as_bytes());
        let Asked { result, attempts } = self.engine.ask(&event, deadline).await;
        result.map(|map| (map, attempts)).map_err(|failure| Refused {
            reason: failure.reason(),
            error: Some(failure.to_string()),
            attempts,
        })
    }
}

/// The budget, or less if Lambda ends the invocation earlier. Lambda gives out no invocation that
/// it has ended already, so a time that is past is no deadline (cargo-lambda's is always the same
/// moment of 1970).
fn time_left(budget: Duration, deadline: Duration, now: Duration) -> Duration {
    match deadline.checked_sub(now) {
        Some(left) if !left.is_zero() => budget.min(left.saturating_sub(RESERVE)),
        _ => budget,
    }
}

/// When Lambda ends an invocation, in time for an answer.
pub(crate) fn ends_at(deadline_ms: u64) -> Instant {
    Instant::now() + time_left(WITHOUT_DEADLINE, Duration::from_millis(deadline_ms), unix_now())
}

struct Refused {
    reason: Reason,
    error: Option<String>,
    attempts: u8,
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invocation_takes_its_budget_or_what_lambda_leaves_of_it() {
        let left = |deadline_ms: u64| {
            let ms = Duration::from_millis;
            time_left(ms(6_500), ms(deadline_ms), ms(1_000_000)).as_millis()
        };
        assert_eq!(left(1_008_000), 6_500);
        assert_eq!(left(1_006_750), 6_500);
        assert_eq!(left(1_006_749), 6_499);
        assert_eq!(left(1_003_000), 2_750);
        assert_eq!(left(1_000_250), 0);
        assert_eq!(left(1_000_001), 0);
        for nonsense in [1_000_000, 999_999, 600_000, 0] {
            assert_eq!(left(nonsense), 6_500, "{nonsense}");
        }
        assert_eq!(left(u64::MAX), 6_500);
    }
}
