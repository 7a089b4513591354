//! A client for a running `dialgraph serve`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::args::ServerArgs;

/// Largest answer, in bytes.
const MAX_ANSWER: usize = 64 << 20;

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
    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).context("the server's answer is no JSON")
    }

    /// What the server complains of, in words.
    pub(crate) fn complaint(&self) -> String {
        let told = self.json().ok();
        match told.as_ref().and_then(|told| told["detail"].as_str()) {
            Some(detail) => format!("the server answers {}: {detail}", self.status),
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

    /// The JSON at `path`.
    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        self.good(Method::GET, path, None)
    }

    /// Sends a request; anything but success is an error with the server's words.
    pub(crate) fn good(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let reply = self.ask(method, path, body)?;
        if !(200..300).contains(&reply.status) {
            bail!(reply.complaint());
        }
        if reply.body.is_empty() { Ok(Value::Null) } else { reply.json() }
    }

    /// Sends a request and gives whatever comes back.
    pub(crate) fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Reply> {
        let server = Server::of(self.args)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("this machine gives no threads")?;
        let asked = async {
            let exchange = server.exchange(self.args.token.as_deref(), method, path, body);
            let patience = Duration::from_secs(self.args.timeout);
            match tokio::time::timeout(patience, exchange).await {
                Ok(reply) => reply,
                Err(_) => bail!("no answer within {} s", patience.as_secs()),
            }
        };
        let name = server.uri.authority().map_or("", |authority| authority.as_str());
        runtime.block_on(asked).with_context(|| format!("cannot ask {name}"))
    }
}

impl Server {
    fn of(args: &ServerArgs) -> Result<Self> {
        let named = || format!("--server: `{}` is no address of a server", args.server);
        let uri: Uri = args.server.parse().with_context(named)?;
        if uri.host().is_none() {
            bail!("{}; write such as http://127.0.0.1:7700", named());
        }
        let tls = match uri.scheme_str() {
            Some("http") => None,
            Some("https") => Some(tls(args)?),
            _ => bail!("{}; it begins with http:// or https://", named()),
        };
        Ok(Self { uri, tls })
    }

    async fn exchange(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply> {
        let host = self.uri.host().unwrap_or_default();
        let port = self.uri.port_u16().unwrap_or(if self.tls.is_some() { 443 } else { 80 });
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let stream = TcpStream::connect((bare.as_str(), port))
            .await
            .context("nobody answers there; is `dialgraph serve` running?")?;
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
        let body = match body {
            Some(body) => Bytes::from(serde_json::to_vec(body)?),
            None => Bytes::new(),
        };
        if let Some(token) = token {
            let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
                .ok()
                .context("the token holds characters that no token has")?;
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
        for certificate in CertificateDer::pem_file_iter(file).with_context(read)? {
            roots.add(certificate.with_context(read)?).with_context(read)?;
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
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
