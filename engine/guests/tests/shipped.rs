//! The shipped components: what they may reach, and that they are the same wherever they are built.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails with it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use dialgraph_guests::build::Build;
use dialgraph_guests::shipped;
use sha2::{Digest, Sha256};
use wasmparser::{Parser, Payload};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("engine/guests lies two folders deep")
}

/// Names of the component's own imports, without those of the modules within.
fn imports(component: &[u8]) -> BTreeSet<String> {
    let mut depth = 0;
    let mut names = BTreeSet::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload.expect("a shipped component is well-formed") {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    names.insert(import.expect("a well-formed import").name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    names
}

fn capabilities(component: &[u8]) -> BTreeSet<String> {
    imports(component)
        .iter()
        .filter_map(|name| name.strip_prefix("dialgraph:plugin/")?.strip_suffix("@1.0.0"))
        .filter(|name| *name != "types")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_plugin_of_the_workspace_is_shipped() {
    let mut folders = BTreeSet::new();
    for entry in fs::read_dir(repository().join("plugins")).unwrap() {
        let manifest = entry.unwrap().path().join("Cargo.toml");
        if fs::read_to_string(&manifest).is_ok_and(|text| text.contains("cdylib")) {
            let folder = manifest.parent().and_then(Path::file_name).unwrap();
            folders.insert(folder.to_string_lossy().into_owned());
        }
    }
    let names: BTreeSet<_> = shipped().iter().map(|(name, _)| (*name).to_owned()).collect();
    assert!(names.contains("auth"));
    assert_eq!(names, folders);
}

#[test]
fn a_plugin_asks_for_the_capabilities_that_it_uses_and_no_other() {
    let plugins: BTreeMap<_, _> = shipped().iter().copied().collect();
    for (name, wanted) in [
        ("auth", vec!["log", "records-read", "records-search"]),
        ("lex-intent", vec!["log", "nlu"]),
        ("genai-answer", vec!["genai", "knowledge", "log"]),
        ("record", vec!["records-read", "records-write"]),
        ("http-request", vec!["http", "secrets"]),
        ("points", vec!["clock", "records-read", "records-write"]),
        ("kakaopay", vec!["clock", "http", "records-read", "records-write", "secrets"]),
    ] {
        let wanted: BTreeSet<_> = wanted.into_iter().map(str::to_owned).collect();
        assert_eq!(capabilities(plugins[name]), wanted, "{name}");
    }
}

#[test]
fn no_plugin_asks_for_files_or_the_network() {
    for (name, bytes) in shipped() {
        for import in imports(bytes) {
            let allowed = import.starts_with("dialgraph:plugin/")
                || import.starts_with("wasi:io/")
                || import.starts_with("wasi:cli/")
                // Rust's hash maps draw their seed there; the engine answers from the call's own
                // chance.
                || import.starts_with("wasi:random/insecure-seed");
            assert!(allowed, "{name} imports {import}");
        }
    }
}

#[test]
fn no_path_of_this_machine_is_in_a_component() {
    let home = std::env::var("CARGO_HOME").map(PathBuf::from).ok();
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).unwrap();
    for (name, bytes) in shipped() {
        for path in [repository(), &home] {
            let path = path.to_str().expect("a path that can be written");
            let found = bytes.windows(path.len()).any(|window| window == path.as_bytes());
            assert!(!found, "{name} holds {path}");
        }
    }
}

#[test]
fn another_checkout_with_another_cargo_home_gives_the_same_bytes() {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let checkout = temporary.join("a checkout elsewhere");
    let home = temporary.join("cargo-home");
    if checkout.exists() {
        fs::remove_dir_all(&checkout).unwrap();
    }
    for folder in ["plugins", "wit"] {
        copy(&repository().join(folder), &checkout.join(folder));
    }
    other_home(&home);

    let built = Build::new(checkout.join("plugins"), temporary.join("checkout-target"))
        .locked()
        .offline()
        .cargo_home(&home)
        .run()
        .unwrap_or_else(|error| panic!("{error}"));
    let built: BTreeMap<_, _> = built
        .into_iter()
        .map(|component| (component.name, digest(&fs::read(component.path).unwrap())))
        .collect();
    let shipped: BTreeMap<_, _> =
        shipped().iter().map(|(name, bytes)| ((*name).to_owned(), digest(bytes))).collect();
    assert_eq!(built, shipped);
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            if entry.file_name() != "target" {
                copy(&entry.path(), &to);
            }
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A cargo home in another place that shares what was downloaded with this machine's own.
fn other_home(home: &Path) {
    let real = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let real = real.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).unwrap();
    fs::create_dir_all(home).unwrap();
    for name in ["registry", "git", "config.toml"] {
        let link = home.join(name);
        if real.join(name).exists() && !link.exists() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(real.join(name), link).unwrap();
            #[cfg(windows)]
            std::os::windows::fs::symlink_dir(real.join(name), link).unwrap();
        }
    }
}
