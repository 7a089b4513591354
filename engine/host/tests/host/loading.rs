//! What stands between a file and a plugin that runs.

use dialgraph_base::Grants;
use dialgraph_host::{Host, HostConfig, LoadError};
use dialgraph_kernel::plugin::{Plugins as _, RunResult};

use crate::support::{Script, all_grants, grants, guest, host, invocation, run};

fn refusal(name: &str, bytes: &[u8], grants: &Grants) -> String {
    let error = host().load(name, bytes, grants).unwrap_err();
    let digest = dialgraph_base::Digest::of(bytes);
    assert!(host().loaded(&digest).is_none(), "it is loaded all the same");
    // A good plugin loads and runs afterwards.
    let plain = host().load("plain", guest("plain"), &Grants::default()).unwrap();
    assert!(matches!(run(host(), &plain.digest, "{}").result, RunResult::Done(_)));
    error.to_string()
}

#[test]
fn a_good_plugin_is_loaded_with_what_it_says_of_itself() {
    let plugin = host().load("probe", guest("probe"), &all_grants()).unwrap();
    assert_eq!(plugin.warnings, [""; 0]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&*plugin.descriptor).unwrap());
}

#[test]
fn an_import_that_is_not_granted_is_named_with_the_line_to_add() {
    let fresh = Host::new(HostConfig::default()).unwrap();
    let error = fresh.load("hostile", guest("hostile"), &grants(&["log"])).unwrap_err();
    let all = fresh.load("probe", guest("probe"), &Grants::default()).unwrap_err();
    assert!(fresh.digests().is_empty());
    insta::assert_snapshot!(format!("{error}\n{all}"));
}

#[test]
fn another_version_of_the_contract_is_refused_with_the_nearest_that_is_served() {
    insta::assert_snapshot!(refusal("future", guest("future"), &all_grants()));
}

#[test]
fn a_plugin_that_opens_connections_of_its_own_is_refused() {
    insta::assert_snapshot!(refusal("dialer", guest("dialer"), &all_grants()));
}

#[test]
fn a_core_module_is_refused() {
    insta::assert_snapshot!(refusal("core", b"\0asm\x01\0\0\0", &Grants::default()));
}

#[test]
fn a_component_without_the_plugin_interface_is_refused() {
    let empty = b"\0asm\x0d\0\x01\0";
    insta::assert_snapshot!(refusal("empty", empty, &Grants::default()));
}

#[test]
fn a_file_cut_short_is_refused_wherever_it_was_cut() {
    let bytes = guest("plain");
    for end in [8, 9, 100, bytes.len() / 2, bytes.len() - 1] {
        let message = refusal("plain", &bytes[..end], &Grants::default());
        assert!(message.starts_with("plugin `plain` "), "{message}");
    }
    insta::assert_snapshot!(refusal("plain", &bytes[..1_000], &Grants::default()));
}

#[test]
fn bytes_that_are_no_webassembly_are_refused() {
    // Random, but the same each time.
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(10_000)
    .collect();
    insta::assert_snapshot!(refusal("noise", &noise, &Grants::default()));
    assert!(refusal("nothing", b"", &Grants::default()).contains("is not WebAssembly"));
    for header in [&b"\0asm\x0d\0\x01\0"[..], b"\0asm\x01\0\0\0"] {
        refusal("noise", &[header, &noise].concat(), &Grants::default());
    }
}

