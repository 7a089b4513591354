//! One request and its response over a connection of their own.

use std::net::SocketAddr;

use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::http::Response;
use futures::future::{Either, select};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::allow::{Target, is_public};
use super::{MAX_BODY_BYTES, Prepared, body_from, unusable};

/// What is read ahead of a response's body: status line and headers, in bytes.
const MAX_HEAD_BYTES: usize = 64 << 10;

pub(super) async fn exchange(
    tls: &TlsConnector,
    target: &Target,
    prepared: &Prepared,
) -> Result<Response, HostError> {
    let stream = connect(target).await?;
    if !target.secure {
        return over(TokioIo::new(stream), target, prepared).await;
    }
    let name = match target.address {
        Some(address) => ServerName::from(address),
        None => ServerName::try_from(target.host.clone()).map_err(|_| {
            HostError::invalid("bad-url", "the host is no name that a certificate can have")
        })?,
    };
    let stream = tls.connect(name, stream).await.map_err(|error| {
        HostError::unavailable("tls", format!("no secure connection to {}: {error}", target.host))
    })?;
    over(TokioIo::new(stream), target, prepared).await
}

/// Resolves once, keeps what may be called, and connects to the first that answers.
async fn connect(target: &Target) -> Result<TcpStream, HostError> {
    let unreachable = |why: String| {
        HostError::unavailable("no-connection", format!("cannot reach {}: {why}", target.host))
    };
    let addresses: Vec<SocketAddr> = match target.address {
        // The grant names this very address.
        Some(address) => vec![SocketAddr::new(address, target.port)],
        None => {
            let found = tokio::net::lookup_host((target.host.as_str(), target.port))
                .await
                .map_err(|error| unreachable(error.to_string()))?;
            let all: Vec<SocketAddr> = found.collect();
            let may = |address: &SocketAddr| target.inside || is_public(address.ip());
            let public: Vec<SocketAddr> = all.iter().copied().filter(may).collect();
            if public.is_empty() && !all.is_empty() {
                return Err(HostError::denied(
                    "address-not-allowed",
                    format!(
                        "{} resolves to an address inside a private or special network; if that is meant, \
                         grant the address itself, such as \"http://127.0.0.1:8080\"",
                        target.host
                    ),
                ));
            }
            public
        }
    };
    let mut failure = "the name has no address".to_owned();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error.to_string(),
        }
    }
    Err(unreachable(failure))
}

async fn over<S>(
    stream: TokioIo<S>,
    target: &Target,
    prepared: &Prepared,
) -> Result<Response, HostError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: &dyn std::fmt::Display| {
        HostError::unavailable("broken-connection", format!("{} broke off: {error}", target.host))
    };
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .handshake(stream)
        .await
        .map_err(|error| broken(&error))?;
    let request = request(prepared).map_err(|error| {
        HostError::invalid("bad-url", format!("the request cannot be made: {error}"))
    })?;
    let exchange = async move {
        let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
        let (head, body) = response.into_parts();
        let bytes = Limited::new(body, MAX_BODY_BYTES).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                let limit = format!("{} answered more than {MAX_BODY_BYTES} bytes", target.host);
                unusable("response-too-large", limit)
            } else {
                broken(&error)
            }
        })?;
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect();
        let body = body_from(bytes.to_bytes().to_vec());
        Ok(Response { status: head.status.as_u16(), headers, body })
    };
    // The connection is driven here and dropped with the request: nothing is left running when a
    // call gives up.
    match select(Box::pin(exchange), Box::pin(connection)).await {
        Either::Left((result, _)) => result,
        Either::Right((_, exchange)) => exchange.await,
    }
}

fn request(
    prepared: &Prepared,
) -> Result<hyper::Request<Full<bytes::Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    let path = prepared.uri.path_and_query().map_or("/", |path| path.as_str());
    // A request names a path, though a URL with a query need not.
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let mut request = hyper::Request::builder()
        .method(prepared.method.clone())
        .uri(path)
        .body(Full::new(prepared.body.clone()))?;
    *request.headers_mut() = prepared.headers.clone();
    let authority = prepared.uri.authority().map_or("", |authority| authority.as_str());
    request.headers_mut().insert(header::HOST, HeaderValue::from_str(authority)?);
    Ok(request)
}

/// Where to go on, if this response sends a GET or HEAD elsewhere on the same scheme, host and
/// port.
pub(super) fn redirect(prepared: &Prepared, target: &Target, response: &Response) -> Option<Uri> {
    let repeatable = matches!(prepared.method, Method::GET | Method::HEAD);
    if !repeatable || !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let (_, location) = response.headers.iter().find(|(name, _)| name == "location")?;
    let next = if location.starts_with('/') && !location.starts_with("//") {
        let mut parts = prepared.uri.clone().into_parts();
        parts.path_and_query = Some(location.split('#').next()?.parse().ok()?);
        Uri::from_parts(parts).ok()?
    } else {
        location.parse().ok()?
    };
    (Target::of(&next).ok()? == *target).then_some(next)
}
