//! `dialgraph store purge`.

use std::process::ExitCode;

use anyhow::Result;

use dialgraph_api::store;
use dialgraph_retention::{Purge, Task};

use super::task::{self, Where};
use crate::args::StorePurgeArgs;

pub(crate) fn run(args: &StorePurgeArgs) -> Result<ExitCode> {
    let place = Where { remote: &args.remote, store: &args.store, json: args.json };
    let done = if args.remote.server.is_some() {
        let body = store::Purge {
            older_than_ms: u64::try_from(args.older_than.as_millis()).unwrap_or(u64::MAX),
            records: args.records.clone(),
            tickets: args.tickets,
            dry_run: args.dry_run,
        };
        place.removed("/v1/store/purge", &body)?
    } else {
        let purge = Purge {
            older_than: args.older_than,
            records: args.records.clone(),
            tickets: args.tickets,
        };
        place.here(&Task::Purge(purge), args.dry_run)?
    };
    task::report(&done, args.json)
}
