//! Whatever Connect, or somebody in its place, sends: it is read or refused, and what is read is
//! within bounds.
#![no_main]

use dialgraph_connect::event::{Incoming, MAX_ATTRIBUTES, What};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let first = Incoming::parse(body);
    assert_eq!(first, Incoming::parse(body), "one event is read in one way");
    match first {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(incoming) => {
            // A contact id, and which of its calls it is.
            assert!((1..=128 + ".20".len()).contains(&incoming.call.0.len()));
            assert!(!incoming.token.is_empty());
            assert!(incoming.wanted.len() <= MAX_ATTRIBUTES);
            assert!(incoming.language.is_none_or(|language| language.chars().count() <= 35));
            if let What::Start(start) = incoming.what {
                let longest = start.attributes.keys().map(|name| name.chars().count()).max();
                assert!(longest.is_none_or(|longest| longest <= 64));
            }
        }
    }
});
