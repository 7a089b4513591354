//! `dialgraph store verify`.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use indicatif::HumanCount;
use serde_json::json;

use dialgraph_api::store::{StoreDone, Verify};
use dialgraph_local::records::verify_indexes;
use dialgraph_store::{Finding, Verified, verify};

use super::task::{Where, no_outcome};
use super::{amount, block_on, open_existing};
use crate::args::StoreVerifyArgs;

pub(crate) fn run(args: &StoreVerifyArgs) -> Result<ExitCode> {
    let place = Where { remote: &args.remote, store: &args.store, json: args.json };
    let (done, repaired) = if args.remote.server.is_some() {
        by_server(&place, args.repair_indexes)?
    } else {
        let config = args.store.load()?;
        let bar = place.bar();
        let done = block_on(async {
            let opened = open_existing(&config).await?;
            // Whoever reads all rows is told of the one that is in the way.
            let needed = opened.note_needed(&config).await.err();
            let (backend, store) = (&*opened.store.backend, &*opened.store.store);
            let seen = |rows| bar.set_position(rows);
            let done = verify(backend, store, &opened.content, &seen).await;
            let mut done = done.context("the store was not read completely")?;
            let also = |rows| seen(done.rows + rows);
            let indexes = verify_indexes(store, args.repair_indexes, &also).await;
            done.findings.extend(indexes.findings);
            if let Some(error) = needed {
                let what = format!("{error:#}");
                done.findings.push(Finding { of: "content".to_owned(), what });
            }
            anyhow::Ok((done, indexes.repaired))
        });
        bar.finish_and_clear();
        done?
    };
    report(&done, &repaired, args.json);
    Ok(if done.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn by_server(place: &Where<'_>, repair_indexes: bool) -> Result<(Verified, Vec<Finding>)> {
    let done = place.by_server("/v1/store/verify", &Verify { repair_indexes })?;
    let StoreDone::Verified(done) = done else { return Err(no_outcome()) };
    let finding = |found: dialgraph_api::store::Finding| Finding { of: found.of, what: found.what };
    let verified = Verified {
        rows: done.rows,
        kinds: done.kinds,
        blobs: done.blobs,
        findings: done.findings.into_iter().map(finding).collect(),
        more: done.more,
    };
    Ok((verified, done.repaired.into_iter().map(finding).collect()))
}

fn report(done: &Verified, repaired: &[Finding], as_json: bool) {
    if as_json {
        let mut told = json!(done);
        told["repaired"] = json!(repaired);
        print_json!("{told:#}");
        return;
    }
    for finding in repaired {
        println!("repaired: {}", finding.what);
    }
    println!("{} read", amount(done.rows, done.blobs));
    for (kind, rows) in &done.kinds {
        println!("  {kind}: {}", HumanCount(*rows));
    }
    for finding in &done.findings {
        println!("{}: {}", finding.of, finding.what);
    }
    if done.more > 0 {
        println!("and {} more", HumanCount(done.more));
    }
    if done.is_whole() {
        println!("nothing is wrong");
    }
}
