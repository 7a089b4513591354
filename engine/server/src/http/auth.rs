//! Who asks: signatures of the Lambda, bearer tokens of people and programs.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Version, header};
use futures::FutureExt as _;
use futures::future::BoxFuture;

use dialgraph_config::Config;
use dialgraph_connect::signature::{Request, Verifier};
use dialgraph_deploy::{ConfiguredTokens, Role, Tokens, Who};

use super::problem::Problem;
use crate::state::App;

/// Seconds before the server's start in which a request may have been signed that it accepts, so
/// that clocks need not agree. One from this time an earlier process may have heard: that it is
/// taken again does no harm, because the store keeps one answer for its turn token. All from before
/// are refused.
const SIGNED_BEFORE_START: u64 = 15;

/// Tells who holds a bearer token.
pub trait Authenticator: Send + Sync {
    /// None: nobody does, or no longer.
    ///
    /// # Errors
    /// Why it cannot be told now, for the log.
    fn who<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Option<Who>, String>>;
}

impl Authenticator for Tokens {
    fn who<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Option<Who>, String>> {
        async move { Tokens::who(self, token).await.map_err(|error| error.to_string()) }.boxed()
    }
}

/// The tokens of the configuration and no others.
impl Authenticator for ConfiguredTokens {
    fn who<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Option<Who>, String>> {
        std::future::ready(Ok(ConfiguredTokens::who(self, token))).boxed()
    }
}

/// Whoever asks over a connection that needs no proof.
fn somebody() -> Who {
    Who::new("local", Role::Operator)
}

/// A state of handlers in which the server's is.
pub(crate) trait HasApp: Send + Sync {
    fn app(&self) -> &App;
}

impl HasApp for Arc<App> {
    fn app(&self) -> &App {
        self
    }
}

/// Somebody with at least this role. As an argument of a handler it comes before the body, so that
/// of a stranger's request not a byte of that is read.
pub(crate) struct Viewer;
pub(crate) struct Agent(pub(crate) Who);
pub(crate) struct Designer(pub(crate) Who);
pub(crate) struct Operator(pub(crate) Who);

macro_rules! somebody_with {
    ($($role:ident: $make:expr),*) => {$(
        impl<S: HasApp> FromRequestParts<S> for $role {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
                require(state.app(), &parts.headers, Role::$role).await.map($make)
            }
        }
    )*};
}

somebody_with!(Viewer: |_| Viewer, Agent: Agent, Designer: Designer, Operator: Operator);

/// Who sent a request, if that is somebody with `needs` or more.
async fn require(app: &App, headers: &HeaderMap, needs: Role) -> Result<Who, Problem> {
    if app.config.must_authenticate() {
        require_token(app, headers, needs).await
    } else {
        Ok(somebody())
    }
}

/// The same, whoever else may ask without a token.
pub(super) async fn require_token(
    app: &App,
    headers: &HeaderMap,
    needs: Role,
) -> Result<Who, Problem> {
    let token =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
    let Some(token) = token else {
        return Err(unauthorized("send `authorization: Bearer TOKEN`"));
    };
    let who = app.authenticator.who(token).await.map_err(|error| Problem::internal(&error))?;
    let Some(who) = who else {
        return Err(unauthorized("this token is unknown or has been revoked"));
    };
    if who.role < needs {
        let detail = format!(
            "this needs the role {needs}; the token of {} has the role {}",
            who.name, who.role
        );
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }
    Ok(who)
}

/// The token in a value of `authorization`. Names of schemes are alike in upper and lower case (RFC
/// 9110, section 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Keeps out, where nobody has to prove anything, whoever is not on this machine: neither a page in
/// somebody's browser nor who is behind a proxy must be able to ask.
///
/// # Errors
/// What to set so that others may ask.
pub(super) fn admit(app: &App, route: Option<&str>, parts: &Parts) -> Result<(), Problem> {
    let config = &app.config;
    let (proven, key) = match route {
        Some(super::connect::PATH) => (config.must_sign(), "connect.keys"),
        Some(super::tickets::WEBHOOK) => (config.tickets.hears(), "tickets.incoming_secrets"),
        Some(super::tickets::ZENDESK) => {
            (config.tickets.hears_zendesk(), "tickets.zendesk_secrets")
        }
        Some(super::kakao::PATH) => (config.kakao.hears(), "kakao.secrets"),
        // The address is the proof: nobody can guess one, and a web page has none to lead to.
        Some(super::hooks::PATH) => (true, ""),
        Some(super::METRICS) => (config.must_authenticate_metrics(), "api.metrics"),
        // The others want a token, or are for everybody once some do.
        _ => (config.must_authenticate(), "api.tokens"),
    };
    if proven || config.is_exposed() || is_of_this_machine(parts) {
        return Ok(());
    }
    let detail = format!(
        "without credentials, the server answers only requests that a program on this machine \
        sends to a loopback address, and none from a web page or through a proxy; set `{key}` to \
        answer others"
    );
    Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail))
}

