//! What a compiled expression tells of itself: which members it reads, where its value comes from,
//! which words it holds against which value. All of it follows from the tree; its text, or what a
//! text within it happens to say, decides nothing.

use std::ops::Range;

use serde_json::Value;

use super::Expr;
use super::functions::{Function, Run};
use super::tree::{Kind, Node};

/// A member of a root variable that an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemberRead {
    pub name: String,
    /// What is done without it: within `default`, `has` or `try`, or on one side of `==` with null.
    pub expects_none: bool,
    /// Bytes of the source.
    pub span: Range<usize>,
}

/// Where the value of an expression can come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A text that is written out.
    Text(String),
    /// A root variable.
    Variable(String),
    /// A member of a root variable.
    Member(String, String),
    /// It is computed, or no text: nothing is known of it.
    Other,
}

/// Words that are written out and held against a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// All places that the value can come from.
    pub of: Vec<Source>,
    pub with: Told,
    /// Bytes of the source at which the words stand.
    pub span: Range<usize>,
}

/// What a value is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// `==`, `!=`, an item of `in`, a key by which a map is asked.
    Word(String),
    /// A test that only some words can pass: `matches`, `startsWith`, `endsWith`, `contains`.
    Test(TextTest),
}

/// A test of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextTest {
    Starts(String),
    Ends(String),
    Contains(String),
    /// The pattern's own text.
    Matches(String),
}

impl TextTest {
    pub(crate) fn passes(&self, word: &str) -> bool {
        match self {
            Self::Starts(start) => word.starts_with(start.as_str()),
            Self::Ends(end) => word.ends_with(end.as_str()),
            Self::Contains(part) => word.contains(part.as_str()),
            // It has been compiled before; a pattern that cannot be is no mistake of the words.
            Self::Matches(pattern) => {
                regex::Regex::new(pattern).map_or(true, |pattern| pattern.is_match(word))
            }
        }
    }
}

impl Expr {
    /// Whether it reads `root.member`, in whatever way that is written.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use dialgraph_flow::expr::Expr;
    /// use dialgraph_flow::model::Type;
    ///
    /// let types = BTreeMap::from([("output".to_owned(), Type::Any.into())]);
    /// let reads = |source| Expr::compile(source, &types).unwrap().0.reads("output", "error");
    /// assert!(reads("output.error.code") && reads(r#"output["error"].code"#));
    /// assert!(!reads(r#""a text with output.error in it""#));
    /// ```
    pub fn reads(&self, root: &str, member: &str) -> bool {
        self.members_of(root).iter().any(|read| read.name == member)
    }

    /// Whether it cannot do without a member of `root`: not where it says itself what holds for
    /// null (`default`, `== null`).
    pub fn needs(&self, root: &str, member: &str) -> bool {
        self.members_of(root).iter().any(|read| read.name == member && !read.expects_none)
    }

    /// The members of `root` that it reads by name.
    pub(crate) fn members_of(&self, root: &str) -> Vec<MemberRead> {
        let mut found = Vec::new();
        members(&self.inner.root, root, false, &mut found);
        found
    }

    /// Where its value can come from.
    pub(crate) fn sources(&self) -> Vec<Source> {
        let mut found = Vec::new();
        sources(&self.inner.root, &mut found);
        found
    }

