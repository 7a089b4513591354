//! `dialgraph init`.

mod templates;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::args::InitArgs;

pub(crate) fn run(args: &InitArgs) -> Result<ExitCode> {
    let folder = &args.name;
    let shown = folder.display();
    refuse_what_is_there(folder)?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {shown}"))?;
    let title = title(folder)?;
    for (path, text) in templates::files(args.template) {
        let file = folder.join(path);
        let failed = || format!("cannot write {}", file.display());
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent).with_context(failed)?;
        }
        let text = text.replace("{{name}}", &title);
        std::fs::write(&file, text).with_context(failed)?;
        // What is for editors alone is nothing to read.
        if !path.starts_with("schemas/") && !path.ends_with(".snap") {
            println!("{}", file.display());
        }
    }
    eprintln!(
        "\nMade the project `{title}`. Next:\n  cd {shown}\n  dialgraph call     # hold a call\n  dialgraph check    # prove the flows\n  dialgraph test     # run the call scripts\nREADME.md there tells how to go on."
    );
    Ok(ExitCode::SUCCESS)
}

/// Nothing is written over.
fn refuse_what_is_there(folder: &Path) -> Result<()> {
    let shown = folder.display();
    match folder.read_dir() {
        Ok(mut entries) => match entries.next() {
            Some(_) => bail!("the folder {shown} is not empty; name a new or an empty folder"),
            None => Ok(()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            bail!("{shown} is a file; name a folder that is not there yet")
        }
        Err(error) => Err(error).with_context(|| format!("cannot read the folder {shown}")),
    }
}

/// What the project is called: as its folder.
fn title(folder: &Path) -> Result<String> {
    let full = folder.canonicalize().with_context(|| {
        format!("cannot determine the full path of the folder {}", folder.display())
    })?;
    let name = full.file_name().unwrap_or(full.as_os_str());
    Ok(name.to_string_lossy().into_owned())
}
