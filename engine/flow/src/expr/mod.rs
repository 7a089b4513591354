//! Expressions: one language for `when`, `set`, `with`, `save` and `${…}`.
//!
//! The grammar is that of CEL, read by the `cel` crate; checking and evaluation are ours, so that
//! numbers are of one kind, mistakes are found at load and told in a designer's words, and
//! evaluation touches only the variables that are named. Without loops, the work of an expression
//! is bounded by its length.

mod answers;
mod clock;
mod dates;
mod diagnostic;
mod eval;
mod facts;
mod functions;
mod josa;
mod lower;
mod money;
mod number;
mod parse;
mod scan;
mod spoken;
mod tree;
mod types;
mod value;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use self::eval::Evaluator;
use self::lower::Lowering;
use self::tree::{Kind, Node};
use crate::model::Type;

pub use self::answers::Wording;
pub use self::diagnostic::{ExprDiagnostic, ExprError, ExprProblem};
pub(crate) use self::facts::{Comparison, MemberRead, Source, Told};
pub use self::functions::{FUNCTIONS, Function};
pub(crate) use self::scan::end_of_expression;
pub(crate) use self::spoken::{has_words, near_zone, zone};
pub use self::types::{TypeEnv, VarType};

/// Bytes that the source of an expression may have.
pub const MAX_SOURCE: usize = 1024;

/// Brackets that may stand within one another.
pub const MAX_DEPTH: usize = 32;

/// Operators, members and calls that may stand within one another; `a + b + c` are two.
pub const MAX_NESTING: usize = 128;

/// Where an expression finds its variables.
///
/// Roots are the attributes of the call by name, and `call`, `input` and `output`.
pub trait Scope {
    /// The value of a root variable; none, which counts as null, when it is not there.
    fn variable(&self, root: &str) -> Option<Cow<'_, Value>>;

    /// The value of `root.name`; none when either is missing. Worth writing out for roots that are
    /// not kept as one JSON object, such as `call`.
    fn member(&self, root: &str, name: &str) -> Option<Cow<'_, Value>> {
        match self.variable(root)? {
            Cow::Borrowed(value) => value.get(name).map(Cow::Borrowed),
            Cow::Owned(mut value) => value.get_mut(name).map(|member| Cow::Owned(member.take())),
        }
    }

    /// Locale for functions that speak (digits, dates).
    fn locale(&self) -> &str;

    /// Whether prompts are read, not heard.
    fn reads(&self) -> bool {
        false
    }
}

/// The scope of an expression that names no variable.
struct NoVariables;

impl Scope for NoVariables {
    fn variable(&self, _root: &str) -> Option<Cow<'_, Value>> {
        None
    }

    fn locale(&self) -> &str {
        ""
    }
}

/// A compiled expression: immutable, cheap to clone, free of interior state.
///
/// ```
/// use std::borrow::Cow;
/// use std::collections::BTreeMap;
/// use dialgraph_flow::expr::{Expr, Scope};
/// use dialgraph_flow::model::Type;
/// use serde_json::{Value, json};
///
/// struct Attributes(Value);
///
/// impl Scope for Attributes {
///     fn variable(&self, root: &str) -> Option<Cow<'_, Value>> {
///         self.0.get(root).map(Cow::Borrowed)
///     }
///     fn locale(&self) -> &str {
///         "ko-KR"
///     }
/// }
///
/// let types = BTreeMap::from([("tries".to_owned(), Type::Number.into())]);
/// let (next, ty) = Expr::compile("tries + 1", &types).unwrap();
/// assert_eq!(ty, Type::Number);
/// assert_eq!(next.eval(&Attributes(json!({"tries": 2}))), Ok(json!(3)));
/// ```
#[derive(Debug, Clone)]
pub struct Expr {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    source: Arc<str>,
    root: Node,
    roots: Vec<Arc<str>>,
    /// The texts that are written out in it, each with its place.
    texts: Vec<(Range<usize>, Box<str>)>,
    /// The type that its place demands.
    expected: Type,
}

impl Expr {
    /// Compiles `source` against the variables of its place and tells the type of its value:
    /// [`Type::Any`] when only a call can tell, or when the value is always null.
    pub fn compile(source: &str, types: &dyn TypeEnv) -> Result<(Self, Type), Vec<ExprDiagnostic>> {
        Self::build(source, types, Type::Any)
    }

