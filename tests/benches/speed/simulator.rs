//! Script turns a second: the repository's own call scripts, one thread, instructions counted.

use std::path::Path;
use std::sync::Arc;

use dialgraph_base::Grants;
use dialgraph_flow::{Project, check};
use dialgraph_host::{Host, HostConfig};
use dialgraph_simulator::session::Fixture;
use dialgraph_simulator::suite::{find, run_file};

use crate::measure::{Row, median, thread_cpu};
use crate::plugins::{descriptors, folder};

fn fixture(counting: bool) -> Fixture {
    let flows = Path::new(env!("CARGO_MANIFEST_DIR")).join("../flows/support-desk");
    let project = Project::load(&flows).unwrap();
    let config =
        HostConfig { cache_dir: Some(folder("compiled")), counting, ..HostConfig::default() };
    let host = Host::new(config).unwrap();
    let grants = project.grants();
    let loaded: Vec<_> = dialgraph_guests::shipped()
        .iter()
        // Those that the project grants nothing are not used by it.
        .filter_map(|(name, bytes)| {
            let granted = grants.get(*name).cloned().unwrap_or_else(Grants::default);
            host.load(name, bytes, &granted).ok()
        })
        .collect();
    let release = check(&project, &descriptors(&loaded))
        .into_release()
        .unwrap_or_else(|report| panic!("{report}"));
    Fixture::new(&flows, &project, Arc::new(release), Arc::new(host)).unwrap()
}

/// One script after the other, read, run, checked and written down.
pub(crate) fn script_turns(rounds: usize) -> (Vec<Row>, String) {
    let scripts = find(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("calls")]).unwrap();
    let labs = [fixture(true), fixture(false)];
    let mut failing = 0;
    let mut turns = 0;
    let mut round = |fixture: &Fixture| {
        (failing, turns) = (0, 0);
        let before = thread_cpu();
        for script in &scripts {
            let case = run_file(fixture, script);
            turns += case.outcome.turns;
            failing += usize::from(!case.outcome.faults.is_empty());
        }
        turns as f64 / (thread_cpu() - before).as_secs_f64()
    };
    // The first touches what is made once.
    labs.iter().for_each(|fixture| {
        round(fixture);
    });
    let pairs: Vec<(f64, f64)> = (0..rounds).map(|_| (round(&labs[0]), round(&labs[1]))).collect();
    let counted = median(pairs.iter().map(|pair| pair.0).collect());
    let uncounted = median(pairs.iter().map(|pair| pair.1).collect());
    let ratio = median(pairs.iter().map(|pair| pair.0 / pair.1).collect());
    let row = Row {
        what: "script turns on one core, instructions counted".to_owned(),
        measured: format!("{counted:.0} /s CPU"),
        against: format!("{uncounted:.0} /s uncounted"),
        ratio: format!("{:.0} %", ratio * 100.0),
        target: "≥ 2000 /s",
        met: counted >= 2_000.0,
    };
    let note = format!(
        "  simulator: {} scripts with {turns} turns; {failing} of them do not hold at present\n",
        scripts.len()
    );
    (vec![row], note)
}
