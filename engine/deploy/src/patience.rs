//! How long whoever asks for a change waits, and what the change is at when that is over.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{DeployError, Reason};

/// What a change is at. A check tells it from its own threads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doing(Arc<Mutex<At>>);

#[derive(Debug, Default)]
struct At {
    what: &'static str,
    /// Plugins that are being compiled, side by side.
    plugins: Vec<String>,
}

/// A plugin that is being compiled, as long as this lives.
pub(crate) struct Compiling {
    doing: Doing,
    plugin: String,
}

impl Doing {
    pub(crate) fn now(&self, what: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).what = what;
    }

    pub(crate) fn compiling(&self, plugin: &str) -> Compiling {
        let plugin = plugin.to_owned();
        let mut at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        at.plugins.push(plugin.clone());
        Compiling { doing: self.clone(), plugin }
    }
}

impl Drop for Compiling {
    fn drop(&mut self) {
        let mut at = self.doing.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = at.plugins.iter().position(|plugin| *plugin == self.plugin) {
            at.plugins.swap_remove(index);
        }
    }
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut plugins: Vec<&str> = at.plugins.iter().map(String::as_str).collect();
        plugins.sort_unstable();
        match plugins.as_slice() {
            [] => f.write_str(at.what),
            [plugin] => write!(f, "compiling plugin `{plugin}`"),
            plugins => write!(f, "compiling plugins `{}`", plugins.join("`, `")),
        }
    }
}

/// How long somebody waits for a change, from when he asked for it.
#[derive(Debug)]
pub(crate) struct Patience {
    begun: Instant,
    limit: Option<Duration>,
    pub(crate) doing: Doing,
}

impl Patience {
    /// `None`: as long as it takes.
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        Self { begun: Instant::now(), limit, doing: Doing::default() }
    }

    /// Waits for a place among those whose changes are checked: nothing has been done yet.
    ///
    /// # Errors
    /// [`DeployError::Busy`], or what `place` gives.
    pub(crate) async fn place<T>(
        &self,
        place: impl Future<Output = Result<T, DeployError>>,
    ) -> Result<T, DeployError> {
        self.within(place, DeployError::Busy).await
    }

    /// Waits for a check, and gives it up when it takes too long.
    ///
    /// # Errors
    /// [`Reason::GivenUp`], or what `check` gives.
    pub(crate) async fn check<T>(
        &self,
        check: impl Future<Output = Result<T, DeployError>>,
    ) -> Result<T, DeployError> {
        let given_up = |limit| {
            let doing = self.doing.to_string();
            DeployError::refused(Reason::GivenUp { doing, limit })
        };
        self.within(check, given_up).await
    }

    async fn within<T>(
        &self,
        done: impl Future<Output = Result<T, DeployError>>,
        late: impl FnOnce(Duration) -> DeployError,
    ) -> Result<T, DeployError> {
        let Some(limit) = self.limit else { return done.await };
        match tokio::time::timeout_at(self.begun + limit, done).await {
            Ok(done) => done,
            Err(_) => Err(late(limit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_change_is_at_is_told_with_the_plugins_that_are_compiled() {
        let doing = Doing::default();
        doing.now("reading the project");
        assert_eq!(doing.to_string(), "reading the project");
        let one = doing.compiling("b");
        assert_eq!(doing.to_string(), "compiling plugin `b`");
        let other = doing.compiling("a");
        assert_eq!(doing.to_string(), "compiling plugins `a`, `b`");
        drop((one, other));
        doing.now("checking the flows");
        assert_eq!(doing.to_string(), "checking the flows");
    }

    #[tokio::test]
    async fn who_waited_for_others_is_told_so_and_who_had_begun_is_told_at_what() {
        let patience = Patience::new(Some(Duration::ZERO));
        let busy = patience.place(std::future::pending::<Result<(), _>>()).await;
        assert!(matches!(busy, Err(DeployError::Busy(_))));
        let _compiling = patience.doing.compiling("slow");
        let late = patience.check(std::future::pending::<Result<(), _>>()).await.unwrap_err();
        insta::assert_snapshot!(format!("{}\n{late}", busy.unwrap_err()));
    }
}
