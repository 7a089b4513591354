//! The configuration, and what is wrong with it.

use std::collections::BTreeMap;

use dialgraph_plugin::http::Request;
use dialgraph_plugin::prelude::*;
use plugin_common::text::pointer_part;
use plugin_common::web::host_of;
use serde_json::Value;

use crate::answer::{Exit, Pattern, TAKEN};
use crate::body;
use crate::given::Input;
use crate::headers::{self, Header};
use crate::path::{self, encoded};
use crate::template::Template;

/// What is asked of which server, and what becomes of its answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the server is, such as `https://api.example.com`; the host must be granted under
    /// `http`.
    #[schemars(regex(pattern = r"^https?://[^/?#]+/?$"), extend("x-dialgraph-ref" = "host"))]
    pub(crate) base_url: String,
    /// Left out: `GET`.
    #[serde(default)]
    pub(crate) method: Method,
    /// Path on the server, such as `/orders/{order_id}`. `{NAME}` stands for the value that the
    /// flow gives under `with`.
    pub(crate) path: String,
    /// What follows the `?`, by name; a parameter that is `{NAME}` alone is left out where the
    /// value is null.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, Plain>,
    /// Headers: a text, or a secret that the plugin never sees. `accept` and `content-type` are
    /// those of JSON if left out.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, Header>,
    /// What is sent, as JSON. A text that is `{NAME}` alone becomes the value as it is: number,
    /// list, map.
    #[serde(default)]
    pub(crate) body: Option<Value>,
    /// What is taken out of the answer: the name under `output`, and a JSON Pointer (RFC 6901) such
    /// as `/items/0/id`.
    #[serde(default)]
    pub(crate) take: BTreeMap<String, String>,
    /// Where a status leads that should not lead where it usually does: `409` or `4xx`, and a port.
    #[serde(default)]
    pub(crate) ports: BTreeMap<String, Exit>,
    /// For each try, in milliseconds. Left out: 5000.
    #[serde(default = "default_timeout")]
    #[schemars(range(min = 100, max = 60_000))]
    pub(crate) timeout_ms: u32,
    /// Whether it is tried again at once. Left out: it is not.
    #[serde(default)]
    pub(crate) retry: Option<Retry>,
}

/// What is done on the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    #[default]
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether it asks without doing anything.
    fn only_asks(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }
}

/// A text, or a number or a truth value that is written as one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Plain {
    Text(String),
    Truth(bool),
    Number(serde_json::Number),
}

impl Plain {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Truth(truth) => truth.to_string(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// When it is tried again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    /// How often after the first time.
    #[schemars(range(min = 1, max = 3))]
    pub(crate) times: u32,
    /// A status such as `503` or `5xx`, or `connection`: no connection, or no answer in time. Left
    /// out: `5xx` and `connection`.
    #[serde(default = "default_reasons")]
    on: Vec<String>,
}

const CONNECTION: &str = "connection";
/// The longest that a node may wait, in milliseconds.
const LONGEST: u32 = 60_000;

fn default_timeout() -> u32 {
    5_000
}

fn default_reasons() -> Vec<String> {
    vec!["5xx".to_owned(), CONNECTION.to_owned()]
}

/// Told of everything that is wrong: where, what, and what to do about it.
pub(crate) type Wrong<'w> = dyn FnMut(&str, String, &str) + 'w;

impl Config {
    /// Tells what is wrong beyond what the schema can say.
    pub(crate) fn look_over(&self, wrong: &mut Wrong<'_>) {
        if let Err(what) = host_of(&self.base_url) {
            let what = format!("`{}` is no address of a server: {what}", self.base_url);
            wrong(
                "/base_url",
                what,
                "write it as `https://api.example.com`, and the rest under `path`",
            );
        }
        path::look_over(&self.path, wrong);
        for (name, value) in &self.query {
            let at = format!("/query/{}", pointer_part(name));
            if name.trim().is_empty() {
                wrong("/query", "a parameter has no name".to_owned(), "name it");
            }
            Template::look_over(&value.text(), &at, wrong);
        }
        headers::look_over(&self.headers, wrong);
        if let Some(body) = &self.body {
            if self.method.only_asks() {
                let what = format!("`{}` sends no body", self.method.as_str());
                wrong("/body", what, "write `method: POST`, or give values under `query`");
            }
            body::look_over(body, wrong);
        }
        self.look_over_answer(wrong);
        self.look_over_retry(wrong);
    }

