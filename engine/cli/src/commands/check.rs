//! `dialgraph check`.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use dialgraph_flow::diagnostic::Code;
use dialgraph_flow::limits::MAX_FILE_BYTES;
use dialgraph_simulator::script::Script;
use dialgraph_simulator::suite::EXTENSION;

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
            for project in which::all_in(&path) {
                which::tell(&project);
                projects.entry(project).or_default();
            }
        } else if is_there(&path) && path.to_string_lossy().ends_with(EXTENSION) {
            // Scripts may lie anywhere.
            projects.entry(args.project.folder()?).or_default().push(Part::Script(path));
        } else if is_there(&path) {
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
            // Nothing would be found in what is not read.
            if let Part::File(file) = part
                && !workshop.project().reads(&clean(file), &clean(&folder))
            {
                bail!(
                    "{} was not checked: it is not a file of the project in {}",
                    file.display(),
                    folder.display()
                );
            }
        }
        let scripts: Vec<&Path> = parts.iter().filter_map(Part::script).collect();
        let mut report = workshop.check().report;
        let broken = report.errors();
        // Names of a project with mistakes are none to hold scripts against: the mistakes come
        // first.
        if !parts.is_empty() && (scripts.is_empty() || broken == 0) {
            report = report.only(|path| parts.iter().any(|part| part.holds(Path::new(path))));
        }
        let faults = script_faults(&workshop, &scripts, broken)?;
        errors += report.errors() + faults.len();
        warnings += report.warnings();
        if !args.json {
            faults.iter().for_each(|fault| println!("error: {fault}"));
        }
        if args.json {
            let mut told = report.to_json();
            told["scripts"] = faults.into();
            reports.push(told);
        } else if !report.is_empty() {
            crate::output::report(&report.render(std::io::stdout().is_terminal()));
        }
    }
    if args.json {
        let merged = match reports.len() {
            1 => reports.remove(0),
            _ => serde_json::Value::Array(reports),
        };
        print_json!("{merged:#}");
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

/// What is wrong with scripts, as far as it can be told without running them.
fn script_faults(workshop: &Workshop, scripts: &[&Path], errors: usize) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let fixture = if scripts.is_empty() || errors > 0 { None } else { Some(workshop.fixture()?) };
    for path in scripts {
        let text = dialgraph_files::text(path, MAX_FILE_BYTES as u64)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let read = match &fixture {
            Some(fixture) => Script::parse_for(&text, fixture),
            None => Script::parse(&text),
        };
        let found = read.err().unwrap_or_default();
        faults.extend(found.iter().map(|fault| format!("{}:{fault}", path.display())));
    }
    Ok(faults)
}

/// A part of a project that alone is of interest.
enum Part {
    File(PathBuf),
    Flow(String),
    Script(PathBuf),
}

impl Part {
    fn script(&self) -> Option<&Path> {
        match self {
            Self::Script(path) => Some(path),
            Self::File(_) | Self::Flow(_) => None,
        }
    }

    fn holds(&self, path: &Path) -> bool {
        match self {
            Self::File(file) => clean(file) == clean(path),
            Self::Script(_) => false,
            Self::Flow(name) => {
                path.file_name().is_some_and(|file| *file == *format!("{name}.flow.yaml"))
            }
        }
    }
}

/// Whether something is at `path`, be it a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn clean(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| path.to_owned()).display().to_string()
}
