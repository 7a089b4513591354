//! `dialgraph man`.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;

use crate::args::{Args, ManArgs};

pub(crate) fn run(args: &ManArgs) -> Result<ExitCode> {
    let folder = &args.folder;
    let failed = || format!("cannot write manual pages to {}", folder.display());
    std::fs::create_dir_all(folder).with_context(failed)?;
    clap_mangen::generate_to(Args::command(), folder).with_context(failed)?;
    eprintln!("manual pages are in {}; the first is dialgraph.1", folder.display());
    Ok(ExitCode::SUCCESS)
}
