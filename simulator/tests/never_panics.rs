//! Whatever stands in a call script, it is read and set up, or refused with a place in its text;
//! without a panic.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::path::Path;
use std::sync::LazyLock;

use dialgraph_simulator::script::{self, FieldMatch, Script, ScriptError, Step};
use proptest::prelude::*;
use proptest::sample::Index;

/// Every script of the shipped flows.
static SCRIPTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    fn read(folder: &Path, scripts: &mut Vec<String>) {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                read(&path, scripts);
            } else if path.to_string_lossy().ends_with(".call.yaml") {
                scripts.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut scripts = Vec::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/calls"), &mut scripts);
    assert!(scripts.len() > 100, "only {} scripts are there", scripts.len());
    scripts
});

/// That an error says something, of a place that an editor can show.
fn is_placed(error: &ScriptError, text: &str) {
    assert!(!error.message.is_empty());
    // A carriage return alone ends a line of YAML too.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let line = usize::try_from(error.line).unwrap().checked_sub(1);
    let line = line.and_then(|line| text.split('\n').nth(line));
    let line = line.unwrap_or_else(|| panic!("there is no such line: {error}\n{text:?}"));
    // The end of a line is a place, too.
    let columns = 1..=line.chars().count() as u64 + 1;
    assert!(columns.contains(&error.column), "there is no such column: {error}\n{text:?}");
}

/// Reads a script and does all with it that needs no engine. Gives whether it could be read.
fn survives(text: &str) -> bool {
    let script = match Script::parse(text) {
        Ok(script) => script,
        Err(errors) => {
            assert!(!errors.is_empty());
            errors.iter().for_each(|error| is_placed(error, text));
            return false;
        }
    };
    if let Err(error) = script.setup("c-1") {
        is_placed(&error, text);
    }
    for step in &script.steps {
        if let Some(Err(message)) = step.action() {
            assert!(!message.is_empty());
        }
        let told = match step {
            Step::Hears(wanted) | Step::NeverHears(wanted) => wanted.matches("안녕하세요").err(),
            Step::Ticket(fields) => fields.values().find_map(wrong),
            Step::Record(record) => record.like.values().find_map(wrong),
            _ => None,
        };
        assert!(told.is_none_or(|message| !message.is_empty()));
    }
    true
}

fn wrong(field: &FieldMatch) -> Option<String> {
    field.matches(&"x".into()).err()
}

/// Texts that come close to a script more often than chance.
fn script_like() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "call: x\n",
        "at: 2026-11-20T10:00:00+09:00\n",
        "steps:\n",
        "steps: []\n",
        "mocks:\n",
        "  - on: records.find\n",
        "    error: unavailable\n",
        "    calls: 2-3\n",
        "    delay: never\n",
        "    answer: ",
        "  - says: ",
        "  - says: {text: a, confidence: .nan}\n",
        "  - presses: 12#\n",
        "  - silent: true\n",
        "  - waits: 15m\n",
        "  - clock: 99999999999999999999h\n",
        "  - hears: {regex: \"(\"}\n",
        "  - never_hears: ",
        "  - ends: ",
        "  - attribute: {a: ",
        "  - ticket: ",
        "attributes: ",
        "records: ",
        "seed: ",
        "channel: chat\n",
        "{",
        "}",
        "[",
        "]",
        ": ",
        "- ",
        "\n",
        "\r",
        "\r\n",
        "\t",
        "\"",
        "'",
        "&a ",
        "*a ",
        "!!binary ",
        "<<: ",
        "|\n",
        ">-\n",
        "? ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "\u{feff}",
        "#",
        "한글",
        "18446744073709551616",
        "-1",
        "~",
        "  ",
    ];
    prop::collection::vec(prop::sample::select(WORDS), 0..40).prop_map(|tokens| tokens.concat())
}

/// A change to a good script.
#[derive(Debug, Clone)]
enum Change {
    CutLine(Index),
    /// A line, of this script or another, is put in once more.
    InsertLine(Index, Index, Index),
    Insert(Index, String),
    Cut(Index, usize),
    CutShort(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        4 => at().prop_map(Change::CutLine),
        4 => (at(), at(), at()).prop_map(|(of, from, to)| Change::InsertLine(of, from, to)),
        4 => (at(), "[ -~\\n\\r\\t한]{1,3}").prop_map(|(at, text)| Change::Insert(at, text)),
        4 => (at(), 1_usize..12).prop_map(|(at, count)| Change::Cut(at, count)),
        1 => at().prop_map(Change::CutShort),
    ]
}

fn changed(text: String, change: &Change) -> String {
    if text.is_empty() {
        return text;
    }
    let lines =
        |text: &str| -> Vec<String> { text.split_inclusive('\n').map(str::to_owned).collect() };
    let mut characters: Vec<char> = text.chars().collect();
    match change {
        Change::CutLine(at) => {
            let mut all = lines(&text);
            all.remove(at.index(all.len()));
            return all.concat();
        }
        Change::InsertLine(of, from, to) => {
            let others = lines(&SCRIPTS[of.index(SCRIPTS.len())]);
            let mut all = lines(&text);
            all.insert(to.index(all.len()), from.get(&others).clone());
            return all.concat();
        }
        Change::Insert(at, inserted) => {
            let at = at.index(characters.len());
            characters.splice(at..at, inserted.chars());
        }
        Change::Cut(at, count) => {
            let at = at.index(characters.len());
            let end = (at + count).min(characters.len());
            characters.drain(at..end);
        }
        Change::CutShort(at) => characters.truncate(at.index(characters.len())),
    }
    characters.into_iter().collect()
}

#[test]
fn the_scripts_that_are_changed_here_are_good_ones() {
    for text in SCRIPTS.iter() {
        assert!(survives(text), "{text}");
        assert!(Script::parse(text).unwrap().setup("c-1").is_ok(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn anything_like_a_script_is_read_or_refused(text in script_like()) {
        survives(&text);
    }

    #[test]
    fn a_good_script_with_changes_is_read_or_refused(
        which in any::<Index>(),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let text = changes.iter().fold(SCRIPTS[which.index(SCRIPTS.len())].clone(), changed);
        survives(&text);
    }

    #[test]
    fn a_duration_reads_back_as_it_is_written(ms in 0..=316_224_000_000_u64) {
        prop_assert_eq!(script::parse_duration(&script::duration(ms)), Ok(ms));
    }

    #[test]
    fn any_text_is_a_duration_a_time_and_a_number_or_none(text in "\\PC{0,24}") {
        if let Ok(ms) = script::parse_duration(&text) {
            prop_assert_eq!(script::parse_duration(&script::duration(ms)), Ok(ms));
        }
        if let Ok(number) = script::parse_number(&text) {
            prop_assert_eq!(script::parse_number(&number), Ok(number));
        }
        prop_assert!(script::parse_time(&text).map_or_else(|told| !told.is_empty(), |_| true));
    }

    #[test]
    fn a_telephone_number_means_the_same_however_it_is_grouped(
        number in "\\+?[0-9]{2,15}",
        breaks in prop::collection::vec((any::<Index>(), "[ .()-]"), 0..6),
    ) {
        let mut typed = number.clone();
        for (at, mark) in &breaks {
            typed.insert_str(at.index(typed.len() + 1), mark);
        }
        prop_assert_eq!(script::parse_number(&typed), Ok(number));
    }
}
