//! Speech that was made before, on disk under the digest of what was asked for.
//!
//! A file is a line of JSON with the audio's own digest, and the audio. It is written beside and
//! renamed, so that a reader finds a whole file or none; and it is checked when it is read, so that
//! a damaged one is made anew and not played. When all together outgrow the bound, those go that
//! were not read for the longest time.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use dialgraph_base::Digest;
use serde::{Deserialize, Serialize};

use super::Audio;
use super::speech::Speech;

/// Bytes that are kept: some hours of µ-law, some days of work on prompts.
const MAX_BYTES: u64 = 256 << 20;

/// How the files end.
const ENDING: &str = ".speech";

/// A folder with speech.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    most: u64,
}

/// Why something could not be kept. Speech is had without a cache, too.
#[derive(Debug, thiserror::Error)]
#[error("{doing} {}: {why}", path.display())]
pub struct CacheError {
    doing: &'static str,
    path: PathBuf,
    why: std::io::Error,
}

/// The first line of a file.
#[derive(Serialize, Deserialize)]
struct Head {
    version: u32,
    audio: Digest,
    bytes: usize,
    characters: Option<u32>,
}

impl Cache {
    /// The cache in `folder`, which is made when it is needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), most: MAX_BYTES }
    }

    fn path(&self, speech: &Speech) -> PathBuf {
        self.folder.join(format!("{}{ENDING}", speech.digest().hex()))
    }

    /// What was made of `speech` before. Whatever cannot be read is taken for not there.
    pub fn get(&self, speech: &Speech) -> Option<Audio> {
        let path = self.path(speech);
        let file = Bytes::from(fs::read(&path).ok()?);
        let Some(audio) = whole(&file) else {
            tracing::warn!(path = %path.display(), "damaged speech in the cache is made anew");
            return None;
        };
        // For the bound: it was of use now. If that cannot be noted, it goes a little earlier.
        if let Ok(file) = File::options().append(true).open(&path) {
            #[expect(clippy::disallowed_methods, reason = "the age of a file is the system's")]
            let _ = file.set_modified(SystemTime::now());
        }
        Some(audio)
    }

    /// Keeps what was made of `speech`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put(&self, speech: &Speech, audio: &Audio) -> Result<(), CacheError> {
        let path = self.path(speech);
        let failed = |why| CacheError { doing: "cannot keep speech in", path: path.clone(), why };
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let head = Head {
            version: 1,
            audio: Digest::of(&audio.bytes),
            bytes: audio.bytes.len(),
            characters: audio.characters,
        };
        let mut line = serde_json::to_vec(&head).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        let mut beside = tempfile::NamedTempFile::new_in(&self.folder).map_err(failed)?;
        beside
            .write_all(&line)
            .and_then(|()| beside.write_all(&audio.bytes))
            .and_then(|()| beside.as_file().sync_all())
            .map_err(failed)?;
        beside.persist(&path).map_err(|error| failed(error.error))?;
        self.shrink(&path)
    }

    /// Takes out what was not read for the longest time, until the rest is within the bound.
    /// `newest` stays.
    fn shrink(&self, newest: &Path) -> Result<(), CacheError> {
        let failed =
            |why| CacheError { doing: "cannot look through", path: self.folder.clone(), why };
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if !entry.file_name().to_string_lossy().ends_with(ENDING) {
                continue;
            }
            // Another process may have taken it out meanwhile.
            let Ok(known) = entry.metadata() else { continue };
            let read = known.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            files.push((read, known.len(), entry.path()));
        }
        let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        files.sort();
        for (_, length, path) in files {
            if bytes <= self.most {
                break;
            }
            if path == newest {
                continue;
            }
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
                _ => bytes -= length,
            }
        }
        Ok(())
    }
}

/// The audio of a file, if nothing is missing or changed.
fn whole(file: &Bytes) -> Option<Audio> {
    let end = file.iter().position(|byte| *byte == b'\n')?;
    let head: Head = serde_json::from_slice(&file[..end]).ok()?;
    let bytes = file.slice(end + 1..);
    let good = head.version == 1 && head.bytes == bytes.len() && head.audio == Digest::of(&bytes);
    good.then_some(Audio { bytes, characters: head.characters })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::polly::{Format, Voice, VoiceEngine};

    fn speech(text: &str) -> Speech {
        let voice = Voice::new("Seoyeon", VoiceEngine::Neural, Some("ko-KR")).unwrap();
        Speech { text: text.to_owned(), ssml: false, voice, format: Format::Mp3 }
    }

    fn audio(length: usize) -> Audio {
        Audio { bytes: vec![b'a'; length].into(), characters: Some(5) }
    }

    #[test]
    fn speech_is_found_again_by_everything_that_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("speech"));
        let hello = speech("안녕하세요");
        assert_eq!(cache.get(&hello), None);
        cache.put(&hello, &audio(9)).unwrap();
        assert_eq!(cache.get(&hello), Some(audio(9)));
        let mut others = vec![hello; 5];
        others[0].text.push('.');
        others[1].ssml = true;
        others[2].format = Format::Mulaw;
        others[3].voice.engine = VoiceEngine::Standard;
        others[4].voice.language = None;
        for other in others {
            assert_eq!(cache.get(&other), None, "{other:?}");
        }
    }

    #[test]
    fn a_file_that_was_cut_or_changed_is_not_played() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        let hello = speech("안녕하세요");
        cache.put(&hello, &audio(9)).unwrap();
        let path = cache.path(&hello);
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            fs::write(&path, &good[..at]).unwrap();
            assert_eq!(cache.get(&hello), None, "cut at {at}");
        }
        let mut changed = good.clone();
        *changed.last_mut().unwrap() ^= 1;
        fs::write(&path, &changed).unwrap();
        assert_eq!(cache.get(&hello), None);
        cache.put(&hello, &audio(9)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), good, "made anew");
    }

    #[test]
    fn what_was_not_read_for_the_longest_time_goes_when_there_is_too_much() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache { folder: folder.path().to_owned(), most: 700 };
        let at = |text: &str, seconds: u64| {
            let file = File::options().append(true).open(cache.path(&speech(text))).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        };
        for (text, seconds) in [("one", 1), ("two", 2)] {
            cache.put(&speech(text), &audio(150)).unwrap();
            at(text, seconds);
        }
        assert!(cache.get(&speech("one")).is_some(), "which is a use of it");
        cache.put(&speech("three"), &audio(150)).unwrap();
        let there = ["one", "two", "three"].map(|text| cache.get(&speech(text)).is_some());
        assert_eq!(there, [true, false, true]);
        cache.put(&speech("huge"), &audio(2000)).unwrap();
        assert!(cache.get(&speech("huge")).is_some(), "the newest stays, however large");
    }
}
