//! Calls in progress while plugins and flows are swapped, broken and rolled back under them.
//!
//! The short form runs with the other tests; `DIALGRAPH_SOAK=200` makes it 200 calls at once and
//! 200 changes, for an optimised build:
//! `DIALGRAPH_SOAK=200 cargo test --profile bench -p dialgraph-tests --test soak -- --nocapture`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "the long form tells what it measured")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use cap::Cap;
use dialgraph_base::{CallId, Channel, Digest, Timestamp};
use dialgraph_deploy::{
    Allow, Change, Deploy, DeployError, DeployParts, DeploySettings, Item, LocalWorldFactory,
    NewPlugin, Role, RollbackTarget, Source, Who,
};
use dialgraph_guests::build::Build;
use dialgraph_host::{Host, HostConfig};
use dialgraph_kernel::call::Status;
use dialgraph_kernel::event::Event;
use dialgraph_runtime::{Answer, Clock, Engine, Releases, Start, TurnRequest, WaitRules};
use dialgraph_store::{Blobs, SledOptions, SledStore, UnixMillis};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use mimalloc::MiMalloc;
use tokio::task::JoinSet;

const PROJECT: &str = "\
entry: desk
fallback: {queue: general}
locales: [en-US]
plugins:
  hours-check: {grants: [clock]}
";

const QUEUES: &str = "general: {title: {en-US: General}, priority: 3}\n";

const CALENDARS: &str = "office: {zone: Asia/Seoul, weekly: {fri: [[\"09:00\", \"18:00\"]]}}\n";

/// Both plugins run in every turn.
const DESK: &str = r#"
flow: desk
summary: Asks two plugins, as often as the caller likes.
locales: [en-US]
start: menu
nodes:
  menu:
    ask: {prompt: {en-US: "Version 0."}, menu: {"1": again, "2": over}}
    on: {again: plain, over: bye, no_input: wrong, no_match: wrong}
  plain: {use: plain, on: {done: hours, error: wrong}}
  hours:
    use: hours-check
    config: {calendar: office}
    on: {open: menu, closed: menu, error: wrong}
  wrong: {end: {disposition: wrong}}
  bye: {end: {disposition: resolved}}
"#;

/// How much of it there is.
struct Form {
    calls: usize,
    rounds: usize,
    /// Both plugins are swapped; compiling the larger one takes its time in a build that is not
    /// optimised.
    both: bool,
}

fn form() -> Form {
    match std::env::var("DIALGRAPH_SOAK").ok().and_then(|given| given.parse().ok()) {
        Some(size) => Form { calls: size, rounds: size, both: true },
        None => Form { calls: 40, rounds: 24, both: false },
    }
}

/// The clock of a live call.
struct Stands;

impl Clock for Stands {
    fn now(&self) -> Timestamp {
        // 2026-11-20T01:00:00Z: what the time is plays no part here.
        Timestamp(1_795_136_400_000)
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}

fn plain() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests");
    let built = Build::new(folder, Path::new(env!("CARGO_TARGET_TMPDIR")).join("guests"))
        .locked()
        .run()
        .unwrap_or_else(|error| panic!("{error}"));
    let plain = built.iter().find(|component| component.name == "plain").unwrap();
    std::fs::read(&plain.path).unwrap()
}

fn hours() -> Vec<u8> {
    let all = dialgraph_guests::shipped();
    all.iter().find(|(name, _)| *name == "hours-check").unwrap().1.to_vec()
}

/// Another version of a component that does the same: with a custom section that nobody reads.
fn variant(component: &[u8], number: usize) -> Vec<u8> {
    let mut bytes = component.to_vec();
    let content = format!("\x07variant{number:08}");
    bytes.push(0);
    bytes.push(u8::try_from(content.len()).unwrap());
    bytes.extend_from_slice(content.as_bytes());
    bytes
}

