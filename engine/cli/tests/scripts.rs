//! Call scripts as people run them: what a script proves, and what is said of one that proves
//! nothing.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use dialgraph_flow::source::Sources;
use dialgraph_flow::syntax::yaml;
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn dialgraph(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .args(args)
        .current_dir(folder)
        .env("TZ", "Asia/Seoul")
        .env("INSTA_UPDATE", "no")
        .env_remove("DIALGRAPH_PROJECT")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn scripts(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            scripts(&path, found);
        } else if path.to_string_lossy().ends_with(".call.yaml") {
            found.push(path);
        }
    }
}

/// Another value of the same type.
fn other(value: &Value) -> Value {
    match value {
        // A number stays one.
        Value::String(text) if text.starts_with('+') => format!("{text}0").into(),
        Value::String(text) => format!("{text}☃").into(),
        Value::Number(number) => (number.as_f64().unwrap() + 1.0).into(),
        Value::Bool(flag) => (!flag).into(),
        Value::Array(items) => {
            let mut items = items.clone();
            items.push("☃".into());
            items.into()
        }
        // A text match, or a part of a value.
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), other(value))).collect()
        }
        Value::Null => "☃".into(),
    }
}

fn another<'w>(word: &str, words: [&'w str; 2]) -> &'w str {
    if word == words[0] { words[1] } else { words[0] }
}

/// For each member of a map: the map with another value in its place.
fn with_one_other(map: &Value, change: impl Fn(&str, &Value) -> Value) -> Vec<Value> {
    let members = map.as_object().unwrap();
    let changed = members.iter().map(|(name, value)| {
        let mut map = map.clone();
        map[name] = change(name, value);
        map
    });
    changed.collect()
}

/// Steps that must fail where `step` holds; none for what the caller does.
fn opposites(step: &Value) -> Vec<Value> {
    let (kind, value) = step.as_object().unwrap().iter().next().unwrap();
    let queue = |queue: &Value| another(queue.as_str().unwrap(), ["general", "msp-general"]);
    let steps =
        |key: &str, values: Vec<Value>| values.into_iter().map(|v| json!({key: v})).collect();
    match kind.as_str() {
        "hears" => vec![json!({"never_hears": value})],
        // That it was not heard, and that there was something to be heard.
        "never_hears" => {
            vec![json!({"hears": value}), json!({"never_hears": {"regex": "."}})]
        }
        "attribute" => steps(
            "attribute",
            with_one_other(value, |name, value| match name {
                "locale" => another(value.as_str().unwrap(), ["ko-KR", "en-US"]).into(),
                _ => other(value),
            }),
        ),
        "path" => {
            let once = value.as_array().unwrap();
            let often: Vec<&Value> = std::iter::repeat_n(once, 60).flatten().collect();
            vec![json!({"path": often})]
        }
        "queue" => vec![json!({"queue": queue(value)})],
        "callback" => steps(
            "callback",
            with_one_other(value, |name, value| match name {
                "queue" => queue(value).into(),
                _ => other(value),
            }),
        ),
        "transfer" => vec![json!({"transfer": other(value)})],
        "ticket" => steps(
            "ticket",
            with_one_other(value, |name, value| match (name, value) {
                ("priority", Value::String(word)) => another(word, ["low", "high"]).into(),
                _ => other(value),
            }),
        ),
        "record" => {
            let like = with_one_other(&value["like"], |_, value| other(value));
            let changed = like.into_iter().map(|like| {
                let mut value = value.clone();
                value["like"] = like;
                value
            });
            steps("record", changed.collect())
        }
        "host_call" => {
            let mut changed = value.clone();
            changed["like"] = other(&value["like"]);
            vec![json!({"host_call": changed})]
        }
        "ends" => {
            let word = value.as_str().map(|word| another(word, ["failed", "abandoned"]));
            vec![json!({"ends": false}), json!({"ends": word.unwrap_or("failed")})]
        }
        "says" | "presses" | "chooses" | "silent" | "hangs_up" | "waits" | "clock"
        | "directive_fails" | "rings" | "contact" | "meanwhile" => Vec::new(),
        other => panic!("what is the opposite of `{other}`?"),
    }
}

