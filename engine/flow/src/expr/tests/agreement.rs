//! Our evaluator against the interpreter of the `cel` crate, and arbitrary text against ours.
//!
//! Where we differ on purpose, the generator keeps out: `/` (ours does not cut fractions), one kind
//! of number, null, members that are missing, and equality of numbers beyond 2^53.

use super::*;
use cel::{Context, Program};
use proptest::prelude::*;

/// An expression of a known type, as text.
fn number() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (-3_i64..4).prop_map(|n| format!("({n})")),
        Just("tries".to_owned()),
        Just("customer.seats".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone(), "[-+*]")
                .prop_map(|(a, b, op)| format!("({a} {op} {b})")),
            (inner.clone(), 1_i64..9).prop_map(|(a, n)| format!("({a} % {n})")),
            inner.clone().prop_map(|a| format!("-{a}")),
            (text(), Just(())).prop_map(|(t, ())| format!("size({t})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("(open ? {a} : {b})")),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[ab가나]{0,2}".prop_map(|t| format!("'{t}'")),
        Just("company".to_owned()),
        Just("call.from".to_owned()),
        Just("queues[1]".to_owned()),
        Just("customer['name']".to_owned()),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        (inner.clone(), inner).prop_map(|(a, b)| format!("({a} + {b})"))
    })
}

fn condition() -> impl Strategy<Value = String> {
    let compare = "(==|!=|<|<=|>|>=)";
    let leaf = prop_oneof![
        Just("open".to_owned()),
        Just("false".to_owned()),
        (number(), number(), compare).prop_map(|(a, b, op)| format!("{a} {op} {b}")),
        (text(), text(), compare).prop_map(|(a, b, op)| format!("{a} {op} {b}")),
        (text(), text(), "(contains|startsWith|endsWith)")
            .prop_map(|(a, b, name)| format!("{a}.{name}({b})")),
        text().prop_map(|t| format!("{t} in queues")),
        (number(), number()).prop_map(|(a, b)| format!("{a} in [{b}, tries]")),
        // Faults: both must have them at the same time.
        Just("tries % (tries - tries) == 0".to_owned()),
        Just("queues[tries] == 'a'".to_owned()),
    ];
    leaf.prop_recursive(4, 16, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone(), r"(&&|\|\|)")
                .prop_map(|(a, b, op)| format!("({a} {op} {b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
}

fn cel_value(value: &Value) -> cel::Value {
    match value {
        Value::Number(number) => cel::Value::Int(number.as_i64().unwrap()),
        Value::Array(items) => items.iter().map(cel_value).collect::<Vec<_>>().into(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), cel_value(value)))
            .collect::<std::collections::HashMap<_, _>>()
            .into(),
        Value::String(text) => text.clone().into(),
        Value::Bool(truth) => (*truth).into(),
        Value::Null => cel::Value::Null,
    }
}

fn by_cel(source: &str, fixture: &Fixture) -> Result<Value, String> {
    let program = Program::compile(source).map_err(|error| error.to_string())?;
    let mut context = Context::default();
    for (name, value) in fixture.variables.as_object().unwrap() {
        context.add_variable_from_value(name.clone(), cel_value(value));
    }
    match program.execute(&context).map_err(|error| error.to_string())? {
        cel::Value::Bool(truth) => Ok(truth.into()),
        cel::Value::Int(number) => Ok(number.into()),
        cel::Value::String(text) => Ok((*text).clone().into()),
        other => Err(format!("{other:?}")),
    }
}

fn whole() -> Fixture {
    Fixture {
        variables: json!({
            "company": "한빛", "tries": 2, "open": true, "queues": ["general", "가"],
            "customer": {"name": "가온", "seats": 3}, "call": {"from": "+82-10-0000-0101"},
        }),
        locale: "ko-KR",
    }
}

