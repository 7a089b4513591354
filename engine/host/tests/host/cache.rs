//! Compiled plugins on disk.

use std::fs;
use std::path::{Path, PathBuf};

use dialgraph_base::Grants;
use dialgraph_host::{Host, HostConfig};
use dialgraph_kernel::plugin::RunResult;

use crate::support::{grants, guest, run};

fn host(dir: &Path) -> Host {
    Host::new(HostConfig { cache_dir: Some(dir.to_owned()), ..HostConfig::default() }).unwrap()
}

/// Loads on a host of its own, as after a restart, and runs.
fn works(dir: &Path) {
    let host = host(dir);
    let plugin = host.load("plain", guest("plain"), &Grants::default()).unwrap();
    assert_eq!(&*plugin.descriptor.name, "plain");
    assert!(matches!(run(&host, &plugin.digest, "{}").result, RunResult::Done(_)));
}

/// Files of the cache that end in `extension`.
fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .flat_map(|engine| fs::read_dir(engine.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

#[test]
fn a_second_start_takes_what_the_first_left() {
    let dir = tempfile::tempdir().unwrap();
    works(dir.path());
    let [code] = &files(dir.path(), "cwasm")[..] else {
        panic!("one file was expected");
    };
    let written = fs::metadata(code).unwrap().modified().unwrap();
    // A descriptor that only the cache can have told: then `describe` was not run again.
    let [entry] = &files(dir.path(), "json")[..] else {
        panic!("one file was expected");
    };
    let marked =
        fs::read_to_string(entry).unwrap().replace("Leaves by its one port.", "From the cache.");
    fs::write(entry, marked).unwrap();
    let second = host(dir.path());
    let plugin = second.load("plain", guest("plain"), &Grants::default()).unwrap();
    assert_eq!(plugin.descriptor.summary, "From the cache.");
    assert!(matches!(run(&second, &plugin.digest, "{}").result, RunResult::Done(_)));
    assert_eq!(fs::metadata(code).unwrap().modified().unwrap(), written);
}

#[test]
fn a_damaged_file_is_compiled_anew() {
    let dir = tempfile::tempdir().unwrap();
    works(dir.path());
    let code = files(dir.path(), "cwasm").remove(0);
    let entry = files(dir.path(), "json").remove(0);
    let good = fs::read(&code).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    for damaged in [&flipped[..], &good[..good.len() / 2], b""] {
        fs::write(&code, damaged).unwrap();
        works(dir.path());
        assert_eq!(fs::read(&code).unwrap(), good, "it was not repaired");
    }
    fs::write(&entry, "{").unwrap();
    works(dir.path());
    fs::remove_file(&code).unwrap();
    works(dir.path());
    assert_eq!(fs::read(&code).unwrap(), good);
}

#[test]
fn what_is_cached_is_still_held_against_the_grants() {
    let dir = tempfile::tempdir().unwrap();
    host(dir.path()).load("hostile", guest("hostile"), &grants(&["log", "records-read"])).unwrap();
    let error = host(dir.path()).load("hostile", guest("hostile"), &grants(&["log"])).unwrap_err();
    assert!(error.to_string().contains("records-read"), "{error}");
}

#[test]
fn counting_and_other_hosts_keep_their_code_apart() {
    let dir = tempfile::tempdir().unwrap();
    works(dir.path());
    let counting = Host::new(HostConfig {
        cache_dir: Some(dir.path().to_owned()),
        counting: true,
        ..HostConfig::default()
    })
    .unwrap();
    counting.load("plain", guest("plain"), &Grants::default()).unwrap();
    let code = files(dir.path(), "cwasm");
    assert_eq!(code.len(), 2);
    assert_ne!(code[0].parent(), code[1].parent());
}

#[test]
fn portable_code_is_kept_apart_and_runs_here_too() {
    let dir = tempfile::tempdir().unwrap();
    works(dir.path());
    let portable = || {
        let host = Host::new(HostConfig {
            cache_dir: Some(dir.path().to_owned()),
            portable: true,
            ..HostConfig::default()
        });
        let host = host.unwrap();
        let plugin = host.load("plain", guest("plain"), &Grants::default()).unwrap();
        assert!(matches!(run(&host, &plugin.digest, "{}").result, RunResult::Done(_)));
    };
    portable();
    let code = files(dir.path(), "cwasm");
    assert_eq!(code.len(), 2);
    assert_ne!(code[0].parent(), code[1].parent());
    portable();
    assert_eq!(files(dir.path(), "cwasm"), code, "the second start compiled again");
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_can_write_to_is_left_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = tempfile::tempdir().unwrap();
    works(dir.path());
    let engine = files(dir.path(), "cwasm")[0].parent().unwrap().to_owned();
    assert_eq!(fs::metadata(&engine).unwrap().permissions().mode() & 0o777, 0o700);
    for file in files(dir.path(), "cwasm").iter().chain(&files(dir.path(), "json")) {
        fs::remove_file(file).unwrap();
    }
    fs::set_permissions(&engine, fs::Permissions::from_mode(0o777)).unwrap();
    works(dir.path());
    assert!(files(dir.path(), "cwasm").is_empty());
}
