//! From the parser's tree to ours, checking names and types on the way.
//!
//! Every mistake is reported, not only the first: a part that is wrong becomes a value of any type,
//! about which nothing more is said. Parts without variables are computed here, once.

mod calls;
mod operators;

use std::ops::Range;
use std::sync::Arc;

use cel::common::ast::{CallExpr, EntryExpr, Expr as Parsed, IdedExpr, LiteralValue};
use cel::common::ast::{ListExpr, MapExpr, SelectExpr, SourceInfo};
use dialgraph_base::nearest;
use serde_json::Value;

use super::diagnostic::{ExprDiagnostic, ExprProblem};
use super::eval::Evaluator;
use super::functions;
use super::number::Num;
use super::scan::Token;
use super::tree::{Kind, Node};
use super::types::{TypeEnv, VarType};
use super::value::{name as type_name, type_of};
use super::{MAX_NESTING, NoVariables};
use crate::model::Type;

/// What is known of a value before the call. None: it is always null.
pub(super) type Known = Option<VarType>;

pub(super) struct Lowering<'a> {
    source: &'a str,
    tokens: &'a [Token],
    info: &'a SourceInfo,
    types: &'a dyn TypeEnv,
    too_deep: bool,
    pub(super) found: Vec<ExprDiagnostic>,
    /// Variables met so far.
    pub(super) roots: Vec<Arc<str>>,
    /// Texts met so far, with their places.
    pub(super) texts: Vec<(Range<usize>, Box<str>)>,
}

pub(super) struct Typed {
    pub(super) node: Node,
    pub(super) known: Known,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(
        source: &'a str,
        tokens: &'a [Token],
        info: &'a SourceInfo,
        types: &'a dyn TypeEnv,
    ) -> Self {
        let (found, roots, texts) = (Vec::new(), Vec::new(), Vec::new());
        Self { source, tokens, info, types, too_deep: false, found, roots, texts }
    }

    /// `parsed` as a node, `depth` nodes below the root.
    pub(super) fn lower(&mut self, parsed: &IdedExpr, depth: usize) -> Typed {
        if depth > MAX_NESTING {
            if !self.too_deep {
                self.too_deep = true;
                self.report(
                    ExprProblem::TooDeep,
                    0..self.source.len(),
                    format!("operators are nested more than {MAX_NESTING} deep"),
                    Some("compute parts of it with `set` first".to_owned()),
                );
            }
            return self.unknown(0..self.source.len());
        }
        let at = self.token_at(parsed.id);
        let span = self.span_at(at);
        match &parsed.expr {
            Parsed::Literal(literal) => self.literal(literal, at),
            Parsed::Ident(name) => self.variable(name, span),
            Parsed::Select(select) => self.select(select, at, depth),
            Parsed::Call(call) => self.call(call, at, depth),
            Parsed::List(list) => self.list(list, at, depth),
            Parsed::Map(map) => self.map(map, at, depth),
            Parsed::Comprehension(_) => self.unsupported(span, "expressions have no loops"),
            Parsed::Struct(_) => self.unsupported(span, "messages (`Name{…}`) are not supported"),
            Parsed::Unspecified => self.unsupported(span, "this is not an expression"),
        }
    }

    fn literal(&mut self, literal: &LiteralValue, at: usize) -> Typed {
        let mut span = self.span_at(at);
        let value = match literal {
            LiteralValue::Boolean(value) => Value::Bool(*value.inner()),
            LiteralValue::Int(value) => (*value.inner()).into(),
            LiteralValue::UInt(value) => (*value.inner()).into(),
            LiteralValue::Double(value) => {
                Num::float(*value.inner()).value().unwrap_or(Value::Null)
            }
            LiteralValue::String(value) => value.inner().into(),
            LiteralValue::Null => Value::Null,
            LiteralValue::Bytes(_) => {
                return self.unsupported(span, "byte strings are not supported");
            }
        };
        // The parser puts a minus sign into the number without its place.
        let sign = at.checked_sub(1).and_then(|before| self.tokens.get(before));
        if let Some(sign) = sign.filter(|sign| sign.text(self.source) == "-")
            && value.as_f64().is_some_and(|number| number < 0.0)
        {
            span.start = sign.span.start;
        }
        if let Value::String(text) = &value {
            self.texts.push((span.clone(), text.as_str().into()));
        }
        let known = type_of(&value).map(VarType::of);
        let node = Node::new(Kind::Literal(value), span);
        Typed { node, known }
    }

