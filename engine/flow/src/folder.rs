//! The folder of a project as it lies there.
//!
//! What lies in it may be anything: files that are too large, pipes, devices, links that lead
//! nowhere. Such a thing is passed over and told at its place, like a mistake within a file, and
//! whoever checks the project hears of all of them at once.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use dialgraph_files::Unread;

use crate::diagnostic::{Code, Diagnostic, Findings, Report};
use crate::limits::{MAX_FILE_BYTES, MAX_FILES, MAX_FOLDERS, MAX_PROJECT_BYTES};
use crate::project::{Files, PROJECT_FILE, Project};
use crate::source::{Sources, Span};
use crate::unread;
use crate::work::Work;

/// Why a project could not be read at all. Mistakes within its folder and its files are diagnostics
/// instead.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("there is no folder `{0}`: give the folder that holds `{PROJECT_FILE}`")]
    NoFolder(PathBuf),
    #[error("`{0}` is no project: it holds no `{PROJECT_FILE}`{1}")]
    NoProject(PathBuf, String),
    #[error("cannot read the folder `{path}`: {why}")]
    Io { path: PathBuf, why: io::Error },
}

/// The folder of a project: nothing of it has been looked into.
#[derive(Debug)]
pub struct Folder {
    pub files: Files,
    /// `plugins/*.wasm`.
    pub plugin_files: Vec<PathBuf>,
    amiss: AllAmiss,
}

/// What can be no part of a project as it is, by its path within.
pub(crate) type AllAmiss = BTreeMap<String, Amiss>;

/// Why something in the folder was passed over.
#[derive(Debug, Clone)]
pub(crate) struct Amiss {
    code: Code,
    message: String,
    help: &'static str,
    /// Of what is not named here nothing can be said.
    pub(crate) ends: bool,
}

const TOO_LARGE: &str = "split it into several files, and keep all but sample records elsewhere; \
    if it is not part of the project, begin its name with a dot";
const ODD: &str = "replace it with a file or remove it; if it is not part of the project, begin \
    its name with a dot";
const TOO_DEEP: &str =
    "move it further up; if it is not part of the project, begin its name with a dot";
const TOO_MANY: &str = "check that this is the folder of one project. Remove what no call needs, \
    and begin the names of folders that are not part of it with a dot";

impl Amiss {
    /// As a finding at `at`.
    pub(crate) fn finding(&self, at: Span) -> Diagnostic {
        Diagnostic::new(self.code, at, self.message.clone()).help(self.help)
    }
}

impl Folder {
    /// Reads what [`Project::load`] reads.
    ///
    /// # Errors
    /// As [`Project::load`].
    pub fn read(dir: &Path) -> Result<Self, LoadError> {
        if !dir.is_dir() {
            return Err(LoadError::NoFolder(dir.to_owned()));
        }
        let mut reading =
            Reading { files: Files::new(), room: MAX_PROJECT_BYTES, amiss: AllAmiss::new() };
        let entries = dir.read_dir();
        let entries = entries.map_err(|why| LoadError::Io { path: dir.to_owned(), why })?;
        reading.collect(entries, "", 0);
        let plugin_files = reading.components(&dir.join("plugins"));
        let Reading { files, amiss, .. } = reading;
        let is_cut = amiss.values().any(|amiss| amiss.ends);
        if !files.contains_key(PROJECT_FILE) && !amiss.contains_key(PROJECT_FILE) && !is_cut {
            let near = files.keys().find(|path| unread::is_project_file(path));
            let near = near.map(|path| format!("; there is a `{path}`, which must be called so"));
            return Err(LoadError::NoProject(dir.to_owned(), near.unwrap_or_default()));
        }
        Ok(Self { files, plugin_files, amiss })
    }

    /// Whether the folder holds a project file, or what should be one: a pipe or a link that leads
    /// nowhere is no reason to look for another project.
    pub fn is_project(dir: &Path) -> bool {
        dir.join(PROJECT_FILE).symlink_metadata().is_ok()
    }

    /// That nothing was passed over.
    ///
    /// # Errors
    /// What was, and why, with paths that begin with `shown_root` as in [`Project::from_files`].
    pub fn whole(self, shown_root: &str) -> Result<Self, Box<Report>> {
        if self.amiss.is_empty() {
            return Ok(self);
        }
        let (mut sources, mut findings) = (Sources::default(), Findings::default());
        for (path, amiss) in &self.amiss {
            let file = sources.add(shown(shown_root, path), "");
            findings.push(amiss.finding(Span { file, start: 0, end: 0 }));
        }
        Err(Box::new(Report::new(sources, findings)))
    }

    /// The project in it. Paths in diagnostics begin with `shown_root`, unless that is empty or
    /// `.`.
    pub fn into_project(self, shown_root: &str) -> Project {
        let Self { files, plugin_files, amiss } = self;
        Project::read(shown_root, files, plugin_files, amiss, &Work::default())
    }
}

/// A path within a project as diagnostics show it.
pub(crate) fn shown(root: &str, path: &str) -> String {
    match root.trim_end_matches('/') {
        "" | "." => path.to_owned(),
        root => format!("{root}/{path}"),
    }
}

