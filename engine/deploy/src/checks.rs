//! Where changes are checked: on threads of their own.
//!
//! What somebody pushes is read, compiled and held against rules before anything else is known of
//! it. That must take nothing from the calls that are up: it runs on few threads, which are neither
//! those of turns nor those of the HTTP server, give way to both, and are called off when nobody
//! waits for the answer any more, when the engine stops, and when it takes too long.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use dialgraph_flow::{CalledOff, Work};

use crate::error::{DeployError, Reason};
use crate::patience::Doing;

/// Changes that are checked at a time; others wait for their turn.
const AT_ONCE: usize = 4;
/// The longest that reading a project, and then checking it, may take. What is within the bounds of
/// a project takes seconds.
pub(crate) const LONGEST: Duration = Duration::from_secs(60);
/// Nothing that reads what others wrote goes deep; this is for what compiles plugins and trains
/// recognisers.
const STACK: usize = 16 << 20;
/// How far a check gives way to what callers wait for.
const NICE: i32 = 5;

/// The threads for checks.
pub(crate) struct Checks {
    room: Arc<Semaphore>,
    leaving: watch::Sender<bool>,
    /// Whether there may be callers, for whom checks make way.
    has_callers: AtomicBool,
}

/// A place among those whose changes are checked.
#[derive(Debug, Clone)]
pub(crate) struct Admitted {
    /// A check that is called off has it until it has ended.
    _room: Arc<OwnedSemaphorePermit>,
}

/// Tells a check when it is to end.
#[derive(Debug, Clone)]
pub(crate) struct Until {
    called_off: Arc<AtomicBool>,
    limit: Option<Duration>,
    pub(crate) doing: Doing,
}

/// Calls a check off when nobody waits for it any more.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Checks {
    pub(crate) fn new() -> Self {
        Self {
            room: Arc::new(Semaphore::new(AT_ONCE)),
            leaving: watch::Sender::new(false),
            has_callers: AtomicBool::new(false),
        }
    }

    /// From now on checks make way for callers. A start does not: nobody is served before its end.
    pub(crate) fn takes_calls(&self) {
        self.has_callers.store(true, Ordering::Relaxed);
    }

    /// Calls off what is being checked, and checks no more.
    pub(crate) fn leave(&self) {
        self.leaving.send_replace(true);
    }

    /// Waits for a place among those whose changes are checked. That may take minutes: nothing for
    /// which others wait may be held meanwhile.
    ///
    /// # Errors
    /// [`DeployError::Leaving`] once the engine is about to stop.
    pub(crate) async fn admit(&self) -> Result<Admitted, DeployError> {
        self.unless_leaving(async {
            let room = Arc::clone(&self.room).acquire_owned().await;
            let room = room.map_err(|_| DeployError::Leaving)?;
            Ok(Admitted { _room: Arc::new(room) })
        })
        .await
    }

    /// Checks a change that somebody asks for.
    ///
    /// # Errors
    /// [`DeployError::Leaving`] once the engine is about to stop, or what `work` gives.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        admitted: &Admitted,
        doing: &Doing,
        work: impl FnOnce(&Until) -> Result<T, DeployError> + Send + 'static,
    ) -> Result<T, DeployError> {
        let admitted = admitted.clone();
        let gives_way = self.has_callers.load(Ordering::Relaxed);
        let checked = run(Some(LONGEST), gives_way, doing.clone(), move |until| {
            let _admitted = admitted;
            work(until)
        });
        self.unless_leaving(checked).await
    }

    async fn unless_leaving<T>(
        &self,
        done: impl Future<Output = Result<T, DeployError>>,
    ) -> Result<T, DeployError> {
        let mut leaving = self.leaving.subscribe();
        tokio::select! {
            biased;
            _ = leaving.wait_for(|leaving| *leaving) => Err(DeployError::Leaving),
            done = done => done,
        }
    }

    /// Loads a release that was checked before, for calls that are waiting: whatever it takes.
    pub(crate) async fn load<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Until) -> Result<T, DeployError> + Send + 'static,
    ) -> Result<T, DeployError> {
        run(None, false, Doing::default(), work).await
    }
}