    fn look_over_answer(&self, wrong: &mut Wrong<'_>) {
        if self.method == Method::Head && !self.take.is_empty() {
            let what = "an answer to `HEAD` has no body to take anything from".to_owned();
            wrong("/take", what, "write `method: GET`");
        }
        if self.take.len() > TAKEN {
            let what = format!("{} values are taken; {TAKEN} are allowed", self.take.len());
            wrong(
                "/take",
                what,
                "take a whole part, such as `order: /order`, and read its members in the flow",
            );
        }
        for (name, pointer) in &self.take {
            let at = format!("/take/{}", pointer_part(name));
            if ["status", "error"].contains(&name.as_str()) {
                let what = format!("`output.{name}` is there already");
                wrong(&at, what, "give it another name, such as `order_status`");
            } else if !is_name(name) {
                let what = format!("no expression can read `output.{name}`");
                wrong(&at, what, "write a name of letters, digits and `_`, such as `order_id`");
            }
            if let Err(what) = answer_pointer(pointer) {
                wrong(
                    &at,
                    format!("`{pointer}` is no JSON Pointer: {what}"),
                    "write it as `/items/0/id`",
                );
            }
        }
        for name in self.ports.keys() {
            if Pattern::read(name).is_none() {
                let at = format!("/ports/{}", pointer_part(name));
                wrong(
                    &at,
                    format!("`{name}` is no status"),
                    "write `409`, or `4xx` for all from 400 to 499",
                );
            }
        }
    }

    fn look_over_retry(&self, wrong: &mut Wrong<'_>) {
        let Some(retry) = &self.retry else { return };
        if retry.on.is_empty() {
            let what = "it is tried again in no case".to_owned();
            wrong("/retry/on", what, "take `on` out for `5xx` and `connection`");
        }
        for (index, reason) in retry.on.iter().enumerate() {
            if reason != CONNECTION && Pattern::read(reason).is_none() {
                let what = format!("`{reason}` is no reason to try again");
                wrong(&format!("/retry/on/{index}"), what, "write `503`, `5xx` or `connection`");
            }
        }
        let longest = self.timeout_ms.saturating_mul(retry.times.saturating_add(1));
        if longest > LONGEST {
            let what = format!(
                "{} tries of {} ms are {longest} ms, and a node waits at most {LONGEST} ms",
                retry.times.saturating_add(1),
                self.timeout_ms
            );
            wrong("/timeout_ms", what, "write a shorter `timeout_ms`, or fewer `times`");
        }
    }

    /// The request, with what the flow gives filled in.
    pub(crate) fn request(&self, host: &Host, input: &Input) -> Result<Request, NodeError> {
        let mut url = self.base_url.trim_end_matches('/').to_owned();
        url.push_str(&path::filled(&self.path, input)?);
        let mut joint = '?';
        for (name, value) in &self.query {
            let place = format!("query.{name}");
            let Some(value) = Template::read(&value.text())?.filled(input, &place)? else {
                continue;
            };
            url.push(joint);
            url.push_str(&format!("{}={}", encoded(name), encoded(&value)));
            joint = '&';
        }
        let mut request = Request::new(self.method.as_str(), url).timeout_ms(self.timeout_ms);
        // One key for all tries of the visit: the engine's own would differ from try to try.
        if !self.method.only_asks() && !headers::has(&self.headers, "idempotency-key") {
            request = request.header("idempotency-key", &host.call().invocation_id);
        }
        request = headers::put(&self.headers, host, input, request, self.body.is_some())?;
        if let Some(body) = &self.body {
            request.body = Some(body::filled(body, input)?);
        }
        Ok(request)
    }

    pub(crate) fn retries_status(&self, status: u16) -> bool {
        let reasons = self.retry.iter().flat_map(|retry| &retry.on);
        reasons.filter_map(|reason| Pattern::read(reason)).any(|pattern| pattern.fits(status))
    }

    pub(crate) fn retries_connection(&self) -> bool {
        self.retry.iter().flat_map(|retry| &retry.on).any(|reason| reason == CONNECTION)
    }
}

/// A name as flows write it after `output.`.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// What is wrong with a JSON Pointer by RFC 6901.
fn answer_pointer(pointer: &str) -> Result<(), &'static str> {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err("it does not begin with `/`");
    }
    let escapes = pointer.split('~').skip(1);
    match escapes.into_iter().all(|rest| rest.starts_with(['0', '1'])) {
        true => Ok(()),
        false => Err("a `~` is written `~0`, and a `/` in a name `~1`"),
    }
}
