//! `dialgraph store`.

mod create_table;

use std::process::ExitCode;

use anyhow::Result;

use crate::args::StoreCommand;

pub(crate) fn run(command: &StoreCommand) -> Result<ExitCode> {
    match command {
        StoreCommand::CreateTable(args) => create_table::run(args),
    }
}
