//! The shipped project against the schemas that the shipped plugins bring: what it names is there.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic, its helpers too")]

use std::path::{Path, PathBuf};

use dialgraph_base::Descriptor;
use dialgraph_flow::check::check;
use dialgraph_flow::diagnostic::Code;
use dialgraph_flow::project::{Files, Project};
use dialgraph_flow::testing::{Plugins, plugin, with_digests};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The shipped plugins, but for their ports, which only their code tells.
fn plugins() -> Plugins {
    let mut all = Vec::new();
    for entry in root().join("plugins").read_dir().unwrap() {
        let folder = entry.unwrap().path();
        let schema = |name: &str| -> Option<Value> {
            let text = std::fs::read(folder.join("schema").join(name)).ok()?;
            Some(serde_json::from_slice(&text).unwrap())
        };
        let Some(config_schema) = schema("config.json") else { continue };
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        all.push(Descriptor {
            config_schema,
            input_schema: schema("input.json").unwrap(),
            output_schema: schema("output.json").unwrap(),
            ..plugin(&name, &["done"])
        });
    }
    with_digests(all)
}

/// What is wrong with the project, but for its ports, once `change` was made to its files.
fn wrong(change: impl Fn(&str, String) -> String) -> Vec<(Code, String)> {
    let read = Project::load(&root().join("flows/support-desk")).unwrap();
    let files: Files = read
        .files()
        .iter()
        .map(|(path, bytes)| {
            let text = String::from_utf8(bytes.clone()).unwrap();
            (path.clone(), change(path, text).into_bytes())
        })
        .collect();
    let report = check(&Project::from_files("", files), &plugins()).report;
    let of_ports = [Code::UnknownPort, Code::UnwiredPort, Code::UnreachableNode, Code::NoPathToEnd];
    let found = report.diagnostics().iter().filter(|found| !of_ports.contains(&found.code));
    found.map(|found| (found.code, found.message.clone())).collect()
}

#[test]
fn everything_that_it_names_is_there() {
    assert_eq!(wrong(|_, text| text), []);
}

#[test]
fn a_misspelt_name_is_found_wherever_it_stands() {
    for (file, right, misspelt, code) in [
        ("general-customer.flow.yaml", "bot: default", "bot: defalt", Code::UnknownBot),
        ("general-customer.flow.yaml", "[SpeakToAgent]", "[SpeakToAgnet]", Code::UnknownIntent),
        (
            "general-customer.flow.yaml",
            "== \"ProductionOutage\"",
            "== \"ProductionOutrage\"",
            Code::UnknownIntent,
        ),
        (
            "msp-customer.flow.yaml",
            "{intent: ProductionOutage",
            "{intent: ProductionOutrage",
            Code::UnknownIntent,
        ),
        (
            "general-customer.flow.yaml",
            "base: default",
            "base: nosuchbase",
            Code::UnknownKnowledgeBase,
        ),
        (
            "general-customer.flow.yaml",
            "guardrail: default",
            "guardrail: defalt",
            Code::UnknownGuardrail,
        ),
        (
            "data/collections/customers.yaml",
            "assigned_engineer: e-101",
            "assigned_engineer: e-999",
            Code::UnknownRecord,
        ),
        (
            "data/collections/duty.yaml",
            "engineer_id: e-202",
            "engineer_id: e-999",
            Code::UnknownRecord,
        ),
        ("data/collections/customers.yaml", "\"111122223333\"", "111122223333", Code::BadRecord),
        ("data/collections/customers.yaml", "\"111122223333\"", "\"11112222333\"", Code::BadRecord),
        (
            "data/collections/customers.yaml",
            "support_level: VIP",
            "support_level: Gold",
            Code::BadRecord,
        ),
        (
            "data/collections/engineers.yaml",
            "is_available: true",
            "is_available: yes please",
            Code::BadRecord,
        ),
    ] {
        let found = wrong(|path, text| {
            if path != file {
                return text;
            }
            assert!(text.contains(right), "{file} has {right}");
            text.replacen(right, misspelt, 1)
        });
        assert!(
            !found.is_empty() && found.iter().all(|(of, _)| *of == code),
            "{misspelt}: {found:?}"
        );
    }
}
