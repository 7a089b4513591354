//! Opens a network connection of its own, past the capabilities.

wit_bindgen::generate!({ path: "../../../wit", world: "dialgraph:plugin/node" });

use exports::dialgraph::plugin::plugin::{Descriptor, Guest, Invocation, NodeError, Outcome};

struct Dialer;

impl Guest for Dialer {
    fn describe() -> Descriptor {
        unreachable!("it is never loaded")
    }

    fn run(_: Invocation) -> Result<Outcome, NodeError> {
        let connected = std::net::TcpStream::connect("127.0.0.1:9").is_ok();
        unreachable!("it is never loaded: {connected}")
    }
}

export!(Dialer);
