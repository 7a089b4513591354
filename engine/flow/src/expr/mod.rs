//! Expressions: one language for `when`, `set`, `with`, `save` and `${…}`.

mod diagnostic;
mod types;

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use crate::model::Type;

pub use self::diagnostic::{ExprDiagnostic, ExprError, ExprProblem};
pub use self::types::{TypeEnv, VarType};

/// Bytes that the source of an expression may have.
pub const MAX_SOURCE: usize = 1024;

/// Where an expression finds its variables.
///
/// Roots are the attributes of the call by name, and `call`, `input` and `output`.
pub trait Scope {
    /// The value of a root variable; none when there is no such variable here.
    fn variable(&self, root: &str) -> Option<Cow<'_, Value>>;

    /// The value of `root.name`; none when either is missing. Worth writing out for roots that are not kept as
    /// one JSON object, such as `call`.
    fn member(&self, root: &str, name: &str) -> Option<Cow<'_, Value>> {
        match self.variable(root)? {
            Cow::Borrowed(value) => value.get(name).map(Cow::Borrowed),
            Cow::Owned(mut value) => value.get_mut(name).map(|v| Cow::Owned(v.take())),
        }
    }

    /// Locale for functions that speak (digits, dates).
    fn locale(&self) -> &str;
}

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Expr {
    source: Arc<str>,
}

impl Expr {
    /// Compiles `source` against the variables of its place and tells the type of its value.
    pub fn compile(source: &str, _types: &dyn TypeEnv) -> Result<(Self, Type), Vec<ExprDiagnostic>> {
        Ok((
            Self {
                source: source.into(),
            },
            Type::Any,
        ))
    }

    /// Compiles `source`, whose value must be of type `expected`.
    pub fn compile_as(
        source: &str,
        types: &dyn TypeEnv,
        _expected: Type,
    ) -> Result<Self, Vec<ExprDiagnostic>> {
        Self::compile(source, types).map(|(expr, _)| expr)
    }

    /// The expression whose value is always `value`.
    pub fn literal(value: Value) -> Self {
        Self {
            source: value.to_string().into(),
        }
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its value when that is the same in every scope.
    pub fn constant(&self) -> Option<&Value> {
        None
    }

    /// The root variables that it reads, each once.
    pub fn roots(&self) -> &[Arc<str>] {
        &[]
    }

    /// Its value in `scope`.
    pub fn eval(&self, _scope: &dyn Scope) -> Result<Value, ExprError> {
        Ok(Value::Null)
    }

    /// Whether it holds in `scope`; an error when its value is neither true nor false.
    pub fn holds(&self, scope: &dyn Scope) -> Result<bool, ExprError> {
        self.eval(scope).map(|v| v == Value::Bool(true))
    }
}
