//! The engine's speed as ratios, each pair measured in the same run. `docs/benchmarks.md` explains
//! the table.
//!
//! `cargo bench -p dialgraph-tests` measures everything; `-- turns memory` only those parts.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and fails by panicking"
)]

mod flows;
mod hot;
mod measure;
mod memory;
mod nodes;
mod plugins;
mod records;
mod serve;
mod shipped;
mod simulator;
mod table;
mod turns;

use measure::{Row, table};

/// As in the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Calls that wait in the store while memory is measured.
const WAITING: usize = 100_000;

fn main() {
    if memory::child() {
        return;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Cargo says so for `cargo bench`; as a test, everything is done once and small.
    let thorough = arguments.iter().any(|argument| argument == "--bench");
    let parts: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let wanted = |part: &str| parts.is_empty() || parts.contains(&part);
    let rounds = if thorough { 15 } else { 1 };

    let mut rows: Vec<Row> = Vec::new();
    let mut notes = String::new();
    let mut add = |(more, note): (Vec<Row>, String)| {
        rows.extend(more);
        notes += &note;
    };
    if wanted("nodes") {
        add((vec![nodes::built_in(rounds)], String::new()));
    }
    if wanted("plugins") {
        add((plugins::nodes(rounds), String::new()));
    }
    if wanted("turns") {
        add(turns::durable(rounds.div_ceil(3)));
    }
    if wanted("serve") {
        add(serve::turns_over_http(rounds.div_ceil(3)));
        add(serve::open_calls(if thorough { WAITING } else { 2_000 }));
    }
    if wanted("shipped") {
        let (rounds, calls) = if thorough { (5, 640) } else { (1, 8) };
        add(shipped::calls(rounds, calls));
    }
    if wanted("records") {
        let counts: &[usize] = if thorough { &[1_000, 100_000, 1_000_000] } else { &[200, 400] };
        add(records::by_number(counts));
    }
    if wanted("hot") {
        let (rounds, seconds) = if thorough { (3, 10) } else { (1, 1) };
        add(hot::loads(rounds, seconds));
    }
    if wanted("table") {
        let (rounds, calls) = if thorough { (3, 40) } else { (1, 2) };
        add(table::turns(rounds, calls));
    }
    if wanted("simulator") {
        add(simulator::script_turns(rounds.div_ceil(3)));
    }
    if wanted("memory") {
        add(memory::waiting_calls(if thorough { WAITING } else { 2_000 }));
        add((vec![memory::plugin_versions()], String::new()));
    }
    println!("\n{}\n{notes}", table(&rows));
}
