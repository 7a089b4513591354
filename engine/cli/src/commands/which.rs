//! Which project, flow or plugin an argument means: the same in every command.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use dialgraph_flow::Project;
use dialgraph_flow::project::{Folder, PROJECT_FILE};

use crate::args::ProjectArgs;
use crate::workshop::MAX_COMPONENT;

/// Where projects have their flows.
const FLOWS: &str = "flows";
const FLOW_FILE: &str = ".flow.yaml";

impl ProjectArgs {
    /// The folder of the project: the one that is named, or its `flows`, or the nearest from here
    /// upwards.
    pub(crate) fn folder(&self) -> Result<PathBuf> {
        let found = match &self.project {
            Some(folder) => named(folder),
            None => find(&here()?).with_context(|| {
                format!(
                    "there is no project: no folder from here upwards holds `{PROJECT_FILE}` or `{FLOWS}/{PROJECT_FILE}`; go to one, name its folder with --project, or make one with `dialgraph init NAME`{}",
                    misspelt(Path::new("."))
                )
            })?,
        };
        tell(&found);
        Ok(found)
    }

    /// As [`folder`](Self::folder), for commands that can do without a project.
    pub(crate) fn folder_if_any(&self) -> Result<Option<PathBuf>> {
        let found = match &self.project {
            Some(folder) => Some(named(folder)),
            None => find(&here()?),
        };
        found.iter().for_each(|folder| tell(folder));
        Ok(found)
    }
}

/// The project that is meant by a folder: itself, or the `flows` in it.
pub(crate) fn named(folder: &Path) -> PathBuf {
    let flows = folder.join(FLOWS);
    if !Folder::is_project(folder) && Folder::is_project(&flows) {
        flows
    } else {
        folder.to_owned()
    }
}

/// Says which project is taken, when it is not that of the working folder: there is more than one
/// way to come by another.
pub(crate) fn tell(project: &Path) {
    use std::sync::{Mutex, PoisonError};
    static TOLD: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    let Ok(full) = project.canonicalize() else { return };
    let own =
        [Path::new("."), Path::new(FLOWS)].into_iter().find(|folder| Folder::is_project(folder));
    if own.and_then(|own| own.canonicalize().ok()).is_some_and(|own| own == full) {
        return;
    }
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if !told.contains(&full) {
        eprintln!("project: {}", project.display());
        told.push(full);
    }
}

/// The project files in `folder` that are not called as they must be.
fn misspelt(folder: &Path) -> String {
    let near = ["dialgraph.yml", "Dialgraph.yaml", "dialgraph.YAML", "flows/dialgraph.yml"];
    let found = near.iter().find(|name| folder.join(name).is_file());
    found
        .map(|name| format!("; there is a `{name}`, which must be called `{PROJECT_FILE}`"))
        .unwrap_or_default()
}

fn here() -> Result<PathBuf> {
    std::env::current_dir().context("cannot determine the current folder")
}

/// The nearest project from `here` upwards, as one would type it there.
fn find(here: &Path) -> Option<PathBuf> {
    let mut typed = PathBuf::new();
    for folder in here.ancestors() {
        if Folder::is_project(folder) {
            return Some(if typed.as_os_str().is_empty() { ".".into() } else { typed });
        }
        if Folder::is_project(&folder.join(FLOWS)) {
            return Some(typed.join(FLOWS));
        }
        typed.push("..");
    }
    None
}

/// A flow of a project.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FlowRef {
    /// Folder of the project.
    pub(crate) project: PathBuf,
    pub(crate) name: String,
}

/// The flow that is meant by its name, or by its file.
pub(crate) fn flow(given: &str, project: &ProjectArgs) -> Result<FlowRef> {
    let path = Path::new(given);
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    if path.exists()
        && !path.is_dir()
        && let Some(name) = file.strip_suffix(FLOW_FILE)
    {
        return Ok(FlowRef { project: project_of(path)?, name: name.to_owned() });
    }
    Ok(FlowRef { project: project.folder()?, name: given.to_owned() })
}

/// The nearest project above a file.
pub(crate) fn project_of(file: &Path) -> Result<PathBuf> {
    let found = above(file)?;
    tell(&found);
    Ok(found)
}

