//! Expressions: one language for `when`, `set`, `with` and `${…}`.

use serde_json::Value;

/// Where an expression finds its variables.
///
/// Roots are the attributes of the call by name, and `call`, `input` and `output`.
pub trait Scope {
    /// The value of a root variable; none when there is no such variable here.
    fn variable(&self, root: &str) -> Option<Value>;
    /// Locale for functions that speak (digits, dates, particles).
    fn locale(&self) -> &str;
}

/// Why an expression gave no value. Carries the source of the expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{source_text}`: {reason}")]
pub struct ExprError {
    pub source_text: String,
    pub reason: String,
}

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Expr {
    source: std::sync::Arc<str>,
}

impl Expr {
    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its value in `scope`.
    pub fn eval(&self, _scope: &dyn Scope) -> Result<Value, ExprError> {
        Err(ExprError {
            source_text: self.source.to_string(),
            reason: String::new(),
        })
    }
}
