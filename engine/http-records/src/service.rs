//! A service that the operator grants: where it is, and how often it is asked.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dialgraph_base::HostPattern;
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::http::Credential;
use dialgraph_local::http::{AllowedHosts, HttpClient};
use dialgraph_local::secrets::RevealSecret;

use crate::error::HttpRecordsError;

/// How a service is reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://HOST` or `https://HOST/PATH`.
    pub address: String,
    /// What is sent with each request, by the name of its secret; none: it asks for nothing.
    pub credential: Option<Credential>,
    /// Longest time for what a plugin asks, all requests of it together.
    pub timeout: Duration,
    /// Most requests in a second; 0: no limit.
    pub rate: u32,
    /// PEM file of certificate authorities to trust beside Mozilla's.
    pub extra_roots: Option<PathBuf>,
}

/// A service. Making one connects to nothing.
#[derive(Debug)]
pub struct Service {
    pub(crate) name: Arc<str>,
    /// Scheme, host and port.
    pub(crate) origin: String,
    /// What stands before every path of a project; no `/` at its end.
    pub(crate) base: String,
    pub(crate) credential: Option<Credential>,
    pub(crate) timeout: Duration,
    pub(crate) client: HttpClient,
    rate: u32,
    /// When the next request may go out.
    next: Mutex<Option<Instant>>,
}

impl Service {
    /// The service at the address in `settings`, called `name` in messages.
    ///
    /// # Errors
    /// What is wrong with the address or the certificate authorities.
    pub fn new(
        name: &str,
        settings: &Settings,
        secrets: Arc<dyn RevealSecret>,
    ) -> Result<Self, HttpRecordsError> {
        let wrong = |why: &str| HttpRecordsError::Address {
            source_name: name.to_owned(),
            why: why.to_owned(),
        };
        let address = settings.address.trim_end_matches('/');
        if address.contains(['?', '#', '@', '{', '}', '*']) {
            return Err(wrong("it has more than scheme, host, port and path"));
        }
        let pattern =
            HostPattern::of_url(address).map_err(|_| wrong("it is no address of a host"))?;
        let (scheme, rest) = address.split_once("://").ok_or_else(|| wrong("it has no scheme"))?;
        let (authority, base) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let hosts = AllowedHosts::new(BTreeMap::from([(name.to_owned(), vec![pattern])]));
        let client = HttpClient::new(hosts, secrets, settings.extra_roots.as_deref());
        let client = client.map_err(|error| HttpRecordsError::Client {
            source_name: name.to_owned(),
            why: error.to_string(),
        })?;
        Ok(Self {
            name: name.into(),
            origin: format!("{scheme}://{authority}"),
            base: base.to_owned(),
            credential: settings.credential.clone(),
            timeout: settings.timeout,
            // The operator named the host: that it is one of the company's network is no surprise.
            client: client.inside(),
            rate: settings.rate,
            next: Mutex::new(None),
        })
    }

    /// Waits until a request may go out.
    pub(crate) async fn turn(&self) -> Result<(), HostError> {
        if self.rate == 0 {
            return Ok(());
        }
        let wait = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let from = next.filter(|next| *next > now).unwrap_or(now);
            let wait = from.saturating_duration_since(now);
            if wait > self.timeout {
                return Err(HostError {
                    retry_after_ms: u64::try_from(wait.as_millis()).ok(),
                    ..HostError::unavailable(
                        "source-busy",
                        format!(
                            "source `{}` is asked as often as `sources.http_rate` allows",
                            self.name
                        ),
                    )
                });
            }
            *next = Some(from + Duration::from_secs(1) / self.rate);
            wait
        };
        tokio::time::sleep(wait).await;
        Ok(())
    }
}
