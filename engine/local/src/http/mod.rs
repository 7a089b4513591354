//! Outbound HTTP for plugins: to the hosts granted, to public addresses, once, within limits.
//!
//! * **Hosts**: a request goes out only if one of the plugin's patterns allows scheme, host and
//!   port. The runtime checks grants as well; here they are checked again for every hop, because
//!   only this client sees redirects.
//! * **Addresses**: the name is resolved once, the addresses checked, and the connection made to a
//!   checked address, so that a name cannot answer differently the second time. Loopback, private,
//!   link-local (cloud metadata too) and other special addresses are refused unless the pattern
//!   names the address itself.
//! * **Redirects** are followed for GET and HEAD to the same scheme, host and port, at most
//!   [`MAX_REDIRECTS`]; any other redirect is an answer like others.
//! * **Limits**: request and response body of 48 KiB, one time limit over everything.
//! * **Secrets** that a request resolved are taken out of whatever comes back: a host that reflects
//!   headers tells a plugin the name of its secret (`[secret NAME]`), never its text. So that the
//!   body can be looked through, it is asked for as it is, and one that comes compressed all the
//!   same is refused.
//! * **Effects**: a method other than GET and HEAD carries the caller's idempotency key.
//!
//! HTTP/1.1, one connection for each request: a phone call makes few, and no connection outlives
//! the grant it was made under. TLS by rustls with Mozilla's roots, plus the operator's own. No
//! proxy. Futures need a tokio runtime with I/O and time.

mod allow;
mod exchange;
mod redact;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use dialgraph_kernel::ports::http::{Body, Credential, Request, Response};
use dialgraph_kernel::ports::{HostError, HostErrorKind};
use dialgraph_kernel::provider::{Caller, Http};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use zeroize::Zeroizing;

use crate::error::LocalError;
use crate::secrets::RevealSecret;
use allow::Target;
use redact::Redactor;

pub use allow::{AllowedHosts, HostTable};

/// Largest body of a request or a response, in bytes.
pub const MAX_BODY_BYTES: usize = 48 << 10;

/// Most headers of a request.
pub const MAX_HEADERS: usize = 64;

/// Names and values of a request's headers together, in bytes.
pub const MAX_HEADER_BYTES: usize = 16 << 10;

/// Longest URL, in bytes.
pub const MAX_URL_BYTES: usize = 8 << 10;

/// Redirects followed before one is given back as the answer.
pub const MAX_REDIRECTS: usize = 5;

/// Shortest and longest time limit, in milliseconds.
pub const TIMEOUT_MILLIS: std::ops::RangeInclusive<u32> = 100..=60_000;

/// Headers that belong to the connection, and are ours to set.
const RESERVED: [HeaderName; 8] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::EXPECT,
];

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The outbound HTTP client.
#[derive(Clone)]
pub struct HttpClient {
    hosts: AllowedHosts,
    secrets: Arc<dyn RevealSecret>,
    tls: TlsConnector,
    inside: bool,
    max_sent: usize,
}

impl std::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpClient").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

/// A request that keeps the rules, ready to be sent any number of times.
struct Prepared {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    redactor: Redactor,
}

