//! Which hosts a plugin may call, and which addresses nobody may be sent to unawares.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use hyper::Uri;

/// A pattern from a plugin's `http:` grants.
///
/// `api.example.com` is that host by HTTPS on port 443; `*.example.com` is every host below it, at any depth, but
/// not `example.com` itself; `http://127.0.0.1:8080` writes out scheme and port. Only a pattern that names an
/// address itself opens a private, loopback or link-local one.
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
            Some(domain) if domain.contains('.') && is_name(domain) => {
                Host::Below(domain.to_owned())
            }
            Some(_) => return Err(wrong("`*.` needs a domain of two names or more behind it")),
            None => match address(&host) {
                Some(address) => Host::Address(address),
                None if is_name(&host) => Host::Name(host),
                None => return Err(wrong("the host is neither a name nor an address")),
            },
        };
        Ok(Self { secure, host, port })
    }
}

fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    !host.is_empty() && host.len() <= 253 && host.split('.').all(label)
}

fn address(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) secure: bool,
    /// Lower case; without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Set when the host is an address.
    pub(super) address: Option<IpAddr>,
}

impl Target {
    /// The target of an absolute URL, or what is wrong with it.
    pub(super) fn of(uri: &Uri) -> Result<Self, &'static str> {
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("it must begin with https:// or http://"),
        };
        let authority = uri.authority().ok_or("it has no host")?;
        if authority.as_str().contains('@') {
            return Err("it must not carry a user or password; use a credential");
        }
        let host = authority.host().to_ascii_lowercase();
        let address = address(&host);
        // `2130706433` and `0x7f.1` are ways to write 127.0.0.1 that some resolvers know.
        let numeric = host
            .rsplit('.')
            .next()
            .is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
        if address.is_none() && (numeric || !is_name(&host)) {
            return Err("the host is neither a name nor an address in the usual form");
        }
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let host = host.trim_matches(['[', ']']).to_owned();
        Ok(Self { secure, host, port, address })
    }
}

impl HostPattern {
    /// Whether it allows all that `other` allows.
    pub fn covers(&self, other: &Self) -> bool {
        let below = |domain: &str, name: &str| {
            name.strip_suffix(domain).is_some_and(|head| head.len() > 1 && head.ends_with('.'))
        };
        let host = match (&self.host, &other.host) {
            (Host::Below(domain), Host::Name(name)) => below(domain, name),
            (Host::Below(domain), Host::Below(other)) => domain == other || below(domain, other),
            (one, other) => one == other,
        };
        host && self.secure == other.secure && self.port == other.port
    }

    pub(super) fn allows(&self, target: &Target) -> bool {
        let host = match &self.host {
            Host::Address(address) => target.address == Some(*address),
            Host::Name(name) => target.address.is_none() && target.host == *name,
            Host::Below(domain) => {
                target.address.is_none()
                    && target
                        .host
                        .strip_suffix(domain)
                        .is_some_and(|head| head.len() > 1 && head.ends_with('.'))
            }
        };
        host && self.secure == target.secure && self.port == target.port
    }
}

/// Plugin to the hosts that it may call. Cheap to clone; clones share one table, so that a new release of the
/// flows can change it under a running client.
#[derive(Debug, Clone, Default)]
pub struct AllowedHosts(Arc<RwLock<Arc<HostTable>>>);

/// Plugin to its patterns.
pub type HostTable = BTreeMap<String, Vec<HostPattern>>;

impl AllowedHosts {
    /// A table with these patterns.
    pub fn new(hosts: HostTable) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(hosts))))
    }

    /// Takes the place of the table from the next request on.
    pub fn replace(&self, hosts: HostTable) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(hosts);
    }

    pub(super) fn allows(&self, plugin: &str, target: &Target) -> bool {
        let table = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        table.get(plugin).is_some_and(|patterns| patterns.iter().any(|p| p.allows(target)))
    }
}

/// True for addresses of the public internet. A name of a public service that resolves to anything else is a
/// mistake or an attack on what listens inside the operator's network.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        // Carrier-grade NAT, protocol assignments, benchmarks.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let segments = address.segments();
    // 64:ff9b::/96 and 2002::/16 carry an IPv4 address that the gateway would call.
    if segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        let [a, b] = segments[6].to_be_bytes();
        let [c, d] = segments[7].to_be_bytes();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    if segments[0] == 0x2002 {
        let [a, b] = segments[1].to_be_bytes();
        let [c, d] = segments[2].to_be_bytes();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    // Global unicast is 2000::/3; of it, 2001:db8::/32 is for documentation and 2001::/23 for protocols.
    (segments[0] & 0xe000) == 0x2000
        && !(segments[0] == 0x2001 && segments[1] == 0xdb8)
        && !(segments[0] == 0x2001 && segments[1] < 0x200)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(pattern: &str, url: &str) -> bool {
        let pattern: HostPattern = pattern.parse().unwrap();
        Target::of(&url.parse().unwrap()).is_ok_and(|target| pattern.allows(&target))
    }

    #[test]
    fn patterns_match_scheme_host_and_port() {
        assert!(allows("api.example.com", "https://api.example.com/x"));
        assert!(allows("API.example.com", "https://Api.Example.com:443/x"));
        assert!(!allows("api.example.com", "http://api.example.com/x"));
        assert!(!allows("api.example.com", "https://api.example.com:8443/x"));
        assert!(allows("*.example.com", "https://a.b.example.com"));
        assert!(!allows("*.example.com", "https://example.com"));
        assert!(!allows("*.example.com", "https://badexample.com"));
        assert!(allows("http://127.0.0.1:8080", "http://127.0.0.1:8080/"));
        assert!(!allows("http://127.0.0.1:8080", "http://localhost:8080/"));
        assert!(allows("http://[::1]:8080", "http://[::1]:8080/"));
        assert!(allows("https://[2606:4700::1]", "https://[2606:4700::1]/"));
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
    fn urls_that_hide_where_they_go_are_no_target() {
        for url in [
            "https://user@api.example.com/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://127.1/",
            "ftp://api.example.com/",
            "/relative",
        ] {
            let target = Target::of(&url.parse().unwrap());
            assert!(target.is_err(), "{url}: {target:?}");
        }
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

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::",
            "::1",
            "fe80::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }
}
