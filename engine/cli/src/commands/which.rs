//! Which project, flow or plugin an argument means: the same in every command.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use dialgraph_flow::Project;
use dialgraph_flow::project::PROJECT_FILE;

use crate::args::ProjectArgs;

/// Where projects have their flows.
const FLOWS: &str = "flows";
const FLOW_FILE: &str = ".flow.yaml";

impl ProjectArgs {
    /// The folder of the project: the one that is named, or the nearest from here upwards.
    pub(crate) fn folder(&self) -> Result<PathBuf> {
        match &self.project {
            Some(folder) => Ok(folder.clone()),
            None => find(&here()?).with_context(|| {
                format!(
                    "there is no project: no folder from here upwards holds `{PROJECT_FILE}` or `{FLOWS}/{PROJECT_FILE}`; go to one, or name its folder with --project"
                )
            }),
        }
    }

    /// As [`folder`](Self::folder), for commands that can do without a project.
    pub(crate) fn folder_if_any(&self) -> Result<Option<PathBuf>> {
        match &self.project {
            Some(folder) => Ok(Some(folder.clone())),
            None => Ok(find(&here()?)),
        }
    }
}

fn here() -> Result<PathBuf> {
    std::env::current_dir().context("cannot tell which folder this is")
}

/// The nearest project from `here` upwards, as one would type it there.
fn find(here: &Path) -> Option<PathBuf> {
    let mut typed = PathBuf::new();
    for folder in here.ancestors() {
        if folder.join(PROJECT_FILE).is_file() {
            return Some(if typed.as_os_str().is_empty() { ".".into() } else { typed });
        }
        if folder.join(FLOWS).join(PROJECT_FILE).is_file() {
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
    if path.is_file()
        && let Some(name) = file.strip_suffix(FLOW_FILE)
    {
        return Ok(FlowRef { project: project_of(path)?, name: name.to_owned() });
    }
    Ok(FlowRef { project: project.folder()?, name: given.to_owned() })
}

/// The nearest project above a file.
pub(crate) fn project_of(file: &Path) -> Result<PathBuf> {
    let full = file.canonicalize().with_context(|| format!("cannot read {}", file.display()))?;
    let found = full.ancestors().skip(1).find(|folder| folder.join(PROJECT_FILE).is_file());
    let found = found.with_context(|| {
        format!(
            "{} belongs to no project: no folder above it holds a `{PROJECT_FILE}`",
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
    match dialgraph_flow::nearest(name, known.clone()) {
        Some(near) => anyhow::anyhow!("there is no {what} `{name}`; did you mean `{near}`?"),
        None => {
            let known: Vec<&str> = known.collect();
            anyhow::anyhow!("there is no {what} `{name}`; there are {}", known.join(", "))
        }
    }
}

/// Name and bytes of a component: a file, or by name a plugin of the project or one that comes with the command.
pub(crate) fn component(plugin: &str, project: &ProjectArgs) -> Result<(String, Vec<u8>)> {
    let path = Path::new(plugin);
    if path.is_file() {
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
    Err(unknown("file and no plugin", plugin, known))
}

/// What a component is called, by its file.
pub(crate) fn plugin_name(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-")
}

fn read(file: &Path) -> Result<(String, Vec<u8>)> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
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
    }
}
