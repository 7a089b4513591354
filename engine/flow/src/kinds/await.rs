//! `await`: waits for what somebody outside tells the call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dialgraph_base::{Locale, Name, show_duration};

use super::{
    Compiled, Leaving, NodeKind, NodePrompt, ON, Picture, SAVE, Waiting, Written, targets_of,
};
use crate::check::Checker;
use crate::check::names::Output;
use crate::check::nodes::Place;
use crate::check::ports::{ERROR, PortInfo};
use crate::check::prompts;
use crate::check::saves::Wrong;
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::{Expr, MemberRead, VarType};
use crate::hook::Hook;

use crate::model::{Assignments, NodeIndex, Ports, Prompt, Queue, Type};
use crate::source::{Span, Spanned};
use crate::syntax::flow::{
    LocaleWord, NodeTree, Texts, Value, Word, entries, locale_key, texts_at, time, word_at,
};
use crate::syntax::shape::{Kind, Object, Shape, is_key};
use crate::syntax::tables::{PROMPT, SAY, may, must};
use crate::syntax::yaml::{Entry, Node};

/// Ports.
const ARRIVED: &str = "arrived";
const TIMEOUT: &str = "timeout";
const STOPPED: &str = "stopped";

/// How often the flow looks whether something has arrived, if the node does not say.
const EVERY: Duration = Duration::from_secs(10);
/// Looks of one visit at most: a longer wait looks less often.
const LOOKS: u32 = 100;

/// `await`: waits for what arrives at the address that a node `hook` made. `save` sees it as
/// `output.value`.
#[derive(Debug)]
pub struct Await {
    pub hook: Arc<Hook>,
    pub within: Duration,
    /// Between two looks.
    pub every: Duration,
    pub prompt: Option<Prompt>,
    /// Said while the caller waits on.
    pub meanwhile: Option<Prompt>,
    pub stop: Option<Stop>,
    pub save: Assignments,
    pub ports: Ports,
}

/// How the caller breaks off the wait.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stop {
    pub key: Option<char>,
    pub phrases: BTreeMap<Locale, Vec<String>>,
}

pub(super) const KIND: Kind = Kind {
    word: "await",
    doc: "Waits for what arrives at the address that a node `hook` made for this call, and leaves by a port. What arrived before is there at once. `save` sees it as `output.value`.",
    shape: Shape::Object(&AWAIT),
    beside: &[SAVE, ON],
    ports: &[
        ("`arrived`", "It has arrived; `output.value` has it."),
        (
            "`timeout`",
            "Nothing arrived in time, or before the address expired. From then on the address takes nothing.",
        ),
        (
            "`stopped`",
            "With `stop`: the caller breaks off. The address stays good, for a later `await`.",
        ),
        (
            "`error`",
            "The call has no address of this hook, or what arrived from it was taken before. The flow's `on_error` may stand for it.",
        ),
    ],
    example: r#"{"await": {"hook": "payment", "within": "3m"}, "save": {"company": "output.value.buyer"}, "on": {"arrived": "paid", "timeout": "to-agent", "error": "to-agent"}}"#,
    read,
};

const AWAIT: Object = Object {
    name: "await",
    doc: "What is waited for, and how long.",
    fields: &[
        must(
            "hook",
            Shape::Name,
            "Name of the hook, as the project file declares it.",
            r#""payment""#,
        ),
        must(
            "within",
            Shape::Time(Duration::from_secs(1), Duration::from_hours(1)),
            "How long this node waits.",
            r#""3m""#,
        ),
        SAY,
        may(
            "meanwhile",
            PROMPT,
            "Said while the caller waits on: to a caller on the phone at each look, in a chat in answer to a message. Default: the project's `comfort`, if it has one.",
            r#"{"ko-KR": "결제를 기다리고 있습니다.", "en-US": "I am waiting for your payment."}"#,
        ),
        may(
            "every",
            Shape::Time(Duration::from_secs(2), Duration::from_secs(20)),
            "How often the flow looks whether something has arrived. One visit looks at most 100 times: a wait of half an hour looks every 18 seconds. A chat with `stop` looks every 2 minutes. Default: 10s.",
            r#""5s""#,
        ),
        may(
            "stop",
            Shape::Object(&STOP),
            "How the caller breaks off the wait. Without it, the caller's words and keys are not heard.",
            r#"{"key": "0"}"#,
        ),
    ],
    one_of: &[],
};

