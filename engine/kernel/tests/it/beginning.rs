//! What a call begins with.

use std::collections::BTreeMap;

use dialgraph_base::Name;
use dialgraph_kernel::attributes::{AttributeError, MAX_DEPTH, check, read};
use dialgraph_kernel::event::Event;
use dialgraph_kernel::turn::{Turn, TurnError};
use serde_json::{Value, json};

use crate::support::{Bench, Closures};

const PROJECT: &str = "
entry: main
fallback: {queue: general, say: {en-US: 'An agent will help you.'}}
locales: [en-US]
limits: {attribute_bytes: 400}
";

const FLOW: &str = "
flow: main
locales: [en-US]
attributes:
  vip: {type: boolean, default: false}
  orders: {type: number, default: 0}
  company: {type: string, default: ''}
  lines: {type: list, default: []}
  address: map
  extra: any
  filler: {type: string, default: 'sixteen letters.'}
start: which
nodes:
  which:
    switch:
      - {when: 'vip || orders > 10 || size(lines) > 1', next: gold}
      - {when: 'company + default(address.city, \"\") + default(extra, \"\") + filler == \"\"', next: gold}
    next: plain
  gold: {end: {disposition: gold}}
  plain: {end: {disposition: plain}}
";

fn bench() -> Bench {
    Bench::with(&[("dialgraph.yaml", PROJECT), ("main", FLOW)], Closures::default())
}

fn attributes(given: &Value) -> BTreeMap<Name, Value> {
    let given = given.as_object().unwrap().iter();
    given.map(|(name, value)| (Name::from(name.as_str()), value.clone())).collect()
}

/// What became of one attribute that came as `value`: none if it was refused or said nothing.
fn taken(name: &str, value: Value) -> (Option<Value>, Option<AttributeError>) {
    let bench = bench();
    let mut taken = read(&bench.release, None, attributes(&json!({ name: value })));
    (taken.attributes.remove(name), taken.refused.pop())
}

#[test]
fn texts_become_the_declared_type() {
    for (name, text, wanted) in [
        ("vip", "true", json!(true)),
        ("vip", " TRUE ", json!(true)),
        ("vip", "Yes", json!(true)),
        ("vip", "1", json!(true)),
        ("vip", "１", json!(true)),
        ("vip", "ｔｒｕｅ", json!(true)),
        ("vip", "false", json!(false)),
        ("vip", "No", json!(false)),
        ("vip", "0", json!(false)),
        ("orders", "12", json!(12)),
        ("orders", " 12 ", json!(12)),
        ("orders", "１２", json!(12)),
        ("orders", "1.0", json!(1)),
        ("orders", "-1.5", json!(-1.5)),
        ("orders", "1e3", json!(1000)),
        ("orders", "+5", json!(5)),
        ("orders", "007", json!(7)),
        ("orders", "9007199254740992", json!(9_007_199_254_740_992_i64)),
        ("company", "true", json!("true")),
        ("company", "007", json!("007")),
        ("company", "[1]", json!("[1]")),
        ("company", "null", json!("null")),
        ("lines", "[]", json!([])),
        ("lines", " [\"a\", 1, {\"b\": null}] ", json!(["a", 1, {"b": null}])),
        ("address", "{\"city\": \"Seoul\"}", json!({"city": "Seoul"})),
        ("extra", "true", json!("true")),
        ("extra", "[1]", json!("[1]")),
    ] {
        assert_eq!(taken(name, json!(text)), (Some(wanted), None), "{name}: {text}");
    }
}

#[test]
fn values_that_are_no_texts_are_taken_where_they_fit() {
    for (name, value, wanted) in [
        ("vip", json!(true), json!(true)),
        ("vip", json!(1), json!(true)),
        ("orders", json!(2.5), json!(2.5)),
        ("company", json!(7), json!("7")),
        ("company", json!(false), json!("false")),
        ("lines", json!([1]), json!([1])),
        ("address", json!({"a": 1}), json!({"a": 1})),
        ("extra", json!([1]), json!([1])),
        ("vip", json!(null), json!(null)),
    ] {
        assert_eq!(taken(name, value.clone()), (Some(wanted), None), "{name}: {value}");
    }
}

