//! The two OpenAPI documents, made of the types and of the operations.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::operations::{self, Access, Content, Named, Operation, Shape};
use crate::problem::{Problem, Refusal};

/// The document of the calls API, for `/openapi.json`.
pub fn calls() -> Value {
    let info = json!({
        "title": "Dialgraph",
        "version": "1.0.0",
        "description": "Phone and chat flows, turn by turn. Every error is a problem detail (RFC 9457).",
        "license": LICENSE.as_json(),
    });
    let tags = json!([
        {"name": "calls", "description": "Calls of any channel that speaks JSON."},
        {"name": "connect", "description": "Amazon Connect, by way of the Lambda bridge."},
        {"name": "kakao", "description": "KakaoTalk, as the skill server of a chatbot."},
        {"name": "tickets", "description": "What desks elsewhere tell of tickets."},
        {"name": "operations", "description": "Health and figures."},
    ]);
    let schemes = json!({
        "bearer": BEARER.as_json(),
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": "x-dialgraph-signature",
            "description": "What the Lambda bridge signs a request with.",
        },
        "kakao": {
            "type": "apiKey",
            "in": "header",
            "name": "x-skill-secret",
            "description": "What the skill's settings in Kakao's chatbot admin centre add to each request.",
        },
        "webhook": {
            "type": "apiKey",
            "in": "header",
            "name": "webhook-signature",
            "description": "What a desk elsewhere signs a message with, as the Standard Webhooks specification has it; webhook-id and webhook-timestamp go with it.",
        },
        "zendesk": {
            "type": "apiKey",
            "in": "header",
            "name": "x-zendesk-webhook-signature",
            "description": "What Zendesk signs a message with; x-zendesk-webhook-signature-timestamp goes with it.",
        },
    });
    let words = [
        (404, "There is no such call or ticket."),
        (
            409,
            "The call does not accept this event now: the call is at another turn, has ended, or \
            already exists.",
        ),
    ];
    document(info, tags, schemes, &operations::calls(), &words)
}

/// The document of the admin API, for `/openapi-admin.json`.
pub fn admin() -> Value {
    let info = json!({
        "title": "Dialgraph admin API",
        "version": "1",
        "summary": "Changes what is live while calls are in progress.",
        "description": "Every error is a problem detail (RFC 9457).",
        "license": LICENSE.as_json(),
    });
    let tags = json!([
        {"name": "releases", "description": "What is live, what was, and who did it."},
        {"name": "tokens", "description": "Who may ask."},
        {"name": "flows", "description": "Flows, one by one."},
        {"name": "plugins", "description": "Plugins, one by one."},
        {"name": "store", "description": "Tasks in the store while calls are in progress."},
    ]);
    let schemes = json!({"bearer": BEARER.as_json()});
    let words = [
        (404, "There is no such thing."),
        (409, "The current state does not allow it, or another change came first."),
    ];
    document(info, tags, schemes, &operations::admin(), &words)
}

/// A text of a document that stands in both.
struct Same(&'static [(&'static str, &'static str)]);

impl Same {
    fn as_json(&self) -> Value {
        self.0.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect()
    }
}

const LICENSE: Same = Same(&[("name", "Apache-2.0"), ("identifier", "Apache-2.0")]);

const BEARER: Same = Same(&[
    ("type", "http"),
    ("scheme", "bearer"),
    (
        "description",
        "Reading needs the role viewer, changing designer, tokens, tasks in the store and `allow` operator. Where no tokens are configured, programs on the same machine need none.",
    ),
]);

/// A failure as an answer: its name among the components, and in words.
fn failure(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => ("Invalid", "The request is not valid."),
        401 => ("Unauthorized", "The token is unknown, or the signature is invalid."),
        403 => (
            "Forbidden",
            "The token's role is too low, or the request comes from a web page or another machine.",
        ),
        404 => ("NotFound", "There is no such thing."),
        409 => ("Conflict", "The current state does not allow it."),
        410 => ("Gone", "It takes nothing any more; do not send it again."),
        412 => ("Changed", "The condition does not hold, and nothing has changed."),
        413 => ("TooLarge", "The body is too large."),
        415 => ("NotJson", "The body is not JSON."),
        422 => ("Refused", "The request is refused for the reasons given; nothing has changed."),
        503 => (
            "NotNow",
            "The engine is busy, stopping or too slow; you can send the same request again.",
        ),
        _ => ("Failed", "The engine failed; its log says why."),
    }
}

/// Schemas by their names.
#[derive(Default)]
struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    /// A reference to a type, which the document then has.
    fn named(&mut self, named: Named) -> Value {
        let name = (named.name)().into_owned();
        let mut parts = vec![(name.clone(), (named.schema)())];
        (named.parts)(&mut parts);
        for (name, schema) in parts {
            // A schema is made of texts and numbers.
            self.0.entry(name).or_insert_with(|| serde_json::to_value(schema).unwrap_or_default());
        }
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    fn content<'a>(&mut self, contents: impl IntoIterator<Item = &'a Content>) -> Value {
        let one = |content: &Content| {
            let schema = match &content.shape {
                Shape::Named(named) => self.named(*named),
                Shape::Plain(schema) => schema.clone(),
            };
            (content.media.to_owned(), json!({"schema": schema}))
        };
        contents.into_iter().map(one).collect()
    }
}

