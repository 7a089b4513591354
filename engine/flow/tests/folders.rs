//! Whatever lies in the folder of a project: it is read, or told at its place, and nobody waits for
//! it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use dialgraph_flow::check;
use dialgraph_flow::diagnostic::Code;
use dialgraph_flow::limits::{MAX_FILE_BYTES, MAX_FILES, MAX_PROJECT_BYTES};
use dialgraph_flow::project::{Folder, PROJECT_FILE, Project};
use dialgraph_flow::testing::Plugins;

const PROJECT: &str =
    "entry: main\nfallback: {queue: q}\nlocales: [en-US]\ncollections: {c: {seed: data/c.yaml}}\n";
const MAIN: &str = "flow: main\nstart: bye\nnodes: {bye: {goto: other}}\n";

fn pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for inner in ["data", "plugins"] {
        std::fs::create_dir(folder.path().join(inner)).unwrap();
    }
    for (path, text) in [
        (PROJECT_FILE, PROJECT),
        ("main.flow.yaml", MAIN),
        ("other.flow.yaml", "flow: other\nstart: b\nnodes: {b: {end: {disposition: resolved}}}\n"),
        ("data/queues.yaml", "q: {title: {en-US: Q}, priority: 1}\n"),
        ("data/c.yaml", "{}\n"),
    ] {
        std::fs::write(folder.path().join(path), text).unwrap();
    }
    folder
}

fn told(folder: &Path) -> String {
    let mut project = Folder::read(folder).unwrap().into_project("");
    let checked = check(&project, &Plugins::new());
    assert!(checked.release.is_none());
    project = Folder::read(folder).unwrap().into_project(".");
    assert_eq!(check(&project, &Plugins::new()).report.to_string(), checked.report.to_string());
    checked.report.render(false)
}

#[test]
fn what_is_no_file_is_told_at_its_place_all_of_it_at_once_and_nothing_that_follows_from_it() {
    let folder = project();
    let at = |path: &str| folder.path().join(path);
    assert!(check(&Project::load(folder.path()).unwrap(), &Plugins::new()).release.is_some());
    std::fs::remove_file(at("data/c.yaml")).unwrap();
    pipe(&at("data/c.yaml"));
    std::fs::remove_file(at("other.flow.yaml")).unwrap();
    symlink("/dev/zero", at("other.flow.yaml")).unwrap();
    symlink("nowhere", at("gone.flow.yaml")).unwrap();
    symlink("loop.yaml", at("loop.yaml")).unwrap();
    symlink("data", at("folder.yaml")).unwrap();
    std::fs::create_dir(at("named.flow.yaml")).unwrap();
    let _socket = UnixListener::bind(at("socket.md")).unwrap();
    pipe(&at("plugins/x.wasm"));
    std::fs::write(at("large.md"), vec![b' '; MAX_FILE_BYTES + 1]).unwrap();
    // These are none of the project's.
    pipe(&at(".hidden.yaml"));
    pipe(&at("pipe.txt"));
    insta::assert_snapshot!(told(folder.path()));
    let part = Folder::read(folder.path()).unwrap().whole("flows").unwrap_err();
    assert!(part.to_string().contains("flows/data/c.yaml:1:1"), "{part}");
}

#[test]
fn a_pipe_in_place_of_the_project_file_is_told_and_no_other_project_is_meant() {
    let folder = project();
    let file = folder.path().join(PROJECT_FILE);
    std::fs::remove_file(&file).unwrap();
    assert!(!Folder::is_project(folder.path()));
    pipe(&file);
    assert!(Folder::is_project(folder.path()));
    insta::assert_snapshot!(told(folder.path()));
}

#[test]
fn a_folder_with_too_much_in_it_is_no_further_read_and_told_in_one_sentence() {
    let many = project();
    for n in 0..=MAX_FILES {
        std::fs::write(many.path().join(format!("{n}.md")), "").unwrap();
    }
    let large = project();
    for n in 0..=MAX_PROJECT_BYTES / MAX_FILE_BYTES {
        let file = std::fs::File::create(large.path().join(format!("{n}.md"))).unwrap();
        file.set_len(MAX_FILE_BYTES as u64).unwrap();
    }
    let both = [many, large].map(|folder| {
        let checked = check(&Project::load(folder.path()).unwrap(), &Plugins::new());
        assert!(checked.report.diagnostics().iter().all(|found| found.code == Code::TooLarge));
        told(folder.path())
    });
    insta::assert_snapshot!(both.join("\n"));
}
