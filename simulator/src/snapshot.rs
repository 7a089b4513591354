//! Transcripts kept beside their scripts, in the file format of the `insta` snapshot library.
//!
//! `a/b.call.yaml` has its snapshot in `a/snapshots/b.snap`; one that differs is written to
//! `b.snap.new` next to it, which `cargo insta review` and `dialgraph test --accept` both
//! understand.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dialgraph_files::Unread;

/// Bytes of a snapshot: far more than any transcript has.
const MAX_BYTES: u64 = 64 << 20;

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

/// Reads the snapshot at `path`, whatever ends its lines and whichever mark an editor has put
/// before them.
///
/// # Errors
/// When it cannot be read, or is no text.
pub fn read(path: &Path) -> Result<String, Unread> {
    let text = dialgraph_files::text(path, MAX_BYTES)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// Compares `text` with the snapshot at `path`.
///
/// # Errors
/// As [`read`].
pub fn compare(path: &Path, text: &str) -> Result<Compared, Unread> {
    match read(path) {
        Ok(file) => {
            let kept = content(&file);
            Ok(if kept == text.trim_end() {
                Compared::Same
            } else {
                Compared::Different(kept.to_owned())
            })
        }
        Err(error) if error.is_missing() => Ok(Compared::New),
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
    // To write into a pipe would be to wait for its reader.
    match dialgraph_files::is_file(target) {
        Err(error) if !error.is_missing() => return Err(error.into()),
        _ => {}
    }
    fs::write(
        target,
        format!("---\nsource: {source}\nexpression: transcript\n---\n{}\n", text.trim_end()),
    )?;
    if pending { Ok(()) } else { withdraw(path) }
}

/// Snapshots below `folders` whose script is no longer there, and proposals of such; files are
/// passed over.
///
/// Only what this module has written counts: other tests of a repository keep snapshots, too.
pub fn orphans(folders: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in folders.iter().filter(|path| path.is_dir()) {
        look(folder, &mut found)?;
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn look(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let of_scripts = folder.file_name().is_some_and(|name| name == "snapshots");
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // A link to a folder may lead anywhere, even back.
        if entry.file_type()?.is_dir() {
            look(&path, found)?;
        } else if of_scripts && is_orphan(&path)? {
            found.push(path);
        }
    }
    Ok(())
}

fn is_orphan(path: &Path) -> io::Result<bool> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.strip_suffix(".snap.new").or_else(|| name.strip_suffix(".snap"));
    let (Some(stem), Some(beside)) = (stem, path.parent().and_then(Path::parent)) else {
        return Ok(false);
    };
    if beside.join(format!("{stem}{}", crate::suite::EXTENSION)).exists() {
        return Ok(false);
    }
    // What is no text is none that this module has written.
    let Ok(head) = read(path) else { return Ok(false) };
    let mut lines = head.lines().skip(1).take_while(|line| *line != "---");
    let source = lines.next().and_then(|line| line.strip_prefix("source: "));
    Ok(source.is_some_and(|source| source.ends_with(crate::suite::EXTENSION))
        && lines.next() == Some("expression: transcript"))
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
    fn a_snapshot_whose_script_is_gone_is_found_and_nobody_else_s() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let script = root.join("topic/kept.call.yaml");
        let gone = path_of(&root.join("topic/gone.call.yaml"));
        for path in [&path_of(&script), &gone] {
            write(path, "topic/x.call.yaml", "a", false).unwrap();
        }
        write(&gone, "topic/x.call.yaml", "b", true).unwrap();
        fs::write(&script, "call: kept\n").unwrap();
        let others = root.join("topic/snapshots/other.snap");
        fs::write(&others, "---\nsource: tests/it.rs\nexpression: report\n---\na\n").unwrap();
        write(&root.join("snapshots/costs.snap"), "dialgraph test --costs", "a", false).unwrap();
        let found = orphans(&[root.to_owned(), script]).unwrap();
        assert_eq!(found, [gone.clone(), proposal(&gone)]);
    }

    #[test]
    fn a_snapshot_that_an_editor_has_saved_its_own_way_is_the_same_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_of(&folder.path().join("a.call.yaml"));
        write(&path, "a.call.yaml", "one\ntwo\n", false).unwrap();
        let kept = fs::read_to_string(&path).unwrap();
        for other in
            [kept.replace('\n', "\r\n"), format!("\u{feff}{kept}"), kept.replace('\n', "\r")]
        {
            fs::write(&path, &other).unwrap();
            assert_eq!(compare(&path, "one\ntwo\n").unwrap(), Compared::Same, "{other:?}");
            assert_eq!(
                orphans(&[folder.path().to_owned()]).unwrap(),
                std::slice::from_ref(&path),
                "{other:?}"
            );
        }
        fs::write(&path, b"\xb0\xa1").unwrap();
        assert!(matches!(compare(&path, "one"), Err(Unread::NotText)));
        assert_eq!(orphans(&[folder.path().to_owned()]).unwrap(), [] as [PathBuf; 0]);
    }

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
