//! `/v1/hooks/NAME/TOKEN`: what somebody outside tells a call.
//!
//! The token is the call's own, and only a server of the deployment can have made it. POST and PUT
//! prove who tells by the hook's scheme; GET is a browser that was sent here, and is heard only by
//! hooks that have a page to show. Nothing here runs a turn: what arrives is kept, and the call
//! takes it when its channel comes back.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use dialgraph_api::hooks::HookHeard;
use dialgraph_flow::hook::{Encoding, MAX_VALUE_BYTES, Sender};
use dialgraph_runtime::{Addressed, EngineError, Target, Told};
use dialgraph_webhook::{Refusal, Secret, SecretError, plain, standard};
use serde_json::{Map, Value};

use super::problem::Problem;
use super::{Body, Names, auth};
use crate::state::App;

/// Where calls are told something.
pub(super) const PATH: &str = "/v1/hooks/{name}/{token}";

/// Secrets of one hook that are tried: one while another replaces it, and some to spare.
const MAX_SECRETS: usize = 4;

/// What a page may do: nothing but be read.
const CSP: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What a service tells.
pub(super) async fn tell(
    State(app): State<Arc<App>>,
    Names(hook, token): Names,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = body.0?;
    let (target, is_closed) = addressed(&app, &hook, &token).await?;
    if target.hook.page.is_some() {
        // What a browser may tell, nobody has to sign.
        return Err(unknown(&app));
    }
    prove(&app, &target, &headers, &body).await?;
    if is_closed {
        return Err(gone(&app, &target, "closed"));
    }
    if body.len() > MAX_VALUE_BYTES {
        return Err(refused(&app, &target, &format!("has more than {MAX_VALUE_BYTES} bytes")));
    }
    let value = value(&headers, &body);
    let value = value.map_err(|why| refused(&app, &target, &why))?;
    match keep(&app, &target, value).await? {
        Told::Taken | Told::Repeated => Ok(Json(HookHeard { heard: true }).into_response()),
        // It has been counted.
        Told::Used | Told::Closed => Err(over()),
    }
}

/// A browser that was sent here.
pub(super) async fn visit(
    State(app): State<Arc<App>>,
    Names(hook, token): Names,
    method: Method,
    uri: Uri,
) -> Result<Response, Problem> {
    if method != Method::GET {
        // A HEAD comes from whoever looks at links, and nobody has been here yet.
        return Err(Problem::method_not_allowed());
    }
    let (target, is_closed) = addressed(&app, &hook, &token).await?;
    let Some(page) = &target.hook.page else { return Err(unknown(&app)) };
    let words = page.get(&target.locale).or_else(|| page.values().next());
    let page = shown(&target.locale, words.map_or("", String::as_str));
    if target.arrived.is_some() {
        count(&app, &target, Told::Repeated.word());
        return Ok(page);
    }
    if is_closed {
        return Err(gone(&app, &target, "closed"));
    }
    let value = parameters(&uri).map_err(|why| refused(&app, &target, &why))?;
    match keep(&app, &target, value).await? {
        // Two at once: both see the page, and the call hears the first.
        Told::Taken | Told::Repeated | Told::Used => Ok(page),
        Told::Closed => Err(over()),
    }
}

/// Whom the address is for, and whether it takes nothing any more.
async fn addressed(app: &App, hook: &str, token: &str) -> Result<(Target, bool), Problem> {
    match app.turns.engine().addressed(hook, token).await {
        Ok(Addressed::Unknown) => Err(unknown(app)),
        Ok(Addressed::NotYet) => {
            app.metrics.hook("not-yet");
            let detail = "the call that made this address is not stored yet; send it again";
            Err(Problem {
                retry_after: Some(1),
                ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-yet", detail)
            })
        }
        Ok(Addressed::Closed(target)) => Ok((target, true)),
        Ok(Addressed::Open(target)) => Ok((target, false)),
        Err(error) => Err(failed(app, &error)),
    }
}

/// Proof of who tells, by the scheme of the hook.
async fn prove(
    app: &App,
    target: &Target,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), Problem> {
    let header = |name: &str| auth::single(headers, name);
    let proven = match &target.hook.sender {
        Sender::Address => Ok(()),
        Sender::StandardWebhooks { secret } => {
            let secrets = secrets(app, target, secret, standard::secret).await?;
            standard::verify(&secrets, header, body, app.clock.millis() / 1000).map(drop)
        }
        Sender::Hmac { secret, header: name, prefix, encoding } => {
            let secrets = secrets(app, target, secret, plain::secret).await?;
            let encoding = match encoding {
                Encoding::Hex => plain::Encoding::Hex,
                Encoding::Base64 => plain::Encoding::Base64,
            };
            plain::verify_hmac(&secrets, header(name), prefix, encoding, body)
        }
        Sender::Header { secret, header: name } => {
            let secrets = secrets(app, target, secret, plain::secret).await?;
            plain::verify_shared(&secrets, header(name))
        }
    };
    proven.map_err(|refusal: Refusal| {
        count(app, target, "unproven");
        app.metrics.refused_signature(refusal.code());
        tracing::warn!(hook = %target.hook.name, call = %target.call, reason = refusal.code(), %refusal, "what a call was told has no valid proof of who tells it");
        auth::unsigned()
    })
}

