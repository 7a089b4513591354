//! What `plugin new` makes is a plugin: it builds, its tests pass, and it is a component.

use std::path::Path;

use dialgraph_guests::build::{Build, Component};
use dialgraph_guests::scaffold;

#[test]
fn a_new_plugin_passes_its_tests_and_is_built_without_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scaffold-target");
    scaffold("order-status", folder.path()).unwrap();
    let build = Build::new(folder.path(), &target).offline();

    let tests = build.test().unwrap_or_else(|error| panic!("{error}"));
    assert!(tests.contains("3 passed"), "{tests}");

    let components = build.run().unwrap_or_else(|error| panic!("{error}"));
    let [Component { name, path }] = components.as_slice() else {
        panic!("one component was expected: {components:?}")
    };
    assert_eq!(name, "order-status");
    let bytes = std::fs::read(path).unwrap();
    // A component, not a module: layer 1 follows the version.
    assert_eq!(bytes[..8], *b"\0asm\x0d\0\x01\0");
}
