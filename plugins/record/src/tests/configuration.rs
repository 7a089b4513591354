//! Settings that mean nothing together are found when the project is checked; a configuration that
//! passes is never a bad one in a call.

use dialgraph_plugin::testing::{check, check_holds};
use serde_json::{Value, json};

use crate::Record;

fn found(mut config: Value) -> Vec<String> {
    config["collection"] = json!("orders");
    let found = check::<Record>(&config, &["ko-KR"]).into_iter();
    found
        .map(|problem| {
            let hint = problem.hint.unwrap_or_default();
            format!("{}: {} ({hint})", problem.pointer, problem.message)
        })
        .collect()
}

#[test]
fn what_fits_together_passes() {
    for config in [
        json!({"do": "get"}),
        json!({"do": "get", "when_down": "last_known"}),
        json!({"do": "find", "limit": 100, "when_down": "fail"}),
        json!({"do": "put"}),
        json!({"do": "put", "expect": "absent"}),
        json!({"do": "put", "expect": "version", "merge": true, "attempts": 10}),
        json!({"do": "increment", "field": "a.b", "by": -2, "least": 0, "most": 0, "create": true}),
        json!({"do": "delete", "expect": "version"}),
    ] {
        assert_eq!(found(config.clone()), [""; 0], "{config}");
    }
}

#[test]
fn what_does_not_fit_together_is_told_where_it_stands() {
    insta::assert_snapshot!(found(json!({"do": "get", "limit": 5})).join("\n"), @"/limit: `limit` means nothing to `get`; it is for `find` (take it out)");
    insta::assert_snapshot!(found(json!({"do": "find", "expect": "any", "field": "a"})).join("\n"), @r"
    /expect: `expect` means nothing to `find`; it is for `put`, `increment`, `delete` (take it out)
    /field: `field` means nothing to `find`; it is for `increment` (take it out)
    ");
    insta::assert_snapshot!(found(json!({"do": "put", "merge": true, "expect": "absent"})).join("\n"), @"/merge: there is nothing to merge with where there is no record (take out `merge`, or expect `any` or `version`)");
    insta::assert_snapshot!(found(json!({"do": "put", "attempts": 3})).join("\n"), @"/attempts: a record that is replaced is written once (take it out, or add `merge: true`)");
    insta::assert_snapshot!(found(json!({"do": "delete", "expect": "absent"})).join("\n"), @"/expect: `delete` has nothing to do where there is no record (write `any` or `version`)");
    insta::assert_snapshot!(found(json!({"do": "increment"})).join("\n"), @": `increment` needs `field` (name the field that is counted: `field: seats_left`)");
    insta::assert_snapshot!(found(json!({"do": "increment", "field": "a..b", "by": 0})).join("\n"), @r"
    /field: this names no field of a record (write a field's name, such as `seats_left` or `stock.left`)
    /by: adding 0 changes nothing (write 1, or -1 to count down)
    ");
    insta::assert_snapshot!(found(json!({"do": "increment", "field": "a", "least": 2, "most": 1})).join("\n"), @"/least: `least` is more than `most` (swap the two)");
    insta::assert_snapshot!(found(json!({"do": "increment", "field": "a", "most": i64::MAX})).join("\n"), @"/most: numbers are exact from -9007199254740991 to 9007199254740991 only (write a number within that)");
}

#[test]
fn a_configuration_that_passes_is_never_a_bad_one() {
    let of = |config: Value| {
        let mut config = config;
        config["collection"] = json!("orders");
        config
    };
    let seeds = [
        of(json!({"do": "get", "when_down": "last_known"})),
        of(json!({"do": "find", "limit": 3})),
        of(json!({"do": "put", "merge": true, "expect": "version", "attempts": 2})),
        of(json!({"do": "increment", "field": "left", "by": -1, "least": 0, "create": true})),
        of(json!({"do": "delete", "expect": "version"})),
    ];
    for input in [
        json!({}),
        json!({"key": "1001", "where": {"left": 3}, "data": {"left": 2}, "version": 1, "by": 2}),
    ] {
        check_holds::<Record>(&seeds, |call| {
            call.host().record("orders", "1001", json!({"left": 3}));
            call.input(input.clone())
        });
    }
}
