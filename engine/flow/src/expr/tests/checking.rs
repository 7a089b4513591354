//! Mistakes in expressions are found at load, all at once, each at its place in bytes and with the
//! name that was probably meant; length and depth are bounded.

use super::*;
use ExprProblem::{
    AlwaysFails, Syntax, TooDeep, TooLong, TypeMismatch, UnknownFunction, UnknownMember,
    UnknownVariable, Unsupported, WrongArguments,
};

fn type_of(source: &str) -> Type {
    Expr::compile(source, &types()).expect(source).1
}

#[test]
fn types_are_told_without_a_call() {
    assert_eq!(type_of("tries + 1"), Type::Number);
    assert_eq!(type_of("company + '!'"), Type::String);
    assert_eq!(type_of("tries > 1"), Type::Boolean);
    assert_eq!(type_of("call"), Type::Map);
    assert_eq!(type_of("call.from"), Type::String);
    assert_eq!(type_of("queues[0]"), Type::Any);
    assert_eq!(type_of("[1]"), Type::List);
    assert_eq!(type_of("open ? 1 : 2"), Type::Number);
    assert_eq!(type_of("open ? 1 : 'two'"), Type::Any);
    assert_eq!(type_of("open ? company : null"), Type::String);
    assert_eq!(type_of("default(tries, 0)"), Type::Number);
    assert_eq!(type_of("heard + 1"), Type::Number);
    assert_eq!(type_of("null"), Type::Any);
}

#[test]
fn an_unknown_name_is_pointed_at_with_the_nearest() {
    let found = &Expr::compile("tries > 1 && custmer_class == \"msp\"", &types()).unwrap_err()[0];
    assert_eq!(found.problem, UnknownVariable);
    assert_eq!(found.span, 13..26);
    assert_eq!(found.suggestion.as_deref(), Some("customer_class"));
    assert_eq!(found.help.as_deref(), Some("did you mean `customer_class`?"));

    let found = &Expr::compile("output.next_opn", &types()).unwrap_err()[0];
    assert_eq!((found.problem, found.span.clone()), (UnknownMember, 7..15));
    assert_eq!(found.suggestion.as_deref(), Some("next_open"));

    let found = &Expr::compile("jossa(company, '은/는')", &types()).unwrap_err()[0];
    assert_eq!((found.problem, found.span.clone()), (UnknownFunction, 0..5));
    assert_eq!(found.suggestion.as_deref(), Some("josa"));
}

#[test]
fn places_count_bytes_behind_korean_letters_too() {
    assert_eq!(
        mistake("'한국어' + heard == '긴급' && contry == '한국'"),
        (UnknownVariable, "contry".into(), "there is no variable `contry` here".into())
    );
    assert_eq!(mistake("'한글'.uper()").1, "uper");
    assert_eq!(mistake("'한글' == company && tries = 1").1, "=");
    assert_eq!(mistake("'한국어' == [1 : 2]").1, ":");
    assert_eq!(mistake("'한국어' + '\\q'").1, "'\\q'");
    assert_eq!(mistake("heard == '한글' + output['nxt']").1, "'nxt'");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let found = Expr::compile("foo == 1 && baz() && tries == 'x'", &types()).unwrap_err();
    let problems: Vec<ExprProblem> = found.iter().map(|one| one.problem).collect();
    assert_eq!(problems, [UnknownVariable, UnknownFunction, TypeMismatch]);
}

#[test]
fn types_that_cannot_fit_are_refused() {
    for (source, place) in [
        ("tries == '3'", "tries == '3'"),
        ("company + 1", "company + 1"),
        ("company - 1", "company"),
        ("open > 1", "open"),
        ("tries < null", "null"),
        ("!tries", "tries"),
        ("-company", "company"),
        ("tries && open", "tries"),
        ("tries ? 1 : 2", "tries"),
        ("'a' in company", "'a' in company"),
        ("'a' in tries", "tries"),
        ("1 in customer", "1"),
        ("queues['a']", "'a'"),
        ("customer[0]", "0"),
        ("company[0]", "company"),
        ("{1: 2}", "1"),
        ("company.name", "name"),
        ("null.name", "name"),
        ("upper(tries)", "tries"),
        ("size(open)", "open"),
        ("round(company)", "company"),
        ("has(company.name)", "name"),
    ] {
        let (problem, text, message) = mistake(source);
        assert_eq!((problem, text.as_str()), (TypeMismatch, place), "{source}: {message}");
    }
}

#[test]
fn the_place_of_an_expression_demands_a_type() {
    let found = Expr::compile_as("tries + 1", &types(), Type::Boolean).unwrap_err();
    assert_eq!(found[0].message, "this must be a boolean, and it is a number");
    assert!(Expr::compile_as("heard", &types(), Type::Boolean).is_ok());
    assert!(Expr::compile_as("null", &types(), Type::String).is_ok());
}

