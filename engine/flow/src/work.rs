//! What bounds a check from without: it can be called off, and its steps are counted.

use std::cell::Cell;
use std::fmt;

/// A check was called off before its end; nothing is known of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the check was called off")]
pub struct CalledOff;

/// Names that are looked through in one check to find those that were meant.
const MAX_COMPARED: usize = 400_000;

/// Goes with a check through a project.
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use dialgraph_flow::Work;
///
/// let leaving = AtomicBool::new(true);
/// let stop = || leaving.load(Ordering::Relaxed);
/// assert!(Work::until(&stop).is_called_off());
/// assert!(!Work::default().is_called_off());
/// ```
#[derive(Default)]
pub struct Work<'a> {
    stop: Option<&'a dyn Fn() -> bool>,
    called_off: Cell<bool>,
    steps: Cell<u64>,
    compared: Cell<usize>,
}

impl<'a> Work<'a> {
    /// Work that is called off when `stop` says so; it is asked often and should be cheap.
    pub fn until(stop: &'a dyn Fn() -> bool) -> Self {
        Self { stop: Some(stop), ..Self::default() }
    }

    /// Steps done so far: values read, nodes and wires looked at, names compared. For tests of how
    /// work grows.
    pub fn steps(&self) -> u64 {
        self.steps.get()
    }

    /// Whether the work is called off; then it stays so.
    pub fn is_called_off(&self) -> bool {
        if !self.called_off.get() && self.stop.is_some_and(|stop| stop()) {
            self.called_off.set(true);
        }
        self.called_off.get()
    }

    /// Whether as many names may be looked through for the nearest one: few names are for each
    /// mistake there can be, of many thousands only for the first.
    pub(crate) fn may_compare(&self, names: usize) -> bool {
        let compared = self.compared.get().saturating_add(names);
        let may = compared <= MAX_COMPARED;
        if may {
            self.compared.set(compared);
            self.count(names);
        }
        may
    }

    /// Counts `steps`.
    pub(crate) fn count(&self, steps: usize) {
        self.steps.set(self.steps.get().saturating_add(steps as u64));
    }

    /// Counts `steps`; false when no more are to be done.
    pub(crate) fn goes_on(&self, steps: usize) -> bool {
        self.count(steps);
        !self.is_called_off()
    }

    pub(crate) fn done<T>(&self, result: T) -> Result<T, CalledOff> {
        if self.is_called_off() { Err(CalledOff) } else { Ok(result) }
    }
}

impl fmt::Debug for Work<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work")
            .field("called_off", &self.called_off)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}
