//! How this process reaches Amazon: region, credentials, HTTP and its limits, once for all
//! services.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::credentials::Unhurried;
use crate::error::AwsError;

/// What all clients are made of.
#[derive(Debug, Clone)]
pub struct Connection {
    config: SdkConfig,
}

impl Connection {
    /// For making a service's client.
    pub fn sdk(&self) -> &SdkConfig {
        &self.config
    }

    /// That a region is known, for whoever would rather say so before asking.
    ///
    /// # Errors
    /// With what to do, if none is.
    pub fn has_region(&self) -> Result<(), AwsError> {
        let message = "no region is known; set it, or AWS_REGION, or `region` in the AWS profile";
        let region = self.config.region().filter(|region| !region.as_ref().is_empty());
        region.map(drop).ok_or_else(|| AwsError::new("aws.region", message))
    }
}

/// Time to open a connection. A service that is there answers within milliseconds.
pub(crate) const CONNECT: Duration = Duration::from_secs(1);

fn http() -> SharedHttpClient {
    Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https()
}

/// Finds region and credentials where the AWS SDK looks for them: environment, profile, container,
/// instance. `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` are honoured.
///
/// Each client adds limits of its own for a try and for a whole request, and says whether it may be
/// repeated.
pub async fn connect(region: Option<&str>) -> Connection {
    // The behaviour is pinned so that an update of the SDK changes neither retries nor limits
    // unseen.
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).build());
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    let mut config = loader.load().await;
    if let Some(provider) = config.credentials_provider() {
        let unhurried = SharedCredentialsProvider::new(Unhurried::new(provider));
        config = config.into_builder().credentials_provider(unhurried).build();
    }
    Connection { config }
}

/// The limits of a service that has `time` for an answer. Requests are tried once, so it is that of
/// a try, too.
pub fn within(time: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT.min(time))
        .operation_attempt_timeout(time)
        .operation_timeout(time)
        .build()
}

/// A connection to a server at `url` that stands in for Amazon, with credentials that open nothing.
#[cfg(any(test, feature = "testing"))]
pub fn stand_in(url: &str) -> Connection {
    use aws_credential_types::Credentials;
    use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
    use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
    let credentials = Credentials::new("stand-in", "stand-in", None, None, "tests");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("ap-northeast-2"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http())
        .retry_config(RetryConfig::disabled())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::new(SystemTimeSource::new()))
        .build();
    Connection { config }
}
