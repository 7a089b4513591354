//! Declares operations: a path with a method, who may ask, what is sent and what comes back.

mod admin;
mod calls;

use serde_json::{Value, json};
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, ToSchema};

use crate::Role;

pub use admin::{SIGNATURE, admin};
pub use calls::calls;

/// A method of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    /// As the document has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Everybody,
    /// Whoever holds a token of this role or more, where tokens are needed at all.
    Role(Role),
    /// Whoever holds a token of any role, where metrics need one.
    Metrics,
    /// Whoever signs, where signatures are needed.
    Signature,
    /// Whoever knows the secret of the skill.
    Kakao,
    /// Whoever signs as Standard Webhooks has it.
    Webhook,
    /// Zendesk.
    Zendesk,
}

/// One thing that can be asked of the server.
#[derive(Debug, Clone)]
pub struct Operation {
    pub method: Method,
    pub path: &'static str,
    /// Its name in the document.
    pub id: &'static str,
    pub tag: &'static str,
    pub access: Access,
    pub summary: &'static str,
    pub description: Option<&'static str>,
    pub(crate) parameters: Vec<Value>,
    pub(crate) body: Option<Body>,
    pub(crate) answers: Vec<Answer>,
    /// Statuses with which it fails, beside those of every operation with its access and body.
    pub(crate) failures: Vec<u16>,
}

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) is_required: bool,
    pub(crate) content: Content,
}

/// What comes back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) description: &'static str,
    pub(crate) contents: Vec<Content>,
    pub(crate) headers: Vec<(&'static str, Value)>,
    pub(crate) links: Option<Value>,
}

/// Bytes of a media type.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) media: &'static str,
    pub(crate) shape: Shape,
}

/// What JSON looks like.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// A type of this crate, by which name the document has it.
    Named(Named),
    Plain(Value),
}

/// A type of this crate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named {
    pub(crate) name: fn() -> std::borrow::Cow<'static, str>,
    pub(crate) schema: fn() -> RefOr<Schema>,
    /// The types within.
    pub(crate) parts: fn(&mut Vec<(String, RefOr<Schema>)>),
}

impl Named {
    pub(crate) fn of<T: ToSchema>() -> Self {
        Self { name: T::name, schema: T::schema, parts: T::schemas }
    }
}

/// JSON of a type.
fn json_of<T: ToSchema>() -> Content {
    Content { media: JSON, shape: Shape::Named(Named::of::<T>()) }
}

pub(crate) const JSON: &str = "application/json";

/// Bytes that are no JSON.
fn bytes(media: &'static str) -> Content {
    Content { media, shape: Shape::Plain(json!({"type": "string", "format": "binary"})) }
}

impl Answer {
    fn new(status: u16, description: &'static str, contents: Vec<Content>) -> Self {
        Self { status, description, contents, headers: Vec::new(), links: None }
    }
}

impl Operation {
    fn new(
        method: Method,
        path: &'static str,
        id: &'static str,
        access: Access,
        summary: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            id,
            tag: "",
            access,
            summary,
            description: None,
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            failures: Vec::new(),
        }
    }

    fn tag(self, tag: &'static str) -> Self {
        Self { tag, ..self }
    }

    fn describe(self, description: &'static str) -> Self {
        Self { description: Some(description), ..self }
    }

    /// Takes a part of the path.
    fn path_part<T: ToSchema>(mut self, name: &'static str, description: &str) -> Self {
        let schema = Named::of::<T>();
        // A document is made of texts and numbers.
        let schema = serde_json::to_value((schema.schema)()).unwrap_or_default();
        self.parameters.push(json!({
            "name": name,
            "in": "path",
            "required": true,
            "description": description,
            "schema": schema,
        }));
        self
    }

    fn header(mut self, name: &'static str, description: &str) -> Self {
        self.parameters.push(json!({
            "name": name,
            "in": "header",
            "required": false,
            "description": description,
            "schema": {"type": "string"},
        }));
        self
    }

    /// Takes a query.
    fn query<T: IntoParams>(mut self) -> Self {
        let parameters = T::into_params(|| Some(ParameterIn::Query));
        // As above.
        self.parameters.extend(parameters.into_iter().filter_map(|p| serde_json::to_value(p).ok()));
        self
    }

    fn takes<T: ToSchema>(self) -> Self {
        Self { body: Some(Body { is_required: true, content: json_of::<T>() }), ..self }
    }

    /// Takes a body that may be left out.
    fn may_take<T: ToSchema>(self) -> Self {
        Self { body: Some(Body { is_required: false, content: json_of::<T>() }), ..self }
    }

    fn takes_bytes(self, media: &'static str) -> Self {
        Self { body: Some(Body { is_required: true, content: bytes(media) }), ..self }
    }

    fn answers<T: ToSchema>(self, status: u16, description: &'static str) -> Self {
        self.answer(Answer::new(status, description, vec![json_of::<T>()]))
    }

    fn answer(mut self, answer: Answer) -> Self {
        self.answers.push(answer);
        self
    }

    fn fails(mut self, statuses: &[u16]) -> Self {
        self.failures.extend(statuses);
        self
    }

    /// Every status of a failure, sorted.
    pub(crate) fn all_failures(&self) -> Vec<u16> {
        // A second `host` header is a 400 on every path, a stranger's request a 403, and what is
        // not answered in time a 503.
        let mut all = vec![400, 403, 503];
        if self.access != Access::Everybody {
            all.extend([401, 500]);
        }
        if self.body.is_some() {
            all.push(413);
        }
        all.extend(&self.failures);
        all.sort_unstable();
        all.dedup();
        all.retain(|status| self.answers.iter().all(|answer| answer.status != *status));
        all
    }
}