    /// Compiles `source`, whose value must be of type `expected` or null.
    ///
    /// What cannot be told before the call is checked by [`eval`](Self::eval).
    pub fn compile_as(
        source: &str,
        types: &dyn TypeEnv,
        expected: Type,
    ) -> Result<Self, Vec<ExprDiagnostic>> {
        Self::build(source, types, expected).map(|(expr, _)| expr)
    }

    fn build(
        source: &str,
        types: &dyn TypeEnv,
        expected: Type,
    ) -> Result<(Self, Type), Vec<ExprDiagnostic>> {
        let one = |found| vec![found];
        let tokens = scan::scan(source).map_err(one)?;
        let (parsed, info) = parse::parse(source, &tokens).map_err(one)?;
        let mut lowering = Lowering::new(source, &tokens, &info, types);
        let whole = lowering.lower(&parsed, 0);
        let ty = whole.known.map_or(Type::Any, |known| known.ty);
        if expected != Type::Any && ty != Type::Any && ty != expected {
            lowering.found.push(ExprDiagnostic {
                problem: ExprProblem::TypeMismatch,
                message: format!(
                    "this must be {}, and it is {}",
                    value::name(expected),
                    value::name(ty)
                ),
                help: None,
                suggestion: None,
                span: whole.node.span(),
            });
        }
        if !lowering.found.is_empty() {
            return Err(lowering.found);
        }
        let inner = Arc::new(Inner {
            source: source.into(),
            root: whole.node,
            roots: lowering.roots,
            texts: lowering.texts,
            expected,
        });
        Ok((Self { inner }, ty))
    }

    /// The expression whose value is always `value`.
    pub fn literal(value: Value) -> Self {
        let source = value.to_string();
        let inner = Arc::new(Inner {
            root: Node::new(Kind::Literal(value), 0..source.len()),
            source: source.into(),
            roots: Vec::new(),
            texts: Vec::new(),
            expected: Type::Any,
        });
        Self { inner }
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// Its value when that is the same in every scope.
    pub fn constant(&self) -> Option<&Value> {
        self.inner.root.literal()
    }

    /// The root variables that it reads, each once.
    pub fn roots(&self) -> &[Arc<str>] {
        &self.inner.roots
    }

    /// Its value in `scope`; of the type its place demands, or null.
    ///
    /// Errors name parts of the source and types of values, never values themselves.
    pub fn eval(&self, scope: &dyn Scope) -> Result<Value, ExprError> {
        self.value(scope).map(Cow::into_owned)
    }

    /// Whether it holds in `scope`; an error when its value is neither true nor false.
    pub fn holds(&self, scope: &dyn Scope) -> Result<bool, ExprError> {
        match self.value(scope)?.as_ref() {
            Value::Bool(truth) => Ok(*truth),
            other => Err(self.error(format!(
                "this is {}, but a condition is true or false",
                value::describe(other)
            ))),
        }
    }

    pub(crate) fn value<'a>(&'a self, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, ExprError> {
        let evaluator = Evaluator { source: &self.inner.source, scope };
        let value = evaluator.value(&self.inner.root).map_err(|fault| self.error(fault.into()))?;
        let expected = self.inner.expected;
        if expected != Type::Any && value::type_of(&value).is_some_and(|ty| ty != expected) {
            return Err(self.error(format!(
                "this must be {}, and it is {}",
                value::name(expected),
                value::describe(&value)
            )));
        }
        Ok(value)
    }

    fn error(&self, mut reason: String) -> ExprError {
        // A fault in the whole expression need not name it again.
        let whole = format!("`{}`: ", self.inner.source);
        if reason.starts_with(&whole) {
            reason.drain(..whole.len());
        }
        ExprError { source_text: Arc::clone(&self.inner.source), reason }
    }
}

/// A value as it is said in `locale`: whole numbers without a point, booleans as yes and no.
pub(crate) fn say(value: &Value, locale: &str) -> Result<String, String> {
    value::speak(value, spoken::Language::of(locale))
}

#[cfg(test)]
pub(crate) mod tests;
