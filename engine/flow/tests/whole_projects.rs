//! What the fuzz target `project` holds every project to, on its corpus and on changes of it:
//! without a fuzzer's guidance, but wherever tests run.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic, its helpers too")]

#[path = "../../../fuzz/fuzz_targets/shared/project.rs"]
mod shared;

use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;

fn corpus() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/project");
    let mut paths: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 5, "the corpus is there");
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn every_project_of_the_corpus_is_read() {
    corpus().iter().for_each(|text| shared::survive(text));
}

/// A change of one line; the numbers choose the lines.
#[derive(Debug, Clone)]
enum Change {
    Delete(Index),
    Repeat(Index, usize),
    Swap(Index, Index),
    Cut(Index, Index),
    /// A word of the first line in the place of one of the second.
    Word(Index, Index),
    Indent(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let line = any::<Index>;
    prop_oneof![
        line().prop_map(Change::Delete),
        (line(), 1..200_usize).prop_map(|(at, times)| Change::Repeat(at, times)),
        (line(), line()).prop_map(|(a, b)| Change::Swap(a, b)),
        (line(), line()).prop_map(|(a, b)| Change::Cut(a, b)),
        (line(), line()).prop_map(|(a, b)| Change::Word(a, b)),
        line().prop_map(Change::Indent),
    ]
}

fn words(line: &str) -> Vec<&str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect()
}

fn changed(text: &str, changes: &[Change]) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    for change in changes {
        let count = lines.len();
        if count == 0 {
            break;
        }
        match change {
            Change::Delete(at) => drop(lines.remove(at.index(count))),
            Change::Repeat(at, times) => {
                let at = at.index(count);
                let again = vec![lines[at].clone(); *times];
                lines.splice(at..at, again);
            }
            Change::Swap(a, b) => lines.swap(a.index(count), b.index(count)),
            Change::Cut(at, place) => {
                let line = &mut lines[at.index(count)];
                let places: Vec<usize> = line.char_indices().map(|(at, _)| at).collect();
                if !places.is_empty() {
                    line.truncate(places[place.index(places.len())]);
                }
            }
            Change::Word(from, to) => {
                let to = to.index(count);
                let new = words(&lines[from.index(count)]).last().map(|word| (*word).to_owned());
                let old = words(&lines[to]).first().map(|word| (*word).to_owned());
                if let (Some(new), Some(old)) = (new, old) {
                    lines[to] = lines[to].replacen(&old, &new, 1);
                }
            }
            Change::Indent(at) => lines[at.index(count)].insert_str(0, "  "),
        }
    }
    lines.concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_changed_project_is_compiled_or_told_what_is_wrong(
        which in any::<Index>(),
        changes in prop::collection::vec(change(), 0..6),
    ) {
        let corpus = corpus();
        let one: &String = which.get(&corpus);
        shared::survive(&changed(one, &changes));
    }
}
