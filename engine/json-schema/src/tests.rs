//! Schemas of plugins cannot cost more than is allowed to compile or to match, while usual ones
//! take whole outputs; no reference leaves its schema.

use serde_json::json;

use super::*;

/// Forty levels, each of which refers to the next one twice, in the way that `level` says.
fn doubled(level: impl Fn(Value) -> Value) -> Value {
    let mut definitions = serde_json::Map::new();
    for n in 0..40 {
        let next = json!({"$ref": format!("#/definitions/d{}", n + 1)});
        definitions.insert(format!("d{n}"), level(next));
    }
    definitions.insert("d40".to_owned(), json!({"type": "object"}));
    json!({"definitions": definitions, "allOf": [{"$ref": "#/definitions/d0"}]})
}

#[track_caller]
fn limit(schema: &Value) -> String {
    match Schema::new(schema) {
        Err(SchemaError::Limit(what)) => what,
        other => panic!("{other:?} of {schema}"),
    }
}

#[track_caller]
fn invalid(schema: &Value) -> String {
    match Schema::new(schema) {
        Err(SchemaError::Invalid(what)) => what,
        other => panic!("{other:?} of {schema}"),
    }
}

#[test]
fn references_that_double_at_each_level_are_refused_in_whatever_keyword_they_stand() {
    let ways: [fn(Value) -> Value; 17] = [
        |next| json!({"allOf": [next, next]}),
        |next| json!({"anyOf": [next, next]}),
        |next| json!({"oneOf": [next, next]}),
        |next| json!({"not": next, "if": next}),
        |next| json!({"if": next, "then": next}),
        |next| json!({"then": next, "else": next}),
        |next| json!({"items": [next, next]}),
        |next| json!({"items": [next], "additionalItems": next}),
        |next| json!({"items": next, "contains": next}),
        |next| json!({"properties": {"a": next, "b": next}}),
        |next| json!({"patternProperties": {"^a": next, "^b": next}}),
        |next| json!({"properties": {"a": next}, "additionalProperties": next}),
        |next| json!({"additionalProperties": next, "propertyNames": next}),
        |next| json!({"dependencies": {"a": next, "b": next}}),
        |next| json!({"allOf": [next], "anyOf": [next]}),
        |next| json!({"properties": {"a": next}, "patternProperties": {"a": next}}),
        |next| json!({"additionalItems": next, "contains": next}),
    ];
    for way in ways {
        let schema = doubled(way);
        let what = limit(&schema);
        assert!(what.contains("more than 20000 subschemas"), "{what}");
    }
}

#[test]
fn what_is_never_referred_to_costs_nothing() {
    let mut schema = doubled(|next| json!({"allOf": [next, next]}));
    schema["allOf"] = json!([{"type": "object"}]);
    assert!(Schema::new(&schema).is_ok());
}

#[test]
fn a_long_chain_of_references_is_refused_before_it_takes_the_stack() {
    let mut definitions = serde_json::Map::new();
    for n in 0..1_000 {
        definitions.insert(format!("d{n}"), json!({"$ref": format!("#/definitions/d{}", n + 1)}));
    }
    definitions.insert("d1000".to_owned(), json!(true));
    let what = limit(&json!({"definitions": definitions, "$ref": "#/definitions/d0"}));
    assert!(what.contains("more than 128 levels deep"), "{what}");
}

#[test]
fn a_schema_nested_too_deep_is_refused() {
    let mut schema = json!(true);
    for _ in 0..100 {
        schema = json!({"not": schema});
    }
    let what = limit(&schema);
    assert!(what.contains("nested more than 64 levels deep"), "{what}");
}

#[test]
fn a_reference_back_to_itself_for_the_same_value_is_refused() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"not": {"$ref": "#"}}),
        json!({"anyOf": [{"type": "string"}, {"$ref": "#"}]}),
        json!({"dependencies": {"a": {"$ref": "#"}}}),
        json!({"$ref": "#/definitions/a", "definitions": {
            "a": {"allOf": [{"$ref": "#/definitions/b"}]},
            "b": {"oneOf": [{"$ref": "#/definitions/a"}]},
        }}),
        json!({"items": {"$ref": "#/definitions/a"}, "definitions": {
            "a": {"if": {"$ref": "#/definitions/a"}},
        }}),
    ] {
        let what = invalid(&schema);
        assert!(what.contains("leads back to itself"), "{what}");
    }
}

