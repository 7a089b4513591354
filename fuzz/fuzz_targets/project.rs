//! A whole project of several files: see `shared/project.rs`, which the tests of `engine/flow` run
//! on changed corpora, too.
#![no_main]

#[path = "shared/project.rs"]
mod shared;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| shared::survive(text));
