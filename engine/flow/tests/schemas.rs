//! The JSON Schemas for editors are current, accept good files and refuse files of a wrong form.
//!
//! After a change of the tables:
//! `DIALGRAPH_UPDATE_SCHEMAS=1 cargo test -p dialgraph-flow --test schemas`.

use std::path::{Path, PathBuf};

use dialgraph_base::{Grants, PluginLimits};
use dialgraph_flow::model::Limits;
use dialgraph_flow::schema;
use dialgraph_flow::source::Sources;
use dialgraph_flow::syntax::yaml;
use jsonschema::Validator;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn all() -> [(&'static str, Value); 4] {
    [
        ("flow.schema.json", schema::flow()),
        ("project.schema.json", schema::project()),
        ("queues.schema.json", schema::queues()),
        ("routing-profiles.schema.json", schema::routing_profiles()),
    ]
}

#[expect(clippy::unwrap_used, reason = "a test's own files can be read")]
fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    let mut sources = Sources::default();
    let file = sources.add(path.to_string_lossy(), text.as_str());
    let parsed = yaml::parse(file, &text);
    assert!(parsed.diagnostics.is_empty(), "{}: not YAML", path.display());
    parsed.root.unwrap().json()
}

fn errors(validator: &Validator, value: &Value) -> Vec<String> {
    let errors = validator.iter_errors(value);
    errors.map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[expect(clippy::unwrap_used, reason = "a test's own folders can be read")]
fn files(dir: &Path, end: &str, out: &mut Vec<PathBuf>) {
    for entry in dir.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, end, out);
        } else if path.to_string_lossy().ends_with(end) {
            out.push(path);
        }
    }
    out.sort();
}

