//! The engine in this process: started once, beside whatever else happens, and asked like one that
//! is elsewhere.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use dialgraph_base::Digest;
use dialgraph_config::Config;
use dialgraph_deploy::Deploy;
use dialgraph_lambda::engine::{Asked, EngineFailure, Turns};
use dialgraph_runtime::SystemClock;
use dialgraph_server::http::problem::Problem;
use dialgraph_server::telemetry::Metrics;
use dialgraph_server::{App, Parts};
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

/// The engine, or why there is none.
type Start = Shared<BoxFuture<'static, Result<Arc<App>, Arc<str>>>>;

/// Longest that an answer waits for news of releases; the next turn looks again.
const NEWS: Duration = Duration::from_millis(250);

/// An engine that is started when it is first needed, and again if that failed.
pub struct EmbeddedEngine {
    config: Config,
    start: Mutex<Option<Start>>,
    /// When it was last looked for news of releases.
    looked: Mutex<Option<Instant>>,
    /// The look that is under way.
    looking: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for EmbeddedEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedEngine").finish_non_exhaustive()
    }
}

impl EmbeddedEngine {
    pub fn new(config: Config) -> Self {
        Self {
            config,
            start: Mutex::default(),
            looked: Mutex::default(),
            looking: tokio::sync::Mutex::default(),
        }
    }

    /// The engine, as soon as it is there.
    ///
    /// # Errors
    /// Why it could not start; whoever asks next has it tried again.
    pub async fn app(&self) -> Result<Arc<App>, Arc<str>> {
        self.started().await
    }

    /// The start under way, or the one that worked, or a new one. It runs as a task: an invocation
    /// that has no time left does not take it back to its beginning.
    fn started(&self) -> Start {
        let mut start = self.start.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(start) = &*start
            && !matches!(start.peek(), Some(Err(_)))
        {
            return start.clone();
        }
        let task = tokio::spawn(assemble(self.config.clone()));
        let new = async move {
            match task.await {
                Ok(Ok(app)) => Ok(app),
                Ok(Err(why)) => Err(why.into()),
                Err(_) => Err("it broke down; the log says where".into()),
            }
        };
        let new = new.boxed().shared();
        *start = Some(new.clone());
        new
    }

    /// Takes over what other processes made live, if that was not looked for lately.
    async fn news(&self, deploy: &Deploy) {
        {
            let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
            if looked.is_some_and(|looked| looked.elapsed() < self.config.deploy.interval) {
                return;
            }
            *looked = Some(Instant::now());
        }
        // A release that has to be loaded takes longer than a turn waits: the task goes on, with
        // this and later invocations, and is not begun a second time meanwhile.
        let mut looking = self.looking.lock().await;
        let task = looking.get_or_insert_with(|| {
            let deploy = deploy.clone();
            tokio::spawn(async move {
                if let Err(error) = deploy.refresh().await {
                    tracing::error!(%error, "the periodic check of releases failed");
                }
            })
        });
        if timeout(NEWS, task).await.is_ok() {
            *looking = None;
        }
    }
}

impl Turns for EmbeddedEngine {
    async fn warm_up(&self) {
        // Whoever asks first is told what went wrong.
        let _ = self.started().await;
    }

    async fn ask(&self, event: &Bytes, deadline: Instant) -> Asked {
        let mut attempts = 1;
        let asked = |result| Asked { result, attempts: 1 };
        let app = match timeout_at(deadline, self.started()).await {
            Ok(Ok(app)) => app,
            Ok(Err(why)) => return asked(Err(EngineFailure::Start(why.to_string()))),
            Err(_) => return asked(Err(EngineFailure::Slow)),
        };
        let turn = timeout_at(deadline, async {
            let turn = dialgraph_server::http::connect::answer(&app, event).await;
            if turn.as_ref().err().is_some_and(Problem::is_late) {
                attempts = 2;
                return dialgraph_server::http::connect::answer(&app, event).await;
            }
            turn
        });
        let news = async {
            if let Some(deploy) = &app.deploy {
                self.news(deploy).await;
            }
        };
        let (turn, ()) = tokio::join!(turn, news);
        let result = match turn {
            Ok(Ok(map)) => Ok(map),
            Ok(Err(problem)) => Err(EngineFailure::Status(problem.status)),
            Err(_) => Err(EngineFailure::Slow),
        };
        Asked { result, attempts }
    }
}

/// Puts the engine together and loads what is live.
async fn assemble(config: Config) -> Result<Arc<App>, String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let host = dialgraph_wiring::host(&config, None).map_err(|e| words(&e))?;
    let store = dialgraph_wiring::open_store(&config).await.map_err(|e| words(&e))?;
    let metrics = Arc::new(Metrics::default());
    let counted = Arc::clone(&metrics);
    let observer = move |result| counted.hot_load(result);
    let deploy = dialgraph_wiring::deploy(&config, host, &store, observer).await;
    let deploy = deploy.map_err(|e| words(&e))?;
    let source = dialgraph_wiring::source(&config).await.map_err(|e| words(&e))?;
    let started = deploy.start(source.as_ref()).await.map_err(|e| words(&e))?;
    if let Some(Err(error)) = &started.taken_in {
        tracing::error!(%error, "the project in the archive was not imported, and the earlier release stays live");
    }
    let plugins = deploy.host();
    let loaded = plugins.clone();
    let parts = Parts {
        store,
        releases: started.releases,
        plugins,
        is_loaded: Arc::new(move |digest: &Digest| loaded.loaded(digest).is_some()),
        world: deploy.world(),
        clock: Arc::new(SystemClock),
        authenticator: None,
        secrets: dialgraph_wiring::secret_texts(&config).map_err(|e| words(&e))?,
        deploy: Some(deploy),
        metrics,
    };
    App::new(config, parts).map_err(|e| words(&e))
}