    fn variable(&mut self, name: &str, span: Range<usize>) -> Typed {
        let Some(known) = self.types.root(name) else {
            let names = self.types.names();
            let near = nearest(name, names.iter().map(String::as_str)).map(str::to_owned);
            let help = match &near {
                Some(near) => format!("did you mean `{near}`?"),
                None if functions::find(name).is_some() => {
                    format!("`{name}` is a function: `{name}(…)`")
                }
                None => format!("declare it under `attributes`, or write `\"{name}\"` for a text"),
            };
            self.found.push(ExprDiagnostic {
                problem: ExprProblem::UnknownVariable,
                message: format!("there is no variable `{name}` here"),
                help: Some(help),
                suggestion: near,
                span: span.clone(),
            });
            return self.unknown(span);
        };
        let root: Arc<str> = match self.roots.iter().find(|root| ***root == *name) {
            Some(root) => Arc::clone(root),
            None => {
                let root: Arc<str> = name.into();
                self.roots.push(Arc::clone(&root));
                root
            }
        };
        let members = Box::default();
        Typed { node: Node::new(Kind::Path { root, members }, span), known: Some(known) }
    }

    fn select(&mut self, select: &SelectExpr, at: usize, depth: usize) -> Typed {
        let of = self.lower(&select.operand, depth + 1);
        // Written `of.name`, the place is that of the point; written `has(of.name)`, that of the
        // bracket.
        let name_at = if select.test { self.partner(at).saturating_sub(1) } else { at + 1 };
        let name_span = self.span_at(name_at);
        let known = self.member_type(&of, &select.field, name_span.clone());
        let of_span = of.node.span();
        let span = of_span.start..name_span.end.max(of_span.end);
        let name: Box<str> = select.field.as_str().into();
        let kind = match of.node.kind {
            Kind::Path { root, members } => {
                let mut members = members.into_vec();
                members.push(name);
                let members = members.into();
                Kind::Path { root, members }
            }
            kind => Kind::Member { of: Box::new(Node::new(kind, of_span)), name },
        };
        let node = Node::new(kind, span);
        if select.test {
            let span = self.call_span(at, None);
            return typed(Kind::Has(Box::new(node)), span, Type::Boolean);
        }
        Typed { node, known: Some(known) }
    }

    fn member_type(&mut self, of: &Typed, name: &str, span: Range<usize>) -> VarType {
        let any = VarType::of(Type::Any);
        let Some(known) = &of.known else {
            self.mismatch(span, format!("null has no member `{name}`"), None);
            return any;
        };
        match (known.ty, &known.members) {
            (Type::Any, _) | (Type::Map, None) => any,
            (Type::Map, Some(members)) => {
                if let Some(found) = members.get(name) {
                    return found.clone();
                }
                let near = nearest(name, members.keys().map(String::as_str)).map(str::to_owned);
                let help = near.as_ref().map_or_else(
                    || {
                        let all: Vec<String> = members.keys().map(|m| format!("`{m}`")).collect();
                        format!("it has {}", all.join(", "))
                    },
                    |near| format!("did you mean `{near}`?"),
                );
                self.found.push(ExprDiagnostic {
                    problem: ExprProblem::UnknownMember,
                    message: format!("`{}` has no member `{name}`", of.node.text(self.source)),
                    help: Some(help),
                    suggestion: near,
                    span,
                });
                any
            }
            (ty, _) => {
                let text = of.node.text(self.source);
                let ty = type_name(ty);
                self.mismatch(span, format!("`{text}` is {ty} and has no members"), None);
                any
            }
        }
    }

    fn list(&mut self, list: &ListExpr, at: usize, depth: usize) -> Typed {
        let span = self.bracket_span(at);
        let items: Vec<Node> =
            list.elements.iter().map(|item| self.lower(item, depth + 1).node).collect();
        let constant = items.iter().all(|item| item.literal().is_some());
        self.fold(constant, typed(Kind::List(items), span, Type::List))
    }

