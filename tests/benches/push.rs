//! How long it takes until a push is live: from the bytes in memory to the first turn of a new call
//! that runs them.
//!
//! `cargo bench -p dialgraph-tests --bench push`. Every version is new, so every one is compiled;
//! the shipped project with its plugins, recogniser and articles is checked as a whole each time,
//! and the store syncs to the disk of the temporary folder.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(clippy::print_stdout, reason = "a benchmark tells what it measured")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dialgraph_base::{CallId, Digest, Medium, Timestamp};
use dialgraph_deploy::{
    Change, Deploy, DeployParts, DeploySettings, LocalWorldFactory, NewPlugin, Role, Source, Who,
};
use dialgraph_host::{Host, HostConfig};
use dialgraph_runtime::{Clock, Engine, Start, TurnRequest, WaitRules};
use dialgraph_store::{Blobs, SledOptions, SledStore, UnixMillis};
use futures::FutureExt as _;
use futures::future::BoxFuture;

/// 2026-11-20T01:00:00Z: a Friday, ten in the morning in Seoul.
const NOW: u64 = 1_795_136_400_000;
const ROUNDS: usize = 15;
/// What is asked of it.
const TARGET: Duration = Duration::from_secs(1);

struct Stands;

impl Clock for Stands {
    fn now(&self) -> Timestamp {
        Timestamp(NOW)
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}

/// Another version of a component that does the same: with a custom section that nobody reads.
fn variant(name: &str, number: usize) -> Vec<u8> {
    let all = dialgraph_guests::shipped();
    let mut bytes = all.iter().find(|(shipped, _)| *shipped == name).unwrap().1.to_vec();
    let content = format!("\x07variant{number:08}");
    bytes.push(0);
    bytes.push(u8::try_from(content.len()).unwrap());
    bytes.extend_from_slice(content.as_bytes());
    bytes
}

struct Site {
    deploy: Deploy,
    engine: Engine,
    calls: usize,
}

impl Site {
    async fn new(folder: &Path) -> Self {
        let clock = Arc::new(|| UnixMillis(NOW));
        let options = SledOptions::default();
        let store = Arc::new(SledStore::open(folder.join("db"), clock.clone(), &options).unwrap());
        let config = HostConfig {
            cache_dir: Some(folder.join("cache")),
            behind_callers: true,
            ..HostConfig::default()
        };
        let deploy = Deploy::new(DeployParts {
            store: store.clone(),
            blobs: Blobs::open(folder.join("content")).unwrap(),
            host: Arc::new(Host::new(config).unwrap()),
            worlds: Arc::new(LocalWorldFactory::new(store.clone(), clock.clone())),
            clock,
            settings: DeploySettings::default(),
        });
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../flows/support-desk");
        let source = Source::folder(&project, dialgraph_guests::shipped()).unwrap();
        let releases = deploy.start(Some(&source)).await.unwrap().releases;
        let (host, world) = (deploy.host(), deploy.world());
        let engine =
            Engine::new(store, releases, host, world, Arc::new(Stands), WaitRules::default());
        Self { deploy, engine, calls: 0 }
    }

    /// From the push to the answer of the first turn of a new call. `shows` is what that must have
    /// run.
    async fn push(&mut self, change: Change, shows: Option<Digest>) -> Duration {
        let who = Who::new("bench", Role::Operator);
        self.calls += 1;
        let start = Start {
            id: CallId(format!("call-{}", self.calls).into()),
            channel: Medium::Chat.into(),
            locale: None,
            from: Some("+82-10-0000-0101".to_owned()),
            to: None,
            flow: None,
            seed: 1,
            attributes: BTreeMap::new(),
        };
        let began = Instant::now();
        let outcome = self.deploy.push(&who, change).await.unwrap();
        let answer = self.engine.turn(TurnRequest::start(start, "1")).await.unwrap();
        let took = began.elapsed();
        assert!(outcome.changed);
        assert_eq!(answer.call.release, outcome.release);
        if let Some(digest) = shows {
            let ran = answer.record.steps.iter().filter_map(|step| Some(step.run.as_ref()?.digest));
            assert!(
                ran.into_iter().any(|ran| ran == digest),
                "the first turn runs what was pushed"
            );
        }
        took
    }
}

fn show(what: &str, mut times: Vec<Duration>) -> bool {
    times.sort();
    let (median, most) = (times[times.len() / 2], times[times.len() - 1]);
    println!("{what:<44} median {median:>9.1?}   longest {most:>9.1?}   target {TARGET:?}");
    most < TARGET
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let mut site = Site::new(folder.path()).await;
        let (mut plugins, mut flows, mut both) = (Vec::new(), Vec::new(), Vec::new());
        let mut largest = Vec::new();
        let all = dialgraph_guests::shipped();
        let used = all.iter().filter(|(name, _)| *name != "ticketing-zendesk");
        let (large, large_bytes) = used.max_by_key(|(_, bytes)| bytes.len()).unwrap();
        let text = std::fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../flows/support-desk/main-entry.flow.yaml"),
        )
        .unwrap();
        for round in 0..ROUNDS {
            let version_of = |name: &str, number: usize| {
                let bytes = variant(name, number);
                let digest = Digest::of(&bytes);
                let new = Some(NewPlugin::new(bytes, None));
                let plugins = [(name.to_owned(), new)].into();
                (Change { plugins, ..Change::default() }, digest)
            };
            let plugin = |number| version_of("hours-check", number);
            let flow = |number: usize| format!("{text}\n# {number}\n").into_bytes();
            let (change, digest) = plugin(round * 2);
            plugins.push(site.push(change, Some(digest)).await);
            let flows_of = |number| [("main-entry".to_owned(), Some(flow(number)))].into();
            let change = Change { flows: flows_of(round * 2), ..Change::default() };
            flows.push(site.push(change, None).await);
            let (change, digest) = plugin(round * 2 + 1);
            let change = Change { flows: flows_of(round * 2 + 1), ..change };
            both.push(site.push(change, Some(digest)).await);
            // No call runs it in its first turn.
            largest.push(site.push(version_of(large, round).0, None).await);
            site.deploy.tick().await.unwrap();
        }
        let large = format!("the same of the largest ({large}, {} KB)", large_bytes.len() / 1000);
        let met = [
            show("a new version of a Rust plugin (hours-check)", plugins),
            show(&large, largest),
            show("a new version of a flow", flows),
            show("both as one release", both),
        ];
        println!("{}", if met.iter().all(|met| *met) { "met" } else { "NOT met" });
    });
}
