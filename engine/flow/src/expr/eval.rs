//! Evaluation: walks the tree over borrowed values, fetching only the variables that are named.
//!
//! There are no loops in the language, so the work is bounded by the length of the source and the
//! size of the values. Messages name parts of the source and types, never values: those may be
//! sensitive.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Scope;
use super::functions::{Function, Run, Takes};
use super::number::Num;
use super::spoken::Language;
use super::tree::{Arithmetic, Kind, Node, Order};
use super::value::{MAX_TEXT, describe, same, type_of};

/// Why there is no value.
pub(super) type Fault = Box<str>;

type Outcome<'a> = Result<Cow<'a, Value>, Fault>;

#[derive(Clone, Copy)]
pub(super) struct Evaluator<'a> {
    pub(super) source: &'a str,
    pub(super) scope: &'a dyn Scope,
}

static NULL: Value = Value::Null;

impl<'a> Evaluator<'a> {
    pub(super) fn value(self, node: &'a Node) -> Outcome<'a> {
        match &node.kind {
            Kind::Literal(value) => Ok(Cow::Borrowed(value)),
            Kind::Path { root, members } => self.path(node, root, members),
            Kind::Member { of, name } => member(self.value(of)?, name, || of.text(self.source)),
            Kind::Index(sides) => self.index(sides),
            Kind::Has(path) => Ok(truth(!self.leniently(path)?.is_null())),
            Kind::Not(of) => Ok(truth(!self.condition(of, "!")?)),
            Kind::Negate(of) => {
                let number = self.number(of, "-")?;
                self.finite(
                    match number {
                        Num::Int(i) => i.checked_neg().map(Num::Int),
                        Num::Float(f) => Some(Num::float(-f)),
                    },
                    node,
                )
            }
            Kind::And(sides) => self.logic(sides, false, "&&"),
            Kind::Or(sides) => self.logic(sides, true, "||"),
            Kind::Conditional(parts) => {
                let [condition, yes, no] = parts.as_ref();
                self.value(if self.condition(condition, "?")? { yes } else { no })
            }
            Kind::Equal { negated, sides } => {
                let [a, b] = sides.as_ref();
                Ok(truth(same(&*self.value(a)?, &*self.value(b)?) != *negated))
            }
            Kind::Order(order, sides) => self.order(*order, sides),
            Kind::Arithmetic(Arithmetic::Add, sides) => self.add(node, sides),
            Kind::Arithmetic(operator, sides) => {
                let [a, b] = sides.as_ref();
                let word = operator.word();
                self.arithmetic(*operator, self.number(a, word)?, self.number(b, word)?, node)
            }
            Kind::In(sides) => self.contained(sides),
            Kind::List(items) => {
                let items: Result<Vec<Value>, Fault> =
                    items.iter().map(|item| self.value(item).map(Cow::into_owned)).collect();
                items.map(|items| Cow::Owned(Value::Array(items)))
            }
            Kind::Map(entries) => self.map(entries),
            Kind::Default(sides) => {
                let [value, otherwise] = sides.as_ref();
                let value = self.leniently(value)?;
                if value.is_null() {
                    return self.value(otherwise);
                }
                Ok(value)
            }
            Kind::Try(sides) => {
                let [value, otherwise] = sides.as_ref();
                self.value(value).or_else(|_| self.value(otherwise))
            }
            Kind::Matches(text, pattern) => {
                let value = self.value(text)?;
                match value.as_ref() {
                    Value::String(value) => Ok(truth(pattern.is_match(value))),
                    other => Err(self.misfit(text, other, "`matches` needs a string")),
                }
            }
            Kind::Call(function, args) => self.call(node, function, args),
        }
    }

    fn path(self, node: &'a Node, root: &'a str, members: &'a [Box<str>]) -> Outcome<'a> {
        let Some((first, rest)) = members.split_first() else {
            return Ok(self.scope.variable(root).unwrap_or(Cow::Borrowed(&NULL)));
        };
        let mut value = match self.scope.member(root, first) {
            Some(value) => value,
            None => {
                let root_value = self.scope.variable(root).unwrap_or(Cow::Borrowed(&NULL));
                member(root_value, first, || root)?
            }
        };
        for (place, name) in rest.iter().enumerate() {
            value = member(value, name, || {
                // The text of the path up to here: its source without the last members.
                let dropped = rest.len() - place;
                let text = node.text(self.source);
                text.rsplitn(dropped + 1, '.').last().unwrap_or(text).trim()
            })?;
        }
        Ok(value)
    }

    /// The value, null when something on the way to it is not there.
    fn leniently(self, node: &'a Node) -> Outcome<'a> {
        let Kind::Path { root, members } = &node.kind else {
            return self.value(node);
        };
        let Some((first, rest)) = members.split_first() else {
            return self.value(node);
        };
        let missing = || Cow::Borrowed(&NULL);
        let Some(mut value) = self.scope.member(root, first) else {
            return Ok(missing());
        };
        for name in rest {
            if value.is_null() {
                return Ok(missing());
            }
            value = member(value, name, || node.text(self.source))?;
        }
        Ok(value)
    }

    fn index(self, sides: &'a [Node; 2]) -> Outcome<'a> {
        let [of, index] = sides;
        let container = self.value(of)?;
        let key = self.value(index)?;
        match (container.as_ref(), key.as_ref()) {
            (Value::Array(items), Value::Number(number)) => {
                let place = match Num::of(number) {
                    Num::Int(i) => usize::try_from(i).ok().filter(|i| *i < items.len()),
                    Num::Float(_) => None,
                };
                let Some(place) = place else {
                    return Err(format!(
                        "`{}` has {} items and none at index `{}`; the first index is 0",
                        of.text(self.source),
                        items.len(),
                        index.text(self.source)
                    )
                    .into());
                };
                Ok(match container {
                    Cow::Borrowed(Value::Array(items)) => Cow::Borrowed(&items[place]),
                    Cow::Owned(Value::Array(mut items)) => Cow::Owned(items.swap_remove(place)),
                    _ => Cow::Borrowed(&NULL),
                })
            }
            (Value::Object(_), Value::String(name)) => {
                let name = name.clone();
                member(container, &name, || of.text(self.source))
            }
            (Value::Array(_), other) => {
                Err(self.misfit(index, other, "the index of a list is a number"))
            }
            (Value::Object(_), other) => {
                Err(self.misfit(index, other, "the key of a map is a string"))
            }
            (other, _) => Err(self.misfit(of, other, "`[…]` needs a list or a map")),
        }
    }

    /// `&&` and `||` as CEL has them: a side that decides the result by itself outweighs a fault of
    /// the other.
    fn logic(self, sides: &'a [Node; 2], decisive: bool, word: &str) -> Outcome<'a> {
        let [a, b] = sides;
        match self.condition(a, word) {
            Ok(value) if value == decisive => Ok(truth(decisive)),
            Ok(_) => self.condition(b, word).map(truth),
            Err(fault) => match self.condition(b, word) {
                Ok(value) if value == decisive => Ok(truth(decisive)),
                _ => Err(fault),
            },
        }
    }

    fn order(self, order: Order, sides: &'a [Node; 2]) -> Outcome<'a> {
        let [left, right] = sides;
        let (a, b) = (self.value(left)?, self.value(right)?);
        let ordering = match (a.as_ref(), b.as_ref()) {
            (Value::Number(a), Value::Number(b)) => Num::of(a).compare(Num::of(b)),
            (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
            (a, b) => {
                let word = order.word();
                let orderable = |v: &Value| v.is_number() || v.is_string();
                let needs = format!("`{word}` needs two numbers or two strings");
                return Err(if orderable(a) && !orderable(b) {
                    self.misfit(right, b, &needs)
                } else if orderable(a) {
                    let (a, b) = (describe(a), describe(b));
                    format!("`{word}` cannot compare {a} with {b}").into()
                } else {
                    self.misfit(left, a, &needs)
                });
            }
        };
        Ok(truth(ordering.is_some_and(|found| match order {
            Order::Less => found.is_lt(),
            Order::LessEqual => found.is_le(),
            Order::Greater => found.is_gt(),
            Order::GreaterEqual => found.is_ge(),
        })))
    }

    fn add(self, node: &'a Node, sides: &'a [Node; 2]) -> Outcome<'a> {
        let [left, right] = sides;
        let (a, b) = (self.value(left)?, self.value(right)?);
        match (a, b) {
            (a, b) if a.is_string() && b.is_string() => {
                let mut text = match a.into_owned() {
                    Value::String(text) => text,
                    _ => String::new(),
                };
                let more = b.as_str().unwrap_or_default();
                if text.len() + more.len() > MAX_TEXT {
                    return Err(self.too_long(node));
                }
                text.push_str(more);
                Ok(Cow::Owned(Value::String(text)))
            }
            (a, b) if a.is_array() && b.is_array() => {
                let (Value::Array(mut items), Value::Array(more)) =
                    (a.into_owned(), b.into_owned())
                else {
                    return Ok(Cow::Borrowed(&NULL));
                };
                if items.len() + more.len() > MAX_TEXT {
                    return Err(self.too_long(node));
                }
                items.extend(more);
                Ok(Cow::Owned(Value::Array(items)))
            }
            (a, b) => match (a.as_ref(), b.as_ref()) {
                (Value::Number(a), Value::Number(b)) => {
                    self.arithmetic(Arithmetic::Add, Num::of(a), Num::of(b), node)
                }
                (Value::Number(_) | Value::String(_) | Value::Array(_), other)
                    if other.is_null() || other.is_boolean() || other.is_object() =>
                {
                    Err(self.misfit(right, other, "`+` needs two numbers, strings or lists"))
                }
                (a @ (Value::Number(_) | Value::String(_) | Value::Array(_)), b) => Err(format!(
                    "`+` cannot join {} and {}; `string(…)` makes a string of a number",
                    describe(a),
                    describe(b)
                )
                .into()),
                (other, _) => {
                    Err(self.misfit(left, other, "`+` needs two numbers, strings or lists"))
                }
            },
        }
    }

    fn arithmetic(self, operator: Arithmetic, a: Num, b: Num, node: &Node) -> Outcome<'a> {
        let divides = matches!(operator, Arithmetic::Divide | Arithmetic::Remainder);
        if divides && b.as_f64() == 0.0 {
            return Err(format!("`{}` divides by zero", node.text(self.source)).into());
        }
        let result = match (operator, a, b) {
            (Arithmetic::Add, Num::Int(a), Num::Int(b)) => a.checked_add(b).map(Num::Int),
            (Arithmetic::Subtract, Num::Int(a), Num::Int(b)) => a.checked_sub(b).map(Num::Int),
            (Arithmetic::Multiply, Num::Int(a), Num::Int(b)) => a.checked_mul(b).map(Num::Int),
            (Arithmetic::Remainder, Num::Int(a), Num::Int(b)) => {
                Some(Num::Int(a.checked_rem(b).unwrap_or(0)))
            }
            (Arithmetic::Divide, Num::Int(a), Num::Int(b)) if a.checked_rem(b) == Some(0) => {
                a.checked_div(b).map(Num::Int)
            }
            (operator, a, b) => {
                let (a, b) = (a.as_f64(), b.as_f64());
                Some(Num::float(match operator {
                    Arithmetic::Add => a + b,
                    Arithmetic::Subtract => a - b,
                    Arithmetic::Multiply => a * b,
                    Arithmetic::Divide => a / b,
                    Arithmetic::Remainder => a % b,
                }))
            }
        };
        self.finite(result, node)
    }

    fn contained(self, sides: &'a [Node; 2]) -> Outcome<'a> {
        let [item, container] = sides;
        let value = self.value(item)?;
        let within = self.value(container)?;
        match (value.as_ref(), within.as_ref()) {
            (value, Value::Array(items)) => Ok(truth(items.iter().any(|item| same(item, value)))),
            (Value::String(name), Value::Object(members)) => Ok(truth(members.contains_key(name))),
            (other, Value::Object(_)) => {
                Err(self.misfit(item, other, "the key of a map is a string"))
            }
            (_, other) => Err(self.misfit(container, other, "`in` needs a list or a map")),
        }
    }

    fn map(self, entries: &'a [(Node, Node)]) -> Outcome<'a> {
        let mut members = Map::with_capacity(entries.len());
        for (key, value) in entries {
            let name = self.value(key)?;
            let Value::String(name) = name.as_ref() else {
                return Err(self.misfit(key, &name, "the key of a map is a string"));
            };
            if members.contains_key(name) {
                return Err(format!("the key `{}` is there twice", key.text(self.source)).into());
            }
            members.insert(name.clone(), self.value(value)?.into_owned());
        }
        Ok(Cow::Owned(Value::Object(members)))
    }

    fn call(self, node: &'a Node, function: &'static Function, args: &'a [Node]) -> Outcome<'a> {
        let mut values = Vec::with_capacity(args.len());
        for (arg, param) in args.iter().zip(function.params) {
            let value = self.value(arg)?;
            let fits = param.takes == Takes::Any
                || type_of(&value).is_some_and(|ty| param.takes.accepts(ty));
            if !fits {
                let needs = format!("`{}` needs {}", function.name, param.takes.wanted());
                return Err(self.misfit(arg, &value, &needs));
            }
            values.push(value);
        }
        let result = match function.run {
            Run::Pure(run) => run(&values),
            Run::Spoken(run) => run(&values, self.scope.locale()),
            Run::Worded(run) => match Language::of(self.scope.locale()) {
                Some(language) => {
                    let now = self.scope.member("call", "now");
                    run(&values, language, now.as_deref().and_then(Value::as_str))
                }
                None => Err(format!("there are no words for this in {}", self.scope.locale())),
            },
            Run::Timed(run) => match self.scope.member("call", "now").as_deref() {
                Some(Value::String(now)) => run(&values, now),
                _ => Err("there is no call, so there is no current time".to_owned()),
            },
            // These have nodes of their own.
            Run::Default | Run::Try | Run::Matches => Ok(Value::Null),
        };
        match result {
            Ok(value) => Ok(Cow::Owned(value)),
            Err(reason) => Err(format!("`{}`: {reason}", node.text(self.source)).into()),
        }
    }

    fn condition(self, node: &'a Node, word: &str) -> Result<bool, Fault> {
        match self.value(node)?.as_ref() {
            Value::Bool(truth) => Ok(*truth),
            other => Err(self.misfit(node, other, &format!("`{word}` needs a boolean"))),
        }
    }

    fn number(self, node: &'a Node, word: &str) -> Result<Num, Fault> {
        match self.value(node)?.as_ref() {
            Value::Number(number) => Ok(Num::of(number)),
            other => Err(self.misfit(node, other, &format!("`{word}` needs a number"))),
        }
    }

    fn finite(self, number: Option<Num>, node: &Node) -> Outcome<'a> {
        number
            .and_then(Num::value)
            .map(Cow::Owned)
            .ok_or_else(|| format!("`{}` is too large a number", node.text(self.source)).into())
    }

    fn too_long(self, node: &Node) -> Fault {
        let text = node.text(self.source);
        format!("`{text}` would be longer than {MAX_TEXT}").into()
    }

    fn misfit(self, node: &Node, value: &Value, needs: &str) -> Fault {
        let text = node.text(self.source);
        if value.is_null() {
            return format!(
                "`{text}` is not set (null), {needs}; `default({text}, …)` gives a value for that case"
            )
            .into();
        }
        format!("`{text}` is {}, {needs}", describe(value)).into()
    }
}

fn truth<'a>(value: bool) -> Cow<'a, Value> {
    static TRUE: Value = Value::Bool(true);
    static FALSE: Value = Value::Bool(false);
    Cow::Borrowed(if value { &TRUE } else { &FALSE })
}

/// A member of a value; null when the map has none of this name.
fn member<'a, 's>(of: Cow<'a, Value>, name: &str, text: impl FnOnce() -> &'s str) -> Outcome<'a> {
    match of {
        Cow::Borrowed(Value::Object(members)) => {
            Ok(Cow::Borrowed(members.get(name).unwrap_or(&NULL)))
        }
        Cow::Owned(Value::Object(mut members)) => {
            Ok(Cow::Owned(members.get_mut(name).map(Value::take).unwrap_or_default()))
        }
        other => {
            let text = text();
            Err(if other.is_null() {
                format!("`{text}` is not set (null), so it has no member `{name}`; `default({text}.{name}, …)` gives a value for that case")
            } else {
                format!("`{text}` is {}, so it has no member `{name}`", describe(&other))
            }
            .into())
        }
    }
}
