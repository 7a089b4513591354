//! The files of a new project, as they are in `engine/cli/templates`.

mod cafe;

use crate::args::TemplateArg;

/// Path within the project, and what is in it.
type File = (&'static str, &'static str);

macro_rules! files {
    ($template:literal: $($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../../templates/", $template, "/", $path)))),+]
    };
}

macro_rules! schemas {
    ($($name:literal),+ $(,)?) => {
        &[$((concat!("schemas/", $name), include_str!(concat!("../../../../../schemas/", $name)))),+]
    };
}

/// What editors complete and check by: the first line of each file names one.
const SCHEMAS: &[File] = schemas![
    "call.schema.json",
    "dialgraph.schema.json",
    "flow.schema.json",
    "intents.schema.json",
    "project.schema.json",
    "queues.schema.json",
];

const EMPTY: &[File] = files!["empty":
    "README.md",
    "flows/dialgraph.yaml",
    "flows/main.flow.yaml",
    "flows/data/queues.yaml",
    "tests/calls/the_caller_reaches_a_person.call.yaml",
    "tests/calls/snapshots/the_caller_reaches_a_person.snap",
];

const MENU: &[File] = files!["menu":
    "README.md",
    "flows/dialgraph.yaml",
    "flows/main.flow.yaml",
    "flows/appointment.flow.yaml",
    "flows/data/queues.yaml",
    "tests/calls/an_appointment_is_made_in_words.call.yaml",
    "tests/calls/an_english_caller_whose_number_is_withheld.call.yaml",
    "tests/calls/the_opening_hours_are_enough.call.yaml",
    "tests/calls/snapshots/an_appointment_is_made_in_words.snap",
    "tests/calls/snapshots/an_english_caller_whose_number_is_withheld.snap",
    "tests/calls/snapshots/the_opening_hours_are_enough.snap",
];

const SUPPORT_DESK: &[File] = files!["support-desk":
    "README.md",
    "flows/dialgraph.yaml",
    "flows/main.flow.yaml",
    "flows/call-back.flow.yaml",
    "flows/data/queues.yaml",
    "flows/data/calendars.yaml",
    "flows/intents/default.intents.yaml",
    "tests/calls/an_outage_in_opening_hours.call.yaml",
    "tests/calls/a_question_on_the_bill_in_english.call.yaml",
    "tests/calls/a_call_back_is_promised_at_night.call.yaml",
    "tests/calls/a_withheld_number_is_asked_for_on_a_holiday.call.yaml",
    "tests/calls/snapshots/an_outage_in_opening_hours.snap",
    "tests/calls/snapshots/a_question_on_the_bill_in_english.snap",
    "tests/calls/snapshots/a_call_back_is_promised_at_night.snap",
    "tests/calls/snapshots/a_withheld_number_is_asked_for_on_a_holiday.snap",
];

/// The files of a project made by a template.
pub(super) fn files(template: TemplateArg) -> impl Iterator<Item = (&'static str, String)> {
    let own = own(template).iter().copied().flatten();
    own.chain(SCHEMAS).map(|(path, text)| (*path, placed(path, text)))
}

fn own(template: TemplateArg) -> &'static [&'static [File]] {
    match template {
        TemplateArg::Empty => &[EMPTY],
        TemplateArg::Menu => &[MENU],
        TemplateArg::SupportDesk => &[SUPPORT_DESK],
        TemplateArg::Cafe => &[cafe::README, cafe::FLOWS, cafe::SCRIPTS],
    }
}

/// A file of the repository's own project says where things are there.
fn placed(path: &str, text: &str) -> String {
    let text = text.replace("source: tests/cafe/", "source: tests/calls/");
    match path.strip_prefix("flows/") {
        Some(_) => text.replace("$schema=../../schemas/", "$schema=../schemas/"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::ValueEnum as _;

    use super::*;

    fn below(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { below(&path, found) } else { found.push(path) }
        }
    }

    #[test]
    fn every_file_of_a_template_is_in_the_project() {
        for template in TemplateArg::value_variants() {
            let name = template.to_possible_value().unwrap();
            let folder =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(name.get_name());
            let mut found = Vec::new();
            below(&folder, &mut found);
            let own = own(*template).iter().copied().flatten().map(|(path, _)| *path);
            let mut known: Vec<_> = own.map(|path| folder.join(path)).collect();
            if let TemplateArg::Cafe = template {
                let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
                for (from, to) in [("flows/cafe", "flows"), ("tests/cafe", "tests/calls")] {
                    let mut shipped = Vec::new();
                    below(&root.join(from), &mut shipped);
                    let shipped =
                        shipped.iter().map(|file| file.strip_prefix(root.join(from)).unwrap());
                    let shipped = shipped.filter(|file| *file != Path::new("README.md"));
                    found.extend(shipped.map(|file| folder.join(to).join(file)));
                }
            }
            found.sort();
            known.sort();
            assert_eq!(found, known);
        }
    }

    #[test]
    fn files_of_the_repository_say_where_things_are_in_the_project() {
        for (path, text) in files(TemplateArg::Cafe) {
            let schema = text.lines().find_map(|line| line.split_once("$schema=../"));
            match (path.starts_with("flows/"), schema) {
                (true, Some((_, schema))) => assert!(schema.starts_with("schemas/"), "{path}"),
                (_, schema) => {
                    assert!(schema.is_none_or(|(_, of)| of.starts_with("../")), "{path}");
                }
            }
            assert!(!text.contains("tests/cafe"), "{path}");
        }
    }
}
