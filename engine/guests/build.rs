//! Compiles the plugins and lists what is to be embedded.

// The build script is the one program that talks to cargo by printing.
#![allow(clippy::print_stdout)]

#[path = "src/build.rs"]
#[allow(dead_code, unreachable_pub)]
mod build;

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let root = here.ancestors().nth(2).ok_or("the crate lies in engine/guests")?;
    let plugins = root.join("plugins");
    let wit = root.join("wit");
    let understanding = plugins.join("understanding");
    for path in
        [&plugins, &wit, &here.join("template"), &here.join("src/build.rs"), &here.join("build.rs")]
    {
        println!("cargo::rerun-if-changed={}", path.display());
    }

    let build = build::Build::new(&plugins, out.join("guests")).locked();
    let components = build.ensure_target().and_then(|added| {
        if added {
            println!(
                "cargo::warning=added the target {} to the Rust toolchain, for the plugins",
                build::TARGET
            );
        }
        build.run()
    });
    let components = match components {
        Ok(components) => components,
        Err(error) => {
            for line in error.to_string().lines() {
                println!("cargo::error={line}");
            }
            return Ok(());
        }
    };

    let mut shipped = String::from("[\n");
    for component in &components {
        // Under a name of its own: the next build of cargo overwrites the one in the target folder.
        let copy = out.join(format!("{}.wasm", component.name));
        std::fs::copy(&component.path, &copy)?;
        writeln!(shipped, "    ({:?}, include_bytes!({copy:?}).as_slice()),", component.name)?;
    }
    shipped.push_str("]\n");
    std::fs::write(out.join("shipped.rs"), shipped)?;

    let mut files = Vec::new();
    list(&here.join("template"), Path::new(""), &mut files)?;
    list(&plugins.join("sdk/src"), Path::new("dialgraph/plugins/sdk/src"), &mut files)?;
    files.push((plugins.join("sdk/Cargo.toml"), "dialgraph/plugins/sdk/Cargo.toml".into()));
    list(&understanding.join("src"), Path::new("dialgraph/plugins/understanding/src"), &mut files)?;
    files.push((
        understanding.join("Cargo.toml"),
        "dialgraph/plugins/understanding/Cargo.toml".into(),
    ));
    // The versions that the SDK is known to work with; cargo drops what the new plugin does not
    // use.
    files.push((plugins.join("Cargo.lock"), "Cargo.lock".into()));
    list(&wit, Path::new("dialgraph/wit"), &mut files)?;
    files.sort();
    let mut scaffold = String::from("[\n");
    for (source, path) in files {
        writeln!(scaffold, "    ({path:?}, include_str!({source:?})),")?;
    }
    scaffold.push_str("]\n");
    std::fs::write(out.join("scaffold.rs"), scaffold)?;
    Ok(())
}

/// All files in `folder`, each with where it goes in a scaffold.
fn list(folder: &Path, to: &Path, files: &mut Vec<(PathBuf, PathBuf)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &to, files)?;
        } else {
            files.push((entry.path(), to));
        }
    }
    Ok(())
}
