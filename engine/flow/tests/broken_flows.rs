//! One minimal broken file (or folder, where the project matters) for every diagnostic code, with
//! the report that a person sees beside it in `tests/broken_flows/snapshots`.
//!
//! A broken file may hold its mistake in several forms, but no other mistake: its report has one
//! code only.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dialgraph_base::{ConfigChecks, ConfigProblem, Descriptor, Digest, Locale, Severity};
use dialgraph_flow::check::{Given, Rejected, Rejection, check_with};
use dialgraph_flow::diagnostic::{Code, Report};
use dialgraph_flow::project::{Files, Folder, Project};
use dialgraph_flow::source::Sources;
use dialgraph_flow::syntax::yaml;
use dialgraph_flow::testing::{Plugins, plugin, with_digests};
use serde_json::json;

const PROJECT: &str = "\
entry: main
fallback: {queue: general}
locales: [ko-KR, en-US]
collections: {customers: {}}
plugins: {lookup: {collections: {read: [customers]}}}
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
            "properties": {
                "collection": {"type": "string", "x-dialgraph-ref": "collection"},
                "indexes": {
                    "type": "object",
                    "properties": {"phone": {"type": "string", "x-dialgraph-ref": "index"}}
                }
            }
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
    let readers =
        Descriptor { config_schema: lookup.config_schema.clone(), ..plugin("readers", &["done"]) };
    let marked = |mark: &str| json!({"type": ["string", "null"], "x-dialgraph-ref": mark});
    let understand = Descriptor {
        config_schema: json!({
            "type": "object",
            "properties": {
                "bot": marked("bot"),
                "agent_intents": {"type": "array", "items": marked("intent")},
                "intents": {"type": "object", "propertyNames": {"x-dialgraph-ref": "intent"}}
            }
        }),
        output_schema: json!({
            "type": "object",
            "properties": {"intent": marked("intent"), "text": {"type": "string"}}
        }),
        ..plugin("understand", &["matched", "failed"])
    };
    let answer = Descriptor {
        config_schema: json!({
            "type": "object",
            "properties": {"base": marked("knowledge-base"), "guardrail": marked("guardrail")}
        }),
        ..plugin("answer", &["done"])
    };
    let desk = Descriptor {
        config_schema: json!({
            "type": "object",
            "properties": {"url": marked("host"), "secret": marked("secret")}
        }),
        ..plugin("desk", &["created"])
    };
    let shelf = Descriptor {
        config_schema: json!({
            "type": "object",
            "properties": {
                "do": {"enum": ["get", "put", "count"]},
                "merge": {"type": "boolean"},
                "collection": {
                    "type": "string",
                    "x-dialgraph-ref": "collection",
                    "x-dialgraph-access": {
                        "do": {"get": "read", "put": "write", "count": "read-write"},
                        "merge": {"true": "read"}
                    }
                },
                "log": {
                    "type": "string",
                    "default": "visits",
                    "x-dialgraph-ref": "collection",
                    "x-dialgraph-access": "write"
                }
            }
        }),
        ..plugin("shelf", &["done"])
    };
    let keeper = Descriptor {
        config_schema: json!({
            "type": "object",
            "properties": {
                "field": {"type": "string"},
                "caller": {"type": "string"},
                "body": {"description": "What is kept."}
            }
        }),
        ..plugin("keeper", &["done"])
    };
    let office = Descriptor {
        config_schema: json!({
            "type": "object",
            "required": ["calendar"],
            "properties": {"calendar": {"type": "object", "x-dialgraph-ref": "calendar"}}
        }),
        ..plugin("office-hours", &["open", "closed"])
    };
    with_digests([
        hours,
        lookup,
        understand,
        answer,
        desk,
        shelf,
        readers,
        keeper,
        office,
        plugin("crashes", &["done"]),
    ])
}

/// Stands for plugins that check their own configurations.
struct Asked;

impl ConfigChecks for Asked {
    fn check(
        &self,
        plugin: &Digest,
        config: &str,
        _: &[Locale],
    ) -> Result<Vec<ConfigProblem>, String> {
        if *plugin == Digest::of(b"crashes") {
            return Err("plugin `crashes` could not check its configuration: unreachable".into());
        }
        let mut problems = Vec::new();
        let mut found = |pointer: &str, severity, message: &str, hint: Option<&str>| {
            problems.push(ConfigProblem {
                pointer: pointer.to_owned(),
                severity,
                message: message.to_owned(),
                hint: hint.map(str::to_owned),
            });
        };
        let hint = Some("write it as `09:00`");
        let error = Severity::Error;
        if config.contains("\"9:00\"") {
            found("/calendar/weekly/mon/0/0", error, "`9:00` is no time of day", hint);
        }
        if config.contains("KST") {
            found(
                "/calendar/zone",
                error,
                "`KST` is no time zone",
                Some("did you mean `Asia/Seoul`?"),
            );
        }
        if config.contains("grace_minutes") {
            found(
                "/grace_minutes",
                Severity::Warning,
                "no office is open for 90 minutes more",
                None,
            );
            // A place that is not there is shown as near to it as can be.
            found("/prompts/open", error, "there are no words in ja-JP", None);
        }
        Ok(problems)
    }
}

/// Plugins that are there and cannot be loaded.
fn refused() -> Rejected {
    let refusal = |message: &str, help: &str| Rejection {
        message: message.to_owned(),
        help: vec![help.to_owned()],
    };
    Rejected::from([
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
        let folder = Folder::read(&dir).unwrap_or_else(|error| panic!("{error}"));
        folder.into_project(name)
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
    let (plugins, refused) = (plugins(), refused());
    let given = Given::new(&plugins).refused(&refused).asking(&Asked);
    check_with(&project, &given).report
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
        let while_reading = [Code::Syntax, Code::TooLarge];
        assert_eq!(is_yaml, !while_reading.contains(code), "the example of {code}");
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
