//! The house stays in order: every source file says what it is for and is short enough to be read,
//! comments are no wider than code, and no crate depends on another of ours unless the map in
//! `ARCHITECTURE.md` lets it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where our sources are, from the root of the repository.
const FOLDERS: [&str; 4] = ["engine", "plugins", "simulator", "tests"];

/// Most lines of a source file. The aim is a few hundred: one file for each thing.
const MAX_LINES: usize = 800;

/// Crates by their folders, and which other crates of ours each depends on, without `dialgraph-`:
/// exactly these. Only normal dependencies count, for tests may use what they need.
///
/// It mirrors the map in `ARCHITECTURE.md` and has its order, so each crate uses only those above
/// it. `FOLDER/*` stands for every crate of that folder that has no line of its own.
const ALLOWED: [(&str, &str); 38] = [
    ("engine/base", ""),
    ("engine/json-schema", ""),
    ("engine/visible", ""),
    ("engine/api", "base"),
    ("engine/files", ""),
    ("engine/access", ""),
    ("engine/webhook", ""),
    ("plugins/understanding", ""),
    // The map has these two in one line, before what they share with the engine.
    ("plugins/sdk", "understanding"),
    ("plugins/*", "plugin"),
    ("engine/flow", "base files json-schema understanding visible"),
    ("engine/kernel", "base flow understanding"),
    ("engine/store", "base files"),
    ("engine/host", "base json-schema kernel"),
    ("engine/classifier", ""),
    ("engine/local", "base classifier files json-schema kernel store understanding"),
    ("engine/postgres", "base files kernel local"),
    ("engine/http-records", "base kernel local"),
    ("engine/aws", "base flow kernel local store"),
    ("engine/runtime", "base flow kernel store"),
    ("engine/guests", ""),
    ("simulator", "base files flow kernel local runtime store visible"),
    ("engine/connect", "base flow kernel"),
    ("engine/kakao", "flow kernel"),
    ("engine/contact-flow", "base connect visible"),
    ("engine/connect-stack", "contact-flow"),
    ("engine/config", "access base connect files store webhook"),
    ("engine/deploy", "access base files flow host kernel local runtime store"),
    ("engine/retention", "base deploy flow kernel local runtime store"),
    (
        "engine/server",
        "api base config connect deploy files flow kakao kernel local retention runtime store visible webhook",
    ),
    ("engine/lambda", "connect files visible"),
    (
        "engine/wiring",
        "aws base config deploy flow guests host http-records kernel local postgres runtime store",
    ),
    ("engine/serverless", "base config deploy guests host lambda runtime server store wiring"),
    (
        "engine/cli",
        "api aws base config connect-stack contact-flow deploy files flow guests host kernel local \
         retention runtime server simulator store understanding visible wiring",
    ),
    ("tests", ""),
    ("tests/stand-ins", ""),
    ("tests/guests/listener", "understanding"),
    ("tests/guests/*", ""),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Paths of our files whose names end so, from the root and sorted. What cargo builds is left out.
fn files(end: &str) -> Vec<String> {
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root().join(folder)).collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let (name, path) = (entry.file_name(), entry.path());
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && name != "target" {
                folders.push(path);
            } else if kind.is_file() && name.to_string_lossy().ends_with(end) {
                found.push(path.strip_prefix(root()).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn every_source_file_opens_with_what_it_is_for() {
    let mut silent = files(".rs");
    silent.retain(|path| !read(path).starts_with("//!"));
    assert!(
        silent.is_empty(),
        "these files do not open with `//!`; say in a line or two what each is for:\n{}",
        silent.join("\n")
    );
}

#[test]
fn no_source_file_is_too_long_to_be_read() {
    let lines = files(".rs").into_iter().map(|path| (read(&path).lines().count(), path));
    let long: Vec<String> = lines
        .filter(|(count, _)| *count > MAX_LINES)
        .map(|(count, path)| format!("{path}: {count}"))
        .collect();
    assert!(
        long.is_empty(),
        "these files have more than {MAX_LINES} lines; make several of each, one for each thing:\n{}",
        long.join("\n")
    );
}

/// As `max_width` in `rustfmt.toml`, which formats code alone.
const MAX_WIDTH: usize = 100;

/// Columns that a line takes: two for a letter of Korean and its like.
fn width(line: &str) -> usize {
    let wide = |c| matches!(c, '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}');
    line.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

/// Numbers of the lines whose comment is too wide and could be broken: not tables, code, and words
/// that are long by themselves, such as addresses.
fn wide_comments(source: &str) -> Vec<usize> {
    let mut in_code = false;
    let mut found = Vec::new();
    for (at, line) in source.lines().enumerate() {
        let Some(text) = line.trim_start().strip_prefix("//") else {
            in_code = false;
            continue;
        };
        let text = text.trim_start_matches(['/', '!']).trim();
        if text.starts_with("```") {
            in_code = !in_code;
        }
        let stays = in_code || text.starts_with('|') || !text.contains(' ');
        if !stays && width(line) > MAX_WIDTH {
            found.push(at + 1);
        }
    }
    found
}

#[test]
fn comments_are_no_wider_than_code() {
    let mut wide = Vec::new();
    for path in files(".rs") {
        wide.extend(wide_comments(&read(&path)).into_iter().map(|line| format!("{path}:{line}")));
    }
    assert!(
        wide.is_empty(),
        "these comments are wider than {MAX_WIDTH} columns; break them:\n{}",
        wide.join("\n")
    );
}

#[test]
fn a_wide_comment_is_found_where_it_can_be_broken() {
    let long = "word ".repeat(25);
    let table = format!("/// | {long} |\n");
    let code = format!("//! ```\n//! {long}\n//! ```\n");
    let address = format!("// https://example.test/{}\n", "a".repeat(100));
    for stays in [&table, &code, &address, &format!("let text = \"{long}\";\n")] {
        assert!(wide_comments(stays).is_empty(), "{stays}");
    }
    for mark in ["//", "///", "//!", "    ///"] {
        assert_eq!(wide_comments(&format!("{mark} short\n{mark} {long}\n")), [2], "{mark}");
    }
    assert_eq!(wide_comments(&format!("// {}\n", "네 ".repeat(34))), [1]);
}

struct Crate {
    name: String,
    /// Crates of ours that it depends on.
    uses: BTreeSet<String>,
}

impl Crate {
    /// None of a manifest that is a workspace's alone.
    fn read(manifest: &str) -> Option<Self> {
        let (mut name, mut uses) = (None, BTreeSet::new());
        let mut section = "";
        for line in manifest.lines().map(str::trim) {
            if let Some((header, _)) = line.strip_prefix('[').and_then(|line| line.split_once(']'))
            {
                section = header;
                uses.extend(header.strip_prefix("dependencies.").and_then(ours));
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            let key = key.split('.').next().unwrap_or(key).trim();
            let of_target = section.starts_with("target.") && section.ends_with(".dependencies");
            if section == "dependencies" || of_target {
                uses.extend(ours(key));
            } else if section == "package" && key == "name" {
                name = value.split('"').nth(1);
            }
        }
        let name = name?;
        Some(Self { name: ours(name).unwrap_or_else(|| name.to_owned()), uses })
    }
}

/// What a crate is called in [`ALLOWED`], if it is one of ours.
fn ours(name: &str) -> Option<String> {
    let short = if name == "dialgraph" { name } else { name.strip_prefix("dialgraph-")? };
    Some(short.to_owned())
}

/// Whether the crate in `folder` is one of those that this line of [`ALLOWED`] is about.
fn is_of(line: &str, folder: &str) -> bool {
    match line.strip_suffix("/*") {
        None => line == folder,
        Some(parent) => {
            folder.rsplit_once('/').is_some_and(|(above, _)| above == parent)
                && ALLOWED.iter().all(|(line, _)| *line != folder)
        }
    }
}

#[test]
fn each_crate_uses_those_of_ours_that_the_map_gives_it() {
    let mut crates: BTreeMap<String, Crate> = files("Cargo.toml")
        .into_iter()
        .filter_map(|path| {
            Some((path.strip_suffix("/Cargo.toml")?.to_owned(), Crate::read(&read(&path))?))
        })
        .collect();
    let mut above = BTreeSet::new();
    let mut wrong = Vec::new();
    for (line, allowed) in ALLOWED {
        let allowed: BTreeSet<String> = allowed.split_whitespace().map(str::to_owned).collect();
        for lower in allowed.difference(&above) {
            wrong.push(format!("{line}: `{lower}` does not stand above it in `ALLOWED`"));
        }
        let found: Vec<(String, Crate)> =
            crates.extract_if(.., |folder, _| is_of(line, folder)).collect();
        if found.is_empty() {
            wrong.push(format!("{line}: there is no such crate any more, take its line out"));
        }
        for (folder, one) in found {
            for more in one.uses.difference(&allowed) {
                wrong.push(format!("{folder}: depends on `{more}`, which it may not know"));
            }
            for less in allowed.difference(&one.uses) {
                wrong.push(format!("{folder}: depends on `{less}` no longer, take that out"));
            }
            above.insert(one.name);
        }
    }
    wrong.extend(crates.keys().map(|folder| format!("{folder}: has no line in `ALLOWED`")));
    assert!(
        wrong.is_empty(),
        "crates depend on each other otherwise than the map in ARCHITECTURE.md says:\n{}\n\
         Hand a crate what it must not know from one further down. Where the map itself should change, change it there \
         and `ALLOWED` in tests/tests/tidy.rs with it.",
        wrong.join("\n")
    );
}

#[test]
fn dependencies_are_read_in_every_way_to_write_them_and_those_of_tests_are_not() {
    let manifest = r#"
[package]
name = "dialgraph-one" # ours
[dependencies]
# dialgraph-comment = "1"
dialgraph-a.workspace = true
dialgraph-b = { workspace = true, features = ["dialgraph-feature"] }
dialgraph = { path = "../cli" }
dialgraphs = "1"
serde = "1"
[dependencies.dialgraph-c]
path = "../c"
[target.'cfg(unix)'.dependencies]
dialgraph-d.workspace = true
[dev-dependencies]
dialgraph-e.workspace = true
[target.'cfg(unix)'.dev-dependencies]
dialgraph-f.workspace = true
[build-dependencies]
dialgraph-g.workspace = true
"#;
    let one = Crate::read(manifest).unwrap();
    assert_eq!(one.name, "one");
    assert_eq!(one.uses, ["a", "b", "c", "d", "dialgraph"].map(str::to_owned).into());
    assert!(Crate::read("[workspace]\nmembers = [\"*\"]\n").is_none());
}
