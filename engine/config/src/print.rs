//! A [`Config`] as a documented TOML file.

use std::fmt::Write as _;

use crate::load::Sources;
use crate::{Config, all};

/// Columns of a printed comment, without its `# `.
const WIDTH: usize = 110;

impl Config {
    /// The configuration as a documented TOML file, with the place each value came from. Secrets
    /// are left out.
    pub fn print(&self, sources: &Sources) -> String {
        let mut out = String::from(
            "# Every key with its value. In the environment a key is DIALGRAPH_SECTION__KEY, and wins over the file.\n",
        );
        for section in all() {
            let _ = write!(out, "\n[{}]\n", section.section); // writing to a String cannot fail, here and below
            for key in section.keys {
                for line in wrapped(&key.meaning) {
                    let _ = writeln!(out, "# {line}");
                }
                let (name, source) = (key.name, sources.0.get(&key.path));
                if key.secret {
                    let state =
                        source.map_or_else(|| "none".to_owned(), |from| format!("set in {from}"));
                    let _ = writeln!(out, "# {name} = (never shown; {state})");
                    continue;
                }
                let _ = write!(out, "{name} = {}", (key.show)(self));
                if let Some(source) = source {
                    let _ = write!(out, "  # {source}");
                }
                out.push('\n');
            }
        }
        out
    }
}

/// A text in lines.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
