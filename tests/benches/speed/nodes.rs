//! What a node costs: the kernel alone, and the kernel with plugins.

use std::sync::Arc;

use dialgraph_flow::Release;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::plugin::Plugins;
use dialgraph_kernel::turn::{Finished, Progress, Turn};

use crate::flows::{CHAIN, NOW, NoPlugins, NoWorld, built_in_chain, call, compile};
use crate::measure::{Row, cpu_each, micros};

/// One whole turn: from the call's data to its data after.
pub(crate) fn turn(release: &Arc<Release>, plugins: &Arc<dyn Plugins>) -> Finished {
    let begun =
        Turn::begin(release.clone(), plugins.clone(), call(release), None, Event::Entered, NOW);
    let mut turn = begun.unwrap();
    match turn.run(&mut NoWorld) {
        Progress::Finished(finished) => *finished,
        Progress::Waiting => panic!("nothing is waited for"),
    }
}

/// A chain of built-in nodes, the beginning and the end of the turn included.
pub(crate) fn built_in(samples: usize) -> Row {
    let release = compile(&built_in_chain(), &Default::default());
    let plugins: Arc<dyn Plugins> = Arc::new(NoPlugins);
    let finished = turn(&release, &plugins);
    assert_eq!(finished.record.steps.len(), CHAIN + 1, "{:?}", finished.record.steps.last());
    let whole = cpu_each(samples, || {
        std::hint::black_box(turn(&release, &plugins));
    });
    // The same call, cloned and dropped: what a turn needs before it has walked anything.
    let call = cpu_each(samples, || {
        std::hint::black_box(call(&release));
    });
    let each = (whole - call) / CHAIN as f64;
    Row {
        what: format!("built-in node (say, set, switch; {CHAIN} in a turn)"),
        measured: format!("{} CPU", micros(each)),
        against: "-".to_owned(),
        ratio: "-".to_owned(),
        target: "≤ 2 µs",
        met: each <= 2_000.0,
    }
}
