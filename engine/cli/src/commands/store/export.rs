//! `dialgraph store export`.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Seek as _, SeekFrom};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use dialgraph_store::{Examined, Exported, Position, examine, export};

use super::{amount, bar, block_on, must_exist, open_existing, size, tell};
use crate::args::StoreExportArgs;

pub(crate) fn run(args: &StoreExportArgs) -> Result<ExitCode> {
    let config = args.store.load()?;
    must_exist(&config)?;
    let is_begun = args.output.exists();
    let (file, from) = match begin(args)? {
        Begun::Here(file, from) => (file, *from),
        Begun::Done(exported) => {
            report(args, &exported)?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let progress = bar(None, args.json);
    let exported = block_on(async {
        let opened = open_existing(&config).await?;
        let lacking = opened.lacking(&config).await?;
        lacking.none_in(&config.store.folder).context(
            "the store was not exported, because some of its content is missing or damaged",
        )?;
        let mut out = BufWriter::new(&file);
        let backend = &*opened.store.backend;
        let done =
            export(backend, &opened.content, &mut out, from, &mut |now| tell(&progress, now)).await;
        let how =
            || format!("{} holds a part of the export; continue it with --resume", shown(args));
        done.with_context(how)
    });
    if exported.is_err() && !is_begun && file.metadata().is_ok_and(|file| file.len() == 0) {
        // Nothing can be gone on with; if it stays, the next export says that it is there.
        let _ = std::fs::remove_file(&args.output);
    }
    let exported = exported?;
    progress.finish_and_clear();
    file.sync_all().with_context(|| format!("cannot write {}", shown(args)))?;
    report(args, &exported)?;
    Ok(ExitCode::SUCCESS)
}

enum Begun {
    Here(File, Box<Position>),
    /// Nothing is left to do.
    Done(Exported),
}

/// The file to write to and where.
fn begin(args: &StoreExportArgs) -> Result<Begun> {
    let path = args.output.as_path();
    let failed = || format!("cannot write {}", path.display());
    if !args.resume {
        if path.exists() {
            bail!(
                "{} already exists; name another file, or continue this one with --resume",
                path.display()
            );
        }
        let file = options().create_new(true).open(path).with_context(failed)?;
        return Ok(Begun::Here(file, Box::default()));
    }
    // A pipe could not be gone on with, and might keep whoever opens it.
    match dialgraph_files::is_file(path) {
        Err(error) if !error.is_missing() => return Err(error).with_context(failed),
        _ => {}
    }
    // One that is not there yet is begun, so that a job can always say --resume.
    let mut file =
        options().create(true).truncate(false).read(true).open(path).with_context(failed)?;
    let found = examine(BufReader::new(&file)).with_context(|| path.display().to_string())?;
    let position = match found {
        Examined::Whole(exported) => return Ok(Begun::Done(exported)),
        Examined::Cut(position) => position,
    };
    file.set_len(position.offset).with_context(failed)?;
    file.seek(SeekFrom::Start(position.offset)).with_context(failed)?;
    Ok(Begun::Here(file, Box::new(position)))
}

/// What callers said is for the file's owner only.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn report(args: &StoreExportArgs, exported: &Exported) -> Result<()> {
    let bytes = Path::new(&args.output).metadata().map_or(0, |file| file.len());
    if args.json {
        let mut told = json!(exported);
        told["file"] = json!(shown(args));
        told["bytes"] = json!(bytes);
        print_json!("{told:#}");
        return Ok(());
    }
    println!("{}: {}, {}", shown(args), amount(exported.rows, exported.blobs), size(bytes));
    println!("digest {}", exported.digest);
    for key in &exported.sealed_with {
        println!("sealed with key {key}: without that key nobody can read it, so keep both");
    }
    Ok(())
}

fn shown(args: &StoreExportArgs) -> String {
    args.output.display().to_string()
}
