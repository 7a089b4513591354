//! What a plugin finds wrong in its own configuration.

use crate::suggest::nearest;
use crate::text::Text;

/// Characters of a text that is said.
const PROMPT_CHARS: usize = 6_000;
/// Characters that a value may take, more or less.
const VALUE_CHARS: usize = 400;

/// Collects what is wrong with a configuration; [`Node::check`](crate::Node::check) is given one.
///
/// Places are JSON Pointers (RFC 6901) into the configuration, such as `/prompts/ask`; the engine
/// shows the line in the designer's file. Messages and hints are sentences without a full stop.
#[derive(Debug)]
pub struct Check<'c> {
    locales: &'c [String],
    problems: Vec<Problem>,
    /// By locale, in their order: places of texts that do not speak it.
    wordless: Vec<Vec<String>>,
}

/// Something wrong in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// JSON Pointer into the configuration; empty: the whole of it.
    pub pointer: String,
    /// The configuration can be used all the same.
    pub warning: bool,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// Says what to do about it.
    pub fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = Some(hint.into());
        self
    }
}

impl<'c> Check<'c> {
    pub(crate) fn new(locales: &'c [String]) -> Self {
        Self { locales, problems: Vec::new(), wordless: vec![Vec::new(); locales.len()] }
    }

    /// All languages that calls may have there, as BCP 47 tags.
    pub fn locales(&self) -> &'c [String] {
        self.locales
    }

    /// The configuration cannot be used.
    pub fn error(
        &mut self,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> &mut Problem {
        self.push(pointer.into(), false, message.into())
    }

    /// The configuration can be used, and something in it is of no use.
    pub fn warning(
        &mut self,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> &mut Problem {
        self.push(pointer.into(), true, message.into())
    }

    fn push(&mut self, pointer: String, warning: bool, message: String) -> &mut Problem {
        let at = self.problems.len();
        self.problems.push(Problem { pointer, warning, message, hint: None });
        &mut self.problems[at]
    }

    /// A text that callers hear, in which `{name}` is replaced for each of `names`: whether it says
    /// something, in every language of the calls, and asks for no other value.
    ///
    /// Say it of the plugin's own words too: a flow in a language that they lack is then refused
    /// when it is checked, and no caller hears another language than the call's.
    pub fn text(&mut self, pointer: &str, text: &Text, names: &[&str]) {
        for (locale, wordless) in self.locales.iter().zip(&mut self.wordless) {
            if !text.speaks(locale) {
                wordless.push(pointer.to_owned());
            }
        }
        for (locale, words) in text.iter() {
            let at = format!("{pointer}/{}", escaped(locale));
            if words.trim().is_empty() {
                self.error(&at, format!("this text says nothing in {locale}"));
            }
            let filled = placeholders(words).filter(|name| names.contains(name)).count();
            if words.chars().count() + filled * VALUE_CHARS > PROMPT_CHARS {
                self.error(&at, "this text is too long to be said once its values are filled in")
                    .hint(format!("a text has at most {PROMPT_CHARS} characters, values included"));
            }
            for name in placeholders(words).filter(|name| !names.contains(name)) {
                let message = format!("`{{{name}}}` stands for nothing here and would be read out");
                let hint = match (nearest(name, names.iter().copied()), names) {
                    (Some(near), _) => format!("did you mean `{{{near}}}`?"),
                    (None, []) => "this text has no values to fill in".to_owned(),
                    (None, names) => {
                        let names: Vec<_> = names.iter().map(|n| format!("`{{{n}}}`")).collect();
                        format!("its values are {}", names.join(", "))
                    }
                };
                self.error(&at, message).hint(hint);
            }
        }
    }

    /// [`text`](Self::text) for each of a list at `pointer`.
    pub fn texts(&mut self, pointer: &str, texts: &[Text], names: &[&str]) {
        for (index, text) in texts.iter().enumerate() {
            self.text(&format!("{pointer}/{index}"), text, names);
        }
    }

    /// Everything found; `plugin` is its name.
    pub(crate) fn finish(mut self, plugin: &str) -> Vec<Problem> {
        for (locale, wordless) in self.locales.iter().zip(std::mem::take(&mut self.wordless)) {
            let Some(first) = wordless.first() else { continue };
            let pointer = if wordless.len() == 1 { first.clone() } else { String::new() };
            let names: Vec<_> = wordless.iter().map(|at| format!("`{}`", spelled(at))).collect();
            let message = format!(
                "plugin `{plugin}` has no words in {locale}, which a call may have here, for {}",
                names.join(", ")
            );
            self.error(pointer, message).hint(format!(
                "write {} under `config:`, in {locale} and the flow's other languages; or take {locale} out of the locales",
                if names.len() == 1 { "it" } else { "them" }
            ));
        }
        self.problems
    }
}

/// `prompts.no_input.0` of `/prompts/no_input/0`.
fn spelled(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

/// A name as a part of a JSON Pointer.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Names in braces that look as if a value were meant.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    let ends = text.match_indices('{').filter_map(|(open, _)| {
        let rest = &text[open + 1..];
        Some(&rest[..rest.find('}')?])
    });
    ends.filter(|name| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    })
}

