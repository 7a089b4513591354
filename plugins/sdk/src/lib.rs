//! Write a Dialgraph plugin in Rust: a node of a flow, as a sandboxed WebAssembly component.
//!
//! Why it exists: so that a plugin is its business rule and nothing else, and can be tested
//! natively, without WebAssembly or an engine. A plugin implements [`Node`] and calls [`export!`]
//! once:
//!
//! ```
//! use dialgraph_plugin::prelude::*;
//!
//! /// How the greeting goes.
//! #[derive(Debug, Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! pub struct Config {
//!     /// What the caller hears; `{name}` is the caller's name.
//!     greeting: Text,
//! }
//!
//! #[derive(Debug, Deserialize, JsonSchema)]
//! pub struct Input {
//!     name: String,
//! }
//!
//! pub struct Greeter;
//!
//! const GREETED: Port = Port::new("greeted", "The caller was greeted.");
//!
//! impl Node for Greeter {
//!     type Config = Config;
//!     type Input = Input;
//!     type Output = NoOutput;
//!     type State = ();
//!     const DESCRIPTOR: Descriptor = Descriptor {
//!         name: "greeter",
//!         version: "1.0.0",
//!         summary: "Greets the caller by name.",
//!         ports: &[GREETED],
//!         config_schema: "{}", // include_str!("../schema/config.json")
//!         input_schema: "{}",
//!         output_schema: "{}",
//!     };
//!
//!     // Called wherever a project is checked, and never in a call.
//!     fn check(config: &Config, check: &mut Check<'_>) {
//!         check.text("/greeting", &config.greeting, &["name"]);
//!     }
//!
//!     fn run(host: &Host, visit: Visit<Config, Input, ()>) -> Result<Outcome<(), NoOutput>, NodeError> {
//!         let greeting = visit.config.greeting.fill(host.locale(), &[("name", &visit.input.name)]);
//!         Ok(Done::new(GREETED, NoOutput {}).say(greeting).into())
//!     }
//! }
//!
//! dialgraph_plugin::export!(Greeter);
//! # fn main() {}
//! ```
//!
//! Invariants: the component imports only the capabilities that the plugin calls; the schemas it
//! ships are those of its types (`testing::check_schemas`); what the test harness lets pass, the
//! engine lets pass; a configuration that [`Node::check`] lets pass is one that [`Node::run`] is
//! given.
//!
//! It must not know anything of the engine but `wit/`.

mod backend;
#[doc(hidden)]
pub mod bindings;
mod capabilities;
mod check;
mod component;
mod error;
mod host;
pub mod listen;
mod node;
mod suggest;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod text;

pub use capabilities::{genai, http, knowledge, log, nlu, records, tickets};
pub use check::{Check, Problem};
#[doc(hidden)]
pub use component::Exported;
/// Names of companies: when two are the same, and how alike they are.
pub use dialgraph_understanding::company;
pub use error::{ErrorInfo, HostError, NodeError};
pub use host::{CallContext, Host, Records};
pub use node::{
    Answer, Ask, Descriptor, Digits, Done, Event, NoInput, NoOutput, Node, Outcome, Port, Visit,
};
pub use suggest::nearest;
pub use text::{Speech, Text, language_of};
pub use {schemars, serde, serde_json};

/// Everything that a plugin usually needs.
pub mod prelude {
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};

    pub use crate::{
        Answer, Ask, Check, Descriptor, Done, Event, Host, HostError, NoInput, NoOutput, Node,
        NodeError, Outcome, Port, Speech, Text, Visit,
    };
}

/// Makes a [`Node`] the plugin of this component. Call it once, at the top level of the crate.
///
/// A macro because the exported symbols must be in the plugin's own crate. Expands to nothing
/// outside of WebAssembly, where there is no component.
#[macro_export]
macro_rules! export {
    ($node:ty) => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code)]
        const _: () = {
            type ExportedByDialgraph = $crate::Exported<$node>;
    $crate::bindings::export!(ExportedByDialgraph with_types_in $crate::bindings);
        };
    };
}
