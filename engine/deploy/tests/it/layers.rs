//! The order of the crate's modules, as `lib.rs` tells it.

use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn a_module_uses_only_modules_of_the_lines_above_its_own() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let text = |module: &str| std::fs::read_to_string(source.join(module).with_extension("rs"));
    let lib = text("lib").unwrap();
    let mut line_of: BTreeMap<&str, usize> = BTreeMap::new();
    for told in lib.lines().filter_map(|line| line.strip_prefix("//! ")) {
        let Some((number, rest)) = told.split_once(". ") else { continue };
        let (Ok(number), Some((modules, _))) = (number.parse(), rest.split_once(": ")) else {
            continue;
        };
        line_of.extend(modules.split(", ").map(|module| (module.trim_matches('`'), number)));
    }
    let declared =
        lib.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
    let modules: Vec<&str> = declared.map(|rest| rest.trim_end_matches(';')).collect();
    for module in &modules {
        let line = line_of.get(module).unwrap_or_else(|| panic!("no line has `{module}`"));
        let text = text(module).unwrap();
        let own = text.split("#[cfg(test)]").next().unwrap();
        for used in own.split("crate::").skip(1) {
            let end =
                used.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(used.len());
            if let Some(other) = line_of.get(&used[..end]) {
                assert!(other < line, "`{module}` uses `{}`", &used[..end]);
            }
        }
    }
    assert_eq!(modules.len(), line_of.len(), "a line has a module that is not there");
}
