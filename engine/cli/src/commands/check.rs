//! `dialgraph check`.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};

use dialgraph_flow::diagnostic::Code;
use dialgraph_flow::project::PROJECT_FILE;

use super::which;
use crate::args::CheckArgs;
use crate::workshop::Workshop;

pub(crate) fn run(args: CheckArgs) -> Result<ExitCode> {
    if let Some(code) = &args.explain {
        return explain(code);
    }
    // Flows and files are checked within their projects, each project once.
    let mut projects: BTreeMap<PathBuf, Vec<Part>> = BTreeMap::new();
    if args.paths.is_empty() {
        projects.entry(args.project.folder()?).or_default();
    }
    for path in args.paths {
        if path.is_dir() {
            projects.entry(within(path)).or_default();
        } else if path.is_file() {
            let project = which::project_of(&path)?;
            projects.entry(project).or_default().push(Part::File(path));
        } else {
            let name = path.display().to_string();
            projects.entry(args.project.folder()?).or_default().push(Part::Flow(name));
        }
    }
    let (mut errors, mut warnings) = (0, 0);
    let mut reports = Vec::new();
    for (folder, parts) in projects {
        let workshop = Workshop::open(&folder)?;
        let known = workshop.flow_names();
        for part in &parts {
            if let Part::Flow(name) = part
                && !known.iter().any(|known| **known == **name)
            {
                let known = known.iter().map(|name| &**name);
                return Err(which::unknown("file and no flow", name, known));
            }
        }
        let mut report = workshop.check().report;
        if !parts.is_empty() {
            report = report.only(|path| parts.iter().any(|part| part.holds(Path::new(path))));
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

/// A part of a project that alone is of interest.
enum Part {
    File(PathBuf),
    Flow(String),
}

impl Part {
    fn holds(&self, path: &Path) -> bool {
        match self {
            Self::File(file) => clean(file) == clean(path),
            Self::Flow(name) => {
                path.file_name().is_some_and(|file| *file == *format!("{name}.flow.yaml"))
            }
        }
    }
}

/// The project in a folder that was named: the folder, or its `flows`.
fn within(folder: PathBuf) -> PathBuf {
    let flows = folder.join("flows");
    if !folder.join(PROJECT_FILE).is_file() && flows.join(PROJECT_FILE).is_file() {
        return flows;
    }
    folder
}

fn clean(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| path.to_owned()).display().to_string()
}
