//! A provider is asked again only where that cannot repeat an effect, in time and not by all at
//! once; one that keeps failing is left alone for a while.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::time::Instant;

use dialgraph_base::{Digest, Timestamp};
use dialgraph_config::{Config, ProvidersSection};
use dialgraph_kernel::ports::records::Get;
use dialgraph_kernel::ports::{HostAnswer, HostError, SecretName, http};
use dialgraph_kernel::provider::Caller;
use dialgraph_local::records::LocalRecords;
use dialgraph_runtime::Sources;
use dialgraph_store::MemoryStore;

use super::*;

/// A world that answers from a list, then always well.
#[derive(Default)]
struct Listed {
    replies: Mutex<Vec<Reply>>,
    asked: AtomicU32,
    /// When it was asked.
    times: Mutex<Vec<Instant>>,
    sources: Option<Arc<Sources>>,
}

enum Reply {
    Down(&'static str),
    /// Down, as it says after so long.
    DownAfter(Duration),
    /// Down, and to be asked again after so many milliseconds.
    Later(u64),
    Denied,
    Never,
}

impl World for Listed {
    fn sources(&self, _: &Digest) -> Option<Arc<Sources>> {
        self.sources.clone()
    }

    fn call(&self, _: Caller, _: HostCall) -> BoxFuture<'static, HostResult> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.times.lock().unwrap().push(Instant::now());
        match self.replies.lock().unwrap().pop() {
            None => std::future::ready(Ok(HostAnswer::SecretsOpen)).boxed(),
            Some(Reply::Down(code)) => {
                std::future::ready(Err(HostError::unavailable(code, "down"))).boxed()
            }
            Some(Reply::DownAfter(time)) => async move {
                tokio::time::sleep(time).await;
                Err(HostError::unavailable("down", "down"))
            }
            .boxed(),
            Some(Reply::Later(ms)) => {
                let down = HostError::unavailable("throttled", "later");
                std::future::ready(Err(HostError { retry_after_ms: Some(ms), ..down })).boxed()
            }
            Some(Reply::Denied) => {
                std::future::ready(Err(HostError::denied("no", "not you"))).boxed()
            }
            Some(Reply::Never) => std::future::pending().boxed(),
        }
    }
}

fn listed(replies: Vec<Reply>) -> Arc<Listed> {
    Arc::new(Listed { replies: Mutex::new(replies), ..Listed::default() })
}