/// Schemas that hold nothing else, beside those of requests: answers that do not grow without a new
/// version, and the requests of which nothing says so where they are derived.
const CLOSED: [&str; 6] =
    ["Answer", "BackupMade", "CanaryChange", "Finding", "TicketChange", "Verified"];

/// Lets a schema, or each of its alternatives, hold nothing else.
fn close(schema: &mut Value) {
    match schema.get_mut("oneOf").and_then(Value::as_array_mut) {
        Some(alternatives) => alternatives.iter_mut().for_each(close),
        None => schema["additionalProperties"] = false.into(),
    }
}

fn document(
    info: Value,
    tags: Value,
    schemes: Value,
    operations: &[Operation],
    words: &[(u16, &'static str)],
) -> Value {
    let mut schemas = Schemas::default();
    let mut paths = Map::new();
    let mut failures = BTreeMap::new();
    for operation in operations {
        let methods = paths.entry(operation.path).or_insert_with(|| json!({}));
        methods[operation.method.as_str()] = of_operation(operation, &mut schemas);
        for status in operation.all_failures() {
            failures.entry(status).or_insert_with(|| of_failure(status, words, &mut schemas));
        }
    }
    for name in CLOSED {
        if let Some(schema) = schemas.0.get_mut(name) {
            close(schema);
        }
    }
    let responses: Map<String, Value> = failures
        .into_iter()
        .map(|(status, response)| (failure(status).0.to_owned(), response))
        .collect();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": info,
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": schemes,
            "responses": responses,
            "schemas": schemas.0,
        },
    });
    tidy(&mut document);
    document
}

fn of_operation(operation: &Operation, schemas: &mut Schemas) -> Value {
    let mut shown = Map::new();
    shown.insert("tags".to_owned(), json!([operation.tag]));
    shown.insert("operationId".to_owned(), operation.id.into());
    shown.insert("summary".to_owned(), operation.summary.into());
    let needs = match operation.access {
        Access::Role(role) => Some(format!("Needs the role {}.", role.as_str())),
        Access::Metrics => Some("Needs the role viewer where metrics need a token.".to_owned()),
        Access::Everybody
        | Access::Signature
        | Access::Kakao
        | Access::Webhook
        | Access::Zendesk => None,
    };
    let said: Vec<&str> = operation.description.into_iter().chain(needs.as_deref()).collect();
    if !said.is_empty() {
        shown.insert("description".to_owned(), said.join(" ").into());
    }
    // Of a scheme that is not OAuth's, the list names roles.
    let security = match operation.access {
        Access::Everybody => json!([]),
        Access::Role(role) => json!([{"bearer": [role.as_str()]}, {}]),
        Access::Metrics => json!([{}, {"bearer": ["viewer"]}]),
        Access::Signature => json!([{}, {"signature": []}]),
        Access::Kakao => json!([{"kakao": []}]),
        Access::Webhook => json!([{"webhook": []}]),
        Access::Zendesk => json!([{"zendesk": []}]),
    };
    shown.insert("security".to_owned(), security);
    if !operation.parameters.is_empty() {
        shown.insert("parameters".to_owned(), operation.parameters.clone().into());
    }
    if let Some(body) = &operation.body {
        let content = schemas.content([&body.content]);
        shown.insert(
            "requestBody".to_owned(),
            json!({"required": body.is_required, "content": content}),
        );
    }
    let mut responses = Map::new();
    for answer in &operation.answers {
        let mut response = json!({"description": answer.description});
        if !answer.headers.is_empty() {
            response["headers"] = answer
                .headers
                .iter()
                .map(|(name, header)| ((*name).to_owned(), header.clone()))
                .collect();
        }
        response["content"] = schemas.content(&answer.contents);
        if let Some(links) = &answer.links {
            response["links"] = links.clone();
        }
        responses.insert(answer.status.to_string(), response);
    }
    for status in operation.all_failures() {
        let name = failure(status).0;
        responses
            .insert(status.to_string(), json!({"$ref": format!("#/components/responses/{name}")}));
    }
    responses.sort_keys();
    shown.insert("responses".to_owned(), responses.into());
    shown.into()
}

fn of_failure(status: u16, words: &[(u16, &'static str)], schemas: &mut Schemas) -> Value {
    let own = words.iter().find(|(of, _)| *of == status).map(|(_, words)| *words);
    let mut response = json!({"description": own.unwrap_or(failure(status).1)});
    let header = |name: &str, description: &str, kind: &str| {
        let header = json!({
            "description": description,
            "required": true,
            "schema": {"type": kind},
        });
        json!({ name: header })
    };
    if status == 503 {
        let what = "Seconds to wait before you send the request again.";
        response["headers"] = header("Retry-After", what, "integer");
    }
    if status == 401 {
        let what = "The authentication scheme to use, where a token is needed.";
        response["headers"] = header("WWW-Authenticate", what, "string");
    }
    let named = if status == 422 { Named::of::<Refusal>() } else { Named::of::<Problem>() };
    let schema = schemas.named(named);
    response["content"] = json!({"application/problem+json": {"schema": schema}});
    response
}

/// Writes descriptions without the line ends of comments, and formats of numbers as the registry of
/// formats spells them.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match (name.as_str(), field) {
                    ("description", Value::String(text)) => *text = text.replace('\n', " "),
                    ("format", Value::String(text)) => *text = text.replace("u-int", "uint"),
                    (_, field) => tidy(field),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}
