//! The command with Amazon's services behind it, as stand-ins have them: in builds with the feature
//! `aws`.
#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic, its helpers too")]

mod keys;
mod say;

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder, and a command that knows nothing of this machine's user.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
    settings: Vec<(String, String)>,
}

impl Desk {
    pub(crate) fn new(environment: Vec<(&'static str, String)>) -> Self {
        let settings = environment.into_iter().map(|(name, value)| (name.to_owned(), value));
        Self { folder: tempfile::tempdir().unwrap(), settings: settings.collect() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dialgraph"));
        for name in
            ["AWS_PROFILE", "AWS_DEFAULT_REGION", "DIALGRAPH_PROJECT", "DIALGRAPH_STORE_KEY"]
        {
            command.env_remove(name);
        }
        command
            .current_dir(self.folder.path())
            .env("DIALGRAPH_SPEECH_CACHE", "speech")
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Exit code, standard output, standard error.
    pub(crate) fn run(&self, args: &[&str]) -> (i32, String, String) {
        let output = self.command().args(args).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }
}

/// The shipped flows.
pub(crate) fn flows() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../flows/support-desk")
        .canonicalize()
        .unwrap();
    path.to_str().unwrap().to_owned()
}
