//! Standard output, read by people, pipes and programs that stop reading when they have enough.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write as _};

/// Writes to standard output. Whoever closed it has read enough: the command then ends, and ends well.
pub(crate) fn write(text: Arguments<'_>) {
    match std::io::stdout().write_fmt(text) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        // Nowhere is left to say it but standard error; the exit code tells the rest.
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: cannot write to standard output: {error}");
            std::process::exit(2);
        }
    }
}
