//! `dialgraph check`.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use dialgraph_flow::diagnostic::Code;
use dialgraph_flow::project::PROJECT_FILE;

use crate::args::CheckArgs;
use crate::workshop::Workshop;

pub(crate) fn run(args: CheckArgs) -> Result<ExitCode> {
    if let Some(code) = &args.explain {
        return explain(code);
    }
    let paths = if args.paths.is_empty() { vec![args.project.project] } else { args.paths };
    // Files are checked within their projects, each project once.
    let mut projects: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for path in paths {
        if path.is_dir() {
            projects.entry(path).or_default();
        } else {
            let project = project_of(&path)?;
            projects.entry(project).or_default().push(path);
        }
    }
    let (mut errors, mut warnings) = (0, 0);
    let mut reports = Vec::new();
    for (folder, files) in projects {
        let workshop = Workshop::open(&folder)?;
        workshop.warn_of_plugins();
        let mut report = workshop.check().report;
        if !files.is_empty() {
            let names: Vec<String> = files.iter().map(|file| clean(file)).collect();
            report = report.only(|path| names.iter().any(|name| *name == clean(Path::new(path))));
        }
        errors += report.errors();
        warnings += report.warnings();
        if args.json {
            reports.push(report.to_json());
        } else if !report.is_empty() {
            print!("{}", report.render(std::io::stdout().is_terminal()));
        }
    }
    if args.json {
        let merged = match reports.len() {
            1 => reports.remove(0),
            _ => serde_json::Value::Array(reports),
        };
        println!("{merged:#}");
    } else {
        let count = |count: usize, word: &str| {
            format!("{count} {word}{}", if count == 1 { "" } else { "s" })
        };
        eprintln!("{}, {}", count(errors, "error"), count(warnings, "warning"));
    }
    let failed = errors > 0 || (args.deny_warnings && warnings > 0);
    Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn explain(code: &str) -> Result<ExitCode> {
    let wanted = code.to_ascii_lowercase();
    let found = Code::ALL
        .iter()
        .find(|code| code.number().eq_ignore_ascii_case(&wanted) || code.name() == wanted);
    match found {
        Some(code) => {
            println!("{}", code.explain().trim_end());
            Ok(ExitCode::SUCCESS)
        }
        None => {
            let names: Vec<String> = Code::ALL
                .iter()
                .map(|code| format!("  {} {}", code.number(), code.name()))
                .collect();
            bail!("there is no code `{code}`; these are the codes:\n{}", names.join("\n"))
        }
    }
}

/// The nearest folder above a file that holds a project file.
fn project_of(file: &Path) -> Result<PathBuf> {
    let full = file.canonicalize().with_context(|| format!("cannot read {}", file.display()))?;
    full.ancestors()
        .skip(1)
        .find(|folder| folder.join(PROJECT_FILE).is_file())
        .map(|folder| match std::env::current_dir() {
            // Diagnostics show paths as one would type them here.
            Ok(here) => {
                folder.strip_prefix(here).map_or_else(|_| folder.to_owned(), Path::to_owned)
            }
            Err(_) => folder.to_owned(),
        })
        .with_context(|| {
            format!(
                "{} belongs to no project: no folder above it holds a `{PROJECT_FILE}`",
                file.display()
            )
        })
}

fn clean(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| path.to_owned()).display().to_string()
}