#[test]
fn references_leave_a_schema_neither_by_address_nor_by_name() {
    for reference in ["https://example.com/x.json", "other.json#/a", "#anchor", "#/%zz", "#/%e"] {
        let what = invalid(&json!({"properties": {"a": {"$ref": reference}}}));
        assert!(what.contains("`#/definitions/name`"), "{what}");
    }
    let what = invalid(&json!({"$ref": "#/definitions/nobody"}));
    assert!(what.contains("there is nothing"), "{what}");
    let what = invalid(&json!({"definitions": {"a": {"$id": "b.json", "$ref": "#"}}}));
    assert!(what.contains("`$id`"), "{what}");
    let good = json!({"$id": "https://example.com/x", "$ref": "#/definitions/a%20b~1c", "definitions": {"a b/c": {"type": "string"}}});
    let schema = Schema::new(&good).unwrap();
    assert_eq!(schema.is_valid(&json!("text"), None), Ok(true));
    assert_eq!(schema.is_valid(&json!(1), None), Ok(false));
}

#[test]
fn a_recursive_schema_is_followed_as_deep_as_its_value() {
    let tree = json!({
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#"}}},
    });
    let schema = Schema::new(&tree).unwrap();
    let mut good = json!({"name": "leaf"});
    let mut bad = json!({});
    for _ in 0..20 {
        good = json!({"name": "n", "children": [good, {"name": "other"}]});
        bad = json!({"name": "n", "children": [bad]});
    }
    assert_eq!(schema.is_valid(&good, None), Ok(true));
    assert_eq!(schema.is_valid(&bad, None), Ok(false));
    for _ in 0..200 {
        good = json!({"name": "n", "children": [good]});
    }
    assert_eq!(schema.is_valid(&good, None), Err(TooCostly::Depth));
}

#[test]
fn a_recursive_schema_that_doubles_with_the_depth_of_its_value_is_given_up() {
    for twice in [
        json!({"allOf": [{"additionalProperties": {"$ref": "#"}}, {"additionalProperties": {"$ref": "#"}}]}),
        json!({"additionalProperties": {"$ref": "#"}, "patternProperties": {"": {"$ref": "#"}}}),
        json!({"anyOf": [{"additionalProperties": {"$ref": "#"}}, {"additionalProperties": {"$ref": "#"}}]}),
    ] {
        let schema = Schema::new(&twice).unwrap();
        let mut value = json!({});
        for depth in 0..60 {
            if depth == 4 {
                assert_eq!(schema.is_valid(&value, None), Ok(true));
            }
            value = json!({"a": value});
        }
        let bytes = value.to_string().len();
        assert_eq!(schema.is_valid(&value, Some(bytes)), Err(TooCostly::Steps), "{twice}");
        assert!(schema.errors(&value).is_err());
    }
}

#[test]
fn a_wide_schema_over_a_wide_value_is_given_up() {
    let many: Vec<String> = (0..3_000).map(|n| format!("property-{n}")).collect();
    let choices: Vec<Value> = (0..3_000).map(|n| json!({"a": n})).collect();
    let objects = Value::Array(vec![json!({}); 20_000]);
    for item in [
        json!({"required": many}),
        json!({"enum": choices}),
        json!({"properties": many.iter().map(|name| (name.clone(), json!(true))).collect::<serde_json::Map<_, _>>()}),
        json!({"dependencies": {"a": many}}),
        json!({"allOf": vec![json!({"type": "object"}); 3_000]}),
    ] {
        let schema = Schema::new(&json!({"items": item})).unwrap();
        assert_eq!(schema.is_valid(&objects, Some(60_001)), Err(TooCostly::Steps));
        assert!(schema.is_valid(&json!([]), Some(2)).is_ok());
    }
}

