//! Operators: which types they take and which they give.

use cel::common::ast::operators;
use serde_json::Value;

use super::{Lowering, Typed, either, span_of_both, typed};
use crate::expr::tree::{Arithmetic, Kind, Node, Order};
use crate::expr::types::VarType;
use crate::expr::value::name as type_name;
use crate::model::Type;

impl Lowering<'_> {
    /// Gives the values back when `name` is not an operator.
    pub(super) fn operator(
        &mut self,
        name: &str,
        mut values: Vec<Typed>,
        at: usize,
    ) -> Result<Typed, Vec<Typed>> {
        let arithmetic = match name {
            operators::ADD => Some(Arithmetic::Add),
            operators::SUBSTRACT => Some(Arithmetic::Subtract),
            operators::MULTIPLY => Some(Arithmetic::Multiply),
            operators::DIVIDE => Some(Arithmetic::Divide),
            operators::MODULO => Some(Arithmetic::Remainder),
            _ => None,
        };
        let order = match name {
            operators::LESS => Some(Order::Less),
            operators::LESS_EQUALS => Some(Order::LessEqual),
            operators::GREATER => Some(Order::Greater),
            operators::GREATER_EQUALS => Some(Order::GreaterEqual),
            _ => None,
        };
        let constant = values.iter().all(|value| value.node.literal().is_some());
        let made = match values.len() {
            1 if name == operators::LOGICAL_NOT || name == operators::NEGATE => {
                let Some(of) = values.pop() else {
                    return Err(values);
                };
                self.unary(name, of, at)
            }
            2 => {
                let (Some(b), Some(a)) = (values.pop(), values.pop()) else {
                    return Err(values);
                };
                if let Some(operator) = arithmetic {
                    self.arithmetic(operator, a, b)
                } else if let Some(order) = order {
                    self.order(order, a, b)
                } else {
                    match name {
                        operators::LOGICAL_AND => self.logic("&&", Kind::And, a, b),
                        operators::LOGICAL_OR => self.logic("||", Kind::Or, a, b),
                        operators::EQUALS => self.equal(false, a, b),
                        operators::NOT_EQUALS => self.equal(true, a, b),
                        operators::IN => self.contained(a, b),
                        operators::INDEX => self.index(a, b, at),
                        _ => return Err(vec![a, b]),
                    }
                }
            }
            3 if name == operators::CONDITIONAL => {
                let (Some(no), Some(yes), Some(condition)) =
                    (values.pop(), values.pop(), values.pop())
                else {
                    return Err(values);
                };
                self.conditional(condition, yes, no)
            }
            _ => return Err(values),
        };
        Ok(self.fold(constant, made))
    }

    fn unary(&mut self, name: &str, of: Typed, at: usize) -> Typed {
        let span = self.span_at(at).start..of.node.span().end;
        if name == operators::LOGICAL_NOT {
            self.expect(&of, &[Type::Boolean], "what follows `!`", "a boolean");
            return typed(Kind::Not(Box::new(of.node)), span, Type::Boolean);
        }
        self.expect(&of, &[Type::Number], "what follows `-`", "a number");
        typed(Kind::Negate(Box::new(of.node)), span, Type::Number)
    }

    fn logic(&mut self, word: &str, kind: fn(Box<[Node; 2]>) -> Kind, a: Typed, b: Typed) -> Typed {
        for side in [&a, &b] {
            let what = format!("a side of `{word}`");
            self.expect(side, &[Type::Boolean], &what, "a boolean");
        }
        let span = span_of_both(&a, &b);
        typed(kind(Box::new([a.node, b.node])), span, Type::Boolean)
    }

    fn equal(&mut self, negated: bool, a: Typed, b: Typed) -> Typed {
        let span = span_of_both(&a, &b);
        if let (Some(one), Some(other)) = (&a.known, &b.known)
            && one.ty != other.ty
            && one.ty != Type::Any
            && other.ty != Type::Any
        {
            let message = format!(
                "`{}` is {} and `{}` {}: they are never equal",
                a.node.text(self.source),
                type_name(one.ty),
                b.node.text(self.source),
                type_name(other.ty)
            );
            self.mismatch(span.clone(), message, None);
        }
        let sides = Box::new([a.node, b.node]);
        typed(Kind::Equal { negated, sides }, span, Type::Boolean)
    }

    fn order(&mut self, order: Order, a: Typed, b: Typed) -> Typed {
        let what = format!("a side of `{}`", order.word());
        self.same_of(&[Type::Number, Type::String], &what, &a, &b);
        let span = span_of_both(&a, &b);
        let sides = Box::new([a.node, b.node]);
        typed(Kind::Order(order, sides), span, Type::Boolean)
    }

    fn arithmetic(&mut self, operator: Arithmetic, a: Typed, b: Typed) -> Typed {
        let what = format!("a side of `{}`", operator.word());
        let types: &[Type] = match operator {
            Arithmetic::Add => &[Type::Number, Type::String, Type::List],
            _ => &[Type::Number],
        };
        let ty = self.same_of(types, &what, &a, &b);
        let span = span_of_both(&a, &b);
        let sides = Box::new([a.node, b.node]);
        typed(Kind::Arithmetic(operator, sides), span, ty)
    }

    /// Both sides must be of one of `types`, and of the same; tells which.
    fn same_of(&mut self, types: &[Type], what: &str, a: &Typed, b: &Typed) -> Type {
        let names: Vec<&str> = types.iter().copied().map(type_name).collect();
        let wanted = names.join(" or ");
        let fits = self.expect(a, types, what, &wanted) & self.expect(b, types, what, &wanted);
        let ty = |side: &Typed| side.known.as_ref().map_or(Type::Any, |known| known.ty);
        match (ty(a), ty(b)) {
            (Type::Any, other) | (other, Type::Any) => match types {
                [only] => *only,
                _ => other,
            },
            (one, other) if one == other => one,
            (one, other) => {
                if fits {
                    let message = format!(
                        "`{}` is {} and `{}` {}",
                        a.node.text(self.source),
                        type_name(one),
                        b.node.text(self.source),
                        type_name(other)
                    );
                    let pair = [one, other];
                    let mixed = pair.contains(&Type::Number) && pair.contains(&Type::String);
                    let help = mixed.then(|| {
                        "`string(…)` makes a text of a number, `double(…)` a number of a text"
                            .to_owned()
                    });
                    self.mismatch(span_of_both(a, b), message, help);
                }
                Type::Any
            }
        }
    }

    fn contained(&mut self, item: Typed, within: Typed) -> Typed {
        let span = span_of_both(&item, &within);
        let ty = within.known.as_ref().map(|known| known.ty);
        if ty == Some(Type::String) {
            let (part, text) = (item.node.text(self.source), within.node.text(self.source));
            let message = format!("`in` looks into lists and maps, and `{text}` is a string");
            let help = format!("write `{text}.contains({part})`");
            self.mismatch(span.clone(), message, Some(help));
        } else {
            let what = "what follows `in`";
            self.expect(&within, &[Type::List, Type::Map], what, "a list or a map");
        }
        if ty == Some(Type::Map) {
            self.expect(&item, &[Type::String], "the key of a map", "a string");
        }
        let sides = Box::new([item.node, within.node]);
        typed(Kind::In(sides), span, Type::Boolean)
    }

    fn index(&mut self, of: Typed, index: Typed, at: usize) -> Typed {
        let span = of.node.span().start..self.bracket_span(at).end;
        let what = "what stands before `[`";
        self.expect(&of, &[Type::List, Type::Map], what, "a list or a map");
        let mut known = VarType::of(Type::Any);
        match of.known.as_ref().map(|known| known.ty) {
            Some(Type::List) => {
                self.expect(&index, &[Type::Number], "the index of a list", "a number");
            }
            Some(Type::Map) => {
                self.expect(&index, &[Type::String], "the key of a map", "a string");
                if let Some(name) = index.node.literal().and_then(Value::as_str) {
                    known = self.member_type(&of, name, index.node.span());
                }
            }
            _ => {}
        }
        let sides = Box::new([of.node, index.node]);
        Typed { node: Node::new(Kind::Index(sides), span), known: Some(known) }
    }

    fn conditional(&mut self, condition: Typed, yes: Typed, no: Typed) -> Typed {
        let what = "what stands before `?`";
        self.expect(&condition, &[Type::Boolean], what, "a boolean");
        let span = condition.node.span().start..no.node.span().end;
        let known = either(yes.known, no.known);
        let parts = Box::new([condition.node, yes.node, no.node]);
        Typed { node: Node::new(Kind::Conditional(parts), span), known }
    }
}
