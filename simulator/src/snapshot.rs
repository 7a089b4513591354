//! Transcripts kept beside their scripts, in the file format of the `insta` snapshot library.
//!
//! `a/b.call.yaml` has its snapshot in `a/snapshots/b.snap`; one that differs is written to `b.snap.new` next
//! to it, which `cargo insta review` and `dialgraph test --accept` both understand.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How a text compares with its snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    Same,
    /// There is no snapshot yet.
    New,
    /// The snapshot as it stands.
    Different(String),
}

/// Where the snapshot of a script is.
pub fn path_of(script: &Path) -> PathBuf {
    let name =
        script.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.strip_suffix(crate::suite::EXTENSION).unwrap_or(&name);
    script.with_file_name("snapshots").join(format!("{stem}.snap"))
}

/// Compares `text` with the snapshot at `path`.
pub fn compare(path: &Path, text: &str) -> io::Result<Compared> {
    match fs::read_to_string(path) {
        Ok(file) => {
            let kept = content(&file);
            Ok(if kept == text.trim_end() {
                Compared::Same
            } else {
                Compared::Different(kept.to_owned())
            })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Compared::New),
        Err(error) => Err(error),
    }
}

/// Writes `text` as the snapshot at `path`, or with `pending` as the proposal beside it.
pub fn write(path: &Path, source: &str, text: &str, pending: bool) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let proposal = proposal(path);
    let target = if pending { &proposal } else { path };
    fs::write(
        target,
        format!("---\nsource: {source}\nexpression: transcript\n---\n{}\n", text.trim_end()),
    )?;
    if pending { Ok(()) } else { withdraw(path) }
}

/// Removes the proposal beside a snapshot, if there is one.
pub fn withdraw(path: &Path) -> io::Result<()> {
    match fs::remove_file(proposal(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn proposal(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// What stands behind the header of a snapshot file.
pub fn content(file: &str) -> &str {
    let body = file.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    body.map_or(file, |(_, body)| body).trim_end()
}

/// The lines that differ, `-` kept and `+` found, with the lines around them.
pub fn diff(kept: &str, found: &str) -> String {
    similar::TextDiff::from_lines(
        &format!("{}\n", kept.trim_end()),
        &format!("{}\n", found.trim_end()),
    )
    .unified_diff()
    .context_radius(2)
    .header("snapshot", "this run")
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_reads_back_and_a_change_is_proposed_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_of(&folder.path().join("fallback/caller_is_silent.call.yaml"));
        assert!(path.ends_with("fallback/snapshots/caller_is_silent.snap"));
        assert_eq!(compare(&path, "a\n").unwrap(), Compared::New);
        write(&path, "x.call.yaml", "a\n---\nb\n", false).unwrap();
        assert_eq!(compare(&path, "a\n---\nb\n\n").unwrap(), Compared::Same);
        assert_eq!(compare(&path, "c").unwrap(), Compared::Different("a\n---\nb".into()));
        write(&path, "x.call.yaml", "c", true).unwrap();
        assert!(proposal(&path).exists());
        write(&path, "x.call.yaml", "c", false).unwrap();
        assert!(!proposal(&path).exists());
        assert_eq!(compare(&path, "c").unwrap(), Compared::Same);
    }
}
