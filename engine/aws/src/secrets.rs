//! AWS Secrets Manager behind the secret handles of plugins.
//!
//! A handle `zendesk-token` is the secret `PREFIXzendesk-token`, whole; or what
//! [`SecretsManagerSettings::names`] says: another secret, or one key of a secret that holds a JSON
//! object. Flows and grants know the handle alone, so that they are the same wherever the secret
//! lies.
//!
//! * **Kept for a short time** ([`SecretsManagerSettings::keep`]) in memory that is wiped, so that
//!   a call costs no request and a rotated secret is in use soon. While Secrets Manager cannot be
//!   asked, the last text goes on being used for [`SecretsManagerSettings::grace`]: an outage there
//!   should not be one here.
//! * **Asked once**: requests for one secret at the same time wait for one answer, and share a
//!   failure.
//! * **The text goes to the outbound HTTP client** in a [`SecretText`], and to no log, journal or
//!   error.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_smithy_types::retry::RetryConfig;
use dialgraph_kernel::ports::{HostError, HostErrorKind};
use dialgraph_kernel::provider::{Caller, Secrets};
use dialgraph_local::secrets::{MAX_SECRET_BYTES, RevealSecret, SecretText, check_name};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::connection::{Connection, connect, within};
use crate::error::{AwsError, Cause, ServiceFailure};
use crate::names::entries;

const SERVICE: &str = "AWS Secrets Manager";

/// A failure is the answer to all who ask within this, so that many who wait do not each wait for
/// their own.
const SHARED_FAILURE: Duration = Duration::from_millis(500);

/// Which secret a handle stands for: `SECRET_ID`, or `SECRET_ID#KEY` for one key of a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRef {
    /// Name or ARN.
    pub id: String,
    pub key: Option<String>,
}

impl SecretRef {
    /// Reads `aws.secrets`: which secret a handle stands for, `NAME=SECRET_ID` or
    /// `NAME=SECRET_ID#KEY` each.
    ///
    /// ```
    /// use dialgraph_aws::secrets::SecretRef;
    /// let names = SecretRef::read(&["desk-token=prod/desk#token".to_owned()])?;
    /// assert_eq!(names["desk-token"].key.as_deref(), Some("token"));
    /// # Ok::<(), dialgraph_aws::AwsError>(())
    /// ```
    ///
    /// # Errors
    /// Which entry is wrong, and how it is written.
    pub fn read(setting: &[String]) -> Result<BTreeMap<String, Self>, AwsError> {
        let example = "desk-token=prod/desk#token";
        let names = entries("aws.secrets", setting, example, |value| {
            // No name and no ARN of a secret has a `#`.
            let (id, key) = match value.split_once('#') {
                Some((id, key)) => (id, Some(key)),
                None => (value, None),
            };
            if id.is_empty() {
                return Err("there is no secret behind the `=`");
            }
            if key.is_some_and(str::is_empty) {
                return Err("there is no key behind the `#`");
            }
            Ok(Self { id: id.to_owned(), key: key.map(str::to_owned) })
        })?;
        match names.keys().find_map(|name| check_name(name).err()) {
            Some(wrong) => Err(AwsError::new("aws.secrets", wrong.message)),
            None => Ok(names),
        }
    }
}

/// How handles become secrets, and how long their texts are kept.
#[derive(Debug, Clone)]
pub struct SecretsManagerSettings {
    /// Stands before a handle that has no entry in `names`.
    pub prefix: String,
    pub names: BTreeMap<String, SecretRef>,
    /// A text is used for so long before it is asked for again.
    pub keep: Duration,
    /// After that, while Secrets Manager cannot be asked, for so long.
    pub grace: Duration,
    /// One request may take so long. It is made within a turn, and repeated, if at all, by whoever
    /// asked.
    pub limit: Duration,
}

impl Default for SecretsManagerSettings {
    fn default() -> Self {
        Self {
            prefix: "dialgraph/".to_owned(),
            names: BTreeMap::new(),
            keep: Duration::from_secs(60),
            grace: Duration::from_secs(10 * 60),
            limit: Duration::from_secs(2),
        }
    }
}