    /// Functions that need words of the caller's language, each with its place.
    pub(crate) fn worded(&self) -> Vec<(&'static Function, Range<usize>)> {
        fn find(node: &Node, found: &mut Vec<(&'static Function, Range<usize>)>) {
            node.each_child(&mut |child| find(child, found));
            if let Kind::Call(function, _) = &node.kind
                && matches!(function.run, Run::Worded(_))
            {
                found.push((function, node.span()));
            }
        }
        let mut found = Vec::new();
        find(&self.inner.root, &mut found);
        found
    }

    /// The words that it holds against values.
    pub(crate) fn comparisons(&self) -> Vec<Comparison> {
        let mut found = Vec::new();
        self.compare(&self.inner.root, &mut found);
        found
    }

    fn compare(&self, node: &Node, found: &mut Vec<Comparison>) {
        node.each_child(&mut |child| self.compare(child, found));
        match &node.kind {
            Kind::Equal { sides, .. } => {
                let [a, b] = sides.as_ref();
                self.word(a, b, found);
                self.word(b, a, found);
            }
            Kind::In(sides) => {
                let [item, container] = sides.as_ref();
                self.words(item, container, found);
            }
            Kind::Index(sides) => {
                let [of, index] = sides.as_ref();
                self.words(index, of, found);
            }
            Kind::Matches(text, pattern) => {
                let test = TextTest::Matches(pattern.as_str().to_owned());
                push(text, Told::Test(test), node.span(), found);
            }
            Kind::Call(function, args) => {
                let [text, part] = args.as_slice() else { return };
                let Some(Value::String(part_text)) = part.literal() else { return };
                let test = match function.name {
                    "startsWith" => TextTest::Starts,
                    "endsWith" => TextTest::Ends,
                    "contains" => TextTest::Contains,
                    _ => return,
                };
                push(text, Told::Test(test(part_text.clone())), part.span(), found);
            }
            _ => {}
        }
    }

    /// `value` is held against the text `word`, if that is one.
    fn word(&self, value: &Node, word: &Node, found: &mut Vec<Comparison>) {
        if let (None, Some(Value::String(text))) = (value.literal(), word.literal()) {
            push(value, Told::Word(text.clone()), word.span(), found);
        }
    }

    /// `value` is looked for among the items of a list, or the keys of a map, that is written out.
    fn words(&self, value: &Node, container: &Node, found: &mut Vec<Comparison>) {
        if value.literal().is_some() {
            return;
        }
        match &container.kind {
            Kind::List(items) => {
                for item in items {
                    self.word(value, item, found);
                }
            }
            Kind::Map(entries) => {
                for (key, _) in entries {
                    self.word(value, key, found);
                }
            }
            Kind::Literal(Value::Array(items)) => {
                for text in items.iter().filter_map(Value::as_str) {
                    push(value, Told::Word(text.into()), self.place(container, text), found);
                }
            }
            Kind::Literal(Value::Object(members)) => {
                for text in members.keys() {
                    push(value, Told::Word(text.clone()), self.place(container, text), found);
                }
            }
            _ => {}
        }
    }

    /// Where the text literal `text` stands within a part that was computed at load.
    fn place(&self, within: &Node, text: &str) -> Range<usize> {
        let part = within.span();
        let inside = |span: &Range<usize>| part.start <= span.start && span.end <= part.end;
        let mut literals = self.inner.texts.iter();
        let found = literals.find(|(span, literal)| inside(span) && **literal == *text);
        found.map_or(part.clone(), |(span, _)| span.clone())
    }
}

fn push(value: &Node, with: Told, span: Range<usize>, found: &mut Vec<Comparison>) {
    let mut of = Vec::new();
    sources(value, &mut of);
    found.push(Comparison { of, with, span });
}

fn sources(node: &Node, found: &mut Vec<Source>) {
    let source = match &node.kind {
        // Null is every attribute's before it is set.
        Kind::Literal(Value::Null) => return,
        Kind::Literal(Value::String(text)) => Source::Text(text.clone()),
        Kind::Path { root, members } => match &**members {
            [] => Source::Variable(root.to_string()),
            [name] => Source::Member(root.to_string(), name.to_string()),
            _ => Source::Other,
        },
        Kind::Index(sides) => {
            let [of, index] = sides.as_ref();
            match (&of.kind, index.literal()) {
                (Kind::Path { root, members }, Some(Value::String(name))) if members.is_empty() => {
                    Source::Member(root.to_string(), name.clone())
                }
                _ => Source::Other,
            }
        }
        Kind::Default(sides) | Kind::Try(sides) => {
            sides.iter().for_each(|side| sources(side, found));
            return;
        }
        Kind::Conditional(parts) => {
            let [_, yes, no] = parts.as_ref();
            sources(yes, found);
            sources(no, found);
            return;
        }
        _ => Source::Other,
    };
    found.push(source);
}

/// `none_is_fine`: something is done when what stands at `node` is not there.
fn members(node: &Node, root: &str, none_is_fine: bool, found: &mut Vec<MemberRead>) {
    let mut read = |name: &str, span| {
        let name = name.to_owned();
        found.push(MemberRead { name, expects_none: none_is_fine, span });
    };
    match &node.kind {
        Kind::Path { root: of, members } if **of == *root => {
            if let Some(name) = members.first() {
                read(name, node.span());
            }
        }
        Kind::Index(sides) => {
            let [of, index] = sides.as_ref();
            match (&of.kind, index.literal()) {
                (Kind::Path { root: of, members }, Some(Value::String(name)))
                    if **of == *root && members.is_empty() =>
                {
                    read(name, node.span());
                }
                _ => {
                    members(of, root, none_is_fine, found);
                    members(index, root, none_is_fine, found);
                }
            }
        }
        Kind::Has(of) => members(of, root, true, found),
        Kind::Default(sides) | Kind::Try(sides) => {
            let [value, otherwise] = sides.as_ref();
            members(value, root, true, found);
            members(otherwise, root, none_is_fine, found);
        }
        Kind::Equal { sides, .. } => {
            let [a, b] = sides.as_ref();
            let with_null = [a, b].iter().any(|side| side.literal() == Some(&Value::Null));
            members(a, root, none_is_fine || with_null, found);
            members(b, root, none_is_fine || with_null, found);
        }
        _ => node.each_child(&mut |child| members(child, root, none_is_fine, found)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::expr::VarType;
    use crate::model::Type;

    fn expr(source: &str) -> Expr {
        let any = || VarType::of(Type::Any);
        let names = ["output", "intent", "other", "key"];
        let types: BTreeMap<String, VarType> =
            names.into_iter().map(|name| (name.to_owned(), any())).collect();
        Expr::compile(source, &types).unwrap_or_else(|found| panic!("{source}: {found:?}")).0
    }

    #[test]
    fn a_member_is_read_however_it_is_written() {
        for source in [
            "output.error.code",
            r#"output["error"].code"#,
            "output['error']",
            "has(output.error)",
            "has(output.error.code)",
            r#"default(output.error.code, "none")"#,
            r#"["a", {"b": output . error}]"#,
            r#"string(try(output.error.code, "none"))"#,
            "output.error.code.matches('x')",
            "other == 1 ? output.error : null",
        ] {
            assert!(expr(source).reads("output", "error"), "{source}");
        }
        for source in [
            r#""output.error""#,
            r#""a text that names output.error""#,
            "output.errors",
            "other.output.error",
            "output[key].error",
            "output.found.error",
            r#"output["found"].error"#,
            r#"{"output.error": output.found}"#,
            "output",
        ] {
            assert!(!expr(source).reads("output", "error"), "{source}");
        }
    }

    #[test]
    fn what_is_done_without_a_member_is_told_apart() {
        let expects = |source: &str| expr(source).members_of("output")[0].expects_none;
        for source in
            ["default(output.a, 1)", "has(output.a)", "try(output.a + 1, 0)", "output.a == null"]
        {
            assert!(expects(source), "{source}");
        }
        for source in ["output.a", "output.a == 1", "default(other, output.a)", "output.a.b"] {
            assert!(!expects(source), "{source}");
        }
    }

    #[test]
    fn words_are_found_wherever_they_are_held_against_a_value() {
        let told = |source: &str| -> Vec<(String, String)> {
            let found = expr(source);
            let shown = found.comparisons().into_iter().map(|comparison| {
                let with = match comparison.with {
                    Told::Word(word) => word,
                    Told::Test(test) => format!("{test:?}"),
                };
                (with, source[comparison.span].to_owned())
            });
            shown.collect()
        };
        let one = |word: &str, at: &str| vec![(word.to_owned(), at.to_owned())];
        assert_eq!(told(r#"intent == "A""#), one("A", r#""A""#));
        assert_eq!(told(r#""A" != intent || other > 1"#), one("A", r#""A""#));
        assert_eq!(told(r#"!(intent in ["A"])"#), one("A", r#""A""#));
        assert_eq!(told(r#"default(intent, "") == "A""#), one("A", r#""A""#));
        assert_eq!(told(r#"{"A": 1}[intent]"#), one("A", r#""A""#));
        assert_eq!(told(r#"{"A": other}[intent]"#), one("A", r#""A""#));
        let pattern = r#"intent.matches("^A")"#;
        assert_eq!(told(pattern), one(r#"Matches("^A")"#, pattern));
        assert_eq!(told(r#"intent.startsWith("A")"#), one(r#"Starts("A")"#, r#""A""#));
        assert!(told(r#"intent == other || "A" == "A""#).is_empty());
    }
}
