//! `docs/reference/flow.md` and `docs/reference/project.md`, written from the tables by which the
//! files are read; `DIALGRAPH_UPDATE_DOCS=1 cargo test -p dialgraph-flow reference` writes them
//! anew. Every example on the pages is compiled.

mod prose;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use dialgraph_base::show_duration;
use serde_json::{Map, Value, json};

use self::prose::{EXPECTED, EXPECTS_HEAD, FLOW_HEAD, MORE, PROJECT_HEAD, REASONS_HEAD};
use crate::Release;
use crate::kinds::KINDS;
use crate::model::{Expects, NoMatch, NodeKind};
use crate::source::Sources;
use crate::syntax::shape::{Field, Kind, Object, Shape};
use crate::syntax::{tables, yaml};
use crate::testing::{compile_files, plugins};

fn flow_page() -> String {
    let mut out = FLOW_HEAD.to_owned();
    let mut told = BTreeSet::new();
    if let Shape::Object(file) = &tables::FLOW_FILE {
        out += "\n## The keys of the file\n\n";
        keys(&mut out, file.fields, &[]);
        nested(&mut out, file.fields, "###", &mut told);
    }
    out += "\n## The kinds of nodes\n\nA node has one of these keys, and beside it those that its kind takes. In the tables, `→` stands between the keys of a map\nand their values: `locale → text` is written `{ko-KR: 안녕하세요., en-US: Hello.}`.\n\n";
    for kind in KINDS {
        writeln!(out, "* [`{0}`](#{0}): {1}", kind.word, first_sentence(kind.doc)).unwrap();
    }
    for kind in KINDS {
        of_kind(&mut out, kind, &mut told);
    }
    out
}

fn first_sentence(doc: &str) -> &str {
    doc.find(". ").map_or(doc, |end| &doc[..=end])
}

fn of_kind(out: &mut String, kind: &Kind, told: &mut BTreeSet<&'static str>) {
    write!(out, "\n### {}\n\n{}\n\n", kind.word, kind.doc).unwrap();
    writeln!(out, "```yaml\n{}```\n", node("here", &read_json(kind.example))).unwrap();
    for (_, shows, example) in MORE.iter().filter(|(of, ..)| *of == kind.word) {
        writeln!(out, "{shows}\n\n```yaml\n{example}```\n").unwrap();
    }
    let object = match &kind.shape {
        Shape::Object(object) => Some(*object),
        Shape::Either(shapes) => shapes.iter().find_map(|shape| match shape {
            Shape::Object(object) => Some(*object),
            _ => None,
        }),
        _ => None,
    };
    if let Some(object) = object {
        let simple = match &kind.shape {
            Shape::Either(_) => format!("`{}` takes a name alone, or these keys:", kind.word),
            _ => format!("Within `{}`:", kind.word),
        };
        writeln!(out, "{simple}\n").unwrap();
        keys(out, object.fields, object.one_of);
        out.push('\n');
        told.insert(object.name);
    } else {
        writeln!(out, "`{}` takes: {}.\n", kind.word, takes(&kind.shape)).unwrap();
    }
    if !kind.beside.is_empty() {
        writeln!(out, "Beside `{}`:\n", kind.word).unwrap();
        keys(out, kind.beside, &[]);
        out.push('\n');
    }
    if kind.ports.is_empty() {
        let goes_on = kind.beside.iter().any(|field| field.key == "next");
        out.push_str(match goes_on {
            true => "It has no ports: it goes on at `next`.\n",
            false => "It has no ports.\n",
        });
    } else {
        out.push_str("| port | when |\n|---|---|\n");
        for (port, when) in kind.ports {
            writeln!(out, "| {port} | {when} |").unwrap();
        }
    }
    if kind.word == "ask" {
        write!(out, "\n{EXPECTS_HEAD}").unwrap();
        for (word, value, example, from) in EXPECTED {
            writeln!(out, "| `{word}` | {value} | `{example}` | “{from}” |").unwrap();
        }
    }
    if kind.word == "ask" {
        write!(out, "\n{REASONS_HEAD}").unwrap();
        for (word, _, when) in NoMatch::WORDS {
            writeln!(out, "| `{word}` | {when} |").unwrap();
        }
    }
    if let Some(object) = object {
        nested(out, object.fields, "####", told);
    } else {
        objects(&kind.shape, &mut |object| section(out, object, "####", told));
    }
}

