//! The Lambda function's binary in front of a whole server that has the script's clock, mocks and
//! records.
//!
//! Function and server speak over a socket, as they are deployed; the server is one of this
//! process, since a process of its own would have the machine's clock and the real providers, and
//! no script its own time of day.

use std::sync::Arc;
use std::time::Duration;

use dialgraph_base::Timestamp;
use dialgraph_config::Config;
use dialgraph_runtime::{Clock, Releases};
use dialgraph_server::{App, Parts, Running};
use dialgraph_simulator::clock::SharedClock;
use dialgraph_simulator::line::Desk;
use dialgraph_simulator::session::SessionError;
use dialgraph_store::OpenStore;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::fixture::fixture;
use super::lambda::Lambda;
use super::live::{KEY, Process};

/// Longer than any script lasts.
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// One contact's function and server; both start with the first event.
#[derive(Default)]
pub struct Served {
    site: Option<Site>,
}

struct Site {
    // The function goes before the server that it speaks to.
    function: Process,
    app: Arc<App>,
    running: Option<Running>,
    runtime: Runtime,
}

impl Site {
    fn start(desk: &Desk) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("this machine has threads");
        let mut config = Config::default();
        config.server.listen = ([127, 0, 0, 1], 0).into();
        config.server.drain_timeout = Duration::ZERO;
        config.connect.keys = vec![format!("tests:{KEY}")];
        // The script's time: what a turn may take is the fixture's rule, and nobody is forgotten.
        config.turns.budget = Duration::from_millis(fixture().rules.turn_ms.into());
        config.turns.comfort_wait = Duration::from_millis(fixture().rules.comfort_wait_ms.into());
        config.turns.answer_within = config.turns.budget * 2;
        config.turns.workers = 2;
        config.calls.idle_limit = FOR_EVER;
        // A mock says what each try gets, and real time has no part in it.
        config.providers.tries = 1;
        config.providers.breaker_failures = 0;
        config.providers.timeout = FOR_EVER;
        let (app, running) = runtime.block_on(async {
            let parts = Parts {
                store: OpenStore::over(desk.store().clone(), None).await.expect("a store"),
                releases: Arc::new(Releases::new(fixture().release.clone())),
                plugins: fixture().plugins.clone(),
                is_loaded: Arc::new(|_| true),
                world: Arc::new(desk.world().clone()),
                clock: Arc::new(Skipping(desk.shared_clock().clone())),
                authenticator: None,
                secrets: Arc::new(dialgraph_local::secrets::LocalSecrets::default()),
                deploy: None,
                metrics: Arc::default(),
            };
            let app = App::new(config, parts).expect("the configuration is good");
            let running = dialgraph_server::serve(app.clone()).await.expect("there are free ports");
            (app, running)
        });
        let function = Process::start(running.address());
        Self { function, app, running: Some(running), runtime }
    }

    /// Tells the session what became of its call.
    fn tell(&self, desk: &mut Desk) {
        // What nobody waits for is part of what became of the call, too.
        while self.app.turns.load().after > 0 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let calls = self.app.turns.engine().calls();
        let (id, known) = (desk.setup().id.clone(), desk.turns().len());
        let (call, turns) = self
            .runtime
            .block_on(async {
                let call = calls.load(&id).await.expect("the store is there")?.call;
                let mut turns = Vec::new();
                for turn in known + 1..=call.turn as usize {
                    let turn = calls.turn(&id, turn as u32).await.expect("the store is there");
                    turns.push(turn.expect("each turn has its record"));
                }
                Some((call, turns))
            })
            .unzip();
        if let (Some(call), Some(turns)) = (call, turns) {
            desk.take(call, turns);
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

impl Lambda for Served {
    fn invoke(&mut self, desk: &mut Desk, event: &Value) -> Result<Option<Value>, SessionError> {
        let site = self.site.get_or_insert_with(|| Site::start(desk));
        let answer = site.function.ask(event);
        site.tell(desk);
        Ok(answer)
    }

    fn hook(&mut self, event: &Value) -> Value {
        self.site.as_mut().expect("Lex is asked after the first event").function.hook(event)
    }
}

/// The script's clock for a server: whoever waits moves it on to the next time that anybody waits
/// for.
struct Skipping(SharedClock);

impl Clock for Skipping {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'static, ()> {
        let clock = self.0.clone();
        async move {
            let mut over = Clock::sleep_until(&clock, until);
            while futures::poll!(&mut over).is_pending() {
                // Whoever waits beside it is looked at again before time moves on once more.
                tokio::time::sleep(Duration::from_millis(1)).await;
                clock.0.skip();
            }
        }
        .boxed()
    }
}
