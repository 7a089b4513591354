//! Whatever is in a call script: it is read and set up, or refused with a place in the text.
#![no_main]

use dialgraph_simulator::script::Script;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let script = match Script::parse(text) {
        Ok(script) => script,
        Err(errors) => {
            assert!(!errors.is_empty());
            // A carriage return alone ends a line of YAML too.
            let lines = text.matches(['\n', '\r']).count() as u64 + 1;
            for error in errors {
                assert!(!error.message.is_empty());
                assert!(error.line <= lines, "line {} of {lines}", error.line);
            }
            return;
        }
    };
    if let Err(error) = script.setup("fuzzed") {
        assert!(!error.message.is_empty());
    }
    for step in &script.steps {
        if let Some(Err(message)) = step.action() {
            assert!(!message.is_empty());
        }
    }
});
