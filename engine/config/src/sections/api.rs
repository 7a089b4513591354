//! Who may use the calls and admin APIs, and read the metrics.

use std::path::PathBuf;

use dialgraph_access::{ConfiguredToken, Role, TokenHash, Who};

use super::Guard;
use crate::Config;
use crate::credentials::lines;

section! {
    /// Who may use the calls and admin APIs.
    pub struct ApiSection {
        /// Whether the calls and admin APIs want a bearer token: "required", "off", or "auto":
        /// required if there are tokens or other machines can reach the server. Where none is
        /// wanted on a loopback address, requests of web pages and of proxies are refused.
        authentication: Guard = Guard::Auto;

        /// `NAME:ROLE:SHA256` each: who it is, `viewer`, `agent`, `designer` or `operator`, and the
        /// token's SHA-256 in hex.
        tokens: Vec<String> = Vec::new(), secret;

        /// File with such tokens, one a line; `#` begins a comment. A change of it holds within
        /// seconds, without a restart.
        tokens_file: Option<PathBuf> = None;

        /// Whether `/metrics` wants such a token, a viewer's or more: "required", "off", or "auto":
        /// required if other machines can reach the server and the calls API wants one. In
        /// Prometheus: `authorization: {credentials_file: …}`.
        metrics: Guard = Guard::Auto;
    }
}

impl ApiSection {
    /// Whether there are tokens, or a file for them.
    pub fn has_tokens(&self) -> bool {
        !self.tokens.is_empty() || self.tokens_file.is_some()
    }

    /// The tokens, and those of the file.
    ///
    /// # Errors
    /// Which one is wrong and how, without showing it.
    pub fn read_tokens(&self) -> Result<Vec<ConfiguredToken>, String> {
        let mut all = tokens_of(&self.tokens)?;
        if let Some(file) = &self.tokens_file {
            let of_file = tokens_of(&lines(file)?);
            all.extend(of_file.map_err(|why| format!("{}: {why}", file.display()))?);
        }
        Ok(all)
    }
}

/// Reads `NAME:ROLE:SHA256`.
///
/// # Errors
/// Which one is wrong and how, without showing it.
fn tokens_of(texts: &[String]) -> Result<Vec<ConfiguredToken>, String> {
    let token = |(index, text): (usize, &String)| {
        let wrong = |why: &str| format!("token {}: {why}; write NAME:ROLE:SHA256", index + 1);
        let mut parts = text.splitn(3, ':');
        let (Some(name), Some(role), Some(hash)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong("a part is missing"));
        };
        let role: Role = role.parse().map_err(|why: String| wrong(&why))?;
        let who = Who::holder(name, role).map_err(|why| wrong(&why))?;
        let hash = TokenHash::from_hex(hash).map_err(|why| wrong(&why))?;
        Ok(ConfiguredToken { who, hash })
    };
    texts.iter().enumerate().map(token).collect()
}

impl Config {
    /// Whether the calls API wants a token.
    pub fn must_authenticate(&self) -> bool {
        match self.api.authentication {
            Guard::Auto => self.api.has_tokens() || self.is_exposed(),
            Guard::Required => true,
            Guard::Off => false,
        }
    }

    /// Whether `/metrics` wants a token. On the machine itself a scraper needs none.
    pub fn must_authenticate_metrics(&self) -> bool {
        match self.api.metrics {
            Guard::Auto => self.is_exposed() && self.must_authenticate(),
            Guard::Required => true,
            Guard::Off => false,
        }
    }
}