fn project_page() -> String {
    let mut out = PROJECT_HEAD.to_owned();
    let mut told = BTreeSet::new();
    if let Shape::Object(file) = &tables::PROJECT_FILE {
        out += "\n## dialgraph.yaml\n\n";
        keys(&mut out, file.fields, &[]);
        nested(&mut out, file.fields, "###", &mut told);
    }
    for (title, name, about, shape) in [
        ("data/queues.yaml", "general", "Each queue by its name.", &tables::QUEUES),
        (
            "data/routing-profiles.yaml",
            "everything",
            "Each kind of agents by its name. Only Amazon Connect needs them.",
            &tables::ROUTING_PROFILES,
        ),
    ] {
        write!(out, "\n## {title}\n\n{about}\n\n").unwrap();
        objects(shape, &mut |object| {
            keys(&mut out, object.fields, &[]);
            out += "\n```yaml\n";
            let whole = object.fields.iter().map(|field| (field.key, read_json(field.example)));
            let whole = whole.map(|(key, value)| (key.to_owned(), value)).collect();
            out += &node(name, &Value::Object(whole));
            out += "```\n";
        });
    }
    out
}

/// The sections of what the values of `fields` may be, each once.
fn nested(out: &mut String, fields: &[Field], level: &str, told: &mut BTreeSet<&'static str>) {
    for field in fields {
        objects(&field.shape, &mut |object| section(out, object, level, told));
    }
}

fn section(
    out: &mut String,
    object: &'static Object,
    level: &str,
    told: &mut BTreeSet<&'static str>,
) {
    if !told.insert(object.name) {
        return;
    }
    write!(out, "\n{level} {}\n\n{}\n\n", object.name, object.doc).unwrap();
    keys(out, object.fields, object.one_of);
    nested(out, object.fields, level, told);
}

