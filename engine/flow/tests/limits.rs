//! Whatever size and depth a project's files have: they are taken, or what is too large is told at
//! its place. Nothing here may depend on how much stack or memory a thread has.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic, its helpers too")]

use std::fmt::Write as _;

use dialgraph_flow::check;
use dialgraph_flow::diagnostic::{Code, Report};
use dialgraph_flow::limits::{MAX_DECLARED, MAX_NODES, MAX_OF_A_KIND, MAX_TOLD};
use dialgraph_flow::project::{Files, PROJECT_FILE, Project};
use dialgraph_flow::testing::{Plugins, project};

/// What a thread of a server has.
const STACK: usize = 2 << 20;

/// Reads, checks and shows, where the stack is small.
fn report(files: Vec<(&'static str, String)>) -> Report {
    let work = move || {
        let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (*p, t.as_str())).collect();
        let project = project(&files);
        let report = check(&project, &Plugins::new()).report;
        // Both are made of every report.
        report.to_json();
        report.render(true);
        report
    };
    std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap().join().unwrap()
}

fn main_flow(text: String) -> Report {
    report(vec![("main.flow.yaml", text)])
}

fn codes(report: &Report) -> Vec<Code> {
    let mut codes: Vec<Code> = report.diagnostics().iter().map(|found| found.code).collect();
    codes.sort();
    codes.dedup();
    codes
}

/// `nodes`, one behind the other.
fn chain(nodes: usize) -> String {
    let mut text = String::from("flow: main\nlocales: [en-US]\nstart: n0\nnodes:\n");
    for node in 0..nodes {
        let _ = writeln!(text, "  n{node}: {{say: {{en-US: a}}, next: n{}}}", node + 1);
    }
    let _ = writeln!(text, "  n{nodes}: {{end: {{disposition: resolved}}}}");
    text
}

#[test]
fn a_chain_of_nodes_is_as_long_as_a_flow_may_be() {
    assert!(main_flow(chain(5_400)).is_empty());
    assert!(main_flow(chain(MAX_NODES - 1)).is_empty());
    assert_eq!(codes(&main_flow(chain(MAX_NODES))), [Code::TooLarge]);
    let much = main_flow(chain(100_000));
    assert_eq!(codes(&much), [Code::TooLarge], "{much}");
}

#[test]
fn a_chain_of_flows_is_as_long_as_a_project_may_be() {
    let mut files = Files::from([
        (PROJECT_FILE.into(), "entry: f0\nfallback: {queue: q}\nlocales: [en-US]\n".into()),
        ("data/queues.yaml".into(), "q: {title: {en-US: Q}, priority: 1}\n".into()),
    ]);
    let flows = 4_900;
    for flow in 0..flows {
        let name = format!("f{flow}");
        let text = if flow + 1 == flows {
            format!(
                "flow: {name}\nreturns: {{done: {{}}}}\nstart: a\nnodes: {{a: {{end: {{return: done}}}}}}\n"
            )
        } else {
            format!(
                "flow: {name}\n{}start: a\nnodes:\n  a: {{call: f{}, on: {{done: b}}}}\n  b: {{end: {}}}\n",
                if flow == 0 { "" } else { "returns: {done: {}}\n" },
                flow + 1,
                if flow == 0 { "{disposition: resolved}" } else { "{return: done}" },
            )
        };
        files.insert(format!("{name}.flow.yaml"), text.into_bytes());
    }
    let report = check(&Project::from_files("", files), &Plugins::new()).report;
    // They go round without waiting for nobody, and end.
    assert!(report.is_empty(), "{report}");
}

#[test]
fn whatever_is_nested_too_deep_is_told() {
    let depth = 10_000;
    let lists = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let json = format!("{}1{}", "{\"a\": ".repeat(depth), "}".repeat(depth));
    let block: String = (0..depth).fold(String::new(), |mut text, level| {
        let _ = writeln!(text, "{}a:", " ".repeat(level % 3_000));
        text
    });
    for text in [
        lists.clone(),
        json.clone(),
        block,
        "- ".repeat(depth),
        "? ".repeat(depth),
        "a: ".repeat(depth),
        "[".repeat(depth),
        "{".repeat(depth),
        format!("flow: main\nstart: a\nattributes:\n  a: {{type: any, default: {lists}}}\n"),
        format!("flow: main\nstart: a\nnodes:\n  a: {{say: {json}, next: b}}\n"),
        format!("flow: main\nstart: a\nnodes:\n  a: {{set: {{x: {lists}}}, next: a}}\n"),
    ] {
        let beginning = text[..text.len().min(80)].to_owned();
        let report = main_flow(text.clone());
        assert!(report.errors() > 0, "{beginning}");
        for path in ["data/queues.yaml", "data/calendars.yaml", "intents/a.intents.yaml"] {
            let report = report_beside(path, &text);
            assert!(report.errors() > 0, "{path}: {beginning}");
        }
    }
}