async fn run<T: Send + 'static>(
    limit: Option<Duration>,
    gives_way: bool,
    doing: Doing,
    work: impl FnOnce(&Until) -> Result<T, DeployError> + Send + 'static,
) -> Result<T, DeployError> {
    let called_off = Arc::new(AtomicBool::new(false));
    let until = Until { called_off: Arc::clone(&called_off), limit, doing };
    let _waiting = Waiting(called_off);
    let (tell, told) = oneshot::channel();
    let thread = std::thread::Builder::new().name("check".to_owned()).stack_size(STACK);
    // It is not waited for: whatever it does, the process can end.
    let spawned = thread.spawn(move || {
        if gives_way {
            give_way();
        }
        let done = catch_unwind(AssertUnwindSafe(|| work(&until)));
        let done = done.unwrap_or_else(|_| {
            Err(DeployError::Task("a check panicked; the log has the reason".to_owned()))
        });
        // Nobody may wait for it any more.
        let _ = tell.send(done);
    });
    if let Err(error) = spawned {
        return Err(DeployError::Task(format!("the machine has no thread for a check: {error}")));
    }
    told.await.unwrap_or_else(|_| Err(DeployError::Task("a check gave no answer".to_owned())))
}

/// Has the scheduler prefer other threads to this one.
fn give_way() {
    #[cfg(target_os = "linux")]
    {
        // Linux takes this to be about the thread that asks; those that it begins are like it.
        let lower = rustix::process::getpriority_process(None)
            .and_then(|now| rustix::process::setpriority_process(None, now.max(NICE)));
        if let Err(error) = lower {
            tracing::debug!(%error, "a check runs with the priority of other threads");
        }
    }
}

impl Until {
    /// Does a part of the work that can be called off.
    pub(crate) fn part<T>(
        &self,
        what: &'static str,
        part: impl FnOnce(&Work<'_>) -> Result<T, CalledOff>,
    ) -> Result<T, DeployError> {
        self.doing.now(what);
        let begun = Instant::now();
        let late = || self.limit.is_some_and(|limit| begun.elapsed() > limit);
        let stop = || self.is_called_off() || late();
        part(&Work::until(&stop)).map_err(|CalledOff| match self.limit {
            Some(limit) if !self.is_called_off() => {
                DeployError::refused(Reason::TooLong { what, limit })
            }
            _ => DeployError::Leaving,
        })
    }

    pub(crate) fn is_called_off(&self) -> bool {
        self.called_off.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goes on until it is called off.
    fn for_ever(work: &Work<'_>) -> Result<(), CalledOff> {
        while !work.is_called_off() {
            std::thread::yield_now();
        }
        Err(CalledOff)
    }

    #[tokio::test]
    async fn a_check_for_which_nobody_waits_is_called_off() {
        let checks = Checks::new();
        let (tell, told) = oneshot::channel();
        let (begin, begun) = oneshot::channel();
        let admitted = checks.admit().await.unwrap();
        let doing = Doing::default();
        let change = checks.change(&admitted, &doing, move |until| {
            let _ = begin.send(());
            let ended = until.part("it", for_ever);
            let _ = tell.send(matches!(ended, Err(DeployError::Leaving)));
            ended
        });
        tokio::select! {
            _ = change => panic!("it goes on for ever"),
            begun = begun => begun.unwrap(),
        }
        assert!(told.await.unwrap());
    }

    #[tokio::test]
    async fn leaving_waits_for_no_check_and_begins_none() {
        let checks = Arc::new(Checks::new());
        let change = |until: &Until| until.part("it", for_ever);
        // More than can run at once: some have not begun.
        let waiting: Vec<_> = (0..AT_ONCE * 2)
            .map(|_| {
                let checks = Arc::clone(&checks);
                tokio::spawn(async move {
                    checks.change(&checks.admit().await?, &Doing::default(), change).await
                })
            })
            .collect();
        while checks.room.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        checks.leave();
        for one in waiting {
            assert!(matches!(one.await.unwrap(), Err(DeployError::Leaving)));
        }
        assert!(matches!(checks.admit().await, Err(DeployError::Leaving)));
        assert!(checks.load(|_| Ok(())).await.is_ok(), "calls need it to their end");
    }

    #[tokio::test]
    async fn a_check_that_panics_is_an_error() {
        let panics = |_: &Until| -> Result<(), DeployError> { panic!("as it is to") };
        let checks = Checks::new();
        let admitted = checks.admit().await.unwrap();
        assert!(matches!(
            checks.change(&admitted, &Doing::default(), panics).await,
            Err(DeployError::Task(_))
        ));
    }

    #[tokio::test]
    async fn what_takes_too_long_is_given_up() {
        let late =
            run(Some(Duration::ZERO), true, Doing::default(), |until| until.part("it", for_ever))
                .await;
        let Err(DeployError::Refused(refusal)) = late else { panic!("{late:?}") };
        assert_eq!(refusal.reasons[0].code(), "too-long");
    }
}