impl HttpClient {
    /// A client for these hosts, with credentials from `secrets`; `extra_roots` is a PEM file of
    /// certificate authorities to trust beside Mozilla's.
    ///
    /// # Errors
    /// [`LocalError::Setting`] if `extra_roots` cannot be read or holds no certificate.
    pub fn new(
        hosts: AllowedHosts,
        secrets: Arc<dyn RevealSecret>,
        extra_roots: Option<&Path>,
    ) -> Result<Self, LocalError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = extra_roots {
            let wrong = |message: String| LocalError::Setting {
                what: format!("extra certificate authorities in {}", path.display()),
                message,
            };
            let text = dialgraph_files::read(path, dialgraph_files::MAX_SETTINGS)
                .map_err(|error| wrong(error.to_string()))?;
            let certificates = CertificateDer::pem_slice_iter(&text)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| wrong(error.to_string()))?;
            if roots.add_parsable_certificates(certificates).0 == 0 {
                return Err(wrong("the file holds no usable certificate".to_owned()));
            }
        }
        // The provider is named here, so that no other crate's choice of a default matters.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| LocalError::Setting {
                what: "TLS".to_owned(),
                message: error.to_string(),
            })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            hosts,
            secrets,
            tls: TlsConnector::from(Arc::new(config)),
            inside: false,
            max_sent: MAX_BODY_BYTES,
        })
    }

    /// The same for hosts that the operator names, not whoever writes flows: a name may stand for
    /// an address of the operator's own network.
    #[must_use]
    pub fn inside(mut self) -> Self {
        self.inside = true;
        self
    }

    /// The same for requests of up to `bytes`, which the engine itself makes.
    #[must_use]
    pub fn sending(mut self, bytes: usize) -> Self {
        self.max_sent = bytes;
        self
    }

    /// The table of hosts, to be changed when another release of the flows is published.
    pub fn hosts(&self) -> &AllowedHosts {
        &self.hosts
    }

    async fn prepare(&self, caller: &Caller, request: &Request) -> Result<Prepared, HostError> {
        let method = match request.method.as_str() {
            "GET" => Method::GET,
            "HEAD" => Method::HEAD,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "PATCH" => Method::PATCH,
            "DELETE" => Method::DELETE,
            other => {
                return Err(HostError::invalid(
                    "bad-method",
                    format!("method `{other}` is not one of GET, HEAD, POST, PUT, PATCH, DELETE"),
                ));
            }
        };
        if !TIMEOUT_MILLIS.contains(&request.timeout_ms) {
            let (least, most) = (TIMEOUT_MILLIS.start(), TIMEOUT_MILLIS.end());
            return Err(HostError::invalid(
                "bad-timeout",
                format!("the timeout is {} ms; it goes from {least} to {most}", request.timeout_ms),
            ));
        }
        let bad_url =
            |why: &str| HostError::invalid("bad-url", format!("the URL is unusable: {why}"));
        if request.url.len() > MAX_URL_BYTES {
            return Err(bad_url("it is too long"));
        }
        let uri: Uri = request.url.parse().map_err(|_| bad_url("it is malformed"))?;
        let body = body_of(request, self.max_sent)?;
        let mut headers = headers_of(request)?;
        let mut redactor = Redactor::default();
        if let Some(credential) = &request.credential {
            let (name, value) = self.credential(credential, &mut redactor).await?;
            headers.insert(name, value);
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if !matches!(method, Method::GET | Method::HEAD) && !headers.contains_key(IDEMPOTENCY_KEY) {
            let value = HeaderValue::from_str(&caller.idempotency_key).map_err(|_| {
                HostError::invalid("bad-key", "the idempotency key is no header value")
            })?;
            headers.insert(IDEMPOTENCY_KEY, value);
        }
        let agent = concat!("dialgraph/", env!("CARGO_PKG_VERSION"));
        headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(agent));
        Ok(Prepared { method, uri, headers, body, redactor })
    }

    async fn credential(
        &self,
        credential: &Credential,
        redactor: &mut Redactor,
    ) -> Result<(HeaderName, HeaderValue), HostError> {
        let (name, text) = match credential {
            Credential::Bearer { secret: name } => {
                let secret = self.secrets.reveal(name).await?;
                redactor.hide(name, secret.expose(), secret.expose());
                (header::AUTHORIZATION, Zeroizing::new(format!("Bearer {}", secret.expose())))
            }
            Credential::Basic { user, secret: name } => {
                let secret = self.secrets.reveal(name).await?;
                let pair = Zeroizing::new(format!("{user}:{}", secret.expose()));
                let coded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
                redactor.hide(name, secret.expose(), &coded);
                (header::AUTHORIZATION, Zeroizing::new(format!("Basic {}", *coded)))
            }
            Credential::Header { name, secret } => {
                let (secret_name, secret) = (secret, self.secrets.reveal(secret).await?);
                redactor.hide(secret_name, secret.expose(), secret.expose());
                (header_name(name)?, Zeroizing::new(secret.expose().to_owned()))
            }
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            HostError::invalid("bad-secret", "the secret has characters that no header may have")
        })?;
        value.set_sensitive(true);
        Ok((name, value))
    }

    fn authorise(&self, plugin: &str, uri: &Uri) -> Result<Target, HostError> {
        let mut target = Target::of(uri)
            .map_err(|why| HostError::invalid("bad-url", format!("the URL is unusable: {why}")))?;
        target.inside = self.inside;
        if self.hosts.allows(plugin, &target) {
            return Ok(target);
        }
        let usual = target.port == if target.secure { 443 } else { 80 };
        let host = match target.address {
            Some(std::net::IpAddr::V6(address)) => format!("[{address}]"),
            _ => target.host.clone(),
        };
        let scheme = if target.secure { "" } else { "http://" };
        let port = if usual { String::new() } else { format!(":{}", target.port) };
        Err(HostError::denied(
            "host-not-granted",
            format!(
                "plugin `{plugin}` may not call this host; to allow it, add \"{scheme}{host}{port}\" to \
                 `plugins.{plugin}.http` in dialgraph.yaml"
            ),
        ))
    }

    async fn follow(
        &self,
        caller: &Caller,
        prepared: &mut Prepared,
    ) -> Result<Response, HostError> {
        let mut redirects = 0;
        loop {
            let target = self.authorise(&caller.plugin, &prepared.uri)?;
            let response = exchange::exchange(&self.tls, &target, prepared).await?;
            let next = exchange::redirect(prepared, &target, &response);
            match next {
                Some(uri) if redirects < MAX_REDIRECTS => {
                    redirects += 1;
                    prepared.uri = uri;
                }
                _ => return redacted(&prepared.redactor, response),
            }
        }
    }
}

