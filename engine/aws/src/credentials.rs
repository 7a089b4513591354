//! Looking for credentials, so that a request which gives up does not undo the search.
//!
//! The SDK looks for credentials within a request, once what it has is about to expire. A request
//! to the table gives up after half a second; were the search its own, credentials that take longer
//! (a role assumed through a slow endpoint) would be looked for again by each request and found by
//! none, until the process starts anew.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use tokio::sync::Mutex;

/// Time for one search. Places that answer do so within a second; one that does not must not hold
/// up the next search.
const SEARCH: Duration = Duration::from_secs(30);

/// How long credentials without an end are taken as found: as long as the SDK itself keeps such.
const KEPT: Duration = Duration::from_mins(15);

/// What credentials must still be good for to be handed out.
const LEFT: Duration = Duration::from_mins(1);

/// A provider whose searches end although nobody waits for them any more; what such a one finds is
/// there for whoever asks next. There is one search at a time.
#[derive(Debug, Clone)]
pub(crate) struct Unhurried {
    provider: SharedCredentialsProvider,
    found: Arc<Mutex<Option<Found>>>,
}

/// What a search has found for someone who may have left.
#[derive(Debug)]
struct Found {
    credentials: Credentials,
    at: SystemTime,
}

impl Found {
    fn is_good(&self, now: SystemTime) -> bool {
        let until = self.credentials.expiry().unwrap_or(self.at + KEPT);
        until > now + LEFT
    }
}

impl Unhurried {
    pub(crate) fn new(provider: SharedCredentialsProvider) -> Self {
        Self { provider, found: Arc::default() }
    }

    async fn search(&self) -> provider::Result {
        let mut found = Arc::clone(&self.found).lock_owned().await;
        if let Some(kept) = found.take().filter(|kept| kept.is_good(now())) {
            return Ok(kept.credentials);
        }
        let provider = self.provider.clone();
        let search = tokio::spawn(async move {
            let outcome = tokio::time::timeout(SEARCH, provider.provide_credentials())
                .await
                .unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(SEARCH)))?;
            *found = Some(Found { credentials: outcome.clone(), at: now() });
            Ok(outcome)
        });
        let outcome = search.await.map_err(CredentialsError::unhandled)?;
        // It has arrived: the next search is for new ones. Whoever asks at this moment takes it for
        // themselves.
        if let Ok(mut found) = self.found.try_lock() {
            found.take();
        }
        outcome
    }
}

impl ProvideCredentials for Unhurried {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.search())
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.provider.fallback_on_interrupt()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "credentials end by the wall clock, which no call sees here"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Credentials that take their time, and say how often they were looked for.
    #[derive(Debug)]
    struct Slow {
        takes: Duration,
        /// From their being found.
        good_for: Option<Duration>,
        searches: Arc<AtomicU32>,
    }

    impl ProvideCredentials for Slow {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(async {
                let search = self.searches.fetch_add(1, Ordering::Relaxed) + 1;
                tokio::time::sleep(self.takes).await;
                let until = self.good_for.map(|good_for| now() + good_for);
                Ok(Credentials::new(format!("found-{search}"), "nothing", None, until, "slow"))
            })
        }
    }

    fn slow(takes: Duration, good_for: Option<Duration>) -> (Unhurried, Arc<AtomicU32>) {
        let searches = Arc::new(AtomicU32::new(0));
        let slow = Slow { takes, good_for, searches: Arc::clone(&searches) };
        (Unhurried::new(SharedCredentialsProvider::new(slow)), searches)
    }

    /// A request that gives up after half a second.
    async fn hurried(credentials: &Unhurried) -> Option<String> {
        tokio::time::timeout(Duration::from_millis(500), credentials.provide_credentials())
            .await
            .ok()
            .map(|found| found.unwrap().access_key_id().to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn credentials_slower_than_every_request_are_found() {
        let (credentials, searches) = slow(Duration::from_millis(1200), None);
        let mut found = Vec::new();
        for _ in 0..4 {
            found.push(hurried(&credentials).await);
        }
        assert_eq!(found, [None, None, Some("found-1".to_owned()), None]);
        assert_eq!(searches.load(Ordering::Relaxed), 2, "the fourth request asks for new ones");
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_arrived_is_looked_for_anew() {
        let (credentials, _) = slow(Duration::from_millis(100), None);
        assert_eq!(hurried(&credentials).await.as_deref(), Some("found-1"));
        assert_eq!(hurried(&credentials).await.as_deref(), Some("found-2"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_about_to_end_is_not_handed_out() {
        let (credentials, searches) =
            slow(Duration::from_millis(600), Some(Duration::from_secs(30)));
        assert_eq!(hurried(&credentials).await, None);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(hurried(&credentials).await, None, "found-1 is good for half a minute only");
        assert_eq!(searches.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_never_answers_holds_up_no_later_search() {
        let (credentials, searches) = slow(Duration::from_secs(3600), None);
        let error = credentials.provide_credentials().await.unwrap_err();
        assert!(matches!(error, CredentialsError::ProviderTimedOut(_)), "{error:?}");
        assert_eq!(hurried(&credentials).await, None);
        assert_eq!(searches.load(Ordering::Relaxed), 2);
    }
}
