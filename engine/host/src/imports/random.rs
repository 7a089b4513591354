//! Gives plugins chance that follows from the call's seed, so that a run made again draws the same.

use crate::bindings::dialgraph::plugin::{random, types};
use crate::imports::invalid;
use crate::rng::Stream;
use crate::run::Run;

const MOST: u32 = 4_096;

impl random::Host for Run {
    fn bytes(&mut self, count: u32) -> wasmtime::Result<Result<Vec<u8>, types::HostError>> {
        self.capability("random.bytes")?;
        if count > MOST {
            return Ok(Err(invalid(
                "too-many-bytes",
                format!("{count} random bytes were asked for; at most {MOST} are given"),
            )));
        }
        Ok(Ok(self.rng(Stream::Plugin).bytes(count as usize)))
    }

    fn number(&mut self) -> wasmtime::Result<u64> {
        self.capability("random.number")?;
        Ok(self.rng(Stream::Plugin).number())
    }
}
