//! `dialgraph store new-key`.

use std::process::ExitCode;

use anyhow::Result;

use dialgraph_store::KeyLines;

use crate::args::NewKeyArgs;

pub(crate) fn run(args: &NewKeyArgs) -> Result<ExitCode> {
    let file = &args.output;
    let shown = file.display();
    // Before anything is asked for that somebody pays.
    if args.add && !file.is_file() {
        anyhow::bail!("there is no key file {shown} to add to; leave --add out to make it");
    }
    if !args.add && file.exists() {
        anyhow::bail!(
            "{shown} is there already, and a key is never overwritten; add a key to it with --add, or name another file"
        );
    }
    let (what, lines) = match &args.kms {
        Some(key) => ("a key wrapped by KMS".to_owned(), wrapped(key, args.region.as_ref())?),
        None => {
            let (id, lines) = KeyLines::random()?;
            (format!("key {id}"), lines)
        }
    };
    if args.add {
        lines.add_to(file)?;
        eprintln!(
            "{shown}: {what} is the first key; the server encrypts with it after its next start"
        );
    } else {
        lines.create(file)?;
        eprintln!("{shown}: {what}; keep a copy elsewhere, and name the file in `store.key_file`");
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(feature = "aws")]
fn wrapped(key: &str, region: Option<&String>) -> Result<KeyLines> {
    use anyhow::Context as _;
    use dialgraph_aws::kms::{Kms, SCHEME};
    let region = super::super::region::region(region)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let made = runtime.context("cannot start threads on this machine")?.block_on(async {
        let connection = dialgraph_aws::connect(region.as_deref()).await;
        connection.has_region()?;
        let made = Kms::new(&connection).new_key(key).await;
        made.with_context(|| format!("no key was made under {key}"))
    })?;
    Ok(KeyLines::wrapped(SCHEME, &made, &format!("KMS key {key}")))
}

#[cfg(not(feature = "aws"))]
fn wrapped(_key: &str, _region: Option<&String>) -> Result<KeyLines> {
    anyhow::bail!(
        "--kms asks AWS KMS, which is not in this build; take a release build, or build with `--features aws`"
    )
}