fn above(file: &Path) -> Result<PathBuf> {
    let full = file.canonicalize().with_context(|| format!("cannot read {}", file.display()))?;
    let found = full.ancestors().skip(1).find(|folder| Folder::is_project(folder));
    let found = found.with_context(|| {
        format!(
            "{} is not part of a project: no folder above it holds a `{PROJECT_FILE}`",
            file.display()
        )
    })?;
    // Diagnostics show paths as one would type them here.
    let here = here()?;
    if let Ok(below) = found.strip_prefix(&here) {
        return Ok(if below.as_os_str().is_empty() { ".".into() } else { below.to_owned() });
    }
    let typed =
        find(&here).filter(|typed| typed.canonicalize().is_ok_and(|folder| folder == found));
    Ok(typed.unwrap_or_else(|| found.to_owned()))
}

/// There is no flow or plugin of a name: the one that was meant, or all there are.
pub(crate) fn unknown<'n>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'n str> + Clone,
) -> anyhow::Error {
    match dialgraph_base::nearest(name, known.clone()) {
        Some(near) => anyhow::anyhow!("there is no {what} `{name}`; did you mean `{near}`?"),
        None => {
            let known: Vec<&str> = known.collect();
            anyhow::anyhow!("there is no {what} `{name}`; there are {}", known.join(", "))
        }
    }
}

/// Name and bytes of a component: a file, or by name a plugin of the project or one that comes with
/// the command.
pub(crate) fn component(plugin: &str, project: &ProjectArgs) -> Result<(String, Vec<u8>)> {
    let path = Path::new(plugin);
    if path.exists() && !path.is_dir() {
        return read(path);
    }
    if plugin.ends_with(".wasm") {
        bail!("there is no file {plugin}");
    }
    let files = match project.folder_if_any()? {
        Some(folder) => Project::load(&folder)?.plugin_files().to_vec(),
        None => Vec::new(),
    };
    if let Some(file) = files.iter().find(|file| plugin_name(file) == plugin) {
        return read(file);
    }
    let shipped = dialgraph_guests::shipped();
    if let Some((name, bytes)) = shipped.iter().find(|(name, _)| *name == plugin) {
        return Ok(((*name).to_owned(), bytes.to_vec()));
    }
    let own: Vec<String> = files.iter().map(|file| plugin_name(file)).collect();
    let shipped = shipped.iter().map(|(name, _)| *name);
    let known = own.iter().map(String::as_str).chain(shipped);
    Err(unknown("file, not a plugin", plugin, known))
}

/// What a component is called, by its file.
pub(crate) fn plugin_name(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-")
}

fn read(file: &Path) -> Result<(String, Vec<u8>)> {
    let bytes = dialgraph_files::read(file, MAX_COMPONENT)
        .with_context(|| format!("cannot read {}", file.display()))?;
    Ok((plugin_name(file), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_found_from_within_beside_and_below_and_nowhere_else() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        for folder in ["shop/flows/data", "shop/tests/calls", "elsewhere"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        std::fs::write(root.join("shop/flows").join(PROJECT_FILE), "").unwrap();
        let found = |from: &str| find(&root.join(from)).map(|path| path.display().to_string());
        assert_eq!(found("shop").as_deref(), Some("flows"));
        assert_eq!(found("shop/flows").as_deref(), Some("."));
        assert_eq!(found("shop/flows/data").as_deref(), Some(".."));
        assert_eq!(found("shop/tests/calls").as_deref(), Some("../../flows"));
        assert_eq!(found("elsewhere"), None);
        // By its name as from within.
        assert_eq!(named(&root.join("shop")), root.join("shop/flows"));
        assert_eq!(named(&root.join("shop/flows")), root.join("shop/flows"));
        assert_eq!(named(&root.join("elsewhere")), root.join("elsewhere"));
        // What is broken is this project's, and no reason to take another.
        std::os::unix::fs::symlink("nowhere", root.join("shop/tests").join(PROJECT_FILE)).unwrap();
        assert_eq!(found("shop/tests/calls").as_deref(), Some(".."));
    }
}