#[test]
fn the_checked_in_schemas_are_current() {
    for (name, schema) in all() {
        let path = root().join("schemas").join(name);
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("DIALGRAPH_UPDATE_SCHEMAS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let old = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(old == text, "{name} is out of date: run with DIALGRAPH_UPDATE_SCHEMAS=1");
    }
}

#[test]
fn the_schemas_are_valid_draft_07_and_so_are_all_their_examples() {
    for (name, schema) in all() {
        jsonschema::draft7::meta::validate(&schema).unwrap_or_else(|e| panic!("{name}: {e}"));
        examples(&schema, &schema, name);
    }
}

/// Holds every `examples` against the schema that it stands in.
#[expect(clippy::unwrap_used, reason = "the whole schema has been found valid before")]
fn examples(root: &Value, schema: &Value, path: &str) {
    if let Some(given) = schema.get("examples").and_then(Value::as_array) {
        let mut whole = schema.clone();
        whole["definitions"] = root["definitions"].clone();
        let validator = jsonschema::draft7::new(&whole).unwrap();
        for example in given {
            assert_eq!(errors(&validator, example), [""; 0], "{path}: {example}");
        }
    }
    match schema {
        Value::Object(members) => {
            for (name, inner) in members.iter().filter(|(name, _)| *name != "examples") {
                examples(root, inner, &format!("{path}/{name}"));
            }
        }
        Value::Array(items) => {
            for (i, inner) in items.iter().enumerate() {
                examples(root, inner, &format!("{path}/{i}"));
            }
        }
        _ => {}
    }
}

/// Files whose form, and not only their meaning, is wrong.
const WRONG_FORM: &[&str] = &["unknown-key", "missing-key", "wrong-shape", "unknown-node-kind"];

#[test]
fn flow_files_are_valid_by_the_schema_exactly_when_their_form_is_right() {
    let validator = jsonschema::draft7::new(&schema::flow()).unwrap();
    let mut paths = Vec::new();
    files(&root().join("flows"), ".flow.yaml", &mut paths);
    files(&root().join("tests/broken_flows"), ".flow.yaml", &mut paths);
    assert!(paths.len() > 30, "flow files were found");
    for path in paths {
        let stem = path.file_name().unwrap().to_string_lossy();
        let stem = stem.trim_end_matches(".flow.yaml");
        if ["syntax", "too-large"].contains(&stem) {
            continue;
        }
        let errors = errors(&validator, &read(&path));
        assert_eq!(
            !errors.is_empty(),
            WRONG_FORM.contains(&stem),
            "{}: {errors:#?}",
            path.display()
        );
    }
}

#[test]
fn queue_files_are_valid_by_the_schema() {
    let validator = jsonschema::draft7::new(&schema::queues()).unwrap();
    let mut paths = Vec::new();
    files(&root().join("flows"), "queues.yaml", &mut paths);
    files(&root().join("tests/broken_flows"), "queues.yaml", &mut paths);
    assert!(!paths.is_empty(), "queue files were found");
    for path in paths {
        assert_eq!(errors(&validator, &read(&path)), [""; 0], "{}", path.display());
    }
    let wrong = serde_json::json!({"general": {"title": {"ko-KR": "일반"}, "priority": 0}});
    assert_eq!(errors(&validator, &wrong).len(), 1);
}

#[test]
fn the_shipped_routing_profiles_are_valid_by_the_schema() {
    let validator = jsonschema::draft7::new(&schema::routing_profiles()).unwrap();
    let shipped = read(&root().join("flows/support-desk/data/routing-profiles.yaml"));
    assert_eq!(errors(&validator, &shipped), [""; 0]);
    let wrong = serde_json::json!({"all": {"title": {"en-US": "All"}, "voice": "general", "outbound": "general"}});
    assert_eq!(errors(&validator, &wrong).len(), 1);
}

/// An object of the examples of all keys of a definition.
fn all_keys(definition: &str) -> Value {
    let schema = schema::project();
    let properties = schema["definitions"][definition]["properties"].as_object().cloned();
    let keys = properties.unwrap_or_default().into_iter();
    keys.map(|(key, schema)| (key, schema["examples"][0].clone())).collect()
}

#[test]
fn grants_and_limits_take_every_key_that_the_schema_offers() {
    let grants: Grants = serde_json::from_value(all_keys("plugin")).unwrap();
    assert_eq!(serde_json::to_value(&grants).unwrap().as_object().unwrap().len(), 5);
    let limits: PluginLimits = serde_json::from_value(all_keys("plugin-limits")).unwrap();
    assert_eq!(serde_json::to_value(limits).unwrap(), all_keys("plugin-limits"));
    let limits: Limits = serde_json::from_value(all_keys("limits")).unwrap();
    assert_eq!(serde_json::to_value(limits).unwrap(), all_keys("limits"));
}

#[test]
fn the_defaults_that_the_schema_tells_are_those_of_the_engine() {
    let schema = schema::project();
    for (definition, defaults) in [
        ("limits", serde_json::to_value(Limits::default()).unwrap()),
        ("plugin-limits", serde_json::to_value(PluginLimits::default()).unwrap()),
    ] {
        for (key, default) in defaults.as_object().unwrap() {
            let doc = &schema["definitions"][definition]["properties"][key]["description"];
            let doc = doc.as_str().unwrap();
            assert!(doc.ends_with(&format!("Default: {default}.")), "{definition}.{key}: {doc}");
        }
    }
}

#[test]
fn project_files_are_valid_by_the_schema() {
    let validator = jsonschema::draft7::new(&schema::project()).unwrap();
    let mut paths = Vec::new();
    files(&root().join("flows"), "dialgraph.yaml", &mut paths);
    files(&root().join("tests/broken_flows"), "dialgraph.yaml", &mut paths);
    assert!(!paths.is_empty(), "project files were found");
    for path in paths {
        assert_eq!(errors(&validator, &read(&path)), [""; 0], "{}", path.display());
    }
    let wrong = serde_json::json!({"entry": "a", "locales": ["ko-KR"], "fallbck": {"queue": "b"}});
    assert_eq!(errors(&validator, &wrong).len(), 2);
}
