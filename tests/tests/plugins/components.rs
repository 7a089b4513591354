//! A visit of a shipped plugin, as a real component in the real host; the test plays caller and
//! world.
//!
//! Every run is also made the way a slow world makes it: stopped at its first host call, then at
//! its second, and so on, each time again from the start over the replies known by then. It must
//! end as the run did that had all replies at once.

#![allow(clippy::expect_used, clippy::panic, reason = "a helper of a test fails with it")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use dialgraph_base::{Channel, Digest, Grants, Timestamp};
use dialgraph_flow::Project;
use dialgraph_host::{Host, HostConfig, Loaded};
use dialgraph_kernel::plugin::{
    Ask, Done, HostCalls, Invocation, PluginEvent, Plugins, RunReport, RunResult,
};
use dialgraph_kernel::ports::records::Source;
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostResult};
use dialgraph_kernel::provider::{Caller, Records as _};
use dialgraph_local::records::LocalRecords;
use dialgraph_store::{ManualClock, MemoryStore, Store};
use futures::executor::block_on;
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
pub(crate) fn load(name: &str, grants: &[&str]) -> Loaded {
    let (_, bytes) = dialgraph_guests::shipped()
        .iter()
        .find(|(shipped, _)| *shipped == name)
        .unwrap_or_else(|| panic!("{name} is not shipped"));
    let granted: BTreeSet<_> = grants.iter().map(|grant| (*grant).to_owned()).collect();
    let grants = Grants { grants: granted, ..Grants::default() };
    host().load(name, bytes, &grants).unwrap_or_else(|error| panic!("{error}"))
}

/// How the world outside answers.
pub(crate) type World = Arc<dyn Fn(&HostCall) -> HostResult + Send + Sync>;

/// One visit of a node.
pub(crate) struct Visit {
    plugin: Digest,
    config: String,
    input: String,
    pub(crate) locale: &'static str,
    pub(crate) caller: Option<&'static str>,
    world: World,
    state: Option<String>,
    turn: u32,
    /// Host calls of the last run.
    pub(crate) calls: Vec<HostCall>,
    /// Log lines of all runs.
    pub(crate) logs: Vec<String>,
}

