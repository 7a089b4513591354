//! Whatever stands in a project's files, reading, checking and rendering end without a panic.

use dialgraph_flow::check;
use dialgraph_flow::project::{Files, Project};
use dialgraph_flow::testing::{Plugins, plugins};
use proptest::prelude::*;

const FLOW: &str = include_str!("tour.flow.yaml");

fn all_plugins() -> Plugins {
    plugins([("hours-check", &["open", "closed"][..])])
}

/// Reads, checks and shows a good project but for one flow.
fn survive_in_a_good_project(flow: Vec<u8>) -> bool {
    let text = String::from_utf8_lossy(&flow);
    let project = dialgraph_flow::testing::project(&[("tour.flow.yaml", &text)]);
    survive_project(&project)
}

/// The same with the bytes in all files.
fn survive(flow: Vec<u8>) -> bool {
    let project = Project::from_files(
        "",
        Files::from([
            ("tour.flow.yaml".to_owned(), flow.clone()),
            ("dialgraph.yaml".to_owned(), flow.clone()),
            ("data/queues.yaml".to_owned(), flow.clone()),
            ("data/routing-profiles.yaml".to_owned(), flow.clone()),
            ("data/calendars.yaml".to_owned(), flow),
        ]),
    );
    survive_project(&project)
}

/// There is something to show exactly when something was found, and a release exactly when it was
/// no error.
fn survive_project(project: &Project) -> bool {
    let checked = check(project, &all_plugins());
    let json = checked.report.to_json();
    let shown = checked.report.render(true);
    let good = checked.report.errors() == 0;
    shown.is_empty() == checked.report.is_empty()
        && json["version"] == 1
        && checked.release.is_some() == good
}

/// Texts that come close to YAML more often than chance.
fn yaml_like() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("flow: tour\n"),
        Just("nodes:\n"),
        Just("  a:\n"),
        Just("    say: "),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(": "),
        Just("- "),
        Just("\n"),
        Just("\t"),
        Just("\""),
        Just("'"),
        Just("&a "),
        Just("*a "),
        Just("!!str "),
        Just("<<: "),
        Just("| \n"),
        Just(">-\n"),
        Just("${"),
        Just("한글"),
        Just("? "),
        Just("---\n"),
        Just("%YAML 1.2\n"),
        Just("ko-KR"),
        Just("next: a\n"),
        Just("\u{feff}"),
        Just("\r\n"),
        Just("#"),
        Just("0"),
        Just("start: a\n"),
        Just("  "),
    ];
    prop::collection::vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

/// A change to the good flow.
#[derive(Debug, Clone)]
enum Change {
    CutLine(prop::sample::Index),
    RepeatLine(prop::sample::Index, prop::sample::Index),
    Insert(prop::sample::Index, String),
    CutBytes(prop::sample::Index, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        at().prop_map(Change::CutLine),
        (at(), at()).prop_map(|(from, to)| Change::RepeatLine(from, to)),
        (at(), "[ -~\\n\\t한]{1,3}").prop_map(|(at, text)| Change::Insert(at, text)),
        (at(), 1_usize..12).prop_map(|(at, count)| Change::CutBytes(at, count)),
    ]
}

fn changed(mut text: Vec<u8>, change: &Change) -> Vec<u8> {
    if text.is_empty() {
        return text;
    }
    let lines = |text: &[u8]| -> Vec<Vec<u8>> {
        text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    };
    match change {
        Change::CutLine(at) => {
            let mut all = lines(&text);
            all.remove(at.index(all.len()));
            all.concat()
        }
        Change::RepeatLine(from, to) => {
            let mut all = lines(&text);
            let line = all[from.index(all.len())].clone();
            all.insert(to.index(all.len()), line);
            all.concat()
        }
        Change::Insert(at, inserted) => {
            let at = at.index(text.len());
            text.splice(at..at, inserted.bytes());
            text
        }
        Change::CutBytes(at, count) => {
            let at = at.index(text.len());
            let end = (at + count).min(text.len());
            text.drain(at..end);
            text
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(survive(bytes));
    }

    #[test]
    fn anything_like_yaml_is_read(text in yaml_like()) {
        prop_assert!(survive(text.into_bytes()));
    }

    #[test]
    fn a_good_flow_with_changes_is_checked(changes in prop::collection::vec(change(), 1..6)) {
        let text = changes.iter().fold(FLOW.as_bytes().to_vec(), changed);
        prop_assert!(survive_in_a_good_project(text));
    }
}
