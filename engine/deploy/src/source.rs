//! A project folder with its plugins, as it is pushed by itself.

use std::collections::BTreeMap;
use std::path::Path;

use dialgraph_base::Digest;
use dialgraph_files::Unread;
use dialgraph_flow::diagnostic::Report;
use dialgraph_flow::project::{Files, Folder, LoadError};

use crate::change::{Change, NewPlugin};
use crate::manifest::Manifest;
use crate::reach::Allow;

/// Texts and plugins that somebody keeps outside the engine.
#[derive(Debug, Clone, Default)]
pub struct Source {
    files: Files,
    plugins: BTreeMap<String, NewPlugin>,
}

/// Why a folder could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error(transparent)]
    Project(#[from] LoadError),
    #[error("the project's folder holds something that cannot be imported:\n{}", .0.render(false))]
    Amiss(Box<Report>),
    #[error("cannot read `{path}`: {why}")]
    Io { path: String, why: Unread },
}

/// Bytes of a component; one that is larger than the engine takes is refused when it is loaded.
const MAX_COMPONENT: u64 = 256 << 20;
/// What stands beside a component when it is signed.
const SIGNATURE_END: &str = "minisig";

impl Source {
    /// A project of these texts, with the plugins that come with the engine.
    pub fn new(files: Files, shipped: &[(&str, &[u8])]) -> Self {
        let plugins = shipped
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), NewPlugin::shipped(bytes.to_vec())))
            .collect();
        Self { files, plugins }
    }

    /// The project in `folder`, with the components in its `plugins/` (each with its `.minisig`, if
    /// it has one) and those that come with the engine; of two with one name the folder's is taken.
    /// Blocks.
    ///
    /// # Errors
    /// When something there cannot be read.
    pub fn folder(folder: &Path, shipped: &[(&str, &[u8])]) -> Result<Self, SourceError> {
        let read = Folder::read(folder)?.whole(&folder.to_string_lossy());
        let read = read.map_err(SourceError::Amiss)?;
        let mut source = Self::new(read.files, shipped);
        for file in &read.plugin_files {
            let io = |file: &Path, why| SourceError::Io { path: file.display().to_string(), why };
            let bytes = dialgraph_files::read(file, MAX_COMPONENT).map_err(|why| io(file, why))?;
            let mut beside = file.clone().into_os_string();
            beside.push(format!(".{SIGNATURE_END}"));
            let beside = Path::new(&beside);
            let signature = match dialgraph_files::text(beside, dialgraph_files::MAX_SETTINGS) {
                Ok(text) => Some(text),
                Err(why) if why.is_missing() => None,
                Err(why) => return Err(io(beside, why)),
            };
            let name = file.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-");
            source.plugins.insert(name, NewPlugin::new(bytes, signature));
        }
        Ok(source)
    }

    /// What it is made of, by content.
    pub fn manifest(&self) -> Manifest {
        let digest = |(name, bytes): (&String, &[u8])| (name.clone(), Digest::of(bytes));
        Manifest {
            files: self.files.iter().map(|(n, b)| digest((n, b))).collect(),
            plugins: self.plugins.iter().map(|(n, p)| digest((n, p.bytes()))).collect(),
        }
    }

    /// What has changed in it since it looked like `before`, and what it looks like now.
    pub(crate) fn changes_since(&self, before: &Manifest) -> (Change, Manifest) {
        let after = self.manifest();
        // Whoever can write this folder can write its grants.
        let mut change = Change { allow: Allow::Everything, ..Change::default() };
        for (path, bytes) in &self.files {
            if before.files.get(path) != after.files.get(path) {
                change.files.insert(path.clone(), Some(bytes.clone()));
            }
        }
        for (name, plugin) in &self.plugins {
            if before.plugins.get(name) != after.plugins.get(name) {
                change.plugins.insert(name.clone(), Some(plugin.clone()));
            }
        }
        for path in before.files.keys().filter(|path| !after.files.contains_key(*path)) {
            change.files.insert(path.clone(), None);
        }
        for name in before.plugins.keys().filter(|name| !after.plugins.contains_key(*name)) {
            change.plugins.insert(name.clone(), None);
        }
        (change, after)
    }
}
