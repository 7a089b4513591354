//! `ask`: speaks, waits for the caller, and leaves by a port.

mod answers;
mod checks;
mod keys;
mod phrases;
mod table;

use std::collections::BTreeSet;
use std::time::Duration;

use dialgraph_base::{Digits, Name};

pub use self::answers::{Ask, Expects, NoMatch, Tries, label_letters};
use super::{
    Compiled, Leaving, NodeKind, NodePrompt, ON, Picture, SAVE, Waiting, Written, targets_of,
};
use crate::check::Checker;
use crate::check::names::Output;
use crate::check::nodes::Place;
use crate::check::ports::PortInfo;
use crate::check::prompts;
use crate::check::saves::Wrong;
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::TypeEnv;
use crate::expr::{Expr, MemberRead, VarType};
use crate::limits::MAX_DECLARED;

use crate::model::{NodeIndex, Prompt, Queue, Type};
use crate::source::{Span, Spanned};
use crate::syntax::flow::{
    LocaleWord, NodeTree, Texts, Value, Word, entries, flag, key, locale_key,
    prompts as prompts_at, texts, texts_at, time, whole, word,
};
use crate::syntax::shape::{Kind, Shape};
use crate::syntax::shape::{first_line, is_key};
use crate::syntax::yaml::{Entry, Node};

pub(super) const KIND: Kind = Kind {
    word: "ask",
    doc: "Speaks, waits for the caller and leaves by a port: those of `menu` and `phrases`, `digits`, `said`, and `no_input` and `no_match` after `tries` vain tries.",
    shape: Shape::Object(&table::ASK),
    beside: &[SAVE, ON],
    ports: &[
        ("those of `menu`", "The caller presses the key, or says it: “the first one”, “일번이요”."),
        ("those of `phrases`", "The caller says one of the port's phrases and does not deny it."),
        ("`yes`, `no`", "With `expects: yes_no`, the answer is one of them."),
        ("`value`", "With any other `expects`, the answer is understood; `output.value` has it."),
        (
            "`digits`",
            "With `digits`, so many digits are keyed in or said; `output.digits` has them.",
        ),
        ("`said`", "With `speech: true`, anything is said; `output.text` has it."),
        ("`no_input`", "The caller stays silent to the last try."),
        (
            "`no_match`",
            "The caller's last answer fits nothing; `output.reason` says why, and what `save` reads of it is saved on this port alone.",
        ),
    ],
    example: r#"{"ask": {"prompt": {"ko-KR": "1번을 눌러 주세요.", "en-US": "Press 1."}, "menu": {"1": "one"}}, "on": {"one": "first", "no_input": "to-agent", "no_match": "to-agent"}}"#,
    read,
};

#[derive(Debug)]
pub(super) struct Tree {
    span: Span,
    prompt: Texts,
    menu: Vec<(Spanned<char>, Word)>,
    phrases: Vec<(Word, Phrases)>,
    choices: Vec<(Word, Texts)>,
    digits: Option<Spanned<Digits>>,
    /// What was most likely meant, where the word is none of them.
    expects: Option<Spanned<Expects>>,
    /// What the question accepts is not all known: something of it is not in good form.
    unclear: bool,
    speech: bool,
    timeout: Duration,
    tries: Tries,
    no_input: Vec<Texts>,
    no_match: Vec<Texts>,
    which: Option<Texts>,
    hold: Option<Texts>,
    sensitive: bool,
}

/// Locale to the words that mean a port.
type Phrases = Vec<(LocaleWord, Vec<Spanned<String>>)>;

fn read(head: &Entry, _: &Node) -> Option<Box<dyn Written>> {
    let node = &head.value;
    let menu: Vec<_> = entries(node, "menu").filter_map(menu_item).collect();
    let expects = node.entry("expects").and_then(expects);
    let known = |key: &str, entry: &Entry| match key {
        "menu" => entry.value.map().is_some_and(|all| all.len() == menu.len()),
        "phrases" => entry.value.map().is_some(),
        "digits" => whole(&entry.value, "min").and(whole(&entry.value, "max")).is_some(),
        "expects" => expects.is_some(),
        _ => entry.value.json().is_boolean(),
    };
    let mut accepts = ["menu", "phrases", "digits", "expects", "speech"].into_iter();
    let unclear = accepts.any(|key| node.entry(key).is_some_and(|entry| !known(key, entry)));
    Some(Box::new(Tree {
        span: head.key.span,
        prompt: texts_at(node, "prompt")?,
        menu,
        unclear,
        phrases: entries(node, "phrases").map(|e| (key(e), phrases(&e.value))).collect(),
        choices: entries(node, "choices")
            .filter_map(|e| Some((key(e), texts(&e.value, e.key.span)?)))
            .collect(),
        digits: node.get("digits").and_then(|digits| {
            let parsed = Digits {
                min: whole(digits, "min")?,
                max: whole(digits, "max")?,
                terminator: digits
                    .get("terminator")
                    .and_then(Node::text)
                    .and_then(|text| text.chars().next()),
            };
            Some(Spanned::new(parsed, first_line(digits)))
        }),
        expects,
        speech: flag(node, "speech"),
        timeout: time(node, "timeout", Duration::from_secs(5)),
        tries: tries(node),
        no_input: prompts_at(node, "no_input"),
        no_match: prompts_at(node, "no_match"),
        which: texts_at(node, "which"),
        hold: texts_at(node, "hold"),
        sensitive: flag(node, "sensitive"),
    }))
}

