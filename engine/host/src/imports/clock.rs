//! Gives plugins the time of their run, which stays the same when the run is made again.

use crate::bindings::dialgraph::plugin::clock;
use crate::run::Run;

impl clock::Host for Run {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.capability("clock.now")?;
        Ok(self.now)
    }
}
