//! A visit of a shipped plugin, as a real component in the real host; the test plays caller and world.
//!
//! Every run is also made the way a slow world makes it: stopped at its first host call, then at its second, and
//! so on, each time again from the start over the replies known by then. It must end as the run did that had
//! all replies at once.

#![allow(dead_code, unreachable_pub, reason = "each test uses some of it")]
#![allow(clippy::expect_used, clippy::panic, reason = "a helper of a test fails with it")]

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use dialgraph_flow::Digest;
use dialgraph_flow::grants::Grants;
use dialgraph_host::{Host, HostConfig, Loaded};
use dialgraph_kernel::plugin::{
    Ask, Done, HostCalls, Invocation, PluginEvent, Plugins, RunReport, RunResult,
};
use dialgraph_kernel::ports::{HostCall, HostResult, Timestamp};
use serde_json::{Value, json};

/// 2026-11-20T01:00:00Z: a Friday, ten in the morning in Seoul.
const NOW: Timestamp = Timestamp(1_795_136_400_000);

fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| {
        let config = HostConfig { counting: true, ..HostConfig::default() };
        Host::new(config).expect("this machine runs WebAssembly")
    })
}

/// Loads a shipped plugin with these grants.
pub fn load(name: &str, grants: &[&str]) -> Loaded {
    let (_, bytes) = dialgraph_guests::shipped()
        .iter()
        .find(|(shipped, _)| *shipped == name)
        .unwrap_or_else(|| panic!("{name} is not shipped"));
    let granted: BTreeSet<_> = grants.iter().map(|grant| (*grant).to_owned()).collect();
    let grants = Grants { grants: granted, ..Grants::default() };
    host().load(name, bytes, &grants).unwrap_or_else(|error| panic!("{error}"))
}

/// How the world outside answers.
pub type World = Arc<dyn Fn(&HostCall) -> HostResult + Send + Sync>;

/// One visit of a node.
pub struct Visit {
    plugin: Digest,
    config: String,
    input: String,
    pub locale: &'static str,
    pub caller: Option<&'static str>,
    world: World,
    state: Option<String>,
    turn: u32,
    /// Host calls of the last run.
    pub calls: Vec<HostCall>,
    /// Log lines of all runs.
    pub logs: Vec<String>,
}

impl Visit {
    pub fn new(
        plugin: &Loaded,
        config: Value,
        world: impl Fn(&HostCall) -> HostResult + Send + Sync + 'static,
    ) -> Self {
        Self {
            plugin: plugin.digest,
            config: config.to_string(),
            input: "{}".to_owned(),
            locale: "ko-KR",
            caller: Some("+821000000999"),
            world: Arc::new(world),
            state: None,
            turn: 0,
            calls: Vec::new(),
            logs: Vec::new(),
        }
    }

    pub fn input(mut self, input: Value) -> Self {
        self.input = input.to_string();
        self
    }

    pub fn enter(&mut self) -> RunResult {
        self.state = None;
        self.turn = 0;
        self.run(&PluginEvent::Entered)
    }

    pub fn say(&mut self, text: &str) -> RunResult {
        self.turn += 1;
        self.run(&PluginEvent::Said { text: text.to_owned(), confidence: None })
    }

    pub fn press(&mut self, keys: &str) -> RunResult {
        self.turn += 1;
        self.run(&PluginEvent::Pressed(keys.to_owned()))
    }

    pub fn silence(&mut self) -> RunResult {
        self.turn += 1;
        self.run(&PluginEvent::Silent)
    }

    fn run(&mut self, event: &PluginEvent) -> RunResult {
        let mut world =
            Replies { known: usize::MAX, made: Vec::new(), world: Arc::clone(&self.world) };
        let whole = self.once(event, &mut world);
        for known in 0..world.made.len() {
            let mut slow = Replies { known, made: Vec::new(), world: Arc::clone(&self.world) };
            let stopped = self.once(event, &mut slow);
            assert_eq!(stopped.result, RunResult::Suspended, "stopped at host call {known}");
            assert_eq!(slow.made, world.made[..=known], "the same host calls every time");
        }
        let again = self.once(
            event,
            &mut Replies { known: usize::MAX, made: Vec::new(), world: Arc::clone(&self.world) },
        );
        assert_eq!(again, whole, "outcome, log and cost are the same every time");
        assert!(whole.cost.instructions.is_some_and(|instructions| instructions > 0));

        self.calls = world.made;
        self.logs
            .extend(whole.logs.iter().map(|line| format!("{} {:?}", line.message, line.fields)));
        if let RunResult::Ask(ask) = &whole.result {
            self.state = Some(ask.state.clone());
        }
        whole.result
    }

    fn once(&self, event: &PluginEvent, replies: &mut Replies) -> RunReport {
        let invocation = Invocation {
            call_id: "call-1",
            channel: "voice",
            locale: self.locale,
            caller: self.caller,
            dialed: None,
            started_at: NOW,
            now: NOW,
            flow: "flow",
            node: "node",
            invocation_id: "call-1/1",
            turn: self.turn,
            seed: 7,
            config: &self.config,
            input: &self.input,
            state: self.state.as_deref(),
            event,
            limits: None,
        };
        host().run(&self.plugin, &invocation, replies)
    }
}

/// A world that has answered only the first so many host calls as yet.
struct Replies {
    known: usize,
    made: Vec<HostCall>,
    world: World,
}

impl HostCalls for Replies {
    fn call(&mut self, call: HostCall) -> Option<HostResult> {
        self.made.push(call);
        let call = self.made.last()?;
        (self.made.len() <= self.known).then(|| (self.world)(call))
    }
}

/// The ask, or a failed test.
#[track_caller]
pub fn ask(result: RunResult) -> Ask {
    match result {
        RunResult::Ask(ask) => ask,
        other => panic!("an ask was expected, not {other:?}"),
    }
}

/// The end, or a failed test.
#[track_caller]
pub fn done(result: RunResult) -> Done {
    match result {
        RunResult::Done(done) => done,
        other => panic!("an end was expected, not {other:?}"),
    }
}

/// What the caller hears.
pub fn heard(ask: &Ask) -> String {
    let texts: Vec<_> = ask.say.iter().map(|speech| speech.text.as_str()).collect();
    texts.join(" ")
}

/// A page of one record, or of none.
pub fn page(key: &str, data: Option<Value>) -> Value {
    let records: Vec<_> = data
        .into_iter()
        .map(|data| json!({"key": key, "version": 1, "updated_at": 0, "data": data}))
        .collect();
    json!({"records": records, "more": false})
}

/// An answer from its JSON, as call scripts write it.
pub fn answer(function: &str, answer: Value) -> HostResult {
    let tagged = json!({"function": function, "answer": answer});
    Ok(serde_json::from_value(tagged).unwrap_or_else(|error| panic!("{function}: {error}")))
}