fn expects(entry: &Entry) -> Option<Spanned<Expects>> {
    let word = entry.value.text()?;
    let of = |word: &str| Some(Expects::WORDS.iter().find(|(known, _)| *known == word)?.1);
    let words: Vec<&str> = Expects::WORDS.iter().map(|(word, _)| *word).collect();
    // That the word is none of them has been told; what follows from it need not be.
    let expects = of(word).or_else(|| of(crate::suggest::meant(word, &words)?))?;
    Some(Spanned::new(expects, entry.value.span))
}

fn tries(node: &Node) -> Tries {
    let given = node.get("tries");
    let apart = given.and_then(|given| {
        Some(Tries::Apart {
            no_input: whole(given, "no_input")?,
            no_match: whole(given, "no_match")?,
        })
    });
    apart.unwrap_or_else(|| Tries::Together(whole(node, "tries").unwrap_or(3)))
}

fn menu_item(entry: &Entry) -> Option<(Spanned<char>, Word)> {
    let pressed = entry.key.text.chars().next()?;
    is_key(&entry.key.text).then_some(())?;
    Some((Spanned::new(pressed, entry.key.span), word(&entry.value)?))
}

fn phrases(node: &Node) -> Phrases {
    let said = |node: &Node| Some(Spanned::new(node.text()?.to_owned(), node.span));
    node.map()
        .unwrap_or_default()
        .iter()
        .map(|e| {
            let list = e.value.list().unwrap_or_default();
            (locale_key(e), list.iter().filter_map(said).collect())
        })
        .collect()
}

impl Tree {
    /// What `save` sees of an answer.
    fn output(&self) -> VarType {
        let value = match self.expects.map(|expects| expects.value) {
            None => VarType::of(Type::Any),
            Some(Expects::YesNo) => VarType::of(Type::Boolean),
            _ if self.unclear => VarType::of(Type::Any),
            Some(Expects::Number) => VarType::of(Type::Number),
            Some(Expects::Money) => VarType::map([
                ("amount", VarType::of(Type::Number)),
                ("currency", VarType::of(Type::String)),
            ]),
            Some(_) => VarType::of(Type::String),
        };
        VarType::map([
            ("digits", VarType::of(Type::String)),
            ("text", VarType::of(Type::String)),
            ("confidence", VarType::of(Type::Number)),
            ("tries", VarType::of(Type::Number)),
            ("value", value),
            ("reason", VarType::of(Type::String)),
        ])
    }
}

impl Written for Tree {
    fn ports(&self, _: &Checker<'_>) -> Option<Vec<PortInfo>> {
        if self.unclear {
            return None;
        }
        let mut ports: Vec<PortInfo> = Vec::new();
        let mut known = BTreeSet::new();
        let mut add = |name: &Name, why: String| {
            if known.len() <= MAX_DECLARED && known.insert(name.clone()) {
                ports.push(PortInfo::new(name, why));
            }
        };
        for (key, port) in &self.menu {
            add(&port.value, format!("the caller presses `{}`", key.value));
        }
        for (port, _) in &self.phrases {
            add(&port.value, "the caller says one of its phrases".into());
        }
        for port in self.expects.map(|expects| expects.value.ports()).unwrap_or_default() {
            let why = match *port {
                "yes" | "no" => format!("the caller says {port}"),
                _ => "the answer is understood".to_owned(),
            };
            add(&(*port).into(), why);
        }
        let expects_digits = self.expects.is_some_and(|expects| expects.value == Expects::Digits);
        if self.digits.is_some() && !expects_digits {
            add(&"digits".into(), "the caller keys in a number".into());
        }
        if self.speech {
            add(&"said".into(), "the caller says something".into());
        }
        add(&"no_input".into(), "the caller stays silent to the last try".into());
        add(&"no_match".into(), "the caller's last answer fits nothing".into());
        (ports.len() <= MAX_DECLARED).then_some(ports)
    }

    fn targets(&self) -> Vec<&Word> {
        Vec::new()
    }

    fn prompts(&self) -> Vec<&Texts> {
        let repeated = self.no_input.iter().chain(&self.no_match);
        [&self.prompt].into_iter().chain(repeated).chain(&self.which).chain(&self.hold).collect()
    }

    fn expressions(&self) -> Vec<&Value> {
        Vec::new()
    }

    fn catches_failures(&self) -> bool {
        false
    }

    fn waits(&self) -> Waiting {
        Waiting::Always
    }