/// The place in `json` that a reader had come to after `line` and `column` (bytes, from 1), as a
/// JSON Pointer.
pub(crate) fn pointer_at(json: &str, line: usize, column: usize) -> String {
    enum Step {
        Key(String),
        Item(usize),
    }
    let before: usize = json.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let end = (before + column).min(json.len());
    let bytes = json.as_bytes();
    let mut steps: Vec<Step> = Vec::new();
    let mut key_follows = false;
    let mut at = 0;
    while at < end {
        match bytes[at] {
            b'{' => {
                steps.push(Step::Key(String::new()));
                key_follows = true;
            }
            b'[' => steps.push(Step::Item(0)),
            b'}' | b']' => drop(steps.pop()),
            b',' => match steps.last_mut() {
                Some(Step::Item(item)) => *item += 1,
                Some(Step::Key(_)) => key_follows = true,
                None => {}
            },
            b'"' => {
                let from = at;
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                if let (true, Some(Step::Key(key))) = (key_follows, steps.last_mut()) {
                    let text = json.get(from..=at).and_then(|text| serde_json::from_str(text).ok());
                    *key = text.unwrap_or_default();
                    key_follows = false;
                }
            }
            _ => {}
        }
        at += 1;
    }
    let steps = steps.iter().map(|step| match step {
        Step::Key(key) => format!("/{}", escaped(key)),
        Step::Item(item) => format!("/{item}"),
    });
    steps.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(locales: &[&str], text: &Text, names: &[&str]) -> Vec<Problem> {
        let locales: Vec<String> = locales.iter().map(|locale| (*locale).to_owned()).collect();
        let mut check = Check::new(&locales);
        check.text("/ask", text, names);
        check.finish("greeter")
    }

    #[test]
    fn a_language_without_words_is_named_and_a_dialect_of_one_with_words_is_not() {
        let text = Text::new("안녕하세요", "Hello");
        assert_eq!(found(&["ko-KR", "en-GB"], &text, &[]), []);
        let problems = found(&["ko-KR", "ja-JP"], &text, &[]);
        let [problem] = &*problems else { panic!("{problems:?}") };
        assert_eq!(problem.pointer, "/ask");
        assert!(problem.message.contains("no words in ja-JP"), "{problem:?}");
    }

    #[test]
    fn many_texts_without_words_are_one_problem_for_each_language() {
        let locales = ["ja-JP".to_owned(), "fr-FR".to_owned()];
        let mut check = Check::new(&locales);
        check.texts("/prompts/no_input", &[Text::new("-", "-"), Text::new("-", "-")], &[]);
        let problems = check.finish("greeter");
        assert_eq!(problems.len(), 2);
        assert_eq!(problems[0].pointer, "");
        assert!(problems[0].message.contains("`prompts.no_input.0`, `prompts.no_input.1`"));
    }

    #[test]
    fn a_value_that_is_not_there_is_found_with_the_nearest_one() {
        let problems = found(&[], &Text::new("{lenght} {}", "{length} {a b} {"), &["length"]);
        let [problem] = &*problems else { panic!("{problems:?}") };
        assert_eq!(problem.pointer, "/ask/ko-KR");
        assert_eq!(problem.hint.as_deref(), Some("did you mean `{length}`?"));
    }

    #[test]
    fn a_text_of_spaces_says_nothing() {
        let problems = found(&[], &Text::new(" ", "Hello"), &[]);
        assert_eq!(problems[0].pointer, "/ask/ko-KR");
    }

    #[test]
    fn a_place_in_json_is_told_by_what_was_read_before_it() {
        fn place<T: serde::de::DeserializeOwned + std::fmt::Debug>(json: &str) -> String {
            let error = serde_json::from_str::<T>(json).unwrap_err();
            pointer_at(json, error.line(), error.column())
        }
        type Lists = std::collections::BTreeMap<String, Vec<u8>>;
        assert_eq!(place::<Lists>(r#"{"a":[1],"b/\"c":[1,2,300,4]}"#), "/b~1\"c/2");
        assert_eq!(place::<Lists>("{\n \"a\": [1],\n \"b\": [-1]\n}"), "/b/0");
        assert_eq!(place::<Lists>(r#"{"a":[1.0]}"#), "/a/0");
        assert_eq!(place::<Lists>(r#"{"a":5}"#), "/a");
        assert_eq!(place::<u8>("300"), "");
        assert_eq!(pointer_at("", 3, 9), "");
    }
}
