//! The JSON Schema of `dialgraph.toml` is current, accepts what is read and refuses what is not.
//!
//! After a change of a key:
//! `DIALGRAPH_UPDATE_SCHEMAS=1 cargo test -p dialgraph-config --test schema`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use dialgraph_config::{Config, Sources, schema};
use jsonschema::Validator;
use serde_json::{Map, Number, Value};
use toml::de::{DeTable, DeValue};

/// A file as an editor's validator sees it.
fn read(text: &str) -> Value {
    fn of(table: &DeTable<'_>) -> Value {
        let entries = table.iter();
        Value::Object(
            entries
                .map(|(key, value)| (key.get_ref().to_string(), of_value(value.get_ref())))
                .collect::<Map<_, _>>(),
        )
    }
    fn of_value(value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::from(&**text),
            DeValue::Integer(number) => {
                let number: i64 = number.as_str().parse().unwrap();
                Value::Number(Number::from(number))
            }
            DeValue::Boolean(value) => Value::from(*value),
            DeValue::Array(items) => items.iter().map(|item| of_value(item.get_ref())).collect(),
            DeValue::Table(table) => of(table),
            other => panic!("no {} is needed here", other.type_str()),
        }
    }
    of(DeTable::parse(text).unwrap().get_ref())
}

fn errors(text: &str) -> Vec<String> {
    let validator: Validator = jsonschema::draft7::new(&schema()).unwrap();
    let value = read(text);
    validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

fn is_read(text: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dialgraph.toml");
    std::fs::write(&file, text).unwrap();
    Config::load(Some(&file), []).is_ok()
}

#[test]
fn the_checked_in_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/dialgraph.schema.json");
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("DIALGRAPH_UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        old == text,
        "schemas/dialgraph.schema.json is out of date: run with DIALGRAPH_UPDATE_SCHEMAS=1"
    );
}

#[test]
fn what_is_printed_is_of_the_right_form() {
    let printed = Config::default().print(&Sources::default());
    assert_eq!(errors(&printed), Vec::<String>::new(), "{printed}");
}

#[test]
fn every_key_is_told_with_meaning_kind_and_default() {
    let schema = schema();
    for (section, about) in schema["properties"].as_object().unwrap() {
        for (name, key) in about["properties"].as_object().unwrap() {
            for member in ["description", "default"] {
                assert!(key.get(member).is_some(), "{section}.{name}: no `{member}`");
            }
            assert!(key.get("type").or(key.get("enum")).is_some(), "{section}.{name}: of no kind");
        }
    }
}

#[test]
fn a_good_file_is_accepted_by_schema_and_engine() {
    let good = r#"
        [server]
        listen = "127.0.0.1:7701"
        connections = 1
        max_body = "1 MiB"
        drain_delay = "0s"
        [tls]
        certificate = ""
        [store]
        backend = "sled"
        folder = "/var/lib/dialgraph"
        cache = 67108864
        backup_every = "10 m"
        [turns]
        budget = "1500ms"
        [connect]
        signature = "off"
        [deploy]
        take_in = "first"
        watch = false
        trusted_keys = ["one:RWQ", "two:RWR"]
        canary_more_errors = 100
        [providers]
        timeouts = ["genai=20s", "http = 10s"]
        secrets = "local"
    "#;
    assert_eq!(errors(good), Vec::<String>::new());
    assert!(is_read(good));
    for address in ["0.0.0.0:1", "[::1]:7700", "[fe80::1%2]:80"] {
        let text = format!(
            "[server]\nlisten = \"{address}\"\n[connect]\nsignature = \"off\"\n[api]\nauthentication = \"off\"\n"
        );
        assert_eq!(errors(&text), Vec::<String>::new());
        assert!(is_read(&text), "{address}");
    }
}

#[test]
fn a_misspelt_key_and_a_wrong_value_are_refused_by_both() {
    let wrong = [
        "listen = \"127.0.0.1:1\"",
        "[turn]\nbudget = \"1s\"",
        "[server]\nlisen = \"127.0.0.1:1\"",
        "[turns]\nlisten = \"127.0.0.1:1\"",
        "[server]\nlisten = \"localhost\"",
        "[server]\nlisten = \"127.0.0.1\"",
        "[server]\nlisten = 7700",
        "[server]\nconnections = 0",
        "[server]\nconnections = -1",
        "[server]\nconnections = 4294967296",
        "[server]\nconnections = true",
        "[server]\nmax_body = \"much\"",
        "[server]\nmax_body = \"1 MB\"",
        "[server]\nmax_body = 1024",
        "[server]\nheader_timeout = \"0s\"",
        "[server]\nheader_timeout = \"10\"",
        "[server]\nheader_timeout = 10",
        "[server]\ndrain_delay = \"5 parsecs\"",
        "[project]\nfolder = \"\"",
        "[store]\nbackend = \"postgres\"",
        "[deploy]\nwatch = \"perhaps\"",
        "[deploy]\ncanary_more_errors = 101",
        "[deploy]\ntrusted_keys = [1]",
        "[connect]\nkeys = 7",
        "[providers]\ntimeouts = [\"gen=1s\"]",
        "[providers]\ntimeouts = [\"genai=0s\"]",
        "[providers]\ntimeouts = [\"genai\"]",
        "[log]\nformat = \"xml\"",
    ];
    for text in wrong {
        assert!(!errors(text).is_empty(), "the schema accepts {text}");
        assert!(!is_read(text), "the engine reads {text}");
    }
}