fn compare(source: &str) -> Result<(), TestCaseError> {
    let fixture = whole();
    let theirs = by_cel(source, &fixture);
    match Expr::compile(source, &types()) {
        Ok((expr, _)) => {
            let ours = expr.eval(&fixture);
            prop_assert_eq!(
                ours.clone().ok(),
                theirs.clone().ok(),
                "{}: {:?} {:?}",
                source,
                ours,
                theirs
            );
        }
        // A part that always fails is refused even where CEL would pass it by; nothing else may be.
        Err(found) => prop_assert!(
            found.iter().all(|one| matches!(
                one.problem,
                ExprProblem::AlwaysFails | ExprProblem::TooLong | ExprProblem::TooDeep
            )),
            "{source}: {found:?}"
        ),
    }
    Ok(())
}

#[test]
fn every_operator_on_every_pair_means_what_it_means_in_cel() {
    let numbers = ["-1", "0", "1", "2", "3", "tries", "customer.seats", "size(company)"];
    let texts = ["''", "'a'", "'b'", "'가'", "company", "queues[1]", "call.from"];
    let truths = ["true", "false", "open", "!open", "tries == 2", "queues[tries] == 'a'"];
    let ordered = ["==", "!=", "<", "<=", ">", ">="];
    let tables: [(&[&str], &[&str]); 5] = [
        (&numbers, &ordered),
        (&numbers, &["+", "-", "*", "%"]),
        (&texts, &ordered),
        (&texts, &["+"]),
        (&truths, &["&&", "||", "==", "!="]),
    ];
    let mut with_value = 0;
    for (values, operators) in tables {
        for (a, b) in values.iter().flat_map(|a| values.iter().map(move |b| (a, b))) {
            for operator in operators {
                let source = format!("({a}) {operator} ({b})");
                compare(&source).unwrap();
                with_value += usize::from(by_cel(&source, &whole()).is_ok());
            }
        }
    }
    assert!(with_value > 1000, "only {with_value} of them have a value");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn conditions_mean_what_they_mean_in_cel(source in condition()) {
        compare(&source)?;
    }

    #[test]
    fn numbers_and_texts_mean_what_they_mean_in_cel(source in prop_oneof![number(), text()]) {
        compare(&source)?;
    }

    /// Whatever stands in a flow file: no panic, and every mistake lies within the source.
    #[test]
    fn arbitrary_text_is_refused_with_a_place_or_compiled(source in "\\PC{0,60}") {
        well_behaved(&source);
    }

    #[test]
    fn words_of_the_language_in_any_order_are_refused_with_a_place_or_compiled(
        words in proptest::collection::vec(
            prop_oneof![
                Just("tries"), Just("company"), Just("heard"), Just("call"), Just("."), Just("from"),
                Just("("), Just(")"), Just("["), Just("]"), Just("{"), Just("}"), Just(","), Just(":"),
                Just("?"), Just("=="), Just("<"), Just("+"), Just("-"), Just("!"), Just("&&"), Just("in"),
                Just("has"), Just("size"), Just("default"), Just("josa"), Just("'은/는'"), Just("\"é\""),
                Just("1"), Just("2.5"), Just("null"), Just("true"), Just("'''"), Just("\\"), Just("\n"),
                Just("//"), Just("r'"), Just("b\""), Just("`"), Just("한"), Just("map"), Just("0x"), Just("1e"),
            ],
            0..24,
        )
    ) {
        well_behaved(&words.join(" "));
        well_behaved(&words.concat());
    }
}

fn well_behaved(source: &str) {
    match Expr::compile(source, &types()) {
        Ok((expr, ty)) => {
            if let Ok(value) = expr.eval(&fixture())
                && !value.is_null()
                && ty != Type::Any
            {
                assert_eq!(value::type_of(&value), Some(ty), "{source}");
            }
        }
        Err(found) => {
            assert!(!found.is_empty());
            for one in found {
                assert!(source.get(one.span.clone()).is_some(), "{source:?}: {one:?}");
                assert!(!one.message.is_empty());
            }
        }
    }
}
