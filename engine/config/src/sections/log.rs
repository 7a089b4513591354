//! What is logged, and in which form.

use tracing_subscriber::EnvFilter;

section! {
    /// What is logged.
    pub struct LogSection {
        /// "json", "pretty", or "auto": pretty at a terminal.
        format: LogFormat = LogFormat::Auto;

        /// Least level that is logged: "error", "warn", "info" (each turn, and each node that runs
        /// a plugin), "debug" (every node) or "trace"; or one for each part, such as
        /// "info,dialgraph_runtime=debug".
        level: String = "info".to_owned();
    }
}

words! {
    /// How a line of the log is written.
    pub enum LogFormat {
        /// Pretty at a terminal, JSON otherwise.
        Auto = "auto",
        Json = "json",
        Pretty = "pretty",
    }
}

impl LogSection {
    /// What lets lines of this level through.
    ///
    /// # Errors
    /// What is wrong with the level, and what to write.
    pub fn filter(&self) -> Result<EnvFilter, String> {
        let level = &self.level;
        EnvFilter::try_new(level).map_err(|error| {
            format!(
                "`{level}` is no level ({error}); write \"info\", or \"info,dialgraph_server=debug\""
            )
        })
    }
}
