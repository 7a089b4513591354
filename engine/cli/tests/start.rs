//! What one does first: `dialgraph init`, `completions`, `man`.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::path::Path;
use std::process::Command;

const TEMPLATES: [&str; 4] = ["empty", "menu", "support-desk", "cafe"];

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

#[test]
fn every_template_is_a_project_without_a_warning_whose_scripts_pass() {
    let folder = tempfile::tempdir().unwrap();
    for template in TEMPLATES {
        let (code, files, told) =
            dialgraph(folder.path(), &["init", template, "--template", template]);
        assert_eq!(code, 0, "{told}");
        assert!(files.contains(&format!("{template}/README.md\n")), "{files}");
        assert!(told.contains(&format!("  cd {template}\n  dialgraph call")), "{told}");
        let project = folder.path().join(template);

        // By its name from outside as from within.
        let (code, _, told) = dialgraph(folder.path(), &["check", "--project", template]);
        assert_eq!(
            (code, &*told),
            (0, &*format!("project: {template}/flows\n0 errors, 0 warnings\n"))
        );
        let (code, found, told) = dialgraph(&project, &["check", "--deny-warnings"]);
        assert_eq!((code, found.as_str(), told.as_str()), (0, "", "0 errors, 0 warnings\n"));
        let (code, found, told) = dialgraph(&project, &["test"]);
        assert!(code == 0 && !told.contains("warning"), "{found}{told}");

        let readme = std::fs::read_to_string(project.join("README.md")).unwrap();
        assert!(readme.starts_with(&format!("# {template}\n")), "{readme}");
        assert!(readme.lines().count() <= 66, "{template}: the README is a page");
    }
}

/// The commands in a README's first block of shell, but for calls, which wait for somebody.
fn commands(readme: &str) -> Vec<Vec<String>> {
    let (_, rest) = readme.split_once("```sh\n").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let lines = block.lines().map(|line| line.split(" #").next().unwrap());
    let words = |line: &str| {
        let parts = line.trim().split('"').enumerate();
        parts
            .flat_map(|(i, part)| match i % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            })
            .collect::<Vec<String>>()
    };
    lines.map(words).filter(|words| words.get(1).is_some_and(|word| word != "call")).collect()
}

#[test]
fn what_the_readme_of_a_template_says_to_type_works() {
    let folder = tempfile::tempdir().unwrap();
    for template in TEMPLATES {
        dialgraph(folder.path(), &["init", template, "--template", template]);
        let project = folder.path().join(template);
        let readme = std::fs::read_to_string(project.join("README.md")).unwrap();
        let commands = commands(&readme);
        assert!(commands.len() >= 2, "{readme}");
        for command in commands {
            let args: Vec<&str> = command.iter().skip(1).map(String::as_str).collect();
            let (code, said, wrong) = dialgraph(&project, &args);
            assert_eq!(code, 0, "{template}: {command:?}: {said}{wrong}");
        }
    }
}

/// Puts the node and the attribute that a README teaches into the flow.
fn follow(project: &Path, flow: &str, changes: &[(&str, String)]) {
    let path = project.join("flows").join(flow);
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (old, new) in changes {
        assert!(text.contains(old), "{flow} has no {old:?}");
        text = text.replacen(old, new, 1);
    }
    std::fs::write(path, text).unwrap();
}

/// The YAML blocks of a README, as far in as they stand in a flow.
fn blocks(readme: &str) -> Vec<String> {
    let parts = readme.split("   ```yaml\n").skip(1);
    parts
        .map(|part| {
            let block = part.split("   ```").next().unwrap();
            block
                .lines()
                .map(|line| format!("{}\n", line.strip_prefix("   ").unwrap_or(line)))
                .collect()
        })
        .collect()
}

