//! The plugins that Dialgraph ships, as WebAssembly components inside the engine's binary.
//!
//! Why it exists: a build or a test of the engine always has its plugins at hand, without a step
//! that one could forget. The build script compiles the workspace `plugins/` for `wasm32-wasip2`
//! (adding the target to the Rust toolchain when it is missing) and this crate embeds what came
//! out. A new folder in `plugins/` is shipped without a change here.
//!
//! Invariants: the same sources and toolchain give the same bytes, in whatever folder and on
//! whatever machine; nothing of the outer build's flags gets into a component.
//!
//! It must not know what a plugin does, nor how it is run.

pub mod build;
mod scaffold;

pub use scaffold::{ScaffoldError, scaffold};

/// Name and bytes of each shipped plugin, in the order of the names.
///
/// ```
/// let auth = dialgraph_guests::shipped().iter().find(|(name, _)| *name == "auth");
/// assert!(auth.is_some_and(|(_, bytes)| bytes.starts_with(b"\0asm")));
/// ```
pub fn shipped() -> &'static [(&'static str, &'static [u8])] {
    static SHIPPED: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/shipped.rs"));
    SHIPPED
}
