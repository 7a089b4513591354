//! What stays in memory: for a call that waits, and for a plugin version that is loaded.
//!
//! Each figure is taken in a process of its own, this program started once more, because memory
//! that was used and freed stays with a process.

use std::path::Path;
use std::process::Command;

use dialgraph_kernel::event::Event;
use dialgraph_runtime::TurnRequest;
use dialgraph_store::{CommitToken, Expect, Key, Op, Part, Sort, Store as _};

use crate::flows::{compile, desk};
use crate::measure::{Row, resident};
use crate::plugins::{all_grants, shipped};
use crate::turns::{engine, id, runtime, side_by_side, sled, start};

/// Tells a child what to do.
const CHILD_VARIABLE: &str = "DIALGRAPH_SPEED_CHILD";

/// Turns that a child makes before its memory is read.
const TURNS: usize = 300;

/// Does what this process was started for, if it is a child.
pub(crate) fn child() -> bool {
    let Ok(order) = std::env::var(CHILD_VARIABLE) else { return false };
    let mut words = order.splitn(3, ' ');
    let (what, count) = (words.next().unwrap(), words.next().unwrap().parse().unwrap());
    let folder = words.next().unwrap();
    if what == "serve" {
        crate::serve::child(Path::new(folder), count);
        return true;
    }
    match what {
        "fill-records" => {
            crate::records::fill(Path::new(folder), count);
            return true;
        }
        "records" => {
            crate::records::child(Path::new(folder), count);
            return true;
        }
        _ => {}
    }
    let _kept: Box<dyn std::any::Any> = match what {
        "fill" => {
            fill(Path::new(folder), count);
            Box::new(())
        }
        "engine" => Box::new(through_engine(Path::new(folder), count)),
        "store" => Box::new(bare(Path::new(folder), count)),
        "plugins" => Box::new(shipped(count.try_into().unwrap(), &all_grants())),
        other => panic!("{other}"),
    };
    println!("{}", resident().unwrap_or(0));
    true
}

/// Has a child do something, and gives what it printed.
pub(crate) fn order(what: &str, count: usize, folder: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .env(CHILD_VARIABLE, format!("{what} {count} {}", folder.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Resident bytes that a child tells of.
fn bytes(what: &str, count: usize, folder: &Path) -> f64 {
    order(what, count, folder).parse().unwrap()
}

/// Begins calls and leaves each with its question.
fn fill(folder: &Path, calls: usize) {
    let release = compile(&desk(), &Default::default());
    let engine = engine(sled(folder), &release);
    runtime().block_on(side_by_side(256, calls, move |number| {
        let engine = engine.clone();
        async move {
            engine.turn(TurnRequest::start(start(number), "t1")).await.unwrap();
        }
    }));
}

/// A turn for some of the calls; everything that it takes is kept.
fn through_engine(folder: &Path, calls: usize) -> impl Sized + use<> {
    let release = compile(&desk(), &Default::default());
    let store = sled(folder);
    let engine = engine(store.clone(), &release);
    let used = engine.clone();
    let runtime = runtime();
    runtime.block_on(side_by_side(16, TURNS, move |number| {
        let engine = used.clone();
        let id = id(number * (calls / TURNS));
        async move {
            let event = Event::Pressed("1".into());
            engine
                .turn(TurnRequest::event(id.clone(), event, format!("m{}", std::process::id())))
                .await
                .unwrap();
        }
    }));
    (runtime, engine, store)
}

/// The store alone: as many reads and writes of the same size, on the same rows.
fn bare(folder: &Path, calls: usize) -> impl Sized + use<> {
    let store = sled(folder);
    let used = store.clone();
    let runtime = runtime();
    runtime.block_on(side_by_side(16, TURNS, move |number| {
        let store = used.clone();
        let id = id(number * (calls / TURNS));
        async move {
            let part = Part::new(format!("call/{id}")).unwrap();
            let key = Key::new(&part, Sort::text("state").then_number(0)).unwrap();
            let row = store.get(&key).await.unwrap().unwrap();
            let journal = Key::new(&part, Sort::text("bare").then_number(1)).unwrap();
            let ops = [
                Op::put(key, row.value.clone(), Expect::Version(row.version)),
                Op::put(journal, row.value, Expect::Any),
            ];
            let token = CommitToken::new(format!("bare/{id}/{}", std::process::id())).unwrap();
            store.commit(&ops, &token).await.unwrap();
        }
    }));
    (runtime, store)
}

/// Memory for each call that waits, apart from the store's.
pub(crate) fn waiting_calls(many: usize) -> (Vec<Row>, String) {
    let few = 1_000;
    let kib = |bytes: f64| format!("{:.0} KiB", bytes / 1024.0);
    let mut own = Vec::new();
    let mut note = String::new();
    for calls in [few, many] {
        let folder = tempfile::tempdir().unwrap();
        order("fill", calls, folder.path());
        // The first opening after the filling reads more than later ones.
        order("store", calls, folder.path());
        let [store, engine] = ["store", "engine"].map(|what| {
            let mut figures: Vec<f64> = (0..3).map(|_| bytes(what, calls, folder.path())).collect();
            figures.sort_by(f64::total_cmp);
            figures[1]
        });
        own.push(engine - store);
        note += &format!(
            "  {calls} calls wait: {} resident with the engine, {} with the store alone\n",
            kib(engine),
            kib(store)
        );
    }
    let each = (own[1] - own[0]) / (many - few) as f64;
    let row = Row {
        what: format!("memory of a waiting call, {many} against {few}"),
        measured: format!("{each:.1} bytes"),
        against: format!("engine itself {}", kib(own[0])),
        ratio: "-".to_owned(),
        target: "0 (below 16)",
        // The resident size moves by some hundred KiB from run to run.
        met: each < 16.0,
    };
    (vec![row], note)
}

/// Memory for each plugin version that is loaded.
pub(crate) fn plugin_versions() -> Row {
    let none = Path::new("-");
    let count = dialgraph_guests::shipped().len();
    // Fills the cache, so that none of the measured processes compiles.
    order("plugins", 3, none);
    let (one, three) = (bytes("plugins", 1, none), bytes("plugins", 3, none));
    let each = (three - one) / (2 * count) as f64;
    Row {
        what: format!("resident memory of a live plugin version (mean of {count})"),
        measured: format!("{:.0} KiB", each / 1024.0),
        against: "-".to_owned(),
        ratio: "-".to_owned(),
        target: "stated",
        met: true,
    }
}
