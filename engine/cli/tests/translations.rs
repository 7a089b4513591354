//! Documents that exist in Korean as well say the same in both languages, and what they teach
//! works.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::path::{Path, PathBuf};
use std::process::Command;

const TRANSLATED: [(&str, &str); 2] =
    [("README.md", "README.ko.md"), ("docs/first-steps.md", "docs/first-steps.ko.md")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// Headings by their level, and blocks of code word for word, in their order.
fn skeleton(document: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut inside = false;
    for line in document.lines() {
        let fence = line.trim_start().starts_with("```");
        if inside || fence {
            if !inside {
                parts.push(String::new());
            }
            let block = parts.last_mut().unwrap();
            block.push_str(line);
            block.push('\n');
            inside ^= fence;
        } else if line.starts_with('#') {
            parts.push("#".repeat(line.chars().take_while(|c| *c == '#').count()));
        }
    }
    assert!(!inside, "a block of code does not end");
    parts
}

/// Where its links lead, sorted: a translation leads to the translation where there is one.
fn links(document: &str) -> Vec<String> {
    let mut links: Vec<String> = document
        .split("](")
        .skip(1)
        .map(|rest| rest.split([')', '#']).next().unwrap().replace(".ko.md", ".md"))
        .collect();
    links.sort();
    links.dedup();
    links
}

#[test]
fn a_translation_has_the_headings_code_and_links_of_its_original() {
    for (original, translation) in TRANSLATED {
        let (one, other) = (read(original), read(translation));
        assert_eq!(skeleton(&one), skeleton(&other), "{translation} is not {original}");
        assert_eq!(links(&one), links(&other), "{translation} is not {original}");
    }
}

#[test]
fn no_link_of_these_documents_leads_nowhere() {
    for document in TRANSLATED.iter().flat_map(|(one, other)| [one, other]) {
        let folder = root().join(document);
        let folder = folder.parent().unwrap();
        for part in read(document).split("](").skip(1) {
            let link = part.split(')').next().unwrap();
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            if path.contains("://") || path.is_empty() {
                continue;
            }
            let there = folder.join(path);
            assert!(there.exists(), "{document}: {link} leads nowhere");
            if !heading.is_empty() {
                let text = std::fs::read_to_string(there).unwrap();
                assert!(text.lines().any(|line| anchor(line) == heading), "{document}: {link}");
            }
        }
    }
}

/// What a heading is called in links to it, as forges make it of its words.
fn anchor(line: &str) -> String {
    let heading = if line.starts_with('#') { line.trim_start_matches('#').trim() } else { "" };
    let kept = |c: char| c.is_alphanumeric() || c == ' ' || c == '-' || c == '_';
    heading.to_lowercase().chars().filter(|c| kept(*c)).collect::<String>().replace(' ', "-")
}

fn dialgraph(folder: &Path, args: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .args(args)
        .current_dir(folder)
        .env("TZ", "Asia/Seoul")
        .env("INSTA_UPDATE", "no")
        .env_remove("DIALGRAPH_PROJECT")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout) + &text(output.stderr))
}

fn change(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{}: no {from:?}", file.display());
    std::fs::write(file, text.replace(from, to)).unwrap();
}

#[test]
fn what_the_first_steps_teach_works() {
    let folder = tempfile::tempdir().unwrap();
    let guide = read("docs/first-steps.md");
    let yaml: Vec<&str> =
        guide.split("```yaml\n").skip(1).map(|part| part.split("```").next().unwrap()).collect();
    let [attribute, node, script] = yaml[..] else { panic!("{yaml:?}") };
    assert_eq!(dialgraph(folder.path(), &["init", "my-desk"]).0, 0);
    let project = folder.path().join("my-desk");
    let flow = project.join("flows/appointment.flow.yaml");

    change(&flow, "value: time", "value: tiem");
    let (code, found) = dialgraph(&project, &["check"]);
    assert!(code == 1 && found.contains("`time`"), "{found}");
    change(&flow, "value: tiem", "value: time");
    assert_eq!(dialgraph(&project, &["check", "--explain", "dangling-target"]).0, 0);

    change(&flow, "attributes:\n", &format!("attributes:\n{attribute}"));
    change(&flow, "{value: confirm, ", "{value: people, ");
    change(&flow, "  confirm:\n", &format!("{node}\n  confirm:\n"));
    let (code, found) = dialgraph(&project, &["check", "--deny-warnings"]);
    assert_eq!(code, 0, "{found}");
    for (says, value) in [("세 명이요", "3"), ("there'll be four of us", "4")] {
        assert!(guide.contains(says));
        let listen = ["listen", says, "--flow", "appointment", "--node", "people"];
        let (code, told) = dialgraph(&project, &listen);
        assert!(code == 0 && told.contains(&format!("value  {value}")), "{told}");
    }

    let (code, told) = dialgraph(&project, &["test"]);
    assert!(code == 1 && told.contains("1 passed, 2 failed"), "{told}");
    let calls = project.join("tests/calls");
    let korean = calls.join("an_appointment_is_made_in_words.call.yaml");
    change(
        &korean,
        "  - says: 오후 세 시 반이요\n",
        "  - says: 오후 세 시 반이요\n  - says: 세 명이요\n",
    );
    let english = calls.join("an_english_caller_whose_number_is_withheld.call.yaml");
    for time in ["half past two in the afternoon", "ten a.m."] {
        let says = format!("  - says: {time}\n");
        change(&english, &says, &format!("{says}  - says: three of us\n"));
    }
    std::fs::write(calls.join("three_come.call.yaml"), script).unwrap();
    let (code, told) = dialgraph(&project, &["test", "--accept"]);
    assert_eq!(code, 0, "{told}");
    let (code, told) = dialgraph(&project, &["test"]);
    assert!(code == 0 && told.contains("4 passed, 0 failed"), "{told}");
}
