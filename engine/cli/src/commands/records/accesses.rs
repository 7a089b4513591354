//! `dialgraph records accesses`.

use std::process::ExitCode;

use anyhow::Result;
use jiff::tz::TimeZone;
use serde_json::json;

use dialgraph_api::access::{Access, AccessList, AccessQuery};
use dialgraph_base::Timestamp;
use dialgraph_simulator::transcript;
use dialgraph_visible::line;

use super::PAGE;
use crate::args::RecordsAccessesArgs;
use crate::client::{Client, with_query};

pub(super) fn run(args: &RecordsAccessesArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let (mut lines, mut after) = (Vec::<Access>::new(), None);
    loop {
        let limit = args.limit.saturating_sub(lines.len()).min(PAGE as usize).max(1);
        let query = AccessQuery {
            collection: args.collection.clone(),
            key: args.key.clone(),
            after,
            limit: u32::try_from(limit).ok(),
        };
        let page: AccessList = client.get(&with_query("/v1/access-log", &query)?)?;
        lines.extend(page.accesses);
        after = page.next;
        if after.is_none() || lines.len() >= args.limit {
            break;
        }
    }
    lines.truncate(args.limit);
    if args.json {
        print_json!("{}", serde_json::to_string_pretty(&json!({"accesses": lines}))?);
        return Ok(ExitCode::SUCCESS);
    }
    for access in &lines {
        let at = transcript::time(Timestamp(access.at.0), &TimeZone::system());
        // Words of the API are texts as JSON.
        let action = serde_json::to_value(access.action)?;
        let what = args.key.as_deref().unwrap_or(&access.what);
        println!(
            "{at}  {} ({})  {}  {}",
            line(&access.who.name),
            access.who.role.as_str(),
            line(action.as_str().unwrap_or_default()),
            line(what)
        );
    }
    if lines.is_empty() {
        eprintln!("nobody asked");
    }
    Ok(ExitCode::SUCCESS)
}