#[test]
fn every_expectation_of_a_shipped_script_fails_when_its_opposite_is_put_in() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    scripts(&root().join("tests/calls"), &mut paths);
    paths.sort();
    assert!(paths.len() > 100);
    // By script: the lines with opposites, and what they are the opposites of.
    let mut wanted: BTreeMap<String, BTreeMap<u64, String>> = BTreeMap::new();
    for (index, path) in paths.iter().enumerate() {
        let text = std::fs::read_to_string(path).unwrap();
        let file = Sources::default().add("script", text.as_str());
        let script = yaml::parse(file, &text).root.unwrap().json();
        let mut setup = script.clone();
        setup.as_object_mut().unwrap().remove("steps");
        // JSON is YAML; each step is a line of its own.
        let setup = setup.to_string();
        let mut out = format!("{}, \"steps\": [\n", setup.strip_suffix('}').unwrap());
        let mut line = 2;
        let mut lines = BTreeMap::new();
        for step in script["steps"].as_array().unwrap() {
            out.push_str(&format!("{step},\n"));
            line += 1;
            for opposite in opposites(step) {
                out.push_str(&format!("{opposite},\n"));
                lines.insert(line, format!("{}: {step}", path.display()));
                line += 1;
            }
        }
        out.push_str("]}\n");
        let name = format!("{index:04}.call.yaml");
        std::fs::write(folder.path().join(&name), out).unwrap();
        wanted.insert(name, lines);
    }
    let variants = folder.path().to_str().unwrap();
    let (_, told, errors) = dialgraph(&root(), &["test", "--json", variants]);
    let told: Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{told}{errors}"));
    let mut count = 0;
    for script in told["scripts"].as_array().unwrap() {
        let name = Path::new(script["path"].as_str().unwrap()).file_name().unwrap();
        let lines = &wanted[name.to_str().unwrap()];
        let faults = script["faults"].as_array().unwrap();
        let found: Vec<u64> = faults.iter().map(|fault| fault["line"].as_u64().unwrap()).collect();
        for fault in faults {
            assert!(
                fault.get("column").is_none(),
                "no opposite is a script that cannot be run: {fault} in {lines:?}"
            );
            let line = fault["line"].as_u64().unwrap();
            assert!(lines.contains_key(&line), "what holds was faulted: {fault} in {lines:?}");
        }
        for (line, step) in lines {
            assert!(found.contains(line), "the opposite of this holds as well: {step}");
            count += 1;
        }
    }
    assert!(count > 500, "only {count} opposites");
}

/// A project of one flow.
fn project(flow: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("flows/dialgraph.yaml", "entry: order\nfallback: {queue: shop}\nlocales: [en-US]\n");
    write("flows/data/queues.yaml", "shop: {title: {en-US: Shop}, priority: 1}\n");
    write("flows/order.flow.yaml", flow);
    folder
}

const ORDER: &str = "flow: order
start: hi
attributes:
  size: {type: string, default: small}
  price: {type: number, default: 8}
  pin: {type: string, sensitive: true, default: \"4711\"}
nodes:
  hi: {say: {en-US: 'Hello. Price ${price}, size ${size}.'}, next: pin}
  pin: {say: {en-US: 'Your PIN is ${pin}.'}, next: shop}
  shop: {queue: shop, on: {error: bye}}
  bye: {end: {disposition: unreachable}}
";

fn write_script(folder: &Path, name: &str, lines: &str) {
    let path = folder.join("tests/calls").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!("call: x\nat: 2026-11-20T10:00:00+09:00\n{lines}")).unwrap();
}

