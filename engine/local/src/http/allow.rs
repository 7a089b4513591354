//! Which hosts a plugin may call, and which addresses nobody may be sent to unawares.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, PoisonError, RwLock};

use dialgraph_base::{HostPattern, host_address, is_host_name};
use hyper::Uri;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) secure: bool,
    /// Lower case; without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Set when the host is an address.
    pub(super) address: Option<IpAddr>,
    /// A name may stand for an address of a private network.
    pub(super) inside: bool,
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
        let address = host_address(&host);
        // `2130706433` and `0x7f.1` are ways to write 127.0.0.1 that some resolvers know.
        let numeric = host
            .rsplit('.')
            .next()
            .is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
        if address.is_none() && (numeric || !is_host_name(&host)) {
            return Err("the host is neither a name nor an address in the usual form");
        }
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let host = host.trim_matches(['[', ']']).to_owned();
        Ok(Self { secure, host, port, address, inside: false })
    }
}

/// Plugin to the hosts that it may call. Cheap to clone; clones share one table, so that a new
/// release of the flows can change it under a running client.
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
        table.get(plugin).is_some_and(|patterns| {
            let Target { secure, host, port, address, .. } = target;
            patterns.iter().any(|p| p.allows(*secure, host, *address, *port))
        })
    }
}

/// True for addresses of the public internet. A name of a public service that resolves to anything
/// else is a mistake or an attack on what listens inside the operator's network.
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
    // Global unicast is 2000::/3; of it, 2001:db8::/32 is for documentation and 2001::/23 for
    // protocols.
    (segments[0] & 0xe000) == 0x2000
        && !(segments[0] == 0x2001 && segments[1] == 0xdb8)
        && !(segments[0] == 0x2001 && segments[1] < 0x200)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(pattern: &str, url: &str) -> bool {
        let hosts = AllowedHosts::new(HostTable::from([(
            "plugin".to_owned(),
            vec![pattern.parse().unwrap()],
        )]));
        Target::of(&url.parse().unwrap()).is_ok_and(|target| hosts.allows("plugin", &target))
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
