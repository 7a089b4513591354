//! Watches a project folder and pushes what changes in it.
//!
//! By looking, not by being told: a folder of a project is small, a look is a `stat` for each file,
//! and that works the same on network file systems, in containers and for every way in which
//! editors write. A change is taken in when two looks in a row have seen the same, so that a file
//! that is being written, or a checkout under way, is left to finish.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::change::ChangeOutcome;
use crate::content::blocking;
use crate::deploy::Deploy;
use crate::error::DeployError;
use crate::source::Source;

/// What of a file shows that it is another one: a file that was put in the place of another (as
/// editors and atomic writers do) has another number even if size and time are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    bytes: u64,
    modified: Option<SystemTime>,
    number: u64,
    changed: i64,
}

/// All that matters of a folder at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look(BTreeMap<PathBuf, Mark>);

const MAX_FOLDERS: usize = 9;

impl Look {
    /// Looks at `folder`. What cannot be read, or vanishes meanwhile, is not there.
    pub fn at(folder: &Path) -> Self {
        let mut look = Self::default();
        look.add(folder, 0);
        look
    }

    fn add(&mut self, folder: &Path, depth: usize) {
        let Ok(entries) = folder.read_dir() else { return };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            let ends = [".yaml", ".yml", ".md", ".json", ".wasm", ".minisig"];
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < MAX_FOLDERS => self.add(&path, depth + 1),
                Ok(kind) if !kind.is_dir() && ends.iter().any(|end| name.ends_with(end)) => {
                    // Of what a link points to.
                    if let Ok(data) = std::fs::metadata(&path) {
                        self.0.insert(path, mark(&data));
                    }
                }
                _ => {}
            }
        }
    }
}

fn mark(data: &std::fs::Metadata) -> Mark {
    #[cfg(unix)]
    let (number, changed) = {
        use std::os::unix::fs::MetadataExt as _;
        (data.ino(), data.ctime().wrapping_mul(1_000_000_000).wrapping_add(data.ctime_nsec()))
    };
    #[cfg(not(unix))]
    let (number, changed) = (0, 0);
    Mark { bytes: data.len(), modified: data.modified().ok(), number, changed }
}

/// Decides when a folder has changed and come to rest, and when to try again what could not be
/// done.
#[derive(Debug)]
pub struct Settling {
    /// What was taken in or refused last.
    taken: Look,
    /// What was seen last.
    seen: Look,
    /// Tries of what was seen last that came to nothing.
    tries: u32,
    /// Looks until the next one.
    pause: u32,
}

/// Most looks between two tries.
const LONGEST_PAUSE: u32 = 40;

impl Settling {
    /// The folder looked so when it was last taken in.
    pub fn new(taken: Look) -> Self {
        Self { seen: taken.clone(), taken, tries: 0, pause: 0 }
    }

    /// Takes one look; true when it is time to take the folder in, which then was
    /// [done](Self::done) or has [failed](Self::failed).
    pub fn settled(&mut self, look: Look) -> bool {
        if look != self.seen {
            self.seen = look;
            (self.tries, self.pause) = (0, 0);
            return false;
        }
        if self.seen == self.taken {
            return false;
        }
        let due = self.pause == 0;
        self.pause = self.pause.saturating_sub(1);
        due
    }

    /// What was seen last is live, or was refused: trying it again would change nothing.
    pub fn done(&mut self) {
        self.taken.clone_from(&self.seen);
    }

    /// What was seen last could not be taken in now, and may be later.
    pub fn failed(&mut self) {
        self.pause = 1_u32.checked_shl(self.tries).unwrap_or(u32::MAX).min(LONGEST_PAUSE);
        self.tries += 1;
    }
}

/// A folder to be watched.
#[derive(Debug, Clone)]
pub struct Watch {
    pub folder: PathBuf,
    /// Time between two looks; a change is taken in within two or three of them.
    pub interval: Duration,
    /// The plugins that come with the engine.
    pub shipped: &'static [(&'static str, &'static [u8])],
}