#[test]
fn every_name_of_a_script_that_the_project_does_not_have_is_told_at_its_place() {
    let folder = project(ORDER);
    write_script(
        folder.path(),
        "a.call.yaml",
        "flow: ordr
locale: ko-KR
attributes: {price: three, nosuch: 1, sise: small, locale: en-US}
records: {customers: {c-1: {}}}
mocks: [{on: records.find, when: {collection: customers}, error: unavailable, optional: true}]
steps:
  - attribute: {nosuch2: null}
  - attribute: {price: three, size: 4, locale: ko-KR}
  - path: [order/hi, order/hii, ordr/hi, hi]
  - queue: shp
  - callback: {queue: desk}
  - record: {collection: customers}
  - host_call: {on: records.get, like: {collection: customers}}
  - ends: unreachible
",
    );
    let (code, told, _) = dialgraph(folder.path(), &["test"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(told);
    let (code, checked, errors) = dialgraph(folder.path(), &["check", "tests/calls/a.call.yaml"]);
    assert_eq!(code, 1, "{checked}{errors}");
    let faults = told.matches(".call.yaml:").count();
    assert_eq!(checked.matches("error: ").count(), faults, "{checked}");
    let (code, _, errors) = dialgraph(folder.path(), &["check", "flows/data/nothing.yaml"]);
    assert_eq!(code, 2, "{errors}");
}

#[test]
fn never_hears_looks_at_what_was_just_said_and_must_have_something_to_look_at() {
    let folder = project(ORDER);
    write_script(folder.path(), "a.call.yaml", "steps:\n  - never_hears: Hello\n  - queue: shop\n");
    write_script(
        folder.path(),
        "b.call.yaml",
        "steps:\n  - hangs_up: true\n  - never_hears: Hello\n",
    );
    let (code, told, _) = dialgraph(folder.path(), &["test"]);
    assert_eq!(code, 1);
    assert!(told.contains("a.call.yaml:4: “Hello” was heard"), "{told}");
    assert!(told.contains("b.call.yaml:5: this proves nothing"), "{told}");
}

#[test]
fn what_a_sensitive_visit_says_is_shown_nowhere() {
    let folder = project(ORDER);
    write_script(
        folder.path(),
        "a.call.yaml",
        "steps:\n  - hears: Your PIN is 4711\n  - hears: Goodbye\n  - never_hears: PIN\n  - attribute: {pin: \"1\"}\n",
    );
    let all = |args: &[&str]| {
        let (_, out, errors) = dialgraph(folder.path(), args);
        format!("{out}{errors}")
    };
    for args in [&["call"][..], &["call", "--trace"], &["test"], &["test", "--json"]] {
        let told = all(args);
        assert!(!told.contains("4711"), "{args:?}: {told}");
        assert!(told.contains("(not shown)") || told.contains("not shown"), "{args:?}: {told}");
    }
}

#[test]
fn a_snapshot_without_a_script_is_named_and_removed_when_the_rest_is_accepted() {
    let folder = project(ORDER);
    write_script(folder.path(), "a.call.yaml", "steps:\n  - queue: shop\n");
    write_script(folder.path(), "b.call.yaml", "steps:\n  - queue: shop\n");
    assert_eq!(dialgraph(folder.path(), &["test", "--accept"]).0, 0);
    std::fs::remove_file(folder.path().join("tests/calls/b.call.yaml")).unwrap();
    let orphan = folder.path().join("tests/calls/snapshots/b.snap");
    let (code, _, told) = dialgraph(folder.path(), &["test"]);
    assert!(code == 0 && told.contains("snapshots/b.snap: there is no script"), "{told}");
    assert!(orphan.exists());
    let (_, _, told) = dialgraph(folder.path(), &["test", "--accept"]);
    assert!(told.contains("removed ") && !orphan.exists(), "{told}");
    assert!(folder.path().join("tests/calls/snapshots/a.snap").exists());
}

#[test]
fn files_that_are_not_read_are_named_and_so_is_a_project_taken_from_elsewhere() {
    let folder = project(ORDER);
    let flows = folder.path().join("flows");
    std::fs::write(flows.join("pay.flow.yml"), "flow: pay\n").unwrap();
    std::fs::write(flows.join("more.yaml"), ORDER).unwrap();
    let (code, told, errors) = dialgraph(folder.path(), &["check"]);
    assert_eq!(code, 0, "{told}{errors}");
    assert!(told.contains("pay.flow.yml") && told.contains("more.flow.yaml"), "{told}");
    assert!(!errors.contains("project:"), "{errors}");
    assert_eq!(dialgraph(folder.path(), &["check", "--deny-warnings"]).0, 1);
    let (_, _, errors) = dialgraph(&flows.join("data"), &["check"]);
    assert!(errors.starts_with("project: ..\n"), "{errors}");
    let elsewhere = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .args(["call"])
        .current_dir(elsewhere.path())
        .env("DIALGRAPH_PROJECT", &flows)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains(&format!("project: {}", flows.display())), "{errors}");
    std::fs::write(elsewhere.path().join("dialgraph.yml"), "entry: x\n").unwrap();
    let (code, _, errors) = dialgraph(elsewhere.path(), &["check"]);
    assert!(code == 2 && errors.contains("`dialgraph.yml`"), "{errors}");
}

#[test]
fn nothing_that_others_wrote_reaches_the_output_raw() {
    let evil = "\\e[2J\\u202Eevil\\u2028\\x7F\\u200B";
    let flow = ORDER.replace("Hello.", &format!("Hello {evil} 안녕 👩‍💻.")).replace('\'', "\"");
    let folder = project(&flow);
    write_script(
        folder.path(),
        "a.call.yaml",
        &format!("steps:\n  - hears: \"Hi {evil}\"\n  - directive_fails: \"{evil}\\n= forged\"\n"),
    );
    for args in
        [&["call"][..], &["call", "--trace"], &["test"], &["test", "--accept", "--junit", "x.xml"]]
    {
        let (_, out, errors) = dialgraph(folder.path(), args);
        let told = format!("{out}{errors}");
        let raw = ['\u{1b}', '\u{202e}', '\u{2028}', '\u{7f}', '\u{200b}', '\r'];
        assert!(!told.contains(raw), "{args:?}: {told:?}");
        assert!(told.contains("안녕 👩‍💻"), "{args:?}: {told}");
        assert!(!told.contains("\n= forged"), "{told}");
    }
    let xml = std::fs::read_to_string(folder.path().join("x.xml")).unwrap();
    assert!(!xml.contains(['\u{1b}', '\u{202e}', '\u{7f}']) && xml.contains("\\u{1b}"), "{xml}");
}

#[test]
fn a_caller_can_break_in_while_the_flow_waits_for_a_provider() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, steps: &str| {
        let text = format!(
            "call: x\nat: 2026-11-20T10:00:00+09:00\nfrom: \"+82-10-0000-0101\"\nmocks:\n  - {{on: records, delay: 20s}}\nsteps:\n  - presses: \"1\"\n  - says: 푸른별상사\n  - says: 홍예시\n{steps}"
        );
        std::fs::write(folder.path().join(name), text).unwrap();
    };
    write("a_hangs_up.call.yaml", "  - meanwhile: {hangs_up: true}\n  - ends: abandoned\n");
    write(
        "b_speaks.call.yaml",
        "  - hears: 잠시만\n  - meanwhile: {says: 여보세요}\n  - hears: 상담원\n",
    );
    write("c_presses.call.yaml", "  - meanwhile: {presses: 0}\n  - hears: 상담원\n");
    write(
        "d_waits_first.call.yaml",
        "  - waits: 1s\n  - meanwhile: {hangs_up: true}\n  - ends: abandoned\n",
    );
    write(
        "e_too_late.call.yaml",
        "  - hears: 잠시만\n  - meanwhile: {hangs_up: true}\n  - meanwhile: {says: x}\n",
    );
    let (_, told, errors) =
        dialgraph(&root(), &["test", "--json", folder.path().to_str().unwrap()]);
    let told: Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{told}{errors}"));
    let faults: Vec<String> = told["scripts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|script| script["faults"].to_string())
        .collect();
    insta::assert_snapshot!(faults.join("\n"));
}

/// A project whose caller pays while the call waits.
fn payments(medium_words: &str) -> tempfile::TempDir {
    let folder = project(&format!(
        "flow: order
locales: [en-US]
attributes: {{url: string, amount: number}}
start: address
nodes:
  address: {{hook: payment, save: {{url: output.url}}, next: wait}}
  wait:
    await:
      hook: payment
      within: 1m
      say: {{en-US: 'Please pay at ${{url}}.'}}
      meanwhile: {{en-US: 'I am waiting.'}}
{medium_words}    save: {{amount: output.value.amount}}
    on: {{arrived: thanks, timeout: late, error: late}}
  thanks: {{end: {{disposition: paid, say: {{en-US: 'Thank you for ${{amount}}.'}}}}}}
  late: {{end: {{disposition: unpaid}}}}
"
    ));
    let file = folder.path().join("flows/dialgraph.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let hooks = "hooks:\n  payment: {schema: data/payment.schema.yaml}\n";
    std::fs::write(file, text + hooks).unwrap();
    let schema = "type: object\nrequired: [amount]\nproperties: {amount: {type: integer}}\n";
    std::fs::write(folder.path().join("flows/data/payment.schema.yaml"), schema).unwrap();
    folder
}

#[test]
fn what_happens_outside_can_be_told_in_time_early_late_and_again() {
    let folder = payments("");
    let script = |name: &str, lines: &str| {
        write_script(folder.path(), name, &format!("steps:\n{lines}"));
    };
    script(
        "in_time.call.yaml",
        "  - outside: {hook: payment, after: 13s, with: {amount: 12000}}
  - hears: Thank you for 12000
  - outside: {hook: payment, with: {amount: 12000}, expect: repeated}
  - outside: {hook: payment, with: {amount: 1}, expect: used}
  - ends: paid
",
    );
    script(
        "never.call.yaml",
        "  - waits: 1m
  - ends: unpaid
  - outside: {hook: payment, with: {amount: 12000}, expect: closed}
",
    );
    script(
        "chat.call.yaml",
        "  - meanwhile: {says: how much was it?}
  - hears: I am waiting
  - outside: {hook: payment, after: 3s, with: {amount: 5}}
  - ends: paid
",
    );
    let chat = folder.path().join("tests/calls/chat.call.yaml");
    let text = std::fs::read_to_string(&chat).unwrap();
    std::fs::write(&chat, text.replace("steps:", "channel: chat\nsteps:")).unwrap();
    let (code, told, errors) = dialgraph(folder.path(), &["test", "--accept"]);
    assert_eq!(code, 0, "{told}{errors}");
    for name in ["in_time", "never", "chat"] {
        let snapshot = folder.path().join(format!("tests/calls/snapshots/{name}.snap"));
        insta::assert_snapshot!(name, std::fs::read_to_string(snapshot).unwrap());
    }
}

#[test]
fn what_is_kept_in_a_sensitive_attribute_is_shown_nowhere_when_it_arrives() {
    for (from, to) in [
        ("flows/order.flow.yaml", ("amount: number", "amount: {type: number, sensitive: true}")),
        ("flows/dialgraph.yaml", ("payment: {", "payment: {sensitive: true, ")),
    ] {
        let folder = payments("");
        let file = folder.path().join(from);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(to.0), "{text}");
        let text = text.replace(to.0, to.1).replace(" for ${amount}", "");
        std::fs::write(&file, text).unwrap();
        if from.ends_with("dialgraph.yaml") {
            let flow = folder.path().join("flows/order.flow.yaml");
            let text = std::fs::read_to_string(&flow).unwrap();
            let text =
                text.replace("amount: output.value.amount", "amount: output.value.amount * 0.0");
            std::fs::write(&flow, text).unwrap();
        }
        let steps = "steps:\n  - outside: {hook: payment, with: {amount: 4711}}\n  - ends: paid\n";
        write_script(folder.path(), "a.call.yaml", steps);
        let (code, told, errors) = dialgraph(folder.path(), &["test", "--accept"]);
        assert_eq!(code, 0, "{told}{errors}");
        let snapshot = folder.path().join("tests/calls/snapshots/a.snap");
        let snapshot = std::fs::read_to_string(snapshot).unwrap();
        assert!(snapshot.contains("* outside tells payment (not shown): taken"), "{snapshot}");
        assert!(!snapshot.contains("4711"), "{snapshot}");
    }
}

#[test]
fn a_script_is_told_what_is_wrong_with_what_happens_outside() {
    let folder = payments("");
    let script = |name: &str, lines: &str| {
        write_script(folder.path(), name, &format!("steps:\n{lines}"));
    };
    script("a.call.yaml", "  - outside: {hook: paymnt, with: {amount: 1}}\n");
    script("b.call.yaml", "  - outside: {hook: payment, with: {amount: much}}\n");
    script("c.call.yaml", "  - outside: {hook: payment, with: {amount: 1}, expect: used}\n");
    script("d.call.yaml", "  - outside: {hook: payment, after: soon}\n");
    let (code, told, _) = dialgraph(folder.path(), &["test"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(told);
}

#[test]
fn a_person_at_the_terminal_sees_the_address_and_tells_the_call_something() {
    let folder = payments("");
    let mut child = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .args(["call", "--at", "2026-11-20T10:00:00+09:00"])
        .current_dir(folder.path())
        .env_remove("DIALGRAPH_PROJECT")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = ":outside payment {\n:outside payment {}\n:outside payment {\"amount\": 7}\n:resume\n:outside payment {\"amount\": 8}\n:save tests/calls/again.call.yaml\n";
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), lines.as_bytes()).unwrap();
    let heard = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    insta::assert_snapshot!(heard);
    let (code, told, errors) = dialgraph(folder.path(), &["test", "--accept"]);
    assert_eq!(code, 0, "{told}{errors}");
    let saved = folder.path().join("tests/calls/again.call.yaml");
    let saved = std::fs::read_to_string(saved).unwrap();
    assert!(saved.contains("with: {\"amount\":7}}") && saved.contains("expect: used"), "{saved}");
}