/// Whether a request is to this machine by its own name, and made on it: not by another site's
/// script, nor by one that found its way by a name that was made to point here, nor by anybody else
/// through a proxy. A proxy that speaks HTTP/1.1, keeps the loopback address as the host and adds
/// no header of its own cannot be told from a program of this machine.
fn is_of_this_machine(parts: &Parts) -> bool {
    let headers = &parts.headers;
    let passed_on = |name: &str| {
        matches!(
            name,
            "forwarded"
                | "via"
                | "x-real-ip"
                | "x-client-ip"
                | "x-cluster-client-ip"
                | "x-envoy-external-address"
                | "true-client-ip"
                | "cf-connecting-ip"
        ) || name.starts_with("x-forwarded-")
    };
    // Of programs that speak HTTP/1.0 still, most are proxies that say nothing of themselves:
    // nginx, unless told otherwise.
    if parts.version < Version::HTTP_11 {
        return false;
    }
    if headers.contains_key(header::ORIGIN) || headers.keys().any(|name| passed_on(name.as_str())) {
        return false;
    }
    // Browsers say of each request whose page makes it, also where they send no `origin`.
    let site = headers.get("sec-fetch-site").map_or(&b"none"[..], |site| site.as_bytes());
    if site != b"none" && site != b"same-origin" {
        return false;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.and_then(|host| host.parse::<Authority>().ok()) else { return false };
    // A target with a host in it says more than the header (RFC 9112, section 3.2.2).
    is_this_machine(&host) && parts.uri.authority().is_none_or(is_this_machine)
}

fn is_this_machine(host: &Authority) -> bool {
    let name = host.host().trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn unauthorized(detail: &str) -> Problem {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail);
    Problem { challenge: Some("Bearer"), ..problem }
}

/// What checks the Lambda's signatures; none if none are asked for.
///
/// # Errors
/// Which key is wrong and how, without showing it.
pub fn verifier(config: &Config, now_seconds: u64) -> Result<Option<Verifier>, String> {
    if !config.must_sign() {
        return Ok(None);
    }
    let keys = config.connect.read_keys()?;
    let window = u32::try_from(config.connect.window.as_secs()).unwrap_or(u32::MAX);
    let verifier = Verifier::new(keys).map_err(|error| error.to_string())?;
    Ok(Some(
        verifier
            .window(window)
            .nonces(config.connect.nonces as usize)
            .only_after(now_seconds.saturating_sub(SIGNED_BEFORE_START)),
    ))
}

/// The value of a header that is there once: one that is there twice is not the one that was
/// signed.
pub(super) fn single<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok())
}

/// Not why: a stranger need not hear which keys there are.
pub(super) fn unsigned() -> Problem {
    unauthorized("the request has no valid signature; the engine's log says what is wrong")
}

/// Whether the Lambda sent `body`.
pub(super) fn check_signature(
    app: &App,
    headers: &HeaderMap,
    path: &str,
    body: &[u8],
) -> Result<(), Problem> {
    let Some(verifier) = app.credentials.verifier() else { return Ok(()) };
    let header = |name: &str| single(headers, name);
    let request = Request { method: "POST", path, body };
    match verifier.verify(header, &request, app.clock.millis() / 1000) {
        Ok(_) => Ok(()),
        Err(refusal) => {
            app.metrics.refused_signature(refusal.code());
            tracing::warn!(reason = refusal.code(), %refusal, "a request has no valid signature");
            Err(unsigned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_requests_of_this_machine_go_without_a_token() {
        let asked = |target: &str, headers: &[(&str, &str)]| {
            let mut request = axum::http::Request::get(target);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            is_of_this_machine(&request.body(()).unwrap().into_parts().0)
        };
        for host in ["localhost:7700", "127.0.0.1:7700", "[::1]:7700", "LOCALHOST"] {
            assert!(asked("/", &[("host", host)]), "{host}");
            let origin = ("origin", "https://pages.example.com");
            assert!(!asked("/", &[("host", host), origin]), "{host}");
            assert!(!asked("http://pages.example.com/", &[("host", host)]), "{host}");
            assert!(asked("http://localhost:7700/", &[("host", host)]), "{host}");
        }
        for host in
            ["rebound.example.com:7700", "127.0.0.1.example.com", "192.0.2.1:7700", "", "a b"]
        {
            assert!(!asked("/", &[("host", host)]), "{host}");
            assert!(!asked("http://localhost:7700/", &[("host", host)]), "{host}");
        }
        assert!(!asked("/", &[]));
        for (name, value) in [
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-host", "calls.example.com"),
            ("forwarded", "for=192.0.2.7"),
            ("via", "1.1 proxy"),
            ("x-real-ip", "192.0.2.7"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert!(!asked("/", &[("host", "127.0.0.1:7700"), (name, value)]), "{name}");
        }
        assert!(asked("/", &[("host", "127.0.0.1:7700"), ("sec-fetch-site", "none")]));
        let old =
            axum::http::Request::get("/").version(Version::HTTP_10).header("host", "localhost");
        assert!(!is_of_this_machine(&old.body(()).unwrap().into_parts().0), "as nginx passes on");
    }

    #[test]
    fn a_bearer_is_one_however_it_is_written() {
        for value in ["Bearer abc", "bearer abc", "BEARER  abc ", " bEaReR abc"] {
            assert_eq!(bearer(value), Some("abc"), "{value}");
        }
        for value in ["Bearer", "Bearer ", "Basic abc", "Bearerabc", "abc", ""] {
            assert_eq!(bearer(value), None, "{value}");
        }
    }
}
