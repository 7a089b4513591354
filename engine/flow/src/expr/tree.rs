//! The compiled form of an expression: what the evaluator walks.

use std::ops::Range;
use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

use super::functions::Function;

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Bytes of the source, for messages. Sources are shorter than 64 KiB.
    start: u16,
    end: u16,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Literal(Value),
    /// A variable and members of it: `call.from`.
    Path {
        root: Arc<str>,
        members: Box<[Box<str>]>,
    },
    /// A member of something that is not a path.
    Member {
        of: Box<Node>,
        name: Box<str>,
    },
    Index(Box<[Node; 2]>),
    /// `has(…)`: whether the member is there and not null.
    Has(Box<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    /// Condition, value when it holds, value when not.
    Conditional(Box<[Node; 3]>),
    Equal {
        negated: bool,
        sides: Box<[Node; 2]>,
    },
    Order(Order, Box<[Node; 2]>),
    Arithmetic(Arithmetic, Box<[Node; 2]>),
    /// Member of a list, or key of a map.
    In(Box<[Node; 2]>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    /// `default(…)`, whose second value is only looked at when needed.
    Default(Box<[Node; 2]>),
    /// `try(…)`: the second value when the first cannot be had.
    Try(Box<[Node; 2]>),
    Matches(Box<Node>, Box<Regex>),
    Call(&'static Function, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Order {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
        }
    }
}

impl Arithmetic {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

impl Node {
    pub(super) fn new(kind: Kind, span: Range<usize>) -> Self {
        let clamp = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
        Self { kind, start: clamp(span.start), end: clamp(span.end) }
    }

    pub(super) fn span(&self) -> Range<usize> {
        usize::from(self.start)..usize::from(self.end)
    }

    /// Its text in `source`.
    pub(super) fn text<'s>(&self, source: &'s str) -> &'s str {
        source.get(self.span()).unwrap_or(source)
    }

    /// Does something with each node right below.
    pub(super) fn each_child(&self, visit: &mut dyn FnMut(&Self)) {
        match &self.kind {
            Kind::Literal(_) | Kind::Path { .. } => {}
            Kind::Member { of, .. }
            | Kind::Has(of)
            | Kind::Not(of)
            | Kind::Negate(of)
            | Kind::Matches(of, _) => visit(of),
            Kind::Index(sides)
            | Kind::And(sides)
            | Kind::Or(sides)
            | Kind::Equal { sides, .. }
            | Kind::Order(_, sides)
            | Kind::Arithmetic(_, sides)
            | Kind::In(sides)
            | Kind::Default(sides)
            | Kind::Try(sides) => sides.iter().for_each(visit),
            Kind::Conditional(parts) => parts.iter().for_each(visit),
            Kind::List(items) | Kind::Call(_, items) => items.iter().for_each(visit),
            Kind::Map(entries) => entries.iter().for_each(|(key, value)| {
                visit(key);
                visit(value);
            }),
        }
    }

    pub(super) fn literal(&self) -> Option<&Value> {
        match &self.kind {
            Kind::Literal(value) => Some(value),
            _ => None,
        }
    }
}