/// What a secret holds: one, or several on lines of their own while one replaces another.
async fn secrets(
    app: &App,
    target: &Target,
    name: &str,
    parse: fn(&str) -> Result<Secret, SecretError>,
) -> Result<Vec<Secret>, Problem> {
    let hook = &target.hook.name;
    let text = app.secrets.reveal(name).await.map_err(|error| {
        Problem::internal(&format!("secret `{name}` of hook `{hook}`: {}", error.message))
    })?;
    let lines = text.expose().lines().map(str::trim).filter(|line| !line.is_empty());
    let secrets: Result<Vec<Secret>, _> = lines.take(MAX_SECRETS).map(parse).collect();
    secrets
        .map_err(|error| Problem::internal(&format!("secret `{name}` of hook `{hook}`: {error}")))
}

/// What a body says: a form's fields as texts, or JSON.
fn value(headers: &HeaderMap, body: &[u8]) -> Result<Value, String> {
    let media = auth::single(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let text = std::str::from_utf8(body).map_err(|_| "is no form".to_owned())?;
        let uri = Uri::builder().path_and_query(format!("/?{text}")).build();
        return parameters(&uri.map_err(|_| "is no form".to_owned())?);
    }
    // Whatever it is called.
    serde_json::from_slice(body).map_err(|error| format!("is no JSON: {error}"))
}

/// The parameters of an address, as texts.
fn parameters(uri: &Uri) -> Result<Value, String> {
    let Query(pairs): Query<Vec<(String, String)>> =
        Query::try_from_uri(uri).map_err(|_| "has parameters that cannot be read".to_owned())?;
    let mut object = Map::new();
    for (name, text) in pairs {
        if object.contains_key(&name) {
            return Err("has a parameter that is there twice".to_owned());
        }
        object.insert(name, text.into());
    }
    Ok(Value::Object(object))
}

/// Keeps a value, if the hook takes it.
async fn keep(app: &App, target: &Target, value: Value) -> Result<Told, Problem> {
    if let Err(error) = target.hook.check(&value) {
        return Err(refused(app, target, &format!("is not what it takes: {error}")));
    }
    let told = app.turns.engine().tell(target, value).await;
    let told = told.map_err(|error| failed(app, &error))?;
    count(app, target, told.word());
    Ok(told)
}

/// The page of a hook. Its words are data, whatever stands in them.
fn shown(locale: &str, words: &str) -> Response {
    let (locale, words) = (escaped(locale), escaped(words));
    let html = format!(
        "<!doctype html>\n<html lang=\"{locale}\">\n<head>\n<meta charset=\"utf-8\">\n<meta \
        name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{words}</title>\n\
        </head>\n<body>\n<p>{words}</p>\n</body>\n</html>\n"
    );
    let mut response = html.into_response();
    let fixed = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The address is a secret of the call.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Counts and logs what became of it; not what it was.
fn count(app: &App, target: &Target, outcome: &'static str) {
    app.metrics.hook(outcome);
    tracing::info!(hook = %target.hook.name, call = %target.call, visit = target.visit, outcome, "a call was told something");
}

/// The same for every address that is not ours, and for a method that the hook does not take.
fn unknown(app: &App) -> Problem {
    app.metrics.hook("unknown");
    Problem::no_such_path()
}

/// Whoever has the address, and has proved who they are, may know that nobody waits any more.
fn over() -> Problem {
    let detail = "this address takes nothing any more; do not send it again";
    Problem::new(StatusCode::GONE, "gone", detail)
}

fn gone(app: &App, target: &Target, outcome: &'static str) -> Problem {
    count(app, target, outcome);
    over()
}

fn refused(app: &App, target: &Target, why: &str) -> Problem {
    count(app, target, "refused");
    Problem::invalid(format!("what hook `{}` is told {why}", target.hook.name))
}

fn failed(app: &App, error: &EngineError) -> Problem {
    app.metrics.hook("failed");
    Problem::internal(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_of_a_page_are_no_markup() {
        assert_eq!(
            escaped("<script>alert(\"1\")</script> & 'x'"),
            "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;"
        );
    }

    #[test]
    fn parameters_are_texts_and_stand_there_once() {
        let of = |text: &str| parameters(&text.parse().unwrap());
        assert_eq!(of("/x"), Ok(json!({})));
        assert_eq!(
            of("/x?order=a%20b&amount=12000&empty="),
            Ok(json!({ "order": "a b", "amount": "12000", "empty": "" }))
        );
        assert!(of("/x?a=1&a=2").is_err());
    }

    #[test]
    fn a_body_is_json_or_a_form() {
        let mut headers = HeaderMap::new();
        assert_eq!(value(&headers, b"{\"a\": 1}"), Ok(json!({ "a": 1 })));
        assert!(value(&headers, b"a=1").is_err());
        let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, form);
        assert_eq!(value(&headers, b"a=1&b=%ED%95%9C"), Ok(json!({ "a": "1", "b": "한" })));
        assert!(value(&headers, b"a=\xff").is_err());
    }
}
