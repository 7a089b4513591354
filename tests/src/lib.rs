//! Whole-system tests: what no crate can prove alone.
//!
//! `tests/` holds the shipped plugins as real components in the real host, the ticket desk over a
//! real socket, and calls that survive `kill -9`; `benches/` the ratios of docs/benchmarks.md. Call
//! scripts (`calls/`), broken flows (`broken_flows/`) and guests in several languages (`guests/`)
//! lie beside them and are run by the crates that they test.