/// The maps with known keys that a value may be or hold, nodes left out.
fn objects(shape: &Shape, found: &mut dyn FnMut(&'static Object)) {
    match shape {
        Shape::Object(object) => found(object),
        Shape::Map(_, inner) | Shape::List(inner) => objects(inner, found),
        Shape::Either(shapes) => shapes.iter().for_each(|shape| objects(shape, found)),
        _ => {}
    }
}

fn keys(out: &mut String, fields: &[Field], one_of: &[&str]) {
    *out += "| key | takes | default | meaning |\n|---|---|---|---|\n";
    for field in fields {
        let (meaning, told) = match field.doc.split_once(" Default: ") {
            Some((meaning, default)) => (meaning, Some(default.trim_end_matches('.'))),
            None => (field.doc, None),
        };
        let default = match told {
            Some(default) if is_value(default) => format!("`{default}`"),
            Some(default) => default.to_owned(),
            None if field.required => "must be there".to_owned(),
            None if one_of.contains(&field.key) => "one of these must be there".to_owned(),
            None => "none".to_owned(),
        };
        let takes = takes(&field.shape);
        writeln!(
            out,
            "| `{}` | {takes} | {default} | {} |",
            field.key,
            meaning.replace('|', "\\|")
        )
        .unwrap();
    }
}

/// Whether a default is told by its value and not in words.
fn is_value(default: &str) -> bool {
    default.starts_with(|c: char| c.is_ascii_digit())
        || ["true", "false", "null"].contains(&default)
}

/// What a value may be, in words; `→` stands between the keys of a map and their values.
fn takes(shape: &Shape) -> String {
    match shape {
        Shape::Text => "text".to_owned(),
        Shape::Name => "name".to_owned(),
        Shape::Identifier => "name without `-`".to_owned(),
        Shape::Locale => "locale".to_owned(),
        Shape::Words(words) if words.len() > 20 => "code".to_owned(),
        Shape::Words(words) => match words.split_last() {
            Some((last, others)) => format!("`{}` or `{last}`", others.join("`, `")),
            None => String::new(),
        },
        Shape::Flag => "`true` or `false`".to_owned(),
        Shape::Whole(min, max) => format!("whole number, {min} to {max}"),
        Shape::Time(min, max) => {
            format!("time, {} to {}", show_duration(*min), show_duration(*max))
        }
        Shape::Key => "key (`0` to `9`, `*`, `#`)".to_owned(),
        Shape::Expr => "expression".to_owned(),
        Shape::Any => "anything".to_owned(),
        Shape::Object(object) => format!("[{0}](#{0})", object.name),
        Shape::Map(key, value) => format!("{} → {}", takes(key), grouped(value)),
        Shape::List(item) => format!("list of {}", grouped(item)),
        Shape::Either(shapes) => shapes.iter().map(takes).collect::<Vec<_>>().join(", or "),
        Shape::Node(_) => "[node](#the-kinds-of-nodes)".to_owned(),
    }
}

/// The same as a part of something, which it must not be taken for.
fn grouped(shape: &Shape) -> String {
    match shape {
        Shape::Map(..) | Shape::Either(_) => format!("({})", takes(shape)),
        _ => takes(shape),
    }
}

fn read_json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

// YAML as people write it: short maps and lists on one line.

const WIDTH: usize = 96;

fn node(name: &str, value: &Value) -> String {
    let mut out = String::new();
    entry(&mut out, name, value, 0);
    out
}

fn entry(out: &mut String, key: &str, value: &Value, indent: usize) {
    // YAML 1.2 takes `on` for a text, and so does everybody who writes flows.
    let start = match key {
        "on" => format!("{:indent$}on:", ""),
        key => format!("{:indent$}{}:", "", scalar(key)),
    };
    let line = format!("{start} {}", inline(value));
    let flat = match value {
        Value::Object(map) => map.values().all(|value| !value.is_object() && !value.is_array()),
        Value::Array(items) => items.iter().all(|item| !item.is_object() && !item.is_array()),
        _ => true,
    };
    // The node itself and what a caller hears are easier to read line by line.
    let prose = value.as_object().is_some_and(|map| map.keys().any(|key| key == "ko-KR"));
    if flat && !prose && indent > 0 && line.chars().count() <= WIDTH
        || !value.is_object() && !value.is_array()
    {
        *out += &line;
        out.push('\n');
        return;
    }
    *out += &start;
    out.push('\n');
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                entry(out, key, value, indent + 2);
            }
        }
        Value::Array(items) => {
            for item in items {
                writeln!(out, "{:1$}- {2}", "", indent + 2, inline(item)).unwrap();
            }
        }
        _ => {}
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let entries =
                map.iter().map(|(key, value)| format!("{}: {}", scalar(key), inline(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// A text, in quotes where YAML or somebody who reads it needs them.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && text.contains(char::is_alphabetic)
        && text.parse::<f64>().is_err()
        && !text.contains(|c: char| ",[]{}:#&*!|>'\"%@`".contains(c))
        && !["true", "false", "null", "yes", "no", "on", "off"].contains(&text);
    match (plain, text.contains('\'')) {
        (true, _) => text.to_owned(),
        (false, false) if text.contains('"') => format!("'{text}'"),
        (false, _) => format!("{text:?}"),
    }
}

fn held_current(name: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if std::env::var_os("DIALGRAPH_UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == kept,
        "docs/reference/{name} is out of date: run with DIALGRAPH_UPDATE_DOCS=1 and review the difference"
    );
}

#[test]
fn the_reference_of_flow_files_is_current() {
    held_current("flow.md", &flow_page());
}

#[test]
fn the_reference_of_project_files_is_current() {
    held_current("project.md", &project_page());
}

#[test]
fn every_kind_of_answer_is_in_the_reference() {
    let told: Vec<&str> = EXPECTED.iter().map(|(word, ..)| *word).collect();
    let known: Vec<&str> = Expects::WORDS.iter().map(|(word, _)| *word).collect();
    assert_eq!(told, known);
}

fn blocks(page: &str) -> Vec<String> {
    let parts = page.split("```yaml\n").skip(1);
    parts.map(|part| part.split("```").next().unwrap().to_owned()).collect()
}

fn read_yaml(text: &str) -> Value {
    let mut sources = Sources::default();
    let file = sources.add("example", text);
    let read = yaml::parse(file, text);
    assert!(read.diagnostics.is_empty(), "no YAML:\n{text}");
    read.root.unwrap().json()
}

/// The nodes that a node leads to.
fn targets(node: &Value) -> Vec<String> {
    let next = |value: &Value| value["next"].as_str().map(str::to_owned);
    let on = node["on"].as_object().into_iter().flat_map(Map::values);
    let cases = node["switch"].as_array().into_iter().flatten();
    let on = on.filter_map(|to| to.as_str().map(str::to_owned));
    on.chain(next(node)).chain(cases.filter_map(next)).collect()
}

/// Compiles flows in a project that has what the examples name.
fn compile(flow: &str) -> Release {
    let word = |returns: &str| format!("flow: {returns}\n");
    let auth = format!(
        "{}locales: [en-US]\ninputs: {{reason: string}}\nreturns: {{msp: {{}}, general: {{}}}}\nstart: msp\nnodes:\n  msp: {{switch: [{{when: 'input.reason == \"vip\"', next: a}}], next: b}}\n  a: {{end: {{return: msp}}}}\n  b: {{end: {{return: general}}}}\n",
        word("customer-auth")
    );
    let msp = format!(
        "{}locales: [en-US]\nstart: bye\nnodes:\n  bye: {{end: {{disposition: done}}}}\n",
        word("msp-customer")
    );
    let queues = ["general", "msp-emergency", "callback"]
        .map(|queue| format!("{queue}: {{title: {{ko-KR: 대기, en-US: Queue}}, priority: 1}}\n"))
        .concat();
    let files = [
        ("example", flow),
        ("auth", auth.as_str()),
        ("msp", msp.as_str()),
        ("data/queues.yaml", queues.as_str()),
    ];
    compile_files(&files, &plugins([("hours-check", &["open", "closed"][..])]))
        .unwrap_or_else(|report| panic!("{report}\n{flow}"))
}

/// A flow that has only the nodes of an example, and an end for each node that they lead to.
fn around(nodes: &Map<String, Value>) -> Value {
    let mut all = nodes.clone();
    for to in nodes.values().flat_map(targets) {
        all.entry(to).or_insert_with(|| json!({"end": {"disposition": "done"}}));
    }
    // An end that returns needs a flow that does.
    let returns: Map<String, Value> = nodes
        .values()
        .filter_map(|node| Some((node["end"]["return"].as_str()?.to_owned(), json!({}))))
        .collect();
    json!({
        "flow": "example",
        "locales": ["ko-KR", "en-US"],
        "attributes": {"tries": "number", "customer_class": "string", "company": "string"},
        "returns": returns,
        "start": nodes.keys().next(),
        "nodes": all,
    })
}

#[test]
fn every_example_of_a_flow_compiles() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for block in blocks(&flow_page()) {
        let read = read_yaml(&block);
        let nodes = read.as_object().unwrap();
        if nodes.contains_key("flow") {
            compile(&block);
            continue;
        }
        let release = compile(&around(nodes).to_string());
        for id in nodes.keys() {
            let flow = &release.flows["example"];
            *seen.entry(flow.node(flow.find(id).unwrap()).kind.word()).or_default() += 1;
        }
    }
    let words: BTreeSet<&str> = KINDS.iter().map(|kind| kind.word).collect();
    assert_eq!(seen.into_keys().collect::<BTreeSet<_>>(), words);
}

#[test]
fn every_port_of_a_node_is_in_the_reference() {
    let mut examples: Vec<Value> = KINDS.iter().map(|kind| read_json(kind.example)).collect();
    let ask = |more: Value, ports: &[&str]| {
        let mut ask = json!({"prompt": {"ko-KR": "네?", "en-US": "Well?"}});
        ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let on: Map<String, Value> = ports
            .iter()
            .chain(&["no_input", "no_match"])
            .map(|port| ((*port).to_owned(), "done".into()))
            .collect();
        json!({"ask": ask, "on": on})
    };
    examples.push(ask(json!({"expects": "yes_no"}), &["yes", "no"]));
    examples.push(ask(json!({"expects": "time"}), &["value"]));
    examples.push(ask(json!({"speech": true}), &["said"]));
    examples.push(ask(json!({"digits": {"min": 1, "max": 2}}), &["digits"]));
    examples.push(json!({
        "callback": {"queue": "callback", "number": "call.from"},
        "on": {"no_number": "done", "error": "done"},
    }));
    for example in examples {
        let nodes = Map::from_iter([("here".to_owned(), example.clone())]);
        let release = compile(&around(&nodes).to_string());
        let flow = &release.flows["example"];
        let node = flow.node(flow.find("here").unwrap());
        let told = KINDS.iter().find(|kind| kind.word == node.kind.word()).unwrap().ports;
        let own = |port: &str| match &node.kind {
            NodeKind::Ask(ask) => ask.menu.iter().any(|(_, of)| **of == *port),
            NodeKind::Use(_) => ["open", "closed"].contains(&port),
            NodeKind::Call(_) => ["msp", "general"].contains(&port),
            _ => false,
        };
        let wired = example["on"].as_object().into_iter().flat_map(Map::keys);
        for port in wired.filter(|port| !own(port)) {
            let named = format!("`{port}`");
            assert!(told.iter().any(|(told, _)| told.contains(&named)), "{port} of {example}");
        }
    }
}

#[test]
fn every_example_of_a_project_compiles() {
    let page = project_page();
    let [project, queue, profile]: [String; 3] = blocks(&page).try_into().unwrap();
    let main =
        "flow: main\nlocales: [en-US]\nstart: bye\nnodes:\n  bye: {end: {disposition: done}}\n";
    let files = [
        ("dialgraph.yaml", project.as_str()),
        ("main", main),
        (
            "data/queues.yaml",
            &format!("{queue}callback: {{title: {{ko-KR: 콜백, en-US: Callback}}, priority: 2}}\n"),
        ),
        ("data/routing-profiles.yaml", profile.as_str()),
        ("data/calendars.yaml", "seoul-office: {zone: Asia/Seoul, weekly: {}}\n"),
    ];
    compile_files(&files, &plugins([("hours-check", &["open"][..])]))
        .unwrap_or_else(|report| panic!("{report}"));
}
