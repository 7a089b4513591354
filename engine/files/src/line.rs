//! Reads lines within a limit, so that input without an end of line cannot fill the memory.

use std::io::{self, BufRead};

/// Why a line could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The rest of the line was not read.
    #[error("the line has more than {limit} bytes")]
    TooLong { limit: u64 },
    #[error("the line is no UTF-8 text")]
    NotText,
}

/// The next line of `input` without its end; none where the input ends.
///
/// # Errors
/// [`LineError::TooLong`] once more than `limit` bytes came without an end of the line.
pub fn line(input: &mut impl BufRead, limit: u64) -> Result<Option<String>, LineError> {
    let mut bytes = Vec::new();
    // For the end of the line, which may be two bytes.
    let most = limit.saturating_add(2);
    io::Read::take(&mut *input, most).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
    }
    if bytes.len() as u64 > limit {
        return Err(LineError::TooLong { limit });
    }
    String::from_utf8(bytes).map(Some).map_err(|_| LineError::NotText)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_every_usual_way_and_are_bounded() {
        let mut input = &b"abc\r\nab\n\nxyz"[..];
        for expected in [Some("abc"), Some("ab"), Some(""), Some("xyz"), None] {
            assert_eq!(line(&mut input, 3).unwrap().as_deref(), expected);
        }
        let mut zeros = io::BufReader::new(io::repeat(b'0'));
        assert!(matches!(line(&mut zeros, 3), Err(LineError::TooLong { limit: 3 })));
        assert!(matches!(line(&mut &b"\xff\n"[..], 3), Err(LineError::NotText)));
    }
}
