//! `dialgraph store verify`.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use indicatif::HumanCount;
use serde_json::json;

use dialgraph_api::store::{StoreDone, Verify};
use dialgraph_store::{Finding, Verified, verify};

use super::task::{Where, no_outcome};
use super::{amount, block_on, open_existing};
use crate::args::StoreVerifyArgs;

pub(crate) fn run(args: &StoreVerifyArgs) -> Result<ExitCode> {
    let place = Where { remote: &args.remote, store: &args.store, json: args.json };
    let done: Verified = if args.remote.server.is_some() {
        by_server(&place)?
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
            if let Some(error) = needed {
                let what = format!("{error:#}");
                done.findings.push(Finding { of: "content".to_owned(), what });
            }
            anyhow::Ok(done)
        });
        bar.finish_and_clear();
        done?
    };
    report(&done, args.json);
    Ok(if done.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn by_server(place: &Where<'_>) -> Result<Verified> {
    let done = place.by_server("/v1/store/verify", &Verify {})?;
    let StoreDone::Verified(done) = done else { return Err(no_outcome()) };
    let findings = done.findings.into_iter();
    Ok(Verified {
        rows: done.rows,
        kinds: done.kinds,
        blobs: done.blobs,
        findings: findings.map(|found| Finding { of: found.of, what: found.what }).collect(),
        more: done.more,
    })
}

fn report(done: &Verified, as_json: bool) {
    if as_json {
        print_json!("{:#}", json!(done));
        return;
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
