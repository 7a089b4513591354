//! The Python environment of the stand-ins: made at the first need, and again when their versions
//! change.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The interpreter that has the stand-ins; installs them if need be.
pub(crate) fn python() -> Result<PathBuf, String> {
    let folder = target().join("stand-ins");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let python = folder.join("venv/bin/python");
    let done = folder.join("installed.txt");
    // Test binaries run side by side: one installs, the others wait.
    let lock = File::create(folder.join("lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if python.exists() && fs::read_to_string(&done).is_ok_and(|text| text == REQUIREMENTS) {
        return Ok(python);
    }
    install(&folder)?;
    fs::write(&done, REQUIREMENTS).map_err(|error| error.to_string())?;
    Ok(python)
}

fn install(folder: &Path) -> Result<(), String> {
    let venv = folder.join("venv");
    let _ = fs::remove_dir_all(&venv);
    let list = folder.join("requirements.txt");
    fs::write(&list, REQUIREMENTS).map_err(|error| error.to_string())?;
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv)).map_err(|why| {
        format!(
            "these tests need servers that stand in for Amazon's services, and they need Python 3.11 or newer with \
             its module venv (Debian: apt-get install python3-venv): {why}"
        )
    })?;
    let pip = venv.join("bin/python");
    run(Command::new(pip)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(&list))
    .map_err(|why| {
        format!(
            "these tests need moto and ministack, which could not be had from PyPI: {why}\n\
             what is needed is in tests/stand-ins/requirements.txt; with a mirror, set PIP_INDEX_URL"
        )
    })
}

fn run(command: &mut Command) -> Result<(), String> {
    let Output { status, stdout, stderr } = command
        .output()
        .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if status.success() {
        return Ok(());
    }
    let text = [stdout, stderr].concat();
    let text = String::from_utf8_lossy(&text);
    Err(format!("{} ended with {status}:\n{}", command.get_program().display(), text.trim()))
}

/// The folder into which cargo builds, wherever it is.
fn target() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    // Cargo marks it as a folder that a backup may leave out.
    let marked = exe.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    marked.map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        Path::to_path_buf,
    )
}
