//! Who asks: signatures of the Lambda, bearer tokens of people and programs.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};
use futures::FutureExt as _;
use futures::future::BoxFuture;

use dialgraph_connect::signature::{Key, KeyError, Request, Verifier};
use dialgraph_deploy::{ConfiguredToken, Role, TokenHash, Tokens, Who};

use super::problem::Problem;
use crate::config::{Config, Connect};
use crate::state::App;

/// Seconds before the server's start in which a request may have been signed that it accepts: of those from before
/// it cannot know whether they were heard.
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
#[derive(Debug)]
pub struct Configured(Vec<ConfiguredToken>);

impl Configured {
    /// # Errors
    /// Which token is wrong and how, without showing it.
    pub fn of(config: &Config) -> Result<Self, String> {
        tokens(&config.api.tokens).map(Self)
    }
}

/// Reads `NAME:ROLE:SHA256`.
///
/// # Errors
/// Which one is wrong and how, without showing it.
pub fn tokens(texts: &[String]) -> Result<Vec<ConfiguredToken>, String> {
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

impl Gatekeeper for Configured {
    fn who<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Option<Who>, String>> {
        // Hashes are compared, of tokens that cannot be guessed: what the time tells is no help.
        let hash = TokenHash::of(token);
        let found = self.0.iter().find(|known| known.hash == hash).map(|known| known.who.clone());
        std::future::ready(Ok(found)).boxed()
    }
}

/// Whoever asks over a connection that needs no proof.
fn somebody() -> Who {
    Who::new("local", Role::Operator)
}

/// Who sent a request, if that is somebody with `needs` or more.
pub async fn require(app: &App, headers: &HeaderMap, needs: Role) -> Result<Who, Problem> {
    if !app.config.must_authenticate() {
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
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
        texts.extend(lines.filter(|line| !line.is_empty()).map(str::to_owned));
    }
    let parsed: Result<Vec<Key>, KeyError> = texts.iter().map(|text| Key::parse(text)).collect();
    parsed.map_err(|error| error.to_string())
}

/// Whether the Lambda sent `body`.
pub(super) fn check_signature(
    app: &App,
    headers: &HeaderMap,
    path: &str,
    body: &[u8],
) -> Result<(), Problem> {
    let Some(verifier) = &app.verifier else { return Ok(()) };
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
            tracing::warn!(reason = refusal.code(), "a request was not signed as it must be");
            Err(unauthorized(&refusal.to_string()))
        }
    }
}

/// For [`App`]: configured tokens only.
pub(crate) fn configured(config: &Config) -> Result<Arc<dyn Gatekeeper>, String> {
    Ok(Arc::new(Configured::of(config)?))
}