/// The engine and what changes it.
#[derive(Clone)]
struct Site {
    deploy: Deploy,
    engine: Arc<Engine>,
    releases: Arc<Releases>,
    host: Arc<Host>,
}

async fn site(folder: &Path, plain: &[u8]) -> Site {
    let clock = Arc::new(|| UnixMillis(Stands.now().0));
    let options = SledOptions { cache_bytes: STORE_CACHE, ..SledOptions::default() };
    let store = SledStore::open(folder.join("db"), clock.clone(), &options).unwrap();
    let store = Arc::new(store);
    let host = Arc::new(Host::new(HostConfig::default()).unwrap());
    let deploy = Deploy::new(DeployParts {
        store: store.clone(),
        blobs: Blobs::open(folder.join("content")).unwrap(),
        host: host.clone(),
        worlds: Arc::new(LocalWorldFactory::new(store.clone(), clock.clone())),
        clock,
        settings: DeploySettings::default(),
    });
    let files = [
        ("dialgraph.yaml", PROJECT),
        ("data/queues.yaml", QUEUES),
        ("data/calendars.yaml", CALENDARS),
        ("desk.flow.yaml", DESK),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    let hours = hours();
    let source = Source::new(files.into(), &[("plain", plain), ("hours-check", &hours)]);
    let releases = deploy.start(Some(&source)).await.unwrap().releases;
    let engine = Engine::new(
        store,
        releases.clone(),
        deploy.host(),
        deploy.world(),
        Arc::new(Stands),
        WaitRules::default(),
    );
    Site { deploy, engine: Arc::new(engine), releases, host }
}

/// One line: a call is in progress on it, and after that another.
struct Line {
    number: usize,
    /// Calls that it has had.
    call: usize,
    turn: u32,
}

impl Line {
    fn id(&self) -> CallId {
        CallId(format!("call-{}-{}", self.number, self.call).into())
    }

    /// Calls differ in length, so that at any time some are young and some are old.
    fn last_turn(&self) -> u32 {
        3 + u32::try_from((self.number * 7 + self.call * 3) % 11).unwrap()
    }

    /// The next turn of the call. True when that was its last.
    async fn go_on(&mut self, site: &Site, hang_up: bool) -> bool {
        self.turn += 1;
        let token = self.turn.to_string();
        let last = hang_up || self.turn > self.last_turn();
        let answer: Answer = if self.turn == 1 {
            let start = Start {
                id: self.id(),
                channel: Channel::default(),
                locale: None,
                from: None,
                to: None,
                flow: None,
                seed: self.number as u64,
                attributes: BTreeMap::new(),
            };
            site.engine.turn(TurnRequest::start(start, &token)).await.unwrap()
        } else {
            let key = if last { "2" } else { "1" };
            let event = Event::Pressed(key.to_owned());
            site.engine.turn(TurnRequest::event(self.id(), event, &token)).await.unwrap()
        };
        site.deploy.observe(&answer.call.release, &answer.record);
        let ended = matches!(answer.call.status, Status::Ended { .. });
        assert_eq!(ended, last && self.turn > 1, "{}: {:?}", self.id(), answer.call.status);
        ended
    }

    /// What the journal of a call that is over must show.
    async fn check_journal(&self, site: &Site) {
        let id = self.id();
        let call = site.engine.calls().load(&id).await.unwrap().unwrap().call;
        let Status::Ended { disposition, .. } = &call.status else { panic!("{id} is not over") };
        assert_eq!(&**disposition, "resolved", "{id}");
        let mut ran: BTreeMap<String, BTreeSet<Digest>> = BTreeMap::new();
        for turn in 1..=call.turn {
            let record = site.engine.calls().turn(&id, turn).await.unwrap().unwrap();
            for step in &record.steps {
                assert_eq!(step.failure, None, "{id}, turn {turn}");
                assert_ne!(step.port.as_deref(), Some("error"), "{id}, turn {turn}");
                if let Some(run) = &step.run {
                    ran.entry(run.plugin.to_string()).or_default().insert(run.digest);
                }
            }
        }
        let release = site.releases.find(&call.release).await.unwrap().unwrap();
        for (plugin, digests) in ran {
            let pinned = release.plugins[plugin.as_str()].digest;
            assert_eq!(digests, BTreeSet::from([pinned]), "{id}: {plugin}");
        }
    }
}

/// What happens to the release in one round. True if it was to be refused.
async fn disturb(site: &Site, round: usize, form: &Form, plain: &[u8]) -> bool {
    let who = Who::new("soak", Role::Designer);
    let flow = |text: String| Change {
        flows: [("desk".to_owned(), Some(text.into_bytes()))].into(),
        ..Change::default()
    };
    let plugin = |name: &str, bytes: Vec<u8>| Change {
        plugins: [(name.to_owned(), Some(NewPlugin::new(bytes, None)))].into(),
        ..Change::default()
    };
    let deploy = &site.deploy;
    let desk = || DESK.replace("Version 0.", &format!("Version {round}."));
    let (outcome, broken) = match round % 8 {
        0 => (deploy.push(&who, plugin("plain", variant(plain, round))).await, false),
        1 => (deploy.push(&who, flow(desk())).await, false),
        2 => (
            deploy.push(&who, flow(DESK.replace("on: {done: hours", "on: {done: nowhere"))).await,
            true,
        ),
        3 => (deploy.push(&who, plugin("plain", plain[..plain.len() / 2].to_vec())).await, true),
        4 => {
            // Both at once, and of the larger plugin another version too.
            let mut both = flow(desk());
            both.plugins = plugin("plain", variant(plain, round)).plugins;
            if form.both {
                both.plugins.extend(plugin("hours-check", variant(&hours(), round)).plugins);
            }
            (deploy.push(&who, both).await, false)
        }
        5 => {
            let item = Item::plugin("plain");
            let back =
                deploy.roll_back_item(&who, &item, &RollbackTarget::OneStep, Allow::Nothing, None);
            (back.await, false)
        }
        6 => {
            // A flow that no longer goes with the plugin that it came with.
            let mut change = plugin("hours-check", plain.to_vec());
            change.flows = flow(desk()).flows;
            (deploy.push(&who, change).await, true)
        }
        _ => (deploy.roll_back(&who, &RollbackTarget::OneStep, Allow::Nothing, None).await, false),
    };
    match outcome {
        Ok(outcome) => assert!(outcome.changed && !broken, "round {round}: {outcome:?}"),
        Err(DeployError::Refused(refusal)) => assert!(broken, "round {round}: {refusal}"),
        Err(error) => panic!("round {round}: {error}"),
    }
    broken
}

/// One turn on every line, at the same time as whatever else happens.
async fn turns(site: &Site, lines: Vec<Line>, hang_up: bool) -> Vec<Line> {
    let mut tasks = JoinSet::new();
    for mut line in lines {
        let site = site.clone();
        tasks.spawn(async move {
            if line.go_on(&site, hang_up).await {
                line.check_journal(&site).await;
                line = Line { call: line.call + 1, turn: 0, ..line };
            }
            line
        });
    }
    tasks.join_all().await
}

/// Counts what is allocated, over the allocator of the shipped command.
#[global_allocator]
static HEAP: Cap<MiMalloc> = Cap::new(MiMalloc, usize::MAX);

/// The store's cache is full soon, so that it does not hide what else grows.
const STORE_CACHE: u64 = 4 << 20;

/// Memory of this process, in bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Memory {
    /// Allocated and not given back.
    heap: u64,
    /// Of all that is mapped, what is in memory: of `heap` and what its allocator keeps, of
    /// compiled plugins, of pools of instances, of files.
    resident: u64,
    compiled: u64,
    pools: u64,
    anonymous: u64,
    files: u64,
}

