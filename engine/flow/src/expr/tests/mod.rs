//! A call's variables, and help to evaluate over them, here and in the tests of prompts.

mod agreement;
mod checking;
mod documentation;
mod evaluation;

use super::*;
use std::collections::BTreeMap;

use serde_json::json;

/// Variables and a locale, as a call would have them.
pub(crate) struct Fixture {
    pub(crate) variables: Value,
    pub(crate) locale: &'static str,
}

impl Scope for Fixture {
    fn variable(&self, root: &str) -> Option<Cow<'_, Value>> {
        self.variables.get(root).map(Cow::Borrowed)
    }

    fn locale(&self) -> &str {
        self.locale
    }
}

/// The variables that the tests use, of a business in Korea.
pub(crate) struct Types(BTreeMap<String, VarType>);

impl TypeEnv for Types {
    fn root(&self, name: &str) -> Option<VarType> {
        self.0.root(name)
    }

    fn names(&self) -> Vec<String> {
        self.0.names()
    }

    fn zone(&self) -> Option<&str> {
        Some("Asia/Seoul")
    }

    fn country(&self) -> Option<&str> {
        Some("KR")
    }
}

pub(crate) fn types() -> Types {
    let text = VarType::of(Type::String);
    let error = VarType::map([("code", text.clone()), ("kind", text.clone())]);
    Types(BTreeMap::from([
        ("account_id".into(), text.clone()),
        ("company".into(), text.clone()),
        ("customer_class".into(), text.clone()),
        ("tries".into(), Type::Number.into()),
        ("balance".into(), Type::Number.into()),
        ("open".into(), Type::Boolean.into()),
        ("queues".into(), Type::List.into()),
        ("customer".into(), Type::Map.into()),
        ("heard".into(), Type::Any.into()),
        ("call".into(), VarType::map([("from", text.clone()), ("now", text.clone())])),
        ("output".into(), VarType::map([("next_open", text), ("error", error)])),
    ]))
}

pub(crate) fn fixture() -> Fixture {
    Fixture {
        variables: json!({
            "account_id": "110203",
            "company": "한빛",
            "customer_class": "msp",
            "tries": 2,
            "balance": 1500.5,
            "open": true,
            "queues": ["general", "billing"],
            "customer": {"name": "가온", "seats": 3.0, "plan": null},
            "heard": "긴급 장애예요",
            "call": {"from": "+82-10-0000-0101", "now": "2026-11-20T00:30:00Z"},
            "output": {"next_open": "2026-11-23T00:00:00Z", "error": null},
        }),
        locale: "ko-KR",
    }
}

fn eval(source: &str) -> Value {
    try_eval(source).unwrap_or_else(|error| panic!("{error}"))
}

fn try_eval(source: &str) -> Result<Value, ExprError> {
    let (expr, _) =
        Expr::compile(source, &types()).unwrap_or_else(|found| panic!("{source}: {found:?}"));
    expr.eval(&fixture())
}

/// The reason why `source` has no value in a call in which nothing is set.
fn unset(source: &str) -> String {
    let (expr, _) =
        Expr::compile(source, &types()).unwrap_or_else(|found| panic!("{source}: {found:?}"));
    let nothing = Fixture { variables: json!({}), locale: "ko-KR" };
    expr.eval(&nothing).unwrap_err().reason
}

/// The only mistake in `source`, with the text that it points at.
fn mistake(source: &str) -> (ExprProblem, String, String) {
    let mut found = Expr::compile(source, &types()).expect_err(source);
    assert_eq!(found.len(), 1, "{source}: {found:?}");
    let found = found.remove(0);
    let text = source[found.span].to_owned();
    (found.problem, text, found.message)
}
