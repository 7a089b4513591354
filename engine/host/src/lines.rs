//! What a plugin writes: log lines, standard output and standard error.

use dialgraph_kernel::plugin::{LogLevel, LogLine};

/// Bytes of one line, fields included.
pub(crate) const LINE_BYTES: usize = 8 << 10;
/// Lines of one run.
pub(crate) const LINES: usize = 256;
/// Bytes of standard error kept for the report of a trap.
const STDERR_BYTES: usize = 4 << 10;

/// The log of one run, bounded.
#[derive(Debug)]
pub(crate) struct Lines {
    least: LogLevel,
    kept: Vec<LogLine>,
    dropped: u64,
    out: Vec<u8>,
    err: Vec<u8>,
    /// Last bytes of standard error.
    tail: Vec<u8>,
}

/// One of the two standard streams that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    Out,
    Err,
}

impl Lines {
    pub(crate) fn new(least: LogLevel) -> Self {
        Self {
            least,
            kept: Vec::new(),
            dropped: 0,
            out: Vec::new(),
            err: Vec::new(),
            tail: Vec::new(),
        }
    }

    pub(crate) fn least(&self) -> LogLevel {
        self.least
    }

    pub(crate) fn push(
        &mut self,
        level: LogLevel,
        mut message: String,
        mut fields: Vec<(String, String)>,
    ) {
        if level < self.least {
            return;
        }
        if self.kept.len() >= LINES {
            self.dropped += 1;
            return;
        }
        let mut left = LINE_BYTES;
        let mut cut = cut_to(&mut message, &mut left);
        fields.retain_mut(|(name, value)| {
            if left == 0 {
                cut += name.len() + value.len();
                return false;
            }
            cut += cut_to(name, &mut left) + cut_to(value, &mut left);
            true
        });
        if cut > 0 {
            message.push_str(&format!("… ({cut} bytes cut)"));
        }
        self.kept.push(LogLine { level, message, fields });
    }

    /// Takes bytes written to a standard stream; each full line becomes a log line.
    pub(crate) fn write(&mut self, output: Output, mut bytes: &[u8]) {
        if output == Output::Err {
            self.tail.extend_from_slice(bytes);
            let excess = self.tail.len().saturating_sub(STDERR_BYTES);
            self.tail.drain(..excess);
        }
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.part(output, &bytes[..end]);
            self.flush(output);
            bytes = &bytes[end + 1..];
        }
        self.part(output, bytes);
    }

    fn part(&mut self, output: Output, bytes: &[u8]) {
        let line = match output {
            Output::Out => &mut self.out,
            Output::Err => &mut self.err,
        };
        // One byte more than a line may have, so that cutting it is noticed and said.
        let room = (LINE_BYTES + 1).saturating_sub(line.len());
        line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn flush(&mut self, output: Output) {
        let (line, level, name) = match output {
            Output::Out => (&mut self.out, LogLevel::Info, "stdout"),
            Output::Err => (&mut self.err, LogLevel::Warn, "stderr"),
        };
        let text = String::from_utf8_lossy(line).trim_end().to_owned();
        line.clear();
        if !text.is_empty() {
            let fields = vec![("stream".to_owned(), name.to_owned())];
            self.push(level, text, fields);
        }
    }

    /// What was last written to standard error.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.tail).into_owned()
    }

    /// All lines, the last one saying how many more there were.
    pub(crate) fn finish(mut self) -> Vec<LogLine> {
        self.flush(Output::Out);
        self.flush(Output::Err);
        if self.dropped > 0 {
            self.kept.push(LogLine {
                level: LogLevel::Warn,
                message: format!("{} more lines were not kept: a run keeps {LINES}", self.dropped),
                fields: Vec::new(),
            });
        }
        self.kept
    }
}

/// Cuts `text` to `left` bytes at most, takes its length off `left`, and returns how much was cut.
fn cut_to(text: &mut String, left: &mut usize) -> usize {
    let end = text.floor_char_boundary(*left);
    let cut = text.len() - end;
    text.truncate(end);
    *left = if cut > 0 { 0 } else { *left - end };
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_between_characters_and_says_so() {
        let mut lines = Lines::new(LogLevel::Trace);
        lines.push(LogLevel::Info, "가".repeat(4_000), Vec::new());
        let line = &lines.finish()[0];
        assert!(line.message.ends_with("가… (3810 bytes cut)"));
        assert!(line.message.len() < LINE_BYTES + 32);
    }

    #[test]
    fn fields_count_towards_the_length_of_a_line() {
        let mut lines = Lines::new(LogLevel::Trace);
        let fields =
            vec![("a".to_owned(), "x".repeat(LINE_BYTES)), ("b".to_owned(), "y".to_owned())];
        lines.push(LogLevel::Info, "m".to_owned(), fields);
        let line = &lines.finish()[0];
        assert_eq!(line.message, "m… (4 bytes cut)");
        assert_eq!(line.fields.len(), 1);
    }

    #[test]
    fn lines_beyond_the_limit_are_counted_and_not_kept() {
        let mut lines = Lines::new(LogLevel::Info);
        for number in 0..300 {
            lines.push(LogLevel::Info, number.to_string(), Vec::new());
            lines.push(LogLevel::Debug, "below the level".to_owned(), Vec::new());
        }
        let kept = lines.finish();
        assert_eq!(kept.len(), LINES + 1);
        assert_eq!(kept[LINES].message, "44 more lines were not kept: a run keeps 256");
    }

    #[test]
    fn standard_output_becomes_lines_however_it_was_cut_into_writes() {
        let mut lines = Lines::new(LogLevel::Info);
        lines.write(Output::Out, b"one\ntw");
        lines.write(Output::Err, b"oops\n");
        lines.write(Output::Out, b"o\n\nthree");
        let text: Vec<_> = lines.finish().into_iter().map(|line| line.message).collect();
        assert_eq!(text, ["one", "oops", "two", "three"]);
    }

    #[test]
    fn a_flood_on_standard_error_keeps_its_end() {
        let mut lines = Lines::new(LogLevel::Info);
        for _ in 0..1_000 {
            lines.write(Output::Err, &[b'x'; 1_000]);
        }
        lines.write(Output::Err, b"the end");
        assert_eq!(lines.stderr().len(), STDERR_BYTES);
        assert!(lines.stderr().ends_with("the end"));
    }
}
