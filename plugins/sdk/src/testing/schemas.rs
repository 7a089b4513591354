//! The schemas that a plugin ships are those of its types.

use std::collections::BTreeSet;
use std::path::Path;

use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::Value;

use crate::node::Node;

/// Compares `schema/config.json`, `input.json` and `output.json` of the plugin under test with its
/// types, and checks the rest of the descriptor.
///
/// With `UPDATE_SCHEMAS=1` in the environment it writes the files instead. They are files, and not
/// made by the plugin itself, because that would put a schema generator into every component.
///
/// # Panics
/// When something differs, with what to do.
pub fn check_schemas<N: Node>() {
    let it = N::DESCRIPTOR;
    let input = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let output = input.clone().for_serialize();
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| ".".to_owned());
    let folder = Path::new(&folder).join("schema");
    let mut stale = Vec::new();
    for (name, shipped, schema) in [
        ("config", it.config_schema, of::<N::Config>(input.clone().into_generator())),
        ("input", it.input_schema, of::<N::Input>(input.into_generator())),
        ("output", it.output_schema, of::<N::Output>(output.into_generator())),
    ] {
        assert!(
            !schema.contains("\"$ref\""),
            "the schema of {name} refers to itself, which the contract does not allow"
        );
        let path = folder.join(format!("{name}.json"));
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            write(&path, &schema);
        } else if shipped != schema {
            stale.push(format!("schema/{name}.json"));
        }
    }
    assert!(
        stale.is_empty(),
        "{} differs from the plugin's types; run `UPDATE_SCHEMAS=1 cargo test -p {}` and look at the difference",
        stale.join(" and "),
        it.name
    );

    check_name("name", it.name, '-');
    assert!(!it.summary.trim().is_empty(), "the plugin needs a summary");
    assert!(!it.ports.is_empty(), "the plugin needs a port");
    let mut names = BTreeSet::new();
    for port in it.ports {
        check_name("port", port.name, '_');
        assert!(port.name != "error", "port `error` is always there and must not be declared");
        assert!(!port.summary.trim().is_empty(), "port `{}` needs a summary", port.name);
        assert!(names.insert(port.name), "port `{}` is declared twice", port.name);
    }
}

fn of<T: JsonSchema>(generator: SchemaGenerator) -> String {
    let schema = generator.into_root_schema_for::<T>();
    match serde_json::to_string_pretty(&schema) {
        Ok(text) => text + "\n",
        Err(error) => panic!("a schema is not JSON: {error}"),
    }
}

fn write(path: &Path, schema: &str) {
    let folder = path.parent().unwrap_or(path);
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, schema));
    if let Err(error) = written {
        panic!("{} cannot be written: {error}", path.display());
    }
}

fn check_name(what: &str, name: &str, joint: char) {
    let fits = !name.is_empty()
        && name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == joint);
    assert!(fits, "{what} `{name}` must be lower-case words joined by `{joint}`, at most 64 bytes");
}

/// Fails the test unless `value` fits `schema`.
#[track_caller]
pub(crate) fn must_fit(what: &str, schema: &str, value: &Value) {
    let schema: Value = match serde_json::from_str(schema) {
        Ok(schema) => schema,
        Err(error) => panic!("the schema of {what} is not JSON: {error}"),
    };
    let validator = match jsonschema::draft7::new(&schema) {
        Ok(validator) => validator,
        Err(error) => panic!("the schema of {what} is no JSON Schema of draft 07: {error}"),
    };
    let errors: Vec<_> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what} does not fit its schema:\n{}\n{value:#}", errors.join("\n"));
}
