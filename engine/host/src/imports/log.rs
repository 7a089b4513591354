//! Keeps log lines with the run that writes them. They need no reply, so no run stops to log.

use dialgraph_kernel::plugin::LogLevel;

use crate::bindings::dialgraph::plugin::log;
use crate::run::Run;

impl log::Host for Run {
    fn min_level(&mut self) -> wasmtime::Result<log::Level> {
        self.capability("log.min-level")?;
        Ok(match self.lines.least() {
            LogLevel::Trace => log::Level::Trace,
            LogLevel::Debug => log::Level::Debug,
            LogLevel::Info => log::Level::Info,
            LogLevel::Warn => log::Level::Warn,
            LogLevel::Error => log::Level::Error,
        })
    }

    fn log(
        &mut self,
        level: log::Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.capability("log.log")?;
        let level = match level {
            log::Level::Trace => LogLevel::Trace,
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        self.lines.push(level, message, fields);
        Ok(())
    }
}
