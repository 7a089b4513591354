//! Built against another major version of the plugin contract.

wit_bindgen::generate!({ path: "wit", world: "node" });

use exports::dialgraph::plugin::plugin::Guest;

struct Future;

impl Guest for Future {
    fn describe() -> String {
        dialgraph::plugin::log::log("from the future");
        String::new()
    }

    fn run(invocation: String) -> String {
        invocation
    }
}

export!(Future);
