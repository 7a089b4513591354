//! Headers, and the one that the engine fills with a secret.

use std::collections::{BTreeMap, BTreeSet};

use dialgraph_plugin::http::{Credential, Request};
use dialgraph_plugin::prelude::*;
use plugin_common::text::pointer_part;

use crate::config::{Plain, Wrong};
use crate::given::{Input, bad_value};
use crate::template::{Piece, Template};

/// Most headers of a request; two more are the plugin's own.
const MOST: usize = 60;
/// Headers that belong to the connection, and are the engine's to set.
const RESERVED: [&str; 8] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
    "expect",
];

/// What a header says.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Header {
    /// A text; `{NAME}` stands for the value that the flow gives.
    Plain(Plain),
    Secret(Secret),
}

/// A secret, by its name; its text never enters the plugin. A request has one at most.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Secret {
    /// Name of the secret; it must be granted under `secrets`.
    #[schemars(extend("x-dialgraph-ref" = "secret"))]
    secret: String,
    /// `bearer` and `basic` are for `authorization`; `raw`: the secret is the whole value. Left
    /// out: `bearer` for `authorization`, `raw` for every other header.
    #[serde(default)]
    scheme: Option<Scheme>,
    /// With `basic`: the user, whose password the secret is.
    #[serde(default)]
    user: Option<String>,
}

/// How a secret is put into its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scheme {
    Bearer,
    Basic,
    Raw,
}

impl Secret {
    fn scheme(&self, header: &str) -> Scheme {
        let usual = if is_authorization(header) { Scheme::Bearer } else { Scheme::Raw };
        self.scheme.unwrap_or(usual)
    }
}

fn is_authorization(header: &str) -> bool {
    header.eq_ignore_ascii_case("authorization")
}

/// Whether a header is among them, however it is written.
pub(crate) fn has(headers: &BTreeMap<String, Header>, name: &str) -> bool {
    headers.keys().any(|header| header.eq_ignore_ascii_case(name))
}

/// Tells what is wrong with the headers.
pub(crate) fn look_over(headers: &BTreeMap<String, Header>, wrong: &mut Wrong<'_>) {
    if headers.len() > MOST {
        let what = format!("there are {} headers; {MOST} are allowed", headers.len());
        wrong("/headers", what, "leave some out");
    }
    let mut names = BTreeSet::new();
    let mut secrets = 0;
    for (name, header) in headers {
        let at = format!("/headers/{}", pointer_part(name));
        let lower = name.to_ascii_lowercase();
        if !is_token(name) {
            wrong(&at, format!("`{name}` is no name of a header"), "write it as `x-api-key`");
        } else if RESERVED.contains(&lower.as_str()) {
            let what = format!("`{name}` belongs to the connection, which is the engine's");
            wrong(&at, what, "take it out");
        }
        if !names.insert(lower) {
            let what = format!("`{name}` is there twice; large and small letters are the same");
            wrong(&at, what, "take one out");
        }
        match header {
            Header::Plain(text) => {
                let text = text.text();
                Template::look_over(&text, &at, wrong);
                if !is_visible(&text) {
                    let what = format!("`{name}` has signs in it that no header may have");
                    wrong(&at, what, "write it in ASCII, on one line");
                }
            }
            Header::Secret(secret) => {
                secrets += 1;
                if secrets > 1 {
                    let what = "a request has one secret, and this is another one".to_owned();
                    wrong(&at, what, "leave one of them out");
                }
                look_over_secret(name, secret, &at, wrong);
            }
        }
    }
}

fn look_over_secret(name: &str, secret: &Secret, at: &str, wrong: &mut Wrong<'_>) {
    if secret.secret.trim().is_empty() {
        wrong(&format!("{at}/secret"), "the secret has no name".to_owned(), "name it");
    }
    let scheme = secret.scheme(name);
    if scheme != Scheme::Raw && !is_authorization(name) {
        let what = format!("this scheme is for `authorization`, not for `{name}`");
        wrong(&format!("{at}/scheme"), what, "write `scheme: raw`, or leave it out");
    }
    match (scheme, &secret.user) {
        (Scheme::Basic, None) => {
            wrong(
                at,
                "`basic` needs `user`".to_owned(),
                "write the user whose password the secret is",
            );
        }
        (Scheme::Basic, Some(user)) => {
            if user.trim().is_empty() || user.contains(':') || user.chars().any(char::is_control) {
                let what =
                    "this is no user: it is empty, or has a colon or control characters".to_owned();
                wrong(&format!("{at}/user"), what, "write the user alone, without the password");
            }
        }
        (_, Some(_)) => {
            let what = "`user` means nothing without `scheme: basic`".to_owned();
            wrong(&format!("{at}/user"), what, "take it out, or write `scheme: basic`");
        }
        (_, None) => {}
    }
}

/// The request with its headers.
pub(crate) fn put(
    headers: &BTreeMap<String, Header>,
    host: &Host,
    input: &Input,
    mut request: Request,
    has_body: bool,
) -> Result<Request, NodeError> {
    let usual = [("accept", true), ("content-type", has_body)];
    for (name, _) in usual.iter().filter(|(name, wanted)| *wanted && !has(headers, name)) {
        request = request.header(*name, "application/json");
    }
    for (name, header) in headers {
        request = match header {
            Header::Plain(text) => {
                let place = format!("headers.{name}");
                let template = Template::read(&text.text())?;
                for piece in &template.pieces {
                    let Piece::Value(given) = piece else { continue };
                    let value = input.text(given, &place)?.unwrap_or_default();
                    if !is_visible(&value) {
                        let what = "has signs in it that no header may have";
                        return Err(bad_value(given, &place, what));
                    }
                }
                match template.filled(input, &place)? {
                    Some(value) => request.header(name.to_ascii_lowercase(), value),
                    None => request,
                }
            }
            Header::Secret(secret) => {
                let handle = host.secret(&secret.secret)?;
                let user = secret.user.clone().unwrap_or_default();
                request.credential(match secret.scheme(name) {
                    Scheme::Bearer => Credential::Bearer(handle),
                    Scheme::Basic => Credential::Basic(user, handle),
                    Scheme::Raw => Credential::Header(name.to_ascii_lowercase(), handle),
                })
            }
        };
    }
    Ok(request)
}

/// A token of RFC 9110.
fn is_token(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.len() <= 128 && name.bytes().all(fits)
}

/// Without line ends, and what not every server reads in the same way.
fn is_visible(text: &str) -> bool {
    text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
}
