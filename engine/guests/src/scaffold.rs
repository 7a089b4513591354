//! A new plugin, ready to build, to test and to be used in a flow.

use std::path::{Path, PathBuf};

/// Path and text of every file: the template, the SDK and the contract, each where it belongs.
static FILES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/scaffold.rs"));

/// Names of the shipped plugins' own, and what a flow could not say.
const RESERVED: &[&str] = &["sdk", "test"];

/// Why no plugin was made.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// The name cannot be a plugin's.
    #[error(
        "`{name}` cannot be the name of a plugin: {why}; use lower-case words joined by `-`, such as `order-status`"
    )]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Something is there already.
    #[error("{path} is not empty; choose another folder or remove it")]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("{path} cannot be written: {why}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: std::io::Error,
    },
}

/// Makes a plugin called `name` in the folder `dir`, which must be empty or not there, and returns
/// its files.
///
/// The SDK and the contract are put beside it (in `dialgraph/`), so that it can live in any folder
/// and builds without this repository.
///
/// # Errors
/// When the name is no plugin's name, the folder is not empty or a file cannot be written.
pub fn scaffold(name: &str, dir: &Path) -> Result<Vec<PathBuf>, ScaffoldError> {
    check(name)?;
    if std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(ScaffoldError::NotEmpty { path: dir.to_owned() });
    }
    let mut written = Vec::new();
    for (path, text) in FILES {
        // A file that cargo would take for a package of this repository's has another name here.
        let path = dir.join(path.strip_suffix(".template").unwrap_or(path));
        let text = if path.starts_with(dir.join("dialgraph")) {
            (*text).to_owned()
        } else {
            fill(text, name)
        };
        let folder = path.parent().unwrap_or(dir);
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|why| ScaffoldError::Write { path: path.clone(), why })?;
        written.push(path);
    }
    written.sort();
    Ok(written)
}

fn check(name: &str) -> Result<(), ScaffoldError> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > 64 {
        "it is longer than 64 bytes"
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        "it does not begin with a lower-case letter"
    } else if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        "it holds something else than lower-case letters, digits and `-`"
    } else if name.ends_with('-') || name.contains("--") {
        "a `-` joins nothing"
    } else if RESERVED.contains(&name) {
        "cargo or the SDK has it"
    } else {
        return Ok(());
    };
    Err(ScaffoldError::Name { name: name.to_owned(), why })
}

fn fill(text: &str, name: &str) -> String {
    let mut kind = String::new();
    for word in name.split('-') {
        let mut letters = word.chars();
        kind.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        kind.push_str(letters.as_str());
    }
    text.replace("{{name}}", name).replace("{{type}}", &kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_flow_could_not_say_is_refused() {
        for name in ["", "Order", "2fa", "order_status", "order--status", "order-", "주문", "sdk"]
        {
            let error = check(name).expect_err(name).to_string();
            assert!(error.contains("order-status"), "{error}");
        }
        assert!(check("order-status2").is_ok());
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("mine.txt"), "precious").unwrap();
        let error = scaffold("order-status", dir.path()).expect_err("refused");
        assert!(error.to_string().contains("is not empty"), "{error}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn every_placeholder_of_the_template_is_filled() {
        let dir = tempfile::tempdir().unwrap();
        let files = scaffold("order-status", dir.path()).unwrap();
        assert!(files.contains(&dir.path().join("Cargo.toml")));
        // The SDK and the contract are no template, and are given as they are.
        let sdk = dir.path().join("dialgraph");
        for file in files.iter().filter(|file| !file.starts_with(&sdk)) {
            let text = std::fs::read_to_string(file).unwrap();
            assert!(!text.contains("{{name}}") && !text.contains("{{type}}"), "{}", file.display());
        }
        let code = std::fs::read_to_string(dir.path().join("src/lib.rs")).unwrap();
        assert!(code.contains("export!(OrderStatus)"), "{code}");
    }
}
