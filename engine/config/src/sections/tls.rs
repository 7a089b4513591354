//! Certificate and key of the server's own connections.

use std::path::PathBuf;

section! {
    /// Encryption of the server's own connections.
    pub struct TlsSection {
        /// PEM file with the certificate and its chain; empty: plain HTTP.
        certificate: Option<PathBuf> = None;

        /// PEM file with the certificate's private key.
        key: Option<PathBuf> = None;
    }
}
