//! Whatever is in a flow file: it is compiled, or all that is wrong with it is shown at places that
//! there are.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use dialgraph_flow::check;
use dialgraph_flow::testing::{Plugins, plugins, project};
use libfuzzer_sys::fuzz_target;

static PLUGINS: LazyLock<Plugins> = LazyLock::new(|| {
    plugins(BTreeMap::from([
        ("hours-check", &["open", "closed"][..]),
        ("auth", &["known", "unknown"][..]),
    ]))
});

fuzz_target!(|text: &str| {
    let project = project(&[("fuzzed.flow.yaml", text)]);
    let checked = check(&project, &PLUGINS);
    let report = checked.report;
    assert_eq!(
        checked.release.is_none(),
        report.errors() > 0,
        "there is a release exactly if there is no error:\n{}",
        report.render(false)
    );
    let shown = report.render(false);
    assert_eq!(shown.trim().is_empty(), report.is_empty());
    for diagnostic in report.diagnostics() {
        for label in diagnostic.labels.iter().chain([&diagnostic.primary]) {
            let position = report.sources().position(label.span);
            assert!(position.line >= 1 && position.column >= 1, "{diagnostic:?}");
        }
    }
    let _ = report.to_json();
});
