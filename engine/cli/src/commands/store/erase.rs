//! `dialgraph store erase`.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use dialgraph_retention::Task;

use super::task::{self, Where};
use crate::args::StoreEraseArgs;

pub(crate) fn run(args: &StoreEraseArgs) -> Result<ExitCode> {
    let place = Where { remote: &args.remote, store: &args.store, json: args.json };
    let done = if args.remote.server.is_some() {
        let body = json!({"customer": args.customer, "dry_run": args.dry_run});
        place.by_server("/v1/store/erase", &body)?
    } else {
        place.here(&Task::Erase(args.customer.clone()), args.dry_run)?
    };
    task::report(&done, args.json)
}
