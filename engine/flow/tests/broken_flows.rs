//! One minimal broken file (or folder, where the project matters) for every diagnostic code, with the report that
//! a person sees beside it in `tests/broken_flows/snapshots`.
//!
//! A broken file may hold its mistake in several forms, but no other mistake: its report has one code only.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dialgraph_flow::check::{Refusal, Refused, check_with};
use dialgraph_flow::diagnostic::{Code, Report};
use dialgraph_flow::model::Descriptor;
use dialgraph_flow::project::{Files, Project};
use dialgraph_flow::source::Sources;
use dialgraph_flow::syntax::yaml;
use dialgraph_flow::testing::{Plugins, plugin, with_digests};
use serde_json::json;

const PROJECT: &str = "\
entry: main
fallback: {queue: general}
locales: [ko-KR, en-US]
collections: {customers: {}}
";
const MAIN: &str = "flow: main\nstart: bye\nnodes:\n  bye: {end: {disposition: resolved}}\n";
const QUEUES: &str = "general: {title: {ko-KR: 일반 문의, en-US: General}, priority: 3}\n";
const CALENDARS: &str = "seoul-office: {zone: Asia/Seoul}\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/broken_flows")
}

fn plugins() -> Plugins {
    let hours = Descriptor {
        config_schema: json!({
            "type": "object",
            "required": ["calendar"],
            "additionalProperties": false,
            "properties": {
                "calendar": {"type": "string", "x-dialgraph-ref": "calendar"},
                "closed_prompt": {"type": "object", "x-dialgraph-ref": "prompt"},
                "grace_minutes": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "Minutes after closing that still count as open."
                },
                "holidays": {"oneOf": [
                    {"const": "kr", "description": "Those of Korea."},
                    {"const": "none"}
                ]},
                "windows": {"type": "array", "items": {"$ref": "#/definitions/window"}}
            },
            "definitions": {
                "window": {
                    "type": "object",
                    "required": ["from", "to"],
                    "properties": {"from": {"type": "integer"}, "to": {"type": "integer"}}
                }
            }
        }),
        ..plugin("hours-check", &["open", "closed"])
    };
    let lookup = Descriptor {
        config_schema: json!({
            "type": "object",
            "properties": {"collection": {"type": "string", "x-dialgraph-ref": "collection"}}
        }),
        input_schema: json!({
            "type": "object",
            "required": ["account_id"],
            "properties": {
                "account_id": {"type": "string", "description": "12 digits."},
                "digits": {"type": "integer", "maximum": 12}
            }
        }),
        ..plugin("lookup", &["found", "missing"])
    };
    with_digests([hours, lookup])
}

/// Plugins that are there and cannot be loaded.
fn refused() -> Refused {
    let refusal = |message: &str, help: &str| Refusal {
        message: message.to_owned(),
        help: vec![help.to_owned()],
    };
    Refused::from([
        (
            "sealed".into(),
            refusal(
                "plugin `sealed` cannot be loaded: it imports `dialgraph:plugin/nlu@1.0.0`, which is not granted to it",
                "write `grants: [log, nlu]`",
            ),
        ),
        (
            "no-component".into(),
            refusal("plugin `no-component` is not WebAssembly", "build or copy it again"),
        ),
    ])
}

/// The report on the broken file or folder for `code`.
fn report(code: Code) -> Report {
    let name = code.name();
    let dir = folder().join(name);
    let project = if dir.is_dir() {
        let read = Project::load(&dir).unwrap_or_else(|error| panic!("{error}"));
        Project::from_files(name, read.files().as_ref().clone())
    } else {
        let file = format!("{name}.flow.yaml");
        let text = std::fs::read(folder().join(&file))
            .unwrap_or_else(|error| panic!("{code} needs tests/broken_flows/{file}: {error}"));
        Project::from_files(
            "",
            Files::from([
                ("dialgraph.yaml".into(), PROJECT.into()),
                ("main.flow.yaml".into(), MAIN.into()),
                ("data/queues.yaml".into(), QUEUES.into()),
                ("data/calendars.yaml".into(), CALENDARS.into()),
                (file, text),
            ]),
        )
    };
    check_with(&project, &plugins(), &refused()).report
}

#[test]
fn every_code_has_a_broken_file_and_a_report_worth_reading() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../tests/broken_flows/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut wrong = Vec::new();
    settings.bind(|| {
        for code in Code::ALL {
            let report = report(*code);
            insta::assert_snapshot!(code.name(), report.render(false));
            let codes: BTreeSet<Code> = report.diagnostics().iter().map(|d| d.code).collect();
            if codes != BTreeSet::from([*code]) {
                wrong.push(format!("{}: {codes:?}", code.name()));
            }
        }
    });
    assert!(wrong.is_empty(), "broken in other ways as well: {wrong:#?}");
}

#[test]
fn every_broken_file_is_of_a_code() {
    for entry in folder().read_dir().unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let stem = name.strip_suffix(".flow.yaml").unwrap_or(&name);
        let known = Code::ALL.iter().any(|code| code.name() == stem);
        assert!(known || stem == "snapshots", "no code is called {stem}");
    }
}

#[test]
fn every_code_is_explained() {
    for code in Code::ALL {
        let page = code.explain();
        let title = format!("# {} {}\n", code.number(), code.name());
        assert!(page.starts_with(&title), "the page of {code} begins {title:?}");
        for part in ["\n```yaml\n", "\n## How to fix it\n"] {
            assert!(page.contains(part), "the page of {code} has {part:?}");
        }
        let example = page.split("\n```yaml\n").nth(1).unwrap();
        let example = example.split("\n```").next().unwrap();
        let file = Sources::default().add("example", example);
        let is_yaml = yaml::parse(file, example).diagnostics.is_empty();
        assert_eq!(is_yaml, *code != Code::Syntax, "the example of {code}");
    }
}

#[test]
fn codes_are_found_by_number_and_by_name() {
    assert_eq!("dg0201".parse(), Ok(Code::DanglingTarget));
    assert_eq!("dangling-target".parse(), Ok(Code::DanglingTarget));
    let error = "dangling-targte".parse::<Code>().unwrap_err().to_string();
    assert!(error.contains("did you mean `dangling-target`?"), "{error}");
}

#[test]
fn colours_appear_only_when_asked_for() {
    let report = report(Code::DanglingTarget);
    assert!(report.render(true).contains('\u{1b}'));
    assert!(!report.render(false).contains('\u{1b}'));
}

#[test]
fn the_json_form_is_stable() {
    let report = report(Code::DanglingTarget);
    let shown = serde_json::to_string_pretty(&report.to_json()).unwrap();
    insta::assert_snapshot!("json", shown);
}
