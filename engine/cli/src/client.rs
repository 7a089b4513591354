//! A client for a running `dialgraph serve`.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

use dialgraph_visible::line;

use crate::args::ServerArgs;

/// Largest answer, in bytes.
const MAX_ANSWER: usize = 64 << 20;

/// An answer as the server gave it: printed whole, so that nothing of a newer server is lost, and
/// read as far as this version of the command knows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Answer<T> {
    raw: Value,
    #[serde(skip)]
    of: PhantomData<T>,
}

impl<T: DeserializeOwned> Answer<T> {
    /// A text in it, for which nothing else need be known.
    pub(crate) fn text(&self, field: &str) -> Result<&str> {
        self.raw[field].as_str().context(NOT_KNOWN)
    }

    /// What this version knows of it.
    pub(crate) fn known(&self) -> Result<T> {
        T::deserialize(&self.raw).context(NOT_KNOWN)
    }
}

/// What is said of an answer that a much newer server gives.
pub(crate) const NOT_KNOWN: &str =
    "this version of the command does not understand the server's answer";

/// Asks one server, over a new connection each time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client<'a> {
    args: &'a ServerArgs,
}

/// The server, as its address was read.
struct Server {
    uri: Uri,
    tls: Option<TlsConnector>,
}

/// A connection of either kind.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Reply {
    /// The body as an answer of the API.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let words = match error.is_data() {
                true => NOT_KNOWN,
                false => "the server's answer is not JSON",
            };
            anyhow::Error::from(error).context(words)
        })
    }

    /// The same; anything but success is an error with the server's words.
    pub(crate) fn good<T: DeserializeOwned>(&self) -> Result<T> {
        if !self.is_good() {
            bail!(self.complaint());
        }
        self.read()
    }

    pub(crate) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What the server complains of, in words.
    pub(crate) fn complaint(&self) -> String {
        // What stands between may complain in its own way, so that this is no `Problem`.
        let told = self.read::<Value>().ok();
        match told.as_ref().and_then(|told| told["detail"].as_str()) {
            Some(detail) => format!("the server answers {}: {}", self.status, line(detail)),
            None => format!("the server answers {}", self.status),
        }
    }
}

impl<'a> Client<'a> {
    pub(crate) fn new(args: &'a ServerArgs) -> Self {
        Self { args }
    }

    /// That there can be such a server: its address is one, and its certificate can be checked.
    pub(crate) fn is_possible(&self) -> Result<()> {
        Server::of(self.args).map(drop)
    }

    /// What is at `path`; anything but success is an error with the server's words.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.ask(Method::GET, path)?.good()
    }

    /// Sends a request without a body and gives whatever comes back.
    pub(crate) fn ask(&self, method: Method, path: &str) -> Result<Reply> {
        self.exchange(method, path, &[], None)
    }

    /// Posts a request and gives whatever comes back.
    pub(crate) fn post(&self, path: &str, body: &impl Serialize) -> Result<Reply> {
        self.exchange(Method::POST, path, &[], Some(serde_json::to_vec(body)?.into()))
    }

    /// Sends a request on a condition and gives whatever comes back.
    pub(crate) fn ask_if(
        &self,
        method: Method,
        path: &str,
        condition: Option<(HeaderName, String)>,
        body: Option<&Value>,
    ) -> Result<Reply> {
        let body = body.map(serde_json::to_vec).transpose()?.map(Bytes::from);
        let condition = match condition {
            Some((name, value)) => vec![(name, HeaderValue::try_from(value)?)],
            None => Vec::new(),
        };
        self.exchange(method, path, &condition, body)
    }

    fn exchange(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, HeaderValue)],
        body: Option<Bytes>,
    ) -> Result<Reply> {
        let server = Server::of(self.args)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start threads on this machine")?;
        let asked = async {
            // A change is waited for longer than the server itself waits for it
            // (`deploy.change_timeout`).
            let usual = if method == Method::GET { 120 } else { 660 };
            let exchange = server.exchange(self.args.token.as_deref(), method, path, headers, body);
            let patience = Duration::from_secs(self.args.timeout.unwrap_or(usual));
            match tokio::time::timeout(patience, exchange).await {
                Ok(reply) => reply,
                Err(_) => bail!("no answer within {} s (--timeout)", patience.as_secs()),
            }
        };
        let name = server.uri.authority().map_or("", |authority| authority.as_str());
        runtime.block_on(asked).with_context(|| format!("cannot ask {name}"))
    }
}

impl Server {
    fn of(args: &ServerArgs) -> Result<Self> {
        let named = || format!("--server: `{}` is not the address of a server", args.server);
        let uri: Uri = args.server.parse().with_context(named)?;
        if uri.host().is_none() {
            bail!("{}; write for example http://127.0.0.1:7700", named());
        }
        if uri.query().is_some() {
            bail!("{}: leave out `?` and what follows it; requests add their own queries", named());
        }
        let tls = match uri.scheme_str() {
            Some("http") => None,
            Some("https") => Some(tls(args)?),
            _ => bail!("{}; it must begin with http:// or https://", named()),
        };
        Ok(Self { uri, tls })
    }

    async fn exchange(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        headers: &[(HeaderName, HeaderValue)],
        body: Option<Bytes>,
    ) -> Result<Reply> {
        let host = self.uri.host().unwrap_or_default();
        let port = self.uri.port_u16().unwrap_or(if self.tls.is_some() { 443 } else { 80 });
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let stream = TcpStream::connect((bare.as_str(), port))
            .await
            .context("no server answers there; is `dialgraph serve` running?")?;
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(stream),
            Some(tls) => {
                let name = ServerName::try_from(bare).context("no name of a server")?;
                Box::new(tls.connect(name, stream).await.context("no secure connection")?)
            }
        };
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driven = tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.uri.path().trim_end_matches('/')))
            .header(header::HOST, self.uri.authority().map_or(host, |to| to.as_str()));
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let body = body.unwrap_or_default();
        if let Some(token) = token {
            let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
                .ok()
                .context("the token contains characters that a token cannot have")?;
            bearer.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, bearer);
        }
        let response = sender.send_request(request.body(Full::new(body))?).await?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        driven.abort();
        match body {
            Ok(body) => Ok(Reply { status, body: body.to_bytes() }),
            Err(error) => bail!("the answer broke off: {error}"),
        }
    }
}

fn tls(args: &ServerArgs) -> Result<TlsConnector> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(file) = &args.ca {
        let read = || format!("--ca: {} cannot be used", file.display());
        let text = dialgraph_files::read(file, dialgraph_files::MAX_SETTINGS).with_context(read)?;
        for certificate in CertificateDer::pem_slice_iter(&text) {
            roots.add(certificate.with_context(read)?).with_context(read)?;
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A path with a query of the API behind it.
pub(crate) fn with_query(path: &str, query: &impl Serialize) -> Result<String> {
    let query = serde_json::to_value(query)?;
    let mut out = path.to_owned();
    for (name, value) in query.as_object().into_iter().flatten() {
        let text = match value {
            Value::Null => continue,
            Value::String(text) => escaped(text),
            other => escaped(&other.to_string()),
        };
        out.push(if out.len() == path.len() { '?' } else { '&' });
        out.push_str(&format!("{name}={text}"));
    }
    Ok(out)
}

/// A name as part of a path: what means something in a URL is written so that it does not.
pub(crate) fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:~".contains(&byte);
    let mut out = String::new();
    for byte in name.bytes() {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
