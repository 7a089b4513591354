//! Calls of functions: names, numbers of arguments, and arguments that are written out.

use std::ops::Range;

use dialgraph_base::nearest;
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::{Lowering, Typed, either, known_name};
use crate::expr::diagnostic::{ExprDiagnostic, ExprProblem};
use crate::expr::functions::{self, FUNCTIONS, Function, Run, Takes};
use crate::expr::tree::{Kind, Node};
use crate::expr::types::VarType;
use crate::model::Type;

/// Bytes that a compiled pattern may have; keeps `\pL{1000}` and its like out.
const MAX_PATTERN: usize = 256 << 10;

impl Lowering<'_> {
    pub(super) fn function(
        &mut self,
        name: &str,
        values: Vec<Typed>,
        at: usize,
        method: bool,
    ) -> Typed {
        let first = values.first().filter(|_| method).map(|v| v.node.span());
        let span = self.call_span(at, first);
        let name_span = self.span_at(at.saturating_sub(1));
        let Some(function) = functions::find(name) else {
            return self.unknown_function(name, name_span, span);
        };
        let mut values = values;
        if let Some(home) = self.at_home(function, &values, span.clone()) {
            match home {
                Ok(home) => values.push(home),
                Err((message, help)) => {
                    self.report(ExprProblem::WrongArguments, name_span, message, Some(help));
                    return self.unknown(span);
                }
            }
        }
        if values.len() != function.params.len() {
            let message = format!(
                "`{}` takes {}, not {}",
                function.signature(),
                counted(function.params.len()),
                values.len()
            );
            self.report(ExprProblem::WrongArguments, name_span, message, None);
            return self.unknown(span);
        }
        for (value, param) in values.iter().zip(function.params) {
            self.argument(function, value, param.takes, param.name);
        }
        let pure = matches!(function.run, Run::Pure(_) | Run::Default | Run::Try);
        let constant = pure && values.iter().all(|value| value.node.literal().is_some());
        let mut known = Some(VarType::of(function.result));
        let kind = match function.run {
            Run::Default | Run::Try => {
                let mut knowns = values.iter().map(|value| value.known.clone());
                known = either(knowns.next().flatten(), knowns.next().flatten());
                match <[Node; 2]>::try_from(nodes(values)) {
                    Ok(sides) if matches!(function.run, Run::Try) => Kind::Try(Box::new(sides)),
                    Ok(sides) => Kind::Default(Box::new(sides)),
                    Err(_) => return self.unknown(span),
                }
            }
            Run::Matches => {
                let Some(pattern) = values.get(1).and_then(|value| self.pattern(value)) else {
                    return self.unknown(span);
                };
                match nodes(values).into_iter().next() {
                    Some(text) => Kind::Matches(Box::new(text), Box::new(pattern)),
                    None => return self.unknown(span),
                }
            }
            Run::Pure(_) | Run::Spoken(_) | Run::Worded(_) | Run::Timed(_) => {
                Kind::Call(function, nodes(values))
            }
        };
        let node = Node::new(kind, span);
        self.fold(constant, Typed { node, known })
    }

    /// The zone or the country of the business, where it is the one argument that is left out.
    fn at_home(
        &self,
        function: &Function,
        values: &[Typed],
        span: Range<usize>,
    ) -> Option<Result<Typed, (String, String)>> {
        let last = function.params.get(values.len())?;
        if values.len() + 1 != function.params.len() {
            return None;
        }
        let (home, example) = match last.takes {
            Takes::Zone => (self.types.zone(), "zone: Asia/Seoul"),
            // A number without its country is read out as it is written.
            Takes::Country => (Some(self.types.country().unwrap_or_default()), ""),
            _ => return None,
        };
        let Some(home) = home else {
            let message =
                format!("`{}` needs a zone, and the project has none", function.signature());
            let help = format!("add `{example}` to dialgraph.yaml, or name the zone here");
            return Some(Err((message, help)));
        };
        let node = Node::new(Kind::Literal(Value::from(home)), span);
        Some(Ok(Typed { node, known: Some(VarType::of(Type::String)) }))
    }

    fn unknown_function(
        &mut self,
        name: &str,
        name_span: Range<usize>,
        span: Range<usize>,
    ) -> Typed {
        let near = nearest(name, FUNCTIONS.iter().map(|function| function.name));
        self.found.push(ExprDiagnostic {
            problem: ExprProblem::UnknownFunction,
            message: format!("there is no function `{name}`"),
            help: near.map(|near| format!("did you mean `{near}`?")),
            suggestion: near.map(str::to_owned),
            span: name_span,
        });
        self.unknown(span)
    }

    fn argument(&mut self, function: &Function, value: &Typed, takes: Takes, param: &str) {
        if takes == Takes::Any {
            return;
        }
        let fits = value
            .known
            .as_ref()
            .is_some_and(|known| known.ty == Type::Any || takes.accepts(known.ty));
        let span = value.node.span();
        if !fits {
            let message = format!(
                "`{param}` of `{}` must be {}, and `{}` is {}",
                function.signature(),
                takes.wanted(),
                value.node.text(self.source),
                known_name(&value.known)
            );
            self.mismatch(span, message, None);
        } else if let Some(Err((reason, near))) =
            value.node.literal().map(|literal| takes.check_literal(literal))
        {
            self.found.push(ExprDiagnostic {
                problem: ExprProblem::AlwaysFails,
                message: format!("`{}` is {reason}", value.node.text(self.source)),
                help: near.as_ref().map(|near| format!("did you mean `{near}`?")),
                suggestion: near.map(|near| Value::String(near).to_string()),
                span,
            });
        }
    }

    fn pattern(&mut self, value: &Typed) -> Option<Regex> {
        let span = value.node.span();
        let Some(pattern) = value.node.literal() else {
            let message = "the pattern of `matches` must be a literal".to_owned();
            let help = Some("use `contains` to look for a text from a variable".to_owned());
            self.report(ExprProblem::Unsupported, span, message, help);
            return None;
        };
        let built = RegexBuilder::new(pattern.as_str()?)
            .size_limit(MAX_PATTERN)
            .dfa_size_limit(MAX_PATTERN)
            .build();
        match built {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default();
                let reason = reason.trim_start_matches("error: ");
                let message = format!("this is not a regular expression: {reason}");
                self.report(ExprProblem::AlwaysFails, span, message, None);
                None
            }
        }
    }
}

fn nodes(values: Vec<Typed>) -> Vec<Node> {
    values.into_iter().map(|value| value.node).collect()
}

fn counted(values: usize) -> String {
    match values {
        1 => "1 value".to_owned(),
        more => format!("{more} values"),
    }
}