/// AWS Secrets Manager.
pub struct SecretsManager {
    /// Made at the first request, so that an engine starts without waiting for credentials.
    client: OnceCell<Client>,
    region: Option<String>,
    settings: SecretsManagerSettings,
    /// By secret id. There are as many as grants name.
    slots: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Slot>>>>,
}

impl fmt::Debug for SecretsManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretsManager").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// What is known of one secret. Whoever holds its lock asks; the others wait for the answer.
#[derive(Default)]
struct Slot {
    text: Option<(Arc<Zeroizing<String>>, Instant)>,
    failed: Option<(HostError, Instant)>,
}

impl Slot {
    /// A text that was read not longer ago than `limit`.
    fn spare(&self, limit: Duration) -> Option<Arc<Zeroizing<String>>> {
        let (text, at) = self.text.as_ref()?;
        (at.elapsed() < limit).then(|| Arc::clone(text))
    }
}

impl SecretsManager {
    /// Connects in `region`, or in the one that the AWS SDK finds, when it is asked for the first
    /// time.
    pub fn new(region: Option<&str>, settings: SecretsManagerSettings) -> Self {
        let region = region.map(str::to_owned);
        Self { client: OnceCell::new(), region, settings, slots: Mutex::default() }
    }

    /// Over a connection that is there.
    #[cfg(any(test, feature = "testing"))]
    pub fn over(connection: &Connection, settings: SecretsManagerSettings) -> Self {
        let client = OnceCell::new_with(Some(Self::client(connection, settings.limit)));
        Self { client, region: None, settings, slots: Mutex::default() }
    }

    fn client(connection: &Connection, limit: Duration) -> Client {
        let config = aws_sdk_secretsmanager::config::Builder::from(connection.sdk())
            .retry_config(RetryConfig::disabled())
            .timeout_config(within(limit))
            .build();
        Client::from_conf(config)
    }

    fn reference(&self, name: &str) -> SecretRef {
        let usual = || SecretRef { id: format!("{}{name}", self.settings.prefix), key: None };
        self.settings.names.get(name).cloned().unwrap_or_else(usual)
    }

    async fn text(&self, name: &str) -> Result<Zeroizing<String>, HostError> {
        check_name(name)?;
        let SecretRef { id, key } = self.reference(name);
        let whole = self.whole(name, &id).await?;
        let text = match &key {
            None => Zeroizing::new(whole.trim_end_matches(['\r', '\n']).to_owned()),
            Some(key) => part(&whole, key).ok_or_else(|| {
                unusable(format!(
                    "secret `{name}` is key `{key}` of `{id}` in Secrets Manager, but there is no JSON object with a text of that key"
                ))
            })?,
        };
        if text.is_empty() || text.len() > MAX_SECRET_BYTES {
            return Err(unusable(format!(
                "secret `{name}` (`{id}` in Secrets Manager) is empty or larger than {MAX_SECRET_BYTES} bytes"
            )));
        }
        Ok(text)
    }

