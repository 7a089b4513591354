//! Describes itself with a port that it may not list.

wit_bindgen::generate!({ path: "../../../wit", world: "dialgraph:plugin/node" });

use exports::dialgraph::plugin::plugin::{Descriptor, Guest, Invocation, NodeError, Outcome, Port};

struct Liar;

impl Guest for Liar {
    fn describe() -> Descriptor {
        Descriptor {
            name: "liar".to_owned(),
            version: "1.0.0".to_owned(),
            summary: "Lists the error port.".to_owned(),
            ports: vec![Port { name: "error".to_owned(), summary: "Never.".to_owned() }],
            config_schema: "{}".to_owned(),
            input_schema: "{}".to_owned(),
            output_schema: "{}".to_owned(),
            extra: Vec::new(),
        }
    }

    fn run(_: Invocation) -> Result<Outcome, NodeError> {
        unreachable!("it is never loaded")
    }
}

export!(Liar);
