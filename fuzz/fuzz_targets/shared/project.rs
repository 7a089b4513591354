//! A whole project: several files, with plugins that have schemas. It is compiled, or all that is
//! wrong with it is told at places that there are; the work is bounded by its size, and what was
//! compiled can be drawn.
//!
//! A line `=== PATH` begins a file. What stands before the first of them is the project file.

use std::sync::LazyLock;

use dialgraph_base::Descriptor;
use dialgraph_flow::check::{Given, check_within};
use dialgraph_flow::project::{Files, PROJECT_FILE, Project};
use dialgraph_flow::testing::{Plugins, plugin, with_digests};
use dialgraph_flow::{Work, graph};
use serde_json::json;

static PLUGINS: LazyLock<Plugins> = LazyLock::new(|| {
    let hours = Descriptor {
        config_schema: json!({
            "type": "object",
            "required": ["calendar"],
            "additionalProperties": false,
            "properties": {
                "calendar": {"type": "string", "x-dialgraph-ref": "calendar"},
                "closed_prompt": {"type": "object", "x-dialgraph-ref": "prompt"},
                "queue": {"type": "string", "x-dialgraph-ref": "queue"},
                "windows": {"type": "array", "items": {"$ref": "#/definitions/window"}}
            },
            "definitions": {"window": {
                "type": "object",
                "properties": {"from": {"type": "integer"}, "more": {"$ref": "#/definitions/window"}}
            }}
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
            "properties": {"account_id": {"type": "string"}, "digits": {"type": "integer", "maximum": 12}}
        }),
        output_schema: json!({
            "type": "object",
            "properties": {"record": {"type": "object", "properties": {"name": {"type": "string"}}}}
        }),
        ..plugin("lookup", &["found", "missing"])
    };
    with_digests([hours, lookup])
});

/// Steps that a byte of a project may cost: a name that is not there is held against all that are,
/// a hundred times.
const STEPS_PER_BYTE: u64 = 2_000;

fn files(text: &str) -> Files {
    let mut files = Files::new();
    let (mut path, mut body) = (PROJECT_FILE, String::new());
    for line in text.split_inclusive('\n') {
        match line.trim_end().strip_prefix("=== ") {
            Some(next) => {
                files.insert(path.to_owned(), std::mem::take(&mut body).into_bytes());
                path = next;
            }
            None => body.push_str(line),
        }
    }
    files.insert(path.to_owned(), body.into_bytes());
    files
}

/// Panics when something of this does not hold for the project `text`.
pub(crate) fn survive(text: &str) {
    let work = Work::default();
    let files = files(text);
    let project = Project::from_files_within("", files, &work).expect("nobody calls it off");
    let checked = check_within(&project, &Given::new(&PLUGINS), &work).expect("as before");
    let report = checked.report;
    assert!(work.steps() <= 10_000 + text.len() as u64 * STEPS_PER_BYTE, "{} steps", work.steps());
    let shown = report.render(false);
    assert_eq!(checked.release.is_none(), report.errors() > 0, "{shown}");
    assert_eq!(shown.trim().is_empty(), report.is_empty());
    for diagnostic in report.diagnostics() {
        for label in diagnostic.labels.iter().chain([&diagnostic.primary]) {
            let position = report.sources().position(label.span);
            assert!(position.line >= 1 && position.column >= 1, "{diagnostic:?}");
        }
    }
    report.to_json();
    report.only(|path| path.ends_with("main.flow.yaml")).render(true);
    if let Some(release) = checked.release {
        for flow in release.flows.values() {
            graph::mermaid(flow);
            graph::dot(flow);
        }
    }
    project.queue_hours();
    project.routing_profiles();
}
