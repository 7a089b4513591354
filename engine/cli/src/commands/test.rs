//! `dialgraph test`.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use dialgraph_files::Unread;
use dialgraph_flow::limits::MAX_FILE_BYTES;
use dialgraph_simulator::run::{CostKey, CostValue};
use dialgraph_simulator::snapshot::{self, Compared};
use dialgraph_simulator::suite::{self, Case};
use dialgraph_simulator::{costs, junit};

use crate::args::TestArgs;
use crate::workshop::Workshop;

pub(crate) fn run(args: TestArgs) -> Result<ExitCode> {
    let folder = args.project.folder()?;
    let whole = if args.paths.is_empty() { vec![usual(&folder)?] } else { args.paths.clone() };
    let mut paths = suite::find(&whole)?;
    if let Some(filter) = &args.filter {
        paths.retain(|path| fits(path, filter));
    }
    let workshop = Workshop::open(&folder)?;
    let fixture = workshop.fixture()?;
    let threads = args
        .jobs
        .or_else(|| std::thread::available_parallelism().ok().map(usize::from))
        .unwrap_or(1);
    let bar = progress(paths.len(), args.json);
    let mut results: Vec<(Case, Vec<String>)> = Vec::new();
    let mut accepted = 0;
    let mut trouble = None;
    suite::run_all(&fixture, &paths, threads, |case| {
        let problems = match problems(&case, &args, &mut accepted) {
            Ok(problems) => problems,
            Err(error) => {
                trouble.get_or_insert(error);
                Vec::new()
            }
        };
        if !args.json {
            bar.suspend(|| print_case(&case, &problems));
        }
        bar.inc(1);
        results.push((case, problems));
    });
    bar.finish_and_clear();
    if let Some(error) = trouble {
        return Err(error);
    }
    let over =
        if args.costs { budget(&args, &whole, &results, &mut accepted)? } else { Vec::new() };
    if let Some(file) = &args.junit {
        let report =
            junit::report(results.iter().map(|(case, problems)| (case, problems.clone())))?;
        std::fs::write(file, report).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let orphans = snapshot::orphans(&whole).context("cannot look for snapshots without scripts")?;
    if args.accept {
        for orphan in &orphans {
            let failed = || format!("cannot remove {}", orphan.display());
            std::fs::remove_file(orphan).with_context(failed)?;
        }
    }
    let failed = results.iter().filter(|(_, problems)| !problems.is_empty()).count();
    if args.json {
        print_json!("{:#}", as_json(&results, &over, &orphans));
    } else {
        for line in &over {
            println!("{line}");
        }
        for orphan in &orphans {
            match args.accept {
                true => eprintln!("removed {}: there is no script of it", orphan.display()),
                false => eprintln!(
                    "warning: {}: there is no script of this snapshot (remove it with --accept)",
                    orphan.display()
                ),
            }
        }
        let turns: usize = results.iter().map(|(case, _)| case.outcome.turns).sum();
        eprintln!(
            "{} passed, {failed} failed; {turns} turns{}",
            results.len() - failed,
            match accepted {
                0 => String::new(),
                1 => "; 1 snapshot accepted".to_owned(),
                more => format!("; {more} snapshots accepted"),
            }
        );
        if results.is_empty() {
            eprintln!("no script was run");
        }
    }
    let good = failed == 0 && over.is_empty() && !results.is_empty();
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The scripts of a project, when none are named: `tests/calls`, here or beside its flows.
fn usual(project: &Path) -> Result<PathBuf> {
    const USUAL: &str = "tests/calls";
    let beside = [PathBuf::new(), project.join(".."), project.to_owned()];
    let found = beside.iter().map(|folder| folder.join(USUAL)).find(|folder| folder.is_dir());
    found.with_context(|| {
        format!("there is no folder `{USUAL}`, neither here nor beside {}; name scripts or folders with scripts", project.display())
    })
}

fn fits(path: &Path, filter: &str) -> bool {
    path.to_string_lossy().contains(filter)
        || dialgraph_files::text(path, MAX_FILE_BYTES as u64)
            .ok()
            .and_then(|text| {
                text.lines()
                    .find_map(|line| line.strip_prefix("call:").map(|name| name.contains(filter)))
            })
            .unwrap_or(false)
}

/// A bar on standard error, if that is a terminal.
pub(super) fn progress(length: usize, hidden: bool) -> ProgressBar {
    if hidden || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

/// What is wrong with a case: expectations that did not hold, and a transcript that differs.
fn problems(case: &Case, args: &TestArgs, accepted: &mut usize) -> Result<Vec<String>> {
    let shown = case.path.display();
    let mut problems: Vec<String> = case
        .outcome
        .faults
        .iter()
        .map(|fault| match fault.column {
            Some(column) => format!("{shown}:{}:{column}: {}", fault.line, fault.message),
            None => format!("{shown}:{}: {}", fault.line, fault.message),
        })
        .collect();
    if case.outcome.transcript.is_empty() {
        return Ok(problems);
    }
    let path = snapshot::path_of(&case.path);
    let failed = || format!("cannot keep {}", path.display());
    let source = case.path.to_string_lossy().replace('\\', "/");
    let found = &case.outcome.transcript;
    let compared = match snapshot::compare(&path, found) {
        Ok(compared) => compared,
        // Whatever was in it is no transcript.
        Err(Unread::NotText) if args.accept => Compared::New,
        Err(error) => {
            problems.push(format!(
                "{shown}: its snapshot {} cannot be compared: {error}; remove it and create it \
                again with --accept",
                path.display()
            ));
            return Ok(problems);
        }
    };
    match compared {
        Compared::Same => snapshot::withdraw(&path).with_context(failed)?,
        // A transcript of what should not be is nothing to compare with.
        _ if args.accept && !problems.is_empty() => {
            problems.push(format!(
                "{shown}: its transcript was not accepted: correct the failures above, then use \
                --accept again"
            ));
        }
        _ if args.accept => {
            snapshot::write(&path, &source, found, false).with_context(failed)?;
            *accepted += 1;
        }
        compared => {
            if propose() {
                snapshot::write(&path, &source, found, true).with_context(failed)?;
            }
            problems.push(match compared {
                Compared::Different(kept) => format!(
                    "{shown}: the transcript differs from its snapshot (accept it with --accept)\n{}",
                    snapshot::diff(&kept, found)
                ),
                _ => format!("{shown}: the transcript has no snapshot yet (make it with --accept)"),
            });
        }
    }
    Ok(problems)
}

/// Proposals are for people; insta's own variable and `CI` turn them off.
fn propose() -> bool {
    let update = std::env::var("INSTA_UPDATE").unwrap_or_default();
    update != "no" && (update == "new" || std::env::var_os("CI").is_none())
}

fn print_case(case: &Case, problems: &[String]) {
    if problems.is_empty() {
        println!("ok    {}", case.name);
        return;
    }
    println!("FAIL  {}", case.name);
    for problem in problems {
        for line in problem.lines() {
            println!("      {line}");
        }
    }
}

/// Compares what each plugin cost with the budget; the lines say what is over or under it.
fn budget(
    args: &TestArgs,
    paths: &[PathBuf],
    results: &[(Case, Vec<String>)],
    accepted: &mut usize,
) -> Result<Vec<String>> {
    let root = paths.first().cloned().unwrap_or_else(|| PathBuf::from("."));
    let whole = args.filter.is_none() && root.is_dir();
    let folder =
        if root.is_dir() { root } else { root.parent().map(Path::to_owned).unwrap_or_default() };
    let path = folder.join("snapshots").join("costs.snap");
    let mut found: BTreeMap<CostKey, CostValue> = BTreeMap::new();
    for (case, _) in results {
        for (key, value) in &case.outcome.costs {
            let most = found.entry(key.clone()).or_default();
            most.instructions = most.instructions.max(value.instructions);
            most.memory_bytes = most.memory_bytes.max(value.memory_bytes);
        }
    }
    let kept = match snapshot::read(&path) {
        Ok(text) => Some(costs::Budget::parse(snapshot::content(&text))?),
        Err(error) if error.is_missing() => None,
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    if args.accept {
        if results.iter().any(|(_, problems)| !problems.is_empty()) {
            return Ok(vec!["the budget was not accepted: scripts fail".to_owned()]);
        }
        let budget = costs::Budget::from_costs(&found, kept.as_ref(), whole);
        let source = "dialgraph test --costs";
        snapshot::write(&path, source, &budget.to_string(), false)
            .with_context(|| format!("cannot write {}", path.display()))?;
        *accepted += 1;
        return Ok(Vec::new());
    }
    match kept {
        Some(budget) => {
            let over = budget.compare(&found, whole);
            Ok(over.iter().map(|line| format!("over budget: {line}")).collect())
        }
        None => {
            Ok(vec![format!("no budget yet at {}; make it with --costs --accept", path.display())])
        }
    }
}

fn as_json(
    results: &[(Case, Vec<String>)],
    over: &[String],
    orphans: &[PathBuf],
) -> serde_json::Value {
    let cases: Vec<_> = results
        .iter()
        .map(|(case, problems)| {
            let costs: Vec<_> = case
                .outcome
                .costs
                .iter()
                .map(|(key, value)| {
                    json!({
                        "plugin": key.plugin,
                        "node": key.node,
                        "instructions": value.instructions,
                        "memory_bytes": value.memory_bytes,
                    })
                })
                .collect();
            json!({
                "path": case.path,
                "call": case.name,
                "passed": problems.is_empty(),
                "problems": problems,
                "faults": case.outcome.faults,
                "turns": case.outcome.turns,
                "costs": costs,
            })
        })
        .collect();
    let failed = results.iter().filter(|(_, problems)| !problems.is_empty()).count();
    json!({
        "version": 1,
        "passed": results.len() - failed,
        "failed": failed,
        "over_budget": over,
        "snapshots_without_script": orphans,
        "scripts": cases,
    })
}