/// A line of `/proc/self/smaps` that begins a mapping: ADDRESSES PERMISSIONS OFFSET DEVICE INODE
/// [PATH].
#[derive(Debug, Default)]
struct Mapping {
    bytes: u64,
    is_code: bool,
    is_file: bool,
    is_image: bool,
    is_closed: bool,
    resident: u64,
}

impl Mapping {
    fn read(words: &[&str]) -> Self {
        let address = |text: &str| u64::from_str_radix(text, 16).unwrap_or(0);
        let (from, to) = words[0].split_once('-').unwrap_or(("0", "0"));
        let image = words.get(5).is_some_and(|path| path.starts_with("/memfd:"));
        Self {
            bytes: address(to) - address(from),
            is_code: words[1].contains('x'),
            is_file: words[4] != "0" && !image,
            is_image: image,
            is_closed: words[1].starts_with("---"),
            resident: 0,
        }
    }

    fn is_guard(&self) -> bool {
        self.is_closed && self.bytes >= 1 << 30
    }
}

impl Memory {
    fn add(&mut self, mapping: &Mapping) {
        self.resident += mapping.resident;
        let kind = match mapping {
            Mapping { is_image: true, .. } => &mut self.pools,
            Mapping { is_file: true, .. } => &mut self.files,
            Mapping { is_code: true, .. } => &mut self.compiled,
            _ => &mut self.anonymous,
        };
        *kind += mapping.resident;
    }

