//! Many scripts: finding them, running them side by side, and keeping the results in order.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use dialgraph_files::Unread;
use dialgraph_flow::limits::MAX_FILE_BYTES;

use crate::run::{Fault, ScriptOutcome, run};
use crate::script::Script;
use crate::session::Fixture;

/// The ending of a script's file name.
pub const EXTENSION: &str = ".call.yaml";

/// One script of a suite and what came of it.
#[derive(Debug, Clone)]
pub struct Case {
    pub path: PathBuf,
    /// The script's sentence; the path when it could not be read.
    pub name: String,
    pub outcome: ScriptOutcome,
    /// Real time that it took.
    pub took: Duration,
}

/// All scripts in `paths` (files, or folders with all below them), sorted, each once.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, FindError> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = found.len();
            walk(path, &mut found)?;
            if found.len() == before {
                return Err(FindError::Empty(path.clone()));
            }
        } else if path.is_file() {
            if !is_script(path) {
                return Err(FindError::NoScript(path.clone()));
            }
            found.push(path.clone());
        } else {
            return Err(match dialgraph_files::is_file(path) {
                Err(why @ Unread::Odd(_)) => FindError::Read { path: path.clone(), why },
                _ => FindError::Missing(path.clone()),
            });
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Why scripts could not be looked for.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    #[error("{}: there is no such file or folder", .0.display())]
    Missing(PathBuf),
    #[error("{}: this is no call script; their names end in `{EXTENSION}`", .0.display())]
    NoScript(PathBuf),
    #[error("{}: there is no call script in this folder; their names end in `{EXTENSION}`", .0.display())]
    Empty(PathBuf),
    #[error("{}: {why}", path.display())]
    Read { path: PathBuf, why: Unread },
}

fn is_script(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.ends_with(EXTENSION))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), FindError> {
    let failed = |why: std::io::Error| FindError::Read { path: folder.to_owned(), why: why.into() };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            walk(&path, found)?;
        } else if is_script(&path) {
            found.push(path);
        }
    }
    Ok(())
}

/// Runs the scripts on `threads` threads, and gives each result to `done` in the order of `paths`.
pub fn run_all(fixture: &Fixture, paths: &[PathBuf], threads: usize, mut done: impl FnMut(Case)) {
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, paths.len().max(1)) {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(path) = paths.get(index) else { break };
                    // The receiver is gone only when nobody wants results any more.
                    if send.send((index, run_file(fixture, path))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let mut waiting = std::collections::BTreeMap::new();
        let mut turn = 0;
        for (index, case) in receive {
            waiting.insert(index, case);
            while let Some(case) = waiting.remove(&turn) {
                done(case);
                turn += 1;
            }
        }
    });
}

/// Runs the script in one file.
pub fn run_file(fixture: &Fixture, path: &Path) -> Case {
    let started = std::time::Instant::now();
    let (name, outcome) = match dialgraph_files::text(path, MAX_FILE_BYTES as u64) {
        Err(error) => {
            let message = format!("cannot be read: {error}");
            let fault = Fault { line: 1, column: None, message };
            (path.display().to_string(), ScriptOutcome::unrunnable(vec![fault]))
        }
        Ok(text) => match Script::parse_for(&text, fixture) {
            Err(errors) => {
                let faults = errors.into_iter().map(Fault::from).collect();
                (path.display().to_string(), ScriptOutcome::unrunnable(faults))
            }
            Ok(script) => {
                let outcome = run(fixture, &script);
                (script.call, outcome)
            }
        },
    };
    Case { path: path.to_owned(), name, outcome, took: started.elapsed() }
}
