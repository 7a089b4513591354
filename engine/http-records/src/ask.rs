//! One request to a service, and what its answer comes to.

use dialgraph_kernel::ports::http::{Body, Request, Response};
use dialgraph_kernel::ports::{HostError, HostErrorKind};
use dialgraph_kernel::provider::{Caller, Http as _};
use dialgraph_local::records::{numbers_come_over, whole_numbers_come_over};
use serde_json::Value;

use crate::service::Service;

/// An answer with something in it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) data: Value,
    pub(crate) etag: Option<String>,
    /// All numbers came over as they are, so that it can be written back.
    pub(crate) is_exact: bool,
}

/// What a service says to a write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    Done,
    /// A condition did not hold.
    Changed,
    /// There is nothing at this address.
    Missing,
}

impl Service {
    /// It cannot be asked now.
    pub(crate) fn failed(&self, why: &str) -> HostError {
        HostError::unavailable("source-failed", format!("source `{}`: {why}", self.name))
    }

    /// What it answers is of no use here.
    pub(crate) fn unusable(&self, why: &str) -> HostError {
        let message = format!("source `{}`: {why}", self.name);
        HostError::new(HostErrorKind::Other, "bad-row", message)
    }

    /// The JSON at `url`; none: there is nothing.
    pub(crate) async fn read(
        &self,
        caller: &Caller,
        url: String,
    ) -> Result<Option<Answer>, HostError> {
        let response = self.send(caller, "GET", url, None, Vec::new()).await?;
        match response.status {
            404 | 410 => Ok(None),
            200..=299 => {
                let Body::Text(text) = &response.body else {
                    return Err(self.unusable("its answer is no JSON"));
                };
                let data = serde_json::from_str(text)
                    .map_err(|_| self.unusable("its answer is no JSON"))?;
                if !whole_numbers_come_over(text) {
                    return Err(self.unusable(
                        "its answer has a whole number with more digits than a record can hold; have it \
                         sent as text",
                    ));
                }
                // A weak one is no condition for a write (RFC 9110, 13.1.1).
                let strong = |etag: &&str| !etag.starts_with("W/");
                let etag = header(&response, "etag").filter(strong).map(str::to_owned);
                Ok(Some(Answer { data, etag, is_exact: numbers_come_over(text) }))
            }
            _ => Err(self.refused(&response)),
        }
    }

    /// Puts a record at `url`, on this condition.
    pub(crate) async fn write(
        &self,
        caller: &Caller,
        url: String,
        data: &Value,
        condition: Option<(&str, String)>,
    ) -> Result<Wrote, HostError> {
        let headers = condition.map(|(name, value)| (name.to_owned(), value)).into_iter();
        let body = Some(Body::Text(data.to_string()));
        let response = self.send(caller, "PUT", url, body, headers.collect()).await?;
        match response.status {
            200..=299 => Ok(Wrote::Done),
            409 | 412 => Ok(Wrote::Changed),
            400 | 413 | 422 => Err(HostError::invalid(
                "bad-value",
                format!("source `{}` does not take the record ({})", self.name, response.status),
            )),
            _ => Err(self.refused(&response)),
        }
    }

    /// Deletes what is at `url`, on this condition.
    pub(crate) async fn delete(
        &self,
        caller: &Caller,
        url: String,
        condition: Option<(&str, String)>,
    ) -> Result<Wrote, HostError> {
        let headers = condition.map(|(name, value)| (name.to_owned(), value)).into_iter();
        let response = self.send(caller, "DELETE", url, None, headers.collect()).await?;
        match response.status {
            200..=299 => Ok(Wrote::Done),
            404 | 410 => Ok(Wrote::Missing),
            409 | 412 => Ok(Wrote::Changed),
            _ => Err(self.refused(&response)),
        }
    }

    async fn send(
        &self,
        caller: &Caller,
        method: &str,
        url: String,
        body: Option<Body>,
        mut headers: Vec<(String, String)>,
    ) -> Result<Response, HostError> {
        self.turn().await?;
        headers.push(("accept".to_owned(), "application/json".to_owned()));
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let millis = u32::try_from(self.timeout.as_millis()).unwrap_or(u32::MAX);
        let request = Request {
            method: method.to_owned(),
            url,
            headers,
            body,
            credential: self.credential.clone(),
            timeout_ms: millis.clamp(100, 60_000),
        };
        // The client knows whom it lets go where by name, and this name is the source's own.
        let caller = Caller { plugin: (&*self.name).into(), ..caller.clone() };
        self.client.send(&caller, &request).await.map_err(|error| match error.kind {
            HostErrorKind::Unavailable => {
                HostError { message: format!("source `{}`: {}", self.name, error.message), ..error }
            }
            HostErrorKind::Invalid if error.code == "unknown-secret" => {
                self.failed(&format!("its secret is missing: {}", error.message))
            }
            _ => self.unusable(&error.message),
        })
    }

    /// What a status says that is no answer.
    fn refused(&self, response: &Response) -> HostError {
        let status = response.status;
        let after = header(response, "retry-after").and_then(|after| after.trim().parse().ok());
        let error = match status {
            401 | 403 => self.failed(&format!(
                "it refuses the server ({status}); check the secret that `sources.secrets` names"
            )),
            429 => self.failed("it is asked too often (429); see `sources.http_rate`"),
            500..=599 => self.failed(&format!("it fails ({status})")),
            _ => self.unusable(&format!("it answers with status {status}")),
        };
        HostError {
            retry_after_ms: after.map(|seconds: u64| seconds.saturating_mul(1000)),
            ..error
        }
    }
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    let found = response.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}