    fn now() -> Self {
        let mut memory = Self { heap: HEAP.allocated() as u64, ..Self::default() };
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap_or_default();
        // One mapping after the other, with permissions, size, file and what of it is in memory.
        let mut mapping = Mapping::default();
        for line in maps.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let ["Rss:", kilobytes, "kB"] = words[..] {
                mapping.resident = kilobytes.parse::<u64>().unwrap_or(0) << 10;
                memory.add(&mapping);
            } else if words.len() >= 5 && words[0].contains('-') {
                let before = std::mem::replace(&mut mapping, Mapping::read(&words));
                // The place of an instance's memory is followed by addresses that nothing may
                // touch.
                if mapping.is_guard() && !before.is_code && !before.is_file && !before.is_image {
                    memory.anonymous -= before.resident;
                    memory.pools += before.resident;
                }
            }
        }
        memory
    }
}

impl std::fmt::Display for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        write!(
            f,
            "{:.1} MiB allocated; {:.0} MiB resident ({:.0} heap, {:.1} pools of instances, {:.1} compiled plugins, {:.0} files)",
            mib(self.heap),
            mib(self.resident),
            mib(self.anonymous),
            mib(self.pools),
            mib(self.compiled),
            mib(self.files),
        )
    }
}

/// Ends all calls and lets go of what only they had.
async fn rest(site: &Site, lines: Vec<Line>) -> Vec<Line> {
    // Lines between two calls have nothing to hang up.
    let (idle, busy): (Vec<Line>, Vec<Line>) = lines.into_iter().partition(|line| line.turn == 0);
    let mut lines = turns(site, busy, true).await;
    lines.extend(idle);
    site.deploy.tick().await.unwrap();
    lines
}

/// What a run left.
struct Run {
    calls: usize,
    refused: usize,
    /// Releases held at the same time, at most.
    most_held: usize,
    /// Allocated at the same time, at most.
    most_heap: u64,
    /// At rest, after the first quarter of the rounds and in the end, with the calls held until
    /// then.
    early: (usize, Memory),
    end: Memory,
}

impl Run {
    /// What the heap has grown by, and the calls held in that time.
    fn growth(&self) -> (f64, f64) {
        let heap = self.end.heap as f64 - self.early.1.heap as f64;
        (heap, (self.calls - self.early.0) as f64)
    }
}

