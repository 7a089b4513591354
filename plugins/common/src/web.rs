//! Addresses of servers, and what their answers say of time.

use dialgraph_plugin::http::Response;

/// The host of an address such as `https://api.example.com` or `http://127.0.0.1:8080/`, without
/// its port; an address with a path, a query or a user is refused.
///
/// # Errors
/// What is wrong with it, to go on with after "`…` is no address: ".
///
/// ```
/// use plugin_common::web::host_of;
///
/// assert_eq!(host_of("https://api.example.com:8443"), Ok("api.example.com"));
/// assert!(host_of("https://api.example.com/v2").is_err());
/// ```
pub fn host_of(url: &str) -> Result<&str, &'static str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.ok_or("it begins with neither `https://` nor `http://`")?;
    let host = host.strip_suffix('/').unwrap_or(host);
    if host.contains('@') {
        return Err("it names a user, which is given apart");
    }
    if host.contains(['/', '?', '#', '\\']) {
        return Err("it has more than a host");
    }
    if host.is_empty() || host.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it has no host, or one with spaces in it");
    }
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !name.ends_with(':') && !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err("its port is no number up to 65535");
    }
    let labels = |name: &str| {
        name.len() <= 253
            && name.split('.').all(|label| {
                !label.is_empty()
                    && label.len() <= 63
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            })
    };
    let bracketed = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let good = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => labels(name),
    };
    if good { Ok(name) } else { Err("its host is no host's name") }
}

/// `Retry-After` in its form of seconds, as milliseconds; as a date it says nothing to a plugin,
/// whose clock stands still.
pub fn retry_after_ms(response: &Response) -> Option<u64> {
    response.header("retry-after")?.trim().parse::<u64>().ok()?.checked_mul(1_000)
}
