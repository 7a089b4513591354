//! Spans to an OpenTelemetry collector: OTLP over HTTP, in protobuf, in batches.
//!
//! Spans of turns, nodes and plugin runs are sent, and no events: what a log line says is for the
//! log. At most 2048 spans wait to be sent, 512 go at once, after 5 s at the latest; what comes
//! faster is dropped, and a turn never waits for a collector. The OTEL_BSP_* variables change these
//! bounds, OTEL_TRACES_SAMPLER* which traces are kept, OTEL_EXPORTER_OTLP_HEADERS what a collector
//! wants to see of us.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::{Layer as _, Registry};

use dialgraph_config::Config;

use super::TelemetryError;
use super::endpoint::Endpoint;
use super::logs::BoxedLayer;

/// How long the last spans may take to leave.
const FLUSH: Duration = Duration::from_secs(5);
/// How long one batch may take, if OTEL_EXPORTER_OTLP_TIMEOUT does not say otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends spans for as long as it lives.
#[derive(Debug)]
pub(super) struct Exporter {
    provider: SdkTracerProvider,
}

impl Exporter {
    pub(super) fn start(config: &Config, to: &Endpoint) -> Result<Self, TelemetryError> {
        let wrong = |message: String| TelemetryError::Endpoint { from: to.from, message };
        let uri: Uri =
            to.url.parse().map_err(|error| wrong(format!("`{}` is no URL: {error}", to.url)))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            let example = "write one such as \"http://127.0.0.1:4318\"";
            return Err(wrong(format!("`{}` is no http or https URL; {example}", to.url)));
        }
        let timeout = std::env::var("OTEL_EXPORTER_OTLP_TIMEOUT")
            .ok()
            .and_then(|ms| ms.parse().ok())
            .map_or(TIMEOUT, Duration::from_millis);
        let connector = connector(config).map_err(|message| TelemetryError::Endpoint {
            from: "providers.extra_roots",
            message,
        })?;
        let client = OnRuntime {
            runtime: Handle::current(),
            client: Client::builder(TokioExecutor::new()).build(connector),
            timeout,
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(&to.url)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(timeout)
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource(config))
            .build();
        Ok(Self { provider })
    }

    /// Ours only, whatever the log's level.
    pub(super) fn layer(&self) -> BoxedLayer {
        let ours = filter_fn(|metadata| {
            metadata.is_span()
                && *metadata.level() <= Level::DEBUG
                && metadata.target().starts_with("dialgraph")
        });
        tracing_opentelemetry::layer::<Registry>()
            .with_tracer(self.provider.tracer("dialgraph"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_filter(ours)
            .boxed()
    }

    pub(super) async fn flush(self) {
        // It waits for the thread that sends, which waits for this runtime.
        let ended =
            tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(FLUSH)).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "the last spans could not be exported");
        }
    }
}

/// Who sends: the configured name, or what the standard's variables say, or `dialgraph`.
fn resource(config: &Config) -> Resource {
    let named = |name: &str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let in_attributes = std::env::var("OTEL_RESOURCE_ATTRIBUTES")
        .is_ok_and(|attributes| attributes.contains("service.name="));
    let builder = Resource::builder()
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    match &config.otlp.service_name {
        Some(name) => builder.with_service_name(name.clone()),
        None if named("OTEL_SERVICE_NAME") || in_attributes => builder,
        None => builder.with_service_name("dialgraph"),
    }
    .build()
}

/// HTTP and HTTPS, trusting what providers' requests trust.
fn connector(config: &Config) -> Result<HttpsConnector<HttpConnector>, String> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = &config.providers.extra_roots {
        let failed =
            |error: &dyn std::fmt::Display| format!("{} cannot be used: {error}", path.display());
        let text = dialgraph_files::read(path, dialgraph_files::MAX_SETTINGS);
        let text = text.map_err(|error| failed(&error))?;
        let certificates = CertificateDer::pem_slice_iter(&text)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| failed(&error))?;
        roots.add_parsable_certificates(certificates);
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build())
}

/// Largest answer of a collector that is read.
const MAX_ANSWER: usize = 64 << 10;

type Connection = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A client whose requests are made on the server's runtime: the thread that sends batches has
/// none.
#[derive(Debug)]
struct OnRuntime {
    runtime: Handle,
    client: Connection,
    timeout: Duration,
}

#[async_trait::async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, timeout) = (self.client.clone(), self.timeout);
        let exchange = async move {
            let (head, body) = client.request(request.map(Full::new)).await?.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await?.to_bytes();
            Ok(Response::from_parts(head, body))
        };
        // A timer, too, can be made on the runtime only.
        self.runtime.spawn(async move { tokio::time::timeout(timeout, exchange).await }).await??
    }
}

/// What the W3C's headers say; of nothing, an empty context.
pub(super) fn context(headers: &HeaderMap) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers))
}
