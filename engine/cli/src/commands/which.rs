//! Which project, flow or plugin an argument means: the same in every command.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use dialgraph_flow::Project;
use dialgraph_flow::project::{Folder, PROJECT_FILE};

use crate::args::ProjectArgs;
use crate::workshop::MAX_COMPONENT;

/// Where projects have their flows.
const FLOWS: &str = "flows";
/// In a folder of several projects, names the one that is meant where none is named.
const DEFAULT: &str = "default-project";
const FLOW_FILE: &str = ".flow.yaml";

impl ProjectArgs {
    /// The folder of the project: the one that is named, or its `flows`, or the nearest from here
    /// upwards.
    pub(crate) fn folder(&self) -> Result<PathBuf> {
        let found = match &self.project {
            Some(folder) => named(folder),
            None => {
                let here = here()?;
                find(&here).with_context(|| no_project(&here))?
            }
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

/// The project that is meant by a folder: itself, one in it, or in its `flows`. Where there is no
/// such folder, by its name alone the project in the nearest `flows` upwards.
pub(crate) fn named(folder: &Path) -> PathBuf {
    let found = within(folder).or_else(|| within(&folder.join(FLOWS)));
    let is_name = folder.components().count() == 1 && !folder.exists();
    let found = found.or_else(|| {
        let here = std::env::current_dir().ok().filter(|_| is_name)?;
        beside(&here, folder)
    });
    found.unwrap_or_else(|| folder.to_owned())
}

/// The project of this name in the nearest `flows` from `here` upwards, as one would type it there.
fn beside(here: &Path, name: &Path) -> Option<PathBuf> {
    let mut typed = PathBuf::new();
    for folder in here.ancestors() {
        if Folder::is_project(&folder.join(FLOWS).join(name)) {
            return Some(typed.join(FLOWS).join(name));
        }
        typed.push("..");
    }
    None
}

/// The project in a folder: the folder itself, or of the projects in it the default, or the only
/// one.
fn within(folder: &Path) -> Option<PathBuf> {
    if Folder::is_project(folder) {
        return Some(folder.to_owned());
    }
    let default = std::fs::read_to_string(folder.join(DEFAULT)).ok();
    if let Some(name) = default.as_deref().map(str::trim) {
        return Some(folder.join(name)).filter(|project| Folder::is_project(project));
    }
    match &*projects(folder) {
        [only] => Some(folder.join(only)),
        _ => None,
    }
}

/// Every project in a folder: itself, or all in it or in its `flows`. A folder without any stands
/// for itself, to be told about.
pub(crate) fn all_in(folder: &Path) -> Vec<PathBuf> {
    for within in [folder.to_owned(), folder.join(FLOWS)] {
        if Folder::is_project(&within) {
            return vec![within];
        }
        let all = projects(&within);
        if !all.is_empty() {
            return all.iter().map(|name| within.join(name)).collect();
        }
    }
    vec![folder.to_owned()]
}

/// The names of the projects in a folder.
fn projects(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let projects = entries.filter(|entry| Folder::is_project(&entry.path()));
    let mut names: Vec<String> =
        projects.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn no_project(here: &Path) -> String {
    let several = here.ancestors().map(|folder| folder.join(FLOWS));
    let several = several.map(|flows| (projects(&flows), flows)).find(|(all, _)| !all.is_empty());
    if let Some((all, flows)) = several {
        return format!(
            "{} holds several projects and its file `{DEFAULT}` names none of them: name one with --project; there are {}",
            flows.display(),
            all.join(", ")
        );
    }
    format!(
        "there is no project: no folder from here upwards holds `{PROJECT_FILE}` or `{FLOWS}/{PROJECT_FILE}`; go to one, name its folder with --project, or make one with `dialgraph init NAME`{}",
        misspelt(Path::new("."))
    )
}

/// Says which project is taken, when it is not that of the working folder: there is more than one
/// way to come by another.
pub(crate) fn tell(project: &Path) {
    use std::sync::{Mutex, PoisonError};
    static TOLD: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    let Ok(full) = project.canonicalize() else { return };
    let own = Some(PathBuf::from(".")).filter(|folder| Folder::is_project(folder));
    let own = own.or_else(|| within(Path::new(FLOWS)));
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
        if let Some(project) = within(&folder.join(FLOWS)) {
            let within = project.strip_prefix(folder).unwrap_or(Path::new(FLOWS));
            return Some(typed.join(within));
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
        // Several projects: the default, any by its name, and none by chance.
        for project in ["desk", "cafe"] {
            let folder = root.join("several/flows").join(project);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(PROJECT_FILE), "").unwrap();
        }
        assert_eq!(found("several"), None);
        let told = no_project(&root.join("several"));
        assert!(told.ends_with("there are cafe, desk"), "{told}");
        std::fs::write(root.join("several/flows/default-project"), "desk\n").unwrap();
        assert_eq!(found("several").as_deref(), Some("flows/desk"));
        assert_eq!(found("several/flows/cafe").as_deref(), Some("."));
        assert_eq!(named(&root.join("several")), root.join("several/flows/desk"));
        assert_eq!(named(&root.join("several/flows")), root.join("several/flows/desk"));
        let all = ["cafe", "desk"].map(|name| root.join("several/flows").join(name));
        assert_eq!(all_in(&root.join("several")), all);
        assert_eq!(all_in(&root.join("several/flows")), all);
        assert_eq!(all_in(&root.join("shop")), [root.join("shop/flows")]);
        let by_name = beside(&root.join("several/flows/desk"), Path::new("cafe"));
        assert_eq!(by_name, Some("../../flows/cafe".into()));
        // What is broken is this project's, and no reason to take another.
        std::os::unix::fs::symlink("nowhere", root.join("shop/tests").join(PROJECT_FILE)).unwrap();
        assert_eq!(found("shop/tests/calls").as_deref(), Some(".."));
    }
}
