//! Who asks: signatures of the Lambda, bearer tokens of people and programs.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use futures::FutureExt as _;
use futures::future::BoxFuture;

use dialgraph_connect::signature::{Key, KeyError, Request, Verifier};
use dialgraph_deploy::{ConfiguredToken, ConfiguredTokens, Role, TokenHash, Tokens, Who};

use super::problem::Problem;
use crate::config::{Api, Config, Connect};
use crate::state::App;

/// Seconds before the server's start in which a request may have been signed that it accepts, so that clocks need not
/// agree. One from this time an earlier process may have heard: that it is taken again does no harm, because the store
/// keeps one answer for its turn token. All from before are refused.
const SIGNED_BEFORE_START: u64 = 15;

/// Tells who holds a bearer token.
pub trait Gatekeeper: Send + Sync {
    /// None: nobody does, or no longer.
    ///
    /// # Errors
    /// Why it cannot be told now, for the log.
    fn who<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Option<Who>, String>>;
}

impl Gatekeeper for Tokens {
    fn who<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Option<Who>, String>> {
        async move { Tokens::who(self, token).await.map_err(|error| error.to_string()) }.boxed()
    }
}

/// The tokens of the configuration and no others.
impl Gatekeeper for ConfiguredTokens {
    fn who<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Option<Who>, String>> {
        std::future::ready(Ok(ConfiguredTokens::who(self, token))).boxed()
    }
}

/// The tokens of the configuration and of its file.
///
/// # Errors
/// Which one is wrong and how, without showing it.
pub fn tokens(api: &Api) -> Result<Vec<ConfiguredToken>, String> {
    let mut all = tokens_of(&api.tokens)?;
    if let Some(file) = &api.tokens_file {
        let of_file = tokens_of(&lines(file)?);
        all.extend(of_file.map_err(|why| format!("{}: {why}", file.display()))?);
    }
    Ok(all)
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
        if name.is_empty() {
            return Err(wrong("it has no name"));
        }
        let role: Role = role.parse().map_err(|why: String| wrong(&why))?;
        let hash = TokenHash::from_hex(hash).map_err(|why| wrong(&why))?;
        Ok(ConfiguredToken { who: Who::new(name, role), hash })
    };
    texts.iter().enumerate().map(token).collect()
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

/// Somebody with at least this role. As an argument of a handler it comes before the body, so that of a stranger's request
/// not a byte of that is read.
pub(crate) struct Viewer;
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

somebody_with!(Viewer: |_| Viewer, Designer: Designer, Operator: Operator);

/// Who sent a request, if that is somebody with `needs` or more.
async fn require(app: &App, headers: &HeaderMap, needs: Role) -> Result<Who, Problem> {
    if !app.config.must_authenticate() {
        if !app.config.is_exposed() && !is_of_this_machine(headers) {
            // Nobody has to prove anything here, so neither a page in somebody's browser nor whoever is behind a proxy must
            // be able to ask.
            let detail = "without tokens only requests are answered that a program on this machine sends to a loopback address: no web page's, and none that a proxy passes on; set `api.tokens` for those";
            let status = StatusCode::FORBIDDEN;
            return Err(Problem::new(status, "forbidden", "Not from this machine", detail));
        }
        return Ok(somebody());
    }
    require_token(app, headers, needs).await
}

/// The same, whoever else may ask without a token.
pub(super) async fn require_token(
    app: &App,
    headers: &HeaderMap,
    needs: Role,
) -> Result<Who, Problem> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::trim)
        .filter(|token| !token.is_empty());
    let Some(token) = token else {
        return Err(unauthorized("send `authorization: Bearer TOKEN`"));
    };
    let who = app.gatekeeper.who(token).await.map_err(|error| Problem::internal(&error))?;
    let Some(who) = who else { return Err(unauthorized("nobody holds this token (any more)")) };
    if who.role < needs {
        let detail =
            format!("this needs the role {needs}; the token of {} is {}", who.name, who.role);
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "The role does not suffice",
            detail,
        ));
    }
    Ok(who)
}

/// Whether a request is to this machine by its own name, and made on it: not by another site's script, nor by one that
/// found its way by a name that was made to point here, nor by anybody else through a proxy.
fn is_of_this_machine(headers: &HeaderMap) -> bool {
    let passed_on = |name: &str| {
        matches!(name, "forwarded" | "via" | "x-real-ip") || name.starts_with("x-forwarded-")
    };
    if headers.contains_key(header::ORIGIN) || headers.keys().any(|name| passed_on(name.as_str())) {
        return false;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.and_then(|host| host.parse::<Authority>().ok()) else { return false };
    let name = host.host().trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn unauthorized(detail: &str) -> Problem {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "Who asks?", detail);
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
    let keys = keys(&config.connect)?;
    let window = u32::try_from(config.connect.window.as_secs()).unwrap_or(u32::MAX);
    let verifier = Verifier::new(keys).map_err(|error| error.to_string())?;
    Ok(Some(
        verifier
            .window(window)
            .nonces(config.connect.nonces as usize)
            .only_after(now_seconds.saturating_sub(SIGNED_BEFORE_START)),
    ))
}

/// The keys of the configuration and of its file.
///
/// # Errors
/// Which key is wrong and how, without showing it.
pub fn keys(connect: &Connect) -> Result<Vec<Key>, String> {
    let mut texts = connect.keys.clone();
    if let Some(file) = &connect.keys_file {
        texts.extend(lines(file)?);
    }
    let parsed: Result<Vec<Key>, KeyError> = texts.iter().map(|text| Key::parse(text)).collect();
    parsed.map_err(|error| error.to_string())
}

/// The lines of a file of keys or tokens; `#` begins a comment.
fn lines(file: &Path) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
    Ok(lines.filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// Whether the Lambda sent `body`.
pub(super) fn check_signature(
    app: &App,
    headers: &HeaderMap,
    path: &str,
    body: &[u8],
) -> Result<(), Problem> {
    let Some(verifier) = app.secrets.verifier() else { return Ok(()) };
    let header = |name: &str| {
        // A header that is there twice is not the one that was signed.
        let mut values = headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok())
    };
    let request = Request { method: "POST", path, body };
    match verifier.verify(header, &request, app.clock.millis() / 1000) {
        Ok(_) => Ok(()),
        Err(refusal) => {
            app.figures.refused_signature(refusal.code());
            tracing::warn!(reason = refusal.code(), %refusal, "a request was not signed as it must be");
            // Not why: a stranger need not hear which keys there are.
            Err(unauthorized(
                "the request is not signed as it must be; the engine's log says what is wrong",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_requests_of_this_machine_go_without_a_token() {
        let headers = |host: &str, origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            is_of_this_machine(&headers)
        };
        for host in ["localhost:7700", "127.0.0.1:7700", "[::1]:7700", "LOCALHOST"] {
            assert!(headers(host, None), "{host}");
            assert!(!headers(host, Some("https://pages.example.com")), "{host}");
        }
        for host in
            ["rebound.example.com:7700", "127.0.0.1.example.com", "192.0.2.1:7700", "", "a b"]
        {
            assert!(!headers(host, None), "{host}");
        }
        assert!(!is_of_this_machine(&HeaderMap::new()));
        for (name, value) in [
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-host", "calls.example.com"),
            ("forwarded", "for=192.0.2.7"),
            ("via", "1.1 proxy"),
            ("x-real-ip", "192.0.2.7"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "127.0.0.1:7700".parse().unwrap());
            headers.insert(name, value.parse().unwrap());
            assert!(!is_of_this_machine(&headers), "{name}");
        }
    }
}
