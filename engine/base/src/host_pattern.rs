//! Which hosts a plugin may call.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A pattern from a plugin's `http:` grants.
///
/// `api.example.com` is that host by HTTPS on port 443; `*.example.com` is every host below it, at
/// any depth, but not `example.com` itself; `http://127.0.0.1:8080` writes out scheme and port.
/// Only a pattern that names an address itself opens a private, loopback or link-local one.
///
/// ```
/// use dialgraph_base::HostPattern;
///
/// let granted: HostPattern = "*.example.com".parse()?;
/// assert!(granted.covers(&HostPattern::of_url("https://api.example.com/v2?q=1")?));
/// assert!(!granted.covers(&HostPattern::of_url("https://example.com")?));
/// # Ok::<(), dialgraph_base::PatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    secure: bool,
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    Name(String),
    Below(String),
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no host pattern: {why}; write `api.example.com`, `*.example.com` or `http://127.0.0.1:8080`"
)]
pub struct PatternError {
    text: String,
    why: &'static str,
}

impl FromStr for HostPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let wrong = |why| PatternError { text: text.to_owned(), why };
        let (secure, rest) = match text.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            Some(_) => return Err(wrong("the scheme is neither https nor http")),
            None => (true, text),
        };
        if rest.contains(['/', '?', '#', '@']) {
            return Err(wrong("it has more than a scheme, a host and a port"));
        }
        let split = match rest.rsplit_once(':') {
            // The last colon of `[::1]` belongs to the address.
            Some((host, port)) if !port.ends_with(']') => Some((host, port)),
            _ => None,
        };
        let (host, port) = match split {
            Some((host, port)) => (
                host,
                port.parse()
                    .ok()
                    .filter(|port| *port > 0)
                    .ok_or_else(|| wrong("the port is no number"))?,
            ),
            None => (rest, if secure { 443 } else { 80 }),
        };
        let host = host.to_ascii_lowercase();
        let host = match host.strip_prefix("*.") {
            Some(domain) if domain.contains('.') && is_host_name(domain) => {
                Host::Below(domain.to_owned())
            }
            Some(_) => return Err(wrong("`*.` needs a domain of two names or more behind it")),
            None => match host_address(&host) {
                Some(address) => Host::Address(address),
                None if is_host_name(&host) => Host::Name(host),
                None => return Err(wrong("the host is neither a name nor an address")),
            },
        };
        Ok(Self { secure, host, port })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(address) => write!(f, "{address}"),
            Self::Name(name) => f.write_str(name),
            Self::Below(domain) => write!(f, "*.{domain}"),
        }
    }
}

impl HostPattern {
    /// Reads a host, or the URL of something on it.
    ///
    /// # Errors
    /// When scheme, host or port cannot be those of a pattern.
    pub fn of_url(url: &str) -> Result<Self, PatternError> {
        let behind = url.find("://").map_or(0, |at| at + 3);
        let end = url[behind..].find(['/', '?', '#']).map_or(url.len(), |at| behind + at);
        url[..end].parse()
    }

    /// The host, without scheme and port.
    pub fn host(&self) -> String {
        self.host.to_string()
    }

    /// Whether it allows all that `other` allows.
    pub fn covers(&self, other: &Self) -> bool {
        let host = match (&self.host, &other.host) {
            (Host::Below(domain), Host::Name(name)) => is_below(domain, name),
            (Host::Below(domain), Host::Below(other)) => domain == other || is_below(domain, other),
            (one, other) => one == other,
        };
        host && self.secure == other.secure && self.port == other.port
    }

    /// Whether a request may go there. `host` is in lower case and without brackets, `address` is
    /// there when the host is one.
    pub fn allows(&self, secure: bool, host: &str, address: Option<IpAddr>, port: u16) -> bool {
        let right_host = match &self.host {
            Host::Address(allowed) => address == Some(*allowed),
            Host::Name(name) => address.is_none() && host == name,
            Host::Below(domain) => address.is_none() && is_below(domain, host),
        };
        right_host && self.secure == secure && self.port == port
    }
}

fn is_below(domain: &str, name: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|head| head.len() > 1 && head.ends_with('.'))
}

/// Whether it is a name that a host can have: labels of letters, digits, `-` and `_`.
pub fn is_host_name(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    !host.is_empty() && host.len() <= 253 && host.split('.').all(label)
}

/// The address that stands in the place of a name, in brackets or not.
pub fn host_address(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_covered_by_the_grant_of_its_host() {
        let covers = |grant: &str, url: &str| {
            grant.parse::<HostPattern>().unwrap().covers(&HostPattern::of_url(url).unwrap())
        };
        assert!(covers("desk.zendesk.com", "https://desk.zendesk.com/api/v2?x=1"));
        assert!(covers("*.zendesk.com", "https://Desk.Zendesk.com"));
        assert!(covers("http://127.0.0.1:8080", "http://127.0.0.1:8080/tickets"));
        assert!(covers("http://[::1]", "http://[::1]/tickets"));
        assert!(!covers("*.zendesk.com", "https://zendesk.com"));
        assert!(!covers("*.zendesk.com", "https://notzendesk.com"));
        assert!(!covers("desk.zendesk.com", "http://desk.zendesk.com"));
        assert!(!covers("desk.zendesk.com", "https://desk.zendesk.com:8443"));
        assert!(!covers("desk.zendesk.com", "https://desk.zendesk.com.evil.example"));
    }

    #[test]
    fn a_pattern_covers_what_allows_no_more_than_itself() {
        let covers = |wide: &str, narrow: &str| {
            let wide: HostPattern = wide.parse().unwrap();
            wide.covers(&narrow.parse().unwrap())
        };
        assert!(covers("*.example.com", "api.example.com"));
        assert!(covers("*.example.com", "*.eu.example.com"));
        assert!(covers("*.example.com", "https://*.example.com:443"));
        assert!(covers("http://127.0.0.1:80", "http://127.0.0.1"));
        assert!(!covers("api.example.com", "*.example.com"));
        assert!(!covers("*.example.com", "example.com"));
        assert!(!covers("*.example.com", "*.com.example.org"));
        assert!(!covers("*.example.com", "api.example.com:8443"));
        assert!(!covers("api.example.com", "http://api.example.com"));
    }

    #[test]
    fn a_bad_pattern_says_why() {
        let why = |text: &str| text.parse::<HostPattern>().unwrap_err().to_string();
        insta::assert_snapshot!(why("*.com"), @"`*.com` is no host pattern: `*.` needs a domain of two names or more behind it; write `api.example.com`, `*.example.com` or `http://127.0.0.1:8080`");
        insta::assert_snapshot!(why("https://api.example.com/path"), @"`https://api.example.com/path` is no host pattern: it has more than a scheme, a host and a port; write `api.example.com`, `*.example.com` or `http://127.0.0.1:8080`");
        insta::assert_snapshot!(why("ftp://x.example.com"), @"`ftp://x.example.com` is no host pattern: the scheme is neither https nor http; write `api.example.com`, `*.example.com` or `http://127.0.0.1:8080`");
        insta::assert_snapshot!(why("a b"), @"`a b` is no host pattern: the host is neither a name nor an address; write `api.example.com`, `*.example.com` or `http://127.0.0.1:8080`");
        insta::assert_snapshot!(why("x.example.com:http"), @"`x.example.com:http` is no host pattern: the port is no number; write `api.example.com`, `*.example.com` or `http://127.0.0.1:8080`");
    }
}
