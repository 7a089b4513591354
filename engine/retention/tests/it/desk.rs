//! A small desk that looks customers up, opens tickets and writes call logs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use dialgraph_base::{CallId, Channel, Timestamp};
use dialgraph_deploy::{
    Change, Deploy, DeployParts, DeploySettings, LocalWorldFactory, Role, Source, Started, Who,
};
use dialgraph_flow::project::Files;
use dialgraph_host::{Host, HostConfig};
use dialgraph_kernel::event::Event;
use dialgraph_retention::{Done, RetentionError, Task, Upkeep};
use dialgraph_runtime::{Answer, Clock, Engine, Start, TurnRequest, WaitRules};
use dialgraph_store::{Backend, Blobs, ManualClock, MemoryStore, Row, UnixMillis};
use futures::FutureExt as _;
use futures::future::BoxFuture;

const PROJECT: &str = "\
entry: desk
finally: wrapup
fallback: {queue: general}
locales: [en-US]
collections:
  customers:
    seed: data/customers.yaml
    retention: 200d
    indexes:
      company: {kind: name, fields: [company_name]}
      phone: {kind: phone, fields: [contact_info.phone]}
  call_logs: {retention: 200d}
hooks: {news: {}}
erase:
  attributes: [customer_id]
  collections: {customers: customer_id, call_logs: customer_id}
  callers: {customers: contact_info.phone}
  tickets: [customer_id]
plugins:
  customer-lookup: {grants: [log, records-read], collections: {read: [customers]}}
  ticketing: {grants: [tickets]}
  call-log: {grants: [clock, records-write], collections: {write: [call_logs]}}
";

const DESK: &str = r#"
flow: desk
summary: Finds out who calls, opens a ticket, and asks whether there is more.
locales: [en-US]
attributes:
  company: {type: string, default: ""}
  customer_id: {type: string, default: ""}
start: company
nodes:
  company:
    ask: {prompt: {en-US: "Which company?"}, speech: true}
    save: {company: 'default(output.text, "")'}
    on: {said: lookup, no_input: bye, no_match: bye}
  lookup:
    use: customer-lookup
    config: {collection: customers}
    with: {company: company}
    save: {customer_id: 'default(output.customer_id, "")'}
    on: {msp: ticket, vip: ticket, general: ticket, unregistered: bye, ambiguous: bye, error: bye}
  ticket:
    use: ticketing
    with: {customer_id: customer_id, company: company, request: '"It is slow."'}
    on: {created: more, error: more}
  more:
    ask: {prompt: {en-US: "Anything else?"}, speech: true}
    on: {said: bye, no_input: bye, no_match: bye}
  bye: {end: {disposition: resolved}}
"#;

const WRAPUP: &str = r#"
flow: wrapup
summary: Writes the call log.
locales: [en-US]
attributes:
  customer_id: {type: string, default: ""}
start: log
nodes:
  log:
    use: call-log
    config: {collection: call_logs}
    with: {customer_id: customer_id, path: call.path, resolution: call.disposition}
    on: {logged: done, error: done}
  done: {end: {disposition: logged}}
"#;

const OUTSIDE: &str = "
flow: outside
locales: [en-US]
start: address
nodes:
  address: {hook: news, next: wait}
  wait: {await: {hook: news, within: 1m}, on: {arrived: bye, timeout: bye, error: bye}}
  bye: {end: {disposition: resolved}}
";

