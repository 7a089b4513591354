//! Makes candidates of manifests: with the plugin host and the worlds of this process, on the
//! threads for checks.

use std::collections::BTreeSet;
use std::sync::Arc;

use dialgraph_host::Host;

use crate::candidate::{Candidate, Workbench};
use crate::checks::{Admitted, Checks, Until};
use crate::content::Content;
use crate::error::DeployError;
use crate::manifest::Manifest;
use crate::patience::Patience;
use crate::world_factory::WorldFactory;

/// What candidates are made with.
pub(crate) struct Workshop {
    pub(crate) host: Arc<Host>,
    pub(crate) worlds: Arc<dyn WorldFactory>,
    pub(crate) checks: Checks,
}

impl Workshop {
    pub(crate) fn new(host: Arc<Host>, worlds: Arc<dyn WorldFactory>) -> Self {
        Self { host, worlds, checks: Checks::new() }
    }

    /// From now on there may be callers, for whom compiling and checking make way.
    pub(crate) fn takes_calls(&self) {
        self.host.takes_calls();
        self.checks.takes_calls();
    }

    /// Waits for a place among those whose changes are checked.
    pub(crate) async fn admit(&self, patience: &Patience) -> Result<Admitted, DeployError> {
        patience.place(self.checks.admit()).await
    }

    /// Checks what somebody wants to go live.
    pub(crate) async fn check(
        &self,
        admitted: &Admitted,
        patience: &Patience,
        content: Content,
        manifest: Manifest,
        pushed: BTreeSet<String>,
    ) -> Result<Candidate, DeployError> {
        let checking = self.checking(content, manifest, pushed, false);
        patience.check(self.checks.change(admitted, &patience.doing, checking)).await
    }

    /// Loads what was accepted before.
    pub(crate) async fn load(
        &self,
        content: Content,
        manifest: Manifest,
    ) -> Result<Candidate, DeployError> {
        self.checks.load(self.checking(content, manifest, BTreeSet::new(), true)).await
    }

    /// `accepted`: the manifest is that of a release that was accepted before.
    fn checking(
        &self,
        content: Content,
        manifest: Manifest,
        pushed: BTreeSet<String>,
        accepted: bool,
    ) -> impl FnOnce(&Until) -> Result<Candidate, DeployError> + Send + use<> {
        let (host, worlds) = (Arc::clone(&self.host), Arc::clone(&self.worlds));
        move |until| {
            let (host, worlds) = (&*host, &*worlds);
            let bench = Workbench { host, worlds, content: &content, accepted };
            Candidate::check(&bench, manifest, |name| pushed.contains(name), until)
        }
    }
}