    /// The whole text of the secret `id`, from memory or from the service.
    async fn whole(&self, name: &str, id: &str) -> Result<Arc<Zeroizing<String>>, HostError> {
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(id.to_owned()).or_default())
        };
        let mut slot = slot.lock().await;
        if let Some((text, at)) = &slot.text
            && at.elapsed() < self.settings.keep
        {
            return Ok(Arc::clone(text));
        }
        let limit = self.settings.keep.saturating_add(self.settings.grace);
        if let Some((error, at)) = &slot.failed
            && at.elapsed() < SHARED_FAILURE
        {
            return slot.spare(limit).ok_or_else(|| error.clone());
        }
        let failure = match self.ask(id).await {
            Ok(text) => {
                let text = Arc::new(text);
                *slot = Slot { text: Some((Arc::clone(&text), Instant::now())), failed: None };
                return Ok(text);
            }
            Err(failure) => failure,
        };
        let error = host_error(name, id, &failure);
        slot.failed = Some((error.clone(), Instant::now()));
        // What was taken back, or is no longer this role's to read, must not live on here.
        if !failure.may_pass() {
            slot.text = None;
        }
        let spare = slot.spare(limit).ok_or(error)?;
        tracing::warn!(secret = name, %failure, "Secrets Manager cannot be asked; the text known before is used");
        Ok(spare)
    }

    async fn ask(&self, id: &str) -> Result<Zeroizing<String>, ServiceFailure> {
        let connected =
            async || Self::client(&connect(self.region.as_deref()).await, self.settings.limit);
        let client = self.client.get_or_init(connected).await;
        let answer = client.get_secret_value().secret_id(id).send().await;
        let answer = answer.map_err(|error| ServiceFailure::of(SERVICE, &error))?;
        let unusable = |why: &str| ServiceFailure::new(SERVICE, Cause::Invalid, why);
        match (answer.secret_string, answer.secret_binary) {
            (Some(text), _) => Ok(Zeroizing::new(text)),
            (None, Some(bytes)) => {
                let bytes = Zeroizing::new(bytes.into_inner());
                let text = std::str::from_utf8(&bytes);
                text.map(|text| Zeroizing::new(text.to_owned()))
                    .map_err(|_| unusable("the secret is binary and no UTF-8 text"))
            }
            (None, None) => Err(unusable("the secret has no text")),
        }
    }
}

/// The text of one key of a JSON object.
fn part(whole: &str, key: &str) -> Option<Zeroizing<String>> {
    let mut object: BTreeMap<String, Zeroed> = serde_json::from_str(whole).ok()?;
    object.remove(key).and_then(|value| value.0)
}

/// A value of a secret's object: its text, wiped when dropped, if it is one.
struct Zeroed(Option<Zeroizing<String>>);

impl<'de> serde::Deserialize<'de> for Zeroed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(Self(match value {
            serde_json::Value::String(text) => Some(Zeroizing::new(text)),
            serde_json::Value::Number(number) => Some(Zeroizing::new(number.to_string())),
            _ => None,
        }))
    }
}

fn unusable(message: String) -> HostError {
    HostError::new(HostErrorKind::Other, "secret-unusable", message)
}

/// What plugins and operators are told. The service's own words are about the secret's name, never
/// its text.
fn host_error(name: &str, id: &str, failure: &ServiceFailure) -> HostError {
    let what = format!("secret `{name}` (`{id}` in Secrets Manager)");
    let other = |code: &str, message: String| HostError::new(HostErrorKind::Other, code, message);
    match (failure.code.as_deref(), failure.cause) {
        (Some("ResourceNotFoundException"), _) => HostError::invalid(
            "unknown-secret",
            format!("there is no {what}; create it there, or name another in `aws.secrets`"),
        ),
        // The plugin was granted the secret: it is the engine that AWS denies it.
        (_, Cause::Denied) => other(
            "secret-denied",
            format!(
                "the engine may not read {what}; allow its role `secretsmanager:GetSecretValue` on it ({failure})"
            ),
        ),
        (Some("DecryptionFailure"), _) => unusable(format!(
            "{what} cannot be decrypted; allow the engine's role `kms:Decrypt` on its key ({failure})"
        )),
        _ if failure.may_pass() => HostError {
            retry_after_ms: HostError::from(failure.clone()).retry_after_ms,
            ..HostError::unavailable(
                "secret-unavailable",
                format!("{what} cannot be read: {failure}"),
            )
        },
        _ => unusable(format!("{what} cannot be used: {failure}")),
    }
}

#[async_trait]
impl Secrets for SecretsManager {
    async fn open(&self, _caller: &Caller, name: &str) -> Result<(), HostError> {
        self.text(name).await.map(drop)
    }
}

#[async_trait]
impl RevealSecret for SecretsManager {
    async fn reveal(&self, name: &str) -> Result<SecretText, HostError> {
        let text = self.text(name).await?;
        Ok(SecretText::new(text.as_str().to_owned()))
    }
}

#[cfg(test)]
mod tests;
