//! Where the server listens, and when it gives up on a client.

use std::net::SocketAddr;
use std::time::Duration;

use crate::Config;
use crate::setting::ByteSize;

section! {
    /// Where the server listens, and what it puts up with.
    pub struct ServerSection {
        /// Address and port. With an address that other machines can reach, `connect.keys` and
        /// `api.tokens` must be set, or the guards be turned off knowingly.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 7700));

        /// Where others reach the server, such as `https://desk.example.com`: the addresses at
        /// which calls are told what happens outside begin with it. Empty: what `listen` says.
        url: Option<String> = None;

        /// Connections at the same time; more wait to be accepted.
        connections: u32 = 4096, at_least(1);

        /// Connections of one client at the same time; further ones are closed. A client is an
        /// address, or a /64 network of IPv6; a proxy before the server is one client. 0: as many
        /// as there may be of all.
        connections_per_peer: u32 = 1024;

        /// Largest body of a request.
        max_body: ByteSize = ByteSize(256 << 10),
            at_least(ByteSize(4 << 10), "an event of Connect has about that");

        /// A client that has not sent the head of its request by then is cut off.
        header_timeout: Duration = Duration::from_secs(10), more_than_zero;

        /// A client that takes less than 16 KiB of what it is sent within this, though more is
        /// there for it, is cut off.
        write_timeout: Duration = Duration::from_secs(10), more_than_zero;

        /// A request is answered within this, or with 503.
        request_timeout: Duration = Duration::from_secs(30), more_than_zero;

        /// After SIGTERM: how long to go on serving, while `/readyz` says no, so that load
        /// balancers notice.
        drain_delay: Duration = Duration::ZERO;

        /// After that no connection is taken and no new turn begins; turns under way have so long
        /// to end.
        drain_timeout: Duration = Duration::from_secs(20);
    }
}

impl Config {
    /// Where others reach the server, without a `/` at its end.
    pub fn url(&self) -> String {
        let listen = || {
            let scheme = if self.tls.certificate.is_some() { "https" } else { "http" };
            format!("{scheme}://{}", self.server.listen)
        };
        let url = self.server.url.clone().unwrap_or_else(listen);
        url.trim_end_matches('/').to_owned()
    }

    /// What is wrong with `server.url`.
    pub(crate) fn wrong_with_url(&self) -> Option<&'static str> {
        let url = self.server.url.as_deref()?;
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let good = rest.is_some_and(|rest| {
            let host = rest.split('/').next().unwrap_or_default();
            !host.is_empty()
                && !host.contains('@')
                && rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\"<>\\".contains(&byte))
        });
        (!good).then_some(
            "must be an address without user, query and fragment, such as \"https://desk.example.com\"",
        )
    }

    /// Whether other machines can reach the server.
    pub fn is_exposed(&self) -> bool {
        !self.server.listen.ip().is_loopback()
    }
}
