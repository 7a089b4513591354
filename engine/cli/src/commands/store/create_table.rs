//! `dialgraph store create-table`.

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::args::CreateTableArgs;

pub(super) fn run(args: &CreateTableArgs) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start threads on this machine")?;
    let made = runtime
        .block_on(dialgraph_wiring::create_table(args.region.as_deref(), &args.table))
        .with_context(|| format!("table {} was not made", args.table))?;
    print!("{}", made.words);
    Ok(if made.is_complete { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