    fn speaks(&self) -> Option<&'static str> {
        Some("asks")
    }

    fn leaves(&self) -> Leaving<'_> {
        Leaving::Stays
    }

    fn assigns(&self) -> &[(Word, Value)] {
        &[]
    }

    fn conditions(&self) -> Vec<&Value> {
        Vec::new()
    }

    fn plugin(&self) -> Option<&Word> {
        None
    }

    fn never_given<'r>(&self, _: &Checker<'_>, reads: &'r [MemberRead]) -> Option<Wrong<'r>> {
        checks::never_given(self, reads)
    }

    fn compile(
        &self,
        checker: &mut Checker<'_>,
        at: &Place<'_>,
        node: &NodeTree,
    ) -> Option<NodeKind> {
        let before = checker.findings.errors();
        checks::accepts(checker, self);
        phrases::check(checker, self, &at.locales);
        checks::choices(checker, self, &at.locales);
        keys::check(checker, self);
        let prompt = at.prompt(checker, &self.prompt);
        let mut all = |texts: &[Texts], env: &dyn TypeEnv| -> Option<Vec<Prompt>> {
            let compiled: Vec<_> = texts
                .iter()
                .map(|texts| prompts::compile(checker, texts, &at.locales, env))
                .collect();
            compiled.into_iter().collect()
        };
        let tries = ("tries", VarType::of(Type::Number));
        let reason = ("reason", VarType::of(Type::String));
        let no_input = all(&self.no_input, &at.env.with_output(VarType::map([tries.clone()])));
        let no_match = all(&self.no_match, &at.env.with_output(VarType::map([tries, reason])));
        let hold = at.say(checker, self.hold.as_ref());
        let which = match &self.which {
            Some(texts) => {
                let meant =
                    VarType::map(["first", "second"].map(|m| (m, VarType::of(Type::String))));
                let env = at.env.with_output(meant);
                prompts::compile(checker, texts, &at.locales, &env).map(Some)
            }
            None => Some(None),
        };
        if self.ports(checker).is_none() && !self.unclear {
            let message = format!(
                "the question has more than {MAX_DECLARED} ports, counting those of all answers"
            );
            checker.push(
                Diagnostic::new(Code::TooLarge, self.span, message)
                    .help("lead several answers to one port, or ask in two steps"),
            );
        }
        let save = at.save(checker, node, self.output(), Output::Unknown);
        let ports = at.wire(checker, node);
        if checker.erred_since(before) {
            return None;
        }
        Some(NodeKind::Ask(Ask {
            prompt: prompt?,
            menu: self.menu.iter().map(|(key, port)| (key.value, port.value.clone())).collect(),
            phrases: self
                .phrases
                .iter()
                .map(|(port, by_locale)| {
                    let texts = by_locale.iter().map(|(locale, said)| {
                        let said = said.iter().map(|s| s.value.clone()).collect();
                        (locale.value.clone(), said)
                    });
                    (port.value.clone(), texts.collect())
                })
                .collect(),
            choices: self
                .choices
                .iter()
                .map(|(port, labels)| {
                    let labels = labels.texts.iter();
                    let labels = labels.map(|(at, label)| (at.value.clone(), label.value.clone()));
                    (port.value.clone(), labels.collect())
                })
                .collect(),
            digits: self.digits.as_ref().map(|digits| digits.value.clone()),
            expects: self.expects.map(|expects| expects.value),
            speech: self.speech,
            timeout: self.timeout,
            tries: self.tries,
            no_input: no_input?,
            no_match: no_match?,
            which: which?,
            hold: hold?,
            sensitive: self.sensitive,
            save: save?,
            ports: ports?,
        }))
    }
}

impl Compiled for Ask {
    fn word(&self) -> &'static str {
        KIND.word
    }

    fn targets(&self) -> Vec<(NodeIndex, String)> {
        targets_of(&self.ports)
    }

    fn prompts(&self) -> Vec<NodePrompt<'_>> {
        let mut found = vec![NodePrompt::only("prompt", &self.prompt)];
        for (part, prompts) in [("no_input", &self.no_input), ("no_match", &self.no_match)] {
            let numbered = (1..).zip(prompts);
            found.extend(numbered.map(|(number, prompt)| NodePrompt { part, number, prompt }));
        }
        for (part, prompt) in [("which", &self.which), ("hold", &self.hold)] {
            found.extend(prompt.as_ref().map(|prompt| NodePrompt::only(part, prompt)));
        }
        found
    }

    fn expressions(&self) -> Vec<&Expr> {
        Vec::new()
    }

    fn recorded(&self) -> Vec<&Name> {
        Vec::new()
    }

    fn on_failure(&self) -> Option<NodeIndex> {
        None
    }

    fn on_channel_failure(&self) -> Option<NodeIndex> {
        None
    }

    fn asks_in_secret(&self) -> bool {
        self.sensitive
    }

    fn calls_back(&self) -> Option<&Queue> {
        None
    }

    fn disposition(&self) -> Option<&Name> {
        None
    }

    fn picture(&self) -> Picture {
        Picture { does: self.word().to_owned(), mermaid: ("[/", "/]"), dot: "parallelogram" }
    }
}
