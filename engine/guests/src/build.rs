//! Builds plugins for WebAssembly with cargo, the same way wherever and by whomever it is done.
//!
//! Used by this crate's build script for the shipped plugins, and by tests for guests of their own.
//! The environment is cleaned, so that neither the flags nor the wrappers of an outer build get in;
//! paths are taken out of the components, so that their digests do not depend on the folder, the
//! home or the machine.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What plugins are compiled for.
pub const TARGET: &str = "wasm32-wasip2";

/// What compilers get beside what cargo gives them. The small stack makes each run of a plugin some
/// 30 microseconds faster, for a fresh instance's stack must be zeroed.
const RUSTFLAGS: &[&str] = &["-Clink-arg=-zstack-size=65536"];

/// A component that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The package's name.
    pub name: String,
    /// The `.wasm` file, in the build's target folder.
    pub path: PathBuf,
}

/// Why plugins could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The compiler has no standard library for the target, and rustup could not add it.
    #[error(
        "plugins are built for {TARGET}, which this Rust toolchain lacks, and `{command}` failed: {why}\n\
         Run that command where it is allowed, then build again. (Without rustup: install your \
         distribution's Rust standard library for {TARGET}.)"
    )]
    NoTarget {
        /// The command to run.
        command: String,
        /// What came of it.
        why: String,
    },
    /// A program could not be started.
    #[error("`{program}` cannot be run: {source}")]
    Start {
        /// Which program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// Cargo said no.
    #[error("building the plugins in {folder} failed:\n{errors}")]
    Cargo {
        /// The folder of the workspace or package.
        folder: PathBuf,
        /// What cargo and the compiler wrote.
        errors: String,
    },
    /// A folder could not be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// Which folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A build of all components of a cargo workspace, or of a single package.
#[derive(Debug, Clone)]
pub struct Build {
    source: PathBuf,
    target_dir: PathBuf,
    cargo_home: Option<PathBuf>,
    locked: bool,
    offline: bool,
}

impl Build {
    /// Builds what is in `source` (a folder with a `Cargo.toml`) into `target_dir`.
    pub fn new(source: impl Into<PathBuf>, target_dir: impl Into<PathBuf>) -> Self {
        Self {
            source: source.into(),
            target_dir: target_dir.into(),
            cargo_home: None,
            locked: false,
            offline: false,
        }
    }

    /// Takes the versions of `Cargo.lock`, and fails when it does not fit.
    #[must_use]
    pub fn locked(mut self) -> Self {
        self.locked = true;
        self
    }

    /// Makes do with the crates that are on this machine.
    #[must_use]
    pub fn offline(mut self) -> Self {
        self.offline = true;
        self
    }

    /// Uses another cargo home.
    #[must_use]
    pub fn cargo_home(mut self, home: impl Into<PathBuf>) -> Self {
        self.cargo_home = Some(home.into());
        self
    }

    /// Makes sure of the target, then builds. Components come in the order of their names.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn run(&self) -> Result<Vec<Component>, BuildError> {
        self.ensure_target()?;
        // Fetched first, for the folders to be cut out of the components must be known.
        self.cargo(&["fetch", "--target", TARGET])?;
        let messages = self.cargo(&[
            "build",
            "--release",
            "--lib",
            "--target",
            TARGET,
            "--message-format=json-render-diagnostics",
        ])?;
        let mut components: Vec<_> = messages.lines().filter_map(component).collect();
        components.sort_by(|a, b| a.name.cmp(&b.name));
        components.dedup();
        Ok(components)
    }

    /// Runs the native tests, and returns what they wrote.
    ///
    /// # Errors
    /// [`BuildError::Cargo`] when one fails.
    pub fn test(&self) -> Result<String, BuildError> {
        self.cargo(&["test"])
    }

    /// Adds the target to the toolchain if it is not there; true if it had to.
    ///
    /// # Errors
    /// [`BuildError::NoTarget`] when it cannot be added.
    pub fn ensure_target(&self) -> Result<bool, BuildError> {
        if self.has_target()? {
            return Ok(false);
        }
        let mut arguments = vec!["target".to_owned(), "add".to_owned()];
        if let Ok(toolchain) = std::env::var("RUSTUP_TOOLCHAIN") {
            arguments.extend(["--toolchain".to_owned(), toolchain]);
        }
        arguments.push(TARGET.to_owned());
        let command = format!("rustup {}", arguments.join(" "));
        let added = Command::new("rustup").args(&arguments).current_dir(&self.source).output();
        let why = match added {
            Ok(output) if output.status.success() && self.has_target()? => return Ok(true),
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        Err(BuildError::NoTarget { command, why })
    }

    fn has_target(&self) -> Result<bool, BuildError> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut command = self.clean(&rustc);
        command.args(["--print", "target-libdir", "--target", TARGET]);
        let output = command.output().map_err(|source| BuildError::Start {
            program: rustc.to_string_lossy().into_owned(),
            source,
        })?;
        let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(output.status.success() && Path::new(&folder).is_dir())
    }

    fn cargo(&self, arguments: &[&str]) -> Result<String, BuildError> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let failed =
            |source| BuildError::Start { program: cargo.to_string_lossy().into_owned(), source };
        let mut command = self.clean(&cargo);
        command
            .args(arguments)
            .env("CARGO_TARGET_DIR", &self.target_dir)
            .env("CARGO_ENCODED_RUSTFLAGS", self.rustflags()?)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if self.locked {
            command.arg("--locked");
        }
        if self.offline {
            command.arg("--offline");
        }
        let mut child = command.spawn().map_err(failed)?;
        // Both pipes must be drained at once, or cargo waits for the one that is full.
        let errors = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                stderr.read_to_end(&mut bytes).map(|_| bytes)
            })
        });
        let output = child.wait_with_output().map_err(failed)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let errors =
            errors.and_then(|reader| reader.join().ok()).and_then(Result::ok).unwrap_or_default();
        let mut errors = String::from_utf8_lossy(&errors).into_owned();
        if errors.contains("--locked") {
            errors.push_str(&format!(
                "\nA plugin or a dependency is new. Enter it in the lock file: \
                 cargo metadata --format-version 1 --manifest-path {} > /dev/null\n",
                self.source.join("Cargo.toml").display()
            ));
        }
        Err(BuildError::Cargo { folder: self.source.clone(), errors })
    }

    /// A command without what an outer cargo, or a developer's settings for the engine, put into
    /// the environment. The toolchain, the registry's settings and the proxy stay.
    fn clean(&self, program: &OsString) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.source);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let outer = ["RUSTFLAGS", "RUSTDOCFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"]
                .contains(&&*text)
                || ["OUT_DIR", "TARGET", "HOST", "PROFILE", "OPT_LEVEL", "DEBUG", "NUM_JOBS"]
                    .contains(&&*text)
                || text == "MAKEFLAGS"
                || (text.starts_with("CARGO_")
                    && text != "CARGO_HOME"
                    && !["CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "CARGO_SOURCE_"]
                        .iter()
                        .any(|kept| text.starts_with(kept)));
            if outer {
                command.env_remove(&name);
            }
        }
        if let Some(home) = &self.cargo_home {
            command.env("CARGO_HOME", home);
        }
        command
    }

    fn rustflags(&self) -> Result<OsString, BuildError> {
        let mut flags: Vec<OsString> = RUSTFLAGS.iter().map(Into::into).collect();
        let mut remap = |from: &Path, to: &str| {
            let mut flag = OsString::from("--remap-path-prefix=");
            flag.push(from);
            flag.push("=");
            flag.push(to);
            flags.push(flag);
        };
        remap(&self.source, "/plugins");
        if let Ok(real) = self.source.canonicalize() {
            remap(&real, "/plugins");
        }
        // One folder for each registry or mirror; whichever a crate came from, it is the same
        // crate.
        let sources = self.home().join("registry").join("src");
        let mut registries = match std::fs::read_dir(&sources) {
            Ok(folder) => folder
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|source| BuildError::Read { path: sources.clone(), source })?,
            Err(_) => Vec::new(),
        };
        registries.sort();
        for registry in registries {
            remap(&registry, "/crates");
        }
        Ok(flags.join(&OsString::from("\u{1f}")))
    }

    fn home(&self) -> PathBuf {
        let home =
            self.cargo_home.clone().or_else(|| std::env::var_os("CARGO_HOME").map(PathBuf::from));
        home.unwrap_or_else(|| {
            std::env::home_dir().unwrap_or_else(|| PathBuf::from("/")).join(".cargo")
        })
    }
}

/// The component that a message of cargo tells of, if it does.
fn component(message: &str) -> Option<Component> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    if message.get("reason")? != "compiler-artifact" {
        return None;
    }
    let files = message.get("filenames")?.as_array()?;
    let path =
        files.iter().filter_map(|file| file.as_str()).find(|file| file.ends_with(".wasm"))?;
    let name = message.get("target")?.get("name")?.as_str()?;
    Some(Component {
        // Cargo writes a library's name as Rust does; a plugin's has no underscores.
        name: name.replace('_', "-"),
        path: path.into(),
    })
}
