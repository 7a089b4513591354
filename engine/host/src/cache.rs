//! Compiled plugins on disk, so that a second start compiles nothing and runs no `describe`.
//!
//! `<dir>/<engine>/<digest>.cwasm` is machine code as wasmtime made it and `<digest>.json` what
//! else was learnt, with the checksum of the former. `<engine>` names the compiler, its settings
//! and the machine. Anything that does not fit together is made anew; nothing here is ever needed.
//! A folder that cannot be written to, as in an image or an archive, is only read.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use dialgraph_base::{Descriptor, Digest};
use serde::{Deserialize, Serialize};

use crate::compiled::{Code, Needs};
use crate::examine::Examined;

/// Counts up when [`Entry`] or what stands behind it changes its meaning.
const FORMAT: u32 = 1;

#[derive(Debug)]
pub(crate) struct Cache {
    dir: PathBuf,
    writable: bool,
}

/// What is known of a plugin beside its code.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Entry {
    format: u32,
    /// Of the code.
    checksum: Digest,
    pub(crate) examined: Examined,
    pub(crate) needs: Needs,
    pub(crate) descriptor: Descriptor,
}

impl Cache {
    /// A cache below `dir`, or none, with a warning, where it cannot be had or is not safe.
    pub(crate) fn open(dir: &Path, compiler_hash: u64) -> Option<Self> {
        let dir = dir.join(format!("{compiler_hash:016x}"));
        match prepare(&dir) {
            Ok(writable) => Some(Self { dir, writable }),
            Err(error) => {
                tracing::warn!(
                    dir = %dir.display(),
                    %error,
                    "compiled plugins are not cached, so every start compiles them anew"
                );
                None
            }
        }
    }

    /// What is stored for `plugin`, if it is whole.
    pub(crate) fn get(&self, plugin: &Digest) -> Option<(Entry, Code)> {
        let entry = fs::read(self.path(plugin, "json")).ok()?;
        let entry: Entry = match serde_json::from_slice(&entry) {
            Ok(entry) => entry,
            Err(error) => {
                self.spoilt(plugin, &error.to_string());
                return None;
            }
        };
        if entry.format != FORMAT {
            return None;
        }
        let code = fs::read(self.path(plugin, "cwasm")).ok()?;
        if Digest::of(&code) != entry.checksum {
            self.spoilt(plugin, "its checksum is another");
            return None;
        }
        Some((entry, Code::made(code)))
    }

    fn spoilt(&self, plugin: &Digest, reason: &str) {
        tracing::warn!(
            file = %self.path(plugin, "cwasm").display(),
            reason,
            "a cached plugin is damaged and is compiled anew"
        );
    }

    /// Stores what was made of `plugin`. Failing to is no failure of the load.
    pub(crate) fn put(
        &self,
        plugin: &Digest,
        code: &Code,
        examined: &Examined,
        needs: Needs,
        descriptor: &Descriptor,
    ) {
        if !self.writable {
            tracing::debug!(%plugin, "this plugin is not among the compiled ones that were brought along");
            return;
        }
        let entry = Entry {
            format: FORMAT,
            checksum: Digest::of(code.bytes()),
            examined: examined.clone(),
            needs,
            descriptor: descriptor.clone(),
        };
        // The code first: an entry without its code would be looked up in vain each time.
        let written = self.write(&self.path(plugin, "cwasm"), code.bytes()).and_then(|()| {
            let entry = serde_json::to_vec_pretty(&entry)?;
            self.write(&self.path(plugin, "json"), &entry)
        });
        if let Err(error) = written {
            tracing::warn!(dir = %self.dir.display(), %error, "a compiled plugin could not be cached");
        }
    }

    /// Writes all or nothing: another process may read at any time.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    }

    fn path(&self, plugin: &Digest, extension: &str) -> PathBuf {
        self.dir.join(plugin.hex()).with_extension(extension)
    }
}

/// Makes the directory, for this user alone. False if it is there and cannot be written to.
#[cfg(unix)]
fn prepare(dir: &Path) -> io::Result<bool> {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};

    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let mode = fs::metadata(dir)?.mode();
    if mode & 0o022 != 0 {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "others may write to it (mode {:o}), and what lies there is run as machine code; `chmod 700` it after a look",
                mode & 0o777
            ),
        ));
    }
    let own = match tempfile::NamedTempFile::new_in(dir) {
        Ok(own) => own,
        // Nobody can have changed what lies there since it was put there.
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => return Ok(false),
        // The system's own files, which this user may only read.
        Err(error)
            if error.kind() == io::ErrorKind::PermissionDenied && fs::metadata(dir)?.uid() == 0 =>
        {
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    if own.as_file().metadata()?.uid() != fs::metadata(dir)?.uid() {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "it belongs to another user, and what lies there is run as machine code",
        ));
    }
    Ok(true)
}

#[cfg(not(unix))]
fn prepare(dir: &Path) -> io::Result<bool> {
    fs::create_dir_all(dir)?;
    Ok(true)
}