#[test]
fn what_the_readmes_teach_to_add_can_be_added() {
    let folder = tempfile::tempdir().unwrap();
    let made = |template: &str| {
        dialgraph(folder.path(), &["init", template, "--template", template]);
        let project = folder.path().join(template);
        let blocks = blocks(&std::fs::read_to_string(project.join("README.md")).unwrap());
        (project, blocks)
    };
    let checked = |project: &Path| {
        let (code, found, told) = dialgraph(project, &["check", "--deny-warnings"]);
        assert_eq!(code, 0, "{found}{told}");
    };

    let (project, blocks) = made("empty");
    let [node, attribute] = &blocks[..] else { panic!("{blocks:?}") };
    follow(
        &project,
        "main.flow.yaml",
        &[
            ("start: welcome\n", format!("{attribute}\nstart: welcome\n")),
            ("    next: agent\n", format!("    next: coming-in\n\n{node}")),
        ],
    );
    checked(&project);
    let listen = ["listen", "next Tuesday", "--flow", "main", "--node", "coming-in"];
    let (code, said, wrong) =
        dialgraph(&project, &[&listen[..], &["--today", "2026-11-20"]].concat());
    assert_eq!(code, 0, "{wrong}");
    assert!(said.contains("value  2026-11-24"), "{said}");

    let (project, blocks) = made("menu");
    let [node] = &blocks[..] else { panic!("{blocks:?}") };
    follow(
        &project,
        "appointment.flow.yaml",
        &[
            ("attributes:\n", "attributes:\n  people: {type: number, default: 1}\n".to_owned()),
            ("{value: confirm, ", "{value: people, ".to_owned()),
            ("  confirm:\n", format!("{node}\n  confirm:\n")),
        ],
    );
    checked(&project);
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    std::fs::write(folder.path().join("mine/notes"), "mine").unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let (code, _, told) = dialgraph(folder.path(), &["init", "mine"]);
    assert_eq!(code, 2);
    assert_eq!(told, "error: the folder mine is not empty; name a new or an empty folder\n");
    assert_eq!(folder.path().join("mine").read_dir().unwrap().count(), 1);
    let (code, _, told) = dialgraph(folder.path(), &["init", "file"]);
    assert_eq!(code, 2);
    assert_eq!(told, "error: file is a file; name a folder that is not there yet\n");
    // An empty folder, and the one that somebody is in, are as good as new ones.
    std::fs::create_dir(folder.path().join("desk")).unwrap();
    let (code, _, told) = dialgraph(&folder.path().join("desk"), &["init", "."]);
    assert!(code == 0 && told.contains("Made the project `desk`"), "{told}");
}

#[test]
fn who_has_no_project_is_told_how_to_make_one() {
    let nowhere = tempfile::tempdir().unwrap();
    for args in [&["check"][..], &["call", "--project", "nothing"]] {
        let (code, _, told) = dialgraph(nowhere.path(), args);
        assert!(code == 2 && told.contains("dialgraph init NAME"), "{told}");
    }
    let (_, help, _) = dialgraph(nowhere.path(), &["--help"]);
    assert!(help.contains("dialgraph init my-desk"), "{help}");
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    assert!(std::fs::read_to_string(readme).unwrap().contains("dialgraph init"));
}

#[test]
fn shells_are_told_every_command() {
    let here = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (code, script, told) = dialgraph(here.path(), &["completions", shell]);
        assert_eq!((code, told.as_str()), (0, ""));
        for word in ["init", "listen", "bridge-flow", "deny-warnings"] {
            assert!(script.contains(word), "{shell}: no {word}");
        }
        // The others complete no values.
        let values = ["bash", "fish", "zsh"].contains(&shell);
        assert_eq!(script.contains("support-desk"), values, "{shell}");
    }
    let (code, _, told) = dialgraph(here.path(), &["completions", "cmd"]);
    assert!(code == 2 && told.contains("bash"), "{told}");
}

#[test]
fn bash_completes_by_its_script() {
    let here = tempfile::tempdir().unwrap();
    let (_, script, _) = dialgraph(here.path(), &["completions", "bash"]);
    let try_it = format!(
        "{script}\nCOMP_WORDS=(dialgraph lis); COMP_CWORD=1; _dialgraph dialgraph lis dialgraph; echo \"${{COMPREPLY[@]}}\""
    );
    // As a file: it is longer than one argument may be.
    std::fs::write(here.path().join("try"), try_it).unwrap();
    let try_it = here.path().join("try");
    let output = Command::new("bash").arg("--norc").arg(try_it).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "listen\n", "{output:?}");
}

#[test]
fn every_command_has_a_manual_page() {
    let here = tempfile::tempdir().unwrap();
    let (code, _, told) = dialgraph(here.path(), &["man", "share/man1"]);
    assert_eq!(code, 0, "{told}");
    let page = |name: &str| {
        let path = here.path().join("share/man1").join(name);
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    assert!(page("dialgraph.1").contains("dialgraph\\-listen(1)"));
    assert!(page("dialgraph-listen.1").contains("labelled answers"));
    assert!(page("dialgraph-connect-bridge-flow.1").contains("lambda\\-arn"));
    std::fs::write(here.path().join("file"), "").unwrap();
    let (code, _, told) = dialgraph(here.path(), &["man", "file"]);
    assert!(code == 2 && told.starts_with("error: cannot write manual pages to file"), "{told}");
}
