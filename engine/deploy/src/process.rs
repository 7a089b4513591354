//! Runs the deployment of one process: starts it, takes in projects, follows what other processes
//! change, and has the canary judged.

use std::sync::Arc;
use std::time::Duration;

use dialgraph_access::Who;
use dialgraph_base::Digest;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_runtime::Releases;

use crate::change::ChangeOutcome;
use crate::deploy::Deploy;
use crate::error::DeployError;
use crate::manifest::Manifest;
use crate::settings::ImportPolicy;
use crate::source::Source;

/// How an engine began.
#[derive(Debug)]
pub struct Started {
    /// For the engine: it finds in them what its calls are pinned to, now and later.
    pub releases: Arc<Releases>,
    /// What became of the project that was given; none also when it was left alone.
    pub taken_in: Option<Result<ChangeOutcome, DeployError>>,
}

/// What one look around found: see [`Deploy::tick`].
#[derive(Debug, Default)]
pub struct Tick {
    /// The canary was taken back for this reason.
    pub withdrawn: Option<String>,
    /// Releases that are held no longer.
    pub gone: Vec<Digest>,
}

impl Deploy {
    /// Loads what is live, and then takes in of `source` what `DeploySettings::take_in` says; if
    /// nothing is live yet, makes the first release of it. Once per process, before the engine.
    ///
    /// A `source` that is refused does not stop an engine that has a good release.
    ///
    /// # Errors
    /// [`DeployError::NothingLive`], or why the live release cannot be loaded.
    pub async fn start(&self, source: Option<&Source>) -> Result<Started, DeployError> {
        let inner = &self.0;
        let first = match inner.ledger.state().await? {
            Some(_) => None,
            None => {
                let source = source.ok_or(DeployError::NothingLive)?;
                Some(self.import(source).await?)
            }
        };
        let state = inner.ledger.live().await?;
        let (live, project) = inner.held.load_live(&state).await?;
        match inner.workshop.worlds.seed(&project).await {
            Ok(troubles) => {
                for trouble in troubles {
                    tracing::error!(trouble, "the records of the live release are not complete");
                }
            }
            Err(why) => {
                return Err(DeployError::Unloadable { release: live.digest.to_string(), why });
            }
        }
        drop(project);
        let releases = inner.held.begin(live);
        inner.held.adopt(&state).await?;
        inner.pinned.note_from_history(&state).await?;
        let taken_in = match (first, source) {
            (Some(first), _) => Some(Ok(first)),
            (None, Some(source)) => match inner.settings.take_in {
                ImportPolicy::Changes => Some(self.import(source).await),
                ImportPolicy::First => {
                    if state.folder != Some(Digest::of(&source.manifest().bytes())) {
                        tracing::info!(
                            "the project folder differs from the last import, but the live release \
                            is unchanged: push the project to make it live"
                        );
                    }
                    None
                }
            },
            (None, None) => None,
        };
        inner.started();
        Ok(Started { releases, taken_in })
    }

    /// Counts a turn for the canary, if there is one. Cheap; call it with every turn that was
    /// answered.
    pub fn observe(&self, release: &Digest, record: &TurnRecord) {
        self.0.trial.observe(release, record);
    }

    /// Takes in what other processes have changed. True when something was.
    ///
    /// # Errors
    /// If the store fails, or what is live now cannot be loaded here; what was live goes on then.
    pub async fn refresh(&self) -> Result<bool, DeployError> {
        let state = self.0.ledger.live().await?;
        let changed = self.0.held.adopt(&state).await?;
        if changed {
            self.0.happened("taken-over");
        }
        Ok(changed)
    }

    /// Looks around once: takes in what others changed, withdraws a canary that does badly, and
    /// lets go of releases whose last call has ended.
    ///
    /// # Errors
    /// The first thing that failed; what came before it is done.
    pub async fn tick(&self) -> Result<Tick, DeployError> {
        self.refresh().await?;
        let withdrawn = self.judge_canary().await?;
        Ok(Tick { withdrawn, gone: self.0.held.collect().await? })
    }

    /// Looks around every `interval`, and at once when a canary does badly; once an hour,
    /// [sweeps](Self::sweep). Never ends; failures are logged.
    pub async fn run(self, interval: Duration) {
        let mut noted = None;
        loop {
            let changes = self.changes().await;
            if noted.is_none() || noted != changes {
                match self.note_needed().await {
                    Ok(()) => noted = changes,
                    Err(error) => {
                        tracing::warn!(%error, "could not record which content is needed");
                    }
                }
            }
            match self.tick().await {
                Ok(tick) => {
                    if let Some(why) = tick.withdrawn {
                        tracing::warn!(why, "the canary was withdrawn");
                    }
                    if !tick.gone.is_empty() {
                        let gone: Vec<String> = tick.gone.iter().map(Digest::to_string).collect();
                        tracing::info!(?gone, "releases without calls were unloaded");
                    }
                }
                Err(error) => tracing::error!(%error, "the periodic check of releases failed"),
            }
            match self.sweep_if_due().await {
                Ok(removed) if removed.is_empty() => {}
                Ok(removed) => {
                    tracing::info!(count = removed.len(), "unused content was removed");
                }
                Err(error) => tracing::error!(%error, "old content cannot be removed"),
            }
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                () = self.0.trial.does_badly() => {}
            }
        }
    }

    /// How often what is live has changed, as far as the store tells.
    async fn changes(&self) -> Option<u64> {
        let state = self.0.ledger.state().await.ok().flatten()?;
        Some(state.value.audit)
    }

    async fn judge_canary(&self) -> Result<Option<String>, DeployError> {
        let Some((number, why)) = self.0.trial.verdict().await? else { return Ok(None) };
        let engine = Who::engine("canary");
        match self.withdraw(&engine, Some(number), Some(why.clone())).await {
            Ok(_) => Ok(Some(why)),
            // Another process was faster.
            Err(DeployError::Conflict(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Pushes what has changed in `source` since it was last taken in.
    ///
    /// Only what *changed there* is pushed, so that what was pushed or rolled back by others stays
    /// as it is.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub async fn import(&self, source: &Source) -> Result<ChangeOutcome, DeployError> {
        let before = match self.0.ledger.state().await?.and_then(|state| state.value.folder) {
            Some(digest) => self.0.content.manifest(digest).await?,
            None => Manifest::default(),
        };
        let (change, after) = source.changes_since(&before);
        self.push_with(&Who::engine("folder"), change, Some(after)).await
    }
}
