//! Calls a capability while it describes itself, which it must not.

wit_bindgen::generate!({
    inline: "
        package test:chatty;
        world chatty {
            include dialgraph:plugin/node@1.0.0;
            import dialgraph:plugin/log@1.0.0;
        }
    ",
    path: "../../../wit",
    generate_all,
});

use exports::dialgraph::plugin::plugin::{Descriptor, Guest, Invocation, NodeError, Outcome};

struct Chatty;

impl Guest for Chatty {
    fn describe() -> Descriptor {
        dialgraph::plugin::log::log(dialgraph::plugin::log::Level::Info, "I am …", &[]);
        unreachable!("the engine stops it before")
    }

    fn run(_: Invocation) -> Result<Outcome, NodeError> {
        unreachable!("it is never loaded")
    }
}

export!(Chatty);
