//! A small world for turns: flows from text, plugins from closures, a host from a list of replies.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};

use dialgraph_base::{CallId, Channel, Digest, Timestamp};
use dialgraph_flow::Release;
use dialgraph_flow::testing::{Plugins as Descriptors, compile_files, plugins};
use dialgraph_kernel::call::{Call, NewCall};
use dialgraph_kernel::event::Event;
use dialgraph_kernel::outside::{Addresses, Arrival, KEY_BYTES};
use dialgraph_kernel::plugin::{
    Accept, Ask, Cost, Done, Failure, FailureKind, HostCalls, Invocation, LogLevel, LogLine,
    Plugins, RunReport, RunResult, Speech,
};
use dialgraph_kernel::ports::{HostCall, HostResult};
use dialgraph_kernel::provider::Caller;
use dialgraph_kernel::turn::{Finished, Progress, Turn, TurnHost};

pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000_000);

const QUEUES: &str = "
general: {title: {ko-KR: 일반, en-US: General}, priority: 3}
emergency: {title: {ko-KR: 긴급, en-US: Emergency}, priority: 1, sla: 15m}
";
const QUEUES_IN_ENGLISH: &str = "
general: {title: {en-US: General}, priority: 3}
emergency: {title: {en-US: Emergency}, priority: 1, sla: 15m}
";