fn report_beside(path: &'static str, text: &str) -> Report {
    report(vec![("main.flow.yaml", chain(1)), (path, text.to_owned())])
}

#[test]
fn an_expression_of_any_depth_is_told() {
    for part in ["(", "[", "!", "-", "a[", "{\"a\": ", "a ? a : ", "a.", "!(", "size("] {
        for count in [30, 100, 300, 1_000, 10_000, 100_000] {
            let text = format!(
                "flow: main\nattributes: {{a: any}}\nstart: s\nnodes:\n  s:\n    set: {{a: '{}a'}}\n    next: e\n  e: {{end: {{disposition: resolved}}}}\n",
                part.repeat(count)
            );
            let report = main_flow(text);
            assert!(codes(&report).iter().all(|code| code.number().starts_with("DG04")));
            let prompt = format!(
                "flow: main\nlocales: [en-US]\nstart: s\nnodes:\n  s: {{say: {{en-US: '${{{}a}}'}}, next: e}}\n  e: {{end: {{disposition: resolved}}}}\n",
                part.repeat(count)
            );
            assert!(main_flow(prompt).errors() > 0, "{part} {count}");
        }
    }
}

#[test]
fn a_prompt_of_any_depth_is_told() {
    for part in ["<p>", "<s>", "<prosody>", "${", "$${", "<", "&amp;", "</p>"] {
        for count in [100, 1_900, 10_000] {
            let text = format!(
                "flow: main\nlocales: [en-US]\nstart: s\nnodes:\n  s: {{say: {{en-US: '<speak>{}</speak>'}}, next: e}}\n  e: {{end: {{disposition: resolved}}}}\n",
                part.repeat(count)
            );
            main_flow(text);
        }
    }
}

#[test]
fn aliases_multiply_nothing() {
    let mut laughs = String::from("a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n");
    for level in 1..30 {
        let _ = writeln!(
            laughs,
            "a{level}: &a{level} [{}]",
            vec![format!("*a{}", level - 1); 10].join(", ")
        );
    }
    // Small in values, large in depth.
    let mut deep = String::from("a0: &a0 1\n");
    for level in 1..2_000 {
        let nest = 40;
        let _ = writeln!(
            deep,
            "a{level}: &a{level} {}*a{}{}",
            "[".repeat(nest),
            level - 1,
            "]".repeat(nest)
        );
    }
    // Small in values and depth, large in bytes.
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 10_000].join(", "));
    let long_key =
        format!("a: &a {{{}: 1}}\nb: [{}]\n", "x".repeat(1_000), vec!["*a"; 50_000].join(", "));
    for text in [laughs, deep, long, long_key] {
        for path in ["main.flow.yaml", "data/queues.yaml", "intents/a.intents.yaml"] {
            let report = match path {
                "main.flow.yaml" => main_flow(text.clone()),
                path => report_beside(path, &text),
            };
            assert!(codes(&report).contains(&Code::TooLarge), "{path}: {report}");
        }
    }
    let few = "flow: main\nlocales: [en-US]\nstart: a\nnodes:\n  a: {say: &hello {en-US: hello}, next: b}\n  b: {say: *hello, next: c}\n  c: {end: {disposition: resolved}}\n";
    assert!(main_flow(few.to_owned()).is_empty(), "what is repeated sparingly is taken");
}

#[test]
fn of_many_findings_the_first_are_told_and_the_others_counted() {
    let doubled: String = (0..20_000).map(|_| "  bye: {end: {disposition: resolved}}\n").collect();
    let report = main_flow(format!("flow: main\nstart: bye\nnodes:\n{doubled}"));
    assert_eq!(report.errors(), 19_999);
    assert_eq!(report.diagnostics().len(), MAX_OF_A_KIND);
    let shown = report.render(false);
    let line = "19899 more findings of DG0105 (duplicate-id) are not shown";
    assert!(shown.contains(line), "{}", &shown[shown.len() - 300..]);
    assert!(shown.contains("19999 errors"));
    let json = report.to_json();
    assert_eq!(json["errors"], 19_999);
    assert_eq!(
        json["more"],
        serde_json::json!([{"code": "DG0105", "name": "duplicate-id", "severity": "error", "count": 19_899}])
    );
    assert!(shown.len() < 200_000 && json.to_string().len() < 200_000);
}

#[test]
fn a_project_of_many_faulty_files_is_told_in_part_and_each_file_counted() {
    let faulty = |name: &str| {
        let nodes: String =
            (0..150).map(|n| format!("  n{n}: {{say: {{en-US: a}}, next: gone{n}}}\n")).collect();
        format!("flow: {name}\nlocales: [en-US]\nstart: n0\nnodes:\n{nodes}")
    };
    let mut files = Files::from([(
        PROJECT_FILE.into(),
        "entry: f0\nfallback: {queue: q}\nlocales: [en-US]\n".into(),
    )]);
    files.insert("data/queues.yaml".into(), "q: {title: {en-US: Q}, priority: 1}\n".into());
    for number in 0..30 {
        let name = format!("f{number}");
        files.insert(format!("{name}.flow.yaml"), faulty(&name).into_bytes());
    }
    let report = check(&Project::from_files("", files), &Plugins::new()).report;
    assert_eq!(report.diagnostics().len(), MAX_TOLD);
    assert_eq!(report.errors(), 30 * 150);
    let one = report.only(|path| path == "f29.flow.yaml");
    assert_eq!(one.errors(), 150, "no file passes because others have the same mistake");
}