impl Watch {
    /// Watches until the end of the program, and hands what came of each change to `told`.
    pub async fn run(
        self,
        deploy: Deploy,
        mut told: impl FnMut(Result<ChangeOutcome, WatchError>) + Send,
    ) {
        let folder = self.folder.clone();
        // Whatever changed since the engine started must not be missed: the first look takes
        // nothing for granted.
        let mut settling = Settling::new(Look::default());
        // Why it failed last: what is tried again and again is told once.
        let mut said = String::new();
        loop {
            let look_at = folder.clone();
            let look = match tokio::task::spawn_blocking(move || Look::at(&look_at)).await {
                Ok(look) => look,
                Err(_) => return, // the runtime is ending
            };
            if settling.settled(look) {
                let result = self.import(&deploy).await;
                match &result {
                    Ok(_) | Err(WatchError::Deploy(DeployError::Refused(_))) => settling.done(),
                    // A canary runs, the store is away, another process was faster, a file cannot
                    // be read.
                    Err(_) => settling.failed(),
                }
                let words = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
                match result {
                    // Nothing of it is other than it was: somebody saved a file as it is.
                    Ok(outcome) if !outcome.changed => {}
                    Err(_) if words == said => {}
                    result => told(result),
                }
                said = words;
            }
            tokio::time::sleep(self.interval).await;
        }
    }

    async fn import(&self, deploy: &Deploy) -> Result<ChangeOutcome, WatchError> {
        let (folder, shipped) = (self.folder.clone(), self.shipped);
        let read = blocking(move || Ok(Source::folder(&folder, shipped))).await?;
        Ok(deploy.import(&read?).await?)
    }
}

/// Why a change in a folder was not taken in. What was live is still live.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error(transparent)]
    Source(#[from] crate::SourceError),
    #[error(transparent)]
    Deploy(#[from] DeployError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_taken_in_once_it_has_come_to_rest() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.flow.yaml");
        let look = || Look::at(folder.path());
        std::fs::write(&file, "one").unwrap();
        let mut settling = Settling::new(look());
        assert!(!settling.settled(look()), "nothing has changed");
        std::fs::write(&file, "two and").unwrap();
        assert!(!settling.settled(look()), "it may be half written");
        std::fs::write(&file, "two and three").unwrap();
        assert!(!settling.settled(look()), "and so it was");
        assert!(settling.settled(look()));
        settling.done();
        assert!(!settling.settled(look()), "once is enough");
    }

    #[test]
    fn what_could_not_be_taken_in_is_tried_again_less_and_less_often() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.flow.yaml");
        let look = || Look::at(folder.path());
        let mut settling = Settling::new(look());
        std::fs::write(&file, "one").unwrap();
        settling.settled(look());
        let mut tried = Vec::new();
        for number in 0..200 {
            if settling.settled(look()) {
                tried.push(number);
                settling.failed();
            }
        }
        assert_eq!(tried, [0, 2, 5, 10, 19, 36, 69, 110, 151, 192]);
        std::fs::write(&file, "other words").unwrap();
        assert!(!settling.settled(look()));
        assert!(settling.settled(look()), "a further change is tried at once");
        settling.done();
        assert!(!settling.settled(look()));
    }

    #[test]
    fn a_file_put_in_the_place_of_another_is_seen_even_with_its_size_and_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.flow.yaml");
        std::fs::write(&file, "one").unwrap();
        let before = Look::at(folder.path());
        let time = std::fs::metadata(&file).unwrap().modified().unwrap();
        let other = folder.path().join(".a.flow.yaml.tmp");
        std::fs::write(&other, "two").unwrap();
        std::fs::File::options().write(true).open(&other).unwrap().set_modified(time).unwrap();
        std::fs::rename(&other, &file).unwrap();
        let after = Look::at(folder.path());
        assert_ne!(before, after);
        let names: Vec<_> = after.0.keys().map(|p| p.file_name().unwrap()).collect();
        assert_eq!(names, ["a.flow.yaml"], "what begins with a dot is not the project's");
    }

    #[test]
    fn a_folder_that_is_gone_is_empty_and_one_that_comes_back_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("plugins");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(inner.join("x.wasm"), "x").unwrap();
        let before = Look::at(folder.path());
        assert_eq!(before.0.len(), 1);
        std::fs::remove_dir_all(&inner).unwrap();
        let mut settling = Settling::new(before);
        assert!(!settling.settled(Look::at(folder.path())));
        assert!(settling.settled(Look::at(folder.path())));
    }
}
