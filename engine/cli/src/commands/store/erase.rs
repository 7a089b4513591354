//! `dialgraph store erase`.

use std::process::ExitCode;

use anyhow::Result;

use dialgraph_api::store::Erase;
use dialgraph_retention::Task;

use super::task::{self, Where};
use crate::args::StoreEraseArgs;

pub(crate) fn run(args: &StoreEraseArgs) -> Result<ExitCode> {
    let place = Where { remote: &args.remote, store: &args.store, json: args.json };
    let done = if args.remote.server.is_some() {
        let body = Erase { customer: args.customer.clone(), dry_run: args.dry_run };
        place.removed("/v1/store/erase", &body)?
    } else {
        place.here(&Task::Erase(args.customer.clone()), args.dry_run)?
    };
    task::report(&done, args.json)
}