#[test]
fn patterns_that_no_engine_matches_in_bounded_time_are_refused() {
    let limits = [
        "([a-z]{0,500}){1,20}x",
        "(a{1000}){1000}",
        "((((a{0,99}){0,99}){0,99}){0,99}){0,99}",
        "(?=a)b",
        r"(a)\1",
        "(?<!a)b",
        &"(a|b)".repeat(300),
        r"(?i)[\p{L}\p{N}]{200}",
        "(",
    ];
    for pattern in limits {
        for schema in [
            json!({"properties": {"a": {"pattern": pattern}}}),
            json!({"patternProperties": {pattern: true}}),
        ] {
            let what = limit(&schema);
            assert!(what.contains("the pattern"), "{what}");
            assert!(what.chars().count() < 600, "{what}");
        }
    }
    let many: Vec<Value> = (0..100).map(|n| json!({"pattern": format!("^{n}")})).collect();
    assert!(limit(&json!({"allOf": many})).contains("more than 64 different patterns"));
}

#[test]
fn a_pattern_costs_by_its_program_and_its_text() {
    let large = Schema::new(&json!({"pattern": "^([a-z]{0,30}){1,20}$"})).unwrap();
    assert_eq!(large.is_valid(&json!("abc"), Some(5)), Ok(true));
    let text = "a".repeat(30_000);
    assert_eq!(large.is_valid(&json!(text), Some(30_002)), Err(TooCostly::Steps));
    // The usual ones of a text as long as an output may be.
    for pattern in
        ["^[^\\n]*$", "^[a-z ]+$", r"^\+?[0-9-]{5,20}$", r"^[\w.+-]+@[\w.-]+$", "^[가-힣 ]+$"]
    {
        let small = Schema::new(&json!({"pattern": pattern})).unwrap();
        assert!(small.is_valid(&json!(text), Some(30_002)).is_ok(), "{pattern}");
    }
}

#[test]
fn usual_schemas_take_whole_outputs() {
    let item = json!({
        "type": "object",
        "required": ["id", "title"],
        "properties": {
            "id": {"type": "string", "maxLength": 40},
            "title": {"type": "string"},
            "score": {"type": ["number", "null"], "minimum": 0},
            "kind": {"enum": ["a", "b", "c"]},
        },
        "additionalProperties": false,
    });
    let schema = Schema::new(&json!({
        "type": "object",
        "properties": {"found": {"type": "array", "items": {"$ref": "#/definitions/item"}, "uniqueItems": true}},
        "definitions": {"item": item},
    }))
    .unwrap();
    let found: Vec<Value> = (0..1_000)
        .map(|n| json!({"id": n.to_string(), "title": "A title of some words", "score": n, "kind": "b"}))
        .collect();
    let output = json!({"found": found});
    assert!(output.to_string().len() > 64 << 10);
    assert_eq!(schema.is_valid(&output, None), Ok(true));
    assert_eq!(schema.errors(&json!({"found": [{"id": 1}]})).unwrap().count(), 2);
}

/// What the quick look lets pass, the closer one does.
#[test]
fn the_quick_look_is_no_more_lenient_than_the_closer_one() {
    let schemas = [
        json!({"uniqueItems": true, "items": {"pattern": "^([a-z]{0,30}){1,20}$"}}),
        json!({"propertyNames": {"maxLength": 9, "pattern": "[a-z]{9}"}, "additionalProperties": {"enum": [1, [2], "three"]}}),
        json!({"anyOf": [{"anyOf": [{"anyOf": [{"items": {"anyOf": [{"type": "string"}, {"minimum": 1}]}}]}]}, {"type": "object"}]}),
        json!({"patternProperties": {"a+": true, "(b{3}){5}": false}, "required": ["a", "b", "c"]}),
    ];
    for schema in schemas {
        let bounds = Bounds::of(&schema).unwrap();
        for n in [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000] {
            for value in [
                json!(vec![1; n]),
                json!(vec!["ab"; n]),
                json!("x".repeat(n)),
                json!(
                    (0..n).map(|n| (format!("a{n}"), json!(""))).collect::<serde_json::Map<_, _>>()
                ),
                json!(vec![json!([{"b": [n]}]); n]),
            ] {
                let bytes = value.to_string().len();
                let (quick, close) = (bounds.0.is_cheap(bytes), bounds.admit(&value, None));
                assert!(!quick || close.is_ok(), "{schema} {bytes} {close:?}");
            }
        }
    }
}