impl Listed {
    /// The pauses between one time that it was asked and the next.
    fn pauses(&self) -> Vec<Duration> {
        let times = self.times.lock().unwrap();
        times.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

fn caller() -> Caller {
    Caller {
        call_id: "c".into(),
        release: dialgraph_base::Digest::of(b"release"),
        locale: "ko-KR".into(),
        plugin: "p".into(),
        now: Timestamp(0),
        idempotency_key: "c/1/0".into(),
    }
}

fn secret() -> HostCall {
    HostCall::SecretsOpen(SecretName { name: "s".into() })
}

fn post() -> HostCall {
    HostCall::HttpSend(http::Request {
        method: "POST".into(),
        url: "https://user@api.example.com:8443/path?q#f".into(),
        headers: Default::default(),
        credential: None,
        body: None,
        timeout_ms: 1000,
    })
}

fn config() -> ProvidersSection {
    ProvidersSection {
        timeout: Duration::from_secs(10),
        tries: 3,
        backoff: Duration::from_millis(100),
        breaker_failures: 3,
        breaker_pause: Duration::from_secs(30),
        ..Config::default().providers
    }
}

fn code(result: &HostResult) -> &str {
    match result {
        Ok(_) => "ok",
        Err(error) => &error.code,
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_once_is_asked_again() {
    let world = listed(vec![Reply::Down("busy")]);
    let metrics = Arc::default();
    let (guarded, _) = guarded(world.clone(), &config(), &metrics);
    assert_eq!(code(&guarded.call(caller(), secret()).await), "ok");
    assert_eq!(world.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_an_answer_and_is_not_asked_again() {
    let world = listed(vec![Reply::Denied]);
    let (guarded, breakers) = guarded(world.clone(), &config(), &Arc::default());
    assert_eq!(code(&guarded.call(caller(), secret()).await), "no");
    assert_eq!(world.asked.load(Ordering::SeqCst), 1);
    assert!(breakers.open().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_may_have_had_its_effect_outside_is_not_made_again() {
    let world = listed(vec![Reply::Down("broken-connection")]);
    let (guarded, _) = guarded(world.clone(), &config(), &Arc::default());
    assert_eq!(code(&guarded.call(caller(), post()).await), "broken-connection");
    assert_eq!(world.asked.load(Ordering::SeqCst), 1);

    let world = listed(vec![Reply::Down("no-connection")]);
    let (guarded, _) = super::guarded(world.clone(), &config(), &Arc::default());
    assert_eq!(code(&guarded.call(caller(), post()).await), "ok", "it never reached the host");
}

#[tokio::test(start_paused = true)]
async fn what_a_caller_said_is_not_told_to_a_recogniser_twice() {
    let said = || HostCall::NluRecognize(Default::default());
    for (why, asked) in [("service-down", 1), ("throttled", 2), ("no-connection", 2)] {
        let world = listed(vec![Reply::Down(why)]);
        let (guarded, _) = guarded(world.clone(), &config(), &Arc::default());
        let _ = guarded.call(caller(), said()).await;
        assert_eq!(world.asked.load(Ordering::SeqCst), asked, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_is_asked_once_more_at_most_and_not_if_that_would_not_help() {
    let ask = || HostCall::GenaiConverse(Default::default());
    for (why, asked) in [("service-down", 2), ("throttled", 2), ("dependency-failed", 1)] {
        let world = listed((0..5).map(|_| Reply::Down(why)).collect());
        let (guarded, _) = guarded(world.clone(), &config(), &Arc::default());
        assert_eq!(code(&guarded.call(caller(), ask()).await), why);
        assert_eq!(world.asked.load(Ordering::SeqCst), asked, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_never_answers_is_given_up_after_its_own_limit() {
    let world = listed(vec![Reply::Never]);
    let mut config = config();
    config.timeouts = vec![("secrets".to_owned(), Duration::from_secs(2))];
    let (guarded, _) = guarded(world.clone(), &config, &Arc::default());
    let began = tokio::time::Instant::now();
    let result = guarded.call(caller(), secret()).await;
    insta::assert_snapshot!(result.unwrap_err(), @"timed-out: secrets.open did not answer within 2000 ms");
    assert_eq!(began.elapsed().as_secs(), 2, "time stands still but for what is waited for");
    assert_eq!(world.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_keeps_failing_is_left_alone_and_tried_again_later() {
    let world = listed((0..5).map(|_| Reply::Down("down")).collect());
    let mut config = config();
    config.tries = 1;
    let (guarded, breakers) = guarded(world.clone(), &config, &Arc::default());
    for _ in 0..3 {
        assert_eq!(code(&guarded.call(caller(), secret()).await), "down");
    }
    assert_eq!(breakers.open(), ["secrets"]);
    assert_eq!(code(&guarded.call(caller(), secret()).await), "circuit-open");
    assert_eq!(world.asked.load(Ordering::SeqCst), 3);
    assert_eq!(code(&guarded.call(caller(), post()).await), "down", "others are asked as ever");

    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(code(&guarded.call(caller(), secret()).await), "down", "one try");
    assert_eq!(code(&guarded.call(caller(), secret()).await), "circuit-open");
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(code(&guarded.call(caller(), secret()).await), "ok");
    assert!(breakers.open().is_empty());
}

/// The timer wakes at whole milliseconds, so it may be late by one.
const TICK: Duration = Duration::from_millis(1);

/// Many tries, and no breaker that would end them.
fn insistent(tries: u32, backoff: Duration, timeout: Duration) -> ProvidersSection {
    ProvidersSection { tries, backoff, timeout, breaker_failures: 0, ..config() }
}

/// The pauses of a request with this idempotency key, whose every try but the last is answered as
/// `reply` says.
async fn pauses_of(key: &str, config: &ProvidersSection, reply: fn() -> Reply) -> Vec<Duration> {
    let world = listed((1..config.tries).map(|_| reply()).collect());
    let (guarded, _) = guarded(world.clone(), config, &Arc::default());
    let caller = Caller { idempotency_key: key.into(), ..caller() };
    assert_eq!(code(&guarded.call(caller, secret()).await), "ok");
    let pauses = world.pauses();
    assert_eq!(pauses.len() + 1, config.tries as usize, "every try was made");
    pauses
}

#[tokio::test(start_paused = true)]
async fn each_pause_is_twice_the_one_before_less_up_to_half_of_it() {
    let config = insistent(6, Duration::from_secs(1), Duration::from_mins(10));
    for key in 0..100 {
        let pauses = pauses_of(&format!("c/1/{key}"), &config, || Reply::Down("down")).await;
        let mut nominal = config.backoff;
        for pause in pauses {
            assert!(pause >= nominal / 2, "{pause:?} of {nominal:?} for {key}");
            assert!(pause <= nominal + TICK, "{pause:?} of {nominal:?} for {key}");
            nominal *= 2;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn requests_that_failed_together_do_not_come_back_together() {
    let config = insistent(3, Duration::from_secs(1), Duration::from_mins(1));
    let mut first = std::collections::BTreeSet::new();
    for key in 0..100 {
        let key = format!("c/1/{key}");
        let pauses = pauses_of(&key, &config, || Reply::Down("down")).await;
        // A replay of the same request waits as long.
        assert_eq!(pauses, pauses_of(&key, &config, || Reply::Down("down")).await);
        first.insert(pauses[0]);
    }
    assert!(first.len() > 70, "only {} pauses differ", first.len());
    let spread = *first.last().unwrap() - *first.first().unwrap();
    assert!(spread > config.backoff / 3, "all within {spread:?}");
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_not_asked_before_the_time_it_says_and_not_by_all_at_that_time() {
    let config = insistent(2, Duration::from_millis(400), Duration::from_mins(1));
    let told = Duration::from_secs(3);
    let mut pauses = std::collections::BTreeSet::new();
    for key in 0..100 {
        let key = format!("c/1/{key}");
        let pause = pauses_of(&key, &config, || Reply::Later(3_000)).await[0];
        assert!(pause >= told, "{pause:?} is too early");
        assert!(pause <= told + config.backoff / 2 + TICK, "{pause:?} is needlessly late");
        pauses.insert(pause);
    }
    assert!(pauses.len() > 50, "only {} pauses differ", pauses.len());
}

#[tokio::test(start_paused = true)]
async fn no_try_begins_after_the_time_of_the_request() {
    let mut config = insistent(100, Duration::from_millis(300), Duration::from_mins(1));
    config.timeouts = vec![("secrets".to_owned(), Duration::from_secs(10))];
    let limit = Duration::from_secs(10);
    for key in 0..50 {
        for work in [Duration::ZERO, Duration::from_millis(700), Duration::from_secs(4)] {
            let world = listed((0..100).map(|_| Reply::DownAfter(work)).collect());
            let (guarded, _) = guarded(world.clone(), &config, &Arc::default());
            let caller = Caller { idempotency_key: format!("c/1/{key}").into(), ..caller() };
            let began = Instant::now();
            let result = guarded.call(caller, secret()).await;
            assert!(result.is_err());
            assert!(began.elapsed() <= limit + TICK, "{:?} for {key}", began.elapsed());
            let times = world.times.lock().unwrap();
            assert!(times.len() > 1, "there was time for another try");
            assert!(times.iter().all(|time| *time - began < limit), "{times:?} from {began:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_would_outlast_the_request_is_not_begun() {
    let config = insistent(3, Duration::from_millis(100), Duration::from_secs(10));
    let world = listed(vec![Reply::Later(10_000)]);
    let (guarded, _) = guarded(world.clone(), &config, &Arc::default());
    let began = Instant::now();
    assert_eq!(code(&guarded.call(caller(), secret()).await), "throttled");
    assert_eq!(began.elapsed(), Duration::ZERO, "the caller hears of it at once");
    assert_eq!(world.asked.load(Ordering::SeqCst), 1);
}

#[test]
fn what_is_there_at_once_stays_there_at_once() {
    let (guarded, _) = guarded(listed(Vec::new()), &config(), &Arc::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _entered = runtime.enter();
    assert!(guarded.call(caller(), secret()).now_or_never().is_some());
}

#[test]
fn each_host_outside_stands_for_itself_and_shows_no_credentials() {
    let world = Listed::default();
    assert_eq!(subject(&world, &caller(), &post()), "http api.example.com:8443");
    assert_eq!(subject(&world, &caller(), &get("c")), "records");
}

fn get(collection: &str) -> HostCall {
    HostCall::RecordsGet(Get {
        collection: collection.into(),
        key: "k".into(),
        source: Default::default(),
    })
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_down_takes_no_other_collection_with_it() {
    let store = MemoryStore::new(Arc::new(dialgraph_runtime::SystemClock));
    let sources = Sources {
        by_collection: [("customers".to_owned(), "crm".into())].into(),
        records: Arc::new(LocalRecords::new(Arc::new(store), [])),
        troubles: Box::new(Default::default),
        look: Box::new(|| Box::pin(std::future::ready(BTreeMap::new()))),
    };
    let replies = (0..3).map(|_| Reply::Down("source-failed")).collect();
    let world = Arc::new(Listed {
        replies: Mutex::new(replies),
        sources: Some(Arc::new(sources)),
        ..Listed::default()
    });
    let (guarded, breakers) = guarded(world, &config(), &Arc::default());
    assert_eq!(code(&guarded.call(caller(), get("customers")).await), "source-failed");
    assert_eq!(code(&guarded.call(caller(), get("customers")).await), "circuit-open");
    assert_eq!(breakers.open(), ["records crm"]);
    assert!(guarded.call(caller(), get("call_logs")).await.is_ok());
    // What was last known of it does not lie there.
    let HostCall::RecordsGet(mut known) = get("customers") else { panic!("it is one") };
    known.source = Source::LastKnown;
    assert!(guarded.call(caller(), HostCall::RecordsGet(known)).await.is_ok());
}
