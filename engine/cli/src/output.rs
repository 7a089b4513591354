//! Standard output and standard error, read by people, pipes and programs that stop reading when
//! they have enough.
//!
//! Everything that the command says goes through here, whoever wrote it: callers, providers,
//! plugins, files. Nothing in it reaches a terminal that would do something there instead of being
//! seen.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use dialgraph_visible as visible;

/// Writes words to standard output. Whoever closed it has read enough: the command then ends, and
/// ends well.
pub(crate) fn write(text: Arguments<'_>) {
    out(&visible::lines(&text.to_string()));
}

/// Writes JSON to standard output, with the same meaning: whoever looks at a file of it has a
/// terminal, too.
pub(crate) fn json(text: Arguments<'_>) {
    out(&visible::json(&text.to_string()));
}

/// Writes a report that is coloured where that can be seen, and in which nothing of others is left
/// to do harm.
pub(crate) fn report(text: &str) {
    out(&visible::styled_lines(text));
}

/// Writes words to standard error.
pub(crate) fn error(text: Arguments<'_>) {
    // Nowhere is left to tell that it cannot be told.
    let _ = std::io::stderr().write_all(visible::lines(&text.to_string()).as_bytes());
}

/// Writes help, the version, or what is wrong with the arguments.
pub(crate) fn usage(told: &clap::Error) -> ExitCode {
    if told.use_stderr() {
        // As above.
        let _ = told.print();
    } else {
        done(told.print().and_then(|()| std::io::stdout().flush()));
    }
    u8::try_from(told.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn out(text: &str) {
    done(std::io::stdout().write_all(text.as_bytes()));
}

fn done(written: std::io::Result<()>) {
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        // Nowhere is left to say it but standard error; the exit code tells the rest.
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: cannot write to standard output: {error}");
            std::process::exit(2);
        }
    }
}
