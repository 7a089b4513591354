//! Whatever is uploaded as a plugin: it is loaded, or refused with what is wrong; and it takes
//! nothing down.
//!
//! A component that loads is asked what it is, so code made by the fuzzer runs in the sandbox too.
#![no_main]

use std::sync::LazyLock;

use dialgraph_base::Grants;
use dialgraph_host::{Host, HostConfig, Pool};
use libfuzzer_sys::fuzz_target;

static HOST: LazyLock<Host> = LazyLock::new(|| {
    Host::new(HostConfig {
        small: Pool { runs: 2, memory_bytes: 16 << 20 },
        large: Pool { runs: 1, memory_bytes: 32 << 20 },
        max_component_bytes: 256 << 10,
        ..HostConfig::default()
    })
    .expect("the machine runs WebAssembly")
});

static GRANTS: LazyLock<Grants> = LazyLock::new(|| {
    let mut grants = Grants::default();
    grants.grants = ["clock", "log", "random"].map(str::to_owned).into();
    grants.limits.wall_ms = 200;
    grants
});

fuzz_target!(|bytes: &[u8]| {
    match HOST.inspect("fuzzed", bytes) {
        Ok(inspection) => assert_eq!(inspection.size, bytes.len()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match HOST.load("fuzzed", bytes, &GRANTS) {
        // Otherwise all that were ever loaded would be kept.
        Ok(loaded) => assert!(HOST.unload(&loaded.digest)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
