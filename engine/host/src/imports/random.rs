use crate::bindings::dialgraph::plugin::{random, types};
use crate::chance::Stream;
use crate::imports::invalid;
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
        Ok(Ok(self.chance(Stream::Plugin).bytes(count as usize)))
    }

    fn number(&mut self) -> wasmtime::Result<u64> {
        self.capability("random.number")?;
        Ok(self.chance(Stream::Plugin).number())
    }
}
