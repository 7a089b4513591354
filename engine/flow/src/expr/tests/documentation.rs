//! The page for people who write flows says nothing that is not so.

use super::*;

const PAGE: &str = include_str!("../../../../../docs/expressions.md");

/// Rows of tables whose first cell is code: `(code, second cell)`.
fn rows() -> Vec<(String, String)> {
    PAGE.lines()
        .filter_map(|line| {
            let line = line.replace("\\|", "\u{1}");
            let mut cells = line.strip_prefix('|')?.split('|');
            let code = cells.next()?.trim().strip_prefix('`')?.strip_suffix('`')?;
            let second = cells.next()?.trim();
            Some((code.replace('\u{1}', "|"), second.replace('\u{1}', "|")))
        })
        .collect()
}

#[test]
fn every_example_gives_the_value_that_the_page_states() {
    let mut examples = 0;
    for (source, stated) in rows() {
        let Some(stated) = stated.strip_prefix('`').and_then(|s| s.strip_suffix('`')) else {
            continue;
        };
        let stated: Value = serde_json::from_str(stated).expect(stated);
        assert_eq!(eval(&source), stated, "{source}");
        examples += 1;
    }
    assert!(examples >= FUNCTIONS.len(), "only {examples} examples");
}

#[test]
fn every_example_that_the_page_calls_an_error_is_one() {
    let mut errors = 0;
    for (source, stated) in rows() {
        if stated.starts_with("error") {
            let value = Expr::compile(&source, &types()).map(|(expr, _)| expr.eval(&fixture()));
            assert!(!matches!(value, Ok(Ok(_))), "{source}: {value:?}");
            errors += 1;
        }
    }
    assert!(errors > 0);
}

#[test]
fn the_page_describes_every_function_by_its_signature() {
    for function in &FUNCTIONS {
        let row = format!("| `{}` | {} |", function.signature(), function.summary);
        assert!(PAGE.contains(&row), "missing: {row}");
    }
    for function in &FUNCTIONS {
        let used = rows().iter().any(|(source, stated)| {
            stated.starts_with('`') && source.contains(&format!("{}(", function.name))
        });
        assert!(used, "no example of {}", function.name);
    }
}

#[test]
fn the_page_states_the_limits() {
    for limit in [MAX_SOURCE, MAX_DEPTH, MAX_NESTING] {
        assert!(PAGE.contains(&limit.to_string()), "{limit}");
    }
    assert!(PAGE.contains("6,000"));
}
