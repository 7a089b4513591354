//! What a parser of CSV passes over: a quote that is never closed takes the rest of the file into
//! one cell, and text behind a closing quote is joined with it. Both are refused here, and rows are
//! counted by the lines that an editor shows.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Read, Result};
use std::rc::Rc;

/// On which lines rows begin: of those that were read and not asked for yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines(Rc<RefCell<VecDeque<u64>>>);

impl Lines {
    /// The line of the next row; 0: there is none.
    pub(super) fn next(&self) -> u64 {
        self.0.borrow_mut().pop_front().unwrap_or_default()
    }
}

/// Where in a row the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the first cell: of a line that may be empty.
    Row,
    /// Before the first byte of a cell.
    Cell,
    /// Within a cell without quotes.
    Plain,
    /// Within quotes.
    Quoted,
    /// Behind a quote: a closing one, or the first of two that stand for one.
    Quote,
}

/// The bytes of a file, as long as its quotes are sound.
pub(super) struct Checked<R> {
    inner: R,
    separator: u8,
    lines: Lines,
    at: At,
    line: u64,
    /// Where the quote is that was opened last.
    opened: u64,
    /// The byte before was a CR that ended a line.
    after_cr: bool,
    /// What is wrong with the bytes behind those that were given.
    fault: Option<Error>,
}

impl<R: Read> Checked<R> {
    pub(super) fn new(inner: R, separator: u8) -> (Self, Lines) {
        let lines = Lines::default();
        let checked = Self {
            inner,
            separator,
            lines: lines.clone(),
            at: At::Row,
            line: 1,
            opened: 0,
            after_cr: false,
            fault: None,
        };
        (checked, lines)
    }

    fn take(&mut self, byte: u8) -> Result<()> {
        let ends_line = byte == b'\r' || (byte == b'\n' && !self.after_cr);
        let is_end = byte == b'\r' || byte == b'\n';
        if self.at == At::Row && !is_end {
            self.lines.0.borrow_mut().push_back(self.line);
        }
        self.at = match (self.at, byte) {
            (At::Quoted, b'"') => At::Quote,
            (At::Quoted, _) => At::Quoted,
            (_, b'\r' | b'\n') => At::Row,
            (_, byte) if byte == self.separator => At::Cell,
            (At::Row | At::Cell, b'"') => {
                self.opened = self.line;
                At::Quoted
            }
            (At::Quote, b'"') => At::Quoted,
            (At::Quote, _) => {
                return Err(
                    self.refused("is followed by text; a quote within a cell is written twice")
                );
            }
            (At::Row | At::Cell | At::Plain, _) => At::Plain,
        };
        self.line += u64::from(ends_line);
        self.after_cr = byte == b'\r';
        Ok(())
    }

    fn refused(&self, what: &str) -> Error {
        let words = format!("the quote that opens on line {} {what}", self.opened);
        Error::new(ErrorKind::InvalidData, words)
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let read = self.inner.read(buffer)?;
        if read == 0 && !buffer.is_empty() && self.at == At::Quoted {
            return Err(self.refused("is never closed"));
        }
        for (given, byte) in buffer[..read].iter().enumerate() {
            if let Err(fault) = self.take(*byte) {
                if given == 0 {
                    return Err(fault);
                }
                // The rows before it are good.
                self.fault = Some(fault);
                return Ok(given);
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text that comes through, or why none does, with the lines on which rows begin.
    fn read(file: &str, separator: u8, piece: usize) -> (String, Vec<u64>) {
        let inner = file
            .as_bytes()
            .chunks(piece)
            .fold(Box::new(std::io::empty()) as Box<dyn Read>, |all, piece| {
                Box::new(all.chain(piece))
            });
        let (mut checked, lines) = Checked::new(inner, separator);
        let mut text = String::new();
        let told = match checked.read_to_string(&mut text) {
            Ok(_) => text,
            Err(fault) => fault.to_string(),
        };
        let rows = std::iter::repeat_with(|| lines.next()).take_while(|line| *line > 0).collect();
        (told, rows)
    }

    #[test]
    fn rows_are_counted_as_an_editor_does_and_bad_quotes_are_refused() {
        for piece in [1, 2, 3, 1_000] {
            let good = |file: &str, rows: &[u64]| {
                assert_eq!(read(file, b',', piece), (file.to_owned(), rows.to_vec()), "{file:?}");
            };
            good("a,b\n1,2\n", &[1, 2]);
            good("a,b\r\n1,2\r\n\r\n\r\n3,4", &[1, 2, 5]);
            good("a\rb\rc", &[1, 2, 3]);
            good("a,\"x\ny\",b\n\nc,\"\"\"q\"\"\"\n", &[1, 4]);
            good("a, \"b\" c\nd\"e,f\n", &[1, 2]);
            let bad =
                |file: &str, why: &str| assert_eq!(read(file, b',', piece).0, why, "{file:?}");
            bad("a,b\n1,\"open\n2,x\n", "the quote that opens on line 2 is never closed");
            bad(
                "a\n\"b\"c\n",
                "the quote that opens on line 2 is followed by text; a quote within a cell is written twice",
            );
            assert_eq!(read("\"a\";\"b\"", b';', piece).0, "\"a\";\"b\"");
        }
    }
}
