//! `dialgraph store`: one file for each of its commands.

mod create_table;
mod new_key;

use std::process::ExitCode;

use anyhow::Result;

use crate::args::StoreCommand;

pub(crate) fn run(command: &StoreCommand) -> Result<ExitCode> {
    match command {
        StoreCommand::CreateTable(args) => create_table::run(args),
        StoreCommand::NewKey(args) => new_key::run(args),
    }
}
