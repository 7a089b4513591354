//! `/healthz` and `/readyz`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use dialgraph_api::health::{Alive, Health, Readiness, Ready};

use crate::state::{App, Trouble};

/// The process lives and its runtime answers.
pub(super) async fn alive() -> Response {
    Json(Health { status: Alive::Ok }).into_response()
}

/// Whether calls should be sent here; if not, why.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    told(app.readiness().await)
}

fn told(parts: BTreeMap<&'static str, Result<(), Trouble>>) -> Response {
    let ready = !parts.values().any(|state| matches!(state, Err(Trouble::Unready(_))));
    let parts = parts
        .into_iter()
        .map(|(part, state)| {
            let part = part.to_owned();
            (part, state.err().map_or_else(|| "ok".to_owned(), |trouble| trouble.to_string()))
        })
        .collect();
    let (code, status) = if ready {
        (StatusCode::OK, Ready::Ready)
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Ready::NotReady)
    };
    (code, Json(Readiness { status, parts })).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use async_trait::async_trait;
    use futures::FutureExt as _;
    use futures::future::BoxFuture;
    use serde_json::{Value, json};

    use dialgraph_base::Digest;
    use dialgraph_config::Config;
    use dialgraph_flow::testing::{compile_source, plugins};
    use dialgraph_kernel::plugin::{HostCalls, Invocation, Plugins, RunReport};
    use dialgraph_kernel::ports::{HostCall, HostError, HostResult};
    use dialgraph_kernel::provider::Caller;
    use dialgraph_runtime::{Releases, SystemClock, TurnRequest, World};
    use dialgraph_store::{
        Backend, CommitError, CommitToken, Committed, Key, MemoryStore, Op, OpenStore, Page, Query,
        Row, SledStats, Store, StoreError, Walked,
    };

    use super::*;
    use crate::state::Parts;

    const FLOW: &str = "
flow: desk
locales: [en-US]
start: check
nodes:
  check: {use: hours-check, on: {open: look, closed: done, error: done}}
  look: {use: customer-lookup, on: {found: done, error: done}}
  done: {end: {disposition: resolved}}