/// A turn on every line and, if there is something to disturb them with, a change, so many rounds.
async fn run(site: &Site, form: &Form, plain: Option<&[u8]>) -> Run {
    let mut lines: Vec<Line> =
        (0..form.calls).map(|number| Line { number, call: 0, turn: 0 }).collect();
    lines = turns(site, lines, false).await;
    let (mut most_held, mut most_heap, mut refused, mut early) = (0, 0, 0, None);
    let held = |lines: &[Line]| lines.iter().map(|line| line.call).sum::<usize>();
    for round in 0..form.rounds {
        let change = async {
            match plain {
                Some(plain) => disturb(site, round, form, plain).await,
                None => false,
            }
        };
        let (broken, after) = tokio::join!(change, turns(site, lines, false));
        lines = after;
        refused += usize::from(broken);
        site.deploy.tick().await.unwrap();
        most_held = most_held.max(site.deploy.status().await.unwrap().held.len());
        most_heap = most_heap.max(HEAP.allocated() as u64);
        if (round + 1) % (form.rounds / 4) == 0 && round + 1 < form.rounds {
            lines = rest(site, lines).await;
            let memory = Memory::now();
            println!("after {} rounds: {memory}", round + 1);
            early.get_or_insert((held(&lines), memory));
            lines = turns(site, lines, false).await;
        }
    }
    let lines = rest(site, lines).await;
    let (calls, end) = (held(&lines), Memory::now());
    Run { calls, refused, most_held, most_heap, early: early.unwrap(), end }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_while_plugins_and_flows_are_swapped_broken_and_rolled_back() {
    let (form, plain) = (form(), plain());
    // The same without a change, to tell what calls leave behind from what changes do.
    let calm = {
        let folder = tempfile::tempdir().unwrap();
        let site = site(folder.path(), &plain).await;
        run(&site, &form, None).await
    };

    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path(), &plain).await;
    let began = Instant::now();
    let run = run(&site, &form, Some(&plain)).await;
    assert!(
        run.most_held > 2,
        "calls of several releases were in progress at once: {}",
        run.most_held
    );
    assert_eq!(run.refused, form.rounds / 8 * 3, "what was broken was refused");
    assert!(run.calls >= form.calls * 2, "{} calls were held to their ends", run.calls);

    // Nothing is left but what is live.
    let held = site.deploy.status().await.unwrap().held;
    let live = site.releases.live();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].release, live.digest);
    assert_eq!(site.releases.at_hand(), [live.digest]);
    let loaded: BTreeSet<Digest> = site.host.digests().into_iter().collect();
    let pinned: BTreeSet<Digest> = live.plugins.values().map(|pin| pin.digest).collect();
    assert_eq!(loaded, pinned);

    let kib = |(heap, calls): (f64, f64)| heap / calls / 1024.0;
    let told = format!(
        "{} calls, {} changes ({} refused) in {:?}; at most {} releases held and {} MiB allocated\n\
         after a quarter: {}\nin the end: {}\n\
         grown by {:.2} KiB a call; by {:.2} KiB a call where {} calls were held without a change",
        run.calls,
        form.rounds,
        run.refused,
        began.elapsed(),
        run.most_held,
        run.most_heap >> 20,
        run.early.1,
        run.end,
        kib(run.growth()),
        kib(calm.growth()),
        calm.calls,
    );
    println!("{told}");
    // The store's index and cache grow with the calls held, and as much without any change.
    // Versions of flows and plugins add nothing that stays: those of the long form together are
    // some hundred MiB. Components are compiled in a process of their own, so there is no peak in
    // this one for the memory to come down from.
    let ((heap, calls), (calm_heap, calm_calls)) = (run.growth(), calm.growth());
    let by_calls = calm_heap.max(0.0) / calm_calls * calls;
    assert!(heap < by_calls * 1.25 + f64::from(4 << 20), "{told}");
    assert!(run.end.compiled < run.early.1.compiled + (1 << 20), "{told}");
    assert!(run.end.pools < run.early.1.pools + (8 << 20), "{told}");
}
