//! Whom the Lambda believes to be the engine.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Why certificates cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    #[error(
        "the certificates are not in PEM ({0}); a file begins with `-----BEGIN CERTIFICATE-----`"
    )]
    Pem(String),
    #[error("there is no certificate in it; a file begins with `-----BEGIN CERTIFICATE-----`")]
    None,
    #[error("a certificate cannot be used as an authority: {0}")]
    Certificate(String),
    #[error("TLS cannot be set up: {0}")]
    Protocol(String),
}

/// Believes the authorities in `pem` and no others, or those that browsers believe.
///
/// # Errors
/// If `pem` holds no certificate that can be used.
pub fn config(pem: Option<&str>) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    match pem {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate = certificate.map_err(|error| TlsError::Pem(error.to_string()))?;
                roots.add(certificate).map_err(|error| TlsError::Certificate(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(TlsError::None);
            }
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Protocol(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
