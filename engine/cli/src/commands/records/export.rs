//! `dialgraph records export`.

use std::collections::BTreeSet;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use tempfile::NamedTempFile;

use super::{PAGE, walk};
use dialgraph_visible::line;

use crate::args::RecordsExportArgs;
use crate::client::Client;

pub(super) fn run(args: &RecordsExportArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let mut hidden = BTreeSet::new();
    let Some(path) = &args.output else {
        let unreadable = walk(&client, &args.collection, PAGE, |record| {
            print_json!("{}", json!({"key": record.key, "data": record.data}));
            hidden.extend(record.hidden.iter().cloned());
            Ok(true)
        })?;
        tell_hidden(&hidden);
        return Ok(if unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    };
    if path.extension().is_none_or(|ending| ending != "jsonl" && ending != "ndjson") {
        bail!("{}: an export is JSON Lines; let the name end in .jsonl", path.display());
    }
    let cannot = || format!("cannot write {}", path.display());
    if path.exists() {
        bail!("{} exists already; remove it or take another name", path.display());
    }
    // Beside it, for its owner alone: a part of a collection must not pass for the whole.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let file = NamedTempFile::new_in(folder).with_context(cannot)?;
    let mut out = BufWriter::new(file);
    let mut count = 0_u64;
    let unreadable = walk(&client, &args.collection, PAGE, |record| {
        serde_json::to_writer(&mut out, &json!({"key": record.key, "data": record.data}))?;
        out.write_all(b"\n").with_context(cannot)?;
        hidden.extend(record.hidden.iter().cloned());
        count += 1;
        Ok(true)
    })?;
    let file =
        out.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(cannot)?;
    file.as_file().sync_all().with_context(cannot)?;
    file.persist_noclobber(path).map_err(|error| error.error).with_context(cannot)?;
    println!("{count} records in {}", path.display());
    tell_hidden(&hidden);
    if unreadable > 0 {
        eprintln!("{unreadable} records cannot be read and are not in the file");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// A row of an import replaces all fields of its record: who puts such a file back must know.
fn tell_hidden(hidden: &BTreeSet<String>) {
    if !hidden.is_empty() {
        let fields = hidden.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        eprintln!(
            "your role does not see {}, so the export lacks them; an import of it would remove them",
            line(&fields)
        );
    }
}
