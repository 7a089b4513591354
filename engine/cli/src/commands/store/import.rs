//! `dialgraph store import`.

use std::io::BufReader;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use indicatif::HumanCount;
use serde_json::json;

use dialgraph_store::{Target, UnixMillis, import};

use super::{amount, bar, block_on, open, tell};
use crate::args::StoreImportArgs;
use crate::commands::now;

pub(crate) fn run(args: &StoreImportArgs) -> Result<ExitCode> {
    let config = args.store.load()?;
    let shown = args.file.display();
    let read = || format!("cannot read {shown}");
    let bytes = dialgraph_files::open(&args.file).with_context(read)?;
    let bytes = bytes.metadata().with_context(read)?.len();
    let progress = bar(Some(bytes), args.json);
    let (place, done) = block_on(async {
        let opened = open(&config).await?;
        let target = Target {
            backend: &*opened.store.backend,
            store: &*opened.store.store,
            keys: &opened.store.keys,
            blobs: &opened.content,
            now: UnixMillis(now().0),
        };
        let file = || Ok(BufReader::new(dialgraph_files::open(&args.file)?));
        let done = import(&target, file, &mut |now| tell(&progress, now)).await;
        Ok((opened.store.backend.place(), done.with_context(|| shown.to_string())?))
    })?;
    progress.finish_and_clear();
    if args.json {
        let mut told = json!(done);
        told["store"] = json!(place);
        print_json!("{told:#}");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{shown}: {}, into {place}", amount(done.exported.rows, done.exported.blobs));
    println!("digest {}", done.exported.digest);
    println!(
        "{} rows written, {} already present",
        HumanCount(done.written),
        HumanCount(done.present)
    );
    if done.expired > 0 {
        println!("{} rows had expired and were left out", HumanCount(done.expired));
    }
    Ok(ExitCode::SUCCESS)
}