const ACORN: &str = "
c-002:
  customer_id: c-002
  company_name: Acorn Example Inc.
  support_level: MSP
  contact_info: {name: Avery Sample, phone: \"+82-10-0000-0102\"}
";
const BLUE: &str = "
c-001:
  customer_id: c-001
  company_name: Bluestar Trading
  support_level: MSP
  contact_info: {name: Hana Example, phone: \"+82-10-0000-0101\"}
";

/// What tells of the first customer, wherever it stands.
pub(crate) const TRACES: [&str; 4] = ["c-001", "Bluestar", "0101", "Hana"];
/// 2026-11-20T01:00:00Z.
pub(crate) const NOW: u64 = 1_795_136_400_000;
pub(crate) const DAY: u64 = 24 * 60 * 60 * 1000;

pub(crate) struct Desk {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) deploy: Deploy,
    pub(crate) engine: Engine,
    pub(crate) upkeep: Upkeep,
    _started: Started,
    _folder: tempfile::TempDir,
}

struct Stands(Arc<ManualClock>);

impl Clock for Stands {
    fn now(&self) -> Timestamp {
        Timestamp(dialgraph_store::Clock::now(&*self.0).0)
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}

impl Desk {
    pub(crate) async fn open() -> Self {
        Self::keeping(None).await
    }

    /// With calls that are kept so many milliseconds.
    pub(crate) async fn keeping(millis: Option<u64>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(UnixMillis(NOW)));
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("retention-cache");
        let config = HostConfig { cache_dir: Some(cache), ..HostConfig::default() };
        let deploy = Deploy::new(DeployParts {
            store: store.clone(),
            blobs: Blobs::open(folder.path()).unwrap(),
            host: Arc::new(Host::new(config).unwrap()),
            worlds: Arc::new(LocalWorldFactory::new(store.clone(), clock.clone())),
            clock: clock.clone(),
            settings: DeploySettings::default(),
        });
        let files: Files = [
            ("dialgraph.yaml", PROJECT),
            ("desk.flow.yaml", DESK),
            ("wrapup.flow.yaml", WRAPUP),
            ("outside.flow.yaml", OUTSIDE),
            ("data/queues.yaml", "general: {title: {en-US: General}, priority: 3}\n"),
            ("data/customers.yaml", &format!("{BLUE}{ACORN}")),
        ]
        .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
        .into();
        let wanted = ["customer-lookup", "ticketing", "call-log"];
        let shipped: Vec<(&str, &[u8])> = dialgraph_guests::shipped()
            .iter()
            .copied()
            .filter(|(name, _)| wanted.contains(name))
            .collect();
        let started = deploy.start(Some(&Source::new(files, &shipped))).await.unwrap();
        let engine = Engine::new(
            store.clone(),
            Arc::clone(&started.releases),
            deploy.host(),
            deploy.world(),
            Arc::new(Stands(clock.clone())),
            WaitRules::default(),
        )
        .keeping(millis);
        let upkeep =
            Upkeep { backend: store.clone(), store: store.clone(), history: deploy.history() };
        Self { store, clock, deploy, engine, upkeep, _started: started, _folder: folder }
    }

    pub(crate) async fn begin(&self, id: &str, from: Option<&str>) -> Answer {
        let start = Start { from: from.map(str::to_owned), ..start(id) };
        self.engine.turn(TurnRequest::start(start, "1")).await.unwrap()
    }

    pub(crate) async fn event(&self, id: &str, event: Event) -> Answer {
        let id = CallId(id.into());
        let turn = self.engine.calls().load(&id).await.unwrap().unwrap().call.turn;
        self.engine
            .turn(TurnRequest::event(id.clone(), event, format!("after {turn}")))
            .await
            .unwrap()
    }

    pub(crate) async fn said(&self, id: &str, text: &str) -> Answer {
        self.event(id, Event::Said { text: text.to_owned(), confidence: None }).await
    }

    /// A call up to its last question.
    pub(crate) async fn up_to_the_end(&self, id: &str, company: &str) {
        self.begin(id, None).await;
        let answer = self.said(id, company).await;
        assert_eq!(answer.record.steps.last().unwrap().at.to_string(), "desk/more", "{answer:?}");
    }

    /// A whole call.
    pub(crate) async fn call(&self, id: &str, company: &str) {
        self.up_to_the_end(id, company).await;
        self.event(id, Event::HungUp).await;
    }

    /// Takes the first customer out of the project's files.
    pub(crate) async fn push_without_the_first(&self) {
        let file = Some(ACORN.as_bytes().to_vec());
        let change = Change {
            files: [("data/customers.yaml".to_owned(), file)].into(),
            ..Change::default()
        };
        self.deploy.push(&who(), change).await.unwrap();
    }

    pub(crate) async fn run(&self, task: &Task) -> Result<Done, RetentionError> {
        self.run_as(task, false).await
    }

    pub(crate) async fn run_as(&self, task: &Task, dry: bool) -> Result<Done, RetentionError> {
        let now = dialgraph_store::Clock::now(&*self.clock);
        self.upkeep.run(&who(), task, now, dry, &|_| {}).await
    }

    /// The same, and `seen` is told how far it is.
    pub(crate) async fn run_seeing(
        &self,
        task: &Task,
        seen: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Done, RetentionError> {
        let now = dialgraph_store::Clock::now(&*self.clock);
        self.upkeep.run(&who(), task, now, false, seen).await
    }

    pub(crate) async fn rows(&self) -> Vec<Row> {
        self.store.walk(None, u32::MAX).await.unwrap().rows
    }

    /// Partitions with something of the first customer in them.
    pub(crate) async fn traces(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for row in self.rows().await {
            let text = format!("{} {}", row.key, String::from_utf8_lossy(&row.value));
            if TRACES.iter().any(|trace| text.contains(trace)) {
                found.push(row.key.part().to_string());
            }
        }
        found.dedup();
        found
    }
}

/// A call that begins in the entry, by a caller who withholds their number.
pub(crate) fn start(id: &str) -> Start {
    Start {
        id: CallId(id.into()),
        channel: Channel::default(),
        locale: None,
        from: None,
        to: None,
        flow: None,
        seed: 1,
        attributes: BTreeMap::new(),
    }
}

pub(crate) fn who() -> Who {
    Who::new("oscar", Role::Operator)
}
