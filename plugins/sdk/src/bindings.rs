//! The contract of `wit/` as Rust types, generated when the crate is compiled.
#![allow(
    unsafe_code,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    clippy::unwrap_used,
    clippy::expect_used
)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "node-with-configuration",
    pub_export_macro: true,
    generate_all,
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    // These hold handles of secrets, which can be neither compared nor written down.
    additional_derives_ignore: ["credential", "request"],
});