impl Visit {
    pub(crate) fn new(
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

    pub(crate) fn input(mut self, input: Value) -> Self {
        self.input = input.to_string();
        self
    }

    pub(crate) fn enter(&mut self) -> RunResult {
        self.state = None;
        self.turn = 0;
        self.run(&PluginEvent::Entered)
    }

    /// The same, made once only, for tests that make many visits.
    pub(crate) fn enter_once(&self) -> RunResult {
        let mut world =
            Replies { known: usize::MAX, made: Vec::new(), world: Arc::clone(&self.world) };
        self.once(&PluginEvent::Entered, &mut world).result
    }

    pub(crate) fn say(&mut self, text: &str) -> RunResult {
        self.turn += 1;
        self.run(&PluginEvent::Said { text: text.to_owned(), confidence: None })
    }

    pub(crate) fn press(&mut self, keys: &str) -> RunResult {
        self.turn += 1;
        self.run(&PluginEvent::Pressed(keys.to_owned()))
    }

    pub(crate) fn silence(&mut self) -> RunResult {
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
            channel: Channel::default(),
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
pub(crate) fn ask(result: RunResult) -> Ask {
    match result {
        RunResult::Ask(ask) => ask,
        other => panic!("an ask was expected, not {other:?}"),
    }
}

/// The end, or a failed test.
#[track_caller]
pub(crate) fn done(result: RunResult) -> Done {
    match result {
        RunResult::Done(done) => done,
        other => panic!("an end was expected, not {other:?}"),
    }
}

/// What the caller hears.
pub(crate) fn heard(ask: &Ask) -> String {
    let texts: Vec<_> = ask.say.iter().map(|speech| speech.text.as_str()).collect();
    texts.join(" ")
}

/// Records of this process, as another visit sees them. What a host call was answered is kept, as
/// the journal keeps it.
pub(crate) fn records(
    store: &Arc<dyn Store>,
    collections: &[&str],
    visit: u32,
) -> impl Fn(&HostCall) -> HostResult + Send + Sync + use<> {
    let collections = collections.iter().map(|name| (*name).to_owned());
    let records = LocalRecords::new(Arc::clone(store), collections);
    let journal: Mutex<Vec<(HostCall, HostResult)>> = Mutex::default();
    move |call| {
        let mut journal = journal.lock().expect("no host call has panicked");
        if let Some((_, result)) = journal.iter().find(|(known, _)| known == call) {
            return result.clone();
        }
        let caller = Caller {
            call_id: "call-1".into(),
            release: Digest::of(b"no release"),
            locale: "ko-KR".into(),
            plugin: "a-plugin".into(),
            now: Timestamp(0),
            idempotency_key: format!("call-1/{visit}/{}", journal.len()).into(),
        };
        let result = futures::executor::block_on(async {
            Ok(match call {
                HostCall::RecordsGet(get) => {
                    HostAnswer::RecordsGet(records.get(&caller, get).await?)
                }
                HostCall::RecordsFind(find) => {
                    HostAnswer::RecordsFind(records.find(&caller, find).await?)
                }
                HostCall::RecordsPut(put) => {
                    HostAnswer::RecordsPut(records.put(&caller, put).await?)
                }
                HostCall::RecordsDelete(delete) => {
                    records.delete(&caller, delete).await?;
                    HostAnswer::RecordsDelete
                }
                other => panic!("{other:?}"),
            })
        });
        journal.push((call.clone(), result.clone()));
        result
    }
}

/// A collection in the engine's own records, with the indexes that the shipped project declares for
/// it.
pub(crate) fn collection(
    name: &'static str,
    records: &[(&str, Value)],
) -> impl Fn(&HostCall) -> HostResult + Send + Sync + use<> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../flows/support-desk");
    let indexes = Project::load(&shipped).expect("the shipped project can be read").indexes();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(ManualClock::default())));
    let desk = LocalRecords::new(store, [name.to_owned()]).with_indexes(Arc::new(indexes));
    let seed = records.iter().map(|(key, data)| ((*key).to_owned(), data.clone())).collect();
    block_on(async {
        desk.build_indexes(name, Timestamp(0)).await.expect("an empty collection is indexed");
        desk.seed(name, &seed, NOW).await.expect("the records are good");
    });
    move |call| {
        let caller = Caller {
            call_id: "call-1".into(),
            release: Digest::of(b"no release"),
            locale: "ko-KR".into(),
            plugin: "desk".into(),
            now: NOW,
            idempotency_key: "reads only".into(),
        };
        block_on(async {
            Ok(match call {
                HostCall::RecordsGet(get) => HostAnswer::RecordsGet(desk.get(&caller, get).await?),
                HostCall::RecordsSearch(search) => {
                    HostAnswer::RecordsSearch(desk.search(&caller, search).await?)
                }
                other => panic!("{other:?}"),
            })
        })
    }
}

/// Whether a call asks the system of record, and not what was last known of it.
pub(crate) fn is_current(call: &HostCall) -> bool {
    match call {
        HostCall::RecordsGet(get) => get.source == Source::Current,
        HostCall::RecordsFind(find) => find.source == Source::Current,
        HostCall::RecordsSearch(search) => search.source == Source::Current,
        _ => false,
    }
}

/// A page of one record, or of none.
pub(crate) fn page(key: &str, data: Option<Value>) -> Value {
    let records: Vec<_> = data
        .into_iter()
        .map(|data| json!({"key": key, "version": 1, "updated_at": 0, "data": data}))
        .collect();
    json!({"records": records, "more": false})
}

/// An answer from its JSON, as call scripts write it.
pub(crate) fn answer(function: &str, answer: Value) -> HostResult {
    let tagged = json!({"function": function, "answer": answer});
    Ok(serde_json::from_value(tagged).unwrap_or_else(|error| panic!("{function}: {error}")))
}