type Body = Box<dyn Fn(&Invocation<'_>, &mut dyn HostCalls) -> RunResult + Send + Sync>;

/// Plugins by name, each a closure.
#[derive(Default)]
pub(crate) struct Closures {
    bodies: HashMap<Digest, Body>,
    logs: HashMap<Digest, Vec<LogLine>>,
    descriptors: Descriptors,
}

impl Closures {
    pub(crate) fn with(
        mut self,
        name: &str,
        ports: &[&'static str],
        body: impl Fn(&Invocation<'_>, &mut dyn HostCalls) -> RunResult + Send + Sync + 'static,
    ) -> Self {
        let (name, (digest, descriptor)) = plugins([(name, ports)]).pop_first().unwrap();
        self.bodies.insert(digest, Box::new(body));
        self.descriptors.insert(name, (digest, descriptor));
        self
    }
}

impl Closures {
    /// The plugin logs so many lines of so many bytes in each of its runs.
    pub(crate) fn logging(mut self, name: &str, lines: usize, bytes: usize) -> Self {
        let line =
            LogLine { level: LogLevel::Info, message: "x".repeat(bytes), fields: Vec::new() };
        self.logs.insert(self.descriptors[name].0, vec![line; lines]);
        self
    }
}

impl Plugins for Closures {
    fn run(
        &self,
        plugin: &Digest,
        invocation: &Invocation<'_>,
        host: &mut dyn HostCalls,
    ) -> RunReport {
        let result = self.bodies[plugin](invocation, host);
        let logs = self.logs.get(plugin).cloned().unwrap_or_default();
        RunReport { result, logs, cost: Cost::default() }
    }
}

pub(crate) fn done(port: &str, output: Value) -> RunResult {
    RunResult::Done(Done { port: port.into(), output, say: Vec::new() })
}

pub(crate) fn ask(text: &str, state: Value) -> RunResult {
    RunResult::Ask(Ask {
        say: vec![Speech::new(text, false)],
        accept: Accept {
            speech: true,
            digits: None,
            timeout_ms: 5_000,
            sensitive: false,
            hints: Vec::new(),
            choices: Vec::new(),
        },
        state: state.to_string(),
    })
}

pub(crate) fn failed(kind: FailureKind) -> RunResult {
    RunResult::Failed(Failure {
        kind,
        code: "made-up".into(),
        message: "it failed".into(),
        backtrace: Vec::new(),
    })
}

/// Replies in order; then nothing. Records who asked what.
#[derive(Default)]
pub(crate) struct Replies {
    pub(crate) ready: std::collections::VecDeque<HostResult>,
    pub(crate) asked: Vec<(Caller, HostCall)>,
}

impl TurnHost for Replies {
    fn call(&mut self, caller: &Caller, call: &HostCall) -> Option<HostResult> {
        let reply = self.ready.pop_front()?;
        self.asked.push((caller.clone(), call.clone()));
        Some(reply)
    }
}

/// A call and all it needs.
pub(crate) struct Bench {
    pub(crate) release: Arc<Release>,
    pub(crate) plugins: Arc<Closures>,
    pub(crate) call: Call,
    pub(crate) now: Timestamp,
    /// What has arrived from outside and was not taken.
    pub(crate) arrived: Vec<Arrival>,
    pub(crate) host: Replies,
}

impl Bench {
    pub(crate) fn new(flow: &str) -> Self {
        Self::with(&[("main", flow)], Closures::default())
    }

    /// A flow of a business in New York.
    pub(crate) fn in_new_york(flow: &str) -> Self {
        let project =
            "entry: main\nfallback: {queue: general}\nlocales: [en-US]\nzone: America/New_York\n";
        Self::with(&[("main", flow), ("dialgraph.yaml", project)], Closures::default())
    }

    pub(crate) fn with(files: &[(&str, &str)], closures: Closures) -> Self {
        let mut files = files.to_vec();
        let english = files.iter().any(|(path, _)| *path == "dialgraph.yaml");
        files.push(("data/queues.yaml", if english { QUEUES_IN_ENGLISH } else { QUEUES }));
        let release = compile_files(&files, &closures.descriptors)
            .unwrap_or_else(|report| panic!("{report}"));
        let call = Call::new(NewCall {
            id: CallId("call-1".into()),
            release: release.digest,
            channel: Channel::default(),
            locale: "en-US".into(),
            from: Some("+82-10-0000-0101".into()),
            to: None,
            at: NOW,
            seed: 7,
            attributes: BTreeMap::new(),
        });
        Self {
            release: Arc::new(release),
            plugins: Arc::new(closures),
            call,
            now: NOW,
            arrived: Vec::new(),
            host: Replies::default(),
        }
    }

    pub(crate) fn begin(&self, event: Event) -> Turn {
        Turn::begin(
            self.release.clone(),
            self.plugins.clone(),
            self.call.clone(),
            None,
            event,
            self.now,
        )
        .unwrap()
        .with_addresses(Arc::new(Addresses::new("https://desk.example/v1/hooks", [7; KEY_BYTES])))
        .with_arrived(self.arrived.clone())
    }

    /// A whole turn whose replies are all there.
    pub(crate) fn turn(&mut self, event: Event) -> Finished {
        let mut turn = self.begin(event);
        match turn.run(&mut self.host) {
            Progress::Finished(finished) => {
                self.call = finished.call.clone();
                *finished
            }
            Progress::Waiting => panic!("no reply for {:?}", turn.waiting_for()),
        }
    }

    pub(crate) fn enter(&mut self) -> Finished {
        self.turn(Event::Entered)
    }

    pub(crate) fn presses(&mut self, keys: &str) -> Finished {
        self.turn(Event::Pressed(keys.into()))
    }

    pub(crate) fn says(&mut self, text: &str) -> Finished {
        self.turn(Event::Said { text: text.into(), confidence: None })
    }
}

/// What was said, and the word of the last directive.
pub(crate) fn heard(finished: &Finished) -> (Vec<&str>, &'static str) {
    let directives = &finished.record.directives;
    (directives.say.iter().map(|speech| speech.text.as_str()).collect(), directives.then.word())
}

/// Nodes of the turn with the ports taken.
pub(crate) fn path(finished: &Finished) -> Vec<String> {
    finished
        .record
        .steps
        .iter()
        .map(|step| match &step.port {
            Some(port) => format!("{}:{port}", step.at.node),
            None => step.at.node.to_string(),
        })
        .collect()
}

pub(crate) fn attribute(finished: &Finished, name: &str) -> Value {
    finished.call.attributes.get(name).cloned().unwrap_or(json!(null))
}
