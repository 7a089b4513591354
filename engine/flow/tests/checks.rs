//! What the checker says, and what it keeps quiet about, where a broken file alone cannot show it.

use dialgraph_base::origin::{SortKey, SortPart, System};
use dialgraph_flow::check;
use dialgraph_flow::check::{Given, check_with};
use dialgraph_flow::diagnostic::Report;
use dialgraph_flow::model::NodeKind;
use dialgraph_flow::project::{Files, LoadError, Project};
use dialgraph_flow::testing::{self, Plugins, plugin, plugins, with_digests};
use serde_json::{Value, json};

fn hours() -> Plugins {
    plugins([("hours-check", &["open", "closed"][..])])
}

fn report(files: &[(&str, &str)], plugins: &Plugins) -> Report {
    check(&testing::project(files), plugins).report
}

/// `name line:column` of each finding in the flow `text`.
fn findings(text: &str) -> Vec<String> {
    all_findings(&[("flow", text)])
}

fn all_findings(files: &[(&str, &str)]) -> Vec<String> {
    let report = report(files, &hours());
    let shown = report.diagnostics().iter().map(|d| {
        let at = report.sources().position(d.primary.span);
        format!("{} {}:{}", d.code.name(), at.line, at.column)
    });
    shown.collect()
}

/// A flow in English with these nodes, of which the first is the start.
fn flow(nodes: &str) -> String {
    let start = nodes.trim_start().split(':').next().unwrap_or_default();
    format!(
        "flow: main\nlocales: [en-US]\nattributes: {{n: number}}\nstart: {start}\nnodes:\n{nodes}"
    )
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once_with_columns_in_characters() {
    let text = "\
flow: main
locales: [ko-KR]
strat: bye
nodes:
  인사: {end: {disposition: resolved, sya: {ko-KR: 안녕}, colour: 1}}
  bye:
    say: {ko-KR: \"안녕하세요. ${custmer}\"}
    next: by
";
    insta::assert_snapshot!(findings(text).join("\n"), @r"
    missing-key 1:1
    unknown-key 3:1
    wrong-shape 5:3
    unknown-key 5:37
    unknown-key 5:55
    unknown-variable 7:28
    dangling-target 8:11
    ");
}

#[test]
fn reading_goes_on_after_every_mistake_in_the_text() {
    let text = "\
flow: main
start: a
nodes:
  a:
\tsay: {en-US: Hi}
  b:
    say: {en-US: 'Hi}
    next: c
  c:
    say: {en-US: [Hi}
    next: d
  d:
    end: {disposition: resolved}
    colour: blue
";
    insta::assert_snapshot!(findings(text).join("\n"), @r"
    syntax 5:2
    syntax 7:18
    syntax 10:18
    unknown-key 14:5
    ");
}

#[test]
fn byte_order_marks_and_windows_line_ends_move_no_place() {
    let text = "\u{feff}flow: main\r\nstart: by\r\nnodes:\r\n  안녕: 1\r\n  bye: {end: {disposition: x}}\r\n";
    assert_eq!(findings(text), ["dangling-target 2:8", "wrong-shape 4:3", "wrong-shape 4:7"]);
}

#[test]
fn the_flow_after_a_call_may_use_silent_flows_only() {
    let project = "entry: main\nfinally: after\nfallback: {queue: general}\nlocales: [en-US]\n";
    let main = "flow: main\nstart: a\nnodes: {a: {end: {disposition: done}}}\n";
    let after = "flow: after\nstart: a\nnodes:\n  a: {call: log, on: {ok: b}}\n  b: {end: {disposition: done}}\n";
    let log = |say: &str| {
        format!(
            "flow: log\nreturns: {{ok: {{}}}}\nstart: a\nnodes:\n  a: {{end: {{return: ok{say}}}}}\n"
        )
    };
    let found = |log: &str| {
        let queues = "general: {title: {en-US: General}, priority: 1}\n";
        all_findings(&[
            ("dialgraph.yaml", project),
            ("data/queues.yaml", queues),
            ("main", main),
            ("after", after),
            ("log", log),
        ])
    };
    assert_eq!(found(&log("")), [""; 0]);
    assert_eq!(found(&log(", say: {en-US: Bye}")), ["finally-not-silent 5:3"]);
}

#[test]
fn what_amazon_connect_is_set_up_by_names_queues_and_calendars_that_are_there() {
    let queues = |hours: &str| {
        format!("general: {{title: {{en-US: General}}, priority: 1, hours: {hours}}}\n")
    };
    let profiles = |queue: &str| {
        format!("all: {{title: {{en-US: All}}, voice: [{queue}], outbound: general}}\n")
    };
    let main = "flow: main\nstart: a\nnodes: {a: {end: {disposition: done}}}\n";
    let project = "entry: main\nfallback: {queue: general}\nlocales: [en-US]\n";
    let files = |hours: &str, queue: &str| {
        [
            ("dialgraph.yaml", project.to_owned()),
            ("data/queues.yaml", queues(hours)),
            ("data/calendars.yaml", "office: {zone: Asia/Seoul}\n".to_owned()),
            ("data/routing-profiles.yaml", profiles(queue)),
            ("main", main.to_owned()),
        ]
    };
    let read = |hours: &str, queue: &str| {
        let files = files(hours, queue);
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        (all_findings(&files), testing::project(&files))
    };
    let (found, project) = read("office", "general");
    assert_eq!(found, [""; 0]);
    assert_eq!(&*project.queue_hours()["general"], "office");
    let profile = &project.routing_profiles()[0];
    assert_eq!((&*profile.name, &*profile.outbound, profile.chats_at_once), ("all", "general", 2));
    assert_eq!(read("ofice", "general").0, ["unknown-calendar 1:56"]);
    assert_eq!(read("office", "genral").0, ["unknown-queue 1:36"]);
}

#[test]
fn every_capability_of_the_plugin_contract_can_be_granted() {
    let wit = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let files = wit.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut interfaces: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|end| end == "wit"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        // A grant to read covers a search.
        .filter(|name| {
            !["configuration", "node", "records-search", "types"].contains(&name.as_str())
        })
        .collect();
    interfaces.sort();
    assert!(interfaces.len() >= 11, "{interfaces:?}");
    let project = |grants: &str| {
        let text = format!(
            "entry: main\nfallback: {{queue: general}}\nlocales: [ko-KR, en-US]\nplugins: {{hours-check: {{grants: [{grants}]}}}}\n"
        );
        let main = "flow: main\nstart: a\nnodes: {a: {end: {disposition: done}}}\n";
        all_findings(&[("main", main), ("dialgraph.yaml", &text)])
    };
    assert_eq!(project(&interfaces.join(", ")), [""; 0]);
    assert_eq!(project("everything"), ["unknown-grant 4:34"]);
}

#[test]
fn nodes_that_only_reach_each_other_are_told_of_once() {
    let text = flow(
        "
  a: {set: {n: 1}, next: bye}
  bye: {end: {disposition: done}}
  x: {use: hours-check, on: {open: y, closed: bye, error: bye}}
  y: {use: hours-check, on: {open: x, closed: bye, error: bye}}
  z: {goto: main}
",
    );
    assert_eq!(findings(&text), ["unreachable-node 9:3", "unreachable-node 11:3"]);
}

#[test]
fn odd_files_are_told_of_in_words() {
    let of = |text: &str| {
        let report = report(&[("main.flow.yaml", text)], &Plugins::new());
        let first =
            report.diagnostics().iter().find(|d| ["syntax", "too-large"].contains(&d.code.name()));
        first.map_or_else(String::new, |d| d.message.clone())
    };
    assert_eq!(of(""), "the file is empty: a flow should be here");
    assert_eq!(of("flow: a\n---\nflow: b\n"), "a second YAML document begins here");
    assert_eq!(of("flow: !!str main\n"), "the tag `!!str` has no meaning here");
    assert_eq!(of("flow: *name\n"), "this alias repeats a value that no `&` names");
    let deep = format!("flow: {}{}", "[".repeat(100), "]".repeat(100));
    assert_eq!(of(&deep), "values are nested more than 64 deep");
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..9 {
        let inner = vec![format!("*a{}", i - 1); 10].join(", ");
        bomb.push_str(&format!("a{i}: &a{i} [{inner}]\n"));
    }
    assert_eq!(of(&bomb), "the file has more than 250000 values");
}

#[test]
fn a_file_that_is_not_utf_8_is_told_of_and_read_all_the_same() {
    let project = Project::from_files(
        "",
        Files::from([(
            "main.flow.yaml".to_owned(),
            b"flow: main\nsummary: \xbe\xc8\xb3\xe7\n".to_vec(),
        )]),
    );
    let shown = project.report().to_string();
    assert!(shown.contains("not UTF-8"), "{shown}");
    assert!(shown.contains("needs the key `start`"), "{shown}");
}

#[test]
fn an_anchor_stands_for_its_value_wherever_it_is_repeated() {
    let text = flow(
        "  a: {say: &hi {en-US: Hello}, next: b}\n  b: {end: {disposition: done, say: *hi}}\n",
    );
    assert_eq!(findings(&text), ["unused-attribute 3:14"]);
}

#[test]
fn a_target_with_a_near_name_brings_no_second_complaint() {
    let text = flow("  a: {set: {n: 1}, next: byee}\n  bye: {end: {disposition: done}}\n");
    assert_eq!(findings(&text), ["dangling-target 6:26"]);
}

#[test]
fn a_loop_that_counts_its_rounds_need_not_wait() {
    let counted = flow(
        "
  try: {use: hours-check, on: {open: bye, closed: bye, error: count}}
  count: {set: {n: n + 1}, next: enough}
  enough: {switch: [{when: n > 2, next: bye}], next: try}
  bye: {end: {disposition: done}}
",
    );
    assert_eq!(findings(&counted), [""; 0]);
    let not_counted = counted.replace("n: n + 1", "locale: '\"en-US\"'");
    assert_eq!(findings(&not_counted), ["busy-loop 7:3"]);
}

#[test]
fn a_loop_through_a_port_of_a_plugin_may_have_waited_in_it() {
    let text = flow(
        "
  try: {use: hours-check, on: {open: try, closed: bye, error: bye}}
  bye: {set: {n: 1}, next: end}
  end: {end: {disposition: done}}
",
    );
    assert_eq!(findings(&text), [""; 0]);
}

#[test]
fn a_number_that_rings_is_waited_for_unless_it_cannot_ring() {
    let ring = |on: &str| {
        flow(&format!(
            "  ring: {{transfer: {{number: '\"+8221234567\"', within: 20s}}, on: {{{on}}}}}\n  bye: {{end: {{disposition: bye}}}}\n"
        ))
        .replace("attributes: {n: number}\n", "")
    };
    assert_eq!(findings(&ring("no_answer: ring, error: bye")), Vec::<String>::new());
    assert_eq!(findings(&ring("error: ring, no_answer: bye")), ["busy-loop 5:3"]);
    // Whoever always goes on needs an end of their own.
    assert_eq!(findings(&ring("answered: bye, error: bye")), Vec::<String>::new());
    let no_end = ring("answered: ring, no_answer: ring, error: ring");
    assert!(
        findings(&no_end).contains(&"no-path-to-end 5:3".to_owned()),
        "{:?}",
        findings(&no_end)
    );
    // A number that is given the caller for good has none of these ports.
    let for_good = ring("answered: bye, error: bye").replace(", within: 20s", "");
    assert_eq!(findings(&for_good), ["unknown-port 5:52"]);
    for within in ["4s", "61s", "soon"] {
        let wrong = ring("error: bye").replace("20s", within);
        assert_eq!(findings(&wrong).len(), 1, "{within}: {:?}", findings(&wrong));
    }
}

#[test]
fn a_loop_through_other_flows_is_found() {
    let main = flow(
        "
  sub: {call: sub, on: {quick: more, slow: sub}}
  more: {set: {n: 1}, next: sub}
",
    );
    let sub = "
flow: sub
locales: [en-US]
returns: {quick: {}, slow: {}}
start: which
nodes:
  which: {switch: [{when: 'call.turn > 3', next: quick}], next: ask}
  ask:
    ask: {prompt: {en-US: Well?}, speech: true}
    on: {said: slow, no_input: slow, no_match: bye}
  quick: {end: {return: quick}}
  slow: {end: {return: slow}}
  bye: {end: {disposition: done}}
";
    let report = report(&[("main", &main), ("sub", sub)], &hours());
    let messages: Vec<&str> = report.diagnostics().iter().map(|d| &*d.message).collect();
    // The way back by `quick` goes round without waiting, the one by `slow` does not.
    assert_eq!(
        messages,
        [
            "from node `sub` on, the call can never end",
            "this loop never waits for the caller: `sub` → `more` → `sub`"
        ]
    );
}

#[test]
fn flows_that_call_each_other_may_if_there_is_a_way_out() {
    let main = |next: &str| {
        flow(&format!(
            "
  ask:
    ask: {{prompt: {{en-US: Well?}}, menu: {{1: again, 2: out}}}}
    on: {{again: again, out: {next}, no_input: again, no_match: again}}
  again: {{set: {{n: 1}}, next: jump}}
  jump: {{goto: other}}
  bye: {{end: {{disposition: done}}}}
"
        ))
    };
    let other = "flow: other\nstart: back\nnodes:\n  back: {goto: main}\n";
    assert_eq!(all_findings(&[("main", &main("bye")), ("other", other)]), [""; 0]);
    let endless = main("again").replace("  bye: {end: {disposition: done}}\n", "");
    assert_eq!(
        all_findings(&[("main", &endless), ("other", other)]),
        ["endless-recursion 11:16", "endless-recursion 4:16"]
    );
}

#[test]
fn a_flow_that_is_torn_brings_no_complaints_in_flows_that_use_it() {
    let main = flow(
        "  a: {call: sub, on: {done: bye}}\n  bye: {set: {n: 1}, next: end}\n  end: {end: {disposition: done}}\n",
    );
    let sub = "flow: sub\nreturns: {done: {}\nstart: a\nnodes: {}\n";
    let found = all_findings(&[("main", &main), ("sub", sub)]);
    assert!(found.iter().all(|f| f.starts_with("syntax")), "{found:?}");
}

#[test]
fn a_calendar_takes_the_place_of_its_name_in_the_compiled_configuration() {
    let hours = dialgraph_base::Descriptor {
        config_schema: json!({
            "type": "object",
            "properties": {
                "calendar": {"$ref": "#/definitions/calendar"},
                "closed": {"$ref": "#/definitions/prompt"}
            },
            "definitions": {
                "calendar": {
                    "type": "object",
                    "x-dialgraph-ref": "calendar",
                    "required": ["zone"]
                },
                "prompt": {"type": "object", "x-dialgraph-ref": "prompt"}
            }
        }),
        ..plugin("hours", &["open"])
    };
    let text = "
flow: main
locales: [en-US]
start: a
nodes:
  a:
    use: hours
    config: {calendar: office, closed: {en-US: Closed}}
    on: {open: bye, error: bye}
  bye: {end: {disposition: done}}
";
    let with = |calendars: &str| {
        let files = [("main", text), ("data/calendars.yaml", calendars)];
        check(&testing::project(&files), &with_digests([hours.clone()])).into_release()
    };
    let release = with("office: {zone: Asia/Seoul, days: [mon]}\n").unwrap();
    let flow = &release.flows["main"];
    let NodeKind::Use(node) = &flow.node(flow.start).kind else {
        panic!("the start is a use node")
    };
    let config: Value = serde_json::from_str(&node.config).unwrap();
    assert_eq!(config["calendar"], json!({"zone": "Asia/Seoul", "days": ["mon"]}));
    assert_eq!(config["closed"], json!({"en-US": "Closed"}));
    // A calendar that is not what the plugin needs is found where it is named.
    let report = with("office: {days: [mon]}\n").unwrap_err();
    assert!(report.to_string().contains("needs the key `zone`"), "{report}");
}

#[test]
fn the_types_of_a_plugins_output_are_known() {
    let lookup = dialgraph_base::Descriptor {
        output_schema: json!({
            "type": "object",
            "properties": {
                "company": {"type": ["string", "null"]},
                "customer": {"$ref": "#/definitions/customer"}
            },
            "definitions": {
                "customer": {"type": "object", "properties": {"level": {"enum": ["a", "b"]}}}
            }
        }),
        ..plugin("lookup", &["found"])
    };
    let check_save = |save: &str| {
        let text = format!(
            "
flow: main
attributes: {{company: string, n: number}}
start: a
nodes:
  a:
    use: lookup
    save: {{{save}}}
    on: {{found: b, error: b}}
  b: {{set: {{n: 1, company: '\"x\"'}}, next: bye}}
  bye: {{end: {{disposition: done}}}}
"
        );
        let report = report(&[("main", &text)], &with_digests([lookup.clone()]));
        let messages = report.diagnostics().iter().map(|d| d.code.name());
        messages.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(check_save("company: output.company"), "");
    assert_eq!(check_save("company: output.customer.level"), "");
    assert_eq!(check_save("company: output.error.message"), "");
    assert_eq!(check_save("company: output.compny"), "unknown-variable");
    assert_eq!(check_save("company: output.customer.lvl"), "unknown-variable");
    assert_eq!(check_save("n: output.company"), "type-mismatch");
}

#[test]
fn the_report_does_not_depend_on_the_order_of_the_files() {
    let a = "flow: a\nstart: x\nnodes:\n  y: {end: {disposition: done}}\n";
    let b = "flow: b\nstart: y\nnodes:\n  y: {goto: c}\n";
    let one = report(&[("a", a), ("b", b)], &Plugins::new());
    let entry = "entry: a\nfallback: {queue: general}\nlocales: [ko-KR, en-US]\n";
    let two = report(&[("b", b), ("a", a), ("dialgraph.yaml", entry)], &Plugins::new());
    assert_eq!(one.to_string(), two.to_string());
    assert_eq!(one.errors(), 2);
}

#[test]
fn a_report_can_be_narrowed_to_some_files() {
    let a = "flow: a\nstart: x\nnodes: {y: {goto: a}}\n";
    let b = "flow: b\nstart: x\nnodes: {y: {goto: a}}\n";
    let report = report(&[("a", a), ("b", b)], &Plugins::new());
    let narrowed = report.only(|path| path == "b.flow.yaml");
    assert!(!narrowed.is_empty());
    assert!(!narrowed.to_string().contains("a.flow.yaml:"), "{narrowed}");
}

#[test]
fn a_project_is_read_from_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    assert!(matches!(Project::load(dir.path()), Err(LoadError::NoProject(..))));
    write(
        "dialgraph.yaml",
        "
entry: main
fallback: {queue: general}
locales: [ko-KR]
limits: {depth: 3}
collections: {customers: {seed: data/customers.yaml}}
plugins: {hours: {grants: [log], http: ['*.example.com'], limits: {wall_ms: 5}}}
",
    );
    write("main.flow.yaml", "flow: main\nstart: a\nnodes: {a: {end: {disposition: done}}}\n");
    write(".hidden/other.flow.yaml", "no flow at all: [");
    write("data/queues.yaml", "general: {title: {ko-KR: 일반}, priority: 3, sla: 1h}\n");
    write("data/customers.yaml", "c-001: {company_name: 한빛가상}\n");
    write("intents/default.intents.yaml", "intents: {}\n");
    write("knowledge/default/ko-KR/price.md", "# 요금\n");
    write("plugins/hours.wasm", "not looked into here");
    write("plugins/README.md", "nor this");
    let project = Project::load(dir.path()).unwrap();
    let grants = &project.grants()["hours"];
    assert!(grants.grants.contains("log"));
    assert_eq!(grants.limits.wall_ms, 5);
    assert_eq!(grants.limits.host_calls, 64, "the default");
    assert_eq!(project.collections()["customers"].seed["c-001"]["company_name"], "한빛가상");
    assert_eq!(project.bots()["default"], "intents/default.intents.yaml");
    assert_eq!(project.knowledge()["default"]["ko-KR"], ["knowledge/default/ko-KR/price.md"]);
    assert_eq!(project.text("knowledge/default/ko-KR/price.md"), Some("# 요금\n"));
    assert_eq!(project.plugin_files(), [dir.path().join("plugins/hours.wasm")]);
    let with_plugin = check(&project, &plugins([("hours", &["open"][..])]));
    let release = with_plugin.into_release().unwrap();
    assert_eq!(release.limits.depth, 3);
    assert_eq!(release.queues["general"].sla.unwrap().as_secs(), 3600);
    // Paths in reports can be clicked: they begin with the folder that was given.
    let report = check(&project, &Plugins::new()).report.to_string();
    let shown = format!("{}/dialgraph.yaml:7:11", dir.path().display());
    assert!(report.contains(&shown), "{report}");
}

#[test]
fn where_a_customer_is_named_is_read_and_its_collections_must_be_there() {
    let main = "flow: main\nstart: bye\nnodes:\n  bye: {end: {disposition: resolved}}\n";
    let project = "\
entry: main
fallback: {queue: general}
locales: [ko-KR, en-US]
collections: {customers: {}}
erase:
  attributes: [customer_id]
  collections: {customers: id, call_log: customer_id}
  callers: {customer: contact_info.phone}
";
    let files = [("dialgraph.yaml", project), ("main", main)];
    let found = all_findings(&files);
    assert_eq!(found, ["unknown-collection 7:32", "unknown-collection 8:13"]);
    let erase = testing::project(&files).erase().clone();
    assert_eq!(
        (&erase.attributes[..], &*erase.collections["customers"]),
        (&["customer_id".to_owned()][..], "id")
    );
}

/// The codes of a flow that has a question with these lines in it.
fn of_question(lines: &str) -> Vec<String> {
    let text = format!(
        "flow: main\nlocales: [ko-KR, en-US]\nattributes: {{v: any}}\nstart: q\nnodes:\n  q:\n    ask:\n{lines}
    save: {{v: output.value}}
    on: {{value: bye, no_input: bye, no_match: bye}}
  bye: {{end: {{disposition: done}}}}
"
    );
    let report = report(&[("main", &text)], &hours());
    report.diagnostics().iter().map(|d| format!("{}: {} {:?}", d.code, d.message, d.help)).collect()
}

#[test]
fn a_fault_in_the_text_is_told_without_what_may_only_have_been_left_out_with_it() {
    let found = of_question(
        "      prompt:\n        ko-KR: 언제요?\n        en-US: When will you come: at noon?\n      expects: time",
    );
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("DG0101"), "{found:#?}");
}

#[test]
fn a_kind_of_answer_by_another_name_is_told_once_with_the_name_that_it_has() {
    let with = |rest: &str| {
        of_question(&format!("      prompt: {{ko-KR: 몇?, en-US: How many?}}\n{rest}"))
    };
    let found = with("      expects: integer");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("DG0104") && found[0].contains("did you mean `number`?"),
        "{found:#?}"
    );
    for unclear in ["      expects: colour", "      digits: 4", "      menu: {x: value}"] {
        let found = with(unclear);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].starts_with("DG0104"), "{found:#?}");
    }
}

#[test]
fn a_choice_cannot_leave_by_the_port_of_the_answer() {
    let with = |rest: &str| {
        of_question(&format!(
            "      prompt: {{ko-KR: 몇?, en-US: How many?}}\n      expects: number\n{rest}"
        ))
    };
    for choice in [
        "      menu: {'*': value}",
        "      phrases: {value: {ko-KR: [늘 하던 대로], en-US: [the usual]}}",
    ] {
        let found = with(choice);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(
            found[0].starts_with("DG0104")
                && found[0].contains("port `value` is for the expected answer"),
            "{found:#?}"
        );
    }
}

#[test]
fn a_release_that_was_accepted_before_is_only_warned_of_a_collection() {
    let shelf = dialgraph_base::Descriptor {
        config_schema: json!({
            "type": "object",
            "properties": {"collection": {"type": "string", "x-dialgraph-ref": "collection"}}
        }),
        ..plugin("shelf", &["done"])
    };
    let plugins = with_digests([shelf]);
    let project = testing::project(&[
        (
            "dialgraph.yaml",
            "entry: main\nfallback: {queue: general}\nlocales: [ko-KR, en-US]\ncollections: {tables: {}}\n",
        ),
        (
            "main.flow.yaml",
            "flow: main\nstart: a\nnodes:\n  a: {use: shelf, config: {collection: tables}, on: {done: z, error: z}}\n  z: {end: {disposition: done}}\n",
        ),
    ]);
    let codes = |checked: &dialgraph_flow::Checked| {
        let found = checked.report.diagnostics().iter();
        found.map(|d| (d.code.name(), d.severity)).collect::<Vec<_>>()
    };
    use dialgraph_base::Severity;
    let checked = check_with(&project, &Given::new(&plugins));
    assert_eq!(codes(&checked), [("not-granted", Severity::Error)]);
    assert!(checked.release.is_none());
    let checked = check_with(&project, &Given::new(&plugins).accepted_before());
    assert_eq!(codes(&checked), [("not-granted", Severity::Warning)]);
    assert!(checked.release.is_some());
}

#[test]
fn a_port_that_may_stay_unwired_hides_no_unreachable_node() {
    let text = flow(
        "  promise: {callback: {queue: general, number: call.from}, on: {error: bye}}\n  bye: {end: {disposition: failed}}\n  lost: {end: {disposition: resolved}}\n",
    );
    assert!(findings(&text).contains(&"unreachable-node 8:3".to_owned()));
    let project = testing::project(&[("flow", &text)]);
    let plugins = hours();
    assert!(check_with(&project, &Given::new(&plugins)).release.is_none());
    // Calls of a release that an engine before this one accepted must go on.
    assert!(check_with(&project, &Given::new(&plugins).accepted_before()).release.is_some());
}

#[test]
fn an_index_goes_by_a_few_fields_that_records_have() {
    let found = |indexes: &str| {
        let text = format!(
            "entry: main\nfallback: {{queue: general}}\nlocales: [ko-KR, en-US]\ncollections:\n  customers:\n    seed: data/customers.yaml\n    indexes: {indexes}\n"
        );
        let main = "flow: main\nstart: a\nnodes: {a: {end: {disposition: done}}}\n";
        let customers = "c-1: {account: 1, phones: [{number: '02'}], name: 가}\n";
        all_findings(&[
            ("main", main),
            ("data/customers.yaml", customers),
            ("dialgraph.yaml", &text),
        ])
    };
    assert_eq!(
        found(
            "{a: {fields: [account]}, p: {kind: phone, fields: [phones.number]}, n: {kind: name, fields: [name]}}"
        ),
        [""; 0]
    );
    assert_eq!(found("{a: {fields: [acount]}}"), ["unknown-record 7:28"]);
    assert_eq!(found("{a: {fields: []}}"), ["wrong-shape 7:15"]);
    assert_eq!(found("{a: {kind: fuzzy, fields: [name]}}"), ["wrong-shape 7:25"]);
    assert_eq!(found("{a: {fields: [name, name, name, name, name]}}"), ["too-large 7:15"]);
    let many: Vec<String> = (0..9).map(|n| format!("i{n}: {{fields: [name]}}")).collect();
    assert_eq!(found(&format!("{{{}}}", many.join(", "))).len(), 1);
}

#[test]
fn what_is_said_of_a_collection_reaches_whoever_keeps_it() {
    let project = "entry: main
fallback: {queue: general}
locales: [en-US]
collections:
  orders:
    source:
      dynamodb: {from: legacy, key: PK, sort: {attribute: SK, separator: \"/\"}, fields: [state]}
  profiles:
    source:
      dynamodb: {from: legacy, key: PK, sort: {attribute: SK, value: \"PROFILE#1\"}, fields: [state]}
  cards:
    source:
      http: {from: desk, get: \"/c/{key}\", delete: \"/c/{key}\", empty_is_404: true, key: id, fields: [state]}
  call_logs: {sensitive: [from, a.b], retention: 400d}
";
    let project = testing::project(&[("dialgraph.yaml", project)]);
    let origins = project.origins();
    let sort = |name: &str| match &origins[name].system {
        System::Dynamodb(items) => items.sort.clone().unwrap(),
        other => panic!("{other:?}"),
    };
    let part = |part| SortKey { attribute: "SK".to_owned(), part };
    assert_eq!(sort("orders"), part(SortPart::Separator("/".to_owned())));
    assert_eq!(sort("profiles"), part(SortPart::Value("PROFILE#1".to_owned())));
    let System::Http(cards) = &origins["cards"].system else { panic!("{origins:?}") };
    assert_eq!((cards.delete.as_deref(), cards.empty_is_404), (Some("/c/{key}"), true));
    let logs = &project.collections()["call_logs"];
    assert_eq!(logs.sensitive.iter().collect::<Vec<_>>(), ["a.b", "from"]);
    assert_eq!(logs.retention, Some(std::time::Duration::from_secs(400 * 24 * 60 * 60)));
}

#[test]
fn what_counts_open_work_is_not_kept_for_a_time() {
    let project = |retention: &str| {
        format!(
            "entry: main\nlocales: [ko-KR, en-US]\nfallback: {{queue: general}}\ncollections:\n  \
             people: {{}}\n  work: {{{retention}}}\n\
             engineers: {{collection: people, work: work}}\n"
        )
    };
    let main = "flow: main\nlocales: [ko-KR, en-US]\nstart: bye\nnodes:\n  bye: {end: {disposition: done}}\n";
    let found =
        |retention: &str| all_findings(&[("dialgraph.yaml", &project(retention)), ("main", main)]);
    assert_eq!(found(""), Vec::<String>::new());
    assert_eq!(found("retention: 30d"), ["wrong-shape 7:39"]);
}