#[test]
fn a_sentence_is_short_however_long_its_words_are() {
    let long = "x".repeat(1 << 20);
    let report = main_flow(format!(
        "flow: main\nstart: {long}\n{long}: 1\nattributes: {{a: {{type: string, default: [{long}]}}}}\nnodes:\n  {long}: {{go: {long}}}\n  b: {{say: {{en-US: '{long}'}}, next: {long}y}}\n"
    ));
    assert!(report.errors() > 0);
    assert!(report.to_json().to_string().len() < 100_000);
    assert!(report.render(false).len() < 500_000);
}

#[test]
fn what_declares_too_many_names_is_told() {
    let names = |count: usize, with: &str| {
        (0..count).map(|n| format!("n{n}: {with}")).collect::<Vec<_>>().join(", ")
    };
    let many = MAX_DECLARED + 1;
    let flow = |head: String| {
        format!("flow: main\n{head}start: e\nnodes:\n  e: {{end: {{disposition: resolved}}}}\n")
    };
    for head in [
        format!("inputs: {{{}}}\n", names(many, "string")),
        format!("returns: {{{}}}\n", names(many, "{}")),
        format!("returns: {{done: {{{}}}}}\n", names(many, "string")),
    ] {
        let other = flow(head).replace("flow: main", "flow: other");
        let report = report(vec![("main.flow.yaml", chain(1)), ("other.flow.yaml", other)]);
        assert_eq!(codes(&report), [Code::TooLarge], "{report}");
    }
    let phrases = names(many, "{en-US: [yes]}").replace("n0: {en-US: [yes]}", "n0: {en-US: [no]}");
    let ask = format!(
        "flow: main\nlocales: [en-US]\nstart: q\nnodes:\n  q:\n    ask: {{prompt: {{en-US: a}}, phrases: {{{phrases}}}}}\n    on: {{no_input: e}}\n  e: {{end: {{disposition: resolved}}}}\n"
    );
    assert!(codes(&main_flow(ask)).contains(&Code::TooLarge));
}

#[test]
fn a_file_that_is_too_large_is_told_and_not_read() {
    let large = format!("{}# {}\n", chain(1), "x".repeat(4 << 20));
    let told = main_flow(large.clone());
    assert_eq!(codes(&told), [Code::TooLarge], "{told}");
    assert!(told.to_string().contains("main.flow.yaml"), "{told}");
    let queues = report(vec![("main.flow.yaml", chain(1)), ("data/queues.yaml", large)]);
    assert_eq!(codes(&queues), [Code::TooLarge], "no queue is missed that may be in it: {queues}");
    let named_often: String =
        (0..40).map(|n| format!("  c{n}: {{seed: data/large.yaml}}\n")).collect();
    let project = format!(
        "entry: main\nfallback: {{queue: q}}\nlocales: [en-US]\ncollections:\n{named_often}"
    );
    let records = format!("a: {}\n", "x".repeat(3 << 20));
    let often = report(vec![
        (PROJECT_FILE, project),
        ("main.flow.yaml", chain(1)),
        ("data/queues.yaml", "q: {title: {en-US: Q}, priority: 1}\n".to_owned()),
        ("data/large.yaml", records),
    ]);
    assert!(codes(&often).contains(&Code::TooLarge), "{often}");
}

#[test]
fn a_folder_is_read_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(PROJECT_FILE), "entry: main\n").unwrap();
    let deep = folder.path().join("a/b/c/d/e/f/g/h");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(deep.join("x.flow.yaml"), chain(1)).unwrap();
    assert!(Project::load(folder.path()).is_ok());
    std::fs::create_dir(deep.join("i")).unwrap();
    let project = Project::load(folder.path()).unwrap();
    let told = project.report();
    let found = told.diagnostics().iter().find(|found| found.code == Code::TooLarge).unwrap();
    assert!(found.message.starts_with("this folder is nested too deep"), "{told}");
    assert!(told.to_string().contains("a/b/c/d/e/f/g/h/i:1:1"), "{told}");
    assert!(check(&project, &Plugins::new()).release.is_none());
}

#[test]
fn a_key_that_is_longer_than_yaml_lets_it_be_is_told_as_such() {
    let long = "k".repeat(1_025);
    for text in [format!("flow: main\n{long}: x\n"), format!("flow: main\n  {long}:\n    x: y\n")] {
        let found = main_flow(text).to_string();
        assert!(
            found.contains("a key of YAML may have 1024 characters, this one has 1025"),
            "{found}"
        );
        assert!(!found.contains("quotes"), "{found}");
    }
}