#[test]
fn functions_are_called_with_what_they_take() {
    let (problem, text, message) = mistake("josa(company)");
    assert_eq!((problem, text.as_str()), (WrongArguments, "josa"));
    assert_eq!(message, "`josa(text, particle)` takes 2 values, not 1");
    assert_eq!(mistake("company.size(1)").0, WrongArguments);
}

#[test]
fn what_always_fails_is_found_at_load() {
    for (source, place) in [
        ("1 / 0", "1 / 0"),
        ("tries + 1 % 0", "1 % 0"),
        ("josa(company, '은')", "'은'"),
        ("spoken_time(call.now, 'Asia/Soul')", "'Asia/Soul'"),
        ("company.matches('(')", "'('"),
        ("int('x')", "int('x')"),
        ("[1][1]", "[1][1]"),
    ] {
        let (problem, text, message) = mistake(source);
        assert_eq!((problem, text.as_str()), (AlwaysFails, place), "{source}: {message}");
    }
}

#[test]
fn loops_messages_and_bytes_are_left_out() {
    for source in [
        "queues.map(q, q)",
        "queues.filter(q, q == 'a')",
        "queues.all(q, q == 'a')",
        "queues.exists(q, q == 'a')",
        "queues.exists_one(q, q == 'a')",
        "b'bytes' == company",
        "company.matches(heard)",
        "Name{a: 1}",
    ] {
        assert_eq!(mistake(source).0, Unsupported, "{source}");
    }
}

#[test]
fn syntax_mistakes_are_told_in_plain_words() {
    for (source, place, message) in [
        ("", "", "the expression is empty"),
        ("tries +", "", "something is missing after `+`"),
        ("tries = 1", "=", "`=` means nothing here"),
        ("tries == 1 and open", "and", "`and` is not an operator"),
        ("tries open", "open", "an operator is missing before `open`"),
        ("(tries", "(", "`(` is never closed by `)`"),
        ("tries)", ")", "`)` closes nothing"),
        ("[1)", ")", "`)` where `]` should close the bracket opened before"),
        ("\"abc", "\"abc", "this text has no closing quote"),
        ("tries == == 1", "==", "something is missing before `==`"),
        ("company == 한빛", "한", "`한` means nothing here"),
        ("if", "if", "`if` is a reserved word"),
        (
            "99999999999999999999",
            "99999999999999999999",
            "`99999999999999999999` is too large a number",
        ),
        ("'\\q'", "'\\q'", "this text has a `\\` before a character that cannot follow it"),
        ("open ? 1", "", "something is missing at the end"),
        ("open ? (1, 2) : 3", ",", "`,` cannot stand here"),
        ("company[]", "]", "`]` cannot stand here"),
        ("company.", "", "something is missing after `.`"),
        ("f(1,)", ")", "something is missing before `)`"),
    ] {
        let (problem, text, said) = mistake(source);
        assert_eq!((problem, text.as_str(), said.as_str()), (Syntax, place, message), "{source}");
    }
}

#[test]
fn length_and_depth_are_bounded() {
    let long = format!("'{}'", "a".repeat(MAX_SOURCE - 1));
    assert_eq!(mistake(&long).0, TooLong);
    let fits = format!("'{}'", "a".repeat(MAX_SOURCE - 2));
    assert_eq!(type_of(&fits), Type::String);

    let nested = |depth| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(type_of(&nested(MAX_DEPTH)), Type::Number);
    assert_eq!(mistake(&nested(MAX_DEPTH + 1)).0, TooDeep);

    let chain = |length: usize| vec!["tries"; length].join("+");
    assert_eq!(type_of(&chain(MAX_NESTING)), Type::Number);
    assert_eq!(mistake(&chain(MAX_NESTING + 2)).0, TooDeep);
    let choice = |length: usize| format!("{}1", "open?1:".repeat(length));
    assert_eq!(type_of(&choice(60)), Type::Number);
    assert_eq!(mistake(&choice(120)).0, TooDeep);
    let path = |length: usize| format!("heard{}", ".a".repeat(length));
    assert_eq!(mistake(&path(300)).0, TooDeep);
    assert_eq!(type_of(&format!("{}open", "!".repeat(1000))), Type::Boolean);
}

#[test]
fn a_zone_is_left_out_where_the_project_has_one() {
    let nowhere = BTreeMap::from([("n".to_owned(), VarType::of(Type::Number))]);
    let mut found = Expr::compile("time_of(\"2026-11-20T00:00:00Z\")", &nowhere).unwrap_err();
    let found = found.remove(0);
    assert_eq!(found.problem, ExprProblem::WrongArguments);
    assert_eq!(found.message, "`time_of(time, zone)` needs a zone, and the project has none");
    assert_eq!(eval("\"2026-11-20T00:00:00Z\".time_of()"), json!("09:00"));
    let (problem, at, _) = mistake("minutes_between(\"9:30\", \"11:00\")");
    assert_eq!((problem, &*at), (ExprProblem::AlwaysFails, "\"9:30\""));
    let (problem, at, _) = mistake("spoken_phone(\"010\", \"KO\")");
    assert_eq!((problem, &*at), (ExprProblem::AlwaysFails, "\"KO\""));
}