#[async_trait]
impl Http for HttpClient {
    async fn send(&self, caller: &Caller, request: &Request) -> Result<Response, HostError> {
        let mut prepared = self.prepare(caller, request).await?;
        // Denied before anything is resolved or connected.
        self.authorise(&caller.plugin, &prepared.uri)?;
        let limit = Duration::from_millis(u64::from(request.timeout_ms));
        match tokio::time::timeout(limit, self.follow(caller, &mut prepared)).await {
            Ok(result) => result.map_err(|error| prepared.redactor.error(error)),
            Err(_) => Err(HostError::unavailable(
                "timeout",
                format!("no answer within {} ms", request.timeout_ms),
            )),
        }
    }
}

/// The response without the secrets of its request.
fn redacted(redactor: &Redactor, mut response: Response) -> Result<Response, HostError> {
    if redactor.is_idle() {
        return Ok(response);
    }
    let encoded = |(name, value): &(String, String)| {
        name == "content-encoding" && !value.trim().eq_ignore_ascii_case("identity")
    };
    if response.headers.iter().any(encoded) {
        return Err(unusable(
            "compressed-response",
            "the host compressed its answer although the request forbade it; answers to requests \
            with a secret must be readable, so that the engine can remove the secret from them",
        ));
    }
    for (name, value) in &mut response.headers {
        *name = redactor.text(std::mem::take(name));
        *value = redactor.text(std::mem::take(value));
    }
    let bytes = match &response.body {
        Body::Text(text) => redactor.bytes(text.as_bytes()),
        Body::Bytes { base64 } => {
            let bytes =
                STANDARD.decode(base64).map_err(|error| unusable("bad-body", error.to_string()))?;
            redactor.bytes(&bytes)
        }
        Body::None => None,
    };
    if let Some(bytes) = bytes {
        let length = response.headers.iter_mut().find(|(name, _)| name == "content-length");
        if let Some((_, value)) = length {
            *value = bytes.len().to_string();
        }
        response.body = body_from(bytes);
    }
    Ok(response)
}

/// A text where it is one.
fn body_from(bytes: Vec<u8>) -> Body {
    match String::from_utf8(bytes) {
        Ok(text) if text.is_empty() => Body::None,
        Ok(text) => Body::Text(text),
        Err(other) => Body::Bytes { base64: STANDARD.encode(other.as_bytes()) },
    }
}

fn body_of(request: &Request, most: usize) -> Result<Bytes, HostError> {
    let body = match &request.body {
        None | Some(Body::None) => Bytes::new(),
        Some(Body::Text(text)) => Bytes::from(text.clone()),
        Some(Body::Bytes { base64 }) => STANDARD
            .decode(base64)
            .map(Bytes::from)
            .map_err(|_| HostError::invalid("bad-body", "the body is no base64"))?,
    };
    if body.len() > most {
        let message = format!("the body has {} bytes; the limit is {most}", body.len());
        return Err(HostError::invalid("too-large", message));
    }
    Ok(body)
}

fn header_name(name: &str) -> Result<HeaderName, HostError> {
    let bad = |why: &str| {
        HostError::invalid("bad-header", format!("header `{}` {why}", name.escape_debug()))
    };
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("has no valid name"))?;
    if RESERVED.contains(&name) || name.as_str().starts_with("proxy-") {
        return Err(bad("is set by the engine; leave it out"));
    }
    Ok(name)
}

fn headers_of(request: &Request) -> Result<HeaderMap, HostError> {
    let bytes: usize = request.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if request.headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        let count = request.headers.len();
        return Err(HostError::invalid(
            "too-large",
            format!(
                "{count} headers of {bytes} bytes; the limits are {MAX_HEADERS} and {MAX_HEADER_BYTES}"
            ),
        ));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let name = header_name(name)?;
        let value = HeaderValue::from_str(value).map_err(|_| {
            HostError::invalid(
                "bad-header",
                format!("header `{name}` has characters that it may not have"),
            )
        })?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// An error that is neither the plugin's fault nor likely to pass.
fn unusable(code: &str, message: impl Into<String>) -> HostError {
    HostError::new(HostErrorKind::Other, code, message)
}

#[cfg(test)]
mod tests;