const STOP: Object = Object {
    name: "stop",
    doc: "A key, phrases, or both.",
    fields: &[
        may("key", Shape::Key, "Key that the caller presses.", r#""0""#),
        may(
            "phrases",
            Shape::Map(&Shape::Locale, &Shape::List(&Shape::Text)),
            "What the caller says, by locale; understood as the `phrases` of `ask`.",
            r#"{"ko-KR": ["그만할래요"], "en-US": ["stop waiting"]}"#,
        ),
    ],
    one_of: &[],
};

#[derive(Debug)]
struct Tree {
    hook: Word,
    within: Duration,
    every: Duration,
    say: Option<Texts>,
    meanwhile: Option<Texts>,
    stop: Option<StopTree>,
}

#[derive(Debug)]
struct StopTree {
    span: Span,
    key: Option<char>,
    /// None: there are none.
    phrases: Option<Vec<(LocaleWord, Vec<Spanned<String>>)>>,
}

fn read(head: &Entry, _: &Node) -> Option<Box<dyn Written>> {
    let node = &head.value;
    let within = time(node, "within", Duration::ZERO);
    Some(Box::new(Tree {
        hook: word_at(node, "hook")?,
        within,
        every: time(node, "every", EVERY).max(within / LOOKS),
        say: texts_at(node, "say"),
        meanwhile: texts_at(node, "meanwhile"),
        stop: node.entry("stop").map(stop),
    }))
}

fn stop(entry: &Entry) -> StopTree {
    let node = &entry.value;
    let key = node.get("key").and_then(Node::text).filter(|text| is_key(text));
    let said = |node: &Node| Some(Spanned::new(node.text()?.to_owned(), node.span));
    let phrases = |e: &Entry| {
        let list = e.value.list().unwrap_or_default();
        (locale_key(e), list.iter().filter_map(said).collect())
    };
    StopTree {
        span: entry.key.span,
        key: key.and_then(|text| text.chars().next()),
        phrases: node.get("phrases").map(|_| entries(node, "phrases").map(phrases).collect()),
    }
}

impl StopTree {
    fn check(&self, checker: &mut Checker<'_>, locales: &[Locale]) -> Stop {
        let phrases = self.phrases.as_deref().unwrap_or_default();
        if self.key.is_none() && self.phrases.is_none() {
            let message = "`stop` has neither a key nor phrases, so no caller can break off";
            checker.push(
                Diagnostic::new(Code::MissingKey, self.span, message.to_owned())
                    .help("add `key: \"0\"` or `phrases: {…}`, or take `stop` out"),
            );
        }
        for (locale, _) in phrases.iter().filter(|(have, _)| !locales.contains(&have.value)) {
            prompts::unknown(checker, &locale.value, locale.span, locales);
        }
        for locale in locales.iter().filter(|_| self.phrases.is_some()) {
            let said = phrases.iter().find(|(have, _)| have.value == *locale);
            if said.is_none_or(|(_, said)| said.is_empty()) {
                let message = format!("there are no phrases for `{locale}`");
                checker.push(
                    Diagnostic::new(Code::MissingLocale, self.span, message)
                        .help(format!("add `{locale}: […]`")),
                );
            }
        }
        let texts = |said: &[Spanned<String>]| said.iter().map(|one| one.value.clone()).collect();
        Stop {
            key: self.key,
            phrases: phrases
                .iter()
                .map(|(locale, said)| (locale.value.clone(), texts(said)))
                .collect(),
        }
    }
}

impl Written for Tree {
    fn ports(&self, _: &Checker<'_>) -> Option<Vec<PortInfo>> {
        let mut ports = vec![
            PortInfo::new(&ARRIVED.into(), "it has arrived".into()),
            PortInfo::new(&TIMEOUT.into(), "nothing arrives in time".into()),
        ];
        if self.stop.is_some() {
            ports.push(PortInfo::new(&STOPPED.into(), "the caller breaks off".into()));
        }
        ports.push(PortInfo::error());
        Some(ports)
    }

    fn targets(&self) -> Vec<&Word> {
        Vec::new()
    }

    fn prompts(&self) -> Vec<&Texts> {
        self.say.iter().chain(&self.meanwhile).collect()
    }

    fn expressions(&self) -> Vec<&Value> {
        Vec::new()
    }

    fn catches_failures(&self) -> bool {
        true
    }

    fn waits(&self) -> Waiting {
        // What arrived before is there at once, but each address brings one thing only.
        Waiting::UnlessItFails
    }

    fn speaks(&self) -> Option<&'static str> {
        Some("waits for somebody outside")
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

    fn never_given<'r>(&self, _: &Checker<'_>, _: &'r [MemberRead]) -> Option<Wrong<'r>> {
        None
    }

    fn compile(
        &self,
        checker: &mut Checker<'_>,
        at: &Place<'_>,
        node: &NodeTree,
    ) -> Option<NodeKind> {
        let before = checker.findings.errors();
        let hook = checker.hook(&self.hook);
        let prompt = at.say(checker, self.say.as_ref());
        let meanwhile = at.say(checker, self.meanwhile.as_ref());
        let stop = self.stop.as_ref().map(|stop| stop.check(checker, &at.locales));
        let value = hook.as_ref().map_or(VarType::of(Type::Any), |hook| checker.arrives(hook));
        let output = VarType::map([("value", value)]);
        let save = at.save(checker, node, output, Output::Unknown);
        let ports = at.wire(checker, node);
        if checker.erred_since(before) {
            return None;
        }
        Some(NodeKind::Await(Await {
            hook: hook?,
            within: self.within,
            every: self.every,
            prompt: prompt?,
            meanwhile: meanwhile?,
            stop,
            save: save?,
            ports: ports?,
        }))
    }
}

impl Compiled for Await {
    fn word(&self) -> &'static str {
        KIND.word
    }

    fn targets(&self) -> Vec<(NodeIndex, String)> {
        targets_of(&self.ports)
    }

    fn prompts(&self) -> Vec<NodePrompt<'_>> {
        let mut found = NodePrompt::said(self.prompt.as_ref());
        found.extend(self.meanwhile.as_ref().map(|said| NodePrompt::only("meanwhile", said)));
        found
    }

    fn expressions(&self) -> Vec<&Expr> {
        Vec::new()
    }

    fn recorded(&self) -> Vec<&Name> {
        // What arrived is part of the record.
        self.save.iter().map(|(name, _)| name).collect()
    }

    fn on_failure(&self) -> Option<NodeIndex> {
        self.ports.get(ERROR).copied()
    }

    fn on_channel_failure(&self) -> Option<NodeIndex> {
        self.ports.get(ERROR).copied()
    }

    fn asks_in_secret(&self) -> bool {
        false
    }

    fn calls_back(&self) -> Option<&Queue> {
        None
    }

    fn disposition(&self) -> Option<&Name> {
        None
    }

    fn picture(&self) -> Picture {
        let within = show_duration(self.within);
        let does = format!("{} {} within {within}", self.word(), self.hook.name);
        Picture { does, mermaid: ("[/", "/]"), dot: "parallelogram" }
    }
}
