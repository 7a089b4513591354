//! The least that a plugin can be: leaves by its one port. For benchmarks, and to see that all is
//! well after something was not.

wit_bindgen::generate!({ path: "../../../wit", world: "dialgraph:plugin/node" });

use exports::dialgraph::plugin::plugin::{
    Descriptor, Done, Guest, Invocation, NodeError, Outcome, Port,
};

struct Plain;

impl Guest for Plain {
    fn describe() -> Descriptor {
        Descriptor {
            name: "plain".to_owned(),
            version: "1.0.0".to_owned(),
            summary: "Leaves by its one port.".to_owned(),
            ports: vec![Port { name: "done".to_owned(), summary: "Always.".to_owned() }],
            config_schema: "{}".to_owned(),
            input_schema: "{}".to_owned(),
            output_schema: "{}".to_owned(),
            extra: Vec::new(),
        }
    }

    fn run(invocation: Invocation) -> Result<Outcome, NodeError> {
        Ok(Outcome::Done(Done {
            port: "done".to_owned(),
            output: invocation.input,
            say: Vec::new(),
            extra: Vec::new(),
        }))
    }
}

export!(Plain);