#[test]
fn a_component_with_a_byte_changed_is_refused_or_still_safe() {
    let mut grants = all_grants();
    grants.limits.wall_ms = 50;
    let fresh = Host::new(HostConfig::default()).unwrap();
    let good = guest("plain");
    let mut refused = 0;
    for at in (8..good.len()).step_by(good.len() / 40) {
        let mut bytes = good.to_vec();
        bytes[at] ^= 0x55;
        match fresh.load("plain", &bytes, &grants) {
            Ok(plugin) => drop(run(&fresh, &plugin.digest, "{}")),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0);
    let plain = fresh.load("plain", good, &Grants::default()).unwrap();
    assert!(matches!(run(&fresh, &plain.digest, "{}").result, RunResult::Done(_)));
}

#[test]
fn a_component_beyond_the_size_limit_is_not_looked_at() {
    let small =
        Host::new(HostConfig { max_component_bytes: 1_000, ..HostConfig::default() }).unwrap();
    let error = small.load("huge", &[0; 1_001], &Grants::default()).unwrap_err();
    insta::assert_snapshot!(error.to_string());
    assert!(matches!(small.inspect("huge", &[0; 1_001]), Err(LoadError::TooLarge { .. })));
}

#[test]
fn describe_reaches_no_capability_even_if_granted() {
    insta::assert_snapshot!(refusal("chatty", guest("chatty"), &all_grants()));
}

#[test]
fn a_descriptor_that_breaks_the_rules_is_refused() {
    insta::assert_snapshot!(refusal("liar", guest("liar"), &Grants::default()));
}

#[test]
fn what_a_plugin_needs_to_begin_with_must_be_within_its_limits() {
    let fresh = Host::new(HostConfig::default()).unwrap();
    let refusal = |change: fn(&mut Grants)| {
        let mut grants = Grants::default();
        change(&mut grants);
        fresh.load("plain", guest("plain"), &grants).unwrap_err().to_string()
    };
    let lines = [
        refusal(|grants| grants.limits.memory_bytes = 1),
        refusal(|grants| grants.limits.table_elements = 1),
        refusal(|grants| grants.limits.memory_bytes = 1 << 40),
    ];
    // The sizes are the compiler's business.
    let digits = |c: char| c.is_ascii_digit();
    let lines = lines.join("\n");
    let words: Vec<_> = lines.split(digits).filter(|part| !part.is_empty()).collect();
    insta::assert_snapshot!(words.join("N"));
}

#[test]
fn loading_again_does_nothing_and_other_grants_take_effect() {
    let fresh = Host::new(HostConfig::default()).unwrap();
    let grants = grants(&["log", "records-read"]);
    let first = fresh.load("hostile", guest("hostile"), &grants).unwrap();
    let again = fresh.load("hostile", guest("hostile"), &grants).unwrap();
    assert_eq!(first.digest, again.digest);
    assert!(std::sync::Arc::ptr_eq(&first.descriptor, &again.descriptor));
    let mut tighter = grants;
    tighter.limits.output_bytes = 4;
    fresh.load("hostile", guest("hostile"), &tighter).unwrap();
    let report = run(&fresh, &first.digest, r#"{"do":"behave"}"#);
    assert!(matches!(report.result, RunResult::Failed(_)), "{report:?}");
    // What fails to load leaves what is there.
    fresh.load("hostile", guest("hostile"), &Grants::default()).unwrap_err();
    assert_eq!(fresh.digests(), [first.digest]);
}

#[test]
fn versions_live_side_by_side_until_they_are_unloaded() {
    let fresh = Host::new(HostConfig::default()).unwrap();
    let one = fresh.load("plain", guest("plain"), &Grants::default()).unwrap();
    // A custom section makes it another version with the same behaviour.
    let other = [guest("plain"), b"\0\x05\x04note"].concat();
    let other = fresh.load("plain", &other, &Grants::default()).unwrap();
    assert_ne!(one.digest, other.digest);
    assert!(fresh.unload(&one.digest));
    assert!(!fresh.unload(&one.digest));
    assert!(fresh.loaded(&one.digest).is_none());
    assert!(matches!(run(&fresh, &other.digest, "{}").result, RunResult::Done(_)));
    assert!(matches!(run(&fresh, &one.digest, "{}").result, RunResult::Failed(_)));
}

#[test]
fn an_operator_hears_of_grants_and_names_that_do_not_fit() {
    let fresh = Host::new(HostConfig::default()).unwrap();
    let plugin = fresh.load("simple", guest("plain"), &grants(&["http", "htpp"])).unwrap();
    insta::assert_snapshot!(plugin.warnings.join("\n"));
}

#[test]
fn inspection_grants_nothing_and_tells_everything() {
    let found = host().inspect("probe", guest("probe")).unwrap();
    assert_eq!(found.size, guest("probe").len());
    assert_eq!(found.digest, dialgraph_base::Digest::of(guest("probe")));
    let imports: Vec<_> = found
        .imports
        .iter()
        .filter(|import| import.interface.starts_with("dialgraph:"))
        .map(|import| format!("{} {:?}", import.interface, import.functions))
        .collect();
    insta::assert_snapshot!(format!(
        "{} {}\nneeds {}\n{}",
        found.descriptor.as_ref().unwrap().name,
        found.descriptor.as_ref().unwrap().version,
        found.needs.join(", "),
        imports.join("\n")
    ));

    let future = host().inspect("future", guest("future")).unwrap();
    assert!(future.descriptor.unwrap_err().to_string().contains("1.0.0"));
    assert_eq!(future.imports[0].interface, "dialgraph:plugin/log@2.0.0");
}

#[test]
fn a_full_pool_lets_runs_wait_and_then_says_that_it_is_busy() {
    let narrow = Host::new(HostConfig {
        small: dialgraph_host::Pool { runs: 1, ..HostConfig::default().small },
        wait: std::time::Duration::from_millis(20),
        ..HostConfig::default()
    })
    .unwrap();
    let mut patient = grants(&["log", "records-read"]);
    patient.limits.wall_ms = 60_000;
    let plugin = narrow.load("hostile", guest("hostile"), &patient).unwrap();

    /// Makes another run from within a host call, while the first holds the only place.
    struct Nested<'a>(&'a Host, dialgraph_base::Digest, Option<RunResult>);
    impl dialgraph_kernel::plugin::HostCalls for Nested<'_> {
        fn call(
            &mut self,
            _: dialgraph_kernel::ports::HostCall,
        ) -> Option<dialgraph_kernel::ports::HostResult> {
            self.2 = Some(run(self.0, &self.1, r#"{"do":"behave"}"#).result);
            None
        }
    }
    let mut nested = Nested(&narrow, plugin.digest, None);
    let report = narrow.run(&plugin.digest, &invocation(r#"{"do":"call"}"#), &mut nested);
    assert_eq!(report.result, RunResult::Suspended);
    let Some(RunResult::Failed(failure)) = nested.2 else {
        panic!("it ran: {:?}", nested.2);
    };
    insta::assert_snapshot!(format!("{}: {}", failure.code, failure.message));

    // Many threads, one place: all are served.
    let patient = Host::new(HostConfig {
        small: dialgraph_host::Pool { runs: 1, ..HostConfig::default().small },
        wait: std::time::Duration::from_secs(60),
        ..HostConfig::default()
    })
    .unwrap();
    let plain = patient.load("plain", guest("plain"), &Grants::default()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let report =
                        patient.run(&plain.digest, &invocation("{}"), &mut Script::default());
                    assert!(matches!(report.result, RunResult::Done(_)), "{report:?}");
                }
            });
        }
    });
}
