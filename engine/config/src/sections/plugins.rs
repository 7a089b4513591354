//! How plugins are compiled and run.

use std::path::PathBuf;
use std::time::Duration;

use crate::setting::ByteSize;

section! {
    /// How plugins are compiled and run.
    pub struct PluginsSection, see "plugin-limits.md" {
        /// Folder for compiled plugins; empty: `dialgraph` in the user's cache folder.
        cache: Option<PathBuf> = None;

        /// Compiles plugins for any machine of this architecture instead of for this one, so that
        /// compiled plugins can be taken along; a little slower.
        portable: bool = false;

        /// Plugins that run at the same time; more wait.
        runs: u32 = 120, at_least(1);

        /// Processor time that compiling one plugin may take, in whole seconds.
        compile_time: Duration = Duration::from_secs(60), more_than_zero;

        /// Memory that compiling one plugin may take.
        compile_memory: ByteSize = ByteSize(2 << 30);
    }
}