struct Reading {
    files: Files,
    /// Bytes that there is still room for.
    room: usize,
    amiss: AllAmiss,
}

impl Reading {
    fn pass_over(&mut self, path: String, code: Code, message: String, help: &'static str) {
        // Without it, nothing can be said of the rest.
        let ends = path == PROJECT_FILE;
        self.amiss.insert(path, Amiss { code, message, help, ends });
    }

    fn unreadable(&mut self, path: String, why: &dyn std::fmt::Display) {
        let message = format!("this cannot be read: {why}");
        self.pass_over(path, Code::Unreadable, message, ODD);
    }

    /// Takes the texts in a folder, and says whether there is room for more. Deeper than
    /// [`MAX_FOLDERS`] it does not go.
    fn collect(&mut self, entries: std::fs::ReadDir, prefix: &str, depth: usize) -> bool {
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let folder = prefix.trim_end_matches('/');
                    let folder = if folder.is_empty() { "." } else { folder };
                    self.unreadable(folder.to_owned(), &error);
                    return true;
                }
            };
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || (depth == 0 && name == "plugins") {
                continue;
            }
            let inner = format!("{prefix}{name}");
            let kind = match entry.file_type() {
                Ok(kind) => kind,
                Err(error) => {
                    self.unreadable(inner, &error);
                    continue;
                }
            };
            let goes_on = match kind.is_dir() {
                true if must_be_file(&inner) => {
                    self.unreadable(inner, &Unread::Odd("a folder"));
                    true
                }
                true => self.folder(&entry.path(), inner, depth),
                false if is_text(&name) => self.text(&entry.path(), inner, kind.is_symlink()),
                false => true,
            };
            if !goes_on {
                return false;
            }
        }
        true
    }

    fn folder(&mut self, path: &Path, inner: String, depth: usize) -> bool {
        if depth >= MAX_FOLDERS {
            let message = format!(
                "this folder is nested too deep in the project; at most {MAX_FOLDERS} levels of \
                folders are read"
            );
            self.pass_over(inner, Code::TooLarge, message, TOO_DEEP);
            return true;
        }
        match path.read_dir() {
            Ok(entries) => self.collect(entries, &format!("{inner}/"), depth + 1),
            Err(error) => {
                self.unreadable(inner, &error);
                true
            }
        }
    }

    fn text(&mut self, path: &Path, inner: String, is_link: bool) -> bool {
        let text = match dialgraph_files::read(path, MAX_FILE_BYTES as u64) {
            Ok(text) => text,
            Err(Unread::TooLarge { .. }) => {
                let size = path.metadata().map_or(0, |data| data.len());
                let given = match size > MAX_FILE_BYTES as u64 {
                    true => format!("{size} bytes"),
                    false => "more bytes than are read".to_owned(),
                };
                let message = format!(
                    "the file has {given}; a text file of a project may have {MAX_FILE_BYTES}"
                );
                self.pass_over(inner, Code::TooLarge, message, TOO_LARGE);
                return true;
            }
            Err(error) if error.is_missing() => {
                // A file that was there just now has been removed.
                if is_link {
                    self.unreadable(inner, &"it is a link that leads nowhere");
                }
                return true;
            }
            Err(error) => {
                self.unreadable(inner, &error);
                return true;
            }
        };
        match self.room.checked_sub(text.len()) {
            Some(left) if self.files.len() < MAX_FILES => {
                self.room = left;
                self.files.insert(inner, text);
                true
            }
            room => {
                let message = match room {
                    None => format!(
                        "the files of the project have more than {MAX_PROJECT_BYTES} bytes, the \
                        limit for a project"
                    ),
                    Some(_) => format!(
                        "the project has more than {MAX_FILES} text files, the limit for a project"
                    ),
                };
                let amiss = Amiss { code: Code::TooLarge, message, help: TOO_MANY, ends: true };
                self.amiss.insert(PROJECT_FILE.to_owned(), amiss);
                false
            }
        }
    }

    fn components(&mut self, dir: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let entries = match dir.read_dir() {
            Ok(entries) => entries,
            // Also a file that is called so: none of the project's.
            Err(error) if dir.is_dir() => {
                self.unreadable("plugins".to_owned(), &error);
                return found;
            }
            Err(_) => return found,
        };
        for entry in entries {
            let path = match entry {
                Ok(entry) => entry.path(),
                Err(error) => {
                    self.unreadable("plugins".to_owned(), &error);
                    return found;
                }
            };
            if path.extension().is_none_or(|end| end != "wasm") {
                continue;
            }
            match dialgraph_files::is_file(&path) {
                Ok(()) => found.push(path),
                Err(error) => {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    self.unreadable(format!("plugins/{name}"), &error);
                }
            }
        }
        found.sort();
        found
    }
}

/// Whether nothing but a file is meant by such a name.
fn must_be_file(inner: &str) -> bool {
    inner == PROJECT_FILE || inner.ends_with(".flow.yaml")
}

fn is_text(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".yaml", ".yml", ".md", ".json"].iter().any(|end| name.ends_with(end))
}