    fn map(&mut self, map: &MapExpr, at: usize, depth: usize) -> Typed {
        let span = self.bracket_span(at);
        let mut entries = Vec::with_capacity(map.entries.len());
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else {
                continue;
            };
            let key = self.lower(&entry.key, depth + 1);
            self.expect(&key, &[Type::String], "the key of a map", "a string");
            let value = self.lower(&entry.value, depth + 1);
            entries.push((key.node, value.node));
        }
        let constant =
            entries.iter().all(|(key, value)| key.literal().is_some() && value.literal().is_some());
        self.fold(constant, typed(Kind::Map(entries), span, Type::Map))
    }

    fn call(&mut self, call: &CallExpr, at: usize, depth: usize) -> Typed {
        let mut values: Vec<Typed> = Vec::with_capacity(call.args.len() + 1);
        for value in call.target.as_deref().into_iter().chain(&call.args) {
            values.push(self.lower(value, depth + 1));
        }
        if call.target.is_some() {
            return self.function(&call.func_name, values, at, true);
        }
        match self.operator(&call.func_name, values, at) {
            Ok(done) => done,
            Err(values) => self.function(&call.func_name, values, at, false),
        }
    }

    /// Whether `value` can be one of `types`; reports it when not.
    fn expect(&mut self, value: &Typed, types: &[Type], what: &str, wanted: &str) -> bool {
        let fits = value
            .known
            .as_ref()
            .is_some_and(|known| known.ty == Type::Any || types.contains(&known.ty));
        if !fits {
            let message = format!(
                "{what} must be {wanted}, and `{}` is {}",
                value.node.text(self.source),
                known_name(&value.known)
            );
            self.mismatch(value.node.span(), message, None);
        }
        fits
    }

    /// Computes a part whose values are all written out.
    fn fold(&mut self, constant: bool, part: Typed) -> Typed {
        if !constant || !self.found.is_empty() {
            return part;
        }
        let evaluator = Evaluator { source: self.source, scope: &NoVariables };
        let span = part.node.span();
        match evaluator.value(&part.node) {
            Ok(value) => {
                let value = value.into_owned();
                let known = type_of(&value).map(VarType::of);
                let node = Node::new(Kind::Literal(value), span);
                Typed { node, known }
            }
            Err(reason) => {
                self.report(ExprProblem::AlwaysFails, span, reason.into(), None);
                part
            }
        }
    }

    /// Stands for a part about which a mistake has been reported.
    fn unknown(&self, span: Range<usize>) -> Typed {
        let (root, members) = (Arc::from(""), Box::default());
        typed(Kind::Path { root, members }, span, Type::Any)
    }

    fn unsupported(&mut self, span: Range<usize>, message: &str) -> Typed {
        self.report(ExprProblem::Unsupported, span.clone(), message.to_owned(), None);
        self.unknown(span)
    }

    fn mismatch(&mut self, span: Range<usize>, message: String, help: Option<String>) {
        self.report(ExprProblem::TypeMismatch, span, message, help);
    }

    fn report(
        &mut self,
        problem: ExprProblem,
        span: Range<usize>,
        message: String,
        help: Option<String>,
    ) {
        self.found.push(ExprDiagnostic { problem, message, help, suggestion: None, span });
    }

    /// Index of the word at which the parser places node `id`.
    fn token_at(&self, id: u64) -> usize {
        let start = self.info.offset_for(id).map_or(0, |(start, _)| start);
        let start = usize::try_from(start).unwrap_or(0);
        self.tokens
            .partition_point(|token| token.span.end <= start)
            .min(self.tokens.len().saturating_sub(1))
    }

    fn span_at(&self, at: usize) -> Range<usize> {
        self.tokens.get(at).map_or(0..self.source.len(), |token| token.span.clone())
    }

    fn partner(&self, at: usize) -> usize {
        self.tokens.get(at).map_or(at, |token| token.partner)
    }

    /// From the bracket that opens at `at` to its partner.
    fn bracket_span(&self, at: usize) -> Range<usize> {
        self.span_at(at).start..self.span_at(self.partner(at)).end
    }

    /// A call whose bracket opens at `at`, with its name and the value it is called on.
    fn call_span(&self, at: usize, on: Option<Range<usize>>) -> Range<usize> {
        let name = self.span_at(at.saturating_sub(1)).start;
        on.map_or(name, |on| on.start)..self.bracket_span(at).end
    }
}

fn typed(kind: Kind, span: Range<usize>, ty: Type) -> Typed {
    Typed { node: Node::new(kind, span), known: Some(VarType::of(ty)) }
}

fn span_of_both(a: &Typed, b: &Typed) -> Range<usize> {
    a.node.span().start..b.node.span().end
}

/// What is known of a value that is one or the other.
fn either(one: Known, other: Known) -> Known {
    match (one, other) {
        (None, known) | (known, None) => known,
        (Some(one), Some(other)) if one == other => Some(one),
        (Some(one), Some(other)) if one.ty == other.ty => Some(one.ty.into()),
        _ => Some(Type::Any.into()),
    }
}

fn known_name(known: &Known) -> &'static str {
    known.as_ref().map_or("null", |known| type_name(known.ty))
}