";

    /// A store that works until it is told not to.
    struct Failing {
        inner: MemoryStore,
        /// It takes no commits any more, and knows it.
        stopped: AtomicBool,
        /// No row can be read.
        unreadable: AtomicBool,
    }

    #[async_trait]
    impl Store for Failing {
        async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
            if self.unreadable.load(Ordering::SeqCst) {
                return Err(StoreError::Stopped { detail: "the table is gone".into() });
            }
            self.inner.get(key).await
        }

        async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
            self.inner.commit(ops, token).await
        }

        async fn query(&self, query: &Query) -> Result<Page, StoreError> {
            self.inner.query(query).await
        }
    }

    #[async_trait]
    impl Backend for Failing {
        fn name(&self) -> &'static str {
            self.inner.name()
        }

        fn place(&self) -> String {
            self.inner.place()
        }

        fn health(&self) -> Result<(), StoreError> {
            if self.stopped.load(Ordering::SeqCst) {
                return Err(StoreError::Stopped { detail: "no space is left".into() });
            }
            Ok(())
        }

        fn stats(&self) -> Result<Option<SledStats>, StoreError> {
            self.inner.stats()
        }

        async fn walk(&self, after: Option<&Key>, limit: u32) -> Result<Walked, StoreError> {
            self.inner.walk(after, limit).await
        }
    }

    /// Plugins and providers of a server that takes no call.
    struct Idle;

    impl Plugins for Idle {
        fn run(&self, _: &Digest, _: &Invocation<'_>, _: &mut dyn HostCalls) -> RunReport {
            panic!("no plugin is run")
        }
    }

    impl World for Idle {
        fn call(&self, _: Caller, _: HostCall) -> BoxFuture<'static, HostResult> {
            std::future::ready(Err(HostError::unavailable("idle", "nobody asks"))).boxed()
        }
    }

    /// A server with two plugins, of which those in `loaded` are loaded.
    async fn server(loaded: &'static [&'static str]) -> (Arc<App>, Arc<Failing>) {
        server_with(loaded, Arc::new(Idle)).await
    }

    async fn server_with(
        loaded: &'static [&'static str],
        running: Arc<dyn Plugins>,
    ) -> (Arc<App>, Arc<Failing>) {
        let ports = [("hours-check", &["open", "closed"][..]), ("customer-lookup", &["found"][..])];
        let release = compile_source(FLOW, &plugins(ports)).unwrap_or_else(|report| {
            panic!("{}", report.render(false));
        });
        let digests: Vec<Digest> =
            loaded.iter().map(|name| release.plugins[*name].digest).collect();
        let store = Arc::new(Failing {
            inner: MemoryStore::new(Arc::new(SystemClock)),
            stopped: AtomicBool::new(false),
            unreadable: AtomicBool::new(false),
        });
        let mut config = Config::default();
        config.turns.workers = 2;
        let parts = Parts {
            store: OpenStore::over(store.clone(), None).await.unwrap(),
            releases: Arc::new(Releases::new(Arc::new(release))),
            plugins: running,
            is_loaded: Arc::new(move |digest| digests.contains(digest)),
            world: Arc::new(Idle),
            clock: Arc::new(SystemClock),
            authenticator: None,
            secrets: Arc::new(dialgraph_local::secrets::LocalSecrets::default()),
            deploy: None,
            metrics: Arc::default(),
        };
        (App::new(config, parts).unwrap(), store)
    }

    /// What `/readyz` answers.
    async fn asked(app: &Arc<App>) -> (StatusCode, Value) {
        read(ready(State(app.clone())).await).await
    }

    async fn read(response: Response) -> (StatusCode, Value) {
        let code = response.status();
        let body = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
        (code, serde_json::from_slice(&body).unwrap())
    }

    /// That one part alone says no, and why.
    #[track_caller]
    fn is_unready_for(answer: (StatusCode, Value), part: &str, reason: &str) {
        let (code, body) = answer;
        assert_eq!((code, &body["status"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("not-ready")));
        let mut parts: BTreeMap<&str, &str> =
            ["store", "plugins", "providers", "server", "workers"].map(|part| (part, "ok")).into();
        parts.insert(part, reason);
        assert_eq!(body["parts"], json!(parts));
    }

    const ALL: &[&str] = &["hours-check", "customer-lookup"];

    #[tokio::test]
    async fn a_server_whose_parts_are_all_well_takes_calls() {
        let (app, _) = server(ALL).await;
        let well = json!({"store": "ok", "plugins": "ok", "providers": "ok", "server": "ok", "workers": "ok"});
        assert_eq!(asked(&app).await, (StatusCode::OK, json!({"status": "ready", "parts": well})));
    }

    #[tokio::test]
    async fn a_server_whose_store_takes_no_commits_takes_no_calls() {
        let (app, store) = server(ALL).await;
        store.stopped.store(true, Ordering::SeqCst);
        let reason = StoreError::Stopped { detail: "no space is left".into() }.to_string();
        assert!(reason.contains("no space is left"), "{reason}");
        is_unready_for(asked(&app).await, "store", &reason);
        store.stopped.store(false, Ordering::SeqCst);
        assert_eq!(asked(&app).await.0, StatusCode::OK, "it works again");
    }

    #[tokio::test]
    async fn a_server_whose_store_cannot_be_read_takes_no_calls() {
        let (app, store) = server(ALL).await;
        store.unreadable.store(true, Ordering::SeqCst);
        let (code, body) = asked(&app).await;
        assert_eq!(code, StatusCode::SERVICE_UNAVAILABLE);
        let reason = body["parts"]["store"].as_str().unwrap();
        assert!(reason.contains("the table is gone"), "{reason}");
        is_unready_for((code, body.clone()), "store", reason);
    }

    #[tokio::test]
    async fn a_server_without_a_plugin_of_the_live_release_takes_no_calls() {
        let (app, _) = server(&["hours-check"]).await;
        is_unready_for(asked(&app).await, "plugins", "not loaded: customer-lookup");
        let (app, _) = server(&[]).await;
        let both = "not loaded: customer-lookup, hours-check";
        is_unready_for(asked(&app).await, "plugins", both);
    }

    /// Plugins of which one never ends, until it is told to.
    struct Endless {
        begun: tokio::sync::mpsc::UnboundedSender<()>,
        end: std::sync::Mutex<std::sync::mpsc::Receiver<()>>,
    }

    impl Plugins for Endless {
        fn run(&self, _: &Digest, _: &Invocation<'_>, _: &mut dyn HostCalls) -> RunReport {
            self.begun.send(()).unwrap();
            self.end.lock().unwrap().recv().unwrap();
            panic!("it was released")
        }
    }

    #[tokio::test]
    async fn only_a_server_of_whose_workers_none_comes_back_takes_no_calls() {
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let (release, end) = std::sync::mpsc::channel();
        let endless = Arc::new(Endless { begun, end: std::sync::Mutex::new(end) });
        let (app, _) = server_with(ALL, endless).await;
        let start = |id: &str| dialgraph_runtime::Start {
            id: dialgraph_base::CallId(id.into()),
            channel: dialgraph_base::Channel::default(),
            locale: None,
            from: None,
            to: None,
            flow: None,
            seed: 7,
            attributes: BTreeMap::new(),
        };
        let turn = |id: &str| {
            let (turns, request) = (app.turns.clone(), TurnRequest::start(start(id), "token-1"));
            tokio::spawn(async move { turns.handle(request).await })
        };
        let first = turn("call-1");
        begins.recv().await.unwrap();
        assert_eq!(asked(&app).await.1["parts"]["workers"], "ok", "it has only begun");
        let later = std::time::Instant::now() + std::time::Duration::from_secs(60);
        let (code, body) = read(told(app.readiness_at(later).await)).await;
        assert_eq!(code, StatusCode::OK, "the other thread answers");
        let reason = body["parts"]["workers"].as_str().unwrap();
        let words = "degraded: 1 of 2 threads for turns are stuck";
        assert!(reason.starts_with(words), "{reason}");

        let second = turn("call-2");
        begins.recv().await.unwrap();
        let later = std::time::Instant::now() + std::time::Duration::from_secs(60);
        let (code, body) = read(told(app.readiness_at(later).await)).await;
        assert_eq!(code, StatusCode::SERVICE_UNAVAILABLE);
        let reason = body["parts"]["workers"].as_str().unwrap();
        assert!(reason.starts_with("2 of 2 threads for turns are stuck"), "{reason}");

        release.send(()).unwrap();
        release.send(()).unwrap();
        for turn in [first, second] {
            turn.await.unwrap().unwrap_err();
        }
        let body = read(told(app.readiness_at(later).await)).await.1;
        assert_eq!(body["parts"]["workers"], "ok");
    }

    #[tokio::test]
    async fn a_server_that_is_about_to_stop_takes_no_calls_and_lives() {
        let (app, _) = server(ALL).await;
        app.set_leaving();
        is_unready_for(asked(&app).await, "server", "about to stop");
        assert_eq!(alive().await.status(), StatusCode::OK);
    }
}
