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
        let mut out = BufWriter::new(&file);
        let backend = &*opened.store.backend;
        let done =
            export(backend, &opened.content, &mut out, from, &mut |now| tell(&progress, now)).await;
        let how = || format!("what is in {} can be gone on with: --resume", shown(args));
        done.with_context(how)
    })?;
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
                "{} is there already; name another file, or go on with it with --resume",
                path.display()
            );
        }
        let file = options().create_new(true).open(path).with_context(failed)?;
        return Ok(Begun::Here(file, Box::default()));
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
        println!("{told:#}");
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