#[test]
fn what_cannot_become_the_type_is_told_by_name_and_left_out() {
    for (name, value) in [
        ("vip", json!("on")),
        ("vip", json!("2")),
        ("vip", json!("1.0")),
        ("vip", json!("null")),
        ("vip", json!("truе")),
        ("vip", json!(2)),
        ("vip", json!([true])),
        ("orders", json!("many")),
        ("orders", json!("1,000")),
        ("orders", json!("0x10")),
        ("orders", json!("NaN")),
        ("orders", json!("inf")),
        ("orders", json!("1e400")),
        ("orders", json!("12345678901234567890")),
        ("orders", json!("1 2")),
        ("orders", json!("--1")),
        ("orders", json!("null")),
        ("orders", json!(true)),
        ("lines", json!("a, b")),
        ("lines", json!("{}")),
        ("lines", json!("[1")),
        ("lines", json!("[1] [2]")),
        ("lines", json!("null")),
        ("lines", json!({"a": 1})),
        ("lines", json!("[".repeat(100_000))),
        ("address", json!("[]")),
        ("address", json!("\"{}\"")),
        ("address", json!("{city: Seoul}")),
        ("company", json!([1])),
    ] {
        let (taken, refused) = taken(name, value.clone());
        assert_eq!(taken, None, "{name}: {value}");
        let refused = refused.unwrap_or_else(|| panic!("{name}: {value} was lost in silence"));
        assert_eq!((refused.name(), refused.code()), (name, "type"), "{value}");
        let said = refused.to_string();
        assert!(said.contains(&format!("`{name}`")) && said.len() < 200, "{said}");
    }
}

#[test]
fn a_blank_text_says_nothing_about_what_is_no_string() {
    for name in ["vip", "orders", "lines", "address"] {
        assert_eq!(taken(name, json!(" ")), (None, None), "{name}");
    }
}

#[test]
fn names_that_nobody_declares_are_told_with_the_nearest() {
    let (_, refused) = taken("VIP", json!("true"));
    let told = refused.unwrap().to_string();
    assert_eq!(told, "attribute `VIP`: no flow declares it; did you mean `vip`?");
    let (_, refused) = taken("locale", json!("en-US"));
    assert_eq!(refused, Some(AttributeError::Locale));
    let (_, refused) = taken("call", json!("x"));
    assert_eq!(refused.unwrap().code(), "undeclared");
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    let nest = |levels: usize| (1..levels).fold(json!([]), |inner, _| json!([inner]));
    for (levels, fits) in [(1, true), (MAX_DEPTH, true), (MAX_DEPTH + 1, false), (120, false)] {
        let (value, refused) = taken("lines", nest(levels).to_string().into());
        assert_eq!((value.is_some(), refused.is_none()), (fits, fits), "{levels}");
        assert!(refused.is_none_or(|refused| refused.code() == "depth"));
        let given = attributes(&json!({"lines": nest(levels)}));
        assert_eq!(check(&bench().release, None, &given).is_ok(), fits, "{levels}");
    }
}

#[test]
fn what_does_not_fit_beside_the_defaults_is_refused_by_name() {
    let bench = bench();
    let given = json!({"company": "x".repeat(200), "extra": "y".repeat(200), "vip": "yes"});
    let taken = read(&bench.release, None, attributes(&given));
    let names: Vec<&str> = taken.attributes.keys().map(|name| &**name).collect();
    assert_eq!(names, ["company", "vip"]);
    assert_eq!(taken.refused.len(), 1);
    let refused = &taken.refused[0];
    assert_eq!((refused.name(), refused.code()), ("extra", "bytes"));
    check(&bench.release, None, &taken.attributes).unwrap();
    let given = attributes(&json!({"company": "x".repeat(200), "extra": "y".repeat(200)}));
    let error = check(&bench.release, None, &given).unwrap_err();
    assert_eq!(&error, refused);
    assert!(error.to_string().contains("`limits.attribute_bytes` allows 400"), "{error}");
}

#[test]
fn a_call_that_begins_with_what_its_flows_forbid_does_not_begin() {
    for (given, code) in [
        (json!({"vip": "true"}), "type"),
        (json!({"orders": [1]}), "type"),
        (json!({"vips": true}), "undeclared"),
        (json!({"locale": "en-US"}), "locale"),
        (json!({"company": "x".repeat(500)}), "bytes"),
    ] {
        let bench = bench();
        let mut call = bench.call.clone();
        call.attributes = attributes(&given);
        let plugins = bench.plugins.clone();
        let begun =
            Turn::begin(bench.release.clone(), plugins, call, None, Event::Entered, bench.now);
        match begun {
            Err(TurnError::Attribute { error, .. }) => assert_eq!(error.code(), code, "{given}"),
            other => panic!("{given}: {other:?}"),
        }
    }
}

#[test]
fn a_call_with_the_texts_of_its_contact_takes_the_way_that_they_mean() {
    for (given, wanted) in [
        (json!({"vip": "true"}), "gold"),
        (json!({"vip": "no"}), "plain"),
        (json!({"vip": "perhaps"}), "plain"),
        (json!({"orders": "11"}), "gold"),
        (json!({"lines": "[1, 2]"}), "gold"),
        (json!({}), "plain"),
    ] {
        let mut bench = bench();
        bench.call.attributes = read(&bench.release, None, attributes(&given)).attributes;
        bench.enter();
        assert_eq!(bench.call.status.disposition(), Some(wanted), "{given}");
    }
}
